/** Rows of CSV as JavaScript strings, for the few that are not worth a kernel: header rows, and outputs that are read back. */
import { RunjobError } from '../base/errors.js'

export interface CsvDialect {
  delimiter: string
  /** null: no quoting. */
  quote: string | null
}

/** Puts rows together out of lines (RFC 4180; LF or CRLF): a quoted field may go on in the next line. */
export class CsvRows {
  readonly #delimiter: string
  readonly #quote: string | null
  #fields: string[] = []
  /** Text so far of a quoted field that has not ended. */
  #open: string | null = null

  constructor({ delimiter, quote }: CsvDialect) {
    this.#delimiter = delimiter
    this.#quote = quote
  }

  /** Characters that are kept of a row that has not ended. */
  get pending(): number {
    return this.#open?.length ?? 0
  }

  /**
   * @param line the next line, without its LF but with a CR before it
   * @returns the row that ends in this line; undefined if there is none: blank lines are no rows
   * @throws CSV_BAD_QUOTE
   */
  add(line: string): string[] | undefined {
    const end = line.endsWith('\r') ? line.length - 1 : line.length
    if (this.#open === null && end === 0) return undefined
    for (let at = 0; ; at++) {
      if (this.#open !== null || (this.#quote !== null && line[at] === this.#quote)) {
        at = this.#takeQuoted(line, this.#open === null ? at + 1 : at)
        if (at < 0) return undefined
        if (at < end && line[at] !== this.#delimiter) {
          throw new RunjobError('CSV_BAD_QUOTE', {
            detail: `text follows the closing quote of field ${this.#fields.length}`,
          })
        }
      } else {
        const delimiter = line.indexOf(this.#delimiter, at)
        const fieldEnd = delimiter < 0 ? end : delimiter
        this.#fields.push(line.slice(at, fieldEnd))
        at = fieldEnd
      }
      if (at >= end) {
        const row = this.#fields
        this.#fields = []
        return row
      }
    }
  }

  /**
   * After the last line.
   *
   * @throws CSV_UNCLOSED_QUOTE
   */
  end(): void {
    if (this.#open !== null) throw new RunjobError('CSV_UNCLOSED_QUOTE')
  }

  // From behind the opening quote to behind the closing one; -1 if the line ends first.
  #takeQuoted(line: string, start: number): number {
    const quote = this.#quote!
    let text = this.#open ?? ''
    for (let from = start; ; ) {
      const found = line.indexOf(quote, from)
      if (found < 0) {
        this.#open = `${text}${line.slice(from)}\n`
        return -1
      }
      if (line[found + 1] !== quote) {
        this.#fields.push(text + line.slice(from, found))
        this.#open = null
        return found + 1
      }
      text += line.slice(from, found + 1)
      from = found + 2
    }
  }
}
