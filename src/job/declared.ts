/** The schema of a job's input: its map gets rows of these columns. */
import { RunjobError } from '../base/errors.js'
import { columnsOf } from '../plan/declared.js'
import { type Column, type Marks, marksOf } from '../plan/type.js'
import type { Input } from './formats.js'

/** @returns null: the map gets what the format gives */
export function declaredRows(
  { input, schema }: Input<unknown>,
  invalid = (problem: string): Error => new RunjobError('JOB_INVALID', { problem }),
): { columns: Column[]; exact: Marks } | null {
  if (schema === undefined) return null
  const columns = columnsOf(schema, `${input.kind}({ schema })`, invalid)
  return { columns, exact: marksOf(columns) }
}
