import fc from 'fast-check'
import { writeToString } from 'fast-csv'
import { describe, expect, test } from 'vitest'
import { createFormatter } from '../../../dist/src/io/output/formatter.js'
import type { CodecSpec, RecordSpec, SinkFormat, ValueSpec } from '../../../dist/src/plan/plan.js'
import { code } from '../folder.js'

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
    expect(format(sink, record, ['k', {}], ['k', { price: null, note: '' }])).toBe(expected)
  })

  test.each<[CodecSpec, unknown, string, string]>([
    ['string', 'ä', 'ä', '"ä"'],
    ['number', -0, '0', '0'],
    ['number', 1e21, '1e+21', '1e+21'],
    ['number', null, '', 'null'],
    ['number', Number.MAX_VALUE, '1.7976931348623157e+308', '1.7976931348623157e+308'],
    ['number', 5e-324, '5e-324', '5e-324'],
    ['bigint', 12345678901234567890n, '12345678901234567890', '"12345678901234567890"'],
    ['bytes', Buffer.from('ab'), 'ab', '"YWI="'],
    ['json', { b: 1, a: ['x'] }, '{"a":["x"],"b":1}', '{"a":["x"],"b":1}'],
    [{ tuple: ['string', 'number'] }, ['x', 2], 'x\t2', '["x",2]'],
  ])('a value of codec %j', (codec, value, asText, asJson) => {
    const record: RecordSpec = { key: 'string', value: codec }
    expect(format(tsv, record, ['k', value])).toBe(`k\t${asText}\n`)
    expect(format(jsonl, record, ['k', value])).toBe(`{"key":"k","value":${asJson}}\n`)
  })

  test('text is the key, or the value if the key is empty', () => {
    const record: RecordSpec = { key: 'string', value: 'string' }
    expect(format(text, record, ['k', 'v'], ['k'], ['', 'v'], [null, 'v'], [undefined, 'v'])).toBe('k\nk\nv\nv\nv\n')
  })

  test('records without a value are their key', () => {
    const record: RecordSpec = { key: 'string', value: { columns: [] } }
    expect(format(tsv, record, ['k'], [''])).toBe('k\n\n')
    expect(format(csv, record, ['k'], [''])).toBe('k\n""\n')
    expect(format(jsonl, record, ['k'])).toBe('{"key":"k"}\n')
  })

  test('rows are written field by field', () => {
    const value: ValueSpec = { row: [['v'], ['w', 'key']] }
    const record: [string, string[]] = ['a,b', ['x', 'y,"z"', '\\t']]
    expect(format(csv, { key: 'string', value }, record)).toBe('"a,b",x,"y,""z""",\\t\n')
    expect(format(tsv, { key: 'string', value }, record)).toBe('a,b\tx\ty,"z"\t\\\\t\n')
    expect(format(jsonl, { key: 'string', value }, record)).toBe(
      '{"key":"a,b","value":{"v":"x","w":"y,\\"z\\"","key":"\\\\t"}}\n',
    )
  })

  test('rows have the form of the format', () => {
    const record: RecordSpec = { key: 'string', value: { row: [['v', 'w'], ['x']] } }
    const row = ['x;1', 'a "b"\n', '']
    expect(format({ kind: 'csv', delimiter: ';', header: null }, record, ['k', row])).toBe('k;"x;1";"a ""b""\n";\n')
    expect(format(tsv, record, ['k', row])).toBe('k\tx;1\ta "b"\\n\t\n')
    expect(format(jsonl, record, ['k', row])).toBe('{"key":"k","v":"x;1","w":"a \\"b\\"\\n","x":""}\n')
  })

  test('a field that begins with a byte-order mark is quoted: readers would remove the mark at the start of a file', () => {
    expect(format(csv, { key: 'string', value: 'string' }, ['\ufeffa', 'b\ufeff'])).toBe('"\ufeffa",b\ufeff\n')
    expect(format(csv, { key: 'bytes', value: 'string' }, [Buffer.from('\ufeffa'), 'b'])).toBe('"\ufeffa",b\n')
  })

  test('a column called key does not hide the key', () => {
    const value: ValueSpec = { columns: [{ name: 'key', codec: 'number' }] }
    expect(format(jsonl, { key: 'string', value }, ['k', { key: 1 }])).toBe('{"key":"k","value":{"key":1}}\n')
  })

  test('bytes are written unchanged, next to text in UTF-8', () => {
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

  test('bytes are taken only once', () => {
    const formatter = createFormatter(tsv, { key: 'string', value: 'number' })
    formatter.add('k', 1)
    expect(formatter.bytes).toBe(4)
    expect(formatter.take().length).toBe(4)
    expect(formatter.bytes).toBe(0)
    expect(formatter.take().length).toBe(0)
  })

  test('fields are quoted as by fast-csv', async () => {
    const field = fc.string({
      unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', '\r', "'", 'é', '|', '\t'),
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(field, field, fc.constantFrom(',', ';', '\t', '|'), async (key, value, delimiter) => {
        // fast-csv also quotes fields with a bar, which its pattern means as "or" between its delimiters.
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
    [tsv, 'string', 'half \ud83d'],
    [jsonl, { tuple: ['bigint'] }, ['half']],
    [tsv, 'number', '1'],
    [tsv, 'number', undefined],
    [tsv, 'number', Number.NaN],
    [tsv, 'number', Number.POSITIVE_INFINITY],
    [jsonl, 'number', Number.NaN],
    [jsonl, 'number', Number.NEGATIVE_INFINITY],
    [jsonl, 'json', { a: [1, Number.NaN] }],
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

  test('NaN is not a key, and a value with columns is an object', () => {
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
