/**
 * `(a join b) join c` becomes `a join (b join c)`, where c has keys of b's columns alone, and filters leave few rows of it: so fewer rows of b, and then
 * of a, go on. By tables, rows come out in the same order.
 *
 * Only where nothing that has fewer rows then may fail: an error must not depend on it.
 */
import type { JoinNode, Logical } from '../logical.js'
import { inputsOfNode, join, project, unchanged, withInputs } from '../logical.js'
import { expectedRows, mostOf, type Sizes } from './cardinality.js'
import { cannotFail } from './failing.js'

/** c is not larger, so that it is sure to have a table. */
const MOST_ROWS = 1_000_000
/** Of b's rows, what c lets through. */
const LARGEST_SHARE = 1 / 2

type On = JoinNode['on']

export function associateJoins(node: Logical, sizes: Sizes): Logical {
  const made = withInputs(
    node,
    inputsOfNode(node).map((input) => associateJoins(input, sizes)),
  )
  return made.kind === 'join' ? associated(made, sizes) : made
}

function associated(node: JoinNode, sizes: Sizes): Logical {
  const { left, right, type, on, residual, broadcast } = node
  if ((type !== 'inner' && type !== 'semi') || residual !== null || broadcast !== null || on.length === 0) return node
  if ((mostOf(right, sizes)?.rows ?? Number.POSITIVE_INFINITY) > MOST_ROWS) return node
  return joinedBelow(left, on, node, sizes) ?? node
}

/**
 * The node's rows, joined below with the right side of another join, whose columns follow if it is an inner one.
 *
 * @param on the node's columns that it compares
 * @returns null: none of the node's joins has them on its right side, or too many rows would be left there
 */
function joinedBelow(node: Logical, on: On, few: JoinNode, sizes: Sizes): Logical | null {
  if (node.kind === 'project') {
    const values = on.map(({ left }) => node.values.find(({ name }) => name === left)!.value)
    if (!values.every(({ op }) => op === 'column') || !node.values.every(({ value }) => cannotFail(value))) return null
    const renamed = on.map((pair, i) => ({ ...pair, left: (values[i] as { name: string }).name }))
    const input = joinedBelow(node.input, renamed, few, sizes)
    return input && project(input, [...node.values, ...unchanged(added(few))])
  }
  if (node.kind !== 'join' || node.type !== 'inner' || node.broadcast !== null) return null
  if (node.residual !== null && !cannotFail(node.residual)) return null
  const names = new Set(node.columns.map(({ name }) => name))
  // Columns that projections above leave out may have the same names.
  if (added(few).some(({ name }) => names.has(name))) return null
  const areOf = (side: Logical) => on.every(({ left }) => side.columns.some(({ name }) => name === left))
  if (areOf(node.right)) {
    const right = joinedBelow(node.right, on, few, sizes) ?? join({ ...few, left: node.right, on })
    if (expectedRows(right, sizes) > LARGEST_SHARE * expectedRows(node.right, sizes)) return null
    return associated(join({ ...node, right }), sizes)
  }
  const left = areOf(node.left) ? joinedBelow(node.left, on, few, sizes) : null
  return left && project(join({ ...node, left }), [...unchanged(node.columns), ...unchanged(added(few))])
}

/** The columns that a join adds to those of its left side. */
function added({ type, right }: JoinNode): Logical['columns'] {
  return type === 'semi' ? [] : right.columns
}
