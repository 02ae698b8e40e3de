/** `runjob/testing`, as a user's tests call it. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { checkCombiner, runInMemory, runMap, runReduce } from 'runjob/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { failure } from '../helpers/run.js'
import {
  bigs,
  chain,
  distinctLines,
  history,
  lengths,
  means,
  native,
  perCity,
  rightMeans,
  totals,
  upper,
} from './jobs.js'

describe('runMap', () => {
  it('returns what map emits for each record, in order, typed by the job', async () => {
    const pairs = await runMap(lengths, ['one three', 'five'])
    expectTypeOf(pairs).toEqualTypeOf<[key: number, value: number][]>()
    expect(pairs).toEqual([
      [3, 1],
      [5, 1],
      [4, 1],
    ])
    // @ts-expect-error records of text() are strings
    await failure(runMap(lengths, [1]))
  })

  it('takes parameters, runs setup, and converts by codec as a run does', async () => {
    expect(await runMap(lengths, ['one three'], { params: { least: 4 } })).toEqual([[5, 1]])
    const events = [
      { user: 'ann', at: 12, tags: undefined as unknown as string[] },
      { user: 'bob', at: 3 },
    ]
    expect(await runMap(history, events)).toStrictEqual([['ann', { at: 12 }]])
  })

  it('fails as the run would', async () => {
    const wrong = means as unknown as typeof lengths
    expect((await failure(runMap(lengths, [null as unknown as string]))).code).toBe('OPTION_INVALID')
    expect((await failure(runMap(wrong, [{ city: 'Oslo' } as unknown as string]))).code).toBe('OPTION_INVALID')
    expect((await failure(runMap(native, ['a b']))).code).toBe('JOB_INVALID')
    expect((await failure(runMap(lengths, ['a'], { input: 'left' } as never))).message).toContain('no input "left"')
    expect((await failure(runInMemory(lengths, undefined as never))).code).toBe('OPTION_INVALID')
    expect((await failure(runInMemory(lengths, { lines: ['a'] } as never))).message).toContain('no input "lines"')
    expect((await failure(runMap(lengths, [], { params: { most: 1 } as never }))).code).toBe('PARAM_UNKNOWN')
  })

  it('tests one step of a chain', async () => {
    expect((await failure(runMap(chain, ['abc']))).message).toContain('2 steps')
    expect(await runMap(chain, [['abc', 7]], { step: 1 })).toEqual([['a', 7]])
    expect(await runReduce(chain, 'a', [7, 8], { step: 1 })).toEqual([['A', 2]])
  })
})

describe('runReduce', () => {
  it('returns what reduce emits for a key and its values, typed by the job', async () => {
    const pairs = await runReduce(lengths, 3, [1, 1, 1])
    expectTypeOf(pairs).toEqualTypeOf<[key: string, value: number][]>()
    expect(pairs).toEqual([['3', 3]])
    expect(await runReduce(lengths, 3, [])).toEqual([])
  })

  it('passes values in the order that the job asks for', async () => {
    const events = [1, 3, 2].map((at) => ({ at, tags: [] }))
    expect(await runReduce(history, 'ann', events)).toEqual([3, 2, 1].map((at) => ['ann', { at, tags: [] }]))
  })
})

describe('runReduce of a native reduce', () => {
  it('returns its answer, as the run does', async () => {
    const summed = await runReduce(native, 'a', [1, 2, 4])
    expectTypeOf(summed).toEqualTypeOf<[key: string, value: number][]>()
    expect(summed).toEqual([['a', 7]])
    expect(await runReduce(native, 'a', [])).toEqual([])
    const amounts = [{ amount: 3 }, { amount: 1 }, { amount: 2 }]
    const answers = [['Oslo', { total: 6, best: [3, 2], orders: 3 }]]
    expect(await runReduce(totals, 'Oslo', amounts)).toEqual(answers)
    expect(
      (
        await runInMemory(
          totals,
          amounts.map((one) => ({ city: 'Oslo', ...one })),
        )
      ).records,
    ).toEqual(answers)
    expect(await runReduce(bigs, 'all', [2n ** 64n, 1n])).toEqual([['all', 2n ** 64n + 1n]])
    const prices = [{ price: 12 }, { price: 3 }] as never
    expect(await runReduce(perCity, 'Oslo', prices)).toEqual([['Oslo', 7.5]])
  })

  it('says what to do if one key has no answer', async () => {
    const error = await failure(runReduce(distinctLines, 'a', [1]))
    expect(error).toMatchObject({ code: 'JOB_INVALID', hint: expect.stringContaining('runInMemory') })
    expect(error.message).toContain('unique()')
    expect((await failure(runReduce(upper, 'a', [1]))).message).toContain('it has no reduce')
  })
})

describe('checkCombiner', () => {
  const groups: [string, number[]][] = [
    ['Oslo', [1, 2, 6]],
    ['Rome', [5]],
  ]

  it('finds a combiner that changes the answer, and shows how', async () => {
    const error = await checkCombiner(means, groups).catch((error: Error) => error)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(/combiner of means .* 'Oslo'[\s\S]*\n- expected: .*3.*\n\+ got: /)
  })

  it('accepts one that does not, native or the user’s', async () => {
    await checkCombiner(
      rightMeans,
      groups.map(([city, values]) => [city, values.map((value): [number, number] => [value, 1])]),
    )
    await checkCombiner(lengths, [[3, [1, 2, 3, 4]]], { cases: 20, seed: 5 })
    await checkCombiner(means, groups, { splits: [] })
  })

  it('tries the splits that it is given, and the same ones for the same seed', async () => {
    const of = (options: object) => checkCombiner(means, groups.slice(0, 1), options).then(String, String)
    expect(await of({ splits: [[3]] })).toBe('undefined')
    expect(await of({ splits: [[2, 1]] })).toContain('split 0')
    expect(await of({ splits: [[2, 2]] })).toContain('add up to the 3 values')
    expect(await of({ seed: 7 })).toBe(await of({ seed: 7 }))
    expect((await failure(checkCombiner(native, []))).code).toBe('JOB_INVALID')
  })
})

describe('runInMemory', () => {
  it('runs the whole job, from records or from a file’s content', async () => {
    const { records, counters } = await runInMemory(lengths, ['one three', 'to be'], { params: { least: 3 } })
    expectTypeOf(records).toEqualTypeOf<[key: string, value: number][]>()
    expect(records).toEqual([
      ['3', 1],
      ['5', 1],
    ])
    expect(counters).toEqual({ short: 2 })
    expect((await runInMemory(native, 'a b\na')).records).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect((await runInMemory(rightMeans, [{ city: 'a "b", c\n', degrees: '3' }])).records).toEqual([['a "b", c\n', 3]])
  })

  it('returns named outputs, too, and leaves nothing on disk', async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('runjob-testing-'))
    const before = left()
    const events = [
      { user: 'ann', at: 12, tags: ['x'] },
      { user: 'ann', at: 15 },
    ]
    const { records, outputs } = await runInMemory(history, events)
    expect(records).toEqual([['ann', { at: 12, tags: ['x'] }]])
    expect(outputs).toEqual({ untagged: [['ann', '15']] })
    expect((await failure(runInMemory(history, 'not json'))).code).toBe('JSONL_BAD_RECORD')
    expect((await failure(runInMemory(native, ['two\nlines']))).code).toBe('OPTION_INVALID')
    expect(left()).toEqual(before)
  })
})
