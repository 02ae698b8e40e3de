/** Rows of CSV as objects whose fields are decoded when they are asked for. */
import { RunjobError } from '../base/errors.js'
import type { CsvBlock } from '../kernels/kernels.js'

const DOUBLED = 0x8000_0000

/** A block and its text; shared by the rows that were cut from it. */
class BlockText {
  readonly #block: CsvBlock
  readonly #bytes: Buffer
  #text: string | null = null
  readonly #doubled: string

  constructor(block: CsvBlock, quote: string | null) {
    this.#block = block
    this.#bytes = Buffer.from(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength)
    this.#doubled = quote ?? ''
  }

  /** Fields `from` to `end`, with what stands between them and their quotes. */
  fields(from: number, end: number): string {
    const isQuote = (at: number) => this.#doubled !== '' && this.#bytes[at] === this.#doubled.charCodeAt(0)
    const start = this.#block.starts[from]!
    const stop = this.#block.ends[end - 1]! & ~DOUBLED
    return this.#bytes.toString('utf8', isQuote(start - 1) ? start - 1 : start, isQuote(stop) ? stop + 1 : stop)
  }

  field(at: number): string {
    const { starts, ends, ascii } = this.#block
    const start = starts[at]!
    const end = ends[at]!
    const from = end & ~DOUBLED
    let text: string
    if (ascii) {
      const whole = this.#text ?? this.#bytes.toString('latin1')
      this.#text = whole
      text = whole.slice(start, from)
    } else {
      text = this.#bytes.toString('utf8', start, from)
    }
    return end >= DOUBLED ? text.replaceAll(this.#doubled + this.#doubled, this.#doubled) : text
  }
}

/** Properties that no column's name can meet. Not private fields: setting those up takes as long as decoding a field. */
const TEXT = Symbol('text')
const FIRST = Symbol('first')

export type RowFactory = (block: CsvBlock) => {
  /** @throws CSV_SHORT_ROW */
  rowAt(r: number): object
  offsetAt(r: number): number
  /** The row as it stands in the file, to show it. */
  textAt(r: number): string
}

/**
 * Makes the class of rows for these columns: one small object a row, one getter a column.
 *
 * Rows stay valid for as long as they are held; each holds on to its block.
 */
export function createRows(columns: string[], quote: string | null): RowFactory {
  class Row {
    [TEXT]: BlockText;
    [FIRST]: number
    constructor(text: BlockText, first: number) {
      this[TEXT] = text
      this[FIRST] = first
    }
    toJSON(): Record<string, string> {
      return Object.fromEntries(columns.map((name, c) => [name, this[TEXT].field(this[FIRST] + c)]))
    }
  }
  columns.forEach((name, c) => {
    Object.defineProperty(Row.prototype, name, {
      enumerable: true,
      get(this: Row) {
        return this[TEXT].field(this[FIRST] + c)
      },
    })
  })
  return (block) => {
    const text = new BlockText(block, quote)
    return {
      rowAt(r) {
        const first = r === 0 ? 0 : block.rowEnds[r - 1]!
        const count = block.rowEnds[r]! - first
        if (count < columns.length) {
          const detail = `the row has ${count} column${count === 1 ? '' : 's'}, ${columns.length} are needed`
          throw new RunjobError('CSV_SHORT_ROW', { detail }, { where: { offset: block.rowOffsets[r]! } })
        }
        return new Row(text, first)
      },
      offsetAt: (r) => block.rowOffsets[r]!,
      textAt: (r) => text.fields(r === 0 ? 0 : block.rowEnds[r - 1]!, block.rowEnds[r]!),
    }
  }
}
