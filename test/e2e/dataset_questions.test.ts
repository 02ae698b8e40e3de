/** Questions as analysts ask them, of a shop's tables: the answers are DuckDB's, over Parquet, CSV and JSON lines. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as runjob from '../../dist/src/index.js'

const { avg, col, count, countDistinct, csv, date, decimal, int, jsonl, lit, long, max, nullable, parquet, read } =
  runjob
const { string, sum, when, year } = runjob

const TABLES = {
  items: {
    sql: `SELECT (i // 4)::BIGINT AS order_id, (i % 4)::INTEGER AS line, (i * 7919 % 200)::INTEGER AS product_id, (1 + i * 31 % 50)::INTEGER AS quantity,
      ((i * 104729 % 100000) / 100.0 + 1)::DECIMAL(12,2) AS price, ((i * 13 % 11) / 100.0)::DECIMAL(12,2) AS discount,
      (DATE '1995-01-01' + (i * 37 % 1500)::INTEGER) AS shipped, CASE WHEN i % 97 = 0 THEN NULL ELSE chr(65 + (i * 5 % 3)::INTEGER) END AS flag,
      CASE WHEN i * 37 % 1500 > 900 THEN 'open' ELSE 'done' END AS status FROM range(12000) t(i)`,
    schema: {
      order_id: long(),
      line: int(),
      product_id: int(),
      quantity: int(),
      price: decimal(12, 2),
      discount: decimal(12, 2),
      shipped: date(),
      flag: nullable(string()),
      status: string(),
    },
  },
  orders: {
    sql: `SELECT i::BIGINT AS id, (i * 17 % 400)::INTEGER AS customer_id, (DATE '1995-01-01' + (i * 11 % 1400)::INTEGER) AS placed,
      ['high', 'low', 'medium'][1 + i % 3] AS priority, CASE WHEN i % 50 = 3 THEN 'a special kind of requests' ELSE 'order ' || i END AS note FROM range(3000) t(i)`,
    schema: { id: long(), customer_id: int(), placed: date(), priority: string(), note: string() },
  },
  customers: {
    sql: `SELECT i::INTEGER AS id, 'Customer ' || i AS name, ['Europe', 'Asia', 'America'][1 + i % 3] AS region,
      CASE WHEN i % 10 = 0 THEN NULL ELSE ['cars', 'books', 'food'][1 + i % 3] END AS segment FROM range(500) t(i)`,
    schema: { id: int(), name: string(), region: string(), segment: nullable(string()) },
  },
}

// Tables in each format have the same type.
const tables = (folder: string, format: 'parquet' | 'csv' | 'jsonl') => {
  const open = { parquet, csv, jsonl }[format] as typeof jsonl
  return {
    items: read(open({ schema: TABLES.items.schema }), join(folder, `items.${format}`)),
    orders: read(open({ schema: TABLES.orders.schema }), join(folder, `orders.${format}`)),
    customers: read(open({ schema: TABLES.customers.schema }), join(folder, `customers.${format}`)),
  }
}
type Tables = ReturnType<typeof tables>

/** Each question twice. The order of the answer is part of it. */
const QUESTIONS: Record<string, { sql: string; frame: (tables: Tables) => { collect(): Promise<object[]> } }> = {
  'totals by flag and status': {
    sql: `SELECT flag, status, sum(quantity) AS quantity, sum(price) AS base, sum(price * (1 - discount)) AS net, avg(quantity) AS mean_quantity, count(*) AS n
      FROM items WHERE shipped <= DATE '1998-09-02' GROUP BY flag, status ORDER BY flag NULLS FIRST, status`,
    frame: ({ items }) =>
      items
        .filter((c) => c.shipped.le('1998-09-02'))
        .withColumn('net', (c) => c.price.mul(lit(1).cast(decimal(12, 2)).sub(c.discount)))
        .groupBy('flag', 'status')
        .agg({
          quantity: sum('quantity'),
          base: sum('price'),
          net: sum('net'),
          mean_quantity: avg('quantity'),
          n: count(),
        })
        .orderBy('flag', 'status'),
  },
  'the largest open orders of a segment': {
    sql: `SELECT i.order_id, o.placed, sum(i.price) AS revenue FROM customers c JOIN orders o ON c.id = o.customer_id JOIN items i ON i.order_id = o.id
      WHERE c.segment = 'books' AND o.placed < DATE '1997-01-01' AND i.shipped > DATE '1996-01-01' GROUP BY ALL ORDER BY revenue DESC, i.order_id LIMIT 10`,
    frame: ({ items, orders, customers }) =>
      items
        .filter((c) => c.shipped.gt('1996-01-01'))
        .join(
          orders.filter((c) => c.placed.lt('1997-01-01')),
          { left: 'order_id', right: 'id' },
        )
        .join(customers.filter((c) => c.segment.eq('books')).select('id'), { left: 'customer_id', right: 'id' }, 'semi')
        .groupBy('order_id', 'placed')
        .agg({ revenue: sum('price') })
        .orderBy(col('revenue').desc(), 'order_id')
        .limit(10),
  },
  'what a discount brought': {
    sql: `SELECT sum(price * discount) AS revenue FROM items WHERE shipped >= DATE '1996-01-01' AND shipped < DATE '1997-01-01'
      AND discount BETWEEN 0.05 AND 0.07 AND quantity < 24`,
    frame: ({ items }) =>
      items
        .filter((c) => c.shipped.ge('1996-01-01').and(c.shipped.lt('1997-01-01')))
        .filter((c) => c.discount.between('0.05', '0.07').and(c.quantity.lt(24)))
        .withColumn('saved', (c) => c.price.mul(c.discount))
        .agg({ revenue: sum('saved') }),
  },
  'customers by their number of orders without special requests': {
    sql: `SELECT c, count(*) AS customers FROM (SELECT c.id, count(o.id) AS c FROM customers c
      LEFT JOIN (SELECT * FROM orders WHERE note NOT LIKE '%special%requests%') o ON c.id = o.customer_id GROUP BY c.id) GROUP BY c ORDER BY customers DESC, c DESC`,
    frame: ({ orders, customers }) =>
      customers
        .select('id')
        .join(
          orders
            .filter((c) => c.note.like('%special%requests%').not())
            .select('id', 'customer_id')
            .withColumnRenamed('id', 'order_id'),
          { left: 'id', right: 'customer_id' },
          'left',
        )
        .groupBy('id')
        .agg({ c: count('order_id') })
        .groupBy('c')
        .agg({ customers: count() })
        .orderBy(col('customers').desc(), col('c').desc()),
  },
  'late lines by priority': {
    sql: `SELECT priority, sum(CASE WHEN status = 'open' THEN 1 ELSE 0 END) AS open_lines, sum(CASE WHEN status <> 'open' THEN 1 ELSE 0 END) AS done_lines
      FROM orders JOIN items ON id = order_id WHERE year(shipped) = 1997 AND flag IN ('A', 'C') GROUP BY priority ORDER BY priority`,
    frame: ({ items, orders }) =>
      orders
        .join(
          items.filter((c) => year(c.shipped).eq(1997).and(c.flag.isIn('A', 'C'))),
          { left: 'id', right: 'order_id' },
        )
        .withColumn('open', (c) => when(c.status.eq('open'), lit(1)).otherwise(lit(0)))
        .withColumn('done', (c) => when(c.status.ne('open'), lit(1)).otherwise(lit(0)))
        .groupBy('priority')
        .agg({ open_lines: sum('open'), done_lines: sum('done') })
        .orderBy('priority'),
  },
  'customers without an order in a year, by region': {
    sql: `SELECT region, count(*) AS n, max(name) AS last FROM customers c ANTI JOIN (SELECT * FROM orders WHERE year(placed) = 1996) o ON c.id = o.customer_id
      GROUP BY region ORDER BY region`,
    frame: ({ orders, customers }) =>
      customers
        .join(
          orders.filter((c) => year(c.placed).eq(1996)),
          { left: 'id', right: 'customer_id' },
          'anti',
        )
        .groupBy('region')
        .agg({ n: count(), last: max('name') })
        .orderBy('region'),
  },
  'different customers of the products that sell most': {
    sql: `WITH best AS (SELECT product_id FROM items GROUP BY product_id ORDER BY sum(quantity) DESC, product_id LIMIT 5)
      SELECT product_id, count(DISTINCT customer_id) AS customers, sum(quantity) AS quantity FROM items JOIN best USING (product_id) JOIN orders ON id = order_id
      GROUP BY product_id ORDER BY customers DESC, product_id`,
    frame: ({ items, orders }) => {
      const best = items
        .groupBy('product_id')
        .agg({ sold: sum('quantity') })
        .orderBy(col('sold').desc(), 'product_id')
        .limit(5)
      return items
        .join(best.select('product_id'), 'product_id')
        .join(orders, { left: 'order_id', right: 'id' })
        .groupBy('product_id')
        .agg({ customers: countDistinct('customer_id'), quantity: sum('quantity') })
        .orderBy(col('customers').desc(), 'product_id')
    },
  },
  'regions by year, each beside the whole': {
    sql: `WITH sales AS (SELECT c.region, year(o.placed) AS y, sum(i.price) AS revenue FROM items i JOIN orders o ON i.order_id = o.id
      JOIN customers c ON c.id = o.customer_id GROUP BY ALL), years AS (SELECT y, sum(revenue) AS total FROM sales GROUP BY y)
      SELECT region, y, revenue, total FROM sales JOIN years USING (y) ORDER BY y, revenue DESC`,
    frame: ({ items, orders, customers }) => {
      const sales = items
        .join(orders, { left: 'order_id', right: 'id' })
        .join(customers, { left: 'customer_id', right: 'id' })
        .groupBy('region', year('placed').as('y'))
        .agg({ revenue: sum('price') })
      const years = sales.groupBy('y').agg({ total: sum('revenue') })
      return sales.join(years, 'y').select('region', 'y', 'revenue', 'total').orderBy('y', col('revenue').desc())
    },
  },
}

let folder: string
let duckdb: DuckDBConnection

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runjob-test-'))
  duckdb = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  for (const [name, { sql }] of Object.entries(TABLES)) {
    const path = join(folder, name)
    await duckdb.run(`CREATE TABLE ${name} AS ${sql}`)
    await duckdb.run(`COPY ${name} TO '${path}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 4096)`)
    await duckdb.run(`COPY ${name} TO '${path}.csv' (HEADER)`)
    await duckdb.run(`COPY ${name} TO '${path}.jsonl' (FORMAT json)`)
  }
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['parquet', 'csv', 'jsonl'] as const)('over %s', (format) => {
  test.each(Object.keys(QUESTIONS))(
    '%s',
    async (name) => {
      const { sql, frame } = QUESTIONS[name]!
      const theirs = (await duckdb.runAndReadAll(sql)).getRowObjectsJson()
      const ours = await frame(tables(folder, format)).collect()
      expect(theirs.length).toBeGreaterThan(0)
      expect(ours.map(comparable)).toEqual(theirs.map(comparable))
    },
    60_000,
  )
})

/** Numbers of any type as numbers: DuckDB's JSON has 64-bit integers and decimals as text. */
function comparable(row: object): Record<string, unknown> {
  const isNumber = (value: unknown) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      isNumber(value) || typeof value === 'number' ? Number(Number(value).toPrecision(12)) : value,
    ]),
  )
}
