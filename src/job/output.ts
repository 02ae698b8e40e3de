/** What a job writes, and in which form the command asks for it: the sink of its plan. */
import { RunjobError } from '../base/errors.js'
import { unwritableName } from '../io/format/avro/written.js'
import { fieldCount } from '../io/output/fields.js'
import { columnsProblem, ownColumns } from '../io/output/record_rows.js'
import { isColumns, isRow, valueColumns } from '../plan/codec.js'
import { isBinary } from '../plan/columns.js'
import type {
  BinaryFormat,
  CodecSpec,
  OutputCompression,
  ParquetCodec,
  RecordSpec,
  Sink,
  SinkFormat,
} from '../plan/plan.js'
import type { AnyBody } from './body.js'
import { declaredRows } from './declared.js'
import type { Input, Output } from './formats.js'

export const FORMAT_NAMES = [
  'text',
  'tsv',
  'csv',
  'jsonl',
  'parquet',
  'avro',
] as const satisfies readonly SinkFormat['kind'][]
export type FormatName = (typeof FORMAT_NAMES)[number]

/** The options of a run that override the job's output. */
export interface OutputChoice {
  format?: FormatName | undefined
  /** `snappy` and `none` only for Parquet and Avro. */
  compress?: ParquetCodec | undefined
  singleFile?: boolean
}

export interface SinkInput {
  job: string
  body: AnyBody
  record: RecordSpec
  /** The records do not come from a user's function. */
  isNative: boolean
  /** Its records hold no tab and no line end, so nothing needs escaping, and a backslash stays unchanged. */
  isWords: boolean
  /** Names of the columns, if native operators on CSV know them; null: use the record's own names. */
  names: string[] | null
  choice: OutputChoice
}

/** @throws JOB_INVALID, OPTION_INVALID if a format cannot hold the records */
export function lowerSink({ job, body, record, isNative, isWords, names, choice }: SinkInput): Sink {
  const hasValue = !isColumns(record.value) || record.value.columns.length > 0
  const own: SinkFormat = body.output?.output ?? (hasValue ? { kind: 'tsv', escape: !isWords } : { kind: 'text' })
  const isChosen = choice.format !== undefined && choice.format !== own.kind
  const format = isChosen ? chosenFormat(choice.format!, isWords) : own
  if (format.kind === 'text' && hasValue && (isChosen || isNative)) {
    const problem = `text holds one column, but the records have ${describeColumns(fieldNames(record, names))}`
    const help = 'tsv, csv and jsonl can hold them all.'
    if (isChosen) throw new RunjobError('OPTION_INVALID', { name: 'format', value: 'text', problem, help })
    throw new RunjobError('JOB_INVALID', { job, problem: `its output is text(), but ${problem}`, help })
  }
  // Of a file as a whole; Parquet and Avro are compressed inside.
  const chosen = isBinary(format) ? null : fileCompression(choice.compress)
  const compressOf = (output: Output | undefined) => chosen ?? (output?.gzip ? 'gzip' : null)
  const named = Object.entries(body.outputs ?? {})
  const singleFile = choice.singleFile ?? false
  if (singleFile && named.length > 0) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'output',
      problem: `${job} has named outputs, which need a folder: ${named.map(([name]) => name).join(', ')}`,
      help: 'Let -o name a folder, and leave out --single-file.',
    })
  }
  return {
    kind: 'sink',
    name: '',
    format: isBinary(format)
      ? withColumns(job, format.kind, body.output, record, names, choice.compress)
      : withHeader(job, format, record, names, isChosen),
    compress: isBinary(format) ? null : compressOf(body.output),
    record,
    singleFile,
    named: Object.fromEntries(
      named.map(([name, output]) => [
        name,
        { format: output.output, compress: compressOf(output), record: namedRecord(output.output) },
      ]),
    ),
  }
}

/** @throws OPTION_INVALID for what only pages of Parquet and blocks of Avro are compressed with */
export function fileCompression(compress: ParquetCodec | undefined): OutputCompression | null {
  if (compress !== 'snappy' && compress !== 'none') return compress ?? null
  throw new RunjobError('OPTION_INVALID', {
    name: 'compress',
    value: compress,
    problem: 'it is for Parquet and Avro, which are compressed inside',
    help: 'Files of other formats can be compressed with gzip or zstd.',
  })
}

function chosenFormat(kind: FormatName, isWords: boolean): SinkFormat {
  switch (kind) {
    case 'parquet':
    case 'avro':
      return { kind, codec: 'snappy' }
    case 'text':
    case 'jsonl':
      return { kind }
    case 'tsv':
      return { kind, escape: !isWords }
    case 'csv':
      return { kind, delimiter: ',', header: null }
  }
}

/**
 * A header row has a name for each field of a row. If the job gives no names, rows of native operators on CSV get the names that these know,
 * and rows of `--format csv` get the record's own names, because their reader expects a header.
 */
function withHeader(
  job: string,
  format: SinkFormat,
  record: RecordSpec,
  names: string[] | null,
  isChosen: boolean,
): SinkFormat {
  if (format.kind !== 'csv') return format
  if (format.header === null) return { ...format, header: names ?? (isChosen ? fieldNames(record, null) : null) }
  const fields = fieldNames(record, names)
  if (format.header.length !== fields.length) {
    const given = describeColumns(format.header)
    throw new RunjobError('JOB_INVALID', {
      job,
      problem: `its output csv() names ${given}, but its records have ${describeColumns(fields)}`,
      help: 'Name one column for each field of a row.',
    })
  }
  return format
}

/** @throws JOB_INVALID if the declared columns are not those of the records */
function withColumns(
  job: string,
  kind: BinaryFormat['kind'],
  output: Output | undefined,
  record: RecordSpec,
  names: string[] | null,
  codec: ParquetCodec = 'snappy',
): SinkFormat {
  const declared = output?.output.kind === kind ? declaredRows(output as unknown as Input<unknown>) : null
  if (declared === null)
    return checkedNames(job, { kind, codec, columns: ownColumns(record, fieldNames(record, names)) })
  const { columns } = declared
  const problem = columnsProblem(record, columns)
  if (problem === null) return checkedNames(job, { kind, codec, columns })
  throw new RunjobError('JOB_INVALID', {
    job,
    problem: `its output ${kind}() ${problem}`,
    help: 'Declare one column for each field of a record, in order.',
  })
}

/** Default names for the fields of a row. */
function fieldNames({ key, value }: RecordSpec, names: string[] | null): string[] {
  if (names) return names
  const keys = partNames('key', key)
  if (isRow(value)) return uniqueNames([...keys, ...value.row.flat()])
  if (!isColumns(value)) return [...keys, ...partNames('value', valueColumns(value)[0]!.codec)]
  return uniqueNames([...keys, ...value.columns.flatMap(({ name, codec }) => partNames(name, codec))])
}

function partNames(name: string, codec: CodecSpec): string[] {
  const count = fieldCount({ key: codec, value: { columns: [] } })
  return count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}_${i + 1}`)
}

/** A name that is taken gets a number, so every column can be named. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let free = name
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`
    taken.add(free)
    return free
  })
}

export function describeColumns(names: readonly string[]): string {
  return `${names.length} column${names.length === 1 ? '' : 's'} (${names.join(', ')})`
}

/** A named output takes values of any type: JSON lines keep them, other formats write them as text. With a header of one column: only keys. */
function namedRecord(format: SinkFormat): RecordSpec {
  if (format.kind === 'jsonl') return { key: 'json', value: 'json' }
  const isKeyOnly = format.kind === 'csv' && format.header?.length === 1
  return { key: 'string', value: isKeyOnly ? { columns: [] } : 'string' }
}

/** @throws JOB_INVALID for a name that Avro does not take */
function checkedNames(job: string, format: BinaryFormat): BinaryFormat {
  const name = format.kind === 'avro' ? unwritableName(format.columns!) : null
  if (name === null) return format
  throw new RunjobError('JOB_INVALID', {
    job,
    problem: `its output is Avro, whose names are letters, digits and _, and not ${JSON.stringify(name)}`,
    help: 'Name its columns: output: avro({ schema: { … } }).',
  })
}
