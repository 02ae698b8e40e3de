/**
 * Constant folding, by rule: what does not depend on a row is computed when the plan is built. An expression that fails stays, and so fails
 * when a row needs it; one that may fail for a row is never left out.
 */
import { type CallExpression, type Expression, isNullable, type LiteralExpression } from '../../plan/expression.js'
import { sameType, type Type } from '../../plan/type.js'
import { cannotFail } from '../rules/failing.js'
import { isDecimal } from './decimal_types.js'
import { literalOf, nullOf } from './literal.js'
import { DAY_MICROS, divideHalfUp, fitsDecimal } from './parse.js'

/**
 * The same expression with constants computed.
 *
 * @param now what `currentTimestamp` gives: microseconds since 1970-01-01 UTC
 */
export function fold(expression: Expression, now: bigint): Expression {
  if (expression.op !== 'call') return expression
  if (expression.fn === 'currentTimestamp') return { op: 'literal', value: String(now), type: 'timestamp' }
  if (expression.fn === 'currentDate') return { op: 'literal', value: Number(now / DAY_MICROS), type: 'date' }
  const args = expression.args.map((arg) => fold(arg, now))
  const isSame = args.every((arg, i) => arg === expression.args[i])
  const call = isSame ? expression : { ...expression, args }
  const value = SHORTER[call.fn]?.(call) ?? nullArgument(call) ?? constant(call)
  // Nothing may get another type on the way.
  return value !== undefined && sameType(value.type, call.type) ? value : call
}

type Rule = (call: CallExpression) => Expression | undefined

function isLiteral(expression: Expression | undefined, value?: boolean | null): expression is LiteralExpression {
  return expression?.op === 'literal' && (value === undefined || expression.value === value)
}

function boolean(value: boolean): LiteralExpression {
  return { op: 'literal', value, type: 'boolean' }
}

/** `decides` is what one side alone can make the result. */
function connective(decides: boolean): Rule {
  return ({ args: [a, b] }) => {
    if (isLiteral(a, decides)) return a
    if (isLiteral(a, !decides)) return b
    if (isLiteral(b, !decides)) return a
    if (isLiteral(b, decides) && cannotFail(a!)) return b
    return isLiteral(a, null) && isLiteral(b, null) ? a : undefined
  }
}

/** Values have one order, in which NaN is the largest, so each of these is the opposite of another. */
const OPPOSITE: Record<string, string> = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt' }

const not: Rule = ({ args: [a] }) => {
  if (isLiteral(a)) return typeof a.value === 'boolean' ? boolean(!a.value) : a
  if (a!.op !== 'call') return undefined
  if (a!.fn === 'not') return a!.args[0]
  const opposite = OPPOSITE[a!.fn]
  return opposite === undefined ? undefined : { ...a!, fn: opposite }
}

function nullTest(ifNull: boolean): Rule {
  return ({ args: [x] }) => {
    if (isLiteral(x)) return boolean((x.value === null) === ifNull)
    return isNullable(x!) || !cannotFail(x!) ? undefined : boolean(!ifNull)
  }
}

/** Without branches that are never taken. */
const caseOf: Rule = (call) => {
  const parts: Expression[] = []
  let last: Expression | undefined = call.args.length % 2 === 1 ? call.args.at(-1) : undefined
  for (let i = 0; i + 1 < call.args.length; i += 2) {
    const [when, then] = [call.args[i]!, call.args[i + 1]!]
    if (isLiteral(when, false) || isLiteral(when, null)) continue
    if (isLiteral(when, true)) {
      last = then
      break
    }
    parts.push(when, then)
  }
  if (parts.length === 0) return last ?? nullOf(call.type)
  const args = last === undefined ? parts : [...parts, last]
  return args.length === call.args.length ? undefined : { ...call, args }
}

/** Up to the first that is never null. */
const coalesce: Rule = (call) => {
  const args: Expression[] = []
  for (const arg of call.args) {
    if (isLiteral(arg, null)) continue
    args.push(arg)
    if (!isNullable(arg)) break
  }
  if (args.length <= 1) return args[0] ?? nullOf(call.type)
  return args.length === call.args.length ? undefined : { ...call, args }
}

const SHORTER: Record<string, Rule> = {
  and: connective(false),
  or: connective(true),
  not,
  isNull: nullTest(true),
  isNotNull: nullTest(false),
  case: caseOf,
  coalesce,
}

/** Functions that may have a value though an argument is null. */
const TAKES_NULL: ReadonlySet<string> = new Set([
  ...['and', 'or', 'case', 'coalesce', 'isNull', 'isNotNull', 'isNaN', 'eqNullSafe', 'in'],
  ...['greatest', 'least', 'hash', 'array', 'struct', 'concatWs', 'udf'],
])

/** Null where an argument is null and nothing before it fails; what comes after it is not evaluated. */
function nullArgument({ fn, args, type }: CallExpression): Expression | undefined {
  if (TAKES_NULL.has(fn)) return fn === 'in' && isLiteral(args[0], null) ? nullOf(type) : undefined
  const at = args.findIndex((arg) => isLiteral(arg, null))
  return at >= 0 && args.slice(0, at).every(cannotFail) ? nullOf(type) : undefined
}

/** The value of a function of literals, if there is a rule for it; undefined if it fails. */
function constant(call: CallExpression): Expression | undefined {
  const literals = call.args.filter((arg) => arg.op === 'literal')
  if (literals.length < call.args.length || literals.some(({ value }) => value === null)) return undefined
  const [a, b] = literals
  if (call.fn === 'cast' || call.fn === 'tryCast') return cast(a!, call.type)
  if (b === undefined) return call.fn === 'negate' && isWhole(a!.type) ? whole(call.type, -unscaled(a!)) : undefined
  if (call.fn in OPPOSITE && sameType(a!.type, b.type)) {
    const order = compare(a!, b)
    return order === undefined ? undefined : boolean(HOLDS[call.fn]!(order))
  }
  return isWhole(a!.type) && isWhole(b.type) ? arithmetic(call, a!, b) : undefined
}

const HOLDS: Record<string, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
}

function isWhole(type: Type): boolean {
  return type === 'integer' || type === 'long' || isDecimal(type)
}

function unscaled({ value }: LiteralExpression): bigint {
  return BigInt(value as number)
}

/** undefined if the type does not hold it. */
function whole(type: Type, value: bigint): LiteralExpression | undefined {
  if (isDecimal(type)) {
    return fitsDecimal(value, type.precision) ? { op: 'literal', value: String(value), type } : undefined
  }
  return type === 'integer' || type === 'long' ? literalOf(value, type) : undefined
}

function arithmetic({ fn, type }: CallExpression, a: LiteralExpression, b: LiteralExpression): Expression | undefined {
  const scaleOf = (of: Type) => (isDecimal(of) ? of.scale : 0)
  const [left, right, scale] = [scaleOf(a.type), scaleOf(b.type), scaleOf(type)]
  const at = (value: bigint, from: number) => whole(type, rescaled(value, from, scale))
  const common = Math.max(left, right)
  const [x, y] = [rescaled(unscaled(a), left, common), rescaled(unscaled(b), right, common)]
  switch (fn) {
    case 'add':
      return at(x + y, common)
    case 'subtract':
      return at(x - y, common)
    case 'multiply':
      return at(unscaled(a) * unscaled(b), left + right)
  }
  return undefined
}

function rescaled(value: bigint, from: number, to: number): bigint {
  return to >= from ? value * 10n ** BigInt(to - from) : divideHalfUp(value, 10n ** BigInt(from - to))
}

/** undefined for types whose values are not compared here. */
function compare(a: LiteralExpression, b: LiteralExpression): number | undefined {
  switch (a.type) {
    case 'boolean':
      return Number(a.value) - Number(b.value)
    case 'string':
      return Buffer.compare(Buffer.from(a.value as string), Buffer.from(b.value as string))
    case 'double':
      return compareDoubles(Number(a.value), Number(b.value))
    case 'binary':
      return undefined
  }
  if (typeof a.type === 'object' && !isDecimal(a.type)) return undefined
  const difference = unscaled(a) - unscaled(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** NaN is the largest. */
function compareDoubles(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
  return x < y ? -1 : x > y ? 1 : 0
}

function cast(literal: LiteralExpression, to: Type): LiteralExpression | undefined {
  const { type: from, value } = literal
  if (from === 'string') {
    try {
      return literalOf(value as string, to)
    } catch {
      return undefined
    }
  }
  if (from === 'date' && (to === 'timestamp' || to === 'timestamp_ntz')) {
    const micros = unscaled(literal) * DAY_MICROS
    return BigInt.asIntN(64, micros) === micros ? { op: 'literal', value: String(micros), type: to } : undefined
  }
  if (!isWhole(from)) return undefined
  const scale = isDecimal(from) ? from.scale : 0
  if (isDecimal(to)) return whole(to, rescaled(unscaled(literal), scale, to.scale))
  if (to === 'double') return literalOf(Number(`${value}e${-scale}`), to)
  return scale === 0 ? whole(to, unscaled(literal)) : undefined
}
