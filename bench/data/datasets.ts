/** The inputs of the benchmark: made on first use, then kept in a folder. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { formatBytes } from '../measure/report.js'
import { type Fill, writeBlocks } from './blocks.js'
import { identifiers } from './identifiers.js'
import { repeatedLines, sortLines } from './lines.js'
import { logs } from './logs.js'
import { MEASURE_TABLES, type MeasureTable, measureTable, SALES_COLUMNS } from './measures.js'
import { prose } from './prose.js'
import { sales } from './sales.js'
import { stations } from './stations.js'
import { orders, users } from './tables.js'
import { tradeTables } from './trade.js'

const GB = 1e9
/** Raise it when a generator changes: files of other editions are ignored. */
const EDITION = 1

/** Name of the file -> its content at a scale; the targets are for scale 1. */
const generators = {
  'prose.txt': (scale) => prose('latin', scale * GB, 1),
  'prose-2.txt': (scale) => prose('latin', scale * GB, 2),
  'prose-3.txt': (scale) => prose('latin', scale * GB, 3),
  'prose-4.txt': (scale) => prose('latin', scale * GB, 4),
  'prose-5.txt': (scale) => prose('latin', scale * GB, 5),
  'prose-6.txt': (scale) => prose('latin', scale * GB, 6),
  'prose-7.txt': (scale) => prose('latin', scale * GB, 7),
  'prose-8.txt': (scale) => prose('latin', scale * GB, 8),
  'cyrillic.txt': (scale) => prose('cyrillic', (scale * GB) / 2, 1),
  'greek.txt': (scale) => prose('greek', (scale * GB) / 2, 1),
  'cjk.txt': (scale) => prose('cjk', (scale * GB) / 2, 1),
  'identifiers.txt': (scale) => identifiers(scale * GB, 1),
  'small.txt': () => prose('latin', 1000, 9),
  'stations-413.csv': (scale) => stations(Math.ceil(scale * 100e6), 413, 1),
  'stations-10000.csv': (scale) => stations(Math.ceil(scale * 100e6), 10_000, 1),
  'sales.csv': (scale) => sales(scale * GB, 1),
  'logs.jsonl': (scale) => logs(scale * 2 * GB, 1),
  'lines-2gb.txt': (scale) => sortLines(Math.ceil(scale * 20e6), 1),
  'lines-10gb.txt': (scale) => sortLines(Math.ceil(scale * 100e6), 2),
  'repeated.txt': (scale) => repeatedLines(Math.ceil(scale * 100e6), 1),
  'orders.csv': (scale) => orders(Math.ceil(scale * 50e6), userCount(scale), 1),
  'users.csv': (scale) => users(userCount(scale), 2),
  'sales-city.u8': (scale) => SALES_COLUMNS['sales-city.u8'](measureRows(scale)),
  'sales-quantity.i32': (scale) => SALES_COLUMNS['sales-quantity.i32'](measureRows(scale)),
  'sales-price.f64': (scale) => SALES_COLUMNS['sales-price.f64'](measureRows(scale)),
} satisfies Record<string, (scale: number) => Fill>

/** Tables of TPC-H: at scale 1, of its scale factor 10. */
export const TRADE_TABLES = [
  'trade/lineitem.parquet',
  'trade/orders.parquet',
  'trade/customer.parquet',
  'trade/part.parquet',
  'trade/supplier.parquet',
  'trade/partsupp.parquet',
  'trade/nation.parquet',
  'trade/region.parquet',
] as const
const SCALE_FACTOR = 10
const MEASURE_ROWS = 100e6

export type Dataset = keyof typeof generators | (typeof TRADE_TABLES)[number] | MeasureTable

function measureRows(scale: number): number {
  return Math.ceil(scale * MEASURE_ROWS)
}

function userCount(scale: number): number {
  return Math.ceil(scale * 5e6)
}

/**
 * Path of a dataset. Makes it if it does not exist, at a few hundred MB/s.
 *
 * @param log told what was made
 * @throws NoGenerator
 */
export function dataset(folder: string, name: Dataset, scale: number, log: (text: string) => void): string {
  const own = join(folder, `edition-${EDITION}`, `scale-${scale}`)
  const path = join(own, name)
  if (existsSync(path)) return path
  mkdirSync(own, { recursive: true })
  if (isTradeTable(name)) {
    tradeTables(folder, join(own, 'trade'), scale * SCALE_FACTOR, log)
    return path
  }
  const started = performance.now()
  if (isMeasureTable(name)) measureTable(path, name, measureRows(scale))
  else writeBlocks(path, generators[name](scale))
  const bytes = statSync(path).size
  const rate = formatBytes(bytes / ((performance.now() - started) / 1000))
  log(`made ${name}: ${formatBytes(bytes)}, ${rate} a second`)
  return path
}

function isTradeTable(name: Dataset): name is (typeof TRADE_TABLES)[number] {
  return (TRADE_TABLES as readonly string[]).includes(name)
}

function isMeasureTable(name: Dataset): name is MeasureTable {
  return name in MEASURE_TABLES
}
