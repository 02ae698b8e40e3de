/** Reports a failure: what happened, where, what to do. */
import { fileURLToPath } from 'node:url'
import { RunjobError, toRunjobError, type Where } from '../base/errors.js'
import { formatCount } from '../base/units.js'
import { csvFlags, ownParam } from '../job/csv_params.js'
import type { AnyJob } from '../job/define.js'
import { flagName } from './flags.js'
import { type Colors, printable } from './terminal.js'

/** The same failure in the words of a command line: parameters and options are named by their flags. */
export function inFlags(error: unknown, job: Pick<AnyJob, 'params'>): unknown {
  if (!(error instanceof RunjobError)) return error
  const { name } = error.params
  if (error.code === 'PARAM_INVALID' && typeof name === 'string' && Object.hasOwn(job.params, name)) {
    return error.withParams({ name: `--${flagName(name)}` })
  }
  // Paths of inputs have no flag.
  if (error.code === 'OPTION_INVALID' && typeof name === 'string' && /^\w+$/.test(name) && name !== 'input') {
    return error.withParams({ name: `--${flagName(name)}` })
  }
  if (!Object.hasOwn(job.params, 'quotes')) return error
  // For a file on the right, name --right-delimiter if the job has it: --delimiter would change the left files, too.
  const { input } = error.where
  const ownFlag = (option: string) => {
    const own = ownParam(input, option)
    return Object.hasOwn(job.params, own) ? flagName(own) : undefined
  }
  return error.hintIn((options) => csvFlags(options, ownFlag).join(' '))
}

/** A failure, for people. Ends with a line end. */
export function renderError(thrown: unknown, colors: Colors): string {
  const error = toRunjobError(thrown)
  // A message of the user's may have several lines.
  const message = error.message.split('\n').map(printable).join('\n')
  const lines = [`${colors.red(`error ${error.code}:`)} ${message}`]
  const where = renderWhere(error.where)
  if (where) lines.push(`  at: ${where}`)
  const hint = hintFor(error)
  if (hint) lines.push(`  hint: ${hint}`)
  lines.push(...stackToShow(error).map((frame) => colors.dim(`    ${frame}`)))
  return `${lines.join('\n')}\n`
}

/** The same failure, for programs: one line of JSON. */
export function renderErrorJson(thrown: unknown): string {
  const error = toRunjobError(thrown)
  const { code, message, where } = error
  return `${JSON.stringify({ error: { code, message, hint: hintFor(error), where } })}\n`
}

/** `logs/a.csv, line 12, offset 345 (job stats, stage map, task 3)`, as far as it is known. */
export function renderWhere(where: Where): string {
  const place: string[] = []
  if (where.file !== undefined) place.push(printable(where.file))
  if (where.line !== undefined) place.push(`line ${formatCount(where.line)}`)
  if (where.row !== undefined) place.push(`row ${formatCount(where.row)}`)
  if (where.offset !== undefined) place.push(`offset ${formatCount(where.offset)}`)
  if (where.values !== undefined) place.push(`a row with ${printable(where.values)}`)
  const work: string[] = []
  if (where.job !== undefined) work.push(`job ${where.job}`)
  if (where.dataset !== undefined) work.push(where.dataset === 'query' ? 'query' : `dataset ${where.dataset}`)
  if (where.stage !== undefined) work.push(`stage ${where.stage}`)
  if (where.task !== undefined) work.push(`task ${where.task}`)
  if (place.length === 0) return work.join(', ')
  return work.length === 0 ? place.join(', ') : `${place.join(', ')} (${work.join(', ')})`
}

/** What to do next. Only the command line knows where the run's state is, and how it was called. */
function hintFor(error: RunjobError): string {
  const { state, fresh } = error.params
  if (error.code !== 'INTERRUPTED' || typeof state !== 'string') return error.hint
  return resumeHint(state, fresh === true)
}

/** How to continue after an interruption. */
export function resumeHint(state: string, fresh: boolean): string {
  return `state kept in ${printable(state)}; run the same command again${fresh ? ' without --fresh' : ''} to resume`
}

/**
 * A user's own mistake is shown with their part of the stack, a bug in runjob with the whole stack, for the report.
 * Other errors need none.
 */
function stackToShow(error: RunjobError): string[] {
  if (error.userStack !== undefined) return frames(error.userStack).filter((frame) => !isOurs(frame))
  const causeStack = error.cause instanceof Error ? error.cause.stack : undefined
  return error.kind === 'bug' ? frames(causeStack ?? error.stack ?? '') : []
}

function frames(stack: string): string[] {
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
}

const ownFolder = fileURLToPath(new URL('..', import.meta.url))

/** Frames of Node and of runjob itself, which mean nothing to the author of a job. */
function isOurs(frame: string): boolean {
  // A frame is `at f (place)`, or `at place` if the function has no name.
  return frame.includes('node:') || [' ', '('].some((before) => frame.includes(before + ownFolder))
}
