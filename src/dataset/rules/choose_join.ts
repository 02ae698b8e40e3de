/** How each join finds what matches: with a table of a small side, for all tasks or for each partition, or with both sides sorted. */
import type { JoinType } from '../../plan/plan.js'
import { LEAST_TABLE_ROW_BYTES, tableRow } from '../../plan/table_rows.js'
import type { Algorithm, JoinNode, Logical } from '../logical.js'
import { inputsOfNode, join, project, unchanged, withInputs } from '../logical.js'
import { expectedRows, mostOf, type Sizes, shareLeft } from './cardinality.js'
import { filteredSide } from './filter_side.js'

/** A side whose table takes more memory than that is not small. */
export const MAX_SMALL_BYTES = 256 * 2 ** 20
/** Nor one of more rows. */
export const MAX_SMALL_ROWS = MAX_SMALL_BYTES / LEAST_TABLE_ROW_BYTES
/** A side that is likely to have more rows is small only beside one with as many: one thread makes the table, all of them look into it. */
const OFTEN_SMALL_ROWS = 1_000_000
/** A side whose table could take so many times more is small as well, if filters are likely to leave little of it... */
const OFTEN_FILTERED = 64
/** ...and the other side to have so many times as many rows. */
const FILTERED_RATIO = 2

interface Choice {
  sizes: Sizes
  /** For all joins, where their type allows it. */
  forced: Algorithm | null
}

export function chooseJoin(node: Logical, choice: Choice): Logical {
  const made = withInputs(
    node,
    inputsOfNode(node).map((input) => chooseJoin(input, choice)),
  )
  return made.kind === 'join' ? chosen(made, choice) : made
}

function chosen(node: JoinNode, { sizes, forced }: Choice): Logical {
  const { left, right, type, on, broadcast } = node
  const swapped = SWAPPED[type]
  const wants = (side: 'left' | 'right') => broadcast === side || (broadcast === null && forced === 'broadcast')
  const keys = { left: on.map((pair) => pair.left), right: on.map((pair) => pair.right) }
  const isRight = wants('right') || (broadcast === null && isSmall(right, keys.right, left, sizes))
  const isLeft = swapped !== undefined && (wants('left') || isSmall(left, keys.left, right, sizes))
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
  const merged = (node: JoinNode) =>
    join({ ...node, algorithm: 'merge', filtered: filteredSide(node, sizes, forced === 'merge') })
  // Without keys there is one partition.
  if (forced === 'merge' || on.length === 0) return merged(node)
  if (isRight) return join({ ...node, algorithm: 'hash' })
  if (isLeft) return swap(node, swapped, 'hash')
  // Of two large sides. Sorting them takes about as long as tables do, and much less than tables that memory has no room for.
  return forced === 'hash' ? join({ ...node, algorithm: 'hash' }) : merged(node)
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

/** @param keys by which rows of the table are found */
function isSmall(node: Logical, keys: readonly string[], other: Logical, sizes: Sizes): boolean {
  const size = mostOf(node, sizes)
  if (size === null || size.rows === Number.POSITIVE_INFINITY) return false
  const row = tableRow(node.columns, keys)
  const bytes = size.rows * row.bytes + size.bytes * row.copies
  const [rows, others] = [expectedRows(node, sizes), expectedRows(other, sizes)]
  if (bytes <= MAX_SMALL_BYTES) return rows <= OFTEN_SMALL_ROWS || rows <= others
  const isFiltered = shareLeft(node, sizes) * bytes <= MAX_SMALL_BYTES
  return isFiltered && bytes <= OFTEN_FILTERED * MAX_SMALL_BYTES && FILTERED_RATIO * rows <= others
}
