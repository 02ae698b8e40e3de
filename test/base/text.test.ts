import { expect, test } from 'vitest'
import { shown } from '../../dist/src/base/text.js'

test.each([
  ['v\r', 'v\\r'],
  ['a\tb\nc\0', 'a\\tb\\nc\\0'],
  ['\u001b[31mred', '\\x1b[31mred'],
  ['\ufeffid', '\\ufeffid'],
  ['zero\u200bwidth', 'zero\\u200bwidth'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['no\u00a0break', 'no\\xa0break'],
  ['\ud800', '\\ud800'],
  ['\u{e0001}', '\\u{e0001}'],
  ['plain ASCII, Zürich, 中文, 😀', 'plain ASCII, Zürich, 中文, 😀'],
])('%j is shown as %j', (text, expected) => {
  expect(shown(text)).toBe(expected)
})
