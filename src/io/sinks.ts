/** Part files: how an output's records become bytes on disk. */
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import zlib from 'node:zlib'
import { RunjobError } from '../base/errors.js'
import { fileError, makeFolder, systemError } from '../base/files.js'
import { type FileWriter, kernels } from '../kernels/index.js'
import { codecName, encode, isColumns, typeName, valueColumns } from '../plan/codec.js'
import type { CodecSpec, RecordSpec, SinkFormat, ValueSpec } from '../plan/plan.js'
import { checksumText, type WrittenFile } from './written_file.js'

/** `part-r-00007.tsv.gz`: `m` for parts of a map, `r` of a reduce. Parts are read in the order of their numbers. */
export function partName(kind: 'm' | 'r', number: number, format: SinkFormat, gzip: boolean): string {
  const ending = format.kind === 'text' ? 'txt' : format.kind
  return `part-${kind}-${number.toString().padStart(5, '0')}.${ending}${gzip ? '.gz' : ''}`
}

/** A part file that is being written. Its bytes on disk depend on the bytes written alone, not on how they were cut. */
export interface PartWriter {
  /** Takes a copy, or writes at once: the caller may reuse its buffer. */
  write(bytes: Uint8Array): void
  /** Makes the file durable. */
  close(): Promise<WrittenFile>
  /** Removes the file. */
  abort(): Promise<void>
}

/**
 * Creates a part file, its folder included.
 *
 * @throws DISK_FULL, OUTPUT_UNWRITABLE, FILE_IO; so do write and close
 */
export function openPart(path: string, options: { gzip: boolean }): PartWriter {
  const file = new PartFile(path)
  return options.gzip ? new GzipPart(file) : file
}

/** Bytes compressed at a time. */
const GZIP_BLOCK_BYTES = 1 << 20

class PartFile implements PartWriter {
  readonly #path: string
  #fd = -1
  readonly #writer: FileWriter

  constructor(path: string) {
    this.#path = path
    try {
      makeFolder(dirname(path))
      this.#fd = openSync(path, 'w')
    } catch (error) {
      throw fileError(error, path, 'write')
    }
    this.#writer = kernels.createFileWriter(this.#fd)
  }

  write(bytes: Uint8Array): void {
    this.#check(this.#writer.write(bytes))
  }

  async close(): Promise<WrittenFile> {
    this.#check(this.#writer.finish())
    try {
      fsyncSync(this.#fd)
    } catch (error) {
      throw fileError(error, this.#path, 'write')
    }
    const written = { bytes: this.#writer.bytes, checksum: checksumText(this.#writer) }
    this.#release()
    return written
  }

  async abort(): Promise<void> {
    this.#release()
    rmSync(this.#path, { force: true })
  }

  #release(): void {
    this.#writer.close()
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #check(errno: number): void {
    if (errno !== 0) throw fileError(systemError(errno, 'write'), this.#path, 'write')
  }
}

// One gzip member (RFC 1952) of independently compressed deflate blocks, each ended by a sync flush so that they may simply
// follow one another (as `pigz --independent` does). zlib's streams would do as well, but only asynchronously: a user's
// function that emits a million records in one call would pile them up in memory.
class GzipPart implements PartWriter {
  readonly #file: PartFile
  readonly #block = Buffer.allocUnsafeSlow(GZIP_BLOCK_BYTES)
  #filled = 0
  #crc = 0
  #totalBytes = 0

  constructor(file: PartFile) {
    this.#file = file
    // Magic, deflate, no flags, no time, no extra flags, unknown system: the same bytes on every machine and day.
    file.write(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff))
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + GZIP_BLOCK_BYTES - this.#filled)
      this.#block.set(taken, this.#filled)
      this.#filled += taken.length
      at += taken.length
      if (this.#filled === GZIP_BLOCK_BYTES) this.#flush()
    }
  }

  async close(): Promise<WrittenFile> {
    this.#flush()
    const trailer = Buffer.alloc(10)
    // An empty final block, then checksum and size.
    trailer.writeUInt16LE(3, 0)
    trailer.writeUInt32LE(this.#crc, 2)
    trailer.writeUInt32LE(this.#totalBytes % 2 ** 32, 6)
    this.#file.write(trailer)
    return this.#file.close()
  }

  abort(): Promise<void> {
    return this.#file.abort()
  }

  #flush(): void {
    if (this.#filled === 0) return
    const block = this.#block.subarray(0, this.#filled)
    this.#crc = zlib.crc32(block, this.#crc)
    this.#totalBytes += block.length
    this.#file.write(zlib.deflateRawSync(block, { finishFlush: zlib.constants.Z_SYNC_FLUSH }))
    this.#filled = 0
  }
}

/** Formats records and keeps their bytes until they are taken. */
export interface Formatter {
  /** What every part starts with; often empty. */
  readonly header: Uint8Array
  /** @throws EMIT_TYPE if key or value are not of their codecs' types; nothing was added then */
  add(key: unknown, value: unknown): void
  /** Bytes, roughly, that take() would return now. */
  readonly bytes: number
  /** All bytes since the last call. */
  take(): Uint8Array
  /** Takes back what was added since `bytes` was this. */
  cutTo(bytes: number): void
}

/**
 * A formatter for records of JavaScript values. Where the kernels can format the same records they write the same bytes.
 *
 * - `text`: the key; where it is empty, null or undefined, the value
 * - `tsv`, `csv`: the key, then the value's columns; the parts of a tuple are fields of their own. A missing value (NaN;
 *   null or undefined in a named column) is an empty field; json is written as JSON text, bytes as they are
 * - `jsonl`: `{"key": …, "value": …}`, or `{"key": …, "price": …, "qty": …}` for named columns (inside `"value"` if one of
 *   them is called key); bigints are strings of digits, bytes base64, missing values null
 */
export function createFormatter(format: SinkFormat, record: RecordSpec): Formatter {
  if (format.kind === 'jsonl') return new TextFormatter('', jsonLine(record), 'utf8')
  // Text is gathered as one string. Bytes that may be no UTF-8 fit in if each character stands for one byte.
  const encoding = specsOf(record).some(holdsBytes) ? 'latin1' : 'utf8'
  const style = styleOf(format, encoding)
  const header =
    format.kind === 'csv' && format.header ? `${format.header.map(style.quote).join(format.delimiter)}\n` : ''
  const line = format.kind === 'text' ? textLine(record, style) : delimitedLine(record, style)
  return new TextFormatter(header, line, encoding)
}

type LineOf = (key: unknown, value: unknown) => string
type TextOf = (value: unknown) => string

/** How the fields of a line are written. */
interface Style {
  /** `latin1`: the text stands for bytes. */
  encoding: 'latin1' | 'utf8'
  separator: string
  /** Makes a field safe between separators and line ends. */
  quote: (text: string) => string
  /** A line whose one field is empty. */
  emptyLine: string
}

function styleOf(format: Exclude<SinkFormat, { kind: 'jsonl' }>, encoding: Style['encoding']): Style {
  if (format.kind === 'csv') {
    // An empty line would be passed over by readers of CSV.
    return { encoding, separator: format.delimiter, quote: csvField(format.delimiter), emptyLine: '""' }
  }
  const quote = format.kind === 'tsv' && format.escape ? tsvField : asItIs
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
  const keyText = keyTextOf(record.key, style)
  const valueText = valueTextOf(record, style)
  return (key, value) =>
    `${key === undefined || key === null || key === '' ? (valueText?.(value) ?? '') : keyText(key)}\n`
}

function delimitedLine(record: RecordSpec, style: Style): LineOf {
  const { separator } = style
  const keyText = keyTextOf(record.key, style)
  const valueText = valueTextOf(record, style)
  if (valueText) return (key, value) => `${keyText(key)}${separator}${valueText(value)}\n`
  return (key) => `${keyText(key) || style.emptyLine}\n`
}

function keyTextOf(codec: CodecSpec, style: Style): TextOf {
  const text = textOf(codec, style, 'key')
  if (codec !== 'number') return text
  return (key) => {
    if (Number.isNaN(key)) throw emitType(codec, key, 'key')
    return text(key)
  }
}

/** null: a record has no value. */
function valueTextOf({ value }: RecordSpec, style: Style): TextOf | null {
  if (!isColumns(value)) return textOf(value, style, 'value')
  const columns = value.columns.map(({ name, codec, raw }) => ({
    name,
    text: textOf(codec, raw ? { ...style, quote: asItIs } : style, `value.${name}`),
    mayMiss: codec === 'string' || codec === 'number',
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
        if (typeof value !== 'string') throw emitType(codec, value, what)
        return written(value)
      }
    case 'number':
      return (value) => {
        if (typeof value !== 'number') throw emitType(codec, value, what)
        return Number.isNaN(value) ? '' : String(value)
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
      return (value) => written(bufferOf(encode(codec, value)).toString())
  }
}

function jsonLine({ key, value }: RecordSpec): LineOf {
  const keyJson = jsonOf(key, 'key')
  if (!isColumns(value)) {
    const valueJson = jsonOf(value, 'value')
    return (k, v) => `{"key":${keyJson(k)},"value":${valueJson(v)}}\n`
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

/** Whether JSON lines hold a value's columns in an object of their own: beside the key a column of that name would hide it. */
export function nestsColumns(value: ValueSpec): boolean {
  return valueColumns(value).some(({ name }) => name === 'key')
}

function jsonOf(codec: CodecSpec, what: string): TextOf {
  if (typeof codec !== 'string') {
    const parts = codec.tuple.map((part) => jsonOf(part, what))
    return (value) => {
      if (!Array.isArray(value) || value.length !== parts.length) throw emitType(codec, value, what)
      return `[${parts.map((part, i) => part(value[i])).join(',')}]`
    }
  }
  if (codec === 'json') return (value) => bufferOf(encode(codec, value)).toString()
  if (codec === 'bytes') {
    return (value) => {
      if (!(value instanceof Uint8Array)) throw emitType(codec, value, what)
      return `"${bufferOf(value).toString('base64')}"`
    }
  }
  return (value) => {
    if (typeof value !== codec) throw emitType(codec, value, what)
    return typeof value === 'bigint' ? `"${value}"` : JSON.stringify(value)
  }
}

const TSV_SPECIAL = /[\\\t\n\r]/
const TSV_ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function tsvField(text: string): string {
  return TSV_SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (special) => TSV_ESCAPES[special]!) : text
}

function csvField(delimiter: string): (text: string) => string {
  const special = new RegExp(`["\\r\\n${delimiter.replace(/[\\\]^-]/, '\\$&')}]`)
  return (text) => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
}

function specsOf(record: RecordSpec): CodecSpec[] {
  return [record.key, ...valueColumns(record.value).map(({ codec }) => codec)]
}

function holdsBytes(codec: CodecSpec): boolean {
  return typeof codec === 'string' ? codec === 'bytes' : codec.tuple.some(holdsBytes)
}

function propertiesOf(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== 'object') throw emitType('json', value, 'value')
  return value as Record<string, unknown>
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function emitType(codec: CodecSpec, value: unknown, what: string): RunjobError {
  return new RunjobError('EMIT_TYPE', { what, codec: codecName(codec), type: typeName(value), want: codecName(codec) })
}
