/** The columns of rows, from operator to operator. */
import { RunjobError } from '../base/errors.js'
import { isNullable, type NamedExpression } from './expression.js'
import type {
  BinaryFormat,
  ExchangeInput,
  ExchangeRows,
  Input,
  JoinType,
  OperatorOf,
  Plan,
  RowOperator,
  Sink,
  SinkFormat,
  WindowValue,
} from './plan.js'
import { exchangeOf, pipelineStart } from './stages.js'
import type { Column } from './type.js'

type Stages = Pick<Plan, 'stages'>

/** What an exchange of rows holds. */
export function rowsOf(plan: Stages, exchange: string): ExchangeRows {
  const { rows } = exchangeOf(plan, exchange)
  if (!rows) throw new RunjobError('INTERNAL', { detail: `the exchange ${exchange} has no rows` })
  return rows
}

/** The columns of the rows that an operator gives. @param takes those of the rows that it takes; the first one of an input takes none */
function columnsAfter(plan: Stages, input: Input, operator: RowOperator, takes: readonly Column[]): Column[] {
  switch (operator.op) {
    case 'scan':
      return [...operator.columns, ...(operator.folders ?? []), ...(operator.place ? [operator.place] : [])]
    case 'toDF':
      return [...operator.columns, ...(operator.place ? [operator.place] : [])]
    case 'rows':
    case 'window':
    case 'groups':
    case 'mergeJoin': {
      const rows = rowsOf(plan, (input as ExchangeInput).exchange)
      if (rows.kind === 'rows') {
        return operator.op === 'window' ? windowed(rows.columns, operator.values) : rows.columns
      }
      if (rows.kind === 'groups') return [...pick(rows.columns, rows.by), ...rows.values.map(({ column }) => column)]
      const [left, right] = rows.sides
      if (operator.op !== 'mergeJoin') throw new RunjobError('INTERNAL', { detail: `${operator.op} reads sides` })
      return joined(operator.type, left!.columns, right!.columns)
    }
    case 'probe':
    case 'hashJoin': {
      const build = rowsOf(plan, operator.build)
      return joined(operator.type, takes, build.kind === 'rows' ? build.columns : [])
    }
    case 'filter':
    case 'keyFilter':
    case 'sideFilter':
    case 'limit':
      return [...takes]
    case 'project':
      return projected(operator.columns)
    case 'explode':
      return exploded(takes, operator)
  }
}

/** The columns of an input's rows at its end. */
export function columnsOf(plan: Stages, input: Input): Column[] {
  const operators = input.operators.slice(pipelineStart(input.operators)) as RowOperator[]
  return operators.reduce<Column[]>((columns, operator) => columnsAfter(plan, input, operator, columns), [])
}

/** The columns that an output's files have. */
export function fileColumns({
  columns,
  partitionBy = [],
}: Pick<Sink, 'columns' | 'partitionBy'>): Column[] | undefined {
  return columns?.filter(({ name }) => !partitionBy.includes(name))
}

/** Whether files have columns of their own types, and are compressed inside. */
export function isBinary(format: SinkFormat): format is BinaryFormat {
  return format.kind === 'parquet' || format.kind === 'avro'
}

/** Columns by their names, in that order. */
export function pick(columns: readonly Column[], names: readonly string[]): Column[] {
  return names.map((name) => columns.find((column) => column.name === name)!)
}

export function projected(columns: readonly NamedExpression[]): Column[] {
  return columns.map(({ name, value }) => ({ name, type: value.type, nullable: isNullable(value) }))
}

/** With what is made of a list. */
export function exploded(
  columns: readonly Column[],
  { keep, position, element }: Pick<OperatorOf<'explode'>, 'keep' | 'position' | 'element'>,
): Column[] {
  return [...pick(columns, keep), ...(position === null ? [] : [position]), element]
}

/** With the results of window functions. */
export function windowed(columns: readonly Column[], values: readonly WindowValue[]): Column[] {
  return [...columns, ...values.map(({ column }) => column)]
}

export function joined(type: JoinType, left: readonly Column[], right: readonly Column[]): Column[] {
  if (type === 'semi' || type === 'anti') return [...left]
  const outer = (columns: readonly Column[], isOuter: boolean) =>
    columns.map((column) => (isOuter ? { ...column, nullable: true } : column))
  return [...outer(left, type === 'right' || type === 'full'), ...outer(right, type === 'left' || type === 'full')]
}
