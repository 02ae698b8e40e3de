/** What a run reports, while it runs and when it is done. */

import { isHeld, type OperatorMeasure, runsOf, type StageResult, type TaskResult } from './task.js'
import type { WorkTimes } from './work_times.js'

export interface Progress {
  stage: string
  /** What is being done, such as `scan sales.csv, filter, group`. */
  does: string
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

/** What an earlier run has done in a stage. */
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
  /** Records that a filter left out. */
  recordsFiltered: number
  /** Ragged rows that were dropped, as the job asks. */
  recordsDropped: number
  /** Rows that have no time, and so no window of time. */
  recordsLeftOut: number
  /** Bad records that were quarantined. */
  recordsQuarantined: number
  /** Records that were combined into others of the same key before they were written to a run. */
  recordsCombined: number
  bytesIn: number
  bytesOut: number
  /** Runs that were written to files. */
  spills: number
  spillBytes: number
  elapsedMs: number
  /** With `profile`: of each of its inputs. */
  inputs?: InputReport[]
}

export interface InputReport {
  /** Of Parquet files: those that were looked at, and those of them that could be left out. */
  rowGroups: number
  rowGroupsSkipped: number
  /** Of rows: what each operator did, and the target, in all tasks together. Empty for records, or if an earlier run did not measure. */
  operators: OperatorMeasure[]
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
  /** Records in the runs that it wrote: fewer than `recordsOut` if records were combined. */
  recordsSpilled: number
  bytesIn: number
  bytesOut: number
  spillBytes: number
  /** Of rows: what each operator did, and the target. */
  operators?: OperatorMeasure[]
}

/** @param inputs of the stage, if what they did was measured */
export function stageReport(
  name: string,
  results: StageResult[],
  elapsedMs: number,
  inputs: number | null,
): StageReport {
  const sum = (of: (task: StageResult) => number) => results.reduce((total, task) => total + of(task), 0)
  return {
    name,
    tasks: results.length,
    recordsIn: sum((task) => task.recordsIn),
    recordsOut: sum((task) => task.recordsOut),
    recordsFiltered: sum((task) => task.recordsFiltered),
    recordsDropped: sum((task) => task.recordsDropped),
    recordsLeftOut: sum((task) => task.recordsLeftOut),
    recordsQuarantined: sum((task) => task.recordsQuarantined),
    recordsCombined: sum((task) => task.recordsCombined),
    bytesIn: sum((task) => task.bytesIn),
    bytesOut: sum((task) => task.bytesOut),
    spills: sum((task) => task.runs.filter((run) => !isHeld(run)).length),
    spillBytes: sum(spillBytes),
    elapsedMs,
    ...(inputs === null ? {} : { inputs: Array.from({ length: inputs }, (_, input) => inputReport(input, results)) }),
  }
}

function inputReport(input: number, results: readonly StageResult[]): InputReport {
  const own = results.filter((task) => task.input === input)
  const maps = own.filter((task) => task.kind === 'map')
  return {
    rowGroups: maps.reduce((sum, task) => sum + task.rowGroups, 0),
    rowGroupsSkipped: maps.reduce((sum, task) => sum + task.rowGroupsSkipped, 0),
    operators: summed(own.map(({ operators }) => operators ?? [])),
  }
}

/** Operator by operator. */
function summed(tasks: readonly OperatorMeasure[][]): OperatorMeasure[] {
  if (tasks.some((operators) => operators.length === 0)) return []
  return (tasks[0] ?? []).map(({ op }, i) => {
    const sum = (of: (operator: OperatorMeasure) => number) => tasks.reduce((total, own) => total + of(own[i]!), 0)
    return { op, rowsIn: sum((one) => one.rowsIn), rowsOut: sum((one) => one.rowsOut), ms: sum((one) => one.ms) }
  })
}

export function taskProfile(stage: string, task: StageResult): TaskProfile {
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
    ...(task.operators ? { operators: task.operators } : {}),
  }
}

export function spillBytes(result: TaskResult): number {
  return runsOf(result).reduce((sum, run) => sum + run.fileBytes, 0)
}
