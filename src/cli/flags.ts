/** A job's parameters as flags: `topWords` is `--top-words N`; a boolean is `--x` or `--no-x`. */
import { Option } from 'commander'
import { RunjobError } from '../base/errors.js'
import { checkNumber, type ParamSpec } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'

/**
 * `topWords`, `top_words` -> `top-words`; `HTTPPort` -> `http-port`.
 *
 * Not one to one: names with the same flag collide (see createJobCommand).
 */
export function flagName(param: string): string {
  return param
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/_/g, '-')
    .toLowerCase()
}

/** The options of one parameter. A boolean has two: help leaves out the one that changes nothing. */
export function paramOptions(param: string, spec: ParamSpec): Option[] {
  const name = flagName(param)
  const short = spec.short ? `-${spec.short}, ` : ''
  if (spec.type !== 'boolean') {
    // A positional parameter is shown among the arguments.
    return [
      new Option(`${short}--${name} <${placeholder(spec)}>`, describeParam(spec)).hideHelp(spec.positional === true),
    ]
  }
  const on = new Option(`${short}--${name}`, describeParam(spec))
  const off = new Option(`--no-${name}`, describeParam(spec))
  if (spec.default === true) on.hideHelp()
  else off.hideHelp()
  return [on, off]
}

/** One line of help, with the default. */
export function describeParam(spec: ParamSpec): string {
  const notes: string[] = []
  if (spec.choices) notes.push(`one of ${spec.choices.join(', ')}`)
  if (spec.required) notes.push('required')
  if (spec.type === 'boolean') {
    if (spec.default === true) notes.push('on by default')
  } else if (spec.default !== undefined) {
    notes.push(
      `default: ${spec.choices || typeof spec.default !== 'string' ? spec.default : JSON.stringify(spec.default)}`,
    )
  }
  return notes.length === 0 ? spec.describe : `${spec.describe} (${notes.join('; ')})`
}

/**
 * The value that text represents.
 *
 * @param label the parameter's flag or argument, for the message
 * @throws PARAM_INVALID
 */
export function parseParam(label: string, spec: ParamSpec, text: string): ParamValue {
  const invalid = (problem: string) => new RunjobError('PARAM_INVALID', { name: label, value: text, problem })
  switch (spec.type) {
    case 'string':
      if (spec.choices && !spec.choices.includes(text)) throw invalid(`expected one of ${spec.choices.join(', ')}`)
      return text
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw invalid('true or false is expected')
      return text === 'true'
    case 'integer':
    case 'number':
      return checkNumber(spec, text, invalid)
  }
}

function placeholder(spec: ParamSpec): string {
  if (spec.choices) return 'value'
  return spec.type === 'string' ? 'text' : spec.type === 'integer' ? 'n' : 'number'
}
