/** What the scheduler hands to a worker, and what comes back. Plain data: it crosses threads and is kept in the job's state. */
import type { ErrorJson } from '../base/errors.js'
import type { InputFile } from '../io/inputs.js'
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
  | { kind: 'merge'; runs: string[]; bytes: number }
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

export interface PartEntry {
  /** Path below the output folder. */
  name: string
  bytes: number
  records: number
}

export interface TaskResult {
  id: string
  attempt: number
  recordsIn: number
  recordsOut: number
  bytesIn: number
  bytesOut: number
  runs: RunEntry[]
  parts: PartEntry[]
  /** Where the first record of a piece started and where the record after its last one starts. */
  boundaries: { file: number; start: number; end: number }[]
  /** Bad records that were passed over, of recordsIn, and the file that lists them. */
  recordsQuarantined: number
  quarantine: QuarantineEntry | null
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
  heapBytes: number
  joinGroupBytes: number
  maxRecordBytes: number
}

/** Sent once, when a worker starts. */
export interface WorkerInit {
  plan: Plan
  /** Identity of plan and input, kept in every run. */
  planHash: string
  files: InputFile[]
  runsDir: string
  partsDir: string
  budget: WorkerBudget
  /** Partitions of each stage's exchange; 0 where the stage ends in a sink. */
  partitions: number[]
  top: number
  slot: number
  shared: SharedArrayBuffer
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
}

export type ToWorker = { type: 'run'; task: TaskSpec; attempt: number; bounds: Uint8Array[] | null } | { type: 'end' }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'done'; result: TaskResult }
  | { type: 'failed'; id: string; attempt: number; error: ErrorJson }
  | { type: 'ended' }

/** Name of a run: stage, task, attempt, number of the spill. */
export function runName(task: string, attempt: number, spill: number): string {
  return `${task}-a${attempt}-${spill}.run`
}
