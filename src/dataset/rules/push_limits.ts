/** Limits go before projections, next to the sort that they cut short; a limit of a limit is the smaller one. */

import type { NamedExpression } from '../../plan/expression.js'
import { inputsOfNode, type LimitNode, type Logical, project, withInputs } from '../logical.js'
import { cannotFail } from './failing.js'

/** @param skipsBad whether rows for which an expression fails are left out: others take their places among the first ones */
export function pushLimits(node: Logical, skipsBad: boolean): Logical {
  const made = node.kind === 'limit' ? pushLimit(node, skipsBad) : node
  return withInputs(
    made,
    inputsOfNode(made).map((input) => pushLimits(input, skipsBad)),
  )
}

function pushLimit(node: LimitNode, skipsBad: boolean): Logical {
  const { input, count } = node
  switch (input.kind) {
    case 'limit':
      return pushLimit({ ...input, count: Math.min(count, input.count) }, skipsBad)
    case 'project':
      if (skipsBad && input.values.some(mayFail)) return node
      return project(pushLimit({ ...node, input: input.input, columns: input.input.columns }, skipsBad), input.values)
    default:
      return node
  }
}

function mayFail({ value }: NamedExpression): boolean {
  return !cannotFail(value)
}
