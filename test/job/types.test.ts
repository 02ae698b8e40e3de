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
  json,
  jsonl,
  mapReduce,
  min,
  number,
  type Row,
  type RunResult,
  runJob,
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
    defineJob({ name: 't1', input: text(), map: (line) => expectTypeOf(line).toBeString() })
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
      map: (record) => expectTypeOf(record).toEqualTypeOf<{ n: number }>(),
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

  it('are string and number where nothing is said', () => {
    defineJob({
      name: 't6',
      input: text(),
      map: (_, emit) => expectTypeOf(emit).parameters.toEqualTypeOf<[string, number]>(),
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
    expectTypeOf<Answers>().toExtend<{ n: number; total: number; first: string; best: number[] }>()
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

  it('are those of the codecs', () => {
    expectTypeOf(tuple(string(), tuple(number(), bytes()))).toEqualTypeOf<Codec<[string, [number, Uint8Array]]>>()
    expectTypeOf(json<{ a: 1 }>()).toEqualTypeOf<Codec<{ a: 1 }>>()
  })
})
