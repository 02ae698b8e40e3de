/**
 * Bytes -> lines as JavaScript strings, for user functions.
 *
 * A chunk is cut at its last newline and decoded as one string, whose slices are the lines: one decode per chunk, and a
 * latin1 decode (a copy) if all bytes are ASCII. Newline bytes never occur inside a UTF-8 sequence, so decoding many
 * lines at once equals decoding each, invalid bytes included (U+FFFD).
 */
import { constants, isAscii } from 'node:buffer'
import { RunjobError } from '../../base/errors.js'
import { kernels } from '../../kernels/addon.js'
import { openChunks } from './chunks.js'
import type { InputFile } from './input_file.js'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
/** Pieces of this size are checked for ASCII, so that one accent does not slow down a whole chunk. */
const BLOCK_BYTES = 64 << 10
/** Excerpt of a line that is too long. */
export const EXCERPT_BYTES = 200

export interface LineOptions {
  /** Keep carriage returns and a byte-order mark: lines are exactly the bytes between newlines. */
  exact: boolean
  /** Lines are bytes: each character is one byte. */
  asBytes?: boolean
  /** Whether the first chunk is the start of the file, where a byte-order mark may be. */
  atFileStart: boolean
  /** A longer line is an error. Default and upper limit: the longest JavaScript string. */
  maxRecordBytes?: number
  /**
   * Called for a longer line, with its offset and its first bytes, instead of throwing RECORD_TOO_LARGE. The line counts in recordsIn.
   */
  onTooLong?: (error: RunjobError, excerpt: string) => void
  /** Called for each line, without its line end. What it throws passes through push(). */
  onLine: (line: string) => void
  /**
   * Takes whole blocks of lines, unless one of them may be too long: `text` is what `bytes` are. Calls `enter` before it uses a line, with
   * the line's number in the block.
   */
  onBlock?: (bytes: Uint8Array, text: string, enter: (line: number) => void) => void
}

/** Cuts chunks into lines, like a native mapper: push() means the same as Mapper.push (kernels.ts). */
export class LineDecoder {
  readonly #exact: boolean
  readonly #asBytes: boolean
  readonly #maxRecordBytes: number
  readonly #onLine: (line: string) => void
  readonly #onBlock: LineOptions['onBlock']
  readonly #onTooLong: LineOptions['onTooLong']
  #atFileStart: boolean
  /** First bytes of a line that is too long, until its end is found. */
  #skipped: string | null = null

  /** Beginning of a line that continues in the next chunk. */
  #carry: Buffer[] = []
  #carryBytes = 0
  /** Bytes of all chunks before the current one. */
  #chunkStart = 0
  #position = 0
  #recordsIn = 0

  // Where the current line of onLine starts, for callers who ask.
  #block: Uint8Array = new Uint8Array(0)
  #blockStart = 0
  #lineIndex = 0
  #countedLines = 0
  #countedStart = 0

  constructor(options: LineOptions) {
    this.#exact = options.exact
    this.#asBytes = options.asBytes ?? false
    this.#atFileStart = options.atFileStart
    // A line is decoded together with its newline.
    this.#maxRecordBytes = Math.min(options.maxRecordBytes ?? Number.POSITIVE_INFINITY, constants.MAX_STRING_LENGTH - 1)
    this.#onLine = options.onLine
    this.#onBlock = options.onBlock
    this.#onTooLong = options.onTooLong
  }

  /** Lines passed to onLine. */
  get recordsIn(): number {
    return this.#recordsIn
  }

  /** Where the next line starts, from the start of the first chunk. */
  get position(): number {
    return this.#position
  }

  /**
   * Where onLine's latest line starts, from the start of the first chunk. For errors: computed on demand, from the line of
   * the previous request. Valid in onLine, and after it threw until the chunk is reused.
   */
  lineStart(): number {
    for (; this.#countedLines < this.#lineIndex; this.#countedLines++) {
      this.#countedStart = this.#block.indexOf(NEWLINE, this.#countedStart) + 1
    }
    return this.#blockStart + this.#countedStart
  }

  /**
   * Takes the next bytes; calls onLine for every line that starts before `limit`.
   *
   * @param limit bytes from the start of the first chunk, or Infinity
   * @param last the input ends with this chunk: the rest is a line even without a newline
   * @returns true once no more is wanted
   * @throws RECORD_TOO_LARGE; its offset counts from the start of the first chunk
   */
  push(chunk: Uint8Array, limit: number, last: boolean): boolean {
    if (this.#position >= limit) return true
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    // The last line that starts before the limit ends with the first newline at limit - 1 or after.
    const limitInChunk = limit - this.#chunkStart
    const beyond = limitInChunk <= bytes.length ? bytes.indexOf(NEWLINE, Math.max(0, limitInChunk - 1)) : -1
    const done = beyond >= 0
    const linesEnd = (done ? beyond : bytes.lastIndexOf(NEWLINE)) + 1

    let at = 0
    if ((this.#carryBytes > 0 || this.#skipped !== null) && linesEnd > 0) {
      at = bytes.indexOf(NEWLINE) + 1
      this.#keep(bytes.subarray(0, at))
      this.#handOutCarry(this.#chunkStart + at)
    }
    while (at < linesEnd) {
      let blockEnd = linesEnd
      if (linesEnd - at > BLOCK_BYTES) {
        const cut = bytes.lastIndexOf(NEWLINE, at + BLOCK_BYTES) + 1
        blockEnd = cut > at ? cut : bytes.indexOf(NEWLINE, at + BLOCK_BYTES) + 1
      }
      this.#handOut(bytes.subarray(at, blockEnd), this.#chunkStart + at)
      at = blockEnd
    }
    if (done) return true

    if (linesEnd < bytes.length) this.#keep(last ? bytes.subarray(linesEnd) : Buffer.from(bytes.subarray(linesEnd)))
    this.#chunkStart += bytes.length
    if (last && (this.#carryBytes > 0 || this.#skipped !== null)) this.#handOutCarry(this.#chunkStart)
    return last
  }

  #keep(bytes: Buffer): void {
    if (this.#skipped !== null) return
    this.#carryBytes += bytes.length
    this.#carry.push(bytes)
    // The newline is not part of the line.
    if (this.#carryBytes - 1 <= this.#maxRecordBytes) return
    if (!this.#onTooLong) throw this.#tooLarge(this.#position)
    const [first, ...rest] = this.#carry
    this.#skipped = excerptOf(first!.length >= EXCERPT_BYTES ? first! : Buffer.concat([first!, ...rest]))
    this.#carry = []
    this.#carryBytes = 0
  }

  /** @param end of the line, newline included */
  #handOutCarry(end: number): void {
    if (this.#skipped !== null) {
      this.#tooLong(this.#position, this.#skipped)
      this.#skipped = null
      this.#position = end
      return
    }
    const line = this.#carry.length === 1 ? this.#carry[0]! : Buffer.concat(this.#carry, this.#carryBytes)
    this.#carry = []
    this.#carryBytes = 0
    this.#handOut(line, this.#position)
  }

  // Lines with their newlines; the very last line of the input may lack it.
  #handOut(block: Buffer, start: number): void {
    this.#block = block
    this.#blockStart = start
    this.#lineIndex = 0
    this.#countedLines = 0
    this.#countedStart = 0
    const bytes = this.#withoutMark(block)
    const isNarrow = this.#asBytes || isAscii(bytes)
    const text = isNarrow ? bytes.toString('latin1') : kernels.decodeUtf8(bytes)
    const checkLength = block.length > this.#maxRecordBytes
    if (this.#onBlock && !checkLength) this.#onBlock(bytes, text, this.#enter)
    else this.#cut(text, checkLength)
    this.#position = start + block.length
  }

  readonly #enter = (line: number): void => {
    this.#recordsIn++
    this.#lineIndex = line
  }

  #cut(text: string, checkLength: boolean): void {
    const onLine = this.#onLine
    const strip = !this.#exact
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf('\n', from)
      const end = newline < 0 ? text.length : newline
      const isCrlf = strip && newline > from && text.charCodeAt(newline - 1) === CARRIAGE_RETURN
      const line = text.slice(from, isCrlf ? end - 1 : end)
      if (checkLength && Buffer.byteLength(line) > this.#maxRecordBytes) {
        this.#tooLong(this.lineStart(), line.slice(0, EXCERPT_BYTES))
      } else {
        this.#recordsIn++
        onLine(line)
      }
      this.#lineIndex++
      from = end + 1
    }
  }

  #withoutMark(block: Buffer): Buffer {
    if (!this.#atFileStart) return block
    this.#atFileStart = false
    return !this.#exact && hasByteOrderMark(block) ? block.subarray(3) : block
  }

  #tooLong(offset: number, excerpt: string): void {
    const error = this.#tooLarge(offset)
    if (!this.#onTooLong) throw error
    this.#recordsIn++
    this.#onTooLong(error, excerpt)
  }

  #tooLarge(offset: number): RunjobError {
    return new RunjobError('RECORD_TOO_LARGE', { limit: this.#maxRecordBytes }, { where: { offset } })
  }
}

/**
 * Where the first line at or after `from` starts: there the reader of a range that begins at `from` begins. The size of the
 * file if there is no such line.
 */
export function findLineStart(file: InputFile, from: number, shouldStop?: () => boolean): number {
  if (from <= 0) return 0
  const chunks = openChunks(file, from - 1, from, shouldStop ? { shouldStop } : {})
  try {
    let at = from - 1
    for (let chunk = chunks.next(); chunk; chunk = chunks.next()) {
      const newline = chunk.indexOf(NEWLINE)
      if (newline >= 0) return at + newline + 1
      at += chunk.length
    }
    return file.sizeBytes
  } finally {
    chunks.close()
  }
}

function excerptOf(bytes: Buffer): string {
  const newline = bytes.indexOf(NEWLINE)
  return bytes.toString('utf8', 0, Math.min(newline < 0 ? bytes.length : newline, EXCERPT_BYTES))
}

export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}
