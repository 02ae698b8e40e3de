/** Spark's Murmur3 of 32 bits. Source: A. Appleby, MurmurHash3; the rest bytes go in one by one, as signed. */
import type { Type } from '../../../dist/src/plan/type.js'
import { fieldsOf, isDecimal, type Value } from './value.js'

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

function mix(hash: number, block: number): number {
  const k = Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)
  return (Math.imul(rotate(hash ^ k, 13), 5) + 0xe6546b64) | 0
}

function finish(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function hashInt(value: number, seed: number): number {
  return finish(mix(seed, value | 0), 4)
}

function hashLong(value: bigint, seed: number): number {
  const low = Number(BigInt.asIntN(32, value))
  const high = Number(BigInt.asIntN(32, value >> 32n))
  return finish(mix(mix(seed, low), high), 8)
}

function hashBytes(bytes: Buffer, seed: number): number {
  const whole = bytes.length - (bytes.length % 4)
  let hash = seed
  for (let i = 0; i < whole; i += 4) hash = mix(hash, bytes.readInt32LE(i))
  for (let i = whole; i < bytes.length; i++) hash = mix(hash, bytes.readInt8(i))
  return finish(hash, bytes.length)
}

/** Two's complement, big endian, as short as it can be. */
function bytesOf(value: bigint): Buffer {
  let size = 1
  while (BigInt.asIntN(8 * size, value) !== value) size++
  return Buffer.from(
    BigInt.asUintN(8 * size, value)
      .toString(16)
      .padStart(2 * size, '0'),
    'hex',
  )
}

export function hash(value: Value, type: Type, seed: number): number {
  if (value === null) return seed
  if (Array.isArray(value)) {
    const fields = fieldsOf(type)
    return value.reduce<number>((h, one, i) => hash(one, (fields[i] ?? fields[0]!).type, h), seed)
  }
  if (typeof value === 'string') return hashBytes(Buffer.from(value), seed)
  if (value instanceof Uint8Array) return hashBytes(Buffer.from(value), seed)
  if (typeof value === 'bigint') {
    return isDecimal(type) && type.precision > 18 ? hashBytes(bytesOf(value), seed) : hashLong(value, seed)
  }
  if (type !== 'double') return hashInt(Number(value), seed)
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value === 0 ? 0 : Number.isNaN(value) ? NaN : Number(value))
  return hashLong(bits.getBigInt64(0), seed)
}
