/** Parameters of a job: typed values that become flags on the command line. */
import { RunjobError } from '../base/errors.js'
import { didYouMean } from '../base/suggest.js'
import type { ParamValue } from '../plan/plan.js'

export interface ParamSpec {
  type: 'string' | 'number' | 'integer' | 'boolean'
  /** One line of help. */
  describe: string
  default?: string | number | boolean
  required?: boolean
  /** One letter: `-n`. */
  short?: string
  choices?: readonly string[]
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

/** The values that a job's `define` gets. A parameter without a default that is not required may be undefined. */
export type Params<P extends Record<string, ParamSpec>> = {
  readonly [N in keyof P]: P[N] extends { required: true } | { default: string | number | boolean }
    ? ValueOf<P[N]>
    : ValueOf<P[N]> | undefined
}

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
    const value = values[name] ?? spec.default
    if (value === undefined || value === null) {
      if (spec.required) throw new RunjobError('PARAM_MISSING', { name, describe: spec.describe })
      continue
    }
    resolved[name] = checkParam(name, spec, value)
  }
  return resolved
}

function checkParam(name: string, spec: ParamSpec, value: string | number | boolean): ParamValue {
  const invalid = (problem: string) => new RunjobError('PARAM_INVALID', { name, value, problem })
  switch (spec.type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw invalid('true or false is expected')
      return value
    case 'string':
      if (typeof value !== 'string') throw invalid('text is expected')
      if (spec.choices && !spec.choices.includes(value)) throw invalid(`expected one of ${spec.choices.join(', ')}`)
      return value
    case 'number':
    case 'integer': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) throw invalid('a number is expected')
      if (spec.type === 'integer' && !Number.isSafeInteger(number)) throw invalid('a whole number is expected')
      return number
    }
  }
}
