/** Columns of blocks (native/function/block_writer.h), and the value of one row at a time. Values are made when they are asked for. */
import { RunjobError } from '../base/errors.js'
import { type Column, EXACT, type Type } from '../plan/type.js'
import { type RowForm, timeText, valueReader } from './rows.js'

/** Values as decodeRows (rows.ts) has them. */
export interface BlockColumn {
  /** @throws INT64_UNSAFE, TIMESTAMP_PRECISION for what JavaScript does not hold */
  value(row: number): unknown
}

/** Numbers of the forms of a column. */
const WIDE = 1
const TEXTS = 2
const CODED = 3
const BYTES = 4
const ALIGNMENT = 8

/** Reads one part after another. Each begins at a multiple of 8 bytes. */
export class BlockReader {
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

  codes(count: number): Uint16Array {
    return new Uint16Array(this.#bytes.buffer, this.#skip(2 * count), count)
  }

  bytes(count: number): Buffer {
    return Buffer.from(this.#bytes.buffer as ArrayBuffer, this.#skip(count), count)
  }
}

export function readColumn(reader: BlockReader, rows: number, column: Column, form: RowForm): BlockColumn {
  const [layout, hasNulls] = reader.counts()
  const nulls = hasNulls === 0 ? null : reader.bytes(rows)
  if (layout === TEXTS) return textsOf(reader, rows, nulls)
  if (layout === BYTES) return decodedOf(reader, rows, column, nulls, form)
  if (layout === CODED) {
    const [count] = reader.counts()
    const values = textsOf(reader, count, null)
    return new CodedTexts(reader.codes(rows), values, count, nulls)
  }
  const { type, name } = column
  const isWide = form !== 'shown' && (column[EXACT] === true || isAskedWide(type, form))
  if (layout === WIDE) {
    const values = reader.longs(rows)
    if (isWide) return new Plain(values, nulls)
    const isShown = form === 'shown'
    return type === 'long' ? new UnsafeLongs(values, nulls, name, isShown) : new Times(values, nulls, name, isShown)
  }
  const values = reader.numbers(rows)
  if (type === 'boolean') return new Booleans(values, nulls)
  if (isWide) return new Widened(values, nulls, type === 'timestamp' ? MICROS_PER_MILLI : 1n)
  return type === 'timestamp' ? new Dates(values, nulls) : new Plain(values, nulls)
}

const MICROS_PER_MILLI = 1000n

function isAskedWide(type: Type, form: Exclude<RowForm, 'shown'>): boolean {
  return (type === 'long' && form.longs === 'bigint') || (type === 'timestamp' && form.timestamps === 'micros')
}

// A class for each kind of value: a call of `value` that always meets the same one is as fast as none.

class Plain implements BlockColumn {
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

/** Longs, or milliseconds, that are asked for as bigints. */
class Widened implements BlockColumn {
  readonly #values: Float64Array
  readonly #nulls: Uint8Array | null
  readonly #unit: bigint

  constructor(values: Float64Array, nulls: Uint8Array | null, unit: bigint) {
    this.#values = values
    this.#nulls = nulls
    this.#unit = unit
  }

  value(row: number): unknown {
    return this.#nulls !== null && this.#nulls[row] !== 0 ? null : BigInt(this.#values[row]!) * this.#unit
  }
}

/** Of a block in which one is no safe integer. */
class UnsafeLongs implements BlockColumn {
  readonly #values: BigInt64Array
  readonly #nulls: Uint8Array | null
  readonly #name: string
  readonly #isShown: boolean

  constructor(values: BigInt64Array, nulls: Uint8Array | null, name: string, isShown: boolean) {
    this.#values = values
    this.#nulls = nulls
    this.#name = name
    this.#isShown = isShown
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const value = this.#values[row]!
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    if (this.#isShown) return String(value)
    throw new RunjobError('INT64_UNSAFE', { column: this.#name, value: String(value) })
  }
}

/** Of a block in which one is no whole number of milliseconds, or beyond those of a Date. */
class Times implements BlockColumn {
  readonly #micros: BigInt64Array
  readonly #nulls: Uint8Array | null
  readonly #name: string
  readonly #isShown: boolean

  constructor(micros: BigInt64Array, nulls: Uint8Array | null, name: string, isShown: boolean) {
    this.#micros = micros
    this.#nulls = nulls
    this.#name = name
    this.#isShown = isShown
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const micros = this.#micros[row]!
    const date = new Date(Number(micros / MICROS_PER_MILLI))
    if (micros % MICROS_PER_MILLI === 0n && !Number.isNaN(date.getTime())) return date
    const value = `${timeText(micros)}Z`
    if (this.#isShown) return value
    throw new RunjobError('TIMESTAMP_PRECISION', { column: this.#name, value })
  }
}

function textsOf(reader: BlockReader, count: number, nulls: Uint8Array | null): Texts {
  const [ascii, units] = reader.counts()
  return new Texts(reader.integers(2 * count), nulls, reader.bytes(ascii), reader.bytes(2 * units))
}

function decodedOf(
  reader: BlockReader,
  rows: number,
  { name, type }: Column,
  nulls: Uint8Array | null,
  form: RowForm,
): BlockColumn {
  const [size] = reader.counts()
  const read = typeof type === 'string' ? null : valueReader(type, name, form, undefined)
  return new Decoded(reader.integers(2 * rows), nulls, reader.bytes(size), read)
}

/** Whether values are objects. */
export function isObject(type: Type): boolean {
  if (typeof type === 'object') return type.type !== 'decimal'
  return type === 'timestamp' || type === 'binary'
}

/** Slices of one text, or of another one for those that are not ASCII: a call of a decoder for each would take five times as long. */
class Texts implements BlockColumn {
  readonly #bounds: Int32Array
  readonly #nulls: Uint8Array | null
  readonly #bytes: Buffer
  readonly #units: Buffer
  #ascii: string | undefined
  #wide: string | undefined

  constructor(bounds: Int32Array, nulls: Uint8Array | null, bytes: Buffer, units: Buffer) {
    this.#bounds = bounds
    this.#nulls = nulls
    this.#bytes = bytes
    this.#units = units
  }

  value(row: number): string | null {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const start = this.#bounds[2 * row]!
    const end = this.#bounds[2 * row + 1]!
    if (start < 0) {
      this.#wide ??= this.#units.toString('utf16le')
      return this.#wide.slice(~start, end)
    }
    this.#ascii ??= this.#bytes.toString('latin1')
    return this.#ascii.slice(start, end)
  }
}

/** Texts that recur: one string for all rows that have it. */
class CodedTexts implements BlockColumn {
  readonly #codes: Uint16Array
  readonly #values: Texts
  readonly #nulls: Uint8Array | null
  readonly #made: (string | null)[]

  constructor(codes: Uint16Array, values: Texts, count: number, nulls: Uint8Array | null) {
    this.#codes = codes
    this.#values = values
    this.#nulls = nulls
    this.#made = new Array(count).fill(null)
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const code = this.#codes[row]!
    const made = this.#made[code]!
    return made !== null ? made : this.#make(code)
  }

  #make(code: number): unknown {
    const value = this.#values.value(code)
    this.#made[code] = value
    return value
  }
}

/** Bytes, and what is made of them. */
class Decoded implements BlockColumn {
  readonly #bounds: Int32Array
  readonly #nulls: Uint8Array | null
  readonly #bytes: Buffer
  readonly #read: ((bytes: Uint8Array) => unknown) | null

  constructor(
    bounds: Int32Array,
    nulls: Uint8Array | null,
    bytes: Buffer,
    read: ((bytes: Uint8Array) => unknown) | null,
  ) {
    this.#bounds = bounds
    this.#nulls = nulls
    this.#bytes = bytes
    this.#read = read
  }

  value(row: number): unknown {
    if (this.#nulls !== null && this.#nulls[row] !== 0) return null
    const bytes = this.#bytes.subarray(this.#bounds[2 * row]!, this.#bounds[2 * row + 1]!)
    return this.#read === null ? new Uint8Array(bytes) : this.#read(bytes)
  }
}
