import fc from 'fast-check'
import { parseString } from 'fast-csv'
import { describe, expect, test } from 'vitest'
import { BlockText } from '../../dist/src/engine/rows.js'
import { kernels, type Layout, type MapperSpec } from '../../dist/src/kernels/index.js'
import { binary, bytes, compare, drain, failure, newCollector, prefixOf, pushAll, utf8, type Value } from './helpers.js'

interface Dialect {
  delimiter: string
  quote: string | null
}
interface Row {
  start: number
  fields: string[]
}
interface Parsed {
  rows: Row[]
  /** Where the next row starts. */
  position: number
  error?: { code: string; offset: number }
}

/** CSV, one character at a time: RFC 4180 and what csv_scan.h adds to it. */
function oracleCsv(
  data: string,
  { delimiter, quote }: Dialect,
  options: { limit?: number; skipBom?: boolean } = {},
): Parsed {
  const rows: Row[] = []
  let { limit = Infinity } = options
  let at = 0
  if (options.skipBom && data.startsWith('\xef\xbb\xbf') && limit > 0) {
    // The mark belongs to the first row: a limit inside it does not part them.
    at = 3
    limit = Math.max(limit, 4)
  }
  while (at < data.length && at < limit) {
    const start = at
    const bad = (code: string): Parsed => ({ rows, position: start, error: { code, offset: start } })
    const fields: string[] = []
    for (let more = true; more; ) {
      let field = ''
      if (quote !== null && data[at] === quote) {
        for (at++; ; at++) {
          if (at >= data.length) return bad('CSV_UNCLOSED_QUOTE')
          if (data[at] === quote) {
            if (data[at + 1] !== quote) break
            at++
          }
          field += data[at]
        }
        at++
        if (data[at] === '\r' && (data[at + 1] === '\n' || at + 1 === data.length)) at++
        if (at < data.length && data[at] !== delimiter && data[at] !== '\n') return bad('CSV_BAD_QUOTE')
      } else {
        const from = at
        while (at < data.length && data[at] !== delimiter && data[at] !== '\n') at++
        field = data.slice(from, at)
        if (data[at] !== delimiter && field.endsWith('\r')) field = field.slice(0, -1)
      }
      fields.push(field)
      more = data[at] === delimiter
      at++
    }
    at = Math.min(at, data.length)
    const line = data.slice(start, at)
    if (!/^\r?\n?$/.test(line)) rows.push({ start, fields })
  }
  return { rows, position: at }
}

function nativeCsv(
  data: string,
  cuts: number[],
  dialect: Dialect,
  options: { limit?: number; skipBom?: boolean } = {},
): Parsed {
  const { limit = Infinity, skipBom = false } = options
  const reader = kernels.createCsvReader({ ...dialect, skipBom })
  const rows: Row[] = []
  const push = (chunk: Uint8Array, limit: number, last: boolean) => {
    const { block, done } = reader.push(chunk, limit, last)
    const text = new BlockText(block)
    expect(block.rows).toBe(block.rowEnds.length)
    for (let r = 0; r < block.rows; r++) {
      const fields: string[] = []
      for (let f = r === 0 ? 0 : block.rowEnds[r - 1]!; f < block.rowEnds[r]!; f++) {
        const field = text.field(f)
        if (block.fields[2 * f]! >= 0 !== /^[\0-\x7f]*$/.test(field)) expect.fail(`field ${f} lies in the wrong text`)
        fields.push(field)
      }
      const start = reader.rowOffset(r)
      const line = binary(reader.rowBytes(r))
      if (
        !data.startsWith(line, start) ||
        !/^(\r?\n|\r?$)/.test(data.slice(start + line.length, start + line.length + 2))
      )
        expect.fail(`row ${r} is not ${JSON.stringify(line)}`)
      rows.push({ start, fields })
    }
    return done
  }
  const error = failure(() => pushAll({ push }, bytes(data), cuts, limit, (done) => done))
  const parsed: Parsed = { rows, position: reader.position }
  if (error) parsed.error = { code: error.code, offset: error.params.offset as number }
  return parsed
}

/** With its fields as text. */
const decoded = (parsed: Parsed): Parsed => ({
  ...parsed,
  rows: parsed.rows.map(({ start, fields }) => ({ start, fields: fields.map((field) => bytes(field).toString()) })),
})

const dialect: fc.Arbitrary<Dialect> = fc.oneof(
  fc.constant({ delimiter: ',', quote: '"' }),
  fc.constant({ delimiter: ';', quote: "'" }),
  fc.constant({ delimiter: '\t', quote: null }),
  fc.constant({ delimiter: ',', quote: null }),
)

/** Text that is CSV more or less; most of the time its quotes are right. */
const messy = (d: Dialect): fc.Arbitrary<string> => {
  const q = d.quote ?? '"'
  const content = fc.array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'bc',
        '',
        ' ',
        '1',
        '12.5',
        d.delimiter,
        '\n',
        '\r\n',
        '\r',
        q + q,
        'é',
        utf8('é€😀'),
        '\0',
        'x'.repeat(70),
      ),
      fc.uint8Array({ maxLength: 3 }).map((data) => binary(data).replaceAll(q, 'q')),
    ),
    { maxLength: 4 },
  )
  const quoted = content.map((parts) => q + parts.join('') + q)
  const bare = fc.oneof(
    fc.constantFrom(
      '',
      'a',
      'bcd',
      ' e ',
      '3.5',
      '-7',
      `f${q}g`,
      'h\r',
      'ü',
      utf8('żółw'),
      utf8('a😀'),
      '\xf0\x9f\x98',
      'y'.repeat(65),
      '\0',
    ),
    fc.string({ unit: fc.constantFrom(...'abc123 '), maxLength: 12 }),
  )
  const field = fc.oneof({ weight: 5, arbitrary: bare }, { weight: 3, arbitrary: quoted })
  const end = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\r\n\r\n')
  const row = fc
    .tuple(fc.array(field, { minLength: 1, maxLength: 5 }), end)
    .map(([fields, end]) => fields.join(d.delimiter) + end)
  const wrong = fc.constantFrom(
    q,
    `${q}x`,
    `${q}${q}x`,
    `${q}a${q}\r`,
    `${q}a${q}\rb`,
    '\r',
    '\r\n',
    '\xef\xbb\xbf',
    d.delimiter,
  )
  return fc
    .array(fc.oneof({ weight: 12, arbitrary: row }, { weight: 1, arbitrary: wrong }), { maxLength: 20, size: 'max' })
    .chain((rows) => fc.tuple(fc.constant(rows.join('')), fc.boolean()))
    .map(([text, cutEnd]) => (cutEnd ? text.replace(/\r?\n$/, '') : text))
}
const input = dialect.chain((d) => fc.tuple(fc.constant(d), messy(d)))
const cuts = fc.array(fc.nat(400), { maxLength: 5 })

describe('the CSV reader', () => {
  test('gives the rows, fields, offsets and errors of the plain parser, whatever the chunks', () => {
    fc.assert(
      fc.property(input, cuts, fc.boolean(), ([d, data], cuts, skipBom) => {
        const got = nativeCsv(data, cuts, d, { skipBom })
        const want = decoded(oracleCsv(data, d, { skipBom }))
        expect(got.error).toEqual(want.error)
        expect(got.position).toBe(want.position)
        // Rows of the chunk that has the bad one are lost with it.
        expect(got.rows).toEqual(want.error ? want.rows.slice(0, got.rows.length) : want.rows)
      }),
      { numRuns: 2500 },
    )
  })

  test('gives the same wherever the chunk ends', () => {
    fc.assert(
      fc.property(input, ([d, data]) => {
        const want = decoded(oracleCsv(data, d))
        for (let cut = 0; cut <= data.length; cut++) {
          const got = nativeCsv(data, [cut], d)
          expect(got.error).toEqual(want.error)
          if (!want.error) expect(got).toEqual(want)
        }
        if (!want.error) expect(nativeCsv(data, [...Array(data.length).keys()], d)).toEqual(want)
      }),
      { numRuns: 60 },
    )
  })

  test('splits anywhere: what one split leaves at its limit, the next one starts with', () => {
    fc.assert(
      fc.property(input, cuts, fc.nat(300), ([d, data], cuts, limit) => {
        const all = decoded(oracleCsv(data, d))
        fc.pre(!all.error)
        const first = nativeCsv(data, cuts, d, { limit })
        expect(first).toEqual(decoded(oracleCsv(data, d, { limit })))
        const second = nativeCsv(data.slice(first.position), cuts, d)
        const moved = second.rows.map((row) => ({ ...row, start: row.start + first.position }))
        expect([...first.rows, ...moved]).toEqual(all.rows)
      }),
      { numRuns: 1000 },
    )
  })

  test('agrees with fast-csv on well-formed files', async () => {
    const field = fc.oneof(
      fc.constantFrom('', 'a', 'b c', '1,5', 'say "hi"', 'two\nlines', 'ä€😀', '"', '""', ',', ' x '),
      fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replace(/[\r\ufeff]/g, '')),
    )
    const table = fc.integer({ min: 2, max: 5 }).chain((width) => {
      // fast-csv drops fields that are all blanks.
      const notBlank = field.map((text) => (text.trim() === '' ? '' : text))
      const row = fc.array(notBlank, { minLength: width, maxLength: width })
      return fc.tuple(fc.array(row, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'))
    })
    const write = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    await fc.assert(
      fc.asyncProperty(table, async ([rows, end]) => {
        const text = rows.map((row) => row.map(write).join(',') + end).join('')
        const theirs = await new Promise<string[][]>((resolve, reject) => {
          const got: string[][] = []
          parseString(text)
            .on('error', reject)
            .on('data', (row) => got.push(row))
            .on('end', () => resolve(got))
        })
        const ours = nativeCsv(utf8(text), [], { delimiter: ',', quote: '"' }).rows
        expect(ours.map((row) => row.fields)).toEqual(theirs)
      }),
      { numRuns: 300 },
    )
  })

  test('keeps a field of many chunks in one piece', () => {
    const long = 'long "" field, with\n everything '.repeat(100_000)
    const data = `a,b\nc,"${long}"\nd,e\n`
    const rows = nativeCsv(
      data,
      Array.from({ length: 30 }, (_, i) => i * 100_003),
      { delimiter: ',', quote: '"' },
    ).rows
    expect(rows.map((row) => row.fields)).toEqual([
      ['a', 'b'],
      ['c', long.replaceAll('""', '"')],
      ['d', 'e'],
    ])
  })
})

describe('the fields mapper', () => {
  type Fields = Extract<MapperSpec, { op: 'fields' }>

  const csvText = (fields: string[]) =>
    fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')

  /** The records a spec makes of parsed rows, up to the first bad one. */
  function oracleFields(spec: Fields, { rows, error, position }: Parsed) {
    const records: { key: string; values: Value[] }[] = []
    const needed = Math.max(...spec.keys, ...spec.values.flatMap((value) => value.columns)) + 1
    for (const { start, fields } of spec.skipHeader ? rows.slice(1) : rows) {
      if (fields.length < needed) return { records, error: { code: 'CSV_SHORT_ROW', offset: start } }
      const parts = spec.keys.map((column) => fields[column]!)
      const whole = parts.length === 1 ? parts[0]! : parts.map(prefixOf).join('')
      const key = spec.tag === undefined ? whole : prefixOf(whole) + String.fromCharCode(spec.tag)
      const values: Value[] = []
      for (const { kind, row, columns } of spec.values) {
        const text = row ? csvText(columns.map((column) => fields[column]!)) : fields[columns[0]!]!
        if (kind === 'bytes') {
          values.push(text)
        } else if (text === '') {
          values.push(NaN)
        } else if (/^[ \t-\r]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t-\r]*$/.test(text)) {
          values.push(Number(text))
        } else {
          return { records, error: { code: 'CSV_BAD_NUMBER', offset: start } }
        }
      }
      records.push({ key, values })
    }
    return { records, error, position }
  }

  function nativeFields(spec: Fields, data: string, cuts: number[], limit: number) {
    const layout: Layout = spec.values.map((value) => value.kind)
    const collector = newCollector({ layout })
    const mapper = kernels.createMapper(spec, collector)
    const thrown = failure(() => pushAll(mapper, bytes(data), cuts, limit, (done) => done))
    const { position, recordsIn, recordsOut } = mapper
    const records = drain(collector, layout).map(({ key, values }) => ({ key, values }))
    const error = thrown && { code: thrown.code, offset: thrown.params.offset, detail: thrown.params.detail }
    return { records, position, recordsIn, recordsOut, error }
  }

  const byKey = (a: { key: string }, b: { key: string }) => compare(a.key, b.key)

  const column = fc.nat(2)
  const value = fc.oneof(
    fc.record({ kind: fc.constant('bytes' as const), columns: fc.tuple(column) }),
    fc.record({ kind: fc.constant('number' as const), columns: fc.tuple(column) }),
    fc.record({
      kind: fc.constant('bytes' as const),
      row: fc.constant(true),
      columns: fc.array(column, { maxLength: 3 }),
    }),
  )
  const spec = (d: Dialect) =>
    fc.record({
      op: fc.constant('fields' as const),
      delimiter: fc.constant(d.delimiter),
      quote: fc.constant(d.quote),
      keys: fc.array(column, { minLength: 1, maxLength: 2 }),
      values: fc.array(value, { maxLength: 3 }),
      skipHeader: fc.boolean(),
      skipBom: fc.boolean(),
    })
  const withTag = fc.tuple(input, fc.option(fc.constantFrom(0, 1), { nil: undefined })).chain(([[d, data], tag]) =>
    fc.tuple(
      spec(d).map((spec): Fields => (tag === undefined ? spec : { ...spec, tag })),
      fc.constant(data),
      fc.constant(d),
    ),
  )

  test('gives the records of the plain parser, or its error, whatever the chunks', () => {
    fc.assert(
      fc.property(withTag, cuts, fc.oneof(fc.constant(Infinity), fc.nat(300)), ([spec, data, d], cuts, limit) => {
        const want = oracleFields(spec, oracleCsv(data, d, { limit, skipBom: spec.skipBom }))
        const got = nativeFields(spec, data, cuts, limit)
        expect(got.error && { code: got.error.code, offset: got.error.offset }).toEqual(want.error)
        if (want.error) return
        expect(got.records).toEqual(want.records.sort(byKey))
        expect(got.recordsIn).toBe(want.records.length)
        expect(got.recordsOut).toBe(want.records.length)
        expect(got.position).toBe(want.position)
      }),
      { numRuns: 3000 },
    )
  })

  test('makes the same keys and rows of plain batches and of those that have to be rewritten', () => {
    const d: Dialect = { delimiter: ',', quote: '"' }
    // More than a batch of each; the odd row is in the middle of one.
    const plainRows = Array.from({ length: 1500 }, (_, i) => `${i},${'long'.repeat(i % 14)},c${i},`)
    const odd = ['', '"a""b",x,y,', 'a\0b,x,y,', '"",x,"y,z",', 'a\rb,x,"y\nz",', 'a,x', "a,'x',y,"]
    for (const [key, columns] of [
      [0, [1, 2, 3]],
      [1, [0, 2, 3]],
      [2, []],
      [3, [3, 2, 2]],
      [0, [3]],
    ] as [number, number[]][]) {
      for (const row of odd) {
        for (const end of ['\n', '\r\n']) {
          const rows = [...plainRows]
          rows[700] = row
          const spec: Fields = {
            ...{ op: 'fields', ...d, keys: [key], skipHeader: false, skipBom: false, tag: 1 },
            values: [{ kind: 'bytes', row: true, columns }],
          }
          const data = rows.join(end)
          const want = oracleFields(spec, oracleCsv(data, d, { limit: Infinity, skipBom: false }))
          const got = nativeFields(spec, data, [20_000], Infinity)
          expect(got.records).toEqual(want.records.sort(byKey))
          expect(got.error && { code: got.error.code, offset: got.error.offset }).toEqual(want.error)
        }
      }
    }
  })

  test('takes numbers as they come in files', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer({ min: -100_000, max: 100_000 }).map((n) => (n / 100).toFixed(2)),
      fc
        .tuple(fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 25 }), fc.nat(24))
        .map(([digits, at]) => `${digits.slice(0, at)}.${digits.slice(at)}`),
    )
    fc.assert(
      fc.property(
        fc.array(
          number.filter((text) => /\d/.test(text)),
          { minLength: 1, maxLength: 80 },
        ),
        (numbers) => {
          const spec: Fields = {
            ...{ op: 'fields', delimiter: ';', quote: null, keys: [0], skipHeader: false, skipBom: false },
            values: [{ kind: 'number', columns: [1] }],
          }
          const data = numbers.map((text, i) => `${String(i).padStart(3, '0')};${text}\n`).join('')
          const got = nativeFields(spec, data, [], Infinity)
          expect(got.records.map((record) => record.values[0])).toEqual(numbers.map(Number))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('says which column of a bad row is wrong', () => {
    const spec: Fields = {
      ...{ op: 'fields', delimiter: ',', quote: '"', keys: [0], skipHeader: true, skipBom: false },
      values: [{ kind: 'number', columns: [2] }],
    }
    const bad = nativeFields(spec, 'a,b,c\nx,y,12\nx,y,twelve\n', [], Infinity).error
    expect(bad).toMatchObject({ code: 'CSV_BAD_NUMBER', offset: 13 })
    expect(bad?.detail).toContain('column 3')
    expect(bad?.detail).toContain('"twelve"')
    expect(nativeFields(spec, 'a,b,c\nx,y\n', [], Infinity).error).toMatchObject({
      code: 'CSV_SHORT_ROW',
      offset: 6,
      detail: expect.stringMatching(/2 columns.*column 3/),
    })
  })
})

describe('the guess of a record start', () => {
  test('is right in ordinary files, from any byte', () => {
    const field = fc.constantFrom(
      'a',
      'bc',
      '12.5',
      '2024-01-02',
      'x y',
      'p, q',
      'say ""hi""',
      'two\nlines',
      'a,b\nc,d',
      '',
    )
    const table = fc.integer({ min: 2, max: 6 }).chain((width) => {
      const row = fc.array(field, { minLength: width, maxLength: width })
      return fc.array(row, { minLength: 20, maxLength: 60, size: 'max' })
    })
    const write = (text: string) => (/[",\n]/.test(text) ? `"${text}"` : text)
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.nat(), (rows, end, seed) => {
        const data = rows.map((row) => row.map(write).join(',') + end).join('')
        const d = { delimiter: ',', quote: '"' }
        const { rows: parsed } = oracleCsv(data, d)
        // Not so near to the end that there is nothing to go by.
        const from = 1 + (seed % Math.ceil(data.length / 2))
        const guess = kernels.guessCsvRecordStart(bytes(data), from, { ...d, columns: rows[0]!.length })
        expect(guess).toBe(parsed.find((row) => row.start >= from)!.start)
      }),
      { numRuns: 500 },
    )
  })

  test('is the next line where there are no quotes', () => {
    const options = { delimiter: ',', quote: null, columns: 2 }
    const data = bytes('a,b\nc,d\ne,f')
    const starts = Array.from({ length: data.length }, (_, i) => kernels.guessCsvRecordStart(data, i + 1, options))
    expect(starts).toEqual([4, 4, 4, 4, 8, 8, 8, 8, 11, 11, 11])
  })
})
