/** What the optimizer believes about rows. */
import { type DataFrame, int, parquet, read } from 'runjob'
import { expect, it } from 'vitest'
import { analyze } from '../../dist/src/dataset/analyze.js'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import { expectedRows, type Size } from '../../dist/src/dataset/rules/cardinality.js'
import { optimize } from './frames.js'

/** Counts how often it is asked. */
class CountedSizes extends Map<ReadQuery, Size> {
  asked = 0

  override get(read: ReadQuery): Size | undefined {
    this.asked++
    return super.get(read)
  }
}

/** Each table has the keys of the one before: orders have lines, lines have parcels, and so on. */
function chain(tables: number): { frame: DataFrame<never>; sizes: CountedSizes } {
  const sizes = new CountedSizes()
  const reads = Array.from({ length: tables }, (_, i) => {
    const table = read(parquet({ schema: { [`id${i}`]: int(), [`of${i}`]: int() } }), `t${i}`)
    const columns = new Map([
      [`id${i}`, { bytes: 4e9, isUnique: true }],
      [`of${i}`, { bytes: 4e9, isUnique: false }],
    ])
    sizes.set(table.query as ReadQuery, { bytes: 8e9, rows: 1e9 * (i + 1), columns })
    return table as DataFrame<never>
  })
  const joined = reads.reduce((all, table, i) => all.join(table, { left: `id${i - 1}`, right: `of${i}` } as never))
  return { frame: joined, sizes }
}

it('a plan of many joins does not ask again and again about the same tables', () => {
  const askedFor = (tables: number) => {
    const { frame, sizes } = chain(tables)
    const plan = optimize(analyze(frame.query), sizes)
    expect(expectedRows(plan, sizes)).toBe(1e9 * tables)
    return sizes.asked
  }
  const few = askedFor(6)
  expect(askedFor(24)).toBeLessThan(30 * few)
})
