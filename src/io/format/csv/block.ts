/** Rows of the native CSV reader: a block of text whose slices are the fields. */
import type { CsvBlock } from '../../../kernels/kernels.js'

/** Gives rows their fields. */
export interface FieldSource {
  field(i: number): string
}

/** Shared by the rows of a block; lives as long as any row that has yet to read fields. */
export class BlockText implements FieldSource {
  readonly rows: number
  readonly rowEnds: Uint32Array
  readonly #fields: Int32Array
  readonly #text: string
  readonly #wide: string

  constructor({ bytes, wide, rows, rowEnds, fields }: CsvBlock) {
    this.rows = rows
    this.rowEnds = rowEnds
    this.#fields = fields
    this.#text = bytes.toString('latin1')
    this.#wide = wide.toString('utf16le')
  }

  field(i: number): string {
    const start = this.#fields[2 * i]!
    const end = this.#fields[2 * i + 1]!
    return start >= 0 ? this.#text.slice(start, end) : this.#wide.slice(~start, end)
  }

  /** All fields of row r. */
  row(r: number): string[] {
    const first = r === 0 ? 0 : this.rowEnds[r - 1]!
    return Array.from({ length: this.rowEnds[r]! - first }, (_, i) => this.field(first + i))
  }
}
