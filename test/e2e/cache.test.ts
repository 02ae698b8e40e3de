/** Frames whose rows actions share: computed once, never half, gone when nobody needs them. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  csv,
  currentTimestamp,
  defineDataset,
  int,
  jsonl,
  long,
  nullable,
  parquet,
  read,
  runDataset,
  string,
} from 'runjob'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, node } from '../helpers/run.js'

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href
const rows = csv({ schema: { id: int(), k: nullable(string()) } })

let folder: string
let input: string
let usual: string | undefined

// Where rows are kept, for each test alone.
beforeEach(() => {
  folder = temporaryFolder()
  input = join(folder, 'in.csv')
  writeFileSync(input, 'id,k\n1,a\n2,b\n3,\n')
  mkdirSync(join(folder, 'tmp'))
  usual = process.env.TMPDIR
  process.env.TMPDIR = join(folder, 'tmp')
})
afterEach(() => {
  if (usual === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = usual
})

const kept = () => readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('runjob-'))
/** What is computed again now fails. */
const forget = () => rmSync(input)

describe('cache()', () => {
  it('computes rows once for all actions of a frame, and of frames made of it', async () => {
    const frame = read(rows, input).filter((c) => c.id.gt(1))
    expect(frame.cache()).toBe(frame)
    expect(kept()).toEqual([])
    expect(await frame.count()).toBe(2)
    expect(kept().length).toBe(1)
    forget()
    expect(await frame.collect()).toEqual([
      { id: 2, k: 'b' },
      { id: 3, k: null },
    ])
    expect(await frame.join(frame.select('id'), 'id').first()).toEqual({ id: 2, k: 'b' })
    await frame.write.json(join(folder, 'out'))
    await frame.write.mode('overwrite').json(join(folder, 'out'))
    expect(await read(jsonl(), join(folder, 'out')).count()).toBe(2)
    expect(frame.unpersist()).toBe(frame)
    await new Promise(setImmediate)
    expect(kept()).toEqual([])
    expect((await failure(frame.count())).code).toBe('INPUT_NOT_FOUND')
  })

  it('does not change the draws of a sample, in any of the actions', async () => {
    writeFileSync(input, `id,k\n${Array.from({ length: 1000 }, (_, id) => `${id},k${id % 3}\n`).join('')}`)
    const make = () => read(rows, input).filter((c) => c.k.ne('k0'))
    const drawn = await make().sample(0.2, 7).collect()
    const frame = make().cache()
    expect(await frame.count()).toBe(666)
    for (const workers of [1, 3]) expect(await frame.sample(0.2, 7).collect({ workers })).toEqual(drawn)
    expect(await frame.sample(0.2, 7).join(frame.select('id'), 'id').count()).toBe(drawn.length)
    const lines = () => read.text(input).cache()
    expect(await lines().sample(0.2, 7).collect()).toEqual(await read.text(input).sample(0.2, 7).collect())
    const kept = make().sample(0.2, 7).cache()
    expect([await kept.count(), await kept.collect()]).toEqual([drawn.length, drawn])
  })

  it('is computed once by actions at the same time, and frames made before it use it', async () => {
    const frame = read(rows, input).withColumn('t', currentTimestamp())
    const before = frame.select('t').distinct()
    frame.persist().cache()
    const all = await Promise.all([before.collect(), frame.filter((c) => c.id.eq(1)).collect(), before.collect()])
    expect(new Set(all.flat().map(({ t }) => Number(t))).size).toBe(1)
    expect(kept().length).toBe(1)
    frame.unpersist()
  })

  it('keeps order, types, marks, and rows that are none', async () => {
    const typed = csv({ schema: { id: long({ js: 'bigint' }), k: nullable(string()) } })
    const frame = read(typed, input)
      .orderBy((c) => c.id.desc())
      .cache()
    await frame.count()
    forget()
    expect(await frame.collect()).toEqual([
      { id: 3n, k: null },
      { id: 2n, k: 'b' },
      { id: 1n, k: 'a' },
    ])
    const none = frame.filter((c) => c.id.gt(5)).cache()
    expect([await none.count(), await none.collect(), await none.isEmpty()]).toEqual([0, [], true])
    frame.unpersist()
    none.unpersist()
  })

  it('keeps what many rows, workers and little memory make', async () => {
    writeFileSync(input, `id,k\n${Array.from({ length: 50_000 }, (_, i) => `${i},k${i % 7}\n`).join('')}`)
    const frame = read(rows, input).cache()
    expect(await frame.count({ workers: 3, memory: '144MB' })).toBe(50_000)
    forget()
    const all = await frame.collect({ workers: 2 })
    expect(all.every(({ id, k }, i) => id === i && k === `k${i % 7}`)).toBe(true)
    frame.unpersist()
  })

  it('is filled from another cache', async () => {
    const first = read(rows, input).cache()
    const second = first.filter((c) => c.id.lt(3)).cache()
    expect(await second.count()).toBe(2)
    expect(kept().length).toBe(2)
    first.unpersist()
    await new Promise(setImmediate)
    expect(kept().length).toBe(1)
    forget()
    expect(await second.count()).toBe(2)
    second.unpersist()
  })

  it('keeps nothing of a failure, nor with bad records to skip', async () => {
    writeFileSync(input, 'id,k\n1,a\nx,b\n')
    const frame = read(rows, input).cache()
    expect((await failure(frame.count())).code).toBe('CELL_INVALID')
    expect(await frame.collect({ maxBad: 1 })).toEqual([{ id: 1, k: 'a' }])
    expect((await failure(frame.collect())).code).toBe('CELL_INVALID')
    expect(kept()).toEqual([])
    writeFileSync(input, 'id,k\n1,a\n2,b\n')
    expect(await frame.count()).toBe(2)
    frame.unpersist()
  })

  it('is filled by another action if the first is stopped', async () => {
    writeFileSync(input, `id,k\n${Array.from({ length: 200_000 }, (_, i) => `${i},k${i % 7}\n`).join('')}`)
    const frame = read(rows, input)
      .orderBy((c) => c.k.desc())
      .cache()
    const stop = new AbortController()
    const stopped = failure(frame.count({ signal: stop.signal }))
    const other = frame.count()
    setTimeout(() => stop.abort(), 60)
    expect((await stopped).code).toBe('INTERRUPTED')
    expect(await other).toBe(200_000)
    expect(kept().length).toBe(1)
    frame.unpersist()
  })

  it('may be forgotten while an action reads it', async () => {
    const frame = read(rows, input).cache()
    await frame.count()
    const action = frame.collect()
    frame.unpersist()
    expect((await action).length).toBe(3)
    expect(kept()).toEqual([])
  })

  it('is in the plan', async () => {
    const frame = read(rows, input)
      .filter((c) => c.id.gt(1))
      .cache()
    const total = frame.groupBy('k').count()
    const plan = await total.explain()
    expect(plan).toContain('rows of one cached frame are kept by the first action; until then it is')
    expect(plan).toContain('filter id > 1')
    await frame.count()
    forget()
    expect(await total.explain()).toMatch(/read parquet cached rows: id, k\n(.|\n)*cached rows: parquet, 1 file/)
    expect(await total.explain()).not.toContain('filter')
    expect(await total.explain({ analyze: true })).toContain('cached rows: parquet, 1 file')
    frame.unpersist()
  })

  it('does not hide that a frame reads what it replaces', async () => {
    const lake = join(folder, 'lake')
    await read(rows, input).write.parquet(lake)
    const frame = read(parquet({ schema: { id: int(), k: nullable(string()) } }), lake).cache()
    expect(await frame.count()).toBe(3)
    await frame
      .filter((c) => c.id.gt(1))
      .write.mode('overwrite')
      .parquet(lake)
    expect(await read(parquet(), lake).count()).toBe(2)
    frame.unpersist()
  })

  it('is refused in a dataset, which computes once what it uses twice', async () => {
    const dataset = defineDataset({ name: 'd', build: ({ read: from }) => from(rows, input).cache() })
    const error = await failure(runDataset(dataset, { output: join(folder, 'out') }))
    expect([error.code, error.message]).toEqual([
      'DATASET_INVALID',
      expect.stringContaining('cache() is for the actions of a program'),
    ])
  })
})

describe('kept rows', () => {
  const script = (end: string) => `
    import { csv, int, nullable, read, string } from ${JSON.stringify(INDEX)}
    const frame = read(csv({ schema: { id: int(), k: nullable(string()) } }), 'in.csv').cache()
    console.log(await frame.count(), await frame.count())
    ${end}`
  const env = () => ({ TMPDIR: join(folder, 'tmp') })

  it('go with the program', async () => {
    writeFiles(folder, { 'a.mjs': script('process.exit(0)'), 'b.mjs': script('throw new Error()') })
    expect((await node(['a.mjs'], { cwd: folder, env: env() })).stdout).toBe('3 3\n')
    expect((await node(['b.mjs'], { cwd: folder, env: env() })).stdout).toBe('3 3\n')
    expect(kept()).toEqual([])
  })

  it('that a kill leaves are removed by the next program, those of a running one are not', async () => {
    writeFiles(folder, { 'a.mjs': script('setInterval(() => {}, 1000)') })
    const begin = async () => {
      const child = spawn(process.execPath, ['a.mjs'], { cwd: folder, env: { ...process.env, ...env() } })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      return child
    }
    const [killed, running] = [await begin(), await begin()]
    expect(kept().length).toBe(2)
    const gone = new Promise((resolve) => killed.once('close', resolve))
    killed.kill('SIGKILL')
    await gone
    for (const name of kept()) utimesSync(join(folder, 'tmp', name), 0, 0)
    const frame = read(rows, input).cache()
    await frame.count()
    expect(kept().length).toBe(2)
    frame.unpersist()
    running.kill('SIGKILL')
  })
})
