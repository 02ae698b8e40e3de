/** What the scheduler hands to a worker, and what comes back. Plain data: it crosses threads and is kept in the job's state. */
import type { ErrorJson } from '../base/errors.js'
import type { InputFile } from '../io/inputs.js'
import type { WrittenFile } from '../io/written_file.js'
import type { PartitionCount } from '../kernels/kernels.js'
import type { Plan } from '../plan/plan.js'
import type { BadRecordsInit, QuarantineEntry } from './bad_records.js'
import type { WorkTimes } from './clock.js'

/** A byte range of an input file: the records that start inside it. */
export interface Piece {
  /** Index into the manifest's files. */
  file: number
  start: number
  end: number
  /** Where the first record starts, if it is known (a task that runs again because its guess was wrong). */
  recordStart?: number
}

export type TaskSpec = { id: string; stage: number; source: number } & (
  | { kind: 'map'; pieces: Piece[]; bytes: number }
  | { kind: 'reduce'; partition: number; runs: string[]; records: number; bytes: number }
  /** Merges runs into one, so that a reduce need not open more than a few hundred. */
  | { kind: 'merge'; runs: string[]; records: number; bytes: number }
  /** Reads keys here and there, for range bounds. */
  | { kind: 'sample'; pieces: Piece[]; bytes: number }
)

export interface RunEntry {
  name: string
  records: number
  bytes: number
  fileBytes: number
  partitions: PartitionCount[]
}

export interface PartEntry extends WrittenFile {
  /** Path below the output folder. */
  name: string
  records: number
}

export interface TaskResult {
  id: string
  /** Index into the stage's sources. */
  source: number
  attempt: number
  /** Records read: from files, or from runs as the merge counted them. */
  recordsIn: number
  /** Records that operators and functions gave to the task's target. */
  recordsOut: number
  /** Records read that a filter passed over. */
  recordsFiltered: number
  /** Records that a map was given: those of the input, or what the step before emits. Any of them may be bad. */
  recordsMapped: number
  /** Those of them that were put aside as bad, and the file that lists them. */
  recordsQuarantined: number
  quarantine: QuarantineEntry | null
  /** Records that went into others before they were written. */
  recordsCombined: number
  bytesIn: number
  bytesOut: number
  runs: RunEntry[]
  /** `merge` only: names of the runs that went into it. */
  merged: string[]
  parts: PartEntry[]
  /** Where the first record of a piece started and where the record after its last one starts. */
  boundaries: { file: number; start: number; end: number }[]
  counters: Record<string, number>
  /** Records with the largest numbers, best first, and how many of them were asked for. */
  topAsked: number
  top: { key: string; number: number }[]
  /** `sample` only. */
  keys: Uint8Array[]
  /** The worker that ran it, and when it began (milliseconds since the epoch). */
  worker: number
  startedAt: number
  /** Milliseconds, by kind of work. */
  times: WorkTimes
}

/** Memory of one worker, in bytes. */
export interface WorkerBudget {
  collectorBytes: number
  /** What a collector needs that does not combine its records. */
  enoughBytes: number
  heapBytes: number
  joinGroupBytes: number
  maxRecordBytes: number
}

/** What a worker has to know before its first task. */
export interface WorkerInit {
  plan: Plan
  /** Identity of plan and input, kept in every run. */
  planHash: string
  files: InputFile[]
  runsDir: string
  /** Where attempts write their parts, each in a folder of its own. */
  attemptsDir: string
  budget: WorkerBudget
  /** Partitions of each stage's exchange; 0 where the stage ends in a sink. */
  partitions: number[]
  top: number
  slot: number
  shared: SharedArrayBuffer
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
}

export type ToWorker =
  | { type: 'begin'; init: WorkerInit }
  | { type: 'run'; task: TaskSpec; attempt: number; bounds: Uint8Array[] | null }
  | { type: 'end' }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'done'; result: TaskResult }
  | { type: 'failed'; id: string; attempt: number; error: ErrorJson }
  | { type: 'ended' }

/** One attempt of a task: what it writes has this name, or one that begins with it and a hyphen. */
export function attemptName(task: string, attempt: number): string {
  return `${task}-a${attempt}`
}

/** Name of a run: stage, task, attempt, number of the spill. */
export function runName(task: string, attempt: number, spill: number): string {
  return `${attemptName(task, attempt)}-${spill}.run`
}

/** The task that wrote a run. */
export function writerOf(run: string): string {
  return run.replace(/-a\d+-\d+\.run$/, '')
}

/** The stage that a task, or a run, belongs to. */
export function stageOf(name: string): number {
  return Number(/^s(\d+)-/.exec(name)?.[1])
}
