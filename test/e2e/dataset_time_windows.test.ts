/** Groups by windows of time that overlap, and rows without a time: the same however they are run, and told of. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { AnyFrame } from '../../dist/src/dataset/frame.js'
import {
  count,
  csv,
  date,
  defineDataset,
  int,
  nullable,
  parquet,
  read,
  runDataset,
  sum,
  timestamp,
  window,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import type { RunReport } from '../../dist/src/run/report.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS } from '../helpers/run.js'

const MINUTE = 60_000
const random = new Random(11)
const rows = random.times(2000, (id) => ({
  id,
  at: random.below(10) === 0 ? null : (random.below(600) - 300) * MINUTE,
  n: random.below(100),
}))
const timed = rows.filter(({ at }) => at !== null) as { id: number; at: number; n: number }[]
const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFiles(folder, {
  'events.csv': `id,at,n\n${rows.map(({ id, at, n }) => `${id},${at === null ? '' : new Date(at).toISOString()},${n}\n`).join('')}`,
  'days/day=2024-01-31/a.csv': 'n\n1\n2\n',
  'days/day=__HIVE_DEFAULT_PARTITION__/a.csv': 'n\n4\n8\n16\n',
})
const events = read(csv({ schema: { id: int(), at: nullable(timestamp()), n: int() } }), join(folder, 'events.csv'))

async function reportsOf(frame: AnyFrame): Promise<{ lines: unknown[]; reports: RunReport[]; notes: string[] }> {
  const [texts, reports, notes]: [string[], RunReport[], string[]] = [[], [], []]
  for (const { tuning, ...config } of Object.values(CONFIGS)) {
    const output = join(temporaryFolder(), 'out.jsonl')
    const onNote = (note: string) => notes.push(note)
    const all = { ...config, output, singleFile: true, onNote, [TUNING]: tuning ?? {} }
    reports.push(await runDataset(defineDataset({ name: 'windows', build: () => frame }), all))
    texts.push(readFileSync(output, 'utf8'))
  }
  for (const text of texts) expect(text).toBe(texts[0])
  const lines = texts[0]!
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  return { lines, reports, notes }
}

const leftOut = ({ stages }: RunReport) => stages.reduce((sum, stage) => sum + stage.recordsLeftOut, 0)

it('a row is in each window that its time is in', async () => {
  const [length, slide] = [50 * MINUTE, 20 * MINUTE]
  const totals = new Map<number, { n: number; total: number }>()
  for (const { at, n } of timed) {
    for (let start = Math.floor(at / slide) * slide; start > at - length; start -= slide) {
      const known = totals.get(start) ?? { n: 0, total: 0 }
      totals.set(start, { n: known.n + 1, total: known.total + n })
    }
  }
  const frame = events.groupBy(window('at', '50 minutes', '20 minutes')).agg({ n: count(), total: sum('n') })
  const { lines, reports, notes } = await reportsOf(frame as AnyFrame)
  expect(lines).toEqual(
    [...totals]
      .sort(([a], [b]) => a - b)
      .map(([start, total]) => ({
        window: { start: new Date(start).toISOString(), end: new Date(start + length).toISOString() },
        ...total,
      })),
  )
  const missing = rows.length - timed.length
  for (const report of reports) expect(leftOut(report)).toBe(missing)
  expect(notes).toEqual(reports.map(() => `${missing} rows left out: without a time, they are in no window()`))
})

it('many windows of a row are in no one’s way', async () => {
  const most = 5000
  const made = events.filter((c) => c.id.lt(40)).select('id', window('at', `${most} minutes`, '1 minute'))
  const few = timed.filter(({ id }) => id < 40).length
  expect(await made.count({ workers: 2, memory: '64MB' })).toBe(few * most)
})

it('no row group and no folder hides rows without a time', async () => {
  const path = join(folder, 'events.parquet')
  const sorted = events.orderBy((c) => c.at.descNullsFirst())
  await runDataset(defineDataset({ name: 'sorted', build: () => sorted }), {
    output: path,
    singleFile: true,
    format: 'parquet',
  })
  const stored = read(parquet({ schema: { id: int(), at: nullable(timestamp()), n: int() } }), path)
  const { reports } = await reportsOf(stored.groupBy(window('at', '1 hour')).count() as AnyFrame)
  for (const report of reports) expect(leftOut(report)).toBe(rows.length - timed.length)
  const days = read(csv({ schema: { n: int(), day: nullable(date()) } }), join(folder, 'days'))
  const byDay = await reportsOf(days.groupBy(window('day', '1 day')).agg({ n: sum('n') }) as AnyFrame)
  expect(byDay.lines).toMatchObject([{ n: 3 }])
  for (const report of byDay.reports) expect(leftOut(report)).toBe(3)
})
