/** Native mappers: they turn the bytes of a file into keys and values without running JavaScript for each record. */
import { RunjobError } from '../base/errors.js'
import {
  isEither,
  isFlag,
  isListOf,
  isName,
  isText,
  maker,
  requireArgument,
  requirePartOptions,
  type Schema,
} from '../base/schema.js'
import type { FieldValue, Operator, OperatorOf } from '../plan/plan.js'

/** A native map whose keys are `K`. Its values depend on the reducer. */
export interface NativeMapper<K> {
  readonly native: 'file'
  readonly key?: K
  /** The operator, given the columns that the reducer asks for. */
  lower(columns: FieldValue[]): Operator
}

/** Between two steps of a chain. */
export interface NativeRekey {
  readonly native: 'record'
  readonly op: OperatorOf<'byNumber'>
}

interface WordsOptions {
  lowercase?: boolean
}

const WORDS: Schema<WordsOptions> = { lowercase: isFlag }

/**
 * The words of each line, exactly as in `line.toLowerCase().split(/\s+/).filter(Boolean)`; each counts 1.
 *
 * @param options.lowercase false keeps case
 */
export const words = maker('words', 1, (options: WordsOptions = {}): NativeMapper<string> => {
  requirePartOptions('words', WORDS, options)
  return { native: 'file', lower: () => ({ op: 'words', lowercase: options.lowercase ?? true }) }
})

/** Each line as a key, byte for byte. */
export const lines = maker('lines', 0, (): NativeMapper<string> => ({ native: 'file', lower: () => ({ op: 'lines' }) }))

interface FieldsOptions<K> {
  key: K
}

const FIELDS: Schema<FieldsOptions<string | readonly string[]>> = {
  key: isEither(isName, isListOf('column names', isName)),
}

/**
 * Columns of delimited text. The key is the text of one column, or a tuple of several. The reducer names the value columns.
 *
 * @param options.key column name, or names
 */
export const fields = maker(
  'fields',
  1,
  <const K extends string | readonly string[]>(
    options: FieldsOptions<K>,
  ): NativeMapper<K extends string ? string : string[]> => {
    requirePartOptions('fields', FIELDS, options)
    if (options.key === undefined)
      throw new RunjobError('JOB_INVALID', { problem: 'fields() needs its key: fields({ key: … })' })
    const keys = typeof options.key === 'string' ? [options.key] : [...options.key]
    if (keys.length === 0) throw new RunjobError('JOB_INVALID', { problem: 'fields() needs at least one key column' })
    return { native: 'file', lower: (values) => ({ op: 'fields', keys, values, tag: null }) }
  },
)

const REGEXP_SPECIAL = /[\\^$.*+?()[\]{}|]/

interface GrepOptions {
  literal?: boolean
  ignoreCase?: boolean
  invert?: boolean
}

const GREP: Schema<GrepOptions> = { literal: isFlag, ignoreCase: isFlag, invert: isFlag }

/**
 * Lines that match, in input order, byte for byte. Needs no reduce.
 *
 * An expression sees a line as a map does: without the carriage return before its newline, and without the byte-order mark at the start of
 * the file, unless it contains these characters itself (`\r`, `\uFEFF`).
 *
 * @param pattern a regular expression (JavaScript's, with its `u` flag), or plain text with `literal`
 * @param options.ignoreCase by Unicode's simple case folding, for plain text as for expressions
 * @throws PARAM_INVALID
 */
export const grep = maker('grep', 2, (pattern: string, options: GrepOptions = {}): NativeMapper<string> => {
  requireArgument('grep', 'the pattern', isText, pattern ?? null)
  requirePartOptions('grep', GREP, options)
  const ignoreCase = options.ignoreCase ?? false
  const isPlain = options.literal ?? !REGEXP_SPECIAL.test(pattern)
  // Kernels fold the letters of an ASCII literal only.
  const literal = isPlain && !(ignoreCase && /\P{ASCII}/u.test(pattern))
  const expression = isPlain ? pattern.replace(new RegExp(REGEXP_SPECIAL, 'g'), '\\$&') : pattern
  const invalid = (problem: string, help?: string) =>
    new RunjobError('PARAM_INVALID', { name: 'pattern', value: pattern, problem, ...(help ? { help } : {}) })
  if (pattern.includes('\n')) throw invalid('no line holds a line end', 'To match one of several patterns, write a|b.')
  try {
    if (!literal) new RegExp(expression, 'u')
  } catch (error) {
    const { message } = error as Error
    throw invalid(
      message.replace(/^Invalid regular expression: \/.*\/u: /s, 'it is not a regular expression: '),
      regexpHelp(pattern),
    )
  }
  return {
    native: 'file',
    lower: () => ({
      op: 'grep',
      pattern: literal ? pattern : expression,
      literal,
      ignoreCase,
      invert: options.invert ?? false,
    }),
  }
})

interface ByValueOptions {
  descending?: boolean
}

/** Syntax of other dialects. */
function regexpHelp(pattern: string): string {
  if (/\(\?[a-z]+\)/.test(pattern)) return 'JavaScript has no (?i): use --ignore-case, or ignoreCase in a program.'
  if (/\[:\w+:\]/.test(pattern)) return 'JavaScript writes \\d for [:digit:], \\s for [:space:], \\p{L} for [:alpha:].'
  if (/\\[<>AZzhQE]/.test(pattern))
    return 'JavaScript has \\b for the edge of a word, ^ and $ for the ends of the line.'
  if (/\(\?P[<=]/.test(pattern)) return 'JavaScript names a group (?<name>…) and refers to it by \\k<name>.'
  return 'Patterns are JavaScript’s, with the u flag: a backslash is allowed only before letters with a meaning and before ^$\\.*+?()[]{}|/. --literal takes the pattern as plain text.'
}

const BY_VALUE: Schema<ByValueOptions> = { descending: isFlag }

/** For a later step of a chain: sorts the records by their number (ties: by key). Pair it with `take`. */
export const byValue = maker('byValue', 1, (options: ByValueOptions = {}): NativeRekey => {
  requirePartOptions('byValue', BY_VALUE, options)
  return { native: 'record', op: { op: 'byNumber', descending: options.descending ?? false } }
})
