/** What a data frame's rows are written as. */
import { RunjobError } from '../base/errors.js'
import type { FrameOutput } from '../dataset/lower.js'
import { unwritableName } from '../io/format/avro/written.js'
import { type FormatName, fileCompression } from '../job/output.js'
import { isBinary } from '../plan/columns.js'
import type { SinkFormat } from '../plan/plan.js'
import { type Column, isNested, type Type, typeText } from '../plan/type.js'
import type { Settings } from './options.js'

/**
 * @param name of the output
 * @param by the columns whose values name folders
 * @throws OPTION_INVALID if the format cannot hold the columns
 */
export function sinkOf(
  name: string,
  all: readonly Column[],
  by: readonly string[],
  { choice, onColumns, output }: Pick<Settings, 'choice' | 'onColumns' | 'output'>,
): FrameOutput['sink'] {
  const singleFile = choice.singleFile ?? false
  const columns = all.filter(({ name }) => !by.includes(name))
  const folders = by.length === 0 ? {} : { partitionBy: [...by] }
  if (onColumns !== null) return { name, format: { kind: 'rows' }, compress: null, singleFile }
  const format = formatOf(columns, choice.format ?? formatOfName(output) ?? 'jsonl')
  if (!isBinary(format)) return { name, format, compress: fileCompression(choice.compress), singleFile, ...folders }
  if (choice.singleFile) requireOwnName(output)
  const codec = choice.compress ?? 'snappy'
  return { name, format: { kind: format.kind, codec }, compress: null, singleFile, ...folders }
}

/** Of a file or folder, by its ending, as it will be read; that of a compression does not count. */
export function formatOfName(path: string): FormatName | undefined {
  const [, ending = ''] = /\.([^./\\]+)$/.exec(path.replace(/\.(?:gz|zst)$/i, '')) ?? []
  return ENDINGS[ending.toLowerCase()]
}

const ENDINGS: Readonly<Record<string, FormatName>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  tsv: 'tsv',
  tab: 'tsv',
  txt: 'text',
  text: 'text',
  parquet: 'parquet',
  parq: 'parquet',
  pq: 'parquet',
  avro: 'avro',
}

/** @throws OPTION_INVALID for the name of a file that is compressed as a whole */
export function requireOwnName(path: string): void {
  if (!/\.(?:gz|zst)$/i.test(path)) return
  throw new RunjobError('OPTION_INVALID', {
    name: 'output',
    value: path,
    problem: 'Parquet and Avro are compressed inside, and not as a whole file',
    help: 'Choose a name that ends in .parquet or .avro.',
  })
}

function formatOf(columns: readonly Column[], kind: FormatName): SinkFormat {
  const fail = (problem: string, help: string) => {
    throw new RunjobError('OPTION_INVALID', { name: 'format', value: kind, problem, help })
  }
  if (kind === 'jsonl') return { kind }
  if (kind === 'parquet' || kind === 'avro') {
    const without = columns.find(({ type }) => hasNoFields(type))
    if (without) fail(`${kind} has no structs without fields, such as the column ${without.name}`, 'jsonl can hold it.')
    if (columns.length === 0) fail(`${kind} needs a column, but the rows have none`, 'jsonl can hold them.')
    const name = kind === 'avro' ? unwritableName(columns) : null
    if (name !== null)
      fail(`names in avro are letters, digits and _, and not ${JSON.stringify(name)}`, 'Give it another name.')
    // The codec is the caller's.
    return { kind, codec: 'snappy' }
  }
  const nested = columns.find(({ type }) => isNested(type))
  if (nested) {
    fail(
      `${kind} cannot hold the column ${nested.name} of type ${typeText(nested.type)}`,
      'jsonl can; or select its parts.',
    )
  }
  const header = columns.map(({ name }) => name)
  if (kind === 'csv') return { kind, delimiter: ',', header }
  if (kind === 'tsv') return { kind, escape: true, header }
  if (columns.length !== 1 || columns[0]!.type !== 'string') {
    const given = columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')
    fail(`text holds one column of type string, but the rows have ${given}`, 'tsv, csv and jsonl can hold them all.')
  }
  return { kind }
}

function hasNoFields(type: Type): boolean {
  if (typeof type === 'string' || type.type === 'decimal') return false
  if (type.type === 'array') return hasNoFields(type.element)
  return type.fields.length === 0 || type.fields.some((field) => hasNoFields(field.type))
}
