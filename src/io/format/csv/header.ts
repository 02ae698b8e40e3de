/** The beginning of a CSV file: lines that are skipped, and the first row. */
import { type ErrorCode, RunjobError } from '../../../base/errors.js'
import { kernels } from '../../../kernels/addon.js'
import type { CsvFormat } from '../../../plan/plan.js'
import { forEachChunk } from '../../input/chunks.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { BlockText } from './block.js'

const NEWLINE = 10
const CHUNK_BYTES = 64 << 10
/** A longer header must be an unclosed quote. */
const MAX_HEADER_BYTES = 16 << 20
/** The line that spreadsheets write before a table to give the delimiter. */
const SEPARATOR_LINE = /^"?sep=(.?)"?$/i

/** The parts of a format that matter before its columns are known. */
type Dialect = Pick<CsvFormat, 'delimiter' | 'quote'> & Partial<CsvFormat>

/** Where a format's skipped lines end. The file's size if there is nothing else. */
async function skippedEnd(file: InputFile, { skip = 0 }: Pick<Dialect, 'skip'>): Promise<number> {
  if (skip === 0) return 0
  let lines = 0
  let start = 0
  await forEachChunk(file, 0, CHUNK_BYTES, { chunkBytes: CHUNK_BYTES }, (chunk) => {
    let at = 0
    while (lines < skip) {
      const newline = chunk.indexOf(NEWLINE, at)
      at = newline < 0 ? chunk.length : newline + 1
      if (newline < 0) break
      lines++
    }
    start += at
    return lines === skip
  })
  return start
}

/** Where a file's first row starts, which may be its header. @throws as readHeader */
export async function firstRowStart(file: InputFile, format: CsvFormat): Promise<number> {
  return format.header ? (await readFirstRow(file, format)).start : skippedEnd(file, format)
}

/**
 * The first row: the first line that is neither skipped, blank nor a comment, and further lines if its quotes span them.
 *
 * @throws HEADER_MISSING, CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE
 */
export async function readHeader(file: InputFile, format: Dialect): Promise<string[]> {
  return (await readFirstRow(file, format)).fields
}

async function readFirstRow(file: InputFile, format: Dialect): Promise<{ start: number; fields: string[] }> {
  const start = await skippedEnd(file, format)
  const reader = kernels.createCsvReader({
    ...format,
    missing: [],
    columns: 0,
    skipBom: start === 0,
    maxRecordBytes: MAX_HEADER_BYTES,
    // Errors after the first row are left to the readers of the rows.
    keepBad: true,
  })
  let row: string[] | undefined
  let rowStart = start
  let quoted = false
  try {
    await forEachChunk(file, start, start + CHUNK_BYTES, { chunkBytes: CHUNK_BYTES }, (chunk, last) => {
      for (let at = 0; row === undefined; at += CHUNK_BYTES) {
        const portion = chunk.subarray(at, at + CHUNK_BYTES)
        const isEnd = at + CHUNK_BYTES >= chunk.length
        quoted ||= format.quote !== null && Buffer.from(portion).includes(format.quote)
        const { block, done } = reader.push(portion, Number.POSITIVE_INFINITY, last && isEnd)
        const [bad] = reader.takeBad()
        if (bad && (block.rows === 0 || bad.offset < reader.rowOffset(0))) {
          const unclosed = bad.code === 'RECORD_TOO_LARGE' && quoted
          const code = unclosed ? 'CSV_UNCLOSED_QUOTE' : (bad.code as ErrorCode)
          throw new RunjobError(code, unclosed ? {} : { detail: bad.detail })
        }
        if (block.rows > 0) row = new BlockText(block).row(0)
        if (row) rowStart += reader.rowOffset(0)
        if (done || isEnd) break
      }
      return row !== undefined
    })
  } catch (error) {
    throw error instanceof RunjobError ? error.withWhere({ file: nameOf(file), offset: start }) : error
  }
  const path = nameOf(file)
  const where = { file: path }
  if (!row) {
    const reason = start > 0 ? 'it ends with the skipped lines' : 'it is empty'
    throw new RunjobError('HEADER_MISSING', { path, reason }, { where })
  }
  const delimiter = SEPARATOR_LINE.exec(row.join(format.delimiter))?.[1]
  if (delimiter !== undefined) {
    const reason = `its first line, "sep=${delimiter}", is not a header but sets the delimiter`
    const skip = (format.skip ?? 0) + 1
    throw new RunjobError('HEADER_MISSING', { path, reason, delimiter, skip }, { where })
  }
  return { start: rowStart, fields: row }
}
