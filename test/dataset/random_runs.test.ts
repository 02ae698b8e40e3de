/** Random data frames, run from files: their rows are those of an interpreter of what was asked. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { explainText } from '../../dist/src/dataset/explain.js'
import type { Logical } from '../../dist/src/dataset/logical.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Failure } from '../helpers/interpreter/value.js'
import { Random } from '../helpers/random.js'
import { interpretPlan, type Rows } from './plan_interpreter.js'
import { randomFrame, randomTables, sourcesIn } from './random_queries.js'

const CASES = Number(process.env.RUNJOB_CASES ?? 60)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)

/** Whether which rows come out depends on an order that only the sort of equal rows, or of none, gives, or on where rows are in files. */
function hasChoice(node: Logical): boolean {
  return /limit|first\(|hash\(/.test(explainText(node))
}

/** As sizes say; or every join in the same way, with a file and a run for every few rows, and tables in files. */
const TUNINGS = [
  {},
  ...(['merge', 'hash', 'broadcast'] as const).map((joins) => ({
    [TUNING]: { joins, splitBytes: 7, collectorBytes: 1, mergeRuns: 2 },
  })),
  { [TUNING]: { joins: 'hash' }, partitions: 3 },
]

const cell = (value: unknown): string => (value === null ? '' : value === '' ? '""' : String(value))

it(`${CASES} random data frames give the rows that they ask for`, { timeout: 600_000 }, async () => {
  const failures: string[] = []
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const random = new Random(seed)
    const folder = temporaryFolder()
    const sources = sourcesIn(folder)
    const frame = randomFrame(random, sources, 1 + random.below(4))
    const tables = randomTables(random, sources)
    for (const [{ paths }, rows] of tables) {
      const lines = rows.map((row) => `${row.map(cell).join(',')}\n`)
      writeFileSync(join(paths[0]!), `a,b,s\n${lines.join('')}`)
    }
    const asked = analyze(frame.query)
    if (hasChoice(asked)) continue
    let expected: Rows | string
    try {
      // An empty cell is null, quoted or not.
      const read = new Map(
        [...tables].map(([query, rows]) => [query, rows.map((row) => row.map((v) => (v === '' ? null : v)))]),
      )
      expected = interpretPlan(asked, read)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      continue
    }
    const text = (row: readonly unknown[]) =>
      JSON.stringify(row.map((value) => (typeof value === 'bigint' ? Number(value) : value)))
    try {
      const rows: Record<string, unknown>[] = await frame.collect({
        workers: 1 + (seed % 2),
        diskCheck: false,
        ...TUNINGS[seed % TUNINGS.length],
      })
      const ours = rows.map((row) => text(asked.columns.map(({ name }) => row[name])))
      expect(ours.sort()).toEqual(expected.map(text).sort())
    } catch (error) {
      failures.push(`seed ${seed}: ${(error as Error).message}\n${explainText(asked)}`)
    }
  }
  expect(failures).toEqual([])
})
