/** Rows of a large right side that have no match are dropped early, by the keys of the left side. It must not show. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { count, type DataFrame, read, sum, type Untyped } from '../../dist/src/index.js'

type Frame = DataFrame<Untyped>

const folder = mkdtempSync(join(tmpdir(), 'runjob-unmatched-'))
let duckdb: DuckDBConnection
let few: Frame
let many: Frame

beforeAll(async () => {
  const path = (name: string) => join(folder, `${name}.parquet`)
  duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  // More rows than a table is made of. Both sides have keys that are null, that come twice, and that the other lacks.
  await duckdb.run(`
    COPY (SELECT CASE WHEN i % 10 > 0 THEN i * 900 END AS k, i % 3 AS v, 'kind ' || hash(i) % 20 AS kind FROM range(5000) t(i))
      TO '${path('few')}' (FORMAT parquet);
    COPY (SELECT CASE WHEN i % 7 > 0 THEN i // 2 * 3 END AS k, i % 4 AS w FROM range(2100000) t(i)) TO '${path('many')}' (FORMAT parquet)`)
  for (const name of ['few', 'many']) await duckdb.run(`CREATE VIEW ${name} AS FROM '${path(name)}'`)
  few = read.parquet(path('few')) as never
  many = read.parquet(path('many')) as never
})
afterAll(() => {
  duckdb.closeSync()
  rmSync(folder, { recursive: true, force: true })
})

const TOTALS = { n: count(), k: sum('k'), v: sum('v') }

describe.each(['semi', 'anti'] as const)('a join of type %s', (type) => {
  it.each([
    ['by keys', (l: Frame) => l.join(many, 'k', type), 'l.k = m.k'],
    [
      'and another condition',
      (l: Frame) => l.join(many, (l, r) => l.k!.eq(r.k!).and(l.v!.lt(r.w!)), type),
      'l.k = m.k AND l.v < m.w',
    ],
  ])('has the rows that DuckDB has, %s', async (_, joined, condition) => {
    const left = few.filter((c) => c.kind!.eq('kind 7').or(c.kind!.eq('kind 11')))
    const frame = joined(left as Frame)
    const rows = await (frame as Frame).agg(TOTALS).collect({ diskCheck: false })
    expect(await frame.explain()).toContain('sorted, right side filtered by the keys of the other')
    const answer = await duckdb.runAndReadAll(
      `SELECT count(*) AS n, sum(k) AS k, sum(v) AS v FROM few l ${type} JOIN many m ON ${condition} WHERE l.kind IN ('kind 7', 'kind 11')`,
    )
    const [expected] = answer.getRowObjectsJson()
    expect(rows).toEqual([Object.fromEntries(Object.entries(expected!).map(([name, value]) => [name, Number(value)]))])
  })
})
