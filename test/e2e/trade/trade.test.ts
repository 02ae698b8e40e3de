/**
 * Questions of analysts to tables of Parquet, answered as DuckDB answers them, and the same however they are run.
 *
 * `npm run test:soak` tries each way to run them, `npm test` so many that each choice meets each other.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { read } from 'runjob'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { IS_SOAK, SUITE_TIMEOUT_MS } from '../../helpers/soak.js'
import { TABLE_NAMES, writeTables } from './data.js'
import { QUESTIONS, type Tables } from './queries.js'
import { ALL_WAYS, optionsOf, PAIRED_WAYS } from './ways.js'

/** RUNJOB_TRADE: a folder of such tables, of any size, from elsewhere. */
const given = process.env.RUNJOB_TRADE
const dir = given ?? mkdtempSync(join(tmpdir(), 'runjob-trade-'))
let instance: DuckDBInstance
let database: DuckDBConnection

beforeAll(async () => {
  if (!given) await writeTables(dir, 0.05)
  instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  database = await instance.connect()
  for (const name of TABLE_NAMES) {
    await database.run(`create view ${name} as select * from '${join(dir, `${name}.parquet`)}'`)
  }
})

afterAll(() => {
  database.closeSync()
  instance.closeSync()
  if (!given) rmSync(dir, { recursive: true })
})

const ways = IS_SOAK ? ALL_WAYS : PAIRED_WAYS

describe.each(Object.entries(QUESTIONS))('%s', (_, { frame, sql }) => {
  const tables = Object.fromEntries(TABLE_NAMES.map((name) => [name, read.parquet(join(dir, `${name}.parquet`))]))
  const ask = (options: object) => frame(tables as Tables).collect(options) as Promise<Record<string, unknown>[]>
  let answer: Record<string, unknown>[]

  test('has the answer of DuckDB', async () => {
    const want = (await database.runAndReadAll(sql)).getRowsJson()
    answer = await ask({})
    expect(answer.map((row) => Object.values(row).map(comparable))).toEqual(want.map((row) => row.map(comparable)))
  })

  test('has the same answer, to the byte, in all ways to run it', { timeout: SUITE_TIMEOUT_MS }, async () => {
    const bytes = JSON.stringify(answer)
    for (const way of ways) expect(JSON.stringify(await ask(optionsOf(way))), way.name).toBe(bytes)
  })
})

/** DuckDB gives large numbers as text, and means of decimals as doubles. */
function comparable(value: unknown): unknown {
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) {
    return Number(Number(value).toPrecision(11))
  }
  return value
}
