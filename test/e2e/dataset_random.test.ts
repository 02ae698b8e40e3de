/**
 * Random queries give DuckDB's answers: 600 of them, more by RUNJOB_QUERIES, others by RUNJOB_SEED. Where the two are meant to differ no query
 * goes: docs/internals/frames.md lists that.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { avro, csv, defineDataset, jsonl, parquet, read, runDataset } from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { type RandomQuery, randomQuery } from '../helpers/random_frames/queries.js'
import { type Any, canonical, randomRow, SQL_TYPES, schemaOf, TABLES } from '../helpers/random_frames/tables.js'
import type { Tuning } from '../helpers/run.js'

const QUERIES = Number(process.env.RUNJOB_QUERIES ?? 600)
const SEED = Number(process.env.RUNJOB_SEED ?? 1)
/** A single run, to repeat a failure. */
const BATCH = process.env.RUNJOB_BATCH
const SHOWN = 3

/** The same tables in files of a format, and in DuckDB. */
interface Source {
  frames: Record<string, Any>
  duckdb: DuckDBConnection
}

const FORMATS = { jsonl, parquet, csv, avro } as const
/** Of the tables. Parquet's has several batches; the others have so few that each is often empty, or one. */
const ROWS = { t: { jsonl: 400, parquet: 5000, csv: 400, avro: 400 }, r: { jsonl: 60, parquet: 60, csv: 60, avro: 60 } }

async function makeSource(format: keyof typeof FORMATS, folder: string, random: Random): Promise<Source> {
  const duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await duckdb.run("SET TimeZone = 'UTC'")
  // In 1.5.6 it takes date_trunc('year', ts) <> TIMESTAMP '2024-02-27' for true, also where ts is null.
  // Without the rewriter, another of its optimizers does not expect all that it sees.
  await duckdb.run("SET disabled_optimizers = 'expression_rewriter, top_n_window_elimination'")
  const frames: Source['frames'] = {}
  for (const [name, columns] of Object.entries(TABLES)) {
    const rows = random.times(ROWS[name as keyof typeof ROWS][format], (i) => randomRow(random, columns, i))
    const path = join(folder, format, name)
    mkdirSync(path, { recursive: true })
    // Two files: splits and the order of files matter.
    for (const [i, half] of [rows.slice(0, rows.length / 2), rows.slice(rows.length / 2)].entries()) {
      writeFileSync(join(path, `${i}.jsonl`), half.map((row) => `${JSON.stringify(row)}\n`).join(''))
    }
    const types = columns.map((column) => `${column.name}: '${SQL_TYPES[column.kind]}'`).join(', ')
    const from = `read_json('${path}/*.jsonl', format = 'newline_delimited', columns = {${types}})`
    // A field of CSV without text is null.
    const texts = columns.filter(({ kind }) => format === 'csv' && kind === 'string')
    await duckdb.run(
      `CREATE TABLE ${name} AS SELECT * ${replacing(texts.map(({ name }) => [name, `nullif(${name}, '')`]))} FROM ${from}`,
    )
    const schema = schemaOf(columns)
    if (format === 'avro') {
      // DuckDB does not write it.
      await read(jsonl({ schema }), join(path, '*.jsonl')).write.avro(join(path, 'all'))
    } else if (format !== 'jsonl') {
      const instants = columns.filter(({ kind }) => kind === 'timestamp')
      const all = replacing(instants.map(({ name }) => [name, `${name}::TIMESTAMPTZ`]))
      const options = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet, ROW_GROUP_SIZE 2500'
      const order = columns[0]!.name === 'id' ? 'ORDER BY id' : ''
      await duckdb.run(`COPY (SELECT * ${all} FROM ${name} ${order}) TO '${join(path, `all.${format}`)}' (${options})`)
    }
    const files = join(path, format === 'avro' ? 'all' : `*.${format}`)
    frames[name] = read((FORMATS[format] as Any)({ schema }), files)
  }
  return { frames, duckdb }
}

function replacing(columns: readonly (readonly [name: string, value: string])[]): string {
  return columns.length === 0 ? '' : `REPLACE (${columns.map(([name, value]) => `${value} AS ${name}`).join(', ')})`
}

/** Ways to run a query, which must not show. */
const TUNINGS: Tuning[] = [
  {},
  { splitBytes: 5000, mergeRuns: 2, joins: 'merge', heldBytes: 0 },
  { splitBytes: 9000, collectorBytes: 1, heldBytes: 20_000, readAll: true },
  { joins: 'merge', collectorBytes: 5000 },
  { joins: 'hash' },
  { joins: 'broadcast', splitBytes: 5000, collectorBytes: 5000 },
]

/** Of one random number: as many queries as a run answers together, with the same source and sizes. */
interface Batch {
  queries: RandomQuery[]
  source: Source
  options: object
  told: string
}

function randomBatch(number: number, sources: readonly Source[]): Batch {
  const random = new Random(SEED * 1_000_003 + number)
  const source = random.pick(sources)
  const tuning = random.pick(TUNINGS)
  const options = { workers: 1 + random.below(2), diskCheck: false, [TUNING]: tuning }
  // Several outputs share what is equal; a query alone goes another way, without any output.
  const queries = random.times(random.pick([1, 8, 12]), () => randomQuery(random, source.frames))
  return { queries, source, options, told: `RUNJOB_SEED=${SEED} RUNJOB_BATCH=${number}, ${JSON.stringify(tuning)}` }
}

/** Rows of each query. */
async function answersOf({ queries, options }: Batch, output: string): Promise<Record<string, unknown>[][]> {
  if (queries.length === 1) return [await queries[0]!.frame.collect(options)]
  const build = () => Object.fromEntries(queries.map(({ frame }, i) => [`q${i}`, frame]))
  await runDataset(defineDataset({ name: 'random', build }), { ...options, output })
  const answers = queries.map((_, i) => linesOf(join(output, `q${i}`)).map((line) => JSON.parse(line)))
  rmSync(output, { recursive: true })
  return answers
}

test(
  `${QUERIES} random queries have the answers of DuckDB`,
  async () => {
    const folder = temporaryFolder()
    const sources: Source[] = []
    for (const format of Object.keys(FORMATS) as (keyof typeof FORMATS)[]) {
      sources.push(await makeSource(format, folder, new Random(SEED)))
    }
    const failures: string[] = []
    const ask = async (number: number) => {
      const batch = randomBatch(number, sources)
      const answers = await answersOf(batch, join(folder, `out${number}`)).catch((error: Error) => error)
      for (const [i, { sql, columns, isOrdered }] of batch.queries.entries()) {
        try {
          if (answers instanceof Error) throw answers
          const ours = answers[i]!.map((row) => canonical(row, columns))
          const rows = (await batch.source.duckdb.runAndReadAll(sql)).getRowObjectsJson()
          const theirs = rows.map((row) => canonical(row, columns))
          if (!isOrdered) for (const rows of [ours, theirs]) rows.sort()
          expect(ours).toEqual(theirs)
        } catch (error) {
          failures.push(`${batch.told}, query ${i}: ${sql}\n${(error as Error).message}`)
        }
      }
      return batch.queries.length
    }
    let [asked, next] = [0, Number(BATCH ?? 0)]
    while (asked < QUERIES) {
      // Several runs at a time, in one process.
      const batches = Array.from({ length: BATCH === undefined ? 3 : 1 }, () => ask(next++))
      for (const count of await Promise.all(batches)) asked += count
      if (BATCH !== undefined) break
    }
    for (const { duckdb } of sources) duckdb.closeSync()
    expect(failures.length, failures.slice(0, SHOWN).join('\n\n')).toBe(0)
  },
  QUERIES * 2000,
)
