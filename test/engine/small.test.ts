import fs, { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { concat, csv, defineDataset, lit, long, read, runDataset, runJob, string } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'

/** How many threads runs have begun to use: new ones, and those that an earlier run has left. */
let threads = 0
beforeEach(() => {
  threads = 0
  const { postMessage } = Worker.prototype
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message) {
    if ((message as { type: string }).type === 'begin') threads++
    postMessage.call(this, message)
  })
})
afterEach(() => void vi.restoreAllMocks())

function file(name: string, content: string | Uint8Array): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

const FISH = 'one fish two fish\n'
const VISITS = 'name,count\nann,1\nbob,2\nann,3\n'
const frameOf = (path: string) => read(csv({ schema: { name: string(), count: long() } }), path)

/** Every task leaves the main thread at its first look at the clock. */
const NEVER_QUICK = { hereMs: -1 }

describe('no thread is used for', () => {
  test('a job of native operators', async () => {
    const { output } = await run('wordcount', file('in.txt', FISH))
    expect(readFileSync(join(output, 'part-r-00000.tsv'), 'utf8')).toBe('fish\t2\none\t1\ntwo\t1\n')
    expect(threads).toBe(0)
  })

  test('actions of a data frame', async () => {
    const df = frameOf(file('in.csv', VISITS))
    expect(await df.filter((c) => c.count.gt(1)).count()).toBe(2)
    const rows = await df.groupBy('name').count().orderBy('name').collect()
    expect(rows).toEqual([
      { name: 'ann', count: 2 },
      { name: 'bob', count: 1 },
    ])
    expect(threads).toBe(0)
  })

  test('texts that are joined', async () => {
    const df = frameOf(file('in.csv', VISITS)).select(concat('name', lit(' '), 'count').as('both'))
    expect(await df.first()).toEqual({ both: 'ann 1' })
    expect(threads).toBe(0)
  })

  test('a test whose clock stands still', async () => {
    const path = file('in.csv', VISITS)
    vi.useFakeTimers()
    try {
      expect(await frameOf(path).count()).toBe(3)
    } finally {
      vi.useRealTimers()
    }
    expect(threads).toBe(0)
  })

  test('an empty file', async () => {
    const { output } = await run('wordcount', file('in.txt', ''))
    expect(readFileSync(join(output, 'part-r-00000.tsv'), 'utf8')).toBe('')
    expect(threads).toBe(0)
  })
})

describe('a thread is used for', () => {
  const visits = () => frameOf(file('in.csv', VISITS))
  test.each<[string, () => Promise<unknown>]>([
    ['a file of more than a mebibyte', () => run('wordcount', file('in.txt', FISH.repeat(100_000)))],
    ['a file that is compressed', () => run('wordcount', file('in.txt.gz', gzipSync(FISH)))],
    ['a function', () => run('inverted-index', file('in.txt', FISH))],
    [
      'a regular expression',
      () =>
        visits()
          .filter((c) => c.name.rlike('a+b'))
          .collect(),
    ],
    [
      'a small file that is read often',
      () => {
        const frame = visits()
        return Array.from({ length: 16 })
          .reduce<typeof frame>((all) => all.union(frame), frame)
          .count()
      },
    ],
    [
      'a text that doubles again and again',
      () => {
        let frame = visits()
        for (let i = 0; i < 5; i++) frame = frame.withColumn('name', concat('name', 'name'))
        return frame.collect()
      },
    ],
    ['a join', () => visits().join(visits(), 'name', 'semi').collect()],
    ['a task that may take only so long', () => run('wordcount', file('in.txt', FISH), { taskTimeout: '1h' })],
    ['bad records that may be skipped', () => run('wordcount', file('in.txt', FISH), { maxBad: 1 })],
    ['splits that are smaller', () => run('wordcount', file('in.txt', FISH), { tuning: { splitBytes: 9 } })],
  ])('%s', async (_, act) => {
    await act()
    expect(threads).toBeGreaterThan(0)
  })
})

describe('a task that is not quick', () => {
  test('runs again in a thread, with the same answer, and without a retry', async () => {
    const input = file('in.txt', FISH)
    const config = { tuning: NEVER_QUICK }
    const output = join(temporaryFolder(), 'out')
    const options = { input, output, retries: 0, [TUNING]: NEVER_QUICK }
    await runJob('wordcount' as never, options as never)
    expect(readFileSync(join(output, 'part-r-00000.tsv'), 'utf8')).toBe('fish\t2\none\t1\ntwo\t1\n')
    expect(threads).toBe(1)
    const { counts } = (await run('wordcount', input, config)) as unknown as { counts: unknown }
    expect(counts).toEqual(((await run('wordcount', input)) as unknown as { counts: unknown }).counts)
  })

  test('leaves nothing', async () => {
    const rows = defineDataset({ name: 'rows', build: () => frameOf(file('in.csv', VISITS)).orderBy('count') })
    const output = join(temporaryFolder(), 'out')
    await runDataset(rows, { output, format: 'csv', [TUNING]: NEVER_QUICK } as never)
    expect(readFileSync(join(output, 'part-r-00000.csv'), 'utf8')).toBe(VISITS.replace(/(bob.*\n)(ann.*\n)/, '$1$2'))
  })
})

test('what only the program reads is not flushed to disk', async () => {
  const flush = vi.spyOn(fs, 'fsyncSync')
  try {
    const input = file('in.csv', VISITS)
    expect(await frameOf(input).count()).toBe(3)
    expect(await frameOf(input).collect()).toHaveLength(3)
    expect(flush).not.toHaveBeenCalled()
    await run('wordcount', input)
    expect(flush).toHaveBeenCalled()
  } finally {
    flush.mockRestore()
  }
})

test('errors are those of a thread', async () => {
  const path = file('in.csv', 'name,count\nann,1\nbob,2,3\n')
  const action = (options: object) =>
    failure(
      runDataset(defineDataset({ name: 'rows', build: () => frameOf(path) }), {
        output: join(temporaryFolder(), 'out'),
        ...options,
      } as never),
    )
  const here = await action({})
  expect(threads).toBe(0)
  const there = await action({ taskTimeout: '1h' })
  expect(threads).toBeGreaterThan(0)
  expect(here.code).toBe('CSV_LONG_ROW')
  const { code, params, where } = there.toJSON()
  expect(here.toJSON()).toMatchObject({ code, params, where })
})

test('a run that is stopped between two tasks is INTERRUPTED, and the same call continues it', async () => {
  const input = file('in.txt', FISH)
  const output = join(temporaryFolder(), 'out')
  const stop = new AbortController()
  const options = { input, output, signal: stop.signal, onProgress: () => stop.abort() }
  expect((await failure(runJob('wordcount' as never, options as never))).code).toBe('INTERRUPTED')
  await runJob('wordcount' as never, { input, output } as never)
  expect(readFileSync(join(output, 'part-r-00000.tsv'), 'utf8')).toBe('fish\t2\none\t1\ntwo\t1\n')
  expect(threads).toBe(0)
})
