/** docs/values.md, row by row: what happens to values that are missing, not numbers or too large, in every place. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { CONFIGS, failure, type Outcome, run } from '../helpers/run.js'
import {
  bigSum,
  combined,
  largestFirst,
  parsed,
  placed,
  type places,
  priced,
  read,
  smallest,
  smallestFirst,
  textual,
  values,
} from './value_jobs.js'

interface Entry {
  code: string
  excerpt: string
  reason: string
}

function fileOf(name: string, content: string): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

const jsonLines = (records: readonly unknown[]) => records.map((one) => `${JSON.stringify(one)}\n`).join('')

type Written = [string, unknown]

async function recordsOf(outcome: Outcome): Promise<Written[]> {
  const records: Written[] = []
  for await (const record of outcome.read()) records.push(record as Written)
  return records
}

/** The skipped records. */
function badOf({ recordsQuarantined, quarantine }: Outcome): Entry[] {
  if (recordsQuarantined === 0) return []
  return readFileSync(quarantine!, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
}

/** Runs a job over good and bad records; what happened to each, by key. */
async function fates(job: unknown, input: string, params: Record<string, string>): Promise<Record<string, unknown>> {
  const outcome = await run(job as never, input, { params, workers: 1, maxBad: 1000 })
  const fate: Record<string, unknown> = {}
  for await (const [key, value] of outcome.read()) fate[Array.isArray(key) ? `${key[0]}` : `${key}`] = value
  for (const { code, excerpt } of badOf(outcome)) fate[keyIn(excerpt)] = code
  return fate
}

/** A line of text is its own key; a line of CSV or JSON begins with its key. */
function keyIn(excerpt: string): string {
  return excerpt.startsWith('{') ? /"k":"(.*?)"/.exec(excerpt)![1]! : excerpt.replace(/,.*/s, '')
}

const BAD = 'EMIT_TYPE'
const notNumbers = { NaN: BAD, Infinity: BAD, '-Infinity': BAD, text: BAD, bigint: BAD }
const nothing = { mean: null, min: null, max: null, first: null, last: null }
const none = { records: 1, count: 0, sum: 0, ...nothing, top: [] }
const only = (x: number) => ({ records: 1, count: 1, sum: x, mean: x, min: x, max: x, first: x, last: x, top: [x] })

const wanted: Record<Exclude<keyof typeof places, 'write' | 'counter'>, Record<string, unknown>> = {
  value: { one: 1, null: null, undefined: BAD, '-0': 0, ...notNumbers },
  property: { one: only(1), null: none, undefined: none, '-0': only(0), ...notNumbers },
  presence: { one: 1, null: 0, undefined: 0, '-0': 1, text: 1, bigint: 1, NaN: BAD, Infinity: BAD, '-Infinity': BAD },
  key: { 1: 'one', 0: '-0', null: BAD, undefined: BAD, ...notNumbers },
  tuple: { one: 1, '-0': 1, null: BAD, undefined: BAD, ...notNumbers },
  object: { one: { x: 1 }, null: { x: null }, undefined: {}, '-0': { x: 0 }, ...notNumbers, text: { x: '12' } },
  array: { one: [1], null: [null], undefined: BAD, '-0': [0], ...notNumbers, text: ['12'] },
  order: { all: 'Infinity', null: BAD, undefined: BAD, NaN: BAD },
  outValue: { one: 1, null: null, undefined: BAD, '-0': 0, ...notNumbers },
}

const names = Object.keys(values)
const lines = `${names.join('\n')}\n`

it.each(Object.entries(wanted).filter(([place]) => place !== 'outValue'))(
  'a function may give as %s what is a value there',
  async (place, fate) => {
    expect(await fates(placed, fileOf('names.txt', lines), { place })).toEqual(
      place === 'presence'
        ? Object.fromEntries(Object.entries(fate).map(([k, v]) => [k, typeof v === 'number' ? { count: v } : v]))
        : fate,
    )
  },
)

it('a reduce may emit what the output can hold', async () => {
  for (const [name, fate] of Object.entries(wanted.outValue)) {
    const options = { params: { place: 'outValue' }, workers: 1 }
    const outcome = run(placed as never, fileOf('names.txt', `${name}\n`), options)
    if (fate === BAD) expect((await failure(outcome)).code, name).toBe(BAD)
    else expect(await recordsOf(await outcome), name).toEqual([[name, fate]])
  }
})

it('order may put records first and last', async () => {
  const outcome = await run(placed as never, fileOf('names.txt', 'one\nInfinity\n-0\n-Infinity\n'), {
    params: { place: 'order' },
    workers: 1,
  })
  const order = (await recordsOf(outcome)).map(([, line]) => line)
  expect(order).toEqual(['-Infinity', '-0', 'one', 'Infinity'])
})

it('ctx.write() writes a missing value as empty, and refuses what is not a number', async () => {
  const outcome = await run(placed as never, fileOf('names.txt', lines), {
    params: { place: 'write' },
    workers: 1,
    maxBad: 1000,
  })
  expect(linesOf(join(outcome.output, 'side'))).toEqual([
    'one\t1',
    'null\t',
    'undefined\t',
    '-0\t0',
    'text\t12',
    'bigint\t12',
  ])
  expect(badOf(outcome).map(({ code, excerpt }) => [excerpt, code])).toEqual(
    ['NaN', 'Infinity', '-Infinity'].map((name) => [name, BAD]),
  )
})

it('ctx.count() takes whole numbers only', async () => {
  for (const name of names) {
    const outcome = run(placed as never, fileOf('names.txt', `${name}\n`), { params: { place: 'counter' }, workers: 1 })
    if (['one', 'undefined', '-0'].includes(name)) {
      const counters = (await outcome).counters as Record<string, number>
      expect(counters[name] ?? 0, name).toBe(name === '-0' ? 0 : 1)
    } else {
      expect((await failure(outcome)).code, name).toBe('COUNTER_INVALID')
    }
  }
})

const NUMBERS: Record<string, number | string> = {
  '12': 12,
  '-1.5': -1.5,
  '1e3': 1000,
  '-0': 0,
  '0.1234567890123456789': 0.12345678901234568,
  '1e-400': 0,
  '123456789012345680000': 123456789012345680000,
  '9007199254740992': 2 ** 53,
  '1.7976931348623157e308': Number.MAX_VALUE,
  '9007199254740993': 'NUMBER_TOO_LARGE',
  '-9007199254740993': 'NUMBER_TOO_LARGE',
  '9007199254740993.0': 'NUMBER_TOO_LARGE',
  '1e400': 'NUMBER_TOO_LARGE',
  '-1e400': 'NUMBER_TOO_LARGE',
}
const CSV_NUMBERS: Record<string, number | string | null> = {
  ...NUMBERS,
  '': null,
  NA: null,
  '+5': 5,
  '.5': 0.5,
  '5.': 5,
  ' 7 ': 7,
  '0x10': 'CSV_BAD_NUMBER',
  '1_000': 'CSV_BAD_NUMBER',
  Infinity: 'CSV_BAD_NUMBER',
  nan: 'CSV_BAD_NUMBER',
  '１２': 'CSV_BAD_NUMBER',
}
const answer = (x: number | string | null) => (typeof x === 'number' ? only(x) : x === null ? none : x)
const answersBy = (wantedBy: Record<string, number | string | null>) =>
  Object.fromEntries(Object.values(wantedBy).map((x, i) => [`r${i}`, answer(x)]))

it('a native column of CSV has these numbers', async () => {
  const rows = Object.keys(CSV_NUMBERS).map((x, i) => `r${i},${x}\n`)
  expect(await fates(read, fileOf('in.csv', `k,x\n${rows.join('')}`), { by: 'native' })).toEqual(answersBy(CSV_NUMBERS))
})

it('a row of CSV is text, in which a missing field is empty, and NaN made of one is refused', async () => {
  const fate = await fates(read, fileOf('in.csv', 'k,x\na,12\nb,\nc,NA\nd,3 kr\ne,-0\nf,1e400\n'), { by: 'rows' })
  expect(fate).toEqual({ a: only(12), b: only(0), c: only(0), d: BAD, e: only(0), f: BAD })
})

it('JSON lines have these numbers', async () => {
  const all: Record<string, number | string | null> = { ...NUMBERS, null: null, '"12"': BAD, true: BAD, '[1]': BAD }
  const rows = Object.keys(all).map((x, i) => `{"k":"r${i}","x":${x}}\n`)
  const fate = await fates(read, fileOf('in.jsonl', `${rows.join('')}{"k":"absent"}\n`), { by: 'jsonl' })
  expect(fate).toEqual({ ...answersBy(all), absent: none })
  const bad = await fates(
    read,
    fileOf('in.jsonl', ['+5', '.5', '5.', '0x10', 'NaN', '01'].map((x) => `{"k":"${x}","x":${x}}\n`).join('')),
    { by: 'jsonl' },
  )
  expect(new Set(Object.values(bad))).toEqual(new Set(['JSONL_BAD_RECORD']))
  expect(Object.keys(bad)).toHaveLength(6)
})

it.each(Object.keys(CONFIGS))('aggregates skip missing values in any place (%s)', async (name) => {
  const config = CONFIGS[name]!
  const numbers = [3, null, null, -1, 5, null]
  const file = fileOf('in.jsonl', jsonLines(numbers.map((x) => ({ k: 'k', x }))))
  const outcome = await run(read as never, file, { ...config, params: { by: 'jsonl' } })
  expect(await recordsOf(outcome)).toEqual([
    ['k', { records: 6, count: 3, sum: 7, mean: 7 / 3, min: -1, max: 5, first: 3, last: 5, top: [5, 3] }],
  ])
})

it('text is missing in an empty field that an aggregate reads, and a value where a function emits it', async () => {
  const table = fileOf('in.csv', 'k,x\na,\nb,NA\nc,x\nc,\nc,x\n')
  const missing = { count: 0, distinct: 0, first: null, max: null, top: [] }
  const empty = { count: 1, distinct: 1, first: '', max: '', top: [''] }
  const c = { first: 'x', max: 'x', top: ['x', 'x'] }
  expect(await fates(textual, table, { by: 'native' })).toEqual({
    a: missing,
    b: missing,
    c: { count: 2, distinct: 1, ...c },
  })
  expect(await fates(textual, table, { by: 'emitted' })).toEqual({
    a: empty,
    b: empty,
    c: { count: 3, distinct: 2, ...c },
  })
  expect(await fates(textual, table, { by: 'null' })).toEqual({
    a: missing,
    b: missing,
    c: { count: 2, distinct: 1, ...c },
  })
})

it.each([
  ['tsv', ['a\t', 'b\t0', 'c\t1000']],
  ['csv', ['a,', 'b,0', 'c,1000']],
  ['jsonl', ['{"key":"a","value":null}', '{"key":"b","value":0}', '{"key":"c","value":1000}']],
])('a missing answer is nothing in %s, and read() gives null', async (format, written) => {
  const options = { params: { format }, workers: 1 }
  const outcome = await run(smallest as never, fileOf('in.csv', 'k,x\na,\nb,-0\nc,1e3\n'), options)
  expect(linesOf(outcome.output).slice(-3)).toEqual(written)
  expect(await recordsOf(outcome)).toEqual([
    ['a', null],
    ['b', 0],
    ['c', 1000],
  ])
})

it.each([
  [smallestFirst, [-1, 2, 7]],
  [largestFirst, [7, 2, -1]],
])('missing numbers come last by value, ascending and descending (%#)', async (job, numbers) => {
  const records = [null, 2, -1, null, 7].map((x, i) => ({ k: `k${i}`, x }))
  const outcome = await run(job as never, fileOf('in.jsonl', jsonLines(records)), { workers: 1 })
  expect((await recordsOf(outcome)).map(([, x]) => x)).toEqual([...numbers, null, null])
})

const INTEGERS: Record<string, { error?: string; bigint?: string; number?: string }> = {
  '[9007199254740993]': { bigint: '["9007199254740993n"]', number: '[9007199254740992]' },
  '{"a":{"b":[1,-9007199254740993]}}': {
    bigint: '{"a":{"b":[1,"-9007199254740993n"]}}',
    number: '{"a":{"b":[1,-9007199254740992]}}',
  },
  '9007199254740993': { bigint: '"9007199254740993n"', number: '9007199254740992' },
  '[1e400]': {},
  '[-1e+400]': {},
  '{"a":1e0400}': {},
}
/** The same whatever the option. */
const PLAIN = {
  '["9007199254740993","1e400",", 9007199254740993"]': '["9007199254740993","1e400",", 9007199254740993"]',
  '{"9007199254740993":1}': '{"9007199254740993":1}',
  '["a\\"",9007199254740992]': '["a\\"",9007199254740992]',
  '[9007199254740991,-9007199254740991]': '[9007199254740991,-9007199254740991]',
  '[123456789012345680000]': '[123456789012345680000]',
  '[1e22,1E+22,1e-400,-0,-0.0]': '[1e+22,1e+22,0,0,0]',
  '[0.12345678901234567890]': '[0.12345678901234568]',
}

it.each(['error', 'bigint', 'number'] as const)("jsonl({ integers: '%s' })", async (integers) => {
  for (const [line, by] of Object.entries(INTEGERS)) {
    const outcome = run(parsed as never, fileOf('in.jsonl', `${line}\n`), { params: { integers }, workers: 1 })
    if (by[integers] === undefined) expect((await failure(outcome)).code, line).toBe('NUMBER_TOO_LARGE')
    else expect(await recordsOf(await outcome)).toEqual([[by[integers], 'read']])
  }
  const all = fileOf('in.jsonl', `${Object.keys(PLAIN).join('\n')}\n`)
  const outcome = await run(parsed as never, all, { params: { integers }, workers: 1 })
  const found = await recordsOf(outcome)
  expect(found.map(([text]) => text)).toEqual(Object.values(PLAIN))
})

it.each(Object.keys(CONFIGS))(
  'sums before a reduce are rounded once, and never too large on the way (%s)',
  async (name) => {
    const config = CONFIGS[name]!
    const lines = [1e308, 0.1, 1e308, 3, -1e308, 0.2, -1e308].flatMap((x) => Array<string>(300).fill(`${x}\n`))
    const outcome = await run(combined as never, fileOf('in.txt', lines.join('')), { ...config, partitions: 1 })
    // 300 times the doubles 0.1, 0.2 and 3, as one fraction.
    expect(await recordsOf(outcome)).toEqual([['sum', 990]])
  },
)

it('bigints sum exactly at any size', async () => {
  const large = '{"n":9007199254740993}\n'.repeat(3)
  const { output } = await run(bigSum, fileOf('in.jsonl', `${large}{"n":123456789012345678901234567891}\n`), {
    workers: 1,
  })
  expect(linesOf(output)).toEqual([`n\t${3n * 9007199254740993n + 123456789012345678901234567891n}`])
})

it.each(Object.keys(CONFIGS))(
  'a property that no value has is misspelt, one that some have is not (%s)',
  async (name) => {
    const config = CONFIGS[name]!
    const rows = Array.from({ length: 600 }, (_, i) => ({ i, prize: 1 }))
    const error = await failure(run(priced as never, fileOf('in.jsonl', jsonLines(rows)), config))
    expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', message: expect.stringContaining('price') })
    // One value has it, in the last split.
    const outcome = await run(priced as never, fileOf('in.jsonl', jsonLines([...rows, { price: 5 }])), config)
    expect(await recordsOf(outcome)).toEqual([['all', { records: 601, total: 5 }]])
  },
)

it('a resumed run finds a misspelt property again', async () => {
  const file = fileOf('in.jsonl', jsonLines(Array.from({ length: 600 }, (_, i) => ({ i, prize: 1 }))))
  const output = join(temporaryFolder(), 'out')
  const options = { output, workers: 1, tuning: { splitBytes: 3331 } }
  for (const _ of ['first', 'again']) {
    expect((await failure(run(priced as never, file, options))).code).toBe('COLUMN_UNKNOWN')
  }
})

const TIMES: Record<string, number | string> = {
  '2024-02-29': 1709164800,
  '2024-02-29T12:00': 1709208000,
  '2024-02-29 12:00:01': 1709208001,
  '2024-02-29T12:00:01.25Z': 1709208001.25,
  '2024-02-29T12:00:01.5+01:00': 1709204401.5,
  '2024-02-29T12:00:01-0530': 1709227801,
  '2024-02-29t12:00z': 1709208000,
  '1969-12-31T23:59:59.75Z': -0.25,
  '0': 0,
  '-1.5': -1.5,
  '1709208001': 1709208001,
  '1.7e9': 1.7e9,
  '9999-12-31T23:59:59Z': 253402300799,
  '2023-02-29': 'CSV_BAD_TIME',
  '2024-13-01': 'CSV_BAD_TIME',
  '2024-01-01T25:00': 'CSV_BAD_TIME',
  '2024-01-01T12:60': 'CSV_BAD_TIME',
  '2024-01-01T12:00+24:00': 'CSV_BAD_TIME',
  '2024-1-1': 'CSV_BAD_TIME',
  '01/02/2024': 'CSV_BAD_TIME',
  '1709208001000': 'CSV_BAD_TIME',
  '1e400': 'CSV_BAD_TIME',
  Infinity: 'CSV_BAD_TIME',
  '0x10': 'CSV_BAD_TIME',
  soon: 'CSV_BAD_TIME',
  '': 'CSV_EMPTY_FIELD',
  '  ': 'CSV_EMPTY_FIELD',
}

it('sessions takes times in ISO 8601 and in seconds, and nothing else', async () => {
  const rows = Object.keys(TIMES).map((time, i) => `u${i},${time}\n`)
  const fate = await fates('sessions', fileOf('in.csv', `user,time\n${rows.join('')},5\n`), {})
  const sessions = Object.values(TIMES).map((time, i) => [
    `u${i}`,
    typeof time === 'number' ? { start: time, end: time, events: 1 } : time,
  ])
  expect(fate).toEqual({ ...Object.fromEntries(sessions), '': 'CSV_EMPTY_FIELD' })
})

it('sessions takes seconds with the separators of the file’s numbers', async () => {
  const rows = 'user;time\na;1.700.000.000,5\nb;2023-11-14T22:13:20,5Z\nc;1700000000,5\nd;1.7000\ne;1700000000.5\n'
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.csv': rows })
  const params = { delimiter: ';', decimal: ',', thousands: '.' }
  const { output } = await run('sessions', folder, { params, maxBad: 2 })
  const session = '{"end":1700000000.5,"events":1,"start":1700000000.5}'
  expect(linesOf(output).sort()).toEqual(['a', 'b', 'c'].map((user) => `${user}\t${session}`))
})
