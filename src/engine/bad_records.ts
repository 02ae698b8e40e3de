/**
 * Bad records: passed over and written to a quarantine file instead of ending the job, as far as a limit allows.
 *
 * A task writes those it meets to a file of its attempt; only files of attempts that count are put together, in the order of the input.
 * So the limit and the outcome know nothing of workers, retries and resumes.
 */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError, type Where } from '../base/errors.js'
import { fileError, makeFolder, writeFully } from '../base/files.js'
import { checksumText, type WrittenFile } from '../io/written_file.js'
import { kernels } from '../kernels/index.js'

/** Bad records that a run may pass over: so many, or so many of all that it reads. */
export type BadLimit = { count: number } | { share: number }

/** Characters of a bad record that are shown. */
const EXCERPT_LENGTH = 200
const FLUSH_CHARACTERS = 64 << 10
const MAX_COUNT = 1_000_000_000

/**
 * @param value a number of records, or text: `100`, `0.5%`
 * @param name the option that the value came from, for the error
 * @returns null where none is allowed
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
      problem: 'a number of records such as 100, or a share of all such as 0.5%, is expected',
    })
  }
  if (number === 0) return null
  return percent ? { share: number } : { count: number }
}

/** What allows a run no more, as people write it. */
function limitText(limit: BadLimit): string {
  return 'count' in limit ? String(limit.count) : `${Number((limit.share * 100).toPrecision(12))}%`
}

/** @returns the error to stop with, or null while the limit is kept; `records` is not known before a stage is over */
export function overLimit(limit: BadLimit, bad: number, records: number | null, path: string): RunjobError | null {
  const most = 'count' in limit ? limit.count : records === null ? Number.POSITIVE_INFINITY : limit.share * records
  if (bad <= most) return null
  return new RunjobError('TOO_MANY_BAD_RECORDS', { bad, records, limit: limitText(limit), path })
}

/** What a run's workers must know of its limit. */
export interface BadRecordsInit {
  limit: BadLimit
  /** Folder of the attempts' files. */
  dir: string
  /** Where all of them are put together if the run fails. */
  path: string
}

/** Reference to what an attempt wrote. */
export interface QuarantineEntry extends WrittenFile {
  name: string
}

/** The bad records of one attempt. */
export class Quarantine {
  readonly #init: BadRecordsInit
  readonly #name: string | null
  /** Bad records of tasks that are done. */
  readonly #others: () => number
  #fd = -1
  #text = ''
  #bytes = 0
  readonly #hasher = kernels.createHasher()
  count = 0

  /** @param name file of the attempt; null: count and forget */
  constructor(init: BadRecordsInit, name: string | null, others: () => number) {
    this.#init = init
    this.#name = name
    this.#others = others
  }

  /**
   * Takes a bad record in.
   *
   * @param where a record of the input has its file and offset; one of a later step the stage, the partition that was read, and its key
   * @throws TOO_MANY_BAD_RECORDS as soon as that is certain; DISK_FULL, FILE_IO
   */
  add(error: RunjobError, where: Where, excerpt: string): void {
    this.count++
    if (this.#name === null) return
    const { file, offset, stage, partition, key } = where
    const place = file === undefined ? { stage, partition, key } : { file, offset }
    const entry = { ...place, code: error.code, reason: error.message, excerpt: excerpt.slice(0, EXCERPT_LENGTH) }
    this.#text += `${JSON.stringify(entry)}\n`
    const over = overLimit(this.#init.limit, this.#others() + this.count, null, this.#init.path)
    if (over || this.#text.length >= FLUSH_CHARACTERS) this.#flush()
    if (over) throw over.withWhere(where)
  }

  /** @returns null if there was no bad record */
  finish(): QuarantineEntry | null {
    this.#flush()
    this.close()
    if (this.#bytes === 0) return null
    return { name: this.#name!, bytes: this.#bytes, checksum: checksumText(this.#hasher) }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #flush(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text)
    const path = join(this.#init.dir, this.#name!)
    try {
      if (this.#fd < 0) {
        makeFolder(this.#init.dir)
        this.#fd = openSync(path, 'w')
      }
      writeFully(this.#fd, bytes)
    } catch (error) {
      throw fileError(error, path, 'write')
    }
    this.#hasher.add(bytes)
    this.#bytes += bytes.length
    this.#text = ''
  }
}

/** Name of an attempt's file. */
export function quarantineName(task: string, attempt: number): string {
  return `${task}-a${attempt}.jsonl`
}
