/** For kill.test.ts: queries of every kind of stage, over every kind of file, and DuckDB's answers. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Tuning } from '../helpers/run.js'

export interface Query {
  expression: string
  /** The files the query reads, in the order of `inputs`. Each is a table and its format. */
  files: File[]
  /** The same in DuckDB. */
  sql: string
  tuning?: Tuning
}

type Format = keyof typeof FORMATS
type File = `${keyof typeof TABLES}.${Format}`

/** How DuckDB writes them. Small groups of rows, so that there are several splits. */
const FORMATS = {
  csv: 'FORMAT csv, HEADER',
  jsonl: 'FORMAT json',
  parquet: 'FORMAT parquet, ROW_GROUP_SIZE 500',
}

const TABLES = {
  orders: `SELECT i AS id, 'c' || (i * 7919) % 701 AS customer, (i * 104729) % 10007 AS cents,
    CASE WHEN i % 11 > 0 THEN 'day ' || i % 30 END AS day FROM range(4000) t(i)`,
  customers: `SELECT 'c' || i * 2 AS customer, 'region ' || i % 9 AS region FROM range(400) t(i)`,
}

/** No side of a join is small. */
const SORTED: Tuning = { joins: 'merge' }

export const QUERIES: Record<string, Query> = {
  'groups of CSV': {
    expression: `df.groupBy('customer').agg({
      orders: count(), cents: sum(col('cents').cast('long')), days: countDistinct('day'), last: max('day') })`,
    files: ['orders.csv'],
    sql: `SELECT customer, count(*) AS orders, sum(cents)::BIGINT AS cents, count(DISTINCT day) AS days, max(day) AS last
      FROM orders GROUP BY customer`,
  },
  'JSON lines and Parquet, both sorted, joined': {
    expression: `inputs[0].join(inputs[1], 'customer', 'full')`,
    files: ['orders.jsonl', 'customers.parquet'],
    sql: `SELECT customer, id, cents, day, region FROM orders FULL JOIN customers USING (customer)`,
    tuning: SORTED,
  },
  'Parquet joined with a side in memory': {
    expression: `inputs[0].join(broadcast(inputs[1]), 'customer', 'left')`,
    files: ['orders.parquet', 'customers.csv'],
    sql: `SELECT customer, id, cents, day, region FROM orders LEFT JOIN customers USING (customer)`,
  },
  'sorted Parquet': {
    expression: `df.filter(c => c.day.isNotNull()).orderBy(c => c.cents.desc(), 'id')`,
    files: ['orders.parquet'],
    sql: 'SELECT * FROM orders WHERE day IS NOT NULL',
  },
  'a join, groups and a sort of JSON lines': {
    expression: `inputs[0].join(inputs[1], 'customer').groupBy('region', 'day').agg({ cents: sum('cents') }).orderBy('cents', 'region', 'day')`,
    files: ['orders.jsonl', 'customers.jsonl'],
    sql: `SELECT region, day, sum(cents)::BIGINT AS cents FROM orders JOIN customers USING (customer) GROUP BY region, day`,
    tuning: SORTED,
  },
}

export function queryArguments({ expression, files }: Query, folder: string): string[] {
  return ['query', expression, ...files.map((file) => join(folder, file))]
}

/** @returns the rows of the answer as lines of JSON, in any order */
export async function writeTables(query: Query, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  try {
    for (const [table, select] of Object.entries(TABLES)) await duckdb.run(`CREATE TABLE ${table} AS ${select}`)
    for (const file of query.files) {
      const [table, format] = file.split('.') as [keyof typeof TABLES, Format]
      await duckdb.run(`COPY ${table} TO '${join(folder, file)}' (${FORMATS[format]})`)
    }
    const answer = await duckdb.runAndReadAll(`SELECT to_json(t) AS line FROM (${query.sql}) t`)
    return answer.getRowObjectsJson().map(({ line }) => String(line))
  } finally {
    duckdb.closeSync()
  }
}
