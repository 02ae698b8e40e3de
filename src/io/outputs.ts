/** Outputs read back: typed records out of part files. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import { isColumns } from '../plan/codec.js'
import type { CodecSpec, RecordSpec, SinkFormat, ValueSpec } from '../plan/plan.js'
import { readChunks } from './chunks.js'
import { CsvRows } from './csv.js'
import { compressionOf, type InputFile } from './inputs.js'
import { LineDecoder } from './lines.js'
import { nestsColumns } from './sinks.js'

export type OutputRecord = [key: unknown, value: unknown]

/** Name of a part file; its number is group 1. Parts of one output are in the order of their numbers. */
export const PART_NAME = /^part-[mr]-(\d{5,})\./

/**
 * The records of an output folder, in the order of its parts: what createFormatter and the kernels wrote.
 *
 * A format keeps what it keeps: `text` gives the line as key, without a value; without escapes, tabs and line ends inside
 * a field shift the fields; bytes that are no UTF-8 become U+FFFD except in `jsonl`. Columns of text that was formatted
 * before (`raw`) make the value an array of the remaining fields.
 *
 * @throws OUTPUT_UNREADABLE
 */
export async function* readOutput(dir: string, format: SinkFormat, record: RecordSpec): AsyncGenerator<OutputRecord> {
  for (const part of listParts(dir)) {
    try {
      yield* readPart(part, format, record)
    } catch (error) {
      if (error instanceof RunjobError) throw error
      throw unreadable(part.path, (error as Error).message, error)
    }
  }
}

function listParts(dir: string): InputFile[] {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch (error) {
    throw unreadable(dir, 'it does not exist', error)
  }
  const numberOf = (name: string) => Number(PART_NAME.exec(name)![1])
  return names
    .filter((name) => PART_NAME.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1))
    .map((name) => {
      const path = join(dir, name)
      try {
        const { size, mtimeMs } = statSync(path)
        return { path, sizeBytes: size, mtimeMs, compression: compressionOf(path) }
      } catch (error) {
        throw fileError(error, path, 'read')
      }
    })
}

async function* readPart(part: InputFile, format: SinkFormat, record: RecordSpec): AsyncGenerator<OutputRecord> {
  const records: OutputRecord[] = []
  const decoder = new LineDecoder({ exact: true, atFileStart: true, onLine: lineParser(format, record, records) })
  for await (const { chunk, last } of readChunks(part)) {
    decoder.push(chunk, Number.POSITIVE_INFINITY, last)
    yield* records
    records.length = 0
  }
}

function lineParser(format: SinkFormat, record: RecordSpec, into: OutputRecord[]): (line: string) => void {
  switch (format.kind) {
    case 'text':
      return (line) => into.push([line, undefined])
    case 'jsonl':
      return (line) => into.push(jsonRecord(JSON.parse(line), record))
    case 'tsv': {
      const fieldOf = format.escape ? unescapeTsv : (text: string) => text
      return (line) => into.push(fieldsRecord(line.split('\t').map(fieldOf), record))
    }
    case 'csv': {
      const rows = new CsvRows({ delimiter: format.delimiter, quote: '"' })
      let skipHeader = format.header !== null
      return (line) => {
        const fields = rows.add(line)
        if (fields && !skipHeader) into.push(fieldsRecord(fields, record))
        if (fields) skipHeader = false
      }
    }
  }
}

const TSV_UNESCAPES: Record<string, string> = { '\\\\': '\\', '\\t': '\t', '\\n': '\n', '\\r': '\r' }

function unescapeTsv(field: string): string {
  return field.includes('\\') ? field.replace(/\\[\\tnr]/g, (pair) => TSV_UNESCAPES[pair]!) : field
}

/** Takes fields off the front of a line. */
class Fields {
  readonly #fields: string[]
  #at = 0

  constructor(fields: string[]) {
    this.#fields = fields
  }

  next(codec: CodecSpec): unknown {
    if (typeof codec !== 'string') return codec.tuple.map((part) => this.next(part))
    const field = this.#fields[this.#at++]
    if (field === undefined) throw new Error(`a line has only ${this.#fields.length} fields`)
    switch (codec) {
      case 'string':
        return field
      case 'number':
        return field === '' ? Number.NaN : Number(field)
      case 'bigint':
        return BigInt(field)
      case 'bytes':
        return new Uint8Array(Buffer.from(field))
      case 'json':
        return JSON.parse(field)
    }
  }

  rest(): string[] {
    return this.#fields.slice(this.#at)
  }
}

function fieldsRecord(texts: string[], { key, value }: RecordSpec): OutputRecord {
  const fields = new Fields(texts)
  return [fields.next(key), fieldsValue(fields, value)]
}

function fieldsValue(fields: Fields, value: ValueSpec): unknown {
  if (!isColumns(value)) return fields.next(value)
  if (value.columns.length === 0) return undefined
  if (value.columns.some(({ raw }) => raw)) return fields.rest()
  return Object.fromEntries(value.columns.map(({ name, codec }) => [name, fields.next(codec)]))
}

function jsonRecord(line: Record<string, unknown>, { key, value }: RecordSpec): OutputRecord {
  if (!isColumns(value)) return [fromJson(key, line.key), fromJson(value, line.value)]
  if (value.columns.length === 0) return [fromJson(key, line.key), undefined]
  const columns = (nestsColumns(value) ? line.value : line) as Record<string, unknown>
  return [
    fromJson(key, line.key),
    Object.fromEntries(value.columns.map(({ name, codec }) => [name, fromJson(codec, columns[name])])),
  ]
}

function fromJson(codec: CodecSpec, json: unknown): unknown {
  if (typeof codec !== 'string') return codec.tuple.map((part, i) => fromJson(part, (json as unknown[])[i]))
  switch (codec) {
    case 'number':
      return json ?? Number.NaN
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
