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
