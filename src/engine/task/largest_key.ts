/** The key that most records of a partition have, as text. */
import type { Cursor } from '../../kernels/kernels.js'
import { decodeRows, type Row } from '../../kernels/rows.js'
import { decode } from '../../plan/codec.js'
import type { Exchange } from '../../plan/plan.js'
import { partitionedJoinOf } from '../../plan/stages.js'
import type { Column } from '../../plan/type.js'
import type { LargestKey, ReduceSpec } from '../task.js'
import type { TaskEnvironment } from './environment.js'
import { printable } from './printable.js'

/** The last byte of a row's key is its side (native/pipeline/exchange_end.cc). */
const SIDE_BYTES = 1
const LEFT = 1
/** Of fewer rows no share is known. */
const LEAST_SAMPLE = 100

export function trackLargestKey(cursor: Cursor, { grouping, rows }: Exchange): Cursor {
  if (partitionedRows(rows)) return cursor.sampleValues()
  if (rows) return cursor.trackLargestKey(false, rows.kind === 'sides' ? SIDE_BYTES : 0)
  return cursor.trackLargestKey(grouping === 'prefix', 0)
}

/** After all records have passed. */
export function largestKeyOf(cursor: Cursor, exchange: Exchange, { task, plan }: TaskEnvironment): LargestKey {
  const { id, rows } = exchange
  const of = cursor.runRecords
  const partitioned = partitionedRows(rows)
  if (partitioned) {
    const { operators } = plan.stages[(task as ReduceSpec).stage]!.inputs[(task as ReduceSpec).input]!
    const join = partitionedJoinOf(operators, id)
    // Users know the left side's names.
    const shown = join && (join.isSwapped ? join.buildOn : join.on)
    return { exchange: id, of, ...sampledKey(cursor, partitioned, shown), isEstimate: true }
  }
  const { key, value, records } = cursor.largestKey()
  return { exchange: id, of, text: rows ? rowKeyText(rows, key, value) : keyText(exchange, key), records }
}

interface PartitionedRows {
  columns: Column[]
  by: string[]
}

/** Of rows that are not sorted by what partitions them, or by more: their keys are not neighbours. */
function partitionedRows(rows: Exchange['rows']): PartitionedRows | null {
  return rows?.kind === 'rows' && rows.by ? { columns: rows.columns, by: rows.by } : null
}

function sampledKey(cursor: Cursor, { columns, by }: PartitionedRows, shown = by): { text: string; records: number } {
  const sample = cursor.sampledValues()
  if (sample.length < LEAST_SAMPLE) return { text: '', records: 0 }
  const counts = new Map<string, number>()
  for (const row of sample) {
    const text = keyOfRow(decoded(row, columns), by, shown)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const [text, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))
  return { text: printable(text), records: Math.round((count / sample.length) * cursor.runRecords) }
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
  return printable(keyOfRow(decoded(row, columns), names, shown))
}

function decoded(row: Uint8Array, columns: readonly Column[]): Row {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(row.length)
  return decodeRows(Buffer.concat([size, row]), columns, 'shown')[0]!
}

function keyOfRow(row: Row, names: readonly string[], shown = names): string {
  return names.map((name, i) => `${shown[i]} = ${valueText(row[name])}`).join(', ')
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value instanceof Date ? value.toISOString() : String(value)
}
