/**
 * The way of a user's records into native memory: `emit` writes key bytes and numbers into typed arrays, and the native side is called
 * once a batch.
 */
import { RunjobError } from '../base/errors.js'
import type { BytesColumn, RecordBatch } from '../kernels/kernels.js'
import { codecName, encode, encodeOrder, encodePrefix, typeName, valueColumns } from '../plan/codec.js'
import type { Emit, OrderFunction, PartitionFunction } from '../plan/functions.js'
import type { CodecSpec, RecordSpec } from '../plan/plan.js'
import type { Undoable } from './record_guard.js'

/** So many that the call costs nothing, so few that the batch is still in the cache when the collector reads it. */
const BATCH_RECORDS = 4096
const KEY_BYTES = 1 << 20
const VALUE_BYTES = 1 << 20
/** Kernels may load whole words at the end of the keys (native/batch.h). */
const PADDING = 64
const SURROGATES_START = 0xd800
const SURROGATES_END = 0xdfff
/** Below this a loop over charCodeAt beats a call into the runtime. */
const SHORT = 48
/** Where one record alone may not go: batch offsets are 32 bits. */
const MAX_BYTES = 0xffff_0000

export interface EmitterOptions {
  record: RecordSpec
  order?: OrderFunction | null
  /** Keys are composite although nothing orders them inside a group. */
  partition?: { choose: PartitionFunction; partitions: number } | null
  /** Records of a map that fails half-way can be taken back. */
  undoable?: boolean
  /** Takes the batch's first `count` records; must have copied them when it returns. */
  flush(batch: RecordBatch, count: number): void
}

/** What `undoable` asks for, between one call of a map and the next. */
export interface Emitter extends Undoable {
  emit: Emit
  /** Hands over what is left. */
  flush(): void
  /** Records emitted so far. */
  readonly count: number
}

/** A growing column of bytes that is being filled. */
class BytesWriter implements BytesColumn {
  bytes: Buffer
  readonly ends = new Uint32Array(BATCH_RECORDS)
  at = 0
  /** Bytes that may be written, all in all. */
  #room: number

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity + PADDING)
    this.#room = capacity
  }

  /** Room for `bytes` more; a batch is flushed before it comes to this, unless one record alone is as large. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.#room) return
    const need = this.at + bytes + PADDING
    if (need > MAX_BYTES) throw new RunjobError('RECORD_TOO_LARGE', { bytes: need, limit: MAX_BYTES })
    const grown = Buffer.allocUnsafeSlow(Math.max(need, Math.min(2 * this.bytes.length, MAX_BYTES)))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
    this.#room = grown.length - PADDING
  }

  text(text: string): void {
    const length = text.length
    if (length > SHORT) {
      this.#encode(text)
      return
    }
    // Kept this small, and free of calls, it is inlined into the loop in which a user's map calls emit.
    if (this.at + 3 * SHORT > this.#room) this.reserve(3 * SHORT)
    const { bytes, at } = this
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        this.#shortText(text)
        return
      }
      bytes[at + i] = code
    }
    this.at = at + length
  }

  /** There is room for it. */
  #shortText(text: string): void {
    const { bytes } = this
    let { at } = this
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x80) {
        bytes[at++] = code
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6)
        bytes[at++] = 0x80 | (code & 0x3f)
      } else if (code < SURROGATES_START || code > SURROGATES_END) {
        bytes[at++] = 0xe0 | (code >> 12)
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f)
        bytes[at++] = 0x80 | (code & 0x3f)
      } else {
        this.#encode(text)
        return
      }
    }
    this.at = at
  }

  #encode(text: string): void {
    this.reserve(text.length * 3)
    this.at += this.bytes.write(text, this.at, 'utf8')
  }

  /** Forgets what was written behind the first `count` parts. */
  rewind(count: number): void {
    this.at = count === 0 ? 0 : this.ends[count - 1]!
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }
}

export function createEmitter(options: EmitterOptions): Emitter {
  const { record, order, partition, undoable = false } = options
  const keys = new BytesWriter(KEY_BYTES)
  const specs = valueColumns(record.value)
  const columns = specs.map(({ codec }) =>
    codec === 'number' ? new Float64Array(BATCH_RECORDS) : new BytesWriter(VALUE_BYTES),
  )
  const byteColumns = columns.filter((column) => column instanceof BytesWriter)
  const partitions = partition ? new Uint32Array(BATCH_RECORDS) : undefined
  const batch: RecordBatch = partitions ? { keys, columns, partitions } : { keys, columns }
  let count = 0
  let total = 0

  const writeKey = order ? composite(keys, record.key, order) : writer(keys, record.key, 'key')
  const writeValue =
    typeof record.value === 'object' && 'columns' in record.value
      ? columnsWriter(specs, columns)
      : columnWriter(record.value, columns[0]!)

  /** Full batches that a record's map has filled: copies, until it is known what becomes of the record. */
  let held: { batch: RecordBatch; count: number }[] = []
  let mark = { count: 0, keyBytes: 0, columnBytes: byteColumns.map(() => 0) }

  const empty = (): void => {
    total += count
    count = 0
    keys.at = 0
    for (const column of byteColumns) column.at = 0
  }
  const flush = (): void => {
    if (count > 0) options.flush(batch, count)
    empty()
  }
  const hold = (): void => {
    held.push({ batch: copyOf(batch, count), count })
    empty()
  }
  const flushHeld = (): void => {
    for (const full of held) options.flush(full.batch, full.count)
    held = []
  }

  const isFull = (): boolean => {
    if (count === BATCH_RECORDS || keys.at > KEY_BYTES) return true
    for (const column of byteColumns) if (column.at > VALUE_BYTES) return true
    return false
  }

  const full = undoable ? hold : flush

  const emitAny: Emit = (key, value) => {
    // Whoever catches what emit throws and goes on must not find the beginning of that record in the next one.
    keys.rewind(count)
    for (const column of byteColumns) column.rewind(count)
    writeKey(key, value)
    keys.ends[count] = keys.at
    writeValue(value, count)
    if (partitions) partitions[count] = choosePartition(partition!, key)
    count++
    if (isFull()) full()
  }

  /**
   * The same for what most jobs emit, text with one number. No call in it depends on the record's shape, so all of it becomes part of the
   * user's loop.
   */
  const emitTextAndNumber = (numbers: Float64Array): Emit => {
    return (key, value) => {
      if (typeof key !== 'string') throw emitType('string', key, 'key')
      if (typeof value !== 'number') throw emitType('number', value, 'value')
      keys.text(key)
      keys.ends[count] = keys.at
      numbers[count] = value
      count++
      if (count === BATCH_RECORDS || keys.at > KEY_BYTES) full()
    }
  }

  const isTextAndNumber = record.key === 'string' && record.value === 'number' && !order && !partition
  const emit = isTextAndNumber ? emitTextAndNumber(columns[0] as Float64Array) : emitAny

  return {
    emit,
    flush,
    beginRecord() {
      mark = { count, keyBytes: keys.at, columnBytes: byteColumns.map((column) => column.at) }
    },
    keepRecord: flushHeld,
    dropRecord() {
      const [first] = held
      for (const full of held) total -= full.count
      held = []
      if (first && mark.count > 0) {
        // The records before this one are in the first copy.
        options.flush(first.batch, mark.count)
        total += mark.count
      }
      count = first ? 0 : mark.count
      keys.at = first ? 0 : mark.keyBytes
      byteColumns.forEach((column, c) => {
        column.at = first ? 0 : mark.columnBytes[c]!
      })
    },
    get count() {
      return total + count
    },
  }
}

function copyOf({ keys, columns, partitions }: RecordBatch, count: number): RecordBatch {
  const bytesOf = ({ bytes, ends }: BytesColumn): BytesColumn => {
    const used = ends[count - 1]!
    const copy = Buffer.allocUnsafeSlow(used + PADDING)
    copy.set(bytes.subarray(0, used))
    return { bytes: copy, ends: ends.slice(0, count) }
  }
  return {
    keys: bytesOf(keys),
    columns: columns.map((column) => (column instanceof Float64Array ? column.slice(0, count) : bytesOf(column))),
    ...(partitions ? { partitions: partitions.slice(0, count) } : {}),
  }
}

function choosePartition(
  { choose, partitions }: { choose: PartitionFunction; partitions: number },
  key: unknown,
): number {
  const chosen = choose(key, partitions)
  if (!Number.isInteger(chosen) || chosen < 0 || chosen >= partitions) {
    throw new RunjobError('JOB_INVALID', {
      problem: `partition() returned ${String(chosen)}; it must be a whole number from 0 to ${partitions - 1}`,
    })
  }
  return chosen
}

function writer(column: BytesWriter, codec: CodecSpec, what: string): (value: unknown) => void {
  if (codec === 'string') {
    return (value) => {
      if (typeof value !== 'string') throw emitType(codec, value, what)
      column.text(value)
    }
  }
  return (value) => column.raw(encode(codec, value))
}

function composite(
  column: BytesWriter,
  codec: CodecSpec,
  order: OrderFunction,
): (key: unknown, value: unknown) => void {
  return (key, value) => column.raw(encodePrefix(encode(codec, key), encodeOrder(order(value, key))))
}

function columnWriter(codec: CodecSpec, column: Float64Array | BytesWriter): (value: unknown, at: number) => void {
  if (column instanceof Float64Array) {
    return (value, at) => {
      if (typeof value !== 'number') throw emitType('number', value, 'value')
      column[at] = value
    }
  }
  const write = writer(column, codec, 'value')
  return (value, at) => {
    write(value)
    column.ends[at] = column.at
  }
}

/** An object's properties, each into its column. Missing numbers are NaN, missing text is empty. */
function columnsWriter(
  specs: { name: string; codec: CodecSpec }[],
  columns: (Float64Array | BytesWriter)[],
): (value: unknown, at: number) => void {
  if (specs.length === 0) return () => {}
  return (value, at) => {
    if (value === null || typeof value !== 'object') throw emitType('json', value, 'value')
    for (let i = 0; i < specs.length; i++) {
      const { name, codec } = specs[i]!
      const field = (value as Record<string, unknown>)[name]
      const column = columns[i]!
      if (column instanceof Float64Array) {
        if (field !== undefined && field !== null && typeof field !== 'number')
          throw emitType('number', field, `value.${name}`)
        column[at] = field ?? Number.NaN
      } else {
        if (codec === 'string') {
          if (field !== undefined && field !== null && typeof field !== 'string')
            throw emitType(codec, field, `value.${name}`)
          column.text(field ?? '')
        } else {
          column.raw(encode(codec, field))
        }
        column.ends[at] = column.at
      }
    }
  }
}

function emitType(codec: CodecSpec, value: unknown, what: string): RunjobError {
  return new RunjobError('EMIT_TYPE', { what, codec: codecName(codec), type: typeName(value), want: codecName(codec) })
}
