/** Jobs that read and write Parquet: their rows are those of data frames, however they are read and divided. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { defineJob, int, jsonl, long, nullable, parquet, read, string, words } from 'runjob'
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { CONFIGS, type Config, failure, run, runjob } from '../helpers/run.js'
import { misfits, own, totals, typed } from './parquet_output_jobs.js'
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
    [3000, ', ROW_GROUP_SIZE 2048'],
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
    expect([error.code, error.params.name, error.where.file]).toEqual(['COLUMN_UNKNOWN', 'amuont', path])
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

describe('records as Parquet', () => {
  const fileWith = (content: string, name = 'a.jsonl') => {
    const folder = temporaryFolder()
    writeFiles(folder, { [name]: content })
    return join(folder, name)
  }
  const framed = (path: string) => read(parquet(), path).collect()

  it('have a column for each of their fields, of the declared types', async () => {
    const rows = Array.from({ length: 3000 }, (_, id) => ({
      id,
      at: `20${10 + (id % 80)}-01-31`,
      wide: `${'9'.repeat(20)}${id}`,
      tags: id % 3 === 0 ? [] : ['ü', `t${id}`],
      x: id % 5 === 0 ? null : id / 7,
    }))
    const path = fileWith(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const wanted = rows.map(({ id, at, wide, tags, x }) => ({
      id,
      at,
      wide,
      more: { tags, x },
      raw: new Uint8Array(Buffer.from(at)),
    }))
    for (const config of Object.values<Config>(CONFIGS)) {
      const { output } = await run(typed, path, config)
      const found = await framed(output)
      expect(found.map((row) => ({ ...row, raw: new Uint8Array(row.raw as Uint8Array) }))).toEqual(wanted)
    }
  })

  it('come from native aggregates, and may be one file', async () => {
    const path = fileWith('region,amount\nnorth,3\nsouth,\nnorth,4.5\n', 'a.csv')
    const wanted = [
      { region: 'north', n: 2, total: 7.5, most: 4.5 },
      { region: 'south', n: 1, total: 0, most: null },
    ]
    const { output } = await run(totals, path, { partitions: 2 })
    expect((await framed(output)).sort((a, b) => (String(a.region) < String(b.region) ? -1 : 1))).toEqual(wanted)
    const file = join(temporaryFolder(), 'all.parquet')
    await run(totals, path, { output: file, singleFile: true } as never)
    expect(await framed(file)).toEqual(wanted)
    // Only what looks the same is added.
    await run(totals, path, { output, mode: 'append' })
    expect((await framed(output)).length).toBe(4)
    expect((await failure(run(own, fileWith('{"k":"a","n":1}\n'), { output, mode: 'append' }))).code).toBe(
      'OUTPUT_DIFFERENT',
    )
  })

  it('of a ready-made job have columns by --format parquet, in the codec that is asked for', async () => {
    const path = fileWith('b a\nb ü\n', 'a.txt')
    const output = join(temporaryFolder(), 'out')
    expect((await runjob(['wordcount', path, '-o', output, '--format', 'parquet', '--gzip', '-q'])).code).toBe(0)
    expect((await framed(output)).map(({ key, value }) => `${key} ${value}`).sort()).toEqual(['a 1', 'b 2', 'ü 1'])
    const found = join(temporaryFolder(), 'found')
    expect((await runjob(['grep', 'ü', path, '-o', found, '--format', 'parquet', '-q'])).code).toBe(0)
    expect(await framed(found)).toEqual([{ key: 'b ü' }])
    expect((await runjob(['grep', 'zzz', path, '-o', `${found}2`, '--format', 'parquet', '-q'])).code).toBe(0)
    expect(await framed(`${found}2`)).toEqual([])
  })

  it('keep zeros, null and text as they are', async () => {
    const { output } = await run(own, fileWith('{"k":"","n":-0}\n{"k":"\\u0000ü","n":null}\n{"k":"x","n":1e300}\n'))
    const found = await framed(output)
    expect(found).toEqual([
      { key: '', value: -0 },
      { key: '\u0000ü', value: null },
      { key: 'x', value: 1e300 },
    ])
    expect(Object.is(found[0]!.value, -0)).toBe(true)
    const result = await run(own, fileWith('{"k":"a","n":1}\n'))
    expect(() => result.read()).toThrow('in formats of text')
  })

  it('are bad records where they are not of their column', async () => {
    const path = fileWith('1\n1.5\n2147483648\nnull\n2\n')
    const error = await failure(run(misfits, path))
    expect([error.code, error.message]).toEqual([
      'EMIT_TYPE',
      expect.stringContaining('the column n of its output is int, which does not hold 1.5'),
    ])
    const { output } = await run(misfits, path, { maxBad: 3 })
    expect(await framed(output)).toEqual([
      { k: 'k', n: 1 },
      { k: 'k', n: 2 },
    ])
    const unset = await failure(run(own, fileWith('{"k":"a"}\n')))
    expect([unset.code, unset.hint]).toEqual(['EMIT_TYPE', expect.stringContaining('misspelt property')])
    const late = fileWith('{"id":1,"at":"no date","wide":"1","tags":[],"x":1}\n')
    expect((await failure(run(typed, late))).code).toBe('CELL_INVALID')
  })

  it('are refused where columns do not fit', async () => {
    const job = (schema: object) => {
      const all = { name: 'x', input: jsonl(), map: () => {}, output: parquet({ schema: schema as never }) }
      return failure(run(defineJob(all as never), fileWith('1\n')))
    }
    expect((await job({ k: string() })).message).toContain('has 1 column (k), but its records have 2 fields')
    expect((await job({ k: string(), n: string() })).message).toContain(
      'has the column n of type string, but that field of its records is number',
    )
    expect(() => defineJob({ name: 'x', input: jsonl(), map: () => {}, outputs: { o: parquet() } } as never)).toThrow(
      'parquet() is for the records of a job',
    )
  })
})
