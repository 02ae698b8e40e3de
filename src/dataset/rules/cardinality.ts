/** How many rows and bytes come out of a plan's nodes: at most, and as a guess. */
import { isFixed } from '../../plan/table_rows.js'
import type { JoinNode, Logical, ReadNode } from '../logical.js'
import { inputsOfNode } from '../logical.js'
import type { ReadQuery } from '../query.js'
import { type ColumnValues, shareOf } from './selectivity.js'

/** Of what is read, not compressed. */
export interface Size {
  bytes: number
  /** At most. */
  rows: number
  /** How well the rows are known: by the files themselves, or counted; absent: there may be far less of them. */
  counted?: 'exactly' | 'nearly'
  /** Of the columns, where they are apart in the files: only those that are asked for count. */
  columns?: ReadonlyMap<string, ColumnSize>
}

export interface ColumnSize extends ColumnValues {
  bytes: number
  /** Whether no two rows seem to have the same value: a wrong answer costs time, and nothing else. */
  isUnique: boolean
}

/** Sizes of reads; what is missing is large. */
export type Sizes = ReadonlyMap<ReadQuery, Size>

/** Of nodes, for the same sizes: each is asked about by every join above it. */
interface Known {
  most: WeakMap<Logical, Size | null>
  expected: WeakMap<Logical, number>
}

const known = new WeakMap<Sizes, Known>()

function knownFor(sizes: Sizes): Known {
  const found = known.get(sizes) ?? { most: new WeakMap(), expected: new WeakMap() }
  known.set(sizes, found)
  return found
}

/** What comes out is not much more than that; null: no one knows. */
export function mostOf(node: Logical, sizes: Sizes): Size | null {
  const { most } = knownFor(sizes)
  const size = most.get(node)
  if (size !== undefined) return size
  const made = measuredMost(node, sizes)
  most.set(node, made)
  return made
}

function measuredMost(node: Logical, sizes: Sizes): Size | null {
  switch (node.kind) {
    case 'read':
      return mostRead(node, sizes)
    case 'elements':
      return null
    case 'join':
      return mostJoined(node, sizes)
    case 'explode': {
      const size = node.most === 0 ? null : mostOf(node.input, sizes)
      return size && { bytes: size.bytes * node.most, rows: size.rows * node.most }
    }
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

/** Where columns are apart, numbers are left out: they take what their types say. */
function mostRead({ source, columns }: ReadNode, sizes: Sizes): Size | null {
  const size = sizes.get(source) ?? null
  if (!size?.columns) return size
  const long = columns.filter(({ type }) => !isFixed(type))
  const bytes = long.reduce((sum, { name }) => sum + (size.columns!.get(name)?.bytes ?? 0), 0)
  return { bytes, rows: size.rows }
}

/** Where the keys of one side are unique, no row of the other comes out twice. */
function mostJoined({ left, right, type, on }: JoinNode, sizes: Sizes): Size | null {
  if (type === 'semi' || type === 'anti') return mostOf(left, sizes)
  const options: Size[] = []
  const add = (kept: Logical, added: Logical, keys: string[]) => {
    if (!isUniqueBeside(added, keys, kept, sizes)) return
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

/** Several columns that a join compares are likely to be the whole key of the side with fewer rows. */
function isUniqueBeside(node: Logical, names: readonly string[], other: Logical, sizes: Sizes): boolean {
  if (isUnique(node, names, sizes)) return true
  const [most, others] = [mostOf(node, sizes), mostOf(other, sizes)]
  return names.length > 1 && most !== null && others !== null && most.rows <= others.rows
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
    case 'elements':
    case 'explode':
    case 'union':
      return false
  }
}

/** A guess, for what costs time and nothing else: as mostOf(), but for what filters let through. Infinity: no one knows. */
export function expectedRows(node: Logical, sizes: Sizes): number {
  const { expected } = knownFor(sizes)
  const rows = expected.get(node) ?? guessedRows(node, sizes)
  expected.set(node, rows)
  return rows
}

function guessedRows(node: Logical, sizes: Sizes): number {
  switch (node.kind) {
    case 'read':
      return sizes.get(node.source)?.rows ?? Number.POSITIVE_INFINITY
    case 'elements':
      return Number.POSITIVE_INFINITY
    case 'filter':
      return shareOf(node.where, (name) => columnOf(node.input, name, sizes)) * expectedRows(node.input, sizes)
    case 'limit':
      return Math.min(node.count, expectedRows(node.input, sizes))
    case 'aggregate':
      return node.by.length === 0 ? 1 : GROUPS * expectedRows(node.input, sizes)
    case 'explode':
      return Math.max(1, node.most) * expectedRows(node.input, sizes)
    case 'join':
      return expectedJoined(node, sizes)
    default:
      return inputsOfNode(node).reduce((sum, input) => sum + expectedRows(input, sizes), 0)
  }
}

/** Each row is taken to have a match, unless a filter may have removed it. */
function expectedJoined({ left, right, type, on }: JoinNode, sizes: Sizes): number {
  const [own, other] = [expectedRows(left, sizes), expectedRows(right, sizes)]
  const keys = (side: 'left' | 'right') => on.map((pair) => pair[side])
  switch (type) {
    case 'semi':
      return own * shareLeft(right, sizes)
    case 'anti':
    case 'left':
      return own
    case 'right':
      return other
    case 'full':
      return own + other
    case 'inner':
      if (isUniqueBeside(right, keys('right'), left, sizes)) return own * shareLeft(right, sizes)
      if (isUniqueBeside(left, keys('left'), right, sizes)) return other * shareLeft(left, sizes)
      return Math.max(own, other)
  }
}

/** Of the rows that could come out, those that filters let through. */
export function shareLeft(node: Logical, sizes: Sizes): number {
  const most = groupsAmong(node, mostOf(node, sizes)?.rows ?? Number.POSITIVE_INFINITY)
  return Number.isFinite(most) && most > 0 ? Math.min(1, expectedRows(node, sizes) / most) : 1
}

/** Of the rows that a node may have at most: those of which there are likely to be groups, where it groups. */
function groupsAmong(node: Logical, rows: number): number {
  switch (node.kind) {
    case 'aggregate':
      return node.by.length === 0 ? rows : GROUPS * groupsAmong(node.input, rows)
    case 'filter':
    case 'project':
    case 'sort':
    case 'window':
      return groupsAmong(node.input, rows)
    default:
      return rows
  }
}

/** Of rows: a guess where nothing is known of their keys. */
const GROUPS = 1 / 4

/** What is known of a column whose values a node only hands on. */
function columnOf(node: Logical, name: string, sizes: Sizes): ColumnSize | null {
  switch (node.kind) {
    case 'read':
      return sizes.get(node.source)?.columns?.get(name) ?? null
    case 'filter':
    case 'sort':
    case 'limit':
    case 'window':
    case 'aggregate':
      return columnOf(node.input, name, sizes)
    case 'project': {
      const value = node.values.find((own) => own.name === name)?.value
      return value?.op === 'column' ? columnOf(node.input, value.name, sizes) : null
    }
    case 'join':
      return columnOf(node.left, name, sizes) ?? columnOf(node.right, name, sizes)
    case 'elements':
    case 'explode':
    case 'union':
      return null
  }
}
