/**
 * The optimiser keeps every answer: random data frames, as they were asked for and optimised, give the same rows in the same order. A plan
 * that gives no error must not get one.
 */
import { expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { explainText } from '../../dist/src/dataset/explain.js'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { Failure } from '../helpers/interpreter/value.js'
import { Random } from '../helpers/random.js'
import { optimize } from './frames.js'
import { interpretPlan, type Rows } from './plan_interpreter.js'
import { randomFrame, randomTables, sourcesIn } from './random_queries.js'

const CASES = Number(process.env.RUNJOB_CASES ?? 5000)

const SMALL = { bytes: 10, rows: 1 }
const LARGE = { bytes: 1e9, rows: 1e8 }
const sources = sourcesIn('tables')

function answer(make: () => Rows): Rows | string {
  try {
    return make()
  } catch (error) {
    if (error instanceof Failure) return error.code
    throw error
  }
}

function plain(rows: Rows | string): unknown {
  return typeof rows === 'string'
    ? rows
    : rows.map((row) => row.map((value) => (typeof value === 'bigint' ? `${value}n` : value)))
}

it(`${CASES} random data frames mean the same when they are optimised`, { timeout: 120_000 }, () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new Random(seed)
    const { query } = randomFrame(random, sources, 1 + random.below(5))
    const tables = randomTables(random, sources)
    const asked = analyze(query)
    const before = answer(() => interpretPlan(asked, tables))
    const told = () => `seed ${seed}\n${explainText(asked)}\n${explainText(optimize(asked))}`
    const optimised = optimize(asked)
    expect(
      optimised.columns.map(({ name, type }) => ({ name, type })),
      told(),
    ).toEqual(asked.columns.map(({ name, type }) => ({ name, type })))
    if (typeof before === 'string') continue
    expect(plain(answer(() => interpretPlan(optimised, tables))), told()).toEqual(plain(before))
    // Sides that change places change the order of rows.
    const sizes = new Map(sources.map((source, i) => [source.query as ReadQuery, i === seed % 2 ? SMALL : LARGE]))
    const small = optimize(asked, sizes)
    if (explainText(asked).includes('limit') || explainText(asked).includes('first(')) continue
    const sorted = (rows: unknown) => (rows as unknown[]).map((row) => JSON.stringify(row)).sort()
    expect(sorted(plain(answer(() => interpretPlan(small, tables)))), told()).toEqual(sorted(plain(before)))
  }
})
