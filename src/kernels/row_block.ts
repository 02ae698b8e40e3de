/** Rows for JavaScript: blocks of columns, as native/pipeline/blocks_end.cc writes them. */
import type { Column } from '../plan/type.js'
import { type BlockColumn, BlockReader, readColumn } from './block_column.js'
import type { RowForm } from './rows.js'

export interface RowBlock {
  readonly rows: number
  readonly columns: readonly BlockColumn[]
}

/** A block of rows that are records. */
export interface RecordBlock extends RowBlock {
  /** Where the records start. */
  readonly offsets: Float64Array
  /** Their texts, if they were asked for. */
  readonly texts: BlockColumn | null
}

const TEXT: Column = { name: '', type: 'string', nullable: false }

/** @param columns those that the program of the pipeline names, in its order */
export function readBlocks(bytes: Uint8Array, columns: readonly Column[], form: RowForm): RowBlock[] {
  const reader = new BlockReader(bytes)
  const blocks: RowBlock[] = []
  while (!reader.atEnd) {
    const rows = rowsOf(reader)
    blocks.push({ rows, columns: columns.map((column) => readColumn(reader, rows, column, form)) })
  }
  return blocks
}

export function readRecordBlocks(bytes: Uint8Array, columns: readonly Column[], hasTexts: boolean): RecordBlock[] {
  const reader = new BlockReader(bytes)
  const blocks: RecordBlock[] = []
  while (!reader.atEnd) {
    const rows = rowsOf(reader)
    const offsets = reader.numbers(rows)
    const read = columns.map((column) => readColumn(reader, rows, column, {}))
    blocks.push({ rows, offsets, columns: read, texts: hasTexts ? readColumn(reader, rows, TEXT, {}) : null })
  }
  return blocks
}

/** A block of a call's arguments: columns without a size before them. */
export function readArguments(bytes: Uint8Array, columns: readonly Column[]): RowBlock {
  const reader = new BlockReader(bytes)
  const [rows] = reader.counts()
  return { rows, columns: columns.map((column) => readColumn(reader, rows, column, {})) }
}

function rowsOf(reader: BlockReader): number {
  const [rows] = reader.counts()
  reader.numbers(1)
  return rows
}

const HEAD_BYTES = 16

/** Where the last whole block ends; and how many bytes, from the start, the next one needs to be whole, as far as that is known. */
export function endOfBlocks(bytes: Uint8Array): { end: number; needed: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let end = 0; ; ) {
    if (end + HEAD_BYTES > bytes.length) return { end, needed: HEAD_BYTES }
    const size = HEAD_BYTES + view.getFloat64(end + 8, true)
    if (end + size > bytes.length) return { end, needed: size }
    end += size
  }
}
