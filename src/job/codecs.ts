/** Codecs: how a job says what type its keys and values have. */
import { Descending } from '../plan/codec.js'
import type { CodecSpec } from '../plan/plan.js'

/** A type of key or value. `T` exists only for the type checker. */
export interface Codec<T> {
  readonly spec: CodecSpec
  readonly type?: T
}

type TypeOf<C> = C extends Codec<infer T> ? T : never

/** Text. Sorts by code point. */
export const string = (): Codec<string> => ({ spec: 'string' })
/** A double. Sorts by size; NaN is not a key. */
export const number = (): Codec<number> => ({ spec: 'number' })
/** An integer of any size. Sorts by size. */
export const bigint = (): Codec<bigint> => ({ spec: 'bigint' })
/** Raw bytes. Sort by memcmp. */
export const bytes = (): Codec<Uint8Array> => ({ spec: 'bytes' })
/** Anything JSON can hold. As a key, equal objects are one key whatever the order of their properties. */
export const json = <T = unknown>(): Codec<T> => ({ spec: 'json' })
/** A fixed number of parts; sorts part by part. */
export function tuple<const C extends Codec<unknown>[]>(
  ...parts: C
): Codec<{ -readonly [I in keyof C]: TypeOf<C[I]> }> {
  return { spec: { tuple: parts.map((part) => part.spec) } }
}

/** What `order` may return: values that sort inside a group. */
export type OrderKey = string | number | bigint | boolean | Uint8Array | Descending | OrderKey[]

/** Sorts a part of an `order` key from large to small. */
export function descending(value: OrderKey): OrderKey {
  return new Descending(value)
}
