/** The key that most records of a partition have, as text. */

import type { Cursor } from '../../kernels/kernels.js'
import { decodeRows } from '../../kernels/rows.js'
import { decode } from '../../plan/codec.js'
import type { Exchange } from '../../plan/plan.js'
import { printable } from './printable.js'

/** The last byte of a row's key is its side (native/pipeline/exchange_end.cc). */
const SIDE_BYTES = 1
const LEFT = 1

export function trackLargestKey(cursor: Cursor, { grouping, rows }: Exchange): Cursor {
  if (rows) return cursor.trackLargestKey(false, rows.kind === 'sides' ? SIDE_BYTES : 0)
  return cursor.trackLargestKey(grouping === 'prefix', 0)
}

export function largestKeyOf(cursor: Cursor, exchange: Exchange): { text: string; records: number } {
  const { key, value, records } = cursor.largestKey()
  return { text: exchange.rows ? rowKeyText(exchange.rows, key, value) : keyText(exchange, key), records }
}

function keyText({ record, grouping }: Exchange, bytes: Uint8Array): string {
  const [plain] = grouping === 'prefix' ? (decode({ tuple: ['bytes'] }, bytes) as [Uint8Array]) : [bytes]
  const key = decode(record.key, plain)
  return printable(Array.isArray(key) ? key.join(', ') : key)
}

/** From the first row that has the key: the key itself cannot be read back. */
function rowKeyText(rows: NonNullable<Exchange['rows']>, key: Uint8Array, row: Uint8Array): string {
  if (rows.kind === 'groups') return ''
  const side = rows.kind === 'sides' ? rows.sides[key.at(-1) === LEFT ? 0 : 1]! : null
  const columns = side?.columns ?? (rows.kind === 'rows' ? rows.columns : [])
  const names = side?.keys ?? (rows.kind === 'rows' ? rows.keys.map(({ column }) => column) : [])
  // Users know the left side's names.
  const shown = rows.kind === 'sides' ? rows.sides[0]!.keys : names
  const size = Buffer.alloc(4)
  size.writeUInt32LE(row.length)
  const [values] = decodeRows(Buffer.concat([size, row]), columns, 'shown')
  return printable(names.map((name, i) => `${shown[i]} = ${valueText(values![name])}`).join(', '))
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value instanceof Date ? value.toISOString() : String(value)
}
