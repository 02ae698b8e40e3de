/** Lost or invented records keep a run from committing, whichever count reveals them. */
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkStages, checkTask } from '../../dist/src/engine/accounting.js'
import type { FinishedStage } from '../../dist/src/engine/checkpoint.js'
import type { StageResult, TaskSpec } from '../../dist/src/engine/task.js'
import { explainJob, type RunOptions, runJob } from '../../dist/src/index.js'
import type { Plan } from '../../dist/src/plan/plan.js'
import { TUNING } from '../../dist/src/run/options.js'
import { JobState } from '../../dist/src/state/state.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'

const JOB = fileURLToPath(new URL('../e2e/corruption_jobs.ts', import.meta.url))

interface Interrupted {
  stateDir: string
  options: RunOptions
}

/** A run of two steps that was stopped after the first one's reduce: its third stage is missing. */
async function interrupted(): Promise<Interrupted> {
  const folder = temporaryFolder()
  const lines = Array.from({ length: 60 }, (_, i) => `a${i % 7} b${i % 11} c${i}`)
  writeFiles(folder, { 'in.txt': lines.join('\n') })
  const controller = new AbortController()
  const options: RunOptions = {
    input: join(folder, 'in.txt'),
    output: join(folder, 'out'),
    params: { marker: join(folder, 'none') },
    partitions: 2,
    [TUNING]: { splitBytes: 150, mergeRuns: 2, heldBytes: 0 },
  }
  const stop = ({ stageIndex, tasksDone, tasks }: { stageIndex: number; tasksDone: number; tasks: number }) => {
    if (stageIndex === 1 && tasksDone === tasks) controller.abort()
  }
  const error = await failure(runJob(JOB, { ...options, signal: controller.signal, onProgress: stop }))
  expect(error.code).toBe('INTERRUPTED')
  return { stateDir: join(folder, '.out.runjob'), options }
}

/** Changes what the state says about a finished stage and its tasks. */
async function tamper(stateDir: string, stage: number, change: (finished: FinishedStage) => void): Promise<void> {
  const state = JobState.open(stateDir)
  const finished = state.get<FinishedStage>(`stage ${stage}`)!
  change(finished)
  state.put(`stage ${stage}`, finished)
  const results = [...finished.results, ...Object.values(finished.passes).flat(2)]
  state.keep(results.map((result) => ({ id: result.id, attempt: result.attempt, result })))
  await state.close()
}

const first = ({ results }: FinishedStage) => results[0]!
const addToRun = (result: StageResult, by: number) => {
  const [run] = result.runs
  run!.records += by
  run!.partitions.find(({ records }) => records > 0)!.records += by
}

const TAMPERED: [what: string, stage: number, change: (finished: FinishedStage) => void][] = [
  ['records that a map emitted', 0, (stage) => first(stage).recordsOut++],
  ['records that a combiner took in', 0, (stage) => first(stage).recordsCombined--],
  ['records of a run', 0, (stage) => first(stage).runs[0]!.records--],
  ['records of a partition', 0, (stage) => addToRun(first(stage), 1)],
  ['records that a merge read', 1, (stage) => stage.passes['map 1']![0]![0]!.recordsIn++],
  ['records that a reduce read', 1, (stage) => first(stage).recordsIn--],
  ['records that a reduce emitted', 1, (stage) => first(stage).recordsOut--],
  [
    'records of a run that is still to be read',
    1,
    (stage) => {
      addToRun(first(stage), 1)
      first(stage).recordsOut++
    },
  ],
  ['a task', 1, (stage) => stage.results.pop()],
]

describe('a run that continues from the state of another', () => {
  it('does not commit if any count in it is wrong, and commits if none is', async () => {
    const { stateDir, options } = await interrupted()
    for (const [n, [what, stage, change]] of TAMPERED.entries()) {
      const folder = join(stateDir, `../case-${n}`)
      const output = join(folder, 'out')
      cpSync(stateDir, join(folder, '.out.runjob'), { recursive: true })
      await tamper(join(folder, '.out.runjob'), stage, change)
      const error = await failure(runJob(JOB, { ...options, output }))
      expect(error, what).toMatchObject({ code: 'ACCOUNTING_MISMATCH', kind: 'bug' })
      expect(error.message, what).toMatch(/\d+ records, not \d+/)
      expect(existsSync(output), what).toBe(false)
    }

    await tamper(stateDir, 0, () => {})
    const { stages, resumedTasks, redoneTasks } = await runJob(JOB, options)
    expect(linesOf(options.output).length).toBeGreaterThan(10)
    const [map, reduce, last] = stages
    expect(map).toMatchObject({ recordsIn: 60, recordsOut: 180 })
    expect(map!.recordsCombined).toBeGreaterThan(0)
    expect(reduce!.recordsIn).toBe(180 - map!.recordsCombined)
    expect(last!.recordsIn).toBe(reduce!.recordsOut)
    expect(resumedTasks).toBe(map!.tasks + reduce!.tasks)
    expect(redoneTasks).toBe(0)
  })
})

it('a part without all emitted records is not accepted', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'a\n' })
  const plan = await explainJob('wordcount', { input: join(folder, 'in.txt'), output: join(folder, 'out') })
  const task = { kind: 'reduce', id: 's1-r00000', stage: 1, input: 0, records: 5 } as TaskSpec
  const counts = { recordsFiltered: 0, recordsDropped: 0, recordsQuarantined: 0, recordsCombined: 0, runs: [] }
  const result = {
    kind: 'reduce',
    id: task.id,
    input: 0,
    recordsIn: 5,
    recordsOut: 4,
    ...counts,
  } as unknown as StageResult
  const part = (records: number) => ({
    ...result,
    parts: [{ name: 'part-r-00000.tsv', bytes: 20, checksum: '', records }],
  })
  expect(() => checkTask(plan, task, part(4))).not.toThrow()
  expect(() => checkTask(plan, task, part(3))).toThrow('parts of s1-r00000: 3 records, not 4')
})

it('two parts that were written to the same file are not accepted', () => {
  const input = { kind: 'files', files: 'rows', format: { kind: 'text' }, operators: [{ op: 'map' }] }
  const plan = { stages: [{ name: 'write', inputs: [input], target: { kind: 'sink' } }] } as unknown as Plan
  const task = (name: string) => ({ kind: 'map', input: 0, recordsOut: 4, runs: [], parts: [{ name, records: 4 }] })
  const stages = (...names: string[]) => [{ results: names.map(task), passes: {} }] as unknown as FinishedStage[]
  expect(() => checkStages(plan, stages('k=a/part-r-00000.csv', 'k=a/part-r-00001.csv'))).not.toThrow()
  const same = stages('k=a/part-r-00000.csv', 'k=a/part-r-00000.csv')
  expect(() => checkStages(plan, same)).toThrow('the files of all parts: 4 records, not 8')
})

it('filtered records are counted', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'one\ntwo\nthree\nfour' })
  for (const pattern of ['o', '[oO]']) {
    const { stages } = await run('grep', join(folder, 'in.txt'), { params: { pattern } })
    expect(stages[0]).toMatchObject({ recordsIn: 4, recordsOut: 3, recordsFiltered: 1, recordsQuarantined: 0 })
  }
})
