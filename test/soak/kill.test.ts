/**
 * `kill -9` at any moment, again and again, and the same command after each: in the end its output is byte for byte that of
 * an undisturbed run, the old output was whole until then, and nothing else is left.
 *
 * `npm run test:soak` kills every job and query dozens of times, `npm test` a few.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CASES, type Case, rowsOf, writeInput } from '../helpers/cases.js'
import { linesOf, snapshot, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { runjob, type Tuning, tunedRunjob } from '../helpers/run.js'
import { caseCount, SUITE_TIMEOUT_MS } from '../helpers/soak.js'
import { QUERIES, queryArguments, writeTables } from './kill_queries.js'

const SEED = 20_260_401
const OLD_OUTPUT = { _SUCCESS: '', 'part-r-00000.tsv': 'the old output\n' }

/** What is run. */
interface Subject {
  /** Writes its input. @returns its own part of the command line, and the lines of its answer, in any order */
  prepare(folder: string): Promise<{ args: string[]; expected: string[] }>
  linesOf(output: string): string[]
  tuning?: Tuning
}

const SUBJECTS: Record<string, Subject> = {
  wordcount: ofJob(CASES.wordcount!),
  sort: ofJob(CASES['sort of unique lines in reverse']!),
  join: ofJob(CASES['join, inner']!),
  'a job of two steps in TypeScript': ofJob(twoSteps()),
  ...Object.fromEntries(
    Object.entries(QUERIES).map(([name, query]): [string, Subject] => [
      `a query: ${name}`,
      {
        prepare: async (folder) => ({
          args: queryArguments(query, folder),
          expected: await writeTables(query, folder),
        }),
        linesOf,
        tuning: query.tuning ?? {},
      },
    ]),
  ),
}

function ofJob(subject: Case): Subject {
  return {
    prepare: async (folder) => ({
      args: jobArguments(subject, writeInput(folder, subject.input)),
      expected: subject.expected,
    }),
    linesOf: (output) => rowsOf(output, subject.header),
  }
}

/** Counts words by their first letters. */
function twoSteps(): Case {
  const random = new Random(SEED)
  const words = random.times(4000, () => `w${random.below(900).toString(36)}`)
  const lines = Array.from({ length: 400 }, (_, i) => words.slice(10 * i, 10 * i + 10).join(' '))
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word.slice(0, 2), (counts.get(word.slice(0, 2)) ?? 0) + 1)
  return {
    job: fileURLToPath(new URL('../e2e/corruption_jobs.ts', import.meta.url)),
    params: { marker: 'none' },
    input: { 'a.txt': Buffer.from(lines.join('\n')) },
    expected: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([prefix, count]) => `${prefix}\t${count}`),
  }
}

interface Plan {
  seed: number
  hasOldOutput: boolean
  kills: number
  options: string[]
  tuning: Tuning
}

/** Everything about a case but the moments of its kills. */
function planOf(seed: number, random: Random): Plan {
  const options = {
    workers: 1 + random.below(4),
    memory: random.pick(['64MB', '200MB', '1GB']),
    partitions: 1 + random.below(7),
  }
  return {
    seed,
    hasOldOutput: random.below(2) === 0,
    kills: 3 + random.below(4),
    options: Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    tuning: {
      splitBytes: 1000 + random.below(5000),
      collectorBytes: random.pick([1, 2000, 100_000]),
      mergeRuns: 2 + random.below(5),
      heldBytes: random.pick([0, 20_000, 1e8]),
      holdMs: random.pick([50, 300, 2000]),
    },
  }
}

/** A job's own part of the command line. */
function jobArguments({ job, params = {} }: Case, paths: ReturnType<typeof writeInput>): string[] {
  const inputs = typeof paths === 'string' ? [paths] : ['--left', paths.left, '--right', paths.right]
  const flags = Object.entries(params).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  )
  return [job, ...inputs, ...flags]
}

/** Kills one run until it is done. @returns how often it was killed */
async function tryKills(subject: Subject, seed: number): Promise<number> {
  const random = new Random(seed)
  const plan = planOf(seed, random)
  const { hasOldOutput } = plan
  const tuning = { ...plan.tuning, ...subject.tuning }
  const parent = mkdtempSync(join(tmpdir(), 'runjob-kill-'))
  const folder = join(parent, 'data')
  const output = join(folder, 'out')
  const told: string[] = []
  const context = () => `${JSON.stringify(plan)}, ${told.join(', ')}`
  try {
    const { args: own, expected } = await subject.prepare(join(folder, 'in'))
    const command = (to: string, mode: string) => [...own, ...['-o', to, '--mode', mode, '--quiet', ...plan.options]]

    const undisturbed = join(parent, 'undisturbed')
    const started = performance.now()
    const first = await tunedRunjob(command(undisturbed, 'error'), tuning)
    const durationMs = performance.now() - started
    expect(first.code, `${context()}\n${first.stderr}`).toBe(0)
    const right = snapshot(undisturbed)
    expect(subject.linesOf(undisturbed).toSorted(), context()).toEqual(expected.toSorted())

    if (hasOldOutput) writeFiles(output, OLD_OUTPUT)
    const args = command(output, hasOldOutput ? 'overwrite' : 'error')
    let kills = 0
    for (;;) {
      const killAfterMs = kills < plan.kills ? Math.round(durationMs * (0.2 + 0.9 * random.next())) : undefined
      const { code, stderr } = await tunedRunjob(args, tuning, killAfterMs === undefined ? {} : { killAfterMs })
      told.push(killAfterMs === undefined ? 'left alone' : `${killAfterMs} ms`)
      if (code === null) {
        kills++
        expectWhole(output, hasOldOutput ? OLD_OUTPUT : null, right, context())
        continue
      }
      if (code === 0) break
      // Killed when its output was in place, and its state perhaps not all gone.
      expect(stderr, context()).toContain('error OUTPUT_EXISTS')
      expect(kills, context()).toBeGreaterThan(0)
      expect(snapshot(output), context()).toEqual(right)
      if (existsSync(join(folder, '.out.runjob'))) {
        expect((await runjob(['clean', output])).code, context()).toBe(0)
      }
      break
    }
    expect(snapshot(output), context()).toEqual(right)
    expect(readdirSync(folder).sort(), context()).toEqual(['in', 'out'])
    return kills
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

/** The output is the old one or the new one; while they are exchanged, the old one is in the state folder. */
function expectWhole(
  output: string,
  old: Record<string, string> | null,
  right: Record<string, string>,
  context: string,
): void {
  const replaced = join(output, '../.out.runjob/replaced')
  const place = existsSync(output) ? output : existsSync(replaced) ? replaced : null
  if (place === null) expect(old, context).toBe(null)
  else expect([old, right], context).toContainEqual(snapshot(place))
}

describe('a run that is killed again and again', { timeout: SUITE_TIMEOUT_MS }, () => {
  it.each(Object.keys(SUBJECTS))('ends as if nothing had happened: %s', { timeout: SUITE_TIMEOUT_MS }, async (name) => {
    const wanted = caseCount(3, 60)
    const first = SEED + 1000 * Object.keys(SUBJECTS).indexOf(name)
    for (let kills = 0, n = 0; kills < wanted; n++) kills += await tryKills(SUBJECTS[name]!, first + n)
  })
})
