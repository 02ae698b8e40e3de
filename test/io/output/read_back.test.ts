import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFormatter } from '../../../dist/src/io/output/formatter.js'
import { partName } from '../../../dist/src/io/output/names.js'
import { openPart } from '../../../dist/src/io/output/part_file.js'
import { type OutputRecord, readOutput } from '../../../dist/src/io/output/read_back.js'
import type { RecordSpec, SinkFormat } from '../../../dist/src/plan/plan.js'
import { code, temporaryFolder, writeFiles } from '../folder.js'

async function write(
  dir: string,
  format: SinkFormat,
  record: RecordSpec,
  number: number,
  gzip: boolean,
  records: OutputRecord[],
) {
  const compress = gzip ? 'gzip' : null
  const part = openPart(join(dir, partName('r', number, format, compress)), compress)
  const formatter = createFormatter(format, record)
  part.write(formatter.header)
  for (const [key, value] of records) formatter.add(key, value)
  part.write(formatter.take())
  await part.close()
}

async function read(dir: string, format: SinkFormat, record: RecordSpec): Promise<OutputRecord[]> {
  const records: OutputRecord[] = []
  for await (const one of readOutput(dir, format, record)) records.push(one)
  return records
}

const record: RecordSpec = {
  key: { tuple: ['string', 'number'] },
  value: {
    columns: [
      { name: 'n', codec: 'number' },
      { name: 's', codec: 'string' },
      { name: 'b', codec: 'bigint' },
      { name: 'j', codec: 'json' },
      { name: 'y', codec: 'bytes' },
    ],
  },
}

const formats: SinkFormat[] = [
  { kind: 'tsv', escape: true },
  { kind: 'csv', delimiter: ',', header: null },
  { kind: 'csv', delimiter: ';', header: ['k1', 'k2', 'n', 's', 'b', 'j', 'y'] },
  { kind: 'jsonl' },
]

describe.each(formats)('%j', (format) => {
  test.each([false, true])('yields what was written (gzip: %s)', async (gzip) => {
    const special = fc.string({
      unit: fc.constantFrom('a', '\\', '\t', '\n', '\r', '"', ',', ';', 'é', '😀', '\0', '\ufeff', '1'),
      maxLength: 5,
    })
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x))
    const one = fc.record({
      k: fc.tuple(special, finite),
      v: fc.record({
        n: fc.oneof(finite, fc.constant(null)),
        s: special,
        b: fc.bigInt(),
        j: fc.dictionary(fc.constantFrom('a', 'b'), special, { noNullPrototype: true }),
        y: fc.uint8Array({ maxLength: 5 }),
      }),
    })
    const dir = temporaryFolder()
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 5 }), fc.array(one, { maxLength: 5 }), async (a, b) => {
        const pairs = [a, b].map((list) => list.map(({ k, v }): OutputRecord => [k, v]))
        await write(dir, format, record, 0, gzip, pairs[0]!)
        await write(dir, format, record, 1, gzip, pairs[1]!)
        expect(await read(dir, format, record)).toEqual(pairs.flat())
      }),
      { numRuns: 40 },
    )
  })
})

test('parts are read in the order of their numbers, everything else is skipped', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, {
    'part-r-100000.txt': 'd\n',
    'part-r-00002.txt': 'b\n',
    'part-r-00010.txt': 'c\n',
    'part-m-00000.txt': 'a\n',
    _SUCCESS: '',
    'readme.txt': 'x\n',
  })
  expect(await read(dir, { kind: 'text' }, { key: 'string', value: 'string' })).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['c', undefined],
    ['d', undefined],
  ])
})

test('rows are arrays of fields', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, { 'part-r-00000.csv': '7,"a,b",c\n' })
  const row: RecordSpec = { key: 'string', value: { row: [['v', 'w']] } }
  expect(await read(dir, { kind: 'csv', delimiter: ',', header: null }, row)).toEqual([['7', ['a,b', 'c']]])
})

test('records without a value, and single values, have their shapes', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, { 'part-r-00000.tsv': 'a\t1\nb\t\n' })
  const tsv: SinkFormat = { kind: 'tsv', escape: true }
  expect(await read(dir, tsv, { key: 'string', value: 'number' })).toEqual([
    ['a', 1],
    ['b', null],
  ])
  writeFiles(dir, { 'part-r-00000.tsv': 'a\nb\n' })
  expect(await read(dir, tsv, { key: 'string', value: { columns: [] } })).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
})

test('any bytes can be read back, next to text', async () => {
  const dir = temporaryFolder()
  const typed: RecordSpec = { key: 'string', value: 'bytes' }
  const records: OutputRecord[] = [
    ['é', Uint8Array.of(0, 255)],
    ['', Uint8Array.of(0xef, 0xbb, 0xbf, 9, 10, 13, 92)],
    ['x', new Uint8Array(0)],
  ]
  for (const [i, format] of formats.slice(0, 2).entries()) {
    await write(join(dir, String(i)), format, typed, 0, false, records)
    expect(await read(join(dir, String(i)), format, typed)).toEqual(records)
  }
})

test('unescaped tabs belong to the key if only the key is text, and are an error otherwise', async () => {
  const dir = temporaryFolder()
  const plain: SinkFormat = { kind: 'tsv', escape: false }
  writeFiles(dir, { 'part-r-00000.tsv': 'a\tb\t1\n\t\t2\n' })
  expect(await read(dir, plain, { key: 'string', value: 'number' })).toEqual([
    ['a\tb', 1],
    ['\t', 2],
  ])
  for (const value of ['string', 'json'] as const) {
    await expect(read(dir, plain, { key: 'string', value })).rejects.toMatchObject(code('OUTPUT_UNREADABLE'))
  }
})

test('a line of text is the key, in its type; bytes are bytes', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, { 'part-r-00000.txt': Buffer.from('7\n-1.5\n') })
  expect(await read(dir, { kind: 'text' }, { key: 'number', value: { columns: [] } })).toEqual([
    [7, undefined],
    [-1.5, undefined],
  ])
  writeFiles(dir, { 'part-r-00000.txt': Buffer.of(0xff, 10) })
  expect(await read(dir, { kind: 'text' }, { key: 'bytes', value: { columns: [] } })).toEqual([
    [Uint8Array.of(0xff), undefined],
  ])
})

test('an output that is missing or has other content is OUTPUT_UNREADABLE', async () => {
  const dir = temporaryFolder()
  const tsv: SinkFormat = { kind: 'tsv', escape: true }
  const record: RecordSpec = { key: 'string', value: 'bigint' }
  await expect(read(join(dir, 'missing'), tsv, record)).rejects.toMatchObject(code('OUTPUT_UNREADABLE'))
  mkdirSync(join(dir, 'a'))
  for (const content of ['only one field\n', 'a\tnot a number\n', 'a\tInfinity\n', 'a\t\n', 'a\t1\t2\n']) {
    writeFiles(dir, { 'a/part-r-00000.tsv': content })
    await expect(read(join(dir, 'a'), tsv, record)).rejects.toMatchObject(code('OUTPUT_UNREADABLE'))
  }
})
