/** Functions of the user's in expressions. */
import { describe, isPlainFunction, maker } from '../base/schema.js'
import { columnOf } from '../plan/declared.js'
import { userFunction } from '../plan/made.js'
import { typeText } from '../plan/type.js'
import type { AnyType, ColumnType, ExpressionOf, JsOf, Nullable } from '../plan/typed.js'
import { columnTree, Expr } from './column.js'
import { invalid } from './invalid.js'

/** A column by its name, an expression of what the function takes, or a value that is no text. */
type Argument<J> =
  | string
  | Exclude<J, string | null>
  | ExpressionOf<null extends J ? Nullable<ColumnType<string, J>> | Kind<J> : Kind<J>>
type Kind<J> = ColumnType<string, Exclude<J, null>>
type NamesOf<A> = A extends string ? A : A extends ExpressionOf<unknown, infer N> ? N : never

/** Calls the function for each row. */
type Udf<A extends readonly unknown[], T> = <const C extends { readonly [I in keyof A]: Argument<A[I]> }>(
  ...columns: C
) => Expr<T, NamesOf<C[number]>>

/**
 * A JavaScript function for expressions: it gets the values of its columns as rows have them, null for what is missing, and gives a value
 * of the type. Workers call it on all cores, so it must be made where they find it: at the top level of a module, before a script's first
 * action, or in the `build` of a dataset. It should depend on its arguments alone: it may be called more than once for a row, or never.
 *
 * @param type of what it gives; null only if that is `nullable(…)`. Other values are RESULT_INVALID for their row
 * @throws DATASET_INVALID
 *
 * Cost: some nanoseconds a row for numbers, tens for short text, besides its own.
 *
 * @example
 * const initial = udf((city: string) => city.slice(0, 1), string())
 * const sales = read.csv('examples/sales.csv').withColumn('initial', c => initial(c.region))
 */
export const udf: <const A extends readonly unknown[], T extends AnyType>(
  fn: (...values: A) => JsOf<T>,
  type: T,
) => Udf<A, T> = maker(
  'udf',
  2,
  (fn: (...values: never[]) => unknown, given: unknown): Udf<never[], never> => {
    if (!isPlainFunction.accepts(fn)) {
      throw invalid(
        `udf() takes ${isPlainFunction.expected} and the type of what it gives, not ${describe(fn)}`,
        'For example udf((price, qty) => price * qty > 100, boolean()). What takes time is done before, at the top level of the module.',
      )
    }
    const result = columnOf('', given, 'udf(): the type of what the function gives', invalid)
    const made = userFunction(fn, 'udf', typeText(result.type))
    return (...columns: readonly unknown[]) => {
      requireAll(fn, made.name, columns)
      return new Expr({ kind: 'udf', made, result, args: columns.map(columnTree) })
    }
  },
  'DATASET_INVALID',
) as never

/** What may take more arguments than it says: those with defaults, and the rest. */
const TAKES_MORE = /\.\.\.|\barguments\b|=[^>=]/

/** @throws DATASET_INVALID: in JavaScript an argument that is missing is undefined, and one too many is lost */
function requireAll(fn: { readonly length: number }, name: string, columns: readonly unknown[]): void {
  const { length } = fn
  const isMore = columns.length > length && !TAKES_MORE.test(Function.prototype.toString.call(fn))
  if (columns.length >= length && !isMore) return
  const takes = length === 1 ? 'one column' : `${length} columns`
  throw invalid(`${name}() takes ${takes}, not ${columns.length}`, 'Give one for each parameter of the function.')
}
