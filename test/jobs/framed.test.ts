/** Ready-made jobs where they are data frames: rows by columns, tables with types, and answers that only data frames have. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquet, read } from 'runjob'
import { afterAll, describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { formatCsv } from '../helpers/oracles.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, type Config, failure, run, runjob } from '../helpers/run.js'

type Values = Record<string, string | number | boolean>

const SEED = 20_261_130
const random = new Random(SEED)
/** Amounts are few and dyadic: their sums are exact. Without empty text, which JSON lines and Parquet tell apart from null. */
const ROWS = random.times(600, (i) => ({
  id: String(i),
  region: random.pick(['north', 'south', 'ö,st', null]),
  product: random.pick(['chair', 'say "hi"', 'lamp']),
  amount: random.pick([null, 0.5, -3, 10, 9, 100]),
  qty: random.below(40),
}))
type Row = (typeof ROWS)[number]
const NAMES = Object.keys(ROWS[0]!) as (keyof Row)[]

function writtenAs(kind: 'csv' | 'jsonl', rows: readonly Row[]): string {
  if (kind === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  return [NAMES, ...rows.map((row) => NAMES.map((name) => String(row[name] ?? '')))]
    .map((fields) => `${formatCsv(fields)}\n`)
    .join('')
}

/** The rows in two files of each kind. */
const FILES = (async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  for (const kind of ['csv', 'jsonl'] as const) {
    const halves = [ROWS.slice(0, 400), ROWS.slice(400)].map((rows) => writtenAs(kind, rows))
    writeFiles(join(folder, kind), { [`1.${kind}`]: halves[0]!, [`2.${kind}`]: halves[1]! })
  }
  await read.json(join(folder, 'jsonl')).write.parquet(join(folder, 'parquet'))
  return { csv: join(folder, 'csv'), jsonl: join(folder, 'jsonl'), parquet: join(folder, 'parquet') }
})()

async function fileOf(content: string, name = 'a.csv'): Promise<string> {
  const folder = temporaryFolder()
  writeFiles(folder, { [name]: content })
  return join(folder, name)
}

const answer = async (job: string, input: string, params: Values, config: Config = {}) =>
  linesOf((await run(job, input, { partitions: 1, ...config, params })).output)

/** However it is run. */
async function expectAnswer(job: string, input: string, params: Values, expected: string[]): Promise<void> {
  for (const [name, config] of Object.entries<Config>(CONFIGS))
    expect(await answer(job, input, params, config), `${name}, seed ${SEED}`).toEqual(expected)
}

describe('stats', () => {
  const params = { by: 'region,product', of: 'amount,qty' }

  it.each(['jsonl', 'parquet'] as const)('of %s is that of CSV', async (kind) => {
    const files = await FILES
    await expectAnswer('stats', files[kind], params, await answer('stats', files.csv, params))
  })

  it.each(['csv', 'jsonl', 'parquet'] as const)(
    'has medians and percentiles beside the same answers: %s',
    async (kind) => {
      const files = await FILES
      const [header, ...rows] = await answer('stats', files.csv, { by: 'product', of: 'amount' })
      const more = rows.map((row) => {
        const product = row.startsWith('"') ? 'say "hi"' : row.split(',')[0]!
        const sorted = ROWS.flatMap((one) => (one.product === product && one.amount !== null ? one.amount : []))
        sorted.sort((a, b) => a - b)
        const at = (share: number) => {
          const place = share * (sorted.length - 1)
          const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
          return low + (place - Math.floor(place)) * (high - low)
        }
        return [at(0.5), at(0.9), at(1)]
      })
      const given = { by: 'product', of: 'amount', median: true, percentiles: '90,100' }
      for (const config of Object.values<Config>(CONFIGS)) {
        const [names, ...found] = await answer('stats', files[kind], given, config)
        expect(names).toBe(`${header},median,p90,p100`)
        found.forEach((line, i) => {
          expect(line.startsWith(`${rows[i]},`), `${line} and ${rows[i]}, seed ${SEED}`).toBe(true)
          const numbers = line
            .slice(rows[i]!.length + 1)
            .split(',')
            .map(Number)
          numbers.forEach((number, j) => {
            expect(number).toBeCloseTo(more[i]![j]!, 9)
          })
        })
        expect(found).toHaveLength(rows.length)
      }
    },
  )

  it('of nothing is 0, 0 and nothing', async () => {
    const input = await fileOf('a,n\nx,\n')
    expect(await answer('stats', input, { by: 'a', of: 'n', median: true })).toEqual([
      'a,count,sum,min,mean,max,median',
      'x,0,0,,,,',
    ])
    const none = await fileOf('a,n\n')
    expect((await run('stats', none, { params: { by: 'a', of: 'n', median: true } })).recordsWritten).toBe(0)
  })

  it('reads numbers as CSV says they are written, and skips bad ones if it may', async () => {
    const dialect = { by: 'a', of: 'n', percentiles: '50', delimiter: ';', decimal: ',', thousands: '.' }
    const input = await fileOf('a;n\nx;1.234,5\nx;2\nx;no\n')
    expect(await failure(answer('stats', input, dialect))).toMatchObject({ code: 'CELL_INVALID' })
    expect(await answer('stats', input, dialect, { maxBad: 1 })).toEqual([
      'a,count,sum,min,mean,max,p50',
      'x,2,1236.5,2,618.25,1234.5,618.25',
    ])
  })

  it.each<[Values, string, string]>([
    [{ by: 'regoin', of: 'qty' }, 'COLUMN_UNKNOWN', 'Columns: id, region, product, amount, qty'],
    [{ by: 'region', of: 'qyt' }, 'COLUMN_UNKNOWN', 'Columns: id, region, product, amount, qty'],
    [{ by: 'region', of: 'product' }, 'DATASET_INVALID', 'needs numbers, not string'],
    [{ by: 'region', of: 'qty', percentiles: '101' }, 'PARAM_INVALID', 'from 0 to 100'],
    [{ by: 'region', of: 'qty', percentiles: '50,50' }, 'PARAM_INVALID', 'twice'],
    [{ by: 'region', of: 'qty', delimiter: ';' }, 'PARAM_INVALID', 'it is for CSV'],
  ])('refuses %j of JSON lines', async (params, code, message) => {
    const error = await failure(answer('stats', (await FILES).jsonl, params))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  it('refuses files of several kinds, a column that is both text and numbers, and to replace what it reads', async () => {
    const files = await FILES
    const params = { by: 'region', of: 'qty' }
    expect(await failure(run('stats', [files.csv, files.jsonl], { params }))).toMatchObject({ code: 'OPTION_INVALID' })
    const both = { by: 'qty', of: 'qty', median: true }
    expect(await failure(answer('stats', files.csv, both))).toMatchObject({ code: 'PARAM_INVALID' })
    const copy = join(temporaryFolder(), 'copy')
    await read(parquet(), files.parquet).write.parquet(copy)
    const own = { params, output: copy, mode: 'overwrite' } as const
    expect(await failure(run('stats', copy, own))).toMatchObject({ code: 'OUTPUT_UNSAFE' })
  })

  it('writes CSV, whatever it reads, unless the file or --format says otherwise', async () => {
    const folder = temporaryFolder()
    const files = await FILES
    const argv = ['stats', files.parquet, '--by', 'region', '--of', 'qty', '-q', '-o']
    expect((await runjob([...argv, '-'], { cwd: folder })).stdout).toMatch(/^region,count,sum,min,mean,max\n,/)
    expect((await runjob([...argv, 'a.parquet', '--single-file'], { cwd: folder })).code).toBe(0)
    expect(await read.parquet(join(folder, 'a.parquet')).count()).toBe(4)
    expect((await runjob([...argv, '-', '--format', 'jsonl'], { cwd: folder })).stdout).toMatch(/^\{"region":null,/)
  })
})

const compareText = (a: string | null, b: string | null) => Buffer.compare(Buffer.from(a ?? ''), Buffer.from(b ?? ''))

describe('sort', () => {
  const compare = (a: number | null, b: number | null) => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a - b)
  const written = (rows: readonly Row[]) => writtenAs('csv', rows).split('\n').slice(0, -1)

  it.each(['csv', 'jsonl', 'parquet'] as const)(
    'of rows by text and by numbers, equal ones as they came: %s',
    async (kind) => {
      const sorted = ROWS.toSorted((a, b) => compareText(a.region, b.region) || -compare(a.amount, b.amount))
      const params = { by: 'region,amount', numeric: 'amount', descending: 'amount' }
      await expectAnswer('sort', (await FILES)[kind], params, written(sorted))
    },
  )

  it('of rows in reverse turns every column around', async () => {
    const sorted = ROWS.toSorted((a, b) => -compareText(a.product, b.product) || a.qty - b.qty)
    const params = { by: 'product,qty', numeric: 'qty', descending: 'qty', reverse: true }
    await expectAnswer('sort', (await FILES).csv, params, written(sorted))
  })

  it('of numbers in text goes by their value, in all digits, and leaves them as they are', async () => {
    const numbers = [
      '9007199254740993',
      '9007199254740992',
      '-1.50',
      '1e2',
      '+7',
      '',
      '100.0000001',
      '9007199254740994',
    ]
    const sorted = ['', '-1.50', '+7', '1e2', '100.0000001', '9007199254740992', '9007199254740993', '9007199254740994']
    const input = await fileOf(`x,n\n${numbers.map((number) => `,${number}\n`).join('')}`)
    const expected = ['x,n', ...sorted.map((number) => `,${number}`)]
    expect(await answer('sort', input, { by: 'n', numeric: 'n' })).toEqual(expected)
  })

  it('of CSV without a header row, in another dialect, and by the number of a column', async () => {
    const input = await fileOf('b;2\na;10\n', 'a.txt')
    const params = { by: '#2', numeric: '#2', header: false, delimiter: ';', reverse: true }
    expect(await answer('sort', input, params)).toEqual(['#1,#2', 'a,10', 'b,2'])
    expect(await answer('sort', input, { by: 'k', columns: 'k,n', delimiter: ';' })).toEqual(['k,n', 'a,10', 'b,2'])
  })

  it('of many rows has parts that follow one another', async () => {
    const random = new Random(7)
    const numbers = random.times(30_000, () => random.below(1e6))
    const input = await fileOf(`n\n${numbers.join('\n')}\n`)
    const { output } = await run('sort', input, { partitions: 4, params: { by: 'n', numeric: 'n' } })
    const found = linesOf(output).filter((line) => line !== 'n')
    expect(found.map(Number)).toEqual(numbers.toSorted((a, b) => a - b))
  })

  it.each<[Values, string, string]>([
    [{ by: 'regoin' }, 'COLUMN_UNKNOWN', 'Columns: id, region, product, amount, qty'],
    [{ by: 'region,' }, 'PARAM_INVALID', 'name of a column'],
    [{ by: 'region', numeric: 'qty' }, 'PARAM_INVALID', 'qty is not in --by'],
    [{ by: 'region', descending: 'qty' }, 'PARAM_INVALID', 'qty is not in --by'],
    [{ by: 'region', unique: true }, 'PARAM_INVALID', 'distinct --by'],
    [{ by: 'product', numeric: 'product' }, 'CAST_INVALID', 'to double'],
    [{ by: 'qty', numeric: 'qty', decimal: ',' }, 'PARAM_INVALID', '1234.5'],
    [{ numeric: 'qty' }, 'PARAM_INVALID', 'it goes with --by'],
    [{ delimiter: ';' }, 'PARAM_INVALID', 'it goes with --by'],
  ])('refuses %j', async (params, code, message) => {
    const error = await failure(answer('sort', (await FILES).csv, params))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })

  it('of lines takes files of any name, as they are', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.jsonl': '{"a":2}\n', 'b.csv': 'x\n', 'c.parquet': 'PAR1 no\n' })
    expect(await answer('sort', join(folder, '*.[cj]s*'), {})).toEqual(['x', '{"a":2}'])
    const { output } = await run('sort', join(folder, 'c.parquet'), { encoding: 'utf-8' } as never)
    expect(linesOf(output)).toEqual(['PAR1 no'])
  })

  it('of Parquet needs columns', async () => {
    expect(await failure(answer('sort', (await FILES).parquet, {}))).toMatchObject({ code: 'PARAM_MISSING' })
  })
})

describe('distinct and top', () => {
  /** Different values of region and product, and how often each is there. */
  const counts = () => {
    const found = new Map<string, { row: Row; n: number }>()
    for (const row of ROWS) {
      const key = JSON.stringify([row.region, row.product])
      found.set(key, { row, n: (found.get(key)?.n ?? 0) + 1 })
    }
    return [...found.values()].sort((a, b) => {
      return compareText(a.row.region, b.row.region) || compareText(a.row.product, b.row.product)
    })
  }
  const fields = ({ row }: { row: Row }) => [row.region ?? '', row.product]

  it.each(['csv', 'jsonl', 'parquet'] as const)('of columns: %s', async (kind) => {
    const input = (await FILES)[kind]
    const by = 'region,product'
    await expectAnswer('distinct', input, { by }, ['region,product', ...counts().map((one) => formatCsv(fields(one)))])
    const most = counts().sort((a, b) => b.n - a.n)
    const lines = most.slice(0, 5).map((one) => formatCsv([...fields(one), String(one.n)]))
    await expectAnswer('top', input, { n: 5, by }, ['region,product,count', ...lines])
  })

  it('of one column, with a value that is missing, and a column that is called count', async () => {
    for (const [name, content] of [
      ['a.csv', 'count\nx\n""\nx\n'],
      ['a.jsonl', '{"count":"x"}\n{"count":null}\n{"count":"x"}\n'],
    ] as const) {
      const input = await fileOf(content, name)
      expect(await answer('distinct', input, { by: 'count' })).toEqual(['count', '""', 'x'])
      expect(await answer('top', input, { n: 9, by: 'count' })).toEqual(['count,count_2', 'x,2', ',1'])
    }
  })

  it('of what is inside of another column', async () => {
    const input = await fileOf('{"k":{"n":1,"m":3},"v":1}\n{"k":{"n":2},"v":3}\n{"k":{"n":1},"v":5}\n', 'a.jsonl')
    expect(await answer('distinct', input, { by: 'k.n' })).toEqual(['k.n', '1', '2'])
    expect(await answer('top', input, { n: 2, by: 'k.n' })).toEqual(['k.n,count', '1,2', '2,1'])
    const stats = await answer('stats', input, { by: 'k.n', of: 'k.m,v' })
    expect(stats[0]).toMatch(/^k\.n,k\.m_count,.*,v_max$/)
    expect(stats.slice(1)).toEqual(['1,1,3,3,3,3,2,6,1,3,5', '2,0,0,,,,1,3,3,3,3'])
  })

  it('of CSV in another dialect', async () => {
    const input = await fileOf('b;1\na;2\nb;3\n')
    const dialect = { delimiter: ';', columns: 'k,n' }
    expect(await answer('distinct', input, { by: 'k', ...dialect })).toEqual(['k', 'a', 'b'])
    expect(await answer('top', input, { n: 1, by: 'k', ...dialect })).toEqual(['k,count', 'b,2'])
  })

  it.each(['csv', 'jsonl', 'parquet'] as const)('refuse what makes no sense: %s', async (kind) => {
    const input = (await FILES)[kind]
    for (const [job, n] of [
      ['distinct', {}],
      ['top', { n: 1 }],
    ] as const) {
      const error = await failure(answer(job, input, { ...n, by: 'region,prodct' }))
      expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', hint: 'Did you mean "product"?' })
      expect(await failure(answer(job, input, { ...n, by: 'qty,' }))).toMatchObject({ code: 'PARAM_INVALID' })
      const without = await failure(answer(job, input, { ...n, delimiter: ';' }))
      expect(without.code).toMatch(/^PARAM_/)
      if (kind === 'parquet') expect(await failure(answer(job, input, n))).toMatchObject({ code: 'PARAM_MISSING' })
    }
  })
})

describe('join', () => {
  const LEFT = ROWS.slice(0, 90)
  const RIGHT = [...ROWS.slice(60, 120), ...ROWS.slice(300, 310)]

  it.each(['inner', 'left', 'right', 'full', 'semi', 'anti'])(
    '%s, of sides of other kinds, is that of CSV',
    async (type) => {
      const folder = temporaryFolder()
      const sides = { left: LEFT, right: RIGHT }
      for (const [side, rows] of Object.entries(sides)) {
        writeFiles(folder, { [`${side}.csv`]: writtenAs('csv', rows), [`${side}.jsonl`]: writtenAs('jsonl', rows) })
        await read.json(join(folder, `${side}.jsonl`)).write.parquet(join(folder, `${side}.parquet`))
      }
      const params = { type, on: 'region,id' }
      const joined = async (left: string, right: string, config: Config = {}, on = params.on) => {
        const input = { left: join(folder, `left.${left}`), right: join(folder, `right.${right}`) }
        return linesOf((await run('join', input, { partitions: 1, ...config, params: { ...params, on } })).output)
      }
      const [header, ...rows] = await joined('csv', 'csv')
      const names = header!.replace(/right_(\w+)/g, '$1_right')
      for (const [left, right] of [
        ['csv', 'parquet'],
        ['parquet', 'jsonl'],
      ] as const) {
        for (const config of Object.values<Config>(CONFIGS)) {
          const [found, ...lines] = await joined(left, right, config)
          expect(found).toBe(names)
          expect(lines.sort(), `${left}, ${right}, seed ${SEED}`).toEqual(rows.toSorted())
        }
      }
    },
  )

  it('by keys of different names keeps the names of the left side', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'l.csv': 'user,n\n7,a\n8,b\n,c\n', 'r.jsonl': '{"id":7,"n":"x"}\n{"id":9,"n":"y"}\n' })
    const input = { left: join(folder, 'l.csv'), right: join(folder, 'r.jsonl') }
    const { output } = await run('join', input, { params: { on: 'user=id', type: 'left' } })
    expect(linesOf(output)).toEqual(['user,n,n_right', ',c,', '7,a,x', '8,b,'])
  })

  it.each<[Values, string, string]>([
    [{ on: 'id=idd' }, 'COLUMN_UNKNOWN', 'Columns: id, region'],
    [{ on: 'idd=id' }, 'COLUMN_UNKNOWN', 'Columns: id, region'],
    [{ on: 'id=' }, 'PARAM_INVALID', 'names of columns'],
    [{ on: 'id', rightDelimiter: ';' }, 'PARAM_INVALID', 'which right is not'],
  ])('refuses %j', async (params, code, message) => {
    const { csv: left, parquet: right } = await FILES
    const error = await failure(run('join', { left, right }, { params }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })
})

it('a copy of a ready-made job refuses what it leaves to data frames', async () => {
  const { csv } = await FILES
  for (const [job, params] of [
    ['sort', { by: 'region' }],
    ['stats', { by: 'region', of: 'qty', median: true }],
    ['stats', { by: 'region', of: 'qty', percentiles: '90' }],
  ] as const) {
    expect(await failure(answer(`jobs/${job}.ts`, csv, params))).toMatchObject({ code: 'PARAM_INVALID' })
  }
})
