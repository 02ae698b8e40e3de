/** Rows of the elements of lists, from files: the same however they are run, also where some are at fault. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { AnyFrame } from '../../dist/src/dataset/frame.js'
import * as runjob from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS } from '../helpers/run.js'

const { count, defineDataset, explode, explodeOuter, int, jsonl, list, lit, nullable, posexplode, runDataset, sum } =
  runjob

const random = new Random(3)
const rows = random.times(700, (id) => ({
  id,
  marks:
    random.below(7) === 0
      ? null
      : random.times(random.below(30), () => (random.below(9) === 0 ? null : random.below(6))),
}))
const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFiles(folder, { 'marks.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join('') })
const marks = runjob.read(
  jsonl({ schema: { id: int(), marks: nullable(list(nullable(int()))) } }),
  join(folder, 'marks.jsonl'),
)
const elements = rows.flatMap(({ id, marks }) => (marks ?? []).map((mark, pos) => ({ id, pos, mark })))

/** The lines of a run in every way, which must be the same; and those of bad rows. */
async function linesOf(frame: AnyFrame, maxBad?: number): Promise<{ lines: unknown[]; bad: unknown[] }> {
  const texts: string[][] = []
  for (const { tuning, ...config } of Object.values(CONFIGS)) {
    const output = join(temporaryFolder(), 'out.jsonl')
    const all = { ...config, output, singleFile: true, ...(maxBad ? { maxBad } : {}), [TUNING]: tuning ?? {} }
    const { quarantine } = await runDataset(defineDataset({ name: 'explode', build: () => frame }), all)
    texts.push([output, ...(quarantine ? [quarantine] : [])].map((path) => readFileSync(path, 'utf8')))
  }
  for (const text of texts) expect(text).toEqual(texts[0])
  const [lines, bad = ''] = texts[0]!
  const parsed = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  return { lines: parsed(lines!), bad: parsed(bad) }
}

it('elements come out in the order of rows and of their lists', async () => {
  const [pos, mark] = posexplode('marks')
  const made = marks.select('id', pos, mark.as('mark'))
  expect((await linesOf(made as AnyFrame)).lines).toEqual(elements)
  expect(await made.filter((c) => c.pos.ge(20)).take(10)).toEqual(elements.filter(({ pos }) => pos >= 20).slice(0, 10))
  expect(await made.limit(1000).count({ workers: 3 })).toBe(1000)
})

it('groups count them, and rows without any', async () => {
  const byMark = new Map<number | null, number>()
  for (const { marks } of rows) {
    for (const mark of marks?.length ? marks : [null]) byMark.set(mark, (byMark.get(mark) ?? 0) + 1)
  }
  const made = marks.withColumn('mark', explodeOuter('marks')).groupBy('mark').agg({ n: count() })
  expect((await linesOf(made as AnyFrame)).lines).toEqual(
    [...byMark].sort(([a], [b]) => (a ?? -1) - (b ?? -1)).map(([mark, n]) => ({ mark, n })),
  )
  const total = marks.select(explode('marks').as('mark')).agg({ total: sum('mark'), n: count() })
  expect(await total.collect()).toEqual([
    { total: elements.reduce((sum, { mark }) => sum + (mark ?? 0), 0), n: elements.length },
  ])
})

it('an element at fault is put aside by itself, with its row', async () => {
  const made = marks.withColumn('mark', explode('marks')).select((c) => ({ id: c.id, q: lit(12).mod(c.mark) }))
  const { lines, bad } = await linesOf(made as AnyFrame, 10_000)
  const atFault = elements.filter(({ mark }) => mark === 0)
  expect(lines).toEqual(
    elements.filter(({ mark }) => mark !== 0).map(({ id, mark }) => ({ id, q: mark === null ? null : 12 % mark })),
  )
  expect(bad).toHaveLength(atFault.length)
  expect(bad[0]).toMatchObject({
    operator: 'explode',
    code: 'DIVIDE_BY_ZERO',
    excerpt: `{"id":${atFault[0]!.id},"col":0}`,
  })
})
