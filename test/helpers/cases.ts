/** Every ready-made job with input that tells, parameters, and the answer that its oracle gives. */
import { basename, join } from 'node:path'
import { partsOf, writeFiles } from './folder.js'
import * as oracle from './oracles.js'
import { csvField, Random, randomCsv, randomText } from './random.js'

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

export interface Case {
  job: string
  params?: Record<string, string | number | boolean>
  /** Input files, or by name for a job with several inputs. */
  input: Record<string, Buffer> | { left: Record<string, Buffer>; right: Record<string, Buffer> }
  /** Lines of the answer, as bytes: with one partition in this order, else in any. */
  expected: string[]
  /** `global`: the parts, one after another, are in order, however many there are. */
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

export const CASES: Record<string, Case> = {
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
  'stats by several columns, of several': {
    job: 'stats',
    params: { by: 'name,id', of: 'amount,#3' },
    input: TABLES,
    expected: latin1(oracle.stats(files(TABLES), ['name', 'id'], ['amount', 'amount'])),
    header: 'name,id,amount_count,amount_sum,amount_min,amount_mean,amount_max,#3_count,#3_sum,#3_min,#3_mean,#3_max',
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

/** Links of few pages, so that each has many: ranks are compared with the oracle's by value, not by text. */
export const LINKS = pageLinks()

function pageLinks(): Buffer {
  const random = new Random(SEED)
  const page = () => `p${random.below(60)}`
  return Buffer.from(random.times(600, () => `${page()} ${page()}`).join('\n'))
}

/** The lines of an answer; a quoted field may hold a newline, so "lines" of CSV are rows. */
export function rowsOf(output: string, header: string | undefined): string[] {
  return partsOf(output).flatMap((part) => {
    if (header === undefined) return utf8Lines(part)
    const [first = [], ...rows] = oracle.parseCsv(part)
    if (oracle.formatCsv(first) !== header) throw new Error(`a part of ${output} begins with ${first}, not ${header}`)
    return latin1(rows.map(oracle.formatCsv))
  })
}

/** Writes the input of a case below a folder, and gives the paths for the job. */
export function writeInput(folder: string, input: Case['input']): string | { left: string; right: string } {
  if (!('left' in input) || Buffer.isBuffer(input.left)) {
    writeFiles(folder, input as Record<string, Buffer>)
    return folder
  }
  const { left, right } = input as { left: Record<string, Buffer>; right: Record<string, Buffer> }
  writeFiles(join(folder, 'left'), left)
  writeFiles(join(folder, 'right'), right)
  return { left: join(folder, 'left'), right: join(folder, 'right') }
}
