/** How large the files of a data frame are, as far as it matters: whether they fit in memory. */
import { open } from 'node:fs/promises'
import type { Size } from '../dataset/rules/choose_broadcast.js'
import { readFooter } from '../io/format/parquet/footer.js'
import type { InputFile } from '../io/input/input_file.js'
import type { Format } from '../plan/plan.js'

/** Nobody asks for the rows of larger ones. */
const MOST_BYTES = 32 * 2 ** 20
const MOST_FILES = 100
const MOST_ROWS = 2 ** 20
/** A file that is compressed as a whole says nothing of its content. Text that repeats itself becomes so many times larger at most, or nearly. */
const MOST_COMPRESSED_BYTES = 256 << 10
const COMPRESSION_FACTOR = 50
const SHORT_ROW_BYTES = 25
/** What the columns of a Parquet file become in memory. */
const PARQUET_FACTOR = 5
const BLOCK_BYTES = 1 << 20

/** Bytes and at most so many rows; null: too many to matter. */
export async function sizeOf(format: Format, files: readonly InputFile[]): Promise<Size | null> {
  const onDisk = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  if (onDisk > MOST_BYTES || files.length > MOST_FILES) return null
  const total: Size = { bytes: 0, rows: 0 }
  for (const file of files) {
    const size = await sizeOfFile(format, file)
    total.bytes += size.bytes
    total.rows += size.rows
    if (total.bytes > MOST_BYTES || total.rows > MOST_ROWS) return null
  }
  return total
}

async function sizeOfFile(format: Format, file: InputFile): Promise<Size> {
  const { sizeBytes } = file
  if (format.kind === 'parquet') return { bytes: sizeBytes * PARQUET_FACTOR, rows: (await readFooter(file)).rows }
  if (file.compression !== 'none') {
    if (sizeBytes > MOST_COMPRESSED_BYTES) return { bytes: Infinity, rows: Infinity }
    const bytes = sizeBytes * COMPRESSION_FACTOR
    return { bytes, rows: bytes / SHORT_ROW_BYTES }
  }
  // Every row ends in one, or, of JSON, starts with one. More than there are rows is no harm.
  const mark = format.kind === 'jsonl' ? '{' : file.form?.carriageReturns ? '\r' : '\n'
  return { bytes: sizeBytes, rows: 1 + (await countOf(file, mark.charCodeAt(0))) }
}

/** How often a byte is in a file; it stops beyond MOST_ROWS. */
async function countOf({ path, sizeBytes }: InputFile, byte: number): Promise<number> {
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, sizeBytes))
  const handle = await open(path)
  try {
    let count = 0
    for (let at = 0; at < sizeBytes && count <= MOST_ROWS; ) {
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
