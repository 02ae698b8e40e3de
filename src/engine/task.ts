/** What the scheduler sends to a worker, and what comes back. Plain data: it crosses threads and is kept in the state. */
import type { ErrorJson } from '../base/errors.js'
import type { InputFile } from '../io/input/input_file.js'
import type { Split } from '../io/input/splits.js'
import type { WrittenFile } from '../io/output/written_file.js'
import type { KeyRange, PartitionCount } from '../kernels/kernels.js'
import type { Identity } from '../plan/functions.js'
import type { Operator, Plan } from '../plan/plan.js'
import type { BadRecordsInit, QuarantineEntry } from './bad_records.js'
import type { TopRecord } from './top.js'
import type { WorkTimes } from './work_times.js'

/** A split as a task reads it. */
export interface TaskSplit extends Split {
  /** Where the first record starts, if known (for a task that runs again because its guess was wrong). */
  recordStart?: number
}

interface Task {
  id: string
  /** Index into the plan's stages. */
  stage: number
  /** Of input: files, or the part of runs that is read. */
  bytes: number
}

/** A partition of an exchange that a task needs as a table. */
export interface BuildSpec {
  exchange: string
  partition: number
  runs: string[]
  records: number
  /** All tasks of the stage need the same one. */
  isShared: boolean
  /** Otherwise it is in a file. */
  inMemory: boolean
  /** It has far more rows than others: the key that most have is wanted. */
  watchKeys?: true
}

/** The rows of one side of the exchange that a task fills: its own rows of the other side are filtered by their keys. */
export interface SideSpec {
  side: 0 | 1
  /** null: there are too many rows for that. */
  runs: string[] | null
  records: number
}

interface StageTask extends Task {
  /** Index into the stage's inputs. */
  input: number
  /** Its place among the stage's tasks, and of its records in the output. */
  number: number
  /** Its place among the tasks of its input: which they are does not depend on the other inputs. */
  inputNumber: number
  /** Of the table joins of its input, in their order; absent: none. Runs may be written again, so this is not kept. */
  builds?: BuildSpec[]
  /** Absent: its rows are not filtered by another side. */
  otherSide?: SideSpec
  /** Of a worker's share: for the tables in memory that all workers share. */
  tableBytes?: number
}

/** Reads files. */
export interface MapSpec extends StageTask {
  kind: 'map'
  splits: TaskSplit[]
  /** Fewer rows are enough than its last operator, a limit, says: the tasks before have the others. */
  rowsNeeded?: number
}

/** Reads a partition of an exchange. */
export interface ReduceSpec extends StageTask {
  kind: 'reduce'
  partition: number
  /** Of its keys, and about how many records have them; absent: all. */
  range?: KeyRange
  expected?: number
  /** Finds the key that most records have. */
  watchKeys?: true
  runs: string[]
  /** Of the whole partition. */
  records: number
}

/** Merges runs of a stage into one, so that a reduce need not open more than a few hundred. */
export interface MergeSpec extends Task {
  kind: 'merge'
  runs: string[]
  records: number
}

/** Reads keys at a few places of files, for range bounds. */
export interface SampleSpec extends Task {
  kind: 'sample'
  input: number
  splits: TaskSplit[]
}

export type TaskSpec = MapSpec | ReduceSpec | MergeSpec | SampleSpec

export interface RunEntry {
  name: string
  records: number
  bytes: number
  /** 0: it is in memory. */
  fileBytes: number
  partitions: PartitionCount[]
}

/** Whether a run is in memory: another process cannot read it. */
export function isHeld({ fileBytes }: RunEntry): boolean {
  return fileBytes === 0
}

export interface PartEntry extends WrittenFile {
  /** Path below the output folder. */
  name: string
  records: number
}

/** For one column: whether a value had it; if not, which properties the first values had. */
export interface ColumnUse {
  name: string
  seen: boolean
  properties: string[]
}

interface Result {
  id: string
  stage: number
  attempt: number
  /** Records read: from files, or from runs as the merge counted them. */
  recordsIn: number
  /** Records that operators and functions passed to the task's target. */
  recordsOut: number
  bytesIn: number
  bytesOut: number
  /** The worker that ran it, and when it started (milliseconds since the epoch). */
  worker: number
  startedAt: number
  /** Milliseconds, by kind of work. */
  times: WorkTimes
}

interface StageTaskResult extends Result {
  input: number
  number: number
  /** Records read that a filter left out. */
  recordsFiltered: number
  /** Ragged rows that were read and dropped, as the job asks. */
  recordsDropped: number
  /** Rows of data frames that have no time, and so no window of time. */
  recordsLeftOut: number
  /** Records that a map got: from the input, or from the step before. Any of them may be bad. */
  recordsMapped: number
  /** How many of these were quarantined, and the file that lists them. */
  recordsQuarantined: number
  quarantine: QuarantineEntry | null
  /** Records that were combined into others before they were written. */
  recordsCombined: number
  runs: RunEntry[]
  parts: PartEntry[]
  counters: Record<string, number>
  /** With `profile`, of the operators of rows, in their order, and of the target. */
  operators?: OperatorMeasure[]
  /** Of the rows that it wrote, where ranges.ts divides them. */
  sample?: Uint8Array
  /** For a map whose records aggregates read by name; absent if it emitted nothing. */
  columns?: ColumnUse[]
  /** Records with the largest numbers, best first, and how many were requested. */
  topAsked: number
  top: TopRecord[]
}

/** What an operator, or a target, did. */
export interface OperatorMeasure {
  op: Operator['op'] | 'exchange' | 'sink'
  rowsIn: number
  /** Of a target: the records that it wrote, or would have without combining. */
  rowsOut: number
  ms: number
}

export interface MapResult extends StageTaskResult {
  kind: 'map'
  /** Where the first record of a split started and where the record after its last one starts. */
  boundaries: Boundary[]
  /** Input files that were decoded but hold bytes that are not UTF-8, with an offset for each. */
  undecoded: { file: number; offset: number }[]
  /** Of Parquet files: its own, and those of them that could be left out. */
  rowGroups: number
  rowGroupsSkipped: number
}

export interface Boundary {
  file: number
  start: number
  end: number
}

/** Of a partition of an exchange. */
export interface LargestKey {
  exchange: string
  text: string
  records: number
  /** Records of the partition. */
  of: number
  /** `records` follows from a sample. */
  isEstimate?: true
}

export interface ReduceResult extends StageTaskResult {
  kind: 'reduce'
  /** Keys for which a reduce was called. */
  groups: number
  /** With `watchKeys`, of what it read and of tables that it made. */
  largestKeys?: LargestKey[]
  /** For a join without results: some keys of each side. */
  lonelyKeys?: Record<'left' | 'right', string[]>
}

export interface MergeResult extends Result {
  kind: 'merge'
  recordsCombined: number
  runs: RunEntry[]
  /** Names of the runs that went into it. */
  merged: string[]
}

export interface SampleResult extends Result {
  kind: 'sample'
  keys: Uint8Array[]
}

/** Result of a task whose records go to the target of its stage. */
export type StageResult = MapResult | ReduceResult

export type TaskResult = StageResult | MergeResult | SampleResult

export type ResultOf<Spec extends TaskSpec> = Extract<TaskResult, { kind: Spec['kind'] }>

/** The runs that a task reads. */
export function runsReadBy(task: TaskSpec): string[] {
  return [
    ...('runs' in task ? task.runs : []),
    ...('builds' in task && task.builds ? task.builds.flatMap(({ runs }) => runs) : []),
    ...(('otherSide' in task && task.otherSide?.runs) || []),
  ]
}

/** The runs that a task has written. */
export function runsOf(result: TaskResult): RunEntry[] {
  return result.kind === 'sample' ? [] : result.runs
}

/** Memory of one worker, in bytes. */
export interface WorkerBudget {
  collectorBytes: number
  /** Enough for a collector that does not combine its records. */
  enoughBytes: number
  heapBytes: number
  joinGroupBytes: number
  maxRecordBytes: number
  /** Of a file of a partition, if there are more. */
  fileBytes: number
  /** As Tuning. */
  readAll: boolean
}

/** What a worker must know before its first task. */
export interface WorkerInit {
  plan: Plan
  /** Identity of plan and input, kept in every run. */
  planHash: string
  identity: Identity | null
  files: InputFile[]
  /** No other run of the process has this one, also if it has the same folders. */
  runId: string
  runsDir: string
  /** Where attempts write their parts, each in its own folder. */
  attemptsDir: string
  budget: WorkerBudget
  /** Partitions of each stage's exchange; 0 if the stage ends in a sink. */
  partitions: number[]
  top: number
  /** Whether to measure each operator of rows. */
  profile: boolean
  slot: number
  shared: SharedArrayBuffer
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
}

export type ToWorker =
  | { type: 'begin'; init: WorkerInit }
  | { type: 'run'; task: TaskSpec; attempt: number; bounds: Uint8Array[] | null }
  /** The run is over, and another one may begin. */
  | { type: 'rest' }
  | { type: 'end' }

/** How a task ended. */
export type Answer = { type: 'done'; result: TaskResult } | { type: 'failed'; error: ErrorJson }

export type FromWorker =
  | Answer
  /** A function failed after it had returned: work done since may be incomplete. */
  | { type: 'stray'; error: ErrorJson }
  /** Teardown is over: only work that functions left pending keeps the thread alive. */
  | { type: 'ended' }

/** Name of one attempt of a task: its files have this name, or one that begins with it and a hyphen. */
export function attemptName(task: string, attempt: number): string {
  return `${task}-a${attempt}`
}

/** Name of a run: stage, task, attempt, number of the spill. */
export function runName(task: string, attempt: number, spill: number): string {
  return `${attemptName(task, attempt)}-${spill}.run`
}
