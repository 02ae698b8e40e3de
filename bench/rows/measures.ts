/** Groups, joins, sorts and windows of a hundred million generated rows of Parquet. */
import { dirname } from 'node:path'
import { MEASURE_QUESTIONS, type MeasureQuestion } from '../jobs/measure_questions.js'
import { type AnswerReader, readOrderedRows, readOrderedTable, readTotals } from '../measure/answer.js'
import {
  duckdb,
  PYTHON_ENGINES,
  pythonEngines,
  quote,
  type Row,
  runjobDataset,
  type Target,
  type Trial,
} from './row.js'

/** How answers are read, where rows have an order. */
const READERS: Record<string, AnswerReader> = { 'order-all': readOrderedRows, 'order-top': readOrderedTable }

/** By the start of a row's name. */
const TARGETS: [start: string, targets: Target[]][] = [
  ['groups', [{ kind: 'faster', than: 'duckdb', ratio: 2 }]],
  ['joins', [{ kind: 'faster', than: 'duckdb', ratio: 2 }]],
  ['order-all', [{ kind: 'faster', than: 'duckdb', ratio: 1.5 }]],
  ['order-top', [{ kind: 'faster', than: 'duckdb', ratio: 2 }]],
  ['windows', [{ kind: 'faster', than: 'duckdb', ratio: 1.5 }]],
]

/** Rows that are sorted have less memory than their values take. */
const ORDER_BYTES = 1e9

function tablesOf({ tables }: MeasureQuestion, { inputs }: Trial): Record<string, string> {
  return Object.fromEntries(tables.map((table, i) => [table.replace('.parquet', ''), inputs[i]!]))
}

export const measureRows: readonly Row[] = Object.entries(MEASURE_QUESTIONS).map(([name, question]) => {
  const readAnswer = READERS[name] ?? readTotals
  const views = (trial: Trial) => {
    const named = Object.entries(tablesOf(question, trial))
    return named.map(([view, path]) => `${view} AS (FROM ${quote(path)})`).join(', ')
  }
  return {
    name,
    title: question.title,
    inputs: question.tables,
    ...(name === 'order-all' ? { memoryBytes: ORDER_BYTES } : {}),
    contestants: [
      runjobDataset({
        module: 'measures.ts',
        flags: (trial) => ['--question', name, '--dir', dirname(trial.inputs[0]!), '--format', 'csv'],
        readAnswer,
      }),
      duckdb(
        (trial) => `COPY (WITH ${views(trial)} ${question.sql}) TO ${quote(trial.output)} (FORMAT csv, HEADER)`,
        readAnswer,
      ),
      ...pythonEngines(
        PYTHON_ENGINES,
        (trial) => tablesOf(question, trial),
        () => question.sql,
        readAnswer,
      ),
    ],
    oracle: null,
    targets: TARGETS.find(([start]) => name.startsWith(start))![1],
  }
})
