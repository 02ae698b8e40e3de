/** Collections for collection.test.ts. Workers import this module, up to the first action. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Collection, csv, int, long, nullable, read, string } from 'runjob'

/** What they read; tests write it. */
export const folder = join(tmpdir(), `runjob-collections-${process.pid}`)
const lines = read.text(join(folder, 'in.txt')).lines()
const numbers = lines.map(Number)
const pairs = numbers.map((n) => [n % 3, n] as const)

export const words = read
  .text(join(folder, 'in.txt'))
  .flatMap((line) => line.split(' '))
  .map((word) => [word, 1] as const)
  .reduceByKey((a, b) => a + b)

export const plain = { lines, numbers, pairs }
export const sum = (a: number, b: number): number => a + b
export const sums = pairs.reduceByKey(sum)
export const groups = pairs.groupByKey()
const readTwice = groups.map(([key, values]) => [key, [...values].length + [...values].length])
export const skippedGroups = groups.filter(([key]) => key === 1).map(([key]) => key)
export const sorted = { up: numbers.sortBy((n) => n), down: numbers.sortBy((n) => n, false) }
export const batches = numbers.mapPartitions((batch) => [batch.length])
export const sides = {
  join: pairs.join(sums),
  left: pairs.leftOuterJoin(sums.filter(([key]) => key !== 0)),
  group: pairs.cogroup(sums),
}
export const counted = numbers.filter((n, ctx) => {
  if (n % 2 === 0) ctx.count('even')
  return n % 2 === 0
})

const table = csv({ schema: { id: int(), city: nullable(string()), big: nullable(long({ js: 'bigint' })) } })
export const rows = read(table, join(folder, 'rows.csv')).rows()
export const cities = read(table, join(folder, 'rows.csv'))
  .filter((c) => c.id.gt(1))
  .groupBy('city')
  .count()
  .rows()
  .map((row) => `${row.city}: ${row.count}`)

let calls = 0
export const accumulating = numbers.map(() => ++calls)

function thrown(): never {
  throw new TypeError('no good')
}

export const failing: Record<string, Collection<unknown>> = {
  map: numbers.map((n) => (n === 4 ? thrown() : n)),
  late: numbers.map((n) => (n > 1_500_000 ? thrown() : n)),
  filter: numbers.filter((n) => n !== 4 || thrown()),
  generator: numbers.flatMap(function* (n) {
    yield n
    if (n === 4) thrown()
  }),
  reduceByKey: pairs.reduceByKey((a, b) => (a > 6 ? thrown() : a + b)),
  sortBy: numbers.sortBy((n) => (n === 4 ? thrown() : n)),
  afterGroups: groups.map(([key]) => (key === 1 ? thrown() : key)),
  promise: numbers.map((n) => Promise.resolve(n)),
  nothing: numbers.map((n) => {
    if (n > 10) return n
    return undefined
  }),
  truthy: numbers.filter(((n: number) => n % 2) as never),
  text: lines.flatMap((line) => line.trim()),
  noList: numbers.flatMap(((n: number) => n) as never),
  noPair: numbers.reduceByKey.call(numbers as never, sum as never) as Collection<unknown>,
  noValue: numbers.map((n) => [n % 2, n > 3 ? n : undefined] as const).reduceByKey((a) => a),
  noPairValues: numbers.mapValues.call(numbers as never, sum as never) as Collection<unknown>,
  object: numbers.map((n) => new Map([[n, n]])),
  key: numbers.map((n) => [() => n, n] as const).groupByKey(),
  readTwice,
  leftTwice: sides.group.map(([key, [left]]) => [key, [...left].length + [...left].length]),
}

/** Half of the words are one word. */
export const skewed = {
  sums: lines.map((line) => [line.length > 3 ? 'many' : line, line.length] as const).reduceByKey(sum),
  lengths: lines
    .map((line) => [line.length > 3 ? 'many' : line, line] as const)
    .groupByKey()
    .mapValues((values) => {
      let total = 0
      for (const value of values) total += value.length
      return total
    }),
  join: lines.map((line) => ['k', line] as const).join(lines.map((line) => ['k', line] as const)),
}
/** Sums that depend on what is added to what first. */
export const fractions = lines.map((line) => [line.length % 5, 1 / (line.length + 0.1)] as const).reduceByKey(sum)
export const fractionSum = lines.map((line) => 1 / (line.length + 0.1))

export const bad = {
  lines: numbers.map((n) => (n === 4 ? thrown() : n)),
  pieces: numbers
    .flatMap((n) => [n, n])
    .map((n, ctx) => {
      ctx.count('seen')
      return n
    })
    .flatMap(function* (n) {
      yield ['k', n] as const
      if (n === 4) thrown()
    })
    .reduceByKey(sum),
  counted: numbers.flatMap(function* (n) {
    yield n
    if (n === 4) thrown()
  }),
}
