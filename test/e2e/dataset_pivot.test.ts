/** Pivots whose values are not named: a query of its own finds them, in their order. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  col,
  collectList,
  count,
  csv,
  type DataFrame,
  defineDataset,
  double,
  int,
  jsonl,
  nullable,
  read,
  runDataset,
  string,
  sum,
} from 'runjob'
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure, runjob } from '../helpers/run.js'
import { initial } from '../udf/functions.js'

const random = new Random(3)
const ROWS = random.times(2000, (id) => ({
  id,
  k: random.below(5),
  q: random.pick(['b', 'a', '', 'more than twelve bytes', "o'clock", null]),
  n: random.pick([10, 9, -1, null]),
  x: random.pick([1.5, -0.0, 0, 1e21, 'NaN', null]),
  m: random.pick(['12.30', '-0.01', null]),
  day: random.pick(['2024-01-31', '0999-12-31', null]),
  at: random.pick(['2024-01-31T12:34:56.789012Z', '1969-12-31T23:59:59Z', null]),
  on: random.pick([true, false, null]),
}))
const TYPES = { id: 'int', k: 'int', q: 'string', n: 'int', x: 'double', m: 'decimal(10,2)' }
const SCHEMA = { ...TYPES, day: 'date', at: 'timestamp', on: 'boolean' }
/** Names of the columns, in the order of the values. */
const VALUES: Record<string, (string | null)[]> = {
  q: [null, '', 'a', 'b', 'more than twelve bytes', "o'clock"],
  n: [null, '-1', '9', '10'],
  x: [null, '0.0', '1.5', '1.0E21', 'NaN'],
  m: [null, '-0.01', '12.30'],
  day: [null, '0999-12-31', '2024-01-31'],
  at: [null, '1969-12-31 23:59:59', '2024-01-31 12:34:56.789012'],
  on: [null, 'false', 'true'],
}

const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFiles(folder, { 'in.jsonl': ROWS.map((row) => `${JSON.stringify(row)}\n`).join('') })
// biome-ignore lint/suspicious/noExplicitAny: its types are text
const frame = read.json(join(folder, 'in.jsonl'), { schema: SCHEMA as any }) as DataFrame<any>

describe('a pivot without values', () => {
  it.each(Object.keys(VALUES))('has those of the column, as if they were named: %s', async (name) => {
    const found = frame
      .groupBy('k')
      .pivot(name)
      .agg({ n: count(), ids: sum('id') })
    const named = frame
      .groupBy('k')
      .pivot(name, VALUES[name]!)
      .agg({ n: count(), ids: sum('id') })
    const rows = await found.collect({ workers: 2 })
    expect(rows).toEqual(await named.collect())
    expect(Object.keys(rows[0]!)).toEqual(['k', ...VALUES[name]!.flatMap((value) => [`${value}_n`, `${value}_ids`])])
    const all = rows.reduce(
      (total, row) => total + VALUES[name]!.reduce((n, value) => n + Number(row[`${value}_n`] ?? 0), 0),
      0,
    )
    expect(all).toBe(ROWS.length)
  })

  it('goes through other methods, itself again, functions, and what is kept', async () => {
    const once = frame
      .filter(col('n').isNotNull())
      .groupBy('k', 'on')
      .pivot(initial(col('q')))
      .agg({ n: count() })
    const rows = ROWS.filter(({ n }) => n !== null)
    const of = (k: number, on: boolean | null, first: string | null) =>
      rows.filter((row) => row.k === k && row.on === on && (row.q?.slice(0, 1) ?? null) === first).length || null
    const expected = [0, 1, 2, 3, 4].flatMap((k) =>
      [null, false, true].map((on) => ({
        k,
        on,
        null: of(k, on, null),
        '': of(k, on, ''),
        a: of(k, on, 'a'),
        o: of(k, on, 'o'),
      })),
    )
    const picked = once.select('k', 'on', 'null', '', 'a', 'o').orderBy('k', 'on')
    expect(await picked.collect({ workers: 2 })).toEqual(expected)
    const twice = once
      .groupBy('k')
      .pivot('on')
      .agg({ a: sum('a') })
      .orderBy('k')
    const sums = [0, 1, 2, 3, 4].map((k) => ({
      k,
      null: of(k, null, 'a'),
      false: of(k, false, 'a'),
      true: of(k, true, 'a'),
    }))
    expect(await twice.collect()).toEqual(sums)
    const kept = once.cache()
    try {
      expect(await kept.select('k', 'on', 'null', '', 'a', 'o').orderBy('k', 'on').collect()).toEqual(expected)
      expect(await kept.count()).toBe(15)
    } finally {
      kept.unpersist()
    }
    expect(await once.union(once).count()).toBe(30)
    expect(Object.keys((await once.rows().first())!)).toEqual(['k', 'on', 'null', '', 'a', 'b', 'm', 'o'])
  })

  it('is written as a dataset', async () => {
    const made = defineDataset({
      name: 'pivoted',
      build: () => frame.groupBy('k').pivot('on').agg({ n: count() }).orderBy('k'),
    })
    const output = join(temporaryFolder(), 'out')
    await runDataset(made, { output, format: 'csv', singleFile: true })
    expect(readFileSync(output, 'utf8').split('\n')[0]).toBe('k,null,false,true')
  })

  it('has bad rows put aside by both queries', async () => {
    const own = temporaryFolder()
    writeFiles(own, { 'in.csv': 'k,n\n1,7\n2,x\n1,8\n' })
    const numbers = read(csv({ schema: { k: int(), n: int() } }), join(own, 'in.csv'))
      .groupBy('k')
      .pivot('n')
      .agg({ n: count() })
    expect(await numbers.collect({ maxBad: 1 })).toEqual([{ k: 1, 7: 1, 8: 1 }])
    expect(await failure(numbers.collect())).toMatchObject({ code: 'CELL_INVALID', where: { offset: 8 } })
  })

  it('says in its plan what was asked before', async () => {
    const plan = await frame.groupBy('k').pivot('on').agg({ n: count() }).explain()
    expect(plan).toMatch(/^asked before, by queries of their own\n {2}pivot\(on\) has 3 values\n\nas asked\n/)
  })

  it('of nothing has the groups alone, of which there are none', async () => {
    const none = frame.filter(col('k').gt(9))
    expect(await none.groupBy('k').pivot('on').agg({ n: count() }).collect()).toEqual([])
    const error = await failure(none.groupBy().pivot('on').agg({ n: count() }).collect())
    expect(error).toMatchObject({ code: 'DATASET_INVALID' })
    expect(error.message).toContain('there are no rows')
  })

  it('refuses too many values, values without text, and a column that there is not, when it is planned', async () => {
    const own = temporaryFolder()
    writeFiles(own, { 'in.csv': `k\n${Array.from({ length: 10_001 }, (_, i) => i).join('\n')}\n` })
    const numbers = read(csv({ schema: { k: int() } }), join(own, 'in.csv'))
    const message = async (made: DataFrame<never>) => (await failure(made.collect())).message
    expect(await message(numbers.groupBy().pivot('k').agg({ n: count() }) as never)).toMatch(/more than 10,000 values/)
    const lists = frame
      .groupBy('k')
      .agg({ all: collectList('n') })
      .groupBy()
      .pivot('all')
      .agg({ n: count() })
    expect(await message(lists as never)).toMatch(/array<int>/)
    expect(await message(frame.groupBy().pivot('kk').agg({ n: count() }) as never)).toMatch(/No column "kk"/)
    expect(await message(frame.groupBy('k').pivot('on').agg({ n: count() }).select('yes') as never)).toMatch(
      /No column "yes". Columns: k, null, false, true/,
    )
  })

  it('refuses null beside the text "null", and says what to do', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.jsonl': '{"q":null,"n":1}\n{"q":"null","n":2}\n' })
    const rows = read(jsonl({ schema: { q: nullable(string()), n: int() } }), join(folder, 'in.jsonl'))
    const error = await failure(
      rows
        .groupBy()
        .pivot('q')
        .agg({ n: sum('n') })
        .collect(),
    )
    expect(error.message).toBe('pivot(): two columns would have the name "null".')
    expect(error.hint).toContain('leave one out by filter() before')
  })

  it('does not read what is there only once', async () => {
    const own = temporaryFolder()
    const query = "read(csv(), '-').groupBy('k').pivot('q').agg({ n: count() })"
    const { code, stderr } = await runjob(['query', query], { cwd: own, stdin: 'k,q\n1,a\n' })
    expect([code, stderr]).toEqual([1, expect.stringContaining('standard input and pipes can be read only once')])
  })

  it('has doubles and text as keys of JSON lines, too', async () => {
    const own = temporaryFolder()
    writeFiles(own, { 'in.jsonl': '{"x":0.1,"t":"null"}\n{"x":null,"t":"y"}\n' })
    const schema = { x: nullable(double()), t: string() }
    const lines = read(jsonl({ schema }), join(own, 'in.jsonl'))
    expect(await lines.groupBy('t').pivot('x').agg({ n: count() }).orderBy('t').collect()).toEqual([
      { t: 'null', null: null, 0.1: 1 },
      { t: 'y', null: 1, 0.1: null },
    ])
  })
})
