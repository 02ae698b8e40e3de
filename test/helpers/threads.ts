/** Threads that wait for another run (src/engine/thread.ts). */
import type { Worker } from 'node:worker_threads'

/** Ends them, so that the next run that needs a thread starts one. */
export async function endWaitingThreads(): Promise<void> {
  const waiting = (globalThis as { [name: symbol]: Map<Worker, unknown> | undefined })[Symbol.for('runjob.waiting')]
  await Promise.all([...(waiting?.keys() ?? [])].map((worker) => worker.terminate()))
}
