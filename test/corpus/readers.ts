/** All readers of inputs: ready-made jobs and jobs with a map function, each with its right answer. */
import { basename } from 'node:path'
import type { Job } from '../../dist/src/index.js'
import { formatCsv } from '../helpers/oracles.js'
import {
  type Bad,
  type Contents,
  exactLines,
  type Found,
  type Reading,
  readCsv,
  readJsonLines,
  readLines,
} from '../helpers/readings.js'
import type { Case, Kind } from './case.js'
import { ownLines, ownRows, ownValues } from './jobs.js'

/** Records of an answer as text, one per line, and whether their order counts; or why there are none. */
export interface Answer {
  records: string[]
  ordered?: boolean
  /** Bad records, in input order; the first one ends a run that allows none. */
  bad: Bad[]
  refused?: { code: string; file?: string }
}

export interface Reader {
  kind: Kind
  job: string | Job
  params?: (of: Case, files: Contents) => Record<string, string | number | boolean> | undefined
  /** A job with two inputs: the other one. */
  other?: { side: 'left' | 'right'; content: (of: Case, files: Contents) => string }
  /** Undefined: only what holds for every run is checked. */
  answer?: (of: Case, files: Contents) => Answer
  /** A record of `read()` as the oracle writes it. */
  show?: (key: unknown, value: unknown) => string
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1')
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function counted(items: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

/** Lines of the output, bytes as characters. */
const answerOf = (records: string[], ordered = true): Answer => ({ records, ordered, bad: [] })

const exact = (files: Contents) => exactLines(files).map(({ record }) => record)
const textLines = (files: Contents) => readLines(files).found

function words(_: Case, files: Contents): Answer {
  const all = textLines(files).flatMap(({ record }) => record.toLowerCase().split(/\s+/).filter(Boolean))
  return answerOf([...counted(all)].sort(([a], [b]) => byBytes(a, b)).map(([word, n]) => latin1(`${word}\t${n}`)))
}

/** grep sees the text of a line and keeps its bytes. */
function matching(test: (line: string) => boolean): (of: Case, files: Contents) => Answer {
  return (_, files) => {
    const lines = textLines(files)
    return answerOf(exact(files).filter((_, i) => test(lines[i]?.record ?? '')))
  }
}

function top(_: Case, files: Contents): Answer {
  const best = [...counted(exact(files))].sort(([a, m], [b, n]) => n - m || byText(a, b)).slice(0, 3)
  return answerOf(best.map(([line, n]) => `${line}\t${n}`))
}

const TSV: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const tsvField = (text: string) => text.replace(/[\\\t\n\r]/g, (special) => TSV[special]!)

function index(_: Case, files: Contents): Answer {
  const found = new Map<string, Set<string>>()
  for (const { record, file } of textLines(files)) {
    for (const word of record.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
      found.set(word, (found.get(word) ?? new Set()).add(basename(file)))
  }
  const lines = [...found].sort(([a], [b]) => byBytes(a, b)).map(([word, names]) => [word, [...names].sort().join(' ')])
  return answerOf(lines.map((line) => latin1(line.map(tsvField).join('\t'))))
}

function told<R>(reading: Reading<R> & Pick<Answer, 'refused'>, show: (found: Found<R>) => unknown): Answer {
  const records = reading.found.map((found) => JSON.stringify([basename(found.file), show(found)]))
  return { records, ordered: true, bad: reading.bad, ...(reading.refused ? { refused: reading.refused } : {}) }
}

const table = (of: Case, files: Contents) => readCsv(files, of.dialect)
/** Columns of the first file. */
function names(of: Case, files: Contents): string[] | undefined {
  const [first] = Object.values(table(of, files).columns)
  return first && first.length > 0 ? first : undefined
}

const sorted = (value: Record<string, unknown>) => Object.entries(value).sort(([a], [b]) => byText(a, b))

export const READERS: Record<string, Reader> = {
  wordcount: { kind: 'text', job: 'wordcount', answer: words },
  'grep for plain text': {
    kind: 'text',
    job: 'grep',
    params: () => ({ pattern: 'o' }),
    answer: matching((line) => line.includes('o')),
  },
  'grep for what does not match': {
    kind: 'text',
    job: 'grep',
    params: () => ({ pattern: '[a-m]$', invert: true }),
    answer: matching((line) => !/[a-m]$/u.test(line)),
  },
  sort: { kind: 'text', job: 'sort', answer: (_, files) => answerOf(exact(files).sort(byText)) },
  'sort of unique lines in reverse': {
    kind: 'text',
    job: 'sort',
    params: () => ({ unique: true, reverse: true }),
    answer: (_, files) => answerOf([...new Set(exact(files))].sort(byText).reverse()),
  },
  distinct: { kind: 'text', job: 'distinct', answer: (_, files) => answerOf([...new Set(exact(files))].sort(byText)) },
  top: { kind: 'text', job: 'top', params: () => ({ n: 3 }), answer: top },
  'inverted-index': { kind: 'text', job: 'inverted-index', answer: index },
  pagerank: { kind: 'text', job: 'pagerank', params: () => ({ rounds: 1 }) },
  'a map of lines': {
    kind: 'text',
    job: ownLines as unknown as Job,
    answer: (_, files) => told(readLines(files), ({ record }) => record),
    show: (key, value) => JSON.stringify([key, value]),
  },
  'a map of JSON values': {
    kind: 'jsonl',
    job: ownValues as unknown as Job,
    answer: (_, files) => told(readJsonLines(files), ({ record }) => [record]),
    show: (key, value) => JSON.stringify([key, value]),
  },
  'a map of rows': {
    kind: 'csv',
    job: ownRows as unknown as Job,
    params: ({ dialect }) => ({ dialect: JSON.stringify(dialect ?? {}) }),
    answer: (of, files) => {
      const read = table(of, files)
      return told(read, ({ record, file }) =>
        sorted(Object.fromEntries(read.columns[file]!.map((name, i) => [name, record[i]!]))),
      )
    },
    show: (key, value) => JSON.stringify([key, sorted(value as Record<string, string>)]),
  },
  stats: {
    kind: 'csv',
    job: 'stats',
    params: (of, files) => {
      const known = names(of, files)
      return known && { by: formatCsv([known[0]!]), of: formatCsv([known.at(-1)!]) }
    },
    answer: stats,
  },
  'join, as the left side': {
    kind: 'csv',
    job: 'join',
    params: (of, files) => on(of, files, { type: 'left' }),
    other: { side: 'right', content: (of, files) => `${formatCsv([names(of, files)![0]!])},extra\nOslo,1\n` },
    answer: joinedLeft,
  },
  'join, as the right side': {
    kind: 'csv',
    job: 'join',
    params: (of, files) => on(of, files, { type: 'inner' }),
    other: { side: 'left', content: (of, files) => `before,${formatCsv([names(of, files)![0]!])}\n0,Oslo\n1,Rome\n` },
    answer: joinedRight,
  },
  sessions: {
    kind: 'csv',
    job: 'sessions',
    params: (of, files) => {
      const known = names(of, files)
      return known && { user: known[0]!, time: known.at(-1)! }
    },
  },
}

function on(of: Case, files: Contents, more: Record<string, string>): Record<string, string> | undefined {
  const key = names(of, files)?.[0]
  return key === undefined || /[,="]/.test(key) ? undefined : { on: key, ...more }
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

function stats(of: Case, files: Contents): Answer {
  const read = table(of, files)
  const [by, column] = [names(of, files)![0]!, names(of, files)!.at(-1)!]
  const groups = new Map<string, number[]>()
  const bad = [...read.bad]
  // Of every file: one without rows has columns, too.
  for (const [file, columns] of Object.entries(read.columns)) {
    for (const name of [by, column]) if (!columns.includes(name)) read.refused ??= { code: 'COLUMN_UNKNOWN', file }
  }
  for (const { record, file, offset } of read.found) {
    const columns = read.columns[file]!
    const field = record[columns.indexOf(column)] ?? ''
    const key = record[columns.indexOf(by)] ?? ''
    if (field !== '' && !NUMBER.test(field.replace(/^[ \t]+|[ \t]+$/g, ''))) {
      bad.push({ code: 'CSV_BAD_NUMBER', file, offset })
      continue
    }
    const numbers = groups.get(key) ?? []
    groups.set(key, field === '' ? numbers : [...numbers, Number(field)])
  }
  const records = [...groups]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([key, numbers]) => {
      const sum = numbers.reduce((total, number) => total + number, 0)
      const rest =
        numbers.length === 0 ? ['', '', ''] : [Math.min(...numbers), sum / numbers.length, Math.max(...numbers)]
      return latin1(formatCsv([key, numbers.length, sum, ...rest].map(String)))
    })
  const order = Object.keys(files)
  bad.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.offset - b.offset)
  return { records, ordered: false, bad, ...(read.refused ? { refused: read.refused } : {}) }
}

/** The other side has a row with "Oslo" and "1". */
function joinedLeft(of: Case, files: Contents): Answer {
  return joined(of, files, (key, rest) => [[key, ...rest, key === 'Oslo' ? '1' : '']])
}

/** The other side has a row with "0" and "Oslo", and one with "1" and "Rome". */
function joinedRight(of: Case, files: Contents): Answer {
  return joined(of, files, (key, rest) =>
    key === 'Oslo' ? [[key, '0', ...rest]] : key === 'Rome' ? [[key, '1', ...rest]] : [],
  )
}

/** A side of a join: the key, and the other columns in the order of the first file, found by name in the others. */
function joined(of: Case, files: Contents, join: (key: string, rest: string[]) => string[][]): Answer {
  const read = table(of, files)
  const [columns = []] = Object.values(read.columns)
  for (const [file, own] of Object.entries(read.columns)) {
    if (columns.some((name) => !own.includes(name))) read.refused ??= { code: 'COLUMN_UNKNOWN', file }
    if (own.some((name) => !columns.includes(name))) read.refused ??= { code: 'COLUMN_EXTRA', file }
  }
  const records = read.found.flatMap(({ record, file }) => {
    const [key = '', ...rest] = columns.map((name) => record[read.columns[file]!.indexOf(name)] ?? '')
    return join(key, rest).map((fields) => latin1(formatCsv(fields)))
  })
  return { records, ordered: false, bad: read.bad, ...(read.refused ? { refused: read.refused } : {}) }
}
