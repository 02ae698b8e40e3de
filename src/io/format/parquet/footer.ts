/**
 * The footer of a Parquet file: its schema, and where the pages of each column are.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { RunjobError } from '../../../base/errors.js'
import { readRange } from '../../input/chunks.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { readStruct, type Thrift } from './thrift.js'

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
  path: string[]
  physical: number
  codec: number
  values: number
  /** Where its first page starts, and the bytes of all its pages. */
  start: number
  bytes: number
  statistics: Thrift | null
  /** Pages with values; null: unknown. */
  pages: number | null
  columnIndex: Place | null
  offsetIndex: Place | null
  bloomFilter: Place | null
  /** Why its pages cannot be read; null: they can. */
  refused: string | null
}

export interface RowGroup {
  rows: number
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
}

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
export async function readFooter(file: InputFile): Promise<ParquetFooter> {
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
  return parseFooter(name, sizeBytes - TAIL_BYTES - footerBytes, await footerStruct(name, bytes))
}

async function footerStruct(name: string, bytes: Buffer): Promise<Thrift> {
  try {
    return (await readStruct(bytes)).struct
  } catch (error) {
    throw corrupt(name, `its footer cannot be read (${(error as Error).message})`)
  }
}

function parseFooter(name: string, footerStart: number, footer: Thrift): ParquetFooter {
  const read = new Reader(name)
  const schema = read.list(footer.field_2, 'schema').map((element) => schemaElement(read, element))
  const leaves = schema.filter(({ physical }) => physical !== null)
  const orders = Array.isArray(footer.field_7) ? (footer.field_7 as Thrift[]) : []
  return {
    name,
    schema,
    rows: read.count(footer.field_3, 'number of rows'),
    rowGroups: read.list(footer.field_4, 'row groups').map((group): RowGroup => {
      const columns = read.list(group.field_1, 'columns of a row group')
      if (columns.length !== leaves.length)
        throw corrupt(name, `a row group has ${columns.length} columns, the schema ${leaves.length}`)
      const rows = read.count(group.field_3, 'number of rows of a row group')
      // Without rows there need not be pages.
      const endOfPages = rows > 0 ? footerStart : Number.POSITIVE_INFINITY
      return {
        rows,
        columns: columns.map((column, i) => columnChunk(read, endOfPages, footerStart, column, leaves[i]!)),
      }
    }),
    endOfPages: footerStart,
    createdBy: footer.field_6 === undefined ? '' : read.text(footer.field_6, 'writer'),
    ordered: leaves.map((_, i) => orders[i]?.field_1 !== undefined),
  }
}

function schemaElement(read: Reader, element: Thrift): SchemaElement {
  const repetition = element.field_3 === undefined ? 0 : read.count(element.field_3, 'repetition', 2)
  // A union: only one member is set.
  const id = Array.from({ length: LOGICAL_TYPES }, (_, i) => i + 1).find(
    (n) => (element.field_10 as Thrift | undefined)?.[`field_${n}`] !== undefined,
  )
  return {
    name: read.text(element.field_4, 'name of a column'),
    physical: element.field_1 === undefined ? null : read.count(element.field_1, 'type', 7),
    length: element.field_2 === undefined ? 0 : read.count(element.field_2, 'length of a type', 2 ** 31 - 1),
    repetition,
    children: element.field_5 === undefined ? 0 : read.count(element.field_5, 'number of children', 2 ** 31 - 1),
    converted: element.field_6 === undefined ? null : read.count(element.field_6, 'converted type', 255),
    scale: element.field_7 === undefined ? 0 : read.count(element.field_7, 'scale', 255),
    precision: element.field_8 === undefined ? 0 : read.count(element.field_8, 'precision', 255),
    logical:
      id === undefined
        ? null
        : { id, params: read.struct((element.field_10 as Thrift)[`field_${id}`], 'logical type') },
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
    column.field_1 !== undefined
      ? 'has its pages in another file'
      : column.field_8 !== undefined || column.field_9 !== undefined || column.field_3 === undefined
        ? 'is encrypted'
        : null
  if (refused !== null) {
    const none = { path: [leaf.name], physical: leaf.physical!, codec: 0, values: 0, start: 0, bytes: 0, pages: null }
    return { ...none, statistics: null, columnIndex: null, offsetIndex: null, bloomFilter: null, refused }
  }
  const meta = read.struct(column.field_3, 'column of a row group')
  const dataStart = read.count(meta.field_9, 'place of a page')
  // Some writers put 0 where there is no dictionary.
  const dictionaryStart = meta.field_11 === undefined ? 0 : read.count(meta.field_11, 'place of a dictionary')
  const start = dictionaryStart >= 4 && dictionaryStart < dataStart ? dictionaryStart : dataStart
  const bytes = read.count(meta.field_7, 'bytes of a column')
  const path = read.texts(meta.field_3, 'path of a column')
  if (Number.isFinite(endOfPages) && (start < 4 || start + bytes > endOfPages))
    throw corrupt(read.name, `its pages at ${start}, ${bytes} bytes, are not in the file`, path.join('.'))
  const physical = read.count(meta.field_1, 'type of a column', 7)
  if (physical !== leaf.physical) throw corrupt(read.name, 'its type is not that of the schema', path.join('.'))
  // Without these, all pages are read: a wrong one is no reason to refuse the file.
  const place = (start: unknown, bytes: unknown) => placeOf(footerStart, start, bytes)
  return {
    path,
    physical,
    codec: read.count(meta.field_4, 'codec', 255),
    values: read.count(meta.field_5, 'number of values'),
    start,
    bytes,
    statistics: meta.field_12 === undefined ? null : read.struct(meta.field_12, 'statistics'),
    pages: dataPages(meta.field_13),
    offsetIndex: place(column.field_4, column.field_5),
    columnIndex: place(column.field_6, column.field_7),
    bloomFilter: place(meta.field_14, meta.field_15),
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

/** @param stats how many pages there are of each kind and encoding */
function dataPages(stats: unknown): number | null {
  if (!Array.isArray(stats)) return null
  const pages = (stats as Thrift[]).filter((one) => one?.field_1 !== DICTIONARY_PAGE)
  const count = pages.reduce((sum, one) => sum + Number(one?.field_3), 0)
  return Number.isSafeInteger(count) ? count : null
}

/** Checks what a footer holds: it may hold anything. */
class Reader {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  count(value: unknown, what: string, most: number = Number.MAX_SAFE_INTEGER): number {
    const number = typeof value === 'bigint' ? Number(value) : value
    if (Number.isInteger(number) && (number as number) >= 0 && (number as number) <= most) return number as number
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  text(value: unknown, what: string): string {
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  texts(value: unknown, what: string): string[] {
    if (!Array.isArray(value)) throw corrupt(this.name, `the ${what} in its footer is wrong`)
    return value.map((one) => this.text(one, what))
  }

  struct(value: unknown, what: string): Thrift {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Thrift
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
