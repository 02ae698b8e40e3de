/** Rows of data frames as elements: the same values, however functions use them and however many there are. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure } from '../helpers/run.js'
import {
  applied,
  chains,
  counted,
  folder,
  hostile,
  made,
  parquet,
  strict,
  table,
  toStore,
  unheld,
} from './row_functions.js'

beforeAll(() => mkdirSync(folder, { recursive: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HEADER = 'id,city,note,big,price,at,day\n'

function write(seed: number, count: number, more = ''): void {
  const random = new Random(seed)
  const maybe = (text: string) => (random.below(5) === 0 ? '' : text)
  const day = () => `20${10 + random.below(90)}-0${1 + random.below(9)}-1${random.below(10)}`
  const lines = random.times(count, (i) =>
    [
      i,
      maybe(random.pick(['Rome', 'Oslo', 'São Paulo', 'a city with a long name'])),
      maybe(`${random.pick(['東京 𝔘', 'plain'])} ${random.below(1e6)} ${'·'.repeat(random.below(90))}`),
      maybe(String(random.pick([0, -1, 2 ** 53 - 1]))),
      maybe(String(random.below(1000) - 0.5)),
      maybe(`${day()}T01:02:03.045Z`),
      maybe(day()),
    ].join(),
  )
  writeFileSync(join(folder, 'rows.csv'), `${HEADER}${lines.join('\n')}\n${more}`)
}

/** More than a megabyte: the sources of functions are looked at. */
const MANY = 12_000

describe.each([
  ['few', 200, 1],
  ['more than a megabyte of', MANY, 2],
])('%s rows', (_, count, seed) => {
  it.each(Object.entries(chains))(`are the same in %s (seed ${seed})`, async (name, steps) => {
    write(seed, count)
    const wanted = applied(await table.collect(), steps)
    expect(await made[name]!.collect({ workers: 2 })).toEqual(wanted)
  })

  it(`are counted (seed ${seed})`, async () => {
    write(seed, count)
    const wanted = (await table.collect()).filter(({ price }) => (price ?? 0) > 300)
    expect(await counted.count()).toBe(wanted.length)
  })
})

describe('a number that JavaScript does not hold', () => {
  it.each([20, MANY])('is refused where it is read, of %d rows', async (count) => {
    write(3, count, '5,Rome,,9007199254740993,,,\n')
    expect(readFileSync(join(folder, 'rows.csv')).length > 1 << 20).toBe(count === MANY)
    const { 'where it is not read': unread, ...others } = unheld
    expect((await unread.collect()).length).toBe(count + 1)
    for (const [name, collection] of Object.entries(others)) {
      const { code, params } = await failure(collection.collect())
      expect([name, code, params.column]).toEqual([name, 'INT64_UNSAFE', 'big'])
    }
  })

  it.each([20, MANY])('makes its row a bad one, which is listed whole, of %d rows', async (count) => {
    write(3, count, '5,Rome,,9007199254740993,,,\n')
    const output = join(temporaryFolder(), 'out')
    await unheld['in a map by name'].write.json(output, { maxBad: 1 })
    const [bad] = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
    expect(JSON.parse(bad!)).toMatchObject({ code: 'INT64_UNSAFE' })
    expect(JSON.parse(JSON.parse(bad!).excerpt)).toMatchObject({ id: 5, city: 'Rome', big: '9007199254740993' })
  })
})

describe('a column named constructor', () => {
  it.each([20, 70_000])('is read by a computed name, of %d rows', async (count) => {
    const lines = Array.from({ length: count }, (_, i) => `${i},a text that is long enough`)
    writeFileSync(join(folder, 'hostile.csv'), `id,constructor\n${lines.join('\n')}\n`)
    const found = await hostile.collect()
    expect(found).toHaveLength(count)
    expect(found[7]).toEqual([7, 'a text that is long enough'])
  })
})

describe('rows of Parquet', () => {
  it('are not at fault for what is not read, whether bad rows are allowed or not', async () => {
    write(5, 500)
    const stored = table.select('id', 'note')
    await stored.write.parquet(join(folder, 'strict.parquet'), { singleFile: true })
    const ids = (await stored.collect()).map(({ id }) => id)
    expect(await strict.collect()).toEqual(ids)
    expect(await strict.collect({ maxBad: 500 })).toEqual(ids)
  })

  it('are read without the columns that functions do not read, whatever their size', async () => {
    write(4, 500)
    const file = join(folder, 'stored.parquet')
    await toStore.write.parquet(file, { singleFile: true })
    const ids = (await toStore.collect()).map(({ id }) => id)
    const wanted = {
      'a column by name': ids,
      'no column': ids.map(() => 1),
      'a column of a condition': ids,
      'all columns': ids.map(() => 2),
    }
    for (const [name, collection] of Object.entries(parquet)) {
      expect(await collection.collect(), name).toEqual(wanted[name as keyof typeof wanted])
    }
    // In the middle there are notes, which are long.
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 200))
    expect(await parquet['a column by name'].collect()).toEqual(ids)
    expect(await parquet['no column'].collect()).toEqual(ids.map(() => 1))
    for (const name of ['a column of a condition', 'all columns'] as const) {
      expect((await failure(parquet[name].collect())).code, name).toBe('PARQUET_CORRUPT')
    }
  })
})
