/** Which results JavaScript gets as bigints (EXACT): those of functions whose values are their arguments', or are computed of them alone. */
import type { Expression } from '../../plan/expression.js'
import { EXACT, markOf } from '../../plan/type.js'
import type { Operand } from './coercion.js'

/** The compiler knows the same of them (column.ts, functions.ts), or nothing. */
const OF_ARGUMENTS: ReadonlySet<string> = new Set([
  ...['add', 'subtract', 'multiply', 'mod', 'pmod', 'tryAdd', 'trySubtract', 'tryMultiply', 'tryMod'],
  ...['negate', 'abs', 'round', 'bround', 'floor', 'ceil'],
  ...['coalesce', 'ifNull', 'nullIf', 'zeroIfNull', 'nullIfZero', 'nvl2', 'case', 'if', 'greatest', 'least'],
])

const OF_ELEMENTS: ReadonlySet<string> = new Set(['element', 'tryElement', 'get', 'arrayMin', 'arrayMax'])

/** @param result of the function, given these arguments */
export function marked(fn: string, args: readonly Operand[], result: Expression): Expression {
  if (fn === 'array' && args.some(isExact)) {
    return { ...result, type: { ...(result.type as object), [EXACT]: true } as Expression['type'] }
  }
  if (OF_ELEMENTS.has(fn)) {
    const { type } = args[0] as Expression
    return typeof type === 'object' && type.type === 'array' ? { ...result, ...markOf(type) } : result
  }
  const isMarkable = result.type === 'long' || result.type === 'timestamp'
  return isMarkable && OF_ARGUMENTS.has(fn) && args.some(isExact) ? { ...result, [EXACT]: true } : result
}

function isExact(operand: Operand): boolean {
  return operand.op !== 'free' && operand[EXACT] === true
}
