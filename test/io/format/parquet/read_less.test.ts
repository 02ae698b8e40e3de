/** What is left out of a scan, because a filter after it lets no row of it pass, makes no difference. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { RunjobError } from '../../../../dist/src/base/errors.js'
import { readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { readParquetSchema } from '../../../../dist/src/io/format/parquet/schema.js'
import type { Expression } from '../../../../dist/src/plan/expression.js'
import type { Column } from '../../../../dist/src/plan/type.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { type ParquetReading, parquetFile, readParquetBytes, realFiles } from '../../../helpers/parquet.js'
import { Random } from '../../../helpers/random.js'
import { randomFilters, writeRandomParquet } from '../../../helpers/random_parquet.js'

const FILES = Number(process.env.RUNJOB_FILES ?? 30)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)
const FILTERS = 20

async function answer(path: string, columns: readonly Column[], reading: ParquetReading): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readParquetBytes(parquetFile(path), columns, reading))
      .digest('hex')
  } catch (error) {
    if (!(error instanceof RunjobError)) throw error
    return `${error.code} ${JSON.stringify(error.params)}`
  }
}

test(`${FILES} random files give the same bytes for ${FILTERS} filters each, whether all is read or only what may pass`, async () => {
  const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const path = join(temporaryFolder(), 'a.parquet')
  let left = 0
  for (let i = 0; i < FILES; i++) {
    const random = new Random(SEED * 1_000_003 + i)
    await writeRandomParquet(path, random, duckdb)
    left += await compare(path, random, `seed ${SEED}, file ${i}`)
  }
  // Otherwise this tests nothing.
  expect(left).toBeGreaterThan(FILES * FILTERS * 100)
}, 600_000)

test.skipIf(realFiles === null)(
  'files of many writers do, too',
  async () => {
    const folder = join(realFiles!, 'good')
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (!(await canRead(path))) continue
      await compare(path, new Random(SEED), `seed ${SEED}, ${name}`)
    }
  },
  600_000,
)

async function canRead(path: string): Promise<boolean> {
  try {
    await readParquetBytes(parquetFile(path), await readParquetSchema(parquetFile(path)))
    return true
  } catch {
    return false
  }
}

/** @returns how many rows were left out, of all filters */
async function compare(path: string, random: Random, place: string): Promise<number> {
  let left = 0
  const columns = await readParquetSchema(parquetFile(path))
  const { rows } = readFooter(parquetFile(path))
  for (let i = 0; i < FILTERS; i++) {
    const filters = randomFilters(random, columns, rows)
    if (filters === null) return left
    // Some columns, in any order.
    const used = new Set(filters.flatMap(columnNames))
    const asked = columns.filter(({ name }) => used.has(name) || random.below(2) === 0)
    const what = `${place}, filters ${i}: ${JSON.stringify(filters)}`
    const all = await answer(path, asked, { filters, readAll: true })
    let read = 0
    const onRanges: ParquetReading['onRanges'] = (ranges) => {
      for (const { start, end } of ranges) read += end - start
    }
    expect(await answer(path, asked, { filters, onRanges }), what).toBe(all)
    left += rows - read
    if (i % 4 === 0) expect(await answer(path, asked, { filters, parts: 1 + random.below(7) }), what).toBe(all)
  }
  return left
}

function columnNames(expression: Expression): string[] {
  if (expression.op === 'column') return [expression.name]
  return expression.op === 'call' ? expression.args.flatMap(columnNames) : []
}
