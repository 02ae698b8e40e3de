/** Limits go before projections, next to the sort that they cut short; a limit of a limit is the smaller one. */
import { inputsOfNode, type LimitNode, type Logical, project, withInputs } from '../logical.js'

export function pushLimits(node: Logical): Logical {
  const made = node.kind === 'limit' ? pushLimit(node) : node
  return withInputs(made, inputsOfNode(made).map(pushLimits))
}

function pushLimit(node: LimitNode): Logical {
  const { input, count } = node
  switch (input.kind) {
    case 'limit':
      return pushLimit({ ...input, count: Math.min(count, input.count) })
    case 'project':
      return project(pushLimit({ ...node, input: input.input, columns: input.input.columns }), input.values)
    default:
      return node
  }
}
