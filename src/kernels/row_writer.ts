/** Rows as bytes: the form of native/column/rows.h, after the length of each as u32. Every value is checked against its column. */
import { types } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { describe, ignoreRejection, isPlainObject, isThenable } from '../base/schema.js'
import { type ArrayType, type Column, type DecimalType, EXACT, type Type, typeText } from '../plan/type.js'
import { dateText } from './rows.js'

/** Makes the error of a value that does not fit. */
export type Misfit = (problem: string, hint?: string) => Error

const MICROS_PER_MILLI = 1000n
const MICROS_PER_SECOND = 1_000_000n
const SECONDS_PER_DAY = 86_400n
const LENGTH_BYTES = 4
const TWO_TO_32 = 2 ** 32

/** Bytes that grow. What was taken back may be anything: all is written anew. */
class Bytes {
  size = 0
  bytes = Buffer.allocUnsafeSlow(1 << 12)
  /** Of the same memory. Its methods are a store each, those of a Buffer a call with checks. */
  #view = viewOf(this.bytes)

  /** @returns where `count` more begin */
  reserve(count: number): number {
    const at = this.size
    this.size += count
    if (this.size > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.size)
      this.bytes.copy(larger, 0, 0, at)
      this.bytes = larger
      this.#view = viewOf(larger)
    }
    return at
  }

  byte(value: number): void {
    const at = this.reserve(1)
    this.bytes[at] = value
  }

  count(value: number): void {
    const at = this.reserve(LENGTH_BYTES)
    this.countAt(value, at)
  }

  /** Where it was reserved. */
  countAt(value: number, at: number): void {
    this.#view.setUint32(at, value, true)
  }

  integer(value: number): void {
    const at = this.reserve(4)
    this.#view.setInt32(at, value, true)
  }

  long(value: bigint): void {
    const at = this.reserve(8)
    this.#view.setBigInt64(at, value, true)
  }

  /** A safe integer. */
  whole(value: number): void {
    const at = this.reserve(8)
    this.#view.setUint32(at, value, true)
    this.#view.setInt32(at + 4, Math.floor(value / TWO_TO_32), true)
  }

  double(value: number): void {
    const at = this.reserve(8)
    this.#view.setFloat64(at, value, true)
  }

  text(value: string): void {
    const at = this.reserve(LENGTH_BYTES + 3 * value.length)
    const count = this.bytes.write(value, at + LENGTH_BYTES, 'utf8')
    this.countAt(count, at)
    this.size = at + LENGTH_BYTES + count
  }

  raw(value: Uint8Array): void {
    this.count(value.length)
    const at = this.reserve(value.length)
    this.bytes.set(value, at)
  }

  /** A bit for each, all of them zero. */
  nulls(count: number): number {
    const length = (count + 7) >> 3
    const at = this.reserve(length)
    for (let i = at; i < at + length; i++) this.bytes[i] = 0
    return at
  }

  setNull(nulls: number, i: number): void {
    this.bytes[nulls + (i >> 3)]! |= 1 << (i & 7)
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

type Write = (value: unknown, bytes: Bytes) => void

/** Writes a row of certain columns. */
export type WriteRow = Write

/**
 * Rows are objects by the names of the columns, or arrays in their order. In an object a property that is undefined counts as left out, and
 * what is left out as null. Values are what decodeRows (rows.ts) gives; a whole number may be a bigint as well, and a decimal a number.
 *
 * Compiled for these columns: call it once for them in a thread.
 *
 * @param misfit for a value that its column does not hold
 * @param hasPlace whether the place of a row is behind the other columns
 */
export function rowForm(columns: readonly Column[], misfit: Misfit, hasPlace = false): WriteRow {
  return fieldsWriter(columns, null, misfit, hasPlace ? 1 : 0)
}

/** Takes rows. */
export class RowWriter {
  readonly #bytes = new Bytes()
  readonly #write: WriteRow
  readonly #place: (() => bigint) | null

  /** @param place of each row, a long; null: there is none */
  constructor(write: WriteRow, place: (() => bigint) | null = null) {
    this.#place = place
    this.#write = write
  }

  /** Of all rows since take(). */
  get size(): number {
    return this.#bytes.size
  }

  /** @throws what `misfit` makes: then nothing is added */
  add(row: unknown): void {
    const bytes = this.#bytes
    const start = bytes.reserve(LENGTH_BYTES)
    try {
      this.#write(row, bytes)
      if (this.#place !== null) bytes.long(this.#place())
    } catch (error) {
      bytes.size = start
      throw error
    }
    bytes.countAt(bytes.size - start - LENGTH_BYTES, start)
  }

  /** Takes back what was added since `size` was this. */
  cutTo(size: number): void {
    this.#bytes.size = size
  }

  /** All rows since the last call. They are valid until the next row. */
  take(): Uint8Array {
    const { bytes, size } = this.#bytes
    this.#bytes.size = 0
    return bytes.subarray(0, size)
  }
}

/** Rows that are known to fit. @throws INTERNAL for others */
export function encodeRows(rows: readonly object[], columns: readonly Column[]): Uint8Array {
  const writer = new RowWriter(rowForm(columns, (problem) => new RunjobError('INTERNAL', { detail: problem })))
  for (const row of rows) writer.add(row)
  return writer.take()
}

/** A value that may be null. */
interface Cell {
  form: Form
  nullable: boolean
  wrong: (value: unknown) => Error
}

/**
 * The statement that writes `v`.
 *
 * @param cell number of its cell
 * @param undefinedIs what undefined counts as
 * @param at number of its null
 */
function cellText({ form, nullable }: Cell, cell: number, undefinedIs: 'null' | 'wrong', at = String(cell)): string {
  const wrong = `wrong${cell}`
  const whenNull = nullable ? `bytes.setNull(nulls, ${at})` : `throw ${wrong}(null)`
  return `if (v === null) ${whenNull}
    else if (v === undefined) ${undefinedIs === 'null' ? whenNull : `throw ${wrong}(v)`}
    else ${typeof form === 'function' ? `write${cell}(v, bytes)` : `{ if (!(${form.is})) throw ${wrong}(v); ${form.put} }`}`
}

/** @param names what the function names, besides its cells */
function compiled(source: string, cells: readonly Cell[], names: Record<string, unknown>): Write {
  const ofCells = cells.map((_, i) => `const { wrong: wrong${i}, form: write${i} } = cells[${i}]`)
  const all = { ...names, cells, isLong }
  return new Function(...Object.keys(all), `${ofCells.join('\n')}\nreturn ${source}`)(...Object.values(all))
}

/**
 * @param what it is of, for errors; null: a row, which may be a list as well
 * @param more values that follow, and are not null
 */
function fieldsWriter(columns: readonly Column[], what: string | null, misfit: Misfit, more = 0): Write {
  const of = what === null ? '' : ` of ${what}`
  const cells = columns.map((column) => cellOf(column, `the field ${JSON.stringify(column.name)}${of}`, misfit))
  const names = columns.map(({ name }) => name)
  const subject = what ?? 'an element'
  const notFields = (value: unknown): Error => {
    const problem = `${subject} is ${inWords(value)}, not an object with the fields ${names.join(', ')}`
    return misfit(problem, what === null ? ROW_HINT : undefined)
  }
  const checkNames = (value: Record<string, unknown>): void => {
    const unknown = Object.keys(value).find((name) => value[name] !== undefined && !names.includes(name))
    if (unknown === undefined) return
    throw misfit(
      `${subject} has the field ${JSON.stringify(unknown)}, but there is no such column: ${names.join(', ')}`,
      'Leave it out, or add it to the schema with its type.',
    )
  }
  const values = names.map((name) => {
    const quoted = JSON.stringify(name)
    // What an object inherits is no field.
    return name in Object.prototype ? `(hasOwn(value, ${quoted}) ? value[${quoted}] : undefined)` : `value[${quoted}]`
  })
  // V8 knows the prototype of an object of which it has just read a property. Fields are counted without a list of them, which takes longer.
  const source = `(value, bytes) => {
    ${what === null ? 'if (isArray(value)) return list(value, bytes)' : ''}
    if (value === null || typeof value !== 'object') throw notFields(value)
    ${values.map((value, i) => `const v${i} = ${value}`).join('\n')}
    if (getPrototypeOf(value) !== prototype && !isPlainObject(value)) throw notFields(value)
    const nulls = bytes.nulls(${cells.length + more})
    let found = 0
    ${cells.map((cell, i) => `{ const v = v${i}; if (v !== undefined) found++; ${cellText(cell, i, 'null')} }`).join('\n')}
    let given = 0
    for (const _ in value) given++
    if (given !== found) checkNames(value)
  }`
  const { getPrototypeOf, hasOwn, prototype } = Object
  const list = what === null ? listForm(cells, names, misfit, more) : undefined
  const known = {
    isArray: Array.isArray,
    getPrototypeOf,
    hasOwn,
    prototype,
    isPlainObject,
    list,
    notFields,
    checkNames,
  }
  return compiled(source, cells, known)
}

/** Of rows that are lists. */
function listForm(cells: readonly Cell[], names: readonly string[], misfit: Misfit, more: number): Write {
  const source = `(value, bytes) => {
    if (value.length !== ${cells.length}) throw wrongLength(value.length)
    const nulls = bytes.nulls(${cells.length + more})
    ${cells.map((cell, i) => `{ const v = value[${i}]; ${cellText(cell, i, 'wrong')} }`).join('\n')}
  }`
  const wrongLength = (length: number): Error => misfit(...lengthProblem(length, names))
  return compiled(source, cells, { wrongLength })
}

const ROW_HINT = 'Make objects or lists of them: .map((word) => ({ word })) or .map((word) => [word, word.length]).'

function lengthProblem(length: number, names: readonly string[]): [problem: string, hint: string] {
  return [
    `an element is a list of ${length}, but there ${names.length === 1 ? 'is 1 column' : `are ${names.length} columns`}: ${names.join(', ')}`,
    'A list has a value for each column, in their order; null is one that is missing.',
  ]
}

function cellOf(column: Omit<Column, 'name'>, what: string, misfit: Misfit): Cell {
  const { type, nullable, [EXACT]: isExact = false } = column
  const wanted = `${typeText(type)}${nullable ? '' : ', which is not nullable'}`
  const wrong = (value: unknown) =>
    misfit(`${what} is ${inWords(value)}, and is declared as ${wanted}`, hintFor(value, type))
  return { form: formOf(type, isExact, what, wrong, misfit), nullable, wrong }
}

function inWords(value: unknown): string {
  if (isThenable(value)) ignoreRejection(value)
  return types.isDate(value) && Number.isNaN(value.getTime()) ? 'an invalid Date' : describe(value)
}

function hintFor(value: unknown, type: Type): string | undefined {
  if (value === null || value === undefined) return 'Declare it as nullable(…), or give it a value.'
  if (isThenable(value)) return 'Functions must give their values at once.'
  if (typeof value === 'number' && type === 'long' && Number.isInteger(value)) {
    return 'From 2^53 on a number is not exact: use a bigint.'
  }
  return undefined
}

const isLong = (value: bigint): boolean => BigInt.asIntN(64, value) === value

/** How a value is written: what must be true of `v`, and the statement that writes it; or what checks it and writes it. */
type Form = { is: string; put: string } | Write

/**
 * @param isExact whether a timestamp may be microseconds
 * @param wrong what is thrown for a value of another type
 */
function formOf(type: Type, isExact: boolean, what: string, wrong: (value: unknown) => Error, misfit: Misfit): Form {
  if (typeof type === 'object') {
    switch (type.type) {
      case 'decimal':
        return decimalWriter(type, wrong)
      case 'array':
        return listWriter(type, what, wrong, misfit)
      case 'struct':
        return fieldsWriter(type.fields, what, misfit)
    }
  }
  switch (type) {
    case 'boolean':
      return { is: "typeof v === 'boolean'", put: 'bytes.byte(v ? 1 : 0)' }
    case 'integer':
      return { is: "typeof v === 'number' && (v | 0) === v", put: 'bytes.integer(v)' }
    case 'long':
      return {
        is: "typeof v === 'bigint' ? isLong(v) : Number.isSafeInteger(v)",
        put: "if (typeof v === 'bigint') bytes.long(v); else bytes.whole(v)",
      }
    case 'double':
      return { is: "typeof v === 'number'", put: 'bytes.double(v)' }
    case 'string':
      return { is: "typeof v === 'string' && v.isWellFormed()", put: 'bytes.text(v)' }
    case 'binary':
      return { is: 'v instanceof Uint8Array', put: 'bytes.raw(v)' }
    case 'date':
      return (value, bytes) => {
        const days = typeof value === 'string' ? daysOf(value) : null
        if (days === null) throw wrong(value)
        bytes.integer(days)
      }
    case 'timestamp':
      return (value, bytes) => {
        const micros = typeof value === 'bigint' && isExact ? value : microsOfDate(value)
        if (micros === null || !isLong(micros)) throw wrong(value)
        bytes.long(micros)
      }
    case 'timestamp_ntz':
      return (value, bytes) => {
        const micros = typeof value === 'string' ? microsOf(value) : null
        if (micros === null) throw wrong(value)
        bytes.long(micros)
      }
  }
}

function listWriter(
  { element, containsNull, [EXACT]: isExact }: ArrayType,
  what: string,
  wrong: (value: unknown) => Error,
  misfit: Misfit,
): Write {
  const mark = isExact ? { [EXACT]: isExact } : {}
  const cell = cellOf({ type: element, nullable: containsNull, ...mark }, `an element of ${what}`, misfit)
  const source = `(value, bytes) => {
    const items = itemsOf(value)
    if (items === null) throw wrong(value)
    bytes.count(items.length)
    const nulls = bytes.nulls(items.length)
    for (let i = 0; i < items.length; i++) { const v = items[i]; ${cellText(cell, 0, 'wrong', 'i')} }
  }`
  return compiled(source, [cell], { itemsOf, wrong })
}

function itemsOf(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value
  // A set, or the values of a group. A text is none, though it is iterable.
  return typeof value === 'object' && value !== null && Symbol.iterator in value
    ? [...(value as Iterable<unknown>)]
    : null
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

function decimalWriter({ precision, scale }: DecimalType, wrong: (value: unknown) => Error): Write {
  const bound = 10n ** BigInt(precision)
  return (value, bytes) => {
    const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    const unscaled = isText ? unscaledOf(String(value), scale) : null
    if (unscaled === null || unscaled <= -bound || unscaled >= bound) throw wrong(value)
    bytes.long(BigInt.asIntN(64, unscaled))
    if (precision > 18) bytes.long(unscaled >> 64n)
  }
}

/** null: it is no number, or has more digits behind the point. Of a number in its shortest text. */
function unscaledOf(text: string, scale: number): bigint | null {
  const [, sign, whole, fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return null
  const digits = BigInt(whole + fraction)
  const shift = scale + Number(exponent) - fraction.length
  const power = 10n ** BigInt(Math.abs(shift))
  if (shift < 0 && digits % power !== 0n) return null
  const size = shift < 0 ? digits / power : digits * power
  return sign === '-' ? -size : size
}

const DATE = /^([+-]?\d{4,7})-(\d\d)-(\d\d)$/

/** null: it is not the text of a day. Source: H. Hinnant, chrono-compatible low-level date algorithms. */
function daysOf(text: string): number | null {
  const [, years, months, day] = DATE.exec(text) ?? []
  if (years === undefined) return null
  const month = Number(months)
  const year = Number(years) - (month <= 2 ? 1 : 0)
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + Number(day) - 1
  const days =
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  // A month without such a day, and what does not fit, come out as another text.
  return (days | 0) === days && dateText(days) === text ? days : null
}

/** With `T` or a blank between day and time; seconds may have up to six digits more. */
const TIME = /^(.+)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/

/** null: it is not the text of a time without a zone. */
function microsOf(text: string): bigint | null {
  const [, date, hours, minutes, seconds, fraction = ''] = TIME.exec(text) ?? []
  if (date === undefined) return null
  const days = daysOf(date)
  if (days === null || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null
  const second = BigInt(days) * SECONDS_PER_DAY + BigInt(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))
  const micros = second * MICROS_PER_SECOND + BigInt(fraction.padEnd(6, '0'))
  return isLong(micros) ? micros : null
}

function microsOfDate(value: unknown): bigint | null {
  return types.isDate(value) && !Number.isNaN(value.getTime()) ? BigInt(value.getTime()) * MICROS_PER_MILLI : null
}
