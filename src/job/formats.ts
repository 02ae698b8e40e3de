/** Formats: what the records of an input file are, and how an output's records become lines. */
import type { Format, SinkFormat } from '../plan/plan.js'

/** Readable: its records are `R`. */
export interface Input<R> {
  readonly input: Format
  readonly record?: R
}

/** Writable. */
export interface Output {
  readonly output: SinkFormat
  readonly gzip: boolean
}

/** A row of CSV: a field is decoded when it is first asked for. Every field is text. */
export type Row<Column extends string = string> = { readonly [C in Column]: string }

interface OutputOptions {
  /** Compress each part of the output; its name then ends in `.gz`. */
  gzip?: boolean
}

/**
 * As input: lines without their line ends (LF or CRLF), without a byte-order mark at the start of the file; invalid UTF-8
 * becomes U+FFFD. As output: the key alone, one a line (after a map without reduce: the value).
 *
 * @param options.exact input lines are the bytes between LFs, carriage returns and byte-order marks included
 */
export function text(options: OutputOptions & { exact?: boolean } = {}): Input<string> & Output {
  return {
    input: { kind: 'text', exact: options.exact ?? false },
    output: { kind: 'text' },
    gzip: options.gzip ?? false,
  }
}

/**
 * Delimited text (RFC 4180): quoted fields may hold delimiters, line ends and doubled quotes.
 *
 * @param options.columns the columns' names. As input: for files without a header row. As output: written as the header
 *   row of each part; without it an output has none
 * @param options.header true (the input's default without `columns`): names come from each file's first row
 * @param options.delimiter one byte, ',' by default
 * @param options.quote one byte, '"' by default; null: no quoting in the input
 */
export function csv<const Column extends string = string>(
  options: OutputOptions & {
    columns?: readonly Column[]
    header?: boolean
    delimiter?: string
    quote?: string | null
  } = {},
): Input<Row<Column>> & Output {
  const delimiter = options.delimiter ?? ','
  const columns = options.columns ? [...options.columns] : null
  return {
    input: {
      kind: 'csv',
      delimiter,
      quote: options.quote === undefined ? '"' : options.quote,
      columns: options.header ? null : columns,
    },
    output: { kind: 'csv', delimiter, header: columns },
    gzip: options.gzip ?? false,
  }
}

/** As input: one JSON value a line, blank lines skipped. As output: `{"key": …, "value": …}`, one a line. */
export function jsonl<T = unknown>(options: OutputOptions = {}): Input<T> & Output {
  return { input: { kind: 'jsonl' }, output: { kind: 'jsonl' }, gzip: options.gzip ?? false }
}

/**
 * Output only: key, tab, value. Tabs, line ends and backslashes inside are written as `\t`, `\n`, `\r`, `\\` unless
 * `escape` is false.
 */
export function tsv(options: OutputOptions & { escape?: boolean } = {}): Output {
  return { output: { kind: 'tsv', escape: options.escape ?? true }, gzip: options.gzip ?? false }
}
