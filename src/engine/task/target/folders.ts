/**
 * A target in folders of values, `year=2024/month=1`: one file after another, because the rows come sorted by these values. All rows of a
 * folder come to one task, so its files are numbered from 0, however the tasks are divided. If a folder has so many rows that tasks share them
 * (ranges.ts), each file has the number of its share; a share's further files, which it may have where rows become longer, have one more.
 */
import { join } from 'node:path'
import { RunjobError } from '../../../base/errors.js'
import { headerBytes } from '../../../io/output/formatter.js'
import { partName } from '../../../io/output/names.js'
import { openPart, type PartWriter } from '../../../io/output/part_file.js'
import type { WrittenFile } from '../../../io/output/written_file.js'
import type { Emit } from '../../../plan/functions.js'
import type { Sink } from '../../../plan/plan.js'
import { attemptName } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import type { Undoable } from '../undoable.js'
import type { Target, Written } from './target.js'

/** A file that is being written. */
interface OpenFile {
  name: string
  part: PartWriter
}

interface ClosedFile {
  name: string
  records: number
  written: Promise<WrittenFile>
}

export class FolderTarget implements Target {
  readonly #sink: Sink
  readonly #env: TaskEnvironment
  readonly #dir: string
  readonly #header: Uint8Array
  /** null: the task has all rows of its folders. */
  readonly #share: number | null
  readonly #closed: ClosedFile[] = []
  #open: OpenFile | null = null
  /** Of the last file, and its number there. */
  #folder: string | null = null
  #number = 0

  constructor(sink: Sink, env: TaskEnvironment) {
    this.#sink = sink
    this.#env = env
    this.#dir = join(env.attemptsDir, attemptName(env.task.id, env.attempt))
    this.#header = headerBytes(sink.format)
    this.#share = env.task.kind === 'reduce' ? (env.task.range?.share?.index ?? null) : null
  }

  /** @param folder of the file that begins; null: the open one ends, with so many rows */
  readonly onFile = (folder: string | null, records: number): void => {
    if (folder === null) this.#end(records)
    else this.#begin(folder)
  }

  #begin(folder: string): void {
    this.#number = folder === this.#folder ? this.#number + 1 : 0
    this.#folder = folder
    const { name, format, compress } = this.#sink
    const [part, more] = this.#share === null ? [this.#number, 0] : [this.#share, this.#number]
    const path = join(name, folder, partName('r', part, format, compress, more))
    const file = openPart(join(this.#dir, path), compress)
    this.#open = { name: path, part: file }
    if (this.#header.length > 0) file.write(this.#header)
  }

  #end(records: number): void {
    const { name, part } = this.#open!
    this.#open = null
    const written = this.#env.clock.time('write', () => part.close())
    // Whoever waits for all of them is told.
    written.catch(() => {})
    this.#closed.push({ name, records, written })
  }

  /** Rows of the open file, or nothing. @param records that have reached the end, in this file or in others */
  writeRows(bytes: Uint8Array, records: number): void {
    if (bytes.length > 0) this.#env.clock.time('write', () => this.#open!.part.write(bytes))
    this.#env.progress(0, records, 0)
  }

  readonly emit: Emit = () => {
    throw notForRecords()
  }
  /** Rows that were made of others are in no list of bad records. */
  readonly undo: Undoable = { beginRecord() {}, keepRecord() {}, dropRecord() {} }

  drain(): void {
    throw notForRecords()
  }

  end(): void {}

  async finish(): Promise<Written> {
    const parts: Written['parts'] = []
    for (const { name, records, written } of this.#closed) parts.push({ name, records, ...(await written) })
    return {
      recordsOut: parts.reduce((sum, { records }) => sum + records, 0),
      recordsCombined: 0,
      bytesOut: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      runs: [],
      parts,
      top: [],
    }
  }

  /** The attempt's folder is removed by those who run it. */
  async abort(): Promise<void> {
    await this.#open?.part.abort()
  }
}

function notForRecords(): RunjobError {
  return new RunjobError('INTERNAL', { detail: 'only rows go into folders of values' })
}
