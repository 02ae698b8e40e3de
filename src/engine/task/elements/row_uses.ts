/** What the first steps of a collection do with the rows of a data frame, judged by their functions' sources. */
import type { ElementsOperator } from '../../../plan/plan.js'
import { type FieldsRead, fieldsRead } from '../source/fields_only.js'
import type { Find } from './steps.js'

export interface RowUses {
  /** All that they read, by name. */
  read: FieldsRead
  /** So many of them, which are filters; those after them get rows as a whole. Null: no others see a row. */
  filters: number | null
}

/** @returns null: the first step may use a row as a whole */
export function rowUses({ steps, into }: Pick<ElementsOperator, 'steps' | 'into'>, find: Find): RowUses | null {
  const read: FieldsRead = { names: new Set(), any: false }
  let filters = 0
  for (const step of steps) {
    const own = step.op === 'filter' || step.op === 'map' || step.op === 'flatMap' ? fieldsRead(find(step.fn)) : null
    if (own === null) return filters === 0 ? null : { read, filters }
    for (const name of own.names) read.names.add(name)
    read.any ||= own.any
    if (step.op !== 'filter') return { read, filters: null }
    filters++
  }
  if (into.kind === 'count') return { read, filters: null }
  return filters === 0 ? null : { read, filters }
}
