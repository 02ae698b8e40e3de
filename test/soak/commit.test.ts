/**
 * The end of a run, where its output appears: the process is killed before each step that changes the disk, and runs begin
 * at the same moment. A reader finds the old output or the new one; the same command, given again, leaves the new one, once.
 *
 * `npm run test:soak` tries every step and a hundred pairs, `npm test` a few.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { snapshot, writeFiles } from '../helpers/folder.js'
import { Random, randomText } from '../helpers/random.js'
import { type Exit, runjob, tunedRunjob } from '../helpers/run.js'
import { caseCount, IS_SOAK, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FAULTS = join(ROOT, 'build-faults/faults.so')
const SEED = 20_260_403

const INPUT = { 'in/a.txt': randomText(SEED, 60) }
const OLD = { 'out/_SUCCESS': '', 'out/part-r-00000.tsv': 'the old output\n', 'out/part-r-00001.tsv': 'and more\n' }

const MODES = ['error', 'overwrite', 'append'] as const
type Mode = (typeof MODES)[number]

async function withFolder<T>(files: Record<string, string | Uint8Array>, use: (folder: string) => Promise<T>) {
  const parent = mkdtempSync(join(tmpdir(), 'runjob-commit-'))
  const folder = join(parent, 'data')
  try {
    writeFiles(folder, files)
    return await use(folder)
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

const filesFor = (mode: Mode) => ({ ...INPUT, ...(mode === 'error' ? {} : OLD) })

/** One run; with a fault, the process is killed at a step, or its steps are counted. */
function count(folder: string, parts: number, mode: Mode, fault?: string): Promise<Exit> {
  const args = ['wordcount', join(folder, 'in'), '-o', join(folder, 'out'), '--mode', mode, '--quiet']
  const env = fault && {
    LD_PRELOAD: FAULTS,
    RUNJOB_FAULT: fault,
    RUNJOB_FAULT_DIR: folder,
    RUNJOB_FAULT_LOG: logOf(folder),
  }
  return tunedRunjob([...args, '--partitions', String(parts), '--workers', '1'], {}, env ? { env } : {})
}

const logOf = (folder: string) => `${folder}.log`

/** How many steps a run takes, and what its output is. */
function undisturbed(parts: number, mode: Mode): Promise<{ steps: number; right: Record<string, string> }> {
  return withFolder(filesFor(mode), async (folder) => {
    const { code, stderr } = await count(folder, parts, mode, 'count')
    expect(code, stderr).toBe(0)
    const steps = Number(/^step (\d+)$/m.exec(readFileSync(logOf(folder), 'utf8'))?.[1])
    expect(steps).toBeGreaterThan(20)
    return { steps, right: snapshot(join(folder, 'out')) }
  })
}

/** What is wrong after a kill at this step; undefined if nothing is. */
function tryStep(
  parts: number,
  mode: Mode,
  step: number,
  right: Record<string, string>,
  old: Record<string, string> | null,
): Promise<string | undefined> {
  return withFolder(filesFor(mode), async (folder) => {
    const output = join(folder, 'out')
    const killed = await count(folder, parts, mode, `step:${step}:once:KILL`)
    const at = existsSync(logOf(folder)) ? readFileSync(logOf(folder), 'utf8').trim() : 'not at all'
    const problem = (what: string) => `${parts} parts, mode ${mode}, killed before step ${step} (${at}): ${what}`
    const isNew = () => existsSync(output) && isEqual(snapshot(output), right)
    if (killed.code !== null && killed.code !== 0) return problem(`exit code ${killed.code}\n${killed.stderr}`)

    const replaced = join(folder, '.out.runjob/replaced')
    const place = existsSync(output) ? output : existsSync(replaced) ? replaced : null
    const isOld = place === null ? old === null : old !== null && isEqual(snapshot(place), old)
    if (!isOld && !isNew()) return problem(`found ${JSON.stringify(place && snapshot(place))}`)
    if (killed.code === 0) return undefined

    const state = join(folder, '.out.runjob')
    // Once only the lock is left, a run is over; the same command is then another run.
    const isOver = isNew() && isEqual(existsSync(state) ? readdirSync(state).filter((name) => name !== 'lock') : [], [])
    const again = isOver ? undefined : await count(folder, parts, mode)
    // Nobody replaces an output in mode error, not even its own run.
    const isRefused = mode === 'error' && again?.code === 1 && again.stderr.includes('error OUTPUT_EXISTS') && isNew()
    if (again && again.code !== 0 && !isRefused)
      return problem(`the next run: exit code ${again.code}\n${again.stderr}`)
    if ((isOver || isRefused) && existsSync(state)) {
      const cleaned = await runjob(['clean', output])
      if (cleaned.code !== 0) return problem(`clean: ${cleaned.stderr}`)
    }
    if (!isNew()) return problem(`the next run left ${Object.keys(snapshot(output)).join(' ')}`)
    const left = readdirSync(folder).sort().join(' ')
    return left === 'in out' ? undefined : problem(`left behind: ${left}`)
  })
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Numbers from 1 to `most`: all of them, or some of them and then the last ones, which are those of the commit. */
function stepsToTry(most: number, wanted: number, random: Random): number[] {
  if (wanted >= most) return Array.from({ length: most }, (_, i) => i + 1)
  const late = Math.ceil(wanted / 2)
  const steps = random.times(wanted - late, () => 1 + random.below(most))
  return [...new Set([...steps, ...random.times(late, () => most - random.below(Math.min(most, 40)))])]
}

const isGlibc = 'glibcVersionRuntime' in ((process.report.getReport() as { header: object }).header ?? {})

describe.skipIf(!isGlibc)('a run that is killed before a step', { timeout: SUITE_TIMEOUT_MS }, () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'native/build.mjs'), '--faults'], { stdio: 'inherit' })
  })

  const all = [1, 2, 64].flatMap((parts) => MODES.map((mode) => ({ parts, mode })))
  const some = all.filter(({ parts, mode }) => (parts === 2 ? mode !== 'append' : parts === 1 && mode === 'append'))
  it.each(IS_SOAK ? all : some)(
    'leaves the old output or the new one, and then runs again: $parts parts, mode $mode',
    { timeout: SUITE_TIMEOUT_MS },
    async ({ parts, mode }) => {
      const { steps, right } = await undisturbed(parts, mode)
      const old = mode === 'error' ? null : await withFolder(OLD, async (folder) => snapshot(join(folder, 'out')))
      const problems: string[] = []
      for (const step of stepsToTry(steps, caseCount(3, Number.POSITIVE_INFINITY), new Random(SEED + parts))) {
        const problem = await tryStep(parts, mode, step, right, old)
        if (problem) problems.push(problem)
      }
      expect(problems.join('\n\n'), `seed ${SEED}, ${problems.length} of ${steps} steps`).toBe('')
    },
  )
})

/** The same for an output that is one file; a run wrote the old one. */
function countInFile(folder: string, input: string, mode: Mode, fault?: string): Promise<Exit> {
  const args = ['wordcount', join(folder, input), '-o', join(folder, 'out.tsv'), '--single-file', '--mode', mode, '-q']
  const env = fault && {
    LD_PRELOAD: FAULTS,
    RUNJOB_FAULT: fault,
    RUNJOB_FAULT_DIR: folder,
    RUNJOB_FAULT_LOG: logOf(folder),
  }
  return tunedRunjob([...args, '--partitions', '3', '--workers', '1'], {}, env ? { env } : {})
}

async function withOldFile<T>(mode: Mode, use: (folder: string, old: string | null) => Promise<T>): Promise<T> {
  return withFolder({ ...INPUT, 'old/a.txt': 'old words' }, async (folder) => {
    if (mode === 'error') return use(folder, null)
    const { code, stderr } = await countInFile(folder, 'old', 'error')
    expect(code, stderr).toBe(0)
    return use(folder, readFileSync(join(folder, 'out.tsv'), 'utf8'))
  })
}

function tryFileStep(mode: Mode, step: number, right: string): Promise<string | undefined> {
  return withOldFile(mode, async (folder, old) => {
    const output = join(folder, 'out.tsv')
    const state = join(folder, '.out.tsv.runjob')
    const found = () => (existsSync(output) ? readFileSync(output, 'utf8') : null)
    const killed = await countInFile(folder, 'in', mode, `step:${step}:once:KILL`)
    const at = existsSync(logOf(folder)) ? readFileSync(logOf(folder), 'utf8').trim() : 'not at all'
    const problem = (what: string) => `one file, mode ${mode}, killed before step ${step} (${at}): ${what}`
    if (killed.code !== null && killed.code !== 0) return problem(`exit code ${killed.code}\n${killed.stderr}`)
    if (found() !== old && found() !== right) return problem(`found ${found()}`)
    if (killed.code === 0) return undefined
    const left = existsSync(state) ? readdirSync(state).filter((name) => name !== 'lock') : []
    const isOver = found() === right && left.length === 0
    const again = isOver ? undefined : await countInFile(folder, 'in', mode)
    const isRefused = mode === 'error' && again?.code === 1 && again.stderr.includes('error OUTPUT_EXISTS')
    if (again && again.code !== 0 && !isRefused) return problem(`the next run: ${again.code}\n${again.stderr}`)
    if ((isOver || isRefused) && existsSync(state)) {
      const cleaned = await runjob(['clean', output])
      if (cleaned.code !== 0) return problem(`clean: ${cleaned.stderr}`)
    }
    if (found() !== right) return problem(`the next run left ${found()}`)
    // In any case the file is known as a run's.
    const next = await countInFile(folder, 'in', 'overwrite')
    if (next.code !== 0) return problem(`a run after that: ${next.stderr}`)
    const names = readdirSync(folder).sort().join(' ')
    return names === '.out.tsv.success in old out.tsv' ? undefined : problem(`left behind: ${names}`)
  })
}

describe.skipIf(!isGlibc)('a run into one file that is killed before a step', { timeout: SUITE_TIMEOUT_MS }, () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'native/build.mjs'), '--faults'], { stdio: 'inherit' })
  })

  it.each(IS_SOAK ? [...MODES] : (['error', 'append'] as const))(
    'leaves the old file or the new one, and then runs again: mode %s',
    { timeout: SUITE_TIMEOUT_MS },
    async (mode) => {
      const { steps, right } = await withOldFile(mode, async (folder) => {
        const { code, stderr } = await countInFile(folder, 'in', mode, 'count')
        expect(code, stderr).toBe(0)
        const steps = Number(/^step (\d+)$/m.exec(readFileSync(logOf(folder), 'utf8'))?.[1])
        return { steps, right: readFileSync(join(folder, 'out.tsv'), 'utf8') }
      })
      expect(steps).toBeGreaterThan(20)
      const problems: string[] = []
      for (const step of stepsToTry(steps, caseCount(3, Number.POSITIVE_INFINITY), new Random(SEED))) {
        const problem = await tryFileStep(mode, step, right)
        if (problem) problems.push(problem)
      }
      expect(problems.join('\n\n'), `seed ${SEED}, ${problems.length} of ${steps} steps`).toBe('')
    },
  )
})

/** Queries that read what they replace: given again, they must not do to the new rows what they did to the old ones. */
const IN_PLACE = [
  { mode: 'overwrite', query: 'df.withColumnRenamed("n", "m")' },
  { mode: 'append', query: 'df.withColumn("n", c => c.n.add(1))' },
  { mode: 'overwritePartitions', query: 'df.filter(c => c.k.eq("a")).withColumn("n", c => c.n.add(1))' },
] as const
type InPlace = (typeof IN_PLACE)[number]

const LAKE = {
  'out/_SUCCESS': '',
  'out/k=a/part-r-00000.jsonl': '{"n":1}\n{"n":2}\n',
  'out/k=b/part-r-00000.jsonl': '{"n":3}\n',
}

function queryInPlace(folder: string, { mode, query }: InPlace, fault?: string): Promise<Exit> {
  const lake = join(folder, 'out')
  const args = ['query', query, lake, '-o', lake, '--mode', mode, '--partition-by', 'k', '-q', '--workers', '1']
  const env = fault && {
    LD_PRELOAD: FAULTS,
    RUNJOB_FAULT: fault,
    RUNJOB_FAULT_DIR: folder,
    RUNJOB_FAULT_LOG: logOf(folder),
  }
  return tunedRunjob(args, {}, env ? { env } : {})
}

function tryStepInPlace(what: InPlace, step: number, right: Record<string, string>): Promise<string | undefined> {
  return withFolder(LAKE, async (folder) => {
    const output = join(folder, 'out')
    const state = join(folder, '.out.runjob')
    const old = snapshot(output)
    const killed = await queryInPlace(folder, what, `step:${step}:once:KILL`)
    const at = existsSync(logOf(folder)) ? readFileSync(logOf(folder), 'utf8').trim() : 'not at all'
    const problem = (text: string) => `mode ${what.mode}, killed before step ${step} (${at}): ${text}`
    const isNew = () => existsSync(output) && isEqual(snapshot(output), right)
    if (killed.code !== null && killed.code !== 0) return problem(`exit code ${killed.code}\n${killed.stderr}`)
    const replaced = join(state, 'replaced')
    const place = existsSync(output) ? output : replaced
    if (!isEqual(snapshot(place), old) && !isNew()) return problem(`found ${JSON.stringify(snapshot(place))}`)
    if (killed.code === 0) return undefined
    const left = existsSync(state) ? readdirSync(state).filter((name) => name !== 'lock') : []
    const again = isNew() && left.length === 0 ? undefined : await queryInPlace(folder, what)
    if (again && again.code !== 0) return problem(`the next run: exit code ${again.code}\n${again.stderr}`)
    if (!again && existsSync(state)) await runjob(['clean', output])
    if (!isNew()) return problem(`the next run left ${JSON.stringify(snapshot(output))}`)
    const names = readdirSync(folder).sort().join(' ')
    return names === 'out' ? undefined : problem(`left behind: ${names}`)
  })
}

describe.skipIf(!isGlibc)(
  'a query that replaces what it reads, killed before a step',
  {
    timeout: SUITE_TIMEOUT_MS,
  },
  () => {
    beforeAll(() => {
      execFileSync(process.execPath, [join(ROOT, 'native/build.mjs'), '--faults'], { stdio: 'inherit' })
    })

    it.each(IN_PLACE)('has its effect once: mode $mode', { timeout: SUITE_TIMEOUT_MS }, async (what) => {
      const { steps, right } = await withFolder(LAKE, async (folder) => {
        const { code, stderr } = await queryInPlace(folder, what, 'count')
        expect(code, stderr).toBe(0)
        const steps = Number(/^step (\d+)$/m.exec(readFileSync(logOf(folder), 'utf8'))?.[1])
        return { steps, right: snapshot(join(folder, 'out')) }
      })
      expect(steps).toBeGreaterThan(20)
      const problems: string[] = []
      for (const step of stepsToTry(steps, caseCount(2, Number.POSITIVE_INFINITY), new Random(SEED))) {
        const problem = await tryStepInPlace(what, step, right)
        if (problem) problems.push(problem)
      }
      expect(problems.join('\n\n'), `seed ${SEED}, ${problems.length} of ${steps} steps`).toBe('')
    })
  },
)

describe('two runs that begin together', { timeout: SUITE_TIMEOUT_MS }, () => {
  it('write one output: the other gets OUTPUT_BUSY, or finds the output', async () => {
    const random = new Random(SEED)
    const right = await withFolder(INPUT, async (folder) => {
      expect(await count(folder, 3, 'error')).toMatchObject({ code: 0 })
      return snapshot(join(folder, 'out'))
    })
    for (let pair = 0; pair < caseCount(4, 100); pair++) {
      // The second one begins while the first does anything, its end included.
      const delayMs = random.below(2) === 0 ? 0 : random.below(600)
      const mode = random.pick(['error', 'overwrite'] as const)
      await withFolder(INPUT, async (folder) => {
        const first = count(folder, 3, mode)
        await new Promise((resolve) => setTimeout(resolve, delayMs))
        const exits = await Promise.all([first, count(folder, 3, mode)])
        const said = `seed ${SEED}, pair ${pair}, mode ${mode}, ${delayMs} ms\n${exits.map(({ stderr }) => stderr).join('\n')}`
        const codes = exits.map(({ code, stderr }) =>
          code === 0 ? 'ok' : (/error ([A-Z_]+): /.exec(stderr)?.[1] ?? stderr),
        )
        expect(codes, said).toContain('ok')
        const allowed = mode === 'error' ? ['OUTPUT_BUSY', 'OUTPUT_EXISTS'] : ['OUTPUT_BUSY', 'ok']
        codes.splice(codes.indexOf('ok'), 1)
        expect(allowed, said).toContain(codes[0])
        expect(snapshot(join(folder, 'out')), said).toEqual(right)
        // A run that came too late keeps its state, like any failed run.
        if (codes[0] !== 'OUTPUT_EXISTS') expect(readdirSync(folder).sort(), said).toEqual(['in', 'out'])
      })
    }
  })
})
