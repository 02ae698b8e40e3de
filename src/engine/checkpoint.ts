/** What a run remembers while it runs, so that a later one can go on from there. */
import type { StageReport } from './report.js'
import type { TaskResult } from './task.js'

/** Where finished tasks are remembered. */
export interface Checkpoint {
  finishedTasks<Result>(): Map<string, Result>
  /** One transaction: afterwards the task is done, before it is not. */
  finishTask(id: string, attempt: number, result: unknown): void
  /** One transaction: afterwards none of these tasks is done, and none of these names is known. */
  forget(tasks: readonly string[], names: readonly string[]): void
  get<T>(name: string): T | undefined
  put(name: string, value: unknown): void
}

/** For a run that has not been given one yet. */
export const NO_CHECKPOINT: Checkpoint = {
  finishedTasks: () => new Map(),
  finishTask: () => {},
  forget: () => {},
  get: () => undefined,
  put: () => {},
}

/** A stage that is over: what is left of it are its runs or parts. */
export interface FinishedStage {
  report: StageReport
  results: TaskResult[]
  /** Merges of the runs that it read, by pass. */
  passes: TaskResult[][]
}

export function stageFact(index: number): string {
  return `stage ${index}`
}
