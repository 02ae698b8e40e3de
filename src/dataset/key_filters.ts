/**
 * Filters of rows by the keys of what they are joined with later: a row without a match there is dropped as early as it can be. Of a scan of
 * Parquet, before its other columns are read.
 *
 * Only where such a row does not come out of the join, and where nothing in between may fail: an error must not depend on them.
 */
import type { Expression } from '../plan/expression.js'
import type { Input, OperatorOf, RowOperator } from '../plan/plan.js'
import { type Column, isNested } from '../plan/type.js'
import { cannotFail } from './rules/failing.js'

type Probe = OperatorOf<'probe'>
type KeyFilter = OperatorOf<'keyFilter' | 'sideFilter'>
/** @param build of an exchange: the columns of its rows */
type BuildColumns = (build: string) => readonly Column[]

/** A column of the rows, and which of the keys it must be among. */
interface KeyColumn {
  key: number
  name: string
}

/** For a table: where it is a scan that could leave out what has no match. */
export function withKeyFilters(input: Input, probe: Probe, buildColumns: BuildColumns): Input {
  const { type, build, buildOn } = probe
  if (type !== 'inner' && type !== 'semi') return input
  const on = probe.on.map((name, key) => ({ key, name }))
  const filterOf = (key: number, column: string): KeyFilter => ({ op: 'keyFilter', build, buildOn, key, column })
  return filteredScan(input, on, buildColumns, filterOf) ?? input
}

/** For the other side of a join: ahead of all else, or else of the exchange. */
export function withSideFilters(input: Input, on: readonly KeyColumn[], buildColumns: BuildColumns): Input {
  const scan = filteredScan(input, on, buildColumns, (key, column) => ({ op: 'sideFilter', key, column }))
  if (scan !== null) return scan
  const filters = on.map(({ key, name }): RowOperator => ({ op: 'sideFilter', key, column: name }))
  return { ...input, operators: [...input.operators, ...filters] }
}

/** null: it is no scan that could be filtered by these columns. */
function filteredScan(
  input: Input,
  on: readonly KeyColumn[],
  buildColumns: BuildColumns,
  filterOf: (key: number, column: string) => KeyFilter,
): Input | null {
  const operators = input.operators as RowOperator[]
  const [scan, ...following] = operators
  // Other files are read row by row: there is nothing to leave out.
  if (input.kind !== 'files' || input.format.kind !== 'parquet' || scan?.op !== 'scan') return null
  const found = following.findIndex(({ op }) => op !== 'filter' && op !== 'keyFilter')
  const end = found < 0 ? following.length : found
  const between = following.slice(end)
  if (!between.every(mayPass)) return null
  const filters = on.flatMap(({ key, name }): KeyFilter[] => {
    const column = sourceOf(name, between, buildColumns)
    const isRead = scan.columns.some((own) => own.name === column && !isNested(own.type))
    return isRead ? [filterOf(key, column!)] : []
  })
  if (filters.length === 0) return null
  return { ...input, operators: [scan, ...following.slice(0, end), ...filters, ...between] }
}

/** Whether it does the same to each row, whatever other rows there are, and cannot fail. */
function mayPass(operator: RowOperator): boolean {
  switch (operator.op) {
    case 'filter':
      // What it leaves out is counted.
      return !operator.leftOut && cannotFail(operator.where)
    case 'project':
      return operator.columns.every(({ value }) => cannotFail(value))
    case 'probe':
      return operator.residual === null || cannotFail(operator.residual)
    default:
      return false
  }
}

/** The column that these operators only hand on under this name; null: it is computed, or of a table. */
function sourceOf(name: string, operators: readonly RowOperator[], buildColumns: BuildColumns): string | null {
  return operators.reduceRight<string | null>((name, operator) => {
    if (name === null) return null
    if (operator.op === 'project') {
      const value: Expression = operator.columns.find((column) => column.name === name)!.value
      return value.op === 'column' ? value.name : null
    }
    if (operator.op !== 'probe' || operator.type === 'semi' || operator.type === 'anti') return name
    return buildColumns(operator.build).some((column) => column.name === name) ? null : name
  }, name)
}
