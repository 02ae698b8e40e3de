/**
 * The state of an interrupted run is damaged, and the run continues: either its output is that of an undisturbed run, or it refuses and says
 * why. Never another answer, never a signal.
 */
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type RunOptions, runJob } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure, node } from '../helpers/run.js'
import { caseCount, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const JOB = fileURLToPath(new URL('./corruption_jobs.ts', import.meta.url))
const RUNJOB = new URL('../../dist/src/index.js', import.meta.url).href

const PLACES = ['map', 'first reduce', 'second reduce'] as const
type Place = (typeof PLACES)[number]

interface Interrupted {
  folder: string
  options: RunOptions<{ marker: string }>
  /** What an undisturbed run gives. */
  expected: Record<string, string>
}

/** Files of the state folder that may be damaged. */
type Target = 'run' | 'part' | 'state'

/** All runs are files. */
const tuning = { splitBytes: 1500, collectorBytes: 1, mergeRuns: 3, heldBytes: 0 }

/** A run that was killed while a function was at the given place, as a folder to be copied. */
async function interrupt(place: Place): Promise<Interrupted> {
  const folder = temporaryFolder()
  const random = new Random(7)
  const words = random.times(1800, (i) => (i === 1600 ? 'die' : `w${random.below(900).toString(36)}`))
  const lines = Array.from({ length: 180 }, (_, i) => words.slice(10 * i, 10 * i + 10).join(' '))
  writeFiles(folder, { 'in.txt': lines.join('\n'), marker: place })
  const options = {
    input: join(folder, 'in.txt'),
    output: join(folder, 'out'),
    params: { marker: join(folder, 'marker') },
    partitions: 3,
    // One worker: what is on disk when it dies is the same every time.
    workers: 1,
    [TUNING]: tuning,
  }
  const given = `{ ...${JSON.stringify(options)}, [Symbol.for('runjob.tuning')]: ${JSON.stringify(tuning)} }`
  const script = `import { runJob } from ${JSON.stringify(RUNJOB)}\nawait runJob(${JSON.stringify(JOB)}, ${given})\n`
  writeFiles(folder, { 'run.mjs': script })
  const { code, stderr } = await node([join(folder, 'run.mjs')])
  expect(code, stderr).toBe(null)
  const undisturbed = join(folder, 'undisturbed')
  await runJob(JOB, { ...options, output: undisturbed } as RunOptions)
  return { folder, options, expected: snapshot(undisturbed) }
}

/** A separate copy of the interrupted run, for one case. */
function copyOf({ options }: Interrupted, folder: string): { state: string; options: RunOptions<{ marker: string }> } {
  const state = join(folder, '.out.runjob')
  cpSync(join(options.output, '../.out.runjob'), state, { recursive: true })
  return { state, options: { ...options, output: join(folder, 'out') } }
}

/** Damages one file somewhere; returns what it did, for the message of a failure. */
function damage(path: string, random: Random): string {
  const bytes = readFileSync(path)
  const at = random.below(bytes.length)
  switch (random.below(5)) {
    case 0: {
      const flips = 1 + random.below(8)
      for (let i = 0; i < flips; i++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
      writeFileSync(path, bytes)
      return `${flips} bits flipped`
    }
    case 1:
      bytes[at]! ^= 1 + random.below(255)
      writeFileSync(path, bytes)
      return `byte ${at} changed`
    case 2:
      truncateSync(path, at)
      return `cut off at ${at}`
    case 3: {
      const end = Math.min(bytes.length, at + 1 + random.below(8192))
      writeFileSync(path, bytes.fill(0, at, end))
      return `zeros from ${at} to ${end}`
    }
    default:
      rmSync(path)
      return 'removed'
  }
}

function filesOf(state: string, target: Target): string[] {
  if (target === 'state') return [join(state, 'state.mdb')]
  const folder = join(state, target === 'run' ? 'runs' : 'output')
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
}

/** Resumes damaged copies of an interrupted run. Returns how many tasks were redone, and how often one that had been done was not resumed. */
async function resumeDamaged(interrupted: Interrupted, target: Target, count: number, seed: number) {
  let redone = 0
  const resumed: number[] = []
  let refused = 0
  for (let n = 0; n < count; n++) {
    const random = new Random(seed + n)
    const folder = join(interrupted.folder, `${target}-${n}`)
    const { state, options } = copyOf(interrupted, folder)
    const files = filesOf(state, target)
    const damaged = random.times(target === 'state' ? 1 : 1 + random.below(3), () => random.pick(files))
    const what = [...new Set(damaged)].map((file) => `${file}: ${damage(file, random)}`)
    const name = `seed ${seed + n}: ${what.join('; ')}`
    const outcome = await runJob(JOB, options as RunOptions).catch((error) => error)
    if (outcome instanceof Error) {
      expect(outcome, name).toMatchObject({ code: 'STATE_CORRUPT' })
      expect(target, name).toBe('state')
      refused++
      if (refused > 1) continue
      await runJob(JOB, { ...options, fresh: true } as RunOptions)
    } else {
      redone += outcome.redoneTasks
      resumed.push(outcome.resumedTasks)
    }
    expect(snapshot(options.output), name).toEqual(interrupted.expected)
    rmSync(folder, { recursive: true })
  }
  return { redone, resumed }
}

describe.each(PLACES)('a run that was killed in its %s', (place) => {
  it('gives the right output, or refuses, whatever happened to its runs and its state', {
    timeout: SUITE_TIMEOUT_MS,
  }, async () => {
    const interrupted = await interrupt(place)
    const seed = 1000 * PLACES.indexOf(place)
    const { redone } = await resumeDamaged(interrupted, 'run', caseCount(6, 230), seed)
    // Fewer cases for the state: each costs a process.
    await resumeDamaged(interrupted, 'state', caseCount(3, 110), seed + 500)
    // Otherwise nothing was tested.
    expect(redone).toBeGreaterThan(place === 'map' ? -1 : 0)

    const { options, expected } = interrupted
    const report = await runJob(JOB, options as RunOptions)
    expect(report).toMatchObject({ redoneTasks: 0 })
    expect(report.resumedTasks).toBeGreaterThan(0)
    expect(snapshot(options.output)).toEqual(expected)
  })
})

describe('parts of a run that was killed after it had written some', () => {
  it('are written again if they are not what was written', { timeout: SUITE_TIMEOUT_MS }, async () => {
    const interrupted = await interrupt('second reduce')
    const { resumed } = await resumeDamaged(interrupted, 'part', caseCount(5, 230), 5000)
    const { resumedTasks } = await runJob(JOB, interrupted.options as RunOptions)
    expect(Math.max(...resumed)).toBeLessThan(resumedTasks)
    expect(snapshot(interrupted.options.output)).toEqual(interrupted.expected)
  })
})

describe('runs that were removed at the end of the stage that read them', () => {
  it('are written again, by all tasks that are needed', { timeout: SUITE_TIMEOUT_MS }, async () => {
    const interrupted = await interrupt('second reduce')
    const { state, options } = copyOf(interrupted, join(interrupted.folder, 'case'))
    const notes: string[] = []
    for (const path of filesOf(state, 'run')) truncateSync(path, 100)
    const report = await runJob(JOB, { ...options, onNote: (note) => notes.push(note) } as RunOptions)
    expect(snapshot(options.output)).toEqual(interrupted.expected)
    // Three reduce tasks of the first step, and every task of the map before it.
    expect(report.redoneTasks).toBeGreaterThan(3 + 3)
    expect(notes.join('\n')).toMatch(/^runs are damaged or missing: s1-r00000.*\n.*s0-m00000/)
    expect(linesOf(options.output).length).toBeGreaterThan(10)
  })
})

describe('a run that is damaged each time it is written', () => {
  it('ends the job with RUN_CORRUPT, which says so', { timeout: SUITE_TIMEOUT_MS }, async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.txt': 'a b\nc d\n' })
    const runs = join(folder, '.out.runjob/runs')
    const error = await failure(
      runJob('wordcount', {
        input: join(folder, 'in.txt'),
        output: join(folder, 'out'),
        [TUNING]: { heldBytes: 0 },
        // Called when the map tasks are done, and before the reduce tasks start.
        onProgress({ stageIndex, tasksDone, tasks }) {
          if (stageIndex !== 0 || tasksDone < tasks) return
          for (const name of readdirSync(runs)) truncateSync(join(runs, name), 100)
        },
      }),
    )
    expect(error.code).toBe('RUN_CORRUPT')
    expect(error.hint).toContain('3 times')
  })
})
