/** What logical plans mean, in plain TypeScript, a row at a time. */
import type { AggregateNode, JoinNode, Logical, WindowNode } from '../../dist/src/dataset/logical.js'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { conjuncts } from '../../dist/src/dataset/tree.js'
import type { Expression, LiteralExpression, SortKey } from '../../dist/src/plan/expression.js'
import type { FrameEnd, GroupFn, WindowValue } from '../../dist/src/plan/plan.js'
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
      return tables.get(node.source)!.map((row, at) => places.map((i) => (i < 0 ? BigInt(at) : row[i]!)))
    }
    case 'elements':
      throw new Error('no function is called here')
    case 'filter':
      return of(node.input).filter((row) => holds(node.where, row, node.input.columns))
    case 'project':
      return of(node.input).map((row) => node.values.map(({ value }) => interpret(value, row, node.input.columns)))
    case 'explode': {
      const { input, list, outer, position, keep } = node
      const places = keep.map((name) => place(input.columns, name))
      return of(input).flatMap((row) => {
        const elements = (interpret(list, row, input.columns) ?? []) as Value[]
        const made = elements.map((element, i): [Value, Value] => [i, element])
        if (made.length === 0 && outer) made.push([null, null])
        return made.map(([at, element]) => [...places.map((i) => row[i]!), ...(position === null ? [] : [at]), element])
      })
    }
    case 'limit':
      return of(node.input).slice(0, node.count)
    case 'union':
      return node.inputs.flatMap((input) => [...of(input)])
    case 'sort':
      return sorted(of(node.input), node.keys, node.columns)
    case 'window':
      return interpretWindow(node, of(node.input))
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

function sorted(rows: Rows, keys: readonly SortKey[], columns: readonly Column[]): Rows {
  return [...rows].sort((a, b) => compareBy(keys, columns, a, b))
}

function compareBy(
  keys: readonly SortKey[],
  columns: readonly Column[],
  a: readonly Value[],
  b: readonly Value[],
): number {
  for (const { column, descending, nullsFirst } of keys) {
    const i = columns.findIndex(({ name }) => name === column)
    const [x, y] = [a[i]!, b[i]!]
    if (x === null && y === null) continue
    if (x === null || y === null) return (x === null) === nullsFirst ? -1 : 1
    const order = compare(x, y, columns[i]!.type)
    if (order !== 0) return descending ? -order : order
  }
  return 0
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
      ...values.map(({ fn, args }) => aggregated(fn, args, group, input.columns)),
    ])
}

function aggregated(fn: GroupFn, [arg, option]: readonly Expression[], rows: Rows, columns: readonly Column[]): Value {
  const all = arg ? rows.map((row) => interpret(arg, row, columns)) : rows.map(() => true)
  const present = all.filter((value) => value !== null)
  if (fn === 'minBy') {
    const by = rows.map((row) => interpret(option!, row, columns))
    const best = by.reduce<number>((b, x, i) => {
      if (x === null) return b
      return b < 0 || compare(x, by[b]!, option!.type) < 0 ? i : b
    }, -1)
    return all[best] ?? null
  }
  if (fn === 'count') return BigInt(present.length)
  if (fn === 'first') return (option ? present : all)[0] ?? null
  if (fn === 'last') return all.at(-1) ?? null
  if (fn === 'collectList') return present
  if (present.length === 0) return null
  const ordered = [...present].sort((a, b) => compare(a, b, arg!.type))
  if (fn === 'percentile') return interpolated(ordered as number[], Number((option as LiteralExpression).value))
  if (fn === 'mode') {
    const times = (value: Value) => ordered.filter((one) => compare(one, value, arg!.type) === 0).length
    return ordered.reduce((best, value) => (times(value) > times(best) ? value : best))
  }
  if (fn === 'min') return ordered[0]!
  if (fn === 'max') return ordered.at(-1)!
  if (fn === 'sum' && arg!.type === 'double') return (present as number[]).reduce((sum, value) => sum + value, 0)
  if (fn === 'sum') return present.reduce<bigint>((sum, value) => sum + BigInt(value as bigint), 0n)
  if (fn === 'avg') return present.reduce<number>((sum, value) => sum + Number(value), 0) / present.length
  throw new Error(`no test asks for ${fn}`)
}

function interpolated(sorted: readonly number[], fraction: number): number {
  const place = (sorted.length - 1) * fraction
  const [low, high] = [Math.floor(place), Math.ceil(place)]
  const [x, y] = [sorted[low]!, sorted[high]!]
  return x === y || low === high ? x : (high - place) * x + (place - low) * y
}

/** In the order of partitions, and there of the window; each result is found from the start. */
function interpretWindow({ input, partition, order, values }: WindowNode, rows: Rows): Rows {
  const { columns } = input
  const first = partition.map((column) => ({ column, descending: false, nullsFirst: true }))
  const all = sorted(rows, [...first, ...order], columns)
  return all.map((row) => {
    const own = all.filter((other) => compareBy(first, columns, row, other) === 0)
    return [...row, ...values.map((value) => windowValue(value, own, own.indexOf(row), order, columns))]
  })
}

function windowValue(
  { fn, args, frame }: WindowValue,
  rows: Rows,
  at: number,
  order: readonly SortKey[],
  columns: readonly Column[],
): Value {
  const compared = rows.map((other) => compareBy(order, columns, other, rows[at]!))
  const rank = compared.filter((one) => one < 0).length + 1
  const literal = (i: number) => Number((args[i] as { value: unknown }).value)
  switch (fn) {
    case 'rowNumber':
      return at + 1
    case 'rank':
      return rank
    case 'denseRank':
      return (
        rows.filter(
          (row, i) => compared[i]! < 0 && rows.findIndex((other) => compareBy(order, columns, other, row) === 0) === i,
        ).length + 1
      )
    case 'percentRank':
      return rows.length === 1 ? 0 : (rank - 1) / (rows.length - 1)
    case 'cumeDist':
      return compared.filter((one) => one <= 0).length / rows.length
    case 'ntile': {
      const parts = literal(0)
      const starts = Array.from(
        { length: parts },
        (_, i) => Math.floor(rows.length / parts) * i + Math.min(i, rows.length % parts),
      )
      return starts.filter((start) => start <= at).length
    }
    case 'lag':
    case 'lead': {
      const row = rows[fn === 'lag' ? at - literal(1) : at + literal(1)]
      return row ? interpret(args[0]!, row, columns) : args[2] ? interpret(args[2], rows[at]!, columns) : null
    }
  }
  const { unit, start, end } = frame!
  const isIn = (other: number): boolean => {
    if (unit === 'rows')
      return (start === null || other >= at + Number(start)) && (end === null || other <= at + Number(end))
    return isAfter(start, rows[other]!) && isBefore(end, rows[other]!)
  }
  // By range: a row is in if it is not before the start, and not after the end.
  const distance = (by: FrameEnd, row: readonly Value[]): number => {
    if (by === 0) return compareBy(order, columns, row, rows[at]!)
    const [key] = order
    const i = columns.findIndex(({ name }) => name === key!.column)
    const [own, other] = [rows[at]![i]!, row[i]!]
    if (own === null || other === null) return compareBy(order, columns, row, rows[at]!)
    const by_ = Number((by as { value: unknown }).value)
    const bound = Number(own) + (key!.descending ? -by_ : by_)
    const [x, y] = [Number(other), bound]
    const ascending = Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : x - y
    return key!.descending ? -ascending : ascending
  }
  const isAfter = (by: FrameEnd, row: readonly Value[]) => by === null || distance(by, row) >= 0
  const isBefore = (by: FrameEnd, row: readonly Value[]) => by === null || distance(by, row) <= 0
  const framed = rows.filter((_, i) => isIn(i))
  if (fn === 'nthValue') {
    const row = framed[literal(1) - 1]
    return row ? interpret(args[0]!, row, columns) : null
  }
  return aggregated(fn, args, framed, columns)
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
