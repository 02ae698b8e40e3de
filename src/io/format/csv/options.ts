/** The dialect of delimited text: the user's options, checked, and the plan's form of them. */
import { type Check, isEither, isFlag, isListOf, isNull, isNumber, isText, type Schema } from '../../../base/schema.js'
import type { CsvFormat } from '../../../plan/plan.js'
import { isEncoding } from '../../input/text_form.js'

/** The dialect of a CSV file. Each character is one byte, and no two are the same. */
export interface CsvOptions<Column extends string = string> {
  /** The character between fields. Default: `,`. */
  delimiter?: string
  /** The character that encloses fields which hold delimiters or line ends. Default: `"`. null: quotes are content. */
  quote?: string | null
  /**
   * Takes the next byte literally, inside and outside quotes: `\"`, `\,`, `\\`, a line end. A quote inside quotes may still be doubled.
   * Default: none.
   */
  escape?: string | null
  /** Lines that begin with it are skipped, anywhere in the file; there are no comments inside quotes. Default: none. */
  comment?: string | null
  /** Skips this many lines at the start of each file, whatever they hold: titles, notes. Default: 0. */
  skip?: number
  /**
   * Names of the columns. For files without a header row: all columns, in order. With `header: true`: the columns that the job reads. Each
   * file must have them, in any order, and rows hold only these, in this order. A column may also be named by its number: `#2`.
   */
  columns?: readonly Column[]
  /**
   * Whether the first row of each file, after `skip`, holds the names of its columns. Default: true, or false if `columns` is given. With
   * neither names nor a header row, columns are called `#1`, `#2` and so on.
   */
  header?: boolean
  /** Markers for a missing value, such as `NA`: such fields are read as empty, quoted or not. Default: none. */
  missing?: readonly string[]
  /** The decimal separator in columns that native operators read as numbers. Default: `.`. */
  decimal?: '.' | ','
  /**
   * The optional separator between groups of three digits there: `1.234.567,5`. A number that is grouped in another way is a bad record. A
   * space also matches no-break spaces. Default: none.
   */
  thousands?: '.' | ',' | ' ' | "'" | '_' | null
  /** Removes spaces and tabs around fields, outside their quotes; a line of nothing else is blank. Default: false. */
  trim?: boolean
  /**
   * What to do with rows that have more or fewer fields than their file has columns. `error` (default): a bad record, CSV_LONG_ROW or
   * CSV_SHORT_ROW. `fill`: missing fields are empty, extra ones are ignored. `drop`: such rows are dropped, and counted. Extra fields that
   * are all empty are always allowed, and so are missing fields whose columns have no name.
   */
  raggedRows?: 'error' | 'fill' | 'drop'
  /** Encoding of the file: a label of TextDecoder, such as `utf-16le` or `latin1`. Default: UTF-8. */
  encoding?: string
}

/** Names and types; csvProblem() checks which values make sense together. */
export const CSV_OPTIONS: Schema<CsvOptions> = {
  delimiter: isText,
  quote: isEither(isText, isNull),
  escape: isEither(isText, isNull),
  comment: isEither(isText, isNull),
  skip: isNumber,
  columns: isListOf('names', isText),
  header: isFlag,
  missing: isListOf('texts', isText),
  decimal: isText as Check<never>,
  thousands: isEither(isText as Check<never>, isNull),
  trim: isFlag,
  raggedRows: isText as Check<never>,
  encoding: isText,
}

const DECIMALS: readonly string[] = ['.', ',']
const THOUSANDS: readonly string[] = ['.', ',', ' ', "'", '_']
const RAGGED: readonly string[] = ['error', 'fill', 'drop']

/** The options, with defaults filled in. csvProblem() checks them. */
export function csvFormat(options: CsvOptions): CsvFormat {
  const columns = options.columns ?? null
  return {
    kind: 'csv',
    delimiter: options.delimiter ?? ',',
    quote: options.quote === undefined ? '"' : options.quote,
    escape: options.escape ?? null,
    comment: options.comment ?? null,
    skip: options.skip ?? 0,
    header: options.header ?? columns === null,
    columns: copied(columns),
    missing: copied(options.missing ?? []),
    decimal: options.decimal ?? '.',
    thousands: options.thousands ?? null,
    trim: options.trim ?? false,
    raggedRows: options.raggedRows ?? 'error',
    encoding: options.encoding ?? null,
  }
}

// Spreading a text would split it into letters.
function copied<T extends readonly string[] | null>(list: T): string[] & T {
  return (Array.isArray(list) ? [...list] : list) as string[] & T
}

/** The first option that makes no sense; null if all make sense. */
export function csvProblem(format: CsvFormat): { option: keyof CsvOptions; problem: string } | null {
  const characters = ['delimiter', 'quote', 'escape', 'comment'] as const
  const given = characters.filter((option) => format[option] !== null)
  for (const option of given) {
    const character = format[option] as unknown
    if (typeof character !== 'string' || Buffer.byteLength(character) !== 1) {
      return { option, problem: `must be one byte, not ${JSON.stringify(character)}` }
    }
    if (character === '\n' || character === '\r') return { option, problem: 'must not be a line end' }
    const same = given.slice(0, given.indexOf(option)).find((other) => format[other] === character)
    if (same) {
      const why = same === 'quote' && option === 'escape' ? ': doubled quotes are read without an escape' : ''
      return { option, problem: `must not be the ${same} as well${why}` }
    }
    if (format.trim && (character === ' ' || character === '\t') && option !== 'delimiter') {
      return { option, problem: 'must not be a blank while trim removes blanks' }
    }
  }
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((text) => typeof text === 'string')
  if (!(Number.isSafeInteger(format.skip) && format.skip >= 0)) {
    return { option: 'skip', problem: `must be a number of lines, not ${JSON.stringify(format.skip)}` }
  }
  if (typeof format.header !== 'boolean') return { option: 'header', problem: 'must be true or false' }
  if (format.columns !== null && !(isTexts(format.columns) && format.columns.length > 0)) {
    return { option: 'columns', problem: 'must be a list of names, at least one' }
  }
  const repeated = format.header
    ? format.columns?.find((name, i, all) => name === '' || all.indexOf(name) < i)
    : undefined
  if (repeated !== undefined) {
    return {
      option: 'columns',
      problem: `to find in a header row must be different names, not ${JSON.stringify(repeated)}${repeated === '' ? '' : ' twice'}`,
    }
  }
  if (!isTexts(format.missing)) return { option: 'missing', problem: "must be a list of texts, such as ['NA']" }
  if (!DECIMALS.includes(format.decimal)) {
    return { option: 'decimal', problem: `must be "." or ",", not ${JSON.stringify(format.decimal)}` }
  }
  if (format.thousands !== null && !THOUSANDS.includes(format.thousands)) {
    const choices = THOUSANDS.map((choice) => JSON.stringify(choice)).join(', ')
    return { option: 'thousands', problem: `must be one of ${choices}, not ${JSON.stringify(format.thousands)}` }
  }
  if (format.thousands === format.decimal) {
    return { option: 'thousands', problem: `must not be ${JSON.stringify(format.decimal)} while decimal is the same` }
  }
  if (typeof format.trim !== 'boolean') return { option: 'trim', problem: 'must be true or false' }
  if (!RAGGED.includes(format.raggedRows)) {
    return { option: 'raggedRows', problem: `must be one of ${RAGGED.join(', ')}` }
  }
  if (format.encoding !== null && !isEncoding(format.encoding)) {
    return {
      option: 'encoding',
      problem: `must be an encoding that TextDecoder knows, not ${JSON.stringify(format.encoding)}`,
    }
  }
  return null
}

/** An option that was given but means nothing for an output. */
export function readOnlyOption(format: CsvFormat): keyof CsvOptions | null {
  const silent = csvFormat({ delimiter: format.delimiter })
  const names = ['quote', 'escape', 'comment', 'skip', 'missing', 'decimal', 'thousands', 'trim', 'raggedRows'] as const
  return names.find((name) => `${format[name]}` !== `${silent[name]}`) ?? null
}
