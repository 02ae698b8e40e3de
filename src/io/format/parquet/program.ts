/** What native code must know to read columns of a Parquet file: native/parquet/leaf.h. */
import { ProgramWriter } from '../../../kernels/program.js'
import { type Column, sameType, type Type } from '../../../plan/type.js'
import type { InputFile } from '../../input/input_file.js'
import { type ParquetFooter, unsupported } from './footer.js'
import { type PagePlace, readOffsetIndex } from './page_index.js'
import { BYTE_ARRAY } from './physical.js'
import { allRows, type RowRange } from './ranges.js'
import type { RowGroup } from './row_groups.js'
import { type Leaf, type ParquetColumn, type ParquetNode, parquetColumns } from './schema.js'
import { canHold, conflict } from './unite.js'

const NULL = 0
const LEAF = 1
const STRUCT = 2
const LIST = 3

/** Reads rows of these columns, in this order, from a file that may have others. */
export class ParquetProgram {
  readonly bytes: Uint8Array
  readonly #footer: ParquetFooter
  readonly #uncounted: number
  readonly #leaves: Leaf[] = []

  /**
   * @param columns by name; what the file lacks is null. Types may be wider than the file's.
   * @throws SCHEMA_CONFLICT, PARQUET_UNSUPPORTED, PARQUET_CORRUPT
   */
  constructor(footer: ParquetFooter, columns: readonly Column[]) {
    this.#footer = footer
    this.#uncounted = forgetsHeaders(footer.createdBy) ? UNCOUNTED_BYTES : 0
    const own = parquetColumns(footer)
    const nodes = columns.map((column) => {
      const found = own.find(({ name }) => name === column.name)
      if (!found) return null
      if (!canRead(column.type, found)) throw conflict(column.name, footer.name, found.type, null, column.type)
      return found
    })
    const writer = new ProgramWriter()
    for (const [i, node] of nodes.entries()) this.#find(node, columns[i]!.type)
    writer.schema(columns).count(this.#leaves.length)
    for (const leaf of this.#leaves) {
      writer.text(leaf.path).byte(leaf.physical).count(leaf.length)
      writer.byte(leaf.maxDefinition).byte(leaf.maxRepetition).byte(leaf.readAs).type(leaf.type)
    }
    for (const [i, node] of nodes.entries()) this.#write(writer, node, columns[i]!.type)
    this.bytes = writer.take()
  }

  /**
   * Places of the pages that are read, for ParquetScan.open().
   *
   * @param ranges of rows that are read; default: all
   * @param pages by leaf of the file, where an offset index has been read
   */
  group(
    { rows, columns }: RowGroup,
    ranges: readonly RowRange[] = allRows(rows),
    pages?: ReadonlyMap<number, readonly PagePlace[]>,
  ): Uint8Array {
    const writer = new ProgramWriter()
    writer.long(BigInt(rows)).count(ranges.length)
    for (const { start, end } of ranges) writer.long(BigInt(start)).long(BigInt(end))
    for (const { index, path } of this.#leaves) {
      const { refused, codec, start, bytes } = columns[index]!
      if (refused !== null) throw unsupported(this.#footer.name, refused, path)
      const uncounted = Math.min(this.#uncounted, Math.max(0, this.#footer.endOfPages - start - bytes))
      writer.byte(codec).long(BigInt(start)).long(BigInt(bytes)).count(uncounted)
      const places = pages?.get(index) ?? []
      writer.count(places.length)
      for (const { offset, firstRow } of places) writer.long(BigInt(offset)).long(BigInt(firstRow))
    }
    return writer.take()
  }

  /** Whether tasks may share the row group, because most pages before a row are passed over without being decompressed. */
  canCut({ columns }: RowGroup): boolean {
    if (columns.some(({ refused }) => refused !== null)) return false
    return this.#leaves.every(({ index, maxRepetition }) => {
      const { offsetIndex, pages } = columns[index]!
      // Without an index, only levels say where rows of lists begin.
      return offsetIndex
        ? pages === null || pages >= MIN_CUT_PAGES
        : maxRepetition === 0 && (pages ?? 0) >= MIN_CUT_PAGES
    })
  }

  /** The offset indexes of what is read, for group(). */
  pagesOf(file: InputFile, { rows, columns }: RowGroup): Map<number, PagePlace[]> {
    const pages = new Map<number, PagePlace[]>()
    for (const { index } of this.#leaves) {
      const places = readOffsetIndex(file, columns[index]!, rows)
      if (places) pages.set(index, places)
    }
    return pages
  }

  /** Bytes of the pages that are read. */
  bytesOf({ columns }: RowGroup): number {
    return this.#leaves.reduce((sum, { index }) => sum + columns[index]!.bytes, 0)
  }

  #find(column: ParquetColumn | null, type: Type): void {
    if (!column) return
    const { node } = column
    if (node.kind === 'leaf') this.#leaves.push(node.leaf)
    else for (const [child, childType] of childrenOf(node, type)) this.#find(child, childType)
  }

  #write(writer: ProgramWriter, column: ParquetColumn | null, type: Type): void {
    if (!column) {
      writer.byte(NULL)
      return
    }
    const { node } = column
    switch (node.kind) {
      case 'leaf':
        writer.byte(LEAF).count(this.#leaves.indexOf(node.leaf))
        return
      case 'struct':
        writer.byte(STRUCT).byte(node.definition)
        break
      case 'list':
        writer.byte(LIST).byte(node.definition).byte(node.entry).byte(node.repetition)
    }
    for (const [child, childType] of childrenOf(node, type)) this.#write(writer, child, childType)
  }
}

/** Where a row group is cut, a page of each column is read twice. */
const MIN_CUT_PAGES = 16

/** A header of a dictionary is shorter. */
const UNCOUNTED_BYTES = 100

/** Until 1.2.9, parquet-mr did not count the header of the dictionary among a column's bytes (PARQUET-816). */
function forgetsHeaders(createdBy: string): boolean {
  const [, version] = /^parquet-mr(?: version ([\d.]+))?/.exec(createdBy) ?? [null, null]
  if (version === null) return false
  const [major = 0, minor = 0, patch = 0] = (version ?? '0').split('.').map(Number)
  return major < 1 || (major === 1 && (minor < 2 || (minor === 2 && patch < 9)))
}

/** The parts of a value of the type, as the file has them; null: it does not. */
function childrenOf(node: Exclude<ParquetNode, { kind: 'leaf' }>, type: Type): [ParquetColumn | null, Type][] {
  if (typeof type === 'string') return []
  if (node.kind === 'list') return type.type === 'array' ? [[node.element, type.element]] : []
  if (type.type !== 'struct') return []
  return type.fields.map((field) => [node.fields.find(({ name }) => name === field.name) ?? null, field.type])
}

/** A declared schema may ask for a little more than what values can always be widened to. */
function canRead(type: Type, { type: own, node }: ParquetColumn): boolean {
  if (node.kind === 'leaf') {
    const isTime = (one: Type) => one === 'timestamp' || one === 'timestamp_ntz'
    if (sameType(type, own) || canHold(type, own) || (isTime(type) && isTime(own))) return true
    // Old writers do not say that bytes are text.
    return type === 'string' && own === 'binary' && node.leaf.physical === BYTE_ARRAY
  }
  const children = childrenOf(node, type)
  // Something must tell which values are null.
  return (
    children.some(([child]) => child !== null) &&
    children.every(([child, childType]) => child === null || canRead(childType, child))
  )
}
