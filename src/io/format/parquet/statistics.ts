/** What the footer says of the values of a column in a row group: bounds, and how many are null. */
import type { Column, Type } from '../../../plan/type.js'
import { sameType } from '../../../plan/type.js'
import type { ColumnChunk, ParquetFooter } from './footer.js'
import type { Leaf } from './schema.js'

/** As literals have it, but that longs and decimals are bigints, and text and bytes are Buffers, which compare as they do. */
export type Bound = boolean | number | bigint | Buffer

export interface ColumnStatistics {
  /** No value is less, or greater. null: unknown. For doubles, NaN does not count. */
  least: Bound | null
  greatest: Bound | null
  /** null: unknown. */
  nulls: number | null
}

const UNKNOWN: ColumnStatistics = { least: null, greatest: null, nulls: null }

const INT32 = 1
const INT64 = 2
const FLOAT = 4
const DOUBLE = 5
const BYTE_ARRAY = 6
const FIXED = 7

/**
 * Statistics lie: minima and maxima of old writers are those of signed bytes, so they only count for signed integers; times of 96 bits have no
 * order; a NaN as a bound means nothing.
 *
 * @param column as it is read; what the file has must be of the same type
 */
export function statisticsOf(
  footer: ParquetFooter,
  { statistics }: ColumnChunk,
  leaf: Leaf,
  column: Column,
): ColumnStatistics {
  if (!statistics || leaf.maxRepetition > 0 || !sameType(leaf.type, column.type)) return UNKNOWN
  const nulls = statistics.field_3 === undefined ? null : Number(statistics.field_3)
  const isSigned = leaf.physical === INT32 || leaf.physical === INT64
  const hasOrder = footer.ordered[leaf.index] === true || isSigned
  const said = (newer: unknown, older: unknown) =>
    newer !== undefined && hasOrder ? newer : isSigned ? older : undefined
  const isUnsigned = leaf.readAs === UNSIGNED
  const bound = (bytes: unknown): Bound | null =>
    bytes instanceof Uint8Array && !isUnsigned ? boundOf(leaf, Buffer.from(bytes)) : null
  const [least, greatest] = [
    bound(said(statistics.field_6, statistics.field_2)),
    bound(said(statistics.field_5, statistics.field_1)),
  ]
  return { least, greatest, nulls }
}

const UNSIGNED = 1
const MILLIS = 5
const NANOS = 6
const DECIMAL = 7

/** null: the bytes are no value of the type. */
function boundOf({ physical, length, readAs, type }: Leaf, bytes: Buffer): Bound | null {
  switch (physical) {
    case INT32:
      if (bytes.length !== 4) return null
      if (readAs === DECIMAL) return BigInt(bytes.readInt32LE())
      return readAs === MILLIS ? BigInt(bytes.readInt32LE()) * 1000n : bytes.readInt32LE()
    case INT64: {
      if (bytes.length !== 8) return null
      const value = bytes.readBigInt64LE()
      return readAs === MILLIS ? value * 1000n : readAs === NANOS ? null : value
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

function isBytes(type: Type): boolean {
  return type === 'string' || type === 'binary'
}
