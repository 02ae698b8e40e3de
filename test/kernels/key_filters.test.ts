/** Rows that are dropped ahead of a join by the keys of its table, against plain TypeScript: none that has a match. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fromNative, type JoinTable, kernels } from '../../dist/src/kernels/addon.js'
import { joinTableProgram } from '../../dist/src/kernels/join_program.js'
import { type PipelineOperator, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import { joined } from '../../dist/src/plan/columns.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'

type Value = Row[string]

const folder = mkdtempSync(join(tmpdir(), 'runjob-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let runs = 0

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })

interface Options {
  /** What a table in a file may take; absent: it is in memory. */
  memoryBytes?: number
  /** How many rows the table is said to have at most. */
  rows?: number
}

/** A table of rows with one key, and a set of its values. */
function tableOf(type: Type, keys: readonly Value[], { memoryBytes, rows = keys.length }: Options = {}): JoinTable {
  const columns = [column('r', type)]
  const collector = kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: ['bytes'],
    partitionBy: 'hash',
    partitions: 1,
  })
  const end = { kind: 'exchange', keys: [], side: 'none' } as const
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
  const pipeline = kernels.createPipeline(program, collector, { memoryBytes: 1 << 20 })
  pipeline.addRows(
    encodeRows(
      keys.map((r) => ({ r })),
      columns,
    ),
  )
  pipeline.finish()
  const path = join(folder, `${runs++}.run`)
  collector.spill(path, '{}')
  const table = kernels.createJoinTable(joinTableProgram(columns, ['r'], 'found', { keys: [0], rows }), {
    name: `table ${runs}`,
    ...(memoryBytes === undefined ? {} : { folder, memoryBytes }),
  })
  table.claim(0)
  const cursor = kernels.openRuns([path], 0, { descending: false })
  while (table.add(cursor, 100) > 0);
  return table
}

function passing(type: Type, table: JoinTable, values: readonly Value[], more: PipelineOperator[] = []): Row[] {
  const left = [column('l', type)]
  const right = [column('r', type)]
  const program = pipelineProgram({
    source: { kind: 'batches', columns: left },
    operators: [{ op: 'keyFilter', table: 0, key: 0, column: 'l' }, ...more],
    end: { kind: 'rows' },
  })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })
  pipeline.addRows(
    encodeRows(
      values.map((l) => ({ l })),
      left,
    ),
  )
  pipeline.finish()
  return decodeRows(pipeline.takeOutput(), more.length === 0 ? left : joined('inner', left, right), { longs: 'bigint' })
}

const LONGS = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n }

/** Values of a type that meet one another now and then, and those at its ends. */
const VALUES: Record<string, { type: Type; value: (random: Random) => Value; special?: Value[] }> = {
  boolean: { type: 'boolean', value: (random) => random.below(2) === 1 },
  int: { type: 'integer', value: (random) => random.below(3000) - 1500, special: [-(2 ** 31), 2 ** 31 - 1, 0] },
  'int, far apart': { type: 'integer', value: (random) => random.below(2000) * 1_000_003 },
  date: { type: 'date', value: (random) => new Date(random.below(4000) * 864e5).toISOString().slice(0, 10) },
  double: {
    type: 'double',
    value: (random) => random.below(3000) / 8,
    special: [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE],
  },
  decimal: {
    type: { type: 'decimal', precision: 9, scale: 2 },
    value: (random) => (random.below(3000) / 100).toFixed(2),
    special: ['-9999999.99', '9999999.99', '0.00'],
  },
  'wide decimal': {
    type: { type: 'decimal', precision: 38, scale: 0 },
    value: (random) => `${1 + random.below(3000)}00000000000000000000`,
    special: ['-99999999999999999999999999999999999999', '0'],
  },
  string: {
    type: 'string',
    value: (random) => `${random.below(3000)}`.padEnd(random.below(2) * 20, 'x'),
    special: ['', '\0', 'é', 'a'.repeat(5000)],
  },
}

/** As keys are equal: NaN is itself, and -0 is 0. */
const identity = (value: Value) => (typeof value === 'number' ? value + 0 : value)

describe.each(Object.entries(VALUES))('%s', (_, { type, value, special = [] }) => {
  const random = new Random(11)
  const draw = (n: number) => Array.from({ length: n }, () => (random.below(9) === 0 ? null : value(random)))

  it.each([
    ['in memory', {}],
    ['in a file', { memoryBytes: 1 << 20 }],
    ['in a file that leaves no room for a set', { memoryBytes: 0 }],
    ['of more rows than were told of', { rows: 1 }],
  ] as [string, Options][])('every row with a match passes, and the join is the same: %s', (_, options) => {
    for (const keys of [[], [null], draw(3), draw(300), [...draw(100), ...special], special]) {
      const table = tableOf(type, keys, options)
      const known = new Set(keys.filter((key) => key !== null).map(identity))
      const left = [...draw(1000), ...special, null]
      const passed = passing(type, table, left).map(({ l }) => identity(l!))
      const matching = left.filter((l) => l !== null && known.has(identity(l))).map(identity)
      // In their order, with others in between.
      let at = 0
      for (const one of passed) if (Object.is(one, matching[at])) at++
      expect(at).toBe(matching.length)
      if (options.memoryBytes !== 0) expect(passed).not.toContain(null)
      const probe = {
        op: 'probe',
        table: 0,
        type: 'inner',
        on: ['l'],
        residual: null,
        build: [column('r', type)],
      } as const
      const pairs = passing(type, table, left, [probe]).map(({ l }) => identity(l!))
      const times = new Map<Value, number>()
      for (const key of keys) times.set(identity(key), (times.get(identity(key)) ?? 0) + 1)
      expect(pairs).toEqual(matching.flatMap((l) => Array.from({ length: times.get(l)! }, () => l)))
      table.close()
    }
  })
})

describe('a set of whole numbers', () => {
  it('that are close together lets no other number pass, however they come', () => {
    const numbers = Array.from({ length: 2000 }, (_, i) => 3n * BigInt(i))
    const random = new Random(5)
    const orders = [
      numbers,
      numbers.toReversed(),
      numbers
        .map((n) => ({ n, at: random.next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ n }) => n),
    ]
    const asked = Array.from({ length: 7000 }, (_, i) => BigInt(i) - 500n)
    for (const order of orders) {
      for (const base of [0n, -(10n ** 12n), LONGS.least, LONGS.greatest - 6000n]) {
        const table = tableOf(
          'long',
          order.map((n) => n + base),
        )
        const values = asked.map((n) => n + base).filter((n) => n >= LONGS.least && n <= LONGS.greatest)
        const want = values.filter((n) => n >= base && n < base + 6000n && (n - base) % 3n === 0n)
        expect(passing('long', table, values).map(({ l }) => l)).toEqual(want)
        table.close()
      }
    }
  })

  it('that are far apart lets few others pass', () => {
    const random = new Random(6)
    const numbers = Array.from({ length: 3000 }, () => BigInt(Math.floor(random.next() * 2 ** 50)))
    const table = tableOf('long', [LONGS.least, ...numbers, LONGS.greatest])
    const others = Array.from({ length: 2000 }, () => BigInt(Math.floor(random.next() * 2 ** 50)) + 2n ** 51n)
    expect(passing('long', table, others).length).toBeLessThan(40)
    expect(passing('long', table, numbers.slice(0, 2000))).toHaveLength(2000)
  })

  it('tells its bounds, also of dates, times and decimals, but not of other values', () => {
    expect(tableOf('long', [5n, null, -3n, LONGS.greatest]).keyBounds(0)).toEqual(['-3', `${LONGS.greatest}`])
    expect(tableOf('date', ['1970-01-02', '1969-12-31']).keyBounds(0)).toEqual(['-1', '1'])
    expect(tableOf({ type: 'decimal', precision: 5, scale: 2 }, ['1.50']).keyBounds(0)).toEqual(['150', '150'])
    expect(tableOf('long', [null]).keyBounds(0)).toEqual([])
    expect(tableOf('string', []).keyBounds(0)).toEqual([])
    for (const [type, value] of [
      ['string', 'a'],
      ['double', 1],
      ['boolean', true],
    ] as [Type, Value][]) {
      expect(tableOf(type, [value]).keyBounds(0)).toBe(null)
    }
  })
})

it('rows of which few fail to match pass without being looked at, for a while', () => {
  const keys = Array.from({ length: 1000 }, (_, i) => BigInt(i))
  const table = tableOf('long', keys)
  const some = Array.from({ length: 2048 * 200 }, (_, i) => BigInt(i % 8 === 0 ? -1 : i % 1000))
  expect(passing('long', table, some).length).toBeGreaterThan(2048 * (200 - 16))
  const many = Array.from({ length: 2048 * 200 }, (_, i) => BigInt(i % 1000))
  expect(passing('long', table, many)).toHaveLength(many.length)
  // The first batches are tried, then 128 of them pass; then it tries again.
  const late = [...many.slice(0, 2048 * 8), ...Array.from({ length: 2048 * 200 }, () => -1n)]
  expect(passing('long', table, late)).toHaveLength(2048 * (8 + 128))
})

it('keeps the codes of a dictionary apart from those of the next one', () => {
  const table = tableOf('string', ['a'])
  const left = [column('l', 'string')]
  const program = pipelineProgram({
    source: { kind: 'batches', columns: left },
    operators: [{ op: 'keyFilter', table: 0, key: 0, column: 'l' }],
    end: { kind: 'rows' },
  })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })
  for (const l of ['a', 'b', null, 'a']) pipeline.addRows(encodeRows([{ l }], left))
  pipeline.finish()
  expect(decodeRows(pipeline.takeOutput(), left)).toEqual([{ l: 'a' }, { l: 'a' }])
})

describe('a table of sets alone', () => {
  const columns = [
    column('tags', {
      type: 'array',
      element: { type: 'struct', fields: [{ name: 'x', type: 'string', nullable: true }] },
      containsNull: true,
    } as Type),
    column('b', 'string'),
    column('n', 'double'),
    column('a', 'long'),
  ]

  /** Runs of several partitions, by the first of the columns. */
  function runsOf(rows: readonly Row[]): string[] {
    const size = Math.ceil(rows.length / 3)
    return [0, 1, 2].map((i) => {
      const collector = kernels.createCollector({
        mode: 'append',
        aggregates: [],
        layout: ['bytes'],
        partitionBy: 'hash',
        partitions: 7,
      })
      const end = {
        kind: 'exchange',
        keys: [{ column: 'a', descending: false, nullsFirst: true }],
        side: 'left',
      } as const
      const program = pipelineProgram({ source: { kind: 'batches', columns }, operators: [], end })
      const pipeline = kernels.createPipeline(program, collector, { memoryBytes: 1 << 20 })
      pipeline.addRows(encodeRows(rows.slice(i * size, (i + 1) * size), columns))
      pipeline.finish()
      const path = join(folder, `${runs++}.run`)
      collector.spill(path, '{}')
      return path
    })
  }

  function setsOf(rows: readonly Row[], keys: number[], by = ['b', 'a']): JoinTable {
    const table = kernels.createJoinTable(joinTableProgram(columns, by, 'sets', { keys, rows: rows.length }), {
      name: `sets ${runs}`,
    })
    table.claim(0)
    const cursor = kernels.openEveryRecord(runsOf(rows))
    while (table.add(cursor, 100) > 0);
    expect(cursor.runRecords).toBe(rows.length)
    cursor.close()
    return table
  }

  const random = new Random(5)
  const rows = Array.from({ length: 5000 }, (_, i): Row => {
    const tags =
      random.below(3) === 0
        ? null
        : Array.from({ length: random.below(4) }, (_, n) => (n === 1 ? null : { x: `${'x'.repeat(n * 9)}` }))
    return {
      tags,
      b: random.below(5) === 0 ? null : `${i % 700}`.padStart(random.below(2) * 15, '-'),
      n: random.below(2) / 3 || null,
      a: random.below(5) === 0 ? null : BigInt(i * 5),
    } as Row
  })
  const whole = rows.filter(({ a, b }) => a !== null && b !== null)

  it('has the keys of all rows of all runs that have no null among them', () => {
    const table = setsOf(rows, [0, 1])
    const passed = (key: number, name: string, type: Type, values: readonly Value[]) => {
      const left = [column(name, type)]
      const program = pipelineProgram({
        source: { kind: 'batches', columns: left },
        operators: [{ op: 'keyFilter', table: 0, key, column: name }],
        end: { kind: 'rows' },
      })
      const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })
      pipeline.addRows(
        encodeRows(
          values.map((value) => ({ [name]: value })),
          left,
        ),
      )
      pipeline.finish()
      return decodeRows(pipeline.takeOutput(), left, { longs: 'bigint' }).map((row) => row[name])
    }
    const known = new Set(whole.map(({ a }) => a))
    const numbers = Array.from({ length: 25_000 }, (_, i) => BigInt(i))
    // Bits, one for each number: none too many.
    expect(passed(1, 'l', 'long', numbers)).toEqual(numbers.filter((n) => known.has(n)))
    const sorted = [...known].map(Number).sort((a, b) => a - b)
    expect(table.keyBounds(1)).toEqual([sorted[0], sorted.at(-1)].map(String))
    const texts = new Set(whole.map(({ b }) => b as string))
    const others = Array.from({ length: 2000 }, (_, i) => `other ${i}`)
    const some = passed(0, 'l', 'string', [...texts, ...others])
    expect(some.slice(0, texts.size)).toEqual([...texts])
    expect(some.length).toBeLessThan(texts.size + 200)
  })

  it('drops nothing without a set, and everything if there are no rows', () => {
    const left = [column('l', 'long')]
    const all = [{ l: 1n }, { l: null }, { l: 2n }]
    const answer = (table: JoinTable) => {
      const program = pipelineProgram({
        source: { kind: 'batches', columns: left },
        operators: [{ op: 'keyFilter', table: 0, key: 1, column: 'l' }],
        end: { kind: 'rows' },
      })
      const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })
      pipeline.addRows(encodeRows(all, left))
      pipeline.finish()
      return decodeRows(pipeline.takeOutput(), left, { longs: 'bigint' })
    }
    const unknown = setsOf(rows, [0])
    expect(answer(unknown)).toEqual(all)
    expect(unknown.keyBounds(1)).toBe(null)
    expect(answer(setsOf([], [0, 1]))).toEqual([])
  })

  it('is no table to look rows up in', () => {
    const table = setsOf(rows, [])
    const left = [column('l', 'string'), column('m', 'long')]
    const program = pipelineProgram({
      source: { kind: 'batches', columns: left },
      operators: [{ op: 'probe', table: 0, type: 'semi', on: ['l', 'm'], residual: null, build: columns }],
      end: { kind: 'rows' },
    })
    expect(() => kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })).toThrow()
  })

  it('tells of a run that is damaged', () => {
    const paths = runsOf(rows)
    const bytes = readFileSync(paths[1]!)
    // In the middle of a block.
    const at = bytes.indexOf(Buffer.from('-------'))
    bytes[at] = bytes[at]! ^ 1
    writeFileSync(paths[1]!, bytes)
    const table = kernels.createJoinTable(joinTableProgram(columns, ['a'], 'sets', { keys: [0], rows: 9 }), {
      name: 'damaged',
    })
    table.claim(0)
    const cursor = kernels.openEveryRecord(paths)
    const failed = () => {
      while (table.add(cursor, 100) > 0);
    }
    expect(failed).toThrow(paths[1])
  })
})

it('a program that filters by what no table has is refused', () => {
  const refused = (operator: PipelineOperator, type: Type = 'long') => {
    const columns = [column('l', type)]
    const program = pipelineProgram({
      source: { kind: 'batches', columns },
      operators: [operator],
      end: { kind: 'rows' },
    })
    try {
      kernels.createPipeline(program, null, { memoryBytes: 1 << 20, tables: [table] })
    } catch (error) {
      return (fromNative(error) as { code?: string }).code ?? String(error)
    }
    return null
  }
  const table = tableOf('long', [1n])
  expect(refused({ op: 'keyFilter', table: 0, key: 0, column: 'l' })).toBe(null)
  expect(refused({ op: 'keyFilter', table: 1, key: 0, column: 'l' })).not.toBe(null)
  expect(refused({ op: 'keyFilter', table: 0, key: 1, column: 'l' })).not.toBe(null)
  expect(refused({ op: 'keyFilter', table: 0, key: 0, column: 'l' }, 'integer')).not.toBe(null)
})
