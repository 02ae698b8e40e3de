/** Lines to sort, and lines to make distinct. */
import { type Fill, FULL } from './blocks.js'
import { Random } from './random.js'

const NEWLINE = 10
const SPACE = 32
/** 64 letters in byte order: six bits each. */
const letters = new TextEncoder().encode('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz')

const LINE_BYTES = 100

/**
 * 100 bytes each, the line end included: a random key of 10, the line's number as 32 hexadecimal digits, filler.
 *
 * Source: the layout of gensort, sortbenchmark.org.
 */
export function sortLines(count: number, seed: number): Fill {
  const random = new Random(seed)
  let line = 0
  return (block) => {
    const { bytes } = block
    let at = 0
    for (; at < FULL && line < count; line++, at += LINE_BYTES) {
      putLetters(random.next(), 5, bytes, at)
      putLetters(random.next(), 5, bytes, at + 5)
      bytes[at + 10] = bytes[at + 11] = SPACE
      putHex(line, bytes, at + 12)
      bytes[at + 44] = bytes[at + 45] = SPACE
      bytes.fill(65 + (line % 26), at + 46, at + 99)
      bytes[at + 99] = NEWLINE
    }
    return at
  }
}

/** Lines are drawn from x times fewer values, with (1 - e^-x) / x = 1/2, so that half of them are distinct. */
const VALUES_PER_LINE = 1 / 1.5936

/** 12 letters each; half of the lines occur for the first time. */
export function repeatedLines(count: number, seed: number): Fill {
  const random = new Random(seed)
  const values = Math.ceil(count * VALUES_PER_LINE)
  let left = count
  return (block) => {
    const { bytes } = block
    let at = 0
    for (; at < FULL && left > 0; left--, at += 13) {
      const value = random.below(values)
      // One to one modulo 2^32, so different values are different lines.
      const scattered = Math.imul(value, 0x9e3779b1)
      putLetters(scattered, 6, bytes, at)
      putLetters(Math.imul(value, 0x85ebca6b) ^ (scattered >>> 15), 6, bytes, at + 6)
      bytes[at + 12] = NEWLINE
    }
    return at
  }
}

/** Six letters take all 32 bits. */
function putLetters(bits: number, count: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < count; i++) out[at + i] = letters[(bits >>> (6 * i)) & 63]!
}

function putHex(n: number, out: Uint8Array, at: number): void {
  let rest = n
  for (let i = at + 31; i >= at; i--) {
    const digit = rest % 16
    out[i] = digit < 10 ? 48 + digit : 55 + digit
    rest = Math.floor(rest / 16)
  }
}
