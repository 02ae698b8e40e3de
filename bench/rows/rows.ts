import { convertRows } from './convert.js'
import { engineRows } from './engine.js'
import { functionRows } from './functions.js'
import { joinRows } from './join.js'
import { logRows } from './logs.js'
import { measureRows } from './measures.js'
import type { Row } from './row.js'
import { sortRows } from './sort.js'
import { statsRows } from './stats.js'
import { cappedRows, tradeRows } from './trade.js'
import { wordcountRows } from './wordcount.js'

/** Rows that are shown together. */
export interface Family {
  name: string
  title: string
  rows: readonly Row[]
}

export const families: readonly Family[] = [
  { name: 'words', title: 'Counting words', rows: wordcountRows },
  { name: 'stats', title: 'Groups of CSV', rows: statsRows },
  { name: 'sort', title: 'Sorting lines', rows: sortRows },
  { name: 'join', title: 'Joining CSV', rows: joinRows },
  { name: 'logs', title: 'JSON lines', rows: logRows },
  { name: 'trade', title: 'The questions of TPC-H, to Parquet', rows: tradeRows },
  { name: 'capped', title: 'The questions of TPC-H in 1 GB of memory', rows: cappedRows },
  { name: 'measures', title: 'Groups, joins, orders and windows of Parquet', rows: measureRows },
  { name: 'convert', title: 'Writing tables', rows: convertRows },
  { name: 'functions', title: 'Functions in TypeScript over rows of Parquet', rows: functionRows },
  { name: 'engine', title: 'Growth, workers, start', rows: engineRows },
]

export const rows: readonly Row[] = families.flatMap((family) => family.rows)

/**
 * @param list names, or the starts of names; undefined: all
 * @throws Error that names the rows there are
 */
export function rowsNamed(list: string | undefined): readonly Row[] {
  if (list === undefined) return rows
  const names = list.split(',')
  const unknown = names.find((name) => !rows.some((row) => row.name.startsWith(name)))
  if (unknown !== undefined) {
    throw new Error(`No row "${unknown}". Rows: ${rows.map((row) => row.name).join(', ')}.`)
  }
  // A row's full name means only that row.
  const isFull = (name: string) => rows.some((row) => row.name === name)
  return rows.filter((row) => names.some((name) => row.name === name || (row.name.startsWith(name) && !isFull(name))))
}
