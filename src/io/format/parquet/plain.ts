/** Values as pages without a dictionary have them, byte arrays without their length: so statistics and Bloom filters have them, too. */
import type { Type } from '../../../plan/type.js'
import { BYTE_ARRAY, DOUBLE, FIXED, FLOAT, INT32, INT64, READ_AS } from './physical.js'
import type { Leaf } from './schema.js'

/** As literals have it, but that longs and decimals are bigints, and text and bytes are Buffers, which compare as they do. */
export type Bound = boolean | number | bigint | Buffer

/** null: the bytes are no value of the type, or one whose order is not known. */
export function readPlain({ physical, length, readAs, type }: Leaf, bytes: Buffer): Bound | null {
  if (readAs === READ_AS.unsigned) return null
  switch (physical) {
    case INT32:
      if (bytes.length !== 4) return null
      if (readAs === READ_AS.decimal) return BigInt(bytes.readInt32LE())
      return readAs === READ_AS.millis ? BigInt(bytes.readInt32LE()) * 1000n : bytes.readInt32LE()
    case INT64: {
      if (bytes.length !== 8) return null
      const value = bytes.readBigInt64LE()
      return readAs === READ_AS.millis ? value * 1000n : readAs === READ_AS.nanos ? null : value
    }
    case FLOAT:
    case DOUBLE: {
      if (bytes.length !== (physical === FLOAT ? 4 : 8)) return null
      const value = physical === FLOAT ? bytes.readFloatLE() : bytes.readDoubleLE()
      return Number.isNaN(value) ? null : value
    }
    case BYTE_ARRAY:
      return isBytes(type) ? bytes : null
    case FIXED:
      return isBytes(type) && bytes.length === length ? bytes : null
    default:
      return null
  }
}

/** The only bytes that are the value; null: there may be others, or none. */
export function plainBytes({ physical, length, readAs, type }: Leaf, value: Bound): Buffer | null {
  if (readAs !== READ_AS.same && readAs !== READ_AS.decimal) return null
  switch (physical) {
    case INT32:
      return typeof value === 'boolean' || Buffer.isBuffer(value) ? null : integerBytes(BigInt(value), 4)
    case INT64:
      return typeof value === 'bigint' ? integerBytes(value, 8) : null
    case DOUBLE: {
      // Two zeros are equal, and so are all NaN.
      if (typeof value !== 'number' || value === 0 || Number.isNaN(value)) return null
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value)
      return bytes
    }
    case BYTE_ARRAY:
      return isBytes(type) && Buffer.isBuffer(value) ? value : null
    case FIXED:
      return isBytes(type) && Buffer.isBuffer(value) && value.length === length ? value : null
    default:
      return null
  }
}

function integerBytes(value: bigint, size: 4 | 8): Buffer | null {
  if (BigInt.asIntN(size * 8, value) !== value) return null
  const bytes = Buffer.alloc(size)
  if (size === 4) bytes.writeInt32LE(Number(value))
  else bytes.writeBigInt64LE(value)
  return bytes
}

function isBytes(type: Type): boolean {
  return type === 'string' || type === 'binary'
}
