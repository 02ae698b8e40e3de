/** What a run remembers, so that a later one can continue it. */
import type { FinishedTask } from '../state/state.js'
import type { StageReport } from './report.js'
import type { MergeResult, StageResult, TaskResult } from './task.js'

/** Where finished tasks are stored. */
export interface Checkpoint {
  finishedTasks<Result>(): Map<string, Result>
  get<T>(name: string): T | undefined
  /** One transaction: before it none of these tasks is done and none of these facts is known, after it all are. */
  keep(finished: readonly FinishedTask[], facts: ReadonlyMap<string, unknown>): void
  /** One transaction, after which none of these tasks is done, and none of these names is known. */
  forget(tasks: readonly string[], names: readonly string[]): void
}

/** For a run that has none yet. */
export const NO_CHECKPOINT: Checkpoint = {
  finishedTasks: () => new Map(),
  get: () => undefined,
  keep: () => {},
  forget: () => {},
}

/** Gathers what is added to a checkpoint, so that a transaction holds all that is new. */
export class LazyCheckpoint {
  readonly #checkpoint: Checkpoint
  readonly #finished = new Map<string, FinishedTask>()
  readonly #facts = new Map<string, unknown>()

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint
  }

  finishedTasks<Result>(): Map<string, Result> {
    return this.#checkpoint.finishedTasks()
  }

  get<T>(name: string): T | undefined {
    return this.#facts.has(name) ? (this.#facts.get(name) as T) : this.#checkpoint.get<T>(name)
  }

  put(name: string, value: unknown): void {
    this.#facts.set(name, value)
  }

  finishTask(result: TaskResult): void {
    this.#finished.set(result.id, { id: result.id, attempt: result.attempt, result })
  }

  /** Until then, nothing of it may be removed that another run would need. */
  flush(): void {
    if (this.#finished.size === 0 && this.#facts.size === 0) return
    this.#checkpoint.keep([...this.#finished.values()], this.#facts)
    this.#finished.clear()
    this.#facts.clear()
  }

  forget(tasks: readonly string[], names: readonly string[]): void {
    for (const id of tasks) this.#finished.delete(id)
    for (const name of names) this.#facts.delete(name)
    this.#checkpoint.forget(tasks, names)
  }
}

/** A finished stage: what remains of it are its runs or parts. */
export interface FinishedStage {
  report: StageReport
  /** In the order of their numbers. */
  results: StageResult[]
  /** Merges of the runs that it read, by exchange and pass. */
  passes: Record<string, MergeResult[][]>
}
