/** Rows in forms that hold every long and every timestamp: `{ longs: 'bigint', timestamps: 'micros' }`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  type ActionOptions,
  abs,
  array,
  coalesce,
  col,
  collectList,
  count,
  countDistinct,
  csv,
  type DataFrame,
  dateTrunc,
  div,
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
  sum,
  timestamp,
  timestampMicros,
  unixSeconds,
  when,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
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

/** The same rows, declared to be exact. */
const EXACT = { id: nullable(long({ js: 'bigint' })), at: nullable(timestamp({ js: 'micros' })) }

describe('what is declared to be exact', () => {
  const declared = () => {
    const lines = ROWS.map(({ id }, i) => `{"id":${id},"at":${JSON.stringify(TIMES[i])},"n":${i}}\n`)
    const schema = { ...EXACT, n: long() }
    return read(jsonl({ schema }), fileOf('exact.jsonl', lines.join('')))
  }

  it('is exact in each format, and nothing else is', async () => {
    const rows = ROWS.map((row, i) => ({ ...row, n: i }))
    expect(await declared().collect()).toEqual(rows)
    expect(await declared().take(2)).toEqual(rows.slice(0, 2))
    expect(await declared().first()).toEqual(rows[0])
    const path = await parquetFile(`select *, 7::bigint as n from (${PARQUET})`)
    const inParquet = read(parquet({ schema: { ...EXACT, n: long() } }), path)
    expect(await inParquet.collect()).toEqual(ROWS.map((row) => ({ ...row, n: 7 })))
    expect(await inParquet.first({ longs: 'bigint' })).toEqual({ ...ROWS[0], n: 7n })
    const text = `id,n\n${MOST},3\n`
    const inText = read(csv({ schema: { n: long(), id: long({ js: 'bigint' }) } }), fileOf('exact.csv', text))
    expect(await inText.collect()).toEqual([{ n: 3, id: MOST }])
  })

  it('may be part of a list or a struct', async () => {
    const schema = {
      ids: list(nullable(long({ js: 'bigint' }))),
      one: struct({ at: timestamp({ js: 'micros' }), n: long() }),
      n: list(long()),
    }
    const text = '{"ids":[1,null],"one":{"at":"1970-01-01T00:00:00.000001Z","n":2},"n":[3]}\n'
    const frame = read(jsonl({ schema }), fileOf('nested.jsonl', text))
    expect(await frame.collect()).toEqual([{ ids: [1n, null], one: { at: 1n, n: 2 }, n: [3] }])
    const parts = frame.select(
      col('one').getField('at').as('at'),
      col('one').getField('n').as('m'),
      col('ids').getItem(0).as('id'),
      col('n').getItem(0).as('k'),
      array(col('ids').getItem(0), col('one').getField('n')).as('all'),
      struct(col('one').getField('n').as('m'), col('ids').getItem(0).as('id')).as('made'),
    )
    expect(await parts.collect()).toEqual([{ at: 1n, m: 2, id: 1n, k: 3, all: [1n, 2n], made: { m: 2, id: 1n } }])
  })

  it('stays so in what is computed of its values, until a cast says otherwise', async () => {
    const one = declared().filter((c) => c.n.eq(4))
    const made = one.select((c) => ({
      added: c.id.add(1),
      both: c.n.mul(c.id),
      half: c.id.div(2),
      chosen: coalesce(c.id, c.n),
      cased: when(c.n.gt(100), c.n).otherwise(c.id),
      whole: div(c.id, lit(2)),
      absolute: abs(c.id),
      day: dateTrunc('day', c.at),
      seconds: unixSeconds(c.at),
      time: c.at,
      number: c.id.cast(long()),
      date: c.at.cast(timestamp()),
      bigint: c.n.cast(long({ js: 'bigint' })),
      text: c.n.cast('bigint'),
      n: 'n',
    }))
    const at = -62135596800000000n
    const date = new Date('0001-01-01T00:00:00Z')
    expect(await made.collect()).toEqual([
      {
        ...{ added: -4n, both: -20n, half: -2.5, chosen: -5n, cased: -5n, whole: -2, absolute: 5n },
        ...{ day: date, seconds: Number(at / 1_000_000n), time: at, number: -5, date, bigint: 4n, text: 4, n: 4 },
      },
    ])
    expect(await made.select((c) => ({ x: c.bigint.sub(c.number) })).first()).toEqual({ x: 9n })
  })

  it('stays so through all that a frame does', async () => {
    const frame = declared()
    const [first, , , none, last] = ROWS.map((row, n) => ({ ...row, n }))
    const kept = frame
      .filter((c) => c.n.isIn(0, 4))
      .withColumn('m', (c) => c.n.add(1))
      .drop('m')
      .withColumnRenamed('id', 'key')
      .dropDuplicates('key')
      .orderBy((c) => c.key.desc())
      .withColumnRenamed('key', 'id')
      .limit(2)
    expect(await kept.select('id', 'at', 'n').collect()).toEqual([first, last])
    expect(await frame.na.fill(0, ['id']).collect()).toEqual(ROWS.map(({ id, at }, n) => ({ id: id ?? 0n, at, n })))
    expect(
      await frame
        .filter((c) => c.n.eq(4))
        .distinct()
        .collect(),
    ).toEqual([last])
    const grouped = frame
      .filter((c) => c.n.ge(3))
      .groupBy('id')
      .agg({ rows: count(), last: max('at'), total: sum('n'), all: collectList('at'), sum: sum('id') })
      .orderBy('id')
    expect(await grouped.collect()).toEqual([
      { id: null, rows: 1, last: null, total: 3, all: [], sum: null },
      { id: -5n, rows: 1, last: last!.at, total: 4, all: [last!.at], sum: -5n },
    ])
    expect(none!.id).toBeNull()
    expect(await frame.agg({ ids: countDistinct('id'), rows: count('id') }).first()).toEqual({ ids: 4, rows: 4 })
  })

  it('is what the left side or the first frame declares, where two are one', async () => {
    const exact = declared().filter((c) => c.n.eq(4))
    const plain = inJson().filter((c) => c.id.eq(-5))
    const at = new Date('0001-01-01T00:00:00Z')
    const [left, right] = [
      { id: -5n, at: -62135596800000000n },
      { id: -5, at },
    ]
    for (const how of ['inner', 'left', 'right', 'full'] as const) {
      const onLeft = await exact.join(plain, 'id', { how, suffix: '_p' }).first()
      expect(onLeft).toEqual({ ...left, n: 4, at_p: at })
      const onRight = await plain.join(exact, 'id', { how, suffix: '_e' }).first()
      expect(onRight).toEqual({ ...right, n: 4, at_e: left.at })
    }
    const both = exact.select('id', 'at') as DataFrame<never>
    expect(await both.union(plain as DataFrame<never>).collect()).toEqual([left, left])
    expect(await plain.union(both as never).collect()).toEqual([right, right])
    expect(await plain.unionByName(exact, { allowMissing: true }).collect()).toEqual([
      { ...right, n: null },
      { ...right, n: 4 },
    ])
  })

  it('is no part of a plan', async () => {
    const plain = read(jsonl({ schema: { ...SCHEMA, n: long() } }), 'x.jsonl')
    const exact = read(jsonl({ schema: { ...EXACT, n: long() } }), 'x.jsonl')
    const grouped = [plain.groupBy('id').agg({ last: max('at') }), exact.groupBy('id').agg({ last: max('at') })]
    const plans = grouped.map(({ query }) => JSON.stringify(analyze(query)))
    expect(plans[0]).toBe(plans[1])
  })

  it('is shared by reads of the same file only if both declare it', async () => {
    const path = fileOf('n.csv', 'n\n1\n')
    const exact = read(csv({ schema: { n: long({ js: 'bigint' }) } }), path)
    const plain = read(csv({ schema: { n: long() } }), path)
    expect(await exact.crossJoin(plain, { suffix: '2' }).collect()).toEqual([{ n: 1n, n2: 1 }])
    expect(await plain.crossJoin(exact, { suffix: '2' }).collect()).toEqual([{ n: 1, n2: 1n }])
    const folder = join(temporaryFolder(), 'lake')
    mkdirSync(join(folder, 'k=7'), { recursive: true })
    writeFileSync(join(folder, 'k=7', 'a.csv'), 'n\n1\n')
    const keyed = read(csv({ schema: { n: long(), k: long() } }), folder)
    const exactKey = read(csv({ schema: { n: long(), k: long({ js: 'bigint' }) } }), folder)
    expect(await keyed.join(exactKey, 'n', { suffix: '2' }).collect()).toEqual([{ n: 1, k: 7, k2: 7n }])
  })

  it('is refused if there is no such form', () => {
    const wrong = [
      () => long({ js: 'number' } as never),
      () => long('bigint' as never),
      () => timestamp({ js: 'bigint' } as never),
    ]
    for (const make of wrong) expect(make).toThrow(expect.objectContaining({ code: 'DATASET_INVALID' }))
    expect(() => long({ js: 'number' } as never)).toThrow('long(): js must be "bigint", not "number"')
    expect(() => long({ as: 'bigint' } as never)).toThrow('unknown option "as"')
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
