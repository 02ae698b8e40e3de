/** The columns of a text file for which no schema is declared. */
import { RunjobError } from '../../../base/errors.js'
import type { Format } from '../../../plan/plan.js'
import type { Column } from '../../../plan/type.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { readColumns } from '../csv/columns.js'
import { guessCsvColumns } from './csv.js'
import { guessJsonColumns } from './json.js'

export interface InferOptions {
  /** CSV: look at the first megabyte, too, not only at the header. Leading zeros keep a column text. */
  guessTypes?: boolean
}

/**
 * All columns are nullable. CSV: those of the header, as text. JSON lines: what the first megabyte has, in the order of their first
 * appearance; a key that comes later is no column, and a value that does not fit is CELL_INVALID when it is read. Text: `value`, a line each.
 *
 * @throws what reading the header throws; JSONL_BAD_RECORD if no line is an object
 */
export async function inferColumns(
  file: InputFile,
  format: Format,
  { guessTypes = false }: InferOptions = {},
): Promise<Column[]> {
  switch (format.kind) {
    case 'csv': {
      if (guessTypes) return guessCsvColumns(file, format)
      return (await readColumns(file, format)).names.map((name) => ({ name, type: 'string', nullable: true }))
    }
    case 'jsonl':
      return guessJsonColumns([file])
    case 'text':
      return [{ name: 'value', type: 'string', nullable: false }]
    case 'parquet':
    case 'avro':
      throw new RunjobError('INTERNAL', { detail: `${nameOf(file)} names its columns itself` })
  }
}
