/**
 * The footer of a Parquet file: its schema, and where the pages of each column are.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { RunjobError } from '../../../base/errors.js'
import { fromNative, kernels } from '../../../kernels/addon.js'
import { readRange } from '../../input/chunks.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { type RowGroup, rowGroups } from './row_groups.js'
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

function parseFooter(name: string, footerStart: number, bytes: Buffer): ParquetFooter {
  const { numbers, end } = readRowGroups(name, footerStart, bytes)
  const footer = footerStruct(name, bytes, end)
  const read = new Reader(name)
  const schema = read.list(footer[2], 'schema').map((element) => schemaElement(read, element))
  const leaves = schema.filter(({ physical }) => physical !== null)
  const orders = Array.isArray(footer[7]) ? (footer[7] as Thrift[]) : []
  return {
    name,
    schema,
    rows: read.count(footer[3], 'number of rows'),
    rowGroups: wrongWith(name, () => rowGroups(bytes, numbers, leaves)),
    endOfPages: footerStart,
    createdBy: footer[6] === undefined ? '' : read.text(footer[6], 'writer'),
    ordered: leaves.map((_, i) => orders[i]?.[1] !== undefined),
  }
}

/** Most of a footer is about row groups. */
function readRowGroups(name: string, start: number, bytes: Buffer): { numbers: Float64Array; end: number } {
  try {
    const groups = kernels.readRowGroups(bytes, start)
    if (groups.end === 0) throw corrupt(name, 'the row groups in its footer is wrong')
    return groups
  } catch (error) {
    const known = fromNative(error)
    if (!(known instanceof RunjobError) || known === error) throw known
    throw new RunjobError(known.code, { path: name, ...known.params }, { where: { file: name }, cause: error })
  }
}

/** The fields that are not about row groups. */
function footerStruct(name: string, bytes: Buffer, endOfGroups: number): Thrift {
  return wrongWith(
    name,
    () => readStruct(bytes, { 2: 'all', 3: 'all', 4: endOfGroups, 6: 'all', 7: 'all' }).struct,
    (reason) => `its footer cannot be read (${reason})`,
  )
}

function wrongWith<T>(name: string, read: () => T, reason: (said: string) => string = (said) => said): T {
  try {
    return read()
  } catch (error) {
    throw corrupt(name, reason((error as Error).message))
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

/** Checks what a footer holds: it may hold anything. */
class Reader {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  count(value: unknown, what: string, most: number = Number.MAX_SAFE_INTEGER): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  text(value: unknown, what: string): string {
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    throw corrupt(this.name, `the ${what} in its footer is wrong`)
  }

  struct(value: unknown, what: string): Thrift {
    const isStruct =
      typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
    if (isStruct) return value as Thrift
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
