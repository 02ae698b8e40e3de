import { expect, test } from 'vitest'
import { lowercaseTable } from '../../dist/src/kernels/unicode.js'

test('the lowercase table holds this engine’s answer for every code point', () => {
  const table = lowercaseTable()
  const wrong: string[] = []
  for (let c = 0; c < table.length; c++) {
    const text = String.fromCodePoint(c)
    const lower = [...text.toLowerCase()]
    let want = lower[0]!.codePointAt(0)!
    if (lower.length > 1) want += 2 ** 29
    if (/\p{Case_Ignorable}/u.test(text)) want += 2 ** 30
    if (/\p{Cased}/u.test(text)) want += 2 ** 31
    // Lone surrogates stand for themselves and never occur in UTF-8.
    if (want !== table[c]) wrong.push(c.toString(16))
  }
  expect(wrong).toEqual([])
})

test('no code point beyond the table has a lower case or is cased', () => {
  const wrong: string[] = []
  for (let c = lowercaseTable().length; c < 0x110000; c++) {
    const text = String.fromCodePoint(c)
    if (text.toLowerCase() !== text || /\p{Cased}/u.test(text)) wrong.push(c.toString(16))
  }
  expect(wrong).toEqual([])
})
