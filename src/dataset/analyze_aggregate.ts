/** Groups and their values: names, types, and what the exchange needs. */
import { type Expression, isNullable, type NamedExpression } from '../plan/expression.js'
import { valueTags } from '../plan/groups.js'
import type { GroupFn, GroupValue } from '../plan/plan.js'
import { type Column, markOf, sameType, type Type, typeText } from '../plan/type.js'
import { withTimeWindows } from './analyze_time_windows.js'
import { outputName, resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { aggregate, columnOf, type Logical, project } from './logical.js'
import { freshName } from './names.js'
import type { AggregateTree, Query } from './query.js'
import { columnsIn, renamed } from './tree.js'

/** A byte of the keys says which. */
const MOST_SORTED = 255

/** Grouping expressions are computed before; then every key is a column. */
export function analyzeAggregate({ by, values }: Extract<Query, { kind: 'aggregate' }>, asked: Logical): Logical {
  const keyNames = by.map(({ name, value }) => name ?? outputName(value, asked.columns))
  const trees = by.map(({ value }) => value)
  const { from: input, trees: timed } = withTimeWindows(trees, asked, 'groupBy()')
  const keys = timed.map((value, i) => ({ name: keyNames[i]!, value: resolve(value, input.columns) }))
  const answers = values.map((value) => groupValue(value, input.columns, keys.length > 0))
  if (Math.max(0, ...valueTags(answers)) > MOST_SORTED) {
    throw invalid(
      `agg(): different values or percentiles of more than ${MOST_SORTED} columns at once`,
      'Ask for them in several groupings.',
    )
  }
  const names = [...keys.map(({ name }) => name), ...answers.map(({ column }) => column.name)]
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) {
    throw invalid(`agg(): two columns would have the name ${JSON.stringify(twice)}`, 'Give one of them another name.')
  }
  if (keys.every(({ name, value }) => value.op === 'column' && value.name === name)) {
    return aggregate(
      input,
      keys.map(({ name }) => name),
      answers,
    )
  }
  // What the values read keeps its name, unless a key of another meaning has it.
  const before: NamedExpression[] = [...keys]
  const renames = new Map<string, string>()
  for (const column of columnsRead(answers, input.columns)) {
    const same = keys.find(({ name }) => name === column.name)
    if (same?.value.op === 'column' && same.value.name === column.name) continue
    const name = freshName(
      column.name,
      before.map((one) => one.name),
    )
    renames.set(column.name, name)
    before.push({ name, value: columnOf(column) })
  }
  return aggregate(
    project(input, before),
    keys.map(({ name }) => name),
    answers.map((answer) => ({ ...answer, args: answer.args.map((arg) => renamed(arg, renames)) })),
  )
}

function columnsRead(values: readonly GroupValue[], columns: readonly Column[]): Column[] {
  const names = new Set(values.flatMap(({ args }) => args.flatMap((arg) => [...columnsIn(arg)])))
  return columns.filter(({ name }) => names.has(name))
}

/** @param isGrouped there is a row only for a group, which has rows */
export function groupValue(
  { name, fn, args, ascending }: AggregateTree,
  columns: readonly Column[],
  isGrouped: boolean,
): GroupValue {
  const [tree, ...more] = args
  if (tree === undefined) return { column: { name, type: 'long', nullable: false }, fn: 'count', args: [] }
  const what = `${fn}(${args.map(expressionText).join(', ')})`
  const cast = (to: Type): Expression => resolve({ kind: 'cast', arg: tree, to, try: false }, columns)
  const given = resolve(tree, columns)
  const rest = more.map((one) => resolve(one, columns))
  const value = (type: Type, arg = given) => ({
    column: {
      ...{ name, type, nullable: !isGrouped || isNullable(arg) },
      ...(sameType(type, given.type) ? markOf(given) : {}),
    },
    fn: fn as GroupFn,
    args: [arg, ...rest],
  })
  const always = (type: Type) => ({ ...value(type), column: { name, type, nullable: false } })
  const wrong = (expected: string, type = given.type) =>
    invalid(`${name}: ${what} needs ${expected}, not ${typeText(type)}`, 'Cast it: c.x.cast(double()).')
  const asDouble = (arg: Untyped): Expression => {
    const { type } = resolve(arg, columns)
    if (!isNumeric(type)) throw wrong('numbers', type)
    return resolve({ kind: 'cast', arg, to: 'double', try: false }, columns)
  }
  const requireBoolean = () => {
    if (given.type !== 'boolean') throw invalid(`${name}: ${what} needs a condition, not ${typeText(given.type)}`)
  }
  const listOfGiven: Type = { type: 'array', element: given.type, containsNull: false, ...markOf(given) }
  const isDecimal = typeof given.type === 'object' && given.type.type === 'decimal'
  const isWhole = given.type === 'integer' || given.type === 'long'
  switch (fn) {
    case 'count':
    case 'countDistinct':
    case 'approxCountDistinct':
      return always('long')
    case 'sum':
      if (isDecimal) return value(widened(given.type, 10, 0))
      if (isWhole) return value('long', cast('long'))
      if (given.type === 'double') return value('double')
      throw wrong('numbers')
    case 'avg':
      if (isDecimal) return value(widened(given.type, 4, 4))
      if (isWhole) return value('double', cast('long'))
      if (given.type === 'double') return value('double')
      throw wrong('numbers')
    case 'stddevSamp':
    case 'stddevPop':
    case 'varSamp':
    case 'varPop':
    case 'skewness':
    case 'kurtosis':
      // Of a single value there may be none.
      return { column: { name, type: 'double', nullable: true }, fn, args: [asDouble(tree)] }
    case 'corr':
    case 'covarPop':
    case 'covarSamp':
      return { column: { name, type: 'double', nullable: true }, fn, args: [tree, more[0]!].map(asDouble) }
    case 'percentile':
    case 'percentileDisc': {
      const isOne = rest[0]?.op === 'literal'
      return value(isOne ? 'double' : { type: 'array', element: 'double', containsNull: false }, asDouble(tree))
    }
    case 'countIf':
      requireBoolean()
      return {
        ...always('long'),
        fn: 'count',
        args: [resolve({ kind: 'call', fn: 'case', args: [tree, { kind: 'literal', value: true }] }, columns)],
      }
    case 'boolAnd':
    case 'boolOr':
      // False comes before true.
      requireBoolean()
      return { ...value('boolean'), fn: fn === 'boolAnd' ? 'min' : 'max' }
    case 'minBy':
    case 'maxBy': {
      const { column, ...made } = value(given.type)
      return { ...made, column: { ...column, nullable: column.nullable || isNullable(rest[0]!) } }
    }
    case 'min':
    case 'max':
    case 'mode':
    case 'first':
    case 'last':
      return value(given.type)
    case 'collectList':
    case 'collectSet':
      return always(listOfGiven)
    case 'topK':
      if (ascending) throw invalid(`${name}: topK() of the smallest is not possible in data frames`)
      return always(listOfGiven)
  }
}

export function isNumeric(type: Type): boolean {
  if (typeof type === 'object') return type.type === 'decimal'
  return type === 'integer' || type === 'long' || type === 'double'
}

/** Spark's types of sums and means of decimals. */
function widened(type: Type, precision: number, scale: number): Type {
  const { precision: p, scale: s } = type as { precision: number; scale: number }
  return { type: 'decimal', precision: Math.min(38, p + precision), scale: Math.min(38, s + scale) }
}
