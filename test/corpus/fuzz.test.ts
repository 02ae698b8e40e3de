/**
 * Random dirty files against the plain readers of test/helpers/readings.ts: a folder of them in one run that skips every bad record, so
 * that each file shows separately what was read and what was not.
 */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Job } from '../../dist/src/index.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { type Bad, type Contents, type Dialect, readCsv, readJsonLines, readLines } from '../helpers/readings.js'
import { type Config, type Outcome, run } from '../helpers/run.js'
import { caseCount, SUITE_TIMEOUT_MS } from '../helpers/soak.js'
import { ownLines, ownRows, ownValues } from './jobs.js'

const SEED = process.env.SEED === 'random' ? Date.now() & 0xffff : Number(process.env.SEED ?? 20_260_101)
const FILES = 60

const CONFIGS: Config[] = [{ workers: 1 }, { workers: 2, tuning: { splitBytes: 37 } }]

/** The result of a run, by file. */
interface Told {
  records: Map<string, unknown[]>
  bad: Bad[]
}

async function tell(job: Job, contents: Contents, params: Record<string, string>, config: Config): Promise<Told> {
  const folder = temporaryFolder()
  writeFiles(folder, contents)
  const outcome = await run(job, folder, { ...config, params, maxBad: '100%' })
  const records = new Map<string, unknown[]>()
  for await (const [file, record] of outcome.read()) {
    const all = records.get(file as string) ?? []
    records.set(file as string, all)
    all.push(record)
  }
  return { records, bad: passedOver(outcome) }
}

function passedOver({ quarantine, output }: Outcome): Bad[] {
  const list = quarantine === null ? '' : readFileSync(join(output, '_quarantine.jsonl'), 'utf8')
  const bad = list.split('\n').slice(0, -1)
  return bad.map((line) => JSON.parse(line)).map(({ code, file, offset }) => ({ code, file: basename(file), offset }))
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

/** Compares file by file, so that a failure shows the one whose reading differs. */
function expectSame(contents: Contents, told: Told, expected: Told, what: string): void {
  for (const [file, content] of Object.entries(contents)) {
    const of = ({ records, bad }: Told) => ({
      records: records.get(file) ?? [],
      bad: bad.filter((one) => one.file === file),
    })
    expect(of(told), `${what}, ${file}: ${JSON.stringify(content.toString('latin1'))}`).toEqual(of(expected))
  }
}

function grouped<R>(
  found: readonly { record: R; file: string }[],
  show: (one: { record: R; file: string }) => unknown,
): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>()
  for (const one of found) groups.set(one.file, [...(groups.get(one.file) ?? []), show(one)])
  return groups
}

function filesOf(random: Random, make: () => string): Contents {
  return Object.fromEntries(
    random.times(FILES, (i) => [`f${String(i).padStart(3, '0')}`, Buffer.from(make(), 'latin1')]),
  )
}

/** Bytes as characters. */
const bytes = (text: string) => Buffer.from(text).toString('latin1')

const CSV_PIECES = [
  ...[
    'a',
    'b',
    ' ',
    '1',
    '-2.5',
    'été',
    '😀',
    'long\0word',
    '\xff',
    '\t',
    '\v',
    '"',
    '""',
    "'",
    '\\',
    '\\"',
    ';',
    '|',
    '#',
  ],
  ...[
    ',',
    ',',
    ',',
    ',',
    ',',
    '\n',
    '\n',
    '\n',
    '\r\n',
    '\r\n',
    '\r',
    '"a"',
    '"a,b"',
    '"a\nb"',
    '"a""b"',
    '""',
    '"\r\n"',
  ],
  ...['\n\n', '\ufeff', '",', '\n"', '"\n', ',"', ',,', '"x"y', '\u2028'],
]
const HEADERS = [
  'a,b,c\n',
  'a,b,c\r\n',
  '\ufeffa,b,c\n',
  '"a","b","c"\n',
  '\n\na,b,c\n',
  'a,b,a\n',
  'a,,c,\n',
  ',\n',
  'x\n',
  'c,b,a\n',
]

/** Options of csv(), each as often left out as not; no two characters are the same. */
function randomDialect(random: Random): Dialect {
  const some = <T>(from: readonly T[]): T | undefined => (random.below(2) === 0 ? undefined : random.pick(from))
  const options = {
    delimiter: some([';', '\t', '|', ' ', '\x01']),
    quote: some([null, "'"]),
    escape: some(['\\']),
    comment: some(['#']),
    skip: some([1, 2]),
    trim: some([true]),
    raggedRows: some(['fill', 'drop']),
    missing: some([
      ['a', '1'],
      ['b', ''],
    ]),
    ...random.pick([{}, {}, {}, { columns: ['p', 'q'] }, { header: false }, { columns: ['a', 'c'], header: true }]),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Dialect
}

describe(`random dirty files (SEED=${SEED})`, { timeout: SUITE_TIMEOUT_MS }, () => {
  it('of CSV are read as a plain reader reads them, and no row is lost', async () => {
    for (let round = 0; round < caseCount(12, 400); round++) {
      const random = new Random(SEED + round)
      const dialect = round === 0 ? {} : randomDialect(random)
      const { delimiter = ',' } = dialect
      const contents = filesOf(random, () => {
        const header = bytes(random.pick(HEADERS)).replaceAll(',', delimiter)
        const body = bytes(random.times(random.below(40), () => random.pick(CSV_PIECES)).join(''))
        const titles = 'a title\n'.repeat(dialect.skip ?? 0)
        return titles + header + body.replaceAll('\xc3\xbf', '\xff').replaceAll(',', random.pick([',', delimiter]))
      })
      const readable = Object.fromEntries(
        Object.entries(contents).filter(([file, content]) => !readCsv({ [file]: content }, dialect).refused),
      )
      if (Object.keys(readable).length === 0) continue
      const { columns, found, bad } = readCsv(readable, dialect)
      const row = ({ record, file }: { record: string[]; file: string }) =>
        Object.fromEntries(columns[file]!.map((name, i) => [name, record[i]]))
      const expected = { records: grouped(found, row), bad }
      const config = CONFIGS[round % CONFIGS.length]!
      const told = await tell(ownRows as unknown as Job, readable, { dialect: JSON.stringify(dialect) }, config)
      expectSame(readable, told, expected, `seed ${SEED + round}, ${JSON.stringify(dialect)}`)
    }
  })

  const NUMBERS = ['1', '-2.5', '0.25', '1e3', ' 3', '', '""', '"4"', 'x', '--1', '1 000', '"5', '"6"7', '"8\n9"']
  const KEYS = ['a', 'b', '', 'é', '"a"', '"a,b"', '"two\nlines"', '"say ""hi"""', 'x"y', '"x"y', ' ', '1', '01']
  it('of CSV are summed natively as in plain TypeScript, and every skipped row is listed', async () => {
    for (let round = 0; round < caseCount(6, 200); round++) {
      const random = new Random(SEED + round)
      const end = random.pick(['\n', '\r\n'])
      const contents = filesOf(random, () => {
        const isTurned = random.below(2) === 0
        const order = (key: string, number: string) => (isTurned ? `${number},x,${key}` : `${key},${number},x`)
        const row = () => {
          const whole = order(random.pick(KEYS), random.pick(NUMBERS))
          return random.pick([whole, whole, whole, `${whole},`, `${whole},y`, random.pick(KEYS), ''])
        }
        const rows = [isTurned ? 'n,other,k' : 'k,n,other', ...random.times(random.below(12), row)]
        return bytes(rows.join(end) + random.pick([end, '']))
      })
      const { columns, found, bad } = readCsv(contents)
      const groups = new Map<string, number[]>()
      const expected = [...bad]
      for (const { record, file, offset } of found) {
        const field = (name: string) => record[columns[file]!.indexOf(name)]!
        const number = field('n').trim()
        if (number !== '' && !NUMBER.test(number)) expected.push({ code: 'CSV_BAD_NUMBER', file, offset })
        else groups.set(field('k'), [...(groups.get(field('k')) ?? []), ...(number === '' ? [] : [Number(number)])])
      }
      const folder = temporaryFolder()
      writeFiles(folder, contents)
      const config = { ...CONFIGS[round % CONFIGS.length]!, params: { by: 'k', of: 'n' }, maxBad: '100%' }
      const outcome = await run('stats', folder, config)
      const told = new Map<string, unknown>()
      for await (const [key, values] of outcome.read()) told.set(key as string, values)
      const sums = [...groups].map(([key, numbers]): [string, unknown] => [
        key,
        expect.objectContaining({ count: numbers.length, sum: numbers.reduce((total, number) => total + number, 0) }),
      ])
      const what = `seed ${SEED + round}`
      expect(told, what).toEqual(new Map(sums))
      const place = ({ file, offset }: Bad) => `${file} ${String(offset).padStart(6, '0')}`
      const inOrder = (all: Bad[]) => all.sort((a, b) => (place(a) < place(b) ? -1 : 1))
      expect(inOrder(passedOver(outcome)), what).toEqual(inOrder(expected))
    }
  })

  const JSON_PIECES = [
    ...[
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"',
      '1',
      '-1.5e3',
      '01',
      'null',
      'true',
      'NaN',
      ' ',
      '\t',
      '\\',
      '\\u00e9',
    ],
    ...[
      '\n',
      '\n',
      '\n',
      '\r\n',
      '\r',
      '{"a":1}',
      '{"a":{"b":[1,2]}}',
      '"é😀"',
      '\ufeff',
      '\0',
      '//',
      "'a'",
      '\u2028',
      '[]',
    ],
  ]
  it('of JSON lines are read as a plain reader reads them, and no line is lost', async () => {
    for (let round = 0; round < caseCount(2, 100); round++) {
      const random = new Random(SEED + round)
      const contents = filesOf(
        random,
        () => `{"first":1}\n${bytes(random.times(random.below(25), () => random.pick(JSON_PIECES)).join(''))}`,
      )
      const { found, bad } = readJsonLines(contents)
      const expected = { records: grouped(found, ({ record }) => [record]), bad }
      const told = await tell(ownValues as unknown as Job, contents, {}, CONFIGS[round % CONFIGS.length]!)
      expectSame(contents, told, expected, `seed ${SEED + round}`)
    }
  })

  const TEXT_PIECES = [
    'a',
    'é',
    '😀',
    '\xff',
    'long\0word',
    ' ',
    '\n',
    '\n',
    '\r\n',
    '\r',
    '\n\r',
    '\ufeff',
    '\u2028',
    '\x85',
  ]
  it('of text are read as a plain reader reads them', async () => {
    for (let round = 0; round < caseCount(2, 100); round++) {
      const random = new Random(SEED + round)
      const contents = filesOf(random, () =>
        bytes(random.times(random.below(15), () => random.pick(TEXT_PIECES)).join('')),
      )
      const { found, bad } = readLines(contents)
      const told = await tell(ownLines as unknown as Job, contents, {}, CONFIGS[round % CONFIGS.length]!)
      expectSame(contents, told, { records: grouped(found, ({ record }) => record), bad }, `seed ${SEED + round}`)
    }
  })
})
