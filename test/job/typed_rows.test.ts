/** Schemas of jobs: their types, and what is refused when a job is defined. */
import { csv, defineJob, double, fields, int, jsonl, list, long, nullable, string, sum, timestamp } from 'runjob'
import { runInMemory, runMap } from 'runjob/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { sales } from '../e2e/typed_row_jobs.js'
import { failure } from '../helpers/run.js'

const HEAD = { name: 'x', map: (_: unknown, emit: (key: string, value: number) => void) => emit('a', 1), reduce: sum() }

describe('the schema of a job', () => {
  it('gives the type of its rows', () => {
    defineJob({
      name: 'typed',
      input: csv({ schema: { id: long({ js: 'bigint' }), at: nullable(timestamp()), x: double() } }),
      map(row, emit) {
        expectTypeOf(row).toEqualTypeOf<{ readonly id: bigint; readonly at: Date | null; readonly x: number }>()
        emit('a', row.x)
      },
      reduce: sum(),
    })
    defineJob({
      name: 'typed-json',
      inputs: { a: jsonl({ schema: { tags: list(string()) } }), b: csv({ columns: ['c'] }), d: jsonl<{ e: number }>() },
      map: {
        a(row, emit) {
          expectTypeOf(row).toEqualTypeOf<{ readonly tags: string[] }>()
          emit('a', 1)
        },
        b(row, emit) {
          expectTypeOf(row.c).toEqualTypeOf<string>()
          emit('b', 1)
        },
        d(row, emit) {
          expectTypeOf(row).toEqualTypeOf<{ e: number }>()
          emit('d', 1)
        },
      },
      reduce: sum(),
    })
    const wrong = () =>
      defineJob({
        name: 'wrong',
        input: csv({ schema: { id: int() } }),
        // @ts-expect-error no such column
        map: (row, emit) => emit('a', row.ix),
        reduce: sum(),
      })
    expectTypeOf(wrong).toBeFunction()
  })

  it.each([
    [() => defineJob({ ...HEAD, input: csv({ schema: { a: list(int()) } }) }), 'which CSV does not hold'],
    [
      () => defineJob({ ...HEAD, input: jsonl({ schema: { a: int() }, integers: 'bigint' }) }),
      'integers is for values',
    ],
    [() => defineJob({ ...HEAD, input: csv({ schema: {} }) }), 'needs at least one name'],
    [() => defineJob({ ...HEAD, input: csv({ schema: { a: 5 as never } }) }), 'must be a type such as'],
    [
      () =>
        defineJob({
          name: 'x',
          input: csv({ schema: { a: string(), b: int() } }),
          map: fields({ key: 'a' }),
          reduce: sum('b'),
        }),
      'a schema is for a map of your own',
    ],
    [() => defineJob({ ...HEAD, input: csv(), output: csv({ schema: { a: int() } }) }), 'takes no schema'],
  ])('is refused: %s', (define, problem) => {
    expect(define).toThrow(expect.objectContaining({ code: 'JOB_INVALID', message: expect.stringContaining(problem) }))
  })

  it('holds in tests of its functions', async () => {
    const row = { region: 'north', amount: 3, year: 2024 }
    expect(await runMap(sales, [row])).toEqual([['north', 3]])
    const odd = await failure(runMap(sales, [{ region: 'north', amount: 3 } as never]))
    expect([odd.code, odd.message]).toEqual(['OPTION_INVALID', expect.stringContaining('year')])
    const { records } = await runInMemory(sales, 'region,amount,year\nnorth,3,2024\n')
    expect(records).toEqual([['north', 3]])
    expect((await failure(runInMemory(sales, [row]))).message).toContain('the content of a file')
  })
})
