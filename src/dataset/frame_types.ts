/** How the columns of a data frame follow from what was done with it. Flat mapped types: the checker must stay fast. */
import type { JoinType } from '../plan/plan.js'
import type {
  AnyType,
  Decimal,
  Double,
  ExpressionOf,
  GroupValueOf,
  Int,
  KEY,
  List,
  Long,
  Named,
  Nullable,
  Str,
} from '../plan/typed.js'
import type { Base, Columns, MaybeNull } from './column.js'

export type Flat<S> = { [K in keyof S]: S[K] }

/** What a data frame needs to know of another one. */
export interface FrameOf<S> {
  readonly schema?: S
}

export type Names<S> = keyof S & string

/** All columns may be missing. */
type Missing<S> = { [K in keyof S]: S[K] extends Nullable<unknown> ? S[K] : Nullable<S[K]> }

/**
 * With the column `K` of type `X`, new or replaced. New ones are intersections, which stay flat: mapped types of mapped types, forty deep,
 * are too deep for the compiler.
 */
export type WithColumn<S, K extends string, X> = K extends keyof S ? Omit<S, K> & Record<K, X> : S & Record<K, X>

/** Columns by their new names: names, or expressions. */
export type Assigned<S> = Record<string, Names<S> | ExpressionOf<unknown, Names<S>>>

export type AssignedColumns<S, A> = {
  -readonly [K in keyof A]: A[K] extends keyof S ? S[A[K]] : A[K] extends ExpressionOf<infer X> ? X : never
}

/** With expressions by name, or functions that make them. */
export type WithColumns<S, A> = Flat<
  Omit<S, keyof A> & {
    -readonly [K in keyof A]: A[K] extends ExpressionOf<infer X> | ((columns: never) => ExpressionOf<infer X>)
      ? X
      : never
  }
>

/** Columns `A`, and columns `B` but the keys `On`; names that are in `A` get the suffix `X`. */
type Beside<A, B, On, X extends string> = A & {
  [K in keyof B as K extends On ? never : K extends keyof A ? `${K & string}${X}` : K]: B[K]
}

/** The result of each type of join: `K` are the right side's keys, which the left side's stand for. */
interface Joined<S, R, K extends PropertyKey, X extends string> {
  inner: Beside<S, R, K, X>
  left: Beside<S, Missing<R>, K, X>
  right: Beside<Missing<S>, R, K, X>
  full: Beside<Missing<S>, Missing<R>, K, X>
  semi: S
  anti: S
}

export type JoinResult<S, R, K extends PropertyKey, H extends JoinType, X extends string> = Joined<S, R, K, X>[H]

/** An argument that does not fit if the result would have two columns of one name. */
export type NoClash<S, R, K extends PropertyKey, H extends JoinType, X extends string> = [X] extends [never]
  ? H extends 'semi' | 'anti'
    ? unknown
    : [Exclude<keyof S & keyof R, K>] extends [never]
      ? unknown
      : string extends keyof S | keyof R
        ? unknown
        : { readonly 'both sides have these columns: give a suffix': Exclude<keyof S & keyof R, K> }
  : unknown

/** Columns by which rows are grouped: a name, an expression with one, or a function from the columns to such an expression. */
export type Grouping<S> =
  | Names<S>
  | Named<string, AnyType, Names<S>>
  | ((columns: Columns<S>) => Named<string, AnyType>)

export type GroupColumns<S, G extends readonly unknown[]> = {
  [K in G[number] as K extends string
    ? K
    : K extends HasKey<infer N> | ((columns: never) => HasKey<infer N>)
      ? N
      : never]: K extends keyof S
    ? S[K]
    : K extends ExpressionOf<infer X> | ((columns: never) => ExpressionOf<infer X>)
      ? X
      : never
}

interface HasKey<N extends string> {
  readonly [KEY]: N
}

/** Aggregates over the columns `C`. */
export type AggregatesOf<C extends string> = Record<string, GroupValueOf<string, C, unknown>>

/** The columns that aggregates make. */
export type AnswerColumns<A, S> = {
  [N in keyof A]: A[N] extends GroupValueOf<infer F, infer C, infer X, string>
    ? Answers<[X] extends [never] ? S[C & keyof S] : X>[F & keyof Answers<unknown>]
    : never
}

/** The same over all rows, of which there may be none. */
export type TotalColumns<A, S> = {
  [N in keyof A]: A[N] extends GroupValueOf<infer F, infer C, infer X, string>
    ? Answers<Nullable<Base<[X] extends [never] ? S[C & keyof S] : X>>>[F & keyof Answers<unknown>]
    : never
}

export interface Answers<X> {
  count: Long
  countDistinct: Long
  sum: MaybeNull<X, SumOf<Base<X>>>
  avg: MaybeNull<X, Base<X> extends Decimal ? Decimal : Double>
  min: X
  max: X
  first: X
  last: X
  deviation: Nullable<Double>
  percentile: MaybeNull<X, Double>
  percentiles: MaybeNull<X, List<Double>>
  collect: List<Base<X>>
}

type SumOf<B> = B extends Int ? Long : B

/** Columns as text, with what each row says of them. */
export type Described<K extends string> = { summary: Str } & { [N in K]: Nullable<Str> }
