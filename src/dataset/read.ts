/** Data frames from files. */
import { check, describe, isFlag, isPlainObject, isText, problemIn, type Schema } from '../base/schema.js'
import { CSV_OPTIONS, type CsvOptions, csvFormat, csvProblem } from '../io/format/csv/options.js'
import { isEncoding } from '../io/input/text_form.js'
import { columnsOf } from '../plan/declared.js'
import type { Format } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import type { FrameSchema, Table, Untyped } from '../plan/typed.js'
import { DataFrame } from './frame.js'
import { invalid } from './invalid.js'
import type { ReadQuery } from './query.js'
import { TextFrame } from './text_frame.js'

interface BinaryOptions<S extends FrameSchema> {
  /** The columns to read. Without it, files say which they have. */
  schema?: S
}

export const PARQUET: Format = { kind: 'parquet', encoding: null }
const AVRO: Format = { kind: 'avro', encoding: null }
const isSchema = check<never>('a plain object of types, such as { id: long() }', isPlainObject)

type Paths = string | readonly string[]

interface ReadOptions {
  /**
   * Columns of folders such as `year=2024` that are not declared: whole numbers, decimals, dates and timestamps where all values look like
   * them (default), or false: text.
   */
  inferPartitionTypes?: boolean
}

const READ_OPTIONS: Schema<ReadOptions> = { inferPartitionTypes: isFlag }

interface CsvReadOptions<S> extends CsvOptions, ReadOptions {
  /** The columns to read and their types, by name. Without it, files say which they have, and all are text. */
  schema?: S
}

interface JsonReadOptions<S> extends ReadOptions {
  /** The properties to read and their types, by name. */
  schema?: S
  /** Whether files are arrays; default: by their content. */
  array?: boolean
  /** A label of TextDecoder. */
  encoding?: string
}

/** Makes data frames of files, folders and globs. */
export interface Read {
  <S extends FrameSchema>(format: Table<S>, paths: Paths, options?: ReadOptions): DataFrame<S>
  csv<S extends FrameSchema = Untyped>(paths: Paths, options?: CsvReadOptions<S>): DataFrame<S>
  /** A JSON object a line, or a file that is an array of them. */
  json<S extends FrameSchema = Untyped>(paths: Paths, options?: JsonReadOptions<S>): DataFrame<S>
  parquet<S extends FrameSchema = Untyped>(paths: Paths, options?: BinaryOptions<S> & ReadOptions): DataFrame<S>
  avro<S extends FrameSchema = Untyped>(paths: Paths, options?: BinaryOptions<S> & ReadOptions): DataFrame<S>
  /** Lines of text, in the column `value`; or as a collection, for functions: `read.text('books/').flatMap(line => line.split(' '))`. */
  text(paths: Paths): TextFrame
}

function readTable<S extends FrameSchema>(format: Table<S>, paths: Paths, options: ReadOptions = {}): DataFrame<S> {
  const { input, schema } = (format ?? {}) as Partial<Table<S>>
  if (typeof input !== 'object' || typeof input.kind !== 'string') {
    throw invalid(`read() needs a format such as csv({ schema }), not ${describe(format)}`)
  }
  const problem = problemIn(READ_OPTIONS, options, 'option')
  if (problem !== null) throw invalid(`read(): ${problem}`)
  return framed(input, paths, schema, options)
}

function framed<S extends FrameSchema>(
  format: Format,
  paths: Paths,
  schema: S | undefined,
  { inferPartitionTypes = true }: ReadOptions,
): DataFrame<S> {
  return new DataFrame<S>(readQuery(format, paths, schema, inferPartitionTypes))
}

function readQuery(
  format: Format,
  paths: Paths,
  schema: FrameSchema | undefined,
  inferPartitionTypes: boolean,
): ReadQuery {
  const problem = formatProblem(format)
  if (problem !== null) throw invalid(`${format.kind}(): ${problem}`)
  const list = typeof paths === 'string' ? [paths] : paths
  if (!Array.isArray(list) || list.length === 0 || !list.every((path) => typeof path === 'string' && path !== '')) {
    throw invalid(`read() needs the path of a file or folder, or a list of them, not ${describe(paths)}`)
  }
  return { kind: 'read', format, paths: [...list], schema: schemaOf(format, schema), inferPartitionTypes }
}

function schemaOf(format: Format, schema: FrameSchema | undefined): Column[] | null {
  if (format.kind === 'text') return [{ name: 'value', type: 'string', nullable: false }]
  return schema === undefined ? null : columnsOf(schema, `${format.kind}({ schema })`, invalid)
}

/** What is wrong with a format's options; null if nothing is. */
function formatProblem(format: Format): string | null {
  if (format.kind === 'csv') {
    const wrong = csvProblem(format)
    return wrong && `${wrong.option} ${wrong.problem}`
  }
  if (format.encoding === null || isEncoding(format.encoding)) return null
  return `encoding is not one that TextDecoder knows: ${JSON.stringify(format.encoding)}`
}

function optionsOf<T>(method: string, schema: Schema<T>, options: T): T {
  const problem = problemIn(schema, options, 'option')
  if (problem !== null) throw invalid(`read.${method}(): ${problem}`)
  return options
}

function binary<S extends FrameSchema>(
  method: string,
  format: Format,
  paths: Paths,
  options: BinaryOptions<S> & ReadOptions,
): DataFrame<S> {
  const table = { schema: isSchema, ...READ_OPTIONS }
  const given = optionsOf(method, table, options as BinaryOptions<never> & ReadOptions)
  return framed<S>(format, paths, given.schema, given)
}

const TEXT: Format = { kind: 'text', exact: false, encoding: null }

/**
 * Reads files as a data frame: `read(format, paths)`, or a method for each format.
 *
 * @param format csv(), jsonl(), parquet(), avro() or text()
 * @param paths files, folders or globs; folders such as `year=2024` below them give columns
 *
 * @example
 * read.csv('examples/sales.csv', { schema: { region: string(), amount: decimal(10, 2) } })
 */
export const read: Read = Object.assign(readTable, {
  csv<S extends FrameSchema = Untyped>(paths: Paths, options: CsvReadOptions<S> = {}): DataFrame<S> {
    const table = { ...CSV_OPTIONS, schema: isSchema, ...READ_OPTIONS }
    const { schema, inferPartitionTypes = true, ...dialect } = optionsOf('csv', table, options as CsvReadOptions<never>)
    return framed<S>(csvFormat(dialect), paths, schema, { inferPartitionTypes })
  },
  json<S extends FrameSchema = Untyped>(paths: Paths, options: JsonReadOptions<S> = {}): DataFrame<S> {
    const table = { schema: isSchema, array: isFlag, encoding: isText, ...READ_OPTIONS }
    const given = optionsOf('json', table, options as JsonReadOptions<never>)
    const { schema, array = null, encoding = null } = given
    return framed<S>({ kind: 'jsonl', array, encoding }, paths, schema, given)
  },
  parquet<S extends FrameSchema = Untyped>(paths: Paths, options: BinaryOptions<S> & ReadOptions = {}): DataFrame<S> {
    return binary<S>('parquet', PARQUET, paths, options)
  },
  avro<S extends FrameSchema = Untyped>(paths: Paths, options: BinaryOptions<S> & ReadOptions = {}): DataFrame<S> {
    return binary<S>('avro', AVRO, paths, options)
  },
  text: (paths: Paths): TextFrame => new TextFrame(readQuery(TEXT, paths, undefined, true)),
})
