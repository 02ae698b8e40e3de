/** A declared column that no file has is not a column of nulls. */
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { jsonl, long, nullable, parquet, read, string, struct } from '../../dist/src/index.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'

const options = { diskCheck: false }

/** @returns the rows, or the code and what is said */
async function outcome(frame: { collect: (options: object) => Promise<unknown[]> }): Promise<unknown> {
  return frame.collect(options).catch((error) => [error.code, `${error.message} ${error.hint}`.trim()])
}

function jsonLines(files: Record<string, string>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

async function parquetFiles(files: Record<string, string>): Promise<string> {
  const folder = temporaryFolder()
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  for (const [name, sql] of Object.entries(files)) {
    await duckdb.run(`COPY (${sql}) TO '${join(folder, name)}' (FORMAT parquet)`)
  }
  duckdb.closeSync()
  return folder
}

describe('JSON lines', () => {
  const misspelt = jsonl({ schema: { pth: nullable(string()), ms: long() } })
  const LINES = '{"path":"/a","ms":3}\n{"path":"/b","ms":4}\n'

  it('are refused if a name in them looks like the one that they lack', async () => {
    const folder = jsonLines({ 'a.jsonl': LINES })
    const message = 'No column "pth". Columns: path, ms. Did you mean "path"?'
    expect(await outcome(read(misspelt, folder))).toEqual(['COLUMN_UNKNOWN', message])
  })

  it('may lack what is like no other name, or what is there later', async () => {
    const rare = jsonl({ schema: { error: nullable(string()), ms: long() } })
    const folder = jsonLines({ 'a.jsonl': LINES })
    expect(await outcome(read(rare, folder))).toEqual([
      { error: null, ms: 3 },
      { error: null, ms: 4 },
    ])
    const later = jsonLines({ 'a.jsonl': LINES.repeat(5000), 'b.jsonl': '{"pth":"/c","ms":5}\n' })
    const found = await read(misspelt, later)
      .filter((c) => c.pth.isNotNull())
      .collect(options)
    expect(found).toEqual([{ pth: '/c', ms: 5 }])
  })

  it('may have both names', async () => {
    const folder = jsonLines({ 'a.jsonl': LINES })
    const both = jsonl({ schema: { pth: nullable(string()), path: string() } })
    expect(await outcome(read(both, folder))).toEqual([
      { pth: null, path: '/a' },
      { pth: null, path: '/b' },
    ])
  })

  it('are refused for a field in a struct, too', async () => {
    const folder = jsonLines({ 'a.jsonl': '{"address":{"city":"Oslo"}}\n{"address":null}\n' })
    const nested = jsonl({ schema: { address: nullable(struct({ ciy: nullable(string()) })) } })
    const message = 'No column "address.ciy". Columns: address.city. Did you mean "address.city"?'
    expect(await outcome(read(nested, folder))).toEqual(['COLUMN_UNKNOWN', message])
  })
})

describe('Parquet', () => {
  it('is refused if no file has the column', async () => {
    const folder = await parquetFiles({ 'a.parquet': "SELECT 1::BIGINT AS id, {'city': 'Oslo'} AS address" })
    const schemas = [
      { idd: nullable(long()) },
      { note: nullable(string()), id: nullable(long()) },
      { address: nullable(struct({ city: nullable(string()), zip: nullable(string()) })) },
    ]
    const outcomes = await Promise.all(schemas.map((schema) => outcome(read(parquet({ schema } as never), folder))))
    expect(outcomes).toEqual([
      ['COLUMN_UNKNOWN', 'No column "idd". Columns: id, address. Did you mean "id"?'],
      [
        'COLUMN_UNKNOWN',
        'No column "note". Columns: id, address. Names must match exactly, including upper and lower case.',
      ],
      ['COLUMN_UNKNOWN', 'No column "address.zip". Columns: address.city. Did you mean "address.city"?'],
    ])
  })

  it('may have the column in some files, even if those are not read', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'year=2023/_': '', 'year=2024/_': '' })
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    await duckdb.run(`COPY (SELECT 1::BIGINT AS id) TO '${join(folder, 'year=2023/a.parquet')}' (FORMAT parquet)`)
    await duckdb.run(
      `COPY (SELECT 2::BIGINT AS id, 'new' AS note) TO '${join(folder, 'year=2024/a.parquet')}' (FORMAT parquet)`,
    )
    duckdb.closeSync()
    const lake = read(parquet({ schema: { id: long(), note: nullable(string()), year: long() } }), folder)
    expect(await outcome(lake.filter((c) => c.year.eq(2023)))).toEqual([{ id: 1, note: null, year: 2023 }])
  })

  it('with another type where a struct is declared is a conflict', async () => {
    const folder = await parquetFiles({ 'a.parquet': "SELECT 'Oslo' AS address" })
    const frame = read(parquet({ schema: { address: nullable(struct({ city: nullable(string()) })) } }), folder)
    expect(await outcome(frame)).toEqual(['SCHEMA_CONFLICT', expect.stringContaining('address')])
  })
})
