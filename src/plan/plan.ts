/**
 * The plan: what every front end lowers to and every back end runs. Plain JSON: it can be printed, compared,
 * fingerprinted, stored and sent to a worker thread.
 *
 * A plan is stages; a stage reads inputs through operators into one target. A MapReduce job is two stages: files -> map
 * -> exchange, exchange -> reduce -> sink. Any stage may read the exchange of any earlier one.
 */
import type { Expression, FunctionId, LiteralExpression, NamedExpression, SortKey } from './expression.js'
import type { Column, Marks } from './type.js'

/** How a typed value becomes bytes. Keys of every codec compare with memcmp in the order of their values. */
export type CodecSpec = 'string' | 'number' | 'bigint' | 'bytes' | 'json' | 'any' | { tuple: CodecSpec[] }

/** How a column of bytes marks a missing value: empty, or by a byte that no text has (codec.ts). */
export type MissingText = 'empty' | 'marker'

export interface ColumnSpec {
  name: string
  codec: CodecSpec
  /** Absent: never missing. A number needs none, because NaN means missing. */
  missing?: MissingText
  /** Only the presence of a value matters, not its type. */
  presence?: true
}

/**
 * A record's value: one typed value; named columns, in JavaScript an object (the results of `aggregate`); the named text fields of a row,
 * in JavaScript an array of strings (a join), which native code has as one piece of CSV text for each list of names; or the one answer of
 * an aggregate over text, which may be missing.
 */
export type ValueSpec =
  | CodecSpec
  | { columns: ColumnSpec[] }
  | { row: string[][] }
  | { codec: CodecSpec; missing: MissingText }

export interface RecordSpec {
  key: CodecSpec
  value: ValueSpec
}

/** Delimited text and its dialect. Characters are one byte each. */
export interface CsvFormat {
  kind: 'csv'
  delimiter: string
  /** null: no quoting. */
  quote: string | null
  /** Takes the next byte literally; null: a quote inside quotes is doubled. */
  escape: string | null
  /** Lines that begin with it are skipped; null: none. */
  comment: string | null
  /** Lines to skip at the start of each file. */
  skip: number
  /** Each file's first row holds the names of its columns. */
  header: boolean
  /**
   * With a header row: the columns to read, in this order; the header must name them, in any order, and may name others; null: all columns.
   * Without a header row: the names, from the first column on; null: the columns are called #1, #2 and so on.
   */
  columns: string[] | null
  /** Fields that mean a missing value, besides the empty field. */
  missing: string[]
  decimal: '.' | ','
  /** Optional separator of groups of three digits; null: none. */
  thousands: string | null
  /** Removes blanks around fields, outside quotes. */
  trim: boolean
  /** What to do with rows that have more or fewer fields than their file has columns. */
  raggedRows: 'error' | 'fill' | 'drop'
  /** A label of TextDecoder; null: UTF-8. */
  encoding: string | null
}

export type Format =
  | { kind: 'text'; exact: boolean; encoding: string | null }
  | CsvFormat
  | {
      kind: 'jsonl'
      /** Whether a file is one array of records; null: by its content. */
      array: boolean | null
      encoding: string | null
      /** What to do with whole numbers that no double equals; default: an error. */
      integers?: 'bigint' | 'number'
    }
  /** Only `scan` reads it. */
  | { kind: 'parquet' | 'avro'; encoding: null }

export type AggregateFn = 'count' | 'sum' | 'min' | 'max' | 'mean' | 'first' | 'last' | 'top' | 'distinct'

/** One aggregate over the records of a key. */
export interface AggregateCall {
  fn: AggregateFn
  /** The column that it reads; null: it counts records. */
  column: string | null
  /** Type of that column, if there are several with that name; null: any. */
  type: CodecSpec | null
  /** `top`: how many, and whether to keep the smallest instead of the largest. */
  k?: number
  ascending?: boolean
}

export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

/**
 * What happens to records between a stage's input and its target, in order.
 *
 * `words`, `lines`, `fields` and `grep` read bytes of files, so each of them is the first. `aggregate`, `reduce`, `join` and `take` need
 * records in the order of their keys, those of an exchange. `map` takes the records of either, or those of a function before it.
 */
export type Operator =
  | { op: 'words'; lowercase: boolean }
  | { op: 'lines' }
  /** Columns by name, resolved against each file's header. */
  | { op: 'fields'; keys: string[]; values: FieldValue[]; tag: number | null }
  | { op: 'grep'; pattern: string; literal: boolean; ignoreCase: boolean; invert: boolean }
  /** `rows`: its records are rows of these columns; else what the format gives, or records of an exchange or a function. */
  | { op: 'map'; fn: FunctionId; gives: RecordSpec; rows?: { columns: Column[]; exact: Marks } }
  | { op: 'reduce'; fn: FunctionId; gives: RecordSpec }
  /** One record per key, with the results of the aggregates. */
  | { op: 'aggregate'; aggregates: AggregateCall[]; gives: RecordSpec }
  | { op: 'join'; type: JoinType; tupleKey: boolean; leftFields: number; rightFields: number; gives: RecordSpec }
  /** The first records in key order. */
  | { op: 'take'; count: number }
  /** Puts the first number of the value in front of the key. */
  | { op: 'byNumber'; descending: boolean }
  /** Removes what `byNumber` put there. */
  | { op: 'dropNumber' }
  | ElementsOperator
  | RowOperator

/** What a collection does between one exchange and the next: records become elements, which go through steps and are emitted. */
export interface ElementsOperator {
  op: 'elements'
  from: ElementsFrom
  steps: ElementStep[]
  into: ElementsInto
  gives: RecordSpec
  /**
   * Its records are rows of these columns, of the operators before it. `pairs`: the columns are keys, which become lists of names and values, and
   * rows, both structs. `encoded`: the only column has elements as bytes.
   */
  rows?: { columns: Column[]; exact: Marks; as: 'rows' | 'pairs' | 'encoded' }
}

export type ElementStep =
  | { op: 'map' | 'filter' | 'flatMap' | 'mapValues' | 'mapGroups' | 'keyBy' | 'mapPartitions'; fn: FunctionId }
  /** `nth`: how many samples come before, which draw other lots. `part`: which of the inputs that it is taken of. */
  | { op: 'sample'; fraction: number; seed: number; nth: number; part: number }

/** `group`: the values of both sides by themselves. */
export type ElementsJoin = 'inner' | 'left' | 'right' | 'full' | 'group'

export type ElementsFrom =
  /** Lines, or rows as objects. */
  | { kind: 'records' }
  /** Of the records of an exchange. `numbered`: values with their number, from 0 in each task. */
  | { kind: 'keys' | 'values' | 'numbered' }
  /** Pairs of a key and its values: as they come, folded, or of two sides. */
  | { kind: 'groups' }
  | { kind: 'folded'; fold: ElementsFold }
  | { kind: 'joined'; how: ElementsJoin }

/** How the values of a key become one. */
export type ElementsFold =
  | { method: 'countByKey()' }
  | { method: 'reduceByKey()'; merge: { fn: FunctionId } }
  /** `zero`: what values are added to, encoded as `any`, in base64. */
  | { method: 'aggregateByKey()'; zero: string; add: { fn: FunctionId }; merge: { fn: FunctionId } }

export type ElementsInto =
  /** Pairs become records. `side` of a join: 0 right, 1 left. */
  | { kind: 'pairs'; method: string; side?: 0 | 1 }
  /** The same, folded before as far as it goes. */
  | { kind: 'folded'; fold: ElementsFold }
  | { kind: 'keys' }
  /** Each as a list of its bytes. */
  | { kind: 'encoded' }
  /** Under a key that a function makes; null: that of the pair. */
  | { kind: 'sorted'; by: { fn: FunctionId } | null }
  /** The same, as lists of two: the bytes of the key, and those of the element. */
  | { kind: 'sortedRows'; by: { fn: FunctionId } | null }
  /** Under one key; so many are enough. */
  | { kind: 'values'; most: number | null }
  | { kind: 'texts' }
  /** One value for a task. */
  | { kind: 'count' }
  | { kind: 'reduced'; fn: FunctionId }
  /** Each element in a list, and null behind the last one of a task. */
  | { kind: 'marked' }

/**
 * What data frames are made of: rows of typed columns. `scan` reads files; `rows`, `window`, `groups` and `mergeJoin` read an exchange of that
 * kind (ExchangeRows); `toDF` takes the elements of the operator before it; one of these is the first. The others take rows, in their order,
 * and give rows.
 */
export type RowOperator =
  /** The columns to read, by name, in this order; then those that the folders of each file give (InputFile.folders), and its place. */
  | {
      op: 'scan'
      columns: Column[]
      folders?: Column[]
      /** One more, a long: which row of all files it is, by the name of its file and its place there. */
      place?: Column
      /** A file of text may lack columns, whose values are null: they are those of all files. */
      mayLack?: true
    }
  /**
   * Elements as rows of these columns, `exact` ones as they are marked; then, if asked, one more, a long: which element of all it is,
   * with `part`, which of the collection's inputs this is. Everything before it in the list is the collection's.
   */
  | { op: 'toDF'; columns: Column[]; exact: Marks; place?: Column; part?: number }
  /** All rows of the exchange, in the order of its keys. */
  | { op: 'rows' }
  /** The same, with the results of window functions behind their columns. The exchange is partitioned, and first sorted, by `partition`. */
  | { op: 'window'; partition: string[]; values: WindowValue[] }
  /** A row for each group, in the order of its keys: the grouping columns, then the values. */
  | { op: 'groups' }
  /** Rows of two sides with equal keys: all columns of the left side, then of the right side unless `semi` or `anti`. */
  | { op: 'mergeJoin'; type: JoinType; residual: Expression | null }
  /** The same for the stage's rows as the left side, and all rows of another exchange, of one partition, in a table. */
  | TableJoin<'probe'>
  /** The same, with the rows of the same partition of the other exchange. Both exchanges are partitioned by the keys. */
  | TableJoin<'hashJoin'>
  /** `leftOut`: rows that do not pass are told of, as those that a window of time has no place for. */
  | { op: 'filter'; where: Expression; leftOut?: true }
  /** Ahead of the probe with this build: may drop rows whose `column` is none of the values that its key `buildOn[key]` has. */
  | { op: 'keyFilter'; build: string; buildOn: string[]; key: number; column: string }
  /**
   * Ahead of an exchange of two sides: may drop rows whose `column` is none of the values that the rows of the other side have in key `key`.
   * Inputs with it are read after all others.
   */
  | { op: 'sideFilter'; key: number; column: string }
  | { op: 'project'; columns: NamedExpression[] }
  /**
   * A row for each element of a list: the columns of `keep`, then its place from 0 on, if that is wanted, and the element. A list that is null
   * or empty makes no row; if `outer`, one with nulls. `most`: so many elements has a row at most; 0: that is not known.
   */
  | {
      op: 'explode'
      list: Expression
      outer: boolean
      most: number
      keep: string[]
      position: Column | null
      element: Column
    }
  /** The first rows. */
  | { op: 'limit'; count: number }

interface TableJoin<Name extends string> {
  op: Name
  /** Id of the other exchange. */
  build: string
  type: JoinType
  on: string[]
  buildOn: string[]
  residual: Expression | null
  /** The user's left side is the table. */
  isSwapped?: true
}

/** An aggregate over the rows of a group. */
export interface GroupValue {
  /** Of the result. */
  column: Column
  fn: GroupFn
  /** What it reads; empty for `count` of rows. After the column `topK` has k, percentiles a fraction or an array of these, and `approxCountDistinct` its error: literals. */
  args: Expression[]
}

export type GroupFn =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'first'
  | 'last'
  | 'countDistinct'
  | 'stddevSamp'
  | 'stddevPop'
  | 'varSamp'
  | 'varPop'
  | 'collectList'
  | 'collectSet'
  | 'topK'
  | 'percentile'
  | 'percentileDisc'
  | 'approxCountDistinct'
  | 'corr'
  | 'covarPop'
  | 'covarSamp'
  | 'minBy'
  | 'maxBy'
  | 'mode'
  | 'skewness'
  | 'kurtosis'

/** A window function: a value for each row, from rows around it. */
export interface WindowValue {
  /** Of the result. */
  column: Column
  fn: WindowFn
  /** What it reads. `ntile`: how many parts; `nthValue`: the value, and which one; `lag`, `lead`: the value, how far, and what is there else. */
  args: Expression[]
  /** null for functions that have none. */
  frame: WindowFrame | null
}

export type WindowFn =
  | Exclude<GroupFn, 'countDistinct'>
  | 'rowNumber'
  | 'rank'
  | 'denseRank'
  | 'percentRank'
  | 'cumeDist'
  | 'ntile'
  | 'lag'
  | 'lead'
  | 'nthValue'

/** The rows that a function is about: from one end to the other, both included. */
export interface WindowFrame {
  /** By range, rows that are equal in the order are always in it together. */
  unit: 'rows' | 'range'
  start: FrameEnd
  end: FrameEnd
}

/**
 * null: where the partition begins or ends. 0: the current row. So many rows behind it, before it if negative; or by range the distance of the
 * column that is the order, of its type; a date's is in days, and an instant's in microseconds.
 */
export type FrameEnd = null | number | LiteralExpression

/** No row of a larger rank is needed: its place among the rows of its partition, by one of these functions. */
export interface RankLimit {
  fn: 'rowNumber' | 'rank' | 'denseRank'
  most: number
}

/** The rows of an exchange, and their order. */
export type ExchangeRows =
  /**
   * `by`: rows with equal values of these are in one partition; `keys` begin with them, or are empty. `rankLimit`: those of a larger rank
   * among rows with equal values may be left out.
   */
  | { kind: 'rows'; columns: Column[]; keys: SortKey[]; by?: string[]; rankLimit?: RankLimit }
  /** Grouped as they come in, and for good by those who read it. */
  | { kind: 'groups'; columns: Column[]; by: string[]; values: GroupValue[] }
  /** The rows of a join: input i of the stage is side `sideOf[i]`, 0 left or 1 right. A null key matches nothing. */
  | { kind: 'sides'; sides: { columns: Column[]; keys: string[] }[]; sideOf: number[] }

export type OperatorOf<Name extends Operator['op']> = Extract<Operator, { op: Name }>

export type FieldValue =
  | { kind: 'number' | 'bytes'; column: string }
  /** Several columns as one piece of CSV text, with `,` and `"` whatever the file's dialect. */
  | { kind: 'row'; columns: string[] }

/** Files, and the operators for their records. */
export interface FileInput {
  kind: 'files'
  /** Name of the job's input. */
  files: string
  format: Format
  operators: Operator[]
}

/** The records of an exchange, in the order of their keys. */
export interface ExchangeInput {
  kind: 'exchange'
  /** Id of the exchange. */
  exchange: string
  operators: Operator[]
}

export type Input = FileInput | ExchangeInput

/** What a collector does with records of equal key before they go into a run. */
export type Combine =
  | { op: 'aggregate'; aggregates: AggregateCall[] }
  | { op: 'take'; count: number }
  | { op: 'combine'; fn: FunctionId }

export interface Exchange {
  kind: 'exchange'
  /** By which inputs refer to it. */
  id: string
  /** Key, and value as the collector takes it. */
  record: RecordSpec
  partitionBy: 'hash' | 'range' | 'user'
  /** For `user`. */
  partition: FunctionId | null
  /** null: by the input's size. */
  partitions: number | null
  descending: boolean
  /** `prefix`: the key's group part decides grouping and partition, the rest only order. */
  grouping: 'whole' | 'prefix'
  /** The user's function that returns the ordering part (secondary sort). */
  order: FunctionId | null
  /** Values are pairs of a side and a value; the side is the ordering part. */
  sides?: true
  combine: Combine | null
  /** Absent: records of keys and values. Otherwise `record` is bytes. */
  rows?: ExchangeRows
}

export type SinkFormat =
  | { kind: 'text' }
  /** A header row only for data frames. */
  | { kind: 'tsv'; escape: boolean; header?: string[] }
  | { kind: 'csv'; delimiter: string; header: string[] | null }
  /** `bare`: keys by themselves, which have no name and no value. */
  | { kind: 'jsonl'; bare?: true }
  /** Keys of codec `any`, after the length of each as u32: for the program that runs a collection. */
  | { kind: 'values' }
  | BinaryFormat
  /** Rows as blocks of columns (native/pipeline/blocks_end.cc), for the program that runs a data frame. */
  | { kind: 'rows' }

/** Pages or blocks are compressed, not the file. `columns`: of the records of a job, one for each of their fields. */
export interface BinaryFormat {
  kind: 'parquet' | 'avro'
  codec: ParquetCodec
  columns?: Column[]
}

export type OutputCompression = 'gzip' | 'zstd'

export type ParquetCodec = OutputCompression | 'snappy' | 'none'

export interface Sink {
  kind: 'sink'
  /** A folder below the output; empty: the output itself. */
  name: string
  format: SinkFormat
  compress: OutputCompression | null
  /** Of a data frame: no key, and no value. */
  record: RecordSpec
  /** The columns of a data frame's rows; absent: records of keys and values. */
  columns?: Column[]
  /** The output is one file: parts are joined at the end, and have no header row of their own. */
  singleFile: boolean
  /** The columns whose values name folders; the rows come sorted by them, and files have the others. Absent: none. */
  partitionBy?: string[]
  /** Named outputs, each in a folder of that name. */
  named: Record<string, { format: SinkFormat; compress: OutputCompression | null; record: RecordSpec }>
}

export interface Stage {
  name: string
  inputs: Input[]
  target: Exchange | Sink
  /** Where files are cut depends on their sizes alone, not on the workers: its functions keep something from record to record. */
  fixedSplits?: true
}

export interface Plan {
  version: 2
  job: string
  /** The bundled module that holds the user's functions; null if the plan is all native. */
  module: { path: string; hash: string } | null
  params: Record<string, ParamValue>
  /** Read-only side files: name -> path and content hash. */
  sideFiles: Record<string, { path: string; hash: string }>
  stages: Stage[]
  /** The time that a data frame's expressions ask for: microseconds since 1970-01-01 UTC. A run that is resumed keeps it. */
  now?: string
}

export type ParamValue = string | number | boolean | null
