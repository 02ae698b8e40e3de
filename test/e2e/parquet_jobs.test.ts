/** Jobs that read Parquet: their rows are those of data frames, however they are read and divided. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { defineJob, int, jsonl, long, nullable, parquet, read, string, words } from 'runjob'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { CONFIGS, type Config, failure, run } from '../helpers/run.js'
import { misspelt, named, nested, ranged, rows, sales, twoInputs, whole } from './parquet_row_jobs.js'
import { FLAT, NESTED, shown } from './typed_row_jobs.js'

/** A file as DuckDB writes it. */
async function fileOf(select: string, options = ''): Promise<string> {
  const path = join(temporaryFolder(), 'a.parquet')
  const duckdb = await (await DuckDBInstance.create()).connect()
  await duckdb.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`)
  duckdb.closeSync()
  return path
}

const rnd = (salt: number, most: number) => `(hash(i * 31 + ${salt}) % ${most})`
const maybe = (salt: number, value: string) => `CASE WHEN ${rnd(salt, 5)} > 0 THEN ${value} END`
const flat = (count: number) => `
  SELECT i::INT AS id, ${maybe(1, `'name ü ' || ${rnd(2, 90)}`)} AS name, ${maybe(3, `${rnd(4, 2)} = 0`)} AS flag,
    ${maybe(5, `${rnd(6, 1e9)}::BIGINT - 500`)} AS n, ${maybe(7, `9223372036854775807 - ${rnd(8, 9)}::BIGINT`)} AS exact,
    ${maybe(9, `${rnd(10, 1000)} / 7.0`)}::DOUBLE AS x, ${maybe(11, `(${rnd(12, 1e6)}::INT / 100)`)}::DECIMAL(12,2) AS price,
    ${maybe(13, `'99999999999999999999999999999.' || ${rnd(14, 899)} + 100`)}::DECIMAL(38,3) AS wide,
    ${maybe(15, `DATE '2000-01-01' + ${rnd(16, 9000)}::INT`)} AS day,
    ${maybe(17, `make_timestamptz(${rnd(18, 1e12)}::BIGINT * 1000)`)} AS at,
    ${maybe(19, `make_timestamptz(${rnd(20, 1e15)}::BIGINT)`)} AS micros, ${maybe(21, `make_timestamp(${rnd(22, 1e15)}::BIGINT)`)} AS local,
    ${maybe(23, `('b' || ${rnd(24, 99)})::BLOB`)} AS bytes
  FROM range(${count}) t(i)`

/** What \`tsv()\` writes. */
const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')

describe('rows of Parquet', () => {
  it.each([
    [300, ''],
    [5000, ', ROW_GROUP_SIZE 2048'],
  ])('have the values of a data frame: %s rows%s', async (count, options) => {
    const path = await fileOf(flat(count), options)
    const found = await read(parquet({ schema: FLAT }), path).collect()
    const wanted = {
      whole: found.map((row) => `${row.id}\t${escaped(shown({ ...row, at: row.at?.toISOString() ?? null }))}`),
      named: found.map(({ id, name, exact, price, at, bytes }) => {
        return `${id}\t${escaped(shown([name, exact, price, at, bytes]))}`
      }),
    }
    for (const [name, config] of Object.entries<Config>(CONFIGS)) {
      for (const [job, lines] of [
        [whole, wanted.whole],
        [named, wanted.named],
      ] as const) {
        const { output, recordsRead } = await run(job, path, config)
        expect(linesOf(output), name).toEqual(lines)
        expect(recordsRead).toBe(count)
      }
    }
  })

  it('may have lists and structs', async () => {
    const lines = [
      '{"id":1,"tags":["a",null,"ü"],"place":{"x":0.5,"city":"Ulm","ids":[1,2]}}',
      '{"id":2,"tags":[],"place":null}',
    ]
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.jsonl': lines.join('\n') })
    const all = read(jsonl({ schema: NESTED }), join(folder, 'a.jsonl'))
    await all.write.parquet(join(folder, 'lake'))
    const found = await all.collect()
    const { output } = await run(nested, join(folder, 'lake'))
    expect(linesOf(output)).toEqual(found.map((row) => `${row.id}\t${escaped(shown([row.tags, row.place]))}`))
  })

  const SALES = `SELECT * FROM (VALUES ('north', 3::BIGINT, 2024), ('south', NULL, 2024), ('north', 4, 2025)) t(region, amount, year)`

  it('come from folders of several files, by the names of columns, and from several inputs', async () => {
    expect(linesOf((await run(sales, await fileOf(SALES))).output)).toEqual(['north\t7', 'south\t0'])
    const other = await fileOf(`SELECT 2024 AS year, 'x' AS other, 7::BIGINT AS amount, 'west' AS region`)
    expect(linesOf((await run(sales, [await fileOf(SALES), other])).output)).toEqual([
      'north\t7',
      'south\t0',
      'west\t7',
    ])
    const folder = temporaryFolder()
    writeFiles(folder, { 'names.jsonl': '{"region":"south"}\n' })
    const input = { sales: await fileOf(SALES), names: join(folder, 'names.jsonl') }
    expect(linesOf((await run(twoInputs, input as never)).output)).toEqual(['north\t7', 'south\t1000'])
  })

  it('are counted without reading a column, in order of ranges, and when there are none', async () => {
    const many = await fileOf(
      `SELECT 'r' AS region, i AS amount, 2024 AS year FROM range(50000) t(i)`,
      ', ROW_GROUP_SIZE 5000',
    )
    expect(linesOf((await run(rows, many)).output)).toEqual(['rows\t50000'])
    const none = await fileOf(`${SALES} WHERE year = 0`)
    expect(linesOf((await run(rows, none)).output)).toEqual([])
    const ids = await fileOf('SELECT ((i * 7919) % 6000)::INT AS id FROM range(6000) t(i)', ', ROW_GROUP_SIZE 2048')
    const sorted = Array.from({ length: 6000 }, (_, id) => `${String(id).padStart(8, '0')}\t1`)
    for (const config of Object.values<Config>(CONFIGS)) {
      expect(linesOf((await run(ranged, ids, config)).output)).toEqual(sorted)
    }
  })

  it('are refused where the schema does not fit', async () => {
    const path = await fileOf(SALES)
    const text = await fileOf(`SELECT 'a' AS region, 'x' AS amount, 2024 AS year`)
    expect((await failure(run(sales, text))).code).toBe('SCHEMA_CONFLICT')
    const error = await failure(run(misspelt, path))
    expect([error.code, error.params.name]).toEqual(['COLUMN_UNKNOWN', 'amuont'])
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.parquet': 'no Parquet' })
    expect((await failure(run(sales, join(folder, 'a.parquet')))).code).toBe('PARQUET_CORRUPT')
    expect(() => defineJob({ name: 'x', input: parquet(), map: () => {} })).toThrow('parquet() needs a schema')
    const schema = { id: long(), k: nullable(string()), n: int() }
    expect(() => defineJob({ name: 'x', input: parquet({ schema }), map: words() } as never)).toThrow(
      'words() reads text: a schema is for a map of your own',
    )
  })
})

describe('bad rows of Parquet', () => {
  const data = (count: number) => `
    SELECT CASE WHEN i % 1000 = 7 THEN 'throws' WHEN i % 1000 = 13 THEN NULL ELSE 'r' || i % 3 END AS region,
      CASE WHEN i % 1000 = 21 THEN 9007199254740993 ELSE i END AS amount,
      CASE WHEN i % 1000 = 34 THEN NULL ELSE 2024 END AS year FROM range(${count}) t(i)`

  it('are listed with file and row, for any workers and splits; columns that are not read do not matter', async () => {
    const path = await fileOf(data(20_000), ', ROW_GROUP_SIZE 2048')
    const configs: Config[] = [
      { workers: 1, tuning: { splitBytes: 2 ** 30 } },
      { workers: 3, tuning: { splitBytes: 9001 } },
    ]
    const found = []
    for (const config of configs) {
      const { output } = await run(sales, path, { ...config, maxBad: '50%' })
      const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
      const bad = lines.map((line) => JSON.parse(line))
      expect(bad.map(({ code, row }) => [code, row - 1])).toEqual(
        Array.from({ length: 20 }, (_, i) => [
          ['USER_ERROR', 1000 * i + 7],
          ['CELL_INVALID', 1000 * i + 13],
          ['INT64_UNSAFE', 1000 * i + 21],
        ]).flat(),
      )
      expect(JSON.parse(bad[0].excerpt)).toEqual({ region: 'throws', amount: 7 })
      expect(JSON.parse(bad[2].excerpt)).toEqual({ region: 'r0', amount: '9007199254740993' })
      found.push([linesOf(output), bad])
    }
    expect(found[1]).toEqual(found[0])
  })

  it('end a run that does not skip them, with file and row', async () => {
    for (const [at, code] of [
      [7, 'USER_ERROR'],
      [13, 'CELL_INVALID'],
      [21, 'INT64_UNSAFE'],
    ] as const) {
      const path = await fileOf(`SELECT * FROM (${data(2000)}) LIMIT 5 OFFSET ${at - 2}`)
      const error = await failure(run(sales, path))
      expect([error.code, error.where]).toMatchObject([code, { file: path, row: 3 }])
    }
  })
})
