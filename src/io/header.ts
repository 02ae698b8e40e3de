/** The first row of a CSV file. */
import { RunjobError } from '../base/errors.js'
import { forEachChunk } from './chunks.js'
import { type CsvDialect, CsvRows } from './csv.js'
import type { InputFile } from './inputs.js'
import { LineDecoder } from './lines.js'

const CHUNK_BYTES = 64 << 10
/** A header that goes on for longer is a quote that does not end. */
const MAX_HEADER_BYTES = 16 << 20

/**
 * Names of the columns, from the first row that is not blank.
 *
 * @throws HEADER_MISSING, CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE
 */
export async function readHeader(file: InputFile, dialect: CsvDialect): Promise<string[]> {
  const rows = new CsvRows(dialect)
  let header: string[] | undefined
  let isFirstLine = true
  const decoder = new LineDecoder({
    exact: true,
    atFileStart: true,
    maxRecordBytes: MAX_HEADER_BYTES,
    onLine: (line) => {
      if (header) return
      header = rows.add(isFirstLine ? line.replace(/^\uFEFF/, '') : line)
      isFirstLine = false
    },
  })
  try {
    await forEachChunk(file, 0, CHUNK_BYTES, { chunkBytes: CHUNK_BYTES }, (chunk, last) => {
      decoder.push(chunk, Number.POSITIVE_INFINITY, last)
      if (!header && rows.pending > MAX_HEADER_BYTES) rows.end()
      return header !== undefined
    })
    if (!header) rows.end()
  } catch (error) {
    throw error instanceof RunjobError ? error.withWhere({ file: file.path, offset: 0 }) : error
  }
  if (!header) throw new RunjobError('HEADER_MISSING', { path: file.path, reason: 'it is empty' })
  return header
}
