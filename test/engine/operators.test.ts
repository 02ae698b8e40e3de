/** Operators and inputs in combinations that jobs do not lower to. */
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { NO_CHECKPOINT } from '../../dist/src/engine/checkpoint.js'
import { type PlanResult, PlanRun } from '../../dist/src/engine/run_plan.js'
import type { Exchange, Format, Input, Operator, Plan, RecordSpec, Sink } from '../../dist/src/plan/plan.js'
import { prepareOnly } from '../../dist/src/run/prepare.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { counting } from './operator_jobs.js'

const RECORD: RecordSpec = { key: 'string', value: 'number' }
const TEXT: Format = { kind: 'text', exact: false, encoding: null }
const map = (step: number): Operator => ({ op: 'map', fn: `${step}.map`, gives: RECORD })
const reduce = (step: number): Operator => ({ op: 'reduce', fn: `${step}.reduce`, gives: RECORD })
const files = (...operators: Operator[]): Input => ({ kind: 'files', files: 'input', format: TEXT, operators })
const from = (exchange: string, ...operators: Operator[]): Input => ({ kind: 'exchange', exchange, operators })

/** Runs other stages with the functions of the job. */
async function run(content: string, stagesOf: (plan: Plan) => Plan['stages']) {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': content })
  const options = { input: join(folder, 'in.txt'), output: join(folder, 'out'), workers: 2 }
  const { plan, identity, code, files, inputs } = await prepareOnly(counting, options)
  if (code && 'text' in code.module) writeFiles(dirname(plan.module!.path), { 'job.mjs': code.module.text })
  const [runsDir, partsDir] = [join(folder, 'runs'), join(folder, 'parts')]
  for (const dir of [runsDir, partsDir]) mkdirSync(dir)
  const planRun = new PlanRun({
    plan: { ...plan, stages: stagesOf(plan) },
    planHash: '',
    identity,
    files,
    inputs,
    workers: 2,
    memoryBytes: 256e6,
    partitions: 2,
    top: 0,
    profile: false,
    runsDir,
    attemptsDir: join(folder, 'attempts'),
    partsDir,
    keepRuns: false,
    retries: 0,
    taskTimeoutMs: null,
    speculate: false,
    tuning: { splitBytes: 8 },
    badRecords: { limit: { count: 10 }, dir: join(folder, 'bad'), path: join(folder, 'bad.jsonl') },
  })
  let result: PlanResult
  try {
    result = await planRun.run(NO_CHECKPOINT)
  } finally {
    await planRun.end()
  }
  const bad = result.quarantine.map((name) => readFileSync(join(folder, 'bad', name), 'utf8')).join('')
  return { result, lines: linesOf(partsDir).sort(), bad: bad.split('\n').slice(0, -1) }
}

const LINES = ['a b', 'b', 'c bad d', 'b a']

it('a map after a map: a bad record of the second takes back what the first one made of its line', async () => {
  const { lines, bad, result } = await run(LINES.join('\n'), ({ stages: [first, , last] }) => [
    { ...first!, inputs: [files(map(1), map(2))] },
    { ...last!, inputs: [from('map 1', reduce(1))] },
  ])
  expect(lines).toEqual(['a\t2', 'b\t3'])
  expect(bad.map((line) => JSON.parse(line))).toMatchObject([{ code: 'USER_ERROR', excerpt: 'c bad d' }])
  expect(result.stages[0]).toMatchObject({ recordsIn: 4, recordsOut: 5, recordsQuarantined: 1 })
})

it('a reduce that gives its records to an exchange, beside files that go into the same one', async () => {
  const { lines } = await run(LINES.join('\n'), ({ stages: [first, , last] }) => {
    const exchange = first!.target as Exchange
    return [
      { ...first!, inputs: [files(map(1))] },
      { name: 'again', inputs: [from('map 1', reduce(1)), files(map(1))], target: { ...exchange, id: 'again' } },
      { ...last!, inputs: [from('again', reduce(2))] },
    ]
  })
  expect(lines).toEqual(['a\t4', 'b\t6', 'bad\t2', 'c\t2', 'd\t2'])
})

it('parts of a stage with several inputs are numbered in one order', async () => {
  const { lines, result } = await run(LINES.join('\n'), ({ stages: [first, , last] }) => [
    { ...first!, inputs: [files(map(1))] },
    { name: 'both', inputs: [from('map 1', reduce(1)), files(map(1))], target: last!.target as Sink },
  ])
  expect(lines.filter((line) => line.startsWith('b\t'))).toEqual(['b\t1', 'b\t1', 'b\t1', 'b\t3'])
  const numbers = result.parts.map(({ name }) => Number(/\d+/.exec(name)![0]))
  expect(numbers).toEqual(numbers.map((_, i) => i))
})
