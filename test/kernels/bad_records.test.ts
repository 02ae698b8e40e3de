/** Bad CSV records that are passed over: which ones, with which offset and excerpt, and what becomes of the records around them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BadRecord, kernels } from '../../dist/src/kernels/index.js'
import { bytes, compare, drain, newCollector, pushAll } from './helpers.js'

const CSV = { delimiter: ',', quote: '"', skipBom: false }
const EXCERPT = 200

interface Parsed {
  rows: { offset: number; text: string; fields: string[] }[]
  bad: { code: string; offset: number; excerpt: string }[]
}

/** CSV, one character at a time; a record that is none by its quotes, or too long, ends with its first line. */
function oracle(data: string, maxRecordBytes = Number.POSITIVE_INFINITY): Parsed {
  const parsed: Parsed = { rows: [], bad: [] }
  for (let start = 0; start < data.length; ) {
    const { end, fields, code } = oracleRow(data, start, maxRecordBytes)
    if (code) {
      const newline = data.indexOf('\n', start)
      const line = data.slice(start, newline < 0 ? data.length : newline)
      parsed.bad.push({ code, offset: start, excerpt: line.slice(0, EXCERPT) })
      start += line.length + 1
      continue
    }
    const text = data.slice(start, end).replace(/\r?\n$/, '')
    if (text !== '' && text !== '\r') parsed.rows.push({ offset: start, text: text.replace(/\r$/, ''), fields })
    start = end
  }
  return parsed
}

function oracleRow(data: string, start: number, most: number): { end: number; fields: string[]; code?: string } {
  const fields: string[] = []
  for (let at = start; ; at++) {
    let field = ''
    if (data[at] === '"') {
      for (at++; data[at] !== '"' || data[at + 1] === '"'; at++) {
        if (at >= data.length) return { end: at, fields, code: 'CSV_UNCLOSED_QUOTE' }
        if (data[at] === '"') at++
        field += data[at]
      }
      at++
      if (data[at] === '\r' && (data[at + 1] === '\n' || at + 1 === data.length)) at++
      if (at < data.length && data[at] !== ',' && data[at] !== '\n') return { end: at, fields, code: 'CSV_BAD_QUOTE' }
    } else {
      const from = at
      while (at < data.length && data[at] !== ',' && data[at] !== '\n') at++
      field = data.slice(from, at)
      if (data[at] !== ',') field = field.replace(/\r$/, '')
    }
    fields.push(field)
    if (data[at] === ',') continue
    const end = Math.min(at + 1, data.length)
    return at - start > most ? { end, fields, code: 'RECORD_TOO_LARGE' } : { end, fields }
  }
}

const field = fc.constantFrom('a', 'bc', '', '1', '-2.5', '"q,q"', '"l\nl"', '"d""d"', 'x'.repeat(70), '1"2')
const wrong = fc.constantFrom('"', '"a"b', 'x,"y"z', '"open,1\n2,3', `"${'long '.repeat(60)}`)
const row = fc.array(field, { minLength: 1, maxLength: 4 }).map((fields) => fields.join(','))
const table = fc
  .array(fc.oneof({ weight: 5, arbitrary: row }, { weight: 1, arbitrary: wrong }), { maxLength: 25 })
  .chain((rows) => fc.constantFrom('\n', '\r\n').map((end) => rows.join(end)))
  .chain((text) => fc.constantFrom('', '\n').map((end) => text + end))
const cuts = fc.array(fc.nat(600), { maxLength: 12 })

const plain = ({ code, offset, excerpt }: BadRecord) => ({ code, offset, excerpt })

describe('the CSV reader that keeps bad records', () => {
  test('passes over the first line of each record whose quotes are wrong, wherever the chunks end', () => {
    fc.assert(
      fc.property(table, cuts, (data, cuts) => {
        const reader = kernels.createCsvReader({ ...CSV, keepBad: true })
        const offsets: number[] = []
        const bad: BadRecord[] = []
        const push = (chunk: Uint8Array, limit: number, last: boolean) => {
          const { block, done } = reader.push(chunk, limit, last)
          offsets.push(...block.rowOffsets)
          bad.push(...reader.takeBad())
          return done
        }
        pushAll({ push }, bytes(data), cuts, Number.POSITIVE_INFINITY, (done) => done)
        const want = oracle(data)
        expect(bad.map(plain)).toEqual(want.bad)
        expect(offsets).toEqual(want.rows.map((row) => row.offset))
        expect(reader.position).toBe(data.length)
      }),
      { numRuns: 1500 },
    )
  })

  test('leaves what starts behind the limit to others', () => {
    const data = 'a,1\n"b"x,2\nc,3\n'
    for (let limit = 0; limit <= data.length; limit++) {
      const reader = kernels.createCsvReader({ ...CSV, keepBad: true })
      const { block, done } = reader.push(bytes(data), limit, false)
      expect(done || limit === data.length, `limit ${limit}`).toBe(true)
      expect([...block.rowOffsets]).toEqual([0, 11].filter((offset) => offset < limit))
      expect(reader.takeBad().map(({ offset }) => offset)).toEqual([4].filter((offset) => offset < limit))
      expect(reader.position).toBe([0, 4, 11, 15].find((offset) => offset >= limit))
    }
  })

  test('passes over a row that is too long, however long it is', () => {
    const data = `a,1\n"${'x\n'.repeat(100)}b,2\n${'y'.repeat(500)}\nc,3\n`
    const reader = kernels.createCsvReader({ ...CSV, keepBad: true, maxRecordBytes: 100 })
    const rows: number[] = []
    const bad: BadRecord[] = []
    for (let at = 0; at < data.length; at += 10) {
      const { block } = reader.push(bytes(data.slice(at, at + 10)), Number.POSITIVE_INFINITY, at + 10 >= data.length)
      rows.push(...block.rowOffsets)
      bad.push(...reader.takeBad())
    }
    expect(bad.map(({ code, offset }) => [code, offset])).toEqual([
      ['RECORD_TOO_LARGE', 4],
      ['RECORD_TOO_LARGE', data.indexOf('yy')],
    ])
    expect(bad[1]!.excerpt).toBe('y'.repeat(EXCERPT))
    expect(rows).toHaveLength(1 + 99 + 1 + 1)
    expect(() =>
      kernels
        .createCsvReader({ ...CSV, maxRecordBytes: 100 })
        .push(bytes(`"${'x'.repeat(200)}`), Number.POSITIVE_INFINITY, false),
    ).toThrow('longer than 100 bytes')
  })
})

describe('the fields mapper that keeps bad records', () => {
  test('passes over rows that are short, hold no number or are none by their quotes, in the order of the input', () => {
    fc.assert(
      fc.property(table, cuts, (data, cuts) => {
        const layout = ['number' as const]
        const collector = newCollector({ layout })
        const values = [{ kind: 'number' as const, columns: [1] }]
        const spec = { op: 'fields' as const, ...CSV, keys: [0], values, skipHeader: false, keepBad: true }
        const mapper = kernels.createMapper(spec, collector)
        const bad: BadRecord[] = []
        const push = (chunk: Uint8Array, limit: number, last: boolean) => {
          const done = mapper.push(chunk, limit, last)
          bad.push(...mapper.takeBad())
          return done
        }
        pushAll({ push }, bytes(data), cuts, Number.POSITIVE_INFINITY, (done) => done)

        const parsed = oracle(data)
        const wantBad = [...parsed.bad]
        const want: { key: string; values: number[] }[] = []
        for (const { offset, text, fields } of parsed.rows) {
          const amount = fields[1] === '' ? Number.NaN : /^-?[\d.]+$/.test(fields[1] ?? '') ? Number(fields[1]) : null
          const code = fields.length < 2 ? 'CSV_SHORT_ROW' : 'CSV_BAD_NUMBER'
          if (fields.length < 2 || amount === null) wantBad.push({ code, offset, excerpt: text.slice(0, EXCERPT) })
          else want.push({ key: fields[0]!, values: [amount] })
        }
        expect(bad.map(plain)).toEqual(wantBad.sort((a, b) => a.offset - b.offset))
        const records = drain(collector, layout).map(({ key, values }) => ({ key, values }))
        expect(records).toEqual(want.sort((a, b) => compare(a.key, b.key)))
        expect(mapper.recordsIn).toBe(want.length + wantBad.length)
        expect(mapper.recordsOut).toBe(want.length)
        expect(mapper.position).toBe(data.length)
      }),
      { numRuns: 1500 },
    )
  })
})
