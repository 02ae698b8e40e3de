import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type OutputRecord, readOutput } from '../../dist/src/io/outputs.js'
import { createFormatter, openPart, partName } from '../../dist/src/io/sinks.js'
import type { RecordSpec, SinkFormat } from '../../dist/src/plan/plan.js'
import { code, temporaryFolder, writeFiles } from './folder.js'

async function write(
  dir: string,
  format: SinkFormat,
  record: RecordSpec,
  number: number,
  gzip: boolean,
  records: OutputRecord[],
) {
  const part = openPart(join(dir, partName('r', number, format, gzip)), { gzip })
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
  test.each([false, true])('gives back what was written (gzip: %s)', async (gzip) => {
    const special = fc.string({
      unit: fc.constantFrom('a', '\\', '\t', '\n', '\r', '"', ',', ';', 'é', '😀'),
      maxLength: 5,
    })
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (x === 0 ? 0 : x))
    const one = fc.record({
      k: fc.tuple(special, finite),
      v: fc.record({
        n: fc.oneof(finite, fc.constant(Number.NaN)),
        s: special,
        b: fc.bigInt(),
        j: fc.dictionary(fc.constantFrom('a', 'b'), special, { noNullPrototype: true }),
        y: special.map((text) => new Uint8Array(Buffer.from(text))),
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

test('parts are read in the order of their numbers, everything else is passed over', async () => {
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

test('rows that were formatted before come as arrays of fields', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, { 'part-r-00000.csv': '7,"a,b",c\n' })
  const raw: RecordSpec = { key: 'string', value: { columns: [{ name: 'row', codec: 'string', raw: true }] } }
  expect(await read(dir, { kind: 'csv', delimiter: ',', header: null }, raw)).toEqual([['7', ['a,b', 'c']]])
})

test('records without a value, and single values, have their shapes', async () => {
  const dir = temporaryFolder()
  writeFiles(dir, { 'part-r-00000.tsv': 'a\t1\nb\t\n' })
  const tsv: SinkFormat = { kind: 'tsv', escape: true }
  expect(await read(dir, tsv, { key: 'string', value: 'number' })).toEqual([
    ['a', 1],
    ['b', Number.NaN],
  ])
  expect(await read(dir, tsv, { key: 'string', value: { columns: [] } })).toEqual([
    ['a', undefined],
    ['b', undefined],
  ])
})

test('an output that is missing or made of something else is OUTPUT_UNREADABLE', async () => {
  const dir = temporaryFolder()
  const tsv: SinkFormat = { kind: 'tsv', escape: true }
  const record: RecordSpec = { key: 'string', value: 'bigint' }
  await expect(read(join(dir, 'missing'), tsv, record)).rejects.toMatchObject(code('OUTPUT_UNREADABLE'))
  mkdirSync(join(dir, 'a'))
  for (const content of ['only one field\n', 'a\tnot a number\n']) {
    writeFiles(dir, { 'a/part-r-00000.tsv': content })
    await expect(read(join(dir, 'a'), tsv, record)).rejects.toMatchObject(code('OUTPUT_UNREADABLE'))
  }
})
