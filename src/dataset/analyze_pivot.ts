/** Pivots: groups by one more column, whose values become columns. */
import { RunjobError } from '../base/errors.js'
import type { GroupValue } from '../plan/plan.js'
import { markOf } from '../plan/type.js'
import { analyzeAggregate } from './analyze_aggregate.js'
import { outputName, resolve } from './expression/resolve.js'
import type { Untyped } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { aggregate, type Logical } from './logical.js'
import { freshName } from './names.js'
import type { PivotQuery } from './query.js'

export function analyzePivot({ input: below, by, column, options, values }: PivotQuery, input: Logical): Logical {
  if (options === null) throw new RunjobError('INTERNAL', { detail: 'the values of a pivot have not been found' })
  const keys = by.map(({ name, value }) => name ?? outputName(value, input.columns))
  const taken = [...keys, ...values.map(({ name }) => name)]
  const pivot = freshName(outputName(column.value, input.columns), taken)
  const groups = analyzeAggregate(
    { kind: 'aggregate', input: below, by: [...by, { name: pivot, value: column.value }], values },
    input,
  )
  const lists = values.find(({ fn }) => fn === 'collectList' || fn === 'collectSet' || fn === 'topK')
  if (lists) {
    throw invalid(
      `pivot(): ${lists.name} is a list`,
      'Group by that column as well, where each group has its list: groupBy(…, column).',
    )
  }
  const answers = options.flatMap((option) =>
    values.map(({ name }): GroupValue => {
      const isIt: Untyped = { kind: 'call', fn: 'eqNullSafe', args: [{ kind: 'column', name: pivot }, option.value] }
      const value: Untyped = { kind: 'call', fn: 'case', args: [isIt, { kind: 'column', name }] }
      const arg = resolve(value, groups.columns)
      return {
        column: {
          name: values.length === 1 ? option.name! : `${option.name}_${name}`,
          type: arg.type,
          nullable: true,
          ...markOf(arg),
        },
        fn: 'first',
        // Of the one group that has a value, if there is one.
        args: [arg, { op: 'literal', value: true, type: 'boolean' }],
      }
    }),
  )
  if (keys.length + answers.length === 0) {
    throw invalid('pivot(): there are no rows, so there would be no column', 'Name the values that become columns.')
  }
  const names = [...keys, ...answers.map(({ column }) => column.name)]
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) {
    throw invalid(
      `pivot(): two columns would have the name ${JSON.stringify(twice)}`,
      keys.includes(twice)
        ? 'Name one of the keys by as().'
        : 'Of values that are written alike, such as null and the text "null", leave one out by filter() before.',
    )
  }
  return aggregate(groups, keys, answers)
}
