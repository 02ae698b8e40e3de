/** What logical plans mean, in plain TypeScript, a row at a time. */
import type { AggregateNode, JoinNode, Logical } from '../../dist/src/dataset/logical.js'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { conjuncts } from '../../dist/src/dataset/tree.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import type { Column } from '../../dist/src/plan/type.js'
import { interpret } from '../helpers/interpreter/interpreter.js'
import { compare, type Value } from '../helpers/interpreter/value.js'

export type Rows = readonly (readonly Value[])[]
/** Values of all columns of a read, in the order of its schema. */
export type Tables = ReadonlyMap<ReadQuery, Rows>

/** @throws Failure with the code of an error in a row */
export function interpretPlan(node: Logical, tables: Tables): Rows {
  const of = (input: Logical) => interpretPlan(input, tables)
  const place = (columns: readonly Column[], name: string) => columns.findIndex((column) => column.name === name)
  switch (node.kind) {
    case 'read': {
      const places = node.columns.map(({ name }) => place(node.source.schema!, name))
      return tables.get(node.source)!.map((row) => places.map((i) => row[i]!))
    }
    case 'filter':
      return of(node.input).filter((row) => holds(node.where, row, node.input.columns))
    case 'project':
      return of(node.input).map((row) => node.values.map(({ value }) => interpret(value, row, node.input.columns)))
    case 'limit':
      return of(node.input).slice(0, node.count)
    case 'union':
      return node.inputs.flatMap((input) => [...of(input)])
    case 'sort': {
      const keys = node.keys.map((key) => ({ ...key, i: place(node.columns, key.column) }))
      return [...of(node.input)].sort((a, b) => {
        for (const { i, descending, nullsFirst } of keys) {
          const [x, y] = [a[i]!, b[i]!]
          if (x === null && y === null) continue
          if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1
          const order = compare(x, y, node.columns[i]!.type)
          if (order !== 0) return descending ? -order : order
        }
        return 0
      })
    }
    case 'aggregate':
      return interpretGroups(node, of(node.input))
    case 'join':
      return interpretJoin(node, of(node.left), of(node.right))
  }
}

/** As back ends filter: a conjunct is asked only about rows for which those before it are true. */
function holds(where: Expression, row: readonly Value[], columns: readonly Column[]): boolean {
  return conjuncts(where).every((one) => interpret(one, row, columns) === true)
}

function keyOf(row: readonly Value[], places: readonly number[]): string {
  return JSON.stringify(places.map((i) => (typeof row[i] === 'bigint' ? `${row[i]}n` : row[i])))
}

/** In the order of their keys' text. */
function interpretGroups({ input, by, values }: AggregateNode, rows: Rows): Rows {
  const places = by.map((name) => input.columns.findIndex((column) => column.name === name))
  const groups = new Map<string, (readonly Value[])[]>()
  if (by.length === 0) groups.set('[]', [])
  for (const row of rows) {
    const key = keyOf(row, places)
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => [
      ...places.map((i) => group[0]![i]!),
      ...values.map(({ fn, args }): Value => {
        const [arg] = args
        const all = arg ? group.map((row) => interpret(arg, row, input.columns)) : group.map(() => true)
        const present = all.filter((value) => value !== null)
        if (fn === 'count') return BigInt(present.length)
        if (fn === 'first') return all[0] ?? null
        if (present.length === 0) return null
        const ordered = [...present].sort((a, b) => compare(a, b, arg!.type))
        if (fn === 'min') return ordered[0]!
        if (fn === 'max') return ordered.at(-1)!
        if (fn === 'sum') return present.reduce<bigint>((sum, value) => sum + BigInt(value as bigint), 0n)
        throw new Error(`no test asks for ${fn}`)
      }),
    ])
}

/** In the order of left rows, then of right ones; right rows without a match come last. */
function interpretJoin({ left, right, type, on, residual }: JoinNode, leftRows: Rows, rightRows: Rows): Rows {
  const both = [...left.columns, ...right.columns]
  const places = on.map((pair) => [
    left.columns.findIndex(({ name }) => name === pair.left),
    right.columns.findIndex(({ name }) => name === pair.right),
  ]) as [number, number][]
  const matches = (a: readonly Value[], b: readonly Value[]) =>
    places.every(([i, j]) => a[i] !== null && b[j] !== null && compare(a[i]!, b[j]!, left.columns[i]!.type) === 0) &&
    (residual === null || holds(residual, [...a, ...b], both))
  const found = new Set<readonly Value[]>()
  const missing = (columns: readonly Column[]): Value[] => columns.map(() => null)
  const rows = leftRows.flatMap((a) => {
    const own = rightRows.filter((b) => matches(a, b))
    for (const b of own) found.add(b)
    if (type === 'semi') return own.length > 0 ? [a] : []
    if (type === 'anti') return own.length > 0 ? [] : [a]
    if (own.length === 0 && (type === 'left' || type === 'full')) return [[...a, ...missing(right.columns)]]
    return own.map((b) => [...a, ...b])
  })
  if (type !== 'right' && type !== 'full') return rows
  return [...rows, ...rightRows.filter((b) => !found.has(b)).map((b) => [...missing(left.columns), ...b])]
}
