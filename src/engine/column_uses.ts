/** Checks that the values that a map emits have the columns that aggregates read: a name that none has is a mistake. */
import { RunjobError } from '../base/errors.js'
import type { ColumnUse } from './task.js'

/**
 * For all tasks of a stage that had records: a column that one task did not see may be in another.
 *
 * @throws COLUMN_UNKNOWN
 */
export function checkColumnUses(tasks: readonly ColumnUse[][]): void {
  const all = new Map<string, ColumnUse>()
  for (const { name, seen, properties } of tasks.flat()) {
    const use = all.get(name) ?? { name, seen: false, properties: [] }
    use.seen ||= seen
    use.properties.push(...properties.filter((property) => !use.properties.includes(property)))
    all.set(name, use)
  }
  for (const { name, seen, properties } of all.values()) {
    if (seen) continue
    const isUndefined = properties.includes(name)
    const columns = properties.filter((property) => property !== name).sort()
    throw new RunjobError('COLUMN_UNKNOWN', { name, columns, of: isUndefined ? 'undefined' : 'values' })
  }
}
