/**
 * `kill -9` at any moment of a run that writes into folders of values, into several outputs, or into what it reads, in every mode: a reader
 * finds the old output or the new one, never half of either, and partitions that are not replaced are not touched.
 *
 * `npm run test:soak` kills each of them until there have been 200 kills in all, `npm test` every second one once.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { snapshot } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { runjob, type Tuning, tunedRunjob } from '../helpers/run.js'
import { caseCount, IS_SOAK, SUITE_TIMEOUT_MS } from '../helpers/soak.js'

const SEED = 20_260_411
const MODES = ['error', 'overwrite', 'append', 'overwritePartitions'] as const
type Mode = (typeof MODES)[number]

/** What is run; the input is `df`, unless it is what the run replaces. */
const QUERIES: Record<string, { query: string; flags: string[]; isInPlace?: true }> = {
  'by two columns': { query: 'df', flags: ['--partition-by', 'k,day', '--format', 'parquet'] },
  'several outputs': {
    query: `({ rows: df.write.partitionBy('k'), sums: df.groupBy('k', 'day').agg({ n: sum('n') }).write.partitionBy('day') })`,
    flags: [],
  },
  'in place': {
    query: `df.filter(c => c.k.ne('c')).withColumn('n', c => c.n.add(1))`,
    flags: ['--partition-by', 'k,day'],
    isInPlace: true,
  },
  'a folder with most rows': {
    query: `df.withColumn('k', c => when(c.n.lt(900), lit('most')).otherwise(c.k))`,
    flags: ['--partition-by', 'k', '--format', 'csv'],
  },
}

const CASES = Object.keys(QUERIES).flatMap((name) =>
  MODES.filter((mode) => !(QUERIES[name]!.isInPlace && mode === 'error')).map((mode) => ({ name, mode })),
)

function lines(random: Random, keys: readonly string[]): string {
  const rows = random.times(1500, () => ({ k: random.pick(keys), day: random.below(4), n: random.below(1000) }))
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** Kills one run until it is done. @returns how often it was killed */
async function tryKills(name: string, mode: Mode, seed: number): Promise<number> {
  const random = new Random(seed)
  const { query, flags, isInPlace } = QUERIES[name]!
  const parent = mkdtempSync(join(tmpdir(), 'runjob-lake-'))
  const folder = join(parent, 'data')
  const tuning: Tuning = {
    splitBytes: 4000 + random.below(20_000),
    collectorBytes: random.pick([2000, 100_000]),
    fileBytes: random.pick([3000, 1e6]),
    heldBytes: random.pick([0, 1e8]),
    holdMs: random.pick([50, 2000]),
  }
  const options = ['--workers', String(1 + random.below(3)), '--memory', random.pick(['144MB', '1GB']), '--quiet']
  const told: string[] = []
  const context = () => `seed ${seed}, ${name}, mode ${mode}, ${JSON.stringify(tuning)}, ${told.join(', ')}`
  try {
    const write = (to: string, keys: readonly string[]) => writeFileSync(join(parent, to), lines(random, keys))
    write('old.jsonl', ['a', 'b', 'c'])
    write('new.jsonl', ['b', 'd'])
    const command = (input: string, output: string, as: Mode) => {
      return ['query', query, input, '-o', output, '--mode', as, ...flags, ...options]
    }
    const expectDone = ({ code, stderr }: { code: number | null; stderr: string }) =>
      expect(code, `${context()}\n${stderr}`).toBe(0)
    const before = join(parent, 'before')
    // The old output is there for all modes but error.
    if (mode !== 'error')
      expectDone(await tunedRunjob(command(join(parent, 'old.jsonl'), join(before, 'out'), 'error'), tuning))
    const old = mode === 'error' ? null : snapshot(join(before, 'out'))
    const inFolder = (place: string) => {
      if (old !== null) cpSync(before, place, { recursive: true, preserveTimestamps: true })
      const output = join(place, 'out')
      return command(isInPlace ? output : join(parent, 'new.jsonl'), output, mode)
    }
    const undisturbed = join(parent, 'undisturbed')
    const args = inFolder(undisturbed)
    const started = performance.now()
    expectDone(await tunedRunjob(args, tuning))
    const durationMs = performance.now() - started
    const right = snapshot(join(undisturbed, 'out'))
    const output = join(folder, 'out')
    const killed = inFolder(folder)
    const wanted = caseCount(1, 3 + random.below(4))
    let kills = 0
    for (;;) {
      const killAfterMs = kills < wanted ? Math.round(durationMs * (0.2 + 0.9 * random.next())) : undefined
      const exit = await tunedRunjob(killed, tuning, killAfterMs === undefined ? {} : { killAfterMs })
      told.push(killAfterMs === undefined ? 'left alone' : `${killAfterMs} ms`)
      if (exit.code !== null) {
        if (exit.code !== 0)
          expect([mode, exit.stderr], context()).toEqual(['error', expect.stringContaining('OUTPUT_EXISTS')])
        if (exit.code !== 0 && existsSync(join(folder, '.out.runjob'))) expectDone(await runjob(['clean', output]))
        break
      }
      kills++
      const replaced = join(folder, '.out.runjob/replaced')
      const place = existsSync(output) ? output : existsSync(replaced) ? replaced : null
      expect([old, right], context()).toContainEqual(place && snapshot(place))
      // Once nothing but the lock is left the run is over: given again, it is another one.
      const state = join(folder, '.out.runjob')
      const isOver =
        (existsSync(state) ? readdirSync(state) : []).every((left) => left === 'lock') &&
        place !== null &&
        JSON.stringify(snapshot(place)) === JSON.stringify(right)
      if (!isOver) continue
      rmSync(state, { recursive: true, force: true })
      break
    }
    expect(snapshot(output), context()).toEqual(right)
    expect(readdirSync(folder), context()).toEqual(['out'])
    return kills
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

describe('a lake whose writer is killed', { timeout: SUITE_TIMEOUT_MS }, () => {
  it.each(IS_SOAK ? CASES : CASES.filter((_, i) => i % 2 === 1))(
    'is the old one or the new one: $name, mode $mode',
    { timeout: SUITE_TIMEOUT_MS },
    async (one) => {
      const wanted = caseCount(1, Math.ceil(200 / CASES.length))
      const first = SEED + 1000 * CASES.indexOf(one)
      for (let kills = 0, n = 0; kills < wanted; n++) kills += await tryKills(one.name, one.mode, first + n)
    },
  )
})
