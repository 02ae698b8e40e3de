/** Functions in whole runs: in any expression, by several workers, with little memory, stopped and resumed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  broadcast,
  col,
  collectList,
  csv,
  type DataFrame,
  double,
  int,
  long,
  nullable,
  read,
  string,
  sum,
  timestamp,
  Window,
  when,
} from 'runjob'
import { afterAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure } from '../helpers/run.js'
import * as fns from './functions.js'

const COUNT = 20_000

const schema = {
  n: int(),
  id: long({ js: 'bigint' }),
  x: nullable(double()),
  text: nullable(string()),
  at: nullable(timestamp()),
}

interface Line {
  n: number
  id: bigint
  x: number | null
  text: string | null
  at: Date | null
}

const seed = Number(process.env.SEED ?? 20_240_131)
const random = new Random(seed)
const WORDS = ['a', 'ö', 'long enough for no view', '😀 and more', 'b c']
const lines = Array.from({ length: COUNT }, (_, n): Line => {
  const orNull = <T>(value: T) => (random.next() < 0.2 ? null : value)
  return {
    n,
    id: BigInt(n) * 300_000_000_000_000n,
    x: orNull(random.below(1e6) / 8),
    text: orNull(random.pick(WORDS)),
    at: orNull(new Date(random.below(2e12))),
  }
})

const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const cells = lines.map(({ n, id, x, text, at }) =>
  [n, id, x, text, at?.toISOString()].map((cell) => cell ?? '').join(),
)
writeFiles(folder, { 'in.csv': `n,id,x,text,at\n${cells.join('\n')}\n` })
const frame: DataFrame<typeof schema> = read(csv({ schema }), join(folder, 'in.csv'))

const WAYS = {
  'one worker': { workers: 1 },
  'two workers, small splits': { workers: 2, [TUNING]: { splitBytes: 50_000 } },
  'four workers, little memory': { workers: 4, memory: '192MB', [TUNING]: { splitBytes: 100_000, collectorBytes: 1 } },
}

describe.each(Object.entries(WAYS))('with %s', (_, way) => {
  const options = way as { workers: number }

  it(`a function sees what rows have (seed ${seed})`, async () => {
    const rows = await frame
      .filter((c) => fns.isRemainder(c.n, 3, 1))
      .select((c) => ({
        text: fns.mixed(when(c.n.mod(5).gt(0), c.n), c.text, c.x.gt(50_000), c.at),
        difference: fns.difference(c.id, c.n),
      }))
      .collect(options)
    const expected = lines
      .filter(({ n }) => n % 3 === 1)
      .map(({ n, id, x, text, at }) => ({
        text: n % 5 > 0 ? `${n}|${text}|${x === null ? null : x > 50_000}|${at?.getTime()}` : null,
        difference: Number(id) - n,
      }))
    expect(rows).toEqual(expected)
  })

  it('it may be in keys, aggregates, sorts, joins and windows', async () => {
    const groups = await frame
      .groupBy(fns.shout(col('text')).as('key'))
      .agg((c) => ({ n: sum(fns.plus(c.n, 1)) }))
      .orderBy((c) => fns.shout(c.key).desc())
      .collect(options)
    const totals = new Map<string, number>()
    for (const { n, text } of lines) {
      const key = text === null ? 'NOTHING' : `${text.toUpperCase()}!`
      totals.set(key, (totals.get(key) ?? 0) + n + 1)
    }
    const sorted = [...totals].sort(([a], [b]) =>
      Buffer.compare(Buffer.from(`${b}!`.toUpperCase()), Buffer.from(`${a}!`.toUpperCase())),
    )
    expect(groups).toEqual(sorted.map(([key, n]) => ({ key, n })))

    const small = frame.filter((c) => c.n.lt(50)).select((c) => ({ m: c.n }))
    const joined = frame
      .filter((c) => c.n.lt(200))
      .join(broadcast(small), (l, r) =>
        fns
          .plus(l.n, 1)
          .eq(r.m)
          .and(fns.isRemainder(l.n, 2, 0)),
      )
      .select('n', 'm')
    expect(await joined.collect(options)).toEqual(
      Array.from({ length: 25 }, (_, i) => ({ n: 2 * i, m: 2 * i + 1 })).filter(({ m }) => m < 50),
    )

    const running = await frame
      .filter((c) => c.n.lt(10))
      .select((c) => ({
        n: c.n,
        list: collectList(fns.plus(c.n, 100)).over(Window.partitionBy(fns.isRemainder(col('n'), 2, 0)).orderBy('n')),
      }))
      .collect(options)
    expect(running.find(({ n }) => n === 5)).toEqual({ n: 5, list: [101, 103, 105] })
  })
})

describe('a call', () => {
  it('is made once for a row, however often an expression or a rule has it', async () => {
    const called = frame.limit(5000)
    const all = [
      called.select((c) => ({ a: fns.onceEach(c.n), b: fns.onceEach(c.n).mul(2) })),
      called.filter((c) => c.n.gt(3).and(fns.onceEach(c.n).between(10, 2000))),
      called
        .withColumn('x', (c) => fns.onceEach(c.n))
        .filter((c) => c.x.gt(7))
        .withColumn('y', (c) => c.x.add(c.x)),
      called.agg((c) => ({ a: sum(fns.onceEach(c.n)), b: collectList(fns.onceEach(c.n)) })),
      called.select((c) => ({ a: when(c.n.ge(0), fns.onceEach(c.n)).otherwise(fns.plusOne(fns.onceEach(c.n))) })),
      called
        .withColumn('x', (c) => fns.onceEach(c.n))
        .orderBy((c) => c.x.desc())
        .limit(3),
    ]
    for (const one of all) expect(await one.count({ workers: 1 })).toBeGreaterThan(0)
  })

  it('is marked in the plan', async () => {
    const text = await frame
      .filter((c) => fns.isRemainder(c.n, 3, 1))
      .select((c) => ({ x: fns.plus(c.n, 1) }))
      .explain()
    expect(text).toContain('filter udf udf(n, 3, 1)')
  })

  it('that does not end is stopped by the time limit of tasks', async () => {
    const error = await failure(
      frame.select((c) => ({ x: fns.forEver(c.n) })).collect({ taskTimeout: 1000, retries: 0 }),
    )
    expect(error.code).toBe('TASK_TIMEOUT')
  })

  it('stops with its run', async () => {
    const controller = new AbortController()
    const run = frame.select((c) => ({ x: fns.forEver(c.n) })).collect({ signal: controller.signal, workers: 2 })
    setTimeout(() => controller.abort(), 600)
    expect(await failure(run)).toMatchObject({ code: 'INTERRUPTED' })
  })
})
