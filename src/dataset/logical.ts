/**
 * The logical plan: what a query means, with all names found and all types known. Immutable plain nodes; expressions name columns of the
 * node's input. The optimiser (optimize.ts) turns one into another with the same answer; lower.ts makes stages of it.
 */
import type { Query as Elements } from '../collection/query.js'
import { exploded } from '../plan/columns.js'
import type { Expression, NamedExpression, SortKey } from '../plan/expression.js'
import type { GroupValue, JoinType, RankLimit, WindowValue } from '../plan/plan.js'
import { type Column, markOf } from '../plan/type.js'
import type { ReadQuery } from './query.js'

export type Logical =
  | ReadNode
  | ElementsNode
  | FilterNode
  | ProjectNode
  | ExplodeNode
  | AggregateNode
  | WindowNode
  | JoinNode
  | SortNode
  | LimitNode
  | UnionNode

interface Node {
  /** Of the result; no two have the same name. */
  readonly columns: readonly Column[]
}

export interface ReadNode extends Node {
  readonly kind: 'read'
  readonly source: ReadQuery
  /** Those of its columns, behind those of the files, that the files' folders give. */
  readonly folders: readonly string[]
  /** The last of its columns, if that is which row of all files it is; null: none is. */
  readonly place: string | null
  /** Name of the plan's input, where it is only some of the source's files; null: all. */
  readonly files: string | null
}

/** Elements of a collection. */
export interface ElementsNode extends Node {
  readonly kind: 'elements'
  readonly collection: Elements
  /** Whether the only column has encoded elements. */
  readonly encoded: boolean
  /** The last of its columns, if that is which element of all it is; null: none is. */
  readonly place: string | null
}

export interface FilterNode extends Node {
  readonly kind: 'filter'
  readonly input: Logical
  readonly where: Expression
  /** Whether rows that do not pass are told of. */
  readonly leftOut: boolean
}

export interface ProjectNode extends Node {
  readonly kind: 'project'
  readonly input: Logical
  readonly values: readonly NamedExpression[]
}

/**
 * A row for each element of a list: the columns of `keep`, then its place from 0 on, if that is wanted, and the element. A list that is null or
 * empty makes no row; if `outer`, one with nulls.
 */
export interface ExplodeNode extends Node {
  readonly kind: 'explode'
  readonly input: Logical
  readonly list: Expression
  readonly outer: boolean
  /** So many elements has a row at most; 0: that is not known. */
  readonly most: number
  readonly keep: readonly string[]
  readonly position: Column | null
  readonly element: Column
}

/** The grouping columns, then the values, a row for each group; without grouping columns one row, whatever comes in. */
export interface AggregateNode extends Node {
  readonly kind: 'aggregate'
  readonly input: Logical
  readonly by: readonly string[]
  readonly values: readonly GroupValue[]
}

/** All columns, then the values. Rows come out by partition, and there in the order of the window; equal ones in that of the input. */
export interface WindowNode extends Node {
  readonly kind: 'window'
  readonly input: Logical
  readonly partition: readonly string[]
  readonly order: readonly SortKey[]
  /** At least one. */
  readonly values: readonly WindowValue[]
  /** Rows of a larger rank may be missing. */
  readonly rankLimit?: RankLimit
}

/** All columns of the left side, then of the right side unless `semi` or `anti`. No name is on both sides. */
export interface JoinNode extends Node {
  readonly kind: 'join'
  readonly left: Logical
  readonly right: Logical
  readonly type: JoinType
  /** Columns that must be equal. */
  readonly on: readonly { readonly left: string; readonly right: string }[]
  /** What else must hold, over the columns of both sides. */
  readonly residual: Expression | null
  /** A side that the user wants to be held in memory. */
  readonly broadcast: 'left' | 'right' | null
  /** null: not chosen yet. */
  readonly algorithm: Algorithm | null
  /** With `merge`: the side whose rows are filtered by the keys of the other one, which comes first. Absent: neither. */
  readonly filtered?: 'left' | 'right' | null
  /** The sides have changed places. */
  readonly isSwapped?: boolean
  /** It is in the plan more than once: its rows are for several stages. */
  readonly isShared?: boolean
}

/**
 * How a join finds what matches. `broadcast`: all tasks look into one table of the right side. `hash`: both sides are partitioned by their
 * keys, and each partition has a table of the right side. `merge`: both sides are sorted by their keys.
 */
export type Algorithm = 'broadcast' | 'hash' | 'merge'

export interface SortNode extends Node {
  readonly kind: 'sort'
  readonly input: Logical
  readonly keys: readonly SortKey[]
}

export interface LimitNode extends Node {
  readonly kind: 'limit'
  readonly input: Logical
  readonly count: number
}

/** The rows of each input in turn. All have the same columns. */
export interface UnionNode extends Node {
  readonly kind: 'union'
  readonly inputs: readonly Logical[]
}

export function inputsOfNode(node: Logical): readonly Logical[] {
  switch (node.kind) {
    case 'read':
    case 'elements':
      return []
    case 'union':
      return node.inputs
    case 'join':
      return [node.left, node.right]
    default:
      return [node.input]
  }
}

/** The same node over other inputs, which have the columns that it needs. */
export function withInputs(node: Logical, inputs: readonly Logical[]): Logical {
  const [input, second] = inputs as [Logical, Logical]
  if (inputsOfNode(node).every((old, i) => old === inputs[i])) return node
  switch (node.kind) {
    case 'read':
    case 'elements':
      return node
    case 'union':
      return union(inputs)
    case 'join':
      return join({ ...node, left: input, right: second })
    case 'filter':
      return filter(input, node.where, node.leftOut)
    case 'project':
      return project(input, node.values)
    case 'explode':
      return explode({ ...node, input })
    case 'aggregate':
      return aggregate(input, node.by, node.values)
    case 'window':
      return window({ ...node, input })
    case 'sort':
      return { ...node, input, columns: input.columns }
    case 'limit':
      return { ...node, input, columns: input.columns }
  }
}

export function filter(input: Logical, where: Expression, leftOut = false): FilterNode {
  return { kind: 'filter', input, where, leftOut, columns: input.columns }
}

export function project(input: Logical, values: readonly NamedExpression[]): ProjectNode {
  const columns = values.map(({ name, value }): Column => {
    const nullable = value.op === 'literal' ? value.value === null : value.nullable
    return { name, type: value.type, nullable, ...markOf(value) }
  })
  return { kind: 'project', input, values, columns }
}

export function explode(parts: Omit<ExplodeNode, 'kind' | 'columns'>): ExplodeNode {
  const { input, list, outer, most, keep, position, element } = parts
  const columns = exploded(input.columns, { keep: [...keep], position, element })
  return { kind: 'explode', input, list, outer, most, keep, position, element, columns }
}

export function aggregate(input: Logical, by: readonly string[], values: readonly GroupValue[]): AggregateNode {
  const columns = [...by.map((name) => columnNamed(input.columns, name)), ...values.map(({ column }) => column)]
  return { kind: 'aggregate', input, by, values, columns }
}

export function window(parts: Omit<WindowNode, 'kind' | 'columns'>): WindowNode {
  const { input, partition, order, values, rankLimit } = parts
  const columns = [...input.columns, ...values.map(({ column }) => column)]
  return { kind: 'window', input, partition, order, values, columns, ...(rankLimit && { rankLimit }) }
}

export function join(parts: Omit<JoinNode, 'kind' | 'columns'>): JoinNode {
  const { left, right, type } = parts
  const missing = (columns: readonly Column[], may: boolean): readonly Column[] =>
    may ? columns.map((column) => ({ ...column, nullable: true })) : columns
  const columns =
    type === 'semi' || type === 'anti'
      ? left.columns
      : [
          ...missing(left.columns, type === 'right' || type === 'full'),
          ...missing(right.columns, type === 'left' || type === 'full'),
        ]
  const { on, residual, broadcast, algorithm, filtered = null, isSwapped = false, isShared = false } = parts
  return { kind: 'join', left, right, type, on, residual, broadcast, algorithm, filtered, isSwapped, isShared, columns }
}

/** A column may be null if it may be in one of the inputs. */
export function union(inputs: readonly Logical[]): UnionNode {
  const columns = inputs[0]!.columns.map((column, i) => ({
    ...column,
    nullable: inputs.some((input) => input.columns[i]!.nullable),
  }))
  return { kind: 'union', inputs, columns }
}

export function columnNamed(columns: readonly Column[], name: string): Column {
  return columns.find((column) => column.name === name)!
}

export function columnOf(column: Column): Expression {
  const { name, type, nullable } = column
  return { op: 'column', name, type, nullable, ...markOf(column) }
}

/** All these columns, unchanged. */
export function unchanged(columns: readonly Column[]): NamedExpression[] {
  return columns.map((column) => ({ name: column.name, value: columnOf(column) }))
}
