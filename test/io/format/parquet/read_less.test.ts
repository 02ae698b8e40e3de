/** What is left out of a scan, because a filter after it lets no row of it pass, makes no difference. */
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { RunjobError } from '../../../../dist/src/base/errors.js'
import { readFooter } from '../../../../dist/src/io/format/parquet/footer.js'
import { readParquetSchema } from '../../../../dist/src/io/format/parquet/schema.js'
import type { Expression } from '../../../../dist/src/plan/expression.js'
import type { Column } from '../../../../dist/src/plan/type.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { type ParquetReading, parquetFile, readParquetBytes } from '../../../helpers/parquet.js'
import { Random } from '../../../helpers/random.js'
import { randomFilters, writeRandomParquet } from '../../../helpers/random_parquet.js'

const FILES = Number(process.env.RUNJOB_FILES ?? 30)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)
const FILTERS = 20

async function answer(path: string, columns: readonly Column[], reading: ParquetReading): Promise<string> {
  try {
    return Buffer.from(await readParquetBytes(parquetFile(path), columns, reading)).toString('latin1')
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
    const columns = await readParquetSchema(parquetFile(path))
    const { rows } = await readFooter(parquetFile(path))
    for (let k = 0; k < FILTERS; k++) {
      const filters = randomFilters(random, columns, rows)
      // Some columns, in any order.
      const used = new Set(filters.flatMap(columnNames))
      const asked = columns.filter(({ name }) => used.has(name) || random.below(2) === 0)
      const place = `seed ${SEED}, file ${i}, filters ${k}: ${JSON.stringify(filters)}`
      const all = await answer(path, asked, { filters, readAll: true })
      let read = 0
      const onRanges: ParquetReading['onRanges'] = (ranges) => {
        for (const { start, end } of ranges) read += end - start
      }
      expect(await answer(path, asked, { filters, onRanges }), place).toBe(all)
      left += rows - read
      if (k % 4 === 0) expect(await answer(path, asked, { filters, parts: 1 + random.below(7) }), place).toBe(all)
    }
  }
  // Otherwise this tests nothing.
  expect(left).toBeGreaterThan(FILES * FILTERS * 100)
}, 600_000)

function columnNames(expression: Expression): string[] {
  if (expression.op === 'column') return [expression.name]
  return expression.op === 'call' ? expression.args.flatMap(columnNames) : []
}
