/** Which tasks look for a key that most of their records have. */
import { expect, it } from 'vitest'
import { watchingKeys } from '../../dist/src/engine/skew.js'
import type { ReduceSpec } from '../../dist/src/engine/task.js'
import type { KeyRange } from '../../dist/src/kernels/kernels.js'
import type { Plan } from '../../dist/src/plan/plan.js'
import { ascending, columnsOf, exchange, files, from, JSONL, sink, stage } from '../helpers/row_plans.js'

const COLUMNS = columnsOf({ k: 'string', id: 'integer' })
const rows = { kind: 'rows' as const, columns: COLUMNS, keys: [ascending('k')] }
const plan = {
  stages: [
    stage('sort', [files('in', JSONL, COLUMNS)], exchange('sort', rows, { partitionBy: 'range', partitions: null })),
    stage('output', [from('sort', { op: 'rows' })], sink(COLUMNS)),
  ],
} as unknown as Plan

it('are those with far more records than others, unless several share the key', () => {
  const watched = (tasks: readonly (readonly [expected: number, range: KeyRange])[]) =>
    watchingKeys(
      plan,
      tasks.map(([expected, range]) => ({ stage: 1, input: 0, records: 400_000, expected, range }) as ReduceSpec),
    ).map(({ watchKeys }) => watchKeys === true)
  const key = { from: Uint8Array.of(5), to: Uint8Array.of(5, 0) }
  const shares = [0, 1].map((index) => [180_000, { ...key, share: { index, of: 2 } }] as const)
  const few = [20_000, { to: key.from }] as const
  expect(watched([few, [360_000, key], few])).toEqual([false, true, false])
  expect(watched([few, ...shares, few])).toEqual([false, false, false, false])
})
