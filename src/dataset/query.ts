/** What a data frame was asked for: immutable plain nodes. Names are not looked up yet, and types are not known (analyze.ts). */
import { type Query as Elements, framesIn } from '../collection/query.js'
import { hasMadeFunctions, isUserFunction, type UserFunction } from '../plan/made.js'
import type { Format, JoinType } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import type { AggregateName, SortTree, Untyped } from './expression/untyped.js'

export type Query =
  | ReadQuery
  | ElementsQuery
  /** Keys and rows, both structs. */
  | { kind: 'keyed'; input: Query; by: NamedTree[] }
  | { kind: 'filter'; input: Query; where: Untyped }
  /** All columns of the result, in order. */
  | { kind: 'select'; input: Query; columns: NamedTree[] }
  /** Columns that are added, or replace those of their names, all at once. */
  | { kind: 'withColumns'; input: Query; columns: NamedTree[] }
  | { kind: 'rename'; input: Query; from: string; to: string }
  | { kind: 'drop'; input: Query; names: string[] }
  | { kind: 'aggregate'; input: Query; by: NamedTree[]; values: AggregateTree[] }
  /** Rows that differ in these columns; null: in any. */
  | { kind: 'distinct'; input: Query; columns: string[] | null }
  | { kind: 'union'; inputs: Query[]; byName: boolean; allowMissing: boolean }
  /** Rows of the first that the second has too, or has not: each once, or as often as they are left over. */
  | { kind: 'setOperation'; op: 'intersect' | 'except'; all: boolean; inputs: [Query, Query] }
  | PivotQuery
  /** What these columns hold, as text; null: all that are numbers or text. */
  | { kind: 'describe'; input: Query; columns: string[] | null }
  | { kind: 'join'; left: Query; right: Query; type: JoinType; on: JoinOn; suffix: string | null }
  | { kind: 'sort'; input: Query; keys: SortTree[] }
  | { kind: 'limit'; input: Query; count: number }
  | { kind: 'sample'; input: Query; fraction: number; seed: number }
  /** A hint: in a join it is small enough to be held in memory. */
  | { kind: 'broadcast'; input: Query }
  | { kind: 'fillNulls'; input: Query; values: FillValues }
  | { kind: 'dropNulls'; input: Query; columns: string[] | null; least: number | 'all' | 'any' }

/** A column for each value of one, and each aggregate. */
export interface PivotQuery {
  kind: 'pivot'
  input: Query
  by: NamedTree[]
  column: NamedTree
  /** null: all that there are, which a query of its own finds (pivot_values.ts). */
  options: NamedTree[] | null
  values: AggregateTree[]
}

export interface ReadQuery {
  kind: 'read'
  format: Format
  paths: string[]
  /** What people see instead of the paths; absent: the paths. */
  name?: string
  /** null: known once the files are open. */
  schema: Column[] | null
  /** Whether columns of folders that are not declared may be more than text. */
  inferPartitionTypes: boolean
}

/** Elements of a collection as rows. */
export interface ElementsQuery {
  kind: 'elements'
  collection: Elements
  columns: Column[]
  /** The only column has elements as they are encoded, whatever they are. */
  encoded?: true
}

export interface NamedTree {
  /** null: that of the expression. */
  name: string | null
  value: Untyped
}

export interface AggregateTree {
  name: string
  fn: AggregateName
  args: Untyped[]
  /** `topK`: the smallest, not the largest. */
  ascending: boolean
}

export type JoinOn =
  /** Columns of both sides, once in the result. */
  | { kind: 'using'; names: string[] }
  /** Columns of either side; those of the right side are not in the result. */
  | { kind: 'pairs'; left: string[]; right: string[] }
  /** Its columns are those of sides (SideColumn). */
  | { kind: 'condition'; where: Untyped }

/** A column of one side of a join. */
export interface SideColumn {
  kind: 'column'
  name: string
  side: 'left' | 'right'
}

/** A value for all columns that take it, or values of columns by name. */
export type FillValues =
  | { kind: 'one'; value: Untyped; of: 'number' | 'string' | 'boolean'; columns: string[] | null }
  | { kind: 'each'; columns: [name: string, value: Untyped][] }

/** Of a data frame or a collection. */
export type AnyQuery = Query | Elements

/** What a node reads at once: of elements, their collection. */
export function partsOf(node: AnyQuery): readonly AnyQuery[] {
  switch (node.kind) {
    case 'read':
      return []
    case 'rows':
      // Lines come from the files themselves.
      return node.as === 'lines' ? [] : [node.frame as Query]
    case 'elements':
      return [node.collection]
    case 'union':
    case 'setOperation':
      return node.inputs
    case 'join':
      return [node.left, node.right]
    default:
      return [node.input]
  }
}

/** The queries that one reads at once: below elements, those that their collection is made of. */
export function inputsOf(query: Query): readonly Query[] {
  return (query.kind === 'elements' ? framesIn(query.collection) : partsOf(query)) as readonly Query[]
}

/** What is read by collections, which this query is made of: data frames by themselves, the innermost first. */
export function framesBelow(query: Query): Query[] {
  const found = new Set<Query>()
  const seen = new Set<Query>()
  const visit = (node: Query): void => {
    if (seen.has(node)) return
    seen.add(node)
    const inputs = inputsOf(node)
    inputs.forEach(visit)
    if (node.kind === 'elements') for (const input of inputs) found.add(input)
  }
  visit(query)
  return [...found]
}

/** All files that a query reads, each read once. */
export function readsOf(query: Query): Set<ReadQuery> {
  const found = new Set<ReadQuery>()
  const seen = new Set<Query>()
  const visit = (node: Query): void => {
    if (seen.has(node)) return
    seen.add(node)
    if (node.kind === 'read') found.add(node)
    for (const input of inputsOf(node)) visit(input)
  }
  visit(query)
  return found
}

/** The user's functions in a query, wherever in its nodes they are. */
export function functionsOf(query: Query): UserFunction[] {
  const found: UserFunction[] = []
  const seen = new Set<unknown>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return
    seen.add(value)
    if (isUserFunction(value)) found.push(value)
    else for (const part of Object.values(value)) visit(part)
  }
  if (hasMadeFunctions()) visit(query)
  return found
}

/** Whether rows are joined anywhere. */
export function hasJoin(query: Query): boolean {
  return query.kind === 'join' || inputsOf(query).some(hasJoin)
}
