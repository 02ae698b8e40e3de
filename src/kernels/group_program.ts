/** What programs of pipelines say about groups: native/pipeline/group_values.h. */
import type { Expression } from '../plan/expression.js'
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
]

/** @param columns of the rows that are grouped; null: their states are read */
export function writeGroupValues(
  writer: ProgramWriter,
  values: readonly GroupValue[],
  columns: readonly Column[] | null,
): void {
  writer.count(values.length)
  for (const { column, fn, args: all } of values) {
    const { args, k, ignoreNulls } = splitArguments(fn, all)
    writer.byte(FUNCTIONS.indexOf(fn)).field(column).count(k).flag(ignoreNulls).count(args.length)
    for (const arg of args) {
      if (columns) writer.expression(arg, columns)
      else writer.type(arg.type)
    }
  }
}

/** Whether keys of the exchange have more behind the group, so that it is partitioned by prefix. */
export function hasCompositeKeys(values: readonly GroupValue[]): boolean {
  return values.some(({ fn }) => fn === 'countDistinct')
}

/** Some take a literal behind the column: `topK` how many, `first` and `last` whether nulls are ignored. */
function splitArguments(
  fn: GroupFn,
  args: readonly Expression[],
): { args: readonly Expression[]; k: number; ignoreNulls: boolean } {
  const option = args[1]?.op === 'literal' ? args[1].value : undefined
  switch (fn) {
    case 'topK':
      return { args: args.slice(0, 1), k: Number(option), ignoreNulls: false }
    case 'first':
    case 'last':
      return { args: args.slice(0, 1), k: 0, ignoreNulls: option === true }
    default:
      return { args, k: 0, ignoreNulls: false }
  }
}
