/** Converts text of any form to lines of UTF-8 that end in line feeds, chunk by chunk. */
import { TextDecoder } from 'node:util'
import { JsonArrayLines } from './json_array.js'
import type { TextForm } from './text_form.js'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const EMPTY = new Uint8Array(0)

/** Takes a file's decompressed bytes. The result is valid until the next call, and may be the chunk itself, changed. */
export class Transcoder {
  readonly #decoder: TextDecoder | null
  readonly #carriageReturns: boolean
  readonly #lines: JsonArrayLines | null
  /** A carriage return that may have its line feed in the next chunk. */
  #isHeld = false

  constructor(file: string, { encoding, carriageReturns, array }: TextForm) {
    this.#decoder = encoding === null ? null : new TextDecoder(encoding)
    this.#carriageReturns = carriageReturns
    this.#lines = array ? new JsonArrayLines(file) : null
  }

  push(chunk: Uint8Array, last: boolean): Uint8Array {
    let bytes = chunk
    if (this.#decoder) bytes = Buffer.from(this.#decoder.decode(chunk, { stream: !last }))
    if (this.#carriageReturns) bytes = this.#endLines(bytes, last)
    this.#lines?.push(bytes)
    if (last) this.#lines?.end()
    return bytes
  }

  #endLines(chunk: Uint8Array, last: boolean): Uint8Array {
    let bytes = chunk
    if (this.#isHeld) bytes = Buffer.concat([Buffer.of(CARRIAGE_RETURN), chunk])
    this.#isHeld = !last && bytes.at(-1) === CARRIAGE_RETURN
    if (this.#isHeld) bytes = bytes.subarray(0, -1)
    if (bytes.length === 0) return EMPTY
    endLinesInPlace(bytes, -1)
    return bytes
  }
}

/**
 * Turns single carriage returns into line feeds. Those before a line feed stay, and are removed with it.
 *
 * @param following the byte after the chunk; -1: none
 */
export function endLinesInPlace(chunk: Uint8Array, following: number): void {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let at = bytes.indexOf(CARRIAGE_RETURN); at >= 0; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
    const next = at + 1 < bytes.length ? bytes[at + 1] : following
    if (next !== NEWLINE) bytes[at] = NEWLINE
  }
}
