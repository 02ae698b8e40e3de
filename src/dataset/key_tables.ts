/**
 * Tables of joins whose keys say which rows are of use further down, in other stages: a row without a match there comes out of no join, so it
 * need not go into an exchange.
 *
 * Only where nothing in between may fail: an error must not depend on them.
 */
import type { Type } from '../plan/type.js'
import type { AggregateNode, JoinNode, Logical } from './logical.js'
import { expectedRows, type Sizes, shareLeft } from './rules/cardinality.js'
import { cannotFail } from './rules/failing.js'

export interface KeyTable {
  /** Whose right side is the table. */
  join: JoinNode
  /** Columns of the rows that are of use only with a match, and those of the table. */
  on: readonly { column: string; key: string }[]
}

/** Of a table's possible rows, so many must be missing: else most rows have a match. */
const LARGEST_SHARE = 1 / 2
/** The table is made once more: rows that may be dropped must be so many times as many. */
const LEAST_RATIO = 3

/** What the left side of a join with one table must match; null: nothing that would be worth it. */
export function keyTableOf(join: JoinNode, sizes: Sizes): KeyTable | null {
  const { type, algorithm, on, right } = join
  if (algorithm !== 'broadcast' || on.length === 0 || (type !== 'inner' && type !== 'semi')) return null
  if (shareLeft(right, sizes) > LARGEST_SHARE) return null
  return { join, on: on.map((pair) => ({ column: pair.left, key: pair.right })) }
}

export function isWorth({ join }: KeyTable, node: Logical, sizes: Sizes): boolean {
  return LEAST_RATIO * expectedRows(join.right, sizes) <= expectedRows(node, sizes)
}

/** The same table for rows whose columns have other names. */
function renamed(table: KeyTable, nameOf: (column: string) => string | undefined): KeyTable[] {
  const on = table.on.flatMap(({ column, key }) => {
    const name = nameOf(column)
    return name === undefined ? [] : [{ column: name, key }]
  })
  return on.length === 0 ? [] : [{ join: table.join, on }]
}

/** Of the tables that a node's rows must match, those that say something of its input's rows, where these are dropped unnoticed. */
export function keysBelow(node: Logical, tables: readonly KeyTable[]): readonly KeyTable[] {
  switch (node.kind) {
    case 'filter':
      return !node.leftOut && cannotFail(node.where) ? tables : []
    case 'project':
      if (!node.values.every(({ value }) => cannotFail(value))) return []
      return tables.flatMap((table) =>
        renamed(table, (column) => {
          const value = node.values.find(({ name }) => name === column)?.value
          return value?.op === 'column' ? value.name : undefined
        }),
      )
    case 'aggregate':
      if (!node.values.every(isSafe)) return []
      return tables.flatMap((table) => renamed(table, (column) => (node.by.includes(column) ? column : undefined)))
    case 'union':
      return tables
    default:
      return []
  }
}

/** Whether an aggregate has a value for whatever rows. */
function isSafe({ fn, args, column }: AggregateNode['values'][number]): boolean {
  if (!args.every(cannotFail)) return false
  if (fn === 'sum' || fn === 'avg') return column.type === 'double' || hasRoom(column.type)
  return fn === 'count' || fn === 'min' || fn === 'max' || fn === 'countDistinct'
}

/** The sum of decimals has ten digits more than they have, and their average four, unless that would be more than 38. */
function hasRoom(type: Type): boolean {
  return typeof type === 'object' && type.type === 'decimal' && type.precision < 38
}

/** The same for a side of a join: of columns that are equal, both must match. */
export function keysOfSide(node: JoinNode, side: 'left' | 'right', tables: readonly KeyTable[]): readonly KeyTable[] {
  const { type, on, residual } = node
  if (residual !== null && !cannotFail(residual)) return []
  // Else rows come out without a row of that side.
  const isInAll = side === 'left' ? type !== 'right' && type !== 'full' : type === 'inner' || type === 'right'
  if (!isInAll) return []
  const own = new Set(node[side].columns.map(({ name }) => name))
  const equal = new Map(
    type === 'inner' ? on.map((pair) => (side === 'left' ? [pair.right, pair.left] : [pair.left, pair.right])) : [],
  )
  return tables.flatMap((table) => renamed(table, (column) => (own.has(column) ? column : equal.get(column))))
}

/** Tables that all rows of a node have a match in. */
function keysMatched(node: Logical, sizes: Sizes): readonly KeyTable[] {
  switch (node.kind) {
    case 'filter':
    case 'sort':
    case 'limit':
      return keysMatched(node.input, sizes)
    case 'project':
      return keysMatched(node.input, sizes).flatMap((table) =>
        renamed(
          table,
          (column) => node.values.find(({ value }) => value.op === 'column' && value.name === column)?.name,
        ),
      )
    case 'join': {
      const { type } = node
      if (type === 'right' || type === 'full') return []
      const own = keyTableOf(node, sizes)
      // What comes of the table is in it.
      const same = own && type === 'inner' ? [{ join: node, on: own.on.map(({ key }) => ({ column: key, key })) }] : []
      return [
        ...(own ? [own] : []),
        ...same,
        ...keysMatched(node.left, sizes),
        ...(type === 'inner' ? keysMatched(node.right, sizes) : []),
      ]
    }
    default:
      return []
  }
}

/** Tables that rows of a join's right side must match, because those of the left side do. */
export function keysOfMatches(node: JoinNode, sizes: Sizes): readonly KeyTable[] {
  const { type, left, on } = node
  if (type === 'right' || type === 'full' || on.length === 0) return []
  return keysMatched(left, sizes).flatMap((table) =>
    renamed(table, (column) => on.find((pair) => pair.left === column)?.right),
  )
}
