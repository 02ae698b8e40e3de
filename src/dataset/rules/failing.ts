/** Which expressions have a value, or null, for every row. */
import type { CallExpression, Expression } from '../../plan/expression.js'
import type { Type } from '../../plan/type.js'

/** Functions that never fail, whatever their arguments. Others may. */
const SAFE: ReadonlySet<string> = new Set([
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'eqNullSafe', 'in', 'and', 'or', 'not'],
  ...['isNull', 'isNotNull', 'isNaN', 'case', 'coalesce', 'greatest', 'least', 'hash'],
  ...['tryAdd', 'trySubtract', 'tryMultiply', 'tryDivide', 'tryMod', 'tryCast', 'tryFromJson'],
  ...['length', 'upper', 'lower', 'trim', 'ltrim', 'rtrim', 'startsWith', 'endsWith', 'contains', 'substring'],
  ...['year', 'quarter', 'month', 'dayOfMonth', 'dayOfYear', 'dayOfWeek', 'weekOfYear', 'hour', 'minute', 'second'],
])

export function cannotFail(expression: Expression): boolean {
  if (expression.op !== 'call') return true
  return isSafe(expression) && expression.args.every(cannotFail)
}

function isSafe({ fn, args, type }: CallExpression): boolean {
  switch (fn) {
    case 'cast':
      return holdsAll(args[0]!.type, type)
    // The rest by a literal above zero, as hashes become buckets.
    case 'mod':
    case 'pmod':
      return (type === 'integer' || type === 'long') && args[1]!.op === 'literal' && Number(args[1]!.value) > 0
    default:
      return SAFE.has(fn)
  }
}

/** Whether every value of a type has one of the other type. */
function holdsAll(from: Type, to: Type): boolean {
  if (typeof to === 'object' && to.type === 'decimal') return hasDigits(from, to.precision - to.scale, to.scale)
  if (typeof from === 'object') return to === 'double' && from.type === 'decimal'
  switch (to) {
    case 'string':
      return from !== 'binary'
    case 'long':
      return from === 'integer'
    case 'double':
      return from === 'integer' || from === 'long'
    case 'date':
      return from === 'timestamp' || from === 'timestamp_ntz'
    default:
      return false
  }
}

/** Whether so many digits before the point, and after it, are enough. */
function hasDigits(from: Type, whole: number, fraction: number): boolean {
  if (typeof from === 'object') {
    return from.type === 'decimal' && from.precision - from.scale <= whole && from.scale <= fraction
  }
  const digits = from === 'integer' ? 10 : from === 'long' ? 19 : Number.POSITIVE_INFINITY
  return digits <= whole
}
