/**
 * Turns a file that is one JSON array into JSON lines: one element per line. Every byte becomes one byte, so that offsets stay those of the
 * file: commas between elements become line ends, and line ends within elements become blanks.
 */
import { RunjobError } from '../../base/errors.js'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLANK = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Turns an array into lines, chunk after chunk. */
export class JsonArrayLines {
  readonly #file: string
  /** Offset of the next chunk in the file. */
  #offset = 0
  /** Number of open brackets and braces; 0 before the array. */
  #depth = 0
  #isString = false
  #isEscaped = false
  /** The current element has begun. */
  #hasElement = false
  /** After a comma: an element must follow. */
  #afterComma = false
  #isOver = false

  constructor(file: string) {
    this.#file = file
  }

  /** Rewrites a chunk in place. @throws JSON_ARRAY_INVALID */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#isString) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#isString = false
        // Not valid anywhere in JSON: the element is bad, and stays one line.
        else if (byte === NEWLINE) chunk[at] = CARRIAGE_RETURN
      } else if (byte === BLANK || (byte >= 9 && byte <= 13)) {
        chunk[at] = BLANK
      } else if (this.#depth === 0) {
        this.#outside(chunk, at, byte)
      } else {
        this.#inside(chunk, at, byte)
      }
    }
    this.#offset += chunk.length
  }

  /** After the last chunk. @throws JSON_ARRAY_INVALID */
  end(): void {
    if (!this.#isOver) throw this.#invalid('it does not end: its closing bracket is missing', this.#offset)
  }

  #outside(chunk: Uint8Array, at: number, byte: number): void {
    // A byte-order mark.
    if (!this.#isOver && this.#offset + at < 3 && byte >= 0xbb && byte <= 0xef) {
      chunk[at] = BLANK
    } else if (!this.#isOver && byte === OPEN_BRACKET) {
      this.#depth = 1
      chunk[at] = BLANK
    } else {
      const problem = this.#isOver ? 'something follows its closing bracket' : 'the file does not begin with a bracket'
      throw this.#invalid(problem, this.#offset + at)
    }
  }

  #inside(chunk: Uint8Array, at: number, byte: number): void {
    const isTop = this.#depth === 1
    if (isTop && byte === COMMA && this.#hasElement) {
      this.#hasElement = false
      this.#afterComma = true
      chunk[at] = NEWLINE
      return
    }
    if (isTop && byte === CLOSE_BRACKET) {
      this.#depth = 0
      this.#isOver = true
      // A comma before it has no element: the rest there is not JSON.
      if (this.#hasElement || !this.#afterComma) chunk[at] = BLANK
      return
    }
    this.#hasElement = true
    if (byte === QUOTE) this.#isString = true
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) this.#depth++
    else if (!isTop && (byte === CLOSE_BRACKET || byte === CLOSE_BRACE)) this.#depth--
  }

  #invalid(problem: string, offset: number): RunjobError {
    return new RunjobError('JSON_ARRAY_INVALID', { path: this.#file, problem }, { where: { file: this.#file, offset } })
  }
}

/**
 * Whether a JSON file whose first character is a bracket is one array, not JSON lines whose values are arrays. It is if its first value
 * spans several lines, or if the first line is the only one and holds objects, or nothing.
 *
 * @param sample the beginning of the file
 * @param isCut whether the file continues after it
 */
export function holdsOneArray(sample: Uint8Array, isCut: boolean): boolean {
  let depth = 0
  let isString = false
  let holdsObjects: boolean | undefined
  let at = sample[0] === 0xef ? 3 : 0
  for (; at < sample.length; at++) {
    const byte = sample[at]!
    if (isString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) isString = false
      continue
    }
    if ((byte === NEWLINE || byte === CARRIAGE_RETURN) && depth > 0) return true
    if (byte === BLANK || (byte >= 9 && byte <= 13)) continue
    if (depth === 1) holdsObjects ??= byte === OPEN_BRACE || byte === CLOSE_BRACKET
    if (byte === QUOTE) isString = true
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++
    else if ((byte === CLOSE_BRACKET || byte === CLOSE_BRACE) && --depth === 0) break
  }
  if (at >= sample.length) return holdsObjects ?? false
  const isAlone = !isCut && sample.subarray(at + 1).every((byte) => byte === BLANK || (byte >= 9 && byte <= 13))
  return isAlone && holdsObjects === true
}
