import { expect, test } from 'vitest'
import { planMapTasks } from '../../dist/src/engine/planner.js'
import type { InputFile } from '../../dist/src/io/inputs.js'
import type { Exchange, Stage } from '../../dist/src/plan/plan.js'

const MIB = 2 ** 20

/** A stage that reads lines of the input `in`; only the parts that planning looks at. */
function stage(combine: Exchange['combine']): Stage {
  return {
    name: 'map',
    sources: [{ kind: 'files', input: 'in', operators: [{ op: 'words' }] }],
    target: { kind: 'exchange', combine },
  } as unknown as Stage
}
const counting = stage({ kind: 'aggregate', aggregates: [] })
const sorting = stage(null)

function plan(of: Stage, sizes: number[], workers: number) {
  const files = sizes.map(
    (mib, i): InputFile => ({ path: `f${i}`, sizeBytes: mib * MIB, mtimeMs: 0, compression: 'none' }),
  )
  return planMapTasks(of, 0, files, new Map([['in', sizes.map((_, i) => i)]]), workers, {})
}
const sizesOf = (tasks: ReturnType<typeof plan>) => tasks.map((task) => task.bytes / MIB)

test('a stage that combines has one large task for each worker, then small ones', () => {
  expect(sizesOf(plan(counting, [800], 2))).toEqual([300, 300, 100, 100])
  expect(sizesOf(plan(counting, [1600], 4))).toEqual([300, 300, 300, 300, 100, 100, 100, 100])
  expect(sizesOf(plan(sorting, [800], 2))).toEqual([100, 100, 100, 100, 100, 100, 100, 100])
})

test('no task is larger than a gibibyte, and small inputs are not grouped', () => {
  expect(Math.max(...sizesOf(plan(counting, [20_000], 2)))).toBeLessThanOrEqual(1024)
  expect(sizesOf(plan(counting, [64], 2))).toEqual([32, 32])
})

test('grouping keeps every byte, in order, and joins neighbouring ranges', () => {
  const tasks = plan(counting, [500, 10, 10, 300], 2)
  const pieces = tasks.flatMap((task) => ('pieces' in task ? task.pieces : []))
  const ends = new Map<number, number>()
  for (const { file, start, end } of pieces) {
    expect(start).toBe(ends.get(file) ?? 0)
    ends.set(file, end)
  }
  expect([...ends]).toEqual([500, 10, 10, 300].map((mib, file) => [file, mib * MIB]))
  expect(tasks[0]).toMatchObject({ pieces: [{ file: 0, start: 0 }] })
})
