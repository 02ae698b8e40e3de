/** Tables for groups, joins and windows, as others measure them: few keys and many, numbers and text. DuckDB writes them. */
import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { peerScript, quote } from '../rows/row.js'
import { NoGenerator } from './trade.js'

/** A key for each hundred rows has many groups; one of a hundred keys, few. */
const KEYS = 100
const PRIME = 2 ** 31 - 1

/** A column's random numbers, a function of the row: two steps of a linear congruence, so that it depends on no one's hash. */
function mixed(column: number, values: number): string {
  return `((i * ${48271 + 2 * column} + ${column * 7919}) % ${PRIME} * 69621 % ${PRIME} % ${values})`
}

function padded(number: string, digits: number): string {
  return `'id' || lpad((${number})::VARCHAR, ${digits}, '0')`
}

/** Of a number of rows. */
export const MEASURE_TABLES = {
  'measures.parquet': (rows) => {
    const many = Math.max(1, Math.floor(rows / KEYS))
    return `SELECT ${padded(mixed(1, KEYS), 3)} AS id1, ${padded(mixed(2, KEYS), 3)} AS id2, ${padded(mixed(3, many), 10)} AS id3,
      ${mixed(4, KEYS)}::INT AS id4, ${mixed(5, KEYS)}::INT AS id5, ${mixed(6, many)}::INT AS id6,
      ${mixed(7, 5)}::INT + 1 AS v1, ${mixed(8, 15)}::INT + 1 AS v2, ${mixed(9, 100_000_000)} / 1e6 AS v3 FROM range(${rows}) t(i)`
  },
  'facts.parquet': (rows) => {
    const { small, medium } = sizes(rows)
    return `SELECT ${mixed(11, small)}::INT AS small, ${mixed(12, medium)}::INT AS medium, ${mixed(13, rows)}::INT AS big,
      ${padded(mixed(12, medium), 10)} AS name, ${mixed(14, 100)}::INT AS v1 FROM range(${rows}) t(i)`
  },
  'small.parquet': (rows) => dimension(sizes(rows).small),
  'medium.parquet': (rows) => dimension(sizes(rows).medium),
  'big.parquet': (rows) => dimension(rows),
} satisfies Record<string, (rows: number) => string>

export type MeasureTable = keyof typeof MEASURE_TABLES

function sizes(rows: number): { small: number; medium: number } {
  return { small: Math.max(10, Math.ceil(rows / 1e6)), medium: Math.max(10, Math.ceil(rows / 1e3)) }
}

/** Nine keys of ten, in no order. */
function dimension(keys: number): string {
  const rows = Math.ceil(keys * 0.9)
  return `SELECT id, ${padded('id', 10)} AS name, v2 FROM
    (SELECT (i * 104729 % ${rows})::INT AS id, ${mixed(15, 100)}::INT AS v2 FROM range(${rows}) t(i))`
}

/** @throws NoGenerator */
export function measureTable(path: string, name: MeasureTable, rows: number): void {
  const unfinished = `${path}.${process.pid}.tmp`
  const sql = `COPY (${MEASURE_TABLES[name](rows)}) TO ${quote(unfinished)} (FORMAT parquet)`
  // One thread keeps the order of the rows.
  const options = { threads: 1, memoryBytes: 4e9, temp: `${path}.temp`, sql: [sql] }
  const [node, ...args] = peerScript('duckdb.js') as [string, ...string[]]
  try {
    execFileSync(node, [...args, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new NoGenerator(`DuckDB could not make ${name}: ${(error as Error).message.split('\n')[0]}`)
  }
  renameSync(unfinished, path)
}
