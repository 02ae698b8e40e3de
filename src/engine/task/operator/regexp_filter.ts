/**
 * Lines that match a JavaScript regular expression, as unchanged bytes.
 *
 * The expression sees what a map of lines would: no carriage return before the newline, no byte-order mark at the start of the file. An
 * expression that contains such a character sees the whole line.
 */
import { constants, isAscii } from 'node:buffer'
import { RunjobError } from '../../../base/errors.js'
import { EXCERPT_BYTES, hasByteOrderMark, type LineOptions } from '../../../io/input/lines.js'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const END_OF_LINE = Buffer.from('\n')

export interface RegexpFilterOptions {
  /** The lines that do not match. */
  invert: boolean
  /** Whether the first line is the first of its file. */
  atFileStart: boolean
  /** A longer line is an error. Upper limit: the longest JavaScript string. */
  maxRecordBytes: number
  /** Gets each matching line with its newline; the bytes are valid during the call. */
  write: (line: Uint8Array) => void
  /** As in LineDecoder. */
  onTooLong?: LineOptions['onTooLong']
}

/** Takes chunks like a native mapper (kernels.ts, Mapper.push). */
export class RegexpFilter {
  readonly #pattern: RegExp
  readonly #options: RegexpFilterOptions
  readonly #maxRecordBytes: number
  readonly #seesReturns: boolean
  readonly #mayHaveMark: boolean
  #carry: Buffer[] = []
  #carryBytes = 0
  /** First bytes of a line that is too long, until its end is found. */
  #skipped: string | null = null
  #chunkStart = 0
  position = 0
  recordsIn = 0
  recordsOut = 0

  constructor(pattern: RegExp, options: RegexpFilterOptions) {
    this.#pattern = pattern
    this.#options = options
    // A RegExp's source has line ends as escapes.
    this.#seesReturns = hasEscape(pattern.source, 'r|c[Mm]|x0[dD]|u000[dD]|u\\{0*[dD]\\}')
    const namesMark =
      pattern.source.includes('\ufeff') || hasEscape(pattern.source, 'u(?:[fF][eE][fF]{2}|\\{0*[fF][eE][fF]{2}\\})')
    this.#mayHaveMark = options.atFileStart && !namesMark
    // A line is decoded as one string.
    this.#maxRecordBytes = Math.min(options.maxRecordBytes, constants.MAX_STRING_LENGTH)
  }

  /** @throws RECORD_TOO_LARGE; its offset counts from the start of the first chunk */
  push(chunk: Uint8Array, limit: number, last: boolean): boolean {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let at = 0
    while (this.position < limit) {
      const newline = bytes.indexOf(NEWLINE, at)
      if (newline < 0) break
      this.#line(bytes.subarray(at, newline + 1))
      at = newline + 1
      this.position = this.#chunkStart + at
    }
    if (this.position >= limit) return true
    if (at < bytes.length) this.#keep(bytes.subarray(at))
    this.#chunkStart += bytes.length
    if (last && this.position < this.#chunkStart) {
      this.#line(END_OF_LINE)
      this.position = this.#chunkStart
    }
    return last
  }

  /** A part of a line that continues in the next chunk. */
  #keep(part: Buffer): void {
    if (this.#skipped !== null) return
    this.#carry.push(Buffer.from(part))
    this.#carryBytes += part.length
    if (this.#carryBytes <= this.#maxRecordBytes) return
    if (!this.#options.onTooLong) throw this.#tooLarge()
    this.#skipped = Buffer.concat(this.#carry).toString('utf8', 0, EXCERPT_BYTES)
    this.#carry = []
    this.#carryBytes = 0
  }

  /** @param end the line's last bytes, newline included; earlier bytes are carried over */
  #line(end: Buffer): void {
    this.recordsIn++
    if (this.#skipped !== null) {
      this.#options.onTooLong!(this.#tooLarge(), this.#skipped)
      this.#skipped = null
      return
    }
    const line = this.#carry.length === 0 ? end : Buffer.concat([...this.#carry, end])
    this.#carry = []
    this.#carryBytes = 0
    const content = this.#content(line)
    const text = isAscii(content) ? content.toString('latin1') : content.toString('utf8')
    if (this.#pattern.test(text) === this.#options.invert) return
    this.recordsOut++
    this.#options.write(line)
  }

  /** The part of a line that the expression sees. */
  #content(line: Buffer): Buffer {
    let start = 0
    let end = line.length - 1
    if (!this.#seesReturns && line[end - 1] === CARRIAGE_RETURN) end--
    if (this.#mayHaveMark && this.position === 0 && hasByteOrderMark(line)) start = 3
    return line.subarray(start, end)
  }

  /** The line at the position. */
  #tooLarge(): RunjobError {
    return new RunjobError('RECORD_TOO_LARGE', { limit: this.#maxRecordBytes }, { where: { offset: this.position } })
  }
}

/** Whether a pattern has one of these escapes; an escaped backslash does not begin one. */
function hasEscape(source: string, escapes: string): boolean {
  return new RegExp(`(?<!\\\\)(?:\\\\{2})*\\\\(?:${escapes})`).test(source)
}
