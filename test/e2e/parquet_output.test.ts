/** Parquet as the output of datasets and queries: read back by DuckDB, Polars and pyarrow, and by ourselves. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import pl from 'nodejs-polars'
import {
  broadcast,
  type DatasetOptions,
  defineDataset,
  jsonl,
  list,
  long,
  nullable,
  parquet,
  type Read,
  runDataset,
  string,
  struct,
} from 'runjob'
import { beforeAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { partsOf, snapshot, temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure, runjob } from '../helpers/run.js'

/** Of CI, or of a virtual environment; pyarrow is no dependency of ours. */
const PYTHON = process.env.RUNJOB_PYTHON ?? 'python3'
const hasPyarrow = spawnSync(PYTHON, ['-c', 'import pyarrow.parquet']).status === 0

let duck: (sql: string) => Promise<Record<string, unknown>[]>

beforeAll(async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  duck = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[]
})

const events = jsonl({
  schema: {
    id: long(),
    name: nullable(string()),
    tags: nullable(list(nullable(string()))),
    at: nullable(struct({ x: long(), y: nullable(string()) })),
  },
})

function source(rows: number, seed = 1): string {
  const random = new Random(seed)
  const path = join(temporaryFolder(), 'in.jsonl')
  const lines = Array.from({ length: rows }, (_, id) => {
    const name = random.below(4) === 0 ? null : `name ${random.below(300)} ${'é'.repeat(random.below(40))}`
    const tags = random.below(5) === 0 ? null : random.times(random.below(4), () => random.pick(['a', 'b', null]))
    const at = random.below(5) === 0 ? null : { x: id % 7, y: random.pick([null, 'y']) }
    return JSON.stringify({ id, name, tags, at })
  })
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const rowsIn = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Rows of all types. */
const all = (read: Read, path: string) =>
  read(events, path)
    .withColumn('whole', (c) => c.id.cast('int'))
    .withColumn('half', (c) => c.id.cast('double').div(2))
    .withColumn('price', (c) => c.id.cast('decimal(9,2)'))
    .withColumn('wide', (c) => c.id.cast('decimal(30,3)'))
    .withColumn('odd', (c) => c.id.mod(2).eq(1))
    .withColumn('bytes', (c) => c.name.cast('binary'))
    .withColumn('moment', (c) => c.id.cast('timestamp'))
    .withColumn('local', (c) => c.id.cast('timestamp').cast('timestamp_ntz'))
    .withColumn('day', (c) => c.id.cast('timestamp').cast('date'))

const dataset = (path: string) => defineDataset({ name: 'all', build: ({ read }) => all(read, path) })

async function writeAll(path: string, options: Partial<DatasetOptions<never>> = {}): Promise<string> {
  const output = join(temporaryFolder(), options.singleFile ? 'x.parquet' : 'out')
  await runDataset(dataset(path), { output, format: 'parquet', ...options })
  return output
}

describe('rows as Parquet', () => {
  it.each(['snappy', 'none', 'gzip'] as const)('are what DuckDB, Polars and we read, with %s', async (compress) => {
    const path = source(5000)
    const output = await writeAll(path, { singleFile: true, compress })
    const rows = rowsIn(path)
    const theirs =
      await duck(`select id::int as id, name, tags, "at", whole, half, price, wide, odd, decode(bytes) as bytes,
      epoch_us(moment) as moment, epoch_us(local) as local, day from '${output}'`)
    expect(theirs).toEqual(
      rows.map((row) => ({
        ...row,
        at: row.at && { ...row.at, x: String(row.at.x) },
        whole: row.id,
        half: row.id / 2,
        price: `${row.id}.00`,
        wide: `${row.id}.000`,
        odd: row.id % 2 === 1,
        bytes: row.name,
        moment: String(row.id * 1_000_000),
        local: String(row.id * 1_000_000),
        day: '1970-01-01',
      })),
    )
    const frame = pl.readParquet(output)
    expect(frame.height).toBe(5000)
    expect(frame.getColumn('name').toArray()).toEqual(rows.map(({ name }) => name))
    expect(frame.getColumn('half').toArray()).toEqual(rows.map(({ id }) => id / 2))
    const { read } = await import('runjob')
    const ours = await read(parquet(), output).select('id', 'name', 'tags', 'at').collect()
    expect(ours).toEqual(rows)
  })

  it.skipIf(!hasPyarrow)('are what pyarrow reads', async () => {
    const path = source(3000)
    const output = await writeAll(path, { singleFile: true })
    const code = `
import json, sys, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
types = {field.name: str(field.type) for field in table.schema}
print(json.dumps([types, table.select(['id', 'name', 'tags', 'at']).to_pylist(), [str(v) for v in table['wide'].to_pylist()]]))`
    const [types, rows, wide] = JSON.parse(
      execFileSync(PYTHON, ['-c', code, output], { encoding: 'utf8', maxBuffer: 1 << 28 }),
    )
    expect(types).toMatchObject({ whole: 'int32', price: 'decimal128(9, 2)', day: 'date32[day]', bytes: 'binary' })
    expect(types).toMatchObject({
      moment: 'timestamp[us, tz=UTC]',
      local: 'timestamp[us]',
      odd: 'bool',
      half: 'double',
    })
    expect(rows).toEqual(rowsIn(path))
    expect(wide).toEqual(rows.map(({ id }: { id: number }) => `${id}.000`))
  })

  it('are the same bytes for any workers and memory', async () => {
    const path = source(6000)
    const tuning = { splitBytes: 50_000 }
    const [few, many] = await Promise.all(
      [
        { workers: 1, memory: '512MB' },
        { workers: 3, memory: '144MB' },
      ].map((config) => writeAll(path, { ...config, [TUNING]: tuning } as object)),
    )
    expect(partsOf(many!).length).toBeGreaterThan(3)
    expect(snapshot(many!)).toEqual(snapshot(few!))
  })

  it('of joins and groups have no rows, or all', async () => {
    const path = source(500)
    const output = join(temporaryFolder(), 'out')
    const joined = defineDataset({
      name: 'joined',
      build: ({ read }) => {
        const left = read(events, path).select('id', 'name')
        return {
          none: left.filter((c) => c.id.lt(0)),
          twice: left.join(broadcast(left.select('id')), 'id').orderBy('id'),
        }
      },
    })
    await runDataset(joined, { output, format: 'parquet' })
    expect(await duck(`select count(*)::int as n, count(name)::int as names from '${output}/none/*.parquet'`)).toEqual([
      { n: 0, names: 0 },
    ])
    expect((await duck(`select id::int as id, name from '${output}/twice/*.parquet'`)).length).toBe(500)
  })
})

describe('one file of Parquet', () => {
  it('has the row groups of all parts, and is what standard output gets', async () => {
    const path = source(4000)
    const tuning = { splitBytes: 30_000 }
    const output = await writeAll(path, { singleFile: true, [TUNING]: tuning } as object)
    expect(
      (await duck(`select count(distinct row_group_id)::int as groups from parquet_metadata('${output}')`))[0]!.groups,
    ).toBeGreaterThan(3)
    expect(await duck(`select id::int as id, name from '${output}'`)).toEqual(
      rowsIn(path).map(({ id, name }) => ({ id, name })),
    )
    const query = ['query', 'df.select("id", "name")', path, '--format', 'parquet']
    const folder = temporaryFolder()
    const file = join(folder, 'a.parquet')
    expect((await runjob([...query, '-o', file, '--single-file'])).code).toBe(0)
    const piped = spawnSync(process.execPath, [join('dist', 'src', 'cli', 'main.cjs'), ...query, '-o', '-'])
    expect(Buffer.compare(piped.stdout, readFileSync(file))).toBe(0)
  })

  it('gets more rows, of the same columns only', async () => {
    const path = source(2000)
    const output = await writeAll(path, { singleFile: true })
    await runDataset(dataset(path), { output, format: 'parquet', singleFile: true, mode: 'append' })
    await runDataset(dataset(path), { output, format: 'parquet', singleFile: true, mode: 'append' })
    expect(await duck(`select count(*)::int as n, sum(id)::int as s from '${output}'`)).toEqual([
      { n: 6000, s: 3 * 1_999_000 },
    ])
    const other = defineDataset({ name: 'all', build: ({ read }) => read(events, path).select('id') })
    const error = await failure(runDataset(other, { output, format: 'parquet', singleFile: true, mode: 'append' }))
    expect([error.code, error.message]).toEqual([
      'OUTPUT_DIFFERENT',
      expect.stringContaining('parquet of id bigint not null'),
    ])
  })
})

describe('parts of Parquet', () => {
  it('are added to others of the same columns only', async () => {
    const path = source(300)
    const output = await writeAll(path)
    await runDataset(dataset(path), { output, format: 'parquet', mode: 'append' })
    expect(readdirSync(output).filter((name) => name.endsWith('.parquet')).length).toBe(2)
    expect(await duck(`select count(*)::int as n from '${output}/*.parquet'`)).toEqual([{ n: 600 }])
    const other = defineDataset({ name: 'all', build: ({ read }) => read(events, path).select('id') })
    const error = await failure(runDataset(other, { output, format: 'parquet', mode: 'append' }))
    expect(error.code).toBe('OUTPUT_DIFFERENT')
    expect(statSync(join(output, 'part-m-00000.parquet')).size).toBeGreaterThan(0)
  })
})

describe('what Parquet cannot hold', () => {
  const inFormat = (options: object) =>
    failure(
      runDataset(dataset(source(1)), { output: join(temporaryFolder(), 'x'), ...options } as DatasetOptions<never>),
    )

  it('is refused before anything is read', async () => {
    const file = join(temporaryFolder(), 'x.parquet.gz')
    const job = await runjob(['wordcount', source(1), '-o', file, '--single-file', '--gzip', '--format', 'parquet'])
    expect([job.code, job.stderr]).toEqual([2, expect.stringContaining('Parquet and Avro are compressed inside')])
    const text = await inFormat({ format: 'jsonl', compress: 'snappy' })
    expect([text.code, text.message]).toEqual(['OPTION_INVALID', expect.stringContaining('it is for Parquet')])
    const named = await inFormat({
      output: join(temporaryFolder(), 'x.parquet.gz'),
      singleFile: true,
      compress: 'gzip',
    })
    expect([named.code, named.message]).toEqual([
      'OPTION_INVALID',
      expect.stringContaining('Parquet and Avro are compressed inside'),
    ])
  })
})
