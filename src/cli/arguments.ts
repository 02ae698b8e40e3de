/** From the words of a command line to what a job is run with. */
import { RunjobError } from '../base/errors.js'
import type { AnyJob } from '../job/define.js'
import type { ParamValue } from '../plan/plan.js'
import { flagName, parseParam } from './flags.js'
import { createJobCommand, type ParsedOptions, parseOptions, type SharedOptions } from './options.js'

export interface Invocation {
  options: SharedOptions
  /** What was given; the job fills in its defaults. */
  params: Record<string, ParamValue>
  /** One list of paths, or one for each input by name. */
  input: string[] | Record<string, string[]>
}

/**
 * Parses what follows a job's name.
 *
 * Arguments that are not options are, in order: the job's positional parameters, as far as no flag gave them, then
 * the inputs. A positional parameter that has a default or is optional is left out when there are only enough
 * arguments for the inputs.
 *
 * @throws PARAM_UNKNOWN, PARAM_INVALID, PARAM_MISSING, OPTION_INVALID
 */
export function parseInvocation(
  job: Pick<AnyJob, 'name' | 'params' | 'inputNames'>,
  argv: readonly string[],
): Invocation {
  const parsed = parseOptions(createJobCommand(job), job, argv)
  // Help needs no inputs.
  if (parsed.shared.help) return { options: parsed.shared, params: {}, input: [] }

  const operands = [...parsed.operands]
  const params = takeParams(job, parsed, operands)
  return { options: parsed.shared, params, input: takeInputs(job, parsed.inputs, operands) }
}

/** Takes the positional parameters off the front of `operands`. */
function takeParams(
  job: Pick<AnyJob, 'params' | 'inputNames'>,
  parsed: ParsedOptions,
  operands: string[],
): Record<string, ParamValue> {
  const params: Record<string, ParamValue> = {}
  const inputsToCome = job.inputNames.filter((name) => parsed.inputs[name] === undefined).length
  for (const [name, spec] of Object.entries(job.params)) {
    const flag = `--${flagName(name)}`
    const given = parsed.params[name]
    if (given !== undefined) {
      params[name] = typeof given === 'boolean' ? given : parseParam(flag, spec, given)
    } else if (spec.positional && (operands.length > inputsToCome || (spec.required && operands.length > 0))) {
      params[name] = parseParam(`<${flagName(name)}>`, spec, operands.shift()!)
    } else if (spec.required) {
      throw new RunjobError('PARAM_MISSING', { name: flagName(name), describe: spec.describe })
    }
  }
  return params
}

function takeInputs(
  job: Pick<AnyJob, 'name' | 'inputNames'>,
  byFlag: Record<string, string[]>,
  operands: readonly string[],
): Invocation['input'] {
  const open = job.inputNames.filter((name) => byFlag[name] === undefined)
  const missing = open[operands.length]
  if (missing !== undefined) {
    throw new RunjobError('PARAM_MISSING', { name: flagName(missing), describe: 'a file, a folder, a glob or -' })
  }
  const [first = ''] = job.inputNames
  const single = job.inputNames.length === 1
  const surplus = single && open.length === 1 ? undefined : operands[open.length]
  if (surplus !== undefined) {
    throw new RunjobError('OPTION_INVALID', {
      name: '<input>',
      value: surplus,
      problem: `${job.name} has its inputs already: ${job.inputNames.join(', ')}`,
      help: `Several paths for one input: --${flagName(first)} <path> --${flagName(first)} <path>.`,
    })
  }
  if (single) return byFlag[first] ?? [...operands]
  return Object.fromEntries(job.inputNames.map((name) => [name, byFlag[name] ?? [operands[open.indexOf(name)]!]]))
}
