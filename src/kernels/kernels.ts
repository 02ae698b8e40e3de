/**
 * The native kernels, typed. One call per block or batch, never per record.
 *
 * Every call may throw an Error with `code` and `detail` (and more: NativeError in index.ts), which fromNative() turns into
 * a RunjobError. All arguments are checked: a wrong one is BAD_ARGUMENT. An object that failed half-way, or was closed,
 * refuses further calls with BAD_ARGUMENT, too. Typed arrays must not be in shared memory.
 */

import type { AggregateFn, JoinType } from '../plan/plan.js'
import type { textHost } from './host.js'
import type { udfHost } from './udf.js'

/** Number: IEEE double, NaN means "missing". Bytes: any bytes. */
export type ValueKind = 'number' | 'bytes'

/** The fields of a record's value, in order. */
export type Layout = ValueKind[]

export interface BytesColumn {
  /** Bytes of all records, one after another; record i is `bytes[ends[i-1]..ends[i]]`. */
  bytes: Uint8Array
  ends: Uint32Array
}

/** Records as columns. Buffers belong to the caller and are reused from batch to batch. */
export interface RecordBatch {
  keys: BytesColumn
  columns: (Float64Array | BytesColumn)[]
  /** Only for `partitionBy: 'given'`. */
  partitions?: Uint32Array
  /** Filled by Cursor.read: 1 where a record's group key differs from the record before. */
  groupStarts?: Uint8Array
}

export interface AggregateSpec {
  fn: AggregateFn
  /** Index into the batch's columns; -1 for `count` of records. */
  column: number
  kind: ValueKind
  /** How a column of bytes marks a missing value: by empty bytes, or by the single byte FF. Absent: never. */
  missing?: 'empty' | 'marker'
  /** `top`: how many. */
  k?: number
  /** `top`: keep the smallest instead of the largest. */
  ascending?: boolean
}

export interface CollectorOptions {
  /** One entry per key with an aggregate state, or every record appended. */
  mode: 'hash' | 'append'
  aggregates: AggregateSpec[]
  layout: Layout
  partitionBy: 'hash' | 'range' | 'given'
  partitions: number
  /** `range`: partitions - 1 keys. */
  bounds?: Uint8Array[]
  descending?: boolean
  /** Keys are composite (see plan/codec.ts): group part, then a part that only orders. */
  prefixGrouping?: boolean
  /** Append only: the last bytes of each key only order. */
  suffixBytes?: number
  /** Append only: keep the first N records in sort order. */
  take?: number
  /** From this many keys on, mode 'hash' stops looking keys up if they hardly repeat. */
  tableKeys?: number
}

export interface PartitionCount {
  records: number
  bytes: number
}

export interface RunInfo {
  meta: string
  partitions: PartitionCount[]
}

export interface SpillInfo {
  records: number
  /** Key and value bytes. */
  bytes: number
  /** 0: it is in memory. */
  fileBytes: number
  partitions: PartitionCount[]
}

export interface Collector {
  /**
   * Adds the first `count` records of the batch; copies them. Key bytes that end 64 bytes or more before the end of
   * their ArrayBuffer are read in place; others are copied once more.
   */
  add(batch: RecordBatch, count: number): void
  /** Bytes held, sorting included. */
  readonly bytes: number
  /** Whether to spill: it is over budget, or over `enoughBytes` where holding more would not combine more. */
  isFull(budgetBytes: number, enoughBytes: number): boolean
  readonly recordsIn: number
  /** Held now. In mode 'hash', a spill may write fewer. */
  readonly entries: number
  /** Handed to run files so far. */
  readonly recordsOut: number
  /** Sorts by (partition, key), writes a run file, empties itself. `meta` is JSON text kept in the run. */
  spill(path: string, meta: string): SpillInfo
  /**
   * The sorted records, still in memory, for a combiner outside. Only clear() or close() may follow, and either ends the
   * cursor.
   */
  sorted(): Cursor
  clear(): void
  /** Frees the memory now instead of when the object is collected. Cursors of sorted() keep it until they are closed. */
  close(): void
}

export interface ReadResult {
  /** Records read; 0 at the end. */
  count: number
  /** Whether all key bytes, and all value bytes, are ASCII. */
  keysAscii: boolean
  valuesAscii: boolean
}

export interface FormatOptions {
  kind: 'text' | 'tsv' | 'csv'
  key: 'bytes' | 'number' | 'tuple'
  layout: Layout
  /** Per value field: already formatted text. */
  raw?: boolean[]
  /** Per value field: the single byte FF marks a missing value. */
  markers?: boolean[]
  escape?: boolean
  delimiter?: string
  valuesOnly?: boolean
}

/** Keys are a group and one byte, 0 for right rows and 1 for left ones. Values come out as one field of bytes for each side that has fields. */
export interface JoinOptions {
  type: JoinType
  /** Whether the group is a tuple. An empty group, or one with an empty part, matches nothing. */
  tupleKey: boolean
  /** Fields in a row of each side. */
  leftFields: number
  rightFields: number
  groupLimitBytes: number
}

/** A sorted stream of records. Operators take over the cursor: use only what they return. */
export interface Cursor {
  aggregate(aggregates: AggregateSpec[], finalize: boolean): Cursor
  finalize(aggregates: AggregateSpec[]): Cursor
  take(count: number): Cursor
  /** Cuts the first `bytes` bytes off every key: 8 undo `byNumber`. */
  dropPrefix(bytes: number): Cursor
  join(options: JoinOptions): Cursor
  /** Remember the n records with the largest first number. */
  trackTop(layout: Layout, n: number): Cursor
  top(): { key: Uint8Array; number: number }[]
  /** Find the key that most records have: of composite keys their group parts, of others all but the last bytes. */
  trackLargestKey(prefixGrouping: boolean, suffixBytes: number): Cursor
  /** With its first record, as it is in the runs; 0 records if there is none. */
  largestKey(): { key: Uint8Array; value: Uint8Array; records: number }
  /** Keep a sample of the values, of at most 2,048 and a megabyte, which follows from the records and their order. */
  sampleValues(): Cursor
  sampledValues(): Uint8Array[]

  /**
   * Fills the batch with the next records, as many as fit. A record that does not fit an empty batch throws
   * BATCH_TOO_SMALL with `{ keyBytes, valueBytes }`: call again with larger buffers.
   * With `prefixGrouping`, keys come out as their plain group parts. `groupStarts` compares these, with the last record of
   * the previous batch, too. On a cursor with partitions, a batch ends where the partition changes.
   */
  read(batch: RecordBatch, layout: Layout, options: { prefixGrouping: boolean; maxRecords: number }): ReadResult
  /** The next records, formatted, about `wantBytes` bytes; empty at the end. */
  format(options: FormatOptions, wantBytes: number): Uint8Array
  /** Moves up to `maxRecords` records into a collector with the same layout, re-keyed. 0 at the end. */
  collect(collector: Collector, options: CollectOptions, maxRecords: number): number
  /** Writes the rest to a run. All records go to `partition`. */
  writeTo(writer: RunWriter, partition: number): void
  /** Partition of the record that read() will return next, -1 at the end. Only Collector.sorted() has it; not after aggregate and join. */
  readonly partition: number
  /** Records that the outermost operator took from below. */
  readonly recordsIn: number
  /** Records read, formatted, collected and written. */
  readonly recordsOut: number
  /** Records that came out of the runs, below all operators. Only cursors of openRuns() and openEveryRecord() have it. */
  readonly runRecords: number
  close(): void
}

export interface CollectOptions {
  /**
   * `same`: key and value stay. `byNumber`: the new key is 8 bytes of the value's first number (descending if asked; missing
   * ones last either way), then the old key, which dropPrefix(8) gives back; the value stays.
   */
  key: 'same' | 'byNumber'
  descending?: boolean
  layout: Layout
}

/**
 * Operators on typed columns, compiled from a program (pipeline_program.ts). Once it has failed, its collector refuses records, too.
 */
export interface Pipeline {
  /** Rows as encodeRows (rows.ts) gives them, of the columns that the program begins with. */
  addRows(bytes: Uint8Array): void
  /** Takes about `maxRecords` records of an exchange, and returns how many; 0 at the end, when all their rows have been passed on. */
  drain(cursor: Cursor, maxRecords: number): number
  /** The values of the operator `constants` for rows from now on (constantsProgram). */
  setConstants(program: Uint8Array): void
  /** There are no more rows: passes on what operators hold. */
  finish(): void
  /** What a text, Parquet or rows end has written since the last call. */
  takeOutput(): Uint8Array
  /** Rows at fault since the last call, in order: those of scans that add to it, and, with `keepBad`, those that operators made. */
  takeBad(): BadRow[]
  /** Rows that came in, and that the end received. */
  readonly rowsIn: number
  readonly rowsOut: number
  /** With `keepBad`: rows that the source of an exchange, or an operator, made. */
  readonly rowsMade: number
  /** That filters left out which count such rows. */
  readonly rowsLeftOut: number
  /** Held by operators. */
  readonly bytes: number
  /** Whether more rows are of no use. */
  readonly done: boolean
  /** Of its operators and its end, in their order; empty unless `measured`. */
  readonly measures: LinkMeasure[]
  /** Of the records that an exchange got, in the form of native/record/row_sample.h; null unless its program wants one. */
  readonly sample: Uint8Array | null
  /** Frees the memory now. */
  close(): void
}

/** An operator of a pipeline, or its end with what that calls. */
export interface LinkMeasure {
  rowsIn: number
  ms: number
}

export interface PipelineOptions {
  /** What operators may hold. */
  memoryBytes: number
  /** With a collector, as for Collector.isFull. */
  collectorBytes?: number
  enoughBytes?: number
  /** Leave out rows that operators made and that are at fault, and keep them for takeBad(), instead of throwing. */
  keepBad?: boolean
  /** Called in the middle of other calls: the collector is full, there is a megabyte of output, or many rows for takeBad(). It takes them. */
  onFull?: () => void
  /** A file of partitions begins in this folder; null: it ends, with so many rows. Its bytes come between. */
  onFile?: (folder: string | null, rows: number) => void
  /** What a codec of Parquet, by its number, makes of a page. */
  compress?: (codec: number, page: Uint8Array) => Uint8Array
  /** Complete ones, to which its joins refer by their places. */
  tables?: JoinTable[]
  measured?: boolean
}

/** The rows of one side of a join, by key. Threads that open one of the same name share it. */
export interface JoinTable {
  /** `mine`: this thread has to make it. `busy`: another thread does, and was not done in so many milliseconds. */
  claim(waitMs: number): 'mine' | 'busy' | 'ready'
  /** Works on about `maxRecords` records of an exchange of rows; 0 when the table is complete. */
  add(cursor: Cursor, maxRecords: number): number
  /**
   * Of a complete table, the least and the greatest value of a key with a set, as digits; none, if there is no value.
   *
   * @returns null for values that are not whole numbers
   */
  keyBounds(key: number): readonly string[] | null
  readonly bytes: number
  /** Pipelines that use it keep the memory. A table that is not complete is for another thread to make. */
  close(): void
}

export interface JoinTableOptions {
  /** Says what the table is made of. */
  name: string
  /** Its rows are in a file without a name there; absent: in memory. */
  folder?: string
  /** With a folder: what making it may take. */
  memoryBytes?: number
}

/** Rows of a Parquet file, by row group. The caller opens and closes the file. */
export interface ParquetScan {
  /** Begins with rows of a row group. */
  open(group: Uint8Array): void
  /**
   * Passes on about `rows` of its next rows, and returns how many; 0 at its end, or if the pipeline wants no more. Offsets of errors are rows,
   * counted from the group's first.
   */
  read(rows: number): number
  readonly rowsIn: number
  /** Frees the memory now. */
  close(): void
}

export interface ParquetScanOptions {
  /** Larger pages are refused. */
  maxPageBytes: number
  /** Skip rows for which an expression fails, and keep them for Pipeline.takeBad(), instead of throwing. */
  keepBad?: boolean
  /**
   * Undoes gzip (2) and brotli (4), to exactly `size` bytes; null if that fails. Must leave scan and pipeline alone.
   */
  decompress(codec: number, bytes: Uint8Array, size: number): Uint8Array | null
  /** Read columns for all rows, not only for those that pass the pipeline's first filters. */
  readAll?: boolean
}

export interface RunWriter {
  /** Partitions must not decrease from call to call. */
  add(partition: number, batch: RecordBatch, layout: Layout, count: number): void
  finish(meta: string): SpillInfo
  abort(): void
}

/** The runs of a folder that are in memory instead of files, for all threads of this process. */
export interface HeldRuns {
  has(name: string): boolean
  names(): string[]
  /** Writes a run to its file, in a thread of its own, and returns the file's bytes. It stays in memory. */
  save(name: string): Promise<number>
  /** Cursors that are open keep its memory. */
  drop(name: string): void
  /** Drops all. Later runs are files. */
  close(): void
}

/** Keys and values in one file. Keys are text of 1 to 511 bytes. All methods throw STATE_CORRUPT, DISK_FULL and FILE_IO. */
export interface Store {
  /** Removes, then puts, in one transaction, which survives the process but not the machine. Removing an absent key is fine. */
  write(removes: string[], keys: string[], values: Uint8Array[]): void
  get(key: string): Buffer | undefined
  /** All entries whose key begins with `prefix`, in byte order. STATE_CORRUPT if they are larger than `maxBytes`. */
  entries(prefix: string, maxBytes: number): [key: string, value: Buffer][]
  close(): void
}

/** How the text of a CSV file is split: one ASCII character each, and no two the same. */
export interface CsvCharacters {
  delimiter: string
  quote: string | null
  escape?: string | null
  comment?: string | null
  trim?: boolean
}

/** How CSV is read, for any reader. */
export interface CsvReadOptions extends CsvCharacters {
  skipBom: boolean
  /** Fields to read as empty. */
  missing?: string[]
  /** Fields of a row; default: any number. */
  columns?: number
  /** This many, the first ones, must be there. */
  leastColumns?: number
  /** What to do with other rows; default: `error`. */
  raggedRows?: 'error' | 'fill' | 'drop'
  /** A longer row is RECORD_TOO_LARGE; 1 GiB by default and at most. */
  maxRecordBytes?: number
  /**
   * Skip bad records and keep them for takeBad(), instead of throwing. A record with wrong quotes ends at its first line, so a forgotten
   * quote costs no more than that line.
   */
  keepBad?: boolean
}

/** A record that was skipped. */
export interface BadRecord {
  code: string
  detail: string
  /** From the start of the first chunk; of Parquet: the row, counted from the group's first. */
  offset: number
  /** Its beginning, without a line end. */
  excerpt: string
}

/** A row that was skipped. */
export interface BadRow extends BadRecord {
  /**
   * Of a row that is no record of a file, so that it has no offset, and its excerpt is JSON: what made it. 0 is the source, 1 the first operator
   * of the program.
   */
  maker?: number
}

/** How long a word or line may be, and what happens to a longer one. */
export interface RecordLimit {
  /** A longer one is RECORD_TOO_LARGE; 4 GiB by default and at most, and no less than 16 KiB for mappers. */
  maxRecordBytes?: number
  /** Skip a longer one, without holding it, and keep a note for takeBad(). */
  keepBad?: boolean
}

export type MapperSpec =
  /** The limit is for words. A line with words that are too long is one bad record; only these words are left out. */
  | ({ op: 'words'; lowercase: boolean } & RecordLimit)
  | ({ op: 'lines' } & RecordLimit)
  | (CsvReadOptions & {
      op: 'fields'
      keys: number[]
      values: { kind: ValueKind; row?: boolean; columns: number[] }[]
      skipHeader: boolean
      /** How numbers are written; default: `.` and no separator. */
      decimal?: '.' | ','
      thousands?: string | null
      /** Join side: 0 right, 1 left. */
      tag?: number
    })

export type CsvScanSpec = CsvReadOptions & {
  /** Where each of the pipeline's columns is in a row; null: its values are missing. */
  fields: (number | null)[]
  skipHeader: boolean
  /** How numbers are written; default: `.` and no separator. */
  decimal?: '.' | ','
  thousands?: string | null
}

export interface AvroScanSpec extends RecordLimit {
  /** Of the file, and of the rows: io/format/avro/program.ts. */
  layout: Uint8Array
  codec: AvroCodec
  /** What each block ends with. */
  sync: Uint8Array
  /** Larger blocks are refused. */
  maxBlockBytes: number
  /** Undoes `deflate`; null if the bytes are damaged, or become more than `most`. Must leave scan and pipeline alone. */
  inflate(bytes: Uint8Array, most: number): Uint8Array | null
}

export type AvroCodec = 'null' | 'deflate' | 'snappy' | 'zstandard'

/** Rows of a file's text for a pipeline, whose takeBad() has the bad ones. */
export type TextScan = Omit<Mapper, 'takeBad'>

export interface Mapper {
  /**
   * Takes the next bytes; processes every record that starts before `limit` (bytes from the start of the first chunk, or
   * Infinity). Returns true once nothing more is wanted. Errors carry `offset`, counted the same way.
   */
  push(chunk: Uint8Array, limit: number, last: boolean): boolean
  /** Bad records skipped since the last call, in order. They are included in recordsIn. */
  takeBad(): BadRecord[]
  readonly position: number
  readonly recordsIn: number
  readonly recordsOut: number
  /** Of recordsIn: ragged rows that were dropped, as asked. */
  readonly recordsDropped: number
}

/** Lines that contain (or, inverted, do not contain) a literal; returns their bytes, newline included. */
export interface LineFilter {
  push(chunk: Uint8Array, limit: number, last: boolean): { output: Uint8Array; done: boolean }
  /** As Mapper.takeBad. */
  takeBad(): BadRecord[]
  readonly position: number
  readonly recordsIn: number
  readonly recordsOut: number
}

/** Rows of CSV as text, of which every field is a slice; if the columns are known, each row has all of them. A copy. */
export interface CsvBlock {
  /** Text to decode as latin1. */
  bytes: Buffer
  /** Text to decode as UTF-16, little endian: the fields that are not ASCII. */
  wide: Buffer
  rows: number
  /** Row r's fields are `rowEnds[r-1]` to `rowEnds[r]`. */
  rowEnds: Uint32Array
  /**
   * Field i, with quotes removed or undone, goes from `fields[2 * i]` to `fields[2 * i + 1]` in `bytes`; where that start is negative, from
   * `~fields[2 * i]` in `wide`.
   */
  fields: Int32Array
}

export interface CsvReader {
  /** As Mapper.push, at most 1 MiB at once; a row of more than 254 MiB is RECORD_TOO_LARGE. */
  push(chunk: Uint8Array, limit: number, last: boolean): { block: CsvBlock; done: boolean }
  /** Where row r of the last block starts, from the start of the first chunk. */
  rowOffset(r: number): number
  /** Row r of the last block as in the input, without its line end. */
  rowBytes(r: number): Buffer
  /** As Mapper.takeBad: rows with wrong quotes, ragged rows and rows that are too long. */
  takeBad(): BadRecord[]
  readonly position: number
  /** Ragged rows that were dropped, as asked. */
  readonly recordsDropped: number
}

/** Lines of JSON, for their fields of the reader's names: where each is in the string that the caller has of them. */
export interface JsonBlock {
  lines: number
  /** For each line, and then for each of its fields, two integers: json_reader.h. */
  bounds: Int32Array
  /** For each field of each line. */
  numbers: Float64Array
  /** Where the next line starts, in the bytes and in the string. */
  bytes: number
  units: number
}

export interface JsonReader {
  /**
   * Describes lines from byte `from` on, which is `units` in the string, up to what a block has room for.
   *
   * @param samePlaces whether each byte is one unit of the string; otherwise the string is the bytes decoded as UTF-8
   */
  read(bytes: Uint8Array, samePlaces: boolean, from: number, units: number): JsonBlock
}

/** XXH64, with a seed of 0, of bytes given in pieces. */
export interface Hasher {
  add(data: Uint8Array): void
  /** Of all bytes added. */
  digest(): bigint
}

/**
 * Writes a file in the background, up to 2 MiB behind, and past the page cache if the filesystem can. The caller opens, flushes and closes
 * the file.
 */
export interface FileWriter {
  /** Copies the bytes. Returns 0, or the errno of this or of an earlier write; the rest is not written then. */
  write(bytes: Uint8Array): number
  /** Waits until everything is written; returns as write does. */
  finish(): number
  readonly bytes: number
  /** XXH64 of all bytes. */
  digest(): bigint
  /** Ends the writer. Unfinished data may be missing. */
  close(): void
}

/** One of so many equal shares of records, in their order. */
export interface Share {
  index: number
  of: number
}

/** Keys from one on, and those before another; only of ascending runs. */
export interface KeyRange {
  from?: Uint8Array
  to?: Uint8Array
  /** Only of a range in which all records have one key. */
  share?: Share
}

export interface Kernels {
  createCollector(options: CollectorOptions): Collector
  createMapper(spec: MapperSpec, collector: Collector): Mapper
  /** @param program joinTableProgram (join_program.ts) */
  createJoinTable(program: Uint8Array, options: JoinTableOptions): JoinTable
  /** @param collector of the exchange that it ends in: mode `append`, layout `['bytes']`; null: it gives bytes */
  createPipeline(program: Uint8Array, collector: Collector | null, options: PipelineOptions): Pipeline
  /** Rows of CSV for a pipeline. */
  createCsvScan(spec: CsvScanSpec, pipeline: Pipeline): TextScan
  /** Rows of JSON lines, likewise. */
  createJsonScan(spec: RecordLimit & { skipBom: boolean }, pipeline: Pipeline): TextScan
  /**
   * Rows of an Avro file, from the start of a block on. `position` is where the next block starts. Offsets of bad rows are rows, counted from
   * the first; those of AVRO_CORRUPT and AVRO_UNSUPPORTED are bytes.
   */
  createAvroScan(spec: AvroScanSpec, pipeline: Pipeline): TextScan
  /** Lines, without their ends, as a column of text, or only their number. */
  createLineScan(spec: RecordLimit & { skipBom: boolean }, pipeline: Pipeline): TextScan
  /**
   * What a footer says of row groups.
   *
   * @param start of the footer in its file
   * @returns numbers: native/parquet/footer.h; end: where its list of row groups ends, 0 if there is none
   * @throws PARQUET_CORRUPT
   */
  readRowGroups(footer: Uint8Array, start: number): { numbers: Float64Array; end: number }
  /** @param spec of the file, and the rows of a group: io/format/parquet/program.ts */
  createParquetScan(spec: Uint8Array, fd: number, pipeline: Pipeline, options: ParquetScanOptions): ParquetScan
  /** A line within one chunk is not measured. */
  createLineFilter(options: RecordLimit & { literal: Uint8Array; invert: boolean; ignoreCase: boolean }): LineFilter
  createCsvReader(options: CsvReadOptions): CsvReader
  createJsonReader(names: string[]): JsonReader
  createRunWriter(path: string, partitions: number, estimatedBytes: number): RunWriter
  /**
   * From now on a folder's runs are in memory while they fit, if their writer begins within `durationMs`: their `fileBytes` are 0, and
   * openRuns() finds them by the paths that their files would have. Closes what was held for this folder before.
   */
  holdRuns(dir: string, limitBytes: number, durationMs: number): HeldRuns
  /**
   * Only one process may write a store; others may open it read-only at the same time. A damaged file may end the process: if this process
   * did not write the file, let another one read it.
   */
  openStore(path: string, options: { readOnly: boolean }): Store
  /** Opens partition `partition` of each run and merges them; equal keys keep the order of `paths`. */
  openRuns(paths: string[], partition: number, options: { descending: boolean } & KeyRange): Cursor
  /** All records of the runs, run by run and partition by partition. It opens each as it comes to it. */
  openEveryRecord(paths: string[]): Cursor
  readRunInfo(path: string): RunInfo
  /** Returns memory that this thread's collectors have freed and that was kept for later ones. */
  releaseMemory(): void
  /** Best guess of the first record start at or after `from` in a chunk taken out of the middle of a CSV file. */
  guessCsvRecordStart(chunk: Uint8Array, from: number, options: CsvCharacters & { columns: number }): number
  setLowercaseTable(table: Uint32Array): void
  /** Of this thread: what expressions leave to JavaScript (host.ts). */
  setTextHost(host: typeof textHost): void
  /** Of this thread: functions of the user's in expressions. */
  setUdfHost(host: typeof udfHost): void
  formatNumber(x: number): string
  parseNumber(text: Uint8Array): number | undefined
  /** As Buffer.toString, faster for what is not ASCII. */
  decodeUtf8(bytes: Uint8Array): string
  hashKey(key: Uint8Array): bigint
  xxh64(data: Uint8Array, seed: bigint): bigint
  createHasher(): Hasher
  /** `fd` is that of an empty file. */
  createFileWriter(fd: number): FileWriter
  /** SIMD level in use, and the compiler that built the addon. */
  readonly build: { simd: string; compiler: string; sanitizer: boolean }
}
