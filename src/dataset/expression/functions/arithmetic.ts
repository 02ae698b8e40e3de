/** The operators on numbers: which type they work in, and what they give. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import { type DecimalType, type Type, typeText } from '../../../plan/type.js'
import { convert, decimalOperand, isNumeric, type Operand, typeOf } from '../coercion.js'
import { type DecimalOperation, decimalResult, isDecimal } from '../decimal_types.js'
import { refuse } from '../fault.js'
import { smallestDecimal } from '../literal.js'
import { call, type FunctionEntry } from './entry.js'

type Kind = 'integer' | 'long' | 'double' | 'decimal'

/** The type that an operator works in. Text is a bigint beside whole numbers, else a double. */
function kindOf(a: Operand, b: Operand): Kind {
  const types = [typeBeside(a, b), typeBeside(b, a)]
  const known = types.filter((type) => type !== undefined)
  if (known.length === 0) return refuse('null has no type here', "Give it one: lit(null).cast('int').")
  const wrong = known.find((type) => !isNumeric(type) && type !== 'string')
  if (wrong !== undefined || known.every((type) => type === 'string')) {
    const given = known.map(typeText).join(' and ')
    refuse(
      `takes numbers, not ${given}`,
      wrong === undefined ? "Convert one: .cast('double')." : HINTS[typeText(wrong)],
    )
  }
  const has = (test: (type: Type) => boolean) => known.some(test)
  if (has((type) => type === 'double') || (has(isDecimal) && has((type) => type === 'string'))) return 'double'
  if (has(isDecimal)) return 'decimal'
  return has((type) => type === 'long' || type === 'string') ? 'long' : 'integer'
}

const HINTS: Record<string, string> = {
  date: 'dateAdd, dateSub and addMonths move a date; dateDiff counts days between two.',
  timestamp: 'unixMicros and unixMillis give numbers to calculate with.',
  boolean: "Convert it: .cast('int') gives 1 or 0.",
}

/** A literal beside a decimal is a decimal of its own digits. */
function typeBeside(operand: Operand, other: Operand): Type | undefined {
  const type = typeOf(operand)
  if (operand.op !== 'free' || operand.value === null || other.op === 'free' || !isDecimal(other.type)) return type
  return smallestDecimal(operand.value) ?? type
}

function decimals(name: DecimalOperation, fn: string, a: Operand, b: Operand, isTry: boolean): Expression {
  const [left, right] = [decimalOperand(a), decimalOperand(b)]
  const type = decimalResult(name, left.type as DecimalType, right.type as DecimalType)
  return call(fn, [left, right], type, isTry || isNullable(left) || isNullable(right))
}

function operate(name: DecimalOperation, fn: string, isTry: boolean, a: Operand, b: Operand): Expression {
  const days = isTry ? null : moveDate(name, a, b)
  if (days !== null) return days
  const kind = kindOf(a, b)
  if (kind === 'decimal') return decimals(name, fn, a, b, isTry)
  const type = name === 'divide' ? 'double' : kind
  const args = [convert(a, type), convert(b, type)]
  return call(fn, args, type, isTry || args.some(isNullable))
}

/** date + 1, 1 + date, date - 1. */
function moveDate(name: DecimalOperation, a: Operand, b: Operand): Expression | null {
  const [left, right] = [typeOf(a), typeOf(b)]
  if (name === 'add' && left === 'integer' && right === 'date') return moveDate(name, b, a)
  if (left !== 'date' || right !== 'integer' || (name !== 'add' && name !== 'subtract')) return null
  return call(name === 'add' ? 'dateAdd' : 'dateSub', [convert(a, 'date'), convert(b, 'integer')], 'date')
}

function operator(name: DecimalOperation, spark: string, does: string, nulls = ''): FunctionEntry {
  const gives = name === 'divide' ? 'double or decimal' : 'number'
  return {
    name,
    spark,
    signature: `(a: number, b: number) -> ${gives}`,
    nulls,
    does,
    least: 2,
    most: 2,
    resolve: ([a, b]) => operate(name, name, false, a!, b!),
  }
}

function tryOperator(name: DecimalOperation, fn: string, spark: string): FunctionEntry {
  return {
    name: fn,
    spark,
    signature: '(a: number, b: number) -> number',
    nulls: '',
    does: `As \`${name}\`, but null instead of an error.`,
    least: 2,
    most: 2,
    resolve: ([a, b]) => operate(name, fn, true, a!, b!),
  }
}

export const ARITHMETIC: FunctionEntry[] = [
  operator('add', '+', 'The sum. A whole number beside a date moves it by days.'),
  operator('subtract', '-', 'The difference. A whole number after a date moves it back by days.'),
  operator('multiply', '*', 'The product. Of decimals: all digits, as far as 38 have room for them.'),
  operator('divide', '/', 'The quotient: of whole numbers a double. By zero, even 0.0: an error.'),
  {
    name: 'div',
    spark: 'div',
    signature: '(a: number, b: number) -> bigint',
    nulls: '',
    does: 'The whole part of the quotient of whole numbers or decimals.',
    least: 2,
    most: 2,
    resolve([a, b]) {
      const kind = kindOf(a!, b!)
      if (kind === 'double') return refuse('takes whole numbers and decimals, not double', 'Write floor(a / b).')
      const args =
        kind === 'decimal' ? [decimalOperand(a!), decimalOperand(b!)] : [convert(a!, 'long'), convert(b!, 'long')]
      return call('div', args, 'long')
    },
  },
  operator('mod', '%', 'The rest of the division, with the sign of `a`. By zero: an error.'),
  operator('pmod', 'pmod', 'The rest of the division; `b` is added where it is negative. By zero: an error.'),
  tryOperator('add', 'tryAdd', 'try_add'),
  tryOperator('subtract', 'trySubtract', 'try_subtract'),
  tryOperator('multiply', 'tryMultiply', 'try_multiply'),
  tryOperator('divide', 'tryDivide', 'try_divide'),
  tryOperator('mod', 'tryMod', 'try_mod'),
]
