import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ParquetFooter, readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { Pruner } from '../../../../dist/src/io/format/parquet/prune.js'
import { parquetColumns } from '../../../../dist/src/io/format/parquet/schema.js'
import type { Expression } from '../../../../dist/src/plan/expression.js'
import type { Column } from '../../../../dist/src/plan/type.js'
import { parquetFile } from '../../../helpers/parquet.js'

let folder: string
let footer: ParquetFooter
let columns: Column[]

/** Three groups of 2048 rows: 0 to 2047, 2048 to 4095, 4096 to 6143. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
  const path = join(folder, 'a.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`
    copy (select i::int as i, i as l, i::double as d, case when i = 0 then 'nan'::double else i end as n, lpad(i::text, 5, '0') as s,
      (i / 100)::decimal(9, 2) as p, timestamp '2000-01-01' + interval (i) second as moment, date '2000-01-01' + i::int as day,
      case when i >= 4096 then i end as late from range(6144) t(i)) to '${path}' (format parquet, row_group_size 2048)`)
  footer = await readFooter(parquetFile(path))
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
function read(...filters: Expression[]): boolean[] {
  const pruner = new Pruner(footer, columns, filters)
  return footer.rowGroups.map((group) => pruner.mayPass(group))
}

test('row groups are read only where a row may pass the filter', () => {
  expect(read()).toEqual([true, true, true])
  expect(read(compare('lt', 'i', 2048))).toEqual([true, false, false])
  expect(read(compare('le', 'i', 2048))).toEqual([true, true, false])
  expect(read(compare('gt', 'i', 4095))).toEqual([false, false, true])
  expect(read(compare('ge', 'l', '4095'))).toEqual([false, true, true])
  expect(read(compare('eq', 's', '03000'))).toEqual([false, true, false])
  expect(read(compare('eq', 'p', '3000'))).toEqual([false, true, false])
  expect(read(compare('lt', 'day', 10957 + 5))).toEqual([true, false, false])
  expect(read(compare('ge', 'moment', String((946684800n + 5000n) * 1000000n)))).toEqual([false, false, true])
  expect(read(call('isNotNull', column('late')))).toEqual([false, false, true])
  expect(read(call('isNull', column('late')))).toEqual([true, true, false])
  expect(read(compare('eq', 'i', null))).toEqual([false, false, false])
  expect(read(compare('lt', 'late', 5))).toEqual([false, false, false])
})

test('a literal on the left, `in`, `and` and `or` count as well', () => {
  const [i, one] = [column('i'), { op: 'literal', value: 100, type: 'integer' } as const]
  expect(read(call('gt', one, i))).toEqual([true, false, false])
  expect(read(call('in', i, one, { ...one, value: 5000 }))).toEqual([true, false, true])
  expect(read(call('or', compare('lt', 'i', 5), compare('gt', 'i', 6000)))).toEqual([true, false, true])
  expect(read(call('and', compare('gt', 'i', 5), compare('lt', 's', '00100')))).toEqual([true, false, false])
  expect(read(compare('gt', 'i', 5), compare('lt', 's', '00100'))).toEqual([true, false, false])
})

test('NaN is the largest double, which statistics do not count', () => {
  expect(read(compare('gt', 'd', '1e9'))).toEqual([true, true, true])
  expect(read(compare('lt', 'd', '100'))).toEqual([true, false, false])
  expect(read(compare('eq', 'd', 'NaN'))).toEqual([true, true, true])
  expect(read(compare('gt', 'n', '1e9'))[0]).toBe(true)
})

test('what may fail is evaluated where it was', () => {
  const failing = call('eq', { ...call('divide', column('d'), column('d')), type: 'double' } as Expression, {
    op: 'literal',
    value: '1',
    type: 'double',
  })
  expect(read(failing, compare('lt', 'i', 5))).toEqual([true, true, true])
  expect(read(compare('lt', 'i', 5), failing)).toEqual([true, false, false])
})
