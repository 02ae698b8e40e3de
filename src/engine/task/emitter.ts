/**
 * Takes a user's records to native memory: `emit` writes key bytes and numbers into typed arrays, and the native side is called once per
 * batch.
 */
import { RunjobError, userError } from '../../base/errors.js'
import { describe, ignoreRejection, isThenable } from '../../base/schema.js'
import type { BytesColumn, RecordBatch } from '../../kernels/kernels.js'
import { encodeAny, encodeNumberAt, NUMBER_BYTES, TEXT_TAG } from '../../plan/any.js'
import {
  emitType,
  encode,
  encodeOrder,
  encodePrefix,
  isColumns,
  isNumber,
  MISSING_TEXT,
  valueColumns,
} from '../../plan/codec.js'
import type { Emit, OrderFunction, PartitionFunction } from '../../plan/functions.js'
import type { CodecSpec, ColumnSpec, RecordSpec } from '../../plan/plan.js'
import { ALWAYS_OPEN, type Gate, refuseLate, refuseMore } from './calls.js'
import { ColumnUses } from './column_uses.js'
import type { Undoable } from './undoable.js'

/** Enough that the call costs nothing, and few enough that the batch is still in the cache when the collector reads it. */
const BATCH_RECORDS = 4096
const KEY_BYTES = 1 << 20
const VALUE_BYTES = 1 << 20
/** Kernels may load whole words at the end of the keys (native/record/batch.h). */
const PADDING = 64
const SURROGATES_START = 0xd800
const SURROGATES_END = 0xdfff
/** Up to this length a loop over charCodeAt beats a call into the runtime. */
const SHORT = 48
/** Limit of a single record: batch offsets are 32 bits. */
const MAX_BYTES = 0xffff_0000

export interface EmitterOptions {
  record: RecordSpec
  order?: OrderFunction | null
  /** Keys are composite even without an order inside a group. */
  partition?: { choose: PartitionFunction; partitions: number } | null
  /** Records of a map that fails half-way can be undone. */
  undoable?: boolean
  /** Where a user's function emits. */
  gate?: Gate
  /** Takes the batch's first `count` records; must have copied them when it returns. */
  flush(batch: RecordBatch, count: number): void
}

/** What `undoable` asks for, between one call of a map and the next. */
export interface Emitter extends Undoable {
  emit: Emit
  /** Passes on the rest. */
  flush(): void
  /** Records emitted so far. */
  readonly count: number
  /** Which of the columns that aggregates read the values had; null if they read none by name. */
  readonly columnUses: ColumnUses | null
}

/** A growing column of bytes that is being filled. */
class BytesWriter implements BytesColumn {
  bytes: Buffer
  readonly ends = new Uint32Array(BATCH_RECORDS)
  at = 0
  /** Number of bytes that may be written. */
  #room: number

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity + PADDING)
    this.#room = capacity
  }

  /** Makes room for `bytes` more; batches are flushed before this is needed, unless a single record is that large. */
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
    // This small, and without calls, it is inlined into the loop in which a user's map calls emit.
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

  /** REQUIRES: there is room. */
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

  /** @throws EMIT_TYPE if UTF-8 cannot hold it, because it would become another text */
  #encode(text: string): void {
    if (!text.isWellFormed()) throw emitType('string', text)
    this.reserve(text.length * 3)
    this.at += this.bytes.write(text, this.at, 'utf8')
  }

  /** Forgets what was written after the first `count` parts. */
  rewind(count: number): void {
    this.at = count === 0 ? 0 : this.ends[count - 1]!
  }

  /** One byte, before a text. */
  tag(byte: number): void {
    if (this.at >= this.#room) this.reserve(1)
    this.bytes[this.at++] = byte
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }
}

export function createEmitter(options: EmitterOptions): Emitter {
  const { record, order, partition, undoable = false, gate = ALWAYS_OPEN } = options
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
  // Rows are built natively, and never emitted.
  const columnUses = isColumns(record.value) && specs.length > 0 ? new ColumnUses(specs) : null
  const writeValue = isColumns(record.value)
    ? columnsWriter(specs, columns, columnUses)
    : columnWriter(specs[0]!.codec, columns[0]!)

  /** Copies of full batches from the current record, until the record is kept or undone. */
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

  const emitAny: Emit = (key: unknown, value: unknown, more?: unknown) => {
    if (!gate.isOpen) refuseLate(gate, 'emit()')
    if (more !== undefined) refuseMore()
    // If a function catches the error of emit and continues, the start of that record must not be part of the next one.
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
   * The same for what most jobs emit, text with one number. No call in it depends on the record's shape, so it is all inlined into the user's
   * loop.
   */
  const emitTextAndNumber = (numbers: Float64Array): Emit => {
    return (key: unknown, value: unknown, more?: unknown) => {
      if (!gate.isOpen) refuseLate(gate, 'emit()')
      if (more !== undefined) refuseMore()
      if (typeof key !== 'string') throw emitType('string', key, 'key')
      // The difference is 0 for every number except NaN and the infinities, for which it is NaN.
      const number = typeof value === 'number' && value - value === 0 ? value : missingNumber(value, 'value')
      keys.text(key)
      keys.ends[count] = keys.at
      numbers[count] = number
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
    columnUses,
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
  try {
    const chosen = choose(key, partitions)
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < partitions) return chosen
    throw new RunjobError('JOB_INVALID', {
      problem: `partition() returned ${returned(chosen)}; it must be a whole number from 0 to ${partitions - 1}`,
    })
  } catch (error) {
    throw userError(error, 'partition')
  }
}

function returned(value: unknown): string {
  if (isThenable(value)) ignoreRejection(value)
  return describe(value)
}

function writer(column: BytesWriter, codec: CodecSpec, what: string): (value: unknown) => void {
  if (codec === 'string') {
    return (value) => {
      if (typeof value !== 'string') throw emitType(codec, value, what)
      column.text(value)
    }
  }
  if (codec === 'any') {
    const mode = what === 'key' ? 'key' : 'exact'
    return (value) => {
      if (typeof value === 'string' && value.isWellFormed()) {
        column.tag(TEXT_TAG)
        column.text(value)
      } else if (typeof value === 'number') {
        column.reserve(NUMBER_BYTES)
        encodeNumberAt(value, mode, column.bytes, column.at)
        column.at += NUMBER_BYTES
      } else column.raw(encodeAny(value, mode, what))
    }
  }
  return (value) => column.raw(encode(codec, value, what))
}

function composite(
  column: BytesWriter,
  codec: CodecSpec,
  order: OrderFunction,
): (key: unknown, value: unknown) => void {
  return (key, value) => {
    const encoded = encode(codec, key, 'key')
    let place: Uint8Array
    try {
      place = encodeOrder(synchronous(order(value, key)))
    } catch (error) {
      throw userError(error, 'order')
    }
    column.raw(encodePrefix(encoded, place))
  }
}

function synchronous(place: unknown): unknown {
  if (!isThenable(place)) return place
  throw new RunjobError('JOB_INVALID', { problem: `order() returned ${returned(place)}; it must be synchronous` })
}

function columnWriter(codec: CodecSpec, column: Float64Array | BytesWriter): (value: unknown, at: number) => void {
  if (column instanceof Float64Array) {
    return (value, at) => {
      column[at] = isNumber(value) ? value : missingNumber(value, 'value')
    }
  }
  const write = writer(column, codec, 'value')
  return (value, at) => {
    write(value)
    column.ends[at] = column.at
  }
}

/** NaN for null: a missing number. */
function missingNumber(value: unknown, what: string): number {
  if (value !== null) throw emitType('number', value, what)
  return Number.NaN
}

/** Writes an object's properties, each to its column. Null, undefined and absent ones are missing. */
function columnsWriter(
  specs: ColumnSpec[],
  columns: (Float64Array | BytesWriter)[],
  uses: ColumnUses | null,
): (value: unknown, at: number) => void {
  const writers = specs.map((spec, i) => fieldWriter(spec, columns[i]!))
  if (uses === null) return () => {}
  return (value, at) => {
    if (value === null || typeof value !== 'object') throw emitType('json', value, 'value')
    for (let i = 0; i < specs.length; i++) {
      const field = (value as Record<string, unknown>)[specs[i]!.name]
      if (field === undefined) uses.miss(i, value)
      else uses.see(i)
      writers[i]!(field, at)
    }
  }
}

function fieldWriter(
  { name, codec, presence }: ColumnSpec,
  column: Float64Array | BytesWriter,
): (field: unknown, at: number) => void {
  const what = `value.${name}`
  if (column instanceof Float64Array) {
    return (field, at) => {
      column[at] = isNumber(field) ? field : missingNumber(field ?? null, what)
    }
  }
  const write = presence ? refuseNaN(what) : writer(column, codec, what)
  return (field, at) => {
    // Any bytes are possible: none can mark a missing value.
    if ((field !== undefined && field !== null) || codec === 'bytes') write(field)
    else column.raw(MISSING_TEXT)
    column.ends[at] = column.at
  }
}

/** A value of any type, of which only the presence is kept. */
function refuseNaN(what: string): (value: unknown) => void {
  return (value) => {
    if (typeof value === 'number' && !isNumber(value)) throw emitType('number', value, what)
  }
}
