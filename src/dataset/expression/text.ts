/** Expressions as text, for errors and explain: (price * qty) > 10. */
import { shown } from '../../base/text.js'
import type { CallExpression, Expression, LiteralExpression } from '../../plan/expression.js'
import { type Type, typeText } from '../../plan/type.js'
import { isDecimal } from './decimal_types.js'
import { dateText, timestampText } from './time_text.js'
import type {
  SortTree,
  Untyped,
  UntypedCall,
  UntypedExplode,
  UntypedFrame,
  UntypedLiteral,
  UntypedWindow,
} from './untyped.js'

const INFIX: Record<string, string> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  div: 'div',
  mod: '%',
  eq: '=',
  ne: '<>',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  eqNullSafe: '<=>',
  and: 'and',
  or: 'or',
  like: 'like',
  rlike: 'rlike',
}

export function expressionText(expression: Expression | Untyped): string {
  return write(expression, false)
}

function write(expression: Expression | Untyped, inner: boolean): string {
  if ('op' in expression) {
    if (expression.op === 'column') return shown(expression.name)
    if (expression.op === 'literal') return literalText(expression)
    // Marked: it is what takes the time.
    if (expression.udf !== undefined) return `udf ${udfText(expression.udf.name, expression.args)}`
    return callText(expression, expression.fn, expression.args, inner)
  }
  switch (expression.kind) {
    case 'column':
      return shown(expression.name)
    case 'literal':
      return valueText(expression.value)
    case 'call':
      return callText(expression, expression.fn, expression.args, inner)
    case 'udf':
      return udfText(expression.made.name, expression.args)
    case 'cast':
      return castText(expression.try ? 'try_cast' : 'cast', expression.arg, expression.to)
    case 'alias':
      return write(expression.arg, inner)
    case 'window':
      return windowText(expression)
    case 'explode':
      return explodeText(expression)
  }
}

function explodeText({ list, outer, part }: UntypedExplode): string {
  return `${part === 'position' ? 'posexplode' : 'explode'}${outer ? 'Outer' : ''}(${write(list, false)})`
}

function windowText({ fn, args, partition, order, frame }: UntypedWindow): string {
  const window = [
    ...(partition.length === 0 ? [] : [`partition by ${list(partition)}`]),
    ...(order.length === 0 ? [] : [`order by ${order.map(orderText).join(', ')}`]),
    ...(frame === null ? [] : [frameText(frame)]),
  ]
  return `${fn}(${list(args)}) over (${window.join(' ')})`
}

function orderText({ value, descending, nullsFirst }: SortTree): string {
  const nulls = nullsFirst === descending ? ` nulls ${nullsFirst ? 'first' : 'last'}` : ''
  return `${write(value, true)}${descending ? ' desc' : ''}${nulls}`
}

function frameText({ unit, start, end }: UntypedFrame): string {
  return `${unit} between ${frameEndText(start)} and ${frameEndText(end)}`
}

/** Of a distance in rows, in numbers or in time: `-1 day`. */
function frameEndText(by: number | string): string {
  if (by === 0) return 'current row'
  const text = String(by)
  const where = text.startsWith('-') ? 'preceding' : 'following'
  return `${Number.isFinite(by) || typeof by === 'string' ? text.replace(/^-/, '') : 'unbounded'} ${where}`
}

type Part = Expression | Untyped

function castText(name: string, arg: Part, type: Type): string {
  return `${name}(${write(arg, false)} as ${typeText(type)})`
}

function callText(call: Part, fn: string, args: Part[], inner: boolean): string {
  const [first, second] = args
  const bracket = (text: string) => (inner ? `(${text})` : text)
  const operator = INFIX[fn]
  if (operator !== undefined && first && second) {
    // The escape character of `like` is hardly ever another.
    return bracket(`${write(first, true)} ${operator} ${write(second, true)}`)
  }
  if (first === undefined) return `${fn}()`
  switch (fn) {
    case 'cast':
    case 'tryCast':
      return castText(fn === 'cast' ? 'cast' : 'try_cast', first, (call as CallExpression).type)
    case 'fromJson':
    case 'tryFromJson':
      return `${fn}(${write(first, false)} as ${typeText(typeRead(call as CallExpression | UntypedCall))})`
    case 'not':
      return bracket(`not ${write(first, true)}`)
    case 'negate':
      return `-${write(first, true)}`
    case 'isNull':
      return bracket(`${write(first, true)} is null`)
    case 'isNotNull':
      return bracket(`${write(first, true)} is not null`)
    case 'in':
      return bracket(`${write(first, true)} in (${list(args.slice(1))})`)
    case 'field':
      return `${write(first, true)}.${second && plainText(second)}`
    case 'case':
      return caseText(args)
  }
  return `${fn}(${list(args)})`
}

/** What JSON text is read as: before names are looked up, the type of the second argument. */
function typeRead(call: CallExpression | UntypedCall): Type {
  return 'op' in call ? call.type : (call.args[1] as UntypedLiteral & { type: Type }).type
}

function udfText(name: string, args: Part[]): string {
  return `${shown(name)}(${list(args)})`
}

function list(args: Part[]): string {
  return args.map((arg) => write(arg, false)).join(', ')
}

function caseText(args: Part[]): string {
  const parts = ['case']
  for (let i = 0; i + 1 < args.length; i += 2) {
    parts.push(`when ${write(args[i]!, false)} then ${write(args[i + 1]!, false)}`)
  }
  if (args.length % 2 === 1) parts.push(`else ${write(args.at(-1)!, false)}`)
  return [...parts, 'end'].join(' ')
}

/** A literal without quotes. */
function plainText(part: Part): string {
  const value = 'op' in part ? part.op === 'literal' && part.value : part.kind === 'literal' && part.value
  return shown(String(value))
}

function quoted(text: string): string {
  return `'${shown(text.replaceAll("'", "''"))}'`
}

function literalText({ value, type }: LiteralExpression): string {
  if (value === null) return 'null'
  if (isDecimal(type)) return decimalText(BigInt(value), type.scale)
  switch (type) {
    case 'string':
      return quoted(value as string)
    case 'binary':
      return `x'${Buffer.from(value as string, 'base64').toString('hex')}'`
    case 'date':
      return `date'${dateText(value as number)}'`
    case 'timestamp':
      return `timestamp'${timestampText(BigInt(value))}'`
    case 'timestamp_ntz':
      return `timestamp_ntz'${timestampText(BigInt(value))}'`
  }
  return String(value)
}

/** All digits of the scale. */
function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (value instanceof Date)
    return `timestamp'${Number.isNaN(value.getTime()) ? 'invalid' : timestampText(BigInt(value.getTime()) * 1000n)}'`
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  return String(value)
}
