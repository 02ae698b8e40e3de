/** Rows that joins, groups and sorts made, and for which an expression fails: put aside like bad records of files, whatever way it is run. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { AnyFrame } from '../../dist/src/dataset/frame.js'
import {
  broadcast,
  col,
  count,
  csv,
  defineDataset,
  lit,
  long,
  nullable,
  read,
  runDataset,
  string,
  sum,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import type { RunReport } from '../../dist/src/run/report.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, type Config, failure, runjob, type Tuning } from '../helpers/run.js'

const ROWS = 1500
const KEYS = 40
const random = new Random(7)
const left = Array.from({ length: ROWS }, (_, id) => ({ id, k: random.below(KEYS), n: random.below(5) }))
const right = Array.from({ length: KEYS * 3 }, (_, id) => ({ k: id % KEYS, m: random.below(6) }))

const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
writeFiles(folder, {
  // Every hundredth row of the file is bad as well: the order of both must not depend on splits.
  'left.csv': `id,k,n\n${left.map(({ id, k, n }) => `${id},${k},${id % 100 === 99 ? 'x' : n}\n`).join('')}`,
  'right.csv': `k,m\n${right.map(({ k, m }) => `${k},${m}\n`).join('')}`,
})
const lefts = read(csv({ schema: { id: long(), k: long(), n: long() } }), join(folder, 'left.csv'))
const rights = read(csv({ schema: { k: long(), m: long() } }), join(folder, 'right.csv'))
const good = left.filter(({ id }) => id % 100 !== 99)
const pairs = good.flatMap((l) => right.filter(({ k }) => k === l.k).map((r) => ({ ...l, ...r })))

interface Bad {
  file?: string
  offset?: number
  stage?: string
  operator?: string
  code: string
  excerpt: string
}

async function runOf(
  frame: AnyFrame,
  { tuning, ...config }: Config,
  joins?: Tuning['joins'],
): Promise<{ rows: Record<string, unknown>[]; bad: Bad[]; text: string; result: RunReport }> {
  const output = join(temporaryFolder(), 'out.jsonl')
  const all = { ...config, output, singleFile: true, [TUNING]: { ...tuning, ...(joins ? { joins } : {}) } }
  const result = await runDataset(defineDataset({ name: 'bad', build: () => frame }), all)
  const list = `${output}.quarantine.jsonl`
  const linesOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [])
  const parsed = (path: string) => linesOf(path).map((line) => JSON.parse(line))
  const quarantine = result.quarantine ?? list
  return {
    rows: parsed(output),
    bad: parsed(quarantine) as Bad[],
    text: [...linesOf(output), ...linesOf(quarantine)].join('\n'),
    result,
  }
}

/** Runs in every way, which must give the same rows and the same list; returns one of them. */
async function inAllWays(frame: AnyFrame, maxBad: number | string, joins?: Tuning['joins']) {
  const runs = []
  for (const config of Object.values(CONFIGS)) runs.push(await runOf(frame, { ...config, maxBad }, joins))
  for (const { text } of runs) expect(text).toBe(runs[0]!.text)
  return runs[0]!
}

function madeOf(bad: readonly Bad[], operator: string): Record<string, unknown>[] {
  const made = bad.filter(({ file }) => file === undefined)
  for (const one of made) expect(one).toMatchObject({ operator, code: 'DIVIDE_BY_ZERO', stage: expect.any(String) })
  return made.map(({ excerpt }) => JSON.parse(excerpt))
}

const quotient = (frame: AnyFrame) => frame.select('id', col('n').mod(col('m')).as('q')) as AnyFrame

describe.each(['broadcast', 'hash', 'merge'] as const)('rows of a join by %s', (joins) => {
  it('are put aside one by one, with their values', async () => {
    const joined = lefts.join(rights, 'k', joins === 'hash' ? 'right' : 'inner')
    const { rows, bad, result } = await inAllWays(quotient(joined as AnyFrame), ROWS * 3, joins)
    const divided = pairs.filter(({ m }) => m !== 0)
    const byRow = (a: { id: number; q: number }, b: { id: number; q: number }) => a.id - b.id || a.q - b.q
    expect((rows as { id: number; q: number }[]).sort(byRow)).toEqual(
      divided.map(({ id, n, m }) => ({ id, q: n % m })).sort(byRow),
    )
    const made = madeOf(bad, joins === 'hash' ? 'right join' : 'inner join')
    expect(made.length).toBe(pairs.length - divided.length)
    for (const row of made) expect(row).toMatchObject({ m: 0, id: expect.any(Number), n: expect.any(Number) })
    expect(bad.filter(({ file }) => file !== undefined).length).toBe(ROWS / 100)
    expect(result.recordsQuarantined).toBe(bad.length)
  })
})

it('those of a table join are listed in the order of the file, with its bad rows between them', async () => {
  const { bad } = await inAllWays(quotient(lefts.join(broadcast(rights), 'k') as AnyFrame), ROWS * 3)
  const content = readFileSync(join(folder, 'left.csv'), 'utf8')
  const ids = bad.map(({ file, offset, excerpt }) =>
    file === undefined ? JSON.parse(excerpt).id : Number.parseInt(content.slice(offset), 10),
  )
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  expect(new Set(bad.map(({ file }) => file === undefined)).size).toBe(2)
})

it('a row that is made of a bad one, or without a match, is its own: other rows of the join come out', async () => {
  const sums = rights
    .filter((c) => c.k.lt(3))
    .groupBy('k')
    .agg({ total: sum('m') })
  const joined = lefts.join(sums, 'k', 'left').select((c) => ({ id: c.id, q: c.n.mod(col('total').sub(col('total'))) }))
  const { rows, bad } = await inAllWays(joined, ROWS)
  expect(rows).toEqual(
    good
      .filter(({ k }) => k >= 3)
      .map(({ id }) => ({ id, q: null }))
      .sort((a, b) => a.id - b.id),
  )
  expect(madeOf(bad, 'left join').length).toBe(good.length - rows.length)
})

it('rows of groups and of sorted rows are put aside, in their order', async () => {
  const totals = lefts.groupBy('k').agg({ total: sum('n') })
  const grouped = await inAllWays(
    totals.select((c) => ({ k: c.k, q: lit(7).mod(c.total.mod(3)) })),
    ROWS,
  )
  const zero = Array.from({ length: KEYS }, (_, k) => k).filter(
    (key) => good.filter(({ k }) => k === key).reduce((total, { n }) => total + n, 0) % 3 === 0,
  )
  expect(madeOf(grouped.bad, 'groups').map(({ k }) => k)).toEqual(zero)
  expect(grouped.rows.length).toBe(KEYS - zero.length)

  const sorted = await inAllWays(
    lefts.orderBy(col('n').desc(), 'id').select((c) => ({ id: c.id, q: lit(7).mod(c.n.sub(3)) })),
    ROWS,
  )
  const threes = good.filter(({ n }) => n === 3).map(({ id, n }) => ({ id, n }))
  expect(madeOf(sorted.bad, 'rows of sort 1')).toEqual(threes)
  expect(sorted.rows.length).toBe(good.length - threes.length)
})

it('behind the last row that is needed, none is put aside', async () => {
  const first = lefts
    .groupBy('k')
    .agg({ total: count() })
    .select((c) => ({ k: c.k, q: c.total.mod(c.k.mod(4)) }))
    .limit(5)
  const { rows, bad } = await inAllWays(first, 2)
  expect(rows.map(({ k }) => k)).toEqual([1, 2, 3, 5, 6])
  expect(madeOf(bad, 'groups').map(({ k }) => k)).toEqual([0, 4])
  // Of a file: as many rows as were asked for.
  const ofFile = await inAllWays(lefts.select((c) => ({ id: c.id, q: lit(7).mod(c.n.sub(3)) })).limit(5), ROWS)
  expect(ofFile.rows.map(({ id }) => id)).toEqual(good.flatMap(({ id, n }) => (n === 3 ? [] : [id])).slice(0, 5))
})

it('limits count them: a number in the whole run, a share of the rows that a stage read and made', async () => {
  const totals = lefts.groupBy('k').agg({ total: sum('n') })
  const half = totals.select((c) => ({ total: c.total, q: lit(7).mod(c.k.mod(2)) }))
  // Of the file, then of the groups.
  const all = ROWS / 100 + KEYS / 2
  expect((await inAllWays(half, all)).bad.length).toBe(all)
  expect((await inAllWays(half, '50%')).bad.length).toBe(all)
  for (const maxBad of [all - 1, '49%']) {
    for (const config of Object.values(CONFIGS)) {
      const error = await failure(runOf(half, { ...config, maxBad }))
      expect(error.code).toBe('TOO_MANY_BAD_RECORDS')
    }
  }
})

it('a million of them in one call end the run at the limit', async () => {
  const one = { 'a.csv': `k\n${'1\n'.repeat(1500)}` }
  writeFiles(folder, one)
  const rows = read(csv({ schema: { k: long() } }), join(folder, 'a.csv'))
  const pairs = rows.join(rows.withColumnRenamed('k', 'm'), { left: 'k', right: 'm' })
  const error = await failure(
    runOf(
      pairs.select((c) => ({ q: c.k.mod(c.k.sub(c.k)) })),
      { workers: 1, maxBad: 1000 },
    ),
  )
  expect(error.code).toBe('TOO_MANY_BAD_RECORDS')
  expect(error.params).toMatchObject({ bad: 1001 })
})

it('the result of a group, and the condition of a join, are no rows: they end the run, and the error says so', async () => {
  writeFiles(folder, { 'big.csv': 'k,n\n1,9223372036854775807\n1,1\n2,5\n' })
  const big = read(csv({ schema: { k: long(), n: nullable(long()) } }), join(folder, 'big.csv'))
  const others = rights.withColumnRenamed('k', 'other')
  for (const frame of [
    big.groupBy('k').agg({ n: sum('n') }),
    lefts.join(others, (l, r) => l.k.eq(r.other).and(l.n.mod(r.m).eq(0))),
  ] as AnyFrame[]) {
    const error = await failure(runOf(frame, { maxBad: ROWS }))
    expect(['ARITHMETIC_OVERFLOW', 'DIVIDE_BY_ZERO']).toContain(error.code)
    expect(error.hint).toContain('--max-bad skips rows, and this is none: it is the result of a group')
    expect((await failure(runOf(frame, {}))).hint).not.toContain('--max-bad')
  }
})

it('a run that stopped at the limit goes on with a higher one, and counts each of them once', async () => {
  const at = temporaryFolder()
  writeFiles(at, { 'a.csv': `k,n\n${Array.from({ length: 300 }, (_, i) => `${i},${i % 3}\n`).join('')}` })
  const query =
    'read(csv({ schema: { k: long(), n: long() } }), "a.csv").groupBy("k").agg({ n: sum("n") }).select(c => ({ k: c.k, q: c.k.mod(c.n) }))'
  const args = ['query', query, '-o', 'out', '--quiet', '--max-bad']
  const stopped = await runjob([...args, '99'], { cwd: at })
  expect(stopped.code).toBe(1)
  expect(stopped.stderr).toContain('TOO_MANY_BAD_RECORDS')
  expect(await runjob([...args, '100'], { cwd: at })).toMatchObject({ code: 0 })
  const bad = readFileSync(join(at, 'out/_quarantine.jsonl'), 'utf8').split('\n').slice(0, -1)
  expect(bad.map((line) => JSON.parse(JSON.parse(line).excerpt).k)).toEqual(
    Array.from({ length: 100 }, (_, i) => 3 * i),
  )
})

it('text of any kind is in the list as JSON', async () => {
  writeFiles(folder, { 'text.csv': 'k,s\n0,"a ""b""\nc"\n1,\n0,é\n' })
  const texts = read(csv({ schema: { k: long(), s: nullable(string()) } }), join(folder, 'text.csv'))
  const sorted = texts.orderBy('s').select((c) => ({ q: lit(1).mod(c.k), s: c.s }))
  const { bad, rows } = await runOf(sorted, { maxBad: 2 })
  expect(bad.map(({ excerpt }) => JSON.parse(excerpt))).toEqual([
    { k: 0, s: 'a "b"\nc' },
    { k: 0, s: 'é' },
  ])
  expect(rows).toEqual([{ q: 0, s: null }])
})
