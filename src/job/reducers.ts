/** Native reducers. Those that aggregate are their own combiners. */
import { RunjobError } from '../base/errors.js'
import {
  check,
  describe,
  isFlag,
  isName,
  isNumber,
  isOneOf,
  isPart,
  isPlainObject,
  isWhole,
  maker,
  problemOf,
  requireArgument,
  requirePartOptions,
  type Schema,
} from '../base/schema.js'
import type { AggregateFn, CodecSpec, JoinType } from '../plan/plan.js'
import { type ExpressionOf, type GroupValueOf, isExpression, type Windowed, withOver } from '../plan/typed.js'
import { isCodec } from './codecs.js'

/** One aggregate over the records of a key. `T` is its result, `C` the column that it reads. */
export interface Aggregate<T = number, C extends string = string> {
  readonly fn: AggregateFn
  /** Column or property that it reads; null: the value itself. */
  readonly column: C | null
  /** Type of that column; null: that of the value's codec. */
  readonly codec: CodecSpec | null
  readonly k?: number
  readonly ascending?: boolean
  /** Of `first` and `last` in a data frame. */
  readonly ignoreNulls?: boolean
  /** What it reads in a data frame, if it is no column. */
  readonly expression?: unknown
  readonly answer?: T
}

/** A native reduce whose output values are `V`, and which reads the columns `C`. */
export type NativeReducer<V, C extends string = string> = { readonly value?: V; readonly reads?: C } & (
  | { readonly reducer: 'aggregate'; readonly columns: Record<string, Aggregate<unknown>> | Aggregate<unknown> }
  | { readonly reducer: 'records' }
  | { readonly reducer: 'distinct' }
  | { readonly reducer: 'take'; readonly count: number }
  | { readonly reducer: 'join'; readonly type: JoinType }
)

/**
 * `NoInfer` if no column is given: it must not follow from where the reducer is used.
 *
 * @typeParam F what it is in a data frame
 */
type AggregateReducer<T, C extends string, F extends string> = Aggregate<T, C> &
  NativeReducer<T, C> &
  GroupValueOf<F, C> &
  Windowed<F, C>

/** An aggregate that gives a number, over a column, or in a data frame over an expression. `E`: what it gives if no value is there. */
interface NumberAggregate<F extends string, E extends null> {
  (): AggregateReducer<number, never, F>
  <const C extends string>(column: C): AggregateReducer<number | E, NoInfer<C>, F>
  <X, N extends string>(expression: ExpressionOf<X, N>): GroupValueOf<F, N, X> & Windowed<F, N, X>
}

function aggregator<T, C extends string, F extends string>(
  fn: AggregateFn,
  column: C | ExpressionOf<unknown> | undefined,
  more: Partial<Aggregate<T, C>> = {},
): AggregateReducer<T, C, F> {
  // A job has no expressions: what reads one is no reducer.
  if (isExpression(column)) return withOver({ fn, column: null, codec: null, expression: column, ...more }) as never
  if (typeof column === 'function') {
    throw new RunjobError('JOB_INVALID', {
      problem: `${fn === 'top' ? 'topK' : fn}() needs a column, not a function`,
      help: 'In a data frame, the function is that of agg(): agg(c => ({ total: sum(c.price.mul(c.quantity)) })).',
    })
  }
  requireArgument(fn === 'top' ? 'topK' : fn, 'the column', isName, column)
  const one: Aggregate<T, C> = { fn, column: column ?? null, codec: null, ...more }
  return withOver({ ...one, reducer: 'aggregate', columns: one as Aggregate<unknown> }) as never
}

function numeric<F extends string>(fn: 'sum' | 'mean'): NumberAggregate<F, null> {
  return ((column?: string | ExpressionOf<unknown>) =>
    aggregator(fn, column, { codec: column === undefined ? null : 'number' })) as NumberAggregate<F, null>
}

/** Type of the column, if it is not a number: `min('name', { as: string() })`. */
interface AsOption<T> {
  as?: { readonly spec: CodecSpec; readonly type?: T }
}

const AS: Schema<AsOption<never>> = { as: isCodec }

interface TopOptions<T> extends AsOption<T> {
  ascending?: boolean
}

const TOP: Schema<TopOptions<never>> = { ...AS, ascending: isFlag }

/**
 * Sum of numbers; 0 if all are missing. The exact sum, rounded once: it does not depend on the order of the records.
 *
 * In a data frame, null if all are null; of int and long a long, of decimals a decimal with ten more digits.
 *
 * @throws NUMBER_TOO_LARGE (when the job runs) for a sum beyond the largest double, and for one of whole numbers that no double equals
 */
export const sum = maker('sum', 1, numeric('sum') as NumberAggregate<'sum', never>)

/** Number of records; with a column of any type, of the records in which it is not missing. */
export const count = maker('count', 1, ((column?: string | ExpressionOf<unknown>) =>
  aggregator('count', column)) as NumberAggregate<'count', never>)

/** Over the values themselves, or over a column: null for a key that has none in it. `F`: what it is in a data frame. */
interface OneValue<F extends string> {
  <T = number>(): AggregateReducer<T, never, F>
  <T = number, const C extends string = string>(
    column: C,
    options?: AsOption<T>,
  ): AggregateReducer<T | null, NoInfer<C>, F>
  <X, N extends string>(expression: ExpressionOf<X, N>): GroupValueOf<F, N, X> & Windowed<F, N, X>
}

/** Smallest value. */
export const min = maker('min', 2, typed('min'))

/** Largest value. */
export const max = maker('max', 2, typed('max'))

/** Arithmetic mean of numbers. */
export const mean = maker('mean', 1, numeric<'avg'>('mean'))

/** The same, by Spark's name. */
export const avg = maker('avg', 1, numeric<'avg'>('mean'))

/** `ignoreNulls` in a data frame: the first value that is not null. A job's values are never null. */
interface EndOptions<T> extends AsOption<T> {
  ignoreNulls?: boolean
}

const END: Schema<EndOptions<never>> = { ...AS, ignoreNulls: isFlag }

interface EndValue<F extends string> {
  <T = number>(): AggregateReducer<T, never, F>
  <T = number, const C extends string = string>(
    column: C,
    options?: EndOptions<T>,
  ): AggregateReducer<T | null, NoInfer<C>, F>
  <X, N extends string>(
    expression: ExpressionOf<X, N>,
    options?: Pick<EndOptions<X>, 'ignoreNulls'>,
  ): GroupValueOf<F, N, X> & Windowed<F, N, X>
}

function end<F extends 'first' | 'last'>(fn: F): EndValue<F> {
  return maker(fn, 2, (column?: string | ExpressionOf<unknown>, options: EndOptions<unknown> = {}) => {
    requirePartOptions(fn, END, options as EndOptions<never>)
    const codec = options.as?.spec ?? (column === undefined ? null : 'number')
    return aggregator(fn, column, { codec, ...(options.ignoreNulls ? { ignoreNulls: true } : {}) })
  }) as unknown as EndValue<F>
}

/** The first value in input order; in a data frame null if that is null, unless nulls are ignored. */
export const first = end('first')

/** The last value in input order; in a data frame null if that is null, unless nulls are ignored. */
export const last = end('last')

/** The k largest values (smallest with `ascending`), best first, duplicates kept. Holds k values per key. */
export const topK = maker('topK', 3, (<T>(
  k: number,
  column?: string | ExpressionOf<unknown>,
  options: TopOptions<T> = {},
) => {
  if (typeof k === 'string' && typeof column === 'number') {
    throw new RunjobError('JOB_INVALID', {
      problem: `topK(): k comes first, then the column: topK(3, ${describe(k)})`,
    })
  }
  requireArgument('topK', 'k', isWhole(1, 2 ** 31 - 1), k ?? null)
  requirePartOptions('topK', TOP, options)
  return aggregator('top', column, {
    k,
    ascending: options.ascending ?? false,
    codec: options.as?.spec ?? (column === undefined ? null : 'number'),
  })
}) as TopK)

interface TopK {
  <T = number, const C extends string = never>(
    k: number,
    column?: C,
    options?: TopOptions<T>,
  ): AggregateReducer<T[], NoInfer<C>, 'collect'>
  <X, N extends string>(
    k: number,
    expression: ExpressionOf<X, N>,
  ): GroupValueOf<'collect', N, X> & Windowed<'collect', N, X>
}

/** Exact number of distinct values, in bounded memory. */
export const distinct = maker('distinct', 2, countOfDistinct as Distinct)

/** The same, by Spark's name. */
export const countDistinct = maker('countDistinct', 2, countOfDistinct as Distinct)

interface Distinct {
  <T = number, const C extends string = never>(
    column?: C,
    options?: AsOption<T>,
  ): AggregateReducer<number, NoInfer<C>, 'countDistinct'>
  <X, N extends string>(
    expression: ExpressionOf<X, N>,
  ): GroupValueOf<'countDistinct', N, X> & Windowed<'countDistinct', N, X>
}

function countOfDistinct<T>(
  column?: string | ExpressionOf<unknown>,
  options: AsOption<T> = {},
): AggregateReducer<number, string, 'countDistinct'> {
  requirePartOptions('distinct', AS, options)
  return aggregator('distinct', column, { codec: options.as?.spec ?? (column === undefined ? null : 'string') })
}

function typed<F extends AggregateFn>(fn: F): OneValue<F> {
  const make = <T>(
    column?: string | ExpressionOf<unknown>,
    options: AsOption<T> = {},
  ): AggregateReducer<T, string, F> => {
    requirePartOptions(fn, AS, options)
    return aggregator(fn, column, { codec: options.as?.spec ?? (column === undefined ? null : 'number') })
  }
  return make as OneValue<F>
}

type Answers<C> = { [N in keyof C]: C[N] extends Aggregate<infer T> ? T : never }
type ColumnsRead<C> = {
  [N in keyof C]: C[N] extends { readonly reads?: infer Column } ? Exclude<Column, undefined> : never
}[keyof C] &
  string

/**
 * Several aggregates at once, in the order given.
 *
 * @param columns name of the result -> aggregate, such as `{ total: sum('amount'), orders: count() }`
 */
export const aggregate = maker(
  'aggregate',
  1,
  <const C extends Record<string, Pick<Aggregate, 'fn'>>>(columns: C): NativeReducer<Answers<C>, ColumnsRead<C>> => {
    const wrong = (problem: string) => new RunjobError('JOB_INVALID', { problem: `aggregate(): ${problem}` })
    if (!isAnswers.accepts(columns)) throw wrong(`the answers ${problemOf(isAnswers, columns)}`)
    if (Object.keys(columns).length === 0) throw wrong('it needs at least one aggregate: aggregate({ total: sum() })')
    for (const [name, one] of Object.entries(columns)) {
      const problem = problemOf(isAggregate, one)
      if (problem !== null) throw wrong(`${name} ${problem}`)
    }
    return { reducer: 'aggregate', columns: columns as unknown as Record<string, Aggregate<unknown>> }
  },
)

const isAnswers = check('a plain object of aggregates by name', (value) => isPlainObject(value) && !isPart(value))
const isAggregate = check(
  'an aggregate such as sum()',
  (value) =>
    value !== null &&
    typeof value === 'object' &&
    typeof (value as Partial<Aggregate>).fn === 'string' &&
    !('expression' in value),
)

/** Every record, sorted by key; equal keys in input order. */
export const sorted = maker('sorted', 0, (): NativeReducer<undefined, never> => ({ reducer: 'records' }))

/** Every key once, sorted. */
export const unique = maker('unique', 0, (): NativeReducer<undefined, never> => ({ reducer: 'distinct' }))

/** The first `count` records in sort order, all partitions together. */
export const take = maker('take', 1, <V = unknown>(count: number): NativeReducer<V, never> => {
  requireArgument('take', 'the count', isNumber, count ?? null)
  return { reducer: 'take', count }
})

interface JoinOptions {
  type?: JoinType
}

const JOIN: Schema<JoinOptions> = { type: isOneOf('inner', 'left', 'right', 'full', 'semi', 'anti') }

/**
 * Relational join of the job's two inputs, both mapped by `fields({ key })`: the first is the left side. The keys may have different names on
 * either side. An empty key, or one with an empty part, matches nothing.
 *
 * Output: the key's columns, the other columns of the left row, those of the right row. If a right column has the name of an earlier one, it
 * gets the input's name as prefix: `right_name`. A later step's map, and readers of the output, get the key and an array with the texts of
 * the other columns, in that order: `[key, [left, …, right, …]]`.
 *
 * @param options.type `inner` (default); `left`, `right` or `full` also keep rows of the left, the right or either side without a match,
 *   with empty columns for the other side; `semi` or `anti` give only left rows: those with a match, each once, or those without
 * @throws JOIN_GROUP_TOO_LARGE if the right rows of one key exceed the memory set aside for them
 */
export const join = maker('join', 1, (options: JoinOptions = {}): NativeReducer<string[], never> => {
  requirePartOptions('join', JOIN, options)
  return { reducer: 'join', type: options.type ?? 'inner' }
})
