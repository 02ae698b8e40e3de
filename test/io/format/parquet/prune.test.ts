import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ParquetFooter, readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { ParquetProgram } from '../../../../dist/src/io/format/parquet/program.js'
import { Pruner } from '../../../../dist/src/io/format/parquet/prune.js'
import type { RowRange } from '../../../../dist/src/io/format/parquet/ranges.js'
import { parquetColumns } from '../../../../dist/src/io/format/parquet/schema.js'
import type { Expression } from '../../../../dist/src/plan/expression.js'
import type { Column } from '../../../../dist/src/plan/type.js'
import { parquetFile } from '../../../helpers/parquet.js'

let folder: string
let path: string
let footer: ParquetFooter
let columns: Column[]

/** Three groups of 2048 rows: 0 to 2047, 2048 to 4095, 4096 to 6143. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
  path = join(folder, 'a.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`
    copy (select i::int as i, i as l, i::double as d, case when i = 0 then 'nan'::double else i end as n, lpad(i::text, 5, '0') as s,
      (i / 100)::decimal(9, 2) as p, timestamp '2000-01-01' + interval (i) second as moment, date '2000-01-01' + i::int as day,
      case when i >= 4096 then i end as late from range(6144) t(i)) to '${path}' (format parquet, row_group_size 2048)`)
  footer = readFooter(parquetFile(path))
  columns = parquetColumns(footer)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function column(name: string): Expression {
  const { type, nullable } = columns.find((one) => one.name === name)!
  return { op: 'column', name, type, nullable }
}

function call(fn: string, ...args: Expression[]): Expression {
  return { op: 'call', fn, args, type: 'boolean', nullable: true }
}

function compare(fn: string, name: string, value: string | number | null): Expression {
  return call(fn, column(name), { op: 'literal', value, type: columns.find((one) => one.name === name)!.type })
}

/** For each row group, whether it is read. */
async function read(...filters: Expression[]): Promise<boolean[]> {
  const pruner = new Pruner(parquetFile(path), footer, columns, filters)
  const ranges = footer.rowGroups.map((group) => pruner.rowsOf(group))
  return ranges.map(({ length }) => length > 0)
}

test('row groups are read only where a row may pass the filter', async () => {
  expect(await read()).toEqual([true, true, true])
  expect(await read(compare('lt', 'i', 2048))).toEqual([true, false, false])
  expect(await read(compare('le', 'i', 2048))).toEqual([true, true, false])
  expect(await read(compare('gt', 'i', 4095))).toEqual([false, false, true])
  expect(await read(compare('ge', 'l', '4095'))).toEqual([false, true, true])
  expect(await read(compare('eq', 's', '03000'))).toEqual([false, true, false])
  expect(await read(compare('eq', 'p', '3000'))).toEqual([false, true, false])
  expect(await read(compare('lt', 'day', 10957 + 5))).toEqual([true, false, false])
  expect(await read(compare('ge', 'moment', String((946684800n + 5000n) * 1000000n)))).toEqual([false, false, true])
  expect(await read(call('isNotNull', column('late')))).toEqual([false, false, true])
  expect(await read(call('isNull', column('late')))).toEqual([true, true, false])
  expect(await read(compare('eq', 'i', null))).toEqual([false, false, false])
  expect(await read(compare('lt', 'late', 5))).toEqual([false, false, false])
})

test('a literal on the left, `in`, `and` and `or` count as well', async () => {
  const [i, one] = [column('i'), { op: 'literal', value: 100, type: 'integer' } as const]
  expect(await read(call('gt', one, i))).toEqual([true, false, false])
  expect(await read(call('in', i, one, { ...one, value: 5000 }))).toEqual([true, false, true])
  expect(await read(call('or', compare('lt', 'i', 5), compare('gt', 'i', 6000)))).toEqual([true, false, true])
  expect(await read(call('and', compare('gt', 'i', 5), compare('lt', 's', '00100')))).toEqual([true, false, false])
  expect(await read(compare('gt', 'i', 5), compare('lt', 's', '00100'))).toEqual([true, false, false])
})

test('NaN is the largest double, which statistics do not count', async () => {
  expect(await read(compare('gt', 'd', '1e9'))).toEqual([true, true, true])
  expect(await read(compare('lt', 'd', '100'))).toEqual([true, false, false])
  expect(await read(compare('eq', 'd', 'NaN'))).toEqual([true, true, true])
  expect((await read(compare('gt', 'n', '1e9')))[0]).toBe(true)
})

test('what may fail is evaluated where it was', async () => {
  const failing = call('eq', { ...call('divide', column('d'), column('d')), type: 'double' } as Expression, {
    op: 'literal',
    value: '1',
    type: 'double',
  })
  expect(await read(failing, compare('lt', 'i', 5))).toEqual([true, true, true])
  expect(await read(compare('lt', 'i', 5), failing)).toEqual([true, false, false])
})

describe('pages and Bloom filters', () => {
  const rows = 3000
  const data = (of: (i: number) => unknown) => Array.from({ length: rows }, (_, i) => of(i))

  async function rangesOf(
    columnData: ColumnSource[],
    filters: (columns: Column[]) => Expression[],
  ): Promise<RowRange[][]> {
    const file = join(folder, 'b.parquet')
    writeFileSync(
      file,
      Buffer.from(parquetWriteBuffer({ columnData, pageSize: 400, dictionarySize: 0, rowGroupSize: rows })),
    )
    const own = readFooter(parquetFile(file))
    const read = parquetColumns(own)
    const pruner = new Pruner(parquetFile(file), own, read, filters(read))
    return own.rowGroups.map((group) => pruner.rowsOf(group))
  }
  const compared = (fn: string, name: string, value: number | string) => (columns: Column[]) => {
    const { type } = columns.find((one) => one.name === name)!
    return [call(fn, { op: 'column', name, type, nullable: true }, { op: 'literal', value, type })]
  }

  test('only pages with rows that may pass are read', async () => {
    const column: ColumnSource = { name: 'i', data: data((i) => i), type: 'INT32', columnIndex: true }
    const [ranges] = await rangesOf([column], compared('eq', 'i', 1234))
    expect(ranges).toEqual([{ start: 1188, end: 1287 }])
    expect((await rangesOf([column], compared('lt', 'i', 150)))[0]).toEqual([{ start: 0, end: 198 }])
    expect((await rangesOf([{ ...column, columnIndex: false }], compared('lt', 'i', 150)))[0]).toEqual([
      { start: 0, end: rows },
    ])
  })

  test('pages without nulls are not read where only nulls pass', async () => {
    const column: ColumnSource = {
      name: 'i',
      data: data((i) => (i < 2000 ? null : i)),
      type: 'INT32',
      columnIndex: true,
    }
    const isNull = await rangesOf([column], () => [
      call('isNull', { op: 'column', name: 'i', type: 'integer', nullable: true }),
    ])
    expect(isNull[0]!.at(0)!.start).toBe(0)
    expect(isNull[0]!.at(-1)!.end).toBeLessThan(rows)
  })

  test.each([
    ['INT32', (i: number) => i * 2, [4000, 4001]],
    ['INT64', (i: number) => BigInt(i) * 2n, ['4000', '4001']],
    ['STRING', (i: number) => `key ${i * 2}`, ['key 4000', 'key 4001']],
    ['DOUBLE', (i: number) => i * 2, ['4000', '4001']],
  ] as const)('a Bloom filter says that a value of %s is not there', async (type, of, [there, absent]) => {
    const column: ColumnSource = { name: 'k', data: data(of), type, statistics: false, bloomFilter: { fpp: 1e-6 } }
    expect((await rangesOf([column], compared('eq', 'k', there)))[0]).toEqual([{ start: 0, end: rows }])
    expect((await rangesOf([column], compared('eq', 'k', absent)))[0]).toEqual([])
    expect((await rangesOf([column], compared('ne', 'k', absent)))[0]).toEqual([{ start: 0, end: rows }])
    expect((await rangesOf([{ ...column, bloomFilter: false }], compared('eq', 'k', absent)))[0]).toEqual([
      { start: 0, end: rows },
    ])
  })

  test('a value that one column lacks may be in another', async () => {
    const source = (name: string, odd: number): ColumnSource => {
      return { name, data: data((i) => 2 * i + odd), type: 'INT32', statistics: false, bloomFilter: { fpp: 1e-6 } }
    }
    const either = (value: number) => () => {
      const literal: Expression = { op: 'literal', value, type: 'integer' }
      const equals = (name: string) => call('eq', { op: 'column', name, type: 'integer', nullable: true }, literal)
      return [call('or', equals('even'), equals('odd'))]
    }
    const both = [source('even', 0), source('odd', 1)]
    expect((await rangesOf(both, either(4001)))[0]).toEqual([{ start: 0, end: rows }])
    expect((await rangesOf(both, either(40_001)))[0]).toEqual([])
  })

  test('a column without a page index is judged by its row group', async () => {
    const source = (name: string, columnIndex: boolean): ColumnSource => {
      return { name, data: data((i) => i), type: 'INT32', columnIndex }
    }
    const filter = (columns: Column[]) => [
      call('or', ...compared('eq', 'i', 1234)(columns), ...compared('gt', 'j', 100_000)(columns)),
    ]
    const [ranges] = await rangesOf([source('i', true), source('j', false)], filter)
    expect(ranges).toEqual([{ start: 1188, end: 1287 }])
  })

  test('zeros and NaN are looked for by no Bloom filter', async () => {
    const column: ColumnSource = {
      name: 'k',
      data: data((i) => (i % 2 ? -0 : 1)),
      type: 'DOUBLE',
      statistics: false,
      bloomFilter: true,
    }
    expect((await rangesOf([column], compared('eq', 'k', '0')))[0]).toEqual([{ start: 0, end: rows }])
    expect((await rangesOf([column], compared('eq', 'k', 'NaN')))[0]).toEqual([{ start: 0, end: rows }])
  })
})

test('tasks may share a row group of many pages, of lists only with an offset index', async () => {
  const data = Array.from({ length: 5000 }, (_, i) => i)
  const canCut = async (offsetIndex: boolean, pageSize: number, isList = false): Promise<boolean> => {
    const file = join(folder, 'c.parquet')
    const columnData = [{ name: 'i', data: isList ? data.map((i) => [i]) : data, offsetIndex }]
    const optional = { repetition_type: 'OPTIONAL' as const }
    const leaf = { name: isList ? 'element' : 'i', type: 'INT32' as const, ...optional }
    const list = [
      { name: 'i', converted_type: 'LIST' as const, num_children: 1, ...optional },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' as const },
    ]
    const schema = [{ name: 'root', num_children: 1 }, ...(isList ? list : []), leaf]
    const bytes = parquetWriteBuffer({ columnData, schema, pageSize, rowGroupSize: 5000, dictionarySize: 0 })
    writeFileSync(file, Buffer.from(bytes))
    const own = readFooter(parquetFile(file))
    return new ParquetProgram(own, parquetColumns(own)).canCut(own.rowGroups[0]!)
  }
  expect(await canCut(true, 500)).toBe(true)
  expect(await canCut(false, 500)).toBe(true)
  expect(await canCut(true, 100_000)).toBe(false)
  expect(await canCut(false, 500, true)).toBe(false)
  expect(await canCut(true, 500, true)).toBe(true)
})

test('a null where none may be is found, whatever the filter says', async () => {
  const required = columns.map((one) => (one.name === 'late' ? { ...one, nullable: false } : one))
  const pruner = new Pruner(parquetFile(path), footer, required, [compare('gt', 'i', 100_000)])
  const read = footer.rowGroups.map((group) => pruner.rowsOf(group))
  expect(read.map(({ length }) => length)).toEqual([1, 1, 0])
})
