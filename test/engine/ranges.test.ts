/** Sorted exchanges are read in ranges: the same ones, and so the same parts, whatever the workers, splits and spills. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Division, rangesOf } from '../../dist/src/engine/ranges.js'
import type { StageResult } from '../../dist/src/engine/task.js'
import type { SortKey } from '../../dist/src/plan/expression.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import {
  ascending,
  CONFIGS,
  columnsOf,
  descending,
  exchange,
  files,
  from,
  JSONL,
  type RowPlan,
  runRows,
  sink,
  stage,
} from '../helpers/row_plans.js'

const COLUMNS = columnsOf({ k: 'double', id: 'integer' })

interface Row {
  k: number | string | null
  id: number
}

function planOf(rows: Row[], key: SortKey, partitions: number | null): RowPlan {
  const half = rows.length >> 1
  const contents = [rows.slice(0, half), rows.slice(half)]
  return {
    stages: [
      stage(
        'sort',
        [files('rows', JSONL, COLUMNS)],
        exchange('sorted', { kind: 'rows', columns: COLUMNS, keys: [key] }, { partitionBy: 'range', partitions }),
      ),
      stage('output', [from('sorted', { op: 'rows' })], sink(COLUMNS)),
    ],
    inputs: { rows: contents.map((some) => some.map((row) => `${JSON.stringify(row)}\n`).join('')) },
  }
}

async function partsOf(plan: RowPlan, config: (typeof CONFIGS)[string]): Promise<string[]> {
  const folder = temporaryFolder()
  await runRows(plan, folder, config)
  const parts = join(folder, 'parts')
  return readdirSync(parts)
    .sort()
    .map((name) => readFileSync(join(parts, name), 'utf8'))
}

/** As the engine orders them: nulls by the key, NaN after all numbers; equal ones as they came. */
function orderOf({ descending, nullsFirst }: SortKey): (a: Row, b: Row) => number {
  const rank = ({ k }: Row) => (k === null ? (nullsFirst ? -2 : 2) : k === 'NaN' ? (descending ? -1 : 1) : 0)
  return (a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    if (rank(a) !== 0 || a.k === b.k) return 0
    return ((a.k as number) < (b.k as number) ? -1 : 1) * (descending ? -1 : 1)
  }
}

const kinds: [string, (random: Random, id: number) => Row['k']][] = [
  ['numbers', (random) => random.below(1_000_000)],
  ['few values', (random) => random.below(3)],
  ['one value in half of the rows', (random) => (random.below(2) === 0 ? 7 : random.below(1_000_000))],
  ['one value', () => 1],
  ['nulls and NaN among numbers', (random) => random.pick([null, 'NaN', 1.5, -2, 1e300])],
]

describe('rows sorted in ranges', () => {
  it.each(kinds)('of %s are in order, equal ones as they came, and in the same parts everywhere', async (_, keyOf) => {
    const random = new Random(11)
    const rows = random.times(3000, (id): Row => ({ k: keyOf(random, id), id }))
    for (const key of [ascending('k'), descending('k'), { ...ascending('k'), nullsFirst: false }]) {
      const plan = planOf(rows, key, 5)
      const expected = rows.toSorted(orderOf(key)).map((row) => row.id)
      let first: string[] | null = null
      for (const [name, config] of Object.entries(CONFIGS)) {
        const parts = await partsOf(plan, config)
        first ??= parts
        expect(parts, name).toEqual(first)
      }
      expect(first).toHaveLength(5)
      const ids = first!.join('').trim().split('\n')
      expect(ids.map((line) => JSON.parse(line).id)).toEqual(expected)
    }
  })

  it('are divided evenly where keys differ', async () => {
    const random = new Random(12)
    const rows = random.times(5000, (id): Row => ({ k: random.below(1e9), id }))
    const sizes = (await partsOf(planOf(rows, ascending('k'), 5), {})).map((part) => part.split('\n').length - 1)
    for (const size of sizes) expect(size).toBeGreaterThan(700)
  })

  it('of one key are divided among tasks, in order, unless a number of parts is asked for', async () => {
    const random = new Random(13)
    const rows = random.times(6000, (id): Row => ({ k: id % 10 === 0 ? random.below(1000) : 7, id }))
    const expected = rows.toSorted(orderOf(ascending('k'))).map((row) => row.id)
    let first: string[] | null = null
    for (const [name, config] of Object.entries(CONFIGS)) {
      const parts = await partsOf(planOf(rows, ascending('k'), null), {
        ...config,
        tuning: { ...config?.tuning, rangeBytes: 8192 },
      })
      first ??= parts
      expect(parts, name).toEqual(first)
    }
    const ids = first!.join('').trim().split('\n')
    expect(ids.map((line) => JSON.parse(line).id)).toEqual(expected)
    const ofOneKey = first!.filter((part) => part.split('\n').every((line) => line === '' || JSON.parse(line).k === 7))
    expect(ofOneKey.length).toBeGreaterThan(3)
    expect(Math.max(...first!.map((part) => part.split('\n').length))).toBeLessThan(rows.length / 4)
    expect(await partsOf(planOf(rows, ascending('k'), 3), { tuning: { rangeBytes: 8192 } })).toHaveLength(3)
  })

  it('are one range where there are few of them, and none at all is one, too', async () => {
    expect(
      await partsOf(
        planOf(
          [
            { k: 2, id: 0 },
            { k: 1, id: 1 },
          ],
          ascending('k'),
          null,
        ),
        {},
      ),
    ).toHaveLength(1)
    expect(await partsOf(planOf([], ascending('k'), 3), {})).toEqual(['', '', ''])
  })
})

describe('ranges', () => {
  const UNDIVIDED: Division = { asked: null, rangeBytes: 32 * 2 ** 20, shareBytes: null }

  /** A task with these rows, of 10 MiB each. */
  const task = (keys: number[]): StageResult => {
    const bytes = keys.length * 10 * 2 ** 20
    const values = keys.map((key) => {
      const value = Buffer.alloc(21)
      value.writeBigUInt64LE(BigInt(key) << 8n)
      value.writeBigUInt64LE(1n, 8)
      value.writeUInt32LE(1, 16)
      value[20] = key
      return value
    })
    const run = {
      name: '',
      records: keys.length,
      bytes,
      fileBytes: bytes,
      partitions: [{ records: keys.length, bytes }],
    }
    return { runs: [run], sample: new Uint8Array(Buffer.concat([Buffer.alloc(4), ...values])) } as never
  }

  it('are as many as the bytes ask for, and depend on the rows alone', () => {
    const keys = Array.from({ length: 20 }, (_, i) => i + 1)
    const ranges = rangesOf([task(keys)], UNDIVIDED)
    expect(ranges).toHaveLength(6)
    const others = [task(keys.slice(12)), task([]), task(keys.slice(0, 12).reverse())]
    expect(rangesOf(others, UNDIVIDED)).toEqual(ranges)
    expect(ranges.reduce((sum, { rows }) => sum + rows, 0)).toBe(20)
  })

  it('do not share a key, and are fewer where one key has most rows', () => {
    // The same key: other rows, with other hashes, would be other values.
    const most = Array.from({ length: 20 }, (_, i) => (i < 16 ? 5 : i))
    const ranges = rangesOf(
      most.map((key, i) => withHash(task([key]), BigInt(i + 1))),
      UNDIVIDED,
    )
    const bounds = ranges.flatMap(({ keys: { from } }) => (from ? [from[0]] : []))
    expect(bounds).toEqual([...new Set(bounds)])
    expect(ranges.length).toBeLessThan(6)
    expect(Math.max(...ranges.map(({ rows }) => rows))).toBe(16)
  })

  it('of files are a range for each key that has the rows of several files, in as many shares, whatever is asked', () => {
    const tasks = Array.from({ length: 20 }, (_, i) => withHash(task([i < 16 ? 5 : i]), BigInt(i + 1)))
    const inFiles = (fileMiB: number, asked: number | null) =>
      rangesOf(tasks, { ...UNDIVIDED, asked, shareBytes: fileMiB * 2 ** 20 })
    const divided = (fileMiB: number, asked: number | null) =>
      inFiles(fileMiB, asked).filter(({ keys: { share } }) => share)
    for (const asked of [null, 1, 3, 50]) {
      const shares = divided(50, asked)
      expect(shares.map(({ keys: { share } }) => share)).toEqual([0, 1, 2].map((index) => ({ index, of: 3 })))
      for (const { keys } of shares) expect([keys.from, keys.to]).toEqual([Uint8Array.of(5), Uint8Array.of(5, 0)])
    }
    expect(divided(100, null)).toEqual([])
    expect(inFiles(100, null)).toEqual(rangesOf(tasks, UNDIVIDED))
    const all = inFiles(50, 50)
    expect(all[0]!.keys.from).toBeUndefined()
    expect(all.at(-1)!.keys.to).toBeUndefined()
    for (const [i, { keys }] of all.slice(1).entries()) {
      const before = all[i]!.keys
      expect(keys.share && keys.share.index > 0 ? before.from : before.to).toEqual(keys.from)
    }
  })

  it('of one key alone are shares of it, and of a thousand even ones none', () => {
    const one = Array.from({ length: 20 }, (_, i) => withHash(task([5]), BigInt(i + 1)))
    const of = (tasks: StageResult[]) =>
      rangesOf(tasks, { ...UNDIVIDED, asked: 1, shareBytes: 20 * 2 ** 20 }).flatMap(
        ({ keys: { share } }) => share ?? [],
      )
    expect(of(one)).toHaveLength(10)
    expect(of(Array.from({ length: 100 }, (_, i) => withHash(task([i]), BigInt(i + 1))))).toEqual([])
    expect(of([])).toEqual([])
  })
})

function withHash(task: StageResult, hash: bigint): StageResult {
  Buffer.from(task.sample!.buffer, task.sample!.byteOffset).writeBigUInt64LE(hash, 4)
  return task
}
