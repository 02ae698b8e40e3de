/** Types flow: from the input to the record, from codecs to emit and values, from the job to its result. Checked by the compiler. */

import {
  aggregate,
  bigint,
  bytes,
  type Codec,
  type Context,
  count,
  csv,
  defineJob,
  fields,
  type Job,
  join,
  json,
  jsonl,
  type MapFn,
  mapReduce,
  max,
  min,
  number,
  type Row,
  type RunResult,
  runJob,
  step,
  string,
  sum,
  text,
  topK,
  tuple,
  words,
} from 'runjob'
import { describe, expectTypeOf, it } from 'vitest'

describe('the types of a job', () => {
  it('give map the record of the input', () => {
    defineJob({ name: 't1', input: text(), map: (line) => void expectTypeOf(line).toBeString() })
    defineJob({
      name: 't2',
      input: csv<'a' | 'b'>(),
      map(row) {
        expectTypeOf(row).toEqualTypeOf<Row<'a' | 'b'>>()
        // @ts-expect-error no such column
        row.c
      },
    })
    defineJob({
      name: 't3',
      input: csv({ columns: ['x', 'y'] }),
      map(row) {
        expectTypeOf(row.x).toBeString()
        // @ts-expect-error columns are known
        row.z
      },
    })
    defineJob({
      name: 't4',
      input: jsonl<{ n: number }>(),
      map: (record) => void expectTypeOf(record).toEqualTypeOf<{ n: number }>(),
    })
  })

  it('give emit and reduce the types of the codecs', () => {
    defineJob({
      name: 't5',
      input: text(),
      key: tuple(string(), number()),
      value: bigint(),
      map(_, emit, ctx) {
        expectTypeOf(emit).parameters.toEqualTypeOf<[[string, number], bigint]>()
        expectTypeOf(ctx).toEqualTypeOf<Context>()
        // @ts-expect-error a number is no bigint
        emit(['a', 1], 1)
        // @ts-expect-error the second part is a number
        emit(['a', 'b'], 1n)
      },
      combine: (key, values, emit) => {
        expectTypeOf(key).toEqualTypeOf<[string, number]>()
        expectTypeOf(emit).parameters.toEqualTypeOf<[[string, number], bigint]>()
        expectTypeOf(values).toEqualTypeOf<Iterable<bigint>>()
      },
      outKey: string(),
      outValue: json<{ total: number }>(),
      reduce(key, values, emit) {
        expectTypeOf(key).toEqualTypeOf<[string, number]>()
        expectTypeOf(values).toEqualTypeOf<Iterable<bigint>>()
        expectTypeOf(emit).parameters.toEqualTypeOf<[string, { total: number }]>()
      },
      partition: (key) => key[1],
      order: undefined!,
    })
  })

  it('are string and number by default', () => {
    defineJob({
      name: 't6',
      input: text(),
      map: (_, emit) => void expectTypeOf(emit).parameters.toEqualTypeOf<[string, number]>(),
      reduce(key, values, emit) {
        expectTypeOf(key).toBeString()
        expectTypeOf(values).toEqualTypeOf<Iterable<number>>()
        expectTypeOf(emit).parameters.toEqualTypeOf<[string, number]>()
      },
    })
  })

  it('reach the result', () => {
    const lengths = defineJob({
      name: 't7',
      input: text(),
      key: number(),
      map: (line, emit) => emit(line.length, 1),
      reduce: sum(),
    })
    expectTypeOf(lengths).toExtend<Job<Record<string, never>, number, number>>()
    expectTypeOf(runJob(lengths, { input: 'a', output: 'b' }).catch(() => null!)).resolves.toEqualTypeOf<
      RunResult<number, number>
    >()
    type Read = ReturnType<RunResult<number, string>['read']>
    expectTypeOf<Read>().toEqualTypeOf<AsyncIterableIterator<[key: number, value: string]>>()
  })

  it('know the answers of native reducers', () => {
    const several = aggregate({ n: count(), total: sum('x'), first: min('name', { as: string() }), best: topK(2, 'x') })
    type Answers = NonNullable<(typeof several)['value']>
    expectTypeOf<Answers>().toExtend<{ n: number; total: number; first: string | null; best: number[] }>()
    const job = defineJob({ name: 't8', input: csv(), map: fields({ key: ['a', 'b'] }), reduce: several })
    expectTypeOf<NonNullable<(typeof job)['types']>['key']>().toEqualTypeOf<string[]>()
    const counted = defineJob({ name: 't9', input: text(), map: words(), reduce: sum() })
    expectTypeOf<NonNullable<(typeof counted)['types']>>().toExtend<{ key: string; value: number }>()
  })

  it('follow from the specification of the parameters', () => {
    const job = defineJob({
      name: 't10',
      params: {
        must: { type: 'integer', required: true, describe: '' },
        has: { type: 'boolean', default: false, describe: '' },
        may: { type: 'string', describe: '' },
        one: { type: 'string', default: 'a', choices: ['a', 'b'], describe: '' },
      },
      define: (params) => {
        expectTypeOf(params).toEqualTypeOf<{
          readonly must: number
          readonly has: boolean
          readonly may: string | undefined
          readonly one: 'a' | 'b'
        }>()
        return mapReduce({ input: text(), map: (line, emit) => emit(line, params.must), reduce: sum() })
      },
    })
    const wrong = () => {
      // @ts-expect-error no such parameter
      void runJob(job, { input: 'a', output: 'b', params: { most: 1 } })
      // @ts-expect-error of another type
      void runJob(job, { input: 'a', output: 'b', params: { must: 'x' } })
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('give each of several inputs its own', () => {
    const inputs = { left: csv({ columns: ['id', 'v'] }), right: jsonl<{ id: string; n: number }>() }
    const job = defineJob({
      name: 't11',
      inputs,
      value: json<{ v: string } | { n: number }>(),
      map: {
        left(row, emit) {
          expectTypeOf(row).toEqualTypeOf<Row<'id' | 'v'>>()
          emit(row.id, { v: row.v })
          // @ts-expect-error no such column
          row.n
        },
        right(record, emit) {
          expectTypeOf(record).toEqualTypeOf<{ id: string; n: number }>()
          emit(record.id, { n: record.n })
          // @ts-expect-error of another type
          emit(record.id, record.n)
        },
      },
      outValue: number(),
      reduce(key, values, emit) {
        expectTypeOf(values).toEqualTypeOf<Iterable<{ v: string } | { n: number }>>()
        emit(key, 1)
      },
    })
    expectTypeOf(job).toExtend<Job<Record<string, never>, string, number>>()
    const joined = defineJob({
      name: 't12',
      inputs: { left: csv(), right: csv() },
      map: { left: fields({ key: ['a', 'b'] }), right: fields({ key: ['a', 'b'] }) },
      reduce: join(),
    })
    expectTypeOf<NonNullable<(typeof joined)['types']>>().toExtend<{ key: string[]; value: string[] }>()
    const missing = () =>
      defineJob({
        name: 't13',
        inputs,
        // @ts-expect-error the other input has no map
        map: { left: (row, emit) => emit(row.id, 1) },
        reduce: sum(),
      })
    expectTypeOf(missing).toBeFunction()
  })

  it('go from each step of a chain to the next', () => {
    const job = defineJob({
      name: 't14',
      input: text(),
      steps: (chain) =>
        chain
          .step({ map: (line, emit) => emit(line.toUpperCase(), 1), reduce: count() })
          .step({
            key: number(),
            value: string(),
            map([word, n], emit) {
              expectTypeOf(word).toBeString()
              expectTypeOf(n).toBeNumber()
              emit(n, word)
              // @ts-expect-error of other types
              emit(word, n)
            },
            outValue: json<string[]>(),
            reduce: (n, wordsOfN, emit) => emit(n, [...wordsOfN]),
          })
          .step({
            map([n, all], emit) {
              expectTypeOf(n).toBeNumber()
              expectTypeOf(all).toEqualTypeOf<string[]>()
              emit(all.join(), n)
            },
            reduce: max(),
          }),
    })
    expectTypeOf(job).toExtend<Job<Record<string, never>, string, number>>()

    const body = mapReduce({
      inputs: { left: csv({ columns: ['id'] }), right: csv({ columns: ['key'] }) },
      steps: (chain) =>
        chain
          .step({
            map: { left: (row, emit) => emit(row.id, 1), right: (row, emit) => emit(row.key, 2) },
            reduce: sum(),
          })
          .step({ map: ([key, total], emit) => emit(`${key}${total.toFixed()}`, total), reduce: sum() }),
    })
    expectTypeOf(body).toBeObject()
  })

  it('are those of the last step, if the steps are a list', () => {
    const job = defineJob({
      name: 't15',
      inputs: { left: text(), right: text() },
      steps: [
        step({
          map: { left: (line: string, emit) => emit(line, 1), right: (line: string, emit) => emit(line, 2) },
          reduce: sum(),
        }),
        step({
          key: number(),
          value: string(),
          map: ([word, n]: [string, number], emit) => emit(n, word),
          reduce: (n, all, emit) => emit(n, [...all].join()),
        }),
      ],
    })
    expectTypeOf<NonNullable<(typeof job)['types']>>().toExtend<{ key: number; value: string }>()
  })

  it('name the columns that aggregates may read', () => {
    const value = json<{ amount: number; note?: string } | { other: number }>()
    const map = () => {}
    defineJob({ name: 't16', input: text(), value, map, reduce: sum('amount') })
    defineJob({
      name: 't17',
      input: text(),
      value,
      map,
      reduce: aggregate({ a: sum('amount'), o: max('other'), n: count() }),
    })
    defineJob({ name: 't18', input: text(), value: json(), map, reduce: sum('whatever') })
    defineJob({ name: 't19', input: csv(), map: fields({ key: 'a' }), reduce: sum('whatever') })
    defineJob({ name: 't20', input: csv({ columns: ['a', 'b'] }), map: fields({ key: 'a' }), reduce: sum('b') })
    const columns = csv({ columns: ['a', 'b'] })
    defineJob({ name: 't20b', input: columns, map: (row, emit) => emit(row.a, 1), reduce: sum() })
    mapReduce({ input: columns, map: (row, emit) => emit(row.a, 1), reduce: sum() })
    mapReduce({ input: columns, map: fields({ key: 'a' }), reduce: aggregate({ n: count(), b: max('b') }) })
    const chained = mapReduce({
      input: columns,
      steps: (chain) => chain.step({ map: (row, emit) => emit(row.a, 1), reduce: sum() }).step({ reduce: max() }),
    })
    expectTypeOf(chained).toBeObject()
    // biome-ignore lint/suspicious/noExplicitAny: users write it
    defineJob({ name: 't21', input: text(), value: json<any>(), map, reduce: sum('whatever') })
    // @ts-expect-error misspelt
    defineJob({ name: 't22', input: text(), value, map, reduce: sum('amuont') })
    // @ts-expect-error misspelt
    defineJob({ name: 't23', input: text(), value, map, reduce: aggregate({ a: sum('amount'), b: max('othr') }) })
    // @ts-expect-error no such column
    defineJob({ name: 't24', input: csv({ columns: ['a', 'b'] }), map: fields({ key: 'a' }), reduce: sum('c') })
  })

  it('refuse what a function returns, unless it is the rest of a condition', () => {
    type Line = Parameters<MapFn<string, string, number>>
    expectTypeOf<(...args: Line) => void>().toExtend<MapFn<string, string, number>>()
    defineJob({ name: 't25', input: text(), map: (line, emit) => line && emit(line, 1), reduce: sum() })
    defineJob({ name: 't26', input: text(), map: (line, emit) => line.length && emit(line, 1), reduce: sum() })
    defineJob({ name: 't27', input: text(), map: (line, emit) => line !== '' && emit(line, 1), reduce: sum() })
    defineJob({ name: 't28', input: text(), map: (line, emit) => (line ? emit(line, 1) : null), reduce: sum() })
    defineJob({
      name: 't29',
      input: text(),
      map: (line, emit) => line.split(' ').forEach((word) => void emit(word, 1)),
      reduce: sum(),
    })
    expectTypeOf<(...args: Line) => Promise<void>>().not.toExtend<MapFn<string, string, number>>()
    expectTypeOf<(...args: Line) => Generator<[string, number]>>().not.toExtend<MapFn<string, string, number>>()
    expectTypeOf<(...args: Line) => [string, number][]>().not.toExtend<MapFn<string, string, number>>()
    expectTypeOf<(...args: Line) => string>().not.toExtend<MapFn<string, string, number>>()
  })

  it('are those of the codecs', () => {
    expectTypeOf(tuple(string(), tuple(number(), bytes()))).toEqualTypeOf<Codec<[string, [number, Uint8Array]]>>()
    expectTypeOf(json<{ a: 1 }>()).toEqualTypeOf<Codec<{ a: 1 }>>()
  })
})
