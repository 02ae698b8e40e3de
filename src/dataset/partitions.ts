/** Rows on their way into folders of their values: sorted by these, so that each folder's files are written one after another. */
import { RunjobError } from '../base/errors.js'
import { type Column, sameType, typeText } from '../plan/type.js'
import { resolve } from './expression/resolve.js'
import { invalid } from './invalid.js'
import type { Logical } from './logical.js'

/**
 * @param by the columns, from the outer folder to the inner
 * @param emptyAsNull an empty text is null, as it is when it is read back; otherwise such a row ends the run
 * @throws COLUMN_UNKNOWN; DATASET_INVALID for columns that no folder can be named after, and if there are no others
 */
export function partitioned(plan: Logical, by: readonly string[], emptyAsNull: boolean): Logical {
  for (const name of by) requirePartition(name, plan.columns)
  const twice = by.find((name, i) => by.indexOf(name) < i)
  if (twice !== undefined) throw invalid(`partitionBy: ${twice} is there twice`)
  if (by.length === plan.columns.length) throw invalid('partitionBy: no column is left for the files')
  const keys = by.map((column) => ({ column, descending: false, nullsFirst: true }))
  const input = emptyAsNull ? withoutEmpty(plan, by) : plan
  return { kind: 'sort', input, keys, columns: input.columns }
}

function requirePartition(name: string, columns: readonly Column[]): void {
  const column = columns.find((one) => one.name === name)
  if (!column) throw new RunjobError('COLUMN_UNKNOWN', { name, columns: columns.map((one) => one.name) })
  const { type } = column
  const isNested = typeof type !== 'string' && type.type !== 'decimal'
  if (!isNested && type !== 'binary') return
  throw invalid(
    `partitionBy: no folder is named after ${name}, which is ${typeText(type)}`,
    'Columns of numbers, text, booleans and times name folders.',
  )
}

function withoutEmpty(input: Logical, by: readonly string[]): Logical {
  const values = input.columns.map(({ name, type }) => {
    const column = resolve({ kind: 'column', name }, input.columns)
    if (!by.includes(name) || !sameType(type, 'string')) return { name, value: column }
    const args = [
      { kind: 'column' as const, name },
      { kind: 'literal' as const, value: '' },
    ]
    return { name, value: resolve({ kind: 'call', fn: 'nullIf', args }, input.columns) }
  })
  const columns = input.columns.map((column) => (by.includes(column.name) ? { ...column, nullable: true } : column))
  return { kind: 'project', input, values, columns }
}
