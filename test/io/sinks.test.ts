import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { writeToString } from 'fast-csv'
import { describe, expect, test } from 'vitest'
import { createFormatter, openPart, partName } from '../../dist/src/io/sinks.js'
import type { CodecSpec, RecordSpec, SinkFormat, ValueSpec } from '../../dist/src/plan/plan.js'
import { code, temporaryFolder } from './folder.js'

const text: SinkFormat = { kind: 'text' }
const tsv: SinkFormat = { kind: 'tsv', escape: true }
const csv: SinkFormat = { kind: 'csv', delimiter: ',', header: null }
const jsonl: SinkFormat = { kind: 'jsonl' }

function format(sink: SinkFormat, record: RecordSpec, ...records: [unknown, unknown?][]): string {
  const formatter = createFormatter(sink, record)
  for (const [key, value] of records) formatter.add(key, value)
  return Buffer.from(formatter.take()).toString()
}

const columns: ValueSpec = {
  columns: [
    { name: 'price', codec: 'number' },
    { name: 'note', codec: 'string' },
  ],
}

describe('formatting', () => {
  const row = { price: 1.5, note: 'a\t"b"\n\\' }

  test.each<[SinkFormat, string]>([
    [text, 'k,1\n'],
    [tsv, 'k,1\t1.5\ta\\t"b"\\n\\\\\n'],
    [{ kind: 'tsv', escape: false }, 'k,1\t1.5\ta\t"b"\n\\\n'],
    [csv, '"k,1",1.5,"a\t""b""\n\\"\n'],
    [{ kind: 'csv', delimiter: ';', header: null }, 'k,1;1.5;"a\t""b""\n\\"\n'],
    [jsonl, '{"key":"k,1","price":1.5,"note":"a\\t\\"b\\"\\n\\\\"}\n'],
  ])('named columns as %j', (sink, expected) => {
    expect(format(sink, { key: 'string', value: columns }, ['k,1', row])).toBe(expected)
  })

  test.each<[SinkFormat, string]>([
    [tsv, 'k\t\t\nk\t\t\n'],
    [csv, 'k,,\nk,,\n'],
    [jsonl, '{"key":"k","price":null,"note":null}\n{"key":"k","price":null,"note":"x"}\n'.replace('"x"', '""')],
  ])('missing columns as %j', (sink, expected) => {
    const record: RecordSpec = { key: 'string', value: columns }
    expect(format(sink, record, ['k', {}], ['k', { price: Number.NaN, note: '' }])).toBe(expected)
  })

  test.each<[CodecSpec, unknown, string, string]>([
    ['string', 'ä', 'ä', '"ä"'],
    ['number', -0, '0', '0'],
    ['number', 1e21, '1e+21', '1e+21'],
    ['number', Number.NaN, '', 'null'],
    ['number', Number.POSITIVE_INFINITY, 'Infinity', 'null'],
    ['bigint', 12345678901234567890n, '12345678901234567890', '"12345678901234567890"'],
    ['bytes', Buffer.from('ab'), 'ab', '"YWI="'],
    ['json', { b: 1, a: ['x'] }, '{"a":["x"],"b":1}', '{"a":["x"],"b":1}'],
    [{ tuple: ['string', 'number'] }, ['x', 2], 'x\t2', '["x",2]'],
  ])('a value of codec %j', (codec, value, asText, asJson) => {
    const record: RecordSpec = { key: 'string', value: codec }
    expect(format(tsv, record, ['k', value])).toBe(`k\t${asText}\n`)
    expect(format(jsonl, record, ['k', value])).toBe(`{"key":"k","value":${asJson}}\n`)
  })

  test('text is the key, or the value where the key is empty', () => {
    const record: RecordSpec = { key: 'string', value: 'string' }
    expect(format(text, record, ['k', 'v'], ['k'], ['', 'v'], [null, 'v'], [undefined, 'v'])).toBe('k\nk\nv\nv\nv\n')
  })

  test('records without a value are their key', () => {
    const record: RecordSpec = { key: 'string', value: { columns: [] } }
    expect(format(tsv, record, ['k'], [''])).toBe('k\n\n')
    expect(format(csv, record, ['k'], [''])).toBe('k\n""\n')
    expect(format(jsonl, record, ['k'])).toBe('{"key":"k"}\n')
  })

  test('raw columns are written as they are', () => {
    const value: ValueSpec = { columns: [{ name: 'row', codec: 'string', raw: true }] }
    expect(format(csv, { key: 'string', value }, ['a,b', { row: 'x,"y"' }])).toBe('"a,b",x,"y"\n')
  })

  test('a column called key does not hide the key', () => {
    const value: ValueSpec = { columns: [{ name: 'key', codec: 'number' }] }
    expect(format(jsonl, { key: 'string', value }, ['k', { key: 1 }])).toBe('{"key":"k","value":{"key":1}}\n')
  })

  test('bytes are written as they are, beside text in UTF-8', () => {
    const formatter = createFormatter(tsv, { key: 'string', value: 'bytes' })
    formatter.add('ä', Uint8Array.of(0xff, 9, 0x80, 10))
    expect(Buffer.from(formatter.take())).toEqual(
      Buffer.concat([Buffer.from('ä\t'), Buffer.of(0xff), Buffer.from('\\t'), Buffer.of(0x80), Buffer.from('\\n\n')]),
    )
  })

  test('a header is the same in every part', () => {
    const formatter = createFormatter(
      { kind: 'csv', delimiter: ',', header: ['a', 'b,c'] },
      { key: 'string', value: 'number' },
    )
    expect(Buffer.from(formatter.header).toString()).toBe('a,"b,c"\n')
    expect(createFormatter(csv, { key: 'string', value: 'number' }).header.length).toBe(0)
  })

  test('bytes that were taken are gone', () => {
    const formatter = createFormatter(tsv, { key: 'string', value: 'number' })
    formatter.add('k', 1)
    expect(formatter.bytes).toBe(4)
    expect(formatter.take().length).toBe(4)
    expect(formatter.bytes).toBe(0)
    expect(formatter.take().length).toBe(0)
  })

  test('quoting is that of fast-csv', async () => {
    const field = fc.string({
      unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', '\r', "'", 'é', '|', '\t'),
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(field, field, fc.constantFrom(',', ';', '\t', '|'), async (key, value, delimiter) => {
        // fast-csv also quotes fields with a bar, which it means as "or" between its delimiters.
        fc.pre(!key.includes('|') && !value.includes('|'))
        const expected = await writeToString([[key, value]], { delimiter, includeEndRowDelimiter: true })
        expect(format({ kind: 'csv', delimiter, header: null }, { key: 'string', value: 'string' }, [key, value])).toBe(
          expected,
        )
      }),
      { numRuns: 500 },
    )
  })

  test.each<[SinkFormat, CodecSpec, unknown]>([
    [tsv, 'string', 1],
    [tsv, 'number', '1'],
    [tsv, 'number', undefined],
    [tsv, 'bigint', 1],
    [tsv, 'bytes', 'x'],
    [tsv, 'json', undefined],
    [tsv, { tuple: ['string'] }, ['a', 'b']],
    [jsonl, 'string', null],
    [jsonl, 'number', 1n],
    [jsonl, 'bytes', 'x'],
    [jsonl, { tuple: ['string'] }, 'a'],
  ])('as %j, a value that is not of codec %j is refused, and nothing is written', (sink, codec, value) => {
    const formatter = createFormatter(sink, { key: 'string', value: codec })
    expect(() => formatter.add('k', value)).toThrow(expect.objectContaining(code('EMIT_TYPE')))
    expect(formatter.bytes).toBe(0)
  })

  test('NaN is no key, and a value with columns is an object', () => {
    expect(() => format(tsv, { key: 'number', value: 'number' }, [Number.NaN, 1])).toThrow(
      expect.objectContaining(code('EMIT_TYPE')),
    )
    for (const sink of [tsv, jsonl]) {
      expect(() => format(sink, { key: 'string', value: columns }, ['k', 5])).toThrow(
        expect.objectContaining(code('EMIT_TYPE')),
      )
    }
  })
})

describe('part files', () => {
  test('are named by kind, number and format', () => {
    expect(partName('r', 0, text, false)).toBe('part-r-00000.txt')
    expect(partName('m', 12, tsv, true)).toBe('part-m-00012.tsv.gz')
    expect(partName('r', 123_456, csv, false)).toBe('part-r-123456.csv')
    expect(partName('r', 7, jsonl, false)).toBe('part-r-00007.jsonl')
  })

  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `record ${i * 7919}\n`).join(''))

  test.each([false, true])('hold what was written, however it was cut (gzip: %s)', async (gzip) => {
    const folder = temporaryFolder()
    const files: Buffer[] = []
    for (const step of [1000, 65_536, 65_537, 1_048_576, 1_048_577, content.length]) {
      const path = join(folder, 'named', `part-${step}`)
      const part = openPart(path, { gzip })
      const buffer = Buffer.alloc(step)
      for (let at = 0; at < content.length; at += step) {
        const end = Math.min(at + step, content.length)
        content.copy(buffer, 0, at, end)
        part.write(buffer.subarray(0, end - at))
        buffer.fill(0)
      }
      const { bytes } = await part.close()
      const written = readFileSync(path)
      expect(bytes).toBe(written.length)
      expect((gzip ? gunzipSync(written) : written).equals(content)).toBe(true)
      files.push(written)
    }
    for (const file of files) expect(file.equals(files[0]!)).toBe(true)
  })

  test.each([0, 1, 4095, 4096])('end %i bytes behind what was written past the page cache', async (more) => {
    const path = join(temporaryFolder(), 'part')
    const bytes = content.subarray(0, 3 * 2 ** 20 + more)
    const part = openPart(path, { gzip: false })
    part.write(bytes)
    expect(await part.close()).toMatchObject({ bytes: bytes.length })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('may be empty', async () => {
    const folder = temporaryFolder()
    await openPart(join(folder, 'a'), { gzip: false }).close()
    const part = openPart(join(folder, 'a.gz'), { gzip: true })
    part.write(new Uint8Array(0))
    await part.close()
    expect(readFileSync(join(folder, 'a')).length).toBe(0)
    expect(gunzipSync(readFileSync(join(folder, 'a.gz'))).length).toBe(0)
  })

  test('that are given up are gone', async () => {
    const folder = temporaryFolder()
    const part = openPart(join(folder, 'a'), { gzip: false })
    part.write(content)
    await part.abort()
    expect(readdirSync(folder)).toEqual([])
  })

  test('that cannot be created are an error in our words', () => {
    const folder = temporaryFolder()
    openPart(join(folder, 'a'), { gzip: false })
    expect(() => openPart(join(folder, 'a', 'b'), { gzip: false })).toThrow(expect.objectContaining(code('FILE_IO')))
  })

  test.skipIf(!existsSync('/dev/full'))('report a full disk', () => {
    const part = openPart('/dev/full', { gzip: false })
    expect(() => part.write(content)).toThrow(expect.objectContaining(code('DISK_FULL')))
  })
})
