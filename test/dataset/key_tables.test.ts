/** Rows that have no match in a table further up do not go into an exchange. */
import { avg, broadcast, col, count, csv, type DataFrame, int, long, max, parquet, read, string, sum } from 'runjob'
import { describe, expect, it } from 'vitest'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import type { Size } from '../../dist/src/dataset/rules/cardinality.js'
import { stages } from './frames.js'

const lines = read(parquet({ schema: { order: long(), part: int(), price: int(), weight: long() } }), 'lines')
const orders = read(parquet({ schema: { key: long(), customer: int(), day: int() } }), 'orders')
const offers = read(parquet({ schema: { of: int(), seller: int() } }), 'offers')
const parts = read(parquet({ schema: { id: int(), name: string() } }), 'parts')
const customers = read(csv({ schema: { number: int(), city: string() } }), 'customers')

const rows = new Map<{ query: DataFrame<unknown>['query'] }, number>([
  [lines, 2e7],
  [orders, 5e6],
  [offers, 8e5],
  [parts, 1e5],
  [customers, 1e5],
])
const sizes = new Map(
  [...rows].map(([{ query }, count]): [ReadQuery, Size] => [query as ReadQuery, { bytes: count, rows: count }]),
)

const bolts = parts.filter((c) => c.name.contains('bolt')).select('id')
const near = customers.filter((c) => c.city.eq('Bonn')).select('number')
const ofPart = { left: 'part', right: 'id' } as const

/** The stage of this name: its inputs and their operators. */
function stage(name: string, frame: { query: DataFrame<unknown>['query'] }): string[] {
  return [...stages(frame, sizes).matchAll(new RegExp(`^${name}[^:]*: (.*) -> `, 'gm'))].map(([, inputs]) => inputs!)
}

describe('rows that have no match in a table further up do not go into an exchange', () => {
  it('of groups, whose keys the table is about', () => {
    const grouped = lines.groupBy('part').agg({ mean: avg('price') })
    expect(stage('group', grouped.join(bolts, ofPart))).toEqual(['lines scan keyFilter probe'])
    expect(stage('group', grouped.join(bolts, ofPart, 'semi'))).toEqual(['lines scan keyFilter probe'])
    // By the keys of which the group is.
    const both = lines.groupBy('part', 'order').agg({ n: count() })
    expect(stage('group', both.join(bolts, { left: ['part', 'n'], right: ['id', 'id'] } as never))).toEqual([
      'lines scan keyFilter probe',
    ])
    const renamed = both.select('n', col('part').as('p')).filter((c) => c.n.gt(1))
    expect(stage('group', renamed.join(bolts, { left: 'p', right: 'id' }))).toEqual(['lines scan keyFilter probe'])
  })

  it('nor those before it', () => {
    const mean = lines
      .join(orders, { left: 'order', right: 'key' })
      .groupBy('customer')
      .agg({ mean: avg('price') })
    const frame = mean.join(near, { left: 'customer', right: 'number' })
    expect(stage('join', frame)).toEqual(['lines scan | orders scan keyFilter probe'])
    expect(stage('group', frame)[0]).not.toContain('probe')
  })

  it('of a join whose sides are sorted: on each side that has the key', () => {
    const joined = lines.join(orders, { left: 'order', right: 'key' })
    expect(stage('join', joined.join(near, { left: 'customer', right: 'number' }))).toEqual([
      'lines scan | orders scan keyFilter probe',
    ])
    const keys = orders
      .filter((c) => c.day.eq(3))
      .limit(1000)
      .select(col('key').as('k'))
    expect(stage('join', joined.join(keys, { left: 'order', right: 'k' }))).toEqual([
      'lines scan keyFilter probe | orders scan keyFilter probe',
    ])
  })

  it('of another table, because what looks into it has a match', () => {
    const frame = lines.join(bolts, ofPart).join(offers, { left: 'part', right: 'of' })
    expect(stage('broadcast', frame)).toEqual(['parts scan filter project', 'offers scan keyFilter probe'])
    for (const type of ['left', 'semi', 'anti'] as const) {
      const other = lines.join(bolts, ofPart).join(offers, { left: 'part', right: 'of' }, type)
      expect(stage('broadcast', other)).toContain('offers scan keyFilter probe')
    }
    const later = lines
      .join(orders.limit(1e6), { left: 'order', right: 'key' })
      .join(near, { left: 'customer', right: 'number' })
    expect(stage('broadcast', later)).toContain('<limit 2> rows limit probe')
    const free = lines.join(bolts, ofPart, 'left').join(offers, { left: 'part', right: 'of' })
    expect(stage('broadcast', free)).toContain('offers scan')
  })
})

describe('they do', () => {
  const stays = (frame: { query: DataFrame<unknown>['query'] }) =>
    expect(stage('group', frame)[0]).not.toContain('probe')
  const means = lines.groupBy('part').agg({ mean: avg('price') })

  it('if they come out anyway, or decide what comes out', () => {
    stays(means.join(bolts, ofPart, 'left'))
    stays(means.join(bolts, ofPart, 'anti'))
    stays(means.limit(9).join(bolts, ofPart))
    const joined = lines.join(orders, { left: 'order', right: 'key' }, 'left')
    expect(stage('join', joined.join(near, { left: 'customer', right: 'number' }))).toEqual([
      'lines scan | orders scan',
    ])
  })

  it('if something may fail for them', () => {
    stays(
      lines
        .groupBy('part')
        .agg({ all: sum('weight') })
        .join(bolts, ofPart),
    )
    stays(
      lines
        .groupBy('part')
        .agg({ most: max(col('price').div(col('weight'))) })
        .join(bolts, ofPart),
    )
    stays(means.withColumn('x', (c) => c.part.mul(c.part)).join(bolts, ofPart))
  })

  it('if the table is not much smaller, or most rows have a match', () => {
    stays(means.join(parts, ofPart))
    stays(
      offers
        .groupBy('of')
        .agg({ n: count() })
        .join(broadcast(lines.filter((c) => c.price.eq(1))), { left: 'of', right: 'part' }),
    )
  })

  it('if others read the exchange as well', () => {
    const twice = means
      .join(bolts, ofPart)
      .select('part', 'mean')
      .union(means.filter((c) => c.mean.gt(9)))
    expect(stage('group', twice)).toEqual(['lines scan'])
  })
})
