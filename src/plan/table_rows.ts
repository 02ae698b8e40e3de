/** What rows take in the table of a join in memory (native/pipeline/join_table.cc): at most, or nearly. */
import type { Column, SimpleType, Type } from './type.js'

/** Of a row whose key is one number: its slots, of which half are free or more, its place in an array instead, and its share of sets of keys. */
const NUMBER_KEY_BYTES = 56
/** Of other keys, of a column each: slots are a power of two. */
const KEY_BYTES = 56
const KEY_COLUMN_BYTES = 9
/** Of a value in its column, also of one that is null; other types take more. */
const VALUE_BYTES: Partial<Record<SimpleType, number>> = {
  boolean: 1,
  integer: 4,
  date: 4,
  long: 8,
  double: 8,
  timestamp: 8,
  timestamp_ntz: 8,
}
const MOST_VALUE_BYTES = 16
/** A decimal of so many digits is a number of 64 bits. */
const MOST_NUMBER_DIGITS = 18

/** No row takes less. */
export const LEAST_TABLE_ROW_BYTES = NUMBER_KEY_BYTES

export interface TableRow {
  /** Whatever is in it. */
  bytes: number
  /** How often the bytes of its texts, lists and structs are there as well. */
  copies: number
}

/** @param on the columns by which rows are found */
export function tableRow(columns: readonly Column[], on: readonly string[]): TableRow {
  const keys = columns.filter(({ name }) => on.includes(name))
  const isNumber = keys.length === 1 && copiesOf(keys) === 0
  const keyBytes = isNumber ? NUMBER_KEY_BYTES : KEY_BYTES + keys.length * KEY_COLUMN_BYTES
  const bytes = columns.reduce((sum, { type }) => sum + valueBytes(type), keyBytes)
  return { bytes, copies: copiesOf(columns) + copiesOf(keys) }
}

function copiesOf(columns: readonly Column[]): number {
  return columns.every(({ type }) => isFixed(type)) ? 0 : 1
}

/** Whether a value is a number of at most 64 bits. */
export function isFixed(type: Type): boolean {
  if (typeof type === 'string') return VALUE_BYTES[type] !== undefined
  return type.type === 'decimal' && type.precision <= MOST_NUMBER_DIGITS
}

function valueBytes(type: Type): number {
  return (typeof type === 'string' ? VALUE_BYTES[type] : undefined) ?? MOST_VALUE_BYTES
}
