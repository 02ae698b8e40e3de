/** The bad records of one attempt, and the file that it lists them in. */
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { RunjobError, Where } from '../../base/errors.js'
import { fileError, makeFolder, writeFully } from '../../base/files.js'
import { checksumText } from '../../io/output/written_file.js'
import { kernels } from '../../kernels/addon.js'
import { type BadRecordsInit, overLimit, type QuarantineEntry } from '../bad_records.js'

/** Characters of a bad record to show. */
const EXCERPT_LENGTH = 200
const FLUSH_CHARACTERS = 64 << 10

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
   * Takes a bad record.
   *
   * @param where a record of the input has its file and offset, or row; one of a later step the stage, the partition that was read, and its key; a row that an operator made the stage and the operator
   * @throws TOO_MANY_BAD_RECORDS as soon as that is certain; DISK_FULL, FILE_IO
   */
  add(error: RunjobError, where: Where, excerpt: string): void {
    this.count++
    if (this.#name === null) return
    const { file, offset, row, stage, operator, partition, key } = where
    const made = operator === undefined ? { stage, partition, key } : { stage, operator }
    const place = file === undefined ? made : row === undefined ? { file, offset } : { file, row }
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
