/** What readers of CSV need besides the dialect. */
import type { Columns } from '../../../io/format/csv/columns.js'
import { firstRowStart } from '../../../io/format/csv/header.js'
import type { InputFile } from '../../../io/input/input_file.js'
import type { CsvReadOptions } from '../../../kernels/kernels.js'
import type { CsvFormat } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'

/** Upper limit of the kernels. */
const MAX_ROW_BYTES = 2 ** 30

/** How many bytes a row may have, and what happens to a bad one. */
export function csvLimits(env: TaskEnvironment): Required<Pick<CsvReadOptions, 'maxRecordBytes' | 'keepBad'>> {
  return { maxRecordBytes: Math.min(env.budget.maxRecordBytes, MAX_ROW_BYTES), keepBad: env.quarantine !== null }
}

/** Of the file. */
export async function csvShape(format: CsvFormat, file: InputFile, start: number, columns: Columns) {
  const skipHeader = format.header && start === (await firstRowStart(file, format))
  return { columns: columns.width, leastColumns: columns.leastWidth, skipHeader, skipBom: start === 0 }
}
