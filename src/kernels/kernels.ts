/**
 * The native kernels, typed. One call per block or batch, never per record.
 *
 * Every call may throw an Error with `code` and `detail` (and more: NativeError in index.ts), which fromNative() turns into
 * a RunjobError. Arguments are checked, all of them: a wrong one is BAD_ARGUMENT. An object that failed half-way, or was
 * closed, refuses further calls with BAD_ARGUMENT too. Typed arrays may not lie on shared memory.
 */

/** Number: IEEE double, NaN means "missing". Bytes: any bytes. */
export type ValueKind = 'number' | 'bytes'

/** What a record's value is made of, in order. */
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

export type AggregateFn = 'count' | 'sum' | 'min' | 'max' | 'mean' | 'first' | 'last' | 'top' | 'distinct'

export interface AggregateSpec {
  fn: AggregateFn
  /** Index into the batch's columns; -1 for `count` of records. */
  column: number
  kind: ValueKind
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
  /** Keys are composite (see plan/key.ts): group part, then a part that only orders. */
  prefixGrouping?: boolean
  /** Append only: keep the first N records in sort order. */
  take?: number
  /** From so many keys on, mode 'hash' stops looking keys up if they hardly repeat. */
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
  fileBytes: number
  partitions: PartitionCount[]
}

export interface Collector {
  /**
   * Adds the first `count` records of the batch; copies them. Key bytes that end 64 bytes or more before their ArrayBuffer
   * does are read in place; others are copied once more.
   */
  add(batch: RecordBatch, count: number): void
  /** Bytes held, sorting included. */
  readonly bytes: number
  /** Whether to spill: it holds more than its budget or, if it has nothing of holding more, than enough. */
  isFull(budgetBytes: number, enoughBytes: number): boolean
  readonly recordsIn: number
  /** Held now. In mode 'hash', what a spill writes may be fewer. */
  readonly entries: number
  /** Handed to run files so far. */
  readonly recordsOut: number
  /** Sorts by (partition, key), writes a run file, empties itself. `meta` is JSON text kept in the run. */
  spill(path: string, meta: string): SpillInfo
  /**
   * The sorted records, still in memory, for a combiner outside. Nothing but clear() or close() may follow, and either ends
   * the cursor.
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
  escape?: boolean
  delimiter?: string
  valuesOnly?: boolean
}

/** A sorted stream of records. Operators take the cursor over: use only what they return. */
export interface Cursor {
  aggregate(aggregates: AggregateSpec[], finalize: boolean): Cursor
  finalize(aggregates: AggregateSpec[]): Cursor
  take(count: number): Cursor
  /** Cuts the first `bytes` bytes off every key: 8 undo `byNumber`. */
  dropPrefix(bytes: number): Cursor
  join(options: { leftOuter: boolean; missingRight: Uint8Array; groupLimitBytes: number }): Cursor
  /** Remember the n records with the largest first number. */
  trackTop(layout: Layout, n: number): Cursor
  top(): { key: Uint8Array; number: number }[]

  /**
   * Fills the batch with the next records, as many as fit. A record that does not fit an empty batch throws
   * BATCH_TOO_SMALL with `{ keyBytes, valueBytes }`: call again with larger buffers.
   * With `prefixGrouping`, keys come out as their group parts, plain. `groupStarts` compares what comes out, with the last
   * record of the batch before too. On a cursor with partitions, a batch ends where the partition changes.
   */
  read(batch: RecordBatch, layout: Layout, options: { prefixGrouping: boolean; maxRecords: number }): ReadResult
  /** Formatted bytes of the next records, about `wantBytes` of them; empty at the end. */
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
  /** Records that came out of the runs, below all operators. Only cursors of openRuns() have it. */
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

export interface RunWriter {
  /** Partitions rise from call to call. */
  add(partition: number, batch: RecordBatch, layout: Layout, count: number): void
  finish(meta: string): SpillInfo
  abort(): void
}

/** Keys and values in one file. Keys are text of 1 to 511 bytes. All methods throw STATE_CORRUPT, DISK_FULL and FILE_IO. */
export interface Store {
  /** Removes, then puts, in one transaction, which outlives the process and not the machine. What is removed need not be there. */
  write(removes: string[], keys: string[], values: Uint8Array[]): void
  get(key: string): Buffer | undefined
  /** All whose key begins with `prefix`, in the order of the keys' bytes. STATE_CORRUPT if they are larger than `maxBytes`. */
  entries(prefix: string, maxBytes: number): [key: string, value: Buffer][]
  close(): void
}

/** How CSV is read, whatever is made of it. */
export interface CsvReadOptions {
  delimiter: string
  quote: string | null
  skipBom: boolean
  /** A longer row is RECORD_TOO_LARGE; 1 GiB by default and at most. */
  maxRecordBytes?: number
  /**
   * Pass over bad records and keep them for takeBad(), instead of throwing. One that is no row by its quotes ends with its first line:
   * a quote that somebody forgot takes no more than that along.
   */
  keepBad?: boolean
}

/** A record that was passed over. */
export interface BadRecord {
  code: string
  detail: string
  /** From the start of the first chunk. */
  offset: number
  /** Its beginning, without a line end. */
  excerpt: string
}

/** How long a word or line may be, and what becomes of a longer one. */
export interface RecordLimit {
  /** A longer one is RECORD_TOO_LARGE; 4 GiB by default and at most, and no less than 16 KiB for mappers. */
  maxRecordBytes?: number
  /** Pass over what is longer, without holding it, and keep a note for takeBad(). */
  keepBad?: boolean
}

export type MapperSpec =
  /** The limit is for words. A line with words that are too long is one bad record; what is left out are these words. */
  | ({ op: 'words'; lowercase: boolean } & RecordLimit)
  | ({ op: 'lines' } & RecordLimit)
  | (CsvReadOptions & {
      op: 'fields'
      keys: number[]
      values: { kind: ValueKind; row?: boolean; columns: number[] }[]
      skipHeader: boolean
      /** Join side: 0 right, 1 left. */
      tag?: number
    })

export interface Mapper {
  /**
   * Takes the next bytes; processes every record that starts before `limit` (bytes from the start of the first chunk, or
   * Infinity). Returns true once nothing more is wanted. Errors carry `offset`, counted the same way.
   */
  push(chunk: Uint8Array, limit: number, last: boolean): boolean
  /** Bad records passed over since the last call, in order. They count among recordsIn. */
  takeBad(): BadRecord[]
  readonly position: number
  readonly recordsIn: number
  readonly recordsOut: number
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

/** Rows of CSV as text, of which every field is a slice. All of it is a copy. */
export interface CsvBlock {
  /** Text to be decoded as latin1. */
  bytes: Buffer
  /** Text to be decoded as UTF-16, little endian: the fields that are not ASCII. */
  wide: Buffer
  rows: number
  /** Row r's fields are `rowEnds[r-1]` to `rowEnds[r]`. */
  rowEnds: Uint32Array
  /**
   * Field i, quotes left out or undone, goes from `fields[2 * i]` to `fields[2 * i + 1]` in `bytes`; where that start is negative, from
   * `~fields[2 * i]` in `wide`.
   */
  fields: Int32Array
}

export interface CsvReader {
  /** As Mapper.push, at most 1 MiB at once; a row of more than 254 MiB is RECORD_TOO_LARGE. */
  push(chunk: Uint8Array, limit: number, last: boolean): { block: CsvBlock; done: boolean }
  /** Where row r of the last block starts, from the start of the first chunk. */
  rowOffset(r: number): number
  /** Row r of the last block as it stands in the input, without its line end. */
  rowBytes(r: number): Buffer
  /** As Mapper.takeBad: what is no row by its quotes, or too long. */
  takeBad(): BadRecord[]
  readonly position: number
}

/** XXH64, with a seed of 0, of bytes that come in pieces. */
export interface Hasher {
  add(data: Uint8Array): void
  /** Of all that was added. */
  digest(): bigint
}

/**
 * Writes a file past the page cache, where the filesystem can, and in the background: up to 2 MiB are on their way. The file is the
 * caller's to open, flush and close.
 */
export interface FileWriter {
  /** Copies the bytes. Returns 0, or the errno of this or of an earlier write; the rest is not written then. */
  write(bytes: Uint8Array): number
  /** Waits until all is written; returns as write does. */
  finish(): number
  readonly bytes: number
  /** XXH64 of all bytes. */
  digest(): bigint
  /** Ends the writer. What was not finished may be missing. */
  close(): void
}

export interface Kernels {
  createCollector(options: CollectorOptions): Collector
  createMapper(spec: MapperSpec, collector: Collector): Mapper
  /** A line is not measured if it lies in one chunk. */
  createLineFilter(options: RecordLimit & { literal: Uint8Array; invert: boolean; ignoreCase: boolean }): LineFilter
  createCsvReader(options: CsvReadOptions): CsvReader
  createRunWriter(path: string, partitions: number, estimatedBytes: number): RunWriter
  /**
   * One process writes a store, once opened; others may open it read-only meanwhile. Damage to the file may end the process: whoever did
   * not write it lets another one read it.
   */
  openStore(path: string, options: { readOnly: boolean }): Store
  /** Opens partition `partition` of each run and merges them; equal keys keep the order of `paths`. */
  openRuns(paths: string[], partition: number, options: { descending: boolean }): Cursor
  readRunInfo(path: string): RunInfo
  /** Gives back the memory that collectors of this thread have freed and that was kept for the next ones. */
  releaseMemory(): void
  /** Best guess of the first record start at or after `from` in a chunk taken out of the middle of a CSV file. */
  guessCsvRecordStart(
    chunk: Uint8Array,
    from: number,
    options: { delimiter: string; quote: string | null; columns: number },
  ): number
  setLowercaseTable(table: Uint32Array): void
  formatNumber(x: number): string
  parseNumber(text: Uint8Array): number | undefined
  hashKey(key: Uint8Array): bigint
  xxh64(data: Uint8Array, seed: bigint): bigint
  createHasher(): Hasher
  /** `fd` is that of an empty file. */
  createFileWriter(fd: number): FileWriter
  /** SIMD level in use, and the compiler that built the addon. */
  readonly build: { simd: string; compiler: string; sanitizer: boolean }
}
