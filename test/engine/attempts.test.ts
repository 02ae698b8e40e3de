/** How often a task is tried, for how long, and by how many workers at once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type RunOptions, runJob } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'
import { failing, mortal, straggling, stuck } from './attempt_jobs.js'
import { dying } from './worker_jobs.js'

interface Prepared {
  folder: string
  log: string
  options: RunOptions<{ log: string }>
}

function prepare(lines: readonly string[]): Prepared {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': lines.join('\n') })
  const log = join(folder, 'log')
  return { folder, log, options: { input: join(folder, 'in.txt'), output: join(folder, 'out'), params: { log } } }
}

const attemptsIn = (log: string) => readFileSync(log, 'utf8').split('\n').slice(0, -1).map(Number)

const LINES = ['first', ...Array.from({ length: 9 }, (_, i) => `line ${i}`)]

describe('a function that throws', () => {
  it('at the same record again is not called a third time', async () => {
    const { log, options } = prepare(LINES)
    const error = await failure(runJob(failing, { ...options, retries: 5 }))
    expect(error.code).toBe('USER_ERROR')
    expect(error.where).toMatchObject({ file: options.input, offset: 'first\nline 0\n'.length })
    expect(attemptsIn(log)).toEqual([0, 1])
  })

  it.each([
    [undefined, 3],
    [0, 1],
    [4, 5],
  ])(
    'at another record each time is asked as often as `retries` (%s) says: %i times in all',
    async (retries, times) => {
      const { log, options } = prepare(LINES)
      const params = { log, moving: true }
      const error = await failure(
        runJob(failing, { ...options, params, ...(retries === undefined ? {} : { retries }) }),
      )
      expect(error.code).toBe('USER_ERROR')
      expect(attemptsIn(log)).toHaveLength(times)
    },
  )

  it('only at first does no harm', async () => {
    const { log, options } = prepare(['first', 'line 0', 'line 1', 'last'])
    await runJob(failing, { ...options, params: { log, moving: true } })
    expect(attemptsIn(log)).toEqual([0, 1, 2])
    expect(linesOf(options.output)).toHaveLength(4)
  })
})

it('a task whose worker dies is not retried without retries', async () => {
  const { folder, options } = prepare(['die'])
  const once = join(folder, 'once')
  const error = await failure(runJob(dying, { ...options, params: { once }, retries: 0 }))
  expect(error.code).toBe('WORKER_DIED')
})

describe('a task with a time limit', () => {
  it('that does not end is ended, every attempt, and the error names task, function and limit', async () => {
    const { options } = prepare(['a', 'die'])
    const params = { way: 'loop', role: 'map' }
    const error = await failure(runJob(mortal, { ...options, params, retries: 1, taskTimeout: '300ms' }))
    expect(error.code).toBe('TASK_TIMEOUT')
    expect(error.message).toContain('300 ms')
    // On a busy machine, importing the job takes this long.
    expect(error.message).toMatch(/in the job's (map|import) function/)
    expect(error.hint).toContain('--task-timeout')
    expect(error.where).toMatchObject({ job: 'mortal', task: 's0-m00000' })
    expect(existsSync(options.output)).toBe(false)
  })

  it.each(['loop', 'wait'])('counts a setup that does not end as part of the task (%s)', async (way) => {
    const { options } = prepare(['a'])
    const params = { way, role: 'setup' }
    const error = await failure(runJob(stuck, { ...options, params, retries: 0, taskTimeout: '1s' }))
    expect(error.code).toBe('TASK_TIMEOUT')
    expect(error.message).toMatch(/in the job's (setup|import) function/)
    expect(existsSync(options.output)).toBe(false)
  })

  it.each(['loop', 'wait'])('does not wait longer than that for a teardown (%s)', async (way) => {
    const { options } = prepare(['a', 'b', 'a'])
    const params = { way, role: 'teardown' }
    // Long enough for the tasks; a teardown has no end.
    const error = await failure(runJob(stuck, { ...options, params, taskTimeout: '3s' }))
    expect(error.code).toBe('TASK_TIMEOUT')
    expect(error.message).toBe("The job's teardown function ran for more than 3.0 s.")
    // A failed run leaves the output unchanged, and holds nothing that the next one in this process needs.
    expect(existsSync(options.output)).toBe(false)
    const again = { ...options, params, taskTimeout: '3s' }
    await runJob(stuck, again)
    expect(linesOf(options.output)).toEqual(['a\t2', 'b\t1'])
  })

  it('is retried when an attempt takes too long', async () => {
    const { log, options } = prepare(['slow', 'other'])
    // Long enough for a second attempt; the first has no end.
    await runJob(straggling, { ...options, taskTimeout: 3000 })
    expect(attemptsIn(log).slice(0, 2)).toEqual([0, 1])
    expect(linesOf(options.output)).toEqual(['other\t1', 'slow\t1'])
  })

  it.each(['', '10', 'soon', '0s', -1, Number.NaN, '100d'])('refuses %j', async (taskTimeout) => {
    const { options } = prepare(['a'])
    expect((await failure(runJob(failing, { ...options, taskTimeout }))).code).toBe('OPTION_INVALID')
  })
})

describe('a straggler', () => {
  const lines = [
    ...Array.from({ length: 300 }, (_, i) => `l${i % 40}`),
    'slow',
    ...Array.from({ length: 50 }, (_, i) => `m${i}`),
  ]
  const tuning = { [TUNING]: { splitBytes: 200, collectorBytes: 1, mergeRuns: 4 }, workers: 3, partitions: 3 }

  it.each(['map', 'reduce'])(
    'is overtaken by a copy, which gives the same bytes, and leaves nothing (%s)',
    async (where) => {
      const { folder, log, options } = prepare(lines)
      // Without the copy this would not end.
      await runJob(straggling, { ...options, ...tuning, params: { log, where }, speculate: true })
      expect(attemptsIn(log).sort()).toEqual([0, 1])
      const plain = join(folder, 'plain')
      await runJob(straggling, { ...options, ...tuning, params: { log, where: 'nowhere' }, output: plain })
      expect(snapshot(options.output)).toEqual(snapshot(plain))
      expect(readdirSync(folder).sort()).toEqual(['in.txt', 'log', 'out', 'plain'])
    },
  )

  it('without a faster copy wins, and the copy leaves nothing', async () => {
    const { folder, options } = prepare(lines)
    for (let n = 0; n < 3; n++) {
      const output = join(folder, `out-${n}`)
      await runJob('wordcount', { ...options, ...tuning, params: {}, output, speculate: n > 0, keepState: true })
      expect(snapshot(output)).toEqual(snapshot(join(folder, 'out-0')))
      const names = readdirSync(join(folder, `.out-${n}.runjob`))
      expect(names).not.toContain('attempts')
    }
  })
})

it('what onNote throws ends the run with USER_ERROR', async () => {
  const onNote = () => {
    throw new Error('boom')
  }
  const input = [join(import.meta.dirname, 'attempts.test.ts'), join(import.meta.dirname, 'attempts.test.ts')]
  const error = await failure(runJob('wordcount', { input, output: join(temporaryFolder(), 'out'), onNote }))
  expect(error).toMatchObject({ code: 'USER_ERROR', message: 'The onNote function failed: boom' })
})

describe('what onProgress throws', () => {
  it.each<[string, () => unknown]>([
    [
      'at once',
      () => {
        throw new Error('no room on the page')
      },
    ],
    ['later', () => Promise.reject(new Error('no room on the page'))],
  ])('%s ends the run with USER_ERROR, and the same call continues', async (_, onProgress) => {
    const { log, options } = prepare(['a', 'slow'])
    const params = { log, where: 'map' }
    const error = await failure(runJob(straggling, { ...options, params, onProgress: onProgress as () => void }))
    expect(error.code).toBe('USER_ERROR')
    expect(error.message).toBe('The onProgress function failed: no room on the page')
    expect(existsSync(options.output)).toBe(false)
  })
})
