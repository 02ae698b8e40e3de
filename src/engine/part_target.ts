/** Where a task's records go at the end: one part file of the output, and one of each named output that the task wrote to. */
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { createFormatter, type Formatter, openPart, type PartWriter, partName } from '../io/sinks.js'
import type { Cursor, FormatOptions } from '../kernels/kernels.js'
import { isColumns, layoutOf, valueColumns } from '../plan/codec.js'
import type { RecordSpec, Sink } from '../plan/plan.js'
import type { TaskEnvironment } from './environment.js'
import type { Undoable } from './record_guard.js'
import { attemptName, type PartEntry } from './task.js'

const FLUSH_BYTES = 1 << 18
const FORMAT_BYTES = 1 << 20

type SinkPart = Pick<Sink, 'format' | 'gzip' | 'record'>

/** One file that is being written. */
class Part implements Undoable {
  readonly name: string
  records = 0
  readonly #writer: PartWriter
  readonly #formatter: Formatter
  readonly #undoable: boolean
  #mark = { records: 0, bytes: 0 }

  /** @param undoable records are kept back until keepRecord() */
  constructor(sink: SinkPart, name: string, dir: string, undoable: boolean) {
    this.#undoable = undoable
    this.name = name
    this.#writer = openPart(join(dir, name), { gzip: sink.gzip })
    this.#formatter = createFormatter(sink.format, sink.record)
    if (this.#formatter.header.length > 0) this.#writer.write(this.#formatter.header)
  }

  add(key: unknown, value: unknown): void {
    this.records++
    this.#formatter.add(key, value)
    if (!this.#undoable) this.keepRecord()
  }

  beginRecord(): void {
    this.#mark = { records: this.records, bytes: this.#formatter.bytes }
  }

  keepRecord(): void {
    if (this.#formatter.bytes >= FLUSH_BYTES) this.#writer.write(this.#formatter.take())
  }

  dropRecord(): void {
    this.records = this.#mark.records
    this.#formatter.cutTo(this.#mark.bytes)
  }

  write(bytes: Uint8Array, records: number): void {
    this.records += records
    this.#writer.write(bytes)
  }

  async close(): Promise<PartEntry> {
    if (this.#formatter.bytes > 0) this.#writer.write(this.#formatter.take())
    return { name: this.name, records: this.records, ...(await this.#writer.close()) }
  }

  abort(): Promise<void> {
    return this.#writer.abort()
  }
}

export class PartTarget implements Undoable {
  readonly #sink: Sink
  readonly #env: TaskEnvironment
  readonly #number: number
  readonly #kind: 'm' | 'r'
  readonly #main: Part
  readonly #named = new Map<string, Part>()
  readonly #dir: string
  /** Records that were given to the target; the parts keep counts of their own. */
  records = 0
  /** Names of named outputs that the record at hand was the first to write to. */
  #new: string[] = []
  /** `records` before the record at hand. */
  #before = 0
  top: { key: string; number: number }[] = []

  /** @param number the part's place in the order of parts */
  constructor(sink: Sink, kind: 'm' | 'r', number: number, env: TaskEnvironment) {
    this.#sink = sink
    this.#env = env
    this.#number = number
    this.#kind = kind
    this.#dir = join(env.attemptsDir, attemptName(env.task.id, env.attempt))
    this.#main = new Part(sink, partName(kind, number, sink.format, sink.gzip), this.#dir, env.quarantine !== null)
  }

  beginRecord(): void {
    this.#new = []
    this.#before = this.records
    this.#main.beginRecord()
    for (const part of this.#named.values()) part.beginRecord()
  }

  keepRecord(): void {
    this.#main.keepRecord()
    for (const part of this.#named.values()) part.keepRecord()
  }

  dropRecord(): void {
    this.records = this.#before
    this.#main.dropRecord()
    for (const name of this.#new) {
      void this.#named.get(name)!.abort()
      this.#named.delete(name)
    }
    for (const part of this.#named.values()) part.dropRecord()
  }

  readonly emit = (key: unknown, value: unknown): void => {
    this.#main.add(key, value)
    this.records++
  }

  /** Bytes in the sink's own format. */
  write(bytes: Uint8Array, records: number): void {
    this.#env.clock.time('write', () => this.#main.write(bytes, records))
    this.records += records
  }

  writeNamed(output: string, key: unknown, value: unknown): void {
    let part = this.#named.get(output)
    if (!part) {
      const sink = Object.hasOwn(this.#sink.named, output) ? this.#sink.named[output] : undefined
      if (!sink) {
        const known = Object.keys(this.#sink.named)
        throw new RunjobError('OUTPUT_UNKNOWN', { name: output, known })
      }
      part = new Part(
        sink,
        join(output, partName(this.#kind, this.#number, sink.format, sink.gzip)),
        this.#dir,
        this.#env.quarantine !== null,
      )
      this.#named.set(output, part)
      this.#new.push(output)
    }
    if (this.#sink.named[output]!.record.key === 'string') part.add(plainText(key), plainText(value))
    else part.add(key, value)
    this.records++
  }

  /**
   * Writes all records of a cursor: natively where the format allows, else through their JavaScript values.
   *
   * @returns how many records the cursor read from runs
   */
  async drain(
    cursor: Cursor,
    readAll: (from: Cursor, emit: (key: unknown, value: unknown) => void) => void,
  ): Promise<number> {
    const { record } = this.#sink
    const options = nativeFormat(this.#sink)
    const tracksTop = this.#env.top > 0 && layoutOf(record.value)[0] === 'number' && record.key === 'string'
    const source = tracksTop ? cursor.trackTop(layoutOf(record.value), this.#env.top) : cursor
    if (options) {
      for (;;) {
        this.#env.checkStop()
        const before = source.recordsOut
        const bytes = this.#env.clock.time('merge', () => source.format(options, FORMAT_BYTES))
        if (bytes.length === 0) break
        const records = source.recordsOut - before
        this.write(bytes, records)
        this.#env.progress(0, records, 0)
      }
    } else {
      readAll(source, this.emit)
    }
    if (tracksTop) {
      this.top = source.top().map(({ key, number }) => ({ key: Buffer.from(key).toString(), number }))
    }
    const { runRecords } = source
    source.close()
    return runRecords
  }

  async close(): Promise<PartEntry[]> {
    return this.#env.clock.timeAsync('write', async () => {
      const parts = [await this.#main.close()]
      for (const part of this.#named.values()) parts.push(await part.close())
      return parts
    })
  }

  async abort(): Promise<void> {
    await this.#main.abort()
    for (const part of this.#named.values()) await part.abort()
  }
}

/** A value of any type in a format that is text: text as it is, nothing as nothing, the rest as JSON. */
function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null || Number.isNaN(value)) return ''
  if (typeof value === 'bigint') return String(value)
  return JSON.stringify(value) ?? ''
}

/** How the kernels write this sink's records; null where a type or format needs JavaScript. */
function nativeFormat({ format, record }: SinkPart): FormatOptions | null {
  if (format.kind === 'jsonl') return null
  const key = nativeKey(record)
  if (key === null) return null
  const columns = valueColumns(record.value)
  if (columns.some(({ codec }) => codec !== 'number' && codec !== 'string')) {
    // A list of top values is JSON text already.
    if (columns.some(({ codec }) => codec !== 'number' && codec !== 'string' && codec !== 'json')) return null
    if (!isColumns(record.value) && record.value !== 'json') return null
  }
  return {
    kind: format.kind,
    key,
    layout: layoutOf(record.value),
    raw: columns.map((column) => column.raw ?? false),
    ...(format.kind === 'tsv' ? { escape: format.escape } : {}),
    ...(format.kind === 'csv' ? { delimiter: format.delimiter } : {}),
  }
}

function nativeKey({ key }: RecordSpec): FormatOptions['key'] | null {
  if (key === 'string' || key === 'bytes') return 'bytes'
  if (key === 'number') return 'number'
  if (typeof key === 'object' && key.tuple.every((part) => part === 'string')) return 'tuple'
  return null
}
