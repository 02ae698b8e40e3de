/** Skipped bad records: which ones, with which offset and excerpt, and what happens to the records around them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BadRecord, type CsvBlock, type CsvReader, kernels } from '../../dist/src/kernels/addon.js'
import { bytes, compare, drain, newCollector, pushAll } from './helpers.js'

const CSV = { delimiter: ',', quote: '"', skipBom: false }
const EXCERPT = 200

interface Parsed {
  rows: { offset: number; text: string; fields: string[] }[]
  bad: { code: string; offset: number; excerpt: string }[]
}

/** CSV, one character at a time; a record with wrong quotes, or one that is too long, ends with its first line. */
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

const offsetsOf = (reader: CsvReader, { rows }: CsvBlock) => Array.from({ length: rows }, (_, r) => reader.rowOffset(r))

const plain = ({ code, offset, excerpt }: BadRecord) => ({ code, offset, excerpt })

describe('the CSV reader that keeps bad records', () => {
  test('skips the first line of each record with wrong quotes, wherever the chunks end', () => {
    fc.assert(
      fc.property(table, cuts, (data, cuts) => {
        const reader = kernels.createCsvReader({ ...CSV, keepBad: true })
        const offsets: number[] = []
        const bad: BadRecord[] = []
        const push = (chunk: Uint8Array, limit: number, last: boolean) => {
          const { block, done } = reader.push(chunk, limit, last)
          offsets.push(...offsetsOf(reader, block))
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

  test('leaves records that start after the limit to others', () => {
    const data = 'a,1\n"b"x,2\nc,3\n'
    for (let limit = 0; limit <= data.length; limit++) {
      const reader = kernels.createCsvReader({ ...CSV, keepBad: true })
      const { block, done } = reader.push(bytes(data), limit, false)
      expect(done || limit === data.length, `limit ${limit}`).toBe(true)
      expect(offsetsOf(reader, block)).toEqual([0, 11].filter((offset) => offset < limit))
      expect(reader.takeBad().map(({ offset }) => offset)).toEqual([4].filter((offset) => offset < limit))
      expect(reader.position).toBe([0, 4, 11, 15].find((offset) => offset >= limit))
    }
  })

  test('skips a row that is too long, however long it is', () => {
    const data = `a,1\n"${'x\n'.repeat(100)}b,2\n${'y'.repeat(500)}\nc,3\n`
    const reader = kernels.createCsvReader({ ...CSV, keepBad: true, maxRecordBytes: 100 })
    const rows: number[] = []
    const bad: BadRecord[] = []
    for (let at = 0; at < data.length; at += 10) {
      const { block } = reader.push(bytes(data.slice(at, at + 10)), Number.POSITIVE_INFINITY, at + 10 >= data.length)
      rows.push(...offsetsOf(reader, block))
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
  test('skips rows that are short, lack a number or have wrong quotes, in input order', () => {
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

  test('count rows that are dropped once, with bad rows among them', () => {
    const collector = newCollector({ layout: ['number'] })
    const values = [{ kind: 'number' as const, columns: [1] }]
    const ragged = { columns: 2, leastColumns: 2, raggedRows: 'drop' as const, keepBad: true }
    const mapper = kernels.createMapper(
      { ...CSV, op: 'fields', keys: [0], values, skipHeader: false, ...ragged },
      collector,
    )
    mapper.push(bytes('a,1\nb\nc,x\nd\ne,2\nf,x\ng,h,i\nj,3\n'), Number.POSITIVE_INFINITY, true)
    expect(mapper.takeBad().map(({ offset }) => offset)).toEqual([6, 16])
    expect([mapper.recordsIn, mapper.recordsOut, mapper.recordsDropped]).toEqual([8, 3, 3])
  })
})

describe('text that is too long', () => {
  // The smallest limit that mappers take.
  const LIMIT = 16 << 10
  const long = fc.constantFrom(LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT)
  const short = fc.constantFrom('', 'a', 'bc', 'def', '\xe9t\xe9')
  /** Mostly short; the long ones differ in their beginnings. */
  const piece = fc.oneof(
    { weight: 4, arbitrary: short },
    { weight: 1, arbitrary: fc.tuple(fc.nat(999), long).map(([n, size]) => `${n}`.padEnd(size, 'x')) },
  )
  const joined = (separator: string, most: number) =>
    fc.array(piece, { minLength: 1, maxLength: most }).map((pieces) => pieces.join(separator))
  /** No chunk is larger than the limit: so no line within one is. */
  const every = fc.integer({ min: 1000, max: LIMIT })
  const cutsOf = (data: string, step: number) =>
    Array.from({ length: Math.floor(data.length / step) }, (_, i) => (i + 1) * step)

  interface Reader {
    push(chunk: Uint8Array, limit: number, last: boolean): unknown
    takeBad(): BadRecord[]
  }
  function badOf(reader: Reader, data: string, step: number, isDone: (answer: unknown) => boolean): BadRecord[] {
    const bad: BadRecord[] = []
    const push = (chunk: Uint8Array, limit: number, last: boolean) => {
      const answer = reader.push(chunk, limit, last)
      bad.push(...reader.takeBad())
      return answer
    }
    pushAll({ push }, Buffer.from(data, 'utf8'), cutsOf(data, step), Number.POSITIVE_INFINITY, isDone)
    return bad
  }
  const entry = (offset: number, text: string) => ({
    code: 'RECORD_TOO_LARGE',
    offset,
    excerpt: text.slice(0, EXCERPT),
  })
  const linesOf = (data: string) => {
    const lines = data.split('\n')
    if (lines.at(-1) === '') lines.pop()
    return lines
  }
  const size = (text: string) => Buffer.byteLength(text)
  const starts = (lines: string[]) => {
    let at = 0
    return lines.map((line) => {
      at += size(line) + 1
      return at - size(line) - 1
    })
  }

  test('is one bad record for each line, and leaves the other lines unchanged: the lines mapper', () => {
    fc.assert(
      fc.property(joined('\n', 8), every, (data, step) => {
        const collector = newCollector()
        const mapper = kernels.createMapper({ op: 'lines', maxRecordBytes: LIMIT, keepBad: true }, collector)
        const bad = badOf(mapper, data, step, (done) => done === true)
        const lines = linesOf(data)
        const at = starts(lines)
        expect(bad.map(plain)).toEqual(lines.flatMap((line, i) => (size(line) > LIMIT ? [entry(at[i]!, line)] : [])))
        const kept = lines.filter((line) => size(line) <= LIMIT).map((line) => Buffer.from(line).toString('latin1'))
        expect(drain(collector, []).map(({ key }) => key)).toEqual(kept.sort(compare))
        expect(mapper).toMatchObject({ recordsIn: lines.length, recordsOut: kept.length, position: size(data) })
      }),
      { numRuns: 300 },
    )
  })

  test('is one bad record for each line, and leaves out only the long words: the words mapper', () => {
    fc.assert(
      fc.property(fc.array(joined(' ', 4), { minLength: 1, maxLength: 6 }), every, (rows, step) => {
        const data = rows.join('\n')
        const collector = newCollector()
        const spec = { op: 'words' as const, lowercase: true, maxRecordBytes: LIMIT, keepBad: true }
        const mapper = kernels.createMapper(spec, collector)
        const bad = badOf(mapper, data, step, (done) => done === true)
        const lines = linesOf(data)
        const at = starts(lines)
        const isLong = (word: string) => size(word) > LIMIT
        const longOf = (line: string) => line.split(' ').find(isLong)
        expect(bad.map(plain)).toEqual(
          lines.flatMap((line, i) => (longOf(line) === undefined ? [] : [entry(at[i]!, longOf(line)!)])),
        )
        const words = lines.flatMap((line) => line.split(' ')).filter((word) => word !== '' && !isLong(word))
        const keys = words.map((word) => Buffer.from(word).toString('latin1'))
        expect(drain(collector, []).map(({ key }) => key)).toEqual(keys.sort(compare))
        expect(mapper).toMatchObject({ recordsIn: lines.length, recordsOut: words.length, position: size(data) })
      }),
      { numRuns: 300 },
    )
  })

  test('is one bad record for each line, whether it would match or not: the line filter', () => {
    fc.assert(
      fc.property(joined('\n', 8), every, fc.boolean(), (data, step, invert) => {
        const options = { literal: bytes('x'), invert, ignoreCase: false, maxRecordBytes: LIMIT, keepBad: true }
        const filter = kernels.createLineFilter(options)
        let output = ''
        const bad = badOf(filter, data, step, (answer) => {
          const { output: bytes, done } = answer as ReturnType<typeof filter.push>
          output += Buffer.from(bytes).toString('latin1')
          return done
        })
        const lines = linesOf(data)
        const at = starts(lines)
        expect(bad.map(plain)).toEqual(lines.flatMap((line, i) => (size(line) > LIMIT ? [entry(at[i]!, line)] : [])))
        const kept = lines.filter((line) => size(line) <= LIMIT && line.includes('x') !== invert)
        expect(output).toBe(kept.map((line) => `${Buffer.from(line).toString('latin1')}\n`).join(''))
        expect(filter).toMatchObject({ recordsIn: lines.length, recordsOut: kept.length, position: size(data) })
      }),
      { numRuns: 300 },
    )
  })

  test('is RECORD_TOO_LARGE at its line if bad records are not kept', () => {
    const data = bytes(`short\n${'x'.repeat(2 * LIMIT)}`)
    const limits = { maxRecordBytes: LIMIT }
    for (const reader of [
      kernels.createMapper({ op: 'lines', ...limits }, newCollector()),
      kernels.createLineFilter({ literal: bytes('x'), invert: false, ignoreCase: false, ...limits }),
    ]) {
      expect(() => reader.push(data, Number.POSITIVE_INFINITY, false)).toThrow(
        expect.objectContaining({ code: 'RECORD_TOO_LARGE', offset: 6 }),
      )
    }
    const words = kernels.createMapper({ op: 'words', lowercase: false, ...limits }, newCollector())
    words.push(data.subarray(0, 6), Number.POSITIVE_INFINITY, false)
    expect(() => words.push(data.subarray(6), Number.POSITIVE_INFINITY, false)).toThrow(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE', offset: 6 }),
    )
  })

  test('is not held in memory', () => {
    const chunk = Buffer.alloc(LIMIT, 'x')
    const readers: Reader[] = [
      kernels.createMapper({ op: 'lines', maxRecordBytes: LIMIT, keepBad: true }, newCollector()),
      kernels.createMapper({ op: 'words', lowercase: true, maxRecordBytes: LIMIT, keepBad: true }, newCollector()),
      kernels.createLineFilter({
        literal: bytes('y'),
        invert: false,
        ignoreCase: false,
        maxRecordBytes: LIMIT,
        keepBad: true,
      }),
    ]
    for (const reader of readers) {
      reader.push(chunk, Number.POSITIVE_INFINITY, false)
      const before = process.memoryUsage().rss
      for (let i = 0; i < 2 ** 14; i++) reader.push(chunk, Number.POSITIVE_INFINITY, i === 2 ** 14 - 1)
      expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27)
      expect(reader.takeBad().map(({ offset }) => offset)).toEqual([0])
    }
  })
})
