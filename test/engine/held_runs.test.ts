/** Exchanges in memory: the same bytes, nothing left behind, and what a kill takes with it is made again without a word. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Tuning } from '../../dist/src/engine/budget.js'
import { type RunOptions, type RunResult, runJob } from '../../dist/src/index.js'

import { TUNING } from '../../dist/src/run/options.js'
import { JobState } from '../../dist/src/state/state.js'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, node } from '../helpers/run.js'
import { straggling } from './attempt_jobs.js'
import { dying, waiting, waitingInReduce } from './worker_jobs.js'

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href
const OPTIONS = new URL('../../dist/src/run/options.js', import.meta.url).href
const WORKER_JOBS = fileURLToPath(new URL('./worker_jobs.ts', import.meta.url))

const FOR_EVER = 1e9
const LINES = Array.from({ length: 2000 }, (_, i) => `l${i % 100}`)
const EXPECTED = Array.from({ length: 100 }, (_, i) => `l${i}\t20`).sort()

/** A whole folder of input, and options that make some twenty map tasks of it. */
function prepare(lines: readonly string[] = LINES, more: Tuning = {}): { folder: string; options: RunOptions } {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': lines.join('\n') })
  const tuning = { splitBytes: 500, holdMs: FOR_EVER, ...more }
  const paths = { input: join(folder, 'in.txt'), output: join(folder, 'out') }
  return { folder, options: { ...paths, workers: 2, partitions: 3, [TUNING]: tuning } }
}

const spills = ({ stages }: RunResult) => stages.reduce((sum, stage) => sum + stage.spills, 0)
const counts = (options: RunOptions) => linesOf(options.output).sort()

describe('a run whose exchanges fit into memory', () => {
  it('writes no run, and gives the bytes of one that has only files, or some', async () => {
    const [held, some, none] = [prepare(), prepare(LINES, { heldBytes: 3000 }), prepare(LINES, { heldBytes: 0 })]
    const results = await Promise.all([held, some, none].map(({ options }) => runJob('wordcount', options)))
    const [inMemory, mixed, inFiles] = results.map(spills)
    expect(inMemory).toBe(0)
    expect(mixed).toBeGreaterThan(0)
    expect(mixed).toBeLessThan(inFiles!)
    expect(snapshot(held.options.output)).toEqual(snapshot(none.options.output))
    expect(snapshot(some.options.output)).toEqual(snapshot(none.options.output))
    expect(counts(held.options)).toEqual(EXPECTED)
    expect(readdirSync(held.folder).sort()).toEqual(['in.txt', 'out'])
  })

  it('keeps them as files with keepState', async () => {
    const { options, folder } = prepare()
    const result = await runJob('wordcount', { ...options, keepState: true })
    expect(spills(result)).toBeGreaterThan(10)
    expect(readdirSync(join(folder, '.out.runjob', 'runs'))).toHaveLength(spills(result))
  })

  it('shares the process with others', async () => {
    const all = Array.from({ length: 6 }, (_, i) => prepare(LINES.slice(i)))
    const results = await Promise.all(all.map(({ options }) => runJob('wordcount', options)))
    expect(results.map(spills)).toEqual([0, 0, 0, 0, 0, 0])
    for (const [i, { options }] of all.entries()) {
      const sum = counts(options).reduce((total, line) => total + Number(line.split('\t')[1]), 0)
      expect(sum).toBe(LINES.length - i)
    }
  })

  it('survives the death of a worker', async () => {
    const { folder, options } = prepare([...LINES, 'die'])
    await runJob(dying, { ...(options as RunOptions<{ once: string }>), params: { once: join(folder, 'once') } })
    expect(existsSync(join(folder, 'once'))).toBe(true)
    expect(counts(options)).toEqual(['die\t1', ...EXPECTED])
  })

  it('takes the faster of two attempts', { timeout: 60_000 }, async () => {
    const { folder, options } = prepare([...LINES, 'slow'])
    const params = { log: join(folder, 'log') }
    await runJob(straggling, { ...(options as RunOptions<{ log: string }>), params, speculate: true })
    expect(counts(options)).toEqual([...EXPECTED, 'slow\t1'].sort())
  })
})

describe('after a kill', { timeout: 120_000 }, () => {
  /** Kills a run that waits, once it has written `files` runs. @returns ids of the tasks that its state has */
  async function killed(folder: string, options: RunOptions, job: string, files: number): Promise<string[]> {
    const given = JSON.stringify({ ...options, params: { gate: join(folder, 'gate') } })
    const tuning = JSON.stringify(options[TUNING])
    writeFileSync(
      join(folder, 'run.mjs'),
      `import { runJob } from ${JSON.stringify(INDEX)}
      import { TUNING } from ${JSON.stringify(OPTIONS)}
      import { readdirSync } from 'node:fs'
      const onProgress = ({ stageIndex, tasksDone, tasks }) => {
        const waits = ${job === 'waiting'} ? tasksDone === tasks - 1 : stageIndex === ${job === 'waitingInReduce' ? 1 : 2}
        const files = waits ? readdirSync(${JSON.stringify(join(folder, '.out.runjob', 'runs'))}).length : 0
        if (waits && files >= ${files}) process.kill(process.pid, 'SIGKILL')
      }
      await runJob(${JSON.stringify(join(folder, 'job.ts'))}, { ...${given}, onProgress, [TUNING]: ${tuning} })`,
    )
    const { code, stderr } = await node([join(folder, 'run.mjs')])
    expect(code, stderr).toBe(null)
    const state = JobState.open(join(folder, '.out.runjob'))
    const finished = [...state.finishedTasks().keys()]
    state.close()
    return finished
  }

  it.each([
    ['waiting', 0, {}],
    ['waitingInReduce', 0, {}],
    ['waitingInReduce', 1, { heldBytes: 3000 }],
    ['waitingInSecondStep', 0, {}],
    ['waitingInSecondStep', 1, { heldBytes: 3000 }],
    ['waitingInSecondStep', 3, { heldBytes: 0 }],
    // What was in memory has been saved.
    ['waiting', 13, { holdMs: 1000 }],
    ['waitingInReduce', 13, { holdMs: 1000 }],
    ['waitingInSecondStep', 3, { holdMs: 1000 }],
  ] as const)('in %s, with %i runs in files, the same call goes on: %o', async (job, files, tuning) => {
    const { folder, options } = prepare([...LINES, 'wait'], tuning)
    writeFiles(folder, { 'job.ts': `export { ${job} as default } from ${JSON.stringify(WORKER_JOBS)}` })
    const finished = await killed(folder, options, job, files)
    // The last file may not have been finished.
    expect(finished.length).toBeGreaterThanOrEqual(files - 1)
    writeFileSync(join(folder, 'gate'), '')
    const notes: string[] = []
    const result = await runJob(join(folder, 'job.ts'), {
      ...options,
      params: { gate: join(folder, 'gate') },
      onNote: (note) => notes.push(note),
    } as RunOptions)
    expect(notes).toEqual([])
    expect(result.redoneTasks).toBe(0)
    expect(result.resumedTasks).toBe(finished.length)
    expect(result.stages[0]!.recordsIn).toBe(LINES.length + 1)
    expect(counts(options)).toEqual([...EXPECTED, 'wait\t1'].sort())
    expect(existsSync(join(folder, '.out.runjob'))).toBe(false)
  })
})

describe('an interrupted run', () => {
  it.each([
    ['waiting', waiting],
    ['waitingInReduce', waitingInReduce],
  ])('saves what it has in memory (%s)', async (_, job) => {
    const { folder, options } = prepare([...LINES, 'wait'])
    const controller = new AbortController()
    const params = { gate: join(folder, 'gate') }
    const error = await failure(
      runJob(job as typeof waiting, {
        ...(options as RunOptions<typeof params>),
        params,
        signal: controller.signal,
        onProgress: ({ stageIndex, tasksDone, tasks }) => {
          if (stageIndex === 1 || tasksDone === tasks - 1) controller.abort()
        },
      }),
    )
    expect(error.code).toBe('INTERRUPTED')
    writeFileSync(params.gate, '')
    const result = await runJob(job as typeof waiting, { ...(options as RunOptions<typeof params>), params })
    expect(result.resumedTasks).toBeGreaterThan(12)
    expect(result.redoneTasks).toBe(0)
    expect(counts(options)).toEqual([...EXPECTED, 'wait\t1'].sort())
  })
})
