/**
 * Typed values <-> bytes.
 *
 * Encoded keys compare with memcmp in the order of their values: numbers by size, strings by code point, bigints by size,
 * tuples part by part. One sort, one merge and one hash table therefore serve every type. Values use the same encoding,
 * except that a value of codec `number` travels as a plain double in a column of its own (kernels.ts, Layout).
 *
 * | codec  | bytes                                                                                  |
 * |--------|----------------------------------------------------------------------------------------|
 * | string | UTF-8; lone surrogates become U+FFFD                                                   |
 * | number | IEEE 754, big endian; sign bit flipped if positive, all bits flipped if negative       |
 * | bigint | sign and length, then magnitude, big endian; all bits flipped if negative              |
 * | bytes  | as they are                                                                            |
 * | json   | JSON text with sorted object keys                                                      |
 * | tuple  | each part's bytes with 00 written as 00 FF, then 00 01 (native/key_encoding.h)         |
 */
import { RunjobError } from '../base/errors.js'
import type { Layout, ValueKind } from '../kernels/kernels.js'
import type { CodecSpec, ValueSpec } from './plan.js'

/** Bytes at the front of a key that `byNumber` puts there: an encoded number. */
export const NUMBER_KEY_BYTES = 8

const utf8 = new TextEncoder()
const scratch = new DataView(new ArrayBuffer(8))

export function codecName(spec: CodecSpec): string {
  return typeof spec === 'string' ? spec : `tuple(${spec.tuple.map(codecName).join(', ')})`
}

/** @throws EMIT_TYPE if the value is not of the codec's type */
export function encode(spec: CodecSpec, value: unknown): Uint8Array {
  if (typeof spec !== 'string') return encodeTuple(spec.tuple, value)
  switch (spec) {
    case 'string':
      if (typeof value !== 'string') throw emitType(spec, value)
      return utf8.encode(value)
    case 'number':
      if (typeof value !== 'number' || Number.isNaN(value)) throw emitType(spec, value)
      return encodeNumber(value)
    case 'bigint':
      if (typeof value !== 'bigint') throw emitType(spec, value)
      return encodeBigint(value)
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw emitType(spec, value)
      return value
    case 'json': {
      const text = JSON.stringify(sortKeys(value))
      if (text === undefined) throw emitType(spec, value)
      return utf8.encode(text)
    }
  }
}

/** The inverse of encode. `bytes` values are copies: they outlive the buffer. */
export function decode(spec: CodecSpec, bytes: Uint8Array): unknown {
  if (typeof spec !== 'string') return decodeTuple(spec.tuple, bytes)
  switch (spec) {
    case 'string':
      return asBuffer(bytes).toString('utf8')
    case 'number':
      return decodeNumber(bytes)
    case 'bigint':
      return decodeBigint(bytes)
    case 'bytes':
      // Not bytes.slice(): that of a Buffer is no copy.
      return new Uint8Array(bytes)
    case 'json':
      return JSON.parse(asBuffer(bytes).toString('utf8'))
  }
}

/** How a value of this type lies in a batch. */
export function layoutOf(value: ValueSpec): Layout {
  return valueColumns(value).map((column) => kindOf(column.codec))
}

/** The columns of a value; a single typed value is one nameless column. */
export function valueColumns(value: ValueSpec): { name: string; codec: CodecSpec; raw?: boolean }[] {
  if (typeof value === 'object' && 'columns' in value) return value.columns
  return [{ name: '', codec: value }]
}

export function isColumns(value: ValueSpec): value is { columns: { name: string; codec: CodecSpec; raw?: boolean }[] } {
  return typeof value === 'object' && 'columns' in value
}

function kindOf(codec: CodecSpec): ValueKind {
  return codec === 'number' ? 'number' : 'bytes'
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
  if (value instanceof Descending) return encodeOrder(value.value).map((byte) => ~byte & 0xff)
  if (Array.isArray(value)) return concat(value.map((part) => encodeOrder(part)))
  switch (typeof value) {
    // Every part ends where its own bytes say so, or a shorter part would run into the next one.
    case 'string':
      return escapePart(utf8.encode(value))
    case 'number':
      return encodeNumber(value)
    case 'bigint':
      return encodeBigint(value)
    case 'boolean':
      return Uint8Array.of(value ? 1 : 0)
    default:
      if (value instanceof Uint8Array) return escapePart(value)
      throw new RunjobError('EMIT_TYPE', {
        codec: 'order',
        type: typeName(value),
        want: 'a string, number, bigint, boolean, bytes or an array of these',
      })
  }
}

/** Marks a part of an `order` key to sort the other way round. */
export class Descending {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
}

function encodeNumber(value: number): Uint8Array {
  scratch.setFloat64(0, value === 0 ? 0 : value)
  const high = scratch.getUint32(0)
  if (high >>> 31) {
    scratch.setUint32(0, ~high >>> 0)
    scratch.setUint32(4, ~scratch.getUint32(4) >>> 0)
  } else {
    scratch.setUint32(0, (high | 0x80000000) >>> 0)
  }
  return new Uint8Array(scratch.buffer.slice(0))
}

function decodeNumber(bytes: Uint8Array): number {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[i] ?? 0)
  const high = scratch.getUint32(0)
  if (high >>> 31) {
    scratch.setUint32(0, (high & 0x7fffffff) >>> 0)
  } else {
    scratch.setUint32(0, ~high >>> 0)
    scratch.setUint32(4, ~scratch.getUint32(4) >>> 0)
  }
  return scratch.getFloat64(0)
}

// A positive number is its length + 0x80000000 (so that longer sorts later), then its magnitude; a negative one is the
// complement of its absolute value's encoding.
function encodeBigint(value: bigint): Uint8Array {
  const negative = value < 0n
  let hex = (negative ? -value : value).toString(16)
  if (hex.length % 2) hex = `0${hex}`
  const magnitude = Buffer.from(hex, 'hex')
  const bytes = new Uint8Array(4 + magnitude.length)
  new DataView(bytes.buffer).setUint32(0, (0x80000000 + magnitude.length) >>> 0)
  bytes.set(magnitude, 4)
  return negative ? bytes.map((byte) => ~byte & 0xff) : bytes
}

function decodeBigint(bytes: Uint8Array): bigint {
  const negative = (bytes[0] ?? 0) < 0x80
  const plain = negative ? bytes.map((byte) => ~byte & 0xff) : bytes
  const magnitude = BigInt(`0x${asBuffer(plain.subarray(4)).toString('hex')}`)
  return negative ? -magnitude : magnitude
}

function encodeTuple(parts: CodecSpec[], value: unknown): Uint8Array {
  if (!Array.isArray(value) || value.length !== parts.length) throw emitType({ tuple: parts }, value)
  return concat(parts.map((part, i) => escapePart(encode(part, value[i]))))
}

function decodeTuple(parts: CodecSpec[], bytes: Uint8Array): unknown[] {
  const values: unknown[] = []
  let at = 0
  for (const part of parts) {
    const plain: number[] = []
    while (at < bytes.length) {
      const byte = bytes[at++]!
      if (byte !== 0) {
        plain.push(byte)
        continue
      }
      if (bytes[at++] !== 0xff) break
      plain.push(0)
    }
    values.push(decode(part, Uint8Array.from(plain)))
  }
  return values
}

function escapePart(bytes: Uint8Array): Uint8Array {
  let zeros = 0
  for (const byte of bytes) if (byte === 0) zeros++
  const out = new Uint8Array(bytes.length + zeros + 2)
  let at = 0
  for (const byte of bytes) {
    out[at++] = byte
    if (byte === 0) out[at++] = 0xff
  }
  out[at + 1] = 1
  return out
}

function concat(parts: Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// Equal objects must be equal keys, whatever the order their properties were set in.
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, part]) => [name, sortKeys(part)]),
  )
}

export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'number' && Number.isNaN(value)) return 'NaN'
  return typeof value === 'object' ? 'an object' : typeof value
}

function emitType(spec: CodecSpec, value: unknown): RunjobError {
  return new RunjobError('EMIT_TYPE', { codec: codecName(spec), type: typeName(value), want: codecName(spec) })
}
