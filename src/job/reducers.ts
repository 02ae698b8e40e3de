/** Native reducers. Those that aggregate are their own combiners. */
import type { AggregateFn } from '../kernels/kernels.js'
import type { CodecSpec } from '../plan/plan.js'

/** One aggregate over the records of a key. `T` is its answer. */
export interface Aggregate<T = number> {
  readonly fn: AggregateFn
  /** Column or property that it reads; null: the value itself. */
  readonly column: string | null
  /** Type of that column; null: the value's own codec decides. */
  readonly codec: CodecSpec | null
  readonly k?: number
  readonly ascending?: boolean
  readonly answer?: T
}

/** A native reduce whose output values are `V`. */
export type NativeReducer<V> = { readonly value?: V } & (
  | { readonly reducer: 'aggregate'; readonly columns: Record<string, Aggregate<unknown>> | Aggregate<unknown> }
  | { readonly reducer: 'records' }
  | { readonly reducer: 'distinct' }
  | { readonly reducer: 'take'; readonly count: number }
  | { readonly reducer: 'join'; readonly leftOuter: boolean }
)

type AggregateReducer<T> = Aggregate<T> & NativeReducer<T>

function aggregator<T>(
  fn: AggregateFn,
  column: string | undefined,
  more: Partial<Aggregate<T>> = {},
): AggregateReducer<T> {
  const one: Aggregate<T> = { fn, column: column ?? null, codec: null, ...more }
  return { ...one, reducer: 'aggregate', columns: one as Aggregate<unknown> }
}

/** Type of the column, where it is not a number: `min('name', { as: string() })`. */
interface AsOption<T> {
  as?: { readonly spec: CodecSpec; readonly type?: T }
}

/** Sum of numbers. Does not depend on the order of the records; integers are exact up to 2^106 until the end. NaN counts as missing. */
export const sum = (column?: string): AggregateReducer<number> =>
  aggregator('sum', column, { codec: column === undefined ? null : 'number' })
/** Number of records; with a column, of those in which it is not missing. */
export const count = (column?: string): AggregateReducer<number> =>
  aggregator('count', column, { codec: column === undefined ? null : 'number' })
/** Smallest value. */
export const min = <T = number>(column?: string, options: AsOption<T> = {}): AggregateReducer<T> =>
  typed('min', column, options)
/** Largest value. */
export const max = <T = number>(column?: string, options: AsOption<T> = {}): AggregateReducer<T> =>
  typed('max', column, options)
/** Arithmetic mean of numbers. */
export const mean = (column?: string): AggregateReducer<number> =>
  aggregator('mean', column, { codec: column === undefined ? null : 'number' })
/** The first value in input order. */
export const first = <T = number>(column?: string, options: AsOption<T> = {}): AggregateReducer<T> =>
  typed('first', column, options)
/** The last value in input order. */
export const last = <T = number>(column?: string, options: AsOption<T> = {}): AggregateReducer<T> =>
  typed('last', column, options)
/** The k largest values (smallest with `ascending`), best first, duplicates kept. Holds k values a key. */
export const topK = <T = number>(
  k: number,
  column?: string,
  options: AsOption<T> & { ascending?: boolean } = {},
): AggregateReducer<T[]> =>
  aggregator('top', column, {
    k,
    ascending: options.ascending ?? false,
    codec: options.as?.spec ?? (column === undefined ? null : 'number'),
  })
/** Exact number of distinct values, in bounded memory. */
export const distinct = <T = number>(column?: string, options: AsOption<T> = {}): AggregateReducer<number> =>
  aggregator('distinct', column, { codec: options.as?.spec ?? (column === undefined ? null : 'string') })

function typed<T>(fn: AggregateFn, column: string | undefined, options: AsOption<T>): AggregateReducer<T> {
  return aggregator(fn, column, { codec: options.as?.spec ?? (column === undefined ? null : 'number') })
}

type Answers<C> = { [N in keyof C]: C[N] extends Aggregate<infer T> ? T : never }

/**
 * Several aggregates at once, in the order given.
 *
 * @param columns name of the answer -> aggregate, such as `{ total: sum('amount'), orders: count() }`
 */
export function aggregate<const C extends Record<string, Aggregate<unknown>>>(columns: C): NativeReducer<Answers<C>> {
  return { reducer: 'aggregate', columns }
}

/** Every record, sorted by key; equal keys in input order. */
export const sorted = (): NativeReducer<undefined> => ({ reducer: 'records' })
/** Every key once, sorted. */
export const unique = (): NativeReducer<undefined> => ({ reducer: 'distinct' })
/** The first `count` records in sort order, all partitions together. */
export const take = <V = unknown>(count: number): NativeReducer<V> => ({ reducer: 'take', count })
/**
 * Relational join of the job's two inputs `left` and `right`, both mapped by `fields({ key })`. Output: the key's columns, the other
 * columns of the left row, those of the right row.
 *
 * @param options.type `inner`, or `left`: left rows without a match are kept, the right columns empty
 * @throws JOIN_GROUP_TOO_LARGE if the right rows of one key outgrow the memory set aside for them
 */
export const join = (options: { type?: 'inner' | 'left' } = {}): NativeReducer<string[]> => ({
  reducer: 'join',
  leftOuter: options.type === 'left',
})
