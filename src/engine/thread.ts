/** Starts the threads of workers: what runs in them is worker.ts. */
import { Worker } from 'node:worker_threads'
import { NATIVE_HEAP_BYTES } from './planner.js'

/** A thread that nobody has asked for yet. */
let spare: Worker | null = null

/**
 * Starts a thread before it is known what for: it takes as long to come up as the main thread takes to load and to plan. It is for a job
 * without functions; where none comes, it ends with the process and does not keep it.
 */
export function startAhead(): void {
  const worker = newThread(NATIVE_HEAP_BYTES)
  const forget = () => {
    if (spare === worker) spare = null
  }
  // Whoever needs it starts another one, and hears what is wrong from that.
  worker.on('error', forget)
  worker.on('exit', forget)
  worker.unref()
  spare = worker
}

/** @param heapBytes limit of its JavaScript heap */
export function startThread(heapBytes: number): Worker {
  const worker = takeSpare(heapBytes) ?? newThread(heapBytes)
  worker.ref()
  // Listened to only now: a stream that is read keeps the process.
  worker.stdout.on('data', (chunk: Uint8Array) => process.stderr.write(chunk))
  return worker
}

function takeSpare(heapBytes: number): Worker | null {
  const worker = spare
  spare = null
  if (heapBytes === NATIVE_HEAP_BYTES) return worker
  void worker?.terminate()
  return null
}

function newThread(heapBytes: number): Worker {
  return new Worker(new URL('../engine/worker.js', import.meta.url), {
    // What a user's functions print is a log: standard output belongs to results.
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapBytes / 2 ** 20) },
  })
}
