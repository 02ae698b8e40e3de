/** How each join finds what matches: with a table of a small side, for all tasks or for each partition, or with both sides sorted. */
import type { JoinType } from '../../plan/plan.js'
import type { Algorithm, JoinNode, Logical, ReadNode } from '../logical.js'
import { inputsOfNode, join, project, unchanged, withInputs } from '../logical.js'
import type { ReadQuery } from '../query.js'

/** Of what is read, not compressed. */
export interface Size {
  bytes: number
  /** At most. */
  rows: number
  /** Of the columns, where they are apart in the files: only those that are asked for count. */
  columns?: ReadonlyMap<string, ColumnSize>
}

export interface ColumnSize {
  bytes: number
  /** Whether no two rows seem to have the same value: a wrong answer costs time, and nothing else. */
  isUnique: boolean
}

/** Sizes of reads; what is missing is large. */
export type Sizes = ReadonlyMap<ReadQuery, Size>

/** A side of more bytes is not small... */
export const MAX_SMALL_BYTES = 256 * 2 ** 20
/** ...nor one of more rows: a row takes about 100 bytes of a table, however short it is. */
export const MAX_SMALL_ROWS = 2_000_000

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
  const isRight = wants('right') || (broadcast === null && isSmall(right, sizes))
  const isLeft = swapped !== undefined && (wants('left') || isSmall(left, sizes))
  if (forced === null || forced === 'broadcast') {
    // Of two small sides, the one with fewer rows becomes the table.
    if (type === 'inner' && broadcast === null && isRight && isLeft && rowsOf(left, sizes) < rowsOf(right, sizes)) {
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
  })
  return project(swapped, unchanged(node.columns))
}

function isSmall(node: Logical, sizes: Sizes): boolean {
  const size = mostOf(node, sizes)
  return size !== null && size.bytes <= MAX_SMALL_BYTES && size.rows <= MAX_SMALL_ROWS
}

function rowsOf(node: Logical, sizes: Sizes): number {
  return mostOf(node, sizes)?.rows ?? Number.POSITIVE_INFINITY
}

/** What comes out is not much more than that; null: no one knows. */
function mostOf(node: Logical, sizes: Sizes): Size | null {
  switch (node.kind) {
    case 'read':
      return mostRead(node, sizes)
    case 'join':
      return mostJoined(node, sizes)
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

function mostRead({ source, columns }: ReadNode, sizes: Sizes): Size | null {
  const size = sizes.get(source) ?? null
  if (!size?.columns) return size
  const bytes = columns.reduce((sum, { name }) => sum + (size.columns!.get(name)?.bytes ?? 0), 0)
  return { bytes, rows: size.rows }
}

/** Where the keys of one side are unique, no row of the other comes out twice. */
function mostJoined({ left, right, type, on }: JoinNode, sizes: Sizes): Size | null {
  if (type === 'semi' || type === 'anti') return mostOf(left, sizes)
  const options: Size[] = []
  const add = (kept: Logical, added: Logical, keys: string[]) => {
    if (!isUnique(added, keys, sizes)) return
    const [own, other] = [mostOf(kept, sizes), mostOf(added, sizes)]
    if (own === null || other === null) return
    const perRow = other.bytes / Math.max(1, other.rows)
    options.push({ bytes: own.bytes + own.rows * perRow, rows: own.rows })
  }
  if (type === 'inner' || type === 'left') {
    add(
      left,
      right,
      on.map((pair) => pair.right),
    )
  }
  if (type === 'inner' || type === 'right') {
    add(
      right,
      left,
      on.map((pair) => pair.left),
    )
  }
  return options.length === 0 ? null : options.reduce((a, b) => (b.rows < a.rows ? b : a))
}

/** Whether no two rows seem to have the same values of these columns. */
function isUnique(node: Logical, names: readonly string[], sizes: Sizes): boolean {
  switch (node.kind) {
    case 'read':
      return names.some((name) => sizes.get(node.source)?.columns?.get(name)?.isUnique)
    case 'filter':
    case 'sort':
    case 'limit':
    case 'window':
      return isUnique(node.input, names, sizes)
    case 'project': {
      const plain = node.values.flatMap(({ name, value }) =>
        names.includes(name) && value.op === 'column' ? value.name : [],
      )
      return isUnique(node.input, plain, sizes)
    }
    case 'aggregate':
      return node.by.every((name) => names.includes(name))
    case 'join': {
      const { left, right, type, on } = node
      const isLeftUnique = isUnique(left, names, sizes)
      if (type === 'semi' || type === 'anti') return isLeftUnique
      if (type !== 'inner' && type !== 'left') return false
      const rightKeys = on.map((pair) => pair.right)
      if (isLeftUnique && isUnique(right, rightKeys, sizes)) return true
      const leftKeys = on.map((pair) => pair.left)
      return type === 'inner' && isUnique(right, names, sizes) && isUnique(left, leftKeys, sizes)
    }
    case 'union':
      return false
  }
}
