/** What each method of a data frame asks for: logical plans, names and types of columns, and what is refused. */
import {
  avg,
  col,
  collectList,
  count,
  countDistinct,
  csv,
  first,
  jsonl,
  lit,
  long,
  max,
  nullable,
  read,
  string,
  sum,
  topK,
  when,
  year,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { columns, columnsText, failureOf, logical, orders, products, small } from './frames.js'

// biome-ignore lint/suspicious/noExplicitAny: what the compiler would refuse
type Any = any

describe('a data frame', () => {
  it('has the columns of its schema', () => {
    expect(columns(orders)).toBe(
      'id: bigint, product_id: bigint, status: string, total: decimal(12,2), created_at: timestamp, note: string?',
    )
  })

  it('picks, computes and names columns', () => {
    expect(columns(orders.select('note', 'id'))).toBe('note: string?, id: bigint')
    const made = orders.select((c) => [c.id, c.total.mul(2).as('twice'), c.id.add(1)])
    expect(columns(made)).toBe('id: bigint, twice: decimal(14,2), id + 1: bigint')
    expect(logical(made)).toMatchInlineSnapshot(`
      "project id, total * 2 as twice, id + 1
      └─ read csv orders: id, product_id, status, total, created_at, note"
    `)
  })

  it('adds a column at the end, or replaces the one of its name', () => {
    expect(columns(small.withColumn('w', (c) => c.k.div(2)))).toBe('k: int, v: string?, w: double')
    expect(columns(small.withColumn('k', (c) => c.k.cast('string')))).toBe('k: string, v: string?')
    expect(columns(small.withColumnRenamed('v', 'value'))).toBe('k: int, value: string?')
    expect(columns(small.drop('v'))).toBe('k: int')
  })

  it('groups by columns and by expressions with a name', () => {
    const grouped = orders.groupBy(year('created_at').as('year'), 'status').agg({
      revenue: sum('total'),
      mean: avg('total'),
      n: count(),
      noted: count('note'),
      ids: countDistinct('id'),
      last: max('created_at'),
      notes: collectList('note'),
      best: topK(2, 'total'),
      net: sum(col('total').mul('0.81')),
    })
    expect(columns(grouped)).toBe(
      'year: int, status: string, revenue: decimal(22,2), mean: decimal(16,6), n: bigint, noted: bigint, ids: bigint, ' +
        'last: timestamp, notes: array<string>, best: array<decimal(12,2)>, net: decimal(25,4)',
    )
    expect(columns(orders.agg({ n: count(), most: max('id'), f: first('note') }))).toBe(
      'n: bigint, most: bigint?, f: string?',
    )
    expect(columns(small.groupBy('v').count())).toBe('v: string?, count: bigint')
  })

  it('computes a group before it groups, beside a column of the same name', () => {
    const grouped = orders.groupBy(year('created_at').as('created_at')).agg({ last: max('created_at') })
    expect(logical(grouped)).toMatchInlineSnapshot(`
      "aggregate by created_at, max(created_at#2) as last
      └─ project year(cast(created_at as date)) as created_at, created_at as created_at#2
         └─ read csv orders: id, product_id, status, total, created_at, note"
    `)
  })

  it('has each different row once, or the first of those that agree', () => {
    expect(logical(small.distinct())).toMatchInlineSnapshot(`
      "aggregate by k, v
      └─ read csv small: k, v"
    `)
    expect(logical(small.dropDuplicates('v'))).toMatchInlineSnapshot(`
      "project k, v
      └─ aggregate by v, first(k) as k
         └─ read csv small: k, v"
    `)
  })

  it('joins on a name that both sides have: it is there once, and first', () => {
    const joined = orders.drop('note').select('status', 'id').join(products, 'id')
    expect(columns(joined)).toBe('id: bigint, status: string, category: string, weight: double?')
    expect(logical(joined)).toMatchInlineSnapshot(`
      "project id, status, category, weight
      └─ inner join on id = right.id
         ├─ project status, id
         │  └─ project id, product_id, status, total, created_at
         │     └─ read csv orders: id, product_id, status, total, created_at, note
         └─ project id as right.id, category, weight
            └─ read jsonl products: id, category, weight"
    `)
    expect(columns(products.join(orders.select('id', 'status'), 'id', 'full'))).toBe(
      'id: bigint?, category: string?, weight: double?, status: string?',
    )
    expect(columns(products.join(orders.select('id', 'status'), 'id', 'left'))).toBe(
      'id: bigint, category: string, weight: double?, status: string?',
    )
  })

  it('joins on different names, and on conditions', () => {
    const pairs = orders.select('product_id').join(products, { left: 'product_id', right: 'id' })
    expect(columns(pairs)).toBe('product_id: bigint, category: string, weight: double?')
    const where = small.join(products, (l, r) => l.k.eq(r.id).and(r.weight.gt(l.k)).and(l.v.eq('x')), { how: 'left' })
    expect(columns(where)).toBe('k: int, v: string?, id: bigint?, category: string?, weight: double?')
    expect(logical(where)).toMatchInlineSnapshot(`
      "project k, v, id, category, weight
      └─ left join on cast(k as bigint) = id and (weight > cast(k as double)) and (v = 'x')
         ├─ project k, v, cast(k as bigint)
         │  └─ read csv small: k, v
         └─ read jsonl products: id, category, weight"
    `)
    const twice = small.join(small, (l, r) => l.k.lt(r.k), { suffix: '_2' })
    expect(columns(twice)).toBe('k: int, v: string?, k_2: int, v_2: string?')
    expect(logical(twice)).toContain('inner join on k < right.k')
    expect(columns(small.crossJoin(products.select('category')))).toBe('k: int, v: string?, category: string')
    expect(columns(small.join(small, 'k', 'semi'))).toBe('k: int, v: string?')
  })

  it('sorts by columns and expressions', () => {
    expect(logical(small.orderBy('v', (c) => c.k.desc(), col('k').mod(3)))).toMatchInlineSnapshot(`
      "project k, v
      └─ sort by v, k descending, k % 3
         └─ project k, v, k % 3
            └─ read csv small: k, v"
    `)
    expect(logical(small.sort((c) => c.v.descNullsFirst()))).toContain('sort by v descending nulls first')
  })

  it('unites by place, or by name', () => {
    const other = products.select('id', 'category')
    expect(logical(small.union(other as Any))).toMatchInlineSnapshot(`
      "union
      ├─ project cast(k as bigint) as k, v
      │  └─ read csv small: k, v
      └─ project id as k, category as v
         └─ project id, category
            └─ read jsonl products: id, category, weight"
    `)
    const named = products.unionByName(products.select('weight', 'id'), { allowMissing: true })
    expect(columns(named)).toBe('id: bigint, category: string?, weight: double?')
  })

  it('fills and drops what is missing', () => {
    expect(logical(products.na.fill(0))).toMatchInlineSnapshot(`
      "project coalesce(id, 0) as id, category, coalesce(case when not isNaN(weight) then weight end, 0) as weight
      └─ read jsonl products: id, category, weight"
    `)
    expect(logical(small.na.drop({ columns: ['v'] }))).toMatchInlineSnapshot(`
      "filter v is not null
      └─ read csv small: k, v"
    `)
    expect(columns(small.na.fill({ v: '-' }))).toBe('k: int, v: string')
  })

  it('finds names and types when its files are open, if no schema is declared', () => {
    const open = read(csv(), 'open.csv').filter((c) => c.status.ge('500'))
    const source = (open.query as Any).input
    expect(
      columnsText(
        analyze(
          open.query,
          new Map([[source, { columns: [{ name: 'status', type: 'string', nullable: true }], folders: [] }]]),
        ).columns,
      ),
    ).toBe('status: string?')
    const wrong = new Map([
      [source, { columns: [{ name: 'state', type: 'string' as const, nullable: true }], folders: [] }],
    ])
    expect(failureOf(() => analyze(open.query, wrong))).toContain('COLUMN_UNKNOWN: No column "status". Columns: state.')
  })
})

describe('mistakes are refused where they are made', () => {
  it.each<[problem: string, make: () => unknown]>([
    [
      'COLUMN_UNKNOWN: No column "statsu". Columns: id, product_id, status',
      () => orders.filter(((c: Any) => c.statsu.eq('x')) as Any),
    ],
    ['Did you mean "status"?', () => orders.select('statsu' as Any)],
    ['No column "idd"', () => orders.drop('idd' as Any)],
    ['No column "idd"', () => orders.join(products, 'idd' as Any)],
    ['No column "kk"', () => small.join(products, ((l: Any, r: Any) => l.kk.eq(r.id)) as Any)],
    ['filter() needs a condition, but id is of type bigint', () => orders.filter(((c: Any) => c.id) as Any)],
    ["'x' is not of type bigint", () => orders.filter(((c: Any) => c.id.eq('x')) as Any)],
    ['the function must return an expression, not true', () => orders.filter((() => true) as Any)],
    ['filter() needs an expression', () => orders.filter('id = 3' as Any)],
    ['both sides have a column "id"', () => orders.join(products, ((l: Any, r: Any) => l.product_id.eq(r.id)) as Any)],
    [
      "name a suffix for those of the right side: join(other, …, { suffix: '_right' })",
      () => (small as Any).crossJoin(small),
    ],
    ['both sides have a column "k"', () => (small as Any).join(small, () => col('k').gt(3), { suffix: '_2' })],
    ['how must be "inner", "left"', () => (small as Any).join(small, 'k', 'outer')],
    ['two columns would have the name "k"', () => small.select((c) => [c.k, c.v.as('k')])],
    ['agg(): two columns would have the name "k"', () => small.groupBy('k').agg({ k: count() })],
    ['is an expression of one row, not an aggregate', () => small.groupBy('k').agg({ x: lit(1) } as Any)],
    ['agg() needs aggregates by name, such as', () => small.groupBy('k').agg(sum('k') as Any)],
    ['select() needs names of columns or expressions, not sum()', () => small.select(sum('k') as Any)],
    ['must be an aggregate such as sum', () => small.groupBy('k').agg({ x: 3 } as Any)],
    ['must say which column it reads', () => small.groupBy('k').agg({ x: sum() } as Any)],
    ['sum(v) needs numbers, not string', () => small.agg({ x: sum('v') })],
    ['union(): one side has 2 columns, another 3', () => small.union(products as Any)],
    ['the same columns, but in another order: k, v; and v, k', () => small.union(small.select('v', 'k') as Any)],
    ['filter() takes one argument, not 2', () => (small as Any).filter(col('k').gt(1), col('v').eq('a'))],
    ['agg() takes one argument, not 2', () => (small.groupBy('k') as Any).agg({ n: count() }, { m: max('v') })],
    ['distinct() takes no argument, not 1', () => (small as Any).distinct('v')],
    ['gt() takes one argument, not 2', () => (col('k') as Any).gt(1, 2)],
    ['otherwise() takes one argument, not 2', () => (when(col('k').gt(1), 1) as Any).otherwise(2, 3)],
    ['fill() takes 2 arguments, not 3', () => (small.na as Any).fill(0, ['k'], 1)],
    ['columns must be a list of names of columns', () => (small.na as Any).fill(0, 'k')],
    ['unknown option "hwo"; did you mean "how"?', () => (small.na as Any).drop({ hwo: 'all' })],
    ['least must be a whole number', () => small.na.drop({ least: 1.5 })],
    ['unknown option "how"', () => (small as Any).join(products, { left: 'k', right: 'id', how: 'left' })],
    ['only one side has the column "category"', () => products.unionByName(products.drop('category'))],
    ['limit() needs a whole number', () => small.limit(-1)],
    ['"decimel(3)" is no type', () => small.withColumn('x', (c) => c.k.cast('decimel(3)'))],
    ['must be a type such as long()', () => read(csv({ schema: { a: 3 } as Any }), 'x')],
    ['csv(): delimiter must be one byte, not "ab"', () => read(csv({ delimiter: 'ab' }), 'x')],
    [
      'read.csv(): unknown option "delimeter"; did you mean "delimiter"?',
      () => read.csv('x', { delimeter: ';' } as Any),
    ],
    ['encoding is not one that TextDecoder knows', () => read.json('x', { encoding: 'utf-99' })],
    ['read() needs a format', () => read({} as Any, 'x')],
    ['read() needs the path', () => read(jsonl({ schema: { a: nullable(long()) } }), '')],
    ['drop() leaves no column', () => small.drop('k', 'v')],
    ['patterns have no flag i', () => small.filter((c) => c.v.rlike(/x/i))],
    ['must be a plain object of types', () => csv({ schema: string() } as Any)],
  ])('%s', (problem, make) => expect(failureOf(make)).toContain(problem))
})
