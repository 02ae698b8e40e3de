/** Only the columns that someone needs are read, computed and sent through exchanges. */
import type { NamedExpression } from '../../plan/expression.js'
import type { Column } from '../../plan/type.js'
import {
  aggregate,
  columnNamed,
  explode,
  join,
  type Logical,
  project,
  unchanged,
  union,
  type WindowNode,
  window,
  withInputs,
} from '../logical.js'
import { columnsIn } from '../tree.js'

export function pruneColumns(node: Logical): Logical {
  return exactly(
    node,
    node.columns.map(({ name }) => name),
  )
}

/** The node with just these of its columns, in its own order; with one, if none is needed. */
function exactly(node: Logical, needed: readonly string[]): Logical {
  const pruned = prune(node, new Set(needed))
  const kept = pruned.columns.filter(({ name }) => needed.includes(name))
  const columns = kept.length === 0 ? [cheapest(pruned.columns)] : kept
  return columns.length === pruned.columns.length ? pruned : project(pruned, unchanged(columns))
}

/** The node without what is not needed for these columns; it may have more of them. */
function prune(node: Logical, needed: ReadonlySet<string>): Logical {
  const isNeeded = ({ name }: { name: string }) => needed.has(name)
  switch (node.kind) {
    case 'read': {
      const isOfFiles = ({ name }: Column) => !node.folders.includes(name) && name !== node.place
      const columns = node.columns.filter(isNeeded)
      // Where rows are from says nothing of how many a file has.
      if (columns.some(isOfFiles)) return { ...node, columns }
      return { ...node, columns: [cheapest(node.columns.filter(isOfFiles)), ...columns] }
    }
    case 'elements':
      // All are checked, whoever needs them.
      return node
    case 'filter':
      return withInputs(node, [prune(node.input, new Set([...needed, ...columnsIn(node.where)]))])
    case 'project': {
      const values = node.values.filter(isNeeded)
      const kept = values.length === 0 ? [cheapestValue(node.values)] : values
      return project(prune(node.input, columnsOf(kept.map(({ value }) => value))), kept)
    }
    case 'explode': {
      const keep = node.keep.filter((name) => needed.has(name))
      const position = node.position && isNeeded(node.position) ? node.position : null
      return explode({ ...node, input: prune(node.input, new Set([...keep, ...columnsIn(node.list)])), keep, position })
    }
    case 'aggregate': {
      const values = node.values.filter(({ column }) => needed.has(column.name))
      const kept = values.length + node.by.length === 0 ? node.values.slice(0, 1) : values
      const read = [...node.by, ...columnsOf(kept.flatMap(({ args }) => args))]
      return aggregate(prune(node.input, new Set(read)), node.by, kept)
    }
    case 'window': {
      const values = node.values.filter(({ column }) => needed.has(column.name))
      if (values.length === 0) return prune(inOrder(node), needed)
      const own = node.columns.slice(0, node.input.columns.length).filter(isNeeded)
      const read = columnsOf(values.flatMap(({ args }) => args))
      const input = exactly(node.input, [
        ...own.map(({ name }) => name),
        ...node.partition,
        ...node.order.map(({ column }) => column),
        ...read,
      ])
      return window({ ...node, input, values })
    }
    case 'join': {
      const own = node.residual === null ? [] : columnsIn(node.residual)
      const all = [...needed, ...own, ...node.on.flatMap(({ left, right }) => [left, right])]
      const side = (input: Logical) =>
        exactly(
          input,
          all.filter((name) => columnNamed(input.columns, name)),
        )
      return join({ ...node, left: side(node.left), right: side(node.right) })
    }
    case 'sort':
      return withInputs(node, [exactly(node.input, [...needed, ...node.keys.map(({ column }) => column)])])
    case 'limit':
      // Next to its sort, it cuts that short.
      if (node.input.kind === 'sort') return withInputs(node, [prune(node.input, needed)])
      return withInputs(node, [exactly(node.input, [...needed])])
    case 'union': {
      const places = node.columns.flatMap(({ name }, i) => (needed.has(name) ? [i] : []))
      const kept = places.length === 0 ? [0] : places
      return union(
        node.inputs.map((input) =>
          exactly(
            input,
            kept.map((i) => input.columns[i]!.name),
          ),
        ),
      )
    }
  }
}

/** Of a window whose values no one needs, its order is left. */
function inOrder({ input, partition, order }: WindowNode): Logical {
  const keys = [...partition.map((column) => ({ column, descending: false, nullsFirst: true })), ...order]
  return keys.length === 0 ? input : { kind: 'sort', input, keys, columns: input.columns }
}

function columnsOf(expressions: readonly NamedExpression['value'][]): Set<string> {
  const names = new Set<string>()
  for (const expression of expressions) columnsIn(expression, names)
  return names
}

/** To count rows, one column will do: text is never malformed. */
function cheapest(columns: readonly Column[]): Column {
  return columns.find(({ type }) => type === 'string') ?? columns[0]!
}

function cheapestValue(values: readonly NamedExpression[]): NamedExpression {
  return values.find(({ value }) => value.op !== 'call') ?? values[0]!
}
