/** Files that are damaged anywhere are read or refused: never a crash, nor another error. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import type { RunjobError } from '../../../../dist/src/base/errors.js'
import { readParquetSchema } from '../../../../dist/src/io/format/parquet/schema.js'
import { temporaryFolder } from '../../../helpers/folder.js'
import { parquetFile, readParquetBytes } from '../../../helpers/parquet.js'
import { Random } from '../../../helpers/random.js'

async function outcome(path: string): Promise<string> {
  const file = parquetFile(path)
  try {
    const columns = await readParquetSchema(file)
    await readParquetBytes(file, columns)
    return 'read'
  } catch (error) {
    return (error as RunjobError).code
  }
}

async function damage(bytes: Buffer, seed: number, times: number): Promise<void> {
  const random = new Random(seed)
  const path = join(temporaryFolder(), 'a.parquet')
  for (let i = 0; i < times; i++) {
    const damaged = Buffer.from(bytes)
    for (let n = 1 + random.below(3); n > 0; n--) damaged[random.below(damaged.length)] = random.below(256)
    writeFileSync(path, damaged)
    const found = await outcome(path)
    expect(['read', 'PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED', 'CELL_INVALID'], `seed ${seed}, damage ${i}`).toContain(
      found,
    )
  }
}

test.each(['uncompressed', 'snappy', 'zstd', 'gzip', 'lz4_raw'])('of DuckDB, %s', async (codec) => {
  const path = join(temporaryFolder(), 'a.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`
    copy (select i, 'text ' || (i % 7) as few, 'text ' || i as many, case when i % 3 = 0 then null else i / 7 end as maybe,
      [i, null] as list, {a: i, b: [{c: 'x' || i}]} as deep, (i / 8)::decimal(30, 4) as wide from range(500) t(i)) to '${path}'
      (format parquet, codec ${codec})`)
  await damage(readFileSync(path), 1, 150)
})

test('of hyparquet-writer, with encodings that DuckDB does not write', async () => {
  const column = <T>(of: (i: number) => T) => Array.from({ length: 300 }, (_, i) => of(i))
  const bytes = parquetWriteBuffer({
    codec: 'UNCOMPRESSED',
    columnData: [
      { name: 'delta', data: column((i) => (i * 7919) % 1000), type: 'INT32', encoding: 'DELTA_BINARY_PACKED' },
      { name: 'prefix', data: column((i) => `prefix ${i}`), type: 'STRING', encoding: 'DELTA_BYTE_ARRAY' },
      { name: 'length', data: column((i) => `text ${i}`), type: 'STRING', encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
      { name: 'split', data: column((i) => i / 7), type: 'DOUBLE', encoding: 'BYTE_STREAM_SPLIT' },
    ],
  })
  await damage(Buffer.from(bytes), 2, 300)
})
