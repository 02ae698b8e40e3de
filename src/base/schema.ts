/**
 * Checks what users pass, when they pass it: each object against a table of its properties. Unknown names and values of the wrong type are
 * refused at once, in the same words everywhere.
 */
import { types } from 'node:util'
import { messageOf, RunjobError } from './errors.js'
import { didYouMean } from './suggest.js'

/** What a value must be. `T` exists only for the type checker. */
export interface Check<T = unknown> {
  /** Completes "must be …". */
  readonly expected: string
  accepts(value: unknown): boolean
  readonly type?: T
}

/** A check for each property of `T`, no more and no fewer: an interface and its table cannot drift apart. */
export type Schema<T> = { readonly [N in keyof T]-?: Check<Exclude<T[N], undefined>> }

interface Fault {
  /** The property; null: the object as a whole. */
  name: string | null
  value: unknown
  isUnknown: boolean
  expected: string
  /** A further clause, or nothing. */
  help: string
}

/**
 * What is wrong with an object, in words to put after its name and a colon; null if it is right. A property that is undefined counts as
 * absent; null is a value like any other.
 *
 * @param noun what the properties are called
 */
export function problemIn<T>(schema: Schema<T>, value: unknown, noun: 'property' | 'option'): string | null {
  const fault = findFault(schema, value)
  if (fault === null) return null
  if (fault.isUnknown) return `unknown ${noun} "${fault.name}"${fault.help}`
  return `${fault.name === null ? 'it' : fault.name} ${mustBe(fault)}`
}

/**
 * The options of a call, copied.
 *
 * @throws OPTION_INVALID if these are none
 */
export function checkedOptions<T, O extends T>(schema: Schema<T>, given: O): O {
  const options = copyOf(given, (problem) => {
    throw new RunjobError('OPTION_INVALID', { name: 'options', problem })
  })
  const fault = findFault(schema, options)
  if (fault === null) return options
  const { name, value } = fault
  if (name === null) throw new RunjobError('OPTION_INVALID', { name: 'options', problem: `they ${mustBe(fault)}` })
  if (fault.isUnknown)
    throw new RunjobError('OPTION_INVALID', { name, problem: `there is no such option${fault.help}` })
  throw new RunjobError('OPTION_INVALID', { name, given: describe(value), problem: `${fault.expected} is expected` })
}

/** What is wrong with a single value: "must be text, not 3"; null if it is right. */
export function problemOf(check: Check, value: unknown): string | null {
  return check.accepts(value) ? null : mustBe({ ...check, value })
}

function findFault<T>(schema: Schema<T>, value: unknown): Fault | null {
  if (!isPlainObject(value)) return { name: null, value, isUnknown: false, expected: 'a plain object', help: '' }
  const table: Readonly<Record<string, Check>> = schema as never
  for (const name of Object.keys(value)) {
    const check = Object.hasOwn(table, name) ? table[name]! : null
    if (check === null)
      return { name, value, isUnknown: true, expected: '', help: unknownHelp(name, Object.keys(table)) }
    if (value[name] !== undefined && !check.accepts(value[name])) {
      return { name, value: value[name], isUnknown: false, expected: check.expected, help: '' }
    }
  }
  return null
}

function mustBe({ expected, value }: Pick<Fault, 'expected' | 'value'>): string {
  const maker = makers.get(value)
  const given = maker === undefined ? describe(value) : `${maker}, which must be called: ${maker}()`
  return `must be ${expected}, not ${given}`
}

/** `; did you mean "reduce"?`, or a list of the known names. */
export function unknownHelp(name: string, known: readonly string[]): string {
  const near =
    didYouMean(name, known) ??
    known.find((other) => name.startsWith(other) || (name.length > 2 && other.startsWith(name)))
  if (near !== undefined) return `; did you mean "${near}"?`
  if (known.length === 0) return '; there is none'
  return known.length === 1 ? `; there is only ${known[0]}` : `; there are ${known.join(', ')}`
}

/** An object without a class: not an array, a Map, or anything with inherited properties. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object') return false
  const prototype = Object.getPrototypeOf(value) as object | null
  // The Object.prototype of another realm, such as a test runner's, is another object, but nothing is above it either.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

/**
 * Copies what a user passes: plain objects and arrays, at every level. Each property is read once, so what is used later is what was checked,
 * and getters and proxies that throw do so here. Other values are kept as they are.
 */
export function copyOf<T>(given: T, fail: (problem: string) => never): T {
  const copies = new Map<unknown, unknown>()
  const read = <R>(place: string, use: () => R): R => {
    try {
      return use()
    } catch (error) {
      return fail(`${place || 'it'} cannot be read: ${messageOf(error)}`)
    }
  }
  const copy = (value: unknown, place: string): unknown => {
    if (typeof value !== 'object' || value === null || parts.has(value)) return value
    if (copies.has(value)) return copies.get(value)
    if (read(place, () => Array.isArray(value))) {
      const list: unknown[] = []
      copies.set(value, list)
      for (const [i, item] of read(place, () => Array.from(value as unknown[])).entries()) {
        // A list of paths may be long.
        list.push(typeof item === 'object' ? copy(item, `${place}[${i}]`) : item)
      }
      return list
    }
    if (!read(place, () => isPlainObject(value))) return value
    const object: Record<PropertyKey, unknown> = {}
    copies.set(value, object)
    for (const name of read(place, () => [...Object.keys(value), ...Object.getOwnPropertySymbols(value)])) {
      const here = `${place}${place && '.'}${String(name)}`
      const part = read(here, () => (value as Record<PropertyKey, unknown>)[name])
      // Not by assignment: a property may be called __proto__.
      Object.defineProperty(object, name, {
        value: copy(part, here),
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    return object
  }
  return copy(given, '') as T
}

/** The result of `use`, or `otherwise` if a user's getter or proxy throws. */
export function safely<T>(use: () => T, otherwise: T): T {
  try {
    return use()
  } catch {
    return otherwise
  }
}

const LONGEST = 60

/** A value in a few words, for an error. */
export function describe(value: unknown): string {
  return safely(() => inWords(value), 'an object that cannot be read')
}

function inWords(value: unknown): string {
  const maker = parts.get(value as object)
  if (maker !== undefined) return `${maker}()`
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'symbol':
      return 'a symbol'
    case 'function':
      return describeFunction(value)
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

function describeFunction(value: object): string {
  if (types.isGeneratorFunction(value)) return 'a generator function'
  if (types.isAsyncFunction(value)) return 'an async function'
  return /^class\b/.test(Function.prototype.toString.call(value)) ? 'a class' : 'a function'
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (types.isRegExp(value)) return String(value)
  if (isThenable(value)) return 'a promise'
  if (types.isGeneratorObject(value)) return 'a generator'
  if (types.isMap(value)) return 'a Map'
  if (types.isSet(value)) return 'a Set'
  if (types.isDate(value)) return 'a Date'
  if (types.isUint8Array(value)) return 'bytes'
  if (types.isNativeError(value)) return 'an error'
  if (typeof (value as { next?: unknown }).next === 'function') return 'an iterator'
  return isPlainObject(value) ? 'an object' : 'an object of a class'
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown } | null)?.then === 'function'
  )
}

/** For a promise that no one awaits, because it is refused: an unhandled rejection would end the worker with a worse message. */
export function ignoreRejection(promise: PromiseLike<unknown>): void {
  promise.then(undefined, () => {})
}

/** Public functions that make a part of a job, with their names. */
const makers = new Map<unknown, string>()
/** What they made. */
const parts = new WeakMap<object, string>()

/**
 * A function that makes a part of a job. If a user forgets to call it, errors say so; extra arguments are refused.
 *
 * @param most how many arguments it takes
 */
export function maker<F extends (...args: never[]) => object>(
  name: string,
  most: number,
  make: F,
  code: 'JOB_INVALID' | 'DATASET_INVALID' = 'JOB_INVALID',
): F {
  const called = (...args: Parameters<F>): object => {
    requireArguments(name, most, args, code)
    const fail = (problem: string): never => {
      throw new RunjobError(code, { problem: `${name}(): ${problem}` })
    }
    const part = make(...(args.map((argument) => copyOf(argument, fail)) as typeof args))
    parts.set(part, name)
    return part
  }
  makers.set(called, name)
  return called as unknown as F
}

/** @throws JOB_INVALID, or OPTION_INVALID, if there are more arguments than a function takes: they would be lost */
export function requireArguments(
  name: string,
  most: number,
  args: readonly unknown[],
  code: 'JOB_INVALID' | 'OPTION_INVALID' | 'DATASET_INVALID' | 'COLLECTION_INVALID' = 'JOB_INVALID',
): void {
  if (args.length <= most) return
  const takes = most === 0 ? 'no argument' : most === 1 ? 'one argument' : `${most} arguments`
  throw new RunjobError(code, { name, problem: `${name}() takes ${takes}, not ${args.length}` })
}

/** Whether a function made it: then its properties are not the user's. */
export function isPart(value: unknown): boolean {
  return parts.has(value as object)
}

/** The name of a function that should have been called: `sum` for `reduce: sum`. */
export function makerName(value: unknown): string | undefined {
  return makers.get(value)
}

/** @throws JOB_INVALID, or the code, if these are not the options of a function that makes a part of a job */
export function requirePartOptions<T>(
  name: string,
  schema: Schema<T>,
  options: unknown,
  code: 'JOB_INVALID' | 'DATASET_INVALID' = 'JOB_INVALID',
): void {
  const problem = problemIn(schema, options, 'option')
  if (problem === null) return
  throw new RunjobError(code, {
    problem: `${name}(): ${problem.replace(/^it must be a plain object/, 'its options must be a plain object')}`,
  })
}

/** @throws JOB_INVALID if a function does not take this argument; undefined counts as absent */
export function requireArgument(name: string, argument: string, check: Check, value: unknown): void {
  const problem = value === undefined ? null : problemOf(check, value)
  if (problem !== null) throw new RunjobError('JOB_INVALID', { problem: `${name}(): ${argument} ${problem}` })
}

// The checks that tables are made of.

export function check<T>(expected: string, accepts: (value: unknown) => boolean): Check<T> {
  return { expected, accepts: (value) => safely(() => accepts(value), false) }
}

export const isText: Check<string> = check('text', (value) => typeof value === 'string')

export const isName: Check<string> = check(
  'text that is not empty',
  (value) => typeof value === 'string' && value !== '',
)

export const isFlag: Check<boolean> = check('true or false', (value) => typeof value === 'boolean')

export const isNumber: Check<number> = check('a number', (value) => typeof value === 'number' && !Number.isNaN(value))

/** A function of any type. */
export const isFunction: Check<never> = check(
  'a function',
  (value) => typeof value === 'function' && !makers.has(value),
)

/** A function that has finished when it returns. */
export const isPlainFunction: Check<never> = check(
  'a function that is neither async nor a generator',
  (value) =>
    isFunction.accepts(value) && !types.isAsyncFunction(value as never) && !types.isGeneratorFunction(value as never),
)

export function isWhole(least: number, most: number): Check<number> {
  return check(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  )
}

export function isOneOf<const V extends string>(...values: V[]): Check<V> {
  const names = values.map((value) => `"${value}"`)
  return check(names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`, (value) =>
    (values as readonly unknown[]).includes(value),
  )
}

export function isListOf<T>(items: string, one: Check<T>): Check<readonly T[]> {
  return check(`a list of ${items}`, (value) => Array.isArray(value) && [...value].every((item) => one.accepts(item)))
}

export function isRecordOf<T>(items: string, one: Check<T>): Check<Record<string, T>> {
  return check(
    `a plain object of ${items}`,
    (value) => isPlainObject(value) && Object.values(value).every((item) => one.accepts(item)),
  )
}

export function isEither<A, B>(a: Check<A>, b: Check<B>): Check<A | B> {
  return check(`${a.expected} or ${b.expected}`, (value) => a.accepts(value) || b.accepts(value))
}

export const isNull: Check<null> = check('null', (value) => value === null)
