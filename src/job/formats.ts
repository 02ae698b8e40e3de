/** Formats: what the records of an input file are, and how an output's records become lines. */
import {
  type Check,
  check,
  isFlag,
  isOneOf,
  isPart,
  isPlainObject,
  isText,
  maker,
  requirePartOptions,
  type Schema,
} from '../base/schema.js'
import { CSV_OPTIONS, type CsvOptions, csvFormat } from '../io/format/csv/options.js'
import type { Format, SinkFormat } from '../plan/plan.js'
import type { FrameSchema, JsOf, Str, Table, Untyped } from '../plan/typed.js'

/** Can be read: its records are `R`. */
export interface Input<R> {
  readonly input: Format
  readonly record?: R
  /** Types by name: its records are rows of these. */
  readonly schema?: unknown
}

/** Can be written. */
export interface Output {
  readonly output: SinkFormat
  readonly gzip: boolean
}

/**
 * A CSV row: an object with a property for each column, in the order of the columns. Every field is text. (Names that are whole numbers
 * come first, as in every JavaScript object.) A column whose name is empty or occurs twice has its number as name: `#3`.
 *
 * Reading a column that the file does not have throws COLUMN_UNKNOWN; test with `'name' in row`.
 */
export type Row<Column extends string = string> = { readonly [C in Column]: string }

interface OutputOptions {
  /** Compress each part of the output, with a name that ends in `.gz`. */
  gzip?: boolean
}

const OUTPUT: Schema<OutputOptions> = { gzip: isFlag }

interface InputOptions {
  /**
   * Encoding of the file: a label of TextDecoder, such as `utf-16le` or `latin1`. Default: UTF-16 if the file starts with that byte-order
   * mark, else UTF-8.
   */
  encoding?: string
}

interface SchemaOption<S extends FrameSchema> {
  /** The columns to read and their types, by name: data frames have these columns, and a job's map gets rows of these values. */
  schema?: S
}

/** What a map gets: rows of the schema's values, if there is one. */
type Records<S, Otherwise> = string extends keyof S ? Otherwise : { readonly [K in keyof S]: JsOf<S[K]> }

interface TextOptions extends OutputOptions, InputOptions {
  exact?: boolean
}

const TEXT: Schema<TextOptions> = { ...OUTPUT, exact: isFlag, encoding: isText }

/**
 * As input: lines without their line ends (LF, CRLF, or CR in a file that has no other) and without a byte-order mark at the start of the
 * file; invalid UTF-8 becomes U+FFFD, and a note says so. As output: only the key, one per line (after a map without reduce: the value).
 *
 * @param options.exact input lines are the bytes between LFs, unchanged: invalid UTF-8, carriage returns before LFs and the byte-order mark
 *   are kept; text in other encodings is still decoded. With `encoding: 'utf-8'`, the content of any file is taken as it is
 */
export const text = maker('text', 1, (options: TextOptions = {}): Input<string> & Output & Table<{ value: Str }> => {
  requirePartOptions('text', TEXT, options)
  return {
    input: { kind: 'text', exact: options.exact ?? false, encoding: options.encoding ?? null },
    output: { kind: 'text' },
    gzip: options.gzip ?? false,
  }
})

const isSchema: Check<never> = check(
  'a plain object of types, such as { id: long() }',
  (value) => isPlainObject(value) && !isPart(value),
)

/** The option, on what reads with it. */
function withSchema<T extends object, S extends FrameSchema>(
  format: T,
  { schema }: SchemaOption<S>,
): T & { schema?: S } {
  return schema === undefined ? format : { ...format, schema }
}

const CSV: Schema<OutputOptions & CsvOptions & SchemaOption<never>> = { ...OUTPUT, ...CSV_OPTIONS, schema: isSchema }

/**
 * Delimited text (RFC 4180): quoted fields may hold delimiters, line ends and doubled quotes. Lines end in LF or CRLF; blank lines are not
 * rows. All options are for reading. An output takes only `delimiter` and `columns`: then `columns` is the header row of each part. Without
 * it, an output whose columns have no names has no header row. Contradictory options are JOB_INVALID when the job is defined.
 *
 * @param options.schema with it, records are rows of these columns and types, as in data frames; a cell that is not of its type is a bad
 *   record, CELL_INVALID
 */
export const csv = maker(
  'csv',
  1,
  <const Column extends string = string, S extends FrameSchema = Untyped>(
    options: OutputOptions & CsvOptions<Column> & SchemaOption<S> = {},
  ): Input<Records<S, Row<Column>>> & Output & Table<S> => {
    requirePartOptions('csv', CSV, options)
    const input = csvFormat(options)
    const output: SinkFormat = { kind: 'csv', delimiter: input.delimiter, header: input.columns }
    return withSchema({ input, output, gzip: options.gzip ?? false }, options)
  },
)

interface JsonlOptions extends OutputOptions, InputOptions {
  array?: boolean
  integers?: 'error' | 'bigint' | 'number'
}

const JSONL: Schema<JsonlOptions & SchemaOption<never>> = {
  ...OUTPUT,
  schema: isSchema,
  encoding: isText,
  array: isFlag,
  integers: isOneOf('error', 'bigint', 'number'),
}

/**
 * As input: one JSON value per line, blank lines skipped; or a file that is one array, whose elements are the records. A file is one array if
 * it begins with a bracket and its first value spans several lines, or is the only line and holds objects or nothing. As output:
 * `{"key": …, "value": …}`, one per line.
 *
 * @param options.array whether files are arrays: true or false; default: by their content
 * @param options.integers what to do with whole numbers that no double equals, such as 9007199254740993: `error` (the default) makes the
 *   line a bad record, `bigint` reads them as bigints, `number` as the nearest double
 * @param options.schema with it, each value is an object, and records are rows of these properties and types, as in data frames; a value
 *   that is not of its type is a bad record, CELL_INVALID
 */
export const jsonl = maker(
  'jsonl',
  1,
  <T = unknown, S extends FrameSchema = Untyped>(
    options: JsonlOptions & SchemaOption<S> = {},
  ): Input<Records<S, T>> & Output & Table<S> => {
    requirePartOptions('jsonl', JSONL, options)
    const { array = null, encoding = null, integers = 'error' } = options
    const input: Format = { kind: 'jsonl', array, encoding, ...(integers === 'error' ? {} : { integers }) }
    const output: SinkFormat = { kind: 'jsonl' }
    return withSchema({ input, output, gzip: options.gzip ?? false }, options)
  },
)

interface TsvOptions extends OutputOptions {
  escape?: boolean
}

const TSV: Schema<TsvOptions> = { ...OUTPUT, escape: isFlag }

/**
 * Output only: key, tab, value. Tabs, line ends and backslashes inside are written as `\t`, `\n`, `\r`, `\\` unless
 * `escape` is false.
 */
export const tsv = maker('tsv', 1, (options: TsvOptions = {}): Output => {
  requirePartOptions('tsv', TSV, options)
  return { output: { kind: 'tsv', escape: options.escape ?? true }, gzip: options.gzip ?? false }
})

/**
 * Apache Avro: object container files, rows with types. For data frames, files say which columns they have, unless there is a schema; a job's
 * input needs one. As output, records have the columns that they have in Parquet; their names must be letters, digits and `_`.
 *
 * @param options.schema the columns to read and their types, by name. A column that a file lacks is null in its rows; it is
 *   COLUMN_UNKNOWN if it is not nullable, or no file has it
 */
export const avro = maker(
  'avro',
  1,
  <S extends FrameSchema = Untyped>(options: SchemaOption<S> = {}): Input<Records<S, never>> & Output & Table<S> => {
    requirePartOptions('avro', { schema: isSchema }, options as SchemaOption<never>)
    const output: SinkFormat = { kind: 'avro', codec: 'snappy' }
    return withSchema({ input: { kind: 'avro', encoding: null }, output, gzip: false }, options)
  },
)

/**
 * Apache Parquet: columns with types. For data frames, files say which columns they have, unless there is a schema; a job's input needs one.
 * As output, each field of a record has a column, as in csv(); `schema` names them in order and says their types. Without it they have the names
 * that csv() gives them: text is `string()`, a number `double()`, a bigint `decimal(38, 0)`, bytes are `binary()`, json() is its text.
 *
 * @param options.schema the columns to read and their types, by name. A job's map gets rows of these; those that it reads by name only are
 *   decoded, and only these can make a row a bad record. A column that a file lacks is null in its rows
 */
export const parquet = maker(
  'parquet',
  1,
  <S extends FrameSchema = Untyped>(options: SchemaOption<S> = {}): Input<Records<S, never>> & Output & Table<S> => {
    requirePartOptions('parquet', { schema: isSchema }, options as SchemaOption<never>)
    const output: SinkFormat = { kind: 'parquet', codec: 'snappy' }
    return withSchema({ input: { kind: 'parquet', encoding: null }, output, gzip: false }, options)
  },
)
