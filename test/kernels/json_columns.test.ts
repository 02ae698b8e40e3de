/** Fields of JSON lines as vectors, against JSON.parse. */
import { describe, expect, it } from 'vitest'
import type { Row } from '../../dist/src/kernels/rows.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'
import { column, scanJson, textOf } from './scans.js'

const list = (element: Type): Type => ({ type: 'array', element, containsNull: true })
const struct = (...fields: Column[]): Type => ({ type: 'struct', fields })

const COLUMNS: Column[] = [
  column('a', 'long'),
  column('text', 'string'),
  column('x', 'double'),
  column('flag', 'boolean'),
  column('items', list(struct(column('name', 'string'), column('tags', list('string'))))),
  column('deep', struct(column('n', 'integer'), column('inner', struct(column('list', list('double')))))),
  column('näme "q"', 'string'),
]

const TEXTS = [
  '',
  'a',
  'twelve bytes',
  'more than twelve bytes',
  'é\u0000\n"\\/\b',
  '😀',
  '\u2028',
  '{"a":1}',
  '[',
  'x'.repeat(100),
]

/** Any value of JSON. */
function randomValue(random: Random, depth: number): unknown {
  const roll = random.below(depth > 0 ? 8 : 5)
  if (roll === 0) return null
  if (roll === 1) return random.below(2) === 0
  if (roll === 2) return random.pick([0, -1, 1.5, 1e300, -2.5e-7, 123456789])
  if (roll < 5) return random.pick(TEXTS)
  if (roll === 5) return random.times(random.below(4), () => randomValue(random, depth - 1))
  return Object.fromEntries(random.times(random.below(4), () => [random.pick(TEXTS), randomValue(random, depth - 1)]))
}

function randomOf(random: Random, type: Type): unknown {
  if (random.below(5) === 0) return null
  if (typeof type === 'string') {
    if (type === 'string') return random.pick(TEXTS)
    if (type === 'boolean') return random.below(2) === 0
    if (type === 'double') return random.pick([0, 1.5, -1e300, 2 ** 60, 1e-7])
    return random.pick([0, -1, 2_000_000_000])
  }
  if (type.type === 'array') return random.times(random.below(4), () => randomOf(random, type.element))
  if (type.type === 'struct')
    return Object.fromEntries(type.fields.map((field) => [field.name, randomOf(random, field.type)]))
  throw new Error('no decimals')
}

/** The same value written in another way: white space, escapes, keys in any order, twice, and others between them. */
function write(random: Random, value: unknown, isRow = false): string {
  const space = () => random.pick(['', '', '', ' ', '\t', ' \r '])
  const text = (one: string) => {
    const json = JSON.stringify(one)
    if (random.below(4) > 0) return json
    const escaped = [...json.slice(1, -1)]
      .join('')
      .replace(/(?<!\\)[a-z/](?![^\\]*$)/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    return JSON.parse(`"${escaped}"`) === one ? `"${escaped}"` : json
  }
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value))
    return `[${space()}${value.map((one) => write(random, one)).join(`${space()},${space()}`)}${space()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(([key, field]) => `${text(key)}${space()}:${space()}${write(random, field)}`)
  if (isRow) {
    const others = random.times(random.below(3), (i) => `"other${i}":${write(random, randomValue(random, 3))}`)
    fields.push(...others)
    fields.sort(() => random.below(2) - 0.5)
    if (random.below(5) === 0) fields.unshift('"a":"overwritten by the last one"')
  }
  return `{${space()}${fields.join(`${space()},${space()}`)}${space()}}`
}

describe('columns of JSON lines', () => {
  it('have values of every form, whatever the chunks', () => {
    const random = new Random(1)
    const rows = random.times(
      2500,
      () => Object.fromEntries(COLUMNS.map(({ name, type }) => [name, randomOf(random, type)])) as Row,
    )
    const text = rows.map((row) => `${write(random, row, true)}\n${random.below(20) === 0 ? ' \n' : ''}`).join('')
    for (const line of text.split('\n')) if (line.trim() !== '') JSON.parse(line)
    for (const chunkBytes of [1 << 20, 1 + random.below(300)]) {
      const result = scanJson(text, COLUMNS, { chunkBytes })
      expect(result.error).toBe(null)
      expect(result.rows).toEqual(rows)
      expect(result.recordsIn).toBe(rows.length)
    }
  })

  it('take and refuse the lines that JSON.parse takes and refuses', () => {
    const random = new Random(2)
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '\\u',
      'd83d',
      '\\n',
      'true',
      'null',
      'nul',
      '0',
      '01',
      '-',
      '1',
      '.5',
      'e',
      '+',
      ' ',
      '\t',
      '"a"',
      '"a":',
      '{"a":1}',
      '\u0001',
      'é',
    ]
    let taken = 0
    for (let i = 0; i < 10_000; i++) {
      let line = random.times(1 + random.below(7), () => random.pick(pieces)).join('')
      if (random.below(2) === 0) line = `{"k":${line}}`
      let parsed: unknown
      let isJson = line.trim() !== ''
      try {
        parsed = JSON.parse(line)
      } catch {
        isJson = false
      }
      const isRow = isJson && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      const { error } = scanJson(line, [column('b', 'string')])
      if (line.trim() !== '') expect(error === null, JSON.stringify([line, error])).toBe(isRow)
      if (isRow) taken++
    }
    expect(taken).toBeGreaterThan(100)
  })

  it('are read alike after a line of the same layout, of another one, and of one that is broken somewhere', () => {
    const random = new Random(3)
    const names = ['a', 'b', 'c', 'b b', '\u00e9', 'a long name of a field']
    const columns = ['b', 'c', 'a long name of a field'].map((name) => column(name, 'string'))
    const value = (depth: number): unknown =>
      random.pick([
        () => random.below(1000),
        () => -1.5e-7 * random.below(9),
        () => 'x'.repeat(random.below(70)),
        () => 'q"\\é\n'.repeat(random.below(3)),
        () => random.pick([null, true, false, {}, [], '']),
        () => (depth === 0 ? 0 : object(depth - 1)),
        () => (depth === 0 ? 0 : random.times(random.below(3), () => value(depth - 1))),
      ])()
    const object = (depth: number): unknown =>
      Object.fromEntries(random.times(random.below(5), () => [random.pick(names), value(depth)]))
    /** Other values at the same places, mostly. */
    const like = (other: unknown): unknown =>
      typeof other !== 'object' || other === null || Array.isArray(other) || random.below(9) === 0
        ? value(1)
        : Object.fromEntries(Object.entries(other).map(([key, inner]) => [key, like(inner)]))
    const broken = (line: string) => {
      const at = random.below(line.length)
      return (
        line.slice(0, at) + random.pick(['', '"', '{', '}', ',', ' ', '1', '\\']) + line.slice(at + random.below(2))
      )
    }
    const parsed = (line: string): Record<string, unknown> | null => {
      try {
        return JSON.parse(line)
      } catch {
        return null
      }
    }
    let alike = 0
    for (let i = 0; i < 2000; i++) {
      const first = object(2)
      const space = random.pick([undefined, undefined, 1])
      const text = (row: unknown) => JSON.stringify(row, null, space).replaceAll('\n', ' ')
      const lines = [text(first), text(like(first)), text(like(first)), text(object(1)), text(like(first))]
      const cut = random.below(3) === 0 ? random.below(lines.length) : -1
      if (cut >= 0) lines[cut] = broken(lines[cut]!)
      const expected = lines.map(parsed)
      const isObject = (row: unknown) => typeof row === 'object' && row !== null && !Array.isArray(row)
      const result = scanJson(lines.join('\n'), columns)
      const where = JSON.stringify([lines, result.error])
      expect(result.error === null, where).toBe(expected.every(isObject))
      if (result.error !== null) continue
      expect(result.rows, where).toHaveLength(lines.length)
      for (const [n, row] of result.rows.entries()) {
        for (const { name } of columns) {
          const wanted = expected[n]![name] ?? null
          const found = row[name] as string | null
          expect(found === null || typeof wanted === 'string' ? found : JSON.parse(found), where).toEqual(wanted)
        }
      }
      alike++
    }
    expect(alike).toBeGreaterThan(1000)
  })

  it.each<[string, Type, unknown]>([
    ['9223372036854775807', 'string', '9223372036854775807'],
    ['1.10', 'string', '1.10'],
    ['{"x": [1 ]}', 'string', '{"x": [1 ]}'],
    ['true', 'string', 'true'],
    ['9007199254740991', 'long', 9007199254740991],
    ['-0', 'long', 0],
    ['12345678901234567890', { type: 'decimal', precision: 20, scale: 0 }, '12345678901234567890'],
    ['1.005', { type: 'decimal', precision: 5, scale: 2 }, '1.01'],
    ['"12.3"', { type: 'decimal', precision: 5, scale: 2 }, '12.30'],
    ['1e2', { type: 'decimal', precision: 5, scale: 2 }, '100.00'],
    ['"NaN"', 'double', Number.NaN],
    ['"Infinity"', 'double', Number.POSITIVE_INFINITY],
    ['"-INF"', 'double', Number.NEGATIVE_INFINITY],
    ['7', 'double', 7],
    ['"2024-01-31"', 'date', '2024-01-31'],
    ['"2024-01-31T12:34:56.789Z"', 'timestamp', new Date('2024-01-31T12:34:56.789Z')],
    ['1706704496', 'timestamp', new Date('2024-01-31T12:34:56Z')],
    ['"2024-01-31 12:34:56"', 'timestamp_ntz', '2024-01-31T12:34:56.000'],
    ['"AQL/"', 'binary', Uint8Array.of(1, 2, 255)],
    ['"\\ud83d\\ude00\\ud83d"', 'string', '😀\uFFFD'],
  ])('%s as %j', (text, type, value) => {
    expect(scanJson(`{"v":${text}}`, [column('v', type)])).toMatchObject({ error: null, rows: [{ v: value }] })
  })

  it.each<[string, Type, string]>([
    ['1.0', 'long', 'column "v" is bigint, and here it is 1.0'],
    ['"1"', 'integer', 'column "v" is int, and here it is "1"'],
    ['2147483648', 'integer', 'column "v" is int, and here it is 2147483648'],
    ['9223372036854775808', 'long', 'column "v" is bigint, and here it is 9223372036854775808'],
    ['"1.5"', 'double', 'column "v" is double, and here it is "1.5"'],
    ['1e400', 'double', 'column "v" is double, and here it is 1e400'],
    ['1', 'boolean', 'column "v" is boolean, and here it is 1'],
    ['1', 'date', 'column "v" is date, and here it is 1'],
    ['12345', { type: 'decimal', precision: 5, scale: 2 }, 'column "v" is decimal(5,2), and here it is 12345'],
    ['{}', list('long'), 'column "v" is array<bigint>, and here it is {}'],
    ['[1,[2]]', list('long'), 'column "v[]" is bigint, and here it is [2]'],
    [
      '{"a":{"b":"x"}}',
      struct(column('a', struct(column('b', 'long')))),
      'column "v.a.b" is bigint, and here it is "x"',
    ],
    ['[{"n":1},{}]', list(struct(column('n', 'long', false))), 'column "v[].n" has no value here, and is not nullable'],
  ])('%s is no %j', (text, type, problem) => {
    const good = '{"w":1}\n'
    const columns = [column('v', type), column('w', 'long')]
    const { error, rows } = scanJson(`${good}{"w":2,"v":${text}}\n${good}`, columns)
    expect(error).toBe(`CELL_INVALID: ${problem} (${good.length})`)
    expect(rows).toHaveLength(1)
    const kept = scanJson(`${good}{"w":2,"v":${text}}\n${good}`, columns, { keepBad: true })
    expect(kept.bad).toMatchObject([{ code: 'CELL_INVALID', offset: good.length, excerpt: `{"w":2,"v":${text}}` }])
    expect(kept.rows.map(({ w }) => w)).toEqual([1, 1])
    expect(kept.recordsIn).toBe(3)
  })

  it('leave out bad lines if asked, in order, whatever the chunks', () => {
    const random = new Random(3)
    const lines = random.times(
      3000,
      (n) =>
        random.pick(['{"n":', '{"x":{"n":0},"n":']) +
        random.pick([`${n}}`, `${n}}`, `${n}}`, '"x"}', '1', '1}}', '[]}']),
    )
    const isGood = (line: string) => /"n":\d+}$/.test(line)
    let end = 0
    const offsets = lines.map((line) => {
      end += line.length + 1
      return end - line.length - 1
    })
    const bad = offsets.filter((_, i) => !isGood(lines[i]!))
    for (const chunkBytes of [1 << 20, 77]) {
      const result = scanJson(lines.join('\n'), [column('n', 'long')], { chunkBytes, keepBad: true })
      expect(result.bad.map(({ offset }) => offset)).toEqual(bad)
      expect(result.rows.map(({ n }) => n)).toEqual(lines.flatMap((line, i) => (isGood(line) ? [i] : [])))
      expect(result.recordsIn).toBe(lines.length)
    }
  })

  it('belong to the split in which their lines start', () => {
    const lines = ['{"n":1}', '', '{"n":2}', '{"n":3}'].join('\n')
    const count = (limit: number) => scanJson(lines, [column('n', 'long')], { limit, chunkBytes: 3 }).rows.length
    expect([0, 1, 8, 9, 10, 17, 18, 99].map(count)).toEqual([0, 1, 1, 1, 2, 2, 3, 3])
  })

  it('have no line that is too long', () => {
    const lines = `{"n":1}\n{"n":"${'x'.repeat(100)}"}\n{"n":3}`
    for (const chunkBytes of [1 << 20, 10]) {
      const { error } = scanJson(lines, [column('n', 'string')], { chunkBytes }, 50)
      expect(error).toMatch(/^RECORD_TOO_LARGE: .* \(8\)$/)
      const kept = scanJson(lines, [column('n', 'string')], { chunkBytes, keepBad: true }, 50)
      expect(kept.rows.map(({ n }) => n)).toEqual(['1', '3'])
      expect(kept.bad).toMatchObject([{ code: 'RECORD_TOO_LARGE', offset: 8 }])
      expect(kept.recordsIn).toBe(3)
    }
  })

  it('may nest as deep as anyone likes where nobody reads', () => {
    const deep = 200_000
    const line = `{"x":${'[{"a":'.repeat(deep)}1${'}]'.repeat(deep)},"n":1}`
    expect(scanJson(line, [column('n', 'long')])).toMatchObject({ error: null, rows: [{ n: 1 }] })
    expect(scanJson(line.slice(0, -7), [column('n', 'long')]).error).toMatch(/^JSONL_BAD_RECORD/)
  })

  it('may begin with a byte-order mark', () => {
    expect(scanJson('\uFEFF{"n":1}\n', [column('n', 'long')], { chunkBytes: 2 }).rows).toEqual([{ n: 1 }])
  })
})

describe('rows as text', () => {
  const columns = [
    column('l', 'long'),
    column('m', { type: 'decimal', precision: 20, scale: 2 }),
    column('x', 'double'),
    column('s', 'string'),
    column('d', 'date'),
    column('t', 'timestamp'),
    column('z', 'timestamp_ntz'),
    column('b', 'binary'),
    column('f', 'boolean'),
  ]
  const rows = [
    '{"l":9007199254740993,"m":123456789012345678.90,"x":0.1,"s":"a,\\"b\\"\\n\\u0001é","d":"2024-01-31","t":"2024-01-31T02:00:00.000Z","z":"2024-01-31T02:00:00.123456","b":"AQL/","f":true}',
    '{"l":null,"m":null,"x":null,"s":null,"d":null,"t":null,"z":null,"b":null,"f":null}',
    '{"l":-1,"m":-0.01,"x":"NaN","s":"","d":"0001-01-01","t":"1969-12-31T23:59:59.999999Z","z":"1969-12-31T23:59:59.999","b":"","f":false}',
    '{"l":0,"m":0.00,"x":1e+21,"s":"\\t","d":"-0044-03-15","t":"+10000-01-01T00:00:00.000Z","z":"2024-01-31T00:00:00.000","b":"AQ==","f":false}',
  ]
  const json = `${rows.join('\n')}\n`

  it('of JSON are those that were read', () => {
    expect(textOf(json, columns, { kind: 'text', format: { kind: 'jsonl' } })).toBe(json)
    const nested = '{"a":[{"n":1,"s":null},null],"o":{"x":{"y":[]}}}\n{"a":null,"o":null}\n'
    const types = [
      column('a', list(struct(column('n', 'long'), column('s', 'string')))),
      column('o', struct(column('x', struct(column('y', list('double')))))),
    ]
    expect(textOf(nested, types, { kind: 'text', format: { kind: 'jsonl' } })).toBe(nested)
  })

  it('of CSV and TSV quote and escape as other outputs do', () => {
    const csv = textOf(json, columns, { kind: 'text', format: { kind: 'csv', delimiter: ',' } })
    expect(csv).toBe(
      [
        '9007199254740993,123456789012345678.90,0.1,"a,""b""\n\u0001é",2024-01-31,2024-01-31T02:00:00.000Z,2024-01-31T02:00:00.123456,AQL/,true',
        ',,,,,,,,',
        '-1,-0.01,NaN,"",0001-01-01,1969-12-31T23:59:59.999999Z,1969-12-31T23:59:59.999,"",false',
        '0,0.00,1e+21,\t,-0044-03-15,+10000-01-01T00:00:00.000Z,2024-01-31T00:00:00.000,AQ==,false',
        '',
      ].join('\n'),
    )
    const one = '{"s":"a\\tb\\\\"}\n{}\n{"s":""}\n'
    const text = [column('s', 'string')]
    expect(textOf(one, text, { kind: 'text', format: { kind: 'tsv', escape: true } })).toBe('a\\tb\\\\\n\n\n')
    expect(textOf(one, text, { kind: 'text', format: { kind: 'tsv', escape: false } })).toBe('a\tb\\\n\n\n')
    expect(textOf(one, text, { kind: 'text', format: { kind: 'text' } })).toBe('a\tb\\\n\n\n')
    // A line without anything is no row of CSV.
    expect(textOf(one, text, { kind: 'text', format: { kind: 'csv', delimiter: ';' } })).toBe('a\tb\\\n""\n""\n')
  })
})
