/** Row groups that need not be read, because a filter after the scan lets no row of them pass. */
import type { CallExpression, Expression, LiteralExpression } from '../../../plan/expression.js'
import { type Column, sameType, type Type } from '../../../plan/type.js'
import type { ParquetFooter, RowGroup } from './footer.js'
import { type Leaf, parquetColumns } from './schema.js'
import { type Bound, type ColumnStatistics, statisticsOf } from './statistics.js'

/** Says of row groups of a file whether some row may pass. */
export class Pruner {
  readonly #footer: ParquetFooter
  readonly #columns: readonly Column[]
  readonly #leaves = new Map<string, Leaf>()
  readonly #filters: readonly Expression[]

  /** @param filters of the rows of a scan with these columns; a row must pass all of them */
  constructor(footer: ParquetFooter, columns: readonly Column[], filters: readonly Expression[]) {
    this.#footer = footer
    this.#columns = columns
    this.#filters = filters.flatMap(conjunctsOf)
    if (filters.length === 0) return
    for (const { name, node } of parquetColumns(footer)) if (node.kind === 'leaf') this.#leaves.set(name, node.leaf)
  }

  mayPass(group: RowGroup): boolean {
    for (const filter of this.#filters) {
      if (this.#isNeverTrue(filter, group)) return false
      // Whatever follows is only asked of rows that pass this, and an error in it must be the same.
      if (!cannotFail(filter)) return true
    }
    return true
  }

  #isNeverTrue(expression: Expression, group: RowGroup): boolean {
    if (expression.op !== 'call') return false
    const { fn, args } = expression
    switch (fn) {
      case 'and':
        return args.every(cannotFail) && args.some((arg) => this.#isNeverTrue(arg, group))
      case 'or':
        return args.every((arg) => this.#isNeverTrue(arg, group)) && args.every(cannotFail)
      case 'isNull': {
        const statistics = this.#statisticsOf(args[0]!, group)
        return statistics?.nulls === 0
      }
      case 'isNotNull': {
        const statistics = this.#statisticsOf(args[0]!, group)
        return statistics !== null && statistics.nulls === group.rows
      }
      case 'in': {
        const [value, ...options] = args
        return options.every((option) => this.#comparesNever('eq', value!, option, group))
      }
      default:
        return fn in MIRRORED && this.#comparisonIsNeverTrue(expression, group)
    }
  }

  #comparisonIsNeverTrue({ fn, args: [a, b] }: CallExpression, group: RowGroup): boolean {
    return a!.op === 'literal'
      ? this.#comparesNever(MIRRORED[fn]!, b!, a!, group)
      : this.#comparesNever(fn, a!, b!, group)
  }

  #comparesNever(fn: string, column: Expression, literal: Expression, group: RowGroup): boolean {
    if (literal.op !== 'literal' || column.op !== 'column' || !sameType(literal.type, column.type)) return false
    const statistics = this.#statisticsOf(column, group)
    if (!statistics) return false
    // Null equals nothing.
    if (literal.value === null || statistics.nulls === group.rows) return true
    const value = boundOf(literal)
    if (value === null) return false
    // NaN is the largest double, and no statistics count it.
    const greatest = literal.type === 'double' ? null : statistics.greatest
    const { least } = statistics
    switch (fn) {
      case 'eq':
        return isBelow(value, least) || isBelow(statistics.greatest, value)
      case 'lt':
        return least !== null && !isBelow(least, value)
      case 'le':
        return isBelow(value, least)
      case 'gt':
        return greatest !== null && !isBelow(value, greatest)
      case 'ge':
        return isBelow(greatest, value)
      default:
        return false
    }
  }

  #statisticsOf(expression: Expression, group: RowGroup): ColumnStatistics | null {
    if (expression.op !== 'column') return null
    const leaf = this.#leaves.get(expression.name)
    const column = this.#columns.find(({ name }) => name === expression.name)
    if (!leaf || !column) return null
    return statisticsOf(this.#footer, group.columns[leaf.index]!, leaf, column)
  }
}

/** Comparisons, and what they are with their sides changed. */
const MIRRORED: Record<string, string> = { eq: 'eq', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' }
const SAFE = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'eqNullSafe',
  'isNull',
  'isNotNull',
  'isNaN',
  'in',
  'and',
  'or',
  'not',
])

function cannotFail(expression: Expression): boolean {
  return expression.op !== 'call' || (SAFE.has(expression.fn) && expression.args.every(cannotFail))
}

function conjunctsOf(expression: Expression): Expression[] {
  return expression.op === 'call' && expression.fn === 'and' ? expression.args.flatMap(conjunctsOf) : [expression]
}

/** null: nothing is known of it. */
function boundOf({ value, type }: LiteralExpression): Bound | null {
  if (typeof type === 'object') return isDecimal(type) ? BigInt(value as string) : null
  switch (type) {
    case 'boolean':
    case 'integer':
    case 'date':
      return value as boolean | number
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return BigInt(value as string)
    case 'double': {
      const number = Number(value)
      return Number.isNaN(number) ? null : number
    }
    case 'string':
      return Buffer.from(value as string)
    case 'binary':
      return Buffer.from(value as string, 'base64')
  }
}

function isDecimal(type: Type): boolean {
  return typeof type === 'object' && type.type === 'decimal'
}

/** Whether both are known and a < b. */
function isBelow(a: Bound | null, b: Bound | null): boolean {
  if (a === null || b === null || typeof a !== typeof b) return false
  return Buffer.isBuffer(a) ? Buffer.compare(a, b as Buffer) < 0 : a < b
}
