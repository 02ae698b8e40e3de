import fc from 'fast-check'
import { parseString } from 'fast-csv'
import { describe, expect, test } from 'vitest'
import { BlockText } from '../../dist/src/io/format/csv/block.js'
import { kernels, type Layout, type MapperSpec } from '../../dist/src/kernels/addon.js'
import { type Dialect, type Parsed, type ReadOptions, type Row, readCsv, readNumber } from '../helpers/csv_oracle.js'
import { binary, bytes, compare, drain, failure, newCollector, prefixOf, pushAll, utf8, type Value } from './helpers.js'

function nativeCsv(
  data: string,
  cuts: number[],
  dialect: Dialect,
  { limit = Infinity, ...options }: ReadOptions = {},
): Parsed {
  const reader = kernels.createCsvReader({ skipBom: false, ...dialect, ...options })
  const rows: Row[] = []
  const bad: Parsed['bad'] = []
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
      const behind = data.slice(start + line.length, start + line.length + 2)
      if (!data.startsWith(line, start) || !/^(\r?\n|\r?$)/.test(behind))
        expect.fail(`row ${r} is not ${JSON.stringify(line)}`)
      rows.push({ start, fields })
    }
    for (const { code, offset } of reader.takeBad()) bad.push({ code, offset })
    return done
  }
  const error = failure(() => pushAll({ push }, bytes(data), cuts, limit, (done) => done))
  const parsed: Parsed = { rows, position: reader.position, bad, dropped: reader.recordsDropped }
  if (error) parsed.error = { code: error.code, offset: error.params.offset as number }
  return parsed
}

/** With its fields as text. */
const decoded = (parsed: Parsed): Parsed => ({
  ...parsed,
  rows: parsed.rows.map(({ start, fields }) => ({ start, fields: fields.map((field) => bytes(field).toString()) })),
})

const plainDialect: fc.Arbitrary<Dialect> = fc.oneof(
  fc.constant({ delimiter: ',', quote: '"' }),
  fc.constant({ delimiter: ';', quote: "'" }),
  fc.constant({ delimiter: '\t', quote: null }),
  fc.constant({ delimiter: ',', quote: null }),
)
const anyDialect: fc.Arbitrary<Dialect> = fc
  .record({
    delimiter: fc.constantFrom(',', ';', '\t', ' ', '|', '\x01'),
    quote: fc.constantFrom('"', "'", null),
    escape: fc.constantFrom('\\', '^', null, null),
    comment: fc.constantFrom('#', '%', null, null),
    missing: fc.subarray(['NA', '-', '', 'NULL', '\\N', '3.5', ' e ']),
    trim: fc.boolean(),
  })
  .filter((d) => {
    const given = [d.delimiter, d.quote, d.escape, d.comment].filter((character) => character !== null)
    return new Set(given).size === given.length
  })
const dialect = fc.oneof(plainDialect, anyDialect)

/** Text that is more or less CSV; its quotes are mostly right. */
const messy = (d: Dialect): fc.Arbitrary<string> => {
  const q = d.quote ?? '"'
  const e = d.escape ?? '\\'
  const c = d.comment ?? '#'
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
        e + q,
        e + e,
        `${e}\n`,
        `${e}\r\n`,
        `\n${c}`,
        '  ',
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
      ' '.repeat(66),
      '\0',
      '\xef\xbb\xbfz',
      'NA',
      ' NA ',
      '-',
      '\\N',
      `a${e}${d.delimiter}b`,
      `a${e}\n`,
      `${e}${q}`,
      `${e} `,
      ` ${e} ${e}\r`,
      `${c}d`,
    ),
    fc.string({ unit: fc.constantFrom(...'abc123 '), maxLength: 12 }),
  )
  const spaced = quoted.map((text) => ` ${text}\t`)
  const field = fc.oneof(
    { weight: 5, arbitrary: bare },
    { weight: 3, arbitrary: quoted },
    { weight: d.trim ? 2 : 0, arbitrary: spaced },
  )
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
    e,
    `${c} a comment, ${q} and more\n`,
    `${c}${'z'.repeat(130)}\n`,
    ' \t \n',
  )
  return fc
    .array(fc.oneof({ weight: 12, arbitrary: row }, { weight: 1, arbitrary: wrong }), { maxLength: 20, size: 'max' })
    .chain((rows) => fc.tuple(fc.constant(rows.join('')), fc.boolean()))
    .map(([text, cutEnd]) => (cutEnd ? text.replace(/\r?\n$/, '') : text))
}
const input = dialect.chain((d) => fc.tuple(fc.constant(d), messy(d)))
/** What is known about the file's columns. */
const shape: fc.Arbitrary<ReadOptions> = fc.oneof(
  fc.constant({}),
  fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(2), fc.constantFrom('error', 'fill', 'drop')).map(
    ([columns, less, raggedRows]): ReadOptions => ({
      columns,
      leastColumns: Math.max(1, columns - less),
      raggedRows: raggedRows as 'error' | 'fill' | 'drop',
    }),
  ),
)
const cuts = fc.array(fc.nat(400), { maxLength: 5 })

describe('the CSV reader', () => {
  test('gives the rows, fields, offsets and errors of the plain parser, with any chunks', () => {
    fc.assert(
      fc.property(input, cuts, fc.boolean(), fc.boolean(), shape, ([d, data], cuts, skipBom, keepBad, shape) => {
        const options: ReadOptions = { ...shape, skipBom, keepBad }
        const got = nativeCsv(data, cuts, d, options)
        const want = decoded(readCsv(data, d, options))
        expect(got.error).toEqual(want.error)
        expect(got.position).toBe(want.position)
        if (!want.error) expect([got.bad, got.dropped]).toEqual([want.bad, want.dropped])
        // Rows of the chunk that has the bad one are lost with it.
        expect(got.rows).toEqual(want.error ? want.rows.slice(0, got.rows.length) : want.rows)
      }),
      { numRuns: 5000 },
    )
  })

  test('gives the same wherever the chunk ends', () => {
    fc.assert(
      fc.property(input, shape, ([d, data], shape) => {
        const want = decoded(readCsv(data, d, shape))
        for (let cut = 0; cut <= data.length; cut++) {
          const got = nativeCsv(data, [cut], d, shape)
          expect(got.error).toEqual(want.error)
          if (!want.error) expect(got).toEqual(want)
        }
        if (!want.error) expect(nativeCsv(data, [...Array(data.length).keys()], d, shape)).toEqual(want)
      }),
      { numRuns: 120 },
    )
  })

  test('splits anywhere: what one split leaves at its limit, the next one starts with', () => {
    fc.assert(
      fc.property(input, cuts, fc.nat(300), ([d, data], cuts, limit) => {
        const all = decoded(readCsv(data, d))
        fc.pre(!all.error)
        const first = nativeCsv(data, cuts, d, { limit })
        expect(first).toEqual(decoded(readCsv(data, d, { limit })))
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
    fields.map((field) => (/[",\r\n]|^\xef\xbb\xbf/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')

  /** The records that a spec makes from parsed rows, up to the first bad one. */
  function oracleFields(spec: Fields, { rows, error, position }: Parsed) {
    const records: { key: string; values: Value[] }[] = []
    const needed = Math.max(...spec.keys, ...spec.values.flatMap((value) => value.columns)) + 1
    for (const { start, fields } of spec.skipHeader ? rows.slice(1) : rows) {
      if (fields.length < needed && spec.columns === undefined)
        return { records, error: { code: 'CSV_SHORT_ROW', offset: start } }
      const parts = spec.keys.map((column) => fields[column] ?? '')
      const whole = parts.length === 1 ? parts[0]! : parts.map(prefixOf).join('')
      const key = spec.tag === undefined ? whole : prefixOf(whole) + String.fromCharCode(spec.tag)
      const values: Value[] = []
      for (const { kind, row, columns } of spec.values) {
        const text = row ? csvText(columns.map((column) => fields[column] ?? '')) : (fields[columns[0]!] ?? '')
        const value = kind === 'bytes' ? text : readNumber(text, spec)
        if (value === undefined) return { records, error: { code: 'CSV_BAD_NUMBER', offset: start } }
        values.push(value)
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
    const { position, recordsIn, recordsOut, recordsDropped } = mapper
    const records = drain(collector, layout).map(({ key, values }) => ({ key, values }))
    const error = thrown && { code: thrown.code, offset: thrown.params.offset, detail: thrown.params.detail }
    return { records, position, recordsIn, recordsOut, recordsDropped, error }
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
      ...(Object.fromEntries(Object.entries(d).map(([name, value]) => [name, fc.constant(value)])) as {
        [K in keyof Required<Dialect>]: fc.Arbitrary<Required<Dialect>[K]>
      }),
      ...{ decimal: fc.constantFrom('.' as const, ','), thousands: fc.constantFrom(null, '.', ',', ' ', "'") },
      keys: fc.array(column, { minLength: 1, maxLength: 2 }),
      values: fc.array(value, { maxLength: 3 }),
      skipHeader: fc.boolean(),
      skipBom: fc.boolean(),
    })
  const withTag = fc
    .tuple(input, fc.option(fc.constantFrom(0, 1), { nil: undefined }), shape)
    .chain(([[d, data], tag, shape]) =>
      fc.tuple(
        spec(d).map((spec): Fields => {
          const thousands = spec.thousands === spec.decimal ? null : spec.thousands
          // A header has the columns that its file has.
          const skipHeader = spec.skipHeader && shape.columns === undefined
          const needed = 1 + Math.max(...spec.keys, ...spec.values.flatMap((value) => value.columns))
          const columns = shape.columns === undefined ? {} : { columns: Math.max(shape.columns, needed) }
          return { ...spec, ...shape, ...columns, ...(tag === undefined ? {} : { tag }), thousands, skipHeader }
        }),
        fc.constant(data),
        fc.constant(d),
      ),
    )

  test('gives the records of the plain parser, or its error, with any chunks', () => {
    fc.assert(
      fc.property(withTag, cuts, fc.oneof(fc.constant(Infinity), fc.nat(300)), ([spec, data, d], cuts, limit) => {
        const { columns = 0, leastColumns = 0, raggedRows = 'error', skipBom } = spec
        const parsed = readCsv(data, d, { columns, leastColumns, raggedRows, limit, skipBom })
        const want = oracleFields(spec, parsed)
        const got = nativeFields(spec, data, cuts, limit)
        expect(got.error && { code: got.error.code, offset: got.error.offset }).toEqual(want.error)
        if (want.error) return
        expect(got.records).toEqual(want.records.sort(byKey))
        expect(got.recordsIn).toBe(want.records.length + parsed.dropped)
        expect(got.recordsDropped).toBe(parsed.dropped)
        expect(got.recordsOut).toBe(want.records.length)
        expect(got.position).toBe(want.position)
      }),
      { numRuns: 6000 },
    )
  })

  test('makes the same keys and rows from plain batches and from those that must be rewritten', () => {
    const d: Dialect = { delimiter: ',', quote: '"' }
    // More than a batch of each; the odd row is in the middle of one.
    const plainRows = Array.from({ length: 1500 }, (_, i) => `${i},${'long'.repeat(i % 14)},c${i},`)
    const odd = [
      '',
      '"a""b",x,y,',
      'a\0b,x,y,',
      '"",x,"y,z",',
      'a\rb,x,"y\nz",',
      'a,x',
      "a,'x',y,",
      '\xef\xbb\xbfa,\xef\xbb\xbf,\xef\xbb\xbfy,',
    ]
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
          const want = oracleFields(spec, readCsv(data, d, { limit: Infinity, skipBom: false }))
          const got = nativeFields(spec, data, [20_000], Infinity)
          expect(got.records).toEqual(want.records.sort(byKey))
          expect(got.error && { code: got.error.code, offset: got.error.offset }).toEqual(want.error)
        }
      }
    }
  })

  test('takes numbers as files have them', () => {
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
          // numbers.test.ts checks which text is a number.
          number.filter((text) => kernels.parseNumber(Buffer.from(text)) !== undefined),
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

  test('takes numbers with all separators, and refuses wrong groups', () => {
    const separators = ['.', ',', ' ', "'", '_', utf8('\u00a0'), utf8('\u202f'), utf8('\u2019')]
    const part = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 4 }),
      fc.constantFrom(...separators, '-', '+', 'e3', 'E-2', ' ', '123', '000', '1', '12'),
    )
    // Up to 15 digits: longer whole numbers may be none that a double holds.
    const text = fc
      .array(part, { minLength: 1, maxLength: 7 })
      .map((parts) => parts.join(''))
      .filter((text) => text.replace(/\D/g, '').length <= 15)
    const spelling = fc
      .record({
        decimal: fc.constantFrom('.' as const, ','),
        thousands: fc.constantFrom(null, '.', ',', ' ', "'", '_'),
      })
      .filter(({ decimal, thousands }) => decimal !== thousands)
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), spelling, (texts, spelling) => {
        for (const text of texts) {
          const spec: Fields = {
            ...{ op: 'fields', delimiter: ';', quote: null, keys: [0], skipHeader: false, skipBom: false },
            ...spelling,
            values: [{ kind: 'number', columns: [1] }],
          }
          const { records, error } = nativeFields(spec, `k;${text}\n`, [], Infinity)
          const want = readNumber(text, spelling)
          const wanted = Math.abs(want ?? 0) === Infinity ? 'NUMBER_TOO_LARGE' : (want ?? 'CSV_BAD_NUMBER')
          expect([text, error?.code ?? records[0]!.values[0]]).toEqual([text, wanted])
        }
      }),
      { numRuns: 400 },
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
    expect(nativeFields(spec, 'a,b,c\nx,y,9007199254740993\n', [], Infinity).error).toMatchObject({
      code: 'NUMBER_TOO_LARGE',
      offset: 6,
      detail: expect.stringContaining('9007199254740993'),
    })
    expect(nativeFields(spec, 'a,b,c\nx,y\n', [], Infinity).error).toMatchObject({
      code: 'CSV_SHORT_ROW',
      offset: 6,
      detail: expect.stringMatching(/2 columns.*column 3/),
    })
  })
})

describe('the guess of a record start', () => {
  test('is right from most bytes of files of other dialects, and is never inside a line', () => {
    const d: Dialect = { delimiter: ';', quote: '"', escape: '\\', comment: '#', trim: true }
    const cells = ['a', '12', '"x; y"', '"say \\"hi\\""', '"two\nlines"', 'a\\;b', ' "p" ']
    const lines = Array.from({ length: 200 }, (_, i) =>
      i % 9 === 4 ? '# a comment; "with more\n' : `${cells[i % 7]};${cells[(i * 3) % 7]};${cells[(i * 5) % 7]}\n`,
    )
    const data = lines.join('')
    const starts = new Set([0, ...readCsv(data, d).rows.map(({ start }) => start)])
    lines.reduce((at, line) => {
      starts.add(at)
      return at + line.length
    }, 0)
    let right = 0
    const tried = data.length - 400
    for (let from = 1; from < tried; from++) {
      const guess = kernels.guessCsvRecordStart(bytes(data), from, { ...d, columns: 3 })
      expect(data[guess - 1]).toBe('\n')
      if (starts.has(guess)) right++
    }
    expect(right / tried).toBeGreaterThan(0.95)
  })

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
        const { rows: parsed } = readCsv(data, d)
        // Not so near to the end that there is too little to guess from.
        const from = 1 + (seed % Math.ceil(data.length / 2))
        const guess = kernels.guessCsvRecordStart(bytes(data), from, { ...d, columns: rows[0]!.length })
        expect(guess).toBe(parsed.find((row) => row.start >= from)!.start)
      }),
      { numRuns: 500 },
    )
  })

  test('is the next line if there are no quotes', () => {
    const options = { delimiter: ',', quote: null, columns: 2 }
    const data = bytes('a,b\nc,d\ne,f')
    const starts = Array.from({ length: data.length }, (_, i) => kernels.guessCsvRecordStart(data, i + 1, options))
    expect(starts).toEqual([4, 4, 4, 4, 8, 8, 8, 8, 11, 11, 11])
  })
})
