/** What programs of pipelines say about joins: native/pipeline/merge_join.h, probe.h and join_table.h. */
import type { Expression } from '../plan/expression.js'
import type { JoinType } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import { ProgramWriter } from './program.js'

const TYPES: readonly JoinType[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']

export interface MergeJoinSource {
  kind: 'mergeJoin'
  type: JoinType
  left: readonly Column[]
  right: readonly Column[]
  /** Of the left side; those of the right side have the same types. */
  keys: readonly string[]
  residual: Expression | null
  /** The right rows of one key that are held in memory; more are in a file in `folder`. */
  holdBytes: number
  folder: string
}

export interface ProbeOperator {
  op: 'probe'
  /** Index among the pipeline's tables. */
  table: number
  type: JoinType
  on: readonly string[]
  residual: Expression | null
  /** Of the table's rows. */
  build: readonly Column[]
}

/** Drops rows whose `column` is none of the values that a key of a table has; none if the table has no set of that key. */
export interface KeyFilterOperator {
  op: 'keyFilter'
  /** Index among the pipeline's tables. */
  table: number
  /** Index among the table's keys. */
  key: number
  column: string
}

export function writeMergeJoin(writer: ProgramWriter, source: MergeJoinSource): void {
  const { type, left, right, keys, residual, holdBytes, folder } = source
  writer.byte(TYPES.indexOf(type)).schema(left).schema(right)
  writer.count(keys.length)
  for (const key of keys) writer.type(left.find(({ name }) => name === key)!.type)
  writer.long(BigInt(Math.floor(holdBytes))).text(folder)
  writeResidual(writer, residual, [...left, ...right])
}

export function writeProbe(writer: ProgramWriter, operator: ProbeOperator, columns: readonly Column[]): void {
  const { table, type, on, residual, build } = operator
  writer.count(table).byte(TYPES.indexOf(type))
  writeColumns(writer, on, columns)
  writeResidual(writer, residual, [...columns, ...build])
}

export function writeKeyFilter(
  writer: ProgramWriter,
  { table, key, column }: KeyFilterOperator,
  columns: readonly Column[],
): void {
  writer
    .count(table)
    .count(key)
    .count(columns.findIndex(({ name }) => name === column))
}

/** What a table must have: rows that can be found; all, for joins that give those without a match; only one of each key; or sets of keys alone. */
export type TableRows = 'found' | 'all' | 'keys' | 'sets'
const TABLE_ROWS: readonly TableRows[] = ['found', 'all', 'keys', 'sets']

export function tableRowsFor(type: JoinType, residual: Expression | null): TableRows {
  if (type === 'right' || type === 'full') return 'all'
  return (type === 'semi' || type === 'anti') && residual === null ? 'keys' : 'found'
}

/** The keys of a table of which a pipeline wants a set, by their places, and how many rows it has at most. */
export interface KeySets {
  keys: readonly number[]
  rows: number
}

/** @param keys names of the columns that are probed for, in that order */
export function joinTableProgram(
  columns: readonly Column[],
  keys: readonly string[],
  rows: TableRows,
  sets: KeySets = { keys: [], rows: 0 },
): Uint8Array {
  const writer = new ProgramWriter().schema(columns)
  writeColumns(writer, keys, columns)
  writer.byte(TABLE_ROWS.indexOf(rows)).count(sets.keys.length)
  for (const key of sets.keys) writer.count(key)
  return writer.long(BigInt(sets.rows)).take()
}

function writeColumns(writer: ProgramWriter, names: readonly string[], columns: readonly Column[]): void {
  writer.count(names.length)
  for (const key of names) writer.count(columns.findIndex(({ name }) => name === key))
}

function writeResidual(writer: ProgramWriter, residual: Expression | null, columns: readonly Column[]): void {
  writer.flag(residual !== null)
  if (residual) writer.expression(residual, columns)
}
