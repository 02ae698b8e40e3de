/** Lines that match a JavaScript regular expression, as the bytes they were read as. */
import { constants, isAscii } from 'node:buffer'
import { RunjobError } from '../base/errors.js'

const NEWLINE = 10
const END_OF_LINE = Buffer.from('\n')

/** Takes chunks like a native mapper (kernels.ts, Mapper.push). */
export class RegexpFilter {
  readonly #pattern: RegExp
  readonly #invert: boolean
  readonly #write: (line: Uint8Array) => void
  readonly #maxRecordBytes: number
  #carry: Buffer[] = []
  #carryBytes = 0
  #chunkStart = 0
  position = 0
  recordsIn = 0
  recordsOut = 0

  /**
   * @param maxRecordBytes a longer line is RECORD_TOO_LARGE
   * @param write gets each matching line with its newline; the bytes are valid during the call
   */
  constructor(pattern: RegExp, invert: boolean, maxRecordBytes: number, write: (line: Uint8Array) => void) {
    this.#pattern = pattern
    this.#invert = invert
    // A line is decoded as one string.
    this.#maxRecordBytes = Math.min(maxRecordBytes, constants.MAX_STRING_LENGTH)
    this.#write = write
  }

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
    if (at < bytes.length) {
      this.#carry.push(Buffer.from(bytes.subarray(at)))
      this.#carryBytes += bytes.length - at
      if (this.#carryBytes > this.#maxRecordBytes) {
        throw new RunjobError('RECORD_TOO_LARGE', { limit: this.#maxRecordBytes }, { where: { offset: this.position } })
      }
    }
    this.#chunkStart += bytes.length
    if (last && this.#carry.length > 0) {
      this.#line(END_OF_LINE)
      this.position = this.#chunkStart
    }
    return last
  }

  /** @param end the line's last bytes, newline included; what came before is carried */
  #line(end: Buffer): void {
    const line = this.#carry.length === 0 ? end : Buffer.concat([...this.#carry, end])
    this.#carry = []
    this.#carryBytes = 0
    this.recordsIn++
    const content = line.subarray(0, -1)
    const text = isAscii(content) ? content.toString('latin1') : content.toString('utf8')
    if (this.#pattern.test(text) === this.#invert) return
    this.recordsOut++
    this.#write(line)
  }
}
