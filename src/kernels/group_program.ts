/** What programs of pipelines say about groups: native/pipeline/group_values.h. */
import type { Expression, LiteralExpression } from '../plan/expression.js'
import { valueTags } from '../plan/groups.js'
import type { GroupFn, GroupValue } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import type { ProgramWriter } from './program.js'

const FUNCTIONS: readonly GroupFn[] = [
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'first',
  'last',
  'countDistinct',
  'stddevSamp',
  'stddevPop',
  'varSamp',
  'varPop',
  'collectList',
  'collectSet',
  'topK',
  'percentile',
  'percentileDisc',
  'approxCountDistinct',
  'corr',
  'covarPop',
  'covarSamp',
  'minBy',
  'maxBy',
  'mode',
  'skewness',
  'kurtosis',
]

/**
 * @param columns of the rows that come in; null: states do
 * @param tags of the values whose keys are part of the group's; none has one in a window
 */
export function writeGroupValues(
  writer: ProgramWriter,
  values: readonly GroupValue[],
  columns: readonly Column[] | null,
  tags: readonly number[] = valueTags(values),
): void {
  writer.count(values.length)
  values.forEach(({ column, fn, args: all }, i) => {
    const { args, k, ignoreNulls, fractions } = splitArguments(fn, all)
    writer.byte(FUNCTIONS.indexOf(fn)).field(column).count(k).flag(ignoreNulls).count(fractions.length)
    for (const fraction of fractions) writer.double(fraction)
    writer.byte(tags[i] ?? 0).count(args.length)
    for (const arg of args) {
      if (columns) writer.expression(arg, columns)
      else writer.type(arg.type)
    }
  })
}

interface Arguments {
  args: readonly Expression[]
  k: number
  ignoreNulls: boolean
  fractions: readonly number[]
}

/** Some take a literal behind the column: `topK` how many, `first` and `last` whether nulls are ignored, percentiles which, and so on. */
function splitArguments(fn: GroupFn, args: readonly Expression[]): Arguments {
  const option = args[1]?.op === 'literal' ? args[1].value : undefined
  const one: Arguments = { args: args.slice(0, 1), k: 0, ignoreNulls: false, fractions: [] }
  switch (fn) {
    case 'topK':
      return { ...one, k: Number(option) }
    case 'first':
    case 'last':
      return { ...one, ignoreNulls: option === true }
    case 'approxCountDistinct':
      return { ...one, k: precisionOf(Number(option)) }
    case 'percentile':
    case 'percentileDisc':
      return { ...one, fractions: numbersOf(args[1]!) }
    default:
      return { ...one, args }
  }
}

/** As in Spark. HyperLogLog has 2^precision registers. */
function precisionOf(error: number): number {
  return Math.ceil(2 * Math.log2(1.106 / error))
}

/** Of a literal, or of an array of these. */
function numbersOf(option: Expression): number[] {
  if (option.op === 'call') return option.args.flatMap(numbersOf)
  return [Number((option as LiteralExpression).value)]
}
