/**
 * What queries have in memory stays within --memory and what Node.js itself takes: groups, joins, sorts and distinct values
 * that are much larger go to disk. The answers are DuckDB's.
 *
 * `npm run test:soak` takes twenty million rows or RUNJOB_ROWS, `npm test` just enough.
 */
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder } from '../helpers/folder.js'
import { baseBytes, canLimitMemory, measured } from '../helpers/measured.js'
import type { Tuning } from '../helpers/run.js'
import { caseCount, IS_SOAK, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const MB = 1_000_000
const WORKERS = 2
const memoryMb = caseCount(64, 512)
const rows = caseCount(MB, Number(process.env.RUNJOB_ROWS ?? 20 * MB))
const skewed = caseCount(40_000, rows)
/** Half of the skewed rows meet as many others, each. */
const repeated = caseCount(100, Math.ceil((1000 * MB) / rows))

/** The multipliers have no factor in common with the numbers of rows: every key is there once, in no order. */
const TABLES = {
  many: `SELECT (i * 7919) % ${rows} AS k, i % 1000 AS v, 'text ' || (i * 31) % 1000003 AS t FROM range(${rows}) r(i)`,
  asMany: `SELECT (i * 104729) % ${rows} AS k, i % 777 AS w FROM range(${rows}) r(i)`,
  // Half of the rows have one key.
  skewedLeft: `SELECT CASE WHEN i % 2 = 0 THEN -1 ELSE i END AS k, i % 1000 AS v FROM range(${skewed}) r(i)`,
  skewedRight: `SELECT CASE WHEN i < ${repeated} THEN -1 ELSE i END AS k, i % 777 AS w FROM range(${skewed / 2}) r(i)`,
  smallRight: `SELECT CASE WHEN i < ${repeated} THEN -1 ELSE i END AS k, i % 777 AS w FROM range(${Math.min(skewed / 2, MB)}) r(i)`,
}
type Table = keyof typeof TABLES

interface Subject {
  what: string
  inputs: Table[]
  expression: string
  sql: string
  tuning?: Tuning
  /** More memory than the others have. */
  times?: number
}

/** No side of a join is small. */
const SORTED: Tuning = { joins: 'merge' }
const HASHED: Tuning = { joins: 'hash' }

/** Nothing of it may be left out. */
const TOTALS = 'agg({ n: count(), v: sum("v"), w: sum("w"), k: sum("k") })'
const SQL_TOTALS = 'count(*) AS n, sum(v)::BIGINT AS v, sum(w)::BIGINT AS w, sum(k)::BIGINT AS k'

const SUBJECTS: Subject[] = [
  {
    what: `${rows} groups`,
    inputs: ['many'],
    expression:
      'df.groupBy("k").agg({ n: count(), v: sum("v"), t: max("t") }).agg({ n: sum("n"), v: sum("v"), k: sum("k"), t: max("t") })',
    sql: 'SELECT count(*) AS n, sum(v)::BIGINT AS v, sum(k)::BIGINT AS k, max(t) AS t FROM many',
  },
  {
    what: `${rows} distinct values`,
    inputs: ['many'],
    expression: 'df.agg({ n: countDistinct("k"), t: countDistinct("t") })',
    sql: 'SELECT count(DISTINCT k) AS n, count(DISTINCT t) AS t FROM many',
  },
  {
    what: `the median of ${rows} values, and the most frequent ones`,
    inputs: ['many'],
    expression: 'df.agg({ k: median("k"), v: mode("v"), t: mode("t") })',
    sql: `SELECT median(k) AS k,
      (SELECT v FROM many GROUP BY v ORDER BY count(*) DESC, v LIMIT 1) AS v,
      (SELECT t FROM many GROUP BY t ORDER BY count(*) DESC, t LIMIT 1) AS t FROM many`,
  },
  {
    what: `${rows} rows joined with as many, both sorted`,
    inputs: ['many', 'asMany'],
    expression: `inputs[0].join(inputs[1], "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM many JOIN asMany USING (k)`,
    tuning: SORTED,
  },
  {
    what: `${rows} rows joined with as many, some of their runs in memory`,
    inputs: ['many', 'asMany'],
    expression: `inputs[0].join(inputs[1], "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM many JOIN asMany USING (k)`,
    tuning: { ...SORTED, holdMs: 1e9 },
    times: 4,
  },
  {
    what: `${rows} rows joined with as many, by partition`,
    inputs: ['many', 'asMany'],
    expression: `inputs[0].join(inputs[1], "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM many JOIN asMany USING (k)`,
    tuning: HASHED,
  },
  {
    what: `${rows} rows joined with a table of as many`,
    inputs: ['many', 'asMany'],
    expression: `inputs[0].join(broadcast(inputs[1]), "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM many JOIN asMany USING (k)`,
  },
  {
    what: `${repeated} rows and ${skewed / 2} rows of one key, by partition`,
    inputs: ['skewedLeft', 'skewedRight'],
    expression: `inputs[1].join(inputs[0], "k", "left").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM skewedRight LEFT JOIN skewedLeft USING (k)`,
    tuning: HASHED,
  },
  {
    what: `${skewed / 2} rows and ${repeated} rows of one key`,
    inputs: ['skewedLeft', 'skewedRight'],
    expression: `inputs[0].join(inputs[1], "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM skewedLeft JOIN skewedRight USING (k)`,
    tuning: SORTED,
  },
  {
    what: `${repeated} rows and ${skewed / 2} rows of one key`,
    inputs: ['skewedLeft', 'skewedRight'],
    expression: `inputs[1].join(inputs[0], "k", "left").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM skewedRight LEFT JOIN skewedLeft USING (k)`,
    tuning: SORTED,
  },
  {
    what: `${skewed / 2} rows and ${repeated} rows of one key, in memory`,
    inputs: ['skewedLeft', 'smallRight'],
    expression: `inputs[0].join(broadcast(inputs[1]), "k").${TOTALS}`,
    sql: `SELECT ${SQL_TOTALS} FROM skewedLeft JOIN smallRight USING (k)`,
  },
  {
    what: `${rows} rows to sort, of which some are taken`,
    inputs: ['many'],
    expression: `df.orderBy(c => c.t.desc(), 'k').limit(${rows / 2}).agg({ n: count(), t: min('t'), k: sum('k') })`,
    sql: `SELECT count(*) AS n, min(t) AS t, sum(k)::BIGINT AS k FROM (FROM many ORDER BY t DESC, k LIMIT ${rows / 2})`,
  },
]

const isLimited = canLimitMemory()

describe(`the memory of a query, ${isLimited ? 'in a cgroup' : 'no cgroup can be made here'}`, () => {
  const titled = SUBJECTS.map((subject) => {
    const { what, times = 1 } = subject
    return [`${what}, within ${times * memoryMb} MB`, times * memoryMb, subject] as const
  })
  it.each(titled)('holds for %s', { timeout: SUITE_TIMEOUT_MS }, async (_, memoryMb, subject) => {
    const { what, inputs, expression, tuning = {} } = subject
    const folder = temporaryFolder()
    const expected = await prepare(folder, subject)
    const output = join(folder, 'out')
    const limitBytes = memoryMb * MB + baseBytes(WORKERS)
    const paths = inputs.map((table) => join(folder, `${table}.parquet`))
    const options = ['--memory', `${memoryMb}MB`, '--workers', String(WORKERS)]
    const run = await measured(['query', expression, ...paths, '-o', output, ...options], {
      tuning,
      ...(isLimited ? { limitBytes } : {}),
    })
    if (IS_SOAK) console.log(`${what}: ${run.outcome}, ${Math.round(run.peakBytes / MB)} MB at most`)
    expect(run.outcome).toBe('ok')
    expect(run.peakBytes).toBeLessThan(limitBytes)
    expect(linesOf(output)).toEqual([expected])
  })
})

/** Writes the tables of a query. @returns its answer, which is one row, as a line of JSON */
async function prepare(folder: string, { inputs, sql }: Subject): Promise<string> {
  const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '4GB' })).connect()
  try {
    for (const table of inputs) {
      const path = join(folder, `${table}.parquet`)
      await duckdb.run(`COPY (${TABLES[table]}) TO '${path}' (FORMAT parquet)`)
      await duckdb.run(`CREATE VIEW ${table} AS FROM '${path}'`)
    }
    const answer = await duckdb.runAndReadAll(`SELECT to_json(a) AS line FROM (${sql}) a`)
    return String(answer.getRowObjectsJson()[0]!.line)
  } finally {
    duckdb.closeSync()
  }
}
