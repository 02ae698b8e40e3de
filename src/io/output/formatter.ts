/** Formats an output's records in JavaScript. */

import { RunjobError } from '../../base/errors.js'
import { emitType, isColumns, isNumber, isRow, jsonText, valueColumns } from '../../plan/codec.js'
import { isBinary } from '../../plan/columns.js'
import type { BinaryFormat, CodecSpec, ColumnSpec, RecordSpec, SinkFormat } from '../../plan/plan.js'
import { csvQuoter } from '../format/csv/quote.js'
import { escapeTsv } from '../format/tsv.js'
import { holdsAnyBytes, nestsColumns, tupleOf } from './fields.js'
import { rowLine } from './record_rows.js'
import { ValuesFormatter } from './values.js'

/** Formats records and keeps their bytes until they are taken. */
export interface Formatter {
  /** The start of every part; often empty. */
  readonly header: Uint8Array
  /** @throws EMIT_TYPE if key or value are not of their codecs' types; then nothing is added */
  add(key: unknown, value: unknown): void
  /** Approximate bytes that take() would return now. */
  readonly bytes: number
  /** All bytes since the last call. */
  take(): Uint8Array
  /** Removes what was added since `bytes` had this value. */
  cutTo(bytes: number): void
}

/**
 * A formatter for records of JavaScript values. If the kernels can format the same records, they write the same bytes.
 *
 * - `text`: the key; if it is empty, null or undefined, the value
 * - `tsv`, `csv`: the key, then the value's columns; each part of a tuple is a field. A missing value (null,
 *   for a number; in a named column undefined, too) is an empty field; json is written as JSON text, bytes unchanged
 * - `values`: the key, for codec `any`
 * - `jsonl`: `{"key": …, "value": …}`, or `{"key": …, "price": …, "qty": …}` for named columns (inside `"value"` if one of
 *   them is called key); bigints are strings of digits, bytes base64, missing values null; a row's fields have names, too
 *
 * - `parquet`, `avro`: lines of JSON, which BinaryPart reads (record_rows.ts)
 *
 * Text with half a surrogate pair, which UTF-8 cannot hold, is refused; JSON has an escape for it.
 */
export function createFormatter(format: SinkFormat, record: RecordSpec): Formatter {
  if (format.kind === 'rows') return NATIVE_ONLY
  if (isBinary(format))
    return format.columns ? new TextFormatter('', rowLine(record, format.columns), 'utf8') : NATIVE_ONLY
  if (format.kind === 'values') return new ValuesFormatter()
  if (format.kind === 'jsonl') return new TextFormatter('', format.bare ? bareLine(record) : jsonLine(record), 'utf8')
  // Text is collected as one string. Bytes that may not be UTF-8 fit in if each character is one byte.
  const encoding = holdsAnyBytes(record) ? 'latin1' : 'utf8'
  const style = styleOf(format, encoding)
  const line = format.kind === 'text' ? textLine(record, style) : delimitedLine(record, style)
  return new TextFormatter(headerLine(format), line, encoding)
}

const NATIVE_ONLY: Formatter = {
  header: new Uint8Array(),
  add() {
    throw new RunjobError('INTERNAL', { detail: 'only native code writes rows of data frames' })
  },
  bytes: 0,
  take: () => new Uint8Array(),
  cutTo() {},
}

/** The header row of an output; often empty. */
export function headerBytes(format: SinkFormat): Uint8Array {
  return Buffer.from(headerLine(format))
}

function headerLine(format: SinkFormat): string {
  if ((format.kind !== 'csv' && format.kind !== 'tsv') || !format.header) return ''
  const { separator, quote, emptyLine } = styleOf(format, 'utf8')
  return `${format.header.map(quote).join(separator) || emptyLine}\n`
}

type LineOf = (key: unknown, value: unknown) => string
type TextOf = (value: unknown) => string

/** How the fields of a line are written. */
interface Style {
  /** `latin1`: each character of the text is one byte. */
  encoding: 'latin1' | 'utf8'
  separator: string
  /** Makes a field safe between separators and line ends. */
  quote: (text: string) => string
  /** A line whose one field is empty. */
  emptyLine: string
}

function styleOf(
  format: Exclude<SinkFormat, BinaryFormat | { kind: 'jsonl' | 'rows' | 'values' }>,
  encoding: Style['encoding'],
): Style {
  if (format.kind === 'csv') {
    // CSV readers would skip an empty line.
    return { encoding, separator: format.delimiter, quote: csvQuoter(format.delimiter, '"', encoding), emptyLine: '""' }
  }
  const quote = format.kind === 'tsv' && format.escape ? escapeTsv : asItIs
  return { encoding, separator: '\t', quote, emptyLine: '' }
}

const asItIs = (text: string): string => text

class TextFormatter implements Formatter {
  readonly header: Uint8Array
  readonly #line: LineOf
  readonly #encoding: 'latin1' | 'utf8'
  #text = ''

  constructor(header: string, line: LineOf, encoding: 'latin1' | 'utf8') {
    this.header = Buffer.from(header)
    this.#line = line
    this.#encoding = encoding
  }

  get bytes(): number {
    return this.#text.length
  }

  add(key: unknown, value: unknown): void {
    this.#text += this.#line(key, value)
  }

  cutTo(bytes: number): void {
    this.#text = this.#text.slice(0, bytes)
  }

  take(): Uint8Array {
    const bytes = Buffer.from(this.#text, this.#encoding)
    this.#text = ''
    return bytes
  }
}

function textLine(record: RecordSpec, style: Style): LineOf {
  const keyText = textOf(record.key, style, 'key')
  const valueText = valueTextOf(record, style)
  // In JSON, null and empty text are keys like any other.
  const isNoKey = (key: unknown) => key === undefined || (record.key !== 'json' && (key === null || key === ''))
  return (key, value) => `${isNoKey(key) ? (valueText?.(value) ?? '') : keyText(key)}\n`
}

function delimitedLine(record: RecordSpec, style: Style): LineOf {
  const { separator } = style
  const keyText = textOf(record.key, style, 'key')
  const valueText = valueTextOf(record, style)
  if (valueText) return (key, value) => `${keyText(key)}${separator}${valueText(value)}\n`
  return (key) => `${keyText(key) || style.emptyLine}\n`
}

/** null: a record has no value. */
function valueTextOf({ value }: RecordSpec, style: Style): TextOf | null {
  if (isRow(value)) return textOf(tupleOf(value), style, 'value')
  if (!isColumns(value)) {
    const [{ codec, missing }] = valueColumns(value) as [ColumnSpec]
    const text = textOf(codec, style, 'value')
    return codec === 'number' || missing ? (only) => (only === null ? '' : text(only)) : text
  }
  const columns = value.columns.map(({ name, codec, missing }) => ({
    name,
    text: textOf(codec, style, `value.${name}`),
    mayMiss: codec === 'string' || codec === 'number' || missing !== undefined,
  }))
  if (columns.length === 0) return null
  return (object) => {
    const properties = propertiesOf(object)
    let line = ''
    for (const [i, { name, text, mayMiss }] of columns.entries()) {
      const field = properties[name]
      if (i > 0) line += style.separator
      if (!mayMiss || (field !== undefined && field !== null)) line += text(field)
    }
    return line
  }
}

function textOf(codec: CodecSpec, style: Style, what: string): TextOf {
  const { encoding, quote } = style
  const written = encoding === 'latin1' ? (text: string) => quote(Buffer.from(text).toString('latin1')) : quote
  if (typeof codec !== 'string') {
    const parts = codec.tuple.map((part) => textOf(part, style, what))
    return (value) => {
      if (!Array.isArray(value) || value.length !== parts.length) throw emitType(codec, value, what)
      return parts.map((part, i) => part(value[i])).join(style.separator)
    }
  }
  switch (codec) {
    case 'string':
      return (value) => {
        if (typeof value !== 'string' || !value.isWellFormed()) throw emitType(codec, value, what)
        return written(value)
      }
    case 'number':
      return (value) => {
        if (!isNumber(value)) throw emitType(codec, value, what)
        return String(value)
      }
    case 'bigint':
      return (value) => {
        if (typeof value !== 'bigint') throw emitType(codec, value, what)
        return String(value)
      }
    case 'bytes':
      return (value) => {
        if (!(value instanceof Uint8Array)) throw emitType(codec, value, what)
        return quote(bufferOf(value).toString('latin1'))
      }
    case 'json':
      return (value) => written(jsonText(value, what))
    case 'any':
      throw new RunjobError('INTERNAL', { detail: 'values of any type are no text' })
  }
}

function jsonLine({ key, value }: RecordSpec): LineOf {
  const keyJson = jsonOf(key, 'key')
  if (isRow(value)) {
    const labels = value.row.flat().map((name) => JSON.stringify(name))
    const checked = jsonOf(tupleOf(value), 'value')
    const fields: TextOf = (v) =>
      checked(v) && labels.map((label, i) => `${label}:${JSON.stringify((v as string[])[i])}`).join(',')
    if (nestsColumns(value)) return (k, v) => `{"key":${keyJson(k)},"value":{${fields(v)}}}\n`
    return (k, v) => `{"key":${keyJson(k)},${fields(v)}}\n`
  }
  if (!isColumns(value)) {
    const [{ codec, missing }] = valueColumns(value) as [ColumnSpec]
    const valueJson = jsonOf(codec, 'value')
    const mayBeNull = codec === 'number' || missing !== undefined
    return (k, v) => `{"key":${keyJson(k)},"value":${mayBeNull && v === null ? 'null' : valueJson(v)}}\n`
  }
  const columns = value.columns.map(({ name, codec }) => ({
    name,
    label: JSON.stringify(name),
    json: jsonOf(codec, `value.${name}`),
  }))
  const object: TextOf = (v) => {
    const properties = propertiesOf(v)
    return columns
      .map(
        ({ name, label, json }) => `${label}:${(properties[name] ?? null) === null ? 'null' : json(properties[name])}`,
      )
      .join(',')
  }
  if (columns.length === 0) return (k) => `{"key":${keyJson(k)}}\n`
  if (nestsColumns(value)) return (k, v) => `{"key":${keyJson(k)},"value":{${object(v)}}}\n`
  return (k, v) => `{"key":${keyJson(k)},${object(v)}}\n`
}

function bareLine({ key }: RecordSpec): LineOf {
  const json = jsonOf(key, 'element')
  return (element) => `${json(element)}\n`
}

function jsonOf(codec: CodecSpec, what: string): TextOf {
  if (typeof codec !== 'string') {
    const parts = codec.tuple.map((part) => jsonOf(part, what))
    return (value) => {
      if (!Array.isArray(value) || value.length !== parts.length) throw emitType(codec, value, what)
      return `[${parts.map((part, i) => part(value[i])).join(',')}]`
    }
  }
  if (codec === 'json') return (value) => jsonText(value, what)
  if (codec === 'bytes') {
    return (value) => {
      if (!(value instanceof Uint8Array)) throw emitType(codec, value, what)
      return `"${bufferOf(value).toString('base64')}"`
    }
  }
  return (value) => {
    if (codec === 'number' ? !isNumber(value) : typeof value !== codec) throw emitType(codec, value, what)
    return typeof value === 'bigint' ? `"${value}"` : JSON.stringify(value)
  }
}

function propertiesOf(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object') throw emitType('json', value, 'value')
  return value as Record<string, unknown>
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
