/** Jobs whose functions return, emit and leave pending what they should not. */
import { readFile } from 'node:fs/promises'
import { defineJob, number, type Output, sum, text, tsv } from 'runjob'

type Emit = (...args: unknown[]) => void
interface Ctx {
  count(...args: unknown[]): void
  write(...args: unknown[]): void
}
type AnyMap = (line: string, emit: Emit, ctx: Ctx) => unknown

let kept: Emit | null = null

/** What throws whenever somebody looks at it. */
const boom = () => {
  throw new Error('boom')
}
const hostile = () => new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom })

export const MAPS = {
  right: (line, emit) => emit(line, 1),
  and: (line, emit) => line.startsWith('a') && emit(line, 1),
  andOfText: (line, emit) => line && emit(line, 1),

  // Compilers turn what they are told to into functions that only return a generator.
  generator: () => (function* () {})(),
  iterator: (line) => [line, 1].values(),
  array: (line) => [line, 1],
  pairs: (line) => [[line, 1]],
  object: (line) => ({ key: line, value: 1 }),
  number: () => 5,
  filter: (line) => line.startsWith('a'),
  filterOfNone: () => false,
  or: (line, emit) => line !== 'a' || emit(line, 1),
  part: () => sum(),
  promise: async (line, emit) => emit(line, 1),

  hostile: () => hostile(),
  hostileEmitted: (line, emit) => emit(line, hostile()),
  hostileCount: (_line, _emit, ctx) => ctx.count('lines', hostile()),
  hostileThrown: () => {
    throw hostile()
  },

  three: (line, emit) => emit(line, 1, 2),
  forEach: (line, emit) => line.split(' ').forEach(emit),
  pair: (line, emit) => emit([line, 1]),
  nothing: (_line, emit) => emit(),
  promised: (line, emit) => emit(line, Promise.resolve(1)),

  countNaN: (line, emit, ctx) => [emit(line, 1), ctx.count('lines', Number.NaN)][0],
  countText: (line, emit, ctx) => [emit(line, 1), ctx.count('lines', '1')][0],
  countNothing: (line, emit, ctx) => [emit(line, 1), ctx.count()][0],
  writeNothing: (_line, _emit, ctx) => ctx.write('named'),
  writeMore: (_line, _emit, ctx) => ctx.write('named', 1, 2, 3),

  lateInPromise: (line, emit) => void Promise.resolve().then(() => emit(line, 1)),
  lateAndCaught: (line, emit) =>
    void Promise.resolve()
      .then(() => emit(line, 1))
      .catch(() => {}),
  lateInTimer: (line, emit) => void setTimeout(() => emit(line, 1), 20),
  lateFromFile: (line, emit) => void readFile(import.meta.filename).then(() => emit(line, 1)),
  lateCount: (line, emit, ctx) => void [emit(line, 1), setTimeout(() => ctx.count('late'), 5)],
  lateWrite: (line, emit, ctx) => void [emit(line, 1), setTimeout(() => ctx.write('named', line), 5)],
  emitOfOther: (line, emit) => {
    kept ??= emit
    kept(line, 1)
  },

  rejects: (line, emit) => void [emit(line, 1), Promise.reject(new Error('boom'))],
  rejectsText: (line, emit) => void [emit(line, 1), Promise.reject('just text')],
  throwsInTimer: (line, emit) => void [emit(line, 1), setTimeout(() => JSON.parse('{'), 10)],
} satisfies Record<string, AnyMap>

export const mapping = defineJob({
  name: 'mapping',
  params: { kind: { type: 'string', required: true, describe: 'Which map' } },
  define: ({ kind }) => ({
    input: text(),
    map: MAPS[kind as keyof typeof MAPS] as never,
    outputs: { named: tsv() } as Record<string, Output>,
  }),
})

const valuesOf = (values: Iterable<number>) => [...values]

/** The same for other functions. */
export const reducing = defineJob({
  name: 'reducing',
  params: { kind: { type: 'string', required: true, describe: 'Which mistake' } },
  define: ({ kind }) => {
    let iterator: Iterator<number>
    const reduces: Record<string, unknown> = {
      right: (key: string, values: Iterable<number>, emit: Emit) => emit(key, valuesOf(values).length),
      returns: (_key: string, values: Iterable<number>) => valuesOf(values).length,
      yields: (key: string) => new Map([[key, 1]]).entries(),
      three: (key: string, _values: Iterable<number>, emit: Emit) => emit(key, 1, 2),
      late: (key: string, _values: Iterable<number>, emit: Emit) => void setTimeout(() => emit(key, 1), 5),
      keepsValues: (key: string, values: Iterable<number>, emit: Emit) => {
        iterator ??= values[Symbol.iterator]()
        emit(key, Number(iterator.next().value))
      },
      readsLater: (key: string, values: Iterable<number>, emit: Emit) => {
        emit(key, 1)
        setTimeout(() => valuesOf(values), 5)
      },
    }
    const partitions: Record<string, unknown> = {
      partition: () => Promise.resolve(0),
      half: () => 0.5,
      hostilePartition: hostile,
    }
    const orders: Record<string, unknown> = { order: () => Promise.resolve(0), hostileOrder: hostile }
    return {
      input: text(),
      map: (line: string, emit: (key: string, value: number) => void) => emit(line, 1),
      value: number(),
      combine: (kind === 'combine' ? () => 1 : undefined) as never,
      partition: partitions[kind] as never,
      order: orders[kind] as never,
      partitions: 2,
      reduce: (reduces[kind] ?? reduces.right) as never,
    }
  },
})

/** What setup leaves pending. */
export const leaving = defineJob({
  name: 'leaving',
  params: { kind: { type: 'string', required: true, describe: 'What is left' } },
  define: ({ kind }) => ({
    input: text(),
    setup() {
      if (kind === 'interval') setInterval(() => {}, 1000)
      if (kind === 'throw') setTimeout(() => JSON.parse('{'), 1)
      // Nobody would ever end this setup.
      if (kind === 'never') return new Promise(() => setTimeout(() => JSON.parse('{'), 1))
      return null
    },
    map: (line: string, emit: (key: string, value: number) => void) => {
      for (const end = Date.now() + 20; Date.now() < end; );
      emit(line, 1)
    },
    reduce: sum(),
  }),
})
