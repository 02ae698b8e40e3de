import { expect, test } from 'vitest'
import { escapeTsv, unescapeTsv } from '../../../dist/src/io/format/tsv.js'

test.each([
  ['plain', 'plain'],
  ['a\tb\nc\rd', 'a\\tb\\nc\\rd'],
  ['C:\\new', 'C:\\\\new'],
  ['\\\t', '\\\\\\t'],
])('%j is written as %j, and read back', (text, field) => {
  expect(escapeTsv(text)).toBe(field)
  expect(unescapeTsv(field)).toBe(text)
})
