/**
 * Random queries give DuckDB's answers: 100 of them, more by RUNJOB_QUERIES. Where the two are meant to differ, no query goes: overflow,
 * division by zero, averages of decimals, rows that no order decides.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { jsonl, parquet, read } from '../../dist/src/index.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { canonical, randomQuery, randomRow, SQL_TYPES, schemaOf, TABLES } from '../helpers/random_frames.js'

const QUERIES = Number(process.env.RUNJOB_QUERIES ?? 100)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)
const SHOWN = Number(process.env.RUNJOB_SHOWN ?? 3)
const ROWS: Record<string, number> = { t: 400, r: 60 }

test(
  `${QUERIES} random queries have the answers of DuckDB`,
  async () => {
    const folder = temporaryFolder()
    const random = new Random(SEED)
    const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
    // biome-ignore lint/suspicious/noExplicitAny: the columns of a random query are unknown to the compiler
    const [lines, columnar]: Record<string, any>[] = [{}, {}]
    await duckdb.run("SET TimeZone = 'UTC'")
    for (const [name, columns] of Object.entries(TABLES)) {
      // Two files: splits and the order of files matter.
      mkdirSync(join(folder, name))
      const rows = random.times(ROWS[name]!, (i) => randomRow(random, columns, i))
      const texts = rows.map((row) => `${JSON.stringify(row)}\n`)
      const half = texts.length / 2
      writeFileSync(join(folder, name, '1.jsonl'), texts.slice(0, half).join(''))
      writeFileSync(join(folder, name, '2.jsonl'), texts.slice(half).join(''))
      const types = columns.map((column) => `${column.name}: '${SQL_TYPES[column.kind]}'`).join(', ')
      await duckdb.run(
        `CREATE TABLE ${name} AS SELECT * FROM read_json('${join(folder, name)}/*.jsonl', format = 'newline_delimited', columns = {${types}})`,
      )
      const instants = columns
        .filter(({ kind }) => kind === 'timestamp')
        .map(({ name }) => `${name}::TIMESTAMPTZ AS ${name}`)
      const all = instants.length === 0 ? '*' : `* REPLACE (${instants.join(', ')})`
      const path = join(folder, `${name}.parquet`)
      await duckdb.run(`COPY (SELECT ${all} FROM ${name}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 100)`)
      lines![name] = read(jsonl({ schema: schemaOf(columns) }), join(folder, name))
      columnar![name] = read(parquet({ schema: schemaOf(columns) }), path)
    }
    const failures: string[] = []
    const ask = async (i: number) => {
      const seed = SEED * 1_000_003 + i
      let told = ''
      try {
        const { frame, sql, columns, ordered } = randomQuery(new Random(seed), (i % 4 < 2 ? lines : columnar)!)
        told = sql
        const theirs = (await duckdb.runAndReadAll(sql)).getRowObjectsJson().map((row) => canonical(row, columns))
        const rows: Record<string, unknown>[] = await frame.collect({ workers: 1 + (i % 2), diskCheck: false })
        const ours = rows.map((row) => canonical(row, columns))
        if (!ordered) for (const rows of [ours, theirs]) rows.sort()
        expect(ours).toEqual(theirs)
      } catch (error) {
        failures.push(`seed ${seed}: ${told}\n${(error as Error).message}`)
      }
    }
    // Several runs at a time, in one process.
    const numbers = Array.from({ length: QUERIES }, (_, i) => i)
    while (numbers.length > 0) await Promise.all(numbers.splice(0, 4).map(ask))
    expect(failures.length, failures.slice(0, SHOWN).join('\n\n')).toBe(0)
  },
  QUERIES * 2000,
)
