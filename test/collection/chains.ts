/** Random collections. Made where workers find their functions: while this module is imported. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary, boolean, type Collection, double, list, long, nullable, read, string, struct, timestamp } from 'runjob'
import { Random } from '../helpers/random.js'

const { SEED = '20260101' } = process.env
// For workers, which import this module again.
if (SEED === 'random') process.env.SEED = String(Math.floor(Math.random() * 2 ** 31))
export const seed = Number(process.env.SEED ?? SEED)

/** What they read; the test writes it. */
export const input = join(tmpdir(), `runjob-chains-${process.pid}.txt`)

type Any = Collection<unknown>
type Pairs = Collection<readonly [unknown, unknown]>

const texts = (): Any => read.text(input).lines()

function size(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum, part) => sum + size(part), 1)
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) return size(Object.values(value))
  return String(value).length
}

/** A key of many types. */
function oddKey(value: unknown): unknown {
  const n = size(value)
  return [
    null,
    n % 3 === 0,
    n % 5,
    -0,
    Number.NaN,
    BigInt(n % 3),
    new Date(n % 2),
    `k${n % 4}`,
    [n % 2, 'x'],
    { b: n % 2, a: -0 },
  ][n % 10]
}

const keys: ((value: unknown) => unknown)[] = [
  oddKey,
  (value) => size(value) % 7,
  (value) => [...String(value)].slice(0, 2).join(''),
  () => 'the only one',
]

const framed = (input: Any) =>
  input
    .map((value) => ({
      size: size(value),
      word: size(value) % 3 === 0 ? null : `${size(value)}`,
      odd: [Number.NaN, -0, 0, 0.5][size(value) % 4]!,
      list: [new Date(size(value)), null],
      inner: { bytes: Uint8Array.of(size(value)), big: size(value) % 2 === 0 },
    }))
    .toDF({
      size: long(),
      word: nullable(string()),
      odd: double(),
      list: list(nullable(timestamp())),
      inner: struct({ bytes: binary(), big: boolean() }),
    })

const STEPS: ((input: Any, random: Random) => Any)[] = [
  (input, random) => input.keyBy(random.pick(keys)),
  (input) => input.map((value) => [value, size(value)]),
  (input) => input.map((value) => -(size(value) % 4)),
  (input) => input.filter((value) => size(value) % 3 !== 0),
  (input) => input.flatMap((value) => Array.from({ length: size(value) % 3 }, (_, i) => [i, value])),
  (input) =>
    input.flatMap(function* (value) {
      yield value
      if (size(value) % 4 === 0) yield `${size(value)}`
    }),
  (input) => input.mapPartitions((values) => values.map((value) => ({ value }))),
  (input) => input.distinct(),
  (input, random) => input.sortBy(random.pick([size, oddKey]), random.pick([true, false])),
  (input) => input.zipWithIndex(),
  (input) => framed(input).rows(),
  (input, random) =>
    framed(input)
      .groupBy(...random.pick([['size'], ['word', 'size'], ['odd']] as const))
      .mapGroups((key, rows) => [key, [...rows].map(({ size }) => size)]),
  (input) => input.union(input.filter((value) => size(value) % 2 === 0)),
]

/** Of pairs. */
const MEETINGS: ((input: Pairs, other: Pairs, random: Random) => Any)[] = [
  (input) => input.mapValues(size).reduceByKey((a, b) => a + b),
  (input) => input.mapValues((value) => [value]).reduceByKey((a, b) => [...a, ...b]),
  (input) =>
    input.aggregateByKey<unknown, unknown, unknown[]>(
      [],
      (list, value) => {
        list.push(value)
        return list
      },
      (a, b) => [...a, ...b],
    ),
  (input) => input.groupByKey().mapValues((values) => [...values]),
  (input) => input.groupByKey().mapValues((values) => [...values].map(size)),
  (input, _, random) => input.sortByKey(random.pick([true, false])),
  (input, other) => input.join(other),
  (input, other, random) => input[random.pick(['leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin'] as const)](other),
  (input, other) => input.cogroup(other).mapValues(([left, right]) => [[...left], right]),
  (input, other) => input.union(other),
]

function madeBy(index: number): Any {
  const random = new Random(seed + index)
  const stepped = (from: Any, most: number): Any => {
    let made = from
    for (let n = random.below(most); n >= 0; n--) made = random.pick(STEPS)(made, random)
    return made
  }
  let made = stepped(texts(), 3)
  for (let n = random.below(3); n > 0; n--) {
    const pairs = made.keyBy(random.pick(keys)) as Pairs
    const other = stepped(random.pick([texts(), made]), 2).keyBy(random.pick(keys)) as Pairs
    made = random.pick(MEETINGS)(pairs, other, random)
    if (random.below(2) === 0) made = stepped(made, 2)
  }
  return made
}

/** `CHAINS=200` makes more. */
export const chains: Any[] = Array.from({ length: Number(process.env.CHAINS ?? 8) }, (_, index) => madeBy(index))
