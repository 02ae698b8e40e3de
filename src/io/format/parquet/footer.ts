/**
 * The footer of a Parquet file: its schema, and where the pages of each column are.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { RunjobError } from '../../../base/errors.js'
import { readRange } from '../../input/chunks.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { readList, readStruct, type Thrift, Unread, type Wanted } from './thrift.js'

/** A node of the schema, which is listed parents first. */
export interface SchemaElement {
  name: string
  /** Absent: a group. */
  physical: number | null
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  length: number
  /** 0 required, 1 optional, 2 repeated. */
  repetition: number
  children: number
  /** Of the old enumeration; null: none. */
  converted: number | null
  scale: number
  precision: number
  /** The number and the parameters of the member that is set; null: none, or one that we do not know. */
  logical: { id: number; params: Thrift } | null
}

/** Bytes of the file; some writers do not say how many. */
export interface Place {
  start: number
  bytes: number | null
}

/** The pages of a column in a row group. */
export interface ColumnChunk {
  physical: number
  codec: number
  values: number
  /** Where its first page starts, and the bytes of all its pages. */
  start: number
  bytes: number
  /** statisticsOf() reads them. */
  statistics: Unread | null
  /** How many pages there are of each kind and encoding: countPages() reads it. */
  pageCounts: Unread | null
  columnIndex: Place | null
  offsetIndex: Place | null
  bloomFilter: Place | null
  /** Why its pages cannot be read; null: they can. */
  refused: string | null
}

export interface RowGroup {
  rows: number
  /** The bytes of the file that have all its pages that can be read; none: 0 to 0. */
  start: number
  end: number
  /** In the order of the schema's leaves. */
  columns: ColumnChunk[]
}

export interface ParquetFooter {
  /** Of the file. */
  name: string
  schema: SchemaElement[]
  rows: number
  rowGroups: RowGroup[]
  /** Where the footer begins. */
  endOfPages: number
  createdBy: string
  /** Of each leaf: whether its minima and maxima are ordered as its type says. */
  ordered: boolean[]
  /** The footer as it is in the file, where what is unread is. */
  bytes: Buffer
}

/** Most of a footer is about columns that a query does not read. */
const COLUMN_META: Wanted = {
  1: 'all',
  3: 'place',
  4: 'all',
  5: 'all',
  7: 'all',
  9: 'all',
  11: 'all',
  12: 'place',
  13: 'place',
  14: 'all',
  15: 'all',
}
const COLUMN: Wanted = { 1: 'place', 3: COLUMN_META, 4: 'all', 5: 'all', 6: 'all', 7: 'all', 8: 'place', 9: 'place' }
const FOOTER: Wanted = { 2: 'all', 3: 'all', 4: { 1: COLUMN, 3: 'all' }, 6: 'all', 7: 'all' }

const MAGIC = 0x31524150
const MAGIC_ENCRYPTED = 0x45524150
const TAIL_BYTES = 8
/** Most footers are shorter. */
const GUESS_BYTES = 64 << 10
const LOGICAL_TYPES = 19

/**
 * Reads the footer.
 *
 * @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED if the file is encrypted
 */
export function readFooter(file: InputFile): ParquetFooter {
  const name = nameOf(file)
  if (file.compression !== 'none') {
    const help = 'Decompress it first, and read that: Parquet is compressed inside, page by page.'
    throw unsupported(name, `is compressed as a whole, with ${file.compression}`).withParams({ help })
  }
  const { sizeBytes } = file
  if (sizeBytes < 4 + TAIL_BYTES) throw corrupt(name, `it has only ${sizeBytes} bytes`)
  const guess = Buffer.from(readRange(file, Math.max(0, sizeBytes - GUESS_BYTES), Math.min(sizeBytes, GUESS_BYTES)))
  const magic = guess.readUInt32LE(guess.length - 4)
  if (magic === MAGIC_ENCRYPTED) throw unsupported(name, 'is encrypted')
  if (magic !== MAGIC) throw corrupt(name, 'it does not end with PAR1: it is cut off, or no Parquet file')
  const footerBytes = guess.readUInt32LE(guess.length - TAIL_BYTES)
  if (footerBytes > sizeBytes - 4 - TAIL_BYTES) throw corrupt(name, `its footer would have ${footerBytes} bytes`)
  const bytes =
    footerBytes + TAIL_BYTES <= guess.length
      ? guess.subarray(guess.length - TAIL_BYTES - footerBytes, guess.length - TAIL_BYTES)
      : Buffer.from(readRange(file, sizeBytes - TAIL_BYTES - footerBytes, footerBytes))
  return parseFooter(name, sizeBytes - TAIL_BYTES - footerBytes, bytes)
}

function footerStruct(name: string, bytes: Buffer): Thrift {
  try {
    return readStruct(bytes, FOOTER).struct
  } catch (error) {
    throw corrupt(name, `its footer cannot be read (${(error as Error).message})`)
  }
}

function parseFooter(name: string, footerStart: number, bytes: Buffer): ParquetFooter {
  const footer = footerStruct(name, bytes)
  const read = new Reader(name, bytes)
  const schema = read.list(footer[2], 'schema').map((element) => schemaElement(read, element))
  const leaves = schema.filter(({ physical }) => physical !== null)
  const orders = Array.isArray(footer[7]) ? (footer[7] as Thrift[]) : []
  return {
    name,
    schema,
    rows: read.count(footer[3], 'number of rows'),
    rowGroups: read.list(footer[4], 'row groups').map((group) => rowGroup(read, footerStart, group, leaves)),
    endOfPages: footerStart,
    createdBy: footer[6] === undefined ? '' : read.text(footer[6], 'writer'),
    ordered: leaves.map((_, i) => orders[i]?.[1] !== undefined),
    bytes,
  }
}

function rowGroup(read: Reader, footerStart: number, group: Thrift, leaves: readonly SchemaElement[]): RowGroup {
  const listed = read.list(group[1], 'columns of a row group')
  if (listed.length !== leaves.length)
    throw corrupt(read.name, `a row group has ${listed.length} columns, the schema ${leaves.length}`)
  const rows = read.count(group[3], 'number of rows of a row group')
  // Without rows there need not be pages.
  const endOfPages = rows > 0 ? footerStart : Number.POSITIVE_INFINITY
  const columns = listed.map((column, i) => columnChunk(read, endOfPages, footerStart, column, leaves[i]!))
  const placed = columns.filter(({ refused }) => refused === null)
  return {
    rows,
    start:
      placed.length === 0 ? 0 : placed.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY),
    end: placed.reduce((most, { start, bytes }) => Math.max(most, start + bytes), 0),
    columns,
  }
}

function schemaElement(read: Reader, element: Thrift): SchemaElement {
  const repetition = element[3] === undefined ? 0 : read.count(element[3], 'repetition', 2)
  // A union: only one member is set.
  const id = Array.from({ length: LOGICAL_TYPES }, (_, i) => i + 1).find(
    (n) => (element[10] as Thrift | undefined)?.[n] !== undefined,
  )
  return {
    name: read.text(element[4], 'name of a column'),
    physical: element[1] === undefined ? null : read.count(element[1], 'type', 7),
    length: element[2] === undefined ? 0 : read.count(element[2], 'length of a type', 2 ** 31 - 1),
    repetition,
    children: element[5] === undefined ? 0 : read.count(element[5], 'number of children', 2 ** 31 - 1),
    converted: element[6] === undefined ? null : read.count(element[6], 'converted type', 255),
    scale: element[7] === undefined ? 0 : read.count(element[7], 'scale', 255),
    precision: element[8] === undefined ? 0 : read.count(element[8], 'precision', 255),
    logical: id === undefined ? null : { id, params: read.struct((element[10] as Thrift)[id], 'logical type') },
  }
}

function columnChunk(
  read: Reader,
  endOfPages: number,
  footerStart: number,
  column: Thrift,
  leaf: SchemaElement,
): ColumnChunk {
  const refused =
    column[1] !== undefined
      ? 'has its pages in another file'
      : column[8] !== undefined || column[9] !== undefined || column[3] === undefined
        ? 'is encrypted'
        : null
  if (refused !== null) {
    const none = {
      physical: leaf.physical!,
      codec: 0,
      values: 0,
      start: 0,
      bytes: 0,
      statistics: null,
      pageCounts: null,
    }
    return { ...none, columnIndex: null, offsetIndex: null, bloomFilter: null, refused }
  }
  const meta = read.struct(column[3], 'column of a row group')
  const dataStart = read.count(meta[9], 'place of a page')
  // Some writers put 0 where there is no dictionary.
  const dictionaryStart = meta[11] === undefined ? 0 : read.count(meta[11], 'place of a dictionary')
  const start = dictionaryStart >= 4 && dictionaryStart < dataStart ? dictionaryStart : dataStart
  const bytes = read.count(meta[7], 'bytes of a column')
  if (Number.isFinite(endOfPages) && (start < 4 || start + bytes > endOfPages))
    throw corrupt(read.name, `its pages at ${start}, ${bytes} bytes, are not in the file`, read.path(meta[3]))
  const physical = read.count(meta[1], 'type of a column', 7)
  if (physical !== leaf.physical) throw corrupt(read.name, 'its type is not that of the schema', read.path(meta[3]))
  // Without these, all pages are read: a wrong one is no reason to refuse the file.
  const place = (start: unknown, bytes: unknown) => placeOf(footerStart, start, bytes)
  return {
    physical,
    codec: read.count(meta[4], 'codec', 255),
    values: read.count(meta[5], 'number of values'),
    start,
    bytes,
    statistics: meta[12] === undefined ? null : read.unread(meta[12], 'statistics'),
    pageCounts: meta[13] instanceof Unread && !meta[13].isStruct ? meta[13] : null,
    offsetIndex: place(column[4], column[5]),
    columnIndex: place(column[6], column[7]),
    bloomFilter: place(meta[14], meta[15]),
    refused: null,
  }
}

function placeOf(footerStart: number, start: unknown, bytes: unknown): Place | null {
  const first = Number(start)
  const size = bytes === undefined ? null : Number(bytes)
  const isSound = Number.isSafeInteger(first) && first >= 4 && first < footerStart
  if (!isSound || (size !== null && !(size > 0 && first + size <= footerStart))) return null
  return { start: first, bytes: size }
}

const DICTIONARY_PAGE = 2

/** Pages of a column with values; null: unknown. */
export function countPages({ bytes }: ParquetFooter, { pageCounts }: ColumnChunk): number | null {
  if (!pageCounts) return null
  const counts = readList(bytes.subarray(pageCounts.start, pageCounts.end)) as Thrift[]
  const pages = counts.filter((one) => one[1] !== DICTIONARY_PAGE)
  const count = pages.reduce((sum, one) => sum + Number(one[3]), 0)
  return Number.isSafeInteger(count) ? count : null
}

/** What is said of the values of a column in a row group; null: nothing. */
export function statisticsOf({ bytes }: ParquetFooter, { statistics }: ColumnChunk): Thrift | null {
  return statistics && readStruct(bytes.subarray(statistics.start, statistics.end)).struct
}

/** Checks what a footer holds: it may hold anything. */
class Reader {
  readonly name: string
  readonly #bytes: Buffer

  constructor(name: string, bytes: Buffer) {
    this.name = name
    this.#bytes = bytes
  }

  count(value: unknown, what: string, most: number = Number.MAX_SAFE_INTEGER): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  text(value: unknown, what: string): string {
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  /** As in an error; undefined: it cannot be told. */
  path(value: unknown): string | undefined {
    if (!(value instanceof Unread) || value.isStruct) return undefined
    const names = readList(this.#bytes.subarray(value.start, value.end))
    return names.map((name) => this.text(name, 'path of a column')).join('.')
  }

  struct(value: unknown, what: string): Thrift {
    const isStruct =
      typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    if (isStruct) return value as Thrift
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  unread(value: unknown, what: string): Unread {
    if (value instanceof Unread && value.isStruct) return value
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  list(value: unknown, what: string): Thrift[] {
    if (!Array.isArray(value)) throw corrupt(this.name, `the ${what} in its footer is wrong`)
    return value.map((one) => this.struct(one, what))
  }
}

export function corrupt(name: string, reason: string, column?: string): RunjobError {
  const said = column === undefined ? reason : `column "${column}": ${reason}`
  return new RunjobError('PARQUET_CORRUPT', { path: name, reason: said }, { where: { file: name } })
}

/** @param what as in "is encrypted" */
export function unsupported(name: string, what: string, column?: string): RunjobError {
  const reason = `${column === undefined ? 'it' : `column "${column}"`} ${what}`
  return new RunjobError('PARQUET_UNSUPPORTED', { path: name, reason }, { where: { file: name } })
}
