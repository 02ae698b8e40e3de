/** The form of an output's records: only records of the same form may be appended. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { RunjobError } from '../../base/errors.js'
import { isColumns, isRow } from '../../plan/codec.js'
import { isBinary } from '../../plan/columns.js'
import type { OutputCompression, ParquetCodec, RecordSpec, SinkFormat } from '../../plan/plan.js'
import { type Column, typeText } from '../../plan/type.js'
import { csvRow } from '../format/csv/rows.js'
import { columnsOfFile } from '../format/file_columns.js'
import { fieldCount, nestsColumns } from './fields.js'
import { headerBytes } from './formatter.js'
import { isPartitionFolder, PART_NAME, partEnding, partitionOf, partsAmong } from './names.js'

/** Outputs of one form may be appended to each other. */
export interface OutputForm {
  /** The ending of its parts' names: `.csv.gz`. */
  ending: string
  /** Its header row with the line end; empty if it has none. */
  header: string
  delimiter: string | null
  /** Fields of a line, if they can be counted. */
  fields: number | null
  /** Names in a JSON line. */
  names: string[] | null
  /** Of Parquet and Avro. */
  columns?: Column[]
  /** Of Avro, whose header says it for all blocks. */
  codec?: ParquetCodec
  /** The columns that its folders are named after; absent: its parts are in no such folders. */
  partitionBy?: readonly string[]
}

/** @param columns of a data frame's rows; undefined: records of keys and values */
export function formOf(
  format: SinkFormat,
  compress: OutputCompression | null,
  record: RecordSpec,
  columns?: readonly Column[],
  partitionBy?: readonly string[],
): OutputForm {
  const isCounted = format.kind === 'csv' || (format.kind === 'tsv' && format.escape)
  return {
    ending: partEnding(format, compress),
    header: Buffer.from(headerBytes(format)).toString(),
    delimiter: format.kind === 'csv' ? format.delimiter : format.kind === 'tsv' ? '\t' : null,
    fields: isCounted ? (columns?.length ?? fieldCount(record)) : null,
    names: format.kind === 'jsonl' && !format.bare ? (columns?.map(({ name }) => name) ?? namesOf(record)) : null,
    ...(isBinary(format) ? { columns: [...columns!] } : {}),
    ...(format.kind === 'avro' ? { codec: format.codec } : {}),
    ...(partitionBy ? { partitionBy } : {}),
  }
}

function namesOf({ value }: RecordSpec): string[] {
  if (isRow(value) && !nestsColumns(value)) return ['key', ...value.row.flat()]
  if (!isColumns(value) || nestsColumns(value)) return ['key', 'value']
  return ['key', ...value.columns.map(({ name }) => name)]
}

/** @throws OUTPUT_DIFFERENT */
export function requireSameForm(path: string, found: OutputForm, wanted: OutputForm): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return
  throw new RunjobError('OUTPUT_DIFFERENT', { path, found: describe(found), wanted: describe(wanted) })
}

/**
 * Checks whether parts of this form may be added to a folder, by the names of its parts and the first line of one.
 *
 * @throws OUTPUT_DIFFERENT
 */
export function requireFormOfParts(dir: string, wanted: OutputForm): void {
  const folder = folderOfParts(dir, wanted)
  const parts = existsSync(folder) ? readdirSync(folder).filter((name) => PART_NAME.test(name)) : []
  const fail = (found: string) => {
    throw new RunjobError('OUTPUT_DIFFERENT', { path: dir, found, wanted: describe(wanted) })
  }
  for (const name of parts) {
    const ending = name.slice(name.indexOf('.'))
    if (ending !== wanted.ending) fail(`${name}, which ends in ${ending}`)
  }
  for (const name of parts.sort()) {
    const start = startOf(join(folder, name))
    if (start === null) return
    if (start === '') continue
    if (wanted.header !== '' && !start.startsWith(wanted.header)) fail(`rows under ${excerpt(firstLine(start))}`)
    const line = firstLine(start)
    if (wanted.names) {
      const names = namesIn(line)
      if (names && names.join() !== wanted.names.join()) fail(`objects of ${names.join(', ')}`)
    } else if (wanted.fields !== null && wanted.header === '') {
      const fields = fieldsIn(line, wanted.delimiter!)
      if (fields !== null && fields !== wanted.fields) fail(`lines of ${fields} fields`)
    }
    return
  }
}

/**
 * Where an output has parts: its first folder of values, if it should have them.
 *
 * @throws OUTPUT_DIFFERENT if it has them and should not, or the other way round, or they are of other columns
 */
function folderOfParts(dir: string, wanted: OutputForm): string {
  const { partitionBy = [] } = wanted
  let folder = dir
  for (let depth = 0; existsSync(folder); depth++) {
    const entries = readdirSync(folder, { withFileTypes: true })
    const name = partitionBy[depth]
    const odd = entries.find((entry) => {
      if (entry.isDirectory()) return isPartitionFolder(entry.name) && partitionOf(entry.name) !== name
      return name !== undefined && PART_NAME.test(entry.name)
    })
    if (odd) {
      throw new RunjobError('OUTPUT_DIFFERENT', {
        path: dir,
        found: relative(dir, join(folder, odd.name)),
        wanted: describe(wanted),
      })
    }
    const next = entries.find((entry) => entry.isDirectory() && isPartitionFolder(entry.name))
    if (name === undefined || !next) break
    folder = join(folder, next.name)
  }
  return folder
}

/**
 * Checks whether parts of Parquet or Avro may be added to a folder, by what one of its parts says.
 *
 * @throws OUTPUT_DIFFERENT; and what columnsOfFile throws
 */
export async function requireColumnsOfParts(dir: string, wanted: OutputForm): Promise<void> {
  if (!wanted.columns) return
  const folder = folderOfParts(dir, wanted)
  const part = existsSync(folder) ? partsAmong(readdirSync(folder))[0] : undefined
  if (part === undefined) return
  const path = join(folder, part)
  const { size, mtimeMs } = statSync(path)
  const found = await columnsOfFile(wanted.codec === undefined ? 'parquet' : 'avro', {
    path,
    sizeBytes: size,
    mtimeMs,
    compression: 'none',
  })
  // What may be missing is up to each part.
  const known = (columns: readonly Column[]) => columns.map(({ name, type }) => [name, typeText(type)])
  if (JSON.stringify(known(found)) === JSON.stringify(known(wanted.columns!))) return
  requireSameForm(dir, { ...wanted, columns: found }, wanted)
}

/**
 * Checks that a folder has no parts of its own, so that outputs may be added that are folders in it.
 *
 * @throws OUTPUT_DIFFERENT
 */
export function requireNoParts(dir: string, names: readonly string[]): void {
  const found = readdirSync(dir).find((name) => PART_NAME.test(name))
  if (found !== undefined) {
    throw new RunjobError('OUTPUT_DIFFERENT', { path: dir, found, wanted: `the folders ${names.join(', ')}` })
  }
}

/**
 * Checks that a folder without parts of its own has no outputs that are folders in it, but those with these names, so that parts may be added.
 *
 * @throws OUTPUT_DIFFERENT
 */
export function requireNoOthers(dir: string, names: readonly string[]): void {
  const entries = readdirSync(dir, { withFileTypes: true })
  if (entries.some(({ name }) => PART_NAME.test(name))) return
  const isOutput = (name: string) => readdirSync(join(dir, name)).some((part) => PART_NAME.test(part))
  const isOther = (name: string) => !names.includes(name) && !isPartitionFolder(name) && isOutput(name)
  const other = entries.find((entry) => entry.isDirectory() && isOther(entry.name))
  if (other)
    throw new RunjobError('OUTPUT_DIFFERENT', { path: dir, found: `the output ${other.name}`, wanted: 'parts' })
}

const START_BYTES = 64 << 10

/** Text at the start of a part; null if it cannot be read here. */
function startOf(path: string): string | null {
  if (path.endsWith('.zst')) return null
  const buffer = Buffer.alloc(START_BYTES)
  const fd = openSync(path, 'r')
  try {
    const bytes = buffer.subarray(0, readSync(fd, buffer))
    // The cut-off beginning is decompressed as far as possible.
    return (path.endsWith('.gz') ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes).toString()
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'))
}

/** null: the first row spans several lines, or is not a row. */
function fieldsIn(line: string, delimiter: string): number | null {
  if (delimiter === '\t') return line.split('\t').length
  try {
    return csvRow(line, { delimiter, quote: '"' })?.length ?? null
  } catch {
    return null
  }
}

function namesIn(line: string): string[] | null {
  try {
    return Object.keys(JSON.parse(line))
  } catch {
    return null
  }
}

function describe(form: OutputForm): string {
  const { partitionBy } = form
  return `${describeRows(form)}${partitionBy ? `, in folders by ${partitionBy.join(', ')}` : ''}`
}

function describeRows({ ending, header, fields, names, columns, codec }: OutputForm): string {
  if (columns) return `${ending.slice(1)}${codec ? ` (${codec})` : ''} of ${columnsText(columns)}`
  if (header !== '') return `${ending.slice(1)} under ${excerpt(firstLine(header))}`
  if (names) return `${ending.slice(1)}, objects of ${names.join(', ')}`
  return fields === null ? ending.slice(1) : `${ending.slice(1)} of ${fields} field${fields === 1 ? '' : 's'}`
}

function columnsText(columns: readonly Column[]): string {
  return columns.map(({ name, type, nullable }) => `${name} ${typeText(type)}${nullable ? '' : ' not null'}`).join(', ')
}

function excerpt(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line)
}
