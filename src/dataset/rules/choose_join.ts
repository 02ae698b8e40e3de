/** How each join finds what matches: with a table of a small side, for all tasks or for each partition, or with both sides sorted. */
import type { JoinType } from '../../plan/plan.js'
import type { Algorithm, JoinNode, Logical } from '../logical.js'
import { inputsOfNode, join, project, unchanged, withInputs } from '../logical.js'
import { expectedRows, mostOf, type Sizes, shareLeft } from './cardinality.js'
import { cannotFail } from './failing.js'

/** A side of more bytes is not small... */
export const MAX_SMALL_BYTES = 256 * 2 ** 20
/** ...nor one of more rows: a row takes about 100 bytes of a table, however short it is. */
export const MAX_SMALL_ROWS = 2_000_000
/** A side that is likely to have more rows is small only beside one with... */
const OFTEN_SMALL_ROWS = 1_000_000
/** ...so many times as many: one thread makes the table, all of them look into it. */
const LEAST_RATIO = 3
/** A side that could have so many times more rows is small as well, if filters are likely to leave few of its rows... */
const OFTEN_FILTERED = 4
/** ...and the other side to have so many times as many. */
const FILTERED_RATIO = 2

interface Choice {
  sizes: Sizes
  /** For all joins, where their type allows it. */
  forced: Algorithm | null
  /** Whether a side may be computed a second time, which must not show. */
  mayReadTwice: boolean
}

export function chooseJoin(node: Logical, choice: Choice): Logical {
  const made = withInputs(
    node,
    inputsOfNode(node).map((input) => chooseJoin(input, choice)),
  )
  return made.kind === 'join' ? chosen(made, choice) : made
}

function chosen(node: JoinNode, { sizes, forced, mayReadTwice }: Choice): Logical {
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
  if (forced === null && mayReadTwice && mayDropUnmatched(node, sizes))
    return join({ ...node, right: matchedRight(node), algorithm: 'merge' })
  // Without keys there is one partition.
  if (forced === 'merge' || on.length === 0) return join({ ...node, algorithm: 'merge' })
  if (isRight) return join({ ...node, algorithm: 'hash' })
  if (isLeft) return swap(node, swapped, 'hash')
  // Of two large sides. Sorting them takes about as long as tables do, and much less than tables that memory has no room for.
  return join({ ...node, algorithm: forced === 'hash' ? 'hash' : 'merge' })
}

/** Of a small side's rows, those that filters let through, if the other side's rows without a match are worth being dropped. */
const LARGEST_SHARE = 1 / 2

/** Whether the left side, which cannot be the table of such a join, is a table by which most rows of the right side can be dropped before. */
function mayDropUnmatched({ left, right, type, on, broadcast }: JoinNode, sizes: Sizes): boolean {
  if ((type !== 'semi' && type !== 'anti') || on.length === 0 || broadcast !== null) return false
  return isCheap(left) && isSmall(left, right, sizes) && shareLeft(left, sizes) <= LARGEST_SHARE
}

/** Whether it costs little to compute it twice, and no one sees it. */
function isCheap(node: Logical): boolean {
  switch (node.kind) {
    case 'read':
      return true
    case 'filter':
      return !node.leftOut && cannotFail(node.where) && isCheap(node.input)
    case 'project':
      return node.values.every(({ value }) => cannotFail(value)) && isCheap(node.input)
    default:
      return false
  }
}

function matchedRight({ left, right, on }: JoinNode): Logical {
  const keys = new Set(on.map((pair) => pair.left))
  return join({
    left: right,
    right: project(left, unchanged(left.columns.filter(({ name }) => keys.has(name)))),
    type: 'semi',
    on: on.map((pair) => ({ left: pair.right, right: pair.left })),
    residual: null,
    broadcast: null,
    algorithm: 'broadcast',
    isSwapped: false,
  })
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
  if (size === null) return false
  const [rows, others] = [expectedRows(node, sizes), expectedRows(other, sizes)]
  if (size.bytes <= MAX_SMALL_BYTES && size.rows <= MAX_SMALL_ROWS) {
    return rows <= OFTEN_SMALL_ROWS || LEAST_RATIO * rows <= others
  }
  const bytes = size.bytes * shareLeft(node, sizes)
  const isFiltered = size.rows <= OFTEN_FILTERED * MAX_SMALL_ROWS && bytes <= MAX_SMALL_BYTES
  return isFiltered && rows <= OFTEN_SMALL_ROWS && FILTERED_RATIO * rows <= others
}
