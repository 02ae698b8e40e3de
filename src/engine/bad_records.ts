/**
 * Bad records: skipped and written to a quarantine file instead of ending the job, up to a limit.
 *
 * A task writes those it meets to a file of its attempt; only files of attempts that count are put together, in the order of the input.
 * So the limit and the outcome know nothing of workers, retries and resumes.
 */
import { RunjobError } from '../base/errors.js'
import type { WrittenFile } from '../io/output/written_file.js'

/** Bad records that a run may pass over: a number, or a share of all that it reads. */
export type BadLimit = { count: number } | { share: number }

const MAX_COUNT = 1_000_000_000

/**
 * @param value a number of records, or text: `100`, `0.5%`
 * @param name the option that the value came from, for the error
 * @returns null if none is allowed
 * @throws OPTION_INVALID
 */
export function parseBadLimit(value: number | string, name = 'maxBad'): BadLimit | null {
  const text = String(value).trim()
  const percent = /^(\d+(?:\.\d+)?|\.\d+)%$/.exec(text)
  const number = percent ? Number(percent[1]) / 100 : /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(number <= (percent ? 1 : MAX_COUNT))) {
    throw new RunjobError('OPTION_INVALID', {
      name,
      value,
      problem: 'a number of records such as 100, or a share such as 0.5%, is expected',
    })
  }
  if (number === 0) return null
  return percent ? { share: number } : { count: number }
}

/** The limit as text. */
function limitText(limit: BadLimit): string {
  return 'count' in limit ? String(limit.count) : `${Number((limit.share * 100).toPrecision(12))}%`
}

/** @returns the error to stop with, or null within the limit; `records` is unknown until a stage is over */
export function overLimit(limit: BadLimit, bad: number, records: number | null, path: string): RunjobError | null {
  const most = 'count' in limit ? limit.count : records === null ? Number.POSITIVE_INFINITY : limit.share * records
  if (bad <= most) return null
  return new RunjobError('TOO_MANY_BAD_RECORDS', { bad, records, limit: limitText(limit), path })
}

/** What a run's workers must know about its limit. */
export interface BadRecordsInit {
  limit: BadLimit
  /** Folder of the attempts' files. */
  dir: string
  /** Where all of them are joined if the run fails. */
  path: string
}

/** Reference to a file that an attempt wrote. */
export interface QuarantineEntry extends WrittenFile {
  name: string
}

/** Name of an attempt's file. */
export function quarantineName(task: string, attempt: number): string {
  return `${task}-a${attempt}.jsonl`
}
