/**
 * Filters of a scan by the keys of tables that its rows are joined with later: a row without a match there is dropped before its other
 * columns are read.
 *
 * Only where such a row does not come out of the join, and where nothing in between may fail: an error must not depend on them.
 */
import type { Expression } from '../plan/expression.js'
import type { Input, OperatorOf, RowOperator } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import { cannotFail } from './rules/failing.js'

type Probe = OperatorOf<'probe'>

/** @param buildColumns of the rows of an exchange */
export function withKeyFilters(input: Input, probe: Probe, buildColumns: (build: string) => readonly Column[]): Input {
  const operators = input.operators as RowOperator[]
  const [scan, ...following] = operators
  // Other files are read row by row: there is nothing to leave out.
  if (input.kind !== 'files' || input.format.kind !== 'parquet' || scan?.op !== 'scan') return input
  if (probe.type !== 'inner' && probe.type !== 'semi') return input
  const found = following.findIndex(({ op }) => op !== 'filter' && op !== 'keyFilter')
  const end = found < 0 ? following.length : found
  const between = following.slice(end)
  if (!between.every(mayPass)) return input
  const filters = probe.on.flatMap((name, key): OperatorOf<'keyFilter'>[] => {
    const column = sourceOf(name, between, buildColumns)
    const isRead = scan.columns.some((own) => own.name === column && isFlat(own))
    return isRead ? [{ op: 'keyFilter', build: probe.build, buildOn: probe.buildOn, key, column: column! }] : []
  })
  return { ...input, operators: [scan, ...following.slice(0, end), ...filters, ...between] }
}

/** Whether it does the same to each row, whatever other rows there are, and cannot fail. */
function mayPass(operator: RowOperator): boolean {
  switch (operator.op) {
    case 'filter':
      return cannotFail(operator.where)
    case 'project':
      return operator.columns.every(({ value }) => cannotFail(value))
    case 'probe':
      return operator.residual === null || cannotFail(operator.residual)
    default:
      return false
  }
}

/** The column that these operators only hand on under this name; null: it is computed, or of a table. */
function sourceOf(
  name: string,
  operators: readonly RowOperator[],
  buildColumns: (build: string) => readonly Column[],
): string | null {
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

function isFlat({ type }: Column): boolean {
  return typeof type === 'string' || type.type === 'decimal'
}
