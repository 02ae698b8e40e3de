/** Lines that match a JavaScript regular expression, as the bytes they were read as. */
import { constants, isAscii } from 'node:buffer'
import { RunjobError } from '../base/errors.js'
import { EXCERPT_BYTES, type LineOptions } from '../io/lines.js'

const NEWLINE = 10
const END_OF_LINE = Buffer.from('\n')

export interface RegexpFilterOptions {
  /** The lines that do not match. */
  invert: boolean
  /** A longer line is an error. Upper limit: what a JavaScript string can hold. */
  maxRecordBytes: number
  /** Gets each matching line with its newline; the bytes are valid during the call. */
  write: (line: Uint8Array) => void
  /** As LineDecoder has it. */
  onTooLong?: LineOptions['onTooLong']
}

/** Takes chunks like a native mapper (kernels.ts, Mapper.push). */
export class RegexpFilter {
  readonly #pattern: RegExp
  readonly #options: RegexpFilterOptions
  readonly #maxRecordBytes: number
  #carry: Buffer[] = []
  #carryBytes = 0
  /** First bytes of a line that is too long, while its end is looked for. */
  #skipped: string | null = null
  #chunkStart = 0
  position = 0
  recordsIn = 0
  recordsOut = 0

  constructor(pattern: RegExp, options: RegexpFilterOptions) {
    this.#pattern = pattern
    this.#options = options
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

  /** A part of a line that goes on. */
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

  /** @param end the line's last bytes, newline included; what came before is carried */
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
    const content = line.subarray(0, -1)
    const text = isAscii(content) ? content.toString('latin1') : content.toString('utf8')
    if (this.#pattern.test(text) === this.#options.invert) return
    this.recordsOut++
    this.#options.write(line)
  }

  /** The line at the position. */
  #tooLarge(): RunjobError {
    return new RunjobError('RECORD_TOO_LARGE', { limit: this.#maxRecordBytes }, { where: { offset: this.position } })
  }
}
