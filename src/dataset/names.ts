/** Names of columns. */
import { RunjobError } from '../base/errors.js'
import type { Column } from '../plan/type.js'

/** A name that none of these has: `total`, else `total#2`, and so on. */
export function freshName(wanted: string, taken: readonly string[]): string {
  let name = wanted
  for (let i = 2; taken.includes(name); i++) name = `${wanted}#${i}`
  return name
}

/** @throws COLUMN_UNKNOWN */
export function requireColumns(columns: readonly Column[], names: readonly string[]): void {
  const known = columns.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new RunjobError('COLUMN_UNKNOWN', { name: unknown, columns: known })
}
