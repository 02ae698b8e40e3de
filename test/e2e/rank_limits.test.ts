/** Rows up to a rank of their partition: the same bytes, whether those of larger ranks are left out before the sort or after it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { col, denseRank, double, int, lit, long, nullable, rank, read, rowNumber, string, Window } from 'runjob'
import { expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'

// The columns of a random window are unknown to the compiler.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any

const WAYS = [
  { workers: 1 },
  { workers: 2, [TUNING]: { splitBytes: 100, collectorBytes: 1, mergeRuns: 2 } },
  { workers: 2, [TUNING]: { splitBytes: 1000 } },
]

it('rows of the first ranks are those of a filter after the sort, in the same order', async () => {
  for (let seed = 1; seed <= 16; seed++) {
    const random = new Random(seed)
    const path = join(temporaryFolder(), 'rows.csv')
    const values = random.pick([2, 10, 1000])
    const cell = (most: number) => (random.below(8) === 0 ? '' : random.below(most))
    const rows = random.times(random.pick([0, 1, 500]), (n) => `${n},${cell(5)},t${random.below(3)},${cell(values)}\n`)
    writeFileSync(path, `n,p,q,o\n${rows.join('')}`)
    const frame: Any = read.csv(path, { schema: { n: long(), p: nullable(int()), q: string(), o: nullable(double()) } })
    const key = col('o')
    const order: Any[] = [
      random.below(2) === 0 ? key : random.below(2) === 0 ? key.desc() : key.ascNullsLast(),
      col('q'),
    ]
    const by = random.pick([[], ['p'], ['q'], ['p', 'q']])
    const window = Window.partitionBy(...by).orderBy(...order.slice(0, 1 + random.below(2)))
    const ranked: Any = frame.withColumn('r', random.pick([rowNumber, rank, denseRank])().over(window))
    const k = 1 + random.below(4)
    const conditions: ((r: Any) => Any)[] = [
      (r) => r.le(k),
      (r) => r.lt(k + 1),
      (r) => r.eq(k),
      (r) => lit(k).ge(r),
      (r) =>
        r
          .ne(1)
          .and(col('n').gt(3))
          .and(lit(k + 1).gt(r)),
    ]
    const condition = random.pick(conditions)
    const limited = ranked.filter(condition(col('r')))
    // No bound is known of what is computed.
    const plain = ranked.filter(condition(col('r').add(0)))
    expect((await limited.explain()).includes('up to'), `seed ${seed}`).toBe(true)
    expect((await plain.explain()).includes('up to'), `seed ${seed}`).toBe(false)
    const right = JSON.stringify(await plain.collect({ diskCheck: false }))
    for (const way of WAYS) {
      expect(JSON.stringify(await limited.collect({ diskCheck: false, ...way })), `seed ${seed}`).toBe(right)
    }
  }
})
