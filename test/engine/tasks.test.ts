/** The tasks that read files, and the limits that follow from a worker's memory: how much one merge may open. */
import { describe, expect, it } from 'vitest'
import { planBudget } from '../../dist/src/engine/budget.js'
import type { RunEntry } from '../../dist/src/engine/task.js'
import { planMapTasks, planMergeTasks } from '../../dist/src/engine/tasks.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import type { Exchange, Stage } from '../../dist/src/plan/plan.js'

const MIB = 2 ** 20
const exchange = { kind: 'exchange', combine: null } as Exchange

/** Runs of one partition or more, in the order of the input. */
function runsOf(count: number, partitions: { records: number; bytes: number }[]): RunEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `s0-m${String(i).padStart(5, '0')}-a0-0.run`,
    records: partitions.reduce((sum, { records }) => sum + records, 0),
    bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0),
    fileBytes: 1,
    partitions,
  }))
}

/** How many runs each merge of one pass opens. */
function widths(memoryBytes: number, workers: number, runs: RunEntry[], mergeRuns?: number): number[] {
  const { merge } = planBudget(memoryBytes, workers, false, 0, mergeRuns === undefined ? {} : { mergeRuns })
  return planMergeTasks(exchange, 0, 0, runs, merge).map((task) => task.runs.length)
}

const large = [{ records: 1e6, bytes: 80 * MIB }]

describe('a collector that combines nothing', () => {
  const enough = (memoryBytes: number, inputBytes: number) =>
    planBudget(memoryBytes, 2, false, inputBytes, {}).worker.enoughBytes

  it('takes no more memory than it needs, and more if the input is large', () => {
    expect(enough(4e9, 0)).toBe(128 * MIB)
    expect(enough(4e9, 2e9)).toBe(128 * MIB)
    expect(enough(4e9, 8e9)).toBe(500e6)
  })

  it('stays within the budget', () => {
    expect(enough(128e6, 2e9)).toBeLessThan(64e6)
    expect(enough(1e9, 1e12)).toBe(planBudget(1e9, 2, false, 1e12, {}).worker.collectorBytes)
  })
})

describe('a merge', () => {
  it('opens no more runs than the worker has memory for their blocks', () => {
    for (const memoryBytes of [64e6, 128e6, 256e6, 512e6, 2e9]) {
      for (const workers of [1, 2, 8]) {
        const { workers: count } = planBudget(memoryBytes, workers, false, 0, {})
        const most = Math.max(0, ...widths(memoryBytes, workers, runsOf(1000, large)))
        expect(most, `${memoryBytes} bytes, ${count} workers`).toBeGreaterThanOrEqual(2)
        expect(most).toBeLessThanOrEqual(256)
        expect(most * 1.5 * MIB).toBeLessThan(memoryBytes / count / 4)
      }
    }
    expect(widths(64e6, 1, runsOf(20, large))).toEqual([7, 7, 6])
    expect(widths(256e6, 2, runsOf(40, large))).toEqual([17, 17, 6])
  })

  it('opens as many as there are if they are in memory already, up to the limit', () => {
    const held = (count: number) => runsOf(count, large).map((run) => ({ ...run, fileBytes: 0 }))
    expect(widths(64e6, 1, held(256))).toEqual([])
    expect(widths(64e6, 1, held(257))).toEqual([256, 1])
    expect(widths(64e6, 1, [...held(100), ...runsOf(20, large)])).toEqual([106, 7, 7])
  })

  it('opens many runs at once if there is much memory, or the runs are small', () => {
    expect(widths(16e9, 4, runsOf(256, large))).toEqual([])
    expect(widths(16e9, 4, runsOf(257, large))).toEqual([256, 1])
    const small = [{ records: 100, bytes: 4000 }]
    expect(widths(64e6, 1, runsOf(150, small))).toEqual([])
    // Only one partition of a run is open at a time.
    const spread = Array.from({ length: 64 }, () => ({ records: 100, bytes: 4000 }))
    expect(widths(64e6, 1, runsOf(150, spread))).toEqual([])
  })

  it('opens fewer runs of long records, but always two', () => {
    const long = [{ records: 10, bytes: 100 * MIB }]
    expect(widths(256e6, 2, runsOf(5, long))).toEqual([2, 2, 1])
    expect(widths(64e6, 1, runsOf(4, [{ records: 1, bytes: 500 * MIB }]))).toEqual([2, 2])
    expect(widths(64e6, 1, runsOf(2, [{ records: 1, bytes: 500 * MIB }]))).toEqual([])
  })

  it('takes neighbours, each run once', () => {
    const runs = runsOf(100, large)
    const { merge } = planBudget(64e6, 1, false, 0, {})
    const tasks = planMergeTasks(exchange, 0, 0, runs, merge)
    expect(tasks.flatMap((task) => task.runs)).toEqual(runs.map(({ name }) => name))
  })

  it('keeps the number of runs that a test sets', () => {
    expect(widths(16e9, 1, runsOf(7, large), 3)).toEqual([3, 3, 1])
    expect(widths(16e9, 1, runsOf(3, large), 3)).toEqual([])
  })
})

/** A stage that reads lines of the input `in`; only the parts that planning uses. */
function stage(combine: Exchange['combine']): Stage {
  return {
    name: 'map',
    inputs: [{ kind: 'files', files: 'in', operators: [{ op: 'words' }] }],
    target: { kind: 'exchange', combine },
  } as unknown as Stage
}
const counting = stage({ op: 'aggregate', aggregates: [] })
const sorting = stage(null)

/** @param others files of the run that the stage does not read */
function plan(of: Stage, sizes: number[], workers: number, others: number[] = []) {
  const files = [...sizes, ...others].map(
    (mib, i): InputFile => ({ path: `f${i}`, sizeBytes: mib * MIB, mtimeMs: 0, compression: 'none' }),
  )
  return planMapTasks(of, 0, files, new Map([['in', sizes.map((_, i) => i)]]), workers, {})
}
const sizesOf = (tasks: ReturnType<typeof plan>) => tasks.map((task) => task.bytes / MIB)

describe('map tasks', () => {
  it('a stage that combines has one large task for each worker, then small ones', () => {
    expect(sizesOf(plan(counting, [800], 2))).toEqual([300, 300, 100, 100])
    expect(sizesOf(plan(counting, [1600], 4))).toEqual([300, 300, 300, 300, 100, 100, 100, 100])
    expect(sizesOf(plan(sorting, [800], 2))).toEqual([100, 100, 100, 100, 100, 100, 100, 100])
  })

  it('functions of a job get small tasks, because their work must not be lost', () => {
    const mapping = structuredClone(counting)
    mapping.inputs[0]!.operators = [{ op: 'map' }] as never
    expect(sizesOf(plan(mapping, [800], 2))).toEqual([100, 100, 100, 100, 100, 100, 100, 100])
  })

  it('the last tasks are small, however large the input is, and the earlier ones are divided evenly', () => {
    const sizes = sizesOf(plan(counting, [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000], 2))
    expect(sizes.slice(0, 6)).toEqual([1000, 1000, 1000, 1000, 1000, 1000])
    expect(sizes.slice(6)).toEqual([500, 500, 500, 500, 500, 500])
  })

  it('no task is larger than a gibibyte', () => {
    expect(Math.max(...sizesOf(plan(counting, [20_000], 2)))).toBeLessThanOrEqual(1024)
  })

  it('a small input has as many tasks for each worker, of 8 MiB or about as much, whatever else the run reads', () => {
    expect(sizesOf(plan(sorting, [64], 2))).toEqual([8, 8, 8, 8, 8, 8, 8, 8])
    expect(sizesOf(plan(counting, [64], 2))).toEqual([24, 24, 8, 8])
    expect(sizesOf(plan(sorting, [42], 2))).toEqual([7, 7, 7, 7, 7, 7])
    expect(sizesOf(plan(sorting, [20], 2))).toEqual([5, 5, 5, 5])
    expect(sizesOf(plan(sorting, [21], 4))).toEqual([7, 7, 7])
    expect(sizesOf(plan(sorting, [11], 2))).toEqual([11])
    expect(sizesOf(plan(sorting, [64], 2, [8000]))).toEqual([8, 8, 8, 8, 8, 8, 8, 8])
  })

  it('many small files share a task', () => {
    expect(plan(sorting, Array(1000).fill(0.001), 2)).toHaveLength(5)
    expect(plan(sorting, [0, 0], 2)).toEqual([])
  })

  it('tasks that write parts are large, and few of them do not depend on the workers', () => {
    const writing = { ...sorting, target: { kind: 'sink' } } as Stage
    for (const workers of [1, 2, 8]) expect(sizesOf(plan(writing, [99], workers))).toEqual([33, 33, 33])
  })

  it('fixed splits depend on the files of the run only', () => {
    const fixed: Stage = { ...sorting, fixedSplits: true }
    for (const workers of [1, 8]) {
      expect(sizesOf(plan(fixed, [128], workers))).toEqual([32, 32, 32, 32])
      expect(sizesOf(plan(fixed, [128], workers, [16_256]))).toEqual([64, 64])
    }
  })

  it('grouping keeps every byte, in order, and joins neighbouring ranges', () => {
    const tasks = plan(counting, [500, 10, 10, 300], 2)
    const splits = tasks.flatMap((task) => task.splits)
    const ends = new Map<number, number>()
    for (const { file, start, end } of splits) {
      expect(start).toBe(ends.get(file) ?? 0)
      ends.set(file, end)
    }
    expect([...ends]).toEqual([500, 10, 10, 300].map((mib, file) => [file, mib * MIB]))
    expect(tasks[0]).toMatchObject({ splits: [{ file: 0, start: 0 }] })
  })
})
