/** What a collection was asked for: immutable plain nodes, and the user's functions. */
import type { TaskContext } from '../plan/functions.js'
import type { UserFunction } from '../plan/made.js'
import type { ElementStep, ElementsJoin } from '../plan/plan.js'

/** What functions get besides the element: the parameters of the dataset, the file of the element, counters. */
export type CollectionContext = Pick<TaskContext, 'params' | 'inputPath' | 'task' | 'attempt' | 'count'>

/** The elements are lines of text, or the rows of a data frame. */
export interface RowsQuery {
  kind: 'rows'
  /** What a data frame was asked for: this module, which is below, cannot name it. */
  frame: unknown
  /** `pairs`: the rows have two columns, keys and values. `encoded`: their only column has encoded elements. */
  as: 'lines' | 'rows' | 'pairs' | 'encoded'
}

/** What happens to one element after another, or to a batch of them. */
export interface StepQuery {
  kind: 'step'
  input: Query
  op: Exclude<ElementStep['op'], 'sample'>
  fn: UserFunction
}

/** `nth`: how many samples come before. */
export interface SampleQuery {
  kind: 'sample'
  input: Query
  fraction: number
  seed: number
  nth: number
}

/** Where elements meet. */
export type ShuffleQuery =
  | { kind: 'reduceByKey'; input: Query; merge: UserFunction }
  | { kind: 'aggregateByKey'; input: Query; zero: string; add: UserFunction; merge: UserFunction }
  | { kind: 'countByKey'; input: Query }
  | { kind: 'groupByKey'; input: Query }
  | { kind: 'distinct'; input: Query }
  /** `by` null: the keys of pairs. */
  | { kind: 'sort'; input: Query; by: UserFunction | null; descending: boolean }
  | { kind: 'zipWithIndex'; input: Query }
  | { kind: 'take'; input: Query; count: number }
  | { kind: 'join'; left: Query; right: Query; how: ElementsJoin }

export type Query = RowsQuery | StepQuery | SampleQuery | { kind: 'union'; inputs: Query[] } | ShuffleQuery

/** What becomes of the elements in the end. */
export type Ending =
  | { kind: 'collect' }
  | { kind: 'write'; format: 'text' | 'json' }
  /** A number for each task. */
  | { kind: 'count' }
  /** An element for each task that has any. */
  | { kind: 'reduce'; merge: UserFunction }
  /** Each element in a list, and null where a task ends. */
  | { kind: 'mark' }

function inputsOf(query: Query): Query[] {
  switch (query.kind) {
    case 'rows':
      return []
    case 'union':
      return query.inputs
    case 'join':
      return [query.left, query.right]
    default:
      return [query.input]
  }
}

/** What the data frames were asked for that are read, each once, in order. */
export function framesIn(query: Query): unknown[] {
  return [...new Set(nodesOf(query).flatMap((node) => (node.kind === 'rows' ? [node.frame] : [])))]
}

/** All nodes, each once, what is read first. */
export function nodesOf(query: Query): Query[] {
  const seen = new Set<Query>()
  const visit = (one: Query): void => {
    if (seen.has(one)) return
    for (const input of inputsOf(one)) visit(input)
    seen.add(one)
  }
  visit(query)
  return [...seen]
}

/** The user's functions that a node or an ending calls itself. */
export function functionsIn(part: Query | Ending): UserFunction[] {
  const named = part as { fn?: UserFunction; by?: UserFunction | null; add?: UserFunction; merge?: UserFunction }
  return [named.fn, named.by, named.add, named.merge].filter((one) => one !== undefined && one !== null)
}
