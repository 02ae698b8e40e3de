import fc from 'fast-check'
import { parseString } from 'fast-csv'
import { expect, test } from 'vitest'
import { type CsvDialect, CsvRows } from '../../dist/src/io/csv.js'
import { code } from './folder.js'

function parse(text: string, dialect: CsvDialect = { delimiter: ',', quote: '"' }): string[][] {
  const rows = new CsvRows(dialect)
  const lines = text.split('\n')
  const parsed = lines.map((line) => rows.add(line)).filter((row) => row !== undefined)
  rows.end()
  return parsed
}

test.each<[string, string[][]]>([
  [
    'a,b\nc,d\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    'a,b\r\n\r\n\nc,d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    ',\n,,',
    [
      ['', ''],
      ['', '', ''],
    ],
  ],
  ['"a,b","c""d","","e\nf\r\n\ng"\n', [['a,b', 'c"d', '', 'e\nf\r\n\ng']]],
  ['"a"\r\n', [['a']]],
  ['""\n', [['']]],
  ['a"b,c" d\n', [['a"b', 'c" d']]],
  [' "a",b\n', [[' "a"', 'b']]],
  ['"\n"\n""""\n', [['\n'], ['"']]],
])('%j', (text, rows) => {
  expect(parse(text)).toEqual(rows)
})

test('delimiter and quote may be others, or quoting off', () => {
  expect(parse("'a;b';c\n", { delimiter: ';', quote: "'" })).toEqual([['a;b', 'c']])
  expect(parse('"a,b"\n', { delimiter: ',', quote: null })).toEqual([['"a', 'b"']])
})

test('text behind a closing quote is CSV_BAD_QUOTE', () => {
  for (const text of ['"a"b,c\n', '"a" ,c\n', 'x,"a""b"c\n']) {
    expect(() => parse(text)).toThrow(expect.objectContaining(code('CSV_BAD_QUOTE')))
  }
})

test('a quote that does not end is CSV_UNCLOSED_QUOTE', () => {
  for (const text of ['"a', 'x,"a\nb,c\n', '"a""\n']) {
    expect(() => parse(text)).toThrow(expect.objectContaining(code('CSV_UNCLOSED_QUOTE')))
  }
})

test('well-formed rows are what fast-csv makes of them', async () => {
  const field = fc.string({ unit: fc.constantFrom('a', ' ', ',', '"', '\n', '\r', 'é'), maxLength: 6 })
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(rows, async (written) => {
      const text = written.map((row) => `${row.map((f) => `"${f.replaceAll('"', '""')}"`).join(',')}\n`).join('')
      const expected = await new Promise<string[][]>((resolve, reject) => {
        const read: string[][] = []
        parseString(text, { headers: false })
          .on('error', reject)
          .on('data', (row: string[]) => read.push(row))
          .on('end', () => resolve(read))
      })
      expect(parse(text)).toEqual(written)
      expect(expected).toEqual(written)
    }),
    { numRuns: 200 },
  )
})
