/** Rows of CSV as objects whose fields are cut out of their block's text when they are asked for. */
import { RunjobError } from '../base/errors.js'
import type { CsvBlock } from '../kernels/kernels.js'

/** What the rows of one block share; it lives as long as one of them. */
export class BlockText {
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
}

/** Properties that no column's name can meet. Not private fields: setting those up takes as long as cutting out a field. */
const BLOCK = Symbol('block')
const FIRST = Symbol('first')

/**
 * Row r of a block. It stays valid for as long as it is held, and holds on to its block.
 *
 * @throws CSV_SHORT_ROW
 */
export type RowFactory = (block: BlockText, r: number) => object

/** Makes the class of rows for these columns: one small object a row, one getter a column. */
export function createRows(columns: string[]): RowFactory {
  class Row {
    [BLOCK]: BlockText;
    [FIRST]: number
    constructor(block: BlockText, first: number) {
      this[BLOCK] = block
      this[FIRST] = first
    }
    toJSON(): Record<string, string> {
      return Object.fromEntries(columns.map((name, c) => [name, this[BLOCK].field(this[FIRST] + c)]))
    }
  }
  columns.forEach((name, c) => {
    Object.defineProperty(Row.prototype, name, {
      enumerable: true,
      get(this: Row) {
        return this[BLOCK].field(this[FIRST] + c)
      },
    })
  })
  return (block, r) => {
    const first = r === 0 ? 0 : block.rowEnds[r - 1]!
    const count = block.rowEnds[r]! - first
    if (count < columns.length) {
      const detail = `the row has ${count} column${count === 1 ? '' : 's'}, ${columns.length} are needed`
      throw new RunjobError('CSV_SHORT_ROW', { detail })
    }
    return new Row(block, first)
  }
}
