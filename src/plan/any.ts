/**
 * What JavaScript holds <-> bytes: the codec `any`, of collections.
 *
 * As a key, equal values are equal bytes: −0 is 0, all NaN are one, and the names of an object are sorted. memcmp orders keys by their type,
 * in the order of the table, then by value. As a value, what comes out is what went in.
 *
 * | tag  | then                                                                  |
 * |------|-----------------------------------------------------------------------|
 * | null, false, true | nothing                                                  |
 * | number, Date      | 8 bytes of the number, of the milliseconds (ordered.ts)  |
 * | bigint            | as the codec has it                                      |
 * | text              | UTF-8; inside of others as the part of a tuple           |
 * | half text         | UTF-16: text with half a surrogate pair, no key          |
 * | bytes             | unchanged; inside of others as the part of a tuple       |
 * | array             | its items, END                                           |
 * | object            | for each property MORE, its name as a part, its value; END |
 */
import { types } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { describe, isPlainObject } from '../base/schema.js'
import { bigintSize, decodeBigint, encodeBigint, escapePart, numberAt, partAt, putNumber } from './ordered.js'

const END = 0x01
const MORE = 0x02
const NULL = 0x10
const FALSE = 0x20
const TRUE = 0x21
const NUMBER = 0x30
const BIGINT = 0x38
const DATE = 0x40
/** ASCII, so that a batch of texts in ASCII is one. */
export const TEXT_TAG = 0x50
export const NUMBER_BYTES = 9
const HALF_TEXT = 0x51
const BYTES = 0x60
const ARRAY = 0x70
const OBJECT = 0x78

/** Arrays and objects inside each other: more is a cycle. */
const MAX_DEPTH = 1000

/** Marks what is written as the array of what it gives: the values of a group. */
export const AS_ARRAY: unique symbol = Symbol.for('runjob.asArray')

/** As a key, or exactly as it is. */
type Mode = 'key' | 'exact'

let bytes = Buffer.allocUnsafeSlow(1 << 12)
let at = 0
let mode: Mode = 'exact'
/** Names and indices that lead to the current value. */
const trail: (string | number)[] = []

/**
 * @param what which value it is, for the error
 * @returns bytes that are valid until the next call
 * @throws COLLECTION_INVALID for functions, symbols, objects of classes, undefined, cycles; of keys for text with half a surrogate pair
 */
export function encodeAny(value: unknown, how: Mode, what = 'key or value'): Uint8Array {
  at = 0
  mode = how
  trail.length = 0
  trail.push(what)
  put(value, false)
  return bytes.subarray(0, at)
}

function reserve(size: number): void {
  if (at + size <= bytes.length) return
  const grown = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, at + size))
  bytes.copy(grown, 0, 0, at)
  bytes = grown
}

function putByte(byte: number): void {
  reserve(1)
  bytes[at++] = byte
}

function putRaw(given: Uint8Array): void {
  reserve(given.length)
  bytes.set(given, at)
  at += given.length
}

function putText(text: string, isInside: boolean): void {
  if (isInside && text.includes('\0')) {
    putRaw(escapePart(Buffer.from(text)))
    return
  }
  reserve(3 * text.length + 2)
  at += bytes.write(text, at, 'utf8')
  if (!isInside) return
  bytes[at++] = 0
  bytes[at++] = 1
}

function putNumeric(tag: number, value: number): void {
  reserve(NUMBER_BYTES)
  putTagged(tag, value, mode, bytes, at)
  at += NUMBER_BYTES
}

function putTagged(tag: number, value: number, how: Mode, target: Uint8Array, start: number): void {
  target[start] = tag
  // The bits of a NaN are no part of its value.
  putNumber(target, start + 1, Number.isNaN(value) ? Number.NaN : how === 'key' && value === 0 ? 0 : value)
}

/** What encodeAny() gives for a number, where there is room for NUMBER_BYTES. */
export function encodeNumberAt(value: number, how: Mode, target: Uint8Array, start: number): void {
  putTagged(NUMBER, value, how, target, start)
}

/** @param isInside of an array or object: its bytes must show its end */
function put(value: unknown, isInside: boolean): void {
  if (typeof value === 'string') putString(value, isInside)
  else if (typeof value === 'number') putNumeric(NUMBER, value)
  else if (typeof value === 'boolean') putByte(value ? TRUE : FALSE)
  else if (typeof value === 'bigint') {
    putByte(BIGINT)
    putRaw(encodeBigint(value))
  } else if (value === null) putByte(NULL)
  else if (typeof value === 'object') putObject(value, isInside)
  else throw unsupported(value)
}

function putString(text: string, isInside: boolean): void {
  if (text.isWellFormed()) {
    putByte(TEXT_TAG)
    putText(text, isInside)
    return
  }
  if (mode === 'key') throw unsupported(text, 'a key cannot hold text with half a surrogate pair')
  putByte(HALF_TEXT)
  const units = Buffer.from(text, 'utf16le')
  putRaw(isInside ? escapePart(units) : units)
}

function putObject(value: object, isInside: boolean): void {
  if (Array.isArray(value)) putArray(value)
  else if (types.isUint8Array(value)) {
    putByte(BYTES)
    putRaw(isInside ? escapePart(value) : value)
  } else if (types.isDate(value)) putNumeric(DATE, value.getTime())
  else if (AS_ARRAY in value) putArray(value as unknown as Iterable<unknown>)
  else if (isPlainObject(value)) putProperties(value)
  else throw unsupported(value)
}

function putProperties(object: Record<string, unknown>): void {
  const names = Object.keys(object)
  putByte(OBJECT)
  for (const name of mode === 'key' ? names.sort() : names) {
    const part = object[name]
    // Reading it gives undefined again.
    if (part === undefined) continue
    if (!name.isWellFormed()) throw unsupported(name, 'a property is named by text with half a surrogate pair')
    putByte(MORE)
    putText(name, true)
    putPart(part, name)
  }
  putByte(END)
}

function putArray(list: Iterable<unknown>): void {
  putByte(ARRAY)
  let i = 0
  for (const item of list) putPart(item, i++)
  putByte(END)
}

function putPart(value: unknown, step: string | number): void {
  if (trail.length > MAX_DEPTH) throw unsupported(value, 'it holds itself, or is nested too deeply')
  trail.push(step)
  put(value, true)
  trail.pop()
}

function unsupported(value: unknown, because?: string): RunjobError {
  const [what, ...steps] = trail
  const path = steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path
  const type = value === undefined ? 'undefined' : describe(value)
  const problem = because ?? `a collection cannot hold ${type}`
  return new RunjobError('COLLECTION_INVALID', {
    problem: `${what}${shown}: ${problem}`,
    hint: 'It holds null, booleans, numbers, bigints, text, Dates, Uint8Arrays, and arrays and plain objects of these.',
  })
}

/** The number that is encoded there; null if it is something else. */
export function numberIn(given: Uint8Array, start: number): number | null {
  return given[start] === NUMBER ? numberAt(given, start + 1) : null
}

/** The inverse of encodeAny. Bytes are copies: they outlive the buffer. */
export function decodeAny(given: Uint8Array): unknown {
  const buffer = asBuffer(given)
  switch (buffer[0]) {
    case TEXT_TAG:
      return buffer.toString('utf8', 1)
    case HALF_TEXT:
      return buffer.toString('utf16le', 1)
    case BYTES:
      return new Uint8Array(buffer.subarray(1))
    default:
      return new AnyReader(buffer).value()
  }
}

class AnyReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  value(): unknown {
    const tag = this.#bytes[this.#at++]
    switch (tag) {
      case NULL:
        return null
      case FALSE:
      case TRUE:
        return tag === TRUE
      case NUMBER:
        return this.#number()
      case DATE:
        return new Date(this.#number())
      case BIGINT: {
        const start = this.#at
        this.#at += bigintSize(this.#bytes, start)
        return decodeBigint(this.#bytes.subarray(start, this.#at))
      }
      case TEXT_TAG:
        return asBuffer(this.#part()).toString('utf8')
      case HALF_TEXT:
        return asBuffer(this.#part()).toString('utf16le')
      case BYTES:
        return new Uint8Array(this.#part())
      case ARRAY:
        return this.#array()
      case OBJECT:
        return this.#object()
      default:
        throw new RunjobError('INTERNAL', { detail: `no value begins with the byte ${tag}` })
    }
  }

  #number(): number {
    const value = numberAt(this.#bytes, this.#at)
    this.#at += 8
    return value
  }

  #part(): Uint8Array {
    const { part, end } = partAt(this.#bytes, this.#at)
    this.#at = end
    return part
  }

  #array(): unknown[] {
    const items: unknown[] = []
    while (this.#bytes[this.#at] !== END) items.push(this.value())
    this.#at++
    return items
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    while (this.#bytes[this.#at++] === MORE) {
      const name = asBuffer(this.#part()).toString('utf8')
      const value = this.value()
      // A property of that name would set the prototype instead.
      if (name === '__proto__')
        Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
      else object[name] = value
    }
    return object
  }
}

function asBuffer(part: Uint8Array): Buffer {
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}
