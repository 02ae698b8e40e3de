/** Parameters of a job: typed values that become flags on the command line. */
import { RunjobError } from '../base/errors.js'
import { isHeld, parseDecimal } from '../base/numbers.js'
import { check, describe, isFlag, isNumber, isOneOf, isText, problemIn, type Schema } from '../base/schema.js'
import { didYouMean } from '../base/suggest.js'
import type { ParamValue } from './plan.js'

export interface ParamSpec {
  type: 'string' | 'number' | 'integer' | 'boolean'
  /** One line for the help. */
  describe: string
  default?: string | number | boolean
  required?: boolean
  /** One letter: `-n`. */
  short?: string
  choices?: readonly string[]
  /** Of a number: the smallest and the largest allowed value. */
  min?: number
  max?: number
  /** Taken from the command line's arguments, before the inputs. */
  positional?: boolean
}

type ValueOf<S extends ParamSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'number' | 'integer'
    ? number
    : S extends { choices: readonly (infer C)[] }
      ? C
      : string

/** The values that a job's `define` gets. An optional parameter without a default may be undefined. */
export type Params<P extends Record<string, ParamSpec>> = {
  readonly [N in keyof P]: P[N] extends { required: true } | { default: string | number | boolean }
    ? ValueOf<P[N]>
    : ValueOf<P[N]> | undefined
}

/** Refuses properties that no specification has, which `P extends Record<string, ParamSpec>` would accept. */
export type Specs<P> = {
  readonly [Name in keyof P]: { readonly [Unknown in Exclude<keyof P[Name], keyof ParamSpec>]: never }
}

/** The values that a caller gives. */
export type GivenParams<P extends Record<string, ParamSpec>> = [keyof P] extends [never]
  ? Record<string, never>
  : Partial<Params<P>>

/**
 * Checks values against their specifications and fills in defaults.
 *
 * @throws PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID
 */
export function resolveParams(
  specs: Record<string, ParamSpec>,
  values: Record<string, ParamValue | undefined>,
): Record<string, ParamValue> {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(specs, name)) {
      const known = Object.keys(specs)
      throw new RunjobError('PARAM_UNKNOWN', { name, known, suggestion: didYouMean(name, known) ?? null })
    }
  }
  const resolved: Record<string, ParamValue> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const value = (Object.hasOwn(values, name) ? values[name] : undefined) ?? spec.default
    if (value === undefined || value === null) {
      if (spec.required) throw new RunjobError('PARAM_MISSING', { name, describe: spec.describe })
      continue
    }
    resolved[name] = checkParam(name, spec, value)
  }
  return resolved
}

function checkParam(name: string, spec: ParamSpec, value: string | number | boolean): ParamValue {
  const invalid = (problem: string) => new RunjobError('PARAM_INVALID', { name, given: describe(value), problem })
  switch (spec.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw invalid('true or false is expected')
      return value
    case 'string':
      if (typeof value !== 'string') throw invalid('text is expected')
      if (spec.choices && !spec.choices.includes(value)) throw invalid(`expected one of ${spec.choices.join(', ')}`)
      return value
    case 'number':
    case 'integer':
      return checkNumber(spec, typeof value === 'string' ? value.trim() : value, invalid)
  }
}

/** The value of a number parameter, given as a number or as text. */
export function checkNumber(spec: ParamSpec, value: unknown, invalid: (problem: string) => RunjobError): number {
  const number = typeof value === 'string' ? parseDecimal(value) : typeof value === 'number' ? value : Number.NaN
  const isOne = spec.type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number)
  const isWithin = number >= (spec.min ?? number) && number <= (spec.max ?? number)
  if (!isOne || !isWithin) throw invalid(`${rangeOf(spec)} is expected`)
  if (typeof value === 'string' && !isHeld(value, number)) {
    throw invalid('whole numbers are exact up to 2^53, and no number equals this one')
  }
  return number
}

function rangeOf({ type, min, max }: ParamSpec): string {
  const what = type === 'integer' ? 'a whole number' : 'a number'
  if (min === undefined) return max === undefined ? what : `${what} of at most ${max}`
  return max === undefined ? `${what} of at least ${min}` : `${what} from ${min} to ${max}`
}

const PARAM: Schema<ParamSpec> = {
  type: isOneOf('string', 'number', 'integer', 'boolean'),
  describe: isText,
  default: check('text, a number, true or false', (value) => ['string', 'number', 'boolean'].includes(typeof value)),
  required: isFlag,
  short: check('one letter', (value) => typeof value === 'string' && /^[a-zA-Z]$/.test(value)),
  choices: check('a list of texts', (value) => Array.isArray(value) && value.length > 0 && value.every(isText.accepts)),
  positional: isFlag,
  min: isNumber,
  max: isNumber,
}

/**
 * Checks the specification of a parameter, for those who write JavaScript.
 *
 * @param fail takes what is wrong, in words
 */
export function checkParamSpec(name: string, spec: unknown, fail: (problem: string) => never): void {
  const wrong: typeof fail = (problem) => fail(`parameter "${name}": ${problem}`)
  if (!/^\p{L}[\p{L}\p{N}_-]*$/u.test(name) || /^no[-_A-Z]/.test(name)) {
    wrong('its name becomes a flag: use letters, digits, "-" and "_", without "no" as first word')
  }
  const problem = problemIn(PARAM, spec, 'property')
  if (problem !== null) wrong(problem)
  const { type, default: value, required, choices, positional, min, max, describe: help } = spec as ParamSpec
  if (type === undefined) wrong(`type must be ${PARAM.type.expected}`)
  if (help === undefined) wrong('describe is missing: one line for the help')
  if (choices && type !== 'string') wrong('choices are for the type "string"')
  if ((min ?? max) !== undefined && type !== 'number' && type !== 'integer') wrong('min and max are for numbers')
  if (min !== undefined && max !== undefined && min > max) wrong(`min is ${min} and max ${max}`)
  if (positional && type === 'boolean') wrong('a boolean cannot be positional')
  if (value === undefined) return
  if (required) wrong('a required parameter has no default')
  const expected = type === 'integer' ? 'number' : type
  if (typeof value !== expected || (type === 'integer' && !Number.isSafeInteger(value)) || Number.isNaN(value)) {
    wrong(
      `default must be ${{ string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false' }[type]}, not ${describe(value)}`,
    )
  }
  if ((min !== undefined && (value as number) < min) || (max !== undefined && (value as number) > max))
    wrong(`default must be from ${min ?? 'any'} to ${max ?? 'any'}, not ${value}`)
  if (choices && !choices.includes(value as string))
    wrong(`default must be one of ${choices.join(', ')}, not ${describe(value)}`)
}
