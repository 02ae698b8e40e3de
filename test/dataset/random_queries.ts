/** Random data frames over two small tables. */
import {
  array,
  col,
  count,
  csv,
  denseRank,
  explode,
  explodeOuter,
  int,
  lag,
  lit,
  max,
  min,
  nullable,
  posexplode,
  posexplodeOuter,
  rank,
  read,
  rowNumber,
  split,
  string,
  sum,
  Window,
  when,
} from 'runjob'
import type { ReadQuery } from '../../dist/src/dataset/query.js'
import type { Value } from '../helpers/interpreter/value.js'
import type { Random } from '../helpers/random.js'
import type { Rows, Tables } from './plan_interpreter.js'

// biome-ignore lint/suspicious/noExplicitAny: the compiler cannot know the columns of a random frame
type Any = any

const schema = { a: nullable(int()), b: nullable(int()), s: nullable(string()) }

/** @param folder of the tables' files */
export function sourcesIn(folder: string) {
  return ['t', 'u'].map((name) => read(csv({ schema, quote: '"' }), `${folder}/${name}.csv`))
}

export type Sources = ReturnType<typeof sourcesIn>

export function randomTables(random: Random, sources: Sources): Tables {
  return new Map(sources.map((source) => [source.query as ReadQuery, randomRows(random)]))
}

function randomRows(random: Random): Rows {
  const number = (): Value => (random.below(4) === 0 ? null : random.below(5))
  return random.times(random.below(9), () => [number(), number(), random.pick([null, 'x', 'y', ''])])
}

/** Over columns a, b: numbers; s: text. */
function condition(random: Random, depth = 0): Any {
  const [left, right] = [random.pick(['a', 'b']), random.pick(['a', 'b'])]
  switch (random.below(depth > 1 ? 6 : 9)) {
    case 0:
      return col(left).gt(random.below(5))
    case 1:
      return col(left).eq(col(right))
    case 2:
      return col('s').eq(random.pick(['x', 'y']))
    case 3:
      return col(random.pick(['a', 's'])).isNull()
    case 4:
      // Fails where it is 0.
      return lit(4).div(col(left)).gt(1)
    case 5:
      return lit(random.below(2) === 0)
    case 6:
      return condition(random, depth + 1).or(condition(random, depth + 1))
    case 7:
      return condition(random, depth + 1).not()
    default:
      return condition(random, depth + 1).and(condition(random, depth + 1))
  }
}

/** Where rows are counted, equal ones are equal in all columns. */
function windowed(random: Random, input: Any): Any {
  const parts = Window.partitionBy(...random.pick<Any>([['a'], ['s', 'a'], []]))
  const [peers, rows] = [parts.orderBy(col(random.pick(['b', 's'])).desc()), parts.orderBy('b', 's', 'a')]
  const value = random.pick<Any>([
    rank().over(peers),
    denseRank().over(peers),
    sum('b').over(peers),
    max('b').over(parts),
    count().over(parts.orderBy('b').rangeBetween(-1, 1)),
    sum(col('a').add(1)).over(rows.rowsBetween(-1, 2)),
    rowNumber().over(rows),
    lag('b', 1, 7).over(rows).add(sum('a').over(parts)),
  ])
  const made = input.withColumn('n', value.cast('int'))
  return made
    .select(
      ...random.pick<Any>([
        ['a', col('n').as('b'), 's'],
        ['a', 'b', 's'],
      ]),
    )
    .filter(condition(random))
}

/** Lists that are null, empty, or have nulls. */
function exploded(random: Random, input: Any): Any {
  const list = random.pick<Any>([
    array('a', 'b'),
    when(condition(random), array(col('b'), lit(7))),
    split('s', random.pick(['x', ''])),
    array(lit(4).div(col('a')).cast('int')),
  ])
  const [position, element] = random.pick([posexplode, posexplodeOuter])(list) as Any
  const only = random.pick([explode, explodeOuter])(list) as Any
  const made = random.pick<Any>([
    input.select('a', position.as('b'), element.as('e')),
    input.select('a', 'b', only.as('e')),
    input.withColumn('e', only),
  ])
  return made
    .filter(random.pick<Any>([col('a').gt(2), col('b').gt(0), lit(4).div(col('b')).gt(1), col('e').isNotNull()]))
    .select('a', random.pick<Any>(['b', col('b').add(1).as('b')]), col('e').cast('string').as('s'))
}

/** A frame with the columns a, b and s. */
export function randomFrame(random: Random, sources: Sources, depth: number): Any {
  if (depth === 0) return random.pick(sources)
  const input = randomFrame(random, sources, depth - 1)
  switch (random.below(15)) {
    case 0:
    case 1:
      return input.filter(condition(random))
    case 2:
      return input.withColumn(
        random.pick(['a', 'b']),
        random.pick([col('a').add(1), col('b'), col('a').add(col('b')), lit(3)]),
      )
    case 3:
      return input.select(col('b').as('a'), col('a').as('b'), 's')
    case 4:
      return input
        .groupBy(...random.pick([['a'], ['s', 'a'], []]))
        .agg({ n: max('b'), m: min('s'), t: sum('a') })
        .select(
          ...random.pick([
            ['n', 'm'],
            ['t', 'n', 'm'],
          ]),
        )
        .select(col('n').as('a'), col('n').add(1).as('b'), col('m').as('s'))
    case 5:
      return input.orderBy(random.pick(['a', 's']), col('b').desc())
    case 6:
      return input.limit(random.below(6))
    case 7:
      return input.union(randomFrame(random, sources, depth - 1))
    case 8:
      return input.dropDuplicates('a')
    case 9:
      return windowed(random, input)
    case 10:
      return exploded(random, input)
    case 11:
      return input.sample(random.pick([0, 0.3, 0.7, 1]), random.below(2))
    case 12: {
      const method = random.pick(['intersect', 'except', 'intersectAll', 'exceptAll'])
      return input[method](randomFrame(random, sources, depth - 1))
    }
    default: {
      const other = random.below(2) === 0 ? random.pick(sources) : randomFrame(random, sources, depth - 1)
      const how = random.pick(['inner', 'left', 'right', 'full', 'semi', 'anti'])
      const residual = random.pick<(l: Any, r: Any) => Any>([
        (_, r) => r.b.gt(2),
        (l) => l.b.gt(2),
        (l, r) => l.b.lt(r.b),
        (_, r) => lit(2).div(r.b).gt(1),
      ])
      const on = random.pick<Any>([
        'a',
        { left: 'a', right: 'b' },
        ['a', 'b'],
        (l: Any, r: Any) => l.a.eq(r.a).and(residual(l, r)),
        (l: Any, r: Any) => l.b.lt(r.b),
      ])
      const joined = input.join(other, on, { how, suffix: '_r' })
      const keeps = how === 'semi' || how === 'anti' || random.below(2) === 0
      if (keeps || on === 'a') return joined.select('a', 'b', 's').filter(condition(random))
      return joined.filter(condition(random)).select('a', 'b', random.pick([col('s'), col('s_r').as('s')]))
    }
  }
}
