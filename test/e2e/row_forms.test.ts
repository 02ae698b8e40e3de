/** Rows in forms that hold every long and every timestamp: `{ longs: 'bigint', timestamps: 'micros' }`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  type ActionOptions,
  col,
  collectList,
  count,
  csv,
  type DataFrame,
  first,
  jsonl,
  list,
  lit,
  long,
  max,
  min,
  nullable,
  parquet,
  read,
  struct,
  timestamp,
  timestampMicros,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'

const MOST = 2n ** 63n - 1n
const LEAST = -(2n ** 63n)
/** The first whole number that no number of JavaScript is. */
const ODD = 2n ** 53n + 1n
const ALL = { longs: 'bigint', timestamps: 'micros' } as const

const ROWS = [
  { id: MOST, at: 1706659200000001n },
  { id: LEAST, at: 253402300799999999n },
  { id: ODD, at: -1n },
  { id: null, at: null },
  { id: -5n, at: -62135596800000000n },
]
const TIMES = [
  '2024-01-31T00:00:00.000001Z',
  '9999-12-31T23:59:59.999999Z',
  '1969-12-31T23:59:59.999999Z',
  null,
  '0001-01-01T00:00:00Z',
]
const SCHEMA = { id: nullable(long()), at: nullable(timestamp()) }

function fileOf(name: string, text: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, text)
  return path
}

function inJson() {
  const lines = ROWS.map(({ id }, i) => `{"id":${id},"at":${JSON.stringify(TIMES[i])}}\n`)
  return read(jsonl({ schema: SCHEMA }), fileOf('a.jsonl', lines.join('')))
}

function inCsv() {
  const lines = ROWS.map(({ id }, i) => `${id ?? ''},${TIMES[i] ?? ''}\n`)
  return read(csv({ schema: SCHEMA }), fileOf('a.csv', `id,at\n${lines.join('')}`))
}

async function parquetFile(query: string): Promise<string> {
  const path = join(temporaryFolder(), 'a.parquet')
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`copy (${query}) to '${path}' (format parquet)`)
  return path
}

/** Duck has timestamps with a zone; without one they would be timestampNtz. */
const PARQUET = `select * from (values ${ROWS.map(
  ({ id, at }) => `(${id === null ? 'null' : `'${id}'`}::bigint, ${at === null ? 'null' : `make_timestamptz(${at})`})`,
).join(', ')}) t(id, "at")`

describe('every long and every timestamp', () => {
  it('is read from CSV and JSON lines', async () => {
    expect(await inJson().collect(ALL)).toEqual(ROWS)
    expect(await inCsv().collect(ALL)).toEqual(ROWS)
  })

  it('is read from Parquet, with a declared schema and with that of the file', async () => {
    const path = await parquetFile(PARQUET)
    expect(await read(parquet({ schema: SCHEMA }), path).collect(ALL)).toEqual(ROWS)
    expect(await read(parquet(), path).collect(ALL)).toEqual(ROWS)
  })

  it('is found in lists and structs', async () => {
    const path = await parquetFile(`
      select [${MOST}, null, 1]::bigint[] as ids, {id: '${LEAST}'::bigint, "at": make_timestamptz(-1)} as one
      union all select null, null`)
    const rows = [
      { ids: [MOST, null, 1n], one: { id: LEAST, at: -1n } },
      { ids: null, one: null },
    ]
    const schema = {
      ids: nullable(list(nullable(long()))),
      one: nullable(struct({ id: nullable(long()), at: nullable(timestamp()) })),
    }
    expect(await read(parquet(), path).collect(ALL)).toEqual(rows)
    expect(await read(parquet({ schema }), path).collect(ALL)).toEqual(rows)
  })

  it('is a value of 64 bits', async () => {
    const frame = inJson().select((c) => ({ time: timestampMicros(c.id) }))
    expect(await frame.collect(ALL)).toEqual(ROWS.map(({ id }) => ({ time: id })))
  })

  it('is a key of groups, joins and sorts, and an answer of groups', async () => {
    for (const frame of [inJson(), inCsv()]) {
      const grouped = frame
        .union(frame)
        .groupBy('id')
        .agg({ n: count(), at: first('at') })
        .orderBy((c) => c.id.desc())
      const byId = [ROWS[0]!, ROWS[2]!, ROWS[4]!, ROWS[1]!, ROWS[3]!]
      expect(await grouped.collect(ALL)).toEqual(byId.map(({ id, at }) => ({ id, n: 2n, at })))
      const held = ROWS.filter(({ id }) => id !== null)
      for (const on of ['id', 'at'] as const) {
        const joined = frame.join(frame.select(on), on).select('id', 'at').orderBy('at')
        const byTime = held.toSorted((a, b) => (a.at! < b.at! ? -1 : 1))
        expect(await joined.collect(ALL)).toEqual(byTime)
      }
      const total = frame.agg({ least: min('id'), most: max('id'), last: max('at'), all: collectList('id') })
      expect(await total.first(ALL)).toEqual({
        least: LEAST,
        most: MOST,
        last: ROWS[1]!.at,
        all: held.map(({ id }) => id),
      })
    }
  })

  it('is found by a literal', async () => {
    const ids = async (frame: DataFrame<typeof SCHEMA>) => (await frame.collect(ALL)).map(({ id }) => id)
    for (const frame of [inJson(), read(parquet({ schema: SCHEMA }), await parquetFile(PARQUET))]) {
      expect(await ids(frame.filter((c) => c.id.eq(MOST)))).toEqual([MOST])
      expect(await ids(frame.filter((c) => c.id.isIn(LEAST, ODD)))).toEqual([LEAST, ODD])
      expect(await ids(frame.filter((c) => c.id.lt(LEAST + 1n)))).toEqual([LEAST])
      expect(await ids(frame.filter((c) => c.id.gt(2n ** 53n)))).toEqual([MOST, ODD])
      expect(await ids(frame.filter((c) => c.id.eq(2n ** 63n)))).toEqual([])
      expect(await ids(frame.filter((c) => c.at.eq('1969-12-31T23:59:59.999999Z')))).toEqual([ODD])
      expect(await ids(frame.filter((c) => c.at.eq(timestampMicros(lit(-1n)))))).toEqual([ODD])
    }
    expect(await inJson().select(lit(MOST).as('a'), lit(LEAST).as('b')).first(ALL)).toEqual({ a: MOST, b: LEAST })
  })
})

describe('forms of rows', () => {
  it('are asked for one by one, and for all columns of their type', async () => {
    const frame = inJson().filter((c) => c.id.eq(-5))
    const at = new Date('0001-01-01T00:00:00Z')
    expect(await frame.collect()).toEqual([{ id: -5, at }])
    expect(await frame.collect({ longs: 'bigint' })).toEqual([{ id: -5n, at }])
    expect(await frame.take(1, { timestamps: 'micros', workers: 1 })).toEqual([{ id: -5, at: -62135596800000000n }])
    expect(await frame.first({ longs: undefined, timestamps: undefined })).toEqual({ id: -5, at })
  })

  it('are named where a number or a Date does not hold a value', async () => {
    const unsafe = await failure(inJson().collect({ timestamps: 'micros' }))
    expect([unsafe.code, unsafe.params.column]).toEqual(['INT64_UNSAFE', 'id'])
    expect(unsafe.hint).toContain("collect({ longs: 'bigint' })")
    const precise = await failure(inJson().first({ longs: 'bigint' }))
    expect([precise.code, precise.params.column]).toEqual(['TIMESTAMP_PRECISION', 'at'])
    expect(precise.hint).toContain("collect({ timestamps: 'micros' })")
  })

  it('are refused if there are none such, and where no rows are given', async () => {
    const frame = inJson()
    const others: object[] = [
      { longs: 'string' },
      { longs: null },
      { longs: true },
      { timestamps: 'bigint' },
      { long: 'bigint' },
    ]
    for (const one of others) expect((await failure(frame.collect(one))).code).toBe('OPTION_INVALID')
    for (const action of [frame.count(ALL), frame.isEmpty(ALL), frame.show(1, ALL), frame.explain(ALL)]) {
      const error = await failure(action)
      expect([error.code, error.params.name]).toEqual(['OPTION_INVALID', 'longs'])
    }
  })

  it('do not matter to actions that give no rows', async () => {
    const frame = inJson()
    const options: ActionOptions = { workers: 1 }
    expect(await frame.count(options)).toBe(5)
    expect(await frame.isEmpty(options)).toBe(false)
    expect(await frame.filter(col('id').eq(MOST - 1n)).isEmpty()).toBe(true)
  })
})
