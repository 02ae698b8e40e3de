/** Native mappers: they turn the bytes of a file into keys and values without a line of JavaScript running per record. */
import { RunjobError } from '../base/errors.js'
import type { FieldValue, FileOperator } from '../plan/plan.js'

/** A native map whose keys are `K`. What its values are, the reducer says. */
export interface NativeMapper<K> {
  readonly native: 'file'
  readonly key?: K
  /** The operator, given the columns that the reducer asks for. */
  lower(columns: FieldValue[]): FileOperator
}

/** Between two steps of a chain. */
export interface NativeRekey {
  readonly native: 'record'
  readonly op: { op: 'byNumber'; descending: boolean }
}

/**
 * The words of each line, exactly those of `line.toLowerCase().split(/\s+/).filter(Boolean)`; each counts 1.
 *
 * @param options.lowercase false keeps case
 */
export function words(options: { lowercase?: boolean } = {}): NativeMapper<string> {
  return { native: 'file', lower: () => ({ op: 'words', lowercase: options.lowercase ?? true }) }
}

/** Each line as a key, byte for byte. */
export function lines(): NativeMapper<string> {
  return { native: 'file', lower: () => ({ op: 'lines' }) }
}

/**
 * Columns of delimited text. The key is one column's text, or a tuple of several. Value columns are those which the
 * reducer names.
 *
 * @param options.key column name, or names
 */
export function fields<const K extends string | readonly string[]>(options: {
  key: K
}): NativeMapper<K extends string ? string : string[]> {
  const keys = typeof options.key === 'string' ? [options.key] : [...options.key]
  if (keys.length === 0) throw new RunjobError('JOB_INVALID', { problem: 'fields() needs at least one key column' })
  return { native: 'file', lower: (values) => ({ op: 'fields', keys, values, tag: null }) }
}

const REGEXP_SPECIAL = /[\\^$.*+?()[\]{}|]/

/**
 * Lines that match, in input order, byte for byte. Needs no reduce.
 *
 * @param pattern a regular expression (JavaScript's), or plain text with `literal`
 */
export function grep(
  pattern: string,
  options: { literal?: boolean; ignoreCase?: boolean; invert?: boolean } = {},
): NativeMapper<string> {
  const ignoreCase = options.ignoreCase ?? false
  const isPlain = options.literal ?? !REGEXP_SPECIAL.test(pattern)
  // Kernels know the two cases of ASCII letters only.
  const literal = isPlain && !(ignoreCase && /\P{ASCII}/u.test(pattern))
  const expression = isPlain ? pattern.replace(new RegExp(REGEXP_SPECIAL, 'g'), '\\$&') : pattern
  try {
    if (!literal) new RegExp(expression, 'u')
  } catch (error) {
    throw new RunjobError('PARAM_INVALID', { name: 'pattern', value: pattern, problem: (error as Error).message })
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
}

/** For a later step of a chain: sorts the records by their number (ties: by key). Pair it with `take`. */
export function byValue(options: { descending?: boolean } = {}): NativeRekey {
  return { native: 'record', op: { op: 'byNumber', descending: options.descending ?? false } }
}
