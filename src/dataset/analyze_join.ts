/** Joins: which columns must be equal, what else must hold, and what the columns of the result are called. */
import { RunjobError } from '../base/errors.js'
import type { Expression, NamedExpression } from '../plan/expression.js'
import type { JoinType } from '../plan/plan.js'
import { type Column, EXACT, markedLike, markOf, typeText } from '../plan/type.js'
import { resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import { type Untyped, withParts } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { columnNamed, columnOf, join, type Logical, project, unchanged } from './logical.js'
import { freshName, requireColumns } from './names.js'
import type { JoinOn, Query, SideColumn } from './query.js'
import { allOf, columnsIn, conjuncts } from './tree.js'

type JoinQuery = Extract<Query, { kind: 'join' }>

/** A column of a side, and what it is called while both sides are in one row. */
interface Sides {
  left: readonly Column[]
  right: readonly Column[]
  /** The right side's columns, whose names no left one has. */
  rightInside: Map<string, string>
}

export function analyzeJoin(query: JoinQuery, left: Logical, right: Logical): Logical {
  const rightInside = new Map<string, string>()
  const taken = left.columns.map(({ name }) => name)
  for (const { name } of right.columns) {
    const inside = freshName(taken.includes(name) ? `right.${name}` : name, taken)
    rightInside.set(name, inside)
    taken.push(inside)
  }
  const sides: Sides = { left: left.columns, right: right.columns, rightInside }
  const renamedRight = [...rightInside].every(([name, inside]) => name === inside)
    ? right
    : project(
        right,
        right.columns.map((column) => ({ name: rightInside.get(column.name)!, value: columnOf(column) })),
      )
  const { keys, residual } = split(conditions(query, sides), left.columns, renamedRight.columns)

  const leftSide = withKeys(
    left,
    keys.map((key) => key.left),
    taken,
  )
  const rightSide = withKeys(
    renamedRight,
    keys.map((key) => key.right),
    taken,
  )
  const joined = join({
    left: leftSide.node,
    right: rightSide.node,
    type: query.type,
    on: leftSide.names.map((name, i) => ({ left: name, right: rightSide.names[i]! })),
    residual,
    broadcast: query.right.kind === 'broadcast' ? 'right' : query.left.kind === 'broadcast' ? 'left' : null,
    algorithm: null,
  })
  const values = results(query, sides, joined.columns)
  const isSame =
    values.length === joined.columns.length &&
    values.every(
      ({ name, value }, i) => value.op === 'column' && value.name === name && joined.columns[i]!.name === name,
    )
  return isSame ? joined : project(joined, values)
}

/** What must hold, over the left columns and the right ones under their names inside. */
function conditions({ on, type }: JoinQuery, sides: Sides): Expression[] {
  const { left, right, rightInside } = sides
  const both = [...left, ...right.map((column) => ({ ...column, name: rightInside.get(column.name)! }))]
  switch (on.kind) {
    case 'using':
      return pairs(on.names, on.names, sides, both)
    case 'pairs':
      return pairs(on.left, on.right, sides, both)
    case 'condition': {
      const where = inside(on.where, sides)
      const resolved = resolve(where, both)
      if (resolved.type !== 'boolean') {
        throw invalid(
          `join() needs a condition, but ${expressionText(where)} is of type ${typeText(resolved.type)}`,
          'Compare the sides: (l, r) => l.product_id.eq(r.id).',
        )
      }
      // A condition that always holds asks for all pairs.
      if (resolved.op === 'literal' && resolved.value === true && type === 'inner') return []
      return conjuncts(resolved)
    }
  }
}

function pairs(
  leftNames: readonly string[],
  rightNames: readonly string[],
  sides: Sides,
  both: Column[],
): Expression[] {
  requireColumns(sides.left, leftNames)
  requireColumns(sides.right, rightNames)
  return leftNames.map((name, i) => {
    const args: Untyped[] = [
      { kind: 'column', name },
      { kind: 'column', name: sides.rightInside.get(rightNames[i]!)! },
    ]
    return resolve({ kind: 'call', fn: 'eq', args }, both)
  })
}

/** The condition with the names that columns have while both sides are in one row. */
function inside(tree: Untyped, sides: Sides): Untyped {
  switch (tree.kind) {
    case 'column': {
      const { side, name } = tree as SideColumn | (typeof tree & { side?: undefined })
      if (side === 'left') {
        requireRoot(sides.left, name)
        return { kind: 'column', name }
      }
      const root = rootOf(sides.right, name)
      if (side === 'right') {
        if (root === null) requireColumns(sides.right, [name])
        return { kind: 'column', name: sides.rightInside.get(root!)! + name.slice(root!.length) }
      }
      // By col(): of whichever side has it.
      const isLeft = rootOf(sides.left, name) !== null
      if (isLeft && root !== null) {
        throw invalid(
          `join(): both sides have a column ${JSON.stringify(name)}`,
          'Say which you mean: (l, r) => l.id.eq(r.id).',
        )
      }
      if (isLeft || root === null) return tree
      return { kind: 'column', name: sides.rightInside.get(root)! + name.slice(root.length) }
    }
    case 'literal':
    case 'window':
    case 'explode':
      return tree
    default:
      return withParts(tree, (part) => inside(part, sides))
  }
}

/** The column that a name starts with: itself, or a struct whose field it names. */
function rootOf(columns: readonly Column[], name: string): string | null {
  const whole = columns.find((column) => column.name === name)
  return whole?.name ?? columns.find((column) => name.startsWith(`${column.name}.`))?.name ?? null
}

function requireRoot(columns: readonly Column[], name: string): void {
  if (rootOf(columns, name) !== null) return
  throw new RunjobError('COLUMN_UNKNOWN', { name, columns: columns.map((column) => column.name) })
}

/** Equalities of an expression of either side become keys; the rest is residual. */
function split(
  all: readonly Expression[],
  left: readonly Column[],
  right: readonly Column[],
): { keys: { left: Expression; right: Expression }[]; residual: Expression | null } {
  const sideOf = (expression: Expression): 'left' | 'right' | null => {
    const names = [...columnsIn(expression)]
    if (names.length === 0) return null
    if (names.every((name) => columnNamed(left, name))) return 'left'
    return names.every((name) => columnNamed(right, name)) ? 'right' : null
  }
  const keys: { left: Expression; right: Expression }[] = []
  const rest: Expression[] = []
  for (const one of all) {
    const [a, b] = one.op === 'call' && one.fn === 'eq' ? (one.args as [Expression, Expression]) : []
    const [sideA, sideB] = [a && sideOf(a), b && sideOf(b)]
    if (sideA === 'left' && sideB === 'right') keys.push({ left: a!, right: b! })
    else if (sideA === 'right' && sideB === 'left') keys.push({ left: b!, right: a! })
    else rest.push(one)
  }
  return { keys, residual: allOf(rest) }
}

/** A side with a column for each key. */
function withKeys(input: Logical, keys: readonly Expression[], taken: string[]): { node: Logical; names: string[] } {
  const added: NamedExpression[] = []
  const names = keys.map((key) => {
    if (key.op === 'column') return key.name
    const name = freshName(expressionText(key), taken)
    taken.push(name)
    added.push({ name, value: key })
    return name
  })
  return { node: added.length === 0 ? input : project(input, [...unchanged(input.columns), ...added]), names }
}

/** The columns of the result. Keys that both sides name are there once. */
function results({ on, type, suffix }: JoinQuery, sides: Sides, joined: readonly Column[]): NamedExpression[] {
  const pairsOf = keyPairs(on)
  const isHalf = type === 'semi' || type === 'anti'
  const left = sides.left.map(({ name }): NamedExpression => {
    const key = isHalf ? undefined : pairsOf.find((pair) => pair[0] === name)
    const own = columnNamed(joined, name)
    return key === undefined
      ? { name, value: columnOf(own) }
      : { name, value: presentKey(type, own, columnNamed(joined, sides.rightInside.get(key[1])!)) }
  })
  // As Spark does: the keys that sides share come first.
  const shared = on.kind === 'using' ? on.names : []
  const ordered = [
    ...shared.map((name) => left.find((one) => one.name === name)!),
    ...left.filter(({ name }) => !shared.includes(name)),
  ]
  if (isHalf) return ordered
  const names = sides.left.map(({ name }) => name)
  const right = sides.right
    .filter(({ name }) => !pairsOf.some((pair) => pair[1] === name))
    .map(({ name }): NamedExpression => {
      const shown = names.includes(name) && suffix !== null ? name + suffix : name
      return { name: shown, value: columnOf(columnNamed(joined, sides.rightInside.get(name)!)) }
    })
  const all = [...ordered, ...right]
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) < i)
  if (twice) {
    throw invalid(
      `join(): both sides have a column ${JSON.stringify(twice.name)}`,
      `Rename one, drop one, or name a suffix for those of the right side: join(other, …, { suffix: '_right' }).`,
    )
  }
  return all
}

function keyPairs(on: JoinOn): [left: string, right: string][] {
  if (on.kind === 'condition') return []
  const [left, right] = on.kind === 'using' ? [on.names, on.names] : [on.left, on.right]
  return left.map((name, i) => [name, right[i]!])
}

/** The key of the side that has it, in JavaScript as on the left side. */
function presentKey(type: JoinType, left: Column, right: Column): Expression {
  if (type === 'inner' || type === 'left') return columnOf(left)
  const { [EXACT]: _, ...key } = type === 'right' ? columnOf(right) : eitherKey(left, right)
  return { ...key, type: markedLike(key.type, left.type), ...markOf(left) }
}

function eitherKey(left: Column, right: Column): Expression {
  const args = [left, right].map(({ name }): Untyped => ({ kind: 'column', name }))
  return resolve({ kind: 'call', fn: 'coalesce', args }, [left, right])
}
