/** Rows that have no match in a table of a later join stay out of exchanges: the answers are those of joins without tables. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { avg, broadcast, col, count, type DataFrame, max, min, read, sum, type Untyped } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { failure, type Tuning } from '../helpers/run.js'

const folder = mkdtempSync(join(tmpdir(), 'runjob-key-tables-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Of 20,000 sales, a shop in ten is large; some sales and offers are of none. For shop 7, the sum of `huge` is too large, and so is the average of
 * `vast`, which has four digits more after the point.
 */
beforeAll(async () => {
  const database = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await database.run(`
    copy (select i as id, case when i % 13 > 0 then (i * 7919) % 200 end as shop, i % 90 as day,
        ((i * 31) % 400)::decimal(9, 2) / 4 as price, case when (i * 7919) % 200 = 7 then 9223372036854775807 else i end as huge,
        case when (i * 7919) % 200 = 7 then '1e36'::decimal(38, 0) else i::decimal(38, 0) end as vast
      from range(20000) t(i)) to '${join(folder, 'sales.parquet')}' (format parquet, row_group_size 2048);
    copy (select case when i % 7 > 0 then i % 250 end as of, i as offer from range(3000) t(i))
      to '${join(folder, 'offers.parquet')}' (format parquet);
    copy (select i as number, case when i % 10 = 0 then 'large' else 'small' end as size from range(210) t(i))
      to '${join(folder, 'shops.parquet')}' (format parquet)`)
})

type Frame = DataFrame<Untyped>
const open = (name: string): Frame => read.parquet(join(folder, `${name}.parquet`)) as never
const ofShop = { left: 'shop', right: 'number' } as never

function frames(): Record<string, Frame> {
  const [sales, offers] = [open('sales'), open('offers')]
  const large = open('shops')
    .filter(col('size').eq('large') as never)
    .select('number') as Frame
  const groups = sales
    .groupBy('shop')
    .agg({ n: count(), mean: avg('price') as never, last: max('id') as never }) as unknown as Frame
  const ofOffer = { left: 'shop', right: 'of' } as never
  const inLarge = sales.join(large as never, ofShop) as Frame
  // No one knows how large they are.
  const pairs = sales.join(offers as never, ofOffer) as Frame
  const [first, last] = [min('offer'), max('offer')].map((value, i) =>
    pairs.groupBy('shop').agg({ [`x${i}`]: value as never }),
  ) as unknown as [Frame, Frame]
  return {
    groups: groups.join(large as never, ofShop) as never,
    'groups of two keys': (sales.groupBy('shop', 'day').agg({ n: count() }) as unknown as Frame).join(
      large as never,
      ofShop,
      'semi',
    ) as never,
    'another table': inLarge.join(broadcast(offers) as never, ofOffer) as never,
    'another table, left': inLarge.join(broadcast(offers) as never, ofOffer, 'left') as never,
    'another table, anti': inLarge.join(offers.filter(col('of').lt(100) as never) as never, ofOffer, 'anti') as never,
    'both sides of a join': (first.join(last as never, 'shop' as never) as Frame).join(large as never, ofShop) as never,
  }
}

it.each(Object.keys(frames()))('%s', async (name) => {
  const frame = frames()[name]!
  const sorted = async (options: object) => (await frame.collect(options)).map((row) => JSON.stringify(row)).sort()
  const expected = await sorted({ workers: 1, diskCheck: false, [TUNING]: { joins: 'merge' } })
  // Otherwise this tests nothing.
  expect(expected.length).toBeGreaterThan(10)
  for (const workers of [1, 2]) expect(await sorted({ workers, diskCheck: false })).toEqual(expected)
  expect(await sorted({ workers: 1, diskCheck: false, [TUNING]: { collectorBytes: 2000 } })).toEqual(expected)
  const plan = await frame.explain()
  expect(plan).toMatch(/semi join with one table on (shop|of) = number/)
})

it.each([
  ['sum', sum('huge')],
  ['average', avg('vast')],
])('a group without a match still fails: its %s is too large', async (_, value) => {
  const large = open('shops')
    .filter(col('size').eq('large') as never)
    .select('number') as Frame
  const groups = open('sales')
    .groupBy('shop')
    .agg({ all: value as never }) as unknown as Frame
  expect(await failure(groups.join(large as never, ofShop).collect({ workers: 1 } as object))).toMatchObject({
    code: 'ARITHMETIC_OVERFLOW',
  })
})

it.each(['inner', 'semi'] as const)('what leaves few rows of a side is joined with it first: %s', async (type) => {
  const large = open('shops').filter(col('size').eq('large') as never) as Frame
  const towns = open('offers').select(col('of').as('town'), col('offer').as('shop_of')) as unknown as Frame
  const ofTown = { left: 'shop', right: 'shop_of' } as never
  const joined = open('sales').join(towns as never, ofTown) as unknown as Frame
  const inLarge = { left: 'town', right: 'number' } as never
  const frame = joined.join(large as never, inLarge, type) as unknown as Frame
  // Hints leave joins as they are.
  const asWritten = joined.join(broadcast(large) as never, inLarge, type) as unknown as Frame
  expect(await frame.explain()).not.toBe(await asWritten.explain())
  const rows = (all: Frame, options: object) => all.collect({ workers: 1, diskCheck: false, ...options })
  const expected = await rows(asWritten, {})
  expect(expected.length).toBeGreaterThan(100)
  // In the same order, by tables.
  expect(await rows(frame, {})).toEqual(expected)
  const sorted = async (tuning: Tuning) =>
    (await rows(frame, { workers: 2, [TUNING]: tuning })).map((row) => JSON.stringify(row)).sort()
  for (const joins of ['broadcast', 'hash', 'merge'] as const) {
    expect(await sorted({ joins })).toEqual(expected.map((row) => JSON.stringify(row)).sort())
  }
})
