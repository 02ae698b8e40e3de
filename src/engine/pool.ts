/**
 * Worker threads: started when there is work for them, replaced when they die, one task at a time each. The tasks of a small run need none as
 * long as they are quick.
 */

import { setImmediate } from 'node:timers'
import type { Worker } from 'node:worker_threads'
import { RunjobError } from '../base/errors.js'
import { now } from '../base/now.js'
import { describe } from '../base/schema.js'
import { formatDuration } from '../base/units.js'
import { placeOf } from '../plan/stages.js'
import type { SharedState } from './shared.js'
import type { Executor } from './task/executor.js'
import type { Answer, FromWorker, TaskResult, TaskSpec, ToWorker, WorkerInit } from './task.js'
import { keepThread, startThread } from './thread.js'

/** How long a worker may take to stop before it is terminated, whatever its functions are doing. */
const STOP_GRACE_MS = 700
/** How long timers that functions left pending may keep a finished worker alive. */
const LEFTOVER_MS = 5000
/** Node's own: test runners put another one in its place, whose clock stands still, or take the global one away. */
const ownSetImmediate = setImmediate
/** The task is not quick: another attempt of it, in a worker, may take as long as it likes. */
export class NotQuick extends Error {}

interface Assignment {
  task: TaskSpec
  attempt: number
  /** Why it was asked to stop: later answers do not count. */
  doom: RunjobError | null
  resolve(result: TaskResult): void
  reject(error: unknown): void
}

const STOPPED: Answer = { type: 'failed', error: new RunjobError('INTERRUPTED').toJSON() }

class Slot {
  worker: Worker | null = null
  assignment: Assignment | null = null
  /** Resolves when the thread is gone. */
  exited: Promise<void> = Promise.resolve()
}

export class WorkerPool {
  readonly #slots: Slot[]
  readonly #shared: SharedState
  readonly #init: (slot: number) => WorkerInit
  #closing = false
  /** Whether tasks run in this thread, so that no other has to start. */
  #isHere: boolean
  readonly #hereMs: number
  #executor: Executor | null = null
  /** When the task that runs in this thread has to end. */
  #endOfTask = 0
  #teardownError: RunjobError | null = null
  /** Failure of a function after it had returned: no result of this run can be trusted. */
  #stray: RunjobError | null = null

  /** @param hereMs tasks run in this thread, one after another, until one takes longer than this: a worker has the others; null: workers have all */
  constructor(size: number, shared: SharedState, hereMs: number | null, init: (slot: number) => WorkerInit) {
    this.#isHere = hereMs !== null
    this.#hereMs = hereMs ?? 0
    this.#slots = Array.from({ length: this.#isHere ? 1 : size }, () => new Slot())
    this.#shared = shared
    this.#init = init
  }

  get size(): number {
    return this.#slots.length
  }

  /** Starts some of the workers before they have a task. */
  warm(count: number): void {
    if (this.#isHere) return
    for (const [i, slot] of this.#slots.slice(0, count).entries()) slot.worker ??= this.#start(slot, i)
  }

  /**
   * Runs a task on an idle worker.
   *
   * @param timeoutMs from now on: it includes the start of a worker, and setup
   * @throws the task's error; WORKER_DIED or OUT_OF_MEMORY if its thread ended instead of answering; TASK_TIMEOUT once the worker
   *   is idle again or gone; NotQuick
   */
  async run(
    task: TaskSpec,
    attempt: number,
    bounds: Uint8Array[] | null,
    timeoutMs: number | null,
  ): Promise<TaskResult> {
    const at = this.#slots.findIndex((slot) => slot.assignment === null)
    const slot = this.#slots[at]
    if (!slot || this.#closing) throw new RunjobError('INTERNAL', { detail: 'no idle worker' })
    this.checkStray()
    this.#shared.clear(at)
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<TaskResult>((resolve, reject) => {
        slot.assignment = { task, attempt, doom: null, resolve, reject }
        if (this.#isHere) {
          void this.#runHere(slot, at, bounds)
          return
        }
        slot.worker ??= this.#start(slot, at)
        post(slot.worker, { type: 'run', task, attempt, bounds })
        if (timeoutMs !== null) timer = setTimeout(() => void this.#expire(at, timeoutMs), timeoutMs)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  async #runHere(slot: Slot, at: number, bounds: Uint8Array[] | null): Promise<void> {
    const { task, attempt } = slot.assignment!
    try {
      // Signals come first.
      await new Promise<void>((resolve) => void ownSetImmediate(resolve))
      this.#executor ??= await this.#newExecutor(at)
      this.#endOfTask = now() + this.#hereMs
      const answer = this.#closing ? STOPPED : await this.#executor.run(task, attempt, bounds)
      const isStopped = this.#closing || slot.assignment?.doom != null
      if (answer.type === 'failed' && answer.error.code === 'INTERRUPTED' && !isStopped) {
        this.#isHere = false
        this.#reject(slot, new NotQuick())
      } else this.#answer(slot, answer)
    } catch (error) {
      this.#reject(slot, error)
    }
  }

  #reject(slot: Slot, error: unknown): void {
    const { assignment } = slot
    slot.assignment = null
    assignment?.reject(error)
  }

  async #newExecutor(slot: number): Promise<Executor> {
    const { Executor } = await import('./task/executor.js')
    const shared = this.#shared
    const mustStop = () => now() > this.#endOfTask || shared.stopRequested(slot)
    return new Executor({ init: this.#init(slot), shared, mustStop, send: () => {} })
  }

  /** @throws EMIT_LATE, USER_ERROR: any failure of a function after it had returned */
  checkStray(): void {
    if (this.#stray) throw this.#stray
  }

  /** Stops one attempt, if it still runs. When this returns, its run() has rejected with INTERRUPTED. */
  async cancel(task: string, attempt: number): Promise<void> {
    const at = this.#slots.findIndex(({ assignment }) => assignment?.task.id === task && assignment.attempt === attempt)
    if (at >= 0) await this.#stop(at, new RunjobError('INTERRUPTED'))
  }

  /**
   * Lets every worker run its job's teardown, then ends them.
   *
   * @param timeoutMs for each teardown
   * @throws the error of a teardown; TASK_TIMEOUT
   */
  async close(timeoutMs: number | null): Promise<void> {
    this.#closing = true
    await Promise.all(this.#slots.map((slot) => this.#end(slot, timeoutMs)))
    if (this.#teardownError) throw this.#teardownError
    this.checkStray()
  }

  /** Leaves every worker to other runs, or lets it end when it likes: none has functions, so nothing can go wrong. */
  release(): void {
    this.#closing = true
    void this.#executor?.end()
    for (const { worker, assignment } of this.#slots) {
      if (worker) post(worker, { type: assignment === null && keepThread(worker) ? 'rest' : 'end' })
    }
  }

  async #end(slot: Slot, timeoutMs: number | null): Promise<void> {
    const { worker } = slot
    if (!worker) return
    post(worker, { type: 'end' })
    let timer: NodeJS.Timeout | undefined
    if (timeoutMs !== null) {
      timer = setTimeout(() => {
        this.#teardownError ??= timeout(timeoutMs, 'teardown')
        void worker.terminate()
      }, timeoutMs)
    }
    await slot.exited
    clearTimeout(timer)
  }

  /** Terminates a thread that does not end: a timer that is never cleared would keep it alive for ever. */
  #endIn(ms: number, slot: Slot): void {
    const timer = setTimeout(() => void slot.worker?.terminate(), ms)
    void slot.exited.then(() => clearTimeout(timer))
  }

  /** Ends all workers: those that do not answer the stop flag within the grace time are terminated. */
  async abort(): Promise<void> {
    this.#closing = true
    await settledInGrace(this.#slots)
    void this.#executor?.end()
    await Promise.all(this.#slots.map((slot) => slot.worker?.terminate()))
  }

  async #expire(at: number, timeoutMs: number): Promise<void> {
    await this.#stop(at, timeout(timeoutMs, this.#shared.lastFunction(at)))
  }

  /** Ends a worker's task. Its thread is kept for other tasks if it answers the stop flag within the grace time. */
  async #stop(at: number, doom: RunjobError): Promise<void> {
    const slot = this.#slots[at]!
    const { assignment } = slot
    if (!assignment) return
    assignment.doom ??= doom
    this.#shared.requestStopOf(at)
    await settledInGrace([slot])
    if (slot.assignment === assignment) await slot.worker?.terminate()
  }

  #start(slot: Slot, index: number): Worker {
    const init = this.#init(index)
    const worker = startThread(init.budget.heapBytes, init.plan.module !== null)
    post(worker, { type: 'begin', init })
    slot.exited = new Promise((resolve) => {
      let cause: unknown
      worker.on('error', (error) => {
        cause = error
      })
      worker.on('message', (message: FromWorker) => this.#answer(slot, message))
      worker.on('exit', (exitCode) => {
        slot.worker = null
        const { assignment } = slot
        slot.assignment = null
        const stray = strayOf(cause, init)
        if (stray) this.#stray ??= stray
        const death = this.#closing ? new RunjobError('INTERRUPTED') : deathOf(cause, exitCode, init)
        assignment?.reject(assignment.doom ?? this.#stray ?? death)
        resolve()
      })
    })
    return worker
  }

  #answer(slot: Slot, message: FromWorker): void {
    if (message.type === 'stray') this.#stray ??= RunjobError.fromJSON(message.error)
    if (message.type === 'ended') this.#endIn(LEFTOVER_MS, slot)
    if (message.type !== 'done' && message.type !== 'failed') return
    const { assignment } = slot
    slot.assignment = null
    if (assignment?.doom) assignment.reject(assignment.doom)
    else if (message.type === 'done') assignment?.resolve(message.result)
    else if (assignment) assignment.reject(RunjobError.fromJSON(message.error))
    else this.#teardownError ??= RunjobError.fromJSON(message.error)
  }
}

/** An uncaught error of a worker: only the job's functions, and what they left pending, run uncaught there. */
function strayOf(cause: unknown, { plan }: WorkerInit): RunjobError | null {
  const code = (cause as { code?: unknown } | null | undefined)?.code
  if (cause === undefined || plan.module === null || String(code).startsWith('ERR_WORKER_')) return null
  const message = cause instanceof Error ? cause.message || cause.name : describe(cause)
  const userStack = cause instanceof Error ? cause.stack : undefined
  return new RunjobError('USER_ERROR', { message, late: true }, { cause, where: placeOf(plan), userStack })
}

/** Waits until the workers have answered, but not for ever. */
async function settledInGrace(slots: Slot[]): Promise<void> {
  const busy = slots.filter((slot) => slot.assignment !== null)
  const settled = Promise.all(busy.map((slot) => new Promise<void>((resolve) => onSettled(slot, resolve))))
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STOP_GRACE_MS)
  })
  await Promise.race([settled, grace])
  clearTimeout(timer)
}

function onSettled(slot: Slot, then: () => void): void {
  const { assignment } = slot
  if (!assignment) {
    then()
    return
  }
  const { resolve, reject } = assignment
  assignment.resolve = (result) => {
    resolve(result)
    then()
  }
  assignment.reject = (error) => {
    reject(error)
    then()
  }
}

/** @param fn the user's function that ran last; empty if there was none */
function timeout(timeoutMs: number, fn: string): RunjobError {
  return new RunjobError('TASK_TIMEOUT', {
    limit: formatDuration(timeoutMs),
    ...(fn === '' ? {} : { function: fn }),
  })
}

function deathOf(cause: unknown, exitCode: number, init: WorkerInit): RunjobError {
  if ((cause as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new RunjobError('OUT_OF_MEMORY', {
      heapBytes: init.budget.heapBytes,
      detail: 'a worker thread’s JavaScript heap is full',
    })
  }
  const detail = cause instanceof Error ? cause.message : null
  return new RunjobError('WORKER_DIED', { exitCode, detail }, { cause })
}

function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message)
}
