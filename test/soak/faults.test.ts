/**
 * System calls and allocations that fail, one after another, in a process of `runjob` (native/testing/faults.c). However a
 * run ends, it ends well: with the right output, or with an error that says what happened and the old output where it was;
 * and then the same command, without a fault, gives the right output and leaves nothing else behind.
 *
 * `npm run test:soak` tries thousands of cases, `npm test` a few of them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCode, RunjobError } from '../../dist/src/base/errors.js'
import { snapshot, writeFiles } from '../helpers/folder.js'
import { Random, randomCsv, randomText } from '../helpers/random.js'
import { type Exit, run, tunedRunjob } from '../helpers/run.js'
import { IS_SOAK, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FAULTS = join(ROOT, 'build-faults/faults.so')

/** Calls of one kind that a soak makes fail in each job: all if there are no more, otherwise a selection from first to last. */
const SOAK_CALLS = 40
const SAMPLE_PER_JOB = 6
const HANG_MS = 60_000
const SEED = 11

/** What fails, and with which errors. */
const KINDS: Record<string, readonly string[]> = {
  open: ['EMFILE', 'EIO'],
  read: ['EIO'],
  write: ['ENOSPC', 'EIO'],
  short: ['EIO'],
  commit: ['EIO', 'ENOSPC'],
  sync: ['EIO'],
  truncate: ['ENOSPC'],
  link: ['EIO'],
  rename: ['EIO'],
  mkdir: ['ENOSPC'],
  mmap: ['ENOMEM'],
  malloc: ['ENOMEM'],
}

interface Scenario {
  files: Record<string, Buffer>
  /** The job, its inputs below the folder, its options. */
  args: (folder: string) => string[]
  /** A query has neither. */
  input?: (folder: string) => string | Record<string, string>
  params?: Record<string, string | boolean>
  /** One without it. */
  workers?: number
  /** `overwrite` without it. */
  mode?: 'append' | 'overwritePartitions'
  /** What a sample is taken from; all kinds without it. */
  sampled?: readonly string[]
  /** What is in the output folder before. */
  old?: Record<string, string>
}

const SCENARIOS: Record<string, Scenario> = {
  wordcount: {
    files: { 'a.txt': randomText(1, 250), 'b.txt': randomText(2, 100) },
    args: (folder) => ['wordcount', join(folder, 'in')],
    input: (folder) => join(folder, 'in'),
    params: {},
  },
  sort: {
    files: { 'a.txt': randomText(3, 250), 'b.txt': randomText(4, 100) },
    args: (folder) => ['sort', join(folder, 'in'), '--unique'],
    input: (folder) => join(folder, 'in'),
    params: { unique: true },
  },
  join: {
    files: { 'left.csv': randomCsv(5, 120), 'right.csv': randomCsv(6, 60) },
    args: (folder) => [
      'join',
      '--left',
      join(folder, 'in/left.csv'),
      '--right',
      join(folder, 'in/right.csv'),
      '--on',
      'id',
    ],
    input: (folder) => ({ left: join(folder, 'in/left.csv'), right: join(folder, 'in/right.csv') }),
    params: { on: 'id' },
  },
  stats: {
    files: { 'a.csv': randomCsv(7, 300), 'b.csv': randomCsv(8, 100) },
    args: (folder) => ['stats', join(folder, 'in'), '--by', 'id', '--of', 'amount'],
    input: (folder) => join(folder, 'in'),
    params: { by: 'id', of: 'amount' },
  },
}

SCENARIOS['a query with a join, groups and a sort'] = {
  files: { 'left.csv': randomCsv(9, 300), 'right.csv': randomCsv(10, 60) },
  args: (folder) => [
    'query',
    `inputs[0].join(inputs[1].select('id', c => c.name.as('other')), 'id').groupBy('name', 'other')
      .agg({ n: count(), ids: countDistinct('id'), last: max('amount') }).orderBy(c => c.n.desc(), 'name', 'other')`,
    join(folder, 'in/left.csv'),
    join(folder, 'in/right.csv'),
  ],
}

SCENARIOS['a query that replaces partitions'] = {
  files: { 'a.csv': randomCsv(11, 200) },
  args: (folder) => ['query', 'df', join(folder, 'in/a.csv'), '--partition-by', 'name', '--empty-as-null'],
  mode: 'overwritePartitions',
  sampled: ['link', 'rename', 'sync', 'mkdir', 'open', 'write'],
  old: {
    _SUCCESS: '',
    'name=a word/part-r-00000.jsonl': '{"id":"stays","amount":null}\n',
    'name=the/part-r-00000.jsonl': '{"id":"replaced","amount":null}\n',
  },
}

// Several workers: each time another one makes the n-th call, and the others are busy when it fails.
SCENARIOS['wordcount with three workers'] = { ...SCENARIOS.wordcount!, workers: 3 }
SCENARIOS['sort with two workers'] = { ...SCENARIOS.sort!, workers: 2 }
// The old output stays, and is added to once.
const appends = { mode: 'append', sampled: ['link', 'rename', 'sync', 'mkdir', 'open', 'write'] } as const
SCENARIOS['wordcount that appends'] = { ...SCENARIOS.wordcount!, ...appends }
SCENARIOS['join with two workers that appends'] = {
  ...SCENARIOS.join!,
  ...appends,
  workers: 2,
  // Rows of another header are not added to.
  old: { _SUCCESS: '', 'part-r-00000.csv': 'id,name,amount,right_name,right_amount\nk0,the,1,old,2\n' },
}

/** Several splits, a spill for every block, merges of two, no small side of a join. */
const tuning = { splitBytes: 4000, collectorBytes: 1, mergeRuns: 2, joins: 'merge' as const, heldBytes: 0 }
const oldOutput = ({ old }: Scenario) => old ?? { _SUCCESS: '', 'part-r-00000.tsv': 'the old output\n' }
const WORKER_MB = 64

/** `kind:number:once|forever:errno`, as faults.c reads it. */
type Fault = string

function runWithFault(scenario: Scenario, folder: string, fault: Fault, log: string): Promise<Exit> {
  const memory = `${(scenario.workers ?? 1) * WORKER_MB}MB`
  return tunedRunjob([...commandOf(scenario, folder), '--memory', memory], tuning, {
    killAfterMs: HANG_MS,
    env: { LD_PRELOAD: FAULTS, RUNJOB_FAULT: fault, RUNJOB_FAULT_DIR: folder, RUNJOB_FAULT_LOG: log },
  })
}

function commandOf({ args, workers = 1, mode }: Scenario, folder: string): string[] {
  const options = ['--mode', mode ?? 'overwrite', '--quiet', '--workers', String(workers)]
  return [...args(folder), '-o', join(folder, 'out'), ...options]
}

async function withFolder<T>(scenario: Scenario, use: (folder: string, log: string) => Promise<T>): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'runjob-faults-'))
  const folder = join(parent, 'data')
  const prefixed = (prefix: string, files: Record<string, string | Buffer>) =>
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`${prefix}/${name}`, content]))
  try {
    writeFiles(folder, { ...prefixed('in', scenario.files), ...prefixed('out', oldOutput(scenario)) })
    return await use(folder, join(parent, 'log'))
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

async function runWithout(scenario: Scenario, folder: string): Promise<void> {
  const { args, input, params = {}, workers = 1 } = scenario
  const mode = scenario.mode ?? 'overwrite'
  if (input) {
    await run(String(args('')[0]), input(folder), { output: join(folder, 'out'), mode, params, workers, tuning })
  } else {
    const { code, stderr } = await tunedRunjob(commandOf(scenario, folder), tuning)
    if (code !== 0) throw new Error(stderr)
  }
}

/** The output of an undisturbed run, next to or instead of the old one. */
const rightOutput = (scenario: Scenario) =>
  withFolder(scenario, async (folder) => {
    await runWithout(scenario, folder)
    return snapshot(join(folder, 'out'))
  })

/** What is wrong with how a run with this fault ended; undefined if nothing is. */
function tryFault(scenario: Scenario, right: Record<string, string>, fault: Fault): Promise<string | undefined> {
  return withFolder(scenario, async (folder, log) => {
    const { code, stderr } = await runWithFault(scenario, folder, fault, log)
    const failed = existsSync(log) ? readFileSync(log, 'utf8') : ''
    const problem = (what: string) => `${fault}: ${what}\n${stderr}${failed.slice(-1000)}`
    const isRight = () => isEqual(snapshot(join(folder, 'out')), right)
    if (code === 0) {
      if (!isRight()) return problem('exit code 0, wrong output')
    } else {
      const told = /error ([A-Z_]+): /.exec(stderr)?.[1] as ErrorCode | undefined
      if (code !== 1) return problem(`exit code ${code}`)
      if (!told || !ALLOWED.has(told)) return problem(`told as ${told}`)
      if (/^ +at .*:\d+/m.test(stderr)) return problem('a bare stack')
      if (!isOldOrNew(scenario, folder, fault, isRight)) return problem('the old output is not where it was')
      try {
        await runWithout(scenario, folder)
      } catch (error) {
        return problem(`the next run failed: ${error}`)
      }
      if (!isRight()) return problem('the next run gave a wrong output')
    }
    const left = readdirSync(folder).sort().join(' ')
    return left === 'in out' ? undefined : problem(`left behind: ${left}`)
  })
}

/** The codes of the machine's failures. WORKER_DIED is not one of them: a worker should say why it dies. */
const ALLOWED = new Set(
  ERROR_CODES.filter((code) => new RunjobError(code).kind === 'resource' && code !== 'WORKER_DIED'),
)

function isOldOrNew(scenario: Scenario, folder: string, fault: Fault, isRight: () => boolean): boolean {
  const output = join(folder, 'out')
  // If no rename works any more, the old output cannot be restored either; the next run does that.
  if (!existsSync(output) && /^rename:.*:forever/.test(fault)) return true
  return existsSync(output) && (isEqual(snapshot(output), oldOutput(scenario)) || isRight())
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** How often a run without a fault makes each kind of call. */
async function countCalls(scenario: Scenario): Promise<Map<string, number>> {
  return withFolder(scenario, async (folder, log) => {
    const { code, stderr } = await runWithFault(scenario, folder, 'count', log)
    expect(code, stderr).toBe(0)
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    return new Map(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
  })
}

function faultsFor(calls: Map<string, number>, callsPerKind: number): Fault[] {
  return Object.entries(KINDS).flatMap(([kind, errors]) => {
    const most = calls.get(kind) ?? 0
    const count = Math.min(most, callsPerKind)
    const numbers = Array.from({ length: count }, (_, i) => 1 + Math.round((i * (most - 1)) / Math.max(1, count - 1)))
    return numbers.flatMap((number) =>
      ['once', 'forever'].flatMap((times) => errors.map((error) => `${kind}:${number}:${times}:${error}`)),
    )
  })
}

/** A few faults of each kind in turn, the same ones every time. */
function sampleOf(
  faults: Fault[],
  count: number,
  random: Random,
  sampled: readonly string[] = Object.keys(KINDS),
): Fault[] {
  const kinds = sampled.filter((kind) => faults.some((fault) => fault.startsWith(`${kind}:`)))
  return random.times(count, (i) => {
    const kind = kinds[(i + random.below(kinds.length)) % kinds.length]!
    return random.pick(faults.filter((fault) => fault.startsWith(`${kind}:`)))
  })
}

const isGlibc = 'glibcVersionRuntime' in ((process.report.getReport() as { header: object }).header ?? {})

describe.skipIf(!isGlibc)('a call that fails', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'native/build.mjs'), '--faults'], { stdio: 'inherit' })
  })

  it.each(Object.keys(SCENARIOS))(
    'in %s ends in the right output or in a clear error',
    { timeout: SUITE_TIMEOUT_MS },
    async (name) => {
      const scenario = SCENARIOS[name]!
      const right = await rightOutput(scenario)
      const calls = await countCalls(scenario)
      const faults = IS_SOAK
        ? faultsFor(calls, SOAK_CALLS)
        : sampleOf(
            faultsFor(calls, Number.POSITIVE_INFINITY),
            SAMPLE_PER_JOB,
            new Random(SEED + name.length),
            scenario.sampled,
          )
      const problems: string[] = []
      for (const fault of faults) {
        const problem = await tryFault(scenario, right, fault)
        if (!problem) continue
        problems.push(problem)
        // At once: the rest of a soak takes a while.
        console.error(`${name}, ${problem}`)
      }
      if (IS_SOAK) console.log(`${name}: ${faults.length} faults, ${problems.length} ended badly`)
      expect(problems.join('\n\n'), `${problems.length} of ${faults.length} faults end badly`).toBe('')
    },
  )
})
