/** No call may crash the process or continue with half a state: any wrong argument throws an error with a known code. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isErrorCode } from '../../dist/src/base/errors.js'
import {
  type AggregateSpec,
  type Collector,
  type CollectorOptions,
  type CsvReader,
  type Cursor,
  fromNative,
  type HeldRuns,
  kernels,
  type Layout,
  type Mapper,
  type RunWriter,
} from '../../dist/src/kernels/addon.js'
import { lowercaseTable } from '../../dist/src/kernels/unicode.js'
import { caseCount } from '../helpers/soak.js'
import { batchOf, bytes, failure, newCollector, newPath, prefixOf, type Rec, roomFor } from './helpers.js'

const layout: Layout = ['number', 'bytes']
const specs: AggregateSpec[] = [
  { fn: 'sum', column: 0, kind: 'number' },
  { fn: 'top', column: 1, kind: 'bytes', k: 2, ascending: true },
]
const records: Rec[] = ['a', 'b', 'b', 'c'].map((key, i) => ({ key, values: [i, `value ${i}`] }))
const csv = { delimiter: ',', quote: '"' }
const collectorOptions: CollectorOptions = {
  ...{ mode: 'hash', aggregates: specs, layout, partitionBy: 'range', partitions: 2 },
  ...{ bounds: [bytes('b')], descending: false, prefixGrouping: false },
}
const joinOptions = { type: 'left', tupleKey: false, leftFields: 1, rightFields: 2, groupLimitBytes: 1000 } as const
const formatOptions = {
  kind: 'tsv',
  key: 'bytes',
  layout,
  raw: [false, true],
  escape: true,
  delimiter: ';',
  valuesOnly: false,
}
const fieldsSpec = {
  ...{ op: 'fields', ...csv, keys: [0], skipHeader: false, skipBom: true, tag: 1 },
  values: [
    { kind: 'number', row: false, columns: [1] },
    { kind: 'bytes', row: true, columns: [0, 1] },
  ],
}

/** `RUNJOB_SOAK=1 npm run sanitize test/kernels/arguments.test.ts` runs longer. */
const RUNS = caseCount(120, 5000)

// Garbage collection does not see native memory, and these tests make very many objects.
const made: { close?(): void; abort?(): void }[] = []
function track<T extends object>(object: T): T {
  made.push(object)
  return object
}
function freeAll(): void {
  for (const object of made.splice(0)) {
    object.close?.()
    object.abort?.()
  }
}
afterEach(freeAll)
// Some wrong arguments make good relative paths.
beforeAll(() => process.chdir(dirname(newPath())))

function filled(options: Partial<CollectorOptions> = {}): Collector {
  const collector = track(newCollector({ layout, ...options }))
  collector.add(batchOf(records, layout), records.length)
  return collector
}
const newStore = () => track(kernels.openStore(newPath(), { readOnly: false }))
function readerWithRows(): CsvReader {
  const reader = kernels.createCsvReader({ ...csv, skipBom: true })
  reader.push(bytes('a,b\nc,d\n'), Number.POSITIVE_INFINITY, false)
  return reader
}
const aggregated = () => filled({ mode: 'hash', aggregates: specs })
const runPath = (() => {
  let path: string | undefined
  return () => {
    if (path === undefined) {
      path = newPath()
      filled().spill(path, '{}')
    }
    return path
  }
})()

/** A new folder that holds a run. */
function holding(name: string): HeldRuns {
  const dir = `${newPath()}-held`
  mkdirSync(dir)
  const held = kernels.holdRuns(dir, 1e6, 1e6)
  kernels.createRunWriter(`${dir}/${name}`, 1, 0).finish('{}')
  return held
}

// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the point
type Any = any
/** Every entry, with arguments that work. */
const entries: Record<string, { make?: () => Any; args: () => Any[] }> = {
  createCollector: { args: () => [collectorOptions] },
  createMapper: { args: () => [fieldsSpec, newCollector({ layout })] },
  createLineFilter: { args: () => [{ literal: bytes('x'), invert: false, ignoreCase: true }] },
  createCsvReader: { args: () => [{ ...csv, skipBom: true }] },
  createJsonReader: { args: () => [['a', 'b']] },
  'JsonReader.read': {
    make: () => kernels.createJsonReader(['a']),
    args: () => [bytes('{"a":1}\n{"a":"x"}'), true, 8, 8],
  },
  createRunWriter: { args: () => [newPath(), 2, 100] },
  holdRuns: { args: () => [`${dirname(newPath())}/none`, 0, 0] },
  'HeldRuns.has': { make: () => kernels.holdRuns('/none', 0, 0), args: () => ['x.run'] },
  'HeldRuns.names': { make: () => kernels.holdRuns('/none', 0, 0), args: () => [] },
  'HeldRuns.drop': { make: () => kernels.holdRuns('/none', 0, 0), args: () => ['x.run'] },
  'HeldRuns.save': { make: () => holding('x.run'), args: () => ['x.run'] },
  'HeldRuns.close': { make: () => kernels.holdRuns('/none', 0, 0), args: () => [] },
  openStore: { args: () => [newPath(), { readOnly: false }] },
  openRuns: { args: () => [[runPath(), runPath()], 0, { descending: false, from: bytes('a'), to: bytes('z') }] },
  releaseMemory: { args: () => [] },
  readRunInfo: { args: () => [runPath()] },
  guessCsvRecordStart: { args: () => [bytes('a,b\nc,d\ne,f'), 2, { ...csv, columns: 2 }] },
  setLowercaseTable: { args: () => [lowercaseTable()] },
  formatNumber: { args: () => [1.5] },
  parseNumber: { args: () => [bytes('1.5')] },
  hashKey: { args: () => [bytes('key')] },
  xxh64: { args: () => [bytes('data'), 0n] },
  createHasher: { args: () => [] },
  createFileWriter: { args: () => [2 ** 31 - 1] },
  'FileWriter.write': { make: () => kernels.createFileWriter(2 ** 31 - 1), args: () => [bytes('data')] },
  'FileWriter.finish': { make: () => kernels.createFileWriter(2 ** 31 - 1), args: () => [] },
  'FileWriter.digest': { make: () => kernels.createFileWriter(2 ** 31 - 1), args: () => [] },
  'FileWriter.close': { make: () => kernels.createFileWriter(2 ** 31 - 1), args: () => [] },
  'Hasher.add': { make: () => kernels.createHasher(), args: () => [bytes('data')] },
  'Hasher.digest': { make: () => kernels.createHasher(), args: () => [] },
  'Collector.add': {
    make: () => newCollector({ layout, partitionBy: 'given', partitions: 4 }),
    args: () => [batchOf(records, layout, [0, 1, 2, 3]), 4],
  },
  'Collector.spill': { make: filled, args: () => [newPath(), '{}'] },
  'Collector.isFull': { make: filled, args: () => [Infinity, Infinity] },
  'Collector.sorted': { make: filled, args: () => [] },
  'Collector.clear': { make: filled, args: () => [] },
  'Collector.close': { make: filled, args: () => [] },
  'Mapper.push': {
    make: () => kernels.createMapper({ op: 'lines' }, newCollector()),
    args: () => [bytes('a\nb'), 10, true],
  },
  'Mapper.takeBad': { make: () => kernels.createMapper({ op: 'lines' }, newCollector()), args: () => [] },
  'LineFilter.push': {
    make: () => kernels.createLineFilter({ literal: bytes('x'), invert: false, ignoreCase: true }),
    args: () => [bytes('x\ny'), Infinity, false],
  },
  'LineFilter.takeBad': {
    make: () => kernels.createLineFilter({ literal: bytes('x'), invert: false, ignoreCase: true }),
    args: () => [],
  },
  'CsvReader.push': {
    make: () => kernels.createCsvReader({ ...csv, skipBom: true }),
    args: () => [bytes('x\ny'), 10, false],
  },
  'CsvReader.rowOffset': { make: () => readerWithRows(), args: () => [1] },
  'CsvReader.rowBytes': { make: () => readerWithRows(), args: () => [1] },
  'CsvReader.takeBad': { make: () => kernels.createCsvReader({ ...csv, skipBom: true }), args: () => [] },
  'RunWriter.add': {
    make: () => kernels.createRunWriter(newPath(), 2, 100),
    args: () => [1, batchOf(records, layout), layout, 4],
  },
  'RunWriter.finish': { make: () => kernels.createRunWriter(newPath(), 2, 100), args: () => ['{}'] },
  'RunWriter.abort': { make: () => kernels.createRunWriter(newPath(), 2, 100), args: () => [] },
  'Store.write': { make: newStore, args: () => [['a'], ['b'], [bytes('1')]] },
  'Store.get': { make: newStore, args: () => ['b'] },
  'Store.entries': { make: newStore, args: () => ['b', 100] },
  'Store.close': { make: newStore, args: () => [] },
  'Cursor.aggregate': { make: () => track(aggregated().sorted()), args: () => [specs, true] },
  'Cursor.finalize': { make: () => track(aggregated().sorted()), args: () => [specs] },
  'Cursor.take': { make: () => track(filled().sorted()), args: () => [3] },
  'Cursor.dropPrefix': { make: () => track(filled().sorted()), args: () => [1] },
  'Cursor.join': { make: () => track(filled().sorted()), args: () => [joinOptions] },
  'Cursor.trackTop': { make: () => track(filled().sorted()), args: () => [layout, 3] },
  'Cursor.trackLargestKey': { make: () => track(filled().sorted()), args: () => [true, 1] },
  'Cursor.largestKey': { make: () => filled().sorted().trackLargestKey(false, 0), args: () => [] },
  'Cursor.sampleValues': { make: () => track(filled().sorted()), args: () => [] },
  'Cursor.sampledValues': { make: () => filled().sorted().sampleValues(), args: () => [] },
  'Cursor.top': { make: () => filled().sorted().trackTop(layout, 3), args: () => [] },
  'Cursor.read': {
    make: () => track(filled().sorted()),
    args: () => [roomFor(layout, 3, 100), layout, { prefixGrouping: false, maxRecords: 100 }],
  },
  'Cursor.format': { make: () => track(filled().sorted()), args: () => [formatOptions, 100] },
  'Cursor.collect': {
    make: () => track(filled().sorted()),
    args: () => [newCollector({ layout }), { key: 'byNumber', descending: true, layout }, 100],
  },
  'Cursor.writeTo': {
    make: () => track(filled().sorted()),
    args: () => [track(kernels.createRunWriter(newPath(), 2, 100)), 1],
  },
  'Cursor.close': { make: () => track(filled().sorted()), args: () => [] },
}

function detached(): Uint8Array {
  const array = new Uint8Array(100)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

function throwing(): never {
  throw new Error('a getter that throws')
}

/** Wrong in one place or another. */
const junk: (() => Any)[] = [
  ...[undefined, null, true, false, 0, -0, 1, -1, 0.5, 3, 255, 256, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1e300].map(
    (x) => () => x,
  ),
  ...[NaN, Infinity, -Infinity, 5n, -1n, 2n ** 64n, Symbol('x')].map((x) => () => x),
  ...[
    '',
    'x',
    'hash',
    'number',
    'bytes',
    'count',
    '\0',
    '\n',
    '"',
    'é',
    '\ud800',
    'no/such/file',
    'x'.repeat(1000),
  ].map((x) => () => x),
  ...[
    () => [],
    () => ({}),
    () => () => 1,
    () => [[]],
    () => [undefined],
    () => new Array(10),
    () => new Date(),
    () => /x/,
  ],
  () => new Uint8Array(0),
  () => new Uint8Array(1),
  () => new Uint8Array(100).fill(255),
  () => new Uint32Array(0),
  () => Uint32Array.of(5, 3, 1, 2 ** 32 - 1),
  () => new Uint32Array(100),
  () => new Uint32Array(0x20000).fill(0xffffffff),
  () => new Float64Array(1),
  () => new Float64Array(100).fill(NaN),
  () => new Int8Array(100),
  () => new Uint8ClampedArray(100),
  () => new BigUint64Array(100),
  () => new DataView(new ArrayBuffer(100)),
  () => new ArrayBuffer(100),
  () => new Uint8Array(new SharedArrayBuffer(100)),
  () => new Uint32Array(new SharedArrayBuffer(100)),
  detached,
  () => new Uint8Array(Reflect.construct(ArrayBuffer, [10, { maxByteLength: 100 }])),
  () => new Proxy({}, {}),
  () => new Proxy([], {}),
  () => new Proxy({}, { get: throwing }),
  () => Object.defineProperty({ ends: 1 }, 'bytes', { get: throwing, enumerable: true }),
  () => filled(),
  () => track(filled().sorted()),
  () => Object.create(filled()),
  () => kernels.createMapper({ op: 'lines' }, newCollector()),
  () => track(kernels.createRunWriter(newPath(), 1, 1)),
  () => kernels.createCsvReader({ ...csv, skipBom: false }),
]

/** All places in the arguments, as paths. */
function places(value: Any, path: string[] = []): string[][] {
  const isContainer = Array.isArray(value) || (isObject(value) && Object.getPrototypeOf(value) === Object.prototype)
  const inside = isContainer ? Object.entries(value).flatMap(([name, part]) => places(part, [...path, name])) : []
  return path.length === 0 ? inside : [path, ...inside]
}

function replaced(value: Any, [name, ...rest]: string[], by: Any): Any {
  if (name === undefined) return by
  const copy = Array.isArray(value) ? [...value] : { ...value }
  copy[name] = replaced(copy[name], rest, by)
  return copy
}

/** Calls it; it may only throw an error with a known code, or the error of one of the arguments' getters. */
function attempt(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    const known = isErrorCode((fromNative(error) as { code?: unknown }).code)
    if (!known && !/a getter that throws|Illegal invocation/.test(String(error))) {
      throw new Error(`an unknown error: ${String(error)}`, { cause: error })
    }
    return error
  }
}

const isObject = (value: unknown): value is object => value !== null && typeof value === 'object'
const methodOf = (name: string) => name.split('.').at(-1)!
function call(name: string, args: Any[]): unknown {
  const { make } = entries[name]!
  const object: Any = make ? track(make()) : kernels
  const answer = object[methodOf(name)](...args)
  return answer !== null && typeof answer === 'object' ? track(answer) : answer
}

describe('every entry', () => {
  test('is tried here', () => {
    for (const [name, { make }] of Object.entries(entries)) {
      const prototype = make ? Object.getPrototypeOf(track(make())) : {}
      const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([, { value }]) => value)
      for (const [method] of methods.filter(([method]) => method !== 'constructor')) {
        expect(Object.keys(entries)).toContain(`${name.split('.')[0]}.${method}`)
      }
    }
  })

  test.each(Object.keys(entries))('%s works', (name) => {
    expect(failure(() => call(name, entries[name]!.args()))).toBeUndefined()
  })

  test.each(Object.keys(entries))('%s refuses what it cannot take', (name) => {
    for (const path of places(entries[name]!.args())) {
      for (const make of junk) {
        attempt(() => call(name, replaced(entries[name]!.args(), path, make())))
        freeAll()
      }
    }
    for (let n = 0; n < entries[name]!.args().length; n++) attempt(() => call(name, entries[name]!.args().slice(0, n)))
  })

  test.each(Object.keys(entries).filter((name) => entries[name]!.make))(
    '%s refuses to be called on anything else',
    (name) => {
      const prototype = Object.getPrototypeOf(track(entries[name]!.make!()))
      const method = prototype[methodOf(name)]
      for (const make of junk) {
        const other = make()
        if (isObject(other) && Object.getPrototypeOf(other) === prototype) continue
        expect(() => method.call(other, ...entries[name]!.args())).toThrow()
      }
    },
  )

  test('getters refuse to be read from anything else', () => {
    for (const make of new Set(Object.values(entries).flatMap(({ make }) => make ?? []))) {
      const prototype = Object.getPrototypeOf(make())
      for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        for (const other of get ? junk : []) {
          const value = other()
          if (isObject(value) && Object.getPrototypeOf(value) === prototype) continue
          expect(() => get!.call(value), name).toThrow()
        }
        attempt(() => get?.call(make()))
      }
    }
  })

  test('objects constructed by hand are as good as closed, or refuse', () => {
    for (const make of new Set(Object.values(entries).flatMap(({ make }) => make ?? []))) {
      const Class = Object.getPrototypeOf(make()).constructor
      for (const junkOf of junk) {
        const made = attempt(() => new Class(junkOf(), junkOf(), junkOf())) as Any
        for (const name of Object.getOwnPropertyNames(Class.prototype)) {
          attempt(() => (typeof made[name] === 'function' && name !== 'constructor' ? made[name]() : undefined))
        }
      }
    }
  })
})

describe('arguments that change while they are read', () => {
  test('a batch whose getters detach, close or clear what was read before', () => {
    for (const action of ['detach', 'close', 'clear', 'sorted', 'add']) {
      const collector = filled()
      const batch = batchOf(records, layout)
      const trap = {
        keys: batch.keys,
        columns: batch.columns,
        get partitions() {
          if (action === 'detach') {
            const { bytes, ends } = batch.keys
            structuredClone([bytes.buffer, ends.buffer], {
              transfer: [bytes.buffer as ArrayBuffer, ends.buffer as ArrayBuffer],
            })
          }
          if (action === 'close') collector.close()
          if (action === 'clear') collector.clear()
          if (action === 'sorted') collector.sorted()
          if (action === 'add') collector.add(batchOf(records, layout), 4)
          return undefined
        },
      }
      const thrown = failure(() => collector.add(trap as never, 4))
      expect(thrown?.code).toBe(action === 'clear' || action === 'add' ? undefined : 'BAD_ARGUMENT')
    }
  })

  test('a cursor that is closed by the batch it reads into', () => {
    const cursor = filled().sorted()
    const room = roomFor(layout, 10, 1000)
    const trap = {
      ...room,
      get groupStarts() {
        cursor.close()
        return new Uint8Array(10)
      },
    }
    expect(failure(() => cursor.read(trap, layout, { prefixGrouping: false, maxRecords: 10 }))?.code).toBe(
      'BAD_ARGUMENT',
    )
  })
})

describe('objects used in any order', () => {
  test('never crash, and an error of an earlier call stays an error', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 50, maxLength: 400, size: 'max' }), (choices) => {
        let at = 0
        const next = (n: number) => choices[at++ % choices.length]! % n
        const pick = <T>(list: T[]): T => list[next(list.length)]!
        const collectors: Collector[] = [filled()]
        const cursors: Cursor[] = [filled().sorted()]
        const mappers: Mapper[] = []
        const writers: RunWriter[] = [kernels.createRunWriter(newPath(), 2, 0)]
        const paths = [runPath()]
        const anySpecs = (): AggregateSpec[] =>
          pick([
            specs,
            [],
            [{ fn: 'count', column: -1, kind: 'number' }],
            [
              { fn: 'distinct', column: 1, kind: 'bytes' },
              { fn: 'last', column: 0, kind: 'number' },
            ],
          ])
        const anyLayout = (): Layout => pick([layout, [], ['bytes'], ['number'], ['number', 'bytes', 'bytes']])
        const composite = records.map((record, i) => ({ ...record, key: `${prefixOf(record.key)}${'\0\x01'[i % 2]}` }))
        const actions: (() => unknown)[] = [
          () => collectors.push(filled({ descending: next(2) === 1, take: next(3), partitions: 1 + next(3) })),
          () =>
            collectors.push(newCollector({ mode: 'hash', layout, aggregates: anySpecs(), partitions: 1 + next(3) })),
          () => collectors.push(newCollector({ mode: pick(['hash', 'append']) })),
          () => pick(collectors).add(batchOf(pick([records, composite]), layout), next(5)),
          () => cursors.push(pick(collectors).sorted()),
          () => paths.push(newPath()) && pick(collectors).spill(paths.at(-1)!, '{}'),
          () => pick(collectors).clear(),
          () => next(4) === 0 && pick(collectors).close(),
          () => pick(collectors).bytes + pick(collectors).entries + pick(collectors).recordsIn,
          () =>
            mappers.push(
              kernels.createMapper(pick([{ op: 'lines' }, { op: 'words', lowercase: true }]), pick(collectors)),
            ),
          () => mappers.push(kernels.createMapper(fieldsSpec as Any, pick(collectors))),
          () =>
            pick(mappers)?.push(
              pick([bytes('a,1\nb,2\n'), bytes('x'), bytes('"'), bytes('')]),
              pick([0, 3, Infinity]),
              next(4) === 0,
            ),
          () => pick(mappers)?.position,
          () =>
            cursors.push(kernels.openRuns(pick([paths, [], [pick(paths)]]), next(3), { descending: next(2) === 1 })),
          () => kernels.readRunInfo(pick(paths)),
          () => cursors.push(pick(cursors).aggregate(anySpecs(), next(2) === 1)),
          () => cursors.push(pick(cursors).finalize(anySpecs())),
          () => cursors.push(pick(cursors).take(next(5))),
          () => cursors.push(pick(cursors).dropPrefix(next(4))),
          () => cursors.push(pick(cursors).join(joinOptions)),
          () => cursors.push(pick(cursors).trackTop(anyLayout(), next(4))),
          () => pick(cursors).top(),
          () => {
            const read = anyLayout()
            const options = { prefixGrouping: next(2) === 1, maxRecords: 1 + next(9) }
            return pick(cursors).read(roomFor(read, 1 + next(4), next(30)), read, options)
          },
          () =>
            pick(cursors).format(
              { kind: pick(['text', 'tsv', 'csv']), key: pick(['bytes', 'number', 'tuple']), layout: anyLayout() },
              1 + next(99),
            ),
          () =>
            pick(cursors).collect(
              pick(collectors),
              { key: pick(['same', 'byNumber']), layout: anyLayout() },
              1 + next(9),
            ),
          () => writers.push(kernels.createRunWriter(paths[paths.push(newPath()) - 1]!, 1 + next(3), 0)),
          () => pick(cursors).writeTo(pick(writers), next(3)),
          () => pick(writers).add(next(3), batchOf(records, layout), layout, 4),
          () => pick(writers).finish('{}'),
          () => next(4) === 0 && pick(writers).abort(),
          () => pick(cursors).partition + pick(cursors).recordsIn + pick(cursors).recordsOut,
          () => pick(cursors).runRecords,
          () => next(4) === 0 && pick(cursors).close(),
        ]
        for (let step = 0; step < choices.length; step++) attempt(pick(actions))
        made.push(...collectors, ...cursors, ...writers)
        freeAll()
      }),
      { numRuns: RUNS },
    )
  })
})
