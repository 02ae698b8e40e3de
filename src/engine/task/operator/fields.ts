/** Columns of CSV: some as the key, some as values. */

import { readColumns } from '../../../io/format/csv/columns.js'
import type { InputFile } from '../../../io/input/input_file.js'
import type { MapperSpec } from '../../../kernels/kernels.js'
import type { CsvFormat, OperatorOf } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { BatchIntake, ByteIntake } from '../intake.js'
import { csvLimits, csvShape } from '../source/csv.js'
import { nativeMapper } from './native_mapper.js'

export function fields(
  operator: OperatorOf<'fields'>,
  format: CsvFormat,
  next: BatchIntake,
  env: TaskEnvironment,
): ByteIntake {
  return nativeMapper(next, env, {
    spec: async (file, start) => ({ ...(await fieldsSpec(operator, format, file, start)), ...csvLimits(env) }),
  })
}

async function fieldsSpec(
  operator: OperatorOf<'fields'>,
  format: CsvFormat,
  file: InputFile,
  start: number,
): Promise<MapperSpec> {
  const columns = await readColumns(file, format)
  const keys = operator.keys.map((name) => columns.indexOf(name))
  return {
    op: 'fields',
    ...format,
    ...(await csvShape(format, file, start, columns)),
    keys,
    values: operator.values.map((value) =>
      value.kind === 'row'
        ? { kind: 'bytes', row: true, columns: columns.allIndexesOf(value.columns, keys) }
        : { kind: value.kind, columns: [columns.indexOf(value.column)] },
    ),
    ...(operator.tag === null ? {} : { tag: operator.tag }),
  }
}
