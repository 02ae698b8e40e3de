/** Types of columns as the compiler sees them. Only `columnType` and `nullable` exist when the program runs; the rest is for the checker. */
import { RunjobError } from '../base/errors.js'
import { describe, requireArguments } from '../base/schema.js'
import type { Format } from './plan.js'
import type { Type } from './type.js'

/** A type of columns: its name, and what its values are in JavaScript. */
export interface ColumnType<K extends string = string, J = unknown> {
  readonly columnType: Type
  readonly kind?: K
  readonly js?: J
}

export type Bool = ColumnType<'boolean', boolean>
export type Int = ColumnType<'int', number>
/** In JavaScript a number, INT64_UNSAFE if it has too many digits for one; a bigint if declared so, or asked for (RowForms). */
export type Long<J extends number | bigint = number> = ColumnType<'long', J>
export type Double = ColumnType<'double', number>
/** In JavaScript text with all its digits: '12.30'. */
export type Decimal = ColumnType<'decimal', string>
export interface Str extends ColumnType<'string', string> {
  /** It is a codec as well. */
  readonly spec: 'string'
  readonly type?: string
}
export type Binary = ColumnType<'binary', Uint8Array>
/** In JavaScript text: '2024-01-31'. */
export type DateType = ColumnType<'date', string>
/**
 * An instant. In JavaScript a Date, TIMESTAMP_PRECISION if it has parts of milliseconds; a bigint, in microseconds, if declared so, or asked
 * for (RowForms).
 */
export type Timestamp<J extends Date | bigint = Date> = ColumnType<'timestamp', J>
/** A date and a time of day, without a zone; in JavaScript text. */
export type TimestampNtz = ColumnType<'timestamp_ntz', string>
export interface List<X> extends ColumnType<'list', JsOf<X>[]> {
  readonly element?: X
}
export interface Struct<F extends FrameSchema> extends ColumnType<'struct', RowOf<F>> {
  readonly fields?: F
}

/** A type whose values may be missing. */
export interface Nullable<X> {
  readonly nullable: X
}

export type AnyType = ColumnType | Nullable<ColumnType>

/** Columns by name. */
export type FrameSchema = Record<string, AnyType>

/** The columns are known only when the plan is made: any name, any type. */
// biome-ignore lint/suspicious/noExplicitAny: the checker knows nothing of these columns
export type Untyped = Record<string, any>

/** A value in JavaScript. */
export type JsOf<X> =
  X extends Nullable<ColumnType<string, infer J>> ? J | null : X extends ColumnType<string, infer J> ? J : never

/** A row in JavaScript. */
export type RowOf<S> = { [K in keyof S]: JsOf<S[K]> }

/** What a row can be made of: an object, in which missing values may be left out, or a list of its values. */
export type RowGiven<S> = FieldsGiven<S> | readonly JsGiven<S[keyof S]>[]
type FieldsGiven<S> = { readonly [K in keyof S as S[K] extends Nullable<unknown> ? never : K]: JsGiven<S[K]> } & {
  readonly [K in keyof S as S[K] extends Nullable<unknown> ? K : never]?: JsGiven<S[K]> | undefined
}
/** Whole numbers, decimals and timestamps may be given in other ways than they come out. */
type JsGiven<X> =
  X extends Nullable<infer Y>
    ? JsGiven<Y> | null
    : X extends ColumnType<'long'>
      ? number | bigint
      : X extends ColumnType<'decimal'>
        ? string | number | bigint
        : X extends ColumnType<'timestamp'>
          ? JsOf<X> | Date
          : X extends List<infer E>
            ? Iterable<JsGiven<E>> & object
            : X extends Struct<infer F>
              ? FieldsGiven<F>
              : JsOf<X>

/** Forms of rows in JavaScript that hold every long and every timestamp. */
export interface RowForms {
  /** All longs are bigints. */
  longs?: 'bigint' | undefined
  /** All timestamps are bigints: microseconds since 1970-01-01 UTC. */
  timestamps?: 'micros' | undefined
}

/** The forms among the options `O`. What else there is, is checked when it runs. */
export type FormsIn<O> = { [K in keyof O & keyof RowForms]?: RowForms[K] }

/** A row in JavaScript, as an action with the options `O` gives it: of each of them, if they are a union. */
export type RowWith<S, O> = O extends unknown
  ? [keyof O & keyof RowForms] extends [never]
    ? RowOf<S>
    : { [K in keyof S]: JsWith<S[K], O> }
  : never

type JsWith<X, O> =
  X extends Nullable<infer Y>
    ? JsWith<Y, O> | null
    : X extends ColumnType<'long', infer J>
      ? Form<O, 'longs', J>
      : X extends ColumnType<'timestamp', infer J>
        ? Form<O, 'timestamps', J>
        : X extends List<infer E>
          ? JsWith<E, O>[]
          : X extends Struct<infer F>
            ? RowWith<F, O>
            : JsOf<X>

type Form<O, K extends keyof RowForms, Usual> = K extends keyof O ? Asked<O[K], Usual> : Usual
/** An option that may be left out gives either. */
type Asked<V, Usual> = V extends string ? bigint : Usual

/** The parts of the program that make an expression are marked by it: jobs know no more of expressions. */
export const EXPRESSION: unique symbol = Symbol.for('runjob.expression') as never

// For the checker only. Symbols, because fields of structs may have any name.
export declare const OF: unique symbol
export declare const NAMES: unique symbol
export declare const KEY: unique symbol

/** An expression of type `X` over the columns `N`. */
export interface ExpressionOf<X, N extends string = string> {
  readonly [EXPRESSION]: unknown
  readonly [OF]?: X
  readonly [NAMES]?: N
}

/** An expression with a name. */
export interface Named<K extends string, X, N extends string = string> extends ExpressionOf<X, N> {
  readonly [KEY]: K
}

export function isExpression(value: unknown): value is ExpressionOf<unknown> {
  return typeof value === 'object' && value !== null && EXPRESSION in value
}

/**
 * What `agg` makes of an aggregate `F` over the column `C`, or over an expression of type `X` over the columns `C`.
 *
 * @typeParam N all columns that it reads
 */
export interface GroupValueOf<F extends string, C extends string, X = never, N extends string = C> {
  readonly answers?: readonly [F, C, X, N]
}

/** A format in which data frames can be read: rows with the columns `S`. */
export interface Table<S extends FrameSchema> {
  readonly input: Format
  readonly schema?: S
}

/** Windows are marked by it: aggregates, which jobs have too, know no more of them. */
export const OVER: unique symbol = Symbol.for('runjob.over') as never

/** What may be asked over a window: `over` is a method that data frames declare (dataset/window.ts). */
export interface Windowed<F extends string, C extends string, X = never> {
  readonly windowed?: readonly [F, C, X]
}

/** Gives a function the method `over`, which asks the window for an expression. */
export function withOver<T extends object>(fn: T): T {
  const value = (...args: unknown[]): unknown => {
    requireArguments('over', 1, args, 'DATASET_INVALID')
    const [window] = args
    if (typeof window === 'object' && window !== null && OVER in window) return (window[OVER] as (fn: T) => unknown)(fn)
    throw new RunjobError('DATASET_INVALID', {
      problem: `over() needs a window, not ${describe(window)}`,
      hint: "For example over(Window.partitionBy('city').orderBy('day')).",
    })
  }
  return Object.defineProperty(fn, 'over', { value })
}
