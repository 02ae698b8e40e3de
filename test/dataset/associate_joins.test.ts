/** `(a join b) join c` becomes `a join (b join c)` where c leaves few rows of b. */
import { broadcast, col, type DataFrame, int, lit, long, parquet, read, string } from 'runjob'
import { expect, it } from 'vitest'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import type { Size } from '../../dist/src/dataset/rules/cardinality.js'
import { optimised } from './frames.js'

const lines = read(parquet({ schema: { line: long(), of: long(), price: int() } }), 'lines')
const shops = read(parquet({ schema: { shop: long(), city: int(), name: string() } }), 'shops')
const cities = read(parquet({ schema: { number: int(), country: string(), name: string() } }), 'cities')

const sizes = new Map(
  (
    [
      [lines, 1e8, 'line'],
      [shops, 1e6, 'shop'],
      [cities, 1e4, 'number'],
    ] as const
  ).map(([{ query }, rows, unique]): [ReadQuery, Size] => [
    query as ReadQuery,
    { bytes: rows, rows, columns: new Map([[unique, { bytes: 0, isUnique: true }]]) as never },
  ]),
)

const ofShop = { left: 'of', right: 'shop' } as const
const inCity = { left: 'city', right: 'number' } as const
const sold = lines.join(shops, ofShop)
const near = cities.filter((c) => c.country.eq('NO')).select('number', 'country')

type Framed = { query: DataFrame<unknown>['query'] }

/** Whether shops are joined with cities before lines: then the plan has them below one join. */
function areFirst(frame: Framed): boolean {
  const depthOf = (text: string) => {
    const line = plan.split('\n').find((line) => line.includes(text))!
    return line.indexOf(text)
  }
  const plan = optimised(frame, sizes)
  return depthOf('join on city = number') > depthOf('join on of = shop')
}

it('of its columns', () => {
  expect(optimised(sold.select('price', 'city').join(near, inCity), sizes)).toMatchInlineSnapshot(`
    "project price, city, country
    └─ inner join on of = shop, right side in one table
       ├─ read parquet lines: of, price
       └─ project shop, city, country
          └─ inner join on city = number, right side in one table
             ├─ read parquet shops: shop, city
             └─ filter country = 'NO'
                └─ read parquet cities: number, country"
  `)
})

it('past other joins, and for semi joins', () => {
  const priced = sold.join(lines.select(col('line').as('other')), { left: 'line', right: 'other' })
  expect(areFirst(priced.join(near, inCity))).toBe(true)
  expect(areFirst(sold.join(near, inCity, 'semi'))).toBe(true)
  expect(areFirst(sold.select('price', col('city').as('c')).join(near, { left: 'c', right: 'number' }))).toBe(true)
})

it('not where most rows have a match, or rows without one come out', () => {
  expect(areFirst(sold.join(cities.select('number', 'country'), inCity))).toBe(false)
  for (const type of ['left', 'anti', 'right', 'full'] as const)
    expect(areFirst(sold.join(near, inCity, type))).toBe(false)
  expect(areFirst(lines.join(shops, ofShop, 'left').join(near, inCity))).toBe(false)
})

it('not by columns of the others, by no equal columns, or if it could be large', () => {
  expect(areFirst(sold.join(near, { left: ['city', 'price'], right: ['number', 'number'] }))).toBe(false)
  expect(areFirst(sold.withColumn('city', (c) => c.price).join(near, inCity))).toBe(false)
  const many = new Map([...sizes].map(([query, size]) => [query, { ...size, rows: 1e8 }] as [ReadQuery, Size]))
  expect(optimised(sold.join(near, inCity), many)).toMatch(
    /^inner join on city = number|^project.*\n.*inner join on city = number/,
  )
})

it('not if the user has said what is a table', () => {
  expect(areFirst(sold.join(broadcast(near), inCity))).toBe(false)
  expect(areFirst(lines.join(broadcast(shops), ofShop).join(near, inCity))).toBe(false)
})

it('not if something in between could fail, or would get the name of another column', () => {
  expect(areFirst(sold.withColumn('q', (c) => lit(1).div(c.price)).join(near, inCity))).toBe(false)
  expect(areFirst(sold.withColumn('twice', (c) => c.name).join(near, inCity))).toBe(true)
  const named = cities.filter((c) => c.country.eq('NO')).select('number', 'name')
  expect(areFirst(sold.select('price', 'city').join(named, inCity))).toBe(true)
  expect(areFirst(sold.select('price', 'city', col('name').as('shop_name')).join(named, inCity))).toBe(false)
})
