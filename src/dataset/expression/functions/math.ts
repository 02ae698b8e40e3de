/** Functions of numbers. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import { typeText } from '../../../plan/type.js'
import { convert, isNumeric, type Operand, settled, take, typeOf } from '../coercion.js'
import { decimalType, isDecimal, roundedDecimal } from '../decimal_types.js'
import { refuse } from '../fault.js'
import { nullOf } from '../literal.js'
import { call, type FunctionEntry, plain } from './entry.js'

/** A number as it is; text as a double. */
function number(operand: Operand): Expression {
  const type = typeOf(operand)
  if (type === 'string') return convert(operand, 'double')
  if (type !== undefined && !isNumeric(type)) refuse(`takes a number, not ${typeText(type)}`)
  return settled(operand)
}

function sameKind(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(x: number) -> number',
    nulls: '',
    does,
    least: 1,
    most: 1,
    resolve([x]) {
      const value = number(x!)
      return call(name, [value], value.type)
    },
  }
}

function rounding(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(x: number, digits: int = 0) -> number',
    nulls: '',
    does,
    least: 1,
    most: 2,
    resolve([x, digits]) {
      const value = number(x!)
      const count = take(digits ?? { op: 'free', value: 0 }, 'integer', 'digits')
      if (count.op !== 'literal' || count.value === null) {
        return refuse('digits must be a literal, not computed for each row')
      }
      const type = isDecimal(value.type) ? roundedDecimal(value.type, Number(count.value)) : value.type
      return call(name, [value, count], type, isNullable(value))
    },
  }
}

function whole(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(x: number) -> bigint or decimal',
    nulls: '',
    does,
    least: 1,
    most: 1,
    resolve([x]) {
      const value = number(x!)
      if (isDecimal(value.type)) {
        const type = decimalType(Math.min(38, value.type.precision - value.type.scale + 1), 0)
        return call(name, [value], type)
      }
      return value.type === 'double' ? call(name, [value], 'long') : convert(value, 'long')
    },
  }
}

function real(name: string, spark: string, does: string): FunctionEntry {
  return plain({ name, spark, params: { x: 'double' }, gives: 'double', does })
}

const HASHED = 'A hash of all arguments, the same that Spark gives: Murmur3 with seed 42. Null changes nothing.'

export const MATH: FunctionEntry[] = [
  sameKind('negate', 'negative', 'The number with the other sign.'),
  sameKind('abs', 'abs', 'The number without its sign.'),
  rounding('round', 'round', 'Rounded to that many digits after the point, halves away from zero: 2.5 to 3.'),
  rounding('bround', 'bround', 'Rounded to that many digits after the point, halves to the even digit: 2.5 to 2.'),
  whole('floor', 'floor', 'The largest whole number that is not larger. Beyond a bigint: an error.'),
  whole('ceil', 'ceil', 'The smallest whole number that is not smaller. Beyond a bigint: an error.'),
  real('sqrt', 'sqrt', 'The square root; of negative numbers NaN.'),
  real('cbrt', 'cbrt', 'The cube root.'),
  real('exp', 'exp', 'e to the power of `x`.'),
  plain({
    name: 'ln',
    spark: 'ln',
    params: { x: 'double' },
    gives: 'double',
    nullable: true,
    does: 'The natural logarithm; of zero and negative numbers null.',
  }),
  plain({
    name: 'log10',
    spark: 'log10',
    params: { x: 'double' },
    gives: 'double',
    nullable: true,
    does: 'The logarithm to base 10; of zero and negative numbers null.',
  }),
  plain({
    name: 'log2',
    spark: 'log2',
    params: { x: 'double' },
    gives: 'double',
    nullable: true,
    does: 'The logarithm to base 2; of zero and negative numbers null.',
  }),
  plain({
    name: 'log',
    spark: 'log',
    params: { base: 'double', x: 'double' },
    gives: 'double',
    nullable: true,
    does: 'The logarithm to that base; of zero and negative numbers null.',
  }),
  real('sin', 'sin', 'The sine.'),
  real('cos', 'cos', 'The cosine.'),
  real('tan', 'tan', 'The tangent.'),
  real('asin', 'asin', 'The arc sine.'),
  real('acos', 'acos', 'The arc cosine.'),
  real('atan', 'atan', 'The arc tangent.'),
  real('sinh', 'sinh', 'The hyperbolic sine.'),
  real('cosh', 'cosh', 'The hyperbolic cosine.'),
  real('tanh', 'tanh', 'The hyperbolic tangent.'),
  real('signum', 'signum', '-1.0, 0.0 or 1.0, by the sign.'),
  real('degrees', 'degrees', 'Radians as degrees.'),
  real('radians', 'radians', 'Degrees as radians.'),
  plain({
    name: 'pow',
    spark: 'pow',
    params: { x: 'double', y: 'double' },
    gives: 'double',
    does: '`x` to the power of `y`.',
  }),
  plain({
    name: 'atan2',
    spark: 'atan2',
    params: { y: 'double', x: 'double' },
    gives: 'double',
    does: 'The angle of the point (`x`, `y`).',
  }),
  plain({
    name: 'hypot',
    spark: 'hypot',
    params: { x: 'double', y: 'double' },
    gives: 'double',
    does: '`sqrt(x * x + y * y)`, without overflow on the way.',
  }),
  {
    name: 'hash',
    spark: 'hash',
    signature: '(a: T, …) -> int',
    nulls: 'skipped',
    does: HASHED,
    least: 1,
    most: Infinity,
    resolve: (args) =>
      call(
        'hash',
        args.map((arg) => (typeOf(arg) === undefined ? nullOf('string') : settled(arg))),
        'integer',
        false,
      ),
  },
]
