/** Questions of analysts to tables of Parquet, answered as DuckDB answers them, and the same however they are run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { read } from 'runjob'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TABLE_NAMES, writeTables } from './data.js'
import { QUESTIONS, type Tables } from './queries.js'

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

/** Each way to run a question: the rows must not depend on it. */
const WAYS = {
  'one worker': { workers: 1 },
  'two workers with 48 MB each': { workers: 2, memory: '96MB' },
  'three workers, many partitions': { workers: 3, partitions: 7 },
} as const

describe.each(Object.entries(QUESTIONS))('%s', (_, { frame, sql }) => {
  const tables = Object.fromEntries(TABLE_NAMES.map((name) => [name, read.parquet(join(dir, `${name}.parquet`))]))
  const ask = (options: object) => frame(tables as Tables).collect(options) as Promise<Record<string, unknown>[]>

  test('has the answer of DuckDB', async () => {
    const want = (await database.runAndReadAll(sql)).getRowsJson()
    const rows = await ask({})
    expect(rows.map((row) => Object.values(row).map(comparable))).toEqual(want.map((row) => row.map(comparable)))
  })

  test.each(Object.entries(WAYS))('has the same answer with %s', async (_, options) => {
    expect(await ask(options)).toEqual(await ask({}))
  })
})

/** DuckDB gives large numbers as text, and means of decimals as doubles. */
function comparable(value: unknown): unknown {
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) {
    return Number(Number(value).toPrecision(11))
  }
  return value
}
