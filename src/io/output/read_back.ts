/** Reads outputs back: typed records from part files. */
import { readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError } from '../../base/errors.js'
import { fileError } from '../../base/files.js'
import { isColumns, isRow, valueColumns } from '../../plan/codec.js'
import type { CodecSpec, ColumnSpec, OutputCompression, RecordSpec, SinkFormat, ValueSpec } from '../../plan/plan.js'
import { CsvRows } from '../format/csv/rows.js'
import { unescapeTsv } from '../format/tsv.js'
import { readChunks } from '../input/chunks.js'
import { compressionOfName } from '../input/content.js'
import type { InputFile } from '../input/input_file.js'
import { LineDecoder } from '../input/lines.js'
import { fieldCount, holdsAnyBytes, nestsColumns } from './fields.js'
import { partsAmong } from './names.js'

export type OutputRecord = [key: unknown, value: unknown]

/**
 * The records of an output, in the order of its parts, as createFormatter and the kernels wrote them.
 *
 * Formats lose some information: `text` yields a line as key, without a value. Unescaped tabs inside a field can be told from tabs between
 * fields only if no other field is text. Text that was not UTF-8 in the input contains U+FFFD; bytes are unchanged.
 *
 * @param path a folder of parts, or one file
 * @param compress how the single file is compressed, because its name need not say
 * @throws OUTPUT_UNREADABLE
 */
export async function* readOutput(
  path: string,
  format: SinkFormat,
  record: RecordSpec,
  compress: OutputCompression | null = null,
): AsyncGenerator<OutputRecord> {
  for (const part of listParts(path, compress)) {
    try {
      yield* readPart(part, format, record)
    } catch (error) {
      if (error instanceof RunjobError) throw error
      throw unreadable(part.path, (error as Error).message, error)
    }
  }
}

function listParts(dir: string, compress: OutputCompression | null): InputFile[] {
  let names: string[]
  try {
    const stats = statSync(dir)
    if (stats.isFile()) return [{ ...partFile(dir, stats), compression: compress ?? 'none' }]
    names = readdirSync(dir)
  } catch (error) {
    throw unreadable(dir, 'it does not exist', error)
  }
  return partsAmong(names).map((name) => {
    const path = join(dir, name)
    try {
      return partFile(path, statSync(path))
    } catch (error) {
      throw fileError(error, path, 'read')
    }
  })
}

function partFile(path: string, { size, mtimeMs }: Stats): InputFile {
  return { path, sizeBytes: size, mtimeMs, compression: compressionOfName(path) }
}

async function* readPart(part: InputFile, format: SinkFormat, record: RecordSpec): AsyncGenerator<OutputRecord> {
  const parse = format.kind === 'csv' ? rowParser(format, record) : lineParser(format, record)
  for await (const { chunk, last } of readChunks(part)) yield* parse(chunk, last)
}

type ChunkParser = (chunk: Uint8Array, last: boolean) => Iterable<OutputRecord>

function rowParser({ delimiter, header }: Extract<SinkFormat, { kind: 'csv' }>, record: RecordSpec): ChunkParser {
  const asBytes = holdsAnyBytes(record)
  const fields = new FieldParser(record, asBytes)
  const rows = new CsvRows({ delimiter, quote: '"', asBytes })
  let skipHeader = header !== null
  return function* (chunk, last) {
    for (const row of rows.push(chunk, last)) {
      if (!skipHeader) yield fields.record(row)
      skipHeader = false
    }
  }
}

function lineParser(format: Exclude<SinkFormat, { kind: 'csv' }>, record: RecordSpec): ChunkParser {
  // Lines with bytes that need not be UTF-8 are read as written: one character per byte.
  const asBytes = format.kind !== 'jsonl' && holdsAnyBytes(record)
  const parse = lineReader(format, record, new FieldParser(record, asBytes))
  const records: OutputRecord[] = []
  const onLine = (line: string) => void records.push(parse(line))
  const decoder = new LineDecoder({ exact: true, atFileStart: true, asBytes, onLine })
  return (chunk, last) => {
    decoder.push(chunk, Number.POSITIVE_INFINITY, last)
    return records.splice(0)
  }
}

function lineReader(
  format: Exclude<SinkFormat, { kind: 'csv' }>,
  record: RecordSpec,
  fields: FieldParser,
): (line: string) => OutputRecord {
  switch (format.kind) {
    case 'text':
      return (line) => fields.keyOnly(line)
    case 'jsonl':
      return (line) => jsonRecord(JSON.parse(line), record)
    case 'tsv':
      if (format.escape) return (line) => fields.record(line.split('\t').map(unescapeTsv))
      return (line) => fields.record(fields.rejoin(line.split('\t')))
    case 'parquet':
    case 'avro':
    case 'rows':
    case 'values':
      throw new RunjobError('INTERNAL', { detail: 'rows are not lines' })
  }
}

/** Fields of a line -> key and value. */
class FieldParser {
  readonly #record: RecordSpec
  readonly #asBytes: boolean
  readonly #count: number
  #fields: string[] = []
  #at = 0

  /** @param asBytes each character of a field is one byte */
  constructor(record: RecordSpec, asBytes: boolean) {
    this.#record = record
    this.#asBytes = asBytes
    this.#count = fieldCount(record)
  }

  record(fields: string[]): OutputRecord {
    if (fields.length !== this.#count) {
      throw new Error(`a line has ${fields.length} fields, not ${this.#count}`)
    }
    this.#fields = fields
    this.#at = 0
    return [this.#next(this.#record.key), this.#value(this.#record.value)]
  }

  /** A line of text: parsed if the key has another type; otherwise unchanged, whether it was a key or a value. */
  keyOnly(line: string): OutputRecord {
    const { key } = this.#record
    this.#fields = [line]
    this.#at = 0
    return [typeof key === 'string' ? this.#next(key) : this.#text(line), undefined]
  }

  /** Unescaped tabs: if only the key is text, the extra ones are in the key. */
  rejoin(fields: string[]): string[] {
    const { key, value } = this.#record
    const surplus = fields.length - this.#count
    const isKeyTheText = key === 'string' && !valueColumns(value).some(({ codec }) => codec !== 'number')
    if (surplus <= 0 || !isKeyTheText) return fields
    return [fields.slice(0, surplus + 1).join('\t'), ...fields.slice(surplus + 1)]
  }

  #value(value: ValueSpec): unknown {
    if (isRow(value)) return value.row.flat().map(() => this.#next('string'))
    if (!isColumns(value)) return this.#column(valueColumns(value)[0]!)
    if (value.columns.length === 0) return undefined
    return Object.fromEntries(value.columns.map((column) => [column.name, this.#column(column)]))
  }

  /** Text formats write missing text like empty text. */
  #column({ codec, missing }: ColumnSpec): unknown {
    if (!missing || this.#fields[this.#at] !== '') return this.#next(codec)
    this.#at++
    return null
  }

  #next(codec: CodecSpec): unknown {
    if (typeof codec !== 'string') return codec.tuple.map((part) => this.#next(part))
    const field = this.#fields[this.#at++]
    if (field === undefined) throw new Error(`a line has only ${this.#fields.length} fields`)
    switch (codec) {
      case 'string':
        return this.#text(field)
      case 'number':
        return numberOf(field)
      case 'bigint':
        if (!/^-?\d+$/.test(field)) throw new Error(`${JSON.stringify(field)} is not a whole number`)
        return BigInt(field)
      case 'bytes':
        return new Uint8Array(Buffer.from(field, 'latin1'))
      case 'json':
        return JSON.parse(this.#text(field))
    }
  }

  #text(field: string): string {
    return this.#asBytes ? Buffer.from(field, 'latin1').toString() : field
  }
}

/** @throws Error if the text is not a number; an empty field is a missing one */
function numberOf(field: string): number | null {
  if (field === '') return null
  const number = Number(field)
  if (!Number.isFinite(number)) throw new Error(`${JSON.stringify(field)} is not a number`)
  return number
}

function jsonRecord(line: Record<string, unknown>, { key, value }: RecordSpec): OutputRecord {
  if (!isColumns(value) && !isRow(value)) {
    return [fromJson(key, line.key), columnFromJson(valueColumns(value)[0]!, line.value)]
  }
  if (isColumns(value) && value.columns.length === 0) return [fromJson(key, line.key), undefined]
  const columns = (nestsColumns(value) ? line.value : line) as Record<string, unknown>
  if (isRow(value)) return [fromJson(key, line.key), value.row.flat().map((name) => fromJson('string', columns[name]))]
  return [
    fromJson(key, line.key),
    Object.fromEntries(value.columns.map((column) => [column.name, columnFromJson(column, columns[column.name])])),
  ]
}

function columnFromJson({ codec, missing }: ColumnSpec, json: unknown): unknown {
  return missing && json === null ? null : fromJson(codec, json)
}

function fromJson(codec: CodecSpec, json: unknown): unknown {
  if (typeof codec !== 'string') return codec.tuple.map((part, i) => fromJson(part, (json as unknown[])[i]))
  switch (codec) {
    case 'number':
      return json ?? null
    case 'bigint':
      return BigInt(json as string)
    case 'bytes':
      return new Uint8Array(Buffer.from(json as string, 'base64'))
    case 'string':
      return json ?? ''
    case 'json':
      return json
  }
}

function unreadable(path: string, reason: string, cause: unknown): RunjobError {
  return new RunjobError('OUTPUT_UNREADABLE', { path, reason }, { cause })
}
