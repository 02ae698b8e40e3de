/** What columns hold: how many values, their mean, deviation, least and largest one. */
import { type Column, typeText } from '../plan/type.js'
import { groupValue, isNumeric } from './analyze_aggregate.js'
import { resolve } from './expression/resolve.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { aggregate, type Logical, project, union } from './logical.js'
import { requireColumns } from './names.js'

const STATISTICS = [
  ['count', 'count'],
  ['mean', 'avg'],
  ['stddev', 'stddevSamp'],
  ['min', 'min'],
  ['max', 'max'],
] as const

/** A row for each of these, as text: the first column says which. */
export function describeColumns(input: Logical, names: readonly string[] | null): Logical {
  if (names !== null) requireColumns(input.columns, names)
  const chosen = input.columns.filter((column) => names?.includes(column.name) ?? (isNumber(column) || isText(column)))
  for (const column of chosen) {
    if (isNumber(column) || isText(column)) continue
    throw invalid(`describe(): ${column.name} is of type ${typeText(column.type)}`, 'Name columns of numbers or text.')
  }
  if (chosen.length === 0) throw invalid('describe(): no column has numbers or text')
  const asked = chosen.flatMap((column, i) =>
    STATISTICS.flatMap(([statistic, fn]) => {
      // Text has no mean.
      if (isText(column) && (fn === 'avg' || fn === 'stddevSamp')) return []
      const arg: Untyped = { kind: 'column', name: column.name }
      return groupValue({ name: `${i} ${statistic}`, fn, args: [arg], ascending: false }, input.columns, false)
    }),
  )
  const total = aggregate(input, [], asked)
  const rows = STATISTICS.map(([statistic]) => {
    const values = chosen.map(({ name }, i) => {
      const made = `${i} ${statistic}`
      const has = total.columns.some((column) => column.name === made)
      const arg: Untyped = has ? { kind: 'column', name: made } : { kind: 'literal', value: null }
      return { name, value: resolve({ kind: 'cast', arg, to: 'string', try: false }, total.columns) }
    })
    return project(total, [{ name: 'summary', value: { op: 'literal', value: statistic, type: 'string' } }, ...values])
  })
  if (chosen.some(({ name }) => name === 'summary')) {
    throw invalid('describe(): a column has the name "summary"', 'Rename it: withColumnRenamed().')
  }
  return union(rows)
}

function isText({ type }: Column): boolean {
  return type === 'string'
}

function isNumber({ type }: Column): boolean {
  return isNumeric(type)
}
