import { convertRows } from './convert.js'
import { engineRows } from './engine.js'
import { functionRows } from './functions.js'
import { joinRows } from './join.js'
import { logRows } from './logs.js'
import { measureRows } from './measures.js'
import type { Row } from './row.js'
import { sortRows } from './sort.js'
import { statsRows } from './stats.js'
import { tradeRows } from './trade.js'
import { wordcountRows } from './wordcount.js'

export const rows: readonly Row[] = [
  ...wordcountRows,
  ...statsRows,
  ...sortRows,
  ...joinRows,
  ...logRows,
  ...tradeRows,
  ...measureRows,
  ...convertRows,
  ...functionRows,
  ...engineRows,
]

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
