/** Samples: about the share that is asked for, and the same rows however they are run and whatever is filtered. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as runjob from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { CONFIGS, failure } from '../helpers/run.js'

const {
  count,
  csv,
  defineDataset,
  explode,
  int,
  jsonl,
  list,
  parquet,
  posexplode,
  read,
  runDataset,
  sum,
  Window,
  rowNumber,
} = runjob

// biome-ignore lint/suspicious/noExplicitAny: frames of several columns
type Frame = any

const ROWS = 6000
const rows = Array.from({ length: ROWS }, (_, id) => ({
  id,
  k: id % 7,
  tags: Array.from({ length: id % 4 }, (_, i) => i),
}))
const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const textOf = (part: typeof rows) => `id,k\n${part.map(({ id, k }) => `${id},${k}\n`).join('')}`
writeFiles(folder, {
  'csv/a.csv': textOf(rows.slice(0, 2500)),
  'csv/b.csv': textOf(rows.slice(2500)),
  'gz/a.csv.gz': gzipSync(textOf(rows)),
  'rows.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  'lines.txt': rows.map(({ id }) => `line ${id}\n`).join(''),
})
const csvs: Frame = read(csv({ schema: { id: int(), k: int() } }), join(folder, 'csv'))
const zipped: Frame = read(csv({ schema: { id: int(), k: int() } }), join(folder, 'gz'))
const jsons: Frame = read(jsonl({ schema: { id: int(), k: int(), tags: list(int()) } }), join(folder, 'rows.jsonl'))
const lines: Frame = read.text(join(folder, 'lines.txt'))
const parquets: Frame = read(parquet({ schema: { id: int(), k: int() } }), join(folder, 'rows.parquet'))

beforeAll(async () => {
  const dataset = defineDataset({ name: 'rows', build: () => csvs })
  await runDataset(dataset, { output: join(folder, 'rows.parquet'), singleFile: true, format: 'parquet' })
})

type Row = Record<string, number>

/** In every way, which must give the same. */
async function rowsOf(frame: Frame): Promise<Row[]> {
  const texts: string[] = []
  for (const { tuning, ...config } of Object.values(CONFIGS)) {
    const output = join(temporaryFolder(), 'out.jsonl')
    const all = { ...config, output, singleFile: true, [TUNING]: tuning ?? {} }
    await runDataset(defineDataset({ name: 'sample', build: () => frame }), all)
    texts.push(readFileSync(output, 'utf8'))
  }
  for (const text of texts) expect(text).toBe(texts[0])
  return texts[0]!
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Five standard deviations. */
function expectShare(found: number, of: number, share: number): void {
  expect(Math.abs(found - of * share)).toBeLessThan(5 * Math.sqrt(of * share * (1 - share)) + 1)
}

const ids = (found: Row[]) => found.map(({ id }) => id!)
const isAscending = (values: number[]) => values.every((value, i) => i === 0 || values[i - 1]! < value)

describe.each(Object.entries({ csvs, zipped, jsons, parquets, lines }))('a sample of %s', (name, frame) => {
  it('has about that share of the rows, in their order', async () => {
    const found = await rowsOf(frame.sample(0.2))
    expectShare(found.length, ROWS, 0.2)
    if (name === 'lines') return
    expect(isAscending(ids(found))).toBe(true)
    for (const half of [ids(found).filter((id) => id < ROWS / 2), ids(found).filter((id) => id % 2 === 0)]) {
      expectShare(half.length, ROWS / 2, 0.2)
    }
  })
})

it('all rows are a sample, and none', async () => {
  expect(await jsons.sample(1).count()).toBe(ROWS)
  expect(await jsons.sample(0).count()).toBe(0)
  expect(await jsons.limit(0).sample(0.5).count()).toBe(0)
})

it('a row is in it or not, whatever is filtered, computed or read beside', async () => {
  const all = await jsons.sample(0.3).select('id', 'k').collect()
  const part = all.filter(({ k }: Row) => k === 3)
  expect(
    await jsons
      .filter((c: Frame) => c.k.eq(3))
      .sample(0.3)
      .select('id', 'k')
      .collect(),
  ).toEqual(part)
  expect(
    await jsons
      .sample(0.3)
      .filter((c: Frame) => c.k.eq(3))
      .select('id', 'k')
      .collect(),
  ).toEqual(part)
  expect(await jsons.select('id').sample(0.3).collect()).toEqual(all.map(({ id }: Row) => ({ id })))
  expect(
    await parquets
      .filter((c: Frame) => c.id.ge(5000))
      .sample(0.3)
      .collect(),
  ).toEqual((await parquets.sample(0.3).collect()).filter(({ id }: Row) => id! >= 5000))
})

it('another seed, a sample of a sample and the other side of a union draw again', async () => {
  const [first, second] = [ids(await jsons.sample(0.5).collect()), ids(await jsons.sample(0.5, 7).collect())]
  expectShare(first.filter((id) => second.includes(id)).length, ROWS, 0.25)
  expectShare(await jsons.sample(0.5).sample(0.5).count(), ROWS, 0.25)
  const twice = await jsons
    .union(jsons)
    .sample(0.5)
    .groupBy('id')
    .count()
    .filter((c: Frame) => c.count.eq(2))
    .count()
  expectShare(twice, ROWS, 0.25)
})

it('rows of lists, joins and windows draw one by one, groups by their keys', async () => {
  const elements = ROWS / 4 + (ROWS / 4) * 2 + (ROWS / 4) * 3
  const exploded = await rowsOf(jsons.select('id', ...posexplode('tags')).sample(0.5))
  expectShare(exploded.length, elements, 0.5)
  expect(await jsons.withColumn('tag', explode('tags')).select('id').sample(0.5).count()).toBe(exploded.length)
  const small = jsons.filter((c: Frame) => c.id.lt(70)).select('k', runjob.col('id').as('other'))
  const joined = await rowsOf(
    csvs
      .filter((c: Frame) => c.id.lt(700))
      .join(small, 'k')
      .sample(0.5),
  )
  expectShare(joined.length, 7000, 0.5)
  expectShare(joined.filter(({ id }) => id === 5 || id === 6).length, 20, 0.5)
  const numbered = csvs.withColumn('n', rowNumber().over(Window.partitionBy('k').orderBy('id')))
  expect((await rowsOf(numbered.sample(0.1))).map(({ id }) => id).sort()).toEqual(
    ids(await csvs.sample(0.1).collect()).sort(),
  )
  const grouped = csvs.groupBy('id').agg({ n: count(), t: sum('k') })
  expectShare((await rowsOf(grouped.select('n').sample(0.25))).length, ROWS, 0.25)
})

it('refuses what is no share, and what Spark has besides', async () => {
  const refused = async (make: () => unknown) => (await failure((async () => make())())).message
  // biome-ignore lint/suspicious/noExplicitAny: what the compiler would refuse
  const any = csvs as any
  expect(await refused(() => any.sample(1.5))).toBe('sample() needs a fraction from 0 to 1, not 1.5.')
  expect(await refused(() => any.sample(Number.NaN))).toContain('not NaN')
  expect(await refused(() => any.sample('10%'))).toContain('a fraction from 0 to 1')
  expect(await refused(() => any.sample(true, 0.5))).toContain('a fraction from 0 to 1, not true')
  expect(await refused(() => any.sample(0.5, 0.5))).toContain('a whole number as seed, not 0.5')
  expect(await refused(() => any.sample(0.5, 1, 2))).toContain('sample')
})
