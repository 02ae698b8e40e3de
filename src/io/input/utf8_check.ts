/** Checks chunk by chunk whether text is UTF-8: decoding replaces other bytes by U+FFFD. */
import { isAscii, isUtf8 } from 'node:buffer'

const NEWLINE = 10

export class Utf8Check {
  /** The beginning of a character at the end of the last chunk. */
  #cut: Uint8Array = new Uint8Array(0)
  #offset = 0
  /** Start of the line with the first bytes that are not UTF-8, or of the chunk if that starts in the line; -1: none so far. */
  invalidAt = -1

  /** @returns whether the chunk is ASCII */
  see(chunk: Uint8Array, last: boolean): boolean {
    const ascii = isAscii(chunk)
    if (this.invalidAt >= 0) return ascii
    if (this.#cut.length > 0 || !ascii) this.#check(chunk, last)
    this.#offset += chunk.length
    return ascii
  }

  #check(chunk: Uint8Array, last: boolean): void {
    let start = 0
    while (start < 3 && isContinuation(chunk[start])) start++
    if (start === chunk.length && this.#cut.length + start < 4 && !last) {
      this.#cut = Buffer.concat([this.#cut, chunk])
      return
    }
    const end = last ? chunk.length : Math.max(start, completeEnd(chunk))
    if (!isUtf8(Buffer.concat([this.#cut, chunk.subarray(0, start)]))) this.invalidAt = this.#offset
    else if (!isUtf8(chunk.subarray(start, end)))
      this.invalidAt = this.#offset + start + firstInvalidLine(chunk.subarray(start))
    this.#cut = Uint8Array.from(chunk.subarray(end))
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0
}

/** Where the last character starts, if it is cut off; otherwise the end. */
export function completeEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) break
    if (byte >= 0xc0) return characterBytes(byte) > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

function characterBytes(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
}

function firstInvalidLine(chunk: Uint8Array): number {
  for (let start = 0; ; ) {
    const newline = chunk.indexOf(NEWLINE, start)
    if (newline < 0 || !isUtf8(chunk.subarray(start, newline))) return start
    start = newline + 1
  }
}
