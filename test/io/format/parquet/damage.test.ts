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
import { randomFilters } from '../../../helpers/random_parquet.js'

async function outcome(path: string, random: Random): Promise<string> {
  const file = parquetFile(path)
  try {
    const columns = await readParquetSchema(file)
    // With filters, all that tells what may be left out is read as well.
    const filters = random.below(2) === 0 ? (randomFilters(random, columns, ROWS) ?? []) : []
    await readParquetBytes(file, columns, { filters, parts: 1 + random.below(3) })
    return 'read'
  } catch (error) {
    return (error as RunjobError).code
  }
}

const ROWS = 500
const LENGTHS = [0, 1, 127, 128, 2 ** 15, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

/** Each way to damage a file. */
const DAMAGES: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    return bytes
  },
  (bytes, random) => {
    for (let n = 1 + random.below(3); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256)
    return bytes
  },
  (bytes, random) => {
    bytes.writeUInt32LE(random.pick(LENGTHS), random.below(bytes.length - 4))
    return bytes
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const [from, size] = [random.below(bytes.length), 1 + random.below(50)]
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)])
  },
  (bytes, random) => {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length)]
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + 50), bytes.subarray(to)])
  },
]

async function damage(bytes: Buffer, seed: number, times: number): Promise<void> {
  const random = new Random(seed)
  const path = join(temporaryFolder(), 'a.parquet')
  const allowed = ['read', 'PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED', 'CELL_INVALID', 'DIVIDE_BY_ZERO']
  for (let i = 0; i < times; i++) {
    writeFileSync(path, DAMAGES[i % DAMAGES.length]!(Buffer.from(bytes), random))
    expect(allowed, `seed ${seed}, damage ${i}`).toContain(await outcome(path, random))
  }
}

test.each(['uncompressed', 'snappy', 'zstd', 'gzip', 'lz4_raw'])('of DuckDB, %s', async (codec) => {
  const path = join(temporaryFolder(), 'a.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`
    copy (select i, 'text ' || (i % 7) as few, 'text ' || i as many, case when i % 3 = 0 then null else i / 7 end as maybe,
      [i, null] as list, {a: i, b: [{c: 'x' || i}]} as deep, (i / 8)::decimal(30, 4) as wide from range(${ROWS}) t(i)) to '${path}'
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

test('of hyparquet-writer, with page indexes and Bloom filters', async () => {
  const column = <T>(of: (i: number) => T) => Array.from({ length: ROWS }, (_, i) => of(i))
  const indexed = { columnIndex: true, offsetIndex: true, bloomFilter: true }
  const bytes = parquetWriteBuffer({
    pageSize: 300,
    columnData: [
      { ...indexed, name: 'ordered', data: column((i) => i), type: 'INT32' },
      { ...indexed, name: 'text', data: column((i) => `name ${i % 9}`), type: 'STRING' },
      { ...indexed, name: 'maybe', data: column((i) => (i % 100 < 50 ? null : i / 2)), type: 'DOUBLE' },
    ],
  })
  await damage(Buffer.from(bytes), 3, 300)
})
