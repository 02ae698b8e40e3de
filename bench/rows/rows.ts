import { engineRows } from './engine.js'
import { joinRows } from './join.js'
import { logRows } from './logs.js'
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
  ...engineRows,
]
