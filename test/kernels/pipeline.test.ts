/** Pipelines on rows from JavaScript, and keys, against plain TypeScript. */
import { describe, expect, it } from 'vitest'
import { fromNative, kernels, type Pipeline } from '../../dist/src/kernels/addon.js'
import { constantsProgram, type PipelineProgram, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { LiteralExpression, NamedExpression, SortKey } from '../../dist/src/plan/expression.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'
import { ROW_COLUMNS, randomRow } from './random_row.js'

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })
const reference = ({ name, type, nullable }: Column): NamedExpression => ({
  name,
  value: { op: 'column', name, type, nullable },
})

function open(program: PipelineProgram): Pipeline {
  return kernels.createPipeline(pipelineProgram(program), null, { memoryBytes: 1 << 20 })
}

describe('rows', () => {
  it('come out as they went in, of every type, with nulls', () => {
    const random = new Random(1)
    const rows = Array.from({ length: 2500 }, () => randomRow(random))
    expect(decodeRows(encodeRows(rows, ROW_COLUMNS), ROW_COLUMNS)).toEqual(rows)
    const program: PipelineProgram = {
      source: { kind: 'batches', columns: ROW_COLUMNS },
      operators: [],
      end: { kind: 'rows' },
    }
    const pipeline = open(program)
    pipeline.addRows(encodeRows(rows, ROW_COLUMNS))
    pipeline.finish()
    expect(decodeRows(pipeline.takeOutput(), ROW_COLUMNS)).toEqual(rows)
  })

  it('have no whole number or time that JavaScript would change', () => {
    const long = [column('n', 'long')]
    expect(() => decodeRows(encodeRows([{ n: 2n ** 53n }], long), long)).toThrow(
      expect.objectContaining({ code: 'INT64_UNSAFE', params: { column: 'n', value: '9007199254740992' } }),
    )
    const time = [column('t', 'timestamp')]
    const stored = encodeRows([{ t: '1969-12-31T23:59:59.999999' }], [column('t', 'timestamp_ntz')])
    expect(() => decodeRows(stored, time)).toThrow(
      expect.objectContaining({
        code: 'TIMESTAMP_PRECISION',
        params: { column: 't', value: '1969-12-31T23:59:59.999999Z' },
      }),
    )
  })

  it('may have a column of any name', () => {
    const columns = [column('__proto__', 'integer'), column('', 'integer')]
    const [row] = decodeRows(encodeRows([{ ['__proto__']: 1, '': 2 }], columns), columns)
    expect(Object.entries(row!)).toEqual([
      ['__proto__', 1],
      ['', 2],
    ])
  })
})

describe('a pipeline', () => {
  const columns = [column('keep', 'boolean'), column('n', 'integer'), column('s', 'string')]
  const source = { kind: 'batches' as const, columns }
  const rows: Row[] = Array.from({ length: 5000 }, (_, n) => ({ keep: [true, false, null][n % 3], n, s: `row ${n}` }))
  const kept = rows.filter(({ keep }) => keep)

  it('filters, projects and limits', () => {
    const program: PipelineProgram = {
      source,
      operators: [
        { op: 'filter', where: reference(columns[0]!).value },
        { op: 'project', columns: [reference(columns[2]!), reference(columns[1]!)] },
        { op: 'limit', count: 1500 },
      ],
      end: { kind: 'rows' },
    }
    const pipeline = open(program)
    pipeline.addRows(encodeRows(rows.slice(0, 10), columns))
    expect(pipeline.done).toBe(false)
    pipeline.addRows(encodeRows(rows.slice(10), columns))
    expect(pipeline.done).toBe(true)
    pipeline.finish()
    const given = [columns[2]!, columns[1]!]
    expect(decodeRows(pipeline.takeOutput(), given)).toEqual(kept.slice(0, 1500).map(({ s, n }) => ({ s, n })))
    expect([pipeline.rowsIn, pipeline.rowsOut]).toEqual([5000, 1500])
    pipeline.close()
    expect(codeOf(() => pipeline.finish())).toBe('BAD_ARGUMENT')
  })

  it('asks for room in the middle of a call', () => {
    const program = pipelineProgram({ source, operators: [], end: { kind: 'rows' } })
    const long: Row[] = Array.from({ length: 5000 }, (_, n) => ({ keep: null, n, s: 'x'.repeat(1000) }))
    const taken: Row[] = []
    const pipeline = kernels.createPipeline(program, null, {
      memoryBytes: 0,
      onFull() {
        expect(codeOf(() => pipeline.close())).toBe('BAD_ARGUMENT')
        expect(codeOf(() => pipeline.finish())).toBe('BAD_ARGUMENT')
        taken.push(...decodeRows(pipeline.takeOutput(), columns))
      },
    })
    pipeline.addRows(encodeRows(long, columns))
    expect(taken.length).toBeGreaterThan(4000)
    pipeline.finish()
    taken.push(...decodeRows(pipeline.takeOutput(), columns))
    expect(taken.map(({ n }) => n)).toEqual(long.map(({ n }) => n))
    const failing = kernels.createPipeline(program, null, {
      memoryBytes: 0,
      onFull() {
        throw new Error('the disk is full')
      },
    })
    expect(() => failing.addRows(encodeRows(long, columns))).toThrow('the disk is full')
    expect(codeOf(() => failing.finish())).toBe('BAD_ARGUMENT')
    failing.close()
  })

  it('refuses programs and rows that are none', () => {
    const program = pipelineProgram({ source, operators: [], end: { kind: 'rows' } })
    for (let size = 0; size < program.length; size++) {
      const cut = program.subarray(0, size)
      expect(codeOf(() => kernels.createPipeline(cut, null, { memoryBytes: 0 }))).toBe('BAD_ARGUMENT')
    }
    const bytes = encodeRows(rows.slice(0, 1), columns)
    for (let size = 1; size < bytes.length; size++) {
      expect(
        codeOf(() => open({ source, operators: [], end: { kind: 'rows' } }).addRows(bytes.subarray(0, size))),
      ).toBe('BAD_ARGUMENT')
    }
  })
})

describe('rows as delimited text', () => {
  const types: Type[] = ['string', 'integer', 'long', 'double', 'boolean', 'date', 'string', 'string', 'string']
  const columns = types.map((type, i) => column(`c${i}`, type))
  const random = new Random(3)
  const text = () =>
    random.pick(['', 'a', '1', '-', 'a,b;c', 'say "x"', '\r', '\uFEFFa', 'eight by', 'é'.repeat(random.below(9))])
  // Sometimes longer than any buffer, and rows of nothing.
  const long = () => (random.below(100) === 0 ? random.pick(['x', '"', ';']).repeat(random.below(70_000)) : text())
  const values: Record<string, () => unknown> = {
    string: long,
    integer: () => random.pick([0, -1, 2 ** 31 - 1, -(2 ** 31)]),
    long: () => random.pick([0, 12, -(2 ** 53) + 1]),
    double: () => random.pick([0, -0, 1.5, -1e21, 5e-324, 1 / 3, Number.NaN, -Infinity]),
    boolean: () => random.below(2) === 0,
    date: () => '2024-02-29',
  }
  const rows: Row[] = random.times(3000, () => {
    const nulls = random.below(4)
    return Object.fromEntries(
      columns.map(({ name, type }) => [name, random.below(3) < nulls ? null : values[type as string]!()]),
    )
  })

  const write = (of: readonly Column[], delimiter: string) => {
    const end = { kind: 'text' as const, format: { kind: 'csv' as const, delimiter } }
    const project = { op: 'project' as const, columns: of.map(reference) }
    const pipeline = open({ source: { kind: 'batches', columns }, operators: [project], end })
    pipeline.addRows(encodeRows(rows, columns))
    pipeline.finish()
    return Buffer.from(pipeline.takeOutput()).toString()
  }
  const field = (value: unknown, delimiter: string, single: boolean) => {
    if (value === null) return single ? '""' : ''
    const plain = String(value)
    const quoted =
      plain === '' || plain.startsWith('\uFEFF') || [delimiter, '"', '\r', '\n'].some((c) => plain.includes(c))
    return quoted ? `"${plain.replaceAll('"', '""')}"` : plain
  }

  it.each([',', ';', '\t', '1', '-', '.', 'e', 'N', ' '])('has each field as it stands, or quoted: %j', (delimiter) => {
    for (const own of [columns, columns.slice(0, 1), columns.slice(3, 4)]) {
      const lines = rows.map((row) =>
        own.map(({ name }) => field(row[name], delimiter, own.length === 1)).join(delimiter),
      )
      expect(write(own, delimiter) === `${lines.join('\n')}\n`, `${own.length} columns`).toBe(true)
    }
  })
})

describe('an exchange', () => {
  const random = new Random(2)
  const rows = Array.from({ length: 3000 }, (_, id) => ({ ...randomRow(random), id }))
  const columns = [...ROW_COLUMNS, column('id', 'integer')]

  it.each(
    ROW_COLUMNS.flatMap(({ name, type }) =>
      typeof type === 'object' && type.type !== 'decimal'
        ? []
        : [false, true].flatMap((descending) => [true, false].map((nullsFirst) => ({ name, descending, nullsFirst }))),
    ),
  )('sorts by $name, descending: $descending, nulls first: $nullsFirst', ({ name, descending, nullsFirst }) => {
    const sorted = exchanged(rows, columns, [], [{ column: name, descending, nullsFirst }])
    const order = (a: Row, b: Row) => {
      const [x, y] = [a[name] ?? null, b[name] ?? null]
      if (x === null || y === null) return x === y ? 0 : (x === null) === nullsFirst ? -1 : 1
      return descending ? compareValues(y, x) : compareValues(x, y)
    }
    expect(sorted.map(({ id }) => id)).toEqual([...rows].sort(order).map(({ id }) => id))
  })

  it('keeps rows that all have the same size, and their order by several columns, beside rows that have not', () => {
    const fixed = columns.filter(({ type }) => type !== 'string' && type !== 'binary' && !isNested(type))
    const pick = (row: Row): Row => Object.fromEntries(fixed.map(({ name }) => [name, row[name] ?? null]))
    const full = rows.map(pick).filter((row) => fixed.every(({ name }) => row[name] !== null))
    expect(full.length).toBeGreaterThan(200)
    const mixed = [...full, ...rows.slice(0, 50).map(pick)]
    for (const given of [full, mixed]) {
      for (const descending of [false, true]) {
        const keys = ['date', 'wide', 'id'].map((name) => ({ column: name, descending, nullsFirst: true }))
        const where = reference(fixed.find(({ name }) => name === 'flag')!).value
        const order = (a: Row, b: Row) => {
          const by = keys.map(({ column: name }) => {
            const [x, y] = [a[name] ?? null, b[name] ?? null]
            if (x === null || y === null) return Number(y === null) - Number(x === null)
            return (descending ? -1 : 1) * (name === 'wide' ? Number(x) - Number(y) : compareValues(x, y))
          })
          return by.find((one) => one !== 0) ?? 0
        }
        const want = given.filter(({ flag }) => flag === true).sort(order)
        expect(exchanged(given, fixed, [{ op: 'filter', where }], keys)).toEqual(want)
      }
    }
  })
})

const isNested = (type: Type) => typeof type === 'object' && type.type !== 'decimal'

/** Rows that an exchange has sorted. */
function exchanged(
  rows: Row[],
  columns: Column[],
  operators: PipelineProgram['operators'],
  keys: readonly SortKey[],
): Row[] {
  const collector = kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: ['bytes'],
    partitionBy: 'hash',
    partitions: 1,
  })
  const program = pipelineProgram({
    source: { kind: 'batches', columns },
    operators,
    end: { kind: 'exchange', keys, side: 'none' },
  })
  const first = kernels.createPipeline(program, collector, { memoryBytes: 1 << 20 })
  first.addRows(encodeRows(rows, columns))
  first.finish()
  const second = open({ source: { kind: 'rows', columns }, operators: [], end: { kind: 'rows' } })
  const cursor = collector.sorted()
  while (second.drain(cursor, 1000) > 0);
  second.finish()
  return decodeRows(second.takeOutput(), columns)
}

/** -0 is 0, and NaN the largest. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    return a === b ? 0 : a < b ? -1 : 1
  }
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (typeof a === 'string' && /^-?\d+\.\d+$/.test(a)) {
    const [x, y] = [BigInt(a.replace('.', '')), BigInt((b as string).replace('.', ''))]
    return x === y ? 0 : x < y ? -1 : 1
  }
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return Number(a) - Number(b)
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return (fromNative(error) as { code: string }).code
  }
  return undefined
}

it('constants are refused if they are too few, of other types, or come after the rows', () => {
  const source = { kind: 'batches' as const, columns: ROW_COLUMNS.slice(0, 1) }
  const made = (operators: PipelineProgram['operators']) => open({ source, operators, end: { kind: 'rows' } })
  const value: LiteralExpression = { op: 'literal', value: 1, type: 'integer' }
  const constants = { op: 'constants' as const, columns: [column('int', 'integer')] }
  expect(() => made([]).setConstants(constantsProgram([value]))).toThrow('the pipeline has no constants')
  for (const values of [[], [value, value], [{ ...value, type: 'date' as const }]]) {
    expect(() => made([constants]).setConstants(constantsProgram(values))).toThrow()
  }
  const rows = encodeRows([{ flag: true }], source.columns)
  expect(() => made([constants]).addRows(rows)).toThrow('rows came in before the constants of their file')
})

it('constants stand beside the rows that come in after them', () => {
  const columns = ROW_COLUMNS.slice(0, 2)
  const constants = [column('text', 'string'), column('day', 'date'), column('none', 'long')]
  const order = [constants[1]!, columns[1]!, constants[0]!, constants[2]!]
  const pipeline = open({
    source: { kind: 'batches', columns },
    operators: [
      { op: 'constants', columns: constants },
      { op: 'project', columns: order.map(reference) },
    ],
    end: { kind: 'rows' },
  })
  const rows = encodeRows(
    [
      { flag: true, int: 7 },
      { flag: null, int: null },
    ],
    columns,
  )
  for (const [text, day] of [
    ['a text of more than twelve bytes', 1],
    ['', -1],
  ] as const) {
    pipeline.setConstants(
      constantsProgram([
        { op: 'literal', value: text, type: 'string' },
        { op: 'literal', value: day, type: 'date' },
        { op: 'literal', value: null, type: 'long' },
      ]),
    )
    pipeline.addRows(rows)
  }
  pipeline.finish()
  expect(decodeRows(pipeline.takeOutput(), order)).toEqual([
    { day: '1970-01-02', int: 7, text: 'a text of more than twelve bytes', none: null },
    { day: '1970-01-02', int: null, text: 'a text of more than twelve bytes', none: null },
    { day: '1969-12-31', int: 7, text: '', none: null },
    { day: '1969-12-31', int: null, text: '', none: null },
  ])
})
