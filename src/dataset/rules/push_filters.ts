/**
 * Filters go as near to the files as they can, a conjunct at a time.
 *
 * A condition that may fail is not evaluated for rows that it would not have seen: it goes past what keeps all rows, not past a join.
 */
import type { Expression } from '../../plan/expression.js'
import type { JoinType } from '../../plan/plan.js'
import {
  type AggregateNode,
  aggregate,
  columnNamed,
  filter,
  inputsOfNode,
  type JoinNode,
  join,
  type Logical,
  project,
  union,
  withInputs,
} from '../logical.js'
import { allOf, anyOf, columnsIn, conjuncts, disjuncts, substituted } from '../tree.js'
import { cannotFail } from './failing.js'

export function pushFilters(node: Logical): Logical {
  if (node.kind === 'filter' && !node.leftOut) return pushed(node.input, conjuncts(node.where))
  if (node.kind === 'join') return pushIntoSides(node, [])
  return withInputs(node, inputsOfNode(node).map(pushFilters))
}

/** The node with these conditions on its rows. */
function pushed(node: Logical, conditions: readonly Expression[]): Logical {
  if (conditions.length === 0) return pushFilters(node)
  const above = (input: Logical, rest: readonly Expression[]): Logical => {
    const where = allOf(rest)
    return where === null ? input : filter(input, where)
  }
  switch (node.kind) {
    case 'filter':
      if (node.leftOut) {
        const [below, rest] = parted(conditions, cannotFail)
        return above(withInputs(node, [pushed(node.input, below)]), rest)
      }
      // What is below may protect what is above: its conditions come first.
      return pushed(node.input, [...conjuncts(node.where), ...conditions])
    case 'project': {
      const plain = new Map(node.values.map(({ name, value }) => [name, value.op === 'call' ? null : value]))
      const [below, rest] = movable(conditions, (one) => [...columnsIn(one)].every((name) => plain.get(name)))
      if (below.length === 0) return above(withInputs(node, [pushFilters(node.input)]), rest)
      const moved = below.map((one) => substituted(one, (name) => plain.get(name) ?? undefined))
      return above(project(pushed(node.input, moved), node.values), rest)
    }
    case 'explode': {
      // A row without elements is not seen above; and one whose list has no value is.
      const isOfInput = (one: Expression) => [...columnsIn(one)].every((name) => node.keep.includes(name))
      const isSafe = cannotFail(node.list)
      const [below, rest] = movable(conditions, (one) => isSafe && isOfInput(one) && (node.outer || cannotFail(one)))
      return above(withInputs(node, [pushed(node.input, below)]), rest)
    }
    case 'aggregate': {
      const [below, rest] = movable(
        conditions,
        (one) => columnsIn(one).size > 0 && [...columnsIn(one)].every(isKey(node)),
      )
      return above(aggregate(pushed(node.input, below), node.by, node.values), rest)
    }
    case 'window': {
      // Whole partitions go, or stay.
      const [below, rest] = movable(
        conditions,
        (one) =>
          columnsIn(one).size > 0 && [...columnsIn(one)].every(isKey({ by: node.partition, columns: node.columns })),
      )
      return above(withInputs(node, [pushed(node.input, below)]), rest)
    }
    case 'sort':
      return withInputs(node, [pushed(node.input, conditions)])
    case 'union': {
      const names = node.columns.map(({ name }) => name)
      return union(
        node.inputs.map((input) => {
          const own = (name: string) => input.columns[names.indexOf(name)]!
          return pushed(
            input,
            conditions.map((one) => substituted(one, (name) => ({ op: 'column', ...own(name) }))),
          )
        }),
      )
    }
    case 'join':
      return pushIntoSides(node, conditions)
    case 'read':
    case 'elements':
    case 'limit':
      return above(withInputs(node, inputsOfNode(node).map(pushFilters)), conditions)
  }
}

/** Whether all rows of a group have the very value that the group has: -0.0 and 0.0 are in one. */
function isKey({ by, columns }: Pick<AggregateNode, 'by' | 'columns'>): (name: string) => boolean {
  return (name) =>
    by.includes(name) &&
    typeof columnNamed(columns, name).type === 'string' &&
    columnNamed(columns, name).type !== 'double'
}

/** Sides whose rows a condition above the join may drop before it. */
const ABOVE: Readonly<Record<JoinType, { left: boolean; right: boolean }>> = {
  inner: { left: true, right: true },
  left: { left: true, right: false },
  right: { left: false, right: true },
  full: { left: false, right: false },
  semi: { left: true, right: false },
  anti: { left: true, right: false },
}

/** Sides whose rows the join's own condition may drop: those that do not come out without a match. */
const INSIDE: Readonly<Record<JoinType, { left: boolean; right: boolean }>> = {
  inner: { left: true, right: true },
  left: { left: false, right: true },
  right: { left: true, right: false },
  full: { left: false, right: false },
  semi: { left: true, right: true },
  anti: { left: false, right: true },
}

function pushIntoSides(node: JoinNode, conditions: readonly Expression[]): Logical {
  const { type } = node
  const isOf = (side: 'left' | 'right') => (one: Expression) => {
    const names = [...columnsIn(one)]
    return names.length > 0 && names.every((name) => columnNamed(node[side].columns, name)) && cannotFail(one)
  }
  const take = (all: readonly Expression[], side: 'left' | 'right', may: boolean) =>
    parted(all, (one) => may && isOf(side)(one))

  const [leftAbove, afterLeft] = take(conditions, 'left', ABOVE[type].left)
  const [rightAbove, above] = take(afterLeft, 'right', ABOVE[type].right)
  const inside = node.residual === null ? [] : conjuncts(node.residual)
  const [leftInside, notLeft] = take(inside, 'left', INSIDE[type].left)
  const [rightInside, residual] = take(notLeft, 'right', INSIDE[type].right)

  const implied = (side: 'left' | 'right') => [
    ...(INSIDE[type][side] ? residual.flatMap((one) => impliedBy(one, isOf(side))) : []),
    ...(ABOVE[type][side] ? above.flatMap((one) => impliedBy(one, isOf(side))) : []),
  ]

  // All pairs that an inner join gives are seen by the filter: it can as well be part of the join.
  const [keys, rest] = type === 'inner' ? parted(above, (one) => keyOf(one, node) !== null) : [[], above]
  const joined = join({
    ...node,
    left: pushed(node.left, [...leftInside, ...leftAbove, ...implied('left')]),
    right: pushed(node.right, [...rightInside, ...rightAbove, ...implied('right')]),
    on: [...node.on, ...keys.map((one) => keyOf(one, node)!)],
    residual: allOf([...residual, ...(type === 'inner' ? rest : [])]),
  })
  const where = type === 'inner' ? null : allOf(rest)
  return where === null ? joined : filter(joined, where)
}

/** What holds for one side wherever an `or` about both holds: one of its branches does, with all that it says of that side. */
function impliedBy(condition: Expression, isOfSide: (one: Expression) => boolean): Expression[] {
  const branches = disjuncts(condition).map((branch) => allOf(conjuncts(branch).filter(isOfSide)))
  if (branches.length < 2 || branches.includes(null)) return []
  return [anyOf(branches as Expression[])]
}

/** A column of either side that must be equal. */
function keyOf(condition: Expression, { left, right }: JoinNode): { left: string; right: string } | null {
  if (condition.op !== 'call' || condition.fn !== 'eq') return null
  const [a, b] = condition.args
  if (a?.op !== 'column' || b?.op !== 'column') return null
  if (columnNamed(left.columns, a.name) && columnNamed(right.columns, b.name)) return { left: a.name, right: b.name }
  if (columnNamed(left.columns, b.name) && columnNamed(right.columns, a.name)) return { left: b.name, right: a.name }
  return null
}

/** Those that can go further down. What may fail stays behind a condition that stays, which may protect it. */
function movable(
  conditions: readonly Expression[],
  fits: (one: Expression) => boolean,
): [below: Expression[], rest: Expression[]] {
  const [below, rest]: [Expression[], Expression[]] = [[], []]
  for (const one of conditions) (fits(one) && (rest.length === 0 || cannotFail(one)) ? below : rest).push(one)
  return [below, rest]
}

function parted<T>(all: readonly T[], test: (one: T) => boolean): [yes: T[], no: T[]] {
  return [all.filter(test), all.filter((one) => !test(one))]
}
