/** Aggregates that only data frames have. The others serve jobs, too (job/reducers.ts). */
import { describe, isPart, maker } from '../base/schema.js'
import type { AggregateFn, GroupFn } from '../plan/plan.js'
import {
  type Double,
  type ExpressionOf,
  type GroupValueOf,
  isExpression,
  type Windowed,
  withOver,
} from '../plan/typed.js'
import { columnTree, type Expr } from './column.js'
import type { AggregateName, Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import type { AggregateTree } from './query.js'

/** A column by its name, or an expression. */
type Column = string | ExpressionOf<unknown>
type NamesOf<A> = A extends string ? A : A extends ExpressionOf<unknown, infer N> ? N : never
type Asked<F extends string, C extends string, X = never> = GroupValueOf<F, C, X> & Windowed<F, C, X>

/** Over a column by its name, or over an expression. */
interface FrameAggregate<F extends string> {
  <const C extends string>(column: C): Asked<F, NoInfer<C>>
  <X, N extends string>(expression: ExpressionOf<X, N>): Asked<F, N, X>
}

/** What these functions make. */
interface FrameGroupValue extends GroupValueOf<string, string, unknown> {
  readonly groupFn: AggregateName
  readonly args: readonly Untyped[]
}

function frameAggregate<F extends string>(name: string, groupFn: AggregateName, ...more: Untyped[]): FrameAggregate<F> {
  return maker(
    name,
    1,
    (arg: unknown): FrameGroupValue => groupValue(groupFn, columnOf(name, arg), ...more),
  ) as unknown as FrameAggregate<F>
}

function groupValue(groupFn: AggregateName, ...args: Untyped[]): FrameGroupValue {
  return withOver({ groupFn, args })
}

function columnOf(name: string, arg: unknown): Untyped {
  if (typeof arg === 'function') {
    throw invalid(
      `${name}() needs a column or an expression, not a function`,
      `The function is that of agg(): agg(c => ({ … ${name}(c.price.mul(c.quantity)) })).`,
    )
  }
  if (!isExpression(arg) && (typeof arg !== 'string' || arg === '')) {
    throw invalid(`${name}() needs a column or an expression, not ${describe(arg)}`)
  }
  return columnTree(arg)
}

/** Standard deviation of a sample; null for fewer than two values. */
export const stddev = frameAggregate<'deviation'>('stddev', 'stddevSamp')
/** Standard deviation of the whole population. */
export const stddevPop = frameAggregate<'deviation'>('stddevPop', 'stddevPop')
/** Variance of a sample; null for fewer than two values. */
export const variance = frameAggregate<'deviation'>('variance', 'varSamp')
/** Variance of the whole population. */
export const varPop = frameAggregate<'deviation'>('varPop', 'varPop')
/** How far the values lie to one side of their mean, of the whole population: 0 if evenly. Null where all are the same. */
export const skewness = frameAggregate<'deviation'>('skewness', 'skewness')
/** How heavy the tails of the values are, of the whole population: 0 as for a normal distribution. Null where all are the same. */
export const kurtosis = frameAggregate<'deviation'>('kurtosis', 'kurtosis')

/** Over two columns, by name or as expressions: of the rows in which neither is null. */
type PairAggregate = <const A extends Column, const B extends Column>(
  x: A,
  y: B,
) => Asked<'deviation', NamesOf<A> | NamesOf<B>, Double>

function pairAggregate(name: 'corr' | 'covarPop' | 'covarSamp'): PairAggregate {
  return maker(name, 2, (x: unknown, y: unknown) =>
    groupValue(name, columnOf(name, x), columnOf(name, y)),
  ) as unknown as PairAggregate
}

/** Pearson's correlation, from -1 to 1; null for fewer than two pairs, and where one column has the same value in all. */
export const corr = pairAggregate('corr')
/** Covariance of a sample; null for fewer than two pairs. */
export const covarSamp = pairAggregate('covarSamp')
/** Covariance of the whole population. */
export const covarPop = pairAggregate('covarPop')

/** All values that are not null, in input order. */
export const collectList = frameAggregate<'collect'>('collectList', 'collectList')
/** All different values that are not null, in the order in which they come first. */
export const collectSet = frameAggregate<'collect'>('collectSet', 'collectSet')

/** Over a column: one percentile, or a list of them. */
interface PercentileAggregate {
  <const C extends string>(column: C, fraction: number): Asked<'percentile', NoInfer<C>>
  <const C extends string>(column: C, fractions: readonly number[]): Asked<'percentiles', NoInfer<C>>
  <X, N extends string>(expression: ExpressionOf<X, N>, fraction: number): Asked<'percentile', N, X>
  <X, N extends string>(expression: ExpressionOf<X, N>, fractions: readonly number[]): Asked<'percentiles', N, X>
}

function percentiles(name: 'percentile' | 'percentileDisc'): PercentileAggregate {
  return maker(name, 2, (arg: unknown, fractions: unknown): FrameGroupValue => {
    const column = columnOf(name, arg)
    const all = Array.isArray(fractions) ? fractions : [fractions]
    const wrong = all.findIndex((one) => typeof one !== 'number' || !(one >= 0 && one <= 1))
    if (all.length === 0 || wrong >= 0) {
      const given = all.length === 0 ? 'an empty list' : describe(all[wrong])
      throw invalid(
        `${name}(): the fraction must be a number from 0 to 1, or a list of these, not ${given}`,
        `The 95th percentile is ${name}('ms', 0.95).`,
      )
    }
    const literals = all.map(doubleTree)
    return groupValue(
      name,
      column,
      Array.isArray(fractions) ? { kind: 'call', fn: 'array', args: literals } : literals[0]!,
    )
  }) as unknown as PercentileAggregate
}

function doubleTree(value: number): Untyped {
  return { kind: 'literal', value, type: 'double' }
}

/**
 * The value that a fraction from 0 to 1 of the values are not above, as a double; between two values in proportion. Null if all are null. NaN
 * is the largest. In groups it is exact in bounded memory. A window holds the values of a frame.
 *
 * @throws WINDOW_TOO_LARGE if the values of a frame do not fit in memory
 */
export const percentile = percentiles('percentile')
/** The same, but always one of the values: the first of which at least that fraction is not above it. */
export const percentileDisc = percentiles('percentileDisc')
/** The value in the middle, or the mean of the two there: `percentile(column, 0.5)`. */
export const median = frameAggregate<'percentile'>('median', 'percentile', doubleTree(0.5))

/** In how many rows a condition is true. */
export const countIf = frameAggregate<'count'>('countIf', 'countIf')
/** Whether a condition is true in all rows in which it is not null. */
export const boolAnd = frameAggregate<'max'>('boolAnd', 'boolAnd')
/** Whether a condition is true in a row. */
export const boolOr = frameAggregate<'max'>('boolOr', 'boolOr')

/** The most frequent value; of several the smallest. In bounded memory in groups, as `percentile`. */
export const mode = frameAggregate<'max'>('mode', 'mode')

/** A value, and what decides of which row it is. */
interface ByAggregate {
  <const C extends string, const B extends Column>(
    column: C,
    by: B,
  ): GroupValueOf<'max', NoInfer<C>, never, NoInfer<C> | NamesOf<B>> & Windowed<'max', NoInfer<C> | NamesOf<B>>
  <X, N extends string, const B extends Column>(expression: ExpressionOf<X, N>, by: B): Asked<'max', N | NamesOf<B>, X>
}

function byAggregate(name: 'minBy' | 'maxBy'): ByAggregate {
  return maker(name, 2, (column: unknown, by: unknown) =>
    groupValue(name, columnOf(name, column), columnOf(name, by)),
  ) as unknown as ByAggregate
}

/** The value in the row where `by` is smallest, null if it is null there; of equal rows that of the first. Rows without `by` do not count. */
export const minBy = byAggregate('minBy')
/** The same where `by` is largest. */
export const maxBy = byAggregate('maxBy')

interface ApproxCount {
  <const C extends string>(column: C, error?: number): Asked<'count', NoInfer<C>>
  <X, N extends string>(expression: ExpressionOf<X, N>, error?: number): Asked<'count', N, X>
}

/** Of HyperLogLog with the least and the most registers, 2^18 of a byte. */
const [MOST_ERROR, LEAST_ERROR] = [0.39, 0.0022]

/**
 * About how many different values there are; the exact number of a few. The same for any order and workers. 0 over nothing.
 *
 * @param error the relative standard deviation of the answers, from 0.0022 to 0.39; a group takes about `1.2 / error ** 2` bytes
 */
export const approxCountDistinct = maker('approxCountDistinct', 2, (arg: unknown, error: unknown = 0.05) => {
  const column = columnOf('approxCountDistinct', arg)
  if (typeof error !== 'number' || !(error >= LEAST_ERROR && error <= MOST_ERROR)) {
    throw invalid(
      `approxCountDistinct(): the error must be a number from ${LEAST_ERROR} to ${MOST_ERROR}, not ${describe(error)}`,
      'By default it is 0.05. countDistinct() counts exactly.',
    )
  }
  return groupValue('approxCountDistinct', column, doubleTree(error))
}) as unknown as ApproxCount

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
  ignoreNulls?: boolean
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
    const { groupFn, args } = given as FrameGroupValue
    return { name, fn: groupFn, args: [...args], ascending: false }
  }
  const { fn, column, k, ascending = false, ignoreNulls = false, expression } = given as JobAggregate
  if (typeof fn !== 'string' || !Object.hasOwn(FUNCTIONS, fn)) {
    throw invalid(`${what}: ${JSON.stringify(name)} must be an aggregate such as sum('total'), not ${describe(given)}`)
  }
  const arg = expression ?? column
  if (arg === null && fn !== 'count') {
    throw invalid(`${what}: ${JSON.stringify(name)} must say which column it reads: sum('total')`)
  }
  const args = arg === null ? [] : [columnTree(arg)]
  const option = k ?? (ignoreNulls || undefined)
  return {
    name,
    fn: FUNCTIONS[fn],
    args: option === undefined ? args : [...args, { kind: 'literal', value: option }],
    ascending,
  }
}
