/** Expressions as the builder makes them: names that are not looked up yet, and no types. Plain data, except for literals. */
import type { UserFunction } from '../../plan/made.js'
import type { GroupFn, WindowFn } from '../../plan/plan.js'
import type { Column, MayBeExact, Type } from '../../plan/type.js'

export type Untyped =
  | UntypedColumn
  | UntypedLiteral
  | UntypedCall
  | UntypedUdf
  | UntypedCast
  | UntypedAlias
  | UntypedWindow
  | UntypedExplode

/** A column, or a field of a struct: `address.city`. */
export interface UntypedColumn {
  kind: 'column'
  name: string
}

export interface UntypedLiteral {
  kind: 'literal'
  /** null, boolean, number, bigint, string, Date, Uint8Array, or an array of these. */
  value: unknown
  /** Absent: what the other side of an operator asks for, else the value's own. */
  type?: Type
}

export interface UntypedCall {
  kind: 'call'
  /** A name in the catalogue. */
  fn: string
  args: Untyped[]
}

/** A call of a function of the user's. */
export interface UntypedUdf {
  kind: 'udf'
  made: UserFunction
  /** What it gives; nameless. */
  result: Column
  args: Untyped[]
}

export interface UntypedCast extends MayBeExact {
  kind: 'cast'
  arg: Untyped
  to: Type
  /** Whether a value that does not fit becomes null. */
  try: boolean
}

export interface UntypedAlias {
  kind: 'alias'
  arg: Untyped
  name: string
}

/** Aggregates as they are asked for: some are others of something else. */
export type AggregateName = GroupFn | 'countIf' | 'boolAnd' | 'boolOr'

/** A window function. Only what makes columns of a frame may have it. */
export interface UntypedWindow {
  kind: 'window'
  fn: WindowFn | AggregateName
  args: Untyped[]
  /** `topK`: the smallest, not the largest. */
  ascending: boolean
  partition: Untyped[]
  order: SortTree[]
  /** null: by default. */
  frame: UntypedFrame | null
}

/** A column of the rows that are made of a list's elements. Only what makes columns of a frame may have it, as a whole column. */
export interface UntypedExplode {
  kind: 'explode'
  list: Untyped
  /** Whether a row without elements comes out once, with nulls. */
  outer: boolean
  part: 'position' | 'element'
}

/** The current row is 0; where a partition begins and ends is at an infinite distance. */
export interface UntypedFrame {
  unit: 'rows' | 'range'
  start: number | string
  end: number | string
}

export interface SortTree {
  value: Untyped
  descending: boolean
  nullsFirst: boolean
}

/** The same text for equal expressions. */
export function treeKey(tree: Untyped): string {
  return JSON.stringify(tree, (_, value) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
      ? `${typeof value} ${value}`
      : value,
  )
}

/** The expressions that one is made of. */
export function partsOf(tree: Untyped): readonly Untyped[] {
  switch (tree.kind) {
    case 'call':
    case 'udf':
      return tree.args
    case 'cast':
    case 'alias':
      return [tree.arg]
    case 'explode':
      return [tree.list]
    case 'window':
      return [...tree.args, ...tree.partition, ...tree.order.map(({ value }) => value)]
    default:
      return []
  }
}

/** The same expression with other parts: each is one of partsOf(). */
export function withParts(tree: Untyped, other: (part: Untyped) => Untyped): Untyped {
  switch (tree.kind) {
    case 'call':
    case 'udf':
      return { ...tree, args: tree.args.map(other) }
    case 'cast':
    case 'alias':
      return { ...tree, arg: other(tree.arg) }
    case 'explode':
      return { ...tree, list: other(tree.list) }
    case 'window':
      return {
        ...tree,
        args: tree.args.map(other),
        partition: tree.partition.map(other),
        order: tree.order.map((one) => ({ ...one, value: other(one.value) })),
      }
    default:
      return tree
  }
}
