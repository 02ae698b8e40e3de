/**
 * A join that leaves few of many rows, and is there more than once, is computed once: its rows go into an exchange that several stages read.
 * Each place may need other columns of it.
 */
import {
  filter,
  inputsOfNode,
  type JoinNode,
  join,
  type Logical,
  type ProjectNode,
  project,
  unchanged,
  withInputs,
} from '../logical.js'
import type { ReadQuery } from '../query.js'
import { expectedRows, type Sizes } from './cardinality.js'
import { pruneColumns } from './prune_columns.js'

/** More rows are not worth being written: one task reads them. */
const MOST_ROWS = 100_000
/** One row of so many that are read. */
const LARGEST_SHARE = 1 / 50

export function shareJoins(plan: Logical, sizes: Sizes): Logical {
  const sources = new Map<ReadQuery, number>()
  const keys = new Map<Logical, string>()
  const alike = new Map<string, JoinNode[]>()
  const find = (node: Logical): void => {
    const key = node.kind === 'join' && isSelective(node, sizes) ? keyOf(node, sources) : null
    if (key !== null) {
      keys.set(node, key)
      alike.set(key, [...(alike.get(key) ?? []), node as JoinNode])
    }
    inputsOfNode(node).forEach(find)
  }
  find(plan)
  const shared = new Map<string, JoinNode>()
  for (const [key, nodes] of alike) {
    const one = nodes.length > 1 ? unitedAll(nodes) : null
    if (one !== null) shared.set(key, { ...one, isShared: true })
  }
  const replace = (node: Logical): Logical => {
    const one = shared.get(keys.get(node) ?? '')
    return one ? project(one, unchanged(node.columns)) : withInputs(node, inputsOfNode(node).map(replace))
  }
  return shared.size === 0 ? plan : replace(plan)
}

function isSelective(node: JoinNode, sizes: Sizes): boolean {
  const rows = expectedRows(node, sizes)
  return node.algorithm === 'broadcast' && rows <= MOST_ROWS && rows <= LARGEST_SHARE * mostRead(node, sizes)
}

function mostRead(node: Logical, sizes: Sizes): number {
  if (node.kind === 'read') return expectedRows(node, sizes)
  return Math.max(0, ...inputsOfNode(node).map((input) => mostRead(input, sizes)))
}

/** What it is but for its columns; null: something else than filters, projections and joins of whole files. */
function keyOf(node: Logical, sources: Map<ReadQuery, number>): string | null {
  const parts = inputsOfNode(node).map((input) => keyOf(input, sources))
  if (parts.includes(null)) return null
  switch (node.kind) {
    case 'read': {
      if (node.folders.length > 0 || node.place !== null) return null
      const source = sources.get(node.source) ?? sources.size
      sources.set(node.source, source)
      return JSON.stringify([source, node.files])
    }
    case 'filter':
      return node.leftOut ? null : JSON.stringify([node.where, parts])
    case 'project':
      return isOnlyFewer(node) ? parts[0]! : JSON.stringify([node.values, parts])
    case 'join': {
      const { type, on, residual, algorithm } = node
      return JSON.stringify([type, on, residual, algorithm, parts])
    }
    default:
      return null
  }
}

function isOnlyFewer({ values }: ProjectNode): boolean {
  return values.every(({ name, value }) => value.op === 'column' && value.name === name)
}

function withoutFewer(node: Logical): Logical {
  return node.kind === 'project' && isOnlyFewer(node) ? withoutFewer(node.input) : node
}

/** With the columns that any of them has; null: it would have a name twice. */
function unitedAll(nodes: readonly JoinNode[]): JoinNode | null {
  const all = nodes.reduce<Logical>(united, nodes[0]!)
  if (!hasOwnNames(all)) return null
  const names = new Set(nodes.flatMap(({ columns }) => columns.map(({ name }) => name)))
  const needed = pruneColumns(project(all, unchanged(all.columns.filter(({ name }) => names.has(name)))))
  const one = withoutFewer(needed)
  return one.kind === 'join' ? one : null
}

/** Two nodes of one key as one, with the columns of both. */
function united(one: Logical, other: Logical): Logical {
  const [a, b] = [withoutFewer(one), withoutFewer(other)]
  const [input, second] = inputsOfNode(a).map((own, i) => united(own, inputsOfNode(b)[i]!)) as [Logical, Logical]
  switch (a.kind) {
    case 'read': {
      const names = new Set(a.columns.map(({ name }) => name))
      return { ...a, columns: [...a.columns, ...b.columns.filter(({ name }) => !names.has(name))] }
    }
    case 'filter':
      return filter(input, a.where)
    case 'join':
      return join({ ...a, left: input, right: second })
    default:
      return withInputs(a, [input])
  }
}

/** No name is on both sides of a join, of those that were left out before as well. */
function hasOwnNames(node: Logical): boolean {
  return (
    new Set(node.columns.map(({ name }) => name)).size === node.columns.length && inputsOfNode(node).every(hasOwnNames)
  )
}
