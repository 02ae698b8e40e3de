/** Data frames: immutable, lazy, typed by the columns of their rows. */
import {
  check,
  describe,
  isFlag,
  isListOf,
  isOneOf,
  isPart,
  isPlainObject,
  isText,
  isWhole,
  problemIn,
  requireArguments,
  type Schema,
} from '../base/schema.js'
import { Collection, made as groupsFunction } from '../collection/collection.js'
import { invalid as collectionInvalid } from '../collection/invalid.js'
import type { CollectionContext } from '../collection/query.js'
import { markCached, unmarkCached } from '../plan/cached.js'
import { columnsOf } from '../plan/declared.js'
import type { JoinType } from '../plan/plan.js'
import { runner } from '../plan/runner.js'
import {
  type Bool,
  type ExpressionOf,
  type FormsIn,
  type FrameSchema,
  isExpression,
  type Long,
  type Nullable,
  type RowGiven,
  type RowOf,
  type RowWith,
  type Str,
} from '../plan/typed.js'
import { aggregateTree } from './aggregates.js'
import { analyzeDeclared } from './analyze.js'
import { refuseMore } from './arguments.js'
import {
  type Columns,
  columnsProxy,
  columnTree,
  describeMade,
  methodName,
  type Order,
  treeOf,
  usingAll,
} from './column.js'
import type { SortTree, Untyped as Tree } from './expression/untyped.js'
import type {
  AggregatesOf,
  AnswerColumns,
  Assigned,
  AssignedColumns,
  Described,
  Flat,
  FrameOf,
  GroupColumns,
  Grouping,
  JoinResult,
  Names,
  NoClash,
  TotalColumns,
  WithColumn,
  WithColumns,
} from './frame_types.js'
import { invalid } from './invalid.js'
import { refuseOperators } from './operators.js'
import type { AggregateTree, FillValues, JoinOn, NamedTree, PivotQuery, Query, SideColumn } from './query.js'
import { FrameWriter } from './writer.js'

export type AnyFrame = Frame<FrameSchema>

type Condition = ExpressionOf<Bool | Nullable<Bool>>

/** An expression, or a function from the columns to one. */
type Made<S, X> = ExpressionOf<X, Names<S>> | ((columns: Columns<S>) => ExpressionOf<X>)

type Selected<S> = Names<S> | ExpressionOf<unknown, Names<S>>

type SortBy<S> =
  | Names<S>
  | Order
  | ExpressionOf<unknown, Names<S>>
  | ((columns: Columns<S>) => Order | ExpressionOf<unknown>)

/** How a join goes: its type, or more. */
export interface JoinOptions<H extends JoinType = JoinType, X extends string = string> {
  how?: H
  /** Added to names of the right side that the left side has, too. */
  suffix?: X
}

const JOIN_OPTIONS: Schema<JoinOptions> = {
  how: isOneOf('inner', 'left', 'right', 'full', 'semi', 'anti'),
  suffix: check('text that is not empty', (value) => isText.accepts(value) && value !== ''),
}

/** Keys of both sides; what is wrong with them has a message of its own. */
const SIDES: Schema<{ left?: unknown; right?: unknown }> = {
  left: check('a name or a list of names', () => true),
  right: check('a name or a list of names', () => true),
}

interface UnionOptions {
  /** Columns that only one side has are null in the rows of the other. */
  allowMissing?: boolean
}

/** All that data frames and lines of text have in common. */
export class Frame<S> implements FrameOf<S> {
  declare readonly schema?: S
  /** What it was asked for. */
  readonly query: Query

  constructor(query: Query) {
    this.query = query
    // Mistakes show where they are made, if all columns are known.
    analyzeDeclared(query)
  }

  /** The columns, in this order: names, expressions, or expressions by name; or a function from the columns to a list or an object of them. */
  select<const E extends readonly Selected<S>[]>(...columns: E): DataFrame<GroupColumns<S, E>>
  select<const E extends readonly Selected<S>[]>(make: (columns: Columns<S>) => E): DataFrame<GroupColumns<S, E>>
  select<const A extends Assigned<S>>(columns: A | ((columns: Columns<S>) => A)): DataFrame<AssignedColumns<S, A>>
  select(...given: unknown[]): unknown {
    const list =
      given.length === 1 && typeof given[0] === 'function' ? made(given[0] as never, 'select()', isByName) : given
    const columns = [list].flat(2).flatMap((one) => (isByName(one) ? assigned(one) : namedTree(one, 'select()')))
    if (columns.length === 0) throw invalid('select() needs at least one column')
    return next({ kind: 'select', input: this.query, columns })
  }

  /** The rows for which the condition is true: neither false nor null. */
  filter(condition: Made<S, Bool | Nullable<Bool>>): DataFrame<S> {
    return next({ kind: 'filter', input: this.query, where: this.#made(condition, 'filter()') })
  }
  where(condition: Made<S, Bool | Nullable<Bool>>): DataFrame<S> {
    return this.filter(condition)
  }

  /** Adds a column, or replaces the one with this name. */
  withColumn<const K extends string, X>(name: K, value: Made<S, X>): DataFrame<WithColumn<S, K, X>> {
    requireName(name, 'withColumn()')
    const columns = [{ name, value: this.#made(value, 'withColumn()') }]
    return next({ kind: 'withColumns', input: this.query, columns })
  }
  /** Adds or replaces several columns at once, by name; all of them are made of the columns before. */
  withColumns<const A extends Record<string, Made<S, unknown>>>(columns: A): DataFrame<WithColumns<S, A>> {
    if (!isByName(columns) || Object.keys(columns).length === 0) {
      throw invalid(
        `withColumns() needs expressions by name, not ${describe(columns)}`,
        'For example withColumns({ total: c => c.price.mul(c.quantity) }).',
      )
    }
    const trees = Object.entries(columns).map(([name, value]) => {
      requireName(name, 'withColumns()')
      return { name, value: this.#made(value, `withColumns(): ${JSON.stringify(name)}`) }
    })
    return next({ kind: 'withColumns', input: this.query, columns: trees })
  }
  withColumnRenamed<const K extends Names<S>, const L extends string>(
    from: K,
    to: L,
  ): DataFrame<Flat<{ [P in keyof S as P extends K ? L : P]: S[P] }>> {
    requireName(from, 'withColumnRenamed()')
    requireName(to, 'withColumnRenamed()')
    return next({ kind: 'rename', input: this.query, from, to })
  }
  drop<const K extends Names<S>>(...names: readonly K[]): DataFrame<Omit<S, K>> {
    for (const name of names) requireName(name, 'drop()')
    return next({ kind: 'drop', input: this.query, names: [...names] })
  }

  /** Each different row once. */
  distinct(): DataFrame<S> {
    return next({ kind: 'distinct', input: this.query, columns: null })
  }
  /** Of rows that agree in these columns, or in all, the one that comes first. */
  dropDuplicates(...columns: readonly Names<S>[] | [readonly Names<S>[]]): DataFrame<S> {
    const names = columns.flat() as string[]
    for (const name of names) requireName(name, 'dropDuplicates()')
    return next({ kind: 'distinct', input: this.query, columns: names.length === 0 ? null : names })
  }

  /** The rows of this, then those of the other: column by column, whatever their names. */
  union(other: FrameOf<S>): DataFrame<S> {
    const inputs = [this.query, queryOf(other, 'union()')]
    return next({ kind: 'union', inputs, byName: false, allowMissing: false })
  }
  /** The same, but columns of equal names go together. */
  unionByName<R>(other: FrameOf<R>, options: UnionOptions = {}): DataFrame<Flat<S & Omit<R, keyof S>>> {
    requireOptions('unionByName()', { allowMissing: isFlag }, options)
    const inputs = [this.query, queryOf(other, 'unionByName()')]
    return next({ kind: 'union', inputs, byName: true, allowMissing: options.allowMissing ?? false })
  }

  /** Rows that the other has, too, each once; columns go together by their order. Missing values are equal. */
  intersect(other: FrameOf<S>): DataFrame<S> {
    return this.#withSet('intersect', false, other)
  }
  /** The same, as often as both have them. */
  intersectAll(other: FrameOf<S>): DataFrame<S> {
    return this.#withSet('intersect', true, other)
  }
  /** Rows that the other has not, each once; columns go together by their order. Missing values are equal. */
  except(other: FrameOf<S>): DataFrame<S> {
    return this.#withSet('except', false, other)
  }
  subtract(other: FrameOf<S>): DataFrame<S> {
    return this.except(other)
  }
  /** The same, as often as this has them more often. */
  exceptAll(other: FrameOf<S>): DataFrame<S> {
    return this.#withSet('except', true, other)
  }

  #withSet(op: 'intersect' | 'except', all: boolean, other: unknown): DataFrame<S> {
    const right = queryOf(other, `${op}${all ? 'All' : ''}()`)
    return next({ kind: 'setOperation', op, all, inputs: [this.query, right] })
  }

  /**
   * How many values columns have, their mean, standard deviation, least and largest value: a row for each, as text. Without names, of all
   * columns of numbers or text.
   */
  // biome-ignore lint/suspicious/noExplicitAny: which columns have numbers or text is not known here
  describe(): DataFrame<{ summary: Str } & Record<string, any>>
  describe<const K extends Names<S>>(...columns: readonly K[]): DataFrame<Described<K>>
  describe(...columns: readonly string[]): unknown {
    for (const name of columns) requireName(name, 'describe()')
    return next({ kind: 'describe', input: this.query, columns: columns.length === 0 ? null : [...columns] })
  }

  /**
   * A share of the rows, about `fraction` of them, in their order. Each row draws a lot by the seed and its place in the files (a group: by its
   * keys), so the same question has the same rows: for any number of workers, and whatever is filtered before.
   *
   * @param fraction from 0 to 1
   * @param seed a whole number, for another choice; default: 0
   */
  sample(fraction: number, seed = 0): DataFrame<S> {
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
      const hint =
        typeof fraction === 'boolean' ? 'No row is taken twice: sample(fraction, seed).' : 'For example sample(0.1).'
      throw invalid(`sample() needs a fraction from 0 to 1, not ${describe(fraction)}`, hint)
    }
    if (!Number.isSafeInteger(seed)) throw invalid(`sample() needs a whole number as seed, not ${describe(seed)}`)
    return next({ kind: 'sample', input: this.query, fraction, seed })
  }

  /** Its rows as objects, by the names of the columns, for functions. */
  rows(): Collection<RowOf<S>> {
    return new Collection<RowOf<S>>({ kind: 'rows', frame: this.query, as: 'rows' })
  }

  /** The first rows. */
  limit(count: number): DataFrame<S> {
    requireCount(count, 'limit()')
    return next({ kind: 'limit', input: this.query, count })
  }

  /** Sorted by these, the first one first: names, expressions, or functions such as `c => c.total.desc()`. Equal rows keep their order. */
  orderBy(...keys: readonly SortBy<S>[]): DataFrame<S> {
    if (keys.length === 0) throw invalid('orderBy() needs at least one column')
    return next({ kind: 'sort', input: this.query, keys: keys.map(sortTree) })
  }
  sort(...keys: readonly SortBy<S>[]): DataFrame<S> {
    return this.orderBy(...keys)
  }

  /**
   * Rows of both sides that belong together.
   *
   * @param on names of columns that both sides have, which are in the result once; `{ left, right }`: different names for the same, of which
   *   the left one stays; or a condition over both sides, `(l, r) => l.id.eq(r.id)`, which keeps all columns
   * @param how `inner` (default); `left`, `right`, `full`: also rows of that side, or of both, without a match, with nulls; `semi`, `anti`:
   *   left rows with a match, or without
   * @throws DATASET_INVALID if both sides have a column that is no key, and there is no suffix
   */
  join<R, const K extends Names<S> & Names<R>, H extends JoinType = 'inner', const X extends string = never>(
    right: FrameOf<R> & NoClash<S, R, K, H, X>,
    on: K | readonly K[],
    how?: `${H}` | JoinOptions<H, X>,
  ): DataFrame<JoinResult<S, R, K, H, X>>
  join<
    R,
    const L extends Names<S>,
    const Q extends Names<R> = never,
    H extends JoinType = 'inner',
    const X extends string = never,
  >(
    right: FrameOf<R> & NoClash<S, R, Q, H, X>,
    on: { left: L | readonly L[]; right: Q | readonly Q[] } | ((left: Columns<S>, right: Columns<R>) => Condition),
    how?: `${H}` | JoinOptions<H, X>,
  ): DataFrame<JoinResult<S, R, Q, H, X>>
  join(other: unknown, on: unknown, how: unknown = {}): DataFrame<never> {
    const right = queryOf(other, 'join()')
    const options = (typeof how === 'string' ? { how } : how) as JoinOptions
    requireOptions('join()', JOIN_OPTIONS, options)
    const { how: type = 'inner', suffix = null } = options
    return next({ kind: 'join', left: this.query, right, type, on: joinOn(on), suffix })
  }

  /** Each row with each row of the other. */
  crossJoin<R, const X extends string = never>(
    right: FrameOf<R> & NoClash<S, R, never, 'inner', X>,
    options: { suffix?: X } = {},
  ): DataFrame<JoinResult<S, R, never, 'inner', X>> {
    requireOptions('crossJoin()', { suffix: JOIN_OPTIONS.suffix }, options)
    const on: JoinOn = { kind: 'condition', where: { kind: 'literal', value: true } }
    const suffix = options.suffix ?? null
    return next({ kind: 'join', left: this.query, right: queryOf(right, 'crossJoin()'), type: 'inner', on, suffix })
  }

  /**
   * Groups rows with equal values: of columns by name, of expressions with a name, `year('day').as('year')`, or of what functions of the
   * columns make, `c => c.day.as('day')`.
   */
  groupBy<const G extends readonly Grouping<S>[]>(...by: G): Grouped<S, GroupColumns<S, G>> {
    return new Grouped(
      this.query,
      by.map((one) => namedTree(one, 'groupBy()')),
    )
  }

  /** Aggregates over all rows: one row. */
  agg<A extends AggregatesOf<Names<S>>>(values: A | ((columns: Columns<S>) => A)): DataFrame<TotalColumns<A, S>> {
    return new Grouped<S, unknown>(this.query, []).agg(values) as never
  }

  /**
   * From now on the actions of this frame, and of frames that are made of it, compute its rows once: the first one keeps them in a temporary
   * folder (below `TMPDIR`), as Parquet, until unpersist() or the end of the program. Returns this frame.
   *
   * @throws DATASET_INVALID in `build` of a dataset, where what is used twice is computed once
   */
  cache(): this {
    markCached(this.query, 'rows', 'cache()', invalid)
    return this
  }
  persist(): this {
    markCached(this.query, 'rows', 'persist()', invalid)
    return this
  }
  /** Forgets the rows that cache() keeps: at once, or when the actions that read them are done. Returns this frame. */
  unpersist(): this {
    unmarkCached(this.query)
    return this
  }

  /** How it is written: `frame.write.mode('overwrite').partitionBy('year').parquet('lake')`. */
  get write(): FrameWriter<S> {
    return new FrameWriter(this)
  }

  /** For missing values: what becomes of them. */
  get na(): MissingValues<S> {
    return new MissingValues(this.query)
  }

  /** All rows, in memory. `{ longs: 'bigint', timestamps: 'micros' }` gives them in forms that hold every long and every timestamp. */
  async collect<const O extends FormsIn<O> = object>(options?: O): Promise<RowWith<S, O>[]> {
    return (await runner()).collect(this as never, options) as Promise<RowWith<S, O>[]>
  }
  /** The first rows. */
  async take<const O extends FormsIn<O> = object>(count: number, options?: O): Promise<RowWith<S, O>[]> {
    requireCount(count, 'take()')
    return this.limit(count).collect<O>(options)
  }
  /** The first row; null if there is none. */
  async first<const O extends FormsIn<O> = object>(options?: O): Promise<RowWith<S, O> | null> {
    return (await this.take<O>(1, options))[0] ?? null
  }
  /** How many rows there are. */
  async count(options?: unknown): Promise<number> {
    const value = { name: 'count', fn: 'count' as const, args: [], ascending: false }
    const counted = next({ kind: 'aggregate', input: this.query, by: [], values: [value] })
    return (await (await runner()).peek(counted as never, options))!.count as number
  }
  async isEmpty(options?: unknown): Promise<boolean> {
    return (await (await runner()).peek(this.limit(1) as never, options)) === null
  }
  /** Prints the first rows as a table. */
  async show(rows = 20, options?: unknown): Promise<void> {
    requireCount(rows, 'show()')
    return (await runner()).show(this as never, rows, options)
  }
  /** The plan as text: as asked for, optimised, and as stages. With `{ analyze: true }` it runs, and each operator says what it did. */
  async explain(options?: unknown): Promise<string> {
    return (await runner()).explain(this as never, options)
  }

  #made(given: unknown, what: string): Tree {
    return columnTree(typeof given === 'function' ? called(given as never, what) : requireExpression(given, what))
  }
}

/** Rows with the columns `S`. Each method returns another data frame; nothing is read before an action asks for rows. */
export class DataFrame<S> extends Frame<S> {
  /** What a function makes of each row: `rows().map(fn)`. */
  map<U>(fn: (row: RowOf<S>, ctx: CollectionContext) => U): Collection<U> {
    return this.rows().map(fn)
  }

  /** All that a function returns for each row: `rows().flatMap(fn)`. */
  flatMap<U>(fn: (row: RowOf<S>, ctx: CollectionContext) => Iterable<U>): Collection<U> {
    return this.rows().flatMap(fn)
  }
}

/** Rows in groups; `K` are the columns by which they are grouped. */
export class Grouped<S, K> {
  readonly #input: Query
  readonly #by: NamedTree[]

  constructor(input: Query, by: NamedTree[]) {
    this.#input = input
    this.#by = by
  }

  /** A row for each group, with these aggregates by name: `{ total: sum('price'), orders: count() }`. */
  agg<A extends AggregatesOf<Names<S>>>(
    values: A | ((columns: Columns<S>) => A),
  ): DataFrame<Flat<K & AnswerColumns<A, S>>> {
    return next({ kind: 'aggregate', input: this.#input, by: this.#by, values: aggregateTrees(values as never) })
  }

  /**
   * A column for each of these values of a column, which has the aggregates of its rows; rows with other values are left out.
   *
   * @param values in the order of the columns, which have their names; with several aggregates `value_aggregate`. Without them, all values that
   *   there are, in their order, up to 10,000: a query of its own finds them whenever the frame is planned
   */
  pivot(column: Names<S> | ExpressionOf<unknown, Names<S>>, values?: readonly PivotValue[]): Pivoted<S, K> {
    if (values !== undefined && (!Array.isArray(values) || values.length === 0 || !values.every(isPivotValue))) {
      throw invalid(
        `pivot() needs the values that become columns, not ${describe(values)}`,
        "For example pivot('quarter', ['Q1', 'Q2', 'Q3', 'Q4']). Without values, all that there are become columns.",
      )
    }
    const options = values?.map((value) => ({ name: String(value), value: treeOf(value) })) ?? null
    return new Pivoted(this.#input, this.#by, namedTree(column, 'pivot()'), options)
  }

  /**
   * What a function makes of each group: of its key, an object of the columns by which rows are grouped, and of its rows, which can be read once
   * and are never all in memory.
   */
  mapGroups<U>(fn: (key: RowOf<K>, rows: Iterable<RowOf<S>>, ctx: CollectionContext) => U): Collection<U> {
    if (this.#by.length === 0) throw invalid('mapGroups() needs groups', 'Say by which columns: groupBy(…).')
    const { query } = new Frame({ kind: 'keyed', input: this.#input, by: this.#by })
    const input = { kind: 'groupByKey', input: { kind: 'rows', frame: query, as: 'pairs' } } as const
    return new Collection({ kind: 'step', input, op: 'mapGroups', fn: groupsFunction('mapGroups', fn) })
  }

  /** How many rows each group has, as `count`. */
  count(): DataFrame<Flat<K & { count: Long }>> {
    const value = { name: 'count', fn: 'count' as const, args: [], ascending: false }
    return next({ kind: 'aggregate', input: this.#input, by: this.#by, values: [value] })
  }
}

type PivotValue = string | number | bigint | boolean | null

const isPivotValue = (value: unknown): boolean =>
  value === null || ['string', 'bigint', 'boolean'].includes(typeof value) || Number.isFinite(value)

/** Rows in groups, and in each by the values of one more column. */
export class Pivoted<S, K> {
  readonly #parts: Omit<PivotQuery, 'kind' | 'values'>

  constructor(input: Query, by: NamedTree[], column: NamedTree, options: NamedTree[] | null) {
    this.#parts = { input, by, column, options }
  }

  /** A row for each group, with a column for each value and aggregate; null where the group has no such row. */
  agg<A extends AggregatesOf<Names<S>>>(
    values: A | ((columns: Columns<S>) => A),
    // biome-ignore lint/suspicious/noExplicitAny: the names of columns follow from values
  ): DataFrame<K & Record<string, any>> {
    return next({ kind: 'pivot', ...this.#parts, values: aggregateTrees(values as never) })
  }
}

const isColumns = isListOf('names of columns', isText)

const DROP_OPTIONS: Schema<{ how?: 'any' | 'all'; columns?: readonly string[]; least?: number }> = {
  how: isOneOf('any', 'all'),
  columns: isColumns,
  least: isWhole(1, Number.MAX_SAFE_INTEGER),
}

/** What becomes of missing values: null, and NaN in columns of doubles. */
export class MissingValues<S> {
  readonly #input: Query

  constructor(input: Query) {
    this.#input = input
  }

  /**
   * Replaces them.
   *
   * @param value for all columns, or these, that have values of its type; or values by column
   */
  fill(
    value: string | number | boolean | { readonly [K in keyof S]?: unknown },
    columns?: readonly Names<S>[],
  ): DataFrame<S> {
    return next({ kind: 'fillNulls', input: this.#input, values: fillValues(value, columns) })
  }

  /**
   * Drops rows that have them.
   *
   * @param options.how `any` (default): a row with one in these columns, or in any column; `all`: a row with nothing else
   * @param options.least how many columns must have a value
   */
  drop(options: { how?: 'any' | 'all'; columns?: readonly Names<S>[]; least?: number } = {}): DataFrame<S> {
    requireOptions('na.drop()', DROP_OPTIONS, options)
    const { how = 'any', columns = null, least } = options
    return next({ kind: 'dropNulls', input: this.#input, columns: columns && [...columns], least: least ?? how })
  }
}

/** Says that it is small: a join may hold it in memory instead of sorting both sides. */
export function broadcast<S>(frame: Frame<S>): DataFrame<S> {
  return next({ kind: 'broadcast', input: queryOf(frame, 'broadcast()') })
}

refuseMore(DataFrame)
refuseMore(Frame, {
  select: Number.POSITIVE_INFINITY,
  drop: Number.POSITIVE_INFINITY,
  dropDuplicates: Number.POSITIVE_INFINITY,
  describe: Number.POSITIVE_INFINITY,
  orderBy: Number.POSITIVE_INFINITY,
  sort: Number.POSITIVE_INFINITY,
  groupBy: Number.POSITIVE_INFINITY,
  unionByName: 2,
  join: 3,
  crossJoin: 2,
  show: 2,
  sample: 2,
})
refuseMore(Grouped)
refuseMore(Pivoted)
refuseMore(MissingValues, { drop: 1 })

declare module '../collection/collection.js' {
  interface Collection<T> {
    /**
     * Its elements as rows of a data frame: objects with these fields, or lists of values in this order. A field that is left out is null. Every
     * value is checked against its type; values of other types, missing ones that are not nullable, and fields that no column is for, are
     * COLLECTION_INVALID.
     *
     * @param schema types by name, `{ word: string(), count: long() }`
     */
    toDF<S extends FrameSchema>(this: Collection<RowGiven<NoInfer<S>>>, schema: S): DataFrame<S>
  }
}

// Data frames know collections, and collections no data frames: so the way back is declared here.
Collection.prototype.toDF = function toDF(this: Collection<unknown>, ...args: [FrameSchema]) {
  requireArguments('toDF', 1, args, 'COLLECTION_INVALID')
  const columns = columnsOf(args[0], 'toDF()', collectionInvalid)
  return next({ kind: 'elements', collection: this.query, columns })
}

const FRAME = Symbol.for('runjob.frame')
Object.defineProperty(Frame.prototype, FRAME, { value: true })

// Not by class: a program may hold two copies of the package.
export function isDataFrame(value: unknown): value is AnyFrame {
  return typeof value === 'object' && value !== null && FRAME in value
}

function next<S>(query: Query): DataFrame<S> {
  return new DataFrame<S>(query)
}

function queryOf(frame: unknown, what: string): Query {
  if (!isDataFrame(frame)) throw invalid(`${what} needs another data frame, not ${describe(frame)}`)
  return frame.query
}

/** @throws DATASET_INVALID for operators of JavaScript that look at no row, and for conditions that are dropped */
function using<A extends unknown[]>(make: (...args: A) => unknown, args: A, what: string): unknown {
  refuseOperators(Function.prototype.toString.call(make), what)
  return usingAll(() => make(...args), what)
}

function aggregateTrees(values: object | ((columns: unknown) => object)): AggregateTree[] {
  const given: unknown = typeof values === 'function' ? using(values as never, [columnsProxy()], 'agg()') : values
  if (!isPlainObject(given) || isPart(given) || Object.keys(given).length === 0) {
    throw invalid(`agg() needs aggregates by name, such as { total: sum('price') }, not ${describe(given)}`)
  }
  return Object.entries(given).map(([name, one]) => aggregateTree(name, one))
}

/** What a function makes of the columns. */
function called(make: (columns: unknown) => unknown, what: string): unknown {
  return made(make, what, () => false)
}

function made(make: (columns: unknown) => unknown, what: string, isMore: (value: unknown) => boolean): unknown {
  if (methodName(make)) throw invalid(`${what}: an expression is expected, not ${describeMade(make)}`)
  const made = using(make, [columnsProxy()], what)
  if (Array.isArray(made) || isExpression(made) || isOrder(made) || isMore(made)) return made
  throw invalid(
    `${what}: the function must return an expression, not ${describeMade(made)}`,
    'Use the methods of columns: c => c.price.mul(c.qty). Functions of rows go into rows().map(…), rows().filter(…) or udf().',
  )
}

function requireExpression(given: unknown, what: string): unknown {
  if (isExpression(given)) return given
  throw invalid(
    `${what} needs an expression, such as col('price').gt(10) or c => c.price.gt(10), not ${describe(given)}`,
  )
}

function requireName(name: unknown, what: string): void {
  if (typeof name !== 'string' || name === '')
    throw invalid(`${what} needs the name of a column, not ${describe(name)}`)
}

function requireCount(count: unknown, what: string): void {
  const isCount = isWhole(0, Number.MAX_SAFE_INTEGER)
  if (!isCount.accepts(count)) throw invalid(`${what} needs ${isCount.expected}, not ${describe(count)}`)
}

function requireOptions<T>(what: string, schema: Schema<T>, options: unknown): void {
  const problem = problemIn(schema, options, 'option')
  if (problem !== null) throw invalid(`${what}: ${problem}`)
}

export function namedTree(given: unknown, what: string): NamedTree {
  if (typeof given === 'function') return namedTree(called(given as never, what), what)
  if (typeof given !== 'string' && !isExpression(given)) {
    throw invalid(`${what} needs names of columns or expressions, not ${describe(given)}`)
  }
  return { name: null, value: columnTree(given) }
}

/** Whether something may be expressions by name. */
function isByName(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && !isPart(value) && !isExpression(value) && !isOrder(value)
}

/** Columns of `{ name: expression }`. */
function assigned(columns: Record<string, unknown>): NamedTree[] {
  return Object.entries(columns).map(([name, value]) => {
    requireName(name, 'select()')
    return { ...namedTree(value, `select(): ${JSON.stringify(name)}`), name }
  })
}

function isOrder(value: unknown): value is Order {
  return typeof value === 'object' && value !== null && 'sort' in value && isPlainObject(value.sort)
}

export function sortTree(given: unknown): SortTree {
  const made = typeof given === 'function' ? called(given as never, 'orderBy()') : given
  if (isOrder(made)) return made.sort
  if (typeof made !== 'string' && !isExpression(made)) {
    throw invalid(`orderBy() needs names of columns or expressions, not ${describe(given)}`)
  }
  return { value: columnTree(made), descending: false, nullsFirst: true }
}

function joinOn(on: unknown): JoinOn {
  if (typeof on === 'function') {
    const side = (name: 'left' | 'right') =>
      columnsProxy((column): SideColumn => ({ kind: 'column', name: column, side: name }))
    const where = using(on as (l: unknown, r: unknown) => unknown, [side('left'), side('right')], 'join()')
    if (isExpression(where)) return { kind: 'condition', where: treeOf(where) }
    throw invalid(
      `join(): the function must return a condition, not ${describe(where)}`,
      'Compare the sides: (l, r) => l.product_id.eq(r.id).',
    )
  }
  if (isPlainObject(on)) requireOptions('join()', SIDES, on)
  const { left, right } = (isPlainObject(on) ? on : {}) as { left?: unknown; right?: unknown }
  const isPairs = left !== undefined || right !== undefined
  const [leftNames, rightNames] = (isPairs ? [left, right] : [on, on]).map((names) => [names].flat()) as [
    string[],
    string[],
  ]
  const isNames = [...leftNames, ...rightNames].every((name) => typeof name === 'string' && name !== '')
  if (!isNames || leftNames.length === 0 || leftNames.length !== rightNames.length) {
    throw invalid(
      `join() needs its keys: a name, a list of names, { left, right }, or a condition, not ${describe(on)}`,
      "For example join(products, { left: 'product_id', right: 'id' }).",
    )
  }
  return isPairs ? { kind: 'pairs', left: leftNames, right: rightNames } : { kind: 'using', names: leftNames }
}

function fillValues(value: unknown, columns: readonly string[] | undefined): FillValues {
  if (isPlainObject(value)) {
    return { kind: 'each', columns: Object.entries(value).map(([name, one]) => [name, treeOf(one)]) }
  }
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean') {
    throw invalid(`na.fill() needs a number, text, a boolean, or values by column, not ${describe(value)}`)
  }
  if (columns !== undefined && !isColumns.accepts(columns)) {
    throw invalid(`na.fill(): columns must be ${isColumns.expected}, not ${describe(columns)}`)
  }
  return { kind: 'one', value: treeOf(value), of: typeof value as 'number', columns: columns ? [...columns] : null }
}
