/** The way of sorted records from native memory to a user's function: a batch at a time, decoded on the way out. */
import { RunjobError } from '../base/errors.js'
import type { BytesColumn, Cursor, RecordBatch } from '../kernels/kernels.js'
import { decode, isColumns, layoutOf, valueColumns } from '../plan/codec.js'
import type { CodecSpec, RecordSpec } from '../plan/plan.js'
import type { TaskClock } from './clock.js'

const BATCH_RECORDS = 8192
const BATCH_BYTES = 1 << 19

/** One column of bytes, and, while all of it is ASCII, one string of the whole batch to slice values from. */
class BytesReader implements BytesColumn {
  bytes: Buffer = Buffer.allocUnsafeSlow(BATCH_BYTES)
  readonly ends = new Uint32Array(BATCH_RECORDS)
  readonly #codec: CodecSpec
  #text: string | null = null

  constructor(codec: CodecSpec) {
    this.#codec = codec
  }

  grow(bytes: number): void {
    if (bytes > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(bytes)
  }

  loaded(count: number, ascii: boolean): void {
    this.#text = ascii && this.#codec === 'string' ? this.bytes.toString('latin1', 0, this.ends[count - 1]!) : null
  }

  at(i: number): unknown {
    const start = i === 0 ? 0 : this.ends[i - 1]!
    const end = this.ends[i]!
    if (this.#text !== null) return this.#text.slice(start, end)
    if (this.#codec === 'string') return this.bytes.toString('utf8', start, end)
    return decode(this.#codec, this.bytes.subarray(start, end))
  }
}

export interface RecordReaderOptions {
  record: RecordSpec
  prefixGrouping: boolean
  /** Called before a batch is read: what was read so far has been used. */
  beforeBatch?: () => void
  /** Reading is time of the kind `merge`. */
  clock?: TaskClock
  /** Called once a batch; throws to stop. */
  onBatch?: (records: number) => void
}

/** Reads records one by one. `advance()` first; then `key`, `value` and `startsGroup` are those of the current record. */
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
    this.#keys = new BytesReader(record.key)
    const specs = valueColumns(record.value)
    this.#layout = layoutOf(record.value)
    this.#columns = specs.map(({ codec }) =>
      codec === 'number' ? new Float64Array(BATCH_RECORDS) : new BytesReader(codec),
    )
    this.#batch = { keys: this.#keys, columns: this.#columns, groupStarts: this.#groupStarts }
    const columns = this.#columns
    const read = (column: Float64Array | BytesReader, i: number) =>
      column instanceof Float64Array ? column[i] : column.at(i)
    if (isColumns(record.value)) {
      this.#value = (i) => Object.fromEntries(specs.map(({ name }, c) => [name, read(columns[c]!, i)]))
    } else {
      const [only] = columns
      this.#value = only instanceof Float64Array ? (i) => only[i] : (i) => (only as BytesReader).at(i)
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

  /** Whether the key differs from that of the record before. */
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

/** One record is larger than the whole batch: how large. */
function batchNeed(error: unknown): { keyBytes: number; valueBytes: number } | null {
  const { code, keyBytes, valueBytes } = error as { code?: unknown; keyBytes?: unknown; valueBytes?: unknown }
  if (code !== 'BATCH_TOO_SMALL' || typeof keyBytes !== 'number' || typeof valueBytes !== 'number') return null
  return { keyBytes, valueBytes }
}

/** The values of one group: they can be read once, and are never all in memory. */
class GroupValues implements Iterable<unknown>, Iterator<unknown> {
  readonly #reader: RecordReader
  /** The reader stands on a value of this group that has not been handed out. */
  #pending = true
  #taken = false
  /** The reader went on to the next group (or the end). */
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
    if (this.done) return { done: true, value: undefined }
    this.#pending = false
    return { done: false, value: this.#reader.value }
  }

  #advance(): void {
    if (this.done) return
    this.atEnd = !this.#reader.advance()
    this.done = this.atEnd || this.#reader.startsGroup
    this.#pending = !this.done
  }

  /** Passes over what the reducer did not read. */
  skipRest(): void {
    this.#taken = true
    while (!this.done) this.#advance()
  }
}

/** Calls `reduce` once a group. */
export function forEachGroup(reader: RecordReader, reduce: (key: unknown, values: Iterable<unknown>) => void): void {
  let more = reader.advance()
  while (more) {
    const values = new GroupValues(reader)
    reduce(reader.key, values)
    values.skipRest()
    more = !values.atEnd
  }
}
