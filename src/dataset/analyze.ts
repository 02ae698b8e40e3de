/** From queries to logical plans: finds all names and types. */
import { RunjobError } from '../base/errors.js'
import { didYouMean } from '../base/suggest.js'
import type { Expression, NamedExpression } from '../plan/expression.js'
import { type Column, markOf, typeText } from '../plan/type.js'
import { analyzeAggregate } from './analyze_aggregate.js'
import { describeColumns } from './analyze_describe.js'
import { withExploded } from './analyze_explode.js'
import { analyzeJoin } from './analyze_join.js'
import { analyzePivot } from './analyze_pivot.js'
import { sampleRows } from './analyze_sample.js'
import { intersectOrExcept } from './analyze_sets.js'
import { withTimeWindows } from './analyze_time_windows.js'
import { withWindows } from './analyze_window.js'
import { structOf } from './expression/functions/nested.js'
import { outputName, resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import {
  aggregate,
  columnNamed,
  columnOf,
  filter,
  type Logical,
  project,
  type SortNode,
  unchanged,
  union,
} from './logical.js'
import { freshName, requireColumns } from './names.js'
import { inputsOf, type NamedTree, type Query, type ReadQuery } from './query.js'

/** What a read gives, as its files are. */
export interface ReadColumns {
  columns: readonly Column[]
  /** Of folders; none of them is in `columns`. */
  folders: readonly Column[]
}

export type Reads = ReadonlyMap<ReadQuery, ReadColumns>

/**
 * @param reads must have all reads that have no schema, or read columns of folders
 * @throws COLUMN_UNKNOWN, DATASET_INVALID
 */
export function analyze(query: Query, reads: Reads = new Map()): Logical {
  // Nodes that are used twice stay one.
  const done = new Map<Query, Logical>()
  const visit = (node: Query): Logical => {
    const known = done.get(node)
    if (known) return known
    const made = analyzeNode(node, visit, reads)
    done.set(node, made)
    return made
  }
  return visit(query)
}

/**
 * The same for a query whose reads all have a schema, and whose pivots have values, when it is built on one that was analysed.
 *
 * @returns null if one has none
 */
export function analyzeDeclared(query: Query): Logical | null {
  if (DECLARED.has(query)) return DECLARED.get(query)!
  const isDeclared = query.kind === 'read' ? query.schema !== null : query.kind !== 'pivot' || query.options !== null
  // What elements are made of was analysed by itself.
  const inputs = query.kind === 'elements' ? [] : inputsOf(query).map(analyzeDeclared)
  const made =
    isDeclared && inputs.every((input) => input !== null)
      ? analyzeNode(query, (node) => DECLARED.get(node)!, new Map())
      : null
  DECLARED.set(query, made)
  return made
}

const DECLARED = new WeakMap<Query, Logical | null>()

function analyzeNode(node: Query, visit: (node: Query) => Logical, reads: Reads): Logical {
  switch (node.kind) {
    case 'read':
      return readNode(node, reads.get(node))
    case 'elements': {
      const { collection, columns, encoded = false } = node
      return { kind: 'elements', collection, encoded, place: null, columns }
    }
    case 'keyed':
      return keyed(node.by, visit(node.input))
    case 'filter': {
      const input = visit(node.input)
      return filter(input, condition(node.where, input.columns, 'filter()'))
    }
    case 'select': {
      const input = visit(node.input)
      const { from, values } = named(node.columns, input, 'select()')
      requireDistinct(values, 'select()')
      return project(from, values)
    }
    case 'withColumns': {
      const input = visit(node.input)
      const { from, values: added } = named(node.columns, input, 'withColumns()')
      requireDistinct(added, 'withColumns()')
      const kept = unchanged(input.columns).map((old) => added.find(({ name }) => name === old.name) ?? old)
      return project(from, [...kept, ...added.filter((one) => !kept.includes(one))])
    }
    case 'rename': {
      const input = visit(node.input)
      requireColumns(input.columns, [node.from])
      const values = unchanged(input.columns).map(({ name, value }) => ({
        name: name === node.from ? node.to : name,
        value,
      }))
      requireDistinct(values, 'withColumnRenamed()')
      return project(input, values)
    }
    case 'drop': {
      const input = visit(node.input)
      requireColumns(input.columns, node.names)
      const kept = input.columns.filter(({ name }) => !node.names.includes(name))
      if (kept.length === 0) throw invalid('drop() leaves no column', 'Keep at least one.')
      return project(input, unchanged(kept))
    }
    case 'aggregate':
      return analyzeAggregate(node, visit(node.input))
    case 'distinct':
      return distinct(visit(node.input), node.columns)
    case 'union':
      return union(
        alike(
          node.inputs.map((input) => visit(input)),
          node.byName ? 'unionByName()' : 'union()',
          node,
        ),
      )
    case 'setOperation': {
      const what = `${node.op}${node.all ? 'All' : ''}()`
      const inputs = node.inputs.map((input) => visit(input))
      const [left, right] = alike(inputs, what, { byName: false, allowMissing: false })
      return intersectOrExcept(left!, right!, node)
    }
    case 'pivot':
      return analyzePivot(node, visit(node.input))
    case 'describe':
      return describeColumns(visit(node.input), node.columns)
    case 'join':
      return analyzeJoin(node, visit(node.left), visit(node.right))
    case 'sort':
      return sort(node, visit(node.input))
    case 'limit': {
      const input = visit(node.input)
      return { kind: 'limit', input, count: node.count, columns: input.columns }
    }
    case 'sample':
      return sampleRows(node, visit(node.input))
    case 'broadcast':
      // The join that has it as a side takes the hint.
      return visit(node.input)
    case 'fillNulls':
      return fillNulls(node, visit(node.input))
    case 'dropNulls':
      return dropNulls(node, visit(node.input))
  }
}

function readNode(source: ReadQuery, found: ReadColumns | undefined): Logical {
  const { columns, folders } = found ?? { columns: source.schema, folders: [] }
  if (!columns) throw new RunjobError('INTERNAL', { detail: `the columns of ${source.paths} are not known` })
  // Reads that differ in nothing but marks share their files, and with them what is known of folders.
  const all = [...columns, ...folders].map(
    (column) => source.schema?.find(({ name }) => name === column.name) ?? column,
  )
  const names = folders.map(({ name }) => name)
  const read: Logical = { kind: 'read', source, columns: all, folders: names, place: null, files: null }
  const asDeclared = source.schema?.map(({ name }) => columnNamed(all, name)) ?? all
  return asDeclared.every((column, i) => column === all[i]) ? read : project(read, unchanged(asDeclared))
}

function condition(where: Untyped, columns: readonly Column[], what: string): Expression {
  const resolved = resolve(where, columns)
  if (resolved.type !== 'boolean') {
    throw invalid(
      `${what} needs a condition, but ${expressionText(where)} is of type ${typeText(resolved.type)}`,
      'Compare it with something: c => c.n.gt(0).',
    )
  }
  return resolved
}

/** @returns what they are computed from: the input, or the same with rows of elements, or the results of window functions */
function named(
  columns: readonly NamedTree[],
  input: Logical,
  what: string,
): { from: Logical; values: NamedExpression[] } {
  const names = columns.map(({ name, value }) => name ?? outputName(value, input.columns))
  const trees = columns.map(({ value }) => value)
  const timed = withTimeWindows(trees, input, what)
  const exploded = withExploded(timed.trees, timed.from, what)
  const all = exploded.trees.map((value, i) => ({ name: names[i]!, value }))
  return withWindows(all, exploded.from, (from, values) => ({
    from,
    values: values.map((value, i) => ({ name: all[i]!.name, value: resolve(value, from.columns) })),
  }))
}

/** Each row with its keys. */
function keyed(by: readonly NamedTree[], input: Logical): Logical {
  const { from, values: keys } = named(by, input, 'groupBy()')
  requireDistinct(keys, 'groupBy()')
  const together = (fields: readonly NamedExpression[]): Expression =>
    structOf(
      fields.map(({ name }) => name),
      fields.map(({ value }) => value),
    )
  return project(from, [
    { name: 'key', value: together(keys) },
    { name: 'value', value: together(unchanged(input.columns)) },
  ])
}

function requireDistinct(values: readonly NamedExpression[], what: string): void {
  const names = values.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  throw invalid(`${what}: two columns would have the name ${JSON.stringify(twice)}`, 'Name one of them by as().')
}

function distinct(input: Logical, subset: readonly string[] | null): Logical {
  const names = input.columns.map(({ name }) => name)
  if (subset !== null) requireColumns(input.columns, subset)
  const by = subset === null ? names : names.filter((name) => subset.includes(name))
  if (by.length === 0) throw invalid('dropDuplicates() needs at least one column')
  const values = input.columns
    .filter(({ name }) => !by.includes(name))
    .map((column) => ({ column, fn: 'first' as const, args: [columnOf(column)] }))
  const grouped = aggregate(input, by, values)
  return values.length === 0 ? grouped : project(grouped, unchanged(input.columns))
}

/** The inputs with the same columns. */
function alike(
  inputs: readonly Logical[],
  what: string,
  { byName, allowMissing }: Pick<Extract<Query, { kind: 'union' }>, 'byName' | 'allowMissing'>,
): Logical[] {
  const [first, ...others] = inputs as [Logical, ...Logical[]]
  const names = first.columns.map(({ name }) => name)
  const byWhat = `${what} goes by the order of columns${what === 'union()' ? '; unionByName() goes by their names' : ''}.`
  if (byName) {
    for (const { columns } of others) {
      const own = columns.map(({ name }) => name)
      const [extra, missing] = [
        own.filter((name) => !names.includes(name)),
        names.filter((name) => !own.includes(name)),
      ]
      if (!allowMissing && extra.length + missing.length > 0) {
        const [name, near] =
          extra[0] === undefined ? [missing[0]!, didYouMean(missing[0]!, own)] : [extra[0], didYouMean(extra[0], names)]
        throw invalid(
          `${what}: only one side has the column ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
          'Give both sides the same columns, or allow it: unionByName(other, { allowMissing: true }).',
        )
      }
      names.push(...extra)
    }
  } else {
    for (const { columns } of others) {
      const own = columns.map(({ name }) => name)
      if (own.length !== names.length) {
        throw invalid(`${what}: one side has ${names.length} columns, another ${own.length}`, byWhat)
      }
      const isOtherOrder = own.every((name) => names.includes(name)) && own.some((name, i) => name !== names[i])
      if (!isOtherOrder) continue
      throw invalid(
        `${what}: both sides have the same columns, but in another order: ${names.join(', ')}; and ${own.join(', ')}`,
        `${what} goes by the order of columns. ${what === 'union()' ? 'Use unionByName(), or select()' : 'select()'} them in one order.`,
      )
    }
  }
  const columnIn = (input: Logical, name: string, i: number): Column | undefined =>
    byName ? columnNamed(input.columns, name) : input.columns[i]
  const types = names.map((name, i) =>
    commonColumn(
      name,
      inputs.map((input) => columnIn(input, name, i)),
      what,
    ),
  )
  return inputs.map((input) => {
    const values = types.map((column, i): NamedExpression => {
      const { name } = column
      const own = columnIn(input, name, i)
      const tree: Untyped = own ? { kind: 'column', name: own.name } : { kind: 'literal', value: null }
      return { name, value: resolve(asColumn(tree, column), input.columns) }
    })
    const isSame =
      values.length === input.columns.length &&
      values.every(
        ({ name, value }, i) => value.op === 'column' && value.name === name && input.columns[i]!.name === name,
      )
    return isSame ? input : project(input, values)
  })
}

/** What the column has for this: of its type, and in JavaScript as it is. */
function asColumn(arg: Untyped, column: Column): Untyped {
  return { kind: 'cast', arg, to: column.type, try: false, ...markOf(column) }
}

/** A column of the type that all of these can have, by the rules of coalesce. */
function commonColumn(name: string, columns: readonly (Column | undefined)[], what: string): Column {
  const known = columns.filter((column) => column !== undefined).map((column, i) => ({ ...column, name: `${i}` }))
  const args = known.map((column): Untyped => ({ kind: 'column', name: column.name }))
  try {
    const { type } = resolve({ kind: 'call', fn: 'coalesce', args }, known)
    // The first one says what JavaScript gets.
    return { name, type, nullable: true, ...markOf(known[0]) }
  } catch {
    throw invalid(
      `${what}: the column ${JSON.stringify(name)} is ${known.map(({ type }) => typeText(type)).join(' here and ')} there`,
      'Cast one of them.',
    )
  }
}

function sort({ keys }: Extract<Query, { kind: 'sort' }>, input: Logical): Logical {
  const names = input.columns.map(({ name }) => name)
  const added: NamedExpression[] = []
  const sorted = keys.map(({ value, descending, nullsFirst }) => {
    const resolved = resolve(value, input.columns)
    if (resolved.op === 'column') return { column: resolved.name, descending, nullsFirst }
    const column = freshName(expressionText(value), [...names, ...added.map(({ name }) => name)])
    added.push({ name: column, value: resolved })
    return { column, descending, nullsFirst }
  })
  const from = added.length === 0 ? input : project(input, [...unchanged(input.columns), ...added])
  const node: SortNode = { kind: 'sort', input: from, keys: sorted, columns: from.columns }
  return added.length === 0 ? node : project(node, unchanged(input.columns))
}

function fillNulls({ values }: Extract<Query, { kind: 'fillNulls' }>, input: Logical): Logical {
  const chosen = new Map<string, Untyped>()
  if (values.kind === 'each') {
    requireColumns(
      input.columns,
      values.columns.map(([name]) => name),
    )
    for (const [name, value] of values.columns) chosen.set(name, value)
  } else {
    if (values.columns) requireColumns(input.columns, values.columns)
    for (const { name, type } of input.columns) {
      if (takesFill(type, values.of) && (values.columns?.includes(name) ?? true)) chosen.set(name, values.value)
    }
  }
  return project(
    input,
    input.columns.map((column): NamedExpression => {
      const fill = chosen.get(column.name)
      if (fill === undefined) return { name: column.name, value: columnOf(column) }
      const tree: Untyped = { kind: 'call', fn: 'coalesce', args: [presentOf(column), fill] }
      // The column keeps its type.
      return {
        name: column.name,
        value: resolve(asColumn(tree, column), input.columns),
      }
    }),
  )
}

function takesFill(type: Column['type'], of: 'number' | 'string' | 'boolean'): boolean {
  if (of !== 'number') return type === of
  return (
    type === 'integer' || type === 'long' || type === 'double' || (typeof type === 'object' && type.type === 'decimal')
  )
}

/** The column's value, or null: NaN counts as missing. */
function presentOf({ name, type }: Column): Untyped {
  const column: Untyped = { kind: 'column', name }
  if (type !== 'double') return column
  const isNumber: Untyped = { kind: 'call', fn: 'not', args: [{ kind: 'call', fn: 'isNaN', args: [column] }] }
  return { kind: 'call', fn: 'case', args: [isNumber, column] }
}

function dropNulls({ columns, least }: Extract<Query, { kind: 'dropNulls' }>, input: Logical): Logical {
  if (columns) requireColumns(input.columns, columns)
  const chosen = input.columns.filter(({ name }) => columns?.includes(name) ?? true)
  const present = chosen.map((column): Untyped => ({ kind: 'call', fn: 'isNotNull', args: [presentOf(column)] }))
  if (present.length === 0) return input
  const both = (fn: string) => present.reduce((left, right) => ({ kind: 'call', fn, args: [left, right] }))
  if (least === 'any') return filter(input, resolve(both('and'), input.columns))
  if (least === 'all') return filter(input, resolve(both('or'), input.columns))
  const one = (value: number): Untyped => ({ kind: 'literal', value })
  const counted = present
    .map((is): Untyped => ({ kind: 'call', fn: 'case', args: [is, one(1), one(0)] }))
    .reduce((left, right) => ({ kind: 'call', fn: 'add', args: [left, right] }))
  return filter(input, resolve({ kind: 'call', fn: 'ge', args: [counted, one(least)] }, input.columns))
}
