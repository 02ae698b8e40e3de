/** What a run tells of itself, while it runs and when it is done. */
import type { WorkTimes } from './clock.js'
import type { TaskResult } from './task.js'

export interface Progress {
  stage: string
  stageIndex: number
  stageCount: number
  tasksDone: number
  tasks: number
  bytesDone: number
  bytes: number
  records: number
  spillBytes: number
  elapsedMs: number
}

/** What an earlier run has done of a stage. */
export interface ResumedStage {
  stage: string
  tasksDone: number
  tasks: number
}

export interface StageReport {
  name: string
  tasks: number
  recordsIn: number
  recordsOut: number
  /** Records that a filter passed over. */
  recordsFiltered: number
  /** Records that were put aside as bad. */
  recordsQuarantined: number
  /** Records that went into others of the same key before they were written to a run. */
  recordsCombined: number
  bytesIn: number
  bytesOut: number
  spills: number
  spillBytes: number
  elapsedMs: number
}

/** One task of a run, for `--profile`. */
export interface TaskProfile {
  stage: string
  task: string
  attempt: number
  worker: number
  /** Milliseconds since the epoch. */
  startedAt: number
  elapsedMs: number
  /** Milliseconds by kind of work; they add up to `elapsedMs`. */
  times: WorkTimes
  recordsIn: number
  recordsOut: number
  /** Records in the runs it wrote: fewer than `recordsOut` where combining paid. */
  recordsSpilled: number
  bytesIn: number
  bytesOut: number
  spillBytes: number
}

export function stageReport(name: string, results: TaskResult[], elapsedMs: number): StageReport {
  const sum = (of: (task: TaskResult) => number) => results.reduce((total, task) => total + of(task), 0)
  return {
    name,
    tasks: results.length,
    recordsIn: sum((task) => task.recordsIn),
    recordsOut: sum((task) => task.recordsOut),
    recordsFiltered: sum((task) => task.recordsFiltered),
    recordsQuarantined: sum((task) => task.recordsQuarantined),
    recordsCombined: sum((task) => task.recordsCombined),
    bytesIn: sum((task) => task.bytesIn),
    bytesOut: sum((task) => task.bytesOut),
    spills: sum((task) => task.runs.length),
    spillBytes: sum(spillBytes),
    elapsedMs,
  }
}

export function taskProfile(stage: string, task: TaskResult): TaskProfile {
  return {
    stage,
    task: task.id,
    attempt: task.attempt,
    worker: task.worker,
    startedAt: task.startedAt,
    elapsedMs: Object.values(task.times).reduce((sum, ms) => sum + ms, 0),
    times: task.times,
    recordsIn: task.recordsIn,
    recordsOut: task.recordsOut,
    recordsSpilled: task.runs.reduce((sum, run) => sum + run.records, 0),
    bytesIn: task.bytesIn,
    bytesOut: task.bytesOut,
    spillBytes: spillBytes(task),
  }
}

export function spillBytes({ runs }: TaskResult): number {
  return runs.reduce((sum, run) => sum + run.fileBytes, 0)
}
