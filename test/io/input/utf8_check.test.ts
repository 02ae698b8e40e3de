import { isUtf8 } from 'node:buffer'
import { expect, test } from 'vitest'
import { Utf8Check } from '../../../dist/src/io/input/utf8_check.js'
import { Random } from '../../helpers/random.js'

/** Where the line starts that has the first bytes which are no UTF-8; -1: there is none. */
function firstInvalid(text: Buffer): number {
  for (let start = 0; start <= text.length; ) {
    const newline = text.indexOf(10, start)
    const end = newline < 0 ? text.length : newline
    if (!isUtf8(text.subarray(start, end))) return start
    start = end + 1
  }
  return -1
}

const PIECES = ['a', 'bc\n', 'é', '\u20ac\n', '\u{1f600}', 'plain text\n'].map((text) => Buffer.from(text))
const WRONG = [[0xff], [0xe2, 0x82], [0x80], [0xc3], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf]].map(
  (bytes) => Buffer.from(bytes),
)

test('text is UTF-8 or not however it is cut, and the line is found where it is', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = new Random(seed)
    const parts = random.times(1 + random.below(30), () => PIECES[random.below(PIECES.length)]!)
    if (seed % 2 === 1) parts.splice(random.below(parts.length + 1), 0, WRONG[random.below(WRONG.length)]!)
    const text = Buffer.concat(parts)
    const expected = firstInvalid(text)
    const check = new Utf8Check()
    const chunkBytes = 1 + random.below(12)
    for (let at = 0; at < text.length; at += chunkBytes) {
      check.see(text.subarray(at, at + chunkBytes), at + chunkBytes >= text.length)
    }
    // A chunk knows no line that began before it.
    if (expected < 0) expect(check.invalidAt, `seed ${seed}`).toBe(-1)
    else expect(check.invalidAt, `seed ${seed}`).toBeGreaterThanOrEqual(expected)
    const whole = new Utf8Check()
    whole.see(text, true)
    expect(whole.invalidAt, `seed ${seed}`).toBe(expected)
  }
})
