/** What a run remembers, so that a later one can continue it. */
import type { StageReport } from './report.js'
import type { MergeResult, StageResult } from './task.js'

/** Where finished tasks are stored. */
export interface Checkpoint {
  finishedTasks<Result>(): Map<string, Result>
  /** One transaction: before it the task is not done, after it the task is done. */
  finishTask(id: string, attempt: number, result: unknown): void
  /** One transaction, after which none of these tasks is done, and none of these names is known. */
  forget(tasks: readonly string[], names: readonly string[]): void
  get<T>(name: string): T | undefined
  put(name: string, value: unknown): void
}

/** For a run that has none yet. */
export const NO_CHECKPOINT: Checkpoint = {
  finishedTasks: () => new Map(),
  finishTask: () => {},
  forget: () => {},
  get: () => undefined,
  put: () => {},
}

/** A finished stage: what remains of it are its runs or parts. */
export interface FinishedStage {
  report: StageReport
  /** In the order of their numbers. */
  results: StageResult[]
  /** Merges of the runs that it read, by exchange and pass. */
  passes: Record<string, MergeResult[][]>
}
