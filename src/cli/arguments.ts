/** Turns the words of a command line into a job's parameters, inputs and options. */
import { RunjobError } from '../base/errors.js'
import type { ParamValue } from '../plan/plan.js'
import type { Runnable } from '../run/load.js'
import { flagName, parseParam } from './flags.js'
import { createJobCommand, type ParsedOptions, parseOptions, type SharedOptions } from './options.js'

export interface Invocation {
  options: SharedOptions
  /** The given values; the job fills in its defaults. */
  params: Record<string, ParamValue>
  /** One list of paths, or one for each input by name; null: a dataset, which has no inputs here. */
  input: string[] | Record<string, string[]> | null
}

/**
 * Parses what follows a job's name.
 *
 * Arguments that are not options are, in order: the job's positional parameters that no flag sets, then the inputs. A
 * positional parameter with a default, or an optional one, is left out if there are only enough arguments for the
 * inputs.
 *
 * @throws PARAM_UNKNOWN, PARAM_INVALID, PARAM_MISSING, OPTION_INVALID
 */
export function parseInvocation(
  job: Pick<Runnable, 'name' | 'params' | 'inputNames'>,
  argv: readonly string[],
): Invocation {
  const parsed = parseOptions(createJobCommand(job), job, argv)
  // Help needs no inputs.
  if (parsed.shared.help) return { options: parsed.shared, params: {}, input: [] }

  const operands = [...parsed.operands]
  const params = takeParams(job, parsed, operands)
  return { options: parsed.shared, params, input: takeInputs(job, parsed.inputs, operands) }
}

/** Takes the positional parameters from the front of `operands`. */
function takeParams(
  job: Pick<Runnable, 'params' | 'inputNames'>,
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
  job: Pick<Runnable, 'name' | 'inputNames'>,
  byFlag: Record<string, string[]>,
  operands: readonly string[],
): Invocation['input'] {
  if ([...operands, ...Object.values(byFlag).flat()].includes('')) {
    const problem = 'a file, a folder, a glob or - is expected, but the name is empty'
    throw new RunjobError('OPTION_INVALID', {
      name: '<input>',
      problem,
      help: 'Perhaps a shell variable is not set.',
    })
  }
  if (job.inputNames.length === 0) {
    if (operands[0] === undefined) return null
    throw new RunjobError('OPTION_INVALID', {
      name: '<input>',
      value: operands[0],
      problem: `${job.name} is a dataset: it names the files that it reads`,
      help: 'Its parameters are flags: see its --help.',
    })
  }
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
      problem: `${job.name} already has its inputs: ${job.inputNames.join(', ')}`,
      help: `To give several paths for one input: --${flagName(first)} <path> --${flagName(first)} <path>.`,
    })
  }
  if (single) return byFlag[first] ?? [...operands]
  return Object.fromEntries(job.inputNames.map((name) => [name, byFlag[name] ?? [operands[open.indexOf(name)]!]]))
}
