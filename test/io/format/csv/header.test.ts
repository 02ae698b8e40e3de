import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readHeader } from '../../../../dist/src/io/format/csv/header.js'
import { code, inputFile, temporaryFolder } from '../../folder.js'

const dialect = { delimiter: ',', quote: '"' }

test.each<[string, string, string[]]>([
  ['plain names', 'id,name\n1,x\n', ['id', 'name']],
  ['a byte-order mark', '\uFEFFid,name\n', ['id', 'name']],
  ['a byte-order mark before a quote', '\uFEFF"id",name\n', ['id', 'name']],
  ['CRLF', 'id,name\r\n1,x\r\n', ['id', 'name']],
  ['quoted names over two lines', '"i\nd","na,me"\n1,x\n', ['i\nd', 'na,me']],
  ['no line end', 'id,name', ['id', 'name']],
  ['blank lines in front', '\n\r\nid\n', ['id']],
  [
    'a long row',
    `${Array.from({ length: 50_000 }, (_, i) => `column${i}`)}\n1`,
    Array.from({ length: 50_000 }, (_, i) => `column${i}`),
  ],
])('%s', async (_, content, names) => {
  const folder = temporaryFolder()
  expect(await readHeader(inputFile(join(folder, 'a.csv'), content), dialect)).toEqual(names)
  expect(await readHeader(inputFile(join(folder, 'a.csv.gz'), gzipSync(content)), dialect)).toEqual(names)
})

describe('errors name the file', () => {
  test.each([
    ['an empty file', '', 'HEADER_MISSING'],
    ['blank lines', '\n\n', 'HEADER_MISSING'],
    ['a quote that does not end', '"id,name\n1,2\n', 'CSV_UNCLOSED_QUOTE'],
    [
      'a quote that does not end in a large file',
      `"id,name\n${`${'1,2 '.repeat(1000)}\n`.repeat(5000)}`,
      'CSV_UNCLOSED_QUOTE',
    ],
    ['text behind a quote', '"id"x,name\n', 'CSV_BAD_QUOTE'],
  ])('%s', async (_, content, expected) => {
    const file = inputFile(join(temporaryFolder(), 'a.csv'), content)
    await expect(readHeader(file, dialect)).rejects.toMatchObject(code(expected))
  })
})
