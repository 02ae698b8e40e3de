/** Aggregates that only data frames have. The others serve jobs, too (job/reducers.ts). */
import { describe, isPart, maker } from '../base/schema.js'
import type { AggregateFn, GroupFn } from '../plan/plan.js'
import { type ExpressionOf, type GroupValueOf, isExpression, type Windowed, withOver } from '../plan/typed.js'
import { columnTree, type Expr } from './column.js'
import { invalid } from './invalid.js'
import type { AggregateTree } from './query.js'

/** Over a column by its name, or over an expression. */
interface FrameAggregate<F extends string> {
  <const C extends string>(column: C): GroupValueOf<F, NoInfer<C>> & Windowed<F, NoInfer<C>>
  <X, N extends string>(expression: ExpressionOf<X, N>): GroupValueOf<F, N, X> & Windowed<F, N, X>
}

/** What these functions make. */
interface FrameGroupValue extends GroupValueOf<string, string, unknown> {
  readonly groupFn: GroupFn
  readonly arg: unknown
}

function frameAggregate<F extends string>(name: string, groupFn: GroupFn): FrameAggregate<F> {
  return maker(name, 1, (arg: unknown): FrameGroupValue => {
    if (typeof arg === 'function') {
      throw invalid(
        `${name}() needs a column or an expression, not a function`,
        `The function is that of agg(): agg(c => ({ … ${name}(c.price.mul(c.quantity)) })).`,
      )
    }
    if (!isExpression(arg) && (typeof arg !== 'string' || arg === '')) {
      throw invalid(`${name}() needs a column or an expression, not ${describe(arg)}`)
    }
    return withOver({ groupFn, arg })
  }) as unknown as FrameAggregate<F>
}

/** Standard deviation of a sample; null for fewer than two values. */
export const stddev = frameAggregate<'deviation'>('stddev', 'stddevSamp')
/** Standard deviation of the whole population. */
export const stddevPop = frameAggregate<'deviation'>('stddevPop', 'stddevPop')
/** Variance of a sample; null for fewer than two values. */
export const variance = frameAggregate<'deviation'>('variance', 'varSamp')
/** Variance of the whole population. */
export const varPop = frameAggregate<'deviation'>('varPop', 'varPop')
/** All values that are not null, in input order. */
export const collectList = frameAggregate<'collect'>('collectList', 'collectList')
/** All different values that are not null, in the order in which they come first. */
export const collectSet = frameAggregate<'collect'>('collectSet', 'collectSet')

const FUNCTIONS: Readonly<Record<AggregateFn, GroupFn>> = {
  count: 'count',
  sum: 'sum',
  min: 'min',
  max: 'max',
  mean: 'avg',
  first: 'first',
  last: 'last',
  top: 'topK',
  distinct: 'countDistinct',
}

/** An aggregate of jobs (Aggregate in job/reducers.ts), as far as data frames read it. */
interface JobAggregate {
  fn: AggregateFn
  column: unknown
  codec: unknown
  k?: number
  ascending?: boolean
  expression?: Expr
}

/**
 * @param what the method that takes it
 * @throws DATASET_INVALID
 */
export function aggregateTree(name: string, given: unknown, what = 'agg()'): AggregateTree {
  if (isExpression(given)) {
    throw invalid(
      `${what}: ${JSON.stringify(name)} is an expression of one row, not an aggregate`,
      'Say what becomes of the rows of a group: max(…), first(…), collectList(…).',
    )
  }
  if (!isPart(given)) {
    throw invalid(`${what}: ${JSON.stringify(name)} must be an aggregate such as sum('total'), not ${describe(given)}`)
  }
  if ('groupFn' in (given as object)) {
    const { groupFn, arg } = given as FrameGroupValue
    return { name, fn: groupFn, args: [columnTree(arg)], ascending: false }
  }
  const { fn, column, k, ascending = false, expression } = given as JobAggregate
  if (typeof fn !== 'string' || !Object.hasOwn(FUNCTIONS, fn)) {
    throw invalid(`${what}: ${JSON.stringify(name)} must be an aggregate such as sum('total'), not ${describe(given)}`)
  }
  const arg = expression ?? column
  if (arg === null && fn !== 'count') {
    throw invalid(`${what}: ${JSON.stringify(name)} must say which column it reads: sum('total')`)
  }
  const args = arg === null ? [] : [columnTree(arg)]
  return {
    name,
    fn: FUNCTIONS[fn],
    args: k === undefined ? args : [...args, { kind: 'literal', value: k }],
    ascending,
  }
}
