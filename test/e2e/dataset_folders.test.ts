/** Folders such as `year=2024`, whose names hold columns. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import {
  avro,
  col,
  count,
  csv,
  date,
  defineDataset,
  hash,
  int,
  jsonl,
  lit,
  long,
  nullable,
  parquet,
  pmod,
  read,
  runDataset,
  string,
  sum,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { avroFile } from '../helpers/avro.js'
import { temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

const NULL = '__HIVE_DEFAULT_PARTITION__'

function lakeOf(files: Record<string, string | Uint8Array>) {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return { folder, at: (name: string) => join(folder, name) }
}

/** The same rows in any format: `id` in the files, `year` and `month` in the folders. */
function lake(file: (ids: number[]) => string | Uint8Array, ending: string) {
  const files: Record<string, string | Uint8Array> = {}
  for (const [i, [year, month]] of [
    ['2023', '11'],
    ['2023', '12'],
    ['2024', '01'],
    ['2024', NULL],
  ].entries()) {
    files[`lake/year=${year}/month=${month}/a.${ending}`] = file([10 * i, 10 * i + 1])
  }
  return lakeOf(files)
}

const FORMATS = {
  csv: (ids: number[]) => `id\n${ids.join('\n')}\n`,
  jsonl: (ids: number[]) => ids.map((id) => `{"id":${id}}\n`).join(''),
  parquet: (ids: number[]) =>
    new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'id', data: ids, type: 'INT32' }] })),
  avro: (ids: number[]) => {
    const fields = [{ name: 'id', type: 'int' }]
    return avroFile(
      { type: 'record', name: 'row', fields },
      ids.map((id) => ({ id })),
    )
  },
}
const ROWS = [0, 1, 10, 11, 20, 21, 30, 31].map((id) => ({
  id,
  year: id < 20 ? 2023 : 2024,
  month: id < 10 ? 11 : id < 20 ? 12 : id < 30 ? 1 : null,
}))

describe.each(['csv', 'jsonl', 'parquet', 'avro'] as const)('folders of %s', (kind) => {
  const schema = { id: int() }
  const formats = {
    csv: csv({ schema }),
    jsonl: jsonl({ schema }),
    parquet: parquet({ schema }),
    avro: avro({ schema }),
  }

  it('give columns, of types that are inferred, or text', async () => {
    const { at } = lake(FORMATS[kind], kind)
    const method = kind === 'jsonl' ? 'json' : kind
    const rows = (await read[method](at('lake')).collect()).map((row) => ({ ...row, id: Number(row.id) }))
    expect(rows).toEqual(ROWS)
    const asText = await read[method](at('lake'), { inferPartitionTypes: false }).select('month').distinct().collect()
    expect(asText.map(({ month }) => month)).toEqual([null, '01', '11', '12'])
    const glob = await read[method](at(`lake/*/month=1*/*.${kind}`))
      .select('year', 'month')
      .distinct()
      .collect()
    expect(glob).toEqual([
      { year: 2023, month: 11 },
      { year: 2023, month: 12 },
    ])
    expect(Object.keys((await read[method](at('lake/year=2023')).first())!)).toEqual(['id', 'month'])
  })

  it('give columns of declared types, in the order of the schema, and only those', async () => {
    const { at } = lake(FORMATS[kind], kind)
    const table = { csv, jsonl, parquet, avro }[kind] as typeof parquet
    const declared = table({ schema: { month: nullable(string()), id: long() } })
    expect(await read(declared, at('lake')).limit(5).collect()).toEqual(
      [0, 1, 10, 11, 20].map((id) => ({ month: id < 10 ? '11' : id < 20 ? '12' : '01', id })),
    )
    expect(await read(formats[kind], at('lake')).first()).toEqual({ id: 0 })
    const missing = table({ schema: { id: int(), month: int() } })
    expect((await failure(read(missing, at('lake')).collect())).message).toContain(
      'its folders say that month is missing',
    )
    const wrong = table({ schema: { id: int(), month: nullable(date()) } })
    const { message } = await failure(read(wrong, at('lake')).collect())
    expect(message).toMatch(/year=2023\/month=11\/a\.\w+: the folder month=11 is not of type date/)
    const only = table({ schema: { year: int() } })
    expect((await failure(read(only, at('lake')).collect())).message).toContain('all columns are given by folders')
  })

  it('are not opened if no row of theirs passes the filter', async () => {
    const { at, folder } = lake(FORMATS[kind], kind)
    // Whatever opens it would refuse it.
    for (const month of ['11', '12'])
      writeFileSync(at(`lake/year=2023/month=${month}/a.${kind}`), 'PK\x03\x04 a zip file')
    const table = { csv, jsonl, parquet, avro }[kind] as typeof parquet
    const typed = table({ schema: { id: int(), year: int(), month: nullable(int()) } })
    const answers: Record<string, number[]> = {
      all: (
        await read(typed, at('lake'))
          .filter((c) => c.year.eq(2024))
          .collect()
      ).map(({ id }) => id),
      any: (
        await read(typed, at('lake'))
          .filter((c) => c.year.isIn(2024, 2025).and(c.month.cast('string').like('_')))
          .filter((c) => c.id.gt(20))
          .collect()
      ).map(({ id }) => id),
      none: (
        await read(typed, at('lake'))
          .filter((c) => c.year.gt(3000))
          .collect()
      ).map(({ id }) => id),
    }
    expect(answers).toEqual({ all: [20, 21, 30, 31], any: [21], none: [] })
    const dataset = defineDataset({
      name: 'late',
      build: ({ read }) =>
        read(typed, at('lake'))
          .filter(col('year').ge(2024))
          .groupBy('year', 'month')
          .agg({ n: count(), ids: sum('id') }),
    })
    const report = await runDataset(dataset, { output: join(folder, 'out') })
    expect(report).toMatchObject({ folders: { read: 2, found: 4 }, inputFiles: 2, recordsRead: 4 })
    expect(textOf(join(folder, 'out'))).toBe(
      '{"year":2024,"month":null,"n":2,"ids":61}\n{"year":2024,"month":1,"n":2,"ids":41}\n',
    )
  })

  it('give the same with small splits, and in sorts, joins and groups', async () => {
    const many: Record<string, string | Uint8Array> = {}
    for (let day = 0; day < 30; day++) {
      const ids = Array.from({ length: 50 }, (_, i) => (day * 50 + i * 7919) % 1009)
      many[`lake/day=2024-01-${String(day + 1).padStart(2, '0')}/a.${kind}`] = FORMATS[kind](ids)
    }
    const { at, folder } = lakeOf(many)
    const table = { csv, jsonl, parquet, avro }[kind] as typeof parquet
    const days = table({ schema: { day: date(), id: int() } })
    const dataset = defineDataset({
      name: 'days',
      build: ({ read }) => {
        const all = read(days, at('lake'))
        const perDay = all.groupBy('day').agg({ n: count(), top: sum('id') })
        return {
          sorted: all.orderBy('id', 'day').limit(500),
          joined: all
            .filter((c) => c.id.lt(100))
            .join(perDay, 'day')
            .orderBy((c) => c.day.desc(), 'id'),
          last: all.filter((c) => c.day.ge('2024-01-29')).select('id', 'day'),
        }
      },
    })
    const texts = []
    for (const [i, options] of [
      { workers: 1 },
      { workers: 3, [TUNING]: { splitBytes: 100 } },
      { workers: 2, [TUNING]: { splitBytes: 100, joins: 'merge' as const } },
    ].entries()) {
      const output = join(folder, `out${i}`)
      const report = await runDataset(dataset, { output, ...options })
      expect(report.folders).toEqual({ read: 30, found: 30 })
      texts.push(['sorted', 'joined', 'last'].map((name) => textOf(join(output, name))))
    }
    expect(texts[0]![2]!.split('\n').length).toBe(101)
    expect(texts[0]![2]).toContain('"day":"2024-01-30"}')
    expect(texts[1]).toEqual(texts[0])
    expect(texts[2]).toEqual(texts[0])
  })
})

it('folders named after the hash of a column are left out if the hash of a value is not theirs', async () => {
  const folder = temporaryFolder()
  const rows = Array.from({ length: 40 }, (_, i) => `c${i},${i * i}\n`)
  writeFiles(folder, { 'in.csv': `customer,total\n${rows.join('')}` })
  const all = read(csv({ schema: { customer: string(), total: int() } }), join(folder, 'in.csv'))
  await all
    .withColumn('bucket', pmod(hash('customer'), 5))
    .write.partitionBy('bucket')
    .csv(join(folder, 'buckets'))
  const buckets = read(csv({ schema: { customer: string(), total: int(), bucket: int() } }), join(folder, 'buckets'))
  for (const customer of ['c7', 'c12', 'c39']) {
    const one = buckets.filter((c) => c.customer.eq(customer).and(c.bucket.eq(pmod(hash(lit(customer)), 5))))
    expect(await one.explain()).toContain('1 of 5 folders')
    expect(await one.select('total').collect()).toEqual([{ total: Number(customer.slice(1)) ** 2 }])
  }
  // A division by zero is not hidden by folders that are left out.
  const none = buckets.filter((c) => c.total.lt(0).and(c.bucket.eq(pmod(hash(lit('c7')), 0))))
  expect(await none.explain()).not.toContain('of 5 folders')
})

it('folders of other columns are refused, with a path of each', async () => {
  const { at } = lakeOf({ 'lake/year=1/a.csv': 'id\n1\n', 'lake/b.csv': 'id\n1\n', 'both/x=1/y=1/a.csv': 'id\n' })
  const error = await failure(read.csv(at('lake')).collect())
  expect(error.code).toBe('DATASET_INVALID')
  expect(error.message).toContain(`year to ${at('lake/year=1/a.csv')}, but none to ${at('lake/b.csv')}`)
  expect(error.hint).toContain('name an inner folder')
  expect((await failure(read.csv([at('lake/year=1'), at('both')]).collect())).message).toContain('x, y to')
})

it('the value of a folder stands for a column of the file that has the same name, and a note says so', async () => {
  const { at } = lakeOf({ 'lake/year=2024/a.csv': 'year,id\n1999,1\n' })
  const notes: string[] = []
  expect(await read.csv(at('lake')).collect({ onNote: (note: string) => notes.push(note) })).toEqual([
    { id: '1', year: 2024 },
  ])
  expect(notes).toEqual([`${at('lake')}: folders say what year is, so the files' own column of that name is not read`])
})

it('columns that are named by position stay where they are', async () => {
  const { at } = lakeOf({ 'fd/a=9/x.csv': '1,2\n' })
  const columns = ['a', 'q']
  const schema = { q: long(), a: int() }
  expect(await read.csv(at('fd'), { columns, schema }).collect()).toEqual([{ q: 2, a: 9 }])
  expect(await read.csv(at('fd'), { columns }).collect()).toEqual([{ q: '2', a: 9 }])
})

it('files without a header row have the columns of the schema but those of the folders', async () => {
  const { at } = lakeOf({ 'lake/day=2024-01-31/a.csv': '1,x\n2,y\n' })
  const rows = csv({ header: false, schema: { id: long(), day: date(), note: string() } })
  expect(await read(rows, at('lake')).collect()).toEqual([
    { id: 1, day: '2024-01-31', note: 'x' },
    { id: 2, day: '2024-01-31', note: 'y' },
  ])
})

it('a condition that may fail is asked as if no folder were left out', async () => {
  const { at } = lakeOf({ 'lake/k=0/a.csv': 'id\n1\n', 'lake/k=1/a.csv': 'id\n2\n' })
  const frame = read.csv(at('lake'))
  const failing = frame.filter((c) => c.id.cast('int').div(c.k).gt(0).and(c.k.eq(1)))
  expect((await failure(failing.collect())).code).toBe('DIVIDE_BY_ZERO')
  const guarded = frame.filter((c) => c.k.eq(1).and(c.id.cast('int').div(c.k).gt(0)))
  expect(await guarded.collect()).toEqual([{ id: '2', k: 1 }])
})

it('runjob query and runjob schema read them, and explain says how many are left', async () => {
  const { folder, at } = lake(FORMATS.csv, 'csv')
  writeFiles(folder, { 'names/city=S%C3%A3o Paulo/_day=7/a.jsonl': '{"id":1}\n' })
  const schema = await runjob(['schema', 'names'], { cwd: folder })
  expect(schema.stdout).toBe(
    'jsonl({ schema: {\n  id: nullable(long()),\n  city: nullable(string()),\n  _day: nullable(int()),\n} })\n',
  )
  const query = 'df.filter(c => c.month.ge(12)).groupBy("year").count()'
  const ran = await runjob(['query', query, 'lake'], { cwd: folder })
  expect(ran).toMatchObject({ code: 0, stdout: '{"year":2023,"count":2}\n' })
  const { stdout } = await runjob(['query', query, 'lake', '--explain'], { cwd: folder })
  expect(stdout).toContain('read csv lake: id, year, month')
  expect(stdout).toContain('read csv lake, 1 of 4 folders: id, year, month')
  expect(stdout).toContain('lake, 1 of 4 folders: csv, 1 file')
  const written = await runjob(['query', query, 'lake', '-o', 'out'], { cwd: folder })
  expect(written.stderr).toMatch(/folders +1 of 4 read/)
  rmSync(at('out'), { recursive: true })
  const none = await runjob(['query', 'df.filter(c => c.year.eq(1))', 'lake', '-o', 'out'], { cwd: folder })
  expect(none.stderr).toContain('nothing was read: no folder passes the filters')
  expect(none.stderr).toMatch(/folders +0 of 4 read/)
})
