/** A target in the output: one part file, and one for each named output that the task writes to. */
import { join } from 'node:path'
import { RunjobError } from '../../../base/errors.js'
import { createFormatter, type Formatter } from '../../../io/output/formatter.js'
import { partName } from '../../../io/output/names.js'
import { openPart, type PartWriter } from '../../../io/output/part_file.js'
import type { Cursor, FormatOptions } from '../../../kernels/kernels.js'
import { layoutOf } from '../../../kernels/layout.js'
import { canRank, isColumns, isRow, jsonText, typeName, valueColumns } from '../../../plan/codec.js'
import { isBinary } from '../../../plan/columns.js'
import type { Emit } from '../../../plan/functions.js'
import type { RecordSpec, Sink } from '../../../plan/plan.js'
import { attemptName, type MapSpec, type PartEntry, type ReduceSpec } from '../../task.js'
import type { TopRecord } from '../../top.js'
import { checkedEmit } from '../calls.js'
import type { TaskEnvironment } from '../environment.js'
import { closeDrained, type LineIntake } from '../intake.js'
import { Ranking } from '../ranking.js'
import { forEachRecord } from '../record_reader.js'
import type { Undoable } from '../undoable.js'
import { openBinaryPart } from './binary_part.js'
import type { Target, Written } from './target.js'

const FLUSH_BYTES = 1 << 18
const FORMAT_BYTES = 1 << 20
const LF = 10
const CR = 13

type SinkPart = Pick<Sink, 'format' | 'compress' | 'record'>

/** One file that is being written. */
class Part implements Undoable {
  readonly name: string
  records = 0
  readonly #writer: PartWriter
  readonly #formatter: Formatter
  readonly #undoable: boolean
  #mark = { records: 0, bytes: 0 }

  /** @param options.undoable records are held back until keepRecord() */
  constructor(
    sink: SinkPart,
    name: string,
    dir: string,
    env: TaskEnvironment,
    options: { undoable: boolean; header: boolean },
  ) {
    this.#undoable = options.undoable
    this.name = name
    const { format } = sink
    const isOfRecords = isBinary(format) && format.columns !== undefined
    const path = join(dir, name)
    const isTemporary = format.kind === 'rows' || format.kind === 'values'
    this.#writer = isOfRecords ? openBinaryPart(path, format, env) : openPart(path, sink.compress, isTemporary)
    this.#formatter = createFormatter(sink.format, sink.record)
    if (options.header && this.#formatter.header.length > 0) this.#writer.write(this.#formatter.header)
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

export class PartTarget implements Target, LineIntake, Undoable {
  readonly emit: Emit
  readonly undo: Undoable = this
  readonly #sink: Sink
  readonly #env: TaskEnvironment
  /** Name of this task's part of an output. */
  readonly #nameOf: (sink: SinkPart, output: string) => string
  readonly #main: Part
  readonly #named = new Map<string, Part>()
  readonly #dir: string
  /** Records that the target received; the parts count separately. */
  #records = 0
  /** Named outputs that the current record was the first to write to. */
  #new: string[] = []
  /** `#records` before the current record. */
  #before = 0
  #top: TopRecord[] = []
  /** For records that functions emit. */
  #ranking: Ranking | null
  readonly #numberOf: (value: unknown) => unknown
  readonly #undoable: boolean
  /** For lines that are written unchanged. */
  #lines: Formatter | null = null

  constructor(sink: Sink, { kind, number }: MapSpec | ReduceSpec, env: TaskEnvironment) {
    this.#sink = sink
    this.#env = env
    // Parts of rows are in the order of their names, whatever the inputs are.
    const isOfFiles = sink.columns
      ? env.plan.stages[env.task.stage]!.inputs.every((input) => input.kind === 'files')
      : kind === 'map'
    this.#nameOf = ({ format, compress }, output) =>
      join(sink.name, output, partName(isOfFiles ? 'm' : 'r', number, format, compress))
    this.#dir = join(env.attemptsDir, attemptName(env.task.id, env.attempt))
    const undoable = env.quarantine !== null
    this.#undoable = undoable
    this.#ranking = env.top > 0 && canRank(sink.record) ? new Ranking(env.top) : null
    const { value } = sink.record
    this.#numberOf = isColumns(value)
      ? (object) => (object as Record<string, unknown>)[value.columns[0]!.name]
      : (n) => n
    this.#main = new Part(sink, this.#nameOf(sink, ''), this.#dir, env, { undoable, header: !sink.singleFile })
    this.emit = checkedEmit(env.gate, this.#add)
    env.writeNamed = (output, key, value) => this.#writeNamed(output, key, value)
  }

  beginRecord(): void {
    this.#new = []
    this.#before = this.#records
    this.#ranking?.mark()
    this.#main.beginRecord()
    for (const part of this.#named.values()) part.beginRecord()
  }

  keepRecord(): void {
    this.#ranking?.settle()
    this.#main.keepRecord()
    for (const part of this.#named.values()) part.keepRecord()
  }

  dropRecord(): void {
    this.#records = this.#before
    this.#ranking?.takeBack()
    this.#main.dropRecord()
    for (const name of this.#new) {
      void this.#named.get(name)!.abort()
      this.#named.delete(name)
    }
    for (const part of this.#named.values()) part.dropRecord()
  }

  readonly #add: Emit = (key, value) => {
    this.#main.add(key, value)
    this.#records++
    if (this.#ranking) this.#rank(this.#ranking, key, value)
  }

  #rank(ranking: Ranking, key: unknown, value: unknown): void {
    ranking.add(key as string, this.#numberOf(value))
    if (!this.#undoable) ranking.settle()
  }

  /** Bytes in the sink's own format. */
  #write(bytes: Uint8Array, records: number): void {
    this.#env.clock.time('write', () => this.#main.write(bytes, records))
    this.#records += records
  }

  /** Rows in the sink's own format. */
  writeRows(bytes: Uint8Array, records: number): void {
    this.#write(bytes, records)
    this.#env.progress(0, records, 0)
  }

  /** Lines, unchanged. In a format that escapes or quotes, each line is a field, without its line end. */
  writeLines(bytes: Uint8Array, records: number): void {
    const { format, record } = this.#sink
    if (format.kind === 'text') {
      this.#write(bytes, records)
      return
    }
    const isJson = format.kind === 'jsonl' || isBinary(format)
    // Bytes that are not UTF-8 are kept, if the format can hold them.
    this.#lines ??= createFormatter(format, isJson ? record : { ...record, key: 'bytes' })
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let start = 0; start < lines.length; ) {
      const found = lines.indexOf(LF, start)
      const end = found < 0 ? lines.length : found
      const line = lines.subarray(start, end > start && lines[end - 1] === CR ? end - 1 : end)
      this.#lines.add(isJson ? line.toString() : line, undefined)
      start = end + 1
    }
    this.#write(this.#lines.take(), records)
  }

  #writeNamed(output: string, key: unknown, value: unknown): void {
    let part = this.#named.get(output)
    if (!part) {
      const sink = Object.hasOwn(this.#sink.named, output) ? this.#sink.named[output] : undefined
      if (!sink) {
        const known = Object.keys(this.#sink.named)
        throw new RunjobError('OUTPUT_UNKNOWN', { name: output, known })
      }
      const name = this.#nameOf(sink, output)
      part = new Part(sink, name, this.#dir, this.#env, { undoable: this.#env.quarantine !== null, header: true })
      this.#named.set(output, part)
      this.#new.push(output)
    }
    const { record } = this.#sink.named[output]!
    const where = (what: string) => `${what} for output "${output}"`
    if (isColumns(record.value) && value !== undefined && value !== null) {
      // Its header row has one column.
      throw new RunjobError('EMIT_TYPE', {
        what: where('value'),
        codec: 'nothing',
        type: typeName(value),
        want: 'nothing',
      })
    }
    if (record.key === 'string') part.add(plainText(key, where('key')), plainText(value, where('value')))
    else part.add(key, value)
    this.#records++
  }

  /** Natively if the format allows it, otherwise through JavaScript values. */
  drain(cursor: Cursor): void {
    const { record } = this.#sink
    const { clock, top } = this.#env
    const options = nativeFormat(this.#sink)
    const tracksTop = top > 0 && canRank(record)
    // Native code sees all of them.
    this.#ranking = null
    const source = tracksTop ? cursor.trackTop(layoutOf(record.value), top) : cursor
    if (options) {
      for (;;) {
        this.#env.checkStop()
        const before = source.recordsOut
        const bytes = clock.time('merge', () => source.format(options, FORMAT_BYTES))
        if (bytes.length === 0) break
        const records = source.recordsOut - before
        this.#write(bytes, records)
        this.#env.progress(0, records, 0)
      }
    } else {
      forEachRecord(source, record, this.#env, this.#add)
    }
    if (tracksTop) {
      this.#top = source.top().map(({ key, number }) => ({ key: Buffer.from(key).toString(), number }))
    }
    closeDrained(source, this.#env)
  }

  end(): void {}

  async finish(): Promise<Written> {
    if (this.#ranking) this.#top = this.#ranking.records()
    const parts = await this.#env.clock.timeAsync('write', async () => {
      const closed = [await this.#main.close()]
      for (const part of this.#named.values()) closed.push(await part.close())
      return closed
    })
    return {
      recordsOut: this.#records,
      recordsCombined: 0,
      bytesOut: parts.reduce((sum, part) => sum + part.bytes, 0),
      runs: [],
      parts,
      top: this.#top,
    }
  }

  async abort(): Promise<void> {
    await this.#main.abort()
    for (const part of this.#named.values()) await part.abort()
  }
}

/** A value of any type in a text format: text unchanged, missing values empty, everything else as JSON. @throws EMIT_TYPE */
function plainText(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array || typeof value === 'function' || typeof value === 'symbol') {
    throw new RunjobError('EMIT_TYPE', { what, codec: 'text', type: typeName(value), want: 'text, a number or JSON' })
  }
  return jsonText(value, what)
}

/** How the kernels write this sink's records; null if a type or format needs JavaScript. */
function nativeFormat({ format, record }: SinkPart): FormatOptions | null {
  if (format.kind !== 'text' && format.kind !== 'tsv' && format.kind !== 'csv') return null
  // Rows are CSV with commas: other forms must split them.
  const isText = isRow(record.value)
  if (isText && format.kind !== 'text' && !(format.kind === 'csv' && format.delimiter === ',')) return null
  const key = nativeKey(record)
  if (key === null) return null
  const columns = valueColumns(record.value)
  if (columns.some(({ codec }) => codec !== 'number' && codec !== 'string')) {
    // A list of top values is already JSON text.
    if (columns.some(({ codec }) => codec !== 'number' && codec !== 'string' && codec !== 'json')) return null
    if (!isColumns(record.value) && columns[0]!.codec !== 'json') return null
  }
  return {
    kind: format.kind,
    key,
    layout: layoutOf(record.value),
    raw: columns.map(() => isText),
    markers: columns.map((column) => column.missing === 'marker'),
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
