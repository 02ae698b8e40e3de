/** Reads sorted records from native memory for a user's function: a batch at a time, decoded when they are read. */
import { RunjobError } from '../../base/errors.js'
import { splitCsvRow } from '../../io/format/csv/rows.js'
import type { BytesColumn, Cursor, RecordBatch } from '../../kernels/kernels.js'
import { layoutOf } from '../../kernels/layout.js'
import { decodeAny, numberIn, TEXT_TAG } from '../../plan/any.js'
import { decode, isColumns, isMissingText, isRow, valueColumns } from '../../plan/codec.js'
import type { CodecSpec, ColumnSpec, MissingText, RecordSpec } from '../../plan/plan.js'
import type { TaskClock } from './clock.js'
import type { TaskEnvironment } from './environment.js'

const BATCH_RECORDS = 8192
const BATCH_BYTES = 1 << 19

/** One column of bytes and, if all of it is ASCII, one string of the whole batch to slice values from. */
class BytesReader implements BytesColumn {
  bytes: Buffer = Buffer.allocUnsafeSlow(BATCH_BYTES)
  readonly ends = new Uint32Array(BATCH_RECORDS)
  readonly #codec: CodecSpec
  readonly #missing: MissingText | undefined
  #text: string | null = null

  constructor({ codec, missing }: Pick<ColumnSpec, 'codec' | 'missing'>) {
    this.#codec = codec
    this.#missing = missing
  }

  grow(bytes: number): void {
    if (bytes > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(bytes)
  }

  loaded(count: number, ascii: boolean): void {
    const mayBeText = this.#codec === 'string' || this.#codec === 'any'
    this.#text = ascii && mayBeText ? this.bytes.toString('latin1', 0, this.ends[count - 1]!) : null
  }

  at(i: number): unknown {
    const start = i === 0 ? 0 : this.ends[i - 1]!
    const end = this.ends[i]!
    if (this.#missing && isMissingText(this.bytes.subarray(start, end), this.#missing)) return null
    if (this.#text !== null) {
      if (this.#codec === 'string') return this.#text.slice(start, end)
      if (this.bytes[start] === TEXT_TAG) return this.#text.slice(start + 1, end)
    }
    if (this.#codec === 'string') return this.bytes.toString('utf8', start, end)
    if (this.#codec === 'any') return numberIn(this.bytes, start) ?? decodeAny(this.bytes.subarray(start, end))
    return decode(this.#codec, this.bytes.subarray(start, end))
  }
}

export interface RecordReaderOptions {
  record: RecordSpec
  prefixGrouping: boolean
  /** Called before a batch is read: earlier records have been used. */
  beforeBatch?: () => void
  /** Reading counts as time of kind `merge`. */
  clock?: TaskClock
  /** Called once per batch; throws to stop. */
  onBatch?: (records: number) => void
}

function numberAt(column: Float64Array, i: number): number | null {
  const number = column[i]!
  return Number.isNaN(number) ? null : number
}

/** Reads records one by one. Call `advance()` first; then `key`, `value` and `startsGroup` belong to the current record. */
export class RecordReader {
  readonly #cursor: Cursor
  readonly #options: RecordReaderOptions
  readonly #keys: BytesReader
  readonly #columns: (Float64Array | BytesReader)[]
  readonly #groupStarts = new Uint8Array(BATCH_RECORDS)
  readonly #batch: RecordBatch
  readonly #layout
  readonly #value: (i: number) => unknown
  #count = 0
  #at = -1

  constructor(cursor: Cursor, options: RecordReaderOptions) {
    this.#cursor = cursor
    this.#options = options
    const { record } = options
    this.#keys = new BytesReader({ codec: record.key })
    const specs = valueColumns(record.value)
    this.#layout = layoutOf(record.value)
    this.#columns = specs.map((spec) =>
      spec.codec === 'number' ? new Float64Array(BATCH_RECORDS) : new BytesReader(spec),
    )
    this.#batch = { keys: this.#keys, columns: this.#columns, groupStarts: this.#groupStarts }
    const columns = this.#columns
    const read = (column: Float64Array | BytesReader, i: number) =>
      column instanceof Float64Array ? numberAt(column, i) : column.at(i)
    if (isColumns(record.value)) {
      this.#value = (i) => Object.fromEntries(specs.map(({ name }, c) => [name, read(columns[c]!, i)]))
    } else if (isRow(record.value)) {
      this.#value = (i) => columns.flatMap((column) => splitCsvRow(read(column, i) as string))
    } else {
      const [only] = columns
      this.#value = only instanceof Float64Array ? (i) => numberAt(only, i) : (i) => (only as BytesReader).at(i)
    }
  }

  /** Moves to the next record; false at the end. */
  advance(): boolean {
    if (++this.#at < this.#count) return true
    if (this.#options.clock) this.#options.clock.time('merge', () => this.#load())
    else this.#load()
    this.#at = 0
    return this.#count > 0
  }

  get key(): unknown {
    return this.#keys.at(this.#at)
  }

  get value(): unknown {
    return this.#value(this.#at)
  }

  /** Whether the key differs from the previous record's key. */
  get startsGroup(): boolean {
    return this.#groupStarts[this.#at] === 1
  }

  #load(): void {
    const options = { prefixGrouping: this.#options.prefixGrouping, maxRecords: BATCH_RECORDS }
    this.#options.beforeBatch?.()
    let result: { count: number; keysAscii: boolean; valuesAscii: boolean }
    try {
      result = this.#cursor.read(this.#batch, this.#layout, options)
    } catch (error) {
      const need = batchNeed(error)
      if (!need) throw error
      this.#keys.grow(need.keyBytes)
      for (const column of this.#columns) if (column instanceof BytesReader) column.grow(need.valueBytes)
      result = this.#cursor.read(this.#batch, this.#layout, options)
    }
    this.#count = result.count
    if (result.count === 0) return
    this.#keys.loaded(result.count, result.keysAscii)
    for (const column of this.#columns) {
      if (column instanceof BytesReader) column.loaded(result.count, result.valuesAscii)
    }
    this.#options.onBatch?.(result.count)
  }
}

/** What a task does once per batch: check the stop flag, and report progress. */
export function watched(env: TaskEnvironment): Required<Pick<RecordReaderOptions, 'clock' | 'onBatch'>> {
  return {
    clock: env.clock,
    onBatch(records) {
      env.checkStop()
      env.progress(0, records, 0)
    },
  }
}

/** Reads all of a task's records, without grouping. */
export function forEachRecord(
  cursor: Cursor,
  record: RecordSpec,
  env: TaskEnvironment,
  use: (key: unknown, value: unknown) => void,
): void {
  const reader = new RecordReader(cursor, { record, prefixGrouping: false, ...watched(env) })
  while (reader.advance()) use(reader.key, reader.value)
}

/** The size of a record that is larger than a whole batch. */
function batchNeed(error: unknown): { keyBytes: number; valueBytes: number } | null {
  const { code, keyBytes, valueBytes } = error as { code?: unknown; keyBytes?: unknown; valueBytes?: unknown }
  if (code !== 'BATCH_TOO_SMALL' || typeof keyBytes !== 'number' || typeof valueBytes !== 'number') return null
  return { keyBytes, valueBytes }
}

/** The values of one group: they can be read once, and are never all in memory. */
class GroupValues implements Iterable<unknown>, Iterator<unknown> {
  readonly #reader: RecordReader
  /** The reader is at a value of this group that has not been returned yet. */
  #pending = true
  #taken = false
  /** The reduce has returned. */
  #isOver = false
  /** The reader has reached the next group (or the end). */
  done = false
  atEnd = false

  constructor(reader: RecordReader) {
    this.#reader = reader
  }

  [Symbol.iterator](): Iterator<unknown> {
    if (this.#taken) throw new RunjobError('VALUES_READ_TWICE', {})
    this.#taken = true
    return this
  }

  next(): IteratorResult<unknown> {
    if (!this.#pending) this.#advance()
    if (this.done) {
      if (this.#isOver) throw new RunjobError('EMIT_LATE', { what: 'values.next()' })
      return { done: true, value: undefined }
    }
    this.#pending = false
    return { done: false, value: this.#reader.value }
  }

  #advance(): void {
    if (this.done) return
    this.atEnd = !this.#reader.advance()
    this.done = this.atEnd || this.#reader.startsGroup
    this.#pending = !this.done
  }

  /** Skips what the reducer did not read. */
  skipRest(): void {
    this.#taken = true
    while (!this.done) this.#advance()
    this.#isOver = true
  }
}

/** Calls `reduce` once per group. */
export function forEachGroup(reader: RecordReader, reduce: (key: unknown, values: Iterable<unknown>) => void): number {
  let groups = 0
  let more = reader.advance()
  while (more) {
    const values = new GroupValues(reader)
    reduce(reader.key, values)
    values.skipRest()
    more = !values.atEnd
    groups++
  }
  return groups
}
