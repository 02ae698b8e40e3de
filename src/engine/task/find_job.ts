/** Finds the job whose functions a worker calls. Importing its module runs defineJob, which registers the job. */
import { RunjobError } from '../../base/errors.js'
import { definitionsIn, type JobIdentity, type JobModule, type JobShape } from '../../plan/functions.js'
import type { ParamValue } from '../../plan/plan.js'
import type { ImportedCode } from './import_code.js'

/** @throws JOB_LOAD_FAILED; JOB_INVALID if it is not certain that the job found is the job to run */
export function findJob(
  { path, url, hasActed }: ImportedCode,
  name: string,
  { shape, earlier }: JobIdentity,
  params: Record<string, ParamValue>,
): JobModule {
  const found = definitionsIn(url, name)
  const runs = hasActed()
  const help =
    'Workers import the module of a job up to its first runJob(). Define the job there once, and pass what varies as params.'
  if (!found) {
    const reason = runs ? `it runs a job before it defines "${name}"` : `importing it defines no job named "${name}"`
    throw new RunjobError('JOB_LOAD_FAILED', { path, reason, help })
  }
  const invalid = (problem: string) => new RunjobError('JOB_INVALID', { job: name, problem, help })
  if (found.count > 1)
    throw invalid(`its module defines ${found.count} jobs of this name, and workers cannot tell which one to run`)
  if (runs && earlier > 0)
    throw invalid('its module runs another job of this name before it, and workers find that one')
  const other = found.job.shape(params)
  const part = Object.keys({ ...shape, ...other }).find((one) => !isSame(shape[one], other[one]))
  if (part === undefined) return found.job
  throw invalid(`workers find another job than the given one: its ${part} ${difference(shape[part], other[part])}`)
}

const SHOWN_LENGTH = 60

type Part = JobShape[string] | undefined

function isSame(given: Part, found: Part): boolean {
  if (given && 'source' in given && given.source === null) return found !== undefined && 'source' in found
  return given !== undefined && found !== undefined && textOf(given) === textOf(found)
}

function difference(given: Part, found: Part): string {
  if (given === undefined) return 'was not given'
  if (found === undefined) return 'is missing'
  const [before, now] = [textOf(given), textOf(found)]
  return Math.max(before.length, now.length) > SHOWN_LENGTH ? 'differs' : `is ${now}, and was ${before}`
}

function textOf(part: JobShape[string]): string {
  return 'text' in part ? part.text : (part.source ?? 'a function')
}
