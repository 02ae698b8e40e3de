import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Compression } from '../../../dist/src/io/input/content.js'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { planSplits } from '../../../dist/src/io/input/splits.js'

function file(sizeBytes: number, compression: Compression = 'none'): InputFile {
  return { path: `f${sizeBytes}`, sizeBytes, mtimeMs: 0, compression }
}

const MB = 1e6

test('a big file is cut in ranges of nearly equal size', () => {
  const tasks = planSplits([file(100 * MB + 1)], 32 * MB)
  expect(tasks.map((task) => task.splits)).toEqual([
    [{ file: 0, start: 0, end: 33_333_333 }],
    [{ file: 0, start: 33_333_333, end: 66_666_667 }],
    [{ file: 0, start: 66_666_667, end: 100_000_001 }],
  ])
})

test('small files that follow one another share a task', () => {
  const tasks = planSplits([file(10 * MB), file(10 * MB), file(10 * MB), file(10 * MB)], 32 * MB)
  expect(tasks.map((task) => task.splits.map((split) => split.file))).toEqual([[0, 1, 2], [3]])
  expect(tasks.map((task) => task.bytes)).toEqual([30 * MB, 10 * MB])
})

test('a compressed file is one split, whatever its size', () => {
  expect(planSplits([file(500 * MB, 'gzip'), file(200 * MB, 'zstd')], 32 * MB).map((task) => task.splits)).toEqual([
    [{ file: 0, start: 0, end: 500 * MB }],
    [{ file: 1, start: 0, end: 200 * MB }],
  ])
})

test('empty files need no task', () => {
  expect(planSplits([], 32 * MB)).toEqual([])
  expect(planSplits([file(0), file(0)], 32 * MB)).toEqual([])
  expect(planSplits([file(0), file(5), file(0)], 32 * MB)).toEqual([
    { splits: [{ file: 1, start: 0, end: 5 }], bytes: 5 },
  ])
})

test('a task does not get thousands of tiny files', () => {
  const tasks = planSplits(
    Array.from({ length: 10_000 }, () => file(10)),
    32 * MB,
  )
  expect(tasks.length).toBe(6)
})

describe('for any files', () => {
  test('every byte is in one split, in order, and tasks are about as large as asked', () => {
    const files = fc.array(
      fc.record({
        sizeBytes: fc.oneof(fc.nat(200), fc.nat(200_000), fc.nat(2 ** 40)),
        compression: fc.constantFrom('none' as const, 'gzip' as const),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(files, fc.integer({ min: 2 ** 30, max: 2 ** 34 }), (described, target) => {
        const inputs = described.map((file, i) => ({ ...file, path: `f${i}`, mtimeMs: 0 }))
        const tasks = planSplits(inputs, target)
        const read = inputs.map(() => 0)
        let last = 0
        for (const { splits, bytes } of tasks) {
          expect(bytes).toBe(splits.reduce((sum, split) => sum + split.end - split.start, 0))
          for (const { file, start, end } of splits) {
            expect(file).toBeGreaterThanOrEqual(last)
            last = file
            expect(start).toBe(read[file])
            expect(end).toBeGreaterThan(start)
            read[file] = end
          }
          const isOneCompressed = splits.length === 1 && inputs[splits[0]!.file]!.compression !== 'none'
          if (!isOneCompressed) expect(bytes).toBeLessThanOrEqual(target * 1.5 + 1)
        }
        expect(read).toEqual(inputs.map((file) => file.sizeBytes))
      }),
    )
  })
})
