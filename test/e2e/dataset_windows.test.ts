/** Window functions over partitions of one row and of many, which memory has room for or not: the rows of an interpreter, in their order. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { explainText } from '../../dist/src/dataset/explain.js'
import * as runjob from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { interpretPlan, type Rows } from '../dataset/plan_interpreter.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'

// The columns of a random window are unknown to the compiler.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any

const CASES = Number(process.env.RUNJOB_CASES ?? 40)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)

const { Window, col } = runjob as Any

const SCHEMA = { p: 'int', o: 'int', d: 'date', x: 'double', m: 'decimal(20,2)', s: 'string', pad: 'string' }

/** Ways to run that must not show: files and runs of a few rows, and chunks of rows in a file. */
const TUNINGS = [{}, { collectorBytes: 1 }, { splitBytes: 4000, collectorBytes: 1, mergeRuns: 2 }]

function randomRows(random: Random): Record<string, unknown>[] {
  const count = random.pick([0, 1, 30, 400, 400])
  const partitions = random.pick([1, 1, 3, 200])
  // Long ones make chunks of a few rows.
  const length = random.pick([0, 2000])
  return random.times(count, () => ({
    p: random.below(8) === 0 ? null : random.below(partitions),
    o: random.below(8) === 0 ? null : random.below(20) - 10,
    d: random.below(8) === 0 ? null : `2024-02-${10 + random.below(19)}`,
    x: random.pick([null, 0.5, -1.25, 3, 1e3, 'NaN']),
    m: random.pick([null, 1.25, -3, 12_345_678_901_234.5]),
    s: random.pick([null, '', 'a', 'b', 'a text that is not short']),
    pad: 'x'.repeat(random.below(length + 1)),
  }))
}

function randomOrder(random: Random): { key: Any; distance: () => number | string } {
  const key = random.pick(['o', 'd', 'x', 'm'])
  const order = random.pick(['asc', 'desc', 'ascNullsLast', 'descNullsFirst'])
  const days = () => `${random.below(7) - 3} days`
  return { key: col(key)[order](), distance: key === 'd' ? days : () => random.below(7) - 3 }
}

const days = (by: number | string) => Number(String(by).split(' ')[0])

function randomFrame(random: Random, window: Any, distance: (() => number | string) | null): Any {
  const unit = random.below(2) === 0 || distance === null ? 'rows' : 'range'
  const rows = () => random.pick([random.below(7) - 3, random.below(7) - 3, random.below(300) - 150])
  let [start, end] = unit === 'rows' ? [rows(), rows()] : [distance!(), distance!()]
  if (days(start) > days(end)) [start, end] = [end, start]
  if (random.below(4) === 0) start = Window.unboundedPreceding
  if (random.below(4) === 0) end = Window.unboundedFollowing
  return unit === 'rows' ? window.rowsBetween(start, end) : window.rangeBetween(start, end)
}

function randomFunction(random: Random, window: Any, distance: (() => number | string) | null): Any {
  const api = runjob as Any
  switch (random.below(10)) {
    case 0:
      return api[random.pick(['rowNumber', 'rank', 'denseRank', 'percentRank', 'cumeDist'])]().over(window)
    case 1:
      return api.ntile(random.pick([1, 2, 3, 1000])).over(window)
    case 2: {
      const by = random.pick([0, 1, -1, 5, 300])
      return api[random.pick(['lag', 'lead'])](random.pick(['s', 'm', 'o']), by).over(window)
    }
    case 3:
      return api.lag('o', random.pick([1, 2]), random.pick([7, col('p')])).over(window)
    default: {
      const frame = random.below(4) === 0 ? window : randomFrame(random, window, distance)
      return random
        .pick<Any>([
          api.sum(random.pick(['o', 'x', 'm'])),
          api.count(),
          api.count('s'),
          api[random.pick(['min', 'max'])](random.pick(['o', 'x', 'm', 's', 'd'])),
          api[random.pick(['first', 'last'])](random.pick(['o', 's'])),
          api.avg('o'),
          api.collectList('o'),
          api.minBy('x', 'o'),
          api.first('s', { ignoreNulls: true }),
          api.median(random.pick(['o', 'x'])),
          api.percentile('m', random.pick([0, 0.1, 0.75])),
          api.mode(random.pick(['o', 'x', 'm', 's', 'd', 'p'])),
          api.nthValue('s', random.pick([1, 2, 40])),
        ])
        .over(frame)
    }
  }
}

function randomQuery(random: Random, frame: Any): Any {
  const by = random.pick<string[]>([['p'], ['p', 's'], []])
  const { key, distance } = randomOrder(random)
  const one = Window.partitionBy(...by).orderBy(key)
  const columns = random.times(1 + random.below(4), (i): [string, Any] => {
    if (random.below(5) > 0) return [`r${i}`, randomFunction(random, one, distance)]
    // Of several columns, and another sort.
    return [`r${i}`, randomFunction(random, Window.partitionBy('s').orderBy(key, 'o', 'pad'), null)]
  })
  return frame.withColumns(Object.fromEntries(columns))
}

const text = (row: readonly unknown[]) =>
  JSON.stringify(row, (_, value) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value,
  )

it(`${CASES} random windows give the rows that they ask for`, { timeout: 600_000 }, async () => {
  const failures: string[] = []
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const random = new Random(seed)
    const folder = temporaryFolder()
    const rows = randomRows(random)
    const half = random.below(rows.length + 1)
    for (const [i, part] of [rows.slice(0, half), rows.slice(half)].entries()) {
      writeFileSync(join(folder, `${i}.jsonl`), part.map((row) => `${JSON.stringify(row)}\n`).join(''))
    }
    const frame = (runjob.read as Any).json(`${folder}/*.jsonl`, { schema: SCHEMA })
    const query = randomQuery(random, frame)
    const asked = analyze(query.query)
    const { columns } = analyze(frame.query)
    const values = rows.map((row) => columns.map(({ name }) => asStored(row[name], name)))
    const expected = interpretPlan(asked, new Map([[frame.query, values as Rows]])).map((row) =>
      text(row.map((value, i) => shown(value, asked.columns[i]!.type))),
    )
    for (const tuning of TUNINGS) {
      try {
        const options = { workers: 1 + (seed % 2), diskCheck: false, longs: 'bigint', [TUNING]: tuning }
        const ours: Record<string, unknown>[] = await query.collect(options)
        expect(ours.map((row) => text(asked.columns.map(({ name }) => row[name])))).toEqual(expected)
      } catch (error) {
        failures.push(
          `seed ${seed}, ${JSON.stringify(tuning)}: ${(error as Error).message.slice(0, 3000)}\n${explainText(asked)}`,
        )
      }
    }
  }
  expect(failures.length, failures.slice(0, 3).join('\n\n')).toBe(0)
})

/** As the interpreter has it. */
function asStored(value: unknown, name: string): unknown {
  if (value === null) return null
  if (name === 'd') return Date.parse(value as string) / 86_400_000
  if (name === 'm') return BigInt(Math.round((value as number) * 100))
  return value === 'NaN' ? Number.NaN : value
}

/** As rows for JavaScript have it. */
function shown(value: unknown, type: Any): unknown {
  if (value === null) return null
  if (type === 'date') return new Date((value as number) * 86_400_000).toISOString().slice(0, 10)
  if (type?.type !== 'decimal') return value
  const digits = String(value)
    .replace('-', '')
    .padStart(type.scale + 1, '0')
  return `${(value as bigint) < 0n ? '-' : ''}${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`
}
