/** Functions of expressions. docs/functions.md says what each means; a column is given by its name, or as an expression. */
import { describe, isPlainObject, maker } from '../base/schema.js'
import { columnOf } from '../plan/declared.js'
import type {
  Binary,
  Bool,
  ColumnType,
  DateType,
  Double,
  ExpressionOf,
  FrameSchema,
  Int,
  List,
  Long,
  Named,
  Nullable,
  Str,
  Struct,
  Timestamp,
} from '../plan/typed.js'
import { isExpression } from '../plan/typed.js'
import { columnTree, Expr, type MaybeNull, treeOf } from './column.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { struct as structType } from './types.js'

/** A column by its name, or an expression. */
type Column = string | ExpressionOf<unknown>
/** A value that is the same in all rows, or an expression. */
type Value = string | number | bigint | boolean | Date | Uint8Array | ExpressionOf<unknown>
/** A column by its name, an expression, or a number. */
type Numeric = Column | number | bigint

/** The names of the columns that an argument reads. */
type NamesOf<A> = A extends string ? A : A extends ExpressionOf<unknown, infer N> ? N : never
/** `Y`, null where the argument is null. */
type Out<A, Y> = A extends ExpressionOf<infer X> ? MaybeNull<X, Y> : Y | Nullable<Y>
/** The type of the argument itself. */
// biome-ignore lint/suspicious/noExplicitAny: a name says nothing of the type
type Same<A> = A extends ExpressionOf<infer X> ? X : any

/** Of one column, and of more values. */
type OfColumn<Y, M extends readonly unknown[] = []> = <const A extends Column>(
  column: A,
  ...more: M
) => Expr<Out<A, Y>, NamesOf<A>>
/** The same, whether or not the column has a value. */
type Giving<Y, M extends readonly unknown[] = []> = <const A extends Column>(
  column: A,
  ...more: M
) => Expr<Y, NamesOf<A>>
/** The same, of the column's own type. */
type Keeping<M extends readonly unknown[] = []> = <const A extends Column>(
  column: A,
  ...more: M
) => Expr<Same<A>, NamesOf<A>>
/** Of two columns. */
type OfTwo<Y, M extends readonly unknown[] = []> = <const A extends Numeric, const B extends Numeric>(
  a: A,
  b: B,
  ...more: M
) => Expr<Out<A, Y> | Out<B, Y>, NamesOf<A> | NamesOf<B>>
/** Of any number of columns. */
type OfAll<Y> = <const A extends readonly Column[]>(...columns: A) => Expr<Y, NamesOf<A[number]>>

/**
 * @param columns so many arguments, from the first on, are columns by name
 * @param first how many values come before them
 */
function calling<F>(fn: string, columns: number, first = 0): F {
  return ((...args: unknown[]) => {
    // One that is left out at the end has a default.
    while (args.length > 0 && args.at(-1) === undefined) args.pop()
    const trees = args.map((arg, i) => (i >= first && i < first + columns ? columnTree(arg) : treeOf(arg)))
    return new Expr({ kind: 'call', fn, args: trees })
  }) as F
}

// Comparisons and logic.

/** The opposite. */
export const not: OfColumn<Bool> = calling('not', 1)

/** Whether the value is missing. */
export const isNull: Giving<Bool> = calling('isNull', 1)

/** Whether there is a value. */
export const isNotNull: Giving<Bool> = calling('isNotNull', 1)

/** Whether the value is NaN. */
const isNotNumber: Giving<Bool> = calling('isNaN', 1)

export { isNotNumber as isNaN }

// biome-ignore lint/suspicious/noExplicitAny: the type of what is there, whatever that is
type Any = any

/** The first value that is not missing. Those after it are not evaluated. */
export const coalesce: OfAll<Any> = calling('coalesce', Infinity)

/** The largest. NaN is the largest number. */
export const greatest: OfAll<Any> = calling('greatest', Infinity)

/** The smallest. */
export const least: OfAll<Any> = calling('least', Infinity)

/** `b` where `a` is missing. */
export const ifNull: OfTwo<Any> = calling('ifNull', 2)

/** Null where both are equal, else `a`. */
export const nullIf: OfTwo<Any> = calling('nullIf', 2)

/** The number, or 0 where it is missing. */
export const zeroIfNull: Giving<Any> = calling('zeroIfNull', 1)

/** The number, or null where it is 0. */
export const nullIfZero: Giving<Any> = calling('nullIfZero', 1)

/** `b` where `a` is NaN, else `a`. */
export const nanvl: OfTwo<Double> = calling('nanvl', 2)

/** `present` where `x` is not missing, else `missing`. */
export const nvl2: <const A extends Column, const B extends Column, const C extends Column>(
  column: A,
  present: B,
  missing: C,
) => Expr<Any, NamesOf<A | B | C>> = calling('nvl2', 3)

// Arithmetic.

/** The rest of the division; `b` is added where it is negative. By zero: an error. */
export const pmod: OfTwo<Any> = calling('pmod', 2)

/** The rest of the division, with the sign of `a`. By zero: an error. */
export const mod: OfTwo<Any> = calling('mod', 2)

/** As `add`, but null instead of an error. */
export const tryAdd: OfTwo<Any> = calling('tryAdd', 2)

/** As `subtract`, but null instead of an error. */
export const trySubtract: OfTwo<Any> = calling('trySubtract', 2)

/** As `multiply`, but null instead of an error. */
export const tryMultiply: OfTwo<Any> = calling('tryMultiply', 2)

/** As `divide`, but null instead of an error. */
export const tryDivide: OfTwo<Any> = calling('tryDivide', 2)

/** As `mod`, but null instead of an error. */
export const tryMod: OfTwo<Any> = calling('tryMod', 2)

/** The whole part of the quotient of whole numbers or decimals. */
export const div: OfTwo<Long> = calling('div', 2)

// Numbers.

/** The number with the other sign. */
export const negate: Keeping = calling('negate', 1)

/** The number without its sign. */
export const abs: Keeping = calling('abs', 1)

/** Rounded to that many digits after the point, halves away from zero: 2.5 to 3. */
export const round: Keeping<[digits?: number]> = calling('round', 1)

/** Rounded to that many digits after the point, halves to the even digit: 2.5 to 2. */
export const bround: Keeping<[digits?: number]> = calling('bround', 1)

/** The largest whole number that is not larger. Beyond a bigint: an error. */
export const floor: OfColumn<Any> = calling('floor', 1)

/** The smallest whole number that is not smaller. Beyond a bigint: an error. */
export const ceil: OfColumn<Any> = calling('ceil', 1)

/** The square root; of negative numbers NaN. */
export const sqrt: OfColumn<Double> = calling('sqrt', 1)

/** The cube root. */
export const cbrt: OfColumn<Double> = calling('cbrt', 1)

/** e to the power of `x`. */
export const exp: OfColumn<Double> = calling('exp', 1)

/** The natural logarithm; of zero and negative numbers null. */
export const ln: Giving<Nullable<Double>> = calling('ln', 1)

/** The logarithm to base 10; of zero and negative numbers null. */
export const log10: Giving<Nullable<Double>> = calling('log10', 1)

/** The logarithm to base 2; of zero and negative numbers null. */
export const log2: Giving<Nullable<Double>> = calling('log2', 1)

/** The sine. */
export const sin: OfColumn<Double> = calling('sin', 1)

/** The cosine. */
export const cos: OfColumn<Double> = calling('cos', 1)

/** The tangent. */
export const tan: OfColumn<Double> = calling('tan', 1)

/** The arc sine. */
export const asin: OfColumn<Double> = calling('asin', 1)

/** The arc cosine. */
export const acos: OfColumn<Double> = calling('acos', 1)

/** The arc tangent. */
export const atan: OfColumn<Double> = calling('atan', 1)

/** The hyperbolic sine. */
export const sinh: OfColumn<Double> = calling('sinh', 1)

/** The hyperbolic cosine. */
export const cosh: OfColumn<Double> = calling('cosh', 1)

/** The hyperbolic tangent. */
export const tanh: OfColumn<Double> = calling('tanh', 1)

/** -1.0, 0.0 or 1.0, by the sign. */
export const signum: OfColumn<Double> = calling('signum', 1)

/** Radians as degrees. */
export const degrees: OfColumn<Double> = calling('degrees', 1)

/** Degrees as radians. */
export const radians: OfColumn<Double> = calling('radians', 1)

/** The logarithm to that base; of zero and negative numbers null. */
export const log: <const A extends Numeric, const B extends Column>(
  base: A,
  column: B,
) => Expr<Nullable<Double>, NamesOf<A | B>> = calling('log', 2)

/** `x` to the power of `y`. */
export const pow: OfTwo<Double> = calling('pow', 2)

/** The angle of the point (`x`, `y`). */
export const atan2: OfTwo<Double> = calling('atan2', 2)

/** `sqrt(x * x + y * y)`, without overflow on the way. */
export const hypot: OfTwo<Double> = calling('hypot', 2)

/** A hash of all arguments, the same that Spark gives: Murmur3 with seed 42. Null changes nothing. */
export const hash: OfAll<Int> = calling('hash', Infinity)

// Text and binary.

/** The count of characters (code points) of text, of bytes of binary. */
export const length: OfColumn<Int> = calling('length', 1)

/** So many characters, from the first (1) on; a negative `from` counts from the end. */
export const substring: OfColumn<Str, [from: number | ExpressionOf<Int>, length?: number | ExpressionOf<Int>]> =
  calling('substring', 1)

/** The first characters. */
export const left: OfColumn<Str, [length: number | ExpressionOf<Int>]> = calling('left', 1)

/** The last characters. */
export const right: OfColumn<Str, [length: number | ExpressionOf<Int>]> = calling('right', 1)

/** All one after another. */
export const concat: OfAll<Any> = calling('concat', Infinity)

/** All one after another, with the separator between them. */
export const concatWs: <const A extends readonly Column[]>(
  separator: string | ExpressionOf<unknown>,
  ...columns: A
) => Expr<Str, NamesOf<A[number]>> = calling('concatWs', Infinity, 1)

/** In upper case, as JavaScript’s `toUpperCase` has it. */
export const upper: OfColumn<Str> = calling('upper', 1)

/** In lower case, as JavaScript’s `toLowerCase` has it. */
export const lower: OfColumn<Str> = calling('lower', 1)

/** Each word with a capital at its start and lower case after it. Spaces end words. */
export const initcap: OfColumn<Str> = calling('initcap', 1)

/** The characters from last to first. */
export const reverse: OfColumn<Str> = calling('reverse', 1)

/** Without spaces (U+0020), or any of `characters`, at both ends. */
export const trim: OfColumn<Str, [characters?: string | ExpressionOf<unknown>]> = calling('trim', 1)

/** Without spaces (U+0020), or any of `characters`, at the start. */
export const ltrim: OfColumn<Str, [characters?: string | ExpressionOf<unknown>]> = calling('ltrim', 1)

/** Without spaces (U+0020), or any of `characters`, at the end. */
export const rtrim: OfColumn<Str, [characters?: string | ExpressionOf<unknown>]> = calling('rtrim', 1)

/** With `pad` in front up to that many characters; what is longer is cut at its end. */
export const lpad: OfColumn<Str, [length: number | ExpressionOf<Int>, pad?: string | ExpressionOf<unknown>]> = calling(
  'lpad',
  1,
)

/** With `pad` behind up to that many characters; what is longer is cut at its end. */
export const rpad: OfColumn<Str, [length: number | ExpressionOf<Int>, pad?: string | ExpressionOf<unknown>]> = calling(
  'rpad',
  1,
)

/** Whether `s` starts with `t`. */
export const startsWith: OfColumn<Bool, [text: string | ExpressionOf<unknown>]> = calling('startsWith', 1)

/** Whether `s` ends with `t`. */
export const endsWith: OfColumn<Bool, [text: string | ExpressionOf<unknown>]> = calling('endsWith', 1)

/** Whether `t` is in `s`. */
export const contains: OfColumn<Bool, [text: string | ExpressionOf<unknown>]> = calling('contains', 1)

/** With every `from` replaced by `to`. An empty `from` replaces nothing. */
export const replace: OfColumn<Str, [from: string | ExpressionOf<unknown>, to?: string | ExpressionOf<unknown>]> =
  calling('replace', 1)

/** Where `t` first is in `s`, from that character on: 1 for the first character, 0 for nowhere. */
export const locate: <const A extends Column>(
  text: string | ExpressionOf<unknown>,
  column: A,
  from?: number | ExpressionOf<Int>,
) => Expr<Int | Nullable<Int>, NamesOf<A>> = calling('locate', 1, 1)

/** Where `t` first is in `s`: 1 for the first character, 0 for nowhere. */
export const instr: OfColumn<Int, [text: string | ExpressionOf<unknown>]> = calling('instr', 1)

/** So many times, one after another. */
export const repeat: OfColumn<Str, [times: number | ExpressionOf<Int>]> = calling('repeat', 1)

/** What is before the n-th separator; for a negative n, behind the n-th from the end. */
export const substringIndex: OfColumn<Str, [separator: string | ExpressionOf<unknown>, n: number | ExpressionOf<Int>]> =
  calling('substringIndex', 1)

/** The code point of the first character; 0 for empty text. */
export const ascii: OfColumn<Int> = calling('ascii', 1)

/** The count of bytes: of text, of its UTF-8. */
export const octetLength: OfColumn<Int> = calling('octetLength', 1)

/** The count of bits, eight for each byte. */
export const bitLength: OfColumn<Int> = calling('bitLength', 1)

/** So many spaces. */
export const space: <const A extends Numeric>(count: A) => Expr<Str | Nullable<Str>, NamesOf<A>> = calling('space', 1)

/** A part between separators: the first is 1, the last -1. Beyond the ends: empty. */
export const splitPart: OfColumn<Str, [separator: string, part: number]> = calling('splitPart', 1)

/** The character of code `n % 256`; nothing for negative numbers. */
export const chr: OfColumn<Str> = calling('chr', 1)

/** Whether all of `s` is like the pattern: `_` is any character, `%` any text; after `escape` they mean themselves. */
export const like: OfColumn<Bool, [pattern: string | ExpressionOf<unknown>, escapedBy?: string]> = calling('like', 1)

/** As `like`, whatever the case of letters. */
export const ilike: OfColumn<Bool, [pattern: string | ExpressionOf<unknown>, escapedBy?: string]> = calling('ilike', 1)

/** Whether the regular expression of JavaScript (flag `u`), a literal, matches anywhere in `s`. */
export const rlike: OfColumn<Bool, [pattern: string | RegExp]> = calling('rlike', 1)

/** What that group of the first match has, 0 for the whole match; empty where nothing matches. */
export const regexpExtract: OfColumn<Str, [pattern: string | RegExp, group?: number]> = calling('regexpExtract', 1)

/** With all matches replaced by `to`, in which `$1` is what the first group has. */
export const regexpReplace: OfColumn<Str, [pattern: string | RegExp, to: string | ExpressionOf<unknown>]> = calling(
  'regexpReplace',
  1,
)

/** The parts between the matches of a regular expression; at most `limit` of them, if that is above 0. */
export const split: OfColumn<List<Str>, [pattern: string | RegExp, limit?: number]> = calling('split', 1)

/** The bytes as text of base64. */
export const base64: OfColumn<Str> = calling('base64', 1)

/** The bytes of text of base64. What is not base64: an error. */
export const unbase64: OfColumn<Binary> = calling('unbase64', 1)

/** The number, or the bytes, as hexadecimal digits. */
export const hex: OfColumn<Str> = calling('hex', 1)

/** The bytes that hexadecimal digits stand for; null where there are other characters. */
export const unhex: Giving<Nullable<Binary>> = calling('unhex', 1)

// Dates and times.

/** The year. */
export const year: OfColumn<Int> = calling('year', 1)

/** The quarter of the year, 1 to 4. */
export const quarter: OfColumn<Int> = calling('quarter', 1)

/** The month, 1 to 12. */
export const month: OfColumn<Int> = calling('month', 1)

/** The week of the year by ISO 8601, 1 to 53: it starts on Monday, week 1 has the first Thursday. */
export const weekOfYear: OfColumn<Int> = calling('weekOfYear', 1)

/** The day of the month, 1 to 31. */
export const dayOfMonth: OfColumn<Int> = calling('dayOfMonth', 1)

/** The day of the year, 1 to 366. */
export const dayOfYear: OfColumn<Int> = calling('dayOfYear', 1)

/** The day of the week: 1 is Sunday, 7 Saturday. */
export const dayOfWeek: OfColumn<Int> = calling('dayOfWeek', 1)

/** The hour, 0 to 23. */
export const hour: OfColumn<Int> = calling('hour', 1)

/** The minute, 0 to 59. */
export const minute: OfColumn<Int> = calling('minute', 1)

/** The second, 0 to 59. */
export const second: OfColumn<Int> = calling('second', 1)

/** So many days later. */
export const dateAdd: OfColumn<DateType, [days: number | ExpressionOf<unknown>]> = calling('dateAdd', 1)

/** So many days earlier. */
export const dateSub: OfColumn<DateType, [days: number | ExpressionOf<unknown>]> = calling('dateSub', 1)

/** The days from `start` to `end`. */
export const dateDiff: OfTwo<Int> = calling('dateDiff', 2)

/** The day of the week: 0 is Monday, 6 Sunday. */
export const weekday: OfColumn<Int> = calling('weekday', 1)

/** The day of the week: Mon, Tue and so on. */
export const dayName: OfColumn<Str> = calling('dayName', 1)

/** The month: Jan, Feb and so on. */
export const monthName: OfColumn<Str> = calling('monthName', 1)

/** The first day after the date that is that weekday: `monday`, `mon` or `mo`. */
export const nextDay: OfColumn<DateType, [weekday: string]> = calling('nextDay', 1)

/** A part: year, quarter, month, week, day, doy, dow, hour or minute. */
export const extract: <const A extends Column>(part: string, column: A) => Expr<Int | Nullable<Int>, NamesOf<A>> =
  calling('extract', 1, 1)

/** So many units later: microsecond to week, month, quarter or year. */
export const timestampAdd: <const A extends Numeric, const B extends Column>(
  unit: string,
  count: A,
  column: B,
) => Expr<Timestamp | Nullable<Timestamp>, NamesOf<A | B>> = calling('timestampAdd', 2, 1)

/** The whole units from `start` to `end`: microsecond to week. */
export const timestampDiff: <const A extends Column, const B extends Column>(
  unit: string,
  start: A,
  end: B,
) => Expr<Long | Nullable<Long>, NamesOf<A | B>> = calling('timestampDiff', 2, 1)

/** So many months later; the last day of a shorter month, if it has no such day. */
export const addMonths: OfColumn<DateType, [months: number | ExpressionOf<unknown>]> = calling('addMonths', 1)

/** The last day of the month. */
export const lastDay: OfColumn<DateType> = calling('lastDay', 1)

/** That day. A day that does not exist: an error. */
export const makeDate: <const A extends Numeric, const B extends Numeric, const C extends Numeric>(
  year: A,
  month: B,
  day: C,
) => Expr<DateType | Nullable<DateType>, NamesOf<A | B | C>> = calling('makeDate', 3)

/** The months from `start` to `end`, 31 days each; whole where both are the same day of a month or its last; rounded to 8 digits. */
export const monthsBetween: OfTwo<Double, [rounded?: boolean]> = calling('monthsBetween', 2)

/** The start of the year, quarter, month, week (Monday), day, hour, minute, second, millisecond or microsecond. */
export const dateTrunc: <const A extends Column>(
  unit: string,
  column: A,
) => Expr<Timestamp | Nullable<Timestamp>, NamesOf<A>> = calling('dateTrunc', 1, 1)

/** The first day of the year, quarter, month or week (Monday). */
export const trunc: OfColumn<DateType, [unit: string]> = calling('trunc', 1)

/** The date that text has, by a format of Java such as `dd.MM.yyyy`, or as `cast` reads it. */
export const toDate: OfColumn<DateType, [format?: string]> = calling('toDate', 1)

/** The instant that text has, by a format of Java, or as `cast` reads it. */
export const toTimestamp: OfColumn<Timestamp, [format?: string]> = calling('toTimestamp', 1)

/** As text by a format of Java, of the letters `y M d D H h m s S a E`. */
export const dateFormat: OfColumn<Str, [format: string]> = calling('dateFormat', 1)

/** An instant, in seconds since 1970-01-01 UTC, as text by a format of Java. */
export const fromUnixtime: OfColumn<Str, [format?: string]> = calling('fromUnixtime', 1)

/** The seconds since 1970-01-01 UTC, towards zero; of text by a format, too. */
export const unixTimestamp: OfColumn<Long, [format?: string]> = calling('unixTimestamp', 1)

/** The milliseconds since 1970-01-01 UTC. */
export const unixMillis: OfColumn<Long> = calling('unixMillis', 1)

/** The microseconds since 1970-01-01 UTC. */
export const unixMicros: OfColumn<Long> = calling('unixMicros', 1)

/** The seconds since 1970-01-01 UTC, downwards. */
export const unixSeconds: OfColumn<Long> = calling('unixSeconds', 1)

/** The days since 1970-01-01. */
export const unixDate: OfColumn<Int> = calling('unixDate', 1)

/** The day so many days after 1970-01-01. */
export const dateFromUnixDate: <const A extends Numeric>(days: A) => Expr<DateType | Nullable<DateType>, NamesOf<A>> =
  calling('dateFromUnixDate', 1)

/** The instant so many seconds after 1970-01-01 UTC. */
export const timestampSeconds: OfColumn<Timestamp> = calling('timestampSeconds', 1)

/** The instant so many milliseconds after 1970-01-01 UTC. */
export const timestampMillis: OfColumn<Timestamp> = calling('timestampMillis', 1)

/** The instant so many microseconds after 1970-01-01 UTC. */
export const timestampMicros: OfColumn<Timestamp> = calling('timestampMicros', 1)

/** Windows of time: from `start`, without `end`. */
type TimeWindow = Struct<{ start: Timestamp; end: Timestamp }>
const windowOf: (column: unknown, length: string, slide?: string, offset?: string) => Expr = calling('window', 1)

/**
 * The window of that length that an instant is in, such as `1 day`, for `groupBy`. Windows are in UTC, and one begins at 1970-01-01, or `offset`
 * after it. They lie side by side; or one begins after each `slide`, and a row is in several: it comes out once for each, the earliest first.
 * A row without an instant is in no window: it is left out, and a note says how many were.
 */
export function window<const A extends Column>(
  column: A,
  length: string,
  slide?: string,
  offset?: string,
): Expr<Out<A, TimeWindow>, NamesOf<A>> & Named<'window', Out<A, TimeWindow>, NamesOf<A>> {
  return windowOf(column, length, slide, offset).as('window') as never
}

/** The instant at which the plan was made: the same in every row. */
export const currentTimestamp: () => Expr<Timestamp, never> = calling('currentTimestamp', 0)

/** The day (UTC) on which the plan was made: the same in every row. */
export const currentDate: () => Expr<DateType, never> = calling('currentDate', 0)

// Lists and structs.

/** A list of the arguments. */
export const array: OfAll<Any> = calling('array', Infinity)

/** The count of elements. */
export const size: OfColumn<Int> = calling('size', 1)

/** An element: the first is 1, the last -1. Beyond the ends: an error. */
export const element: Giving<Any, [index: number | ExpressionOf<unknown>]> = calling('element', 1)

/** The same, but null beyond the ends. */
export const tryElement: Giving<Any, [index: number | ExpressionOf<unknown>]> = calling('tryElement', 1)

/** An element: the first is 0. Beyond the ends: null. */
export const get: Giving<Any, [index: number | ExpressionOf<unknown>]> = calling('get', 1)

/** Whether an element equals `x`. */
export const arrayContains: OfColumn<Bool, [value: Value]> = calling('arrayContains', 1)

/** The elements one after another, with the separator between them. */
export const arrayJoin: OfColumn<Str, [separator: string | ExpressionOf<unknown>]> = calling('arrayJoin', 1)

/** The elements in order. */
export const sortArray: Keeping<[ascending?: boolean]> = calling('sortArray', 1)

/** The elements without those that came before. */
export const arrayDistinct: Keeping = calling('arrayDistinct', 1)

/** The smallest element; of an empty list null. */
export const arrayMin: Giving<Any> = calling('arrayMin', 1)

/** The largest element; of an empty list null. */
export const arrayMax: Giving<Any> = calling('arrayMax', 1)

/** A field of a struct. `address.city` is short for it. */
export const field: Giving<Any, [name: string]> = calling('field', 1)

// JSON.

/**
 * What JSON text has at a path, such as `$.address.lines[0]` or `$['a.b']`: a string without quotes, a number with its digits, an object or
 * list as JSON without spaces. Null if the text is no JSON, if there is nothing, or null.
 */
export const getJsonObject: Giving<Nullable<Str>, [path: string]> = calling('getJsonObject', 1)

/** JSON text as a struct or list, by its type or Spark's text for it. */
interface FromJson {
  <const A extends Column, T extends ColumnType<'struct' | 'list'>>(column: A, type: T): Expr<Nullable<T>, NamesOf<A>>
  <const A extends Column>(column: A, type: string): Expr<Any, NamesOf<A>>
}

function readingJson(fn: string): FromJson {
  const make = (column: unknown, given: unknown) => {
    const { type } = columnOf('', given, `${fn}()`, invalid)
    return new Expr({ kind: 'call', fn, args: [columnTree(column), { kind: 'literal', value: null, type }] })
  }
  return maker(fn, 2, make, 'DATASET_INVALID') as FromJson
}

/**
 * JSON text as a struct or list of that type, read as from JSON lines: numbers are exact, fields that the type lacks are left out, and those
 * that the text lacks are null. Text that is no JSON or not of the type, or lacks a field that is not nullable: an error.
 */
export const fromJson: FromJson = readingJson('fromJson')

/** As `fromJson`, but null instead of an error. */
export const tryFromJson: FromJson = readingJson('tryFromJson')

/** A struct or list as JSON without spaces. Fields that are null are left out, elements are not. */
export const toJson: OfColumn<Str> = calling('toJson', 1)

/**
 * In a schema, a type: values with names and types of their own, `struct({ city: string(), zip: string() })`. Of columns, an expression:
 * `struct('city', c.zip.as('code'))`.
 */
export const struct = maker('struct', Infinity, ((...given: unknown[]) => {
  const [first] = given
  if (given.length === 1 && isPlainObject(first)) return structType(first as FrameSchema)
  if (given.length === 0) throw invalid('struct() needs columns, or types by name')
  const args = given.map((one): Untyped => {
    if (typeof one === 'string' || isExpression(one)) return columnTree(one)
    throw invalid(`struct() needs names of columns or expressions, not ${describe(one)}`)
  })
  return new Expr({ kind: 'call', fn: 'struct', args })
}) as StructMaker)

interface StructMaker {
  <F extends FrameSchema>(fields: F): Struct<F>
  <const A extends readonly Column[]>(...columns: A): Expr<ColumnType<'struct', unknown>, NamesOf<A[number]>>
}
