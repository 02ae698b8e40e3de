/**
 * A bound on the rank of rows goes to the window that gives the ranks: rows that cannot be among the first of their partition are left out before
 * they are sorted.
 *
 * The filter stays. Its conditions before the bound would have seen the rows that are left out, so they must not fail.
 */
import type { Expression } from '../../plan/expression.js'
import type { RankLimit, WindowFn } from '../../plan/plan.js'
import { inputsOfNode, type Logical, type WindowNode, window, withInputs } from '../logical.js'
import { conjuncts } from '../tree.js'
import { cannotFail } from './failing.js'

export function limitRanks(plan: Logical): Logical {
  const shared = sharedWindows(plan)
  const limited = (node: Logical): Logical => {
    const made = withInputs(node, inputsOfNode(node).map(limited))
    if (made.kind !== 'filter' || made.leftOut || made.input.kind !== 'window') return made
    const rankLimit = limitBy(conjuncts(made.where), made.input)
    if (rankLimit === null || shared.has(sortOf(made.input))) return made
    return withInputs(made, [window({ ...made.input, rankLimit })])
  }
  return limited(plan)
}

/** With more, to find out takes longer than to sort all rows. */
const MOST = 1000

const RANKS: ReadonlySet<WindowFn> = new Set<RankLimit['fn']>(['rowNumber', 'rank', 'denseRank'])

function limitBy(conditions: readonly Expression[], { values }: WindowNode): RankLimit | null {
  // What else the window gives may depend on the rows that are left out.
  if (!values.every(({ fn }) => RANKS.has(fn))) return null
  for (const condition of conditions) {
    const bound = boundOf(condition)
    const rank = bound && values.find(({ column }) => column.name === bound.column)
    if (rank && bound.most >= 1 && bound.most <= MOST) return { fn: rank.fn as RankLimit['fn'], most: bound.most }
    if (!cannotFail(condition)) return null
  }
  return null
}

/** The greatest value of a column that passes, if the condition is one of a column and a whole number. */
function boundOf(condition: Expression): { column: string; most: number } | null {
  if (condition.op !== 'call') return null
  const { fn, args } = condition
  const [left, right] = args
  const isFlipped = left?.op === 'literal'
  const [column, bound] = isFlipped ? [right, left] : [left, right]
  if (column?.op !== 'column' || bound?.op !== 'literal' || bound.value === null) return null
  const most = Number(bound.value)
  if (!Number.isSafeInteger(most)) return null
  switch (fn) {
    case 'eq':
    case isFlipped ? 'ge' : 'le':
      return { column: column.name, most }
    case isFlipped ? 'gt' : 'lt':
      return { column: column.name, most: most - 1 }
    default:
      return null
  }
}

/** Those whose rows are sorted once, for several of them: a limit of one would make two sorts of that. */
function sharedWindows(plan: Logical): ReadonlySet<string> {
  const windows = windowsIn(plan)
  if (windows.length < 2) return new Set()
  const sorts = windows.map(sortOf)
  return new Set(sorts.filter((sort, i) => sorts.indexOf(sort) < i))
}

function windowsIn(node: Logical): WindowNode[] {
  const below = inputsOfNode(node).flatMap(windowsIn)
  return node.kind === 'window' ? [...below, node] : below
}

function sortOf({ input, partition, order }: WindowNode): string {
  return JSON.stringify([input, partition, order])
}
