/** Collections as data frames, and rows of data frames as collections. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Collection, defineDataset, read, runDataset, string } from 'runjob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder, textOf } from '../helpers/folder.js'
import { CONFIGS, failure } from '../helpers/run.js'
import * as made from './to_df_functions.js'

beforeAll(() => {
  mkdirSync(made.folder, { recursive: true })
  writeFileSync(join(made.folder, 'in.txt'), 'b a b\nc b\na xx\n')
  writeFileSync(join(made.folder, 'names.csv'), 'word,name\na,Ann\nb,Bob\nz,Zoe\n')
  writeFileSync(
    join(made.folder, 'sales.csv'),
    'city,day,amount\nRome,2024-01-31,1.5\n,2024-02-01,2\nRome,2024-02-03,3\n,2024-02-02,4\n',
  )
})
afterAll(() => rmSync(made.folder, { recursive: true, force: true }))

describe.each(Object.entries(CONFIGS))('elements as rows, with %s', (_, { tuning, ...options }) => {
  const run = { ...options, ...(tuning ? { [TUNING]: tuning } : {}) }

  it('are filtered, grouped and counted', async () => {
    const longer = made.sized.filter((c) => c.n.gt(1).or(c.word.eq('a')))
    expect(await longer.collect(run)).toEqual([
      { word: 'a', n: 1 },
      { word: 'a', n: 1 },
      { word: 'xx', n: 2 },
    ])
    expect(await made.sized.groupBy('word').count().collect(run)).toEqual([
      { word: 'a', count: 2 },
      { word: 'b', count: 3 },
      { word: 'c', count: 1 },
      { word: 'xx', count: 1 },
    ])
    expect(await made.sized.count(run)).toBe(7)
    expect(await made.sized.limit(2).collect(run)).toEqual([
      { word: 'b', n: 1 },
      { word: 'a', n: 1 },
    ])
  })

  it('are joined, and become elements and rows again', async () => {
    expect(await made.joined.collect(run)).toEqual([
      { word: 'a', n: 2, name: 'Ann' },
      { word: 'b', n: 3, name: 'Bob' },
    ])
    expect(await made.thereAndBack.collect(run)).toEqual([
      { word: 'a', twice: 4, name: 'Ann', n: 2 },
      { word: 'b', twice: 6, name: 'Bob', n: 3 },
    ])
    expect(await made.grouped.collect(run)).toEqual([
      { size: 1, words: ['b', 'a', 'b', 'c', 'b', 'a'] },
      { size: 2, words: ['xx'] },
    ])
    expect(await made.iterables.first(run)).toEqual({ letters: ['b', 'a'], codes: [98, 32, 97, 32, 98] })
  })
})

describe('values', () => {
  it('of every type come out as they went in', async () => {
    expect(await made.everything.collect()).toEqual(made.everyRow)
    const folder = join(temporaryFolder(), 'out')
    await made.everything.write.parquet(folder)
    expect(await read.parquet(folder, { schema: made.EVERY }).collect()).toEqual(made.everyRow)
  })

  it('that their column does not hold are refused, with the field', async () => {
    for (const [frame, message] of made.misfits) {
      const error = await failure(frame.collect())
      expect({ code: error.code, message: error.message, place: error.where.file }).toEqual({
        code: 'COLLECTION_INVALID',
        message: expect.stringContaining(message),
        place: join(made.folder, 'in.txt'),
      })
    }
  }, 120_000)

  it('need a schema', () => {
    const lines = read.text('x').lines() as Collection<never>
    expect(() => lines.toDF({} as never)).toThrow('toDF(): it needs at least one name with its type')
    expect(() => lines.toDF(['word'] as never)).toThrow('a plain object of types is expected')
    expect(() => lines.toDF({ word: 'int8' } as never)).toThrow('there is no type "int8"')
    expect(() => (lines.toDF as (...args: unknown[]) => unknown)({ word: string() }, {})).toThrow('one argument')
    expect(() => made.sized.filter('wrod' as never)).toThrow('filter()')
    expect(() => made.sized.select('wrod' as never)).toThrow('No column "wrod"')
  })

  it('that are wrong are left out with their whole record, if asked', async () => {
    expect(await made.bad.cells.collect({ maxBad: 1 })).toHaveLength(5)
    expect(await made.bad.pieces.collect({ maxBad: 1 })).toEqual(['b', 'a', 'b', 'a', 'xx'].map((word) => ({ word })))
  })

  it('for which an expression fails later are of no line', async () => {
    const error = await failure(made.bad.later.collect())
    expect(error).toMatchObject({ code: 'DIVIDE_BY_ZERO', where: { operator: 'toDF' } })
    expect(error.where).not.toHaveProperty('file')
    expect(await made.bad.later.collect({ maxBad: 1 })).toHaveLength(6)
  })

  it('behind the rows that are needed do not count', async () => {
    const rows = await made.limited.collect({ workers: 2 })
    expect(rows.map(({ i }) => i)).toEqual(Array.from({ length: 12_000 }, (_, i) => i))
  })

  it('are there in any number from one record', async () => {
    expect(await made.many.count({ maxBad: 5, workers: 2 })).toBe(60_000)
  })
})

describe('a run', () => {
  it('of a dataset writes them, and explains how', async () => {
    const folder = temporaryFolder()
    const dataset = defineDataset({ name: 'counts', build: () => made.counts.orderBy((c) => c.n.desc(), 'word') })
    await runDataset(dataset, { output: join(folder, 'out'), format: 'csv' })
    expect(textOf(join(folder, 'out'))).toBe('word,n\nb,3\na,2\nc,1\nxx,1\n')
    const plan = await made.counts.filter((c) => c.n.gt(1)).explain()
    expect(plan).toContain('filter n > 1\n  └─ elements of a collection: word, n')
    expect(plan).toContain('rows of word string, n bigint\n            └─ merge for reduceByKey(), elements')
    const analyzed = await made.sized.filter((c) => c.n.gt(1)).explain({ analyze: true })
    expect(analyzed).toMatch(/filter n > 1 \(7 rows in, 1 out, .*\)\n +└─ rows of word string, n bigint \(7 rows, /)
  })

  it('has several outputs of one collection, also in folders', async () => {
    const folder = join(temporaryFolder(), 'out')
    const build = () => ({ all: made.counts, often: made.counts.filter((c) => c.n.gt(1)).write.partitionBy('word') })
    const { stages } = await runDataset(defineDataset({ name: 'several', build }), { output: folder, format: 'csv' })
    expect(stages.filter(({ name }) => name.startsWith('reduceByKey'))).toHaveLength(1)
    expect(textOf(join(folder, 'all'))).toBe('word,n\na,2\nb,3\nc,1\nxx,1\n')
    expect(textOf(join(folder, 'often/word=b'))).toBe('n\n3\n')
  })

  it('takes a share of them, whatever runs it', async () => {
    const [all, one] = [await made.many.collect(), await made.many.sample(0.1, 7).collect({ workers: 1 })]
    expect(one.length).toBeGreaterThan(0.09 * all.length)
    expect(one.length).toBeLessThan(0.11 * all.length)
    expect(await made.many.sample(0.1, 7).collect({ workers: 3 })).toEqual(one)
    expect(await made.many.sample(0.1, 8).collect()).not.toEqual(one)
    const share = made.many.sample(0.1, 7)
    expect(await share.union(share).collect()).toEqual([...one, ...one])
    expect((await made.many.union(made.many).sample(0.1, 7).collect()).slice(one.length)).not.toEqual(one)
  })
})

describe('rows of data frames', () => {
  it('go through functions', async () => {
    expect(await made.mapped.collect()).toEqual(['Rome', 'none', 'Rome', 'none'])
    expect(await made.flatMapped.take(3)).toEqual(['Rome', 1.5, null])
  })

  it('go through functions group by group', async () => {
    const { length, ...found } = await made.totals.collect()
    expect({ length, ...found }).toEqual({ length: 2, 0: { city: null, total: 6 }, 1: { city: 'Rome', total: 4.5 } })
    expect(await made.days.collect()).toEqual([
      [{ month: 1, city: 'Rome' }, ['2024-01-31']],
      [{ month: 2, city: null }, ['2024-02-01', '2024-02-02']],
      [{ month: 2, city: 'Rome' }, ['2024-02-03']],
    ])
    const folder = join(temporaryFolder(), 'out')
    await made.totals.write.json(folder)
    expect(linesOf(folder)).toEqual(['{"city":null,"total":6}', '{"city":"Rome","total":4.5}'])
    expect(await failure(made.daysTwice.collect())).toMatchObject({
      code: 'VALUES_READ_TWICE',
      where: { key: '[["month",1],["city","Rome"]]' },
    })
    const rows = read.csv('x')
    expect(() => rows.groupBy().mapGroups(() => 1)).toThrow('mapGroups() needs groups')
    expect(() => rows.groupBy('a').mapGroups((async () => 1) as never)).toThrow('not an async function')
    expect(() => rows.groupBy('a').mapGroups(5 as never)).toThrow('mapGroups() needs a function')
  })
})
