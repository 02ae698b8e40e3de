/** A map, a reduce and the shuffle between them: the types of a step, and of its functions. */
import type { TaskContext } from '../plan/functions.js'
import type { Codec, OrderKey } from './codecs.js'
import type { Input, Row } from './formats.js'
import type { NativeMapper, NativeRekey } from './mappers.js'
import type { NativeReducer } from './reducers.js'

export type Emit<K, V> = (key: K, value: V) => void
export type Context = TaskContext

/**
 * Map and reduce return nothing: they pass on records by `emit`. A promise, a generator or an array would be lost, and is refused. The rest
 * of a condition counts as nothing: `found && emit(found, 1)`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: in a union, `void` no longer means any type.
export type Nothing = void | undefined | null | false | 0 | ''

export type MapFn<R, K, V> = (record: R, emit: Emit<K, V>, ctx: Context) => Nothing
/** `values` can be read once; it never holds the whole group in memory. */
export type ReduceFn<K, V, OutK, OutV> = (key: K, values: Iterable<V>, emit: Emit<OutK, OutV>, ctx: Context) => Nothing

/** What happens between a map and its reduce. */
export interface Shuffle<K, V> {
  /** Type of the keys that map emits. Default: `string()`. */
  key?: Codec<K>
  /** Type of the values that map emits. Default: `number()`. */
  value?: Codec<V>
  /** Merges values of one key early, on the map side; it may run any number of times. Native reducers combine automatically. */
  combine?: NativeReducer<V> | ReduceFn<K, V, K, V>
  /**
   * `hash` (default): equal keys are in one part, parts are in no order. `range`: the parts, one after another, are in key
   * order. Or a function: key, number of partitions -> partition.
   */
  partition?: 'hash' | 'range' | ((key: K, partitions: number) => number)
  /** Secondary sort: values of a key reach reduce in this order instead of input order. */
  order?: (value: V, key: K) => OrderKey
  /** Sort keys from large to small. */
  sort?: 'ascending' | 'descending'
  /** Number of partitions, and so of parts. Default: by the size of the input. */
  partitions?: number
}

/** Names that an aggregate may read: the values' properties or the input's columns, if they are known. */
export type ColumnsOf<R, V> = 0 extends 1 & V ? string : PropertiesOf<V> extends never ? RowColumns<R> : PropertiesOf<V>
/** Names in each type of a union; never if they are unknown, or if there are none. */
type PropertiesOf<V> = V extends readonly unknown[] | Uint8Array | Primitive
  ? never
  : V extends object
    ? keyof V & string
    : never
type Primitive = string | number | bigint | boolean | symbol | null | undefined
type RowColumns<R> = R extends Row<infer C> ? C : string

/** What follows the map. */
export interface Reduce<R, K, V, OutK, OutV> extends Shuffle<K, V> {
  /** Absent: the map's output is written unchanged, in input order. */
  reduce?: NativeReducer<OutV, NoInfer<ColumnsOf<R, V>>> | ReduceFn<K, V, OutK, OutV>
  /** Types that reduce emits, if they differ from those that map emits. */
  outKey?: Codec<OutK>
  outValue?: Codec<OutV>
}

/** One map and its reduce. */
export interface MapReduce<R, K, V, OutK, OutV> extends Reduce<R, K, V, OutK, OutV> {
  map: NativeMapper<K> | MapFn<R, K, V>
}

/**
 * A later step of a chain: its map takes `[key, value]` of the step before. Without `map`, records pass unchanged.
 */
export interface Step<R, K, V, OutK, OutV> extends Reduce<R, K, V, OutK, OutV> {
  map?: NativeMapper<K> | NativeRekey | MapFn<R, K, V>
}

/** Several inputs by name. */
export type Inputs<N extends string = string> = { readonly [Name in N]: Input<unknown> }
export type RecordOf<I> = I extends Input<infer R> ? R : never

/** A map for each of several inputs. The names `N` are separate from `I`, so that keys follow from native maps. */
export type Maps<N extends string, I extends Inputs<N>, K, V> = {
  readonly [Name in N]: NativeMapper<K> | MapFn<RecordOf<I[Name]>, K, V>
} & NoMap

/** Any names, but neither a function nor a native map. */
interface NoMap {
  readonly call?: never
  readonly native?: never
}
