/** Which part of the rows a condition is likely to let through. */
import {
  col,
  csv,
  type DataFrame,
  date,
  decimal,
  double,
  int,
  lit,
  long,
  nullable,
  read,
  string,
  timestamp,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import type { FilterNode } from '../../dist/src/dataset/logical.js'
import { type ColumnValues, shareOf } from '../../dist/src/dataset/rules/selectivity.js'
import { optimize } from './frames.js'

const table = read(
  csv({
    schema: {
      n: int(),
      big: nullable(long()),
      day: date(),
      at: timestamp(),
      price: decimal(9, 2),
      x: double(),
      s: string(),
      t: string(),
    },
  }),
  'table',
)

function share(filtered: { query: DataFrame<unknown>['query'] }, values: Record<string, ColumnValues> = {}): number {
  const node = optimize(analyze(filtered.query)) as FilterNode
  return shareOf(node.where, (name) => values[name] ?? null)
}

const bounds = (least: number | bigint, greatest: number | bigint) => ({
  least: BigInt(least),
  greatest: BigInt(greatest),
})

describe('comparisons', () => {
  const n = { n: bounds(1, 100) }

  it('leave what lies between bounds', () => {
    expect(
      share(
        table.filter((c) => c.n.le(60)),
        n,
      ),
    ).toBeCloseTo(0.6)
    expect(
      share(
        table.filter((c) => c.n.lt(61)),
        n,
      ),
    ).toBeCloseTo(0.6)
    expect(
      share(
        table.filter((c) => c.n.gt(60)),
        n,
      ),
    ).toBeCloseTo(0.4)
    expect(
      share(
        table.filter((c) => c.n.ge(61)),
        n,
      ),
    ).toBeCloseTo(0.4)
    expect(
      share(
        table.filter((c) => lit(60).lt(c.n)),
        n,
      ),
    ).toBeCloseTo(0.4)
    expect(
      share(
        table.filter((c) => c.n.ge(11).and(c.n.le(30)).and(c.n.ge(21))),
        n,
      ),
    ).toBeCloseTo(0.1)
    expect(
      share(
        table.filter((c) => c.n.gt(-5).and(c.n.lt(500))),
        n,
      ),
    ).toBe(1)
    const years = { day: bounds(8035, 10592), at: bounds(0n, 10n ** 15n), price: bounds(0, 99_999), big: bounds(0, 9) }
    expect(
      share(
        table.filter((c) => c.day.ge(lit('1995-01-01').cast('date'))),
        years,
      ),
    ).toBeCloseTo((10592 - 9131 + 1) / 2558)
    expect(
      share(
        table.filter((c) => c.at.ge(lit('1990-01-01T00:00:00Z').cast('timestamp'))),
        years,
      ),
    ).toBeCloseTo(0.3688, 3)
    expect(
      share(
        table.filter((c) => c.price.lt(lit('250.00').cast('decimal(9,2)'))),
        years,
      ),
    ).toBeCloseTo(0.25)
    expect(
      share(
        table.filter((c) => c.big.lt(5n)),
        years,
      ),
    ).toBeCloseTo(0.5)
  })

  it('never leave less than a quarter of what would be guessed without bounds', () => {
    expect(
      share(
        table.filter((c) => c.n.gt(1000)),
        n,
      ),
    ).toBeCloseTo(1 / 12)
    expect(
      share(
        table.filter((c) => c.n.ge(50).and(c.n.le(50))),
        n,
      ),
    ).toBeCloseTo(1 / 36)
  })

  it('leave a third where nothing is known', () => {
    expect(share(table.filter((c) => c.n.lt(10)))).toBeCloseTo(1 / 3)
    expect(share(table.filter((c) => c.n.lt(10).and(c.n.gt(5))))).toBeCloseTo(1 / 9)
    expect(
      share(
        table.filter((c) => c.n.lt(10)),
        { n: { least: 1n, greatest: null } },
      ),
    ).toBeCloseTo(1 / 3)
    // Values without distances, of another type, and none.
    expect(
      share(
        table.filter((c) => c.s.lt('m')),
        { s: bounds(0, 9) },
      ),
    ).toBeCloseTo(1 / 3)
    expect(
      share(
        table.filter((c) => c.x.lt(5)),
        { x: bounds(0, 9) },
      ),
    ).toBeCloseTo(1 / 3)
    expect(
      share(
        table.filter((c) => c.n.lt(5.5)),
        { n: bounds(0, 9) },
      ),
    ).toBeCloseTo(1 / 3)
    expect(
      share(
        table.filter((c) => c.n.lt(c.big)),
        { n: bounds(0, 9), big: bounds(0, 9) },
      ),
    ).toBeCloseTo(1 / 3)
  })
})

describe('equality', () => {
  it('leaves more of a column with few values, which is stored in few bits', () => {
    expect(share(table.filter((c) => c.s.eq('a')))).toBeCloseTo(1 / 10)
    expect(
      share(
        table.filter((c) => c.s.eq('a')),
        { s: { bits: 20 } },
      ),
    ).toBeCloseTo(1 / 10)
    expect(
      share(
        table.filter((c) => c.s.eq('a')),
        { s: { bits: 2 } },
      ),
    ).toBeCloseTo(1 / 4)
    expect(
      share(
        table.filter((c) => c.s.isIn('a', 'b')),
        { s: { bits: 2.5 } },
      ),
    ).toBeCloseTo(2 * 2 ** -2.5)
    expect(
      share(
        table.filter((c) => c.s.isIn('a', 'b', 'c')),
        { s: { bits: 1 } },
      ),
    ).toBeCloseTo(1 / 2)
    expect(
      share(
        table.filter((c) => c.s.eq(c.t)),
        { s: { bits: 1 } },
      ),
    ).toBeCloseTo(1 / 10)
  })
})

it('conditions go together as if they had nothing to do with each other', () => {
  expect(share(table.filter((c) => c.s.eq('a').and(c.n.lt(3))))).toBeCloseTo(1 / 30)
  expect(share(table.filter((c) => c.s.eq('a').or(c.n.lt(3))))).toBeCloseTo(1 / 10 + 1 / 3 - 1 / 30)
  expect(share(table.filter((c) => c.s.eq('a').not()))).toBeCloseTo(9 / 10)
  expect(share(table.filter((c) => col('s').like('a%').and(c.big.isNull())))).toBeCloseTo(1 / 100)
})
