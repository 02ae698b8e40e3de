/** Data frames that read what they replace. test/soak/commit.test.ts kills such runs at every step. */
import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type DatasetOptions, defineDataset, int, jsonl, nullable, read, runDataset, string } from 'runjob'
import { describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const rows = jsonl({ schema: { id: int(), k: nullable(string()), n: int() } })

/** A lake that a run wrote, with a folder for each k. */
async function lakeOf(count = 6, by: readonly ('id' | 'k' | 'n')[] = ['k']): Promise<string> {
  const folder = temporaryFolder()
  const lines = Array.from({ length: count }, (_, id) => JSON.stringify({ id, k: ['a', 'b', null][id % 3], n: id }))
  writeFileSync(join(folder, 'in.jsonl'), `${lines.join('\n')}\n`)
  const lake = join(folder, 'lake')
  const frame = read(rows, join(folder, 'in.jsonl'))
  await (by.length > 0 ? frame.write.partitionBy(...by) : frame.write).json(lake)
  return lake
}

const valuesOf = async (lake: string) => {
  const found = await read(rows, lake).orderBy('id').collect()
  return found.map(({ id, k, n }) => `${id}${k ?? '-'}${n}`).join(' ')
}

/** What a run leaves beside its output. */
const leftBeside = (lake: string) => readdirSync(dirname(lake)).filter((name) => name.startsWith('.'))

describe('a frame that reads what it replaces', () => {
  it('overwrites the whole folder', async () => {
    const lake = await lakeOf()
    const frame = read(rows, lake)
      .filter((c) => c.k.isNotNull())
      .withColumn('n', (c) => c.n.add(100))
    await frame.write.mode('overwrite').partitionBy('k').json(lake)
    expect(await valuesOf(lake)).toBe('0a100 1b101 3a103 4b104')
    expect(leftBeside(lake)).toEqual([])
    // Each run is one of its own.
    await frame.write.mode('overwrite').partitionBy('k').json(lake)
    expect(await valuesOf(lake)).toBe('0a200 1b201 3a203 4b204')
  })

  it('overwrites the folders that its rows have; one without a row stays', async () => {
    const lake = await lakeOf()
    const before = snapshot(lake)
    const update = (path: string) =>
      read(rows, path)
        .filter((c) => c.k.eq('b').and(c.n.gt(0)))
        .withColumn('n', (c) => c.n.mul(-1))
        .write.mode('overwritePartitions')
        .partitionBy('k')
        .json(lake)
    await update(join(lake))
    expect(await valuesOf(lake)).toBe('0a0 1b-1 2-2 3a3 4b-4 5-5')
    await update(lake)
    expect(await valuesOf(lake)).toBe('0a0 1b-1 2-2 3a3 4b-4 5-5')
    const after = snapshot(lake)
    for (const name of Object.keys(before)) if (!name.startsWith('k=b/')) expect(after[name]).toBe(before[name])
  })

  it('appends its own rows once', async () => {
    const lake = await lakeOf(3)
    const all = read(rows, lake).withColumn('id', (c) => c.id.add(10))
    await all.write.mode('append').partitionBy('k').json(lake)
    expect(await valuesOf(lake)).toBe('0a0 1b1 2-2 10a0 11b1 12-2')
  })

  it('overwrites one file, and a named output among others', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.jsonl': '{"id":1,"k":null,"n":1}\n' })
    const file = join(folder, 'one.jsonl')
    const options = { output: file, singleFile: true }
    const plusOne = (path: string) =>
      defineDataset({ name: 'plus', build: ({ read }) => read(rows, path).withColumn('n', (c) => c.n.add(1)) })
    await runDataset(plusOne(join(folder, 'in.jsonl')), options)
    await runDataset(plusOne(file), { ...options, mode: 'overwrite' })
    expect(await valuesOf(file)).toBe('1-3')
    const output = join(folder, 'out')
    const named = (path: string) =>
      defineDataset({ name: 'named', build: ({ read }) => ({ a: read(rows, path), b: read(rows, path).limit(0) }) })
    await runDataset(named(file), { output })
    await runDataset(named(join(output, 'a')), { output, mode: 'overwrite' })
    expect(await valuesOf(join(output, 'a'))).toBe('1-3')
  })

  it('is the same with many rows, workers and little memory', async () => {
    const lake = await lakeOf(30_000)
    const options = { workers: 3, memory: '144MB', [TUNING]: { splitBytes: 40_000, collectorBytes: 100_000 } }
    const frame = read(rows, lake).withColumn('n', (c) => c.n.add(1))
    for (const mode of ['overwrite', 'overwritePartitions'] as const) {
      await frame.write.mode(mode).partitionBy('k').json(lake, options)
    }
    const found = await read(rows, lake).orderBy('id').collect()
    expect(found.length).toBe(30_000)
    expect(found.every(({ id, n }) => n === (id as number) + 2)).toBe(true)
  })

  it('is refused where nothing should be replaced, or files are that no run wrote', async () => {
    const lake = await lakeOf()
    const write = (mode: 'error' | 'overwrite') => read(rows, lake).write.mode(mode).partitionBy('k').json(lake)
    expect((await failure(write('error'))).code).toBe('OUTPUT_EXISTS')
    writeFileSync(join(lake, 'k=b/own.jsonl'), '')
    expect((await failure(write('overwrite'))).code).toBe('OUTPUT_UNSAFE')
  })

  it('fails and leaves everything, if a row has no answer', async () => {
    const lake = await lakeOf()
    const before = snapshot(lake)
    const frame = read(rows, lake).withColumn('n', (c) => c.n.div(c.n).cast('int'))
    expect((await failure(frame.write.mode('overwrite').partitionBy('k').json(lake))).code).toBe('DIVIDE_BY_ZERO')
    expect(snapshot(lake)).toEqual(before)
  })
})

describe('after a kill between the two renames', () => {
  /** The lake as a run leaves it that is killed there, and what it would have become. */
  async function killed(options: Partial<DatasetOptions<never>> = {}) {
    const lake = await lakeOf(3, [])
    const state = join(dirname(lake), '.lake.runjob')
    const next = await lakeOf(3, [])
    writeFiles(state, { 'commit.json': JSON.stringify({ from: 'output', run: 'another' }) })
    renameSync(lake, join(state, 'replaced'))
    renameSync(next, join(state, 'output'))
    const frame = () => read(rows, lake).withColumn('n', (c) => c.n.add(1))
    return { lake, write: () => frame().write.mode('overwrite').json(lake, options) }
  }

  it('the next run finds the new output, whosever it is', async () => {
    const { lake, write } = await killed()
    await write()
    expect(await valuesOf(lake)).toBe('0a1 1b2 2-3')
    expect(leftBeside(lake)).toEqual([])
  })

  it('--fresh begins anew, from what is there', async () => {
    const { lake, write } = await killed({ fresh: true })
    await write()
    expect(await valuesOf(lake)).toBe('0a1 1b2 2-3')
  })
})

it('a job still refuses an output that holds its input', async () => {
  const lake = await lakeOf(3, [])
  const { code, stderr } = await runjob(['wordcount', lake, '-o', lake, '--mode', 'overwrite'])
  expect([code, stderr]).toEqual([1, expect.stringContaining('OUTPUT_UNSAFE')])
})
