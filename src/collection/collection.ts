/** Typed collections: immutable, lazy lists of whatever JavaScript holds. */
import { types } from 'node:util'
import { RunjobError, userError } from '../base/errors.js'
import { check, describe, isPlainFunction, isThenable, isWhole, problemOf } from '../base/schema.js'
import { encodeAny } from '../plan/any.js'
import { markCached, unmarkCached } from '../plan/cached.js'
import { type UserFunction, userFunction } from '../plan/made.js'
import type { ElementsJoin } from '../plan/plan.js'
import { runner } from '../plan/runner.js'
import { invalid } from './invalid.js'
import { type CollectionContext, type Ending, nodesOf, type Query, type StepQuery } from './query.js'
import { CollectionWriter } from './writer.js'

/** The type of a literal: `1` is a number. */
type Wide<V> = V extends number
  ? number
  : V extends string
    ? string
    : V extends boolean
      ? boolean
      : V extends bigint
        ? bigint
        : V

type Pairs<K, V> = Collection<readonly [K, V]>

/**
 * A list of elements, one after another, each any value that JavaScript holds: null, booleans, numbers, bigints, text, Dates, Uint8Arrays, and arrays
 * and plain objects of these. Each method returns another collection; nothing is read before an action asks for elements. Functions run in
 * worker threads, on all cores.
 *
 * The order is that of the input. What brings equal keys together gives elements in the order of their keys, part by part; values of a key
 * stay in the order of the input. It does not depend on workers or memory.
 */
export class Collection<T> {
  declare readonly element?: T
  /** What it was asked for. */
  readonly query: Query

  constructor(query: Query) {
    this.query = query
  }

  /** What a function makes of each element. */
  map<U>(fn: (element: T, ctx: CollectionContext) => U): Collection<U> {
    return this.#step('map', fn)
  }

  /** The elements for which a function returns true. */
  filter<U extends T>(fn: (element: T, ctx: CollectionContext) => element is U): Collection<U>
  filter(fn: (element: T, ctx: CollectionContext) => boolean): Collection<T>
  filter(fn: unknown): unknown {
    return this.#step('filter', fn)
  }

  /** All that a function returns for each element: an array, a Set, or what a generator gives. */
  flatMap<U>(fn: (element: T, ctx: CollectionContext) => Iterable<U>): Collection<U> {
    return this.#step('flatMap', fn)
  }

  /**
   * All that a function returns for many elements at once: for what has a price of its own, such as a call of a library. It gets up to 4,096 that
   * follow one another; which ones depends on the input alone.
   */
  mapPartitions<U>(fn: (elements: readonly T[], ctx: CollectionContext) => Iterable<U>): Collection<U> {
    return this.#step('mapPartitions', fn)
  }

  /** Pairs of a key, which a function makes of each element, and the element. */
  keyBy<K>(fn: (element: T, ctx: CollectionContext) => K): Collection<[K, T]> {
    return this.#step('keyBy', fn)
  }

  /** Pairs with other values. */
  mapValues<K, V, W>(this: Pairs<K, V>, fn: (value: V, ctx: CollectionContext) => W): Collection<[K, W]> {
    return this.#step('mapValues', fn)
  }

  /**
   * The values of each key, folded by a function from the left, in the order of the input. Parts of the input are folded by themselves before, so it
   * must be associative, as a sum is; which parts follows from the input alone.
   */
  reduceByKey<K, V>(this: Pairs<K, V>, fn: (a: Wide<V>, b: Wide<V>) => Wide<V>): Collection<[K, Wide<V>]> {
    return next({ kind: 'reduceByKey', input: this.query, merge: made('reduceByKey', fn) })
  }

  /**
   * The same, into something of another type.
   *
   * @param zero what values are added to, a copy for each key and part of the input
   * @param add adds a value; may change what it is added to
   * @param merge puts two parts together
   */
  aggregateByKey<K, V, A>(
    this: Pairs<K, V>,
    zero: A,
    add: (folded: Wide<A>, value: V) => Wide<A>,
    merge: (a: Wide<A>, b: Wide<A>) => Wide<A>,
  ): Collection<[K, Wide<A>]> {
    const bytes = encodeAny(zero, 'exact', 'aggregateByKey(): the first argument')
    return next({
      kind: 'aggregateByKey',
      input: this.query,
      zero: Buffer.from(bytes).toString('base64'),
      add: made('aggregateByKey', add),
      merge: made('aggregateByKey', merge),
    })
  }

  /**
   * Each key with all its values, which can be read once and are never all in memory. They are an array where they are collected, written, or
   * brought together again. To fold them, reduceByKey() moves less.
   */
  groupByKey<K, V>(this: Pairs<K, V>): Collection<[K, Iterable<V>]> {
    return next({ kind: 'groupByKey', input: this.query })
  }

  /** Each element once, in order. Objects are equal if their properties are. */
  distinct(): Collection<T> {
    return next({ kind: 'distinct', input: this.query })
  }

  /**
   * Sorted by what a function makes of each element; equal ones stay in order. null comes first, then booleans, numbers, bigints, Dates, text by code point,
   * bytes, arrays item by item, objects.
   */
  sortBy(fn: (element: T, ctx: CollectionContext) => unknown, ascending = true): Collection<T> {
    const descending = isDescending('sortBy()', ascending)
    return next({ kind: 'sort', input: this.query, by: made('sortBy', fn), descending })
  }

  /** Pairs, sorted by their keys. */
  sortByKey<K, V>(this: Pairs<K, V>, ascending = true): Collection<[K, V]> {
    return next({ kind: 'sort', input: this.query, by: null, descending: isDescending('sortByKey()', ascending) })
  }

  /**
   * A share of the elements, about `fraction` of them, in their order. Each draws a lot by the seed and its place, so the same question has the same
   * elements, for any number of workers. No element is taken twice.
   *
   * @param fraction from 0 to 1
   * @param seed a whole number, for another choice; default: 0
   */
  sample(fraction: number, seed = 0): Collection<T> {
    if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
      throw invalid(`sample() needs a fraction from 0 to 1, not ${describe(fraction)}`, 'For example sample(0.1).')
    }
    if (!Number.isSafeInteger(seed)) throw invalid(`sample() needs a whole number as seed, not ${describe(seed)}`)
    const nth = nodesOf(this.query).filter(({ kind }) => kind === 'sample').length
    return next({ kind: 'sample', input: this.query, fraction, seed, nth })
  }

  /** The elements of this, then those of the other. */
  union(other: Collection<T>): Collection<T> {
    return next({ kind: 'union', inputs: [this.query, queryOf('union()', other)] })
  }

  /**
   * Of each key that both have, each pair of their values. null is a key like any other. The values that the other side has for one key are held in
   * memory.
   *
   * @throws JOIN_GROUP_TOO_LARGE if they do not fit
   */
  join<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Collection<[K, [V, W]]> {
    return joinOf('join()', this.query, other, 'inner')
  }

  /** The same, and values without a match, with null. */
  leftOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Collection<[K, [V, W | null]]> {
    return joinOf('leftOuterJoin()', this.query, other, 'left')
  }

  /** The same with values of the other side that have no match. */
  rightOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Collection<[K, [V | null, W]]> {
    return joinOf('rightOuterJoin()', this.query, other, 'right')
  }

  /** The same with values of both sides that have none. */
  fullOuterJoin<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Collection<[K, [V | null, W | null]]> {
    return joinOf('fullOuterJoin()', this.query, other, 'full')
  }

  /** Each key that one of them has, with its values here, which can be read once, and its values there. */
  cogroup<K, V, W>(this: Pairs<K, V>, other: Pairs<K, W>): Collection<[K, [Iterable<V>, readonly W[]]]> {
    return joinOf('cogroup()', this.query, other, 'group')
  }

  /** Pairs of each element and its place, from 0. All of them go through one task. */
  zipWithIndex(): Collection<[T, number]> {
    return next({ kind: 'zipWithIndex', input: this.query })
  }

  /**
   * From now on the actions of this collection, and of what is made of it, compute its elements once: the first one keeps them in a temporary
   * folder (below `TMPDIR`) until unpersist() or the end of the program. Returns this collection.
   *
   * @throws COLLECTION_INVALID in `build` of a dataset, where what has met is computed once
   */
  cache(): this {
    markCached(this.query, 'elements', 'cache()', invalid)
    return this
  }
  persist(): this {
    markCached(this.query, 'elements', 'persist()', invalid)
    return this
  }
  /** Forgets the elements that cache() keeps: at once, or when the actions that read them are done. Returns this collection. */
  unpersist(): this {
    unmarkCached(this.query)
    return this
  }

  /** All elements. They must fit into memory. */
  async collect(options?: unknown): Promise<T[]> {
    return (await this.#run({ kind: 'collect' }, options)) as T[]
  }

  /** The first elements. */
  async take(count: number, options?: unknown): Promise<T[]> {
    const problem = problemOf(isWhole(0, Number.MAX_SAFE_INTEGER), count)
    if (problem !== null) throw invalid(`take(): the count ${problem}`)
    if (count === 0) return []
    return next<T>({ kind: 'take', input: this.query, count }).collect(options)
  }

  /** The first element; null if there is none. */
  async first(options?: unknown): Promise<T | null> {
    const [element = null] = await this.take(1, options)
    return element
  }

  /** How many elements there are. */
  async count(options?: unknown): Promise<number> {
    const counts = (await this.#run({ kind: 'count' }, options)) as number[]
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** How many pairs each key has. */
  async countByKey<K, V>(this: Pairs<K, V>, options?: unknown): Promise<Map<K, number>> {
    return new Map(await next<[K, number]>({ kind: 'countByKey', input: this.query }).collect(options))
  }

  /**
   * All elements, folded by an associative function: parts of the input on all cores, then the parts; which parts follows from the input alone. A
   * function that is made after a script's first action folds in this thread.
   *
   * @throws COLLECTION_EMPTY if there is none
   */
  async reduce(fn: (a: Wide<T>, b: Wide<T>) => Wide<T>, options?: unknown): Promise<Wide<T>> {
    const merge = made('reduce', fn)
    const parts = merge.isLate
      ? await this.#foldedHere(merge, options)
      : await this.#run({ kind: 'reduce', merge }, options)
    if (parts.length === 0) throw new RunjobError('COLLECTION_EMPTY', { method: 'reduce()' })
    return parts.reduce((a, b) => folded(merge, a, b)) as Wide<T>
  }

  /** What the tasks would give, for a function that workers do not find: it is made after the first action. */
  async #foldedHere(merge: UserFunction, options: unknown): Promise<unknown[]> {
    const parts: unknown[] = []
    let isNew = true
    const use = (element: unknown) => {
      if (element === null) isNew = true
      else {
        const [value] = element as [unknown]
        if (isNew) parts.push(value)
        else parts.push(folded(merge, parts.pop(), value))
        isNew = false
      }
    }
    await this.#each({ kind: 'mark' }, use, options)
    return parts
  }

  /** Calls a function for each element, in this thread, one after another, once all are there; a promise is awaited. */
  async foreach(fn: (element: T) => unknown, options?: unknown): Promise<void> {
    if (typeof fn !== 'function') throw invalid(`foreach() needs a function, not ${describe(fn)}`)
    const fail = (error: unknown) => {
      throw userError(error, 'foreach()')
    }
    const use = (element: unknown) => {
      try {
        const result = fn(element as T)
        return isThenable(result) ? result.then(undefined, fail) : undefined
      } catch (error) {
        return fail(error)
      }
    }
    await this.#each({ kind: 'collect' }, use, options)
  }

  /** Writes the elements into files: `.write.text('out')`. */
  get write(): CollectionWriter {
    return new CollectionWriter(this.query)
  }

  #step<U>(op: StepQuery['op'], fn: unknown): Collection<U> {
    return next({ kind: 'step', input: this.query, op, fn: made(op, fn) })
  }

  async #run(ending: Ending, options: unknown): Promise<unknown[]> {
    const elements: unknown[] = []
    await this.#each(ending, (element) => elements.push(element), options)
    return elements
  }

  async #each(ending: Ending, use: (element: unknown) => unknown, options: unknown): Promise<void> {
    await (await runner()).runElements({ query: this.query, ending }, use, options)
  }
}

const isListFunction = check(
  'a function that is not async',
  (value) => typeof value === 'function' && !types.isAsyncFunction(value),
)

const COLLECTION = Symbol.for('runjob.collection')
Object.defineProperty(Collection.prototype, COLLECTION, { value: true })

// Not by class: a program may hold two copies of the package.
export function isCollection(value: unknown): value is Collection<unknown> {
  return typeof value === 'object' && value !== null && COLLECTION in value
}

function next<T>(query: Query): Collection<T> {
  return new Collection<T>(query)
}

function queryOf(method: string, other: unknown): Query {
  if (!isCollection(other)) throw invalid(`${method} needs another collection, not ${describe(other)}`)
  return other.query
}

function joinOf<T>(method: string, left: Query, other: unknown, how: ElementsJoin): Collection<T> {
  return next({ kind: 'join', left, right: queryOf(method, other), how })
}

/** A function of the user's, noted where it is made, so that workers find it. */
export function made(method: string, fn: unknown): UserFunction {
  const givesList = method === 'flatMap' || method === 'mapPartitions'
  const { accepts, expected } = givesList ? isListFunction : isPlainFunction
  if (!accepts(fn)) throw invalid(`${method}() needs ${expected}, not ${describe(fn)}`)
  return userFunction(fn as never, method, null)
}

function folded({ call }: UserFunction, a: unknown, b: unknown): unknown {
  let result: unknown
  try {
    result = (call as (...args: unknown[]) => unknown)(a, b)
  } catch (error) {
    throw userError(error, 'reduce()')
  }
  if (result === undefined || isThenable(result)) {
    throw invalid(`reduce(): the function returned ${result === undefined ? 'undefined' : 'a promise'}`)
  }
  return result
}

function isDescending(method: string, ascending: unknown): boolean {
  if (typeof ascending !== 'boolean')
    throw invalid(`${method}: ascending must be true or false, not ${describe(ascending)}`)
  return !ascending
}
