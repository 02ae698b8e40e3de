/** What a grep pattern means: the same for plain text and for expressions, and lines are kept unchanged. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { partsOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'

async function grep(
  pattern: string,
  content: string | Uint8Array,
  params: Record<string, boolean> = {},
): Promise<string> {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': content })
  const { output } = await run('grep', join(folder, 'in.txt'), { workers: 1, params: { pattern, ...params } })
  return Buffer.concat(partsOf(output)).toString('latin1')
}

it.each([
  { pattern: 'error$', content: 'error\r\nerrors\r\n', kept: 'error\r\n' },
  { pattern: 'error$', content: 'a\nan error\r', kept: 'an error\r\n' },
  { pattern: '^error', content: '\ufefferror\n\ufefferrors\n', kept: '\xef\xbb\xbferror\n' },
  { pattern: '^$', content: 'a\r\n\r\n\nb\n', kept: '\r\n\n' },
  { pattern: '\\s$', content: 'a\r\nb \r\n', kept: 'b \r\n' },
  { pattern: '^.{3}$', content: 'abc\r\nab\r\n', kept: 'abc\r\n' },
  { pattern: '^[^x]{3}$', content: 'abc\r\nab\r\n', kept: 'abc\r\n' },
  { pattern: 'a$|^c', content: 'b a\r\na b\r\nc\r\n', kept: 'b a\r\nc\r\n' },
  { pattern: 'x\r', content: 'x\r\nx\n', kept: 'x\r\n' },
  { pattern: '\\r$', content: 'x\r\nx\n', kept: 'x\r\n' },
  { pattern: '\\\\rel$', content: 'C:\\rel\r\nrel\r\n', kept: 'C:\\rel\r\n' },
  { pattern: '^\\uFEFF', content: '\ufeffa\nb\n', kept: '\xef\xbb\xbfa\n' },
  { pattern: '^.$', content: Buffer.from('\xff\n\xe9\r\nab\n', 'latin1'), kept: '\xff\n\xe9\r\n' },
])('$pattern keeps $kept of $content', async ({ pattern, content, kept }) => {
  const lines = Buffer.from(content).toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  const rest = lines.filter((line) => !kept.split('\n').slice(0, -1).includes(line)).map((line) => `${line}\n`)
  expect(await grep(pattern, content)).toBe(kept)
  expect(await grep(pattern, content, { invert: true })).toBe(rest.join(''))
})

it('ignoring case is the same for plain text and for expressions: Unicode’s simple case folding', async () => {
  const letters = [
    's',
    'S',
    '\u017f',
    'k',
    'K',
    '\u212a',
    'i',
    'I',
    'ı',
    'İ',
    'ß',
    'ẞ',
    'ss',
    'σ',
    'ς',
    'Σ',
    'é',
    'É',
    'ǆ',
    'ǅ',
  ]
  const content = letters.map((letter) => `<${letter}>\n`).join('')
  for (const letter of letters) {
    const plain = await grep(letter, content, { ignoreCase: true })
    const expression = await grep(`(?:${letter})`, content, { ignoreCase: true })
    const kept = letters.filter((other) => new RegExp(letter, 'iu').test(other)).map((other) => `<${other}>\n`)
    expect(Buffer.from(plain, 'latin1').toString(), letter).toBe(kept.join(''))
    expect(expression, letter).toBe(plain)
  }
})

it.each([
  ['(?i)error', /--ignore-case/],
  ['[[:digit:]]+', /\\d/],
  ['\\<word\\>', /\\b/],
  ['a\\-b', /--literal/],
  ['(?P<year>[0-9]{4})', /\(\?<name>/],
  ['a\nb', /a\|b/],
  ['(', /--literal/],
])('%j is refused, and the hint says what to write', async (pattern, hint) => {
  const error = await failure(grep(pattern, 'x'))
  expect(error).toMatchObject({ code: 'PARAM_INVALID', hint: expect.stringMatching(hint) })
  expect(error.message).not.toMatch(/Invalid regular expression/)
})
