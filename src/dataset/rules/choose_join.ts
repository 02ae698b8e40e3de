/** How each join finds what matches: with a table of a small side, for all tasks or for each partition, or with both sides sorted. */
import type { JoinType } from '../../plan/plan.js'
import type { Algorithm, JoinNode, Logical } from '../logical.js'
import { inputsOfNode, join, project, unchanged, withInputs } from '../logical.js'
import { expectedRows, mostOf, type Sizes } from './cardinality.js'

/** A side of more bytes is not small... */
export const MAX_SMALL_BYTES = 256 * 2 ** 20
/** ...nor one of more rows: a row takes about 100 bytes of a table, however short it is. */
export const MAX_SMALL_ROWS = 2_000_000
/** A side that is likely to have more rows is small only beside one with... */
const OFTEN_SMALL_ROWS = 1_000_000
/** ...so many times as many: one thread makes the table, all of them look into it. */
const LEAST_RATIO = 3

/** @param forced for all joins, where their type allows it */
export function chooseJoin(node: Logical, sizes: Sizes, forced: Algorithm | null = null): Logical {
  const made = withInputs(
    node,
    inputsOfNode(node).map((input) => chooseJoin(input, sizes, forced)),
  )
  return made.kind === 'join' ? chosen(made, sizes, forced) : made
}

function chosen(node: JoinNode, sizes: Sizes, forced: Algorithm | null): Logical {
  const { left, right, type, on, broadcast } = node
  const swapped = SWAPPED[type]
  const wants = (side: 'left' | 'right') => broadcast === side || (broadcast === null && forced === 'broadcast')
  const isRight = wants('right') || (broadcast === null && isSmall(right, left, sizes))
  const isLeft = swapped !== undefined && (wants('left') || isSmall(left, right, sizes))
  if (forced === null || forced === 'broadcast') {
    // Of two small sides, the one with fewer rows becomes the table.
    if (
      type === 'inner' &&
      broadcast === null &&
      isRight &&
      isLeft &&
      expectedRows(left, sizes) < expectedRows(right, sizes)
    ) {
      return swap(node, type, 'broadcast')
    }
    if (isRight && mayShare(type)) return join({ ...node, algorithm: 'broadcast' })
    if (isLeft && mayShare(swapped)) return swap(node, swapped, 'broadcast')
  }
  // Without keys there is one partition.
  if (forced === 'merge' || on.length === 0) return join({ ...node, algorithm: 'merge' })
  if (isRight) return join({ ...node, algorithm: 'hash' })
  if (isLeft) return swap(node, swapped, 'hash')
  // Of two large sides. Sorting them takes about as long as tables do, and much less than tables that memory has no room for.
  return join({ ...node, algorithm: forced === 'hash' ? 'hash' : 'merge' })
}

/** Where all tasks share a table, none of them knows which of its rows have no match anywhere. */
function mayShare(type: JoinType): boolean {
  return type !== 'right' && type !== 'full'
}

/** What a join is with its sides in each other's place. */
const SWAPPED: Partial<Record<JoinType, JoinType>> = { inner: 'inner', left: 'right', right: 'left', full: 'full' }

function swap(node: JoinNode, type: JoinType, algorithm: Algorithm): Logical {
  const swapped = join({
    left: node.right,
    right: node.left,
    type,
    on: node.on.map((pair) => ({ left: pair.right, right: pair.left })),
    residual: node.residual,
    broadcast: node.broadcast === null ? null : node.broadcast === 'left' ? 'right' : 'left',
    algorithm,
    isSwapped: !node.isSwapped,
  })
  return project(swapped, unchanged(node.columns))
}

function isSmall(node: Logical, other: Logical, sizes: Sizes): boolean {
  const size = mostOf(node, sizes)
  if (size === null || size.bytes > MAX_SMALL_BYTES || size.rows > MAX_SMALL_ROWS) return false
  const rows = expectedRows(node, sizes)
  return rows <= OFTEN_SMALL_ROWS || LEAST_RATIO * rows <= expectedRows(other, sizes)
}
