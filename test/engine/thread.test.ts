/** Threads of runs without functions serve the next run. */

import { execFileSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished, vi } from 'vitest'
import {
  broadcast,
  col,
  count,
  type DataFrame,
  defineDataset,
  read,
  runDataset,
  sum,
  type Untyped,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'
import { numbering } from './worker_jobs.js'

type Frame = DataFrame<Untyped>
/** With more than one split, the main thread does nothing itself. */
const ONE = { workers: 1, diskCheck: false, [TUNING]: { splitBytes: 4 } }

function table(text: string): Frame {
  const path = join(temporaryFolder(), 'table.csv')
  writeFileSync(path, text)
  return read.csv(path) as never
}

/** How many threads start during `work`. */
async function startsOf(work: () => Promise<unknown>): Promise<number> {
  let starts = 0
  const onWorker = () => void starts++
  process.on('worker', onWorker)
  onTestFinished(() => void process.off('worker', onWorker))
  await work()
  return starts
}

it('a second run starts none, and has its own answer', async () => {
  const first = table('city,n\nOslo,1\nRome,2\n')
  const second = table('city,n\nBonn,3\nBonn,4\nBern,5\n')
  const counted = (frame: Frame) => frame.groupBy('city').agg({ n: count() }).orderBy('city').collect(ONE)
  await counted(first)
  const starts = await startsOf(async () => {
    expect(await counted(first)).toEqual([
      { city: 'Oslo', n: 1 },
      { city: 'Rome', n: 1 },
    ])
    expect(await counted(second)).toEqual([
      { city: 'Bern', n: 1 },
      { city: 'Bonn', n: 2 },
    ])
  })
  expect(starts).toBe(0)
})

it('a table that one run joins with is not there for the next', async () => {
  const sales = table('id,n\n1,10\n2,20\n')
  const joined = (names: Frame) =>
    sales
      .join(broadcast(names) as never, 'id' as never)
      .orderBy('id')
      .select('name')
      .collect(ONE)
  expect(await joined(table('id,name\n1,Oslo\n2,Rome\n'))).toEqual([{ name: 'Oslo' }, { name: 'Rome' }])
  expect(await joined(table('id,name\n2,Bern\n1,Bonn\n'))).toEqual([{ name: 'Bonn' }, { name: 'Bern' }])
})

it('nor is it if a thread hears late that the run is over, and the next one has the same output', async () => {
  const folder = temporaryFolder()
  const [sales, names, output] = ['sales.csv', 'names.csv', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(sales, `id,n\n${'1,10\n2,20\n'.repeat(1000)}`)
  const joined = defineDataset({
    name: 'joined',
    build: () =>
      (read.csv(sales) as never as Frame).join(broadcast(read.csv(names) as never), 'id' as never).distinct(),
  })
  const { postMessage } = Worker.prototype
  const late: (() => void)[] = []
  onTestFinished(() => {
    vi.restoreAllMocks()
    for (const send of late) send()
  })
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message) {
    const send = () => postMessage.call(this, message)
    // The next run takes the first one.
    if ((message as { type: string }).type === 'rest' && late.length < 2) late.push(send)
    else send()
  })
  for (const [workers, name] of [
    [2, 'Oslo'],
    [1, 'Rome'],
  ] as const) {
    writeFileSync(names, `id,name\n1,${name}\n`)
    late.shift()?.()
    const tuning = { splitBytes: 1000 }
    await runDataset(joined, { output, mode: 'overwrite', format: 'csv', workers, [TUNING]: tuning } as never)
    expect(linesOf(output)).toContain(`1,10,${name}`)
  }
})

it('a thread has no more than twenty runs', async () => {
  const cities = table('city\nOslo\n')
  // Ends those that wait.
  const path = join(temporaryFolder(), 'lines.txt')
  writeFileSync(path, 'Oslo\n')
  await run(numbering, path, { workers: 1 })
  const starts = await startsOf(async () => {
    for (let i = 0; i < 41; i++) await cities.collect(ONE)
  })
  expect(starts).toBe(3)
})

it('runs with functions have threads of their own, and keep none', async () => {
  const path = join(temporaryFolder(), 'lines.txt')
  writeFileSync(path, 'Oslo\nRome\n')
  await table('city\nOslo\n').collect(ONE)
  const starts = await startsOf(async () => {
    for (let i = 0; i < 2; i++)
      expect(linesOf((await run(numbering, path, { workers: 1 })).output)).toEqual(['Oslo\t1', 'Rome\t2'])
  })
  expect(starts).toBe(2)
})

it('another installed copy of the package, maybe of another version, has threads of its own', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const copy = temporaryFolder()
  for (const name of ['package.json', 'dist/src']) cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const name of ['build', 'node_modules']) symlinkSync(join(root, name), join(copy, name))
  const cities = join(copy, 'cities.csv')
  writeFileSync(cities, 'city\nOslo\n')
  const other = (await import(pathToFileURL(join(copy, 'dist/src/index.js')).href)) as { read: typeof read }
  await read.csv(cities).collect(ONE)
  const counted = async () => expect(await other.read.csv(cities).collect(ONE)).toEqual([{ city: 'Oslo' }])
  expect(await startsOf(counted)).toBe(1)
  expect(await startsOf(counted)).toBe(0)
})

it('a run that failed leaves none', async () => {
  const cities = table('city\nOslo\n')
  await cities.collect(ONE)
  const error = await failure(
    cities
      .select(col('city').cast('long').as('n'))
      .agg({ n: sum('n') })
      .collect(ONE),
  )
  expect(error.code).toBe('CAST_INVALID')
  expect(await startsOf(() => cities.collect(ONE))).toBe(1)
  expect(await startsOf(() => cities.collect(ONE))).toBe(0)
})

it('those that wait do not keep a process alive', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'table.csv'), `city\n${'Oslo\n'.repeat(300_000)}`)
  const library = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url))
  const script = `
    import { read } from ${JSON.stringify(library)}
    for (let i = 0; i < 2; i++) console.log(await read.csv(${JSON.stringify(folder)}).count({ workers: 2 }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(output).toBe('300000\n300000\n')
})
