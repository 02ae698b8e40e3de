/** Windows, and the functions that only they have: a value for each row, from rows around it. */
import { check, describe, isWhole, maker } from '../base/schema.js'
import type { WindowFn } from '../plan/plan.js'
import {
  type Double,
  type ExpressionOf,
  type Int,
  isExpression,
  type Long,
  type Nullable,
  OVER,
  withOver,
} from '../plan/typed.js'
import { aggregateTree } from './aggregates.js'
import { refuseMore } from './arguments.js'
import { type Base, columnTree, Expr, type Order, treeOf } from './column.js'
import type { SortTree, Untyped, UntypedFrame, UntypedWindow } from './expression/untyped.js'
import { namedTree, sortTree } from './frame.js'
import type { Answers } from './frame_types.js'
import { invalid } from './invalid.js'

/** A column by its name, or an expression. */
type Column = string | ExpressionOf<unknown>
type NamesOf<A> = A extends string ? A : A extends ExpressionOf<unknown, infer N> ? N : never
/** Null where there is no such row. A name says nothing of the type. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type OfOther<A> = A extends ExpressionOf<infer X> ? Nullable<Base<X>> : any

/** What aggregates give over a window. A frame may have no rows. */
type Over<F, X> = F extends 'count'
  ? Long
  : [X] extends [never]
    ? // biome-ignore lint/suspicious/noExplicitAny: a name says nothing of the type
      any
    : Answers<Nullable<Base<X>>>[F & keyof Answers<unknown>]

declare module '../plan/typed.js' {
  interface Windowed<F extends string, C extends string, X> {
    /** In a data frame: for each row, over the rows of its window. */
    over<N extends string>(window: WindowSpec<N>): Expr<Over<F, X>, C | N>
  }
}

/** What is known of a window so far. */
interface WindowParts {
  partition: Untyped[]
  order: SortTree[]
  frame: UntypedFrame | null
}

/** Which rows a function is about: those of a partition, in an order, from one end of a frame to the other. Immutable. */
export class WindowSpec<N extends string = never> {
  declare readonly names?: N
  readonly #parts: WindowParts

  constructor(parts: WindowParts) {
    this.#parts = parts
  }

  /** Rows with equal values of these are a partition. Without it, all rows are one, which one task goes through. */
  partitionBy<const A extends readonly Column[]>(...columns: A): WindowSpec<N | NamesOf<A[number]>> {
    const partition = columns.map((one) => namedTree(one, 'partitionBy()').value)
    return new WindowSpec({ ...this.#parts, partition })
  }

  /** The order in a partition; equal rows are in that of the input. */
  orderBy<const A extends readonly (Column | Order)[]>(...keys: A): WindowSpec<N | NamesOf<A[number]>> {
    if (keys.length === 0) throw invalid('orderBy() needs at least one column')
    return new WindowSpec({ ...this.#parts, order: keys.map(sortTree) })
  }

  /**
   * From so many rows after the current one to so many, both included: negative is before it.
   *
   * @throws DATASET_INVALID if the frame ends before it starts
   */
  rowsBetween(start: number, end: number): WindowSpec<N> {
    return this.#between('rows', 'rowsBetween()', start, end)
  }

  /**
   * From rows whose order is so far from that of the current one: a number, or for dates and timestamps a length of time, `'-1 day'`. The rows
   * that are equal to the current one are at no distance.
   */
  rangeBetween(start: number | string, end: number | string): WindowSpec<N> {
    return this.#between('range', 'rangeBetween()', start, end)
  }

  #between(unit: 'rows' | 'range', what: string, start: number | string, end: number | string): WindowSpec<N> {
    const isDistance = unit === 'rows' ? isRows : isRange
    for (const by of [start, end]) {
      if (!isDistance.accepts(by)) throw invalid(`${what} needs ${isDistance.expected}, not ${describe(by)}`)
    }
    const isEmpty = start === Number.POSITIVE_INFINITY || end === Number.NEGATIVE_INFINITY
    if (isEmpty || (typeof start === 'number' && typeof end === 'number' && start > end)) {
      throw invalid(`${what}: the frame ends before it starts`, 'Give its earlier end first: (-1, 1).')
    }
    return new WindowSpec({ ...this.#parts, frame: { unit, start, end } })
  }

  [OVER](fn: object): Expr {
    const tree = isWindowFunction(fn)
      ? { fn: fn.windowFn, args: [...fn.args], ascending: false }
      : aggregateTree('over', fn, 'over()')
    const { fn: name, args, ascending } = tree
    return new Expr({ kind: 'window', fn: name, args, ascending, ...this.#parts } satisfies UntypedWindow)
  }
}

refuseMore(WindowSpec, { partitionBy: Number.POSITIVE_INFINITY, orderBy: Number.POSITIVE_INFINITY })

const isEnd = (by: unknown): boolean => by === Number.POSITIVE_INFINITY || by === Number.NEGATIVE_INFINITY
const isRows = check(
  'whole numbers of rows, or Window.unboundedPreceding and Window.unboundedFollowing',
  (by) => isEnd(by) || Number.isSafeInteger(by),
)
const isRange = check(
  "numbers, lengths of time such as '-1 day', or Window.unboundedPreceding and Window.unboundedFollowing",
  (by) => isEnd(by) || Number.isFinite(by) || (typeof by === 'string' && by !== ''),
)

const ALL = new WindowSpec({ partition: [], order: [], frame: null })

/** Where windows begin: `Window.partitionBy('city').orderBy('day')`. */
export const Window = {
  unboundedPreceding: Number.NEGATIVE_INFINITY,
  unboundedFollowing: Number.POSITIVE_INFINITY,
  currentRow: 0,
  partitionBy: ALL.partitionBy.bind(ALL) as typeof ALL.partitionBy,
  orderBy: ALL.orderBy.bind(ALL) as typeof ALL.orderBy,
  rowsBetween: ALL.rowsBetween.bind(ALL),
  rangeBetween: ALL.rangeBetween.bind(ALL),
} as const

/** A function that says nothing before its window is known. */
export interface WindowFunction<X, N extends string = never> {
  readonly windowFn: WindowFn
  readonly args: readonly Untyped[]
  /** For each row, over the rows of its window. */
  over<M extends string>(window: WindowSpec<M>): Expr<X, N | M>
}

function windowFunction<X, N extends string = never>(windowFn: WindowFn, ...args: Untyped[]): WindowFunction<X, N> {
  return withOver({ windowFn, args }) as unknown as WindowFunction<X, N>
}

const MOST_ROWS = 2 ** 31 - 1

function functionMaker<F extends (...args: never[]) => object>(name: string, most: number, make: F): F {
  return maker(name, most, make, 'DATASET_INVALID')
}

/** The number of the row in its partition, from 1 on. */
export const rowNumber = functionMaker('rowNumber', 0, () => windowFunction<Int>('rowNumber'))
/** The number of the first row that is equal to this one in the order: 1, 2, 2, 4. */
export const rank = functionMaker('rank', 0, () => windowFunction<Int>('rank'))
/** The same without gaps: 1, 2, 2, 3. */
export const denseRank = functionMaker('denseRank', 0, () => windowFunction<Int>('denseRank'))
/** `(rank - 1) / (rows - 1)`; 0 if there is one row. */
export const percentRank = functionMaker('percentRank', 0, () => windowFunction<Double>('percentRank'))
/** The share of rows that are not after this one in the order. */
export const cumeDist = functionMaker('cumeDist', 0, () => windowFunction<Double>('cumeDist'))
/** Which of `parts` parts of the partition, as equal as can be, the row is in: from 1 on, the larger ones first. */
export const ntile = functionMaker('ntile', 1, (parts: number) => {
  requireWhole('ntile', 'the number of parts', parts, 1)
  return windowFunction<Int>('ntile', treeOf(parts))
})

/**
 * @param distance in rows
 * @param other where the partition has no such row; default: null
 */
type FromOther = <const A extends Column>(
  column: A,
  distance?: number,
  other?: unknown,
) => WindowFunction<OfOther<A>, NamesOf<A>>

function fromOther(fn: 'lag' | 'lead'): FromOther {
  return functionMaker(fn, 3, (column: Column, distance = 1, other?: unknown) => {
    requireColumn(fn, column)
    requireWhole(fn, 'the distance', distance, -MOST_ROWS)
    const rest = other === undefined ? [] : [treeOf(other)]
    return windowFunction(fn, columnTree(column), treeOf(distance), ...rest)
  }) as unknown as FromOther
}

/** The value `distance` rows before, in the order; the row's own if that is 0. */
export const lag = fromOther('lag')
/** The value `distance` rows behind, in the order. */
export const lead = fromOther('lead')

/** The n-th value of the frame, from 1 on; null if it has fewer rows. */
export const nthValue = functionMaker(
  'nthValue',
  2,
  <const A extends Column>(column: A, n: number): WindowFunction<OfOther<A>, NamesOf<A>> => {
    requireColumn('nthValue', column)
    requireWhole('nthValue', 'n', n, 1)
    return windowFunction('nthValue', columnTree(column), treeOf(n))
  },
)

function requireColumn(what: string, column: unknown): void {
  if (isExpression(column) || (typeof column === 'string' && column !== '')) return
  throw invalid(`${what}() needs a column or an expression, not ${describe(column)}`)
}

function requireWhole(what: string, argument: string, given: unknown, least: number): void {
  const isGood = isWhole(least, MOST_ROWS)
  if (!isGood.accepts(given)) throw invalid(`${what}(): ${argument} must be ${isGood.expected}, not ${describe(given)}`)
}

function isWindowFunction(fn: object): fn is WindowFunction<unknown> {
  return 'windowFn' in fn
}
