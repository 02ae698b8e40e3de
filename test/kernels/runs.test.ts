import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AggregateSpec, type Cursor, kernels, type Layout } from '../../dist/src/kernels/addon.js'
import {
  batchOf,
  binary,
  compare,
  failure,
  newCollector,
  newPath,
  plain,
  prefixOf,
  type Rec,
  readAll,
} from './helpers.js'

const layout: Layout = ['number', 'bytes']
const key = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'ab', '\0', '\xff', '12345678', '12345678\0', '123456789'),
  fc.string({ unit: fc.constantFrom(...'ab\0'), maxLength: 12 }),
)
const record = fc.record({
  key,
  values: fc.tuple(fc.double({ noNaN: true }), fc.string({ unit: 'binary-ascii', maxLength: 10 })),
})
const sorted = (records: Rec[], descending = false) =>
  [...records].sort((a, b) => (descending ? compare(b.key, a.key) : compare(a.key, b.key)))

/** Writes a run by hand; partitions[p] are the records of partition p, in order. */
function writeRun(partitions: Rec[][], layout: Layout, meta = '{}'): string {
  const path = newPath()
  const writer = kernels.createRunWriter(path, partitions.length, 0)
  partitions.forEach((records, p) => {
    writer.add(p, batchOf(records, layout), layout, records.length)
  })
  writer.finish(meta)
  return path
}

function readRuns(paths: string[], partition: number, layout: Layout, descending = false): Rec[] {
  const cursor = kernels.openRuns(paths, partition, { descending })
  try {
    return readAll(cursor, layout, { byteCount: 1 << 20 }).map(plain)
  } finally {
    cursor.close()
  }
}

test('records that came out of the runs are counted below all operators', () => {
  const records = Array.from({ length: 10 }, (_, i): Rec => ({ key: `k${i >> 1}`, values: [i, 'x'] }))
  const runs = [writeRun([records, []], layout), writeRun([records.slice(0, 4), records], layout)]
  const counted = (paths: string[], partition: number, through: (cursor: Cursor) => Cursor = (cursor) => cursor) => {
    const cursor = through(kernels.openRuns(paths, partition, { descending: false }))
    cursor.writeTo(kernels.createRunWriter(newPath(), 1, 0), 0)
    const { runRecords } = cursor
    cursor.close()
    return runRecords
  }
  expect(counted(runs, 0)).toBe(14)
  expect(counted(runs, 1)).toBe(10)
  expect(counted(runs.slice(0, 1), 1)).toBe(0)
  expect(counted([], 0)).toBe(0)
  expect(counted(runs, 0, (cursor) => cursor.aggregate([], true))).toBe(14)
  expect(counted(runs, 0, (cursor) => cursor.take(3).trackTop(layout, 2))).toBe(3)
  const collected = newCollector({ layout, mode: 'append' }).sorted()
  expect(failure(() => collected.runRecords)?.code).toBe('BAD_ARGUMENT')
})

describe('a run', () => {
  test('returns what was written, partition by partition', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(record, { maxLength: 30 }), { minLength: 1, maxLength: 6 }),
        fc.string(),
        (partitions, meta) => {
          const path = writeRun(partitions, layout, meta)
          const info = kernels.readRunInfo(path)
          expect(info.meta).toBe(Buffer.from(meta).toString())
          expect(info.partitions.map((partition) => partition.records)).toEqual(
            partitions.map((records) => records.length),
          )
          partitions.forEach((records, p) => {
            expect(readRuns([path], p, layout)).toEqual(records)
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  test('of many blocks returns what was written, and its size', () => {
    const records = Array.from(
      { length: 100_000 },
      (_, i): Rec => ({ key: `key ${i}`.padStart(30, '0'), values: [i, 'v'.repeat(i % 50)] }),
    )
    const path = newPath()
    const writer = kernels.createRunWriter(path, 3, 1000)
    for (let from = 0; from < records.length; from += 10_000) {
      writer.add(1, batchOf(records.slice(from, from + 10_000), layout), layout, 10_000)
    }
    const info = writer.finish('{}')
    expect(info.fileBytes).toBe(statSync(path).size)
    expect(info.records).toBe(records.length)
    expect(info.bytes).toBe(
      records.reduce((sum, { key, values }) => sum + key.length + 12 + (values[1] as string).length, 0),
    )
    expect(readRuns([path], 1, layout)).toEqual(records)
    expect(readRuns([path], 0, layout)).toEqual([])
    expect(readRuns([path], 2, layout)).toEqual([])
  })

  test('keeps every key and value, whatever prefix they share', () => {
    const begin = fc.integer({ min: 0, max: 60 }).map((n) => 'a long beginning '.repeat(4).slice(0, n))
    const keys = fc.tuple(begin, fc.string({ unit: fc.constantFrom('a', '\0', '\xff'), maxLength: 20 }))
    // Values of one size, of different sizes, and small and large numbers: each is stored in another form.
    const size = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 8) }, fc.integer({ min: 0, max: 300 }))
    const small = fc.nat(1000).map((n) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer).toString('latin1'))
    const value = fc.oneof(
      small,
      size.map((n) => 'v'.repeat(n)),
    )
    const records = fc.array(fc.tuple(keys, value), { maxLength: 200 })
    fc.assert(
      fc.property(records, fc.boolean(), (drawn, oneSize) => {
        const records = drawn.map(([[begin, end], value]): Rec => {
          return { key: begin + end, values: [oneSize ? value.slice(0, 8).padEnd(8, '\0') : value] }
        })
        expect(readRuns([writeRun([sorted(records)], ['bytes'])], 0, ['bytes'])).toEqual(sorted(records))
      }),
      { numRuns: 300 },
    )
  })

  test('does not exist before it is finished, nor after it is aborted', () => {
    const path = newPath()
    const writer = kernels.createRunWriter(path, 1, 0)
    writer.add(0, batchOf([{ key: 'k', values: [1, ''] }], layout), layout, 1)
    expect(failure(() => kernels.readRunInfo(path))?.code).toMatch(/^RUN_(MISSING|CORRUPT)$/)
    writer.abort()
    expect(existsSync(path)).toBe(false)
    expect(failure(() => kernels.readRunInfo(path))?.code).toBe('RUN_MISSING')
    expect(failure(() => kernels.openRuns([path], 0, { descending: false }))?.code).toBe('RUN_MISSING')
    expect(failure(() => writer.finish('{}'))?.code).toBe('BAD_ARGUMENT')
    writer.abort()
  })

  test('cannot be written where there is no folder', () => {
    expect(failure(() => kernels.createRunWriter('/nowhere/at/all', 1, 0))?.code).toBe('RUN_IO')
    const collector = newCollector()
    expect(failure(() => collector.spill('/nowhere/at/all', '{}'))?.code).toBe('RUN_IO')
  })

  test('says how much room a record needs that does not fit, and continues', () => {
    const records: Rec[] = [
      { key: 'a', values: [1, 'x'] },
      { key: 'b'.repeat(100), values: [2, 'y'.repeat(1000)] },
      { key: 'c', values: [3, 'z'] },
    ]
    const cursor = kernels.openRuns([writeRun([records], layout)], 0, { descending: false })
    const room = (byteCount: number) => ({
      keys: { bytes: new Uint8Array(byteCount), ends: new Uint32Array(10) },
      columns: [new Float64Array(10), { bytes: new Uint8Array(byteCount), ends: new Uint32Array(10) }],
    })
    const options = { prefixGrouping: false, maxRecords: 10 }
    expect(cursor.read(room(50), layout, options).count).toBe(1)
    const thrown = failure(() => cursor.read(room(50), layout, options))
    expect(thrown).toMatchObject({ code: 'BATCH_TOO_SMALL', params: { keyBytes: 100 } })
    expect(thrown!.params.valueBytes).toBeGreaterThanOrEqual(1000)
    expect(cursor.read(room(thrown!.params.valueBytes as number), layout, options).count).toBe(2)
    expect(cursor.read(room(50), layout, options).count).toBe(0)
    expect(cursor.recordsOut).toBe(3)
  })

  test('says whether keys and values are ASCII', () => {
    const read = (key: string, value: string) => {
      const records = Array.from({ length: 20 }, (): Rec => ({ key: 'k'.repeat(100), values: [1, 'v'.repeat(100)] }))
      const path = writeRun([[...records, { key, values: [1, value] }]], layout)
      const batch = {
        keys: { bytes: new Uint8Array(10_000), ends: new Uint32Array(100) },
        columns: [new Float64Array(100), { bytes: new Uint8Array(10_000), ends: new Uint32Array(100) }],
      }
      const cursor = kernels.openRuns([path], 0, { descending: false })
      return cursor.read(batch, layout, { prefixGrouping: false, maxRecords: 100 })
    }
    expect(read('k', 'v')).toEqual({ count: 21, keysAscii: true, valuesAscii: true })
    expect(read('\x80', 'v')).toEqual({ count: 21, keysAscii: false, valuesAscii: true })
    expect(read('k', '\xff')).toEqual({ count: 21, keysAscii: true, valuesAscii: false })
  })
})

describe('a damaged run', () => {
  const records = Array.from(
    { length: 400 },
    (_, i): Rec => ({ key: `key ${i}`.padStart(10, '0'), values: [i, 'value'.repeat(i % 9)] }),
  )
  const intact = readFileSync(writeRun([records, [], records.slice(0, 7)], layout))

  /** All that can be read, or the code of the error. */
  function readDamaged(data: Uint8Array): unknown {
    const path = newPath()
    writeFileSync(path, data)
    let content: unknown
    const thrown = failure(() => {
      const { meta } = kernels.readRunInfo(path)
      content = { meta, records: [0, 1, 2].map((p) => readRuns([path], p, layout)) }
    })
    return thrown?.code ?? content
  }
  const whole = { meta: '{}', records: [records, [], records.slice(0, 7)] }
  const refused = (answer: unknown) => answer === 'RUN_CORRUPT' || answer === 'RUN_VERSION' || answer === 'RUN_MISSING'

  test('is refused if any bit is flipped, unless nothing depends on it', () => {
    const bits = intact.length * 8
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(bits - 1), fc.nat(3 * 4096 * 8), fc.integer({ min: bits - 4096, max: bits - 1 })),
        (bit) => {
          const data = Buffer.from(intact)
          data[bit >> 3]! ^= 1 << (bit & 7)
          const answer = readDamaged(data)
          if (!refused(answer)) expect(answer).toEqual(whole)
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('is refused if it is cut off anywhere', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(intact.length - 1), fc.constantFrom(0, 1, 4096, 8192, intact.length - 1)),
        (length) => {
          expect(refused(readDamaged(intact.subarray(0, length)))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is refused if anything else is in its place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), fc.nat(intact.length), (noise, at) => {
        expect(refused(readDamaged(noise))).toBe(true)
        const data = Buffer.from(intact)
        data.set(noise.subarray(0, data.length - at), at)
        const answer = readDamaged(data)
        if (!refused(answer)) expect(answer).toEqual(whole)
      }),
      { numRuns: 500 },
    )
  })

  test('can be read once it is intact again: nothing is kept of the damaged file', () => {
    const path = newPath()
    writeFileSync(path, intact.subarray(0, 9000))
    expect(failure(() => kernels.readRunInfo(path))?.code).toBe('RUN_CORRUPT')
    writeFileSync(path, intact)
    expect(kernels.readRunInfo(path).meta).toBe('{}')
  })
})

describe('a merge of runs', () => {
  const runs = fc.array(fc.array(record, { maxLength: 40 }), { maxLength: 9 })

  test('is sorted; equal keys keep the order of the runs', () => {
    fc.assert(
      fc.property(runs, fc.boolean(), (runs, descending) => {
        const paths = runs.map((records) => writeRun([sorted(records, descending)], layout))
        const want = sorted(
          runs.flatMap((records) => sorted(records, descending)),
          descending,
        )
        expect(readRuns(paths, 0, layout, descending)).toEqual(want)
      }),
      { numRuns: 300 },
    )
  })

  test('distinguishes keys wherever they differ or end', () => {
    // As long as the merge's comparison step, a little shorter, a little longer; and with zero bytes, like padding.
    const begin = fc.constantFrom(7, 8, 14, 15, 16, 17, 40).map((n) => 'abcdefgh'.repeat(5).slice(0, n))
    const end = fc.constantFrom('', '\0', '\0\0', '\x01', 'a', 'b', '\xff', '\xff\xff')
    const long = fc.record({
      key: fc.tuple(begin, end).map(([begin, end]) => begin + end),
      values: fc.tuple(fc.nat(9), fc.constant('')),
    })
    const runs = fc.array(fc.array(long, { maxLength: 20 }), { minLength: 2, maxLength: 9 })
    fc.assert(
      fc.property(runs, fc.boolean(), (runs, descending) => {
        const inOrder = runs.map((records) => sorted(records, descending))
        const paths = inOrder.map((records) => writeRun([records], layout))
        expect(readRuns(paths, 0, layout, descending)).toEqual(sorted(inOrder.flat(), descending))
      }),
      { numRuns: 300 },
    )
  })

  test('takes, tracks the top and counts records', () => {
    fc.assert(
      fc.property(runs, fc.nat(50), fc.integer({ min: 0, max: 8 }), (runs, count, n) => {
        const paths = runs.map((records) => writeRun([sorted(records)], layout))
        const want = sorted(runs.flatMap((records) => sorted(records))).slice(0, count)
        const cursor = kernels.openRuns(paths, 0, { descending: false }).take(count).trackTop(layout, n)
        expect(readAll(cursor, layout, { room: 11 }).map(plain)).toEqual(want)
        expect(cursor.recordsIn).toBe(want.length)
        expect(cursor.recordsOut).toBe(want.length)
        const best = want
          .map(({ key, values }) => ({ key, number: values[0] as number }))
          .sort((a, b) => b.number - a.number || compare(a.key, b.key))
          .slice(0, n)
        const top = cursor.top().map(({ key, number }) => ({ key: binary(key), number }))
        // The difference of infinities is NaN, which sort takes for a tie.
        fc.pre(want.every(({ values }) => Number.isFinite(values[0])))
        expect(top).toEqual(best)
        cursor.close()
      }),
      { numRuns: 300 },
    )
  })

  test('of one key’s distinct records gives each key once', () => {
    fc.assert(
      fc.property(runs, (runs) => {
        const paths = runs.map((records) => writeRun([sorted(records)], layout))
        const cursor = kernels.openRuns(paths, 0, { descending: false }).aggregate([], true)
        const want = [...new Set(runs.flat().map((record) => record.key))].sort(compare)
        expect(readAll(cursor, []).map((record) => record.key)).toEqual(want)
        cursor.close()
      }),
      { numRuns: 100 },
    )
  })
})

describe('a join', () => {
  const group = fc.constantFrom('a', 'b', '', '\0', 'a\0', 'c')
  const text = fc.string({ unit: 'binary-ascii', maxLength: 5 })
  const rows = fc.array(fc.tuple(group, text), { maxLength: 25 })

  const TYPES = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const

  test('pairs every left row with every right row of its key, in input order', () => {
    fc.assert(
      fc.property(
        fc.record({
          left: rows,
          right: rows,
          type: fc.constantFrom(...TYPES),
          leftFields: fc.integer({ min: 0, max: 3 }),
          rightFields: fc.integer({ min: 0, max: 3 }),
          partitions: fc.integer({ min: 1, max: 4 }),
        }),
        ({ left, right, type, leftFields, rightFields, partitions }) => {
          const collector = newCollector({ layout: ['bytes'], prefixGrouping: true, partitions })
          for (const [side, rows] of [left, right].entries()) {
            const records = rows.map(
              ([group, text]): Rec => ({ key: `${prefixOf(group)}${side === 0 ? '\x01' : '\0'}`, values: [text] }),
            )
            collector.add(batchOf(records, ['bytes']), records.length)
          }
          const path = newPath()
          collector.spill(path, '{}')
          collector.close()
          const givesRight = rightFields > 0 && type !== 'semi' && type !== 'anti'
          const layout = [leftFields > 0, givesRight].filter(Boolean).map(() => 'bytes' as const)
          const got = Array.from({ length: partitions }, (_, p) => {
            const options = { type, tupleKey: false, leftFields, rightFields, groupLimitBytes: 1 << 20 }
            const cursor = kernels.openRuns([path], p, { descending: false }).join(options)
            const records = readAll(cursor, layout, { room: 5 }).map(plain)
            cursor.close()
            return records
          }).flat()
          const empty = (fields: number) => ','.repeat(Math.max(0, fields - 1))
          const want: Rec[] = []
          const give = (key: string, a = empty(leftFields), b = empty(rightFields)) =>
            want.push({ key, values: [...(leftFields > 0 ? [a] : []), ...(givesRight ? [b] : [])] })
          const matchesOf = (key: string, rows: [string, string][]) =>
            key === '' ? [] : rows.filter(([group]) => group === key).map(([, text]) => text)
          // Among rows that match nothing because their key is empty, right rows come first.
          for (const [key, value] of type === 'right' || type === 'full' ? right : []) {
            if (matchesOf(key, left).length === 0) give(key, undefined, value)
          }
          for (const [key, value] of left) {
            const matches = matchesOf(key, right)
            if (type === 'semi' ? matches.length > 0 : type === 'anti' && matches.length === 0) give(key, value)
            if (type === 'semi' || type === 'anti') continue
            for (const match of matches) give(key, value, match)
            if (matches.length === 0 && (type === 'left' || type === 'full')) give(key, value)
          }
          expect(sorted(got)).toEqual(sorted(want))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('treats a tuple with an empty part as a key that matches nothing', () => {
    const tuples = [
      ['a', 'b'],
      ['', 'b'],
      ['a', ''],
      ['', ''],
      ['a', '\0'],
    ].map((parts) => parts.map(prefixOf).join(''))
    for (const type of TYPES) {
      const records = tuples.flatMap((tuple) =>
        ['\0', '\x01'].map((side): Rec => ({ key: `${prefixOf(tuple)}${side}`, values: [side === '\0' ? 'r' : 'l'] })),
      )
      const path = writeRun([records.sort((a, b) => (a.key < b.key ? -1 : 1))], ['bytes'])
      const options = { type, tupleKey: true, leftFields: 1, rightFields: 1, groupLimitBytes: 5000 }
      const cursor = kernels.openRuns([path], 0, { descending: false }).join(options)
      const layout = type === 'semi' || type === 'anti' ? (['bytes'] as const) : (['bytes', 'bytes'] as const)
      const rows = readAll(cursor, [...layout]).map(plain)
      const of = (tuple: string) => rows.filter(({ key }) => key === tuple).map(({ values }) => values.join('-'))
      const whole = { inner: ['l-r'], left: ['l-r'], right: ['l-r'], full: ['l-r'], semi: ['l'], anti: [] }[type]
      const parts = { inner: [], left: ['l-'], right: ['-r'], full: ['-r', 'l-'], semi: [], anti: ['l'] }[type]
      expect(tuples.map(of), type).toEqual([whole, parts, parts, parts, whole])
    }
  })

  test('refuses a key with more right rows than it may hold', () => {
    const records = Array.from({ length: 100 }, (): Rec => ({ key: `${prefixOf('k')}\0`, values: ['x'.repeat(100)] }))
    const path = writeRun([records], ['bytes'])
    const options = { type: 'inner', tupleKey: false, leftFields: 1, rightFields: 1, groupLimitBytes: 5000 } as const
    const cursor = kernels.openRuns([path], 0, { descending: false }).join(options)
    expect(failure(() => readAll(cursor, ['bytes', 'bytes']))?.code).toBe('JOIN_GROUP_TOO_LARGE')
  })

  test('refuses keys that are not of a join', () => {
    for (const key of ['', 'k', prefixOf('k'), `${prefixOf('k')}\x02`, `${prefixOf('k')}\0\0`]) {
      const path = writeRun([[{ key, values: ['x'] }]], ['bytes'])
      const options = { type: 'left', tupleKey: false, leftFields: 1, rightFields: 1, groupLimitBytes: 5000 } as const
      const cursor = kernels.openRuns([path], 0, { descending: false }).join(options)
      expect(failure(() => readAll(cursor, ['bytes', 'bytes']))?.code).toBe('RUN_CORRUPT')
    }
  })
})

describe('collecting from a cursor', () => {
  const numbers = fc.array(
    fc.record({
      key,
      values: fc.tuple(
        fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 })),
        fc.string({ unit: 'binary-ascii', maxLength: 3 }),
      ),
    }),
    { maxLength: 60, size: 'max' },
  )

  test('by number sorts by the number, missing ones last, then by key; the key comes back', () => {
    fc.assert(
      fc.property(numbers, fc.boolean(), fc.integer({ min: 1, max: 20 }), (records, descending, step) => {
        const first = newCollector({ layout })
        first.add(batchOf(records, layout), records.length)
        const cursor = first.sorted()
        const second = newCollector({ layout })
        const options = { key: 'byNumber' as const, descending, layout }
        let moved = 0
        for (let n = cursor.collect(second, options, step); n > 0; n = cursor.collect(second, options, step)) {
          expect(n).toBeLessThanOrEqual(step)
          moved += n
        }
        expect(moved).toBe(records.length)
        expect(cursor.recordsOut).toBe(records.length)
        first.close()
        cursor.close()

        const rank = ({ values }: Rec) => {
          const x = values[0] as number
          return Number.isNaN(x) ? Infinity : descending ? -x : x
        }
        const isMissing = ({ values }: Rec) => (Number.isNaN(values[0]) ? 1 : 0)
        const want = [...records].sort(
          (a, b) =>
            isMissing(a) - isMissing(b) ||
            (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0) ||
            compare(a.key, b.key),
        )
        const got = second.sorted().dropPrefix(8)
        expect(readAll(got, layout).map(plain)).toEqual(want)
        expect(got.recordsIn).toBe(records.length)
        got.close()
        second.close()
      }),
      { numRuns: 500 },
    )
  })

  test('the same keeps keys and values, into any collector', () => {
    const records = Array.from(
      { length: 2000 },
      (_, i): Rec => ({ key: `${i % 10}`, values: [i, 'x'.repeat(i % 700)] }),
    )
    const specs: AggregateSpec[] = [
      { fn: 'sum', column: 0, kind: 'number' },
      { fn: 'last', column: 1, kind: 'bytes' },
    ]
    const first = newCollector({ layout })
    first.add(batchOf(records, layout), records.length)
    const second = newCollector({ mode: 'hash', layout, aggregates: specs })
    expect(first.sorted().collect(second, { key: 'same', layout }, 1_000_000)).toBe(2000)
    const got = readAll(second.sorted().finalize(specs), layout).map(plain)
    const digits = Array.from({ length: 10 }, (_, d) => records.filter((_, i) => i % 10 === d))
    const sum = (records: Rec[]) => records.reduce((total, { values }) => total + (values[0] as number), 0)
    expect(got).toEqual(digits.map((some, d) => ({ key: `${d}`, values: [sum(some), some.at(-1)!.values[1]!] })))
  })
})

test('many threads read the same runs and tokenize at once', async () => {
  const records = Array.from({ length: 20_000 }, (_, i): Rec => ({ key: `${i}`.padStart(6, '0'), values: [i, 'v'] }))
  const paths = [0, 1, 2].map(() => writeRun([records], layout))
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const run = async () => {
      const { kernels } = await import(workerData.addon)
      const { ensureLowercaseTable } = await import(workerData.unicode)
      ensureLowercaseTable()
      let records = 0
      for (let round = 0; round < 10; round++) {
        const cursor = kernels.openRuns(workerData.paths, 0, { descending: false })
        const options = { kind: 'tsv', key: 'bytes', layout: ['number', 'bytes'] }
        while (cursor.format(options, 100_000).length > 0);
        records += cursor.recordsOut
        // Some cursors are left to the garbage collector, or to the end of the thread.
        if (round % 2) cursor.close()
        const collector = kernels.createCollector({ mode: 'hash', aggregates: [], layout: [], partitionBy: 'hash', partitions: 1 })
        const mapper = kernels.createMapper({ op: 'words', lowercase: true }, collector)
        mapper.push(Buffer.from('Ä ÖΣ '.repeat(10_000)), Infinity, true)
        records += collector.entries
      }
      parentPort.postMessage(records)
    }
    run()`
  const workerData = {
    paths,
    addon: new URL('../../dist/src/kernels/addon.js', import.meta.url).href,
    unicode: new URL('../../dist/src/kernels/unicode.js', import.meta.url).href,
  }
  const counts = await Promise.all(
    Array.from({ length: 6 }, () => {
      const worker = new Worker(code, { eval: true, workerData })
      return new Promise<number>((resolve, reject) => {
        worker.on('message', resolve).on('error', reject)
      })
    }),
  )
  expect(counts).toEqual(counts.map(() => 10 * (3 * records.length + 2)))
})

describe('a range of keys', () => {
  const rangeOf = (cursor: Cursor): Rec[] => {
    const records = readAll(cursor, layout, { byteCount: 1 << 20 }).map(plain)
    expect(cursor.runRecords).toBe(records.length)
    cursor.close()
    return records
  }
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

  test('has the records from its first key on, and none at or after its end, in all runs', () => {
    fc.assert(
      fc.property(fc.array(fc.array(record), { maxLength: 4 }), key, key, (contents, from, to) => {
        const paths = contents.map((records) => writeRun([[], sorted(records)], layout))
        const all = sorted(contents.flatMap((records) => sorted(records)))
        const inside = (least: string | null, end: string | null) =>
          all.filter(({ key }) => (least === null || key >= least) && (end === null || key < end))
        const read = (range: { from?: Uint8Array; to?: Uint8Array }) =>
          rangeOf(kernels.openRuns(paths, 1, { descending: false, ...range }))
        expect(read({ from: bytes(from), to: bytes(to) })).toEqual(inside(from, to))
        expect(read({ from: bytes(from) })).toEqual(inside(from, null))
        expect(read({ to: bytes(to) })).toEqual(inside(null, to))
      }),
      { numRuns: 40 },
    )
  })

  test('is found in runs of many blocks, also where equal keys fill several of them', () => {
    const large = 'x'.repeat(40_000)
    const keys = [...Array.from({ length: 40 }, (_, i) => `a${i}`), ...Array(60).fill('b'), ...Array(60).fill('c'), 'd']
    const records = sorted(keys.map((key, i): Rec => ({ key, values: [i, large] })))
    const paths = [writeRun([records, records.slice(0, 9)], layout), writeRun([records.slice(30), []], layout)]
    const all = sorted([...records, ...records.slice(30)])
    for (const from of ['', 'a', 'a3', 'b', 'b\0', 'c', 'd', 'e']) {
      for (const to of ['a2', 'b', 'c', 'c\0', 'z']) {
        const range = { from: bytes(from), to: bytes(to) }
        const found = rangeOf(kernels.openRuns(paths, 0, { descending: false, ...range }))
        const expected = all.filter(({ key }) => key >= from && key < to)
        expect(
          found.map(({ key }) => key),
          `${from} to ${to}`,
        ).toEqual(expected.map(({ key }) => key))
      }
    }
  })

  test('of one key is read in shares, which are all of it and in order, whatever blocks it fills', () => {
    const large = 'x'.repeat(40_000)
    const keys = [...Array.from({ length: 40 }, (_, i) => `a${i}`), ...Array(97).fill('b'), ...Array(60).fill('c'), 'd']
    const records = sorted(keys.map((key, i): Rec => ({ key, values: [i, large] })))
    const runs = [records, records.slice(150), [], records.slice(60, 70), records.slice(0, 80)]
    const paths = runs.map((run, i) => writeRun([i % 2 === 0 ? [] : records.slice(0, 50), run], layout))
    const all = runs.flat()
    for (const key of ['a7', 'b', 'c', 'd', 'bb', '', 'z']) {
      const expected = all.filter((one) => one.key === key).map(({ values: [i] }) => i)
      // More than there are records, too.
      for (const of of [1, 2, 7, key === 'd' ? 30 : 3]) {
        const shares = Array.from({ length: of }, (_, index) => {
          const range = { from: bytes(key), to: bytes(`${key}\0`), share: { index, of } }
          return rangeOf(kernels.openRuns(paths, 1, { descending: false, ...range })).map(({ values: [i] }) => i)
        })
        const [least, most] = [Math.floor(expected.length / of), Math.ceil(expected.length / of)]
        for (const share of shares) {
          expect(share.length, `${key} of ${of}`).toBeGreaterThanOrEqual(least)
          expect(share.length, `${key} of ${of}`).toBeLessThanOrEqual(most)
        }
        expect(shares.flat(), `${key} of ${of}`).toEqual(expected)
      }
    }
  })

  test('is of ascending keys only', () => {
    const path = writeRun([[]], layout)
    const open = () => kernels.openRuns([path], 0, { descending: true, from: bytes('a') })
    expect(failure(open)?.code).toBe('BAD_ARGUMENT')
    const share = (index: number, of: number) => () =>
      kernels.openRuns([path], 0, { descending: false, from: bytes('a'), share: { index, of } })
    for (const one of [share(0, 2), share(2, 2), share(-1, 2), share(0, 0), share(0.5, 2)]) {
      expect(failure(one)?.code).toBe('BAD_ARGUMENT')
    }
  })

  test('that begins in a damaged block is refused', () => {
    const path = writeRun(
      [sorted(Array.from({ length: 90 }, (_, i): Rec => ({ key: `k${i}`, values: [i, 'y'.repeat(40_000)] })))],
      layout,
    )
    const content = readFileSync(path)
    const at = content.lastIndexOf('yyyyyyyy')
    content[at] = 1
    writeFileSync(path, content)
    const read = () => rangeOf(kernels.openRuns([path], 0, { descending: false, from: bytes('k9') }))
    expect(failure(read)?.code).toBe('RUN_CORRUPT')
  })
})

describe('a sample of values', () => {
  const sampleOf = (values: string[]) => {
    const records = values.map((value): Rec => ({ key: '', values: [0, value] }))
    const cursor = kernels.openRuns([writeRun([records], layout)], 0, { descending: false }).sampleValues()
    expect(readAll(cursor, layout, { byteCount: 4 << 20 })).toHaveLength(values.length)
    const sample = cursor.sampledValues()
    cursor.close()
    return sample
  }

  test('has all of a few, and of many as many as fit, whatever the pattern of their order', () => {
    expect(sampleOf([])).toEqual([])
    expect(sampleOf(['a', 'b', 'c'])).toHaveLength(3)
    const many = Array.from({ length: 50_000 }, (_, i) => (i % 2 === 0 ? 'even' : 'odd'))
    const sample = sampleOf(many)
    expect(sampleOf(many)).toEqual(sample)
    expect(sample.length).toBeLessThanOrEqual(2048)
    expect(sample.length).toBeGreaterThan(512)
    const even = sample.filter((value) => binary(value).includes('even')).length
    expect(Math.abs(even / sample.length - 0.5)).toBeLessThan(0.08)
  })

  test('takes no more than a megabyte', () => {
    const sample = sampleOf(Array.from({ length: 500 }, (_, i) => String(i).padEnd(20_000)))
    expect(sample.length).toBeGreaterThan(5)
    expect(sample.reduce((sum, value) => sum + value.length, 0)).toBeLessThanOrEqual(1 << 20)
  })
})

describe('the largest key', () => {
  test('is the first of those with the most records, whatever comes with them in a batch', () => {
    fc.assert(
      fc.property(fc.array(fc.array(record), { maxLength: 3 }), fc.nat({ max: 2 }), (contents, suffix) => {
        const paths = contents.map((records) => writeRun([sorted(records)], layout))
        const all = sorted(contents.flat()).map(({ key }) => key.slice(0, Math.max(0, key.length - suffix)))
        const counts: { key: string; records: number }[] = []
        for (const key of all) {
          const last = counts.at(-1)
          if (last?.key === key) last.records++
          else counts.push({ key, records: 1 })
        }
        const most = counts.reduce((a, b) => (b.records > a.records ? b : a), { key: '', records: 0 })
        const cursor = kernels.openRuns(paths, 0, { descending: false }).trackLargestKey(false, suffix)
        const passed = readAll(cursor, layout, { byteCount: 1 << 20 })
        expect(passed).toHaveLength(all.length)
        const { key, records } = cursor.largestKey()
        expect(records).toBe(most.records)
        expect(binary(key).slice(0, Math.max(0, key.length - suffix))).toBe(most.key)
        expect(cursor.runRecords).toBe(all.length)
        cursor.close()
      }),
      { numRuns: 40 },
    )
  })

  test('of composite keys is a group, and its first record comes with it', () => {
    const records = ['a', 'a', 'b', 'b', 'b'].map((group, i): Rec => ({ key: prefixOf(group) + i, values: [i, group] }))
    const cursor = kernels.openRuns([writeRun([records], layout)], 0, { descending: false }).trackLargestKey(true, 0)
    readAll(cursor, layout)
    const { key, records: count } = cursor.largestKey()
    expect([binary(key), count]).toEqual([`${prefixOf('b')}2`, 3])
    cursor.close()
  })
})
