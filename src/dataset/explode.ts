/** Functions that make rows of the elements of a list. Only a whole column of select() or withColumn() may be one, and one of a select(). */
import { describe, maker } from '../base/schema.js'
import { type ExpressionOf, type Int, isExpression, type List, type Named, type Nullable } from '../plan/typed.js'
import { type Base, columnTree, Expr } from './column.js'
import type { UntypedExplode } from './expression/untyped.js'
import { invalid } from './invalid.js'

/** A list by its name, or an expression. */
type Column = string | ExpressionOf<unknown>
type NamesOf<A> = A extends string ? A : A extends ExpressionOf<unknown, infer N> ? N : never
// biome-ignore lint/suspicious/noExplicitAny: a name says nothing of the type
type ElementOf<A> = A extends ExpressionOf<infer X> ? (Base<X> extends List<infer E> ? E : any) : any
type OrNull<X> = X extends Nullable<unknown> ? X : Nullable<X>
type Made<K extends string, X, A> = Expr<X, NamesOf<A>> & Named<K, X, NamesOf<A>>

function exploding<F extends (column: never) => object>(
  name: string,
  outer: boolean,
  parts: UntypedExplode['part'][],
): F {
  const make = (column: unknown): Expr | Expr[] => {
    if (!isExpression(column) && (typeof column !== 'string' || column === '')) {
      throw invalid(`${name}() needs a column or an expression, not ${describe(column)}`)
    }
    const made = parts.map((part) => new Expr({ kind: 'explode', list: columnTree(column), outer, part }))
    return made.length === 1 ? made[0]! : made
  }
  return maker(name, 1, make, 'DATASET_INVALID') as unknown as F
}

/**
 * A row for each element of a list, in its order, with the other columns of that row. The column is `col`, unless `as` or its place names it.
 * A list that is null or empty makes no row: see explodeOuter.
 */
export const explode = exploding<<const A extends Column>(column: A) => Made<'col', ElementOf<A>, A>>(
  'explode',
  false,
  ['element'],
)

/** The same, but a row whose list is null or empty comes out once, with null. */
export const explodeOuter = exploding<<const A extends Column>(column: A) => Made<'col', OrNull<ElementOf<A>>, A>>(
  'explodeOuter',
  true,
  ['element'],
)

/** Two columns: the place of the element, from 0 on, as `pos`, and the element as `col`. `select('id', ...posexplode('items'))` */
export const posexplode = exploding<
  <const A extends Column>(column: A) => [Made<'pos', Int, A>, Made<'col', ElementOf<A>, A>]
>('posexplode', false, ['position', 'element'])

/** The same, but a row whose list is null or empty comes out once, with nulls. */
export const posexplodeOuter = exploding<
  <const A extends Column>(column: A) => [Made<'pos', Nullable<Int>, A>, Made<'col', OrNull<ElementOf<A>>, A>]
>('posexplodeOuter', true, ['position', 'element'])
