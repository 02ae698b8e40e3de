/** What footers say of columns: their bytes, and whether their values seem to be unique. */
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, expect, it } from 'vitest'
import { readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { ParquetSize } from '../../../../dist/src/io/format/parquet/size.js'
import { sizeOf } from '../../../../dist/src/run/sizes.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { parquetFile } from '../../../helpers/parquet.js'

let database: DuckDBConnection

beforeAll(async () => {
  database = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
})

/** Files of 2,048 rows a row group. */
async function files(...queries: string[]) {
  const folder = temporaryFolder()
  const paths = queries.map((_, i) => join(folder, `${i}.parquet`))
  for (const [i, query] of queries.entries()) {
    await database.run(`copy (${query}) to '${paths[i]}' (format parquet, row_group_size 2048)`)
  }
  return paths.map(parquetFile)
}

async function unique(...queries: string[]): Promise<string[]> {
  const size = new ParquetSize()
  for (const file of await files(...queries)) size.add(readFooter(file))
  return [...size.columns].flatMap(([name, { isUnique }]) => (isUnique ? [name] : []))
}

it('takes whole numbers that are counted up for unique', async () => {
  const query = `select i as key, i::int as n, i + 2000 * (i // 2048) as apart, i * 2 as even, i % 2048 as again, i // 2 as twice,
    case when i <> 7 then i end as hole, i::double as d, i::text as s, [i] as list, {a: i} as part from range(5000) t(i)`
  expect(await unique(query)).toEqual(['key', 'n', 'apart'])
})

it('does not where row groups or files overlap, nor where one has a row more than numbers', async () => {
  expect(await unique('select i as key from range(3000) t(i)', 'select i + 3000 as key from range(10) t(i)')).toEqual([
    'key',
  ])
  expect(await unique('select i as key from range(3000) t(i)', 'select i + 2999 as key from range(10) t(i)')).toEqual(
    [],
  )
  expect(await unique('select least(i, 9) as key from range(11) t(i)')).toEqual([])
  expect(await unique('select i as key from range(0) t(i)')).toEqual(['key'])
})

it('counts the bytes of each column, five times, and all rows', async () => {
  const { bytes, rows, columns } = await sizeOf(
    { kind: 'parquet', encoding: null },
    await files("select i as key, repeat('x', 100) || i as text, [i, i] as list from range(5000) t(i)"),
  )
  expect(rows).toBe(5000)
  expect([...columns!.keys()]).toEqual(['key', 'text', 'list'])
  const [key, text, list] = [...columns!.values()]
  expect(text!.bytes).toBeGreaterThan(key!.bytes)
  expect(list!.bytes).toBeGreaterThan(0)
  expect(bytes).toBe(key!.bytes + text!.bytes + list!.bytes)
  expect(key!.bytes % 5).toBe(0)
})

it('has bounds of whole numbers, dates, times and decimals, if all row groups do', async () => {
  const query = `select i as n, date '2020-01-01' + (i // 10)::int as day, (i / 4)::decimal(9, 2) as price, make_timestamp(i) as at, i::text as s,
    case when i >= 2048 then i end as late from range(5000) t(i)`
  const size = new ParquetSize()
  for (const file of await files(query, query.replaceAll('range(5000)', 'range(-3, 10)'))) size.add(readFooter(file))
  const bounds = [...size.columns].map(([name, { least, greatest }]) => [name, least, greatest])
  expect(bounds).toEqual([
    ['n', -3n, 4999n],
    // 2020-01-01 is day 18,262.
    ['day', 18262n, 18761n],
    ['price', -75n, 124975n],
    ['at', -3n, 4999n],
    ['s', null, null],
    ['late', null, null],
  ])
})
