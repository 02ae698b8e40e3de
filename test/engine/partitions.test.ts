/** How many partitions exchanges have. */
import { expect, test } from 'vitest'
import { planPartitions } from '../../dist/src/engine/partitions.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import type { ExchangeRows, Plan } from '../../dist/src/plan/plan.js'

const MIB = 2 ** 20
const column = { name: 'k', type: 'long' as const, nullable: true }
const KEY = { column: 'k', descending: false, nullsFirst: true }
const ROWS: ExchangeRows[] = [
  { kind: 'groups', columns: [column], by: ['k'], values: [] },
  { kind: 'rows', columns: [column], keys: [KEY], by: ['k'] },
  { kind: 'rows', columns: [column], keys: [], by: ['k'] },
]
const plan = {
  stages: ROWS.map((rows) => ({ target: { kind: 'exchange', partitionBy: 'hash', partitions: null, rows } })),
} as unknown as Plan

function partitionsOf(sizeBytes: number, asked: number | null = null, compression = 'none'): number[] {
  return planPartitions(plan, [{ sizeBytes, compression } as InputFile], asked)
}

test('groups and windows have a partition for every 64 MiB, sides of joins by tables one for every 2 MiB, up to 64', () => {
  expect(partitionsOf(0)).toEqual([1, 1, 1])
  expect(partitionsOf(1 * MIB)).toEqual([1, 1, 1])
  expect(partitionsOf(20 * MIB)).toEqual([1, 1, 10])
  expect(partitionsOf(20 * MIB, null, 'gzip')).toEqual([1, 1, 40])
  expect(partitionsOf(640 * MIB)).toEqual([10, 10, 64])
  expect(partitionsOf(6400 * MIB)).toEqual([100, 100, 100])
  expect(partitionsOf(2 ** 40)).toEqual([256, 256, 256])
  expect(partitionsOf(640 * MIB, 3)).toEqual([3, 3, 3])
})
