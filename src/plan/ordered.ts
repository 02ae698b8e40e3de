/** Bytes that memcmp orders as their values: the parts of which encodings of keys consist. */

const scratch = new DataView(new ArrayBuffer(8))

/** The first byte of a negative bigint is below it. */
const SIGN = 0x80

/** IEEE 754, big endian; sign bit flipped if positive, all bits flipped if negative. NaN is the largest. */
export function putNumber(target: Uint8Array, at: number, value: number): void {
  scratch.setFloat64(0, value)
  const high = scratch.getUint32(0)
  const low = scratch.getUint32(4)
  const isNegative = high >>> 31 === 1
  putWord(target, at, isNegative ? ~high : high | 0x80000000)
  putWord(target, at + 4, isNegative ? ~low : low)
}

function putWord(target: Uint8Array, at: number, word: number): void {
  target[at] = word >>> 24
  target[at + 1] = word >>> 16
  target[at + 2] = word >>> 8
  target[at + 3] = word
}

export function numberAt(bytes: Uint8Array, at: number): number {
  const high = wordAt(bytes, at)
  const low = wordAt(bytes, at + 4)
  const isNegative = high >= 0
  scratch.setInt32(0, isNegative ? ~high : high & 0x7fffffff)
  scratch.setInt32(4, isNegative ? ~low : low)
  return scratch.getFloat64(0)
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/**
 * A positive number is its length + 0x80000000 (so that longer sorts later), then its magnitude; a negative one is the complement of its
 * absolute value's encoding.
 */
export function encodeBigint(value: bigint): Uint8Array {
  const negative = value < 0n
  let hex = (negative ? -value : value).toString(16)
  if (hex.length % 2) hex = `0${hex}`
  const magnitude = Buffer.from(hex, 'hex')
  const bytes = new Uint8Array(4 + magnitude.length)
  new DataView(bytes.buffer).setUint32(0, (0x80000000 + magnitude.length) >>> 0)
  bytes.set(magnitude, 4)
  return negative ? bytes.map((byte) => ~byte & 0xff) : bytes
}

export function decodeBigint(bytes: Uint8Array): bigint {
  const negative = bytes[0]! < SIGN
  const plain = negative ? bytes.map((byte) => ~byte & 0xff) : bytes
  const magnitude = BigInt(`0x${Buffer.from(plain.subarray(4)).toString('hex')}`)
  return negative ? -magnitude : magnitude
}

/** Bytes of the bigint that starts there. */
export function bigintSize(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
  return 4 + (bytes[at]! < SIGN ? (~length >>> 0) - 0x80000000 : length - 0x80000000)
}

/** 00 as 00 FF, then 00 01: what follows never runs into it. */
export function escapePart(bytes: Uint8Array): Uint8Array {
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

/** The part that starts there, and where it ends. */
export function partAt(bytes: Uint8Array, start: number): { part: Uint8Array; end: number } {
  let end = bytes.indexOf(0, start)
  if (end < 0) return { part: bytes.subarray(start), end: bytes.length }
  if (bytes[end + 1] !== 0xff) return { part: bytes.subarray(start, end), end: end + 2 }
  const plain: number[] = []
  for (let at = start; ; at++) {
    const byte = bytes[at]
    if (byte === undefined) return { part: Uint8Array.from(plain), end: at }
    plain.push(byte)
    if (byte !== 0) continue
    at++
    if (bytes[at] === 0xff) continue
    plain.pop()
    end = at + 1
    return { part: Uint8Array.from(plain), end }
  }
}
