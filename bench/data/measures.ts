/** Tables for groups, joins, windows and functions, as others measure them: few keys and many, numbers and text. DuckDB writes them. */
import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { peerScript, quote } from '../rows/row.js'
import { type Fill, FULL } from './blocks.js'
import { NoGenerator } from './trade.js'

/** A key for each hundred rows has many groups; one of a hundred keys, few. */
const KEYS = 100
const PRIME = 2 ** 31 - 1
/** Different values of columns of sales. */
const CITIES = 100
const QUANTITIES = 20
const PRICES = 50_000
/** What prices and quantities begin with. */
const LEAST_PRICE = 99
const LEAST_QUANTITY = 1

/** A column's random numbers, a function of the row: two steps of a linear congruence, so that it depends on no one's hash. */
function mixed(column: number, values: number): string {
  return `((i * ${48271 + 2 * column} + ${column * 7919}) % ${PRIME} * 69621 % ${PRIME} % ${values})`
}

/** The same of one row. */
function mixedNumber(i: number, column: number, values: number): number {
  return ((((i * (48271 + 2 * column) + column * 7919) % PRIME) * 69621) % PRIME) % values
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
  'sales.parquet': (
    rows,
  ) => `SELECT i AS id, DATE '2020-01-01' + ${mixed(21, 2000)}::INT AS day, ${padded(mixed(22, 2000), 4)} AS customer,
    ${padded(mixed(23, 1000), 4)} AS street, ${padded(mixed(24, CITIES), 3)} AS city, ${padded(mixed(25, 200), 3)} AS region,
    ${padded(mixed(26, 1000), 4)} AS product, ${mixed(27, QUANTITIES)}::INT + ${LEAST_QUANTITY} AS quantity, (${mixed(28, PRICES)} + ${LEAST_PRICE}) / 100 AS price,
    ${mixed(29, 30)} / 100 AS discount, ${mixed(30, 1_000_000)} / 100 AS paid, ${padded(mixed(31, 1000), 6)} AS note FROM range(${rows}) t(i)`,
} satisfies Record<string, (rows: number) => string>

/** Columns of sales.parquet as typed arrays: little-endian, nothing else in the file. Of cities the number. */
export const SALES_COLUMNS = {
  'sales-city.u8': (rows) => column(rows, 1, (view, at, i) => view.setUint8(at, mixedNumber(i, 24, CITIES))),
  'sales-quantity.i32': (rows) =>
    column(rows, 4, (view, at, i) => view.setInt32(at, mixedNumber(i, 27, QUANTITIES) + LEAST_QUANTITY, true)),
  'sales-price.f64': (rows) =>
    column(rows, 8, (view, at, i) => view.setFloat64(at, (mixedNumber(i, 28, PRICES) + LEAST_PRICE) / 100, true)),
} satisfies Record<string, (rows: number) => Fill>

function column(rows: number, bytes: number, put: (view: DataView, at: number, row: number) => void): Fill {
  let row = 0
  return ({ view }) => {
    let at = 0
    for (; at < FULL && row < rows; at += bytes) put(view, at, row++)
    return at
  }
}

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
