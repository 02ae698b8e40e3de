/** Evaluates resolved expressions, a row at a time: what they mean, in plain TypeScript. The native code is compared with it. */
import type { CallExpression, Expression, LiteralExpression } from '../../../dist/src/plan/expression.js'
import type { Column, Type } from '../../../dist/src/plan/type.js'
import {
  addMonths,
  checkDays,
  civilOf,
  dayOfYear,
  daysOf,
  formatTime,
  isDay,
  monthLength,
  monthsBetween,
  parseTime,
  splitMicros,
  truncDays,
  truncMicros,
  weekday,
  weekOfYear,
} from './calendar.js'
import { cast } from './cast.js'
import { hash } from './hash.js'
import { fromJson, getJsonObject, toJson } from './json.js'
import { abs, floor, negate, operate, round } from './numbers.js'
import { initcap, like, locate, pad, split, substring, substringIndex, trim, unbase64, unhex } from './strings.js'
import { compare, Failure, fail, fieldsOf, inLong, isDecimal, type Value } from './value.js'

type Row = readonly Value[]

/** @throws Failure with the code of an error */
export function interpret(expression: Expression, row: Row, columns: readonly Column[]): Value {
  return over(row, columns)(expression)
}

/**
 * Whether a row passes a filter.
 *
 * @throws Failure with the code of an error
 */
export function passes(where: Expression, row: Row, columns: readonly Column[]): boolean {
  return holds(where, over(row, columns))
}

function over(row: Row, columns: readonly Column[]): Evaluate {
  const at = (one: Expression): Value => {
    switch (one.op) {
      case 'column':
        return row[columns.findIndex(({ name }) => name === one.name)]!
      case 'literal':
        return literalValue(one)
      case 'call':
        return evaluate(one, at)
    }
  }
  return at
}

function literalValue({ value, type }: LiteralExpression): Value {
  if (value === null) return null
  if (isDecimal(type)) return BigInt(value)
  switch (type) {
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return BigInt(value)
    case 'double':
      return Number(value)
    case 'binary':
      return Buffer.from(value as string, 'base64')
  }
  return value
}

const TRIES: Record<string, string> = {
  tryAdd: 'add',
  trySubtract: 'subtract',
  tryMultiply: 'multiply',
  tryDivide: 'divide',
  tryMod: 'mod',
}

type Evaluate = (one: Expression) => Value

function evaluate(call: CallExpression, at: Evaluate): Value {
  const { fn, args, type } = call
  const lazy = LAZY[fn]
  if (lazy !== undefined) return lazy(args, at, call)
  const values: Exclude<Value, null>[] = []
  for (const arg of args) {
    const value = at(arg)
    // An argument after one that is null is not evaluated.
    if (value === null) return null
    values.push(value)
  }
  const types = args.map((arg) => arg.type)
  if (fn in TRIES) {
    try {
      return strict(TRIES[fn]!, values, types, type)
    } catch (error) {
      if (error instanceof Failure) return null
      throw error
    }
  }
  return strict(fn, values, types, type)
}

const BOTH = { and: false, or: true }

function connective(decides: boolean) {
  return ([a, b]: Expression[], at: Evaluate): Value => {
    const left = at(a!)
    if (left === decides) return decides
    const right = at(b!)
    return right === decides ? decides : left === null || right === null ? null : !decides
  }
}

/** Whether a condition is true: there null is as good as false, and what comes after it in an `and` is not evaluated. */
function holds(condition: Expression, at: Evaluate): boolean {
  if (condition.op === 'call' && condition.fn === 'and') return condition.args.every((arg) => holds(arg, at))
  if (condition.op === 'call' && condition.fn === 'or') return condition.args.some((arg) => holds(arg, at))
  return at(condition) === true
}

function contains(options: Iterable<Value>, value: Value, type: Type): Value {
  let isUnknown = false
  for (const option of options) {
    if (option === null) isUnknown = true
    else if (compare(value, option, type) === 0) return true
  }
  return isUnknown ? null : false
}

function* each(args: Expression[], at: Evaluate): Generator<Value> {
  for (const arg of args) yield at(arg)
}

function extreme(sign: number) {
  return (args: Expression[], at: Evaluate): Value => {
    let best: Value = null
    for (const value of each(args, at)) {
      if (value === null) continue
      if (best === null || sign * compare(value, best, args[0]!.type) > 0) best = value
    }
    return best
  }
}

/** Functions that do not give null for every null, or do not evaluate all arguments. */
const LAZY: Record<string, (args: Expression[], at: Evaluate, call: CallExpression) => Value> = {
  and: connective(BOTH.and),
  or: connective(BOTH.or),
  case(args, at) {
    for (let i = 0; i + 1 < args.length; i += 2) if (holds(args[i]!, at)) return at(args[i + 1]!)
    return args.length % 2 === 1 ? at(args.at(-1)!) : null
  },
  coalesce(args, at) {
    for (const value of each(args, at)) if (value !== null) return value
    return null
  },
  in([x, ...options], at) {
    const value = at(x!)
    return value === null ? null : contains(each(options, at), value, x!.type)
  },
  isNull: ([x], at) => at(x!) === null,
  isNotNull: ([x], at) => at(x!) !== null,
  isNaN: ([x], at) => Number.isNaN(at(x!)),
  eqNullSafe([a, b], at) {
    const [x, y] = [at(a!), at(b!)]
    return x === null || y === null ? x === y : compare(x, y, a!.type) === 0
  },
  greatest: extreme(1),
  least: extreme(-1),
  hash: (args, at) => args.reduce((seed, arg) => hash(at(arg), arg.type, seed), 42),
  getJsonObject([s, ...steps], at) {
    const text = at(s!)
    return text === null ? null : getJsonObject(text as string, steps.map(at))
  },
  fromJson: ([s], at, { type }) => ofJson(at(s!), type, false),
  tryFromJson: ([s], at, { type }) => ofJson(at(s!), type, true),
  toJson([x], at) {
    const value = at(x!)
    return value === null ? null : toJson(value, x!.type)
  },
  array: (args, at) => args.map(at),
  struct: (args, at) => args.map(at),
  concatWs(args, at) {
    const [separator, ...parts] = args.map(at)
    if (separator === null) return null
    return parts
      .flat()
      .filter((part) => part !== null)
      .join(separator as string)
  },
  cast: ([x], at, { type }) => cast(at(x!), x!.type, type, false),
  tryCast: ([x], at, { type }) => cast(at(x!), x!.type, type, true),
}

function ofJson(text: Value, type: Type, isTry: boolean): Value {
  return text === null ? null : fromJson(text as string, type, isTry)
}

function micros(value: bigint): bigint {
  return inLong(value) ? value : fail('ARITHMETIC_OVERFLOW')
}

type Args = Exclude<Value, null>[]

const MATH: Record<string, (x: number, y: number) => number | null> = {
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  exp: Math.exp,
  ln: (x) => logarithm(x, Math.log),
  log10: (x) => logarithm(x, Math.log10),
  log2: (x) => logarithm(x, Math.log2),
  log: (base, x) => (base <= 0 || x <= 0 ? null : Math.log(x) / Math.log(base)),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  signum: Math.sign,
  degrees: (x) => (x * 180) / Math.PI,
  radians: (x) => (x / 180) * Math.PI,
  pow: (x, y) => x ** y,
  atan2: Math.atan2,
  hypot: (x, y) => Math.hypot(x, y),
}

function logarithm(x: number, log: (x: number) => number): number | null {
  return x <= 0 ? null : log(x)
}

const COMPARISONS: Record<string, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
}

function strict(fn: string, args: Args, types: Type[], type: Type): Value {
  if (fn in COMPARISONS) return COMPARISONS[fn]!(compare(args[0]!, args[1]!, types[0]!))
  if (fn in MATH) return MATH[fn]!(args[0] as number, args[1] as number)
  const one = STRICT[fn]
  if (one === undefined) throw new Error(`the interpreter lacks ${fn}`)
  return one(args, types, type)
}

const arithmetic =
  (fn: string) =>
  ([a, b]: [bigint, bigint], types: Type[], type: Type): Value =>
    operate(fn, a, b, [types[0]!, types[1]!], type)

// biome-ignore lint/suspicious/noExplicitAny: each function knows the types of its arguments
const STRICT: Record<string, (args: any, types: Type[], type: Type) => Value> = {
  add: arithmetic('add'),
  subtract: arithmetic('subtract'),
  multiply: arithmetic('multiply'),
  divide: arithmetic('divide'),
  div: arithmetic('div'),
  mod: arithmetic('mod'),
  pmod: arithmetic('pmod'),
  not: ([a]: [boolean]) => !a,
  negate: ([x]: [bigint], [type]) => negate(x, type!),
  abs: ([x]: [bigint], [type]) => abs(x, type!),
  round: ([x, digits]: [bigint, number], [from], to) => round(x, digits, from!, to, false),
  bround: ([x, digits]: [bigint, number], [from], to) => round(x, digits, from!, to, true),
  floor: ([x]: [bigint], [from], to) => floor(x, from!, to, false),
  ceil: ([x]: [bigint], [from], to) => floor(x, from!, to, true),

  length: ([s]: [string | Uint8Array]) => (typeof s === 'string' ? [...s].length : s.length),
  substring: ([s, from, length]: [string, number, number]) => substring(s, from, length),
  concat: (parts: string[]) => parts.join(''),
  upper: ([s]: [string]) => s.toUpperCase(),
  lower: ([s]: [string]) => s.toLowerCase(),
  initcap: ([s]: [string]) => initcap(s),
  trim: ([s, set = ' ']: [string, string?]) => trim(s, set, true, true),
  ltrim: ([s, set = ' ']: [string, string?]) => trim(s, set, true, false),
  rtrim: ([s, set = ' ']: [string, string?]) => trim(s, set, false, true),
  lpad: ([s, length, fill]: [string, number, string]) => pad(s, length, fill, true),
  rpad: ([s, length, fill]: [string, number, string]) => pad(s, length, fill, false),
  startsWith: ([s, t]: [string, string]) => s.startsWith(t),
  endsWith: ([s, t]: [string, string]) => s.endsWith(t),
  contains: ([s, t]: [string, string]) => s.includes(t),
  replace: ([s, from, to]: [string, string, string]) => (from === '' ? s : s.replaceAll(from, () => to)),
  locate: ([t, s, from]: [string, string, number]) => locate(t, s, from),
  repeat: ([s, n]: [string, number]) => s.repeat(Math.max(0, n)),
  reverse: ([s]: [string]) => [...s].reverse().join(''),
  substringIndex: ([s, separator, n]: [string, string, number]) => substringIndex(s, separator, n),
  ascii: ([s]: [string]) => s.codePointAt(0) ?? 0,
  chr: ([n]: [bigint]) => (n < 0n ? '' : String.fromCodePoint(Number(n & 255n))),
  like: ([s, pattern, mark]: [string, string, string]) => like(s, pattern, mark),
  rlike: ([s, pattern]: [string, string]) => new RegExp(pattern, 'u').test(s),
  regexpExtract: ([s, pattern, group]: [string, string, number]) => new RegExp(pattern, 'u').exec(s)?.[group] ?? '',
  regexpReplace: ([s, pattern, to]: [string, string, string]) => s.replace(new RegExp(pattern, 'gu'), to),
  split: ([s, pattern, limit]: [string, string, number]) => split(s, pattern, limit),
  base64: ([bytes]: [Uint8Array]) => Buffer.from(bytes).toString('base64'),
  unbase64: ([s]: [string]) => unbase64(s),
  hex: ([x]: [bigint | string | Uint8Array]) =>
    typeof x === 'bigint'
      ? BigInt.asUintN(64, x).toString(16).toUpperCase()
      : Buffer.from(x as string)
          .toString('hex')
          .toUpperCase(),
  unhex: ([s]: [string]) => unhex(s),

  year: ([d]: [number]) => civilOf(d).year,
  quarter: ([d]: [number]) => Math.ceil(civilOf(d).month / 3),
  month: ([d]: [number]) => civilOf(d).month,
  dayOfMonth: ([d]: [number]) => civilOf(d).day,
  dayOfYear: ([d]: [number]) => dayOfYear(d),
  dayOfWeek: ([d]: [number]) => ((weekday(d) + 1) % 7) + 1,
  weekOfYear: ([d]: [number]) => weekOfYear(d),
  hour: ([t]: [bigint]) => Number(splitMicros(t).inDay / 3_600_000_000n),
  minute: ([t]: [bigint]) => Number(splitMicros(t).inDay / 60_000_000n) % 60,
  second: ([t]: [bigint]) => Number(splitMicros(t).inDay / 1_000_000n) % 60,
  dateAdd: ([d, days]: [number, number]) => checkDays(d + days),
  dateSub: ([d, days]: [number, number]) => checkDays(d - days),
  dateDiff: ([end, start]: [number, number]) => checkDays(end - start),
  addMonths: ([d, months]: [number, number]) => addMonths(d, months),
  lastDay([d]: [number]) {
    const { year, month } = civilOf(d)
    return checkDays(daysOf({ year, month, day: monthLength(year, month) }))
  },
  makeDate([year, month, day]: [number, number, number]) {
    if (!isDay({ year, month, day })) fail('ARGUMENT_INVALID')
    return checkDays(daysOf({ year, month, day }), 'ARGUMENT_INVALID')
  },
  monthsBetween: ([end, start, rounded]: [bigint, bigint, boolean]) => monthsBetween(end, start, rounded),
  dateTrunc: ([unit, t]: [string, bigint]) => micros(truncMicros(t, unit)),
  trunc: ([d, unit]: [number, string]) => checkDays(truncDays(d, unit)),
  toDate([s, format]: [string, string]) {
    const time = parseTime(s, format) ?? fail('CAST_INVALID')
    return checkDays(splitMicros(time).days, 'CAST_INVALID')
  },
  toTimestamp([s, format]: [string, string]) {
    const time = parseTime(s, format) ?? fail('CAST_INVALID')
    return inLong(time) ? time : fail('CAST_INVALID')
  },
  dateFormat: ([t, format]: [bigint, string]) => formatTime(t, format),
  unixTimestamp: ([t]: [bigint]) => t / 1_000_000n,
  unixMillis: ([t]: [bigint]) => (t - (((t % 1000n) + 1000n) % 1000n)) / 1000n,
  unixMicros: ([t]: [bigint]) => t,
  timestampSeconds([n]: [bigint | number]) {
    if (typeof n === 'bigint') return micros(n * 1_000_000n)
    const all = n * 1e6
    return Number.isFinite(all) ? micros(BigInt(Math.trunc(all))) : fail('ARITHMETIC_OVERFLOW')
  },
  timestampMillis: ([n]: [bigint]) => micros(n * 1000n),
  timestampMicros: ([n]: [bigint]) => n,

  size: ([list]: [Value[]]) => list.length,
  element([list, i]: [Value[], number]) {
    if (i === 0 || Math.abs(i) > list.length) fail('ARGUMENT_INVALID')
    return list.at(i > 0 ? i - 1 : i)!
  },
  get: ([list, i]: [Value[], number]) => (i < 0 ? null : (list[i] ?? null)),
  arrayContains: ([list, x]: [Value[], Value], [type]) => contains(list, x, fieldsOf(type!)[0]!.type),
  arrayJoin: ([list, separator]: [Value[], string]) => list.filter((one) => one !== null).join(separator),
  sortArray([list, ascending]: [Value[], boolean], [type]) {
    const element = fieldsOf(type!)[0]!.type
    return list.toSorted((a, b) => compare(a, b, element) * (ascending ? 1 : -1))
  },
  arrayDistinct([list]: [Value[]], [type]) {
    const element = fieldsOf(type!)[0]!.type
    return list.filter((one, i) => list.findIndex((other) => compare(one, other, element) === 0) === i)
  },
  arrayMin: ([list]: [Value[]], [type]) => extremeOf(list, type!, -1),
  arrayMax: ([list]: [Value[]], [type]) => extremeOf(list, type!, 1),
  field: ([fields, name]: [Value[], string], [type]) => fields[fieldsOf(type!).findIndex((one) => one.name === name)]!,
}

function extremeOf(list: Value[], type: Type, sign: number): Value {
  const element = fieldsOf(type)[0]!.type
  let best: Value = null
  for (const value of list) {
    if (value !== null && (best === null || sign * compare(value, best, element) > 0)) best = value
  }
  return best
}
