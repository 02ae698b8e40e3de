/**
 * A plan whose stages are not a chain: two stages read one exchange, and a third joins their output; a further stage with its own sink reads
 * one of these as well. The run is killed and damaged at every stage.
 *
 *     words -> counted  -> joined -> summed (sink)
 *          \-> ranked  /
 *                     \-> top (sink)
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Checkpoint, FinishedStage } from '../../dist/src/engine/checkpoint.js'
import { type PlanResult, PlanRun, type RunPlanOptions } from '../../dist/src/engine/run_plan.js'
import type { StageResult } from '../../dist/src/engine/task.js'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../dist/src/io/input/inputs.js'
import { textRules } from '../../dist/src/io/input/text_form.js'
import type { AggregateCall, Exchange, Format, OperatorOf, Plan, RecordSpec, Sink } from '../../dist/src/plan/plan.js'
import { stageFact } from '../../dist/src/state/facts.js'
import { JobState } from '../../dist/src/state/state.js'
import { snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { node } from '../helpers/run.js'

const COUNT: AggregateCall = { fn: 'count', column: null, type: null }
const SUM: AggregateCall = { fn: 'sum', column: 'value', type: null }
const WORDS: RecordSpec = { key: 'string', value: { columns: [] } }
const COUNTS: RecordSpec = { key: 'string', value: 'number' }

function exchange(id: string, record: RecordSpec, more: Partial<Exchange> = {}): Exchange {
  return {
    kind: 'exchange',
    id,
    record,
    partitionBy: 'hash',
    partition: null,
    partitions: 3,
    descending: false,
    grouping: 'whole',
    order: null,
    combine: null,
    ...more,
  }
}

function sink(name: string): Sink {
  const format = { kind: 'tsv', escape: false } as const
  return { kind: 'sink', name, format, compress: null, record: COUNTS, singleFile: false, named: {} }
}

const TEXT: Format = { kind: 'text', exact: true, encoding: null }
const counts: OperatorOf<'aggregate'> = { op: 'aggregate', aggregates: [COUNT], gives: COUNTS }

const plan: Plan = {
  version: 2,
  job: 'diamond',
  module: null,
  params: {},
  sideFiles: {},
  stages: [
    {
      name: 'words',
      inputs: [
        {
          kind: 'files',
          files: 'in',
          format: TEXT,
          operators: [{ op: 'words', lowercase: false }],
        },
      ],
      target: exchange('words', WORDS, { combine: { op: 'aggregate', aggregates: [COUNT] } }),
    },
    {
      name: 'counted',
      inputs: [{ kind: 'exchange', exchange: 'words', operators: [counts] }],
      target: exchange('counted', COUNTS),
    },
    {
      name: 'ranked',
      inputs: [{ kind: 'exchange', exchange: 'words', operators: [counts, { op: 'byNumber', descending: true }] }],
      target: exchange('ranked', COUNTS, { partitions: 2 }),
    },
    {
      name: 'joined',
      inputs: [
        { kind: 'exchange', exchange: 'counted', operators: [] },
        { kind: 'exchange', exchange: 'ranked', operators: [{ op: 'dropNumber' }] },
      ],
      target: exchange('joined', COUNTS, { combine: { op: 'aggregate', aggregates: [SUM] } }),
    },
    {
      name: 'summed',
      inputs: [
        {
          kind: 'exchange',
          exchange: 'joined',
          operators: [{ op: 'aggregate', aggregates: [SUM], gives: COUNTS }],
        },
      ],
      target: sink(''),
    },
    {
      name: 'top',
      inputs: [{ kind: 'exchange', exchange: 'ranked', operators: [{ op: 'take', count: 2 }, { op: 'dropNumber' }] }],
      target: sink('top'),
    },
  ],
}

const STAGES = plan.stages.map(({ name }) => name)

interface Done {
  result: PlanResult
  output: Record<string, string>
  notes: string[]
}

/** Plain data, but for the callbacks. */
function optionsOf(folder: string): Omit<RunPlanOptions, 'inputs'> {
  return {
    plan,
    planHash: '',
    identity: null,
    files: [inspectFile(join(folder, 'in.txt'), textRules(TEXT)) as InputFile],
    workers: 2,
    memoryBytes: 128e6,
    partitions: null,
    top: 0,
    profile: false,
    runsDir: join(folder, 'runs'),
    attemptsDir: join(folder, 'attempts'),
    partsDir: join(folder, 'parts'),
    keepRuns: false,
    retries: 0,
    taskTimeoutMs: null,
    speculate: false,
    tuning: { splitBytes: 800, mergeRuns: 3, heldBytes: 0 },
    badRecords: null,
  }
}

const INPUTS = [['in', [0]]] as const
const IDENTITY = { plan, fingerprint: '', versions: {}, options: {}, manifest: {}, sources: {} }

async function run(folder: string, onTask: (stage: number) => void = () => {}): Promise<Done> {
  const options = optionsOf(folder)
  const state = JobState.open(join(folder, 'state'))
  if (!state.identity()) state.begin(IDENTITY)
  const checkpoint: Checkpoint = {
    finishedTasks: () => state.finishedTasks(),
    get: (name) => state.get(name),
    forget: (tasks, names) => state.forget(tasks, names),
    keep(finished, facts) {
      state.keep(finished, facts)
      for (const { result } of finished) onTask((result as StageResult).stage)
    },
  }
  const notes: string[] = []
  const planRun = new PlanRun({ ...options, inputs: inputsOf(INPUTS), onNote: (note) => notes.push(note) })
  try {
    const result = await planRun.run(checkpoint)
    return { result, output: snapshot(options.partsDir), notes }
  } finally {
    await planRun.end()
    state.close()
  }
}

function inputsOf(inputs: typeof INPUTS): Map<string, number[]> {
  return new Map(inputs.map(([name, files]) => [name, [...files]]))
}

/** The same in a process of its own, which kills itself when the state has taken in the first task of a stage, or the stage. */
async function runAndDie(folder: string, what: string, stage: number): Promise<void> {
  const from = (path: string) => JSON.stringify(new URL(`../../dist/src/${path}`, import.meta.url).href)
  const given = { options: optionsOf(folder), inputs: INPUTS, identity: IDENTITY }
  writeFiles(folder, {
    'given.json': JSON.stringify(given),
    'run.mjs': `
      import { readFileSync } from 'node:fs'
      import { PlanRun } from ${from('engine/run_plan.js')}
      import { JobState } from ${from('state/state.js')}
      const { options, inputs, identity } = JSON.parse(readFileSync(${JSON.stringify(join(folder, 'given.json'))}, 'utf8'))
      const state = JobState.open(${JSON.stringify(join(folder, 'state'))})
      state.begin(identity)
      const die = (what, stage) => {
        if (what === ${JSON.stringify(what)} && stage === ${stage}) process.kill(process.pid, 'SIGKILL')
      }
      await new PlanRun({ ...options, inputs: new Map(inputs) }).run({
        finishedTasks: () => state.finishedTasks(),
        get: (name) => state.get(name),
        forget: (tasks, names) => state.forget(tasks, names),
        keep(finished, facts) {
          state.keep(finished, facts)
          for (const { result } of finished) die('task', result.stage)
          for (const name of facts.keys()) if (name.startsWith('stage ')) die('stage', Number(name.slice(6)))
        },
      })`,
  })
  const { code, stderr } = await node([join(folder, 'run.mjs')])
  expect(code, stderr).toBe(null)
}

function prepare(): string {
  const folder = temporaryFolder()
  const random = new Random(11)
  const lines = random.times(120, () => random.times(6, () => `w${random.below(90).toString(36)}`).join(' '))
  for (const dir of ['runs', 'parts']) mkdirSync(join(folder, dir))
  writeFiles(folder, { 'in.txt': lines.join('\n') })
  return folder
}

function stagesWithRuns(folder: string): string[] {
  const stages = readdirSync(join(folder, 'runs')).map((name) => STAGES[Number(/^s(\d)-/.exec(name)![1])]!)
  return STAGES.filter((name) => stages.includes(name))
}

describe('a plan that is not a chain', () => {
  it('gives the right records, in the parts of both sinks', async () => {
    const folder = prepare()
    const { output, result } = await run(folder)
    const expected = new Map<string, number>()
    for (const word of readFileSync(join(folder, 'in.txt'), 'utf8').split(/\s/)) {
      expected.set(word, (expected.get(word) ?? 0) + 1)
    }
    const linesIn = (name: RegExp) =>
      Object.entries(output)
        .filter(([path]) => name.test(path))
        .flatMap(([, text]) => text.split('\n').slice(0, -1))
    const doubled = [...expected].map(([word, count]) => `${word}\t${2 * count}`)
    expect(linesIn(/^part-/).sort()).toEqual(doubled.sort())
    expect(linesIn(/^top\/part-/)).toHaveLength(4)
    const largest = Math.max(...expected.values())
    expect(linesIn(/^top\/part-/).map((line) => Number(line.split('\t')[1]))).toContain(largest)
    expect(result.parts.map(({ name }) => name)).toEqual(Object.keys(output))
  })

  it('keeps the runs of a stage until the last one that reads them is over', async () => {
    const folder = prepare()
    const seen: Record<string, string[]> = {}
    await run(folder, (stage) => {
      seen[STAGES[stage]!] ??= stagesWithRuns(folder)
    })
    expect(seen).toMatchObject({
      counted: ['words', 'counted'],
      ranked: ['words', 'counted', 'ranked'],
      joined: ['counted', 'ranked', 'joined'],
      summed: ['ranked', 'joined'],
      top: ['ranked'],
    })
    expect(stagesWithRuns(folder)).toEqual([])
  })
})

/** The output of an undisturbed run. */
let undisturbed: Promise<Done> | undefined

describe.each(STAGES)('a run that is killed in the stage %s', (name) => {
  it.each([
    ['task', ['none', 'damaged']],
    ['stage', ['none', 'gone']],
  ])('goes on when its first %s is done, whatever became of its runs (%s)', async (what, fates) => {
    undisturbed ??= run(prepare())
    const { output: expected } = await undisturbed
    const folder = prepare()
    await runAndDie(folder, what, STAGES.indexOf(name))
    for (const fate of fates) {
      const copy = join(folder, fate)
      for (const part of ['in.txt', 'state', 'runs', 'parts']) {
        cpSync(join(folder, part), join(copy, part), { recursive: true })
      }
      const runs = readdirSync(join(copy, 'runs'))
      for (const run of runs) {
        if (fate === 'damaged') truncateSync(join(copy, 'runs', run), 100)
        if (fate === 'gone') rmSync(join(copy, 'runs', run))
      }
      const { output, result, notes } = await run(copy)
      expect(output, fate).toEqual(expected)
      if (fate === 'none') expect(notes).toEqual([])
      // All tasks of the last stage may be done.
      else if (name !== 'top' && (name !== 'words' || what === 'stage')) {
        expect(result.redoneTasks, fate).toBeGreaterThan(0)
      }
    }
  })
})

it('a finished stage reads again what was written again with other counts', async () => {
  const { output: expected } = await run(prepare())
  const folder = prepare()
  await runAndDie(folder, 'task', STAGES.indexOf('ranked'))
  // As if the runs that it read had held a record more, because less was combined.
  const state = JobState.open(join(folder, 'state'))
  const fact = stageFact(STAGES.indexOf('counted'))
  const counted = state.get<FinishedStage>(fact)!
  const [first] = counted.results
  first!.recordsIn++
  state.put(fact, counted)
  state.keep([{ id: first!.id, attempt: first!.attempt, result: first }])
  state.close()
  for (const name of readdirSync(join(folder, 'runs'))) {
    if (name.startsWith('s0-')) truncateSync(join(folder, 'runs', name), 100)
  }
  const { output, result } = await run(folder)
  expect(output).toEqual(expected)
  expect(result.redoneTasks).toBeGreaterThan(0)
  expect(result.tasks.find(({ task }) => task === first!.id)).toMatchObject({ attempt: first!.attempt + 1 })
})
