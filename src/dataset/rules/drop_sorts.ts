/** A sort goes if no one sees the order of its rows: what is grouped comes out by its keys. */
import type { GroupFn } from '../../plan/plan.js'
import { inputsOfNode, type Logical, withInputs } from '../logical.js'

/** Values that follow from the order in which rows come in. */
export const ORDERED: ReadonlySet<GroupFn> = new Set(['first', 'last', 'collectList', 'collectSet', 'minBy', 'maxBy'])

export function dropSorts(node: Logical): Logical {
  const made = withInputs(node, inputsOfNode(node).map(dropSorts))
  if (made.kind !== 'aggregate' || made.values.some(({ fn }) => ORDERED.has(fn))) return made
  return withInputs(made, [unsorted(made.input)])
}

function unsorted(node: Logical): Logical {
  switch (node.kind) {
    case 'sort':
      return unsorted(node.input)
    case 'filter':
    case 'project':
    case 'explode':
    case 'union':
    case 'join':
      return withInputs(node, inputsOfNode(node).map(unsorted))
    default:
      return node
  }
}
