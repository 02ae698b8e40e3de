/** Columns of CSV as vectors, against plain TypeScript. */
import { describe, expect, it } from 'vitest'
import type { CsvScanSpec } from '../../dist/src/kernels/addon.js'
import type { Row } from '../../dist/src/kernels/rows.js'
import type { Column } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'
import { column, type Scanned, scanCsv } from './scans.js'

const COLUMNS: Column[] = [
  column('s', 'string'),
  column('n', 'long'),
  column('i', 'integer'),
  column('x', 'double'),
  column('m', { type: 'decimal', precision: 6, scale: 2 }),
  column('w', { type: 'decimal', precision: 30, scale: 3 }),
  column('b', 'boolean'),
  column('d', 'date'),
  column('t', 'timestamp'),
  column('l', 'timestamp_ntz'),
  column('bin', 'binary'),
]

/** Texts of each column, and their values; undefined: it has none. */
const CELLS: [text: string, value: unknown][][] = [
  [
    ['plain', 'plain'],
    ['more than twelve bytes', 'more than twelve bytes'],
    ['"quoted, with a comma"', 'quoted, with a comma'],
    ['"doubled ""quotes"" in it"', 'doubled "quotes" in it'],
    ['"two\nlines"', 'two\nlines'],
    ['é', 'é'],
    ['"""x"', '"x'],
  ],
  [
    ['1', 1],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['"7"', 7],
    [' +12 ', 12],
    ['1.0', undefined],
    ['9223372036854775808', undefined],
    ['x', undefined],
  ],
  [
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
    ['2147483648', undefined],
  ],
  [
    ['1.5', 1.5],
    ['1e-3', 0.001],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['0.1000000000000000055511151231257827', 0.1],
    ['12345678901234567000', 12345678901234567000],
    ['12345678901234567890', undefined],
    ['1e400', undefined],
    ['1,5', undefined],
  ],
  [
    ['1', '1.00'],
    ['-1234.565', '-1234.57'],
    ['1234.564', '1234.56'],
    ['.5', '0.50'],
    ['12e1', '120.00'],
    ['9999.995', undefined],
    ['12345', undefined],
  ],
  [
    ['123456789012345678901234567.891', '123456789012345678901234567.891'],
    ['-0.0005', '-0.001'],
    ['-0.0004', '0.000'],
    ['1e27', undefined],
  ],
  [
    ['true', true],
    ['FALSE', false],
    ['2', undefined],
  ],
  [
    ['2024-02-29', '2024-02-29'],
    ['2024-1-5', '2024-01-05'],
    ['0001-01-01', '0001-01-01'],
    ['2023-02-29', undefined],
    ['01/31/2024', undefined],
  ],
  [
    ['2024-01-31T12:34:56.789Z', new Date('2024-01-31T12:34:56.789Z')],
    ['2024-01-31 12:34:56+02:00', new Date('2024-01-31T10:34:56Z')],
    ['1969-12-31', new Date('1969-12-31T00:00:00Z')],
    ['2024-01-31T24:00:00Z', undefined],
  ],
  [
    ['2024-01-31 12:34:56.123456', '2024-01-31T12:34:56.123456'],
    ['2024-01-31T12:34', '2024-01-31T12:34:00.000'],
    ['noon', undefined],
  ],
  [
    ['AQL/', Uint8Array.of(1, 2, 255)],
    ['AQ==', Uint8Array.of(1)],
    ['AQ', undefined],
    ['AR==', undefined],
  ],
]

interface Sample {
  text: string
  rows: Row[]
  /** Offsets of the bad rows. */
  bad: number[]
}

/** @param badPercent of cells */
function sample(random: Random, count: number, badPercent: number, lineEnd: string): Sample {
  const lines: string[] = []
  const rows: Row[] = []
  const bad: number[] = []
  let offset = 0
  for (let r = 0; r < count; r++) {
    const row: Row = {}
    let isBad = false
    const cells = COLUMNS.map(({ name }, c) => {
      row[name] = null
      if (random.below(5) === 0) return random.below(2) === 0 ? '' : '""'
      const good = CELLS[c]!.filter(([, value]) => value !== undefined)
      const wrong = CELLS[c]!.filter(([, value]) => value === undefined)
      const useWrong = wrong.length > 0 && random.below(100) < badPercent
      const [text, value] = random.pick(useWrong ? wrong : good)
      if (value === undefined) isBad = true
      row[name] = value
      return name !== 's' && text.includes(',') ? `"${text}"` : text
    })
    const line = cells.join(',') + lineEnd
    if (isBad) bad.push(offset)
    else rows.push(row)
    lines.push(line)
    offset += Buffer.byteLength(line)
    if (random.below(20) === 0) {
      lines.push(lineEnd)
      offset += lineEnd.length
    }
  }
  return { text: lines.join(''), rows, bad }
}

describe('columns of CSV', () => {
  it('have values of every type, whatever the chunks', () => {
    const random = new Random(1)
    for (const lineEnd of ['\n', '\r\n']) {
      const { text, rows } = sample(random, 3000, 0, lineEnd)
      for (const chunkBytes of [1 << 20, 65_536, 1 + random.below(200)]) {
        const result = scanCsv(text, COLUMNS, { chunkBytes })
        expect(result.error).toBe(null)
        expect(result.rows).toEqual(rows)
        expect(result.recordsIn).toBe(rows.length)
      }
    }
  })

  it('leave out bad rows if asked, and name each, whatever the chunks', () => {
    const random = new Random(2)
    for (const count of [1, 50, 2500]) {
      const { text, rows, bad } = sample(random, count, 5, '\n')
      for (const chunkBytes of [1 << 20, 1 + random.below(500)]) {
        const result = scanCsv(text, COLUMNS, { chunkBytes, keepBad: true })
        expect(result.error).toBe(null)
        expect(result.bad.map(({ code, offset }) => [code, offset])).toEqual(bad.map((at) => ['CELL_INVALID', at]))
        expect(result.rows).toEqual(rows)
        expect(result.recordsIn).toBe(count)
      }
    }
  })

  it('end at the first bad row, with the column, its type and the text', () => {
    const { rows, error } = scanCsv('1,a\n2,b\nx,c\ny,d\n', [column('n', 'long'), column('s', 'string')])
    expect(rows.map(({ n }) => n)).toEqual([1, 2])
    expect(error).toBe('CELL_INVALID: column "n" is bigint, and here it is "x" (8)')
    const long = scanCsv(`${'é'.repeat(100)}\n`, [column('n', 'long')], {}, { columns: 1 })
    expect(long.error).toBe(`CELL_INVALID: column "n" is bigint, and here it is "${'é'.repeat(30)}..." (0)`)
  })

  it('have the same numbers whether fields are read at once or one by one', () => {
    const seed = 20_261_201
    const random = new Random(seed)
    const shapes = [
      '-0',
      '.5',
      '5.',
      '+7.25',
      '-.25',
      '12345678',
      '123456789',
      '.',
      '-',
      '+',
      '1.2.3',
      '--1',
      ' 1 ',
      '1e3',
    ]
    const drawn = random.times(2000, () =>
      random.times(1 + random.below(9), () => random.pick([...'0123456789.-'])).join(''),
    )
    const texts = ['', ...shapes, ...drawn, ...shapes.map((text) => `"${text}"`), '""']
    const columns = [column('s', 'string'), column('x', 'double')]
    for (const lineEnd of ['\n', '\r\n']) {
      const data = texts.map((text) => `a,${text}${lineEnd}`).join('')
      // Where some text means nothing, fields are looked at one by one.
      const single = scanCsv(data, columns, { keepBad: true }, { missing: ['NA'] })
      expect(single.rows.length, `seed ${seed}`).toBeGreaterThan(900)
      for (const chunkBytes of [1 << 20, 1 + random.below(300)]) {
        const config = { keepBad: true, chunkBytes }
        expect(scanCsv(data, columns, config), `seed ${seed}`).toEqual(single)
      }
    }
  })

  it('may be required', () => {
    const { error } = scanCsv('a,1\n,2\n', [column('s', 'string', false), column('n', 'long')])
    expect(error).toBe('CELL_INVALID: column "s" has no value here, and is not nullable (4)')
  })

  it('are found where the header has them, in any order and more than once', () => {
    const columns = [column('c', 'long'), column('a', 'string'), column('c2', 'string')]
    const { rows } = scanCsv('a,b,c\nx,y,1\nz,,2\n', columns, {}, { fields: [2, 0, 2], columns: 3, skipHeader: true })
    expect(rows).toEqual([
      { c: 1, a: 'x', c2: '1' },
      { c: 2, a: 'z', c2: '2' },
    ])
    expect(scanCsv('a\nb\n', [], {}, { columns: 1, leastColumns: 1 }).recordsIn).toBe(2)
  })

  it('belong to the split in which their rows start', () => {
    const random = new Random(3)
    const { text, rows } = sample(random, 300, 0, '\n')
    const size = Buffer.byteLength(text)
    const starts = (limit: number) => scanCsv(text, COLUMNS, { limit, chunkBytes: 1 + random.below(300) }).rows.length
    expect(starts(0)).toBe(0)
    expect(starts(1)).toBe(1)
    expect(starts(size)).toBe(rows.length)
  })

  it.each<[string, string, Partial<CsvScanSpec>, Scanned['rows']]>([
    [
      'other separators of numbers',
      '1.234,5;x\n',
      { delimiter: ';', decimal: ',', thousands: '.' },
      [{ n: 1234.5, s: 'x' }],
    ],
    ['blanks around fields', ' 1.5 , "x" \n', { trim: true }, [{ n: 1.5, s: 'x' }]],
    [
      'texts that mean nothing',
      'NA,-\n-,x\n',
      { missing: ['NA', '-'] },
      [
        { n: null, s: null },
        { n: null, s: 'x' },
      ],
    ],
    ['escapes', '1,"a\\"b"\n', { escape: '\\' }, [{ n: 1, s: 'a"b' }]],
    ['comments', '# no\n1,x\n', { comment: '#' }, [{ n: 1, s: 'x' }]],
    ['short rows, filled', '1\n', { raggedRows: 'fill' }, [{ n: 1, s: null }]],
    ['ragged rows, dropped', '1\n2,x\n3,y,z\n', { raggedRows: 'drop' }, [{ n: 2, s: 'x' }]],
    ['a byte-order mark', '\uFEFF1,x\n', {}, [{ n: 1, s: 'x' }]],
  ])('follow the dialect: %s', (_, text, spec, rows) => {
    const columns = [column('n', 'double'), column('s', 'string')]
    expect(scanCsv(text, columns, {}, spec)).toMatchObject({ error: null, rows })
  })

  it('refuse ragged rows, or leave them out as bad ones', () => {
    const columns = [column('n', 'double'), column('s', 'string')]
    expect(scanCsv('1,a\n2\n3,c\n', columns).error).toMatch(/^CSV_SHORT_ROW: .* \(4\)$/)
    const kept = scanCsv('1,a\n2\n3,c,d\n4,e\n', columns, { keepBad: true })
    expect(kept.bad.map(({ code, offset }) => [code, offset])).toEqual([
      ['CSV_SHORT_ROW', 4],
      ['CSV_LONG_ROW', 6],
    ])
    expect(kept.rows.map(({ n }) => n)).toEqual([1, 4])
  })
})
