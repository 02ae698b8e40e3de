/** Types of columns as the compiler sees them. Only `columnType` and `nullable` exist when the program runs; the rest is for the checker. */
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
/** In JavaScript a number; INT64_UNSAFE if it has too many digits for one. */
export type Long = ColumnType<'long', number>
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
/** An instant. */
export type Timestamp = ColumnType<'timestamp', Date>
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

/** The parts of the program that make an expression are marked by it: jobs know no more of expressions. */
export const EXPRESSION: unique symbol = Symbol.for('runjob.expression') as never

/** An expression of type `X` over the columns `N`. */
export interface ExpressionOf<X, N extends string = string> {
  readonly [EXPRESSION]: unknown
  readonly of?: X
  readonly names?: N
}

export function isExpression(value: unknown): value is ExpressionOf<unknown> {
  return typeof value === 'object' && value !== null && EXPRESSION in value
}

/** What `agg` makes of an aggregate `F` over the column `C`, or over an expression of type `X` over the columns `C`. */
export interface GroupValueOf<F extends string, C extends string, X = never> {
  readonly answers?: readonly [F, C, X]
}

/** A format in which data frames can be read: rows with the columns `S`. */
export interface Table<S extends FrameSchema> {
  readonly input: Format
  readonly schema?: S
}
