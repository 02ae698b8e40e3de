/** Starts worker threads, which run task/worker.ts. */
import { Worker } from 'node:worker_threads'
import { NATIVE_HEAP_BYTES } from './budget.js'

const AHEAD = Symbol.for('runjob.ahead')
/** A thread started ahead, not yet in use: on globalThis, because the file that starts the command has a copy of this module. */
const shared = globalThis as { [AHEAD]?: Worker | undefined }

/**
 * Starts a thread before its task is known, because its start takes as long as loading and planning in the main thread. It is for a job
 * without functions; if there is none, it ends with the process and does not keep it alive.
 */
export function startAhead(): void {
  const worker = newThread(NATIVE_HEAP_BYTES)
  const forget = () => {
    if (shared[AHEAD] === worker) shared[AHEAD] = undefined
  }
  // The pool starts another one, and reports what is wrong with that.
  worker.on('error', forget)
  worker.on('exit', forget)
  worker.unref()
  shared[AHEAD] = worker
}

/** @param heapBytes limit of its JavaScript heap */
export function startThread(heapBytes: number): Worker {
  const worker = takeAhead(heapBytes) ?? newThread(heapBytes)
  worker.ref()
  // Only now, because a stream with a listener keeps the process alive.
  worker.stdout.on('data', (chunk: Uint8Array) => process.stderr.write(chunk))
  return worker
}

function takeAhead(heapBytes: number): Worker | undefined {
  const worker = shared[AHEAD]
  shared[AHEAD] = undefined
  if (heapBytes === NATIVE_HEAP_BYTES) return worker
  void worker?.terminate()
  return undefined
}

function newThread(heapBytes: number): Worker {
  return new Worker(new URL('../engine/task/worker.cjs', import.meta.url), {
    // Prints of a user's functions are a log: standard output is for results.
    stdout: true,
    // A job's module sees the same arguments as in the main thread.
    argv: process.argv.slice(2),
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapBytes / 2 ** 20) },
  })
}
