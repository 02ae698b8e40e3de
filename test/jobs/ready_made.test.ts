/** Every ready-made job against its oracle, under configurations that must not show. */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { linesOf, partsOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import * as oracle from '../helpers/oracles.js'
import { csvField, Random, randomCsv, randomText } from '../helpers/random.js'
import { CONFIGS, run } from '../helpers/run.js'

const SEED = 20_240_607

const TEXTS: Record<string, Buffer> = {
  'a.txt': randomText(SEED, 400),
  'b b.txt': Buffer.concat([Buffer.from('\ufeff'), randomText(SEED + 1, 150)]),
  'empty.txt': Buffer.alloc(0),
  'sub/ü.txt': randomText(SEED + 2, 300),
}
const TABLES: Record<string, Buffer> = { '1.csv': randomCsv(SEED, 300), '2.csv': randomCsv(SEED + 1, 150) }

const files = (of: Record<string, Buffer>) => Object.values(of)
const utf8Lines = (bytes: Buffer) => bytes.toString('latin1').split('\n').slice(0, -1)

interface Case {
  job: string
  params?: Record<string, string | number | boolean>
  /** Input files, or by name for a job with several inputs. */
  input: Record<string, Buffer> | { left: Record<string, Buffer>; right: Record<string, Buffer> }
  /** Lines of the answer, as bytes: with one partition in this order, else in any. */
  expected: string[]
  /** `global`: the parts one after another are in order, however many there are. */
  order?: 'global'
  /** Each part starts with it. */
  header?: string
}

const latin1 = (lines: string[]) => lines.map((line) => Buffer.from(line).toString('latin1'))

function clicks(): Buffer {
  const random = new Random(SEED)
  const rows = random.times(
    400,
    () => `${csvField(random.pick(['ann', 'bob', 'c,d', 'é', '"e"']))},${random.below(90_000)}`,
  )
  return Buffer.from(['user,time', ...rows].join('\n'))
}

const CASES: Record<string, Case> = {
  wordcount: { job: 'wordcount', input: TEXTS, expected: latin1(oracle.wordcount(files(TEXTS))) },
  'wordcount that keeps case': {
    job: 'wordcount',
    params: { lowercase: false },
    input: TEXTS,
    expected: latin1(oracle.wordcount(files(TEXTS), false)),
  },
  'grep for plain text': {
    job: 'grep',
    params: { pattern: 'cat' },
    input: TEXTS,
    expected: utf8Lines(oracle.grep(files(TEXTS), (line) => line.includes('cat'))),
    order: 'global',
  },
  'grep for plain text in any case': {
    job: 'grep',
    params: { pattern: 'DOG', ignoreCase: true },
    input: TEXTS,
    expected: utf8Lines(oracle.grep(files(TEXTS), (line) => /dog/i.test(line))),
    order: 'global',
  },
  'grep for a regular expression': {
    job: 'grep',
    params: { pattern: '^w[0-9]+ .*(é|É)t' },
    input: TEXTS,
    expected: utf8Lines(oracle.grep(files(TEXTS), (line) => /^w[0-9]+ .*(é|É)t/u.test(line))),
    order: 'global',
  },
  'grep for a letter beyond ASCII in any case': {
    job: 'grep',
    params: { pattern: 'ÉTÉ', ignoreCase: true },
    input: TEXTS,
    expected: utf8Lines(oracle.grep(files(TEXTS), (line) => /été/iu.test(line))),
    order: 'global',
  },
  'grep for what does not match': {
    job: 'grep',
    params: { pattern: 'e', invert: true },
    input: TEXTS,
    expected: utf8Lines(oracle.grep(files(TEXTS), (line) => !line.includes('e'))),
    order: 'global',
  },
  sort: { job: 'sort', input: TEXTS, expected: utf8Lines(oracle.sort(files(TEXTS))), order: 'global' },
  'sort in reverse': {
    job: 'sort',
    params: { reverse: true },
    input: TEXTS,
    expected: utf8Lines(oracle.sort(files(TEXTS), { reverse: true })),
    order: 'global',
  },
  'sort of unique lines in reverse': {
    job: 'sort',
    params: { reverse: true, unique: true },
    input: TEXTS,
    expected: utf8Lines(oracle.sort(files(TEXTS), { reverse: true, unique: true })),
    order: 'global',
  },
  distinct: {
    job: 'distinct',
    input: TEXTS,
    expected: utf8Lines(oracle.sort(files(TEXTS), { unique: true })),
    order: 'global',
  },
  top: {
    job: 'top',
    params: { n: 25 },
    input: TEXTS,
    expected: utf8Lines(oracle.top(files(TEXTS), 25)),
    order: 'global',
  },
  'top of more lines than there are': {
    job: 'top',
    params: { n: 100_000 },
    input: TEXTS,
    expected: utf8Lines(oracle.top(files(TEXTS), 100_000)),
    order: 'global',
  },
  stats: {
    job: 'stats',
    params: { by: 'name', of: 'amount' },
    input: TABLES,
    expected: latin1(oracle.stats(files(TABLES), 'name', 'amount')),
    header: 'name,count,sum,min,mean,max',
  },
  'inverted-index': {
    job: 'inverted-index',
    input: TEXTS,
    expected: latin1(
      oracle.invertedIndex(
        Object.fromEntries(Object.entries(TEXTS).map(([path, content]) => [basename(path), content])),
      ),
    ),
  },
  'join, inner': {
    job: 'join',
    params: { on: 'id' },
    input: { left: TABLES, right: { 'r.csv': randomCsv(SEED + 2, 60) } },
    expected: latin1(oracle.join(files(TABLES), [randomCsv(SEED + 2, 60)], 'id', 'inner')),
    header: 'id,name,amount,right_name,right_amount',
  },
  'join, left': {
    job: 'join',
    params: { on: 'id', type: 'left' },
    input: { left: TABLES, right: { 'r.csv': randomCsv(SEED + 3, 20) } },
    expected: latin1(oracle.join(files(TABLES), [randomCsv(SEED + 3, 20)], 'id', 'left')),
    header: 'id,name,amount,right_name,right_amount',
  },
  sessions: {
    job: 'sessions',
    params: { gap: 500 },
    input: { 'clicks.csv': clicks() },
    expected: latin1(oracle.sessions([clicks()], 500)),
  },
}

/** The lines of an answer; a quoted field may hold a newline, so "lines" of CSV are rows. */
function rowsOf(output: string, header: string | undefined): string[] {
  return partsOf(output).flatMap((part) => {
    if (header === undefined) return utf8Lines(part)
    const [first = [], ...rows] = oracle.parseCsv(part)
    expect(oracle.formatCsv(first)).toBe(header)
    return latin1(rows.map(oracle.formatCsv))
  })
}

function writeInput(folder: string, input: Case['input']) {
  if (!('left' in input) || Buffer.isBuffer(input.left)) {
    writeFiles(folder, input as Record<string, Buffer>)
    return folder
  }
  const { left, right } = input as { left: Record<string, Buffer>; right: Record<string, Buffer> }
  writeFiles(join(folder, 'left'), left)
  writeFiles(join(folder, 'right'), right)
  return { left: join(folder, 'left'), right: join(folder, 'right') }
}

describe.each(Object.entries(CASES))('%s', (_, { job, params = {}, input, expected, order, header }) => {
  it.each([1, 7])(
    'agrees with its oracle and writes the same bytes however it is run, with %i partitions',
    async (partitions) => {
      const paths = writeInput(temporaryFolder(), input)
      let before: Record<string, string> | undefined
      for (const [name, config] of Object.entries(CONFIGS)) {
        const { output } = await run(job, paths, { ...config, params, partitions })
        const rows = rowsOf(output, header)
        if (order === 'global' || partitions === 1) expect(rows, name).toEqual(expected)
        else expect(rows.toSorted(), name).toEqual(expected.toSorted())
        // Only a job without an exchange has as many parts as splits.
        before ??= snapshot(output)
        if (job !== 'grep') expect(snapshot(output), name).toEqual(before)
      }
    },
  )
})

describe('pagerank', () => {
  it('agrees with its oracle and writes the same bytes however it is run', async () => {
    const random = new Random(SEED)
    const page = () => `p${random.below(60)}`
    const graph = Buffer.from(random.times(600, () => `${page()} ${page()}`).join('\n'))
    const expected = oracle.pagerank([graph], 3)
    const folder = temporaryFolder()
    writeFiles(folder, { 'links.txt': graph })
    for (const partitions of [1, 7]) {
      let before: Record<string, string> | undefined
      for (const [name, config] of Object.entries(CONFIGS)) {
        const { output } = await run('pagerank', folder, { ...config, partitions, params: { rounds: 3 } })
        const ranks = linesOf(output).map((line) => [line.split('\t')[0]!, Number(line.split('\t')[1])] as const)
        expect(
          ranks.map(([, rank]) => rank),
          name,
        ).toEqual(ranks.map(([, rank]) => rank).sort((a, b) => b - a))
        expect(new Set(ranks.map(([at]) => at)), name).toEqual(new Set(expected.keys()))
        for (const [at, rank] of ranks) expect(rank, `${name}: ${at}`).toBeCloseTo(expected.get(at)!, 10)
        before ??= snapshot(output)
        expect(snapshot(output), name).toEqual(before)
      }
    }
  })
})

describe('stats', () => {
  it('takes names from --columns, or with --header from the first row', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'plain.txt': 'Oslo;1\nRome;20\nOslo;3\n',
      'named.txt': 'station;temp\nOslo;1\nRome;20\nOslo;3',
    })
    const params = { delimiter: ';', columns: 'station,temp', by: 'station', of: 'temp' }
    const expected = ['station,count,sum,min,mean,max', 'Oslo,2,4,1,2,3', 'Rome,1,20,20,20,20']
    expect(linesOf((await run('stats', join(folder, 'plain.txt'), { params })).output)).toEqual(expected)
    const header = { ...params, header: true }
    expect(linesOf((await run('stats', join(folder, 'named.txt'), { params: header })).output)).toEqual(expected)
  })
})

describe('the number of parts', () => {
  it('is the number of partitions, empty ones included', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.txt': 'one' })
    const { output } = await run('wordcount', folder, { partitions: 3 })
    expect(readdirSync(output).sort()).toEqual(['_SUCCESS', ...[0, 1, 2].map((n) => `part-r-0000${n}.tsv`)])
  })
})
