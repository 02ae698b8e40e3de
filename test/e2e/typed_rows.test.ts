/** Maps of rows with the types of a schema: values as in data frames, the same however a map uses its rows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { csv, jsonl, read } from 'runjob'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, type Config, failure, run } from '../helpers/run.js'
import {
  dialect,
  FLAT,
  headless,
  jsonSales,
  misspelt,
  NESTED,
  namedCsv,
  namedJson,
  nested,
  regionsOnly,
  renamed,
  sales,
  shown,
  twoInputs,
  unsafeName,
  wholeCsv,
  wholeJson,
  wholeSales,
} from './typed_row_jobs.js'

function fileOf(content: string | Uint8Array, name = 'input'): string {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

/** Lines of text, an object each; of more than a megabyte where a map's source is to be looked at. */
const TEXTS = ['plain', '', 'ü', '東京 𝔘', 'a,"b"\n c', 'x'.repeat(40), '\u0000']

function randomRow(random: Random, id: number): Record<string, string | null> {
  const maybe = (value: () => string) => (random.below(5) === 0 ? null : value())
  const fraction = () => String(random.below(1_000_000)).padStart(6, '0')
  const two = (below: number) => String(1 + random.below(below)).padStart(2, '0')
  const day = () => `${1000 + random.below(8000)}-${two(12)}-${two(28)}`
  return {
    id: String(id),
    name: maybe(() => random.pick(TEXTS)),
    flag: maybe(() => random.pick(['true', 'false'])),
    n: maybe(() => String(random.pick([0, -1, 2 ** 53 - 1, 1 - 2 ** 53, random.below(1e9)]))),
    exact: maybe(() => random.pick(['9223372036854775807', '-9223372036854775808', '5'])),
    x: maybe(() => random.pick(['0.1', '-1e300', '5e-324', '12345.678', '0'])),
    price: maybe(() => `${random.below(1e9) - 5e8}.${two(90)}`),
    wide: maybe(() => `-${'9'.repeat(1 + random.below(30))}.${random.below(900) + 100}`),
    day: maybe(day),
    at: maybe(() => `${day()}T${two(23)}:${two(59)}:${two(59)}.${String(random.below(1000)).padStart(3, '0')}Z`),
    micros: maybe(() => `${day()}T${two(23)}:${two(59)}:${two(59)}.${fraction()}Z`),
    local: maybe(() => `${day()}T${two(23)}:${two(59)}:${two(59)}.${fraction()}`),
    bytes: maybe(() => Buffer.from(random.pick(TEXTS)).toString('base64') || 'AA=='),
  }
}

const BARE = new Set(['id', 'flag', 'n', 'exact', 'x', 'price', 'wide'])

function jsonOf(row: Record<string, string | null>): string {
  const value = (name: string, text: string | null) =>
    text === null || BARE.has(name) ? String(text) : JSON.stringify(text)
  return `{${Object.entries(row).map(([name, text]) => `"${name}":${value(name, text)}`)}}`
}

/** Text without a value is null in CSV. */
function csvOf(rows: readonly Record<string, string | null>[]): string {
  const quoted = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`)
  return [Object.keys(rows[0]!).join(), ...rows.map((row) => Object.values(row).map(quoted).join()), ''].join('\n')
}

type Row = Record<string, unknown>
const asWhole = (row: Row) => shown({ ...row, at: (row.at as Date | null)?.toISOString() ?? null })
const asNamed = (row: Row) => {
  const { name, flag, exact, x, price, wide, day, at, micros, local, bytes } = row
  return shown([name, flag, exact, x, price, wide, day, at, micros, local, bytes])
}
/** What `tsv()` writes. */
const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')

describe.each([
  ['few', 300, 1],
  ['more than a megabyte of', 6000, 2],
])('%s rows', (_, count, seed) => {
  const random = new Random(seed)
  const rows = random.times(count, (i) => randomRow(random, i))
  const content = { csv: csvOf(rows), json: `${rows.map(jsonOf).join('\n')}\n` }

  it.each([
    ['whole', 'csv', wholeCsv, asWhole],
    ['whole', 'json', wholeJson, asWhole],
    ['by name', 'csv', namedCsv, asNamed],
    ['by name', 'json', namedJson, asNamed],
  ] as const)(`have the values of a data frame, used %s, in %s (seed ${seed})`, async (_, kind, job, show) => {
    const path = fileOf(content[kind], `rows.${kind}`)
    const format = kind === 'csv' ? csv({ schema: FLAT }) : jsonl({ schema: FLAT })
    const wanted = (await read(format, path).collect()).map((row) => `${row.id}\t${escaped(show(row))}`)
    for (const [name, config] of Object.entries<Config>(CONFIGS)) {
      const { output, recordsRead } = await run(job, path, config)
      expect(linesOf(output), name).toEqual(wanted)
      expect(recordsRead).toBe(count)
    }
    const whole = await run(job, path, { workers: 1, tuning: { splitBytes: 2 ** 30 } })
    expect(linesOf(whole.output)).toEqual(wanted)
  })
})

describe('rows with types', () => {
  it('may have lists and structs', async () => {
    const lines = [
      '{"id":1,"tags":["a",null,"ü"],"place":{"x":0.5,"city":"Ulm","ids":[1,2]}}',
      '{"id":2,"tags":[],"place":null}',
      '{"id":3,"place":{"city":"","ids":[],"y":7}}',
    ]
    const path = fileOf(lines.join('\n'), 'a.jsonl')
    const rows = await read(jsonl({ schema: NESTED }), path).collect()
    const { output } = await run(nested, path)
    expect(linesOf(output)).toEqual(rows.map((row) => `${row.id}\t${escaped(shown([row.tags, row.place]))}`))
  })

  const SALES = 'region,amount,year\nnorth,3,2024\nsouth,,2024\nnorth,4,2025\n'
  const SUMS = ['north\t7', 'south\t0']

  it('are found by the names of columns, in any order, and other columns do not matter', async () => {
    for (const job of [sales, wholeSales]) {
      expect(linesOf((await run(job, fileOf(SALES))).output)).toEqual(SUMS)
      const other = 'x,year,region,amount\n1,2024,north,7\n,2024,south,\n'
      expect(linesOf((await run(job, fileOf(other))).output)).toEqual(SUMS)
    }
  })

  it('are refused where a file lacks a column', async () => {
    const error = await failure(run(sales, fileOf('region,total,year\nnorth,1,2024\n')))
    expect([error.code, error.params.name]).toEqual(['COLUMN_UNKNOWN', 'amount'])
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': SALES, 'b.csv': 'region,total,year\nnorth,1,2024\n' })
    const second = await failure(run(sales, folder))
    expect([second.code, second.where.file]).toEqual(['COLUMN_UNKNOWN', join(folder, 'b.csv')])
  })

  it('have the columns of the schema in files without a header, or those that are named', async () => {
    const bare = SALES.slice(SALES.indexOf('\n') + 1)
    expect(linesOf((await run(headless, fileOf(bare))).output)).toEqual(SUMS)
    const others = '2024,x,7,north\n2024,x,,south\n'
    expect(linesOf((await run(renamed, fileOf(others))).output)).toEqual(SUMS)
  })

  it('are read by the dialect of the file', async () => {
    const { output } = await run(dialect, fileOf('region;x\na;1,5\nb;NA\n'))
    expect(linesOf(output)).toEqual(['a\t[1.5]', 'b\t[null]'])
  })

  it('come from compressed files, and from several inputs', async () => {
    expect(linesOf((await run(sales, fileOf(gzipSync(SALES), 'a.csv.gz'))).output)).toEqual(SUMS)
    const input = { sales: fileOf(SALES), names: fileOf('{"region":"south"}\n') }
    expect(linesOf((await run(twoInputs, input as never)).output)).toEqual(['north\t7', 'south\t1000'])
  })

  it('have no property that is no column', async () => {
    const error = await failure(run(misspelt, fileOf('{"region":"a","amount":1,"year":1}\n', 'a.jsonl')))
    expect([error.code, error.params.name]).toEqual(['COLUMN_UNKNOWN', 'regoin'])
    expect(error.message).toContain('region')
  })

  it('may have columns of any name', async () => {
    const { output } = await run(unsafeName, fileOf('{"__proto__":1,"constructor":"c","a b":null}\n', 'a.jsonl'))
    expect(linesOf(output)).toEqual(['__proto__,constructor,a b\t{"__proto__":1,"constructor":"c","a b":null}'])
  })
})

/** Sales, of which some are bad; more than a megabyte, so that rows are read by name. */
function dirty(seed: number, count: number): { text: string; json: string; bad: [line: number, code: string][] } {
  const random = new Random(seed)
  const bad: [number, string][] = []
  const [lines, json]: [string[], string[]] = [[], []]
  for (let i = 0; i < count; i++) {
    const kind = random.below(40)
    const region = kind === 0 ? 'throws' : `region ${random.below(9)} ${'·'.repeat(random.below(20))}`
    const amount = kind === 1 ? 'abc' : kind === 2 ? '9223372036854775808' : kind === 3 ? '9007199254740993' : `${i}`
    const year = kind === 4 ? '' : '2024'
    const code = ['USER_ERROR', 'CELL_INVALID', 'CELL_INVALID', 'INT64_UNSAFE', 'CELL_INVALID'][kind]
    if (code !== undefined) bad.push([i, code])
    lines.push(`${region},${amount},${year}`)
    json.push(`{"region":"${region}","amount":${amount === 'abc' ? '"abc"' : amount},"year":${year || null}}`)
  }
  return { text: `region,amount,year\n${lines.join('\n')}\n`, json: `${json.join('\n')}\n`, bad }
}

interface Listed {
  code: string
  offset: number
  excerpt: string
  record: string
  reason: string
}

function listed(output: string): Listed[] {
  const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('bad rows', () => {
  it.each([
    ['sales', 'text', sales],
    ['whole sales', 'text', wholeSales],
    ['sales in JSON', 'json', jsonSales],
  ] as const)('of %s are listed with their places, for any workers and splits', async (_, kind, job) => {
    const data = dirty(7, 40_000)
    const content = data[kind]
    expect(content.length).toBeGreaterThan(1 << 20)
    const path = fileOf(content, kind === 'text' ? 'a.csv' : 'a.jsonl')
    let first: { lines: string[]; bad: Listed[] } | null = null
    const configs: Config[] = [
      { workers: 1, tuning: { splitBytes: 2 ** 30 } },
      { workers: 3, tuning: { splitBytes: 50_001 } },
    ]
    for (const config of configs) {
      const { output } = await run(job, path, { ...config, maxBad: '50%' })
      const bad = listed(output)
      expect(bad.map(({ code }) => code)).toEqual(data.bad.map(([, code]) => code))
      const lines = content.split('\n')
      const header = kind === 'text' ? 1 : 0
      expect(bad.map(({ excerpt }) => excerpt)).toEqual(data.bad.map(([i]) => lines[i + header]))
      for (const { offset, excerpt } of bad.slice(0, 50)) {
        expect(
          Buffer.from(content)
            .subarray(offset, offset + Buffer.byteLength(excerpt))
            .toString(),
        ).toBe(excerpt)
      }
      const found = { lines: linesOf(output), bad: bad.map((one) => ({ ...one, file: '' })) }
      first ??= found
      expect(found).toEqual(first)
    }
  })

  it('end a run that does not skip them, with file, offset and column', async () => {
    for (const [job, line, code] of [
      [sales, 'north,x,2024', 'CELL_INVALID'],
      [sales, ',1,2024', 'CELL_INVALID'],
      [sales, 'north,9007199254740993,2024', 'INT64_UNSAFE'],
      [sales, 'throws,1,2024', 'USER_ERROR'],
      [wholeSales, 'north,9007199254740993,2024', 'INT64_UNSAFE'],
      [wholeSales, 'throws,1,2024', 'USER_ERROR'],
    ] as const) {
      const head = 'region,amount,year\nsouth,1,2024\n'
      const path = fileOf(`${head}${line}\nsouth,y,2024\n`, 'a.csv')
      const error = await failure(run(job, path))
      expect([line, error.code, error.where.offset, error.where.file]).toEqual([line, code, head.length, path])
    }
  })

  it('depend on the schema, not on what a map reads or how large a task is', async () => {
    const text = 'region,amount,year\nnorth,x,2024\nnorth,9007199254740993,2024\n'
    const few = await run(regionsOnly, fileOf(text), { maxBad: 5 })
    expect(listed(few.output).map(({ code }) => code)).toEqual(['CELL_INVALID'])
    expect(linesOf(few.output)).toEqual(['north\t1'])
    const long = text + 'south,1,2024\n'.repeat(120_000)
    const many = await run(regionsOnly, fileOf(long), { maxBad: 5, workers: 1, tuning: { splitBytes: 2 ** 30 } })
    expect(listed(many.output).map(({ code }) => code)).toEqual(['CELL_INVALID'])
    expect(linesOf(many.output)).toEqual(['north\t1', 'south\t120000'])
  })
})
