/**
 * Which side of a join of sorted sides is filtered by the keys of the other one before it is sorted: rows without a match are of no use.
 * Whether there are few enough of these keys is seen when they are there (src/engine/tables.ts).
 */
import type { JoinNode, Logical } from '../logical.js'
import { expectedRows, type Sizes, shareLeft } from './cardinality.js'

type Side = 'left' | 'right'

/** The other side is waited for, and its keys are read once more: it should have so many times fewer rows... */
const LEAST_RATIO = 2
/** ...that are so small a part of those that filters could have let through: else most rows have a match. */
const LARGEST_SHARE = 1 / 2
/** Fewer rows are sorted in no time. */
const LEAST_ROWS = 1_000_000

/** @param always whatever it costs. null: neither */
export function filteredSide(node: JoinNode, sizes: Sizes, always: boolean): Side | null {
  const { left, right, type, on } = node
  if (on.length === 0) return null
  const sides = (['left', 'right'] as const).filter((side) => isDropped(type, side))
  if (always) return sides.toSorted((a, b) => expectedRows(node[b], sizes) - expectedRows(node[a], sizes))[0] ?? null
  return sides.find((side) => (side === 'left' ? isWorth(left, right, sizes) : isWorth(right, left, sizes))) ?? null
}

/** Whether rows of that side do not come out without a match. */
function isDropped(type: JoinNode['type'], side: Side): boolean {
  return side === 'left' ? type === 'inner' || type === 'semi' || type === 'right' : type !== 'right' && type !== 'full'
}

function isWorth(side: Logical, other: Logical, sizes: Sizes): boolean {
  const rows = expectedRows(side, sizes)
  return (
    rows >= LEAST_ROWS && LEAST_RATIO * expectedRows(other, sizes) <= rows && shareLeft(other, sizes) <= LARGEST_SHARE
  )
}
