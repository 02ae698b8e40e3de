/** Starts worker threads, which run task/worker.ts, and keeps those that may serve another run. */

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { NATIVE_HEAP_BYTES } from './budget.js'

/** How long a thread waits for another run. */
const WAIT_MS = 5000
/** So many runs has a thread at most: what V8 and the allocator have taken for them goes back only when it ends. */
const MOST_RUNS = 20

/** By the path of the package, because a process may have two installed copies, maybe of different versions. */
const WAITING = Symbol.for(`runjob.waiting ${new URL('..', import.meta.url).href}`)
/** Threads of no run, for runs without functions: on globalThis, because the file that starts the command has a copy of this module. */
const shared = globalThis as { [WAITING]?: Map<Worker, NodeJS.Timeout | undefined> }
shared[WAITING] ??= new Map()
const waiting = shared[WAITING]

const runsOf = new WeakMap<Worker, number>()

/**
 * Starts a thread before its task is known, because its start takes as long as loading and planning in the main thread. It is for a job
 * without functions; if there is none, it ends with the process and does not keep it alive.
 */
export function startAhead(): void {
  wait(newThread(NATIVE_HEAP_BYTES))
}

/**
 * @param heapBytes limit of its JavaScript heap
 * @param hasFunctions whether it is to run functions of the user
 */
export function startThread(heapBytes: number, hasFunctions: boolean): Worker {
  if (!hasFunctions && heapBytes === NATIVE_HEAP_BYTES) return takeWaiting() ?? newThread(heapBytes)
  // They would not be of use soon, and this run needs their memory.
  for (const worker of waiting.keys()) void worker.terminate()
  waiting.clear()
  const worker = newThread(heapBytes)
  // Not for others, because a stream with a listener keeps the process alive.
  worker.stdout.on('data', (chunk: Uint8Array) => process.stderr.write(chunk))
  return worker
}

/**
 * Keeps a thread whose run is over, and which ran no functions, for the next run: to start one takes longer than a small query.
 *
 * @returns false if there are enough, or it has had many runs, or does not fit others
 */
export function keepThread(worker: Worker): boolean {
  const fits = worker.resourceLimits?.maxOldGenerationSizeMb === megabytes(NATIVE_HEAP_BYTES)
  const runs = (runsOf.get(worker) ?? 0) + 1
  if (!fits || runs >= MOST_RUNS || waiting.size >= availableParallelism()) return false
  runsOf.set(worker, runs)
  forgetListeners(worker)
  const leave = () => {
    waiting.delete(worker)
    void worker.terminate()
  }
  wait(worker, setTimeout(leave, WAIT_MS).unref())
  return true
}

function wait(worker: Worker, timer?: NodeJS.Timeout): void {
  // The pool starts another one, and reports what is wrong with that.
  worker.on('error', () => waiting.delete(worker))
  worker.on('exit', () => waiting.delete(worker))
  worker.unref()
  waiting.set(worker, timer)
}

function takeWaiting(): Worker | undefined {
  const [first] = waiting
  if (!first) return undefined
  const [worker, timer] = first
  waiting.delete(worker)
  clearTimeout(timer)
  forgetListeners(worker)
  worker.ref()
  return worker
}

function forgetListeners(worker: Worker): void {
  for (const event of ['error', 'exit', 'message']) worker.removeAllListeners(event)
}

function newThread(heapBytes: number): Worker {
  // Loaded only now: a small run needs no thread.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  return new Worker(new URL('../engine/task/worker.cjs', import.meta.url), {
    // Prints of a user's functions are a log: standard output is for results.
    stdout: true,
    // A job's module sees the same arguments as in the main thread.
    argv: process.argv.slice(2),
    resourceLimits: { maxOldGenerationSizeMb: megabytes(heapBytes) },
  })
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
