/** What stages a data frame becomes. */
import {
  broadcast,
  col,
  count,
  countDistinct,
  csv,
  type DataFrame,
  int,
  lit,
  long,
  nullable,
  parquet,
  read,
  string,
  sum,
  upper,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { orders, products, small, stages } from './frames.js'

describe('a data frame becomes stages', () => {
  it('one, if no rows must meet', () => {
    expect(stages(small.filter((c) => c.k.gt(1)).withColumn('w', (c) => c.k.add(1)))).toMatchInlineSnapshot(
      `"output: small scan filter project -> sink (k: int, v: string?, w: int)"`,
    )
  })

  it('groups meet in an exchange, in as many partitions as their size asks for; all rows together in one', () => {
    expect(stages(small.groupBy('v').agg({ total: sum('k') }))).toMatchInlineSnapshot(`
      "group 1: small scan -> ? by hash, groups by v: sum total
      output: <group 1> groups -> sink (v: string?, total: bigint)"
    `)
    expect(stages(small.agg({ n: count(), d: countDistinct('v') }))).toMatchInlineSnapshot(`
      "group 1: small scan -> 1 by hash, groups by nothing: count n, countDistinct d
      output: <group 1> groups -> sink (n: bigint, d: bigint)"
    `)
  })

  it('a join is an exchange of both sides; with a small side it needs none for the other', () => {
    const pairs = { left: 'product_id', right: 'id' } as const
    const ids = orders.select('product_id')
    expect(stages(ids.join(broadcast(products), pairs, 'full'))).toMatchInlineSnapshot(`
      "build 1: products scan -> ? by hash, rows (id: bigint, category: string, weight: double?) in order of input, partitioned by id
      probe 2: orders scan -> ? by hash, rows (product_id: bigint) in order of input, partitioned by product_id
      output: <probe 2> rows hashJoin project -> sink (product_id: bigint?, category: string?, weight: double?)"
    `)
    expect(stages(ids.join(products, pairs, 'full'))).toMatchInlineSnapshot(`
      "join 1: orders scan | products scan -> ? by hash, sides (product_id: bigint) on product_id and (id: bigint, category: string, weight: double?) on id
      output: <join 1> mergeJoin project -> sink (product_id: bigint?, category: string?, weight: double?)"
    `)
    expect(stages(ids.join(products, (l, r) => l.product_id.lt(r.id)))).toMatchInlineSnapshot(`
      "join 1: orders scan | products scan -> 1 by hash, sides (product_id: bigint) on  and (id: bigint, category: string, weight: double?) on 
      output: <join 1> mergeJoin -> sink (product_id: bigint, id: bigint, category: string, weight: double?)"
    `)
    expect(stages(ids.join(broadcast(products), pairs))).toMatchInlineSnapshot(`
      "broadcast 1: products scan -> 1 by hash, rows (id: bigint, category: string, weight: double?) in order of input
      output: orders scan probe project -> sink (product_id: bigint, category: string, weight: double?)"
    `)
  })

  it('sorts by range; with a limit it keeps the first rows only, in one partition', () => {
    expect(stages(small.orderBy('k'))).toMatchInlineSnapshot(`
      "sort 1: small scan -> ? by range, rows (k: int, v: string?) in order of k
      output: <sort 1> rows -> sink (k: int, v: string?)"
    `)
    expect(
      stages(
        small
          .groupBy('v')
          .count()
          .orderBy((c) => c.count.desc())
          .limit(3),
      ),
    ).toMatchInlineSnapshot(`
      "group 1: small scan -> ? by hash, groups by v: count count
      top 2: <group 1> groups -> 1 by hash, rows (v: string?, count: bigint) in order of count desc, first 3
      output: <top 2> rows limit -> sink (v: string?, count: bigint)"
    `)
    expect(stages(small.groupBy('v').count().orderBy('v'))).toMatchInlineSnapshot(`
      "group 1: small scan -> ? by hash, groups by v: count count
      sort 2: <group 1> groups -> ? by range, rows (v: string?, count: bigint) in order of v
      output: <sort 2> rows -> sink (v: string?, count: bigint)"
    `)
  })

  it('a limit is one of each task, and then of all', () => {
    expect(stages(small.limit(3))).toMatchInlineSnapshot(`
      "limit 1: small scan limit -> 1 by hash, rows (k: int, v: string?) in order of input
      output: <limit 1> rows limit -> sink (k: int, v: string?)"
    `)
    expect(stages(small.agg({ n: count() }).limit(3))).toMatchInlineSnapshot(`
      "group 1: small scan -> 1 by hash, groups by nothing: count n
      output: <group 1> groups limit -> sink (n: bigint)"
    `)
  })

  it('a union is several inputs of one stage', () => {
    expect(stages(small.union(small).union(small.distinct()))).toMatchInlineSnapshot(`
      "group 1: small scan -> ? by hash, groups by k, v: 
      output: small scan | small scan | <group 1> groups -> sink (k: int, v: string?)"
    `)
  })

  it('what is used twice is computed once', () => {
    const grouped = orders.groupBy('status').agg({ total: sum('total') })
    const frame = grouped.union(grouped.filter((c) => c.total.gt(1)))
    expect(stages(frame)).toMatchInlineSnapshot(`
      "group 1: orders scan -> ? by hash, groups by status: sum total
      output: <group 1> groups | <group 1> groups filter -> sink (status: string, total: decimal(22,2))"
    `)
  })
})

describe('rows of Parquet are filtered by the keys of the tables that they are joined with', () => {
  const lines = read(
    parquet({ schema: { order: long(), part: nullable(int()), price: int(), note: string() } }),
    'lines',
  )
  const parts = read(parquet({ schema: { id: int(), name: string(), maker: string() } }), 'parts')
  const makers = read(parquet({ schema: { code: string(), city: string() } }), 'makers')
  const on = { left: 'part', right: 'id' } as const
  /** The operators of the output's stage. */
  const output = (frame: { query: DataFrame<unknown>['query'] }) => /output: (.*) ->/.exec(stages(frame))![1]

  it('after the filters of the scan', () => {
    const frame = lines.filter((c) => c.price.gt(5))
    expect(output(frame.join(broadcast(parts), on))).toBe('lines scan filter keyFilter probe project')
    expect(output(frame.join(broadcast(parts), on, 'semi'))).toBe('lines scan filter keyFilter probe')
  })

  it('not where rows without a match come out, nor those of other formats', () => {
    for (const type of ['left', 'anti'] as const) {
      expect(output(lines.join(broadcast(parts), on, type))).not.toContain('keyFilter')
    }
    const cells = read(csv({ schema: { part: int() } }), 'cells')
    expect(output(cells.join(broadcast(parts), on))).toBe('cells scan probe project')
  })

  it('past other joins and renamed columns, by each key that the scan has', () => {
    const renamed = lines.select('order', 'price', col('part').as('p'))
    const both = renamed
      .join(broadcast(lines.select(col('order').as('o'))), { left: 'order', right: 'o' }, 'anti')
      .join(broadcast(parts.select('id', col('maker').as('m'))), { left: ['p', 'price'], right: ['id', 'id'] })
      .join(broadcast(makers), { left: 'm', right: 'code' })
    // Not by the maker, which is of another table.
    expect(output(both)).toMatch(/^lines scan keyFilter keyFilter project probe probe project probe/)
  })

  it('by the keys of the other side of a sorted join, else at the end', () => {
    const some = parts.filter((c) => c.maker.gt('m')).select('id')
    const sizes = new Map(
      [lines, parts].map(({ query }, i) => [query as ReadQuery, { bytes: 1e10, rows: 1e10 / 10 ** i }]),
    )
    const keys = { left: ['part', 'price'], right: ['id', 'id'] } as const
    const join = (left: DataFrame<unknown>) =>
      /join \d+: (.*) \| parts scan filter project ->/.exec(stages((left as typeof lines).join(some, keys), sizes))![1]
    expect(join(lines)).toBe('lines scan sideFilter sideFilter')
    // By the columns of the scan.
    expect(join(lines.withColumn('price', (c) => c.price.add(c.order)))).toBe(
      'lines scan project sideFilter sideFilter',
    )
    expect(join(lines.withColumn('part', lit(3)))).toBe('lines scan sideFilter project')
    // Not before an error, which must not depend on it.
    const quotient = lines.withColumn('q', (c) => c.price.div(c.part))
    expect(join(quotient)).toBe('lines scan project sideFilter sideFilter')
    expect(join(lines.union(quotient.select(...(['order', 'part', 'price', 'note'] as const))))).toBe(
      'lines scan sideFilter sideFilter | lines scan sideFilter sideFilter',
    )
  })

  it('not by computed columns, nor past what may fail or counts rows', () => {
    const joined = (left: DataFrame<{ p: ReturnType<typeof int> }>) =>
      output(left.join(broadcast(parts), { left: 'p', right: 'id' }))
    expect(joined(lines.select(col('part').mod(7).as('p')) as never)).not.toContain('keyFilter')
    expect(joined(lines.limit(9).select(col('part').as('p')) as never)).not.toContain('keyFilter')
    const quotient = lines.withColumn('q', (c) => c.price.div(c.part)).join(broadcast(parts), on)
    expect(output(quotient)).not.toContain('keyFilter')
    const tried = lines.withColumn('q', upper('note')).join(broadcast(parts), on)
    expect(output(tried)).toContain('scan keyFilter project probe')
  })
})
