/** The time at which a run began, for expressions that ask for it. */
import type { Expression } from '../plan/expression.js'
import { inputsOfNode, type Logical } from './logical.js'

/** Whether a plan has the time in it: `currentTimestamp`, `currentDate`. */
export function asksForTime(node: Logical): boolean {
  return expressionsOf(node).some(asks) || inputsOfNode(node).some(asksForTime)
}

function asks(expression: Expression): boolean {
  if (expression.op !== 'call') return false
  return expression.fn === 'currentTimestamp' || expression.fn === 'currentDate' || expression.args.some(asks)
}

function expressionsOf(node: Logical): readonly Expression[] {
  switch (node.kind) {
    case 'filter':
      return [node.where]
    case 'project':
      return node.values.map(({ value }) => value)
    case 'explode':
      return [node.list]
    case 'aggregate':
    case 'window':
      return node.values.flatMap(({ args }) => args)
    case 'join':
      return node.residual === null ? [] : [node.residual]
    default:
      return []
  }
}
