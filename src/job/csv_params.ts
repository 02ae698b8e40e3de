/** The dialect of a job's CSV files as parameters, and so as flags, which are the same in every job. */
import { RunjobError } from '../base/errors.js'
import { isName, isText, requireArgument, requireArguments } from '../base/schema.js'
import { type CsvOptions, csvFormat, csvProblem } from '../io/format/csv/options.js'
import { csvQuoter } from '../io/format/csv/quote.js'
import { csvRow } from '../io/format/csv/rows.js'
import type { ParamSpec, Params } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'

/**
 * Parameters for the dialect of a CSV file: `--delimiter tab`, `--no-quotes`, `--columns a,b`, `--decimal ,` and so on. csvOptions() turns
 * their values into options for csv(): `params: { ...csvParams }`, and `input: csv(csvOptions(params))` in `define`.
 */
export const csvParams = {
  delimiter: { type: 'string', default: ',', describe: 'Character between fields: ";", "|", tab, space, "\\x01"' },
  quote: { type: 'string', default: '"', describe: 'Character around fields that hold delimiters or line ends' },
  quotes: { type: 'boolean', default: true, describe: 'Whether fields may be in quotes' },
  escape: { type: 'string', describe: 'Takes the next character literally, such as "\\"' },
  comment: { type: 'string', describe: 'Skip lines that begin with it, such as "#"' },
  skip: { type: 'integer', min: 0, default: 0, describe: 'Lines to skip at the start of each file' },
  columns: { type: 'string', describe: 'Names of the columns, for files without a header row: a,b,c' },
  header: {
    type: 'boolean',
    describe: 'The first row holds the names (the default without --columns); or --no-header',
  },
  missing: { type: 'string', describe: 'Fields to read as empty: NA,NULL,-' },
  decimal: {
    type: 'string',
    default: '.',
    choices: ['.', ','],
    describe: 'Decimal separator of numbers',
  },
  thousands: { type: 'string', describe: 'Separator of groups of three digits: "." "," "\'" "_" or space' },
  trim: { type: 'boolean', default: false, describe: 'Remove spaces and tabs around fields' },
  ragged: {
    type: 'string',
    default: 'error',
    choices: ['error', 'fill', 'drop'],
    describe: 'What to do with rows that have more or fewer fields than columns',
  },
} as const satisfies Record<string, ParamSpec>

/** The values of csvParams. */
export type CsvParams = Params<typeof csvParams>

/**
 * Options for csv() from the values of csvParams; other values are ignored.
 *
 * @param input in a job with several inputs, the one that the options are for: its own parameters, such as `leftDelimiter`, win
 * @throws PARAM_INVALID
 */
export function csvOptions(params: Partial<CsvParams>, input?: string): CsvOptions
export function csvOptions(...args: unknown[]): CsvOptions {
  requireArguments('csvOptions', 2, args)
  const [params, input] = args as [Partial<CsvParams>, string | undefined]
  const nameOf = (name: string) => {
    const own = ownParam(input, name)
    return (params as Record<string, unknown>)[own] === undefined ? name : own
  }
  try {
    const values = Object.keys(csvParams).map((name) => [name, (params as Record<string, unknown>)[nameOf(name)]])
    return optionsOf(Object.fromEntries(values))
  } catch (error) {
    const isNamed = error instanceof RunjobError && typeof error.params.name === 'string'
    throw isNamed ? error.withParams({ name: nameOf(error.params.name as string) }) : error
  }
}

/** `leftDelimiter`: the name of `delimiter` for one of several inputs. */
export function ownParam(input: string | undefined, name: string): string {
  return `${input}${name[0]!.toUpperCase()}${name.slice(1)}`
}

function optionsOf(params: Partial<CsvParams>): CsvOptions {
  const { quotes = true, decimal, ragged: raggedRows, header, skip, trim } = params
  const options: CsvOptions = {
    delimiter: character(params, 'delimiter') ?? ',',
    quote: quotes ? (character(params, 'quote') ?? '"') : null,
    escape: character(params, 'escape') ?? null,
    comment: character(params, 'comment') ?? null,
    missing: params.missing === undefined ? [] : listOf(params.missing, 'missing'),
    thousands: (character(params, 'thousands') ?? null) as NonNullable<CsvOptions['thousands']> | null,
  }
  if (skip !== undefined) options.skip = skip
  if (trim !== undefined) options.trim = trim
  if (decimal !== undefined) options.decimal = decimal
  if (raggedRows !== undefined) options.raggedRows = raggedRows
  if (header !== undefined) options.header = header
  if (params.columns !== undefined) {
    options.columns = listOf(params.columns, 'columns').map((name) => name.trim())
  }
  const wrong = csvProblem(csvFormat(options))
  if (wrong) {
    const name = wrong.option === 'raggedRows' ? 'ragged' : wrong.option
    throw new RunjobError('PARAM_INVALID', {
      name,
      value: params[name as keyof CsvParams] ?? '',
      problem: wrong.problem,
    })
  }
  return options
}

const NAMED: Record<string, string> = { tab: '\t', space: ' ', pipe: '|', comma: ',', semicolon: ';', colon: ':' }

/** One character, or a name or an escape for it. */
function character(params: Partial<CsvParams>, name: 'delimiter' | 'quote' | 'escape' | 'comment' | 'thousands') {
  const text = params[name]
  if (text === undefined) return undefined
  const code = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([t0\\]))$/i.exec(text)
  const known = code?.[3] === undefined ? undefined : { t: '\t', T: '\t', '0': '\0', '\\': '\\' }[code[3]]
  const hex = code?.[1] ?? code?.[2]
  const meant = NAMED[text] ?? known ?? (hex === undefined ? text : String.fromCharCode(Number.parseInt(hex, 16)))
  if (Buffer.byteLength(meant) === 1) return meant
  const problem = 'one character of one byte is expected, or tab, space, pipe, comma, semicolon, colon, "\\t", "\\x01"'
  throw new RunjobError('PARAM_INVALID', { name, value: text, problem })
}

/**
 * For runs of a job that do not read CSV: refuses values of csvParams that are not the default.
 *
 * @param problem why, in words that follow the value
 * @param input as in csvOptions()
 * @throws PARAM_INVALID
 */
export function refuseCsvParams(params: object, problem: string, input?: string): void
export function refuseCsvParams(...args: unknown[]): void {
  requireArguments('refuseCsvParams', 3, args)
  const [params, problem, input] = args as [Readonly<Record<string, ParamValue | undefined>>, string, string?]
  const names = Object.keys(csvParams)
  const own = input === undefined ? [] : names.map((name) => ownParam(input, name))
  const name = [...own, ...names].find((one) => params[one] !== undefined && params[one] !== CSV_DEFAULTS[one])
  if (name !== undefined) throw new RunjobError('PARAM_INVALID', { name, value: params[name], problem })
}

const CSV_DEFAULTS = Object.fromEntries(
  Object.entries<ParamSpec>(csvParams).map(([name, spec]) => [name, spec.default]),
)

/**
 * Names of columns from a parameter such as `--by region,product`. A name that holds a comma is in quotes: `'"a,b",c'`.
 *
 * @param name of the parameter
 * @throws PARAM_INVALID also for an empty name, and for one that is there twice
 */
export function columnNames(text: string, name: string): string[]
export function columnNames(...args: unknown[]): string[] {
  requireArguments('columnNames', 2, args)
  const [text, name] = args as [string, string]
  requireArgument('columnNames', 'the text', isText, text ?? null)
  requireArgument('columnNames', 'the name of the parameter', isName, name ?? null)
  const names = listOf(text, name)
  const refuse = (problem: string) => {
    throw new RunjobError('PARAM_INVALID', { name, value: text, problem })
  }
  if (names.includes('')) refuse('the name of a column is expected')
  const again = names.find((one, i) => names.indexOf(one) < i)
  if (again !== undefined) refuse(`the column ${again} is there twice`)
  return names
}

/**
 * Columns of two inputs from a parameter such as `--on user_id=id,day`: `{ left: ['user_id', 'day'], right: ['id', 'day'] }`.
 *
 * @param name of the parameter
 * @throws PARAM_INVALID
 */
export function columnPairs(text: string, name: string): { left: string[]; right: string[] }
export function columnPairs(...args: unknown[]): { left: string[]; right: string[] } {
  requireArguments('columnPairs', 2, args)
  const [text, name] = args as [string, string]
  requireArgument('columnPairs', 'the text', isText, text ?? null)
  requireArgument('columnPairs', 'the name of the parameter', isName, name ?? null)
  const pairs = listOf(text, name).map((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? [pair, pair] : [pair.slice(0, at), pair.slice(at + 1)]
  })
  if (pairs.flat().includes('')) {
    const problem = 'names of columns are expected, such as id, left=right or a,b=c'
    throw new RunjobError('PARAM_INVALID', { name, value: text, problem })
  }
  return { left: pairs.map(([left]) => left!), right: pairs.map(([, right]) => right!) }
}

/** Texts separated by commas; a text that holds a comma is in quotes. */
function listOf(text: string, name: string): string[] {
  // Whatever else is in a name, it is of the name.
  if (!/[",]/.test(text)) return [text]
  try {
    return csvRow(text, { delimiter: ',', quote: '"' }) ?? ['']
  } catch (error) {
    const problem = 'texts separated by commas are expected, such as a,b,c'
    throw new RunjobError('PARAM_INVALID', { name, value: text, problem }, { cause: error })
  }
}

/** Options of csv() as flags: `--delimiter ';' --skip 1`. `ownFlag` knows the flags that a job has for one of its inputs. */
export function csvFlags(
  options: Readonly<Record<string, unknown>>,
  ownFlag: (option: string) => string | undefined = () => undefined,
): string[] {
  return Object.entries(options).map(([option, value]) => {
    if (value === null) return '--no-quotes'
    if (typeof value === 'boolean') return `--${value ? '' : 'no-'}${option}`
    const flag = ownFlag(option) ?? (option === 'raggedRows' ? 'ragged' : option)
    const text =
      value === '\t' ? 'tab' : Array.isArray(value) ? value.map(String).map(csvQuoter(',')).join(',') : String(value)
    return `--${flag} ${/^[\w.,:+/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`
  })
}
