/** The rows that an exchange takes for windows of bounded rank: all that are needed, and of many others few. */
import { describe, expect, it } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { SortKey } from '../../dist/src/plan/expression.js'
import type { RankLimit } from '../../dist/src/plan/plan.js'
import type { Column } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'

const COLUMNS: Column[] = [
  { name: 'n', type: 'integer', nullable: false },
  { name: 'p', type: 'integer', nullable: true },
  { name: 'q', type: 'string', nullable: true },
  { name: 'o', type: 'double', nullable: true },
]
const FNS: RankLimit['fn'][] = ['rowNumber', 'rank', 'denseRank']

interface Case {
  by: string[]
  order: SortKey
  rankLimit: RankLimit
  memoryBytes?: number
  partitions?: number
}

/** Numbers of the rows that the exchange takes, in its order. */
function taken(rows: Row[], { by, order, rankLimit, memoryBytes = 1 << 24, partitions = 3 }: Case): number[] {
  const collector = kernels.createCollector({
    mode: 'append',
    aggregates: [],
    layout: ['bytes'],
    partitionBy: by.length > 0 ? 'given' : 'hash',
    partitions: by.length > 0 ? partitions : 1,
  })
  const keys = [...by.map((column) => ({ column, descending: false, nullsFirst: true })), order]
  const table = kernels.createPipeline(
    pipelineProgram({
      source: { kind: 'batches', columns: COLUMNS },
      operators: [],
      end: { kind: 'exchange', keys, side: 'none', by, rankLimit },
    }),
    collector,
    { memoryBytes },
  )
  for (let i = 0; i < rows.length; i += 1000) table.addRows(encodeRows(rows.slice(i, i + 1000), COLUMNS))
  table.finish()
  const reader = kernels.createPipeline(
    pipelineProgram({ source: { kind: 'rows', columns: COLUMNS }, operators: [], end: { kind: 'rows' } }),
    null,
    { memoryBytes: 1 << 20 },
  )
  const cursor = collector.sorted()
  while (reader.drain(cursor, 5000) > 0);
  reader.finish()
  return decodeRows(reader.takeOutput(), COLUMNS).map(({ n }) => n as number)
}

/** Numbers of the rows whose rank is within the limit. */
function needed(rows: Row[], { by, order, rankLimit: { fn, most } }: Case): Set<number> {
  const partitions = new Map<string, Row[]>()
  for (const row of rows) {
    const key = JSON.stringify(by.map((name) => row[name]))
    const own = partitions.get(key)
    if (own) own.push(row)
    else partitions.set(key, [row])
  }
  const place = (x: unknown) => (x === null ? (order.nullsFirst ? -Infinity : Infinity) : 0)
  const compare = (a: Row, b: Row) => {
    const [x, y] = [a.o, b.o] as (number | null)[]
    if (x === null || y === null) return x === y ? 0 : Math.sign(place(x) - place(y))
    return Math.sign(x! - y!) * (order.descending ? -1 : 1)
  }
  const numbers = new Set<number>()
  for (const own of partitions.values()) {
    own.sort(compare)
    let [rank, dense] = [0, 0]
    own.forEach((row, i) => {
      if (i === 0 || compare(own[i - 1]!, row) !== 0) {
        rank = i + 1
        dense++
      }
      if ({ rowNumber: i + 1, rank, denseRank: dense }[fn] <= most) numbers.add(row.n as number)
    })
  }
  return numbers
}

describe.each(FNS)('%s', (fn) => {
  it('has all rows that are needed, with ties, nulls and no memory', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed)
      const values = 1 + random.below(30)
      const rows = random.times(random.below(600), (n) => ({
        n,
        p: random.below(9) === 0 ? null : random.below(4),
        q: random.below(9) === 0 ? null : random.pick(['', 'a', 'a\0', 'more than fifteen bytes of text']),
        o: random.below(9) === 0 ? null : random.below(values) - 3.5,
      }))
      const one: Case = {
        by: random.pick([[], ['p'], ['q'], ['q', 'p']]),
        order: { column: 'o', descending: random.below(2) === 0, nullsFirst: random.below(2) === 0 },
        rankLimit: { fn, most: random.pick([1, 2, 3, 5, 6, 20]) },
        memoryBytes: random.pick([0, 1 << 16, 1 << 24]),
      }
      const found = taken(rows, one)
      expect(new Set(found).size, `seed ${seed}`).toBe(found.length)
      const right = needed(rows, one)
      // What is needed comes in the same order as if all rows were there.
      const all = taken(rows, { ...one, rankLimit: { fn, most: 1000 } })
      expect(
        found.filter((n) => right.has(n)),
        `seed ${seed}`,
      ).toEqual(all.filter((n) => right.has(n)))
      expect(right.size, `seed ${seed}`).toBe(found.filter((n) => right.has(n)).length)
    }
  })

  const order: SortKey = { column: 'o', descending: false, nullsFirst: true }
  const SHAPES: Record<string, { row: (n: number, random: Random) => Row; most: number }> = {
    'few partitions in any order': { row: (n, random) => ({ n, p: n % 7, q: null, o: random.below(1e9) }), most: 1000 },
    'partitions one after another': { row: (n) => ({ n, p: Math.floor(n / 2), q: null, o: n % 2 }), most: 45_000 },
    'a row a partition': { row: (n) => ({ n, p: n, q: null, o: 1 }), most: 80_000 },
    'the last row first': { row: (n) => ({ n, p: n % 7, q: null, o: -n }), most: 80_000 },
  }
  it.each(Object.entries(SHAPES))('of %s', (_, { row, most }) => {
    const random = new Random(7)
    const rows = random.times(80_000, (n) => row(n, random))
    const one: Case = { by: ['p'], order, rankLimit: { fn, most: 1 } }
    const found = taken(rows, one)
    expect(found.length).toBeLessThanOrEqual(most)
    const numbers = new Set(found)
    for (const n of needed(rows, one)) expect(numbers.has(n)).toBe(true)
  })
})
