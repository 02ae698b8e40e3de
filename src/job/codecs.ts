/** Codecs: the types of a job's keys and values. */
import { RunjobError } from '../base/errors.js'
import {
  type Check,
  check,
  isFlag,
  maker,
  requireArgument,
  requireArguments,
  requirePartOptions,
  type Schema,
} from '../base/schema.js'
import { Descending } from '../plan/codec.js'
import type { CodecSpec } from '../plan/plan.js'
import type { Str } from '../plan/typed.js'

/** A type of key or value. `T` exists only for the type checker. */
export interface Codec<T> {
  readonly spec: CodecSpec
  readonly type?: T
}

const PLAIN: readonly unknown[] = ['string', 'number', 'bigint', 'bytes', 'json']

export const isCodec: Check<Codec<never>> = check(
  'a codec such as string()',
  (value) => value !== null && typeof value === 'object' && isSpec((value as Partial<Codec<never>>).spec),
)

function isSpec(spec: unknown): boolean {
  if (PLAIN.includes(spec)) return true
  const parts = (spec as { tuple?: unknown } | null | undefined)?.tuple
  return Array.isArray(parts) && parts.every(isSpec)
}

type TypeOf<C> = C extends Codec<infer T> ? T : never

/** Text. Sorts by code point. In a schema: the type of a column. */
export const string = maker('string', 0, (): Str => ({ spec: 'string', columnType: 'string' }))

interface NumberOptions {
  nullable?: boolean
}

const NUMBER: Schema<NumberOptions> = { nullable: isFlag }

interface NumberCodec {
  (): Codec<number>
  (options: { nullable: true }): Codec<number | null>
}

const makeNumber = (options: NumberOptions = {}): Codec<number> => {
  requirePartOptions('number', NUMBER, options)
  return { spec: 'number' }
}

/**
 * A double. Sorts by size. NaN and the infinities do not count as numbers: emitting one is EMIT_TYPE.
 *
 * A value may be missing, which is null. `nullable` tells the type checker so: your reduce then gets `number | null`.
 */
export const number = maker('number', 1, makeNumber as NumberCodec)
/** An integer of any size. Sorts by size. */
export const bigint = maker('bigint', 0, (): Codec<bigint> => ({ spec: 'bigint' }))
/** Raw bytes. Sort by memcmp. */
export const bytes = maker('bytes', 0, (): Codec<Uint8Array> => ({ spec: 'bytes' }))
/** Anything JSON can hold. Keys that are equal objects are one key, whatever the order of their properties. */
export const json = maker('json', 0, <T = unknown>(): Codec<T> => ({ spec: 'json' }))
/** A fixed number of parts; sorts part by part. */
export const tuple = maker(
  'tuple',
  Number.POSITIVE_INFINITY,
  <const C extends Codec<unknown>[]>(...parts: C): Codec<{ -readonly [I in keyof C]: TypeOf<C[I]> }> => {
    if (parts.length === 0) throw new RunjobError('JOB_INVALID', { problem: 'tuple() needs the codec of each part' })
    for (const [i, part] of parts.entries()) requireArgument('tuple', `part ${i + 1}`, isCodec, part ?? null)
    return { spec: { tuple: parts.map((part) => part.spec) } }
  },
)

/** What `order` may return: the sort key of a value within its group. */
export type OrderKey = string | number | bigint | boolean | Uint8Array | Descending | OrderKey[]

/** Sorts a part of an `order` key from large to small. */
export function descending(value: OrderKey): OrderKey
export function descending(...args: OrderKey[]): OrderKey {
  requireArguments('descending', 1, args)
  return new Descending(args[0])
}
