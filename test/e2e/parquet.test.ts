/** Data frames of Parquet files that DuckDB and hyparquet-writer wrote. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { col, count, decimal, int, lit, long, parquet, read, string, sum } from 'runjob'
import { beforeAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from '../helpers/folder.js'
import { readParquet } from '../helpers/parquet.js'
import { runjob } from '../helpers/run.js'

let duck: (sql: string) => Promise<Record<string, unknown>[]>

beforeAll(async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  duck = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[]
})

const SOURCE = `
  select i::int as i, i * 1000003 as l, case when i % 7 = 0 then null else i / 3.0 end as d, (i * 1.25)::decimal(9, 2) as narrow,
    (i * 12345678901.123)::decimal(30, 3) as wide, 'text ' || (i % 10) as few, 'some longer text ' || i as many,
    case when i % 5 = 0 then null else i % 2 = 0 end as flag, date '2000-01-01' + i::int as day,
    timestamp '2000-01-01' + interval (i) second as moment, [i, null, i + 1] as list, {a: i, b: 'b' || i} as "struct"
  from range(6000) t(i)`

describe('files of DuckDB', () => {
  for (const options of [
    'codec uncompressed',
    'codec snappy',
    'codec gzip',
    'codec zstd',
    'codec brotli',
    'codec lz4_raw',
    'parquet_version v2, codec snappy',
    'parquet_version v2, codec zstd, row_group_size 2048',
  ]) {
    it(`are read as DuckDB reads them: ${options}`, async () => {
      const path = join(temporaryFolder(), 'a.parquet')
      await duck(`copy (${SOURCE}) to '${path}' (format parquet, ${options})`)
      const rows = await readParquet(path)
      expect(rows.length).toBe(6000)
      const theirs = await duck(`
        select i, l, d, narrow, wide, few, many, flag, day, epoch_us(moment) as moment, list, "struct" from '${path}'`)
      const ours = rows.map((row) => ({ ...row, moment: Date.parse(`${row.moment}Z`) * 1000 }))
      expect(ours).toEqual(
        theirs.map(({ l, moment, list, struct, ...flat }) => {
          const { a, b } = struct as { a: unknown; b: unknown }
          const numbers = (list as unknown[]).map((one) => (one === null ? null : Number(one)))
          return { ...flat, l: Number(l), moment: Number(moment), list: numbers, struct: { a: Number(a), b } }
        }),
      )
    })
  }
})

describe('zstd', () => {
  it.each([-5, 1, 3, 9, 19, 22])('of level %i is what was compressed', async (level) => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`
      copy (select (hash(i) % 1000003)::bigint as noise, md5((i % 5000)::text) as hex, repeat('abc', (i % 40)::int) as runs, i // 100 as steps,
        'GET /path/' || (hash(i) % 50) || '?q=' || chr((97 + hash(i * 7) % 26)::int) || ' HTTP/1.1" ' || (200 + i % 3) as line
        from range(40000) t(i)) to '${path}' (format parquet, codec zstd, compression_level ${level}, dictionary_size_limit 1)`)
    const theirs = await duck(`select * from '${path}'`)
    const ours = await readParquet(path)
    expect(ours).toEqual(theirs.map((row) => ({ ...row, noise: Number(row.noise), steps: Number(row.steps) })))
  })
})

describe('data frames of Parquet files', () => {
  it('group, order and filter as DuckDB does, with row groups in many tasks', async () => {
    const folder = temporaryFolder()
    await duck(`copy (${SOURCE}) to '${join(folder, 'a.parquet')}' (format parquet, row_group_size 2048)`)
    await duck(`copy (${SOURCE.replace('6000', '3000')}) to '${join(folder, 'b.parquet')}' (format parquet)`)
    const ours = await read(parquet(), folder)
      .filter(col('i').ge(100))
      .groupBy('few')
      .agg({ n: count(), s: sum('l'), d: sum('narrow') })
      .orderBy('few')
      .collect({ workers: 2 })
    const theirs = await duck(`
      select few, count(*) as n, sum(l) as s, sum(narrow) as d from '${folder}/*.parquet' where i >= 100 group by few order by few`)
    expect(ours).toEqual(theirs.map((row) => ({ ...row, n: Number(row.n), s: Number(row.s) })))
  })

  it('count rows without reading a column', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`copy (${SOURCE}) to '${path}' (format parquet)`)
    expect(await read(parquet(), path).count()).toBe(6000)
  })

  it('have the columns of all files by name, null where a file lacks one', async () => {
    const folder = temporaryFolder()
    await duck(`copy (select 1::int as id, 'a' as name) to '${join(folder, 'a.parquet')}' (format parquet)`)
    await duck(`copy (select 2::bigint as id, 0.5::double as x) to '${join(folder, 'b.parquet')}' (format parquet)`)
    expect(await read(parquet(), folder).collect()).toEqual([
      { id: 1, name: 'a', x: null },
      { id: 2, name: null, x: 0.5 },
    ])
    await duck(`copy (select 'three' as id) to '${join(folder, 'c.parquet')}' (format parquet)`)
    await expect(read(parquet(), folder).collect()).rejects.toMatchObject({
      code: 'SCHEMA_CONFLICT',
      message: /Column "id" is bigint in .*b.parquet, but string in .*c.parquet/,
    })
  })

  it('have the columns of a declared schema, which may be wider', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`copy (select 7::int as id, 1.5::decimal(3, 1) as price, 'x' as name) to '${path}' (format parquet)`)
    const schema = { price: decimal(10, 2), id: long() }
    expect(await read(parquet({ schema }), path).collect()).toEqual([{ price: '1.50', id: 7 }])
    const narrow = parquet({ schema: { id: string() } })
    await expect(read(narrow, path).collect()).rejects.toMatchObject({ code: 'SCHEMA_CONFLICT' })
  })

  it('name the row in which a value is missing, or leave it out', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`
      copy (select case when i = 2500 then null else i::int end as i from range(5000) t(i)) to '${path}' (format parquet, row_group_size 2048)`)
    const frame = read(parquet({ schema: { i: int() } }), path)
    await expect(frame.collect()).rejects.toMatchObject({ code: 'CELL_INVALID', where: { file: path, row: 2501 } })
    expect((await frame.collect({ maxBad: 1 })).length).toBe(4999)
  })
})

describe('what filters leave out', () => {
  it('makes no difference to the rows, wherever splits cut row groups', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    const rows = 40_000
    const column = <T>(of: (i: number) => T) => Array.from({ length: rows }, (_, i) => of(i))
    const indexed = { columnIndex: true, offsetIndex: true }
    const columnData = [
      { ...indexed, name: 'i', data: column((i) => i), type: 'INT32' as const },
      { ...indexed, name: 'text', data: column((i) => `a text of some length ${i}`), type: 'STRING' as const },
      { ...indexed, name: 'few', data: column((i) => (i % 7 === 0 ? null : `few ${i % 5}`)), type: 'STRING' as const },
    ]
    writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, pageSize: 4000, rowGroupSize: 30_000 })))
    const frame = read(parquet(), path).filter(col('i').between(9_990, 30_010).and(col('few').ne('few 3')))
    const asked = frame.select('text', 'few', 'i')
    const [first, ...others] = await Promise.all(
      [{ readAll: true }, {}, { splitBytes: 5000 }, { splitBytes: 100_000 }].map((tuning) =>
        asked.collect({ workers: 2, [TUNING]: tuning }),
      ),
    )
    expect(first!.map(({ i }) => i)).toEqual(
      column((i) => i).filter((i) => i >= 9_990 && i <= 30_010 && i % 7 !== 0 && i % 5 !== 3),
    )
    for (const other of others) expect(other).toEqual(first)
  })

  it('does not hide a row without a value that it must have', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`
      copy (select i, case when i = 5 then null else i::int end as n from range(10000) t(i)) to '${path}' (format parquet, row_group_size 2048)`)
    const frame = read(parquet({ schema: { i: long(), n: int() } }), path).filter(col('i').gt(9000))
    await expect(frame.collect()).rejects.toMatchObject({ code: 'CELL_INVALID', where: { file: path, row: 6 } })
    expect((await frame.collect({ maxBad: 1 })).length).toBe(999)
  })

  it('is read for rows after one at fault', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(`copy (select i::int as i, 'text ' || i as text from range(5000) t(i)) to '${path}' (format parquet)`)
    const failing = lit(1).div(col('i').sub(2500)).lt(2)
    const frame = read(parquet(), path).filter(failing).filter(col('i').mod(2).eq(0)).filter(col('text').ne('text 4'))
    await expect(frame.collect()).rejects.toMatchObject({ code: 'DIVIDE_BY_ZERO', where: { file: path, row: 2501 } })
    const rows = await frame.collect({ maxBad: 1 })
    expect(rows.map(({ i, text }) => [i, text])).toEqual(
      Array.from({ length: 2500 }, (_, k) => [2 * k, `text ${2 * k}`]).filter(([i]) => i !== 2500 && i !== 4),
    )
  })
})

describe('dictionaries', () => {
  it('of a file are never taken for those that expressions make', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    await duck(
      `copy (select i < 2048 as first, 'w' || (i % 2) as word from range(4096) t(i)) to '${path}' (format parquet)`,
    )
    // A process of its own: the first dictionaries of both kinds meet.
    const query = `df.withColumn('y', when(col('first'), upper(col('word'))).otherwise(col('word'))).groupBy('y').agg({ n: count() }).orderBy('y')`
    expect((await runjob(['query', query, path])).stdout).toBe(
      ['W0', 'W1', 'w0', 'w1'].map((y) => `{"y":"${y}","n":1024}\n`).join(''),
    )
  })
})

describe('packed numbers', () => {
  it('of any width are the same at every level of SIMD', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    const n = 3000
    const numbers = (width: number) =>
      Array.from({ length: n }, (_, i) => (Math.imul(i, 2654435761) >>> 1) % 2 ** width)
    const deltas = Array.from({ length: 31 }, (_, i) => ({
      name: `delta${i + 1}`,
      // Down to 0 and up again, so that differences have all bits.
      data: numbers(i + 1).map((value, row) => (row % 2 === 0 ? 0 : value)),
      type: 'INT32' as const,
      encoding: 'DELTA_BINARY_PACKED' as const,
    }))
    const codes = Array.from({ length: 10 }, (_, i) => ({
      name: `code${i + 1}`,
      data: numbers(i + 1),
      type: 'INT32' as const,
    }))
    writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData: [...deltas, ...codes], pageSize: 1000 })))
    const [first, ...others] = await Promise.all(
      ['portable', 'avx2', 'avx512'].map((level) => runjob(['query', 'df', path], { env: { RUNJOB_SIMD: level } })),
    )
    const rows = first!.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const { name, data } of [...deltas, ...codes])
      expect(
        rows.map((row) => row[name]),
        name,
      ).toEqual(data)
    for (const { stdout } of others) expect(stdout).toBe(first!.stdout)
  })
})

describe('files of hyparquet-writer', () => {
  it('are read as they were written', async () => {
    const path = join(temporaryFolder(), 'a.parquet')
    const n = 5000
    const column = <T>(of: (i: number) => T) => Array.from({ length: n }, (_, i) => of(i))
    const columnData = [
      {
        name: 'delta',
        data: column((i) => (i * 7919) % 1000),
        type: 'INT32' as const,
        encoding: 'DELTA_BINARY_PACKED' as const,
      },
      {
        name: 'prefix',
        data: column((i) => `a common prefix ${i}`),
        type: 'STRING' as const,
        encoding: 'DELTA_BYTE_ARRAY' as const,
      },
      {
        name: 'length',
        data: column((i) => `text ${i}`),
        type: 'STRING' as const,
        encoding: 'DELTA_LENGTH_BYTE_ARRAY' as const,
      },
      { name: 'split', data: column((i) => i / 7), type: 'DOUBLE' as const, encoding: 'BYTE_STREAM_SPLIT' as const },
      { name: 'maybe', data: column((i) => (i % 3 === 0 ? null : `value ${i % 5}`)), type: 'STRING' as const },
    ]
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, pageSize: 1000, rowGroupSize: 1500 })))
    const rows = await readParquet(path)
    expect(rows).toEqual(column((i) => Object.fromEntries(columnData.map(({ name, data }) => [name, data[i]]))))
  })
})
