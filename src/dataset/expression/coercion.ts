/** Which type the arguments of a function take together: Spark's rules with ANSI on. */
import { shown } from '../../base/text.js'
import { type Expression, isNullable } from '../../plan/expression.js'
import { type Column, sameType, type Type, typeText } from '../../plan/type.js'
import { decimalType, INTEGER_DECIMAL, isDecimal, LONG_DECIMAL, widerDecimal } from './decimal_types.js'
import { refuse } from './fault.js'
import { type FreeValue, literalOf, naturalType, nullOf, smallestDecimal } from './literal.js'

/** An argument: an expression, or a literal whose type the other arguments decide. */
export type Operand = Expression | FreeLiteral

export interface FreeLiteral {
  op: 'free'
  value: FreeValue
}

/** The type of an argument by itself; undefined: it is null. */
export function typeOf(operand: Operand): Type | undefined {
  if (operand.op !== 'free') return operand.type
  return operand.value === null ? undefined : naturalType(operand.value)
}

export function mayBeNull(operand: Operand): boolean {
  return operand.op === 'free' ? operand.value === null : isNullable(operand)
}

/** An argument as an expression of its own type. */
export function settled(operand: Operand): Expression {
  const type = typeOf(operand)
  if (type === undefined) return refuse('null has no type here', "Give it one: lit(null).cast('int').")
  return convert(operand, type)
}

/** An argument as another type, whether or not a conversion is allowed without being asked for. */
export function convert(operand: Operand, type: Type): Expression {
  if (operand.op === 'free') {
    const literal = literalOf(operand.value, type)
    return literal ?? castOf(settled(operand), type, 'cast')
  }
  return castOf(operand, type, 'cast')
}

export function castOf(value: Expression, type: Type, fn: 'cast' | 'tryCast'): Expression {
  if (sameType(value.type, type)) return value
  if (value.op === 'literal' && value.value === null) return nullOf(type)
  return { op: 'call', fn, args: [value], type, nullable: fn === 'tryCast' || isNullable(value) }
}

const ATOMIC: readonly Type[] = ['boolean', 'integer', 'long', 'double', 'date', 'timestamp', 'timestamp_ntz']

/** What Spark converts for a function that takes this type. */
function converts(from: Type, to: Type): boolean {
  if (from === 'string') return typeof to === 'string' || isDecimal(to)
  switch (to) {
    case 'string':
      return ATOMIC.includes(from) || isDecimal(from)
    case 'double':
      return from === 'integer' || from === 'long' || isDecimal(from)
    case 'long':
      return from === 'integer'
    case 'date':
      return from === 'timestamp' || from === 'timestamp_ntz'
    case 'timestamp':
      return from === 'date' || from === 'timestamp_ntz'
    case 'timestamp_ntz':
      return from === 'date' || from === 'timestamp'
  }
  return false
}

/**
 * An argument as the type that a function takes.
 *
 * @param param its name, for the error
 */
export function take(operand: Operand, type: Type, param: string): Expression {
  const from = typeOf(operand)
  if (from === undefined || sameType(from, type)) return convert(operand, type)
  if (operand.op === 'free') {
    const literal = literalOf(operand.value, type)
    if (literal !== undefined) return literal
  }
  if (!converts(from, type)) {
    refuse(`${param} is ${typeText(from)}, and must be ${typeText(type)}`, `Convert it: .cast('${typeText(type)}').`)
  }
  return convert(operand, type)
}

export function isNumeric(type: Type | undefined): boolean {
  return type === 'integer' || type === 'long' || type === 'double' || (type !== undefined && isDecimal(type))
}

/** The one type for values of both; null if there is none. */
function widerType(a: Type, b: Type): Type | null {
  if (sameType(a, b)) return a
  if (isNumeric(a) && isNumeric(b)) return widerNumber(a, b)
  if (a === 'string' || b === 'string') return besideText(a === 'string' ? b : a)
  const times: Type[] = ['date', 'timestamp_ntz', 'timestamp']
  if (times.includes(a) && times.includes(b)) return times[Math.max(times.indexOf(a), times.indexOf(b))]!
  if (typeof a === 'string' || typeof b === 'string') return null
  if (a.type === 'array' && b.type === 'array') {
    const element = widerType(a.element, b.element)
    return element && { type: 'array', element, containsNull: a.containsNull || b.containsNull }
  }
  if (a.type === 'struct' && b.type === 'struct' && a.fields.length === b.fields.length) {
    const fields: Column[] = []
    for (const [i, field] of a.fields.entries()) {
      const other = b.fields[i]!
      const type = widerType(field.type, other.type)
      if (type === null) return null
      fields.push({ name: field.name, type, nullable: field.nullable || other.nullable })
    }
    return { type: 'struct', fields }
  }
  return null
}

function widerNumber(a: Type, b: Type): Type {
  if (a === 'double' || b === 'double') return 'double'
  const [left, right] = [asDecimal(a), asDecimal(b)]
  if (!isDecimal(a) && !isDecimal(b)) return 'long'
  const wider = widerDecimal(left, right)
  if (wider !== null) return wider
  const whole = Math.max(left.precision - left.scale, right.precision - right.scale)
  const scale = Math.max(left.scale, right.scale)
  return refuse(
    `${typeText(a)} and ${typeText(b)} together need ${whole + scale} digits, and a decimal has 38`,
    'Convert one of them to a smaller decimal, or both to double.',
  )
}

/** A whole type as the decimal that has its values. */
function asDecimal(type: Type) {
  if (isDecimal(type)) return type
  return type === 'integer' ? INTEGER_DECIMAL : LONG_DECIMAL
}

/** What text becomes beside another type. */
function besideText(other: Type): Type | null {
  if (other === 'integer' || other === 'long') return 'long'
  if (isDecimal(other)) return 'double'
  return typeof other === 'string' && other !== 'binary' ? other : null
}

/**
 * The one type for all arguments.
 *
 * Expressions decide first; numbers follow them, by their own digits beside decimals; then text, which must be of that type.
 *
 * @param what the arguments are, for the error: "compares", "gives"
 */
export function commonType(operands: readonly Operand[], what: string): Type {
  let common: Type | undefined
  const join = (type: Type) => {
    const wider = common === undefined ? type : widerType(common, type)
    if (wider === null) {
      refuse(`${what} ${typeText(common!)} and ${typeText(type)}`, 'Convert one of them with cast.')
    }
    common = wider
  }
  const free: Exclude<FreeValue, null>[] = []
  for (const operand of operands) {
    if (operand.op !== 'free') join(operand.type)
    else if (operand.value !== null) free.push(operand.value)
  }
  for (const value of free) {
    if (typeof value !== 'string') join(besideDecimals(value, common) ?? naturalType(value))
  }
  for (const value of free) {
    if (typeof value !== 'string') continue
    if (common === undefined) join('string')
    else if (isDecimal(common)) join(smallestDecimal(value) ?? notDecimal(value, common))
    // Otherwise the text becomes that type, or is refused.
  }
  return common ?? refuse('null has no type here', "Give it one: lit(null).cast('int').")
}

/** Refuses text that no decimal has all digits of. */
function notDecimal(text: string, type: Type): never {
  literalOf(text, type)
  return refuse(`'${shown(text)}' has more than 38 digits`)
}

function besideDecimals(value: number | bigint, common: Type | undefined): Type | null {
  return common !== undefined && isDecimal(common) ? smallestDecimal(value) : null
}

/** A whole number as a decimal: a literal by its digits, others by what their type can hold. */
export function decimalOperand(operand: Operand): Expression {
  const value = literalNumber(operand)
  const smallest = value === null ? null : smallestDecimal(value)
  if (smallest !== null) return convert({ op: 'free', value }, smallest)
  const type = typeOf(operand) ?? decimalType(1, 0)
  return convert(operand, asDecimal(type))
}

function literalNumber(operand: Operand): Exclude<FreeValue, null> | null {
  if (operand.op === 'free') return operand.value
  if (operand.op !== 'literal' || operand.value === null) return null
  if (operand.type === 'integer') return operand.value as number
  return operand.type === 'long' ? BigInt(operand.value) : null
}
