/** How large the files of a data frame are. Rows are counted only where they may decide: whether a side of a join is small. */
import { open } from 'node:fs/promises'
import type { Size } from '../dataset/rules/cardinality.js'
import { MAX_SMALL_BYTES, MAX_SMALL_ROWS } from '../dataset/rules/choose_join.js'
import { countRows } from '../io/format/avro/blocks.js'
import { readHeader } from '../io/format/avro/container.js'
import { readFooter } from '../io/format/parquet/footer.js'
import { ParquetSize } from '../io/format/parquet/size.js'
import type { InputFile } from '../io/input/input_file.js'
import { isOfText } from '../io/input/text_form.js'
import type { Format } from '../plan/plan.js'

/** Opening more takes too long. */
const MOST_FILES = 100
/** A file that is compressed as a whole says nothing of its content. Text that repeats itself becomes so many times larger at most, or nearly. */
const COMPRESSION_FACTOR = 50
const SHORT_ROW_BYTES = 25
/** What the columns of a file of Parquet or Avro become in memory. */
const BINARY_FACTOR = 5
const BLOCK_BYTES = 1 << 20

export async function sizeOf(format: Format, files: readonly InputFile[]): Promise<Size> {
  const bytes = files.reduce((sum, file) => sum + bytesOfFile(format, file), 0)
  if (format.kind === 'parquet' && files.length <= MOST_FILES) return sizeOfParquet(files)
  const total: Size = { bytes, rows: 0 }
  if (bytes > MAX_SMALL_BYTES || files.length > MOST_FILES) return { bytes, rows: Number.POSITIVE_INFINITY }
  for (const file of files) {
    total.rows += await rowsOfFile(format, file)
    if (total.rows > MAX_SMALL_ROWS) return total
  }
  return files.every(({ compression }) => compression === 'none') ? { ...total, counted: 'nearly' } : total
}

function bytesOfFile(format: Format, { sizeBytes, compression }: InputFile): number {
  if (!isOfText(format) && compression === 'none') return sizeBytes * BINARY_FACTOR
  return compression === 'none' ? sizeBytes : sizeBytes * COMPRESSION_FACTOR
}

function sizeOfParquet(files: readonly InputFile[]): Size {
  const size = new ParquetSize()
  for (const file of files) size.add(readFooter(file))
  const columns = [...size.columns].map(([name, { bytes, isUnique, least, greatest }]) => {
    const bits = (8 * bytes) / Math.max(1, size.rows)
    return [name, { bytes: bytes * BINARY_FACTOR, isUnique, bits, least, greatest }] as const
  })
  const bytes = columns.reduce((sum, [, column]) => sum + column.bytes, 0)
  return { bytes, rows: size.rows, counted: 'exactly', columns: new Map(columns) }
}

/** At most. */
async function rowsOfFile(format: Format, file: InputFile): Promise<number> {
  if (file.compression !== 'none') return bytesOfFile(format, file) / SHORT_ROW_BYTES
  if (format.kind === 'avro') return countRows(file, await readHeader(file), MAX_SMALL_ROWS)
  // Every row ends in one, or, of JSON, starts with one. More than there are rows is no harm.
  const mark = format.kind === 'jsonl' ? '{' : file.form?.carriageReturns ? '\r' : '\n'
  return 1 + (await countOf(file, mark.charCodeAt(0)))
}

/** How often a byte is in a file; it stops beyond MAX_SMALL_ROWS. */
async function countOf({ path, sizeBytes }: InputFile, byte: number): Promise<number> {
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes))
  const handle = await open(path)
  try {
    let count = 0
    for (let at = 0; at < sizeBytes && count <= MAX_SMALL_ROWS; ) {
      const { bytesRead } = await handle.read(block, 0, Math.min(block.length, sizeBytes - at), at)
      if (bytesRead === 0) break
      const read = block.subarray(0, bytesRead)
      for (let i = read.indexOf(byte); i >= 0; i = read.indexOf(byte, i + 1)) count++
      at += bytesRead
    }
    return count
  } finally {
    await handle.close()
  }
}
