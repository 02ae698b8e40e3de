/** What functions get and give. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  binary,
  boolean,
  count,
  csv,
  type DataFrame,
  date,
  decimal,
  double,
  explode,
  int,
  jsonl,
  long,
  nullable,
  read,
  string,
  timestamp,
  timestampNtz,
  when,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'
import * as fns from './functions.js'

function numbers(count: number) {
  const folder = temporaryFolder()
  writeFiles(folder, { 'n.csv': `n\n${Array.from({ length: count }, (_, i) => i).join('\n')}\n` })
  return read(csv({ schema: { n: int() } }), join(folder, 'n.csv'))
}

describe('values', () => {
  const schema = {
    boolean: nullable(boolean()),
    int: nullable(int()),
    long: nullable(long()),
    bigint: nullable(long({ js: 'bigint' })),
    double: nullable(double()),
    decimal: nullable(decimal(10, 2)),
    wide: nullable(decimal(38, 10)),
    string: nullable(string()),
    binary: nullable(binary()),
    date: nullable(date()),
    timestamp: nullable(timestamp()),
    micros: nullable(timestamp({ js: 'micros' })),
    ntz: nullable(timestampNtz()),
  }
  const NAMES = Object.keys(schema) as (keyof typeof schema)[]
  const LINES = [
    { boolean: true, int: -2147483648, long: 9007199254740991, bigint: '9223372036854775807', double: 1e300 },
    { decimal: '-99999999.99', wide: '1234567890123456789012345678.0123456789', string: 'a', binary: 'AAH/' },
    { date: '0001-01-01', timestamp: '2024-02-29T12:34:56.789Z', micros: '2024-02-29T12:34:56.123456Z' },
    { ntz: '1969-12-31T23:59:59.999999', string: 'long enough for no view: Äöü 😀', double: 'NaN' },
    { double: 'Infinity', string: '', boolean: false, int: 0, long: 0, decimal: '0.10' },
    { double: -0, string: '😀', date: '9999-12-31' },
    {},
  ]

  function typed(lines: object[]): DataFrame<typeof schema> {
    const folder = temporaryFolder()
    const text = lines.map((line) => JSON.stringify(line).replace('"9223372036854775807"', '9223372036854775807'))
    writeFiles(folder, { 'in.jsonl': `${text.join('\n').replace('"double":0', '"double":-0.0')}\n` })
    return read(jsonl({ schema }), join(folder, 'in.jsonl'))
  }

  it('of each type come to a function and back as they are', async () => {
    const frame = typed(Array.from({ length: 3000 }, (_, i) => LINES[i % LINES.length]!))
    const pick = (through: boolean) =>
      frame.select((c) => {
        const column = (name: (typeof NAMES)[number]) =>
          through ? (fns.same[name] as (x: unknown) => unknown)(c[name]) : c[name]
        return Object.fromEntries(NAMES.map((name) => [name, column(name)])) as never
      })
    expect(await pick(true).collect()).toEqual(await pick(false).collect())
  })

  it('are copied, so that a function may fill the same bytes again', async () => {
    const rows = await numbers(3000)
      .select((c) => ({ bytes: fns.bytesOf(c.n) }))
      .collect()
    expect(rows.map(({ bytes }) => [...bytes])).toEqual(Array.from({ length: 3000 }, (_, n) => [n & 255, n >> 8]))
  })

  it('are those of any form of column: dictionaries, constants, of selected rows', async () => {
    const path = join(temporaryFolder(), 'in.parquet')
    const frame = numbers(5000).select((c) => ({
      n: c.n,
      word: when(c.n.mod(3).eq(0), 'fizz').when(c.n.mod(5).eq(0), 'a longer text than views hold').otherwise(null),
    }))
    await frame.write.parquet(path)
    const rows = await read
      .parquet(path)
      .filter((c) => c.n.mod(4).eq(1))
      .select((c) => ({ n: c.n, shout: fns.shout(c.word), sum: fns.plus(c.n, 10), one: fns.one() }))
      .collect()
    const expected = Array.from({ length: 1250 }, (_, i) => 4 * i + 1).map((n) => ({
      n,
      shout: n % 3 === 0 ? 'FIZZ!' : n % 5 === 0 ? 'A LONGER TEXT THAN VIEWS HOLD!' : 'NOTHING',
      sum: n + 10,
      one: 1,
    }))
    expect(rows).toEqual(expected)
  })
})

describe('lists and structs', () => {
  it('come to functions and from them, in groups, joins and files as well', async () => {
    const folder = temporaryFolder()
    const lines = Array.from({ length: 3000 }, (_, id) => ({
      id,
      orders: Array.from({ length: id % 4 }, (_, i) => ({
        sku: `sku ${id % 7}`,
        qty: i,
        at: i > 1 ? '2024-02-29' : null,
      })),
      note: id % 3 === 0 ? null : `note ${id % 5} of many`,
    }))
    writeFiles(folder, { 'in.jsonl': lines.map((line) => `${JSON.stringify(line)}\n`).join('') })
    const path = join(folder, 'in.jsonl')
    const frame = read(jsonl({ schema: { id: int(), orders: fns.ORDERS, note: nullable(string()) } }), path)
    const made = frame.select((c) => ({
      id: c.id,
      total: fns.orders.total(c.orders),
      largest: fns.orders.largest(c.orders),
      twice: fns.orders.twice(c.orders),
      words: fns.words(c.note),
    }))
    const expected = lines.map(({ id, orders, note }) => ({
      id,
      total: orders.reduce((sum, { qty }) => sum + qty, 0),
      largest: orders.at(-1) ?? null,
      twice: [...orders, ...orders],
      words: note?.split(' ') ?? null,
    }))
    const tuned = { workers: 2 }
    expect(await made.collect(tuned)).toEqual(expected)
    await made.write.parquet(join(folder, 'out'))
    expect(await read.parquet(join(folder, 'out')).orderBy('id').collect()).toEqual(expected)
    const words = made.select(explode('words').as('word')).groupBy('word').agg({ n: count() }).orderBy('word')
    const all = expected.flatMap(({ words }) => words ?? [])
    const counts = [...new Set(all)].sort().map((word) => ({ word, n: all.filter((one) => one === word).length }))
    expect(await words.collect()).toEqual(counts)
  })

  it('hold what their types say: bigints, and every Date', async () => {
    const folder = temporaryFolder()
    const lines = [
      ['-9223372036854775808', '-290308-12-21T19:59:05.224192Z', '-271821-04-20T00:00:00Z'],
      ['9223372036854775807', '+294247-01-10T04:00:54.775807Z', '+275760-09-13T00:00:00Z'],
      ['-1', '1969-12-31T23:59:59.999999Z', '0000-01-01T00:00:00.001Z'],
    ].map(([long, micros, at]) => `{"long":${long},"micros":"${micros}","at":"${at}"}\n`)
    writeFiles(folder, { 'in.jsonl': lines.join('') })
    const schema = { long: long({ js: 'bigint' }), micros: timestamp({ js: 'micros' }), at: timestamp() }
    const frame = read(jsonl({ schema }), join(folder, 'in.jsonl'))
    const rows = await frame.collect()
    expect(rows.map(({ micros }) => micros)).toEqual([-(2n ** 63n), 2n ** 63n - 1n, -1n])
    const made = frame.select((c) => ({ x: fns.exactly(c.long, c.micros, c.at) }))
    expect(await made.collect()).toEqual(rows.map(({ at, ...row }) => ({ x: { ...row, at: [at] } })))
  })
})

describe('a result', () => {
  const TABLE = [
    ['undefined', 'undefined, and is declared as int'],
    ['null', 'null, and is declared as int, which is not nullable'],
    ['NaN', 'NaN, and is declared as int'],
    ['a large number', '2147483648, and is declared as int'],
    ['a fraction', '0.5, and is declared as bigint'],
    ['an unsafe number', '9007199254740992, and is declared as bigint'],
    ['text', '"x", and is declared as double'],
    ['a promise', 'a promise'],
    ['a number', '1, and is declared as string'],
    ['half a pair', 'half of a surrogate pair'],
    ['no day', 'no date'],
    ['a large price', 'no decimal(8,2)'],
    ['no list', 'gives an object, and is declared as array<struct<sku:string,qty:int,at:date>>'],
    ['a hole', 'at $[1] undefined, and is declared as struct<'],
    ['a field too few', 'at $[0].at undefined, and is declared as date'],
    ['a field too many', 'at $[0] a field "qyt", and is declared as struct<'],
    ['a null field', 'at $[1].sku null, and is declared as string, which is not nullable'],
    ['a list for a struct', 'at $[0] an array, and is declared as struct<'],
    ['a promise in a list', 'at $[1] a promise'],
    ['half a pair in a list', 'at $[0].sku text with half of a surrogate pair'],
    ['a fraction in a list', 'at $[0].qty 0.5, and is declared as int'],
    ['no day in a list', '"$[].at" is date, and here it is "2024-13-01"'],
  ] as const

  it.each(TABLE)('of another type is refused with its row: %s', async (name, problem) => {
    const frame = numbers(10).select((c) => ({ x: (fns.wrongAt7[name] as typeof fns.plusOne)(c.n) }))
    const error = await failure(frame.collect({ retries: 0 }))
    expect(error.code).toBe('RESULT_INVALID')
    expect(error.message).toContain(problem)
    expect(error.where.offset).toBe(16)
    expect(error.where.file).toMatch(/n\.csv$/)
  })

  it('that is refused is a bad row for maxBad', async () => {
    const folder = temporaryFolder()
    const frame = numbers(10).select((c) => ({ x: fns.wrongAt7.undefined(c.n), n: c.n }))
    await frame.write.csv(join(folder, 'out'), { maxBad: 1, workers: 1 })
    const [bad] = readFileSync(join(folder, 'out/_quarantine.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(bad).toMatchObject({ offset: 16, code: 'RESULT_INVALID', excerpt: '7' })
    expect(bad.reason).toContain('undefined')
    const rows = await read(csv({ schema: { x: int(), n: int() } }), join(folder, 'out')).collect()
    expect(rows.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9])
  })
})

describe('a function that throws', () => {
  it('ends the run with its stack, and the place of its row', async () => {
    const error = await failure(
      numbers(10)
        .select((c) => ({ x: fns.throwingAt7(c.n) }))
        .collect({ retries: 0 }),
    )
    expect(error.code).toBe('USER_ERROR')
    expect(error.message).toBe('The function throwing failed: seven is out of range')
    expect(error.userStack).toMatch(/RangeError: seven.*\n.*at throwing.*functions\.ts:\d+/)
    expect(error.where).toMatchObject({ offset: 16 })
  })

  it('makes a bad row for maxBad', async () => {
    const frame = numbers(5000).select((c) => ({ x: fns.throwingAt7(c.n) }))
    expect(await frame.collect({ maxBad: 1, workers: 2 })).toHaveLength(4999)
    const error = await failure(
      numbers(20)
        .union(numbers(20))
        .select((c) => ({ x: fns.throwingAt7(c.n) }))
        .collect({ maxBad: 1 }),
    )
    expect(error.code).toBe('TOO_MANY_BAD_RECORDS')
  })

  it('does not see rows that a filter before it removes, nor branches that are not taken', async () => {
    const frame = numbers(5000)
    const filtered = frame.filter((c) => c.n.ge(10)).filter((c) => fns.notBelow10(c.n).lt(20))
    expect(await filtered.count()).toBe(10)
    expect(await frame.filter((c) => c.n.ge(10).and(fns.notBelow10(c.n).lt(20))).count()).toBe(10)
    const chosen = frame.select((c) => ({ x: when(c.n.ge(10), fns.notBelow10(c.n)).otherwise(-1) }))
    expect(await chosen.filter((c) => c.x.eq(-1)).count()).toBe(10)
    expect(await failure(frame.filter((c) => fns.notBelow10(c.n).lt(20)).count())).toMatchObject({ code: 'USER_ERROR' })
  })
})
