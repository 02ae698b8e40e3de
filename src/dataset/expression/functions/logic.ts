/** Comparisons, logic, and choices between values. */
import { type Expression, isNullable } from '../../../plan/expression.js'
import { typeText } from '../../../plan/type.js'
import { commonType, convert, mayBeNull, type Operand, settled, typeOf } from '../coercion.js'
import { isDecimal } from '../decimal_types.js'
import { refuse } from '../fault.js'
import { nullOf } from '../literal.js'
import { call, type FunctionEntry, plain, taken } from './entry.js'

/** All arguments as one type, which they can be compared as. */
function comparable(operands: Operand[], what = 'compares'): Expression[] {
  const type = commonType(operands, what)
  const types = operands.map(typeOf)
  // Spark compares them as doubles, and finds 0.1 equal to 0.10000000000000000001.
  if (type === 'double' && types.includes('string') && types.some((one) => one !== undefined && isDecimal(one))) {
    refuse('compares a decimal with text', "Convert the text: .cast('decimal(10,2)'), with the digits that it has.")
  }
  return operands.map((operand) => convert(operand, type))
}

function comparison(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(a: T, b: T) -> boolean',
    nulls: '',
    does,
    least: 2,
    most: 2,
    resolve: (args) => call(name, comparable(args), 'boolean'),
  }
}

/** Of a choice: not even Spark takes text here. */
function condition(operand: Operand): Expression {
  if (operand.op !== 'free' && operand.type !== 'boolean') {
    refuse(`a condition is boolean, not ${typeText(operand.type)}`)
  }
  return taken(operand, 'boolean', 'condition')
}

function connective(name: string, spark: string, nulls: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(a: boolean, b: boolean) -> boolean',
    nulls,
    does,
    least: 2,
    most: 2,
    resolve: ([a, b]) => call(name, [taken(a!, 'boolean', 'a'), taken(b!, 'boolean', 'b')], 'boolean'),
  }
}

/** One value of several, all of one type. */
function chosen(operands: Operand[]): Expression[] {
  const type = commonType(operands, 'chooses between')
  return operands.map((operand) => convert(operand, type))
}

function caseOf(args: Operand[]): Expression {
  const pairs = Math.floor(args.length / 2)
  const branches = chosen(args.filter((_, i) => i % 2 === 1 || i === 2 * pairs))
  const parts: Expression[] = []
  for (let i = 0; i < pairs; i++) parts.push(condition(args[2 * i]!), branches[i]!)
  const hasElse = args.length % 2 === 1
  if (hasElse) parts.push(branches.at(-1)!)
  return call('case', parts, branches[0]!.type, !hasElse || branches.some(isNullable))
}

function nullIf(a: Operand, b: Operand): Expression {
  const value = settled(a)
  return call('case', [call('eq', comparable([a, b]), 'boolean'), nullOf(value.type), value], value.type, true)
}

function extreme(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(a: T, b: T, …) -> T',
    nulls: 'skipped; null if all are',
    does,
    least: 2,
    most: Infinity,
    resolve(args) {
      const types = args.map(typeOf).filter((type) => type !== undefined)
      if (types.includes('string') && args.some(({ op }) => op !== 'free') && types.some((type) => type !== 'string')) {
        const other = types.find((type) => type !== 'string')!
        if (args.some((arg) => arg.op !== 'free' && arg.type === 'string'))
          refuse(`compares string and ${typeText(other)}`, 'Convert one of them with cast.')
      }
      const values = comparable(args)
      return call(name, values, values[0]!.type, values.every(isNullable))
    },
  }
}

function test(name: string, spark: string, does: string): FunctionEntry {
  return {
    name,
    spark,
    signature: '(x: T) -> boolean',
    nulls: 'never null',
    does,
    least: 1,
    most: 1,
    resolve: ([x]) =>
      call(name, [x!.op === 'free' && x!.value === null ? nullOf('string') : settled(x!)], 'boolean', false),
  }
}

export const LOGIC: FunctionEntry[] = [
  comparison(
    'eq',
    '=',
    'Whether both are equal. NaN equals NaN, -0.0 equals 0.0; text is compared by its UTF-8 bytes.',
  ),
  comparison('ne', '<>', 'Whether they differ.'),
  comparison('lt', '<', 'Whether `a` is smaller. NaN is the largest number.'),
  comparison('le', '<=', 'Whether `a` is smaller or equal.'),
  comparison('gt', '>', 'Whether `a` is larger.'),
  comparison('ge', '>=', 'Whether `a` is larger or equal.'),
  {
    name: 'eqNullSafe',
    spark: '<=>',
    signature: '(a: T, b: T) -> boolean',
    nulls: 'never null: null equals null only',
    does: 'Whether both are equal, or both missing.',
    least: 2,
    most: 2,
    resolve: (args) => {
      const bothNull = args.every((arg) => typeOf(arg) === undefined)
      return call('eqNullSafe', bothNull ? args.map(() => nullOf('string')) : comparable(args), 'boolean', false)
    },
  },
  {
    name: 'between',
    spark: 'between',
    signature: '(x: T, low: T, high: T) -> boolean',
    nulls: '',
    does: '`x >= low and x <= high`.',
    least: 3,
    most: 3,
    resolve: ([x, low, high]) =>
      call(
        'and',
        [call('ge', comparable([x!, low!]), 'boolean'), call('le', comparable([x!, high!]), 'boolean')],
        'boolean',
      ),
  },
  {
    name: 'in',
    spark: 'in',
    signature: '(x: T, options: T…) -> boolean',
    nulls: 'null if none is equal but one is null',
    does: 'Whether `x` equals one of the options.',
    least: 1,
    most: Infinity,
    resolve: (args) =>
      args.length === 1 ? { op: 'literal', value: false, type: 'boolean' } : call('in', comparable(args), 'boolean'),
  },
  connective(
    'and',
    'and',
    'false beside false',
    'Whether both are true. `b` is evaluated only where `a` is not false; in a filter or a condition, only where it is true.',
  ),
  connective('or', 'or', 'true beside true', 'Whether one is true. `b` is evaluated only where `a` is not true.'),
  plain({ name: 'not', spark: 'not', params: { a: 'boolean' }, gives: 'boolean', does: 'The opposite.' }),
  test('isNull', 'isnull', 'Whether the value is missing.'),
  test('isNotNull', 'isnotnull', 'Whether there is a value.'),
  {
    name: 'isNaN',
    spark: 'isnan',
    signature: '(x: double) -> boolean',
    nulls: 'false',
    does: 'Whether the value is NaN.',
    least: 1,
    most: 1,
    resolve: ([x]) => call('isNaN', [taken(x!, 'double', 'x')], 'boolean', false),
  },
  {
    name: 'case',
    spark: 'case',
    signature: '(when: boolean, then: T, …, else?: T) -> T',
    nulls: 'a condition that is null does not hold',
    does: 'The value after the first condition that holds, or the last; without `else`: null. Others are not evaluated.',
    least: 2,
    most: Infinity,
    resolve: caseOf,
  },
  {
    name: 'if',
    spark: 'if',
    signature: '(condition: boolean, then: T, else: T) -> T',
    nulls: 'a condition that is null does not hold',
    does: '`then` where the condition holds, or `else`. The other is not evaluated.',
    least: 3,
    most: 3,
    resolve: caseOf,
  },
  {
    name: 'coalesce',
    spark: 'coalesce',
    signature: '(a: T, b: T, …) -> T',
    nulls: 'skipped; null if all are',
    does: 'The first value that is not missing. Those after it are not evaluated.',
    least: 1,
    most: Infinity,
    resolve(args) {
      const values = chosen(args)
      return call('coalesce', values, values[0]!.type, values.every(isNullable))
    },
  },
  {
    name: 'ifNull',
    spark: 'ifnull',
    signature: '(a: T, b: T) -> T',
    nulls: '',
    does: '`b` where `a` is missing.',
    least: 2,
    most: 2,
    resolve(args) {
      const values = chosen(args)
      return call('coalesce', values, values[0]!.type, values.every(isNullable))
    },
  },
  {
    name: 'nullIf',
    spark: 'nullif',
    signature: '(a: T, b: T) -> T',
    nulls: '`a` where `b` is null',
    does: 'Null where both are equal, else `a`.',
    least: 2,
    most: 2,
    resolve: ([a, b]) => nullIf(a!, b!),
  },
  {
    name: 'zeroIfNull',
    spark: 'zeroifnull',
    signature: '(a: number) -> number',
    nulls: '0',
    does: 'The number, or 0 where it is missing.',
    least: 1,
    most: 1,
    resolve([a]) {
      const values = chosen([a!, { op: 'free', value: 0 }])
      return call('coalesce', values, values[0]!.type, false)
    },
  },
  {
    name: 'nullIfZero',
    spark: 'nullifzero',
    signature: '(a: number) -> number',
    nulls: '',
    does: 'The number, or null where it is 0.',
    least: 1,
    most: 1,
    resolve: ([a]) => nullIf(a!, { op: 'free', value: 0 }),
  },
  {
    name: 'nvl2',
    spark: 'nvl2',
    signature: '(x: T, present: U, missing: U) -> U',
    nulls: '',
    does: '`present` where `x` is not missing, else `missing`.',
    least: 3,
    most: 3,
    resolve([x, present, missing]) {
      const [a, b] = chosen([present!, missing!])
      const test: Expression =
        mayBeNull(x!) && x!.op === 'free' ? nullOf('boolean') : call('isNotNull', [settled(x!)], 'boolean', false)
      return call('case', [test, a!, b!], a!.type, isNullable(a!) || isNullable(b!))
    },
  },
  {
    name: 'nanvl',
    spark: 'nanvl',
    signature: '(a: double, b: double) -> double',
    nulls: '',
    does: '`b` where `a` is NaN, else `a`.',
    least: 2,
    most: 2,
    resolve([a, b]) {
      const [x, y] = [taken(a!, 'double', 'a'), taken(b!, 'double', 'b')]
      return call('case', [call('isNaN', [x], 'boolean', false), y, x], 'double', isNullable(x) || isNullable(y))
    },
  },
  extreme('greatest', 'greatest', 'The largest. NaN is the largest number.'),
  extreme('least', 'least', 'The smallest.'),
]
