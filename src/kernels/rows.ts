/**
 * Rows from bytes: a u32 length and the bytes of a row each, as native/column/rows.h has them. row_writer.ts makes them.
 *
 * In JavaScript a row is an object by column, with null for what is missing. boolean, integer, double: as they are. long: a number, or as
 * its column (EXACT) or RowForms say. decimal: text with all digits of its scale. string; binary: Uint8Array. date: `2024-01-31`. timestamp: Date, or as
 * its column or RowForms say. timestamp_ntz: `2024-01-31T12:34:56.789`, with six digits where it has microseconds. array: array. struct: object.
 */
import { RunjobError } from '../base/errors.js'
import { type Column, EXACT, type Type } from '../plan/type.js'
import type { RowForms } from '../plan/typed.js'

export type Row = Record<string, unknown>

/** `shown`: for people. What a number or a Date does not hold is text, with all digits. */
export type RowForm = RowForms | 'shown'

/**
 * @throws INT64_UNSAFE for a long that is no safe integer
 * @throws TIMESTAMP_PRECISION for a timestamp that is not a whole number of milliseconds, which a Date cannot hold
 */
export function decodeRows(bytes: Uint8Array, columns: readonly Column[], form: RowForm = {}): Row[] {
  const reader = new RowReader(bytes)
  const read = fieldsReader(columns, form)
  const rows: Row[] = []
  while (!reader.atEnd) {
    const end = reader.count() + reader.at
    rows.push(read(reader))
    if (reader.at !== end)
      throw new RunjobError('INTERNAL', { detail: 'a row is not of the columns that it is read as' })
  }
  return rows
}

const MICROS_PER_MILLI = 1000n
const MICROS_PER_SECOND = 1_000_000n
const MILLIS_PER_DAY = 86_400_000

class RowReader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #buffer: Buffer

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get atEnd(): boolean {
    return this.at >= this.#bytes.length
  }

  #skip(size: number): number {
    const start = this.at
    this.at += size
    return start
  }

  count(): number {
    return this.#buffer.readUInt32LE(this.#skip(4))
  }

  /** Where the bits begin. */
  nulls(count: number): number {
    return this.#skip(Math.ceil(count / 8))
  }

  isNull(nulls: number, i: number): boolean {
    return ((this.#bytes[nulls + (i >> 3)]! >> (i & 7)) & 1) !== 0
  }

  byte(): number {
    return this.#bytes[this.#skip(1)]!
  }

  integer(): number {
    return this.#buffer.readInt32LE(this.#skip(4))
  }

  long(): bigint {
    return this.#buffer.readBigInt64LE(this.#skip(8))
  }

  wide(): bigint {
    const low = this.#buffer.readBigUInt64LE(this.#skip(8))
    return (this.long() << 64n) | low
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#skip(8))
  }

  text(): string {
    const size = this.count()
    const start = this.#skip(size)
    return this.#buffer.toString('utf8', start, start + size)
  }

  bytes(): Uint8Array {
    const size = this.count()
    const start = this.#skip(size)
    return new Uint8Array(this.#bytes.subarray(start, start + size))
  }
}

type Read = (reader: RowReader) => unknown

function fieldsReader(columns: readonly Column[], form: RowForm): (reader: RowReader) => Row {
  const reads = columns.map((column) => readerOf(column.type, column.name, form, column[EXACT]))
  // A property of that name would set the prototype instead.
  const isOdd = columns.some(({ name }) => name === '__proto__')
  return (reader) => {
    const nulls = reader.nulls(reads.length)
    const row: Row = {}
    for (let i = 0; i < reads.length; i++) {
      const value = reader.isNull(nulls, i) ? null : reads[i]!(reader)
      const { name } = columns[i]!
      if (isOdd) Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true })
      else row[name] = value
    }
    return row
  }
}

/** @param name of the column, for errors */
export function valueReader(
  type: Type,
  name: string,
  form: RowForm,
  isExact: true | undefined,
): (bytes: Uint8Array) => unknown {
  const read = readerOf(type, name, form, isExact)
  return (bytes) => read(new RowReader(bytes))
}

function readerOf(type: Type, name: string, form: RowForm, isExact: true | undefined): Read {
  if (typeof type === 'object') {
    switch (type.type) {
      case 'decimal': {
        const { precision, scale } = type
        return precision > 18
          ? (reader) => decimalText(reader.wide(), scale)
          : (reader) => decimalText(reader.long(), scale)
      }
      case 'array': {
        const read = readerOf(type.element, name, form, type[EXACT])
        return (reader) => {
          const count = reader.count()
          const nulls = reader.nulls(count)
          return Array.from({ length: count }, (_, i) => (reader.isNull(nulls, i) ? null : read(reader)))
        }
      }
      case 'struct':
        return fieldsReader(type.fields, form)
    }
  }
  switch (type) {
    case 'boolean':
      return (reader) => reader.byte() !== 0
    case 'integer':
      return (reader) => reader.integer()
    case 'long':
      if (form !== 'shown' && (isExact || form.longs === 'bigint')) return (reader) => reader.long()
      return (reader) => {
        const value = reader.long()
        const number = Number(value)
        if (Number.isSafeInteger(number)) return number
        if (form === 'shown') return String(value)
        throw new RunjobError('INT64_UNSAFE', { column: name, value: String(value) })
      }
    case 'double':
      return (reader) => reader.double()
    case 'string':
      return (reader) => reader.text()
    case 'binary':
      return (reader) => reader.bytes()
    case 'date':
      return (reader) => dateText(reader.integer())
    case 'timestamp':
      if (form !== 'shown' && (isExact || form.timestamps === 'micros')) return (reader) => reader.long()
      return (reader) => {
        const micros = reader.long()
        const date = new Date(Number(micros / MICROS_PER_MILLI))
        if (micros % MICROS_PER_MILLI !== 0n || Number.isNaN(date.getTime())) {
          if (form === 'shown') return `${timeText(micros)}Z`
          throw new RunjobError('TIMESTAMP_PRECISION', { column: name, value: `${timeText(micros)}Z` })
        }
        return date
      }
    case 'timestamp_ntz':
      return (reader) => timeText(reader.long())
  }
}

function decimalText(unscaled: bigint, scale: number): string {
  const isNegative = unscaled < 0n
  const digits = String(isNegative ? -unscaled : unscaled).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${isNegative ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`
}

/** Four digits of a year at least, and a sign in front of others, as in ISO 8601. */
export function dateText(days: number): string {
  const [year, month, day] = civil(days)
  const digits = String(Math.abs(year)).padStart(4, '0')
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  return `${sign}${digits}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/** Year, month and day. Dates of JavaScript do not reach as far. Source: H. Hinnant, chrono-compatible low-level date algorithms. */
function civil(days: number): [number, number, number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day]
}

export function timeText(micros: bigint): string {
  const day = BigInt(MILLIS_PER_DAY) * MICROS_PER_MILLI
  const ofDay = ((micros % day) + day) % day
  const seconds = Number(ofDay / MICROS_PER_SECOND)
  const fraction = String(ofDay % MICROS_PER_SECOND).padStart(6, '0')
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  const time = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
  return `${dateText(Number((micros - ofDay) / day))}T${time}.${fraction.endsWith('000') ? fraction.slice(0, 3) : fraction}`
}
