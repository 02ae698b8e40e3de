/** Expressions as users write them: columns, literals and what is computed of them. */
import { describe, isPlainObject } from '../base/schema.js'
import { didYouMean } from '../base/suggest.js'
import { shown } from '../base/text.js'
import { columnOf } from '../plan/declared.js'
import { markOf } from '../plan/type.js'
import {
  type Bool,
  type ColumnType,
  type Decimal,
  type Double,
  EXPRESSION,
  type ExpressionOf,
  type Int,
  isExpression,
  type KEY,
  type List,
  type Long,
  type NAMES,
  type Named,
  type Nullable,
  type OF,
  type Str,
  type Struct,
  type Timestamp,
  type Untyped,
} from '../plan/typed.js'
import { refuseMore } from './arguments.js'
import { expressionText } from './expression/text.js'
import { partsOf, type Untyped as Tree, type UntypedColumn } from './expression/untyped.js'
import { invalid } from './invalid.js'

export type Base<X> = X extends Nullable<infer B> ? B : X
/** `X` is missing where `Of` may be missing. */
export type MaybeNull<Of, X> = Of extends Nullable<unknown> ? Nullable<X> : X
type Num = Int | Long<number | bigint> | Double | Decimal
type Instant = Timestamp<Date | bigint>
/** What JavaScript gets as bigints. */
type Exact = Long<bigint> | Timestamp<bigint>

/** A JavaScript value that stands for one of type `X`: dates and decimals may be text, as in a column of text. */
export type Literal<X> =
  Base<X> extends ColumnType<infer K, infer J> ? (K extends keyof Literals ? Literals[K] : J) : never

interface Literals {
  decimal: string | number | bigint
  long: number | bigint
  timestamp: Date | string
  date: string | Date
}

/** What stands on the other side of an operator. Numbers of all types go together. */
export type Operand<X> = ExpressionOf<Peer<Base<X>>> | Literal<X>
type Peer<B> = B extends Num ? AnyNumber : B extends Instant ? AnyInstant : B | Nullable<B>
type AnyNumber = Num | Nullable<Num>
type AnyInstant = Instant | Nullable<Instant>

/** What the two sides of an arithmetic operator give. */
type Arithmetic<X, Y> = Y extends ExpressionOf<infer Z> ? Wider<X, Z> : X
type Wider<X, Z> = [X, Z] extends [infer A, infer B] ? MaybeNull<A, MaybeNull<B, WiderBase<Base<A>, Base<B>>>> : never
type WiderBase<A, B> = A extends Double
  ? A
  : B extends Double
    ? B
    : A extends Decimal
      ? A
      : B extends Decimal
        ? B
        : A extends Exact
          ? A
          : B extends Exact | Long
            ? B
            : A
/** What a division gives. */
type Quotient<X, Y> =
  Y extends ExpressionOf<infer Z>
    ? MaybeNull<X, MaybeNull<Z, QuotientBase<Base<X> | Base<Z>>>>
    : MaybeNull<X, QuotientBase<Base<X>>>
type QuotientBase<A> = Double extends A ? Double : Decimal extends A ? Decimal : Double

/** How rows are ordered. */
export interface Order {
  readonly sort: { readonly value: Tree; readonly descending: boolean; readonly nullsFirst: boolean }
}

/** The fields of a struct; of other types there are none, of one that is not known any. */
type FieldsOf<X> = 0 extends 1 & X
  ? Untyped
  : Base<X> extends Struct<infer F>
    ? F
    : Base<X> extends ColumnType<'struct'>
      ? Untyped
      : Record<never, never>
/** `Y` as a part of `Of`. */
type PartOf<Of, Y> = Of extends Nullable<unknown> ? (Y extends Nullable<unknown> ? Y : Nullable<Y>) : Y
/** An element of a list. */
type ItemExpr<X, N extends string> = Base<X> extends StructOf<unknown> ? Expr<X, N> & WithFields<X, N> : Expr<X, N>
/** The type of an element of a list, which may be missing. */
type ItemOf<X> = Base<X> extends List<infer E> ? PartOf<Nullable<X>, E> : Unknown
// biome-ignore lint/suspicious/noExplicitAny: its type is found when the plan is made
type Unknown = any
/** A struct, told by what the checker compares fast. */
interface StructOf<F> {
  readonly kind?: 'struct'
  readonly fields?: F
}
/** A struct's fields as properties, but for those that are named like methods. */
type WithFields<X, N extends string> =
  Base<X> extends StructOf<infer F>
    ? { readonly [K in Exclude<keyof F & string, keyof Expr>]: ColumnExpr<K, PartOf<X, F[K]>, N> }
    : unknown
/** A column, or a field of one. No intersection where there are no fields: the checker would take each for a new type. */
type ColumnExpr<K extends string, X, N extends string> =
  Base<X> extends StructOf<unknown> ? NamedExpr<K, X, N> & WithFields<X, N> : NamedExpr<K, X, N>

/**
 * An expression of type `X` over the columns `N`. It is immutable plain data, and no value until a data frame uses it.
 *
 * null is unknown: a comparison with it is null, and `filter` drops such rows.
 */
export class Expr<X = unknown, N extends string = string> implements ExpressionOf<X, N> {
  readonly [EXPRESSION]: Tree
  declare readonly [OF]?: X
  declare readonly [NAMES]?: N

  constructor(tree: Tree) {
    this[EXPRESSION] = tree
    if (unused !== null) noteMade(tree)
  }

  /** Operators of JavaScript such as `c.a > 1` would compare the object, not its values. */
  [Symbol.toPrimitive](): never {
    throw invalid(
      `an operator of JavaScript, or a template, takes ${shown(expressionText(this[EXPRESSION]))} for a value, but it is an expression`,
      'Use the methods of columns: c.price.gt(10), c.price.mul(c.qty), c.name.eq(c.other), concat(c.first, c.last). For JavaScript on values, make a function: udf((price) => price > 10, boolean())(c.price).',
    )
  }

  /** The same value under another name. */
  as<const K extends string>(name: K): NamedExpr<K, X, N> {
    if (typeof name !== 'string' || name === '') throw invalid(`as() needs a name, not ${describe(name)}`)
    return new NamedExpr({ kind: 'alias', arg: this[EXPRESSION], name })
  }

  /** Equal; null if either is null. */
  eq(other: Operand<X>): Expr<Bool, N> {
    return this.#call('eq', noNull(this, 'eq', other))
  }
  ne(other: Operand<X>): Expr<Bool, N> {
    return this.#call('ne', noNull(this, 'ne', other))
  }
  lt(other: Operand<X>): Expr<Bool, N> {
    return this.#call('lt', noNull(this, 'lt', other))
  }
  le(other: Operand<X>): Expr<Bool, N> {
    return this.#call('le', noNull(this, 'le', other))
  }
  gt(other: Operand<X>): Expr<Bool, N> {
    return this.#call('gt', noNull(this, 'gt', other))
  }
  ge(other: Operand<X>): Expr<Bool, N> {
    return this.#call('ge', noNull(this, 'ge', other))
  }
  /** Equal, or both null: never null itself. */
  eqNullSafe(other: Operand<X> | null): Expr<Bool, N> {
    return this.#call('eqNullSafe', other)
  }
  /** From `low` to `high`, both included. */
  between(low: Operand<X>, high: Operand<X>): Expr<Bool, N> {
    const from = call('ge', this, low)
    return new Expr(call('and', from, call('le', this, high))[EXPRESSION])
  }
  /** Equal to one of these. */
  isIn(...options: readonly (Operand<X> | null)[] | [readonly (Operand<X> | null)[]]): Expr<Bool, N> {
    const all = (options.length === 1 && Array.isArray(options[0]) ? options[0] : options) as unknown[]
    if (all.length === 0) throw invalid('isIn() needs at least one value')
    return this.#call('in', ...all)
  }

  and(other: ExpressionOf<Bool | Nullable<Bool>>): Expr<Bool, N> {
    return this.#call('and', other)
  }
  or(other: ExpressionOf<Bool | Nullable<Bool>>): Expr<Bool, N> {
    return this.#call('or', other)
  }
  not(): Expr<Bool, N> {
    return this.#call('not')
  }
  isNull(): Expr<Bool, N> {
    return this.#call('isNull')
  }
  isNotNull(): Expr<Bool, N> {
    return this.#call('isNotNull')
  }
  isNaN(): Expr<Bool, N> {
    return this.#call('isNaN')
  }

  add<const Y extends Operand<X>>(other: Y): Expr<Arithmetic<X, Y>, N> {
    return this.#call('add', other)
  }
  sub<const Y extends Operand<X>>(other: Y): Expr<Arithmetic<X, Y>, N> {
    return this.#call('subtract', other)
  }
  mul<const Y extends Operand<X>>(other: Y): Expr<Arithmetic<X, Y>, N> {
    return this.#call('multiply', other)
  }
  /** The exact quotient of decimals, else a double: 1 / 2 is 0.5. `div()` of functions is whole. */
  div<const Y extends Operand<X>>(other: Y): Expr<Quotient<X, Y>, N> {
    return this.#call('divide', other)
  }
  /** The remainder, with the sign of this. */
  mod<const Y extends Operand<X>>(other: Y): Expr<Arithmetic<X, Y>, N> {
    return this.#call('mod', other)
  }
  neg(): Expr<X, N> {
    return this.#call('negate')
  }

  /** SQL's pattern: `%` is any text, `_` one character. */
  like(pattern: string | ExpressionOf<Str>, escapedBy = '\\'): Expr<Bool, N> {
    return this.#call('like', pattern, escapedBy)
  }
  /** Whether a regular expression of JavaScript matches somewhere. */
  rlike(pattern: string | RegExp): Expr<Bool, N> {
    return this.#call('rlike', pattern)
  }
  startsWith(text: string | ExpressionOf<Str>): Expr<Bool, N> {
    return this.#call('startsWith', text)
  }
  endsWith(text: string | ExpressionOf<Str>): Expr<Bool, N> {
    return this.#call('endsWith', text)
  }
  contains(text: string | ExpressionOf<Str>): Expr<Bool, N> {
    return this.#call('contains', text)
  }
  /** @param from counted from 1; from the end if negative */
  substr(from: number, length: number): Expr<X, N> {
    return this.#call('substring', from, length)
  }

  /** @throws CAST_INVALID (when it runs) for a value that the type does not have */
  cast<Y extends ColumnType>(type: Y): Expr<MaybeNull<X, Y>, N>
  // biome-ignore lint/suspicious/noExplicitAny: the checker does not read types in text
  cast(type: string): Expr<any, N>
  cast(type: unknown): Expr<never, N> {
    return this.#cast(type, 'cast()', false)
  }
  /** The same, but null for a value that the type does not have. */
  tryCast<Y extends ColumnType>(type: Y): Expr<Nullable<Y>, N>
  // biome-ignore lint/suspicious/noExplicitAny: the checker does not read types in text
  tryCast(type: string): Expr<any, N>
  tryCast(type: unknown): Expr<never, N> {
    return this.#cast(type, 'tryCast()', true)
  }

  /** A field of a struct, whatever its name. `c.address.city` is short for it where expressions have no method of that name. */
  getField<const K extends keyof FieldsOf<X> & string>(name: K): ColumnExpr<K, PartOf<X, FieldsOf<X>[K]>, N> {
    return fieldOf(this, name) as never
  }
  /** An element of a list, from 0; null beyond its end. */
  getItem(index: number | ExpressionOf<Int>): ItemExpr<ItemOf<X>, N> {
    return new PartExpr(call('get', this, index)[EXPRESSION]) as never
  }

  /** Ascending; nulls first. */
  asc(): Order {
    return order(this, false, true)
  }
  /** Descending; nulls last. */
  desc(): Order {
    return order(this, true, false)
  }
  ascNullsFirst(): Order {
    return order(this, false, true)
  }
  ascNullsLast(): Order {
    return order(this, false, false)
  }
  descNullsFirst(): Order {
    return order(this, true, true)
  }
  descNullsLast(): Order {
    return order(this, true, false)
  }

  #cast(given: unknown, where: string, isTry: boolean): Expr<never, N> {
    const { type: to, ...mark } = columnOf('', given, where, invalid)
    return new Expr({ kind: 'cast', arg: this[EXPRESSION], to, try: isTry, ...markOf(mark) })
  }

  #call<Y>(fn: string, ...others: unknown[]): Expr<Y, N> {
    return new Expr(call(fn, this, ...others)[EXPRESSION])
  }
}

/** An expression with a name: a column has its own. */
class NamedExpr<K extends string, X, N extends string> extends Expr<X, N> implements Named<K, X, N> {
  declare readonly [KEY]: K
}

/** An expression whose fields are properties: a column that a function gets, and the parts of one. */
class PartExpr extends Expr<Unknown> {}

function fieldOf(struct: Expr, name: string): Expr {
  if (typeof name !== 'string' || name === '')
    throw invalid(`getField() needs the name of a field, not ${describe(name)}`)
  return new PartExpr(call('field', struct, name)[EXPRESSION])
}

refuseMore(Expr, { isIn: Number.POSITIVE_INFINITY, like: 2 })

/** Conditions that were made while a function makes an expression of columns, and are no part of another; null: no one asks. */
let unused: Set<Tree> | null = null

const CONDITIONS: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'eqNullSafe', 'in', 'and', 'or', 'not', 'isNull', 'isNotNull', 'isNaN'],
  ...['like', 'rlike', 'startsWith', 'endsWith', 'contains'],
])

function isCondition(tree: Tree): boolean {
  return tree.kind === 'udf' ? tree.result.type === 'boolean' : tree.kind === 'call' && CONDITIONS.has(tree.fn)
}

function noteMade(tree: Tree): void {
  for (const part of partsOf(tree)) unused!.delete(part)
  if (isCondition(tree)) unused!.add(tree)
}

/**
 * What a function makes. Of two conditions, `&&` and `||` of JavaScript drop one.
 *
 * @throws DATASET_INVALID if it made a condition that is not in what it returns, or calls what is no method
 */
export function usingAll<T>(make: () => T, what: string): T {
  const outer = unused
  unused = new Set()
  try {
    const made = usingMethods(make)
    forgetUsed(made, unused)
    const [dropped] = unused
    if (dropped === undefined) return made
    throw invalid(
      `${what}: the function makes the condition ${expressionText(dropped)}, but does not use it`,
      'Join conditions by and(…) and or(…): && and || of JavaScript drop one of them. Choose values by when(…).otherwise(…).',
    )
  } finally {
    unused = outer
  }
}

function forgetUsed(made: unknown, conditions: Set<Tree>): void {
  if (conditions.size === 0 || typeof made !== 'object' || made === null) return
  conditions.delete(made as Tree)
  const parts = isExpression(made) ? [made[EXPRESSION]] : Object.values(made)
  for (const part of parts) forgetUsed(part, conditions)
}

/** A comparison with null is never true; TypeScript refuses it. */
function noNull(left: Expr, method: string, other: unknown): unknown {
  if (other !== null) return other
  const text = shown(expressionText(left[EXPRESSION]))
  throw invalid(
    `${text}.${method}(null) is null for every row`,
    `Ask ${text}.isNull() or ${text}.isNotNull(), or compare with eqNullSafe(null).`,
  )
}

/** A call of a function in the catalogue. What is no expression is a literal. */
function call<X>(fn: string, ...args: unknown[]): Expr<X, never> {
  return new Expr({ kind: 'call', fn, args: args.map(treeOf) })
}

/** With a dot, a name may be a field's, `address.city`: the compiler leaves both names, the column's and the result's, to the plan. */
type Dotted = `${string}.${string}`

/** A column by its name, or a field of one: `col('address.city')`. The compiler knows the column's name, the plan finds its type. */
export function col<const K extends string>(
  name: K,
  // biome-ignore lint/suspicious/noExplicitAny: its type is found when the plan is made
): NamedExpr<K extends Dotted ? string : K, any, K extends Dotted ? never : K> {
  if (typeof name !== 'string' || name === '') throw invalid(`col() needs the name of a column, not ${describe(name)}`)
  return new NamedExpr({ kind: 'column', name })
}

type LiteralType<J> = J extends boolean
  ? Bool
  : J extends bigint
    ? Long
    : J extends string
      ? Str
      : J extends null
        ? // biome-ignore lint/suspicious/noExplicitAny: null is of every type
          any
        : J extends Date
          ? ColumnType<'timestamp', Date>
          : J extends Uint8Array
            ? ColumnType<'binary', Uint8Array>
            : Num

/** The same value in every row. */
export function lit<const J extends null | boolean | number | bigint | string | Date | Uint8Array>(
  value: J,
): Expr<LiteralType<J>, never> {
  return new Expr(literal(value))
}

/** An expression, or a value that is one. */
export function treeOf(value: unknown): Tree {
  if (isExpression(value)) return value[EXPRESSION] as Tree
  return literal(value)
}

/** A column by its name, or an expression. */
export function columnTree(value: unknown): Tree {
  return typeof value === 'string' ? { kind: 'column', name: value } : treeOf(value)
}

function literal(value: unknown): Tree {
  if (value instanceof RegExp) return { kind: 'literal', value: patternText(value) }
  const isValue =
    value === null ||
    ['boolean', 'number', 'bigint', 'string'].includes(typeof value) ||
    value instanceof Date ||
    value instanceof Uint8Array ||
    (Array.isArray(value) && value.every((one) => !isPlainObject(one)))
  if (!isValue) throw invalid(`an expression or a value is expected, not ${describeMade(value)}`)
  return { kind: 'literal', value }
}

/** @throws DATASET_INVALID for flags that change what it means */
function patternText(pattern: RegExp): string {
  const extra = pattern.flags.replaceAll(/[ug]/g, '')
  if (extra !== '') throw invalid(`${pattern}: patterns have no flag ${extra} here: they are always read with u`)
  return pattern.source
}

function order(value: Expr, descending: boolean, nullsFirst: boolean): Order {
  return { sort: { value: value[EXPRESSION], descending, nullsFirst } }
}

/** `when(a, x).when(b, y).otherwise(z)`: the first that holds; null if none does and there is no other. */
export class Case<X, N extends string = string> extends Expr<X, N> {
  readonly #parts: Tree[]

  constructor(parts: Tree[]) {
    super({ kind: 'call', fn: 'case', args: parts })
    this.#parts = parts
  }

  when<const Y extends Operand<X>>(
    condition: ExpressionOf<Bool | Nullable<Bool>>,
    value: Y,
  ): Case<Arithmetic<X, Y>, N> {
    return new Case([...this.#parts, treeOf(condition), treeOf(value)])
  }

  otherwise<const Y extends Operand<X> | null>(
    value: Y,
  ): Expr<Y extends null ? Nullable<Base<X>> : Arithmetic<X, Y>, N> {
    return new Expr({ kind: 'call', fn: 'case', args: [...this.#parts, treeOf(value)] })
  }
}

refuseMore(Case)

/** The value where the condition holds; see Case. */
export function when<const V, N extends string>(
  condition: ExpressionOf<Bool | Nullable<Bool>, N>,
  value: V,
): Case<V extends ExpressionOf<infer X> ? X : LiteralType<V>, N> {
  return new Case([treeOf(condition), treeOf(value)])
}

/** Columns by name, for functions from columns to an expression: `c => c.price.mul(c.qty)`. Without a declared schema, all names are. */
export type Columns<S> = string extends keyof S
  ? // biome-ignore lint/suspicious/noExplicitAny: any name, any type, and never undefined
    any
  : { readonly [K in keyof S]: ColumnExpr<K & string, S[K], K & string> }

/** @param make what a name stands for; default: a column */
export function columnsProxy(make = (name: string): UntypedColumn => ({ kind: 'column', name })): unknown {
  return new Proxy({} as Record<string, unknown>, {
    // A promise would be asked for `then`; a name that is a symbol is none of ours.
    get: (_, name) => (typeof name === 'string' ? new PartExpr(make(name)) : undefined),
  })
}

/** The last property of a part that no expression has: a field, if it is not called. */
let lastField: { of: Expr; name: string } | null = null

/**
 * What a function makes.
 *
 * @throws DATASET_INVALID if it calls what is no method, which fails as a call of a field
 */
function usingMethods<T>(make: () => T): T {
  lastField = null
  try {
    return make()
  } catch (error) {
    throw calledField(error) ?? error
  } finally {
    lastField = null
  }
}

function calledField(error: unknown): Error | null {
  // By its name: a test runner's TypeError is another one.
  const { name, message } = error as Partial<Error>
  if (name !== 'TypeError' || lastField === null) return null
  return message?.endsWith(`${lastField.name} is not a function`) ? noMethod(lastField.of, lastField.name) : null
}

function noMethod(of: Expr, name: string): Error {
  const text = shown(expressionText(of[EXPRESSION]))
  const near = didYouMean(name, Object.getOwnPropertyNames(Expr.prototype))
  return invalid(
    `${text}.${name}: expressions have no ${name}${near ? `; did you mean ${near}()?` : ''}`,
    `A field of a struct is ${text}.getField('${name}'), or col('${text}.${name}').`,
  )
}

/** The name of a method that is no call, and may be meant as a field. */
export function methodName(value: unknown): string | undefined {
  return Object.getOwnPropertyNames(Expr.prototype).find((name) => Expr.prototype[name as keyof Expr] === value)
}

/** A value in a few words. */
export function describeMade(value: unknown): string {
  const name = methodName(value)
  return name === undefined ? describe(value) : `the method ${name}(); a field of that name is getField('${name}')`
}

/** Names by which programs ask what a value is. */
const ASKED: ReadonlySet<string> = new Set([
  ...['then', 'toJSON', 'next', 'length', 'asymmetricMatch', 'nodeType', 'tagName', '$$typeof', 'inspect'],
  ...['sort', 'columnType', 'nullable', 'query', 'schema', 'input', 'spec', 'answers'],
])

// A name that no expression has is a field of a part, and elsewhere a mistake, where `undefined` would be one much later.
Object.setPrototypeOf(
  Expr.prototype,
  new Proxy(Object.prototype, {
    get(target, name, receiver: Expr) {
      if (typeof name === 'symbol' || name in target) return Reflect.get(target, name, receiver)
      if (receiver instanceof PartExpr) {
        lastField = { of: receiver, name }
        return fieldOf(receiver, name)
      }
      if (ASKED.has(name)) return undefined
      throw noMethod(receiver, name)
    },
  }),
)
