/** Questions of analysts to tables of Parquet: joins, groups, sorts. */
import { dirname } from 'node:path'
import { QUESTIONS, type Question } from '../../test/e2e/trade/queries.js'
import { TRADE_TABLES } from '../data/datasets.js'
import { readOrderedTable } from '../measure/answer.js'
import { duckdb, pythonEngines, quote, type Row, runjobDataset, type Trial } from './row.js'

/** How many times as fast as DuckDB: by place in the list of questions. Others: no slower. */
const TARGETS: Record<number, number> = { 1: 3, 3: 2, 6: 2.5, 13: 2, 18: 2 }

const folderOf = ({ inputs }: Trial) => dirname(inputs[0]!)

const NAMES = TRADE_TABLES.map((path) => path.replace(/^trade\/|\.parquet$/g, ''))

/** The tables are views of the files. */
function withTables(sql: string, trial: Trial): string {
  const views = NAMES.map((name) => `${name} as (select * from ${quote(`${folderOf(trial)}/${name}.parquet`)})`)
  // Some begin with tables of their own. Within another query, an order would not last.
  const own = /^\s*with\s/.test(sql) ? sql.replace(/^\s*with\s/, ', ') : ` ${sql}`
  return `with ${views.join(', ')}${own}`
}

/** Where the tables and what is made of them do not fit. */
const CAPPED_BYTES = 1e9

function tradeRow(name: string, [question, { sql }]: [string, Question], ratio: number): Row {
  const tables = (trial: Trial) => Object.fromEntries(NAMES.map((name) => [name, `${folderOf(trial)}/${name}.parquet`]))
  return {
    name,
    title: question,
    inputs: TRADE_TABLES,
    contestants: [
      runjobDataset({
        module: 'trade.ts',
        flags: (trial) => ['--question', question, '--dir', folderOf(trial), '--format', 'csv'],
        readAnswer: readOrderedTable,
      }),
      duckdb(
        (trial) => `COPY (${withTables(sql, trial)}) TO ${quote(trial.output)} (FORMAT csv, HEADER)`,
        readOrderedTable,
      ),
      // The others lack functions that the questions use, or round averages early.
      ...pythonEngines(['pypolars'], tables, () => sql, readOrderedTable),
    ],
    oracle: null,
    targets: [{ kind: 'faster', than: 'duckdb', ratio }],
  }
}

const questions = Object.entries(QUESTIONS)

export const tradeRows: readonly Row[] = questions.map((question, i) =>
  tradeRow(`trade-${i + 1}`, question, TARGETS[i + 1] ?? 1),
)

export const cappedRows: readonly Row[] = questions.map((question, i) => ({
  ...tradeRow(`capped-${i + 1}`, question, 2),
  memoryBytes: CAPPED_BYTES,
}))
