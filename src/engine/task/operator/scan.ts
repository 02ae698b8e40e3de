/** Columns of files, as batches of a native pipeline. */
import { RunjobError } from '../../../base/errors.js'
import { readColumns } from '../../../io/format/csv/columns.js'
import type { InputFile } from '../../../io/input/input_file.js'
import { Utf8Check } from '../../../io/input/utf8_check.js'
import { kernels } from '../../../kernels/addon.js'
import type { CsvScanSpec, Pipeline, TextScan } from '../../../kernels/kernels.js'
import type { CsvFormat, Format, OperatorOf } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import type { ByteIntake, RowIntake } from '../intake.js'
import { openAvro, rowPlaces } from '../source/avro.js'
import { csvLimits, csvShape } from '../source/csv.js'
import { byteOf, lineLimit } from '../source/split_reader.js'
import { mapperReader } from './native_mapper.js'

export function scan(operator: OperatorOf<'scan'>, format: Format, next: RowIntake, env: TaskEnvironment): ByteIntake {
  const opener = scanOpener(operator, format, next.pipeline, env)
  return {
    async open(file, start) {
      const after = () => next.passOn()
      if (format.kind === 'avro') {
        const { rowsBefore, placeOf } = await rowPlaces(file, start)
        next.begin(file, rowsBefore, placeOf)
        return mapperReader(await opener(file, start), file, start, env, { after, placeOf })
      }
      const check = new Utf8Check()
      next.begin(file, () => start, byteOf(file, start))
      return mapperReader(await opener(file, start), file, start, env, {
        before: (chunk, last) => check.see(chunk, last),
        after,
        invalidAt: () => check.invalidAt,
      })
    },
    get done() {
      return next.pipeline.done
    },
    end: () => next.end(),
    abort: () => next.abort?.(),
  }
}

type ScannedColumns = Pick<OperatorOf<'scan'>, 'columns' | 'mayLack'>

/** Makes the scan of a file, or of what of it begins at `start`, which adds to the pipeline. */
type Opener = (file: InputFile, start: number) => Promise<TextScan>

export function scanOpener(operator: ScannedColumns, format: Format, pipeline: Pipeline, env: TaskEnvironment): Opener {
  switch (format.kind) {
    case 'csv':
      return async (file, start) => kernels.createCsvScan(await csvSpec(operator, format, file, start, env), pipeline)
    case 'jsonl':
      return async (_, start) => kernels.createJsonScan({ ...lineLimit(env), skipBom: start === 0 }, pipeline)
    case 'text':
      return async (_, start) => kernels.createLineScan({ ...lineLimit(env), skipBom: start === 0 }, pipeline)
    case 'avro':
      return (file, start) => openAvro(operator.columns, pipeline, file, start, env)
    default:
      throw new RunjobError('INTERNAL', { detail: `no scan of ${format.kind}` })
  }
}

/** @throws COLUMN_UNKNOWN, COLUMN_AMBIGUOUS if the file lacks a column that it must have */
async function csvSpec(
  { columns, mayLack }: ScannedColumns,
  format: CsvFormat,
  file: InputFile,
  start: number,
  env: TaskEnvironment,
): Promise<CsvScanSpec> {
  const own = await readColumns(file, format)
  return {
    ...format,
    ...csvLimits(env),
    ...(await csvShape(format, file, start, own)),
    fields: columns.map(({ name }) => (mayLack && !own.names.includes(name) ? null : own.indexOf(name))),
  }
}
