/** Literals of every type, from values of JavaScript. */
import { shown } from '../../base/text.js'
import type { LiteralExpression } from '../../plan/expression.js'
import { type DecimalType, type Type, typeText } from '../../plan/type.js'
import { decimalType, isDecimal } from './decimal_types.js'
import { refuse } from './fault.js'
import {
  decimalParts,
  parseBoolean,
  parseDate,
  parseDecimal,
  parseDouble,
  parseInteger,
  parseLong,
  parseTimestamp,
} from './parse.js'

/** A literal of JavaScript that may still become one of several types. */
export type FreeValue = null | number | bigint | string

const LONG_MAX = 2n ** 63n - 1n
const INT_MAX = 2 ** 31 - 1

function isInt(value: number): boolean {
  return value <= INT_MAX && value >= -INT_MAX - 1
}

export function nullOf(type: Type): LiteralExpression {
  return { op: 'literal', value: null, type }
}

/** The type that a value has where nothing else asks for one; null has none. */
export function naturalType(value: Exclude<FreeValue, null>): Type {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) return 'double'
    return isInt(value) ? 'integer' : 'long'
  }
  if (value <= LONG_MAX && value >= -LONG_MAX - 1n) return 'long'
  return smallestDecimal(value) ?? refuse(`${value} has more than 38 digits`)
}

/** The decimal type of just the digits of a number; null if there is none. */
export function smallestDecimal(value: Exclude<FreeValue, null>): DecimalType | null {
  const parts = decimalParts(String(value))
  if (parts === null || Math.abs(parts.scale) > 38) return null
  const scale = Math.max(0, parts.scale)
  const unscaled = parts.unscaled * 10n ** BigInt(scale - parts.scale)
  const digits = String(unscaled).replace('-', '').length
  const precision = Math.max(digits, scale, 1)
  return precision <= 38 ? decimalType(precision, scale) : null
}

/**
 * A value as a literal of a type; undefined if only a conversion at run time can make it one.
 *
 * @throws DATASET_INVALID if the text is not of that type
 */
export function literalOf(value: FreeValue, type: Type): LiteralExpression | undefined {
  if (value === null) return nullOf(type)
  if (typeof value === 'string') return textLiteral(value, type)
  if (isDecimal(type)) return numberAsDecimal(value, type)
  switch (type) {
    case 'integer':
      return naturalType(value) === 'integer' || (typeof value === 'bigint' && isInt(Number(value)))
        ? { op: 'literal', value: Number(value), type }
        : undefined
    case 'long': {
      const whole = typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value) : undefined
      if (whole === undefined || whole > LONG_MAX || whole < -LONG_MAX - 1n) return undefined
      return { op: 'literal', value: String(whole), type }
    }
    case 'double':
      return { op: 'literal', value: doubleText(Number(value)), type }
  }
  return undefined
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function numberAsDecimal(value: number | bigint, type: DecimalType): LiteralExpression | undefined {
  const unscaled = parseDecimal(String(value), type.precision, type.scale)
  return unscaled === null ? undefined : { op: 'literal', value: String(unscaled), type }
}

function textLiteral(text: string, type: Type): LiteralExpression | undefined {
  if (type === 'string') return { op: 'literal', value: text, type }
  if (type === 'binary') return { op: 'literal', value: Buffer.from(text).toString('base64'), type }
  if (typeof type === 'object' && type.type !== 'decimal') return undefined
  const value = parseAs(text, type)
  if (value === null)
    refuse(`'${shown(text)}' is not of type ${typeText(type)}`, EXAMPLES[isDecimal(type) ? 'decimal' : type])
  return { op: 'literal', value, type }
}

const EXAMPLES: Record<string, string> = {
  boolean: "Write true or false, as a boolean or as text: 'true'.",
  integer: 'Write it as a number without quotes, between -2147483648 and 2147483647.',
  long: 'Write it as a number without quotes, or as a bigint: 123n.',
  double: 'Write it as a number without quotes.',
  decimal: "Write it as a number, or as text with digits only: '12.30'.",
  date: "Write dates like '2024-01-31'.",
  timestamp: "Write instants like '2024-01-31 12:34:56' or '2024-01-31T12:34:56.789Z', or give a Date.",
  timestamp_ntz: "Write them like '2024-01-31 12:34:56'.",
}

function parseAs(text: string, type: Type): LiteralExpression['value'] {
  const digits = (value: bigint | null) => (value === null ? null : String(value))
  if (isDecimal(type)) return digits(parseDecimal(text, type.precision, type.scale))
  switch (type) {
    case 'boolean':
      return parseBoolean(text)
    case 'integer':
      return parseInteger(text)
    case 'long':
      return digits(parseLong(text))
    case 'double': {
      const value = parseDouble(text)
      return value === null ? null : doubleText(value)
    }
    case 'date':
      return parseDate(text)
    case 'timestamp':
      return digits(parseTimestamp(text))
    case 'timestamp_ntz':
      return digits(parseTimestamp(text, false))
  }
  return null
}
