/** Scans of Parquet that are filtered by the keys of a table that comes later: less is read, and nothing else changes. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { broadcast, col, count, type DataFrame, read, sum, type Untyped } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { failure, type Tuning } from '../helpers/run.js'

const folder = mkdtempSync(join(tmpdir(), 'runjob-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Sales in the order of their days, 2,048 in a row group; keys of each type, some of them null. */
beforeAll(async () => {
  const database = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await database.run(`
    copy (select i as id, date '2024-01-01' + (i // 100)::int as day, case when i % 7 > 0 then (i * 7919) % 500 end as n,
        case i % 5 when 0 then 'nan'::double when 1 then -0.0::double when 2 then null else (i % 50) / 2 end as d,
        ((i * 31) % 400)::decimal(9, 2) / 4 as price, (i % 300)::text || '-' || repeat('x', (i % 3) * 10) as s,
        timestamp '2024-01-01' + interval (i) minute as moment, i % 11 = 0 as flag, i % 500 as other
      from range(20000) t(i)) to '${join(folder, 'sales.parquet')}' (format parquet, row_group_size 2048);
    copy (select date '2024-03-01' + i::int as day, i * 3 as n, case i when 0 then 'nan'::double when 1 then 0.0::double
          when 2 then null else i / 2 end as d, (i * 3)::decimal(9, 2) / 4 as price, i::text || '-' as s,
        timestamp '2024-01-01' + interval (i * 1000) minute as moment, i > 5 as flag, i as label
      from range(40) t(i)) to '${join(folder, 'chosen.parquet')}' (format parquet);
    copy (select * from '${join(folder, 'chosen.parquet')}' limit 0) to '${join(folder, 'none.parquet')}' (format parquet)`)
})

type Frame = DataFrame<Untyped>
const open = (name: string): Frame => read.parquet(join(folder, `${name}.parquet`)) as never
const KEYS = ['day', 'n', 'd', 'price', 's', 'moment']

/** Both sides have the names of the keys: those of the chosen rows begin with `c_`. */
function chosen(name: string, keys: readonly string[]): Frame {
  return open(name).select('label', ...keys.map((key) => col(key).as(`c_${key}`))) as never
}

const WAYS: Record<string, { tuning?: Tuning; workers?: number }> = {
  'as sizes say': {},
  'with two workers': { workers: 2 },
  'and all is read': { tuning: { readAll: true } },
  'and the table is in a file': { tuning: { collectorBytes: 2000 } },
  'by partition': { tuning: { joins: 'hash' } },
  sorted: { tuning: { joins: 'merge' } },
}

async function answers(frame: Frame, hasLabel: boolean): Promise<Record<string, string>> {
  const sorted = frame.orderBy('id', ...(hasLabel ? ['label'] : [])) as Frame
  const all: Record<string, string> = {}
  for (const [name, { tuning = {}, workers = 1 }] of Object.entries(WAYS)) {
    const rows = await sorted.collect({ workers, diskCheck: false, [TUNING]: tuning } as object)
    all[name] = JSON.stringify(rows)
  }
  return all
}

describe.each(['chosen', 'none'])('with a table of %s', (name) => {
  it.each([...KEYS.map((key) => [key]), ['n', 'price'], ['flag', 's']])('by %s %s', async (...all) => {
    const keys = all.filter((key) => typeof key === 'string')
    const on = { left: keys, right: keys.map((key) => `c_${key}`) } as never
    // Filters are not for left joins: one pair of keys shows that.
    const types = keys.length > 1 ? (['inner', 'semi', 'left'] as const) : (['inner', 'semi'] as const)
    for (const type of types) {
      const frame = open('sales').join(chosen(name, keys) as never, on, type) as unknown as Frame
      const got = await answers(frame, type === 'inner' || type === 'left')
      for (const [way, answer] of Object.entries(got)) expect(answer, `${type} ${way}`).toBe(got.sorted)
      // Otherwise this tests nothing.
      if (name === 'chosen') expect(got.sorted!.length).toBeGreaterThan(100)
    }
  })
})

describe('sorted sides, of which one is filtered by the keys of the other', () => {
  const types = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const
  const ways: Record<string, { tuning: Tuning; workers?: number }> = {
    sorted: { tuning: { joins: 'merge' } },
    'sorted in many pieces': { tuning: { joins: 'merge', splitBytes: 20_000, mergeRuns: 2, heldBytes: 0 }, workers: 2 },
    'but too many rows': { tuning: { joins: 'merge', sideRows: 10 } },
    'and all is read': { tuning: { joins: 'merge', readAll: true } },
  }

  it.each(
    types.flatMap((type) => [
      [type, ['n', 'price']] as const,
      [type, ['s', 'moment']] as const,
      [type, ['d']] as const,
    ]),
  )('%s join by %s', async (type, keys) => {
    const few = chosen('chosen', keys)
    const many = open('sales')
    const renamed = keys.map((key) => `c_${key}`)
    const pairs = {
      'few on the right': [many, few, keys, renamed],
      'few on the left': [few, many, renamed, keys],
    } as const
    for (const [place, [left, right, leftKeys, rightKeys]] of Object.entries(pairs)) {
      const frame = left.join(right as never, { left: leftKeys, right: rightKeys } as never, type) as unknown as Frame
      const isWhole = type !== 'semi' && type !== 'anti'
      const names = isWhole ? ['id', 'label'] : left === many ? ['id'] : ['label']
      const rows = async (tuning: Tuning, workers = 1) =>
        JSON.stringify(await frame.orderBy(...(names as never[])).collect({ workers, [TUNING]: tuning } as object))
      const expected = await rows({ joins: 'hash' })
      for (const [way, { tuning, workers }] of Object.entries(ways)) {
        expect(await rows(tuning, workers), `${place} ${way}`).toBe(expected)
      }
    }
  })

  it('has less to sort, unless there are too many keys', async () => {
    const frame = open('sales').join(
      chosen('chosen', ['day']) as never,
      { left: 'day', right: 'c_day' } as never,
    ) as unknown as Frame
    const plan = (tuning: Tuning) =>
      frame.agg({ n: count() }).explain({ analyze: true, workers: 1, [TUNING]: tuning } as object)
    const filtered = await plan({ joins: 'merge' })
    expect(filtered).toContain('sorted, left side filtered by the keys of the other')
    expect(filtered).toMatch(/filter day by the keys of the other side \(6,144 rows in, 4,000 out/)
    expect(filtered).toMatch(/3 of 10 row groups read/)
    const all = await plan({ joins: 'merge', sideRows: 39 })
    expect(all).toMatch(/filter day by the keys of the other side \(20,000 rows/)
    expect(all).toMatch(/10 of 10 row groups read/)
  })
})

it('row groups without one of the keys are not read, and rows are dropped in the scan', async () => {
  const days = chosen('chosen', ['day'])
  const totals = open('sales')
    .join(broadcast(days) as never, { left: 'day', right: 'c_day' } as never)
    .agg({ n: count(), other: sum('other') })
  const plan = await totals.explain({ analyze: true, workers: 1 })
  expect(plan).toContain('filter day by the keys c_day of the table (')
  expect(plan).toMatch(/3 of 10 row groups read/)
  const nothing = open('sales').join(broadcast(chosen('none', ['s'])) as never, { left: 's', right: 'c_s' } as never)
  expect(await nothing.agg({ n: count() }).explain({ analyze: true })).toMatch(/0 of 10 row groups read/)
})

it('what fails for a row without a match still fails', async () => {
  // The row for which it fails is of no day that is chosen.
  const frame = open('sales')
    .withColumn('bad', col('other').div(col('id').sub(3)) as never)
    .join(broadcast(chosen('chosen', ['day'])) as never, { left: 'day', right: 'c_day' } as never)
  for (const readAll of [false, true]) {
    const options = { workers: 1, [TUNING]: { readAll } } as object
    expect(await failure(frame.agg({ n: sum('bad') }).collect(options))).toMatchObject({ code: 'DIVIDE_BY_ZERO' })
  }
})
