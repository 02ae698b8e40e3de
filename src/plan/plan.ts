/**
 * The plan: what every front end lowers to and every back end runs. Plain JSON: it can be printed, compared,
 * fingerprinted, stored and sent to a worker thread.
 *
 * A plan is stages; a stage reads sources through operators into one target. A MapReduce job is two stages: files -> map
 * -> exchange, exchange -> reduce -> sink. Stages that follow read the exchange of an earlier one.
 */
import type { AggregateSpec, Layout } from '../kernels/kernels.js'

/** How a typed value becomes bytes. Keys of every codec compare with memcmp in the order of their values. */
export type CodecSpec = 'string' | 'number' | 'bigint' | 'bytes' | 'json' | { tuple: CodecSpec[] }

/**
 * A record's value: one typed value, or named columns (the results of `aggregate`, the fields of a row).
 * `raw` columns hold text that is formatted already.
 */
export type ValueSpec = CodecSpec | { columns: { name: string; codec: CodecSpec; raw?: boolean }[] }

export interface RecordSpec {
  key: CodecSpec
  value: ValueSpec
}

export type Format =
  | { kind: 'text'; exact: boolean }
  | {
      kind: 'csv'
      delimiter: string
      quote: string | null
      /** Names; null: take them from the first row of each file. */
      columns: string[] | null
    }
  | { kind: 'jsonl' }

/** A user's function: found again in each worker by importing the job's module. */
export interface FunctionRef {
  /** Index into the job's steps. */
  step: number
  role: 'map' | 'combine' | 'reduce' | 'partition' | 'order'
  /** For jobs with several inputs: which input's map. */
  input?: string
}

/** Operators over the records of files. */
export type FileOperator =
  | { op: 'words'; lowercase: boolean }
  | { op: 'lines' }
  /** Columns by name, resolved against each file's header. */
  | { op: 'fields'; keys: string[]; values: FieldValue[]; tag: number | null }
  | { op: 'grep'; pattern: string; literal: boolean; ignoreCase: boolean; invert: boolean }
  | { op: 'map'; fn: FunctionRef; record: RecordSpec }

export type FieldValue =
  | { kind: 'number' | 'bytes'; column: string }
  /** All columns but `except`, as one piece of CSV text. */
  | { kind: 'row'; except: string[] }

/** How the sorted records of an exchange are read. The first operator of an exchange source. */
export type GroupOperator =
  /** Every record, in order. */
  | { op: 'records' }
  /** Each key once. */
  | { op: 'distinct' }
  | { op: 'aggregate'; aggregates: AggregateSpec[] }
  | { op: 'reduce'; fn: FunctionRef; record: RecordSpec }
  | { op: 'join'; leftOuter: boolean; missingRight: string }
  /** The first records in key order; `rekeyed`: their keys start with the number that byNumber put there. */
  | { op: 'take'; count: number; rekeyed: boolean }

/** Operators over (key, value) records that follow a group operator, toward the next exchange. */
export type RecordOperator =
  | { op: 'map'; fn: FunctionRef; record: RecordSpec }
  /** Re-keys by the first number of the value, then the key. */
  | { op: 'byNumber'; descending: boolean }

export interface FileSource {
  kind: 'files'
  /** Name of the job's input. */
  input: string
  format: Format
  operators: FileOperator[]
}

export interface ExchangeSource {
  kind: 'exchange'
  /** Index of the stage that fills it. */
  stage: number
  group: GroupOperator
  /** What the group operator gives. */
  record: RecordSpec
  operators: RecordOperator[]
}

export type Source = FileSource | ExchangeSource

/** What a collector does with records of equal key before they reach a run. */
export type Combine =
  | { kind: 'aggregate'; aggregates: AggregateSpec[] }
  | { kind: 'distinct' }
  | { kind: 'user'; fn: FunctionRef }
  | { kind: 'take'; count: number }

export interface Exchange {
  kind: 'exchange'
  /** Key, and value as the collector takes it in. */
  record: RecordSpec
  /** The value's columns in a batch. */
  layout: Layout
  partitionBy: 'hash' | 'range' | 'user'
  /** For `user`. */
  partition: FunctionRef | null
  /** null: by the input's size. */
  partitions: number | null
  descending: boolean
  /** `prefix`: the key's group part decides grouping and partition, the rest only order. */
  grouping: 'whole' | 'prefix'
  /** The user's function that gives the ordering part (secondary sort). */
  order: FunctionRef | null
  combine: Combine | null
}

export type SinkFormat =
  | { kind: 'text' }
  | { kind: 'tsv'; escape: boolean }
  | { kind: 'csv'; delimiter: string; header: string[] | null }
  | { kind: 'jsonl' }

export interface Sink {
  kind: 'sink'
  format: SinkFormat
  gzip: boolean
  record: RecordSpec
  /** Further outputs by name, each in a folder of that name. */
  named: Record<string, { format: SinkFormat; gzip: boolean; record: RecordSpec }>
}

export interface Stage {
  name: string
  sources: Source[]
  target: Exchange | Sink
}

export interface Plan {
  version: 1
  job: string
  /** The bundled module that holds the user's functions; null if the plan is all native. */
  module: { path: string; hash: string } | null
  params: Record<string, ParamValue>
  /** Read-only side files: name -> path and content hash. */
  sideFiles: Record<string, { path: string; hash: string }>
  stages: Stage[]
}

export type ParamValue = string | number | boolean | null
