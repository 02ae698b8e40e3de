/** Constants are computed when the plan is built, but nothing that may fail is left out. */
import { expect, it } from 'vitest'
import { fold } from '../../../dist/src/dataset/expression/fold.js'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import { expressionText } from '../../../dist/src/dataset/expression/text.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Column } from '../../../dist/src/plan/type.js'

const COLUMNS: Column[] = [
  { name: 'i', type: 'integer', nullable: true },
  { name: 'n', type: 'integer', nullable: false },
  { name: 'b', type: 'boolean', nullable: true },
]

const NOW = 1_700_000_000_123_456n

const lit = (value: unknown): Untyped => ({ kind: 'literal', value })
const cast = (value: unknown, to: 'date' | 'integer' | 'timestamp'): Untyped => ({
  kind: 'cast',
  arg: { kind: 'literal', value, type: 'string' },
  to,
  try: false,
})
const call = (fn: string, ...args: (Untyped | string)[]): Untyped => ({
  kind: 'call',
  fn,
  args: args.map((arg) => (typeof arg === 'string' ? { kind: 'column', name: arg } : arg)),
})
const fails = call('eq', call('divide', 'i', lit(0)), lit(1))

it.each([
  [call('add', lit(1), call('multiply', lit(2), lit(3))), '7'],
  [call('add', lit(2147483647), lit(1)), '2147483647 + 1'],
  [call('multiply', lit(0.1), lit(0.1)), '0.1 * 0.1'],
  [cast('2024-01-31', 'date'), "date'2024-01-31'"],
  [cast('2024-01-32', 'date'), "cast('2024-01-32' as date)"],
  [call('gt', cast('7', 'integer'), 'i'), '7 > i'],
  [call('lt', lit('a'), lit('b')), 'true'],
  [call('eq', lit(NaN), lit(NaN)), 'true'],
  [call('and', lit(true), 'b'), 'b'],
  [call('and', 'b', lit(false)), 'false'],
  [call('and', fails, lit(false)), '((cast(i as double) / 0) = 1) and false'],
  [call('and', lit(false), fails), 'false'],
  [call('or', 'b', lit(true)), 'true'],
  [call('not', call('not', 'b')), 'b'],
  [call('not', call('lt', 'i', lit(1))), 'i >= 1'],
  [call('isNull', 'n'), 'false'],
  [call('isNull', 'i'), 'i is null'],
  [call('isNotNull', call('add', 'n', lit(1))), '(n + 1) is not null'],
  [call('add', 'i', lit(null)), 'null'],
  [call('add', call('divide', 'i', lit(0)), lit(null)), '(cast(i as double) / 0) + null'],
  [call('case', lit(false), lit(1), lit(true), 'i', lit(3)), 'i'],
  [call('case', 'b', lit(1), lit(false), lit(2), lit(3)), 'case when b then 1 else 3 end'],
  [call('coalesce', lit(null), 'i', 'n', lit(1)), 'coalesce(i, n)'],
  [call('in', 'i', lit(null)), 'i in (null)'],
  [call('currentTimestamp'), "timestamp'2023-11-14 22:13:20.123456'"],
  [call('currentDate'), "date'2023-11-14'"],
])('%#', (tree, text) => {
  expect(expressionText(fold(resolve(tree, COLUMNS), NOW))).toBe(text)
})
