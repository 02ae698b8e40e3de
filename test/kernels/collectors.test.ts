import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AggregateSpec,
  type CollectorOptions,
  fromNative,
  kernels,
  type Layout,
} from '../../dist/src/kernels/addon.js'
import {
  batchOf,
  bytes,
  compare,
  drain,
  newCollector,
  newPath,
  partitionOf,
  plain,
  prefixOf,
  type Rec,
  readAll,
  type Value,
} from './helpers.js'

const layout: Layout = ['number', 'bytes', 'number']

// Sums of these are exact in doubles, so plain JavaScript is a good enough oracle for them.
const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8 || 0) },
  { weight: 2, arbitrary: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
)
const text = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'b', '\0', '"', '\\', '\n', '\x1f', '\x7f', '\xff', '\xe2\x82', 'x'.repeat(100)),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text).toString('latin1')),
)
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('', 'a', 'b', 'c', 'the', '\0', '\0\0', 'a\0', 'a\x01', '\xff', '\0\xff', '\0\x01'),
  },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'ab'), maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom('12345678', '123456789', '12345678\0', '1234567', 'long'.repeat(30)) },
  // Around the longest key that a slot of the hash table holds.
  { weight: 1, arbitrary: fc.constantFrom(...[13, 14, 15, 16, 17, 31, 32, 33].map((size) => 'k'.repeat(size))) },
  { weight: 1, arbitrary: fc.constantFrom(...[14, 15, 16, 32].map((size) => `${'k'.repeat(size - 1)}\0`)) },
)
const record = fc.record({ key, values: fc.tuple(number, text, number) })
const records = fc.array(record, { maxLength: 150, size: 'max' })

const missing = fc.constantFrom(undefined, 'empty' as const, 'marker' as const)
const aggregate: fc.Arbitrary<AggregateSpec> = fc.oneof(
  fc.constant({ fn: 'count' as const, column: -1, kind: 'number' as const }),
  fc.record({
    fn: fc.constantFrom('count' as const, 'sum' as const, 'min' as const, 'max' as const, 'mean' as const),
    column: fc.constantFrom(0, 2),
    kind: fc.constant('number' as const),
  }),
  fc
    .tuple(fc.constantFrom('count', 'min', 'max', 'first', 'last', 'distinct'), missing)
    .map(([fn, missing]) => ({ fn, column: 1, kind: 'bytes', missing }) as AggregateSpec),
  fc.constantFrom('first', 'last', 'distinct').map((fn) => ({ fn, column: 0, kind: 'number' }) as AggregateSpec),
  fc
    .tuple(fc.constantFrom(0, 1), fc.integer({ min: 1, max: 5 }), fc.boolean(), missing)
    .map(
      ([column, k, ascending, missing]) =>
        ({ fn: 'top', column, kind: layout[column]!, k, ascending, missing }) as AggregateSpec,
    ),
)
const aggregates = fc.array(aggregate, { maxLength: 5 })

const resultLayout = (specs: AggregateSpec[]): Layout =>
  specs.map(({ fn, kind }) =>
    fn === 'top' || (kind === 'bytes' && fn !== 'count' && fn !== 'distinct') ? 'bytes' : 'number',
  )

function isMissing(value: Value, missing: AggregateSpec['missing']): boolean {
  return Number.isNaN(value) || (missing === 'empty' && value === '') || (missing === 'marker' && value === '\xff')
}

function oracleAggregate(values: Value[][], { fn, column, kind, k, ascending, missing }: AggregateSpec): Value {
  if (column < 0) return values.length
  const all = values.map((row) => row[column]!)
  const present = all.filter((value) => !isMissing(value, missing))
  const nothing = kind === 'number' ? NaN : missing === 'marker' ? '\xff' : ''
  const sorted = [...present].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const sum = () => (present as number[]).reduce((a, b) => a + b, 0)
  switch (fn) {
    case 'count':
      return present.length
    case 'sum':
      return sum()
    case 'mean':
      return present.length === 0 ? NaN : sum() / present.length
    case 'min':
      return sorted[0] ?? nothing
    case 'max':
      return sorted.at(-1) ?? nothing
    case 'first':
      return present[0] ?? nothing
    case 'last':
      return present.at(-1) ?? nothing
    case 'distinct':
      return new Set(present).size
    case 'top': {
      const best = (ascending ? sorted : sorted.reverse()).slice(0, k)
      const json = JSON.stringify(
        kind === 'bytes' ? best.map((value) => bytes(value as string).toString('utf8')) : best,
      )
      return Buffer.from(json).toString('latin1')
    }
  }
}

function groupByKey(records: Rec[]): Map<string, Value[][]> {
  const groups = new Map<string, Value[][]>()
  for (const { key, values } of records) groups.set(key, [...(groups.get(key) ?? []), values])
  return groups
}

/** How records are given to partitions; `of` is what the collector should do. */
interface Partitioning {
  options: Partial<CollectorOptions>
  of: (key: string) => number
}
const partitioning = (descending: boolean): fc.Arbitrary<Partitioning> =>
  fc.oneof(
    fc.integer({ min: 1, max: 7 }).map((partitions) => ({
      options: { partitionBy: 'hash' as const, partitions },
      of: (key: string) => partitionOf(key, partitions),
    })),
    fc.integer({ min: 1, max: 7 }).map((partitions) => ({
      options: { partitionBy: 'given' as const, partitions },
      of: (key: string) => key.length % partitions,
    })),
    fc.array(key, { maxLength: 4 }).map((some) => {
      const order = descending ? (a: string, b: string) => compare(b, a) : compare
      const bounds = [...some].sort(order)
      return {
        options: { partitionBy: 'range' as const, partitions: bounds.length + 1, bounds: bounds.map(bytes) },
        of: (key: string) => bounds.filter((bound) => order(bound, key) <= 0).length,
      }
    }),
  )
const arrangement = fc.boolean().chain((descending) => fc.tuple(fc.constant(descending), partitioning(descending)))

function addAll(
  collector: ReturnType<typeof newCollector>,
  records: Rec[],
  given: boolean,
  of: (key: string) => number,
  batches: number[],
) {
  const borders = [...batches.map((at) => Math.min(at, records.length)).sort((a, b) => a - b), records.length]
  let start = 0
  for (const end of borders) {
    const part = records.slice(start, end)
    collector.add(batchOf(part, layout, given ? part.map((record) => of(record.key)) : undefined), part.length)
    start = end
  }
}

/** A double as a multiple of 2^-1074. */
function units(x: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(x)).buffer)[0]!
  const exponent = bits >> 52n
  const fraction = bits & ((1n << 52n) - 1n)
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n)
  return x < 0 ? -magnitude : magnitude
}
const ONE = units(1)

/** m * 2^e, |m| below 2^53, in two steps; the first is exact. */
function scaled(m: bigint, e: number): number {
  const half = Math.trunc(e / 2)
  return Number(m) * 2 ** half * 2 ** (e - half) || 0
}

/** To 53 bits, half to even. */
function toMantissa(total: bigint): [mantissa: bigint, exponent: number] {
  const magnitude = total < 0n ? -total : total
  const cut = BigInt(Math.max(0, magnitude.toString(2).length - 53))
  const rest = magnitude & ((1n << cut) - 1n)
  const half = cut === 0n ? 1n : 1n << (cut - 1n)
  let mantissa = magnitude >> cut
  if (rest > half || (rest === half && mantissa & 1n)) mantissa++
  return [total < 0n ? -mantissa : mantissa, Number(cut) - 1074]
}

const rounded = (total: bigint): number => scaled(...toMantissa(total))

function meanOf(total: bigint, count: number): number {
  const [mantissa, exponent] = toMantissa(total)
  const half = Math.trunc(exponent / 2)
  return (Number(mantissa) / count) * 2 ** half * 2 ** (exponent - half) || 0
}

const rotate = (numbers: number[], by: number): number[] => {
  const at = numbers.length === 0 ? 0 : by % numbers.length
  return [...numbers.slice(at), ...numbers.slice(0, at)]
}

/** The answers for one key, its numbers cut into runs; or the code of the error. */
function mergeAll(numbers: number[], cuts: number[], specs: AggregateSpec[]): number[] | string {
  const ends = [...cuts.map((cut) => Math.min(cut, numbers.length)).sort((a, b) => a - b), numbers.length]
  const paths = ends.map((end, i) => {
    // It checks its keys after the first one, and may give up its table.
    const collector = newCollector({ mode: 'hash', layout: ['number'], aggregates: specs, tableKeys: 1 })
    for (const x of numbers.slice(ends[i - 1] ?? 0, end))
      collector.add(batchOf([{ key: 'k', values: [x] }], ['number']), 1)
    const path = newPath()
    collector.spill(path, '{}')
    collector.close()
    return path
  })
  const cursor = kernels.openRuns(paths, 0, { descending: false }).aggregate(specs, true)
  try {
    return readAll(
      cursor,
      specs.map(() => 'number' as const),
    ).flatMap(({ values }) => values as number[])
  } catch (error) {
    return fromNative(error) instanceof Error ? (fromNative(error) as { code: string }).code : 'unknown'
  } finally {
    cursor.close()
  }
}

describe('the hash collector', () => {
  const problem = fc.tuple(records, aggregates, arrangement, fc.array(fc.nat(150), { maxLength: 4 }))
  /** So few that lookups are given up now and then, and resumed. */
  const tableKeys = fc.constantFrom(1, 2, 5, 1000)

  test('aggregates like plain JavaScript, in memory and through runs merged in any number of passes', () => {
    fc.assert(
      fc.property(
        problem,
        fc.nat(2),
        tableKeys,
        ([records, specs, [descending, { options, of: partitionOfKey }], borders], passes, tableKeys) => {
          // The keys of 'distinct' are composite: their group part is hashed.
          const composite = specs.some((spec) => spec.fn === 'distinct') && options.partitionBy === 'hash'
          const of = composite ? (key: string) => partitionOf(prefixOf(key), options.partitions!) : partitionOfKey
          const given = options.partitionBy === 'given'
          const want = [...groupByKey(records)].map(([key, values]) => ({
            key,
            partition: of(key),
            values: specs.map((spec) => oracleAggregate(values, spec)),
          }))
          want.sort((a, b) => a.partition - b.partition || (descending ? compare(b.key, a.key) : compare(a.key, b.key)))

          const create = () =>
            newCollector({ mode: 'hash', layout, aggregates: specs, descending, tableKeys, ...options })
          const results = resultLayout(specs)
          const partitions = options.partitions!

          // In memory. Equal composite keys of 'distinct' are in partition order too, so one aggregate serves all.
          const collector = create()
          addAll(collector, records, given, of, borders)
          expect(collector.recordsIn).toBe(records.length)
          const aggregated = collector.sorted().aggregate(specs, true)
          expect(readAll(aggregated, results).map(plain)).toEqual(want.map(plain))
          aggregated.close()
          collector.close()

          // Through runs: one after each border.
          const paths: string[] = []
          let start = 0
          const spiller = create()
          for (const end of [...borders.sort((a, b) => a - b), records.length]) {
            addAll(spiller, records.slice(start, end), given, of, [])
            paths.push(newPath())
            const info = spiller.spill(paths.at(-1)!, '{}')
            expect(info.partitions.reduce((sum, { records }) => sum + records, 0)).toBe(info.records)
            expect(spiller.entries).toBe(0)
            start = Math.max(start, end)
          }
          spiller.close()
          let runs = paths
          for (let pass = 0; pass < passes; pass++) {
            const half = Math.ceil(runs.length / 2)
            runs = [runs.slice(0, half), runs.slice(half)].map((some) => {
              const path = newPath()
              const writer = kernels.createRunWriter(path, partitions, 1000)
              for (let p = 0; p < partitions; p++) {
                const cursor = kernels.openRuns(some, p, { descending }).aggregate(specs, false)
                cursor.writeTo(writer, p)
                cursor.close()
              }
              writer.finish('{}')
              return path
            })
          }
          for (let p = 0; p < partitions; p++) {
            const cursor = kernels.openRuns(runs, p, { descending }).aggregate(specs, true)
            const wanted = want.filter((record) => record.partition === p)
            expect(readAll(cursor, results).map(plain)).toEqual(wanted.map(plain))
            expect(cursor.recordsOut).toBe(wanted.length)
            cursor.close()
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('passes its records, with their partitions, to a combiner', () => {
    fc.assert(
      fc.property(records, arrangement, (records, [descending, { options, of }]) => {
        const specs: AggregateSpec[] = [
          { fn: 'count', column: -1, kind: 'number' },
          { fn: 'last', column: 1, kind: 'bytes' },
        ]
        const collector = newCollector({ mode: 'hash', layout, aggregates: specs, descending, ...options })
        addAll(collector, records, options.partitionBy === 'given', of, [])
        const cursor = collector.sorted().finalize(specs)
        const got = readAll(cursor, ['number', 'bytes'], { partitions: true })
        expect(cursor.partition).toBe(-1)
        expect(got.map((record) => record.partition)).toEqual(got.map((record) => of(record.key)))
        expect([...got].sort((a, b) => a.partition! - b.partition!)).toEqual(got)
        expect(got).toHaveLength(groupByKey(records).size)
        cursor.close()
        collector.close()
      }),
      { numRuns: 300 },
    )
  })

  test('sums and means are exact and rounded once, in any order and any number of merges', () => {
    // Far apart, near to each other, of both signs, with intermediate sums beyond the largest double, below the smallest normal one.
    const any = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc
        .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -1074, max: 1020 }))
        .map(([m, e]) => scaled(BigInt(m), e)),
      fc.constantFrom(1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE, 1, -1, 0.1, 5e-324, 2 ** 53, 1e16),
      // Quarters, halves and wholes of an ulp of the largest double.
      fc.constantFrom(2 ** 969, -(2 ** 969), 2 ** 970, -(2 ** 970), 2 ** 971, -(2 ** 971)),
    )
    const specs: AggregateSpec[] = [
      { fn: 'sum', column: 0, kind: 'number' },
      { fn: 'mean', column: 0, kind: 'number' },
    ]
    fc.assert(
      fc.property(
        fc.array(any, { maxLength: 40 }),
        fc.array(fc.nat(40), { maxLength: 4 }),
        fc.nat(),
        (numbers, cuts, shuffle) => {
          const total = numbers.reduce((sum, x) => sum + units(x), 0n)
          const wanted = rounded(total)
          const isTooLarge =
            !Number.isFinite(wanted) || (total % ONE === 0n && units(wanted) !== total && Math.abs(wanted) < 2 ** 64)
          for (const some of [
            numbers,
            [...numbers].reverse(),
            [...numbers].sort((a, b) => a - b),
            rotate(numbers, shuffle),
          ]) {
            for (const fns of [specs, [specs[0]!], [specs[1]!]]) {
              const merged = mergeAll(some, cuts, fns)
              if (isTooLarge && fns.includes(specs[0]!)) {
                expect(merged).toBe('NUMBER_TOO_LARGE')
              } else {
                const answers = { sum: wanted, mean: meanOf(total, numbers.length) }
                expect(merged).toEqual(numbers.length === 0 ? [] : fns.map(({ fn }) => answers[fn as 'sum' | 'mean']))
              }
            }
          }
        },
      ),
      {
        numRuns: 40,
        examples: [[[Number.MAX_VALUE, 2 ** 969, 2 ** 969, -Number.MAX_VALUE], [1, 2, 3], 0]],
      },
    )
  })

  test('sums the same in any order of merges', () => {
    // Naive sums of these differ with the order.
    const values = Array.from({ length: 999 }, (_, i) => 0.1 * (i % 7) + 1e16 * ((i % 3) - 1))
    const specs: AggregateSpec[] = [{ fn: 'sum', column: 0, kind: 'number' }]
    const sums = [1, 2, 10, 333].map((runs) => {
      const paths = Array.from({ length: runs }, (_, r) => {
        const collector = newCollector({ mode: 'hash', layout: ['number'], aggregates: specs })
        const part = values.filter((_, i) => i % runs === r).map((x): Rec => ({ key: 'k', values: [x] }))
        collector.add(batchOf(part, ['number']), part.length)
        const path = newPath()
        collector.spill(path, '{}')
        return path
      })
      return readAll(kernels.openRuns(paths, 0, { descending: false }).aggregate(specs, true), ['number'])[0]!.values[0]
    })
    expect(new Set(sums).size).toBe(1)
  })

  test('grows to many keys', () => {
    const count = 300_000
    const specs: AggregateSpec[] = [{ fn: 'count', column: -1, kind: 'number' }]
    const collector = newCollector({ mode: 'hash', aggregates: specs, tableKeys: 1e9 })
    const keys = Array.from({ length: count }, (_, i) => ({ key: `key ${(i * 7919) % count}`, values: [] }))
    for (let from = 0; from < count; from += 10_000) collector.add(batchOf(keys.slice(from, from + 10_000), []), 10_000)
    for (let from = 0; from < count; from += 50_000) collector.add(batchOf(keys.slice(from, from + 50_000), []), 50_000)
    expect(collector.entries).toBe(count)
    expect(collector.bytes).toBeGreaterThan(count * 16)
    const records = readAll(collector.sorted().finalize(specs), ['number'], { room: 10_000, byteCount: 1 << 20 })
    expect(records).toHaveLength(count)
    expect(records.every((record, i) => record.values[0] === 2 && (i === 0 || records[i - 1]!.key < record.key))).toBe(
      true,
    )
  })

  describe('if keys hardly repeat', () => {
    const counts: AggregateSpec[] = [{ fn: 'count', column: -1, kind: 'number' }]
    const ofColumn = (fn: AggregateSpec['fn']): AggregateSpec[] => [{ fn, column: 0, kind: 'number' }]
    const ofAllSizes = (i: number) => 'yz'.repeat(i % 23) + i.toString(36)
    const shapes: [string, AggregateSpec[], (i: number) => string][] = [
      ['counts of short keys', counts, (i) => i.toString(36)],
      ['counts of long keys', counts, (i) => `${'x'.repeat(12)}${i.toString(36)}`],
      ['counts', counts, ofAllSizes],
      ['keys alone', [], ofAllSizes],
      ['sums', ofColumn('sum'), ofAllSizes],
      ['means', ofColumn('mean'), ofAllSizes],
      ['first values', ofColumn('first'), ofAllSizes],
    ]
    for (const [what, specs, keyOf] of shapes) {
      test.each([
        [1, false],
        [3, true],
      ])(`${what} are of all records, sorted together, in %i partitions, descending: %s`, (partitions, descending) => {
        // Keys of a stretch are new; then every other one has been seen before, and one key is everywhere.
        const keys = Array.from({ length: 90_000 }, (_, i) =>
          keyOf(i % 5 === 0 ? 7 : i < 30_000 || i % 2 === 0 ? i : (i * 7919) % i),
        )
        const collector = newCollector({
          mode: 'hash',
          layout: ['number'],
          aggregates: specs,
          partitions,
          descending,
          tableKeys: 100,
        })
        for (let from = 0; from < keys.length; from += 1000) {
          const part = keys.slice(from, from + 1000).map((key, i): Rec => ({ key, values: [(from + i) / 8] }))
          collector.add(batchOf(part, ['number']), part.length)
        }
        const seen = new Map<string, number[]>()
        keys.forEach((key, i) => {
          const values = seen.get(key)
          if (values) values.push(i / 8)
          else seen.set(key, [i / 8])
        })
        expect(collector.entries, 'items of keys that repeat are kept').toBeGreaterThan(seen.size)
        const path = newPath()
        const info = collector.spill(path, '{}')
        expect(info.records).toBe(seen.size)
        expect(collector.recordsOut).toBe(seen.size)
        expect(collector.entries).toBe(0)

        const results = resultLayout(specs)
        for (let p = 0; p < partitions; p++) {
          const own = [...seen].filter(([key]) => partitionOf(key, partitions) === p)
          own.sort(([a], [b]) => (descending ? compare(b, a) : compare(a, b)))
          const want = own.map(([key, values]) => ({
            key,
            values: specs.map((spec) =>
              oracleAggregate(
                values.map((x) => [x]),
                spec,
              ),
            ),
          }))
          const cursor = kernels.openRuns([path], p, { descending }).aggregate(specs, true)
          const got = readAll(cursor, results, { room: 10_000, byteCount: 1 << 20 })
          expect(got.map(({ key, values }) => ({ key, values }))).toEqual(want)
          cursor.close()
        }
        collector.close()
      })
    }

    test.each([
      ['a buffer is full when it has enough', 800_000],
      ['it is not if some keys repeat', 200_000],
    ])('%s', (_, different) => {
      const collector = newCollector({ mode: 'hash', aggregates: counts, tableKeys: 2000 })
      for (let from = 0; from < 800_000; from += 4000) {
        const keys = Array.from({ length: 4000 }, (_, i) => ({ key: `${((from + i) * 7919) % different}`, values: [] }))
        collector.add(batchOf(keys, []), keys.length)
        expect(collector.isFull(1e9, 12e6)).toBe(different === 800_000 && collector.bytes > 12e6)
      }
      expect(collector.entries, 'items of keys that repeat are kept').toBe(800_000)
      expect(collector.isFull(collector.bytes - 1, 1e9)).toBe(true)
      collector.close()
    })

    test('and later do, they are looked up again', () => {
      const collector = newCollector({ mode: 'hash', aggregates: counts, tableKeys: 100 })
      const keys = Array.from({ length: 50_000 }, (_, i) => ({ key: `sensor ${i}`, values: [] }))
      for (let round = 0; round < 20; round++) collector.add(batchOf(keys, []), keys.length)
      expect(collector.entries).toBe(keys.length)
      const cursor = collector.sorted().finalize(counts)
      const got = readAll(cursor, ['number'], { room: 10_000, byteCount: 1 << 20 })
      expect(got.map(({ key }) => key)).toEqual(keys.map(({ key }) => key).sort(compare))
      expect(new Set(got.map(({ values }) => values[0]))).toEqual(new Set([20]))
      cursor.close()
    })
  })

  test('counts zero and minus zero as one distinct value', () => {
    const specs: AggregateSpec[] = [{ fn: 'distinct', column: 0, kind: 'number' }]
    const collector = newCollector({ mode: 'hash', layout: ['number'], aggregates: specs })
    collector.add(
      batchOf(
        [0, -0, NaN, 1].map((x) => ({ key: 'k', values: [x] })),
        ['number'],
      ),
      4,
    )
    expect(readAll(collector.sorted().aggregate(specs, true), ['number'])[0]!.values).toEqual([2])
  })
})

describe('the append collector', () => {
  test('keeps every record, sorted by partition and key, equal keys in input order', () => {
    fc.assert(
      fc.property(
        fc.tuple(
          records,
          arrangement,
          fc.array(fc.nat(150), { maxLength: 4 }),
          fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
        ),
        ([records, [descending, { options, of }], borders, take]) => {
          const want = records.map((record) => ({ ...record, partition: of(record.key) }))
          want.sort((a, b) => a.partition - b.partition || (descending ? compare(b.key, a.key) : compare(a.key, b.key)))
          const kept = take === 0 ? want : firstOfEach(want, take)

          const create = () => newCollector({ mode: 'append', layout, descending, take, ...options })
          const given = options.partitionBy === 'given'
          const collector = create()
          addAll(collector, records, given, of, borders)
          const got = drain(collector, layout, { room: 37, partitions: true })
          expect(got.map(({ groupStart, ...record }) => record)).toEqual(kept)
          expect(got.map((record) => record.groupStart)).toEqual(kept.map((r, i) => r.key !== kept[i - 1]?.key))

          const spiller = create()
          addAll(spiller, records, given, of, borders)
          const path = newPath()
          const info = spiller.spill(path, '{"task":1}')
          spiller.close()
          expect(info.records).toBe(kept.length)
          expect(kernels.readRunInfo(path)).toEqual({ meta: '{"task":1}', partitions: info.partitions })
          for (let p = 0; p < options.partitions!; p++) {
            const part = kept.filter((record) => record.partition === p)
            const cursor = kernels.openRuns([path], p, { descending })
            expect(readAll(cursor, layout).map(plain)).toEqual(part.map(plain))
            cursor.close()
            expect(info.partitions[p]!.records).toBe(part.length)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  function firstOfEach<T extends { partition: number }>(records: T[], count: number): T[] {
    const seen = new Map<number, number>()
    return records.filter(({ partition }) => {
      const n = (seen.get(partition) ?? 0) + 1
      seen.set(partition, n)
      return n <= count
    })
  }

  test('keeps the first records of a long input, ties in input order', () => {
    const count = 200_000
    const collector = newCollector({ layout: ['number'], take: 1000 })
    const all = Array.from(
      { length: count },
      (_, i): Rec => ({ key: `${(i * 7919) % 500}`.padStart(3, '0'), values: [i] }),
    )
    let most = 0
    for (let from = 0; from < count; from += 20_000) {
      collector.add(batchOf(all.slice(from, from + 20_000), ['number']), 20_000)
      most = Math.max(most, collector.entries)
    }
    expect(collector.recordsIn).toBe(count)
    expect(most).toBeLessThan(100_000)
    const want = all
      .sort((a, b) => compare(a.key, b.key) || (a.values[0] as number) - (b.values[0] as number))
      .slice(0, 1000)
    expect(readAll(collector.sorted(), ['number']).map(plain)).toEqual(want)
  })

  test.each([
    ['is full when it has enough', 0],
    ['is not while it drops records', 1000],
  ])('%s', (_, take) => {
    const collector = newCollector({ layout: ['number'], take })
    const all = Array.from({ length: 20_000 }, (_, i): Rec => ({ key: `key ${i}`, values: [i] }))
    collector.add(batchOf(all, ['number']), all.length)
    const { bytes } = collector
    expect(collector.isFull(2 * bytes, bytes)).toBe(false)
    expect(collector.isFull(2 * bytes, bytes - 1)).toBe(take === 0)
    expect(collector.isFull(bytes - 1, 2 * bytes)).toBe(true)
    collector.close()
  })

  test('sorts many records whose keys have long common prefixes', () => {
    const long = 'the same beginning of every key, '
    const all = Array.from(
      { length: 60_000 },
      (_, i): Rec => ({ key: long + ((i * 7919) % 10_007) + '\0'.repeat(i % 3), values: [i] }),
    )
    const collector = newCollector({ layout: ['number'] })
    collector.add(batchOf(all, ['number']), all.length)
    const got = readAll(collector.sorted(), ['number'], { room: 1000 }).map(plain)
    all.sort((a, b) => compare(a.key, b.key) || (a.values[0] as number) - (b.values[0] as number))
    expect(got).toEqual(all)
  })

  // More than fit in the cache: they are split, deepened and returned in stretches.
  describe.each([false, true])('sorts many records, descending: %s', (descending) => {
    const long = 'the same beginning of every key, '
    const shapes: Record<string, (i: number) => string> = {
      'that have one short key': () => 'key',
      'that have one long key': () => `${long}${long}`,
      'that have one of two long keys': (i) => long + (i % 2),
      'whose keys are each the beginning of the next': (i) => 'a'.repeat((i * 7919) % 2_003),
      'whose keys are numbers': (i) => `${(i * 7919) % 30_011}`,
    }
    test.each(Object.entries(shapes))('%s', (_, keyOf) => {
      const all = Array.from({ length: 40_000 }, (_, i): Rec => ({ key: keyOf(i), values: [i] }))
      const collector = newCollector({ layout: ['number'], descending })
      collector.add(batchOf(all, ['number']), all.length)
      const got = readAll(collector.sorted(), ['number'], { room: 1000, byteCount: 4_000_000 }).map(plain)
      const order = (a: Rec, b: Rec) => (descending ? compare(b.key, a.key) : compare(a.key, b.key))
      expect(got).toEqual([...all].sort((a, b) => order(a, b) || (a.values[0] as number) - (b.values[0] as number)))
    })

    test.each(['hash', 'given', 'range'] as const)('into many partitions, by %s', (partitionBy) => {
      const partitions = 1000
      const all = Array.from(
        { length: 40_000 },
        (_, i) => ({ key: `${(i * 7919) % 30_011}`, values: [i] }) satisfies Rec,
      )
      const sorted = [...new Set(all.map(({ key }) => key))].sort((a, b) =>
        descending ? compare(b, a) : compare(a, b),
      )
      const bounds = Array.from({ length: partitions - 1 }, (_, p) => sorted[(p + 1) * 30]!)
      const rank = new Map(sorted.map((key, i) => [key, i]))
      const of = {
        hash: (key: string) => partitionOf(key, partitions),
        given: (key: string) => Number(key) % partitions,
        range: (key: string) => Math.min(partitions - 1, Math.floor(rank.get(key)! / 30)),
      }[partitionBy]
      const collector = newCollector({
        layout: ['number'],
        descending,
        partitions,
        partitionBy,
        ...(partitionBy === 'range' ? { bounds: bounds.map((bound) => bytes(bound)) } : {}),
      })
      const given = partitionBy === 'given' ? all.map(({ key }) => of(key)) : undefined
      collector.add(batchOf(all, ['number'], given), all.length)
      const want = all
        .map((record) => ({ ...record, partition: of(record.key) }))
        .sort((a, b) => a.partition - b.partition || rank.get(a.key)! - rank.get(b.key)! || a.values[0]! - b.values[0]!)
      const got = drain(collector, ['number'], { room: 1000, partitions: true })
      expect(got.map(({ groupStart, ...record }) => record)).toEqual(want)
    })
  })

  test('partitions composite keys by their groups, and reads the groups plain', () => {
    const composite = fc.record({ group: key, order: fc.constantFrom('', '\0', '\x01', 'a', 'b', '\xff') })
    fc.assert(
      fc.property(fc.array(composite, { maxLength: 100 }), fc.integer({ min: 1, max: 5 }), (pairs, partitions) => {
        const records = pairs.map(({ group, order }, i): Rec => ({ key: prefixOf(group) + order, values: [i] }))
        const collector = newCollector({ layout: ['number'], partitions, prefixGrouping: true })
        collector.add(batchOf(records, ['number']), records.length)
        const want = records
          .map(({ key, values }, i) => ({
            key,
            values,
            group: pairs[i]!.group,
            partition: partitionOf(prefixOf(pairs[i]!.group), partitions),
          }))
          .sort((a, b) => a.partition - b.partition || compare(a.key, b.key))
        const got = drain(collector, ['number'], { prefixGrouping: true, partitions: true, room: 7 })
        expect(got).toEqual(
          want.map(({ group, values, partition }, i) => ({
            key: group,
            values,
            partition,
            groupStart: group !== want[i - 1]?.group,
          })),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('takes records of any size', () => {
    const sizes = [0, 1, 63, 64, 65, 4095, 1 << 16, 3_000_000]
    const records = sizes.flatMap((k) => sizes.map((v): Rec => ({ key: 'k'.repeat(k), values: ['v'.repeat(v)] })))
    const collector = newCollector({ layout: ['bytes'] })
    for (const record of records) collector.add(batchOf([record], ['bytes']), 1)
    const path = newPath()
    collector.spill(path, '{}')
    const got = readAll(kernels.openRuns([path], 0, { descending: false }), ['bytes'], {
      room: 10,
      byteCount: 4_000_000,
    })
    expect(got.map(plain)).toEqual(records)
  })
})
