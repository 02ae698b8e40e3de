/** What the optimiser makes of a plan: each rule, before and after. */
import { avg, broadcast, col, count, type DataFrame, first, lag, lit, max, rank, rowNumber, sum, Window } from 'runjob'
import { describe, expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import { inputsOfNode, type JoinNode, type Logical } from '../../dist/src/dataset/logical.js'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import type { Size } from '../../dist/src/dataset/rules/cardinality.js'
import { optimised, optimize, orders, products, small } from './frames.js'

const category = products.select('id', 'category')

function sizes(...all: [frame: { query: DataFrame<unknown>['query'] }, bytes: number][]) {
  return new Map(all.map(([{ query }, bytes]) => [query as ReadQuery, { bytes, rows: bytes / 50 }]))
}

function joinsIn(node: Logical): JoinNode[] {
  return [...(node.kind === 'join' ? [node] : []), ...inputsOfNode(node).flatMap(joinsIn)]
}

describe('filters', () => {
  it('go past computed columns, sorts and groups, a conjunct at a time', () => {
    const frame = small
      .withColumn('twice', (c) => c.k.mul(2))
      .orderBy('v')
      .filter((c) => c.k.gt(1).and(c.twice.lt(10)))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "sort by v
      └─ filter twice < 10
         └─ project k, v, k * 2 as twice
            └─ filter k > 1
               └─ read csv small: k, v"
    `)
    const grouped = small
      .groupBy('v')
      .agg({ n: count() })
      .filter((c) => c.n.gt(1).and(c.v.eq('x')))
    expect(optimised(grouped)).toMatchInlineSnapshot(`
      "filter n > 1
      └─ aggregate by v, count() as n
         └─ filter v = 'x'
            └─ read csv small: v"
    `)
  })

  it('do not go past a limit', () => {
    expect(optimised(small.limit(5).filter((c) => c.k.gt(1)))).toMatchInlineSnapshot(`
      "filter k > 1
      └─ limit 5
         └─ read csv small: k, v"
    `)
  })

  it('of a total stay above it: without rows, it is still a row', () => {
    const frame = small.agg({ n: count(), most: max('k') }).filter((c) => c.n.gt(0))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "filter n > 0
      └─ aggregate count() as n, max(k) as most
         └─ read csv small: k"
    `)
  })

  it('go to the side of a join whose columns they read, but not to one that may be null', () => {
    const condition = orders.join(category, { left: 'product_id', right: 'id' })
    const inner = condition.filter((c) => c.status.eq('done').and(c.category.eq('x')))
    expect(optimised(inner.select('category'))).toMatchInlineSnapshot(`
      "project category
      └─ inner join on product_id = right.id, sorted
         ├─ project product_id
         │  └─ filter status = 'done'
         │     └─ read csv orders: product_id, status
         └─ project id as right.id, category
            └─ filter category = 'x'
               └─ read jsonl products: id, category"
    `)
    const left = orders
      .join(category, { left: 'product_id', right: 'id' }, 'left')
      .filter((c) => c.status.eq('done').and(c.category.isNull()))
    expect(optimised(left.select('total'))).toMatchInlineSnapshot(`
      "project total
      └─ filter category is null
         └─ left join on product_id = right.id, sorted
            ├─ project product_id, total
            │  └─ filter status = 'done'
            │     └─ read csv orders: product_id, status, total
            └─ project id as right.id, category
               └─ read jsonl products: id, category"
    `)
  })

  it('of alternatives about both sides leave on each side what one of them may need', () => {
    const joined = orders.join(category, { left: 'product_id', right: 'id' })
    const frame = joined.filter((c) =>
      c.status
        .eq('done')
        .and(c.category.eq('x'))
        .or(c.status.eq('new').and(c.category.eq('y')).and(c.total.gt(1))),
    )
    expect(optimised(frame.select('category'))).toMatchInlineSnapshot(`
      "project category
      └─ inner join on product_id = right.id and ((status = 'done') and (category = 'x')) or (((status = 'new') and (category = 'y')) and (total > 1.00)), sorted
         ├─ filter (status = 'done') or ((status = 'new') and (total > 1.00))
         │  └─ read csv orders: product_id, status, total
         └─ project id as right.id, category
            └─ filter (category = 'x') or (category = 'y')
               └─ read jsonl products: id, category"
    `)
    // A branch that says nothing of a side may need any row of it; and so do rows without a match.
    const open = joined.filter((c) => c.status.eq('done').and(c.category.eq('x')).or(c.category.eq('y')))
    expect(optimised(open)).not.toContain("filter status = 'done'")
    const left = orders.join(category, { left: 'product_id', right: 'id' }, 'left').filter((c) =>
      c.status
        .eq('done')
        .and(c.category.isNull())
        .or(c.status.eq('new').and(c.category.eq('y'))),
    )
    expect(optimised(left.select('total'))).toMatchInlineSnapshot(`
      "project total
      └─ filter ((status = 'done') and (category is null)) or ((status = 'new') and (category = 'y'))
         └─ left join on product_id = right.id, sorted
            ├─ filter (status = 'done') or (status = 'new')
            │  └─ read csv orders: product_id, status, total
            └─ project id as right.id, category
               └─ read jsonl products: id, category"
    `)
  })

  it('that may fail are not evaluated for rows that find no match', () => {
    const frame = orders
      .join(category, { left: 'product_id', right: 'id' }, 'semi')
      .filter((c) => lit(10).div(c.id).gt(1))
    expect(optimised(frame.select('id'))).toMatchInlineSnapshot(`
      "project id
      └─ filter (10 / cast(id as double)) > 1
         └─ semi join on product_id = right.id, sorted
            ├─ read csv orders: id, product_id
            └─ project id as right.id
               └─ read jsonl products: id"
    `)
  })

  it('that may fail stay behind those that protect them', () => {
    const grouped = small.groupBy('k').agg({ n: count() })
    const frame = grouped.filter((c) => c.n.gt(1)).filter((c) => lit(10).div(c.k).gt(1))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "filter (n > 1) and ((10 / cast(k as double)) > 1)
      └─ aggregate by k, count() as n
         └─ read csv small: k"
    `)
  })

  it('of all pairs become the keys of a join', () => {
    const frame = small.crossJoin(category).filter((c) => c.category.eq(c.v).and(c.k.lt(c.id)))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "inner join on v = category and cast(k as bigint) < id, sorted
      ├─ read csv small: k, v
      └─ read jsonl products: id, category"
    `)
  })

  it('in the condition of an outer join go to the side that it does not keep', () => {
    const frame = small.join(category, (l, r) => l.v.eq(r.category).and(r.id.gt(3)).and(l.k.gt(3)), 'left')
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "left join on v = category and k > 3, sorted
      ├─ read csv small: k, v
      └─ filter id > 3
         └─ read jsonl products: id, category"
    `)
  })

  it('go into both sides of a union', () => {
    const frame = small.union(small.withColumnRenamed('v', 'w') as never).filter((c) => c.v.eq('x'))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "union
      ├─ filter v = 'x'
      │  └─ read csv small: k, v
      └─ filter v = 'x'
         └─ read csv small: k, v"
    `)
  })
})

describe('columns', () => {
  it('that no one needs are not read', () => {
    const frame = orders
      .groupBy('status')
      .agg({ total: sum('total'), mean: avg('total') })
      .select('status', 'total')
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "aggregate by status, sum(total) as total
      └─ read csv orders: status, total"
    `)
  })

  it('are not sent to a sort or a join', () => {
    const frame = orders
      .filter((c) => c.note.isNotNull())
      .join(category, { left: 'product_id', right: 'id' })
      .orderBy('total')
      .select('category')
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "project category
      └─ sort by total
         └─ project total, category
            └─ inner join on product_id = right.id, sorted
               ├─ project product_id, total
               │  └─ filter note is not null
               │     └─ read csv orders: product_id, total, note
               └─ project id as right.id, category
                  └─ read jsonl products: id, category"
    `)
  })

  it('are one, of text if there is any, where only rows count', () => {
    expect(optimised(orders.agg({ n: count() }))).toMatchInlineSnapshot(`
      "aggregate count() as n
      └─ read csv orders: status"
    `)
  })
})

describe('projections', () => {
  it('of projections are one, unless a value is computed twice', () => {
    const once = small
      .withColumn('a', (c) => c.k.add(1))
      .withColumn('b', (c) => c.k.add(2))
      .drop('k')
    expect(optimised(once)).toMatchInlineSnapshot(`
      "project v, k + 1 as a, k + 2 as b
      └─ read csv small: k, v"
    `)
    const twice = small.withColumn('a', (c) => c.k.add(1)).withColumn('b', (c) => c.a.mul(c.a))
    expect(optimised(twice)).toMatchInlineSnapshot(`
      "project k, v, a, a * a as b
      └─ project k, v, k + 1 as a
         └─ read csv small: k, v"
    `)
  })
})

describe('limits', () => {
  it('meet their sort, and each other', () => {
    const frame = small
      .orderBy((c) => c.k.mod(7))
      .withColumn('w', (c) => c.k.add(1))
      .limit(10)
      .limit(3)
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "project k, v, k + 1 as w
      └─ limit 3
         └─ sort by k % 7
            └─ project k, v, k % 7
               └─ read csv small: k, v"
    `)
  })
})

describe('sorts', () => {
  it('whose order no one sees are left out', () => {
    const sorted = small.orderBy('k').filter((c) => c.v.isNotNull())
    expect(optimised(sorted.groupBy('v').agg({ most: max('k') }))).not.toContain('sort')
    expect(optimised(sorted.groupBy('v').agg({ all: first('k') }))).toContain('sort by k')
    expect(optimised(sorted.limit(3).groupBy('v').count())).toContain('sort by k')
  })
})

describe('joins', () => {
  const joined = orders.select('product_id').join(products, { left: 'product_id', right: 'id' })
  const size = (left: number, right: number) => sizes([orders, left], [products, right])
  const kind = (text: string) => text.split('\n').flatMap((line) => /\w+ join.*/.exec(line) ?? [])

  it('have a table of a small side: the right one, or the left one by changing places', () => {
    expect(kind(optimised(joined, size(1e9, 1e6)))).toEqual(['inner join on product_id = id, right side in one table'])
    expect(optimised(joined, size(1e6, 1e9))).toMatchInlineSnapshot(`
      "project product_id, category, weight
      └─ inner join on id = product_id, right side in one table
         ├─ read jsonl products: id, category, weight
         └─ read csv orders: product_id"
    `)
  })

  it('sort both sides, if both are large', () => {
    expect(kind(optimised(joined, size(1e9, 1e9)))).toEqual(['inner join on product_id = id, sorted'])
    expect(kind(optimised(joined))).toEqual(['inner join on product_id = id, sorted'])
  })

  it('sort all pairs of rows without keys', () => {
    const pairs = orders.select('product_id').join(products, (l, r) => l.product_id.lt(r.id))
    expect(kind(optimised(pairs, size(1e9, 1e9)))).toEqual(['inner join on product_id < id, sorted'])
  })

  it('filter a large side by the keys of the other one, if filters leave few of these', () => {
    const few = orders.filter((c) => c.status.eq('done')).select('product_id')
    const on = { left: 'product_id', right: 'id' } as const
    const right = ', right side filtered by the keys of the other'
    const left = ', left side filtered by the keys of the other'
    const ask = (frame: DataFrame<unknown>, ...all: Parameters<typeof sizes>) =>
      kind(optimised(frame, sizes(...all)))[0]!.replace(/^.*sorted/, '')
    const large: Parameters<typeof sizes>[number] = [products, 1e12]
    for (const type of ['inner', 'left', 'semi', 'anti'] as const) {
      expect(ask(few.join(products, on, type), [orders, 1e11], large)).toBe(right)
    }
    const back = { left: 'id', right: 'product_id' } as const
    for (const type of ['inner', 'semi', 'right'] as const) {
      expect(ask(products.join(few, back, type), [orders, 1e11], large)).toBe(left)
    }
    // Rows without a match come out.
    for (const type of ['right', 'full'] as const) {
      expect(ask(few.join(products, on, type), [orders, 1e11], large)).toBe('')
    }
    for (const type of ['left', 'full', 'anti'] as const) {
      expect(ask(products.join(few, back, type), [orders, 1e11], large)).toBe('')
    }
    // Most rows have a match, there are not many more of them, or no one knows.
    expect(ask(orders.select('product_id').join(products, on), [orders, 1e11], large)).toBe('')
    expect(ask(few.join(products, on), [orders, 1e12], large)).toBe(right)
    expect(ask(few.join(products, on), [orders, 1e13], large)).toBe('')
    expect(ask(few.join(products, on))).toBe('')
  })

  it('have no table that would take much memory, however short its rows', () => {
    const rows = (count: number) => new Map([[products.query as ReadQuery, { bytes: 3e7, rows: count }]])
    expect(kind(optimised(joined, rows(1e6)))).toEqual(['inner join on product_id = id, right side in one table'])
    expect(kind(optimised(joined, rows(3e6)))).toEqual(['inner join on product_id = id, sorted'])
    // Without texts, a row takes less.
    const numbers = orders.select('product_id').join(products.select('id'), { left: 'product_id', right: 'id' })
    expect(kind(optimised(numbers, rows(3e6)))).toEqual(['inner join on product_id = id, right side in one table'])
    expect(kind(optimised(numbers, rows(5e6)))).toEqual(['inner join on product_id = id, sorted'])
  })

  it('have a table of many rows only for more', () => {
    const ask = (left: number, right: number, frame: DataFrame<unknown> = joined) => {
      const known = [
        [orders.query as ReadQuery, { bytes: 1e6, rows: left }],
        [products.query as ReadQuery, { bytes: 1e6, rows: right }],
      ] as const
      return kind(optimised(frame, new Map(known)))[0]
    }
    const [table, sorted] = [
      'inner join on product_id = id, right side in one table',
      'inner join on product_id = id, sorted',
    ]
    const swapped = 'inner join on id = product_id, right side in one table'
    expect(ask(4e6, 1.5e6)).toBe(table)
    expect(ask(1e6, 2e6)).toBe(swapped)
    // What filters are likely to let through counts on both sides.
    const some = orders.filter((c) => c.status.eq('done')).select('product_id')
    const few = some.join(products, { left: 'product_id', right: 'id' })
    expect(ask(1.5e6, 1.5e6, few)).toBe(swapped)
    // It makes a large side small only beside one that has much more rows, and if what the filter might let through has an end.
    expect(ask(3e7, 6e6, few)).toBe(swapped)
    expect(ask(3e7, 5e6, few)).toBe(sorted)
    const filtered = `${sorted}, right side filtered by the keys of the other`
    expect(ask(5e7, 5e7, few)).toBe(filtered)
    const fewer = (count: number) => {
      const conditions = orders.filter((c) => c.status.eq('done').and(c.note.eq('a')).and(c.total.eq(1)))
      return ask(count, 1e9, conditions.select('product_id').join(products, { left: 'product_id', right: 'id' }))
    }
    expect(fewer(2e8)).toBe(swapped)
    expect(fewer(3e8)).toBe(filtered)
    const left = orders.select('product_id').join(products, { left: 'product_id', right: 'id' }, 'left')
    expect(ask(1e5, 1.5e6, left)).toBe('right join on id = product_id, by partition')
  })

  it('that leave few of many rows, in several places, are computed once, with the columns that any of them needs', () => {
    const few = products.filter((c) => c.category.eq('tool').and(c.weight.eq(3))).select(col('id').as('product'))
    const sold = orders.join(few, { left: 'product_id', right: 'product' })
    const means = sold.groupBy('product_id').agg({ mean: avg('total') })
    const frame = sold.join(means, 'product_id').select('id', 'total', 'mean')
    const sharedOf = (rows: number) => {
      const columns = new Map([['id', { bytes: 1e5, isUnique: true }]])
      const known = new Map<ReadQuery, Size>([
        [orders.query as ReadQuery, { bytes: 1e9, rows }],
        [products.query as ReadQuery, { bytes: 1e6, rows: 1e4, columns }],
      ])
      return joinsIn(optimize(analyze(frame.query), known)).filter(({ isShared }) => isShared)
    }
    const shared = sharedOf(8e6)
    expect(shared).toHaveLength(2)
    expect(shared[0]).toEqual(shared[1])
    expect(shared[0]!.columns.map(({ name }) => name)).toEqual(['id', 'product_id', 'total', 'product'])
    // More rows than one task reads quickly.
    expect(sharedOf(2e7)).toEqual([])
  })

  it('have a table of the side with fewer rows, if both are small and no row comes out alone', () => {
    expect(kind(optimised(joined, size(1e5, 1e6)))).toEqual(['inner join on id = product_id, right side in one table'])
    expect(kind(optimised(joined, size(1e6, 1e6)))).toEqual(['inner join on product_id = id, right side in one table'])
    const left = orders.select('product_id').join(products, { left: 'product_id', right: 'id' }, 'left')
    expect(kind(optimised(left, size(1e5, 1e6)))).toEqual(['left join on product_id = id, right side in one table'])
  })

  describe('of files whose columns are apart', () => {
    const column = (bytes: number, isUnique = false) => ({ bytes, isUnique })
    const apart = (rows: number, columns: Record<string, ReturnType<typeof column>>) => ({
      bytes: 1e12,
      rows,
      columns: new Map(Object.entries(columns)),
    })
    const ids = (frame: { query: DataFrame<unknown>['query'] }) => frame.query as ReadQuery
    const order = apart(1e6, { id: column(8e6, true), product_id: column(8e6), note: column(1e9) })
    const pairs = [
      [ids(orders), order],
      [ids(products), apart(1e5, { id: column(1e6, true), category: column(1e6) })],
    ] as const

    it('count the columns that are needed, whatever others have', () => {
      const long = orders.select('note', col('product_id').cast('int').as('p'))
      const ask = (frame: DataFrame<unknown>) => kind(optimised(frame, new Map([pairs[0]])))
      expect(ask(small.join(orders.select('product_id'), { left: 'k', right: 'product_id' }))).toEqual([
        'inner join on cast(k as bigint) = product_id, right side in one table',
      ])
      expect(ask(small.join(long, { left: 'k', right: 'p' }))).toEqual(['inner join on k = p, sorted'])
    })

    it('know that a join with unique keys is not larger, so that it becomes a table, too', () => {
      const ask = (known: Parameters<typeof optimised>[1]) => {
        const both = orders
          .select('id', 'product_id')
          .join(category, { left: 'product_id', right: 'id' }, { suffix: '_p' })
        return kind(optimised(small.join(both, { left: 'k', right: 'id' }), known))[0]
      }
      expect(ask(new Map(pairs))).toBe('inner join on cast(k as bigint) = id, right side in one table')
      const repeated = [pairs[0][0], apart(1e6, { id: column(8e6), product_id: column(8e6) })] as const
      expect(ask(new Map([repeated, pairs[1]]))).toBe('inner join on cast(k as bigint) = id, right side in one table')
      const keys = [pairs[1][0], apart(1e5, { id: column(1e6), category: column(1e6) })] as const
      expect(ask(new Map([pairs[0], keys]))).toBe('inner join on cast(k as bigint) = id, sorted')
    })

    it('know that groups are unique by their keys', () => {
      const sums = products.groupBy('id').agg({ weight: sum('weight') })
      const repeated = [ids(products), apart(1e5, { id: column(1e6), weight: column(1e6) })] as const
      const ask = (frame: DataFrame<unknown>) => kind(optimised(frame, new Map([pairs[0], repeated])))[0]
      const both = orders.select('id', 'product_id').join(sums, { left: 'product_id', right: 'id' }, { suffix: '_s' })
      expect(ask(small.join(both, { left: 'k', right: 'id' }))).toBe(
        'inner join on cast(k as bigint) = id, right side in one table',
      )
    })
  })

  it('have the table that the hint says', () => {
    const hinted = orders.select('product_id').join(broadcast(products), { left: 'product_id', right: 'id' })
    expect(kind(optimised(hinted, size(1e9, 1e9)))).toEqual(['inner join on product_id = id, right side in one table'])
  })

  it('have a table of each partition of a small side whose rows come out without a match', () => {
    const left = products.select('id').join(small.select('k'), { left: 'id', right: 'k' }, 'full')
    expect(kind(optimised(left, sizes([products, 10], [small, 10])))).toEqual([
      'full join on id = cast(k as bigint), by partition',
    ])
    const right = products.select('id').join(small.select('k'), (l, r) => l.id.eq(r.k), 'right')
    expect(optimised(right, sizes([products, 10], [small, 1e9]))).toContain(
      'left join on cast(k as bigint) = id, right side in one table',
    )
  })
})

it('constants are computed, and what always holds goes', () => {
  const frame = small.filter(lit(2).gt(1) as never).withColumn('x', () => lit(2).add(3))
  expect(optimised(frame)).toMatchInlineSnapshot(`
    "project k, v, 5 as x
    └─ read csv small: k, v"
  `)
  expect(optimised(small.filter(col('k').gt(lit(1).add(1))))).toMatchInlineSnapshot(`
    "filter k > 2
    └─ read csv small: k, v"
  `)
})

describe('windows', () => {
  const byK = Window.partitionBy('k')
  const ranked = small.withColumn('r', rank().over(byK.orderBy('v')))

  it('share a sort where they have one order, or none', () => {
    const frame = small.select(
      'k',
      rank().over(byK.orderBy('v')).as('r'),
      count().over(byK).as('n'),
      rowNumber().over(Window.orderBy('v')).as('i'),
      first('v').over(byK).as('f'),
    )
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "project k, r, n, i, f
      └─ window by k, first(v) of the partition as f
         └─ window sorted by v, rowNumber() as i
            └─ window by k, sorted by v, rank() as r, count() of the partition as n
               └─ read csv small: k, v"
    `)
  })

  it('are asked only for what is needed, but keep their order', () => {
    expect(optimised(ranked.withColumn('n', count().over(byK)).select('k', 'n'))).toMatchInlineSnapshot(`
      "window by k, count() of the partition as n
      └─ project k
         └─ sort by k, v
            └─ read csv small: k, v"
    `)
    expect(optimised(ranked.select('v'))).toMatchInlineSnapshot(`
      "project v
      └─ sort by k, v
         └─ read csv small: k, v"
    `)
  })

  it('let filters of whole partitions pass, but no others', () => {
    const frame = ranked.filter((c) => c.k.gt(1).and(c.v.eq('x')).and(c.r.le(2)))
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "filter (v = 'x') and (r <= 2)
      └─ window by k, sorted by v, rank() as r, up to rank 2
         └─ filter k > 1
            └─ read csv small: k, v"
    `)
  })

  it('compute constants and keys before', () => {
    const frame = small.select(
      lag('v', 1, lit('a').cast('string'))
        .over(Window.orderBy(col('k').mul(2).desc()))
        .as('l'),
    )
    expect(optimised(frame)).toMatchInlineSnapshot(`
      "project l
      └─ window sorted by k * 2 descending, lag(v, 1, 'a') as l
         └─ project v, k * 2
            └─ read csv small: k, v"
    `)
  })
})

describe('bounds of ranks', () => {
  const window = Window.partitionBy('v').orderBy('k')
  const ranked = small.withColumn('r', rank().over(window))

  it('go to the window, beside other conditions', () => {
    expect(optimised(ranked.filter((c) => c.k.gt(1).and(c.r.lt(4)).and(c.v.ne('x'))))).toMatchInlineSnapshot(`
      "filter (k > 1) and (r < 4)
      └─ window by v, sorted by k, rank() as r, up to rank 3
         └─ filter v <> 'x'
            └─ read csv small: k, v"
    `)
  })

  it.each<[string, Parameters<typeof optimised>[0]]>([
    ['after a condition that may fail', ranked.filter((c) => lit(1).div(c.k).gt(0).and(c.r.le(3)))],
    [
      'where other values see all rows',
      small
        .select('k', rank().over(window).as('r'), max('k').over(Window.partitionBy('v')).as('m'))
        .filter((c) => c.r.le(3)),
    ],
    ['where it is large', ranked.filter((c) => c.r.le(1001))],
    ['where no row passes', ranked.filter((c) => c.r.lt(1))],
    ['of the largest ranks', ranked.filter((c) => c.r.ge(3))],
    ['where all ranks are needed, too', ranked.filter((c) => c.r.le(3)).union(ranked)],
  ])('stay %s', (_, frame) => {
    expect(optimised(frame)).not.toContain('up to')
  })
})
