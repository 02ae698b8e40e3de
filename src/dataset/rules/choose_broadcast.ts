/** A small side of a join is held in memory: then neither side is sorted. */
import { inputsOfNode, type JoinNode, join, type Logical, project, unchanged, withInputs } from '../logical.js'
import type { ReadQuery } from '../query.js'

/** Of what is read, not compressed. */
export interface Size {
  bytes: number
  /** At most. */
  rows: number
}

/** Sizes of reads; what is missing is not small. */
export type Sizes = ReadonlyMap<ReadQuery, Size>

/** A side with more bytes is not small. */
const MAX_BROADCAST_BYTES = 32 * 2 ** 20
/** Nor is one with more rows: a row takes 100 bytes and more in memory, however short it is. */
const MAX_BROADCAST_ROWS = 1_000_000

export function chooseBroadcast(node: Logical, sizes: Sizes, maxBytes: number = MAX_BROADCAST_BYTES): Logical {
  const made = withInputs(
    node,
    inputsOfNode(node).map((input) => chooseBroadcast(input, sizes, maxBytes)),
  )
  return made.kind === 'join' ? chosen(made, (side) => isSmall(side, sizes, maxBytes)) : made
}

function chosen(node: JoinNode, isSmall: (side: Logical) => boolean): Logical {
  const { type, left, right } = node
  const wanted = node.broadcast ?? (isSmall(right) ? 'right' : isSmall(left) ? 'left' : null)
  const holdsRight = type === 'inner' || type === 'left' || type === 'semi' || type === 'anti'
  if (holdsRight && (wanted === 'right' || (node.broadcast === null && isSmall(right)))) {
    return join({ ...node, broadcast: 'right' })
  }
  // The sides change places.
  if ((type === 'inner' || type === 'right') && (wanted === 'left' || isSmall(left))) {
    const swapped = join({
      left: right,
      right: left,
      type: type === 'right' ? 'left' : 'inner',
      on: node.on.map((pair) => ({ left: pair.right, right: pair.left })),
      residual: node.residual,
      broadcast: 'right',
    })
    return project(swapped, unchanged(node.columns))
  }
  return join({ ...node, broadcast: null })
}

function isSmall(node: Logical, sizes: Sizes, maxBytes: number): boolean {
  const size = mostOf(node, sizes)
  return size !== null && size.bytes <= maxBytes && size.rows <= MAX_BROADCAST_ROWS
}

/** What comes out is not much more than that; null: no one knows. */
function mostOf(node: Logical, sizes: Sizes): Size | null {
  switch (node.kind) {
    case 'read':
      return sizes.get(node.source) ?? null
    case 'join':
      // A semi or anti join gives no more than its left side; others may multiply.
      return node.type === 'semi' || node.type === 'anti' ? mostOf(node.left, sizes) : null
    default: {
      const total: Size = { bytes: 0, rows: 0 }
      for (const input of inputsOfNode(node)) {
        const size = mostOf(input, sizes)
        if (size === null) return null
        total.bytes += size.bytes
        total.rows += size.rows
      }
      return total
    }
  }
}
