/** Rows for functions: blocks of columns, as native/function/block_writer.h writes them, and the values of one row at a time. */
import { RunjobError } from '../base/errors.js'
import { type Column, EXACT, type Type } from '../plan/type.js'
import { timeText, valueReader } from './rows.js'

/** Values as decodeRows has them. They are made when they are asked for. */
export interface BlockColumn {
  value(row: number): unknown
  /** Whether a value may be one that JavaScript does not hold, which is refused only where it is read. */
  readonly mayFail: boolean
}

export interface RowBlock {
  readonly rows: number
  /** Where the records start. */
  readonly offsets: Float64Array
  readonly columns: readonly BlockColumn[]
  /** Texts of the records, if they were asked for. */
  readonly texts: BlockColumn | undefined
}

const WIDE = 1
const VALUES = 2
const ALIGNMENT = 8

/** @param columns those that the program of the pipeline names, in its order */
export function readBlocks(bytes: Uint8Array, columns: readonly Column[]): RowBlock[] {
  const reader = new BlockReader(bytes)
  const blocks: RowBlock[] = []
  while (!reader.atEnd) {
    const [rows, count] = reader.counts()
    const offsets = reader.numbers(rows)
    const read = Array.from({ length: count }, (_, i) => columnOf(reader, rows, columns[i] ?? TEXT))
    blocks.push({ rows, offsets, columns: read.slice(0, columns.length), texts: read[columns.length] })
  }
  return blocks
}

/** A block of a call's arguments: as above, without offsets and texts of records. */
export function readArguments(
  bytes: Uint8Array,
  columns: readonly Column[],
): { rows: number; columns: readonly BlockColumn[] } {
  const reader = new BlockReader(bytes)
  const [rows] = reader.counts()
  return { rows, columns: columns.map((column) => columnOf(reader, rows, column)) }
}

const TEXT: Column = { name: '', type: 'string', nullable: false }

/** Every part begins at a multiple of 8 bytes. */
class BlockReader {
  #at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.byteOffset % ALIGNMENT === 0 ? bytes : new Uint8Array(bytes)
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  #skip(size: number): number {
    const start = this.#bytes.byteOffset + this.#at
    this.#at += Math.ceil(size / ALIGNMENT) * ALIGNMENT
    return start
  }

  counts(): [number, number] {
    const [a, b] = new Uint32Array(this.#bytes.buffer, this.#skip(8), 2)
    return [a!, b!]
  }

  numbers(count: number): Float64Array {
    return new Float64Array(this.#bytes.buffer, this.#skip(8 * count), count)
  }

  longs(count: number): BigInt64Array {
    return new BigInt64Array(this.#bytes.buffer, this.#skip(8 * count), count)
  }

  integers(count: number): Int32Array {
    return new Int32Array(this.#bytes.buffer, this.#skip(4 * count), count)
  }

  bytes(count: number): Buffer {
    return Buffer.from(this.#bytes.buffer as ArrayBuffer, this.#skip(count), count)
  }
}

function columnOf(reader: BlockReader, rows: number, column: Column): BlockColumn {
  const [form, hasNulls] = reader.counts()
  const nulls = hasNulls === 0 ? null : reader.bytes(rows)
  if (form === VALUES) return valuesOf(reader, rows, column, nulls)
  if (form === WIDE) {
    const values = reader.longs(rows)
    if (column[EXACT]) return new Plain(values, nulls)
    return column.type === 'long' ? new UnsafeLongs(values, nulls, column.name) : new Times(values, nulls, column.name)
  }
  const values = reader.numbers(rows)
  if (column.type === 'boolean') return new Booleans(values, nulls)
  return column.type === 'timestamp' ? new Dates(values, nulls) : new Plain(values, nulls)
}

// A class for each kind of value: a call of `value` that always meets the same one is as fast as none.

class Plain implements BlockColumn {
  readonly mayFail = false
  readonly #values: ArrayLike<number | bigint>
  readonly #nulls: Uint8Array | null

  constructor(values: ArrayLike<number | bigint>, nulls: Uint8Array | null) {
    this.#values = values
    this.#nulls = nulls
  }

  value(row: number): unknown {
    return this.#nulls !== null && this.#nulls[row] !== 0 ? null : this.#values[row]
  }
}

class Booleans implements BlockColumn {
  readonly mayFail = false
  readonly #values: Float64Array
  readonly #nulls: Uint8Array | null

  constructor(values: Float64Array, nulls: Uint8Array | null) {
    this.#values = values
    this.#nulls = nulls
  }

  value(row: number): unknown {
    return this.#nulls !== null && this.#nulls[row] !== 0 ? null : this.#values[row] !== 0
  }
}

class Dates implements BlockColumn {
  readonly mayFail = false
  readonly #millis: Float64Array
  readonly #nulls: Uint8Array | null

  constructor(millis: Float64Array, nulls: Uint8Array | null) {
    this.#millis = millis
    this.#nulls = nulls
  }

  value(row: number): unknown {
    return this.#nulls !== null && this.#nulls[row] !== 0 ? null : new Date(this.#millis[row]!)
  }
}

/** Of a block in which one is no safe integer. */
class UnsafeLongs implements BlockColumn {
  readonly mayFail = true
  readonly #values: BigInt64Array
  readonly #nulls: Uint8Array | null
  readonly #name: string

  constructor(values: BigInt64Array, nulls: Uint8Array | null, name: string) {
    this.#values = values
    this.#nulls = nulls
    this.#name = name
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const number = Number(this.#values[row])
    if (Number.isSafeInteger(number)) return number
    throw new RunjobError('INT64_UNSAFE', { column: this.#name, value: String(this.#values[row]) })
  }
}

/** Of a block in which one is no whole number of milliseconds, or beyond those of a Date. */
class Times implements BlockColumn {
  readonly mayFail = true
  readonly #micros: BigInt64Array
  readonly #nulls: Uint8Array | null
  readonly #name: string

  constructor(micros: BigInt64Array, nulls: Uint8Array | null, name: string) {
    this.#micros = micros
    this.#nulls = nulls
    this.#name = name
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const micros = this.#micros[row]!
    const date = new Date(Number(micros / 1000n))
    if (micros % 1000n === 0n && !Number.isNaN(date.getTime())) return date
    throw new RunjobError('TIMESTAMP_PRECISION', { column: this.#name, value: `${timeText(micros)}Z` })
  }
}

function valuesOf(reader: BlockReader, rows: number, { name, type }: Column, nulls: Uint8Array | null): BlockColumn {
  const [ascii, other] = reader.counts()
  const bounds = reader.integers(2 * rows)
  const parts: [Buffer, Buffer] = [reader.bytes(ascii), reader.bytes(other)]
  if (isText(type)) return new Texts(bounds, nulls, ...parts)
  const read = typeof type === 'string' ? null : valueReader(type, name, {}, undefined)
  return new Decoded(bounds, nulls, parts, read, read !== null && hasUnsafe(type))
}

function isText(type: Type): boolean {
  return typeof type === 'string' ? type !== 'binary' : type.type === 'decimal'
}

/** Whether a list or struct may hold what JavaScript does not. */
function hasUnsafe(type: Type): boolean {
  if (typeof type === 'string') return type === 'long' || type === 'timestamp'
  if (type.type === 'array') return hasUnsafe(type.element)
  return type.type === 'struct' && type.fields.some((field) => hasUnsafe(field.type))
}

/** Slices of one text, for those that are ASCII: a call of a decoder for each would take five times as long. */
class Texts implements BlockColumn {
  readonly mayFail = false
  readonly #bounds: Int32Array
  readonly #nulls: Uint8Array | null
  readonly #ascii: Buffer
  readonly #other: Buffer
  #text: string | undefined

  constructor(bounds: Int32Array, nulls: Uint8Array | null, ascii: Buffer, other: Buffer) {
    this.#bounds = bounds
    this.#nulls = nulls
    this.#ascii = ascii
    this.#other = other
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const start = this.#bounds[2 * row]!
    const end = this.#bounds[2 * row + 1]!
    if (start < 0) return this.#other.toString('utf8', ~start, end)
    this.#text ??= this.#ascii.toString('latin1')
    return this.#text.slice(start, end)
  }
}

/** Bytes, and what is made of them. */
class Decoded implements BlockColumn {
  readonly mayFail: boolean
  readonly #bounds: Int32Array
  readonly #nulls: Uint8Array | null
  readonly #parts: readonly [ascii: Buffer, other: Buffer]
  readonly #read: ((bytes: Uint8Array) => unknown) | null

  constructor(
    bounds: Int32Array,
    nulls: Uint8Array | null,
    parts: readonly [Buffer, Buffer],
    read: ((bytes: Uint8Array) => unknown) | null,
    mayFail: boolean,
  ) {
    this.mayFail = mayFail
    this.#bounds = bounds
    this.#nulls = nulls
    this.#parts = parts
    this.#read = read
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const start = this.#bounds[2 * row]!
    const end = this.#bounds[2 * row + 1]!
    const bytes = start < 0 ? this.#parts[1].subarray(~start, end) : this.#parts[0].subarray(start, end)
    return this.#read === null ? new Uint8Array(bytes) : this.#read(bytes)
  }
}
