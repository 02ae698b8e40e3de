/**
 * Typed values <-> bytes.
 *
 * Encoded keys compare with memcmp in the order of their values: numbers by size, strings by code point, bigints by size,
 * tuples part by part. One sort, one merge and one hash table therefore serve every type. Values use the same encoding,
 * except that a value of codec `number` travels as a plain double in a separate column (kernels.ts, Layout), where NaN
 * means missing: no user's number is NaN. docs/values.md says what may be missing where.
 *
 * | codec  | bytes                                                                                  |
 * |--------|----------------------------------------------------------------------------------------|
 * | string | UTF-8; half a surrogate pair is refused                                                |
 * | number | IEEE 754, big endian; sign bit flipped if positive, all bits flipped if negative       |
 * | bigint | sign and length, then magnitude, big endian; all bits flipped if negative              |
 * | bytes  | unchanged                                                                              |
 * | json   | JSON text with sorted object keys                                                      |
 * | any    | a tag, then as above (any.ts)                                                          |
 * | tuple  | each part's bytes with 00 written as 00 FF, then 00 01 (native key_encoding.h)         |
 */
import { types } from 'node:util'
import { RunjobError } from '../base/errors.js'
import { describe } from '../base/schema.js'
import { decodeAny, encodeAny } from './any.js'
import { decodeBigint, encodeBigint, escapePart, numberAt, partAt, putNumber } from './ordered.js'
import type { CodecSpec, ColumnSpec, MissingText, RecordSpec, ValueSpec } from './plan.js'

/** The bytes that `byNumber` puts before a key: an encoded number. */
export const NUMBER_KEY_BYTES = 8

const utf8 = new TextEncoder()

export function codecName(spec: CodecSpec): string {
  return typeof spec === 'string' ? spec : `tuple(${spec.tuple.map(codecName).join(', ')})`
}

/**
 * @param what which value it is, for the error: `key`, `value.price`
 * @throws EMIT_TYPE if the value is not of the codec's type
 */
export function encode(spec: CodecSpec, value: unknown, what?: string): Uint8Array {
  if (typeof spec !== 'string') return encodeTuple(spec.tuple, value, what)
  switch (spec) {
    case 'string':
      if (typeof value !== 'string' || !value.isWellFormed()) throw emitType(spec, value, what)
      return utf8.encode(value)
    case 'number':
      if (!isNumber(value)) throw emitType(spec, value, what)
      return encodeNumber(value)
    case 'bigint':
      if (typeof value !== 'bigint') throw emitType(spec, value, what)
      return encodeBigint(value)
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw emitType(spec, value, what)
      return value
    case 'json':
      return utf8.encode(jsonText(value, what))
    case 'any':
      // Copied: the next call writes over it.
      return new Uint8Array(encodeAny(value, what === 'value' ? 'exact' : 'key', what))
  }
}

/** Whether it is a value of codec `number`: NaN and the infinities are not. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

/** Marks missing text in a column: never the bytes of a text, because it is not UTF-8. */
export const MISSING_TEXT: Uint8Array = Uint8Array.of(0xff)

/** Whether a column's bytes mark a missing value. */
export function isMissingText(bytes: Uint8Array, missing: MissingText): boolean {
  return missing === 'empty' ? bytes.length === 0 : bytes.length === 1 && bytes[0] === MISSING_TEXT[0]
}

/** The inverse of encode. `bytes` values are copies: they outlive the buffer. */
export function decode(spec: CodecSpec, bytes: Uint8Array): unknown {
  if (typeof spec !== 'string') return decodeTuple(spec.tuple, bytes)
  switch (spec) {
    case 'string':
      return asBuffer(bytes).toString('utf8')
    case 'number':
      return numberAt(bytes, 0)
    case 'bigint':
      return decodeBigint(bytes)
    case 'bytes':
      // Not bytes.slice(): for a Buffer that is not a copy.
      return new Uint8Array(bytes)
    case 'json':
      return JSON.parse(asBuffer(bytes).toString('utf8'))
    case 'any':
      return decodeAny(bytes)
  }
}

/** The columns of a value; a single typed one is the column `value`. */
export function valueColumns(value: ValueSpec): ColumnSpec[] {
  if (isColumns(value)) return value.columns
  if (isRow(value)) return value.row.map(() => ({ name: '', codec: 'string' }))
  return [{ name: 'value', ...(typeof value === 'object' && 'codec' in value ? value : { codec: value }) }]
}

export function isRow(value: ValueSpec): value is { row: string[][] } {
  return typeof value === 'object' && 'row' in value
}

export function isColumns(value: ValueSpec): value is { columns: ColumnSpec[] } {
  return typeof value === 'object' && 'columns' in value
}

/** Whether records have a number to rank them by, and a key to show. */
export function canRank({ key, value }: RecordSpec): boolean {
  return key === 'string' && valueColumns(value)[0]?.codec === 'number'
}

/**
 * Appends the group part of a composite key: escaped bytes and the terminator 00 01.
 * What follows it orders records inside the group.
 */
export function encodePrefix(group: Uint8Array, suffix: Uint8Array): Uint8Array {
  return concat([escapePart(group), suffix])
}

/**
 * The ordering part of a composite key: any key type, or `descending(...)` of one, or a tuple of those.
 */
export function encodeOrder(value: unknown): Uint8Array {
  switch (typeof value) {
    // Every part's bytes must show its end, or a shorter part would run into the next one.
    case 'string':
      return escapePart(utf8.encode(value))
    case 'number':
      // Infinity sorts after everything; it is for sorting only.
      if (Number.isNaN(value)) break
      return encodeNumber(value)
    case 'bigint':
      return encodeBigint(value)
    case 'boolean':
      return Uint8Array.of(value ? 1 : 0)
    default:
      if (Array.isArray(value)) return concat(value.map((part) => encodeOrder(part)))
      if (value instanceof Uint8Array) return escapePart(value)
      if (value instanceof Descending) return encodeOrder(value.value).map((byte) => ~byte & 0xff)
  }
  throw new RunjobError('EMIT_TYPE', {
    codec: 'order',
    type: typeName(value),
    want: 'a string, number, bigint, boolean, bytes or an array of these',
  })
}

const DESCENDING = Symbol.for('runjob.descending')

/** Marks a part of an `order` key to sort in descending order. */
export class Descending {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }

  /** Like RunjobError: a process may hold this class twice. */
  static [Symbol.hasInstance](value: unknown): value is Descending {
    return typeof value === 'object' && value !== null && DESCENDING in value
  }

  static {
    Object.defineProperty(Descending.prototype, DESCENDING, { value: true })
  }
}

function encodeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_KEY_BYTES)
  putNumber(bytes, 0, value === 0 ? 0 : value)
  return bytes
}

function encodeTuple(parts: CodecSpec[], value: unknown, what?: string): Uint8Array {
  if (!Array.isArray(value) || value.length !== parts.length) throw emitType({ tuple: parts }, value, what)
  return concat(parts.map((part, i) => escapePart(encode(part, value[i], what))))
}

function decodeTuple(parts: CodecSpec[], bytes: Uint8Array): unknown[] {
  let at = 0
  return parts.map((spec) => {
    const { part, end } = partAt(bytes, at)
    at = end
    return decode(spec, part)
  })
}

function concat(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Objects inside objects: more is a cycle, or more than JSON.parse can take. */
const MAX_JSON_DEPTH = 1000
/** Names and indices that lead to the current value: they are joined only when a path is shown. */
const trail: (string | number)[] = []

/**
 * JSON text with sorted object keys: equal objects must be equal keys, whatever the order their properties were set in.
 *
 * @param what which value it is, for the error
 * @throws EMIT_TYPE for what JSON would drop or change silently: NaN, infinities, bigints, functions, holes, maps, cycles, …
 */
export function jsonText(value: unknown, what = 'value'): string {
  trail.length = 0
  trail.push(what)
  return JSON.stringify(jsonValue(value))
}

// A property whose value is undefined is left out: reading it gives undefined again.
function jsonValue(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!isNumber(value)) throw notJson(value)
      return value
    case 'object':
      return value === null ? null : jsonObject(value)
    default:
      throw notJson(value)
  }
}

function jsonPart(value: unknown, step: string | number): unknown {
  trail.push(step)
  const json = jsonValue(value)
  trail.pop()
  return json
}

function jsonObject(value: object): unknown {
  if (trail.length > MAX_JSON_DEPTH) throw notJson(value, 'it holds itself, or is nested too deeply')
  // Array.from, not map, which skips holes.
  if (Array.isArray(value)) return Array.from(value, jsonPart)
  // A Buffer has a toJSON, too, which makes numbers of its bytes; nothing makes bytes of those again.
  if (ArrayBuffer.isView(value)) throw notJson(value, 'JSON has nothing for bytes')
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    const json = (value as { toJSON(): unknown }).toJSON()
    if (value instanceof Date && json === null) throw notJson(value, 'it is an invalid date')
    if (json !== value) return jsonPart(json, '')
  }
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (kind === 'Number' || kind === 'String' || kind === 'Boolean') return jsonPart(value.valueOf(), '')
  if (OPAQUE.has(kind)) throw notJson(value, `JSON cannot hold the content of a ${kind}`)
  const json: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(value).sort()) {
    const part = (value as Record<string, unknown>)[name]
    if (part !== undefined) json[name] = jsonPart(part, name)
  }
  return json
}

function notJson(value: unknown, because?: string): RunjobError {
  const [first, ...steps] = trail
  const path = steps.map((step) => (typeof step === 'number' ? `[${step}]` : step && `.${step}`)).join('')
  const what = `${first}${path.length > 80 ? `${path.slice(0, 80)}…` : path}`
  return new RunjobError('EMIT_TYPE', { what, codec: 'json', type: typeName(value), want: 'json', because })
}

/** Objects whose content JSON does not see. */
const OPAQUE = new Set([
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Promise', 'RegExp', 'Error', 'ArrayBuffer', 'SharedArrayBuffer'],
  ...['Map Iterator', 'Set Iterator', 'Array Iterator', 'Generator', 'AsyncGenerator', 'Iterator Helper'],
])

export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (types.isUint8Array(value)) return 'bytes'
  if (typeof value === 'number' && !isNumber(value)) return String(value)
  if (typeof value === 'string' && !value.isWellFormed()) return 'text with half a surrogate pair'
  return typeof value === 'object' ? describe(value) : typeof value
}

export function emitType(codec: CodecSpec, value: unknown, what?: string): RunjobError {
  return new RunjobError('EMIT_TYPE', { what, codec: codecName(codec), type: typeName(value), want: codecName(codec) })
}
