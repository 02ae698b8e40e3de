/** What a result says of runjob and others, for charts and tables: by family of rows, then by row. */
import type { Tool } from '../rows/row.js'
import { families } from '../rows/rows.js'
import { type BenchmarkResult, type ContestantResult, type RowResult, ratioSpread } from './result.js'

/** Rows that are shown together. */
export interface FamilyResult {
  name: string
  title: string
  rows: RowResult[]
}

/** Those that have rows, in the order of the benchmark. */
export function familiesOf(result: BenchmarkResult): FamilyResult[] {
  const all = families.map(({ name, title, rows }) => {
    const names = new Set(rows.map((row) => row.name))
    return { name, title, rows: result.rows.filter((row) => names.has(row.name)) }
  })
  return all.filter(({ rows }) => rows.length > 0)
}

/** What its chart shows. */
export function headlineOf({ title }: FamilyResult): string {
  return `${title}: how many times as long others take as runjob`
}

/** Whether there is something to draw. */
export function isCompared({ rows }: FamilyResult): boolean {
  return rows.some(({ contestants }) => contestants.slice(1).some(({ status }) => status !== 'skipped'))
}

/**
 * How many times as long the other one takes, median of the trials; if their inputs differ, for each byte.
 *
 * @returns null unless both gave right answers, or need not give any
 */
export function timesAsLong(other: ContestantResult, own: ContestantResult): number | null {
  if (!isMeasured(other) || !isMeasured(own)) return null
  const { median } = ratioSpread(other.seconds, own.seconds)
  return median * (own.inputBytes / other.inputBytes)
}

export function isMeasured({ status, time }: ContestantResult): boolean {
  return (status === 'right' || status === 'none') && time !== null
}

/** What to say instead of a time. */
export function answerOf({ status }: ContestantResult): string {
  return status === 'wrong' ? 'wrong answer' : status
}

const NAMES: Record<Tool, string> = {
  runjob: 'runjob',
  duckdb: 'DuckDB',
  polars: 'Polars for Node.js',
  pypolars: 'Polars for Python',
  datafusion: 'DataFusion',
  chdb: 'chDB',
  spark: 'Spark',
  gnu: 'GNU coreutils',
  node: 'a script for Node.js',
  none: 'limit of the machine',
}

/** With its version, if it has one. */
export function toolName({ tools }: BenchmarkResult, tool: Tool): string {
  const state = tools[tool]
  return state && 'version' in state ? `${NAMES[tool]} ${state.version}` : NAMES[tool]
}

/** Whether it does the same work with another tool: no limit of the machine, and no other way of runjob's. */
export function isPeer({ tool }: ContestantResult): boolean {
  return tool !== 'runjob' && tool !== 'none'
}

/** Two digits; of large numbers all that are before the point. */
export function formatRatio(ratio: number): string {
  return ratio < 9.95 ? ratio.toFixed(ratio < 0.095 ? 2 : 1) : ratio.toFixed(0)
}
