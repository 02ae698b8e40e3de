/** Aggregates of groups, of all rows and of windows, in files and runs of any size: what plain TypeScript makes of the same rows. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as runjob from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'

// The columns are known to the rows alone.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any

const CASES = Number(process.env.RUNJOB_CASES ?? 4)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)

const {
  approxCountDistinct,
  boolAnd,
  boolOr,
  corr,
  countIf,
  covarSamp,
  first,
  kurtosis,
  maxBy,
  median,
  minBy,
  percentile,
  percentileDisc,
  skewness,
  Window,
} = runjob as Any

const SCHEMA = { id: 'int', k: 'string', i: 'int', x: 'double', m: 'decimal(20,2)', s: 'string', b: 'boolean' }

interface Row {
  id: number
  k: string
  i: number | null
  x: number | 'NaN' | 'Infinity' | '-Infinity' | null
  m: number | null
  s: string | null
  b: boolean | null
}

/** Ways to run that must not show: files and runs of a few rows. */
const TUNINGS = [{}, { collectorBytes: 1 }, { splitBytes: 4000, collectorBytes: 1, mergeRuns: 2 }]

/** Half of the rows have one key. */
function randomRows(random: Random, count: number): Row[] {
  const range = random.pick([3, 1000])
  return random.times(count, (id) => ({
    id,
    k: random.below(2) === 0 ? 'most' : `k${random.below(6)}`,
    i: random.pick([null, random.below(range), -random.below(range)]),
    x: random.pick([null, 0, -0.5, 1e300, 0.1 * random.below(range), random.pick(['NaN', 'Infinity', '-Infinity'])]),
    m: random.pick([null, random.below(range) / 100]),
    s: random.pick([null, '', 'a', `text ${random.below(range)}`]),
    b: random.pick([null, true, false]),
  }))
}

function numbers(rows: readonly Row[], name: 'i' | 'x' | 'm'): number[] {
  return rows.flatMap((row) => (row[name] === null ? [] : [Number(row[name]) + 0]))
}

/** NaN comes last. */
function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || (a < b ? -1 : a > b ? 1 : 0))
}

function interpolated(values: readonly number[], fraction: number): number | null {
  if (values.length === 0) return null
  const all = sorted(values)
  const place = (all.length - 1) * fraction
  const [low, high] = [Math.floor(place), Math.ceil(place)]
  const [x, y] = [all[low]!, all[high]!]
  return x === y || low === high ? x : (high - place) * x + (place - low) * y
}

function whether(rows: readonly Row[], test: (values: boolean[]) => boolean): boolean | null {
  const values = rows.flatMap(({ b }) => (b === null ? [] : [b]))
  return values.length === 0 ? null : test(values)
}

/** Of equal rows the first. */
function extreme(rows: readonly Row[], isBetter: (i: number, best: number) => boolean): Row | undefined {
  const all = rows.filter(({ i }) => i !== null)
  return all.reduce((best, row) => (isBetter(row.i!, best.i!) ? row : best), all[0]!)
}

type Pair = [i: number, m: number]

function pairs(rows: readonly Row[]): Pair[] {
  return rows.flatMap(({ i, m }) => (i === null || m === null ? [] : [[i, m] as Pair]))
}

function covariance(all: readonly Pair[]): number | null {
  if (all.length < 2) return null
  const mean = (of: 0 | 1) => all.reduce((sum, pair) => sum + pair[of], 0) / all.length
  const [x, y] = [mean(0), mean(1)]
  return all.reduce((sum, [i, m]) => sum + (i - x) * (m - y), 0) / (all.length - 1)
}

/** The mean of the k-th powers of the distances from the mean, in standard deviations. */
function moment(rows: readonly Row[], k: number): number | null {
  const values = numbers(rows, 'i')
  const mean = (all: number[]) => all.reduce((sum, x) => sum + x, 0) / all.length
  const apart = values.map((x) => x - mean(values))
  const deviation = Math.sqrt(mean(apart.map((x) => x ** 2)))
  return values.length === 0 || deviation === 0 ? null : mean(apart.map((x) => (x / deviation) ** k))
}

function closeTo(x: number | null, less = 0): unknown {
  return x === null ? null : expect.closeTo(x - less, 9)
}

/** The aggregate, and its answer. */
const ASKED: Record<string, [aggregate: Any, answer: (rows: readonly Row[]) => unknown]> = {
  middle: [median('i'), (rows) => interpolated(numbers(rows, 'i'), 0.5)],
  middle_x: [median('x'), (rows) => interpolated(numbers(rows, 'x'), 0.5)],
  high: [percentile('m', 0.9), (rows) => interpolated(numbers(rows, 'm'), 0.9)],
  several: [
    percentile('i', [0, 0.25, 1]),
    (rows) => {
      const values = numbers(rows, 'i')
      return values.length === 0 ? null : [0, 0.25, 1].map((fraction) => interpolated(values, fraction))
    },
  ],
  together: [
    covarSamp('i', 'm'),
    (rows) => {
      const answer = covariance(pairs(rows))
      return answer === null ? null : expect.closeTo(answer, 8)
    },
  ],
  like: [
    corr('m', 'i'),
    (rows) => {
      const all = pairs(rows)
      const [of, x, y] = [all, all.map(([i]) => [i, i]), all.map(([, m]) => [m, m])].map((one) =>
        covariance(one as Pair[]),
      )
      return of === null || x === 0 || y === 0 ? null : expect.closeTo(of! / Math.sqrt(x! * y!), 12)
    },
  ],
  leaning: [skewness('i'), (rows) => closeTo(moment(rows, 3))],
  tails: [kurtosis('i'), (rows) => closeTo(moment(rows, 4), 3)],
  true_in: [countIf('b'), (rows) => rows.filter(({ b }) => b === true).length],
  in_all: [boolAnd('b'), (rows) => whether(rows, (values) => values.every(Boolean))],
  in_one: [boolOr('b'), (rows) => whether(rows, (values) => values.some(Boolean))],
  a_first: [first('s', { ignoreNulls: true }), (rows) => rows.find(({ s }) => s !== null)?.s ?? null],
  of_least: [minBy('s', 'i'), (rows) => extreme(rows, (i, best) => i < best)?.s ?? null],
  of_most: [maxBy('id', 'i'), (rows) => extreme(rows, (i, best) => i > best)?.id ?? null],
  different: [approxCountDistinct('s', 0.01), (rows) => new Set(rows.flatMap(({ s }) => (s === null ? [] : [s]))).size],
  one_of_them: [
    percentileDisc('i', 0.3),
    (rows) => {
      const all = sorted(numbers(rows, 'i'))
      return all[Math.max(0, Math.ceil(0.3 * all.length) - 1)] ?? null
    },
  ],
}

function answers(rows: readonly Row[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(ASKED).map(([name, [, answer]]) => [name, answer(rows)]))
}

it(`of ${CASES} random tables`, { timeout: 300_000 }, async () => {
  for (let seed = SEED; seed < SEED + CASES; seed++) {
    const random = new Random(seed)
    const rows = randomRows(random, [0, 1000, 40, 1][seed % 4]!)
    const folder = temporaryFolder()
    const half = random.below(rows.length + 1)
    for (const [i, part] of [rows.slice(0, half), rows.slice(half)].entries()) {
      writeFileSync(join(folder, `${i}.jsonl`), part.map((row) => `${JSON.stringify(row)}\n`).join(''))
    }
    const frame = (runjob.read as Any).json(`${folder}/*.jsonl`, { schema: SCHEMA })
    const asked = Object.fromEntries(Object.entries(ASKED).map(([name, [aggregate]]) => [name, aggregate]))
    const over = Object.fromEntries(
      Object.entries(asked).map(([name, aggregate]) => [name, aggregate.over(Window.partitionBy('k'))]),
    )
    const keys = [...new Set(rows.map(({ k }) => k))].sort()
    const groups = keys.map((k) => ({ k, ...answers(rows.filter((row) => row.k === k)) }))
    for (const tuning of TUNINGS) {
      const what = `seed ${seed}, ${JSON.stringify(tuning)}`
      const options = { workers: 1 + (seed % 2), diskCheck: false, [TUNING]: tuning }
      expect(await frame.groupBy('k').agg(asked).collect(options), what).toEqual(groups)
      expect(await frame.agg(asked).collect(options), what).toEqual([answers(rows)])
      const windows = await frame
        .select('id', 'k', ...Object.entries(over).map(([n, one]) => one.as(n)))
        .collect(options)
      const byKey = rows.map(({ id, k }) => ({ id, ...groups.find((group) => group.k === k) }))
      expect(
        windows.sort((a: Row, b: Row) => a.id - b.id),
        what,
      ).toEqual(byKey)
    }
  }
})

it('about counts different values, with the error that is asked for, whatever the order', {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder()
  const counts = [10, 63, 64, 300, 2000, 30_000]
  for (const [part, step] of [1, 7919].entries()) {
    const rows = counts.flatMap((count, k) => Array.from({ length: count }, (_, i) => `${k},${(i * step) % count}\n`))
    writeFileSync(join(folder, `${part}.csv`), `k,v\n${rows.join('')}`)
  }
  const of = async (error: number, tuning: object, reversed = false) => {
    const parts = ['0.csv', '1.csv'].map((name) => join(folder, name))
    const frame = (runjob.read as Any).csv(reversed ? parts.reverse() : parts, { schema: { k: 'int', v: 'int' } })
    const groups = frame.groupBy('k').agg({ n: approxCountDistinct('v', error) })
    return (await groups.collect({ workers: 2, diskCheck: false, [TUNING]: tuning })).map(({ n }: Any) => n)
  }
  for (const error of [0.01, 0.05, 0.3]) {
    const about = await of(error, {})
    for (const [i, count] of counts.entries()) expect(Math.abs(about[i] / count - 1)).toBeLessThan(4 * error)
    expect(await of(error, { splitBytes: 10_000, collectorBytes: 1, mergeRuns: 2 }, true)).toEqual(about)
  }
  expect((await of(0.05, {})).slice(0, 2)).toEqual([10, 63])
})

it('need no memory for the values of a group', { timeout: 60_000 }, async () => {
  const count = 400_000
  const path = join(temporaryFolder(), 'rows.csv')
  // All different, in no order.
  writeFileSync(path, `x\n${Array.from({ length: count }, (_, i) => `${(i * 7919) % count}\n`).join('')}`)
  const frame = (runjob.read as Any).csv(path, { schema: { x: 'double' } })
  const options = { memory: '48MB', diskCheck: false, [TUNING]: { splitBytes: 500_000, collectorBytes: 1 << 20 } }
  expect(await frame.agg({ p: percentile('x', [0, 0.25, 0.5, 1]) }).first(options)).toEqual({
    p: [0, 99_999.75, 199_999.5, 399_999],
  })
})

it('of windows are refused where the values of a frame do not fit', { timeout: 60_000 }, async () => {
  const path = join(temporaryFolder(), 'rows.csv')
  writeFileSync(path, `x\n${`${'x'.repeat(30_000)}\n`.repeat(900)}`)
  const frame = (runjob.read as Any).csv(path, { schema: { x: 'string' } })
  const all = frame.select(runjob.collectList('x').over(Window.partitionBy()).as('all') as Any)
  await expect(all.first({ memory: '48MB', diskCheck: false })).rejects.toMatchObject({ code: 'WINDOW_TOO_LARGE' })
})
