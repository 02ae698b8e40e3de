/** Rows of CSV as lists of strings, for code that need not be fast: outputs read back, lists in flags. */
import { type CsvReader, fromNative, kernels } from '../../../kernels/addon.js'
import { BlockText } from './block.js'

/** The kernel takes 1 MiB at a time, and a latin1 byte may become two in UTF-8. */
const PORTION_BYTES = 512 << 10

export interface CsvDialect {
  delimiter: string
  /** null: no quoting. */
  quote: string | null
  /** Each character of a field is one byte. */
  asBytes?: boolean
}

/** Reads rows with the same reader as jobs. Blank lines are not rows. */
export class CsvRows {
  readonly #reader: CsvReader
  readonly #asBytes: boolean

  constructor({ delimiter, quote, asBytes = false }: CsvDialect) {
    this.#reader = kernels.createCsvReader({ delimiter, quote, skipBom: false })
    this.#asBytes = asBytes
  }

  /**
   * @param last the text ends with this chunk
   * @returns the rows that it completes
   * @throws CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE, RECORD_TOO_LARGE
   */
  push(chunk: Uint8Array, last: boolean): string[][] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const rows: string[][] = []
    for (let at = 0; at === 0 || at < bytes.length; at += PORTION_BYTES) {
      const portion = bytes.subarray(at, at + PORTION_BYTES)
      const isEnd = last && at + PORTION_BYTES >= bytes.length
      const block = this.#read(this.#asBytes ? Buffer.from(portion.toString('latin1')) : portion, isEnd)
      for (let r = 0; r < block.rows; r++) rows.push(block.row(r))
    }
    return rows
  }

  #read(portion: Uint8Array, last: boolean): BlockText {
    try {
      return new BlockText(this.#reader.push(portion, Number.POSITIVE_INFINITY, last).block)
    } catch (error) {
      throw fromNative(error)
    }
  }
}

/**
 * The only row of a text; undefined if it is blank.
 *
 * @throws CSV_BAD_QUOTE, CSV_UNCLOSED_QUOTE
 */
export function csvRow(text: string, dialect: CsvDialect): string[] | undefined {
  return new CsvRows(dialect).push(Buffer.from(text), true)[0]
}

/** The fields of a row that a kernel wrote: `,` and `"`, no line end. */
export function splitCsvRow(row: string): string[] {
  if (!row.includes('"')) return row.split(',')
  const fields: string[] = []
  for (let at = 0; ; at++) {
    if (row[at] === '"') {
      const start = at + 1
      for (at = row.indexOf('"', start); row[at + 1] === '"'; ) at = row.indexOf('"', at + 2)
      fields.push(row.slice(start, at++).replaceAll('""', '"'))
    } else {
      const start = at
      at = row.indexOf(',', start)
      if (at < 0) at = row.length
      fields.push(row.slice(start, at))
    }
    if (at >= row.length) return fields
  }
}
