import fc from 'fast-check'
import { parseString } from 'fast-csv'
import { expect, test } from 'vitest'
import { type CsvDialect, CsvRows, csvRow } from '../../../../dist/src/io/format/csv/rows.js'
import { code } from '../../folder.js'

function parse(text: string, dialect: CsvDialect = { delimiter: ',', quote: '"' }): string[][] {
  return new CsvRows(dialect).push(Buffer.from(text), true)
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

test('delimiter and quote may differ, or quoting may be off', () => {
  expect(parse("'a;b';c\n", { delimiter: ';', quote: "'" })).toEqual([['a;b', 'c']])
  expect(parse('"a,b"\n', { delimiter: ',', quote: null })).toEqual([['"a', 'b"']])
})

test('text after a closing quote is CSV_BAD_QUOTE', () => {
  for (const text of ['"a"b,c\n', '"a" ,c\n', 'x,"a""b"c\n']) {
    expect(() => parse(text)).toThrow(expect.objectContaining(code('CSV_BAD_QUOTE')))
  }
})

test('an unclosed quote is CSV_UNCLOSED_QUOTE', () => {
  for (const text of ['"a', 'x,"a\nb,c\n', '"a""\n']) {
    expect(() => parse(text)).toThrow(expect.objectContaining(code('CSV_UNCLOSED_QUOTE')))
  }
})

test('well-formed rows are read like in fast-csv', async () => {
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

test('rows may span chunks, and have any bytes', () => {
  const text = Buffer.from('"a\n\xff",é\nb,c\n', 'latin1')
  for (let cut = 0; cut <= text.length; cut++) {
    const rows = new CsvRows({ delimiter: ',', quote: '"', asBytes: true })
    const read = [...rows.push(text.subarray(0, cut), false), ...rows.push(text.subarray(cut), true)]
    expect(read).toEqual([
      ['a\n\xff', 'é'],
      ['b', 'c'],
    ])
  }
})

test('chunks may be larger than a kernel takes at a time', () => {
  const rows = Array.from({ length: 400_000 }, (_, i) => [`${i}`, 'é'])
  const text = rows.map((row) => `${row.join(',')}\n`).join('')
  expect(parse(text)).toEqual(rows)
})

test('the row of one text', () => {
  expect(csvRow('a,"b,c"', { delimiter: ',', quote: '"' })).toEqual(['a', 'b,c'])
  expect(csvRow('', { delimiter: ',', quote: '"' })).toBeUndefined()
})
