/** Jobs whose map, combine, reduce and more are the user's own TypeScript. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, type Config, failure, run } from '../helpers/run.js'
import * as jobs from './function_jobs.js'

function input(...lines: string[]): string {
  const folder = temporaryFolder()
  writeFiles(folder, { 'input.txt': `${lines.join('\n')}\n` })
  return join(folder, 'input.txt')
}

async function recordsOf(result: { read(): AsyncIterable<[unknown, unknown]> }): Promise<[unknown, unknown][]> {
  const records: [unknown, unknown][] = []
  for await (const record of result.read()) records.push(record)
  return records
}

const SPILLING: Config = { workers: 2, tuning: { splitBytes: 3000, collectorBytes: 1, mergeRuns: 3 } }

describe('map, combine and reduce', () => {
  const random = new Random(7)
  const words = random.times(3000, () => `w${random.below(50)}`)
  const lines = Array.from({ length: 300 }, (_, i) => words.slice(i * 10, i * 10 + 10).join(' '))
  const expected = [...new Set(words)]
    .sort()
    .map((word) => `${word}\t${words.filter((other) => other === word).length}`)

  it.each([jobs.mapAndReduce, jobs.nativeCombine, jobs.userCombine])(
    '$name gives the same answer however it runs',
    async (job) => {
      const path = input(...lines)
      for (const config of Object.values(CONFIGS)) {
        const { output } = await run(job, path, config)
        expect(linesOf(output)).toEqual(expected)
      }
    },
  )

  it('combine sees every value exactly once before it reaches a run', async () => {
    const { counters, stages } = await run(jobs.userCombine, input(...lines), SPILLING)
    expect(counters).toEqual({ combined: words.length })
    expect(stages[0]!.recordsOut).toBe(words.length)
    expect(stages[1]!.recordsIn).toBeLessThan(words.length)
  })

  it('combine must keep the key', async () => {
    const error = await failure(run(jobs.wrongCombine, input('a')))
    expect(error.code).toBe('JOB_INVALID')
    expect(error.message).toContain('combine')
  })

  it('bytes may be kept: no one else uses them', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line-${i}`)
    const { output } = await run(jobs.keptBytes, input(...lines))
    expect(linesOf(output)).toEqual([`all\t${lines.join(' ')}`])
  })

  it('values reach reduce in input order, across files and spills', async () => {
    const folder = temporaryFolder()
    const numbers = Array.from({ length: 2000 }, (_, i) => i)
    writeFiles(folder, {
      a: numbers.map((n) => `k${n % 3} ${n}`).join('\n'),
      b: numbers.map((n) => `k${n % 3} ${n}`).join('\n'),
    })
    const { output } = await run(jobs.inOrder, folder, { ...SPILLING, partitions: 2 })
    const own = (k: number, file: string) => numbers.filter((n) => n % 3 === k).map((n) => `${file}:${n}`)
    const expectedLines = [0, 1, 2].map((k) => `k${k}\t${[...own(k, 'a'), ...own(k, 'b')].join(' ')}`)
    expect(linesOf(output).sort()).toEqual(expectedLines)
  })

  it('a later function may see another type, and native aggregates read the properties of emitted objects', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'team,name,points\nred,ann,3\nblue,bob,\nred,cy,5\nred,ann,4\n' })
    const result = await run(jobs.nativeAggregates, folder)
    expect(await recordsOf(result)).toEqual([
      [
        'blue',
        {
          rows: 1,
          known: 0,
          total: 0,
          low: null,
          mean: null,
          high: null,
          first: 'bob',
          last: 'bob',
          least: 'bob',
          best: [],
          names: 1,
        },
      ],
      [
        'red',
        {
          rows: 3,
          known: 3,
          total: 12,
          low: 3,
          mean: 4,
          high: 5,
          first: 'ann',
          last: 'ann',
          least: 'ann',
          best: [5, 4],
          names: 2,
        },
      ],
    ])
  })
})

describe('keys', () => {
  it.each(Object.keys(jobs.KEY_JOBS) as (keyof typeof jobs.KEY_JOBS)[])(
    'of type %s arrive in order and whole',
    async (type) => {
      const samples = jobs.SAMPLES[type] as unknown[]
      const indexes = Array.from({ length: 3 * samples.length }, (_, i) => (i * 7) % samples.length)
      const result = await run(jobs.KEY_JOBS[type] as never, input(...indexes.map(String)), {
        ...SPILLING,
        partitions: 1,
      })
      expect(await recordsOf(result)).toEqual(samples.map((key, i) => [key, `${i} ${i} ${i}`]))
    },
  )

  it('of type json are equal whatever the order of their properties', async () => {
    const result = await run(jobs.jsonKeys, input('0', '1', '2', '3', '4', '5'))
    expect(await recordsOf(result)).toEqual([0, 1, 2].map((a) => [{ a, b: 1 }, 2]))
  })
})

describe('values', () => {
  it.each(Object.keys(jobs.VALUE_JOBS) as (keyof typeof jobs.VALUE_JOBS)[])(
    'of type %s arrive as they were',
    async (type) => {
      const samples = [...(jobs.SAMPLES[type] as unknown[]), ...(type === 'number' ? [null] : [])]
      const result = await run(jobs.VALUE_JOBS[type] as never, input(...samples.map((_, i) => String(i))), {
        ...SPILLING,
        partitions: 1,
      })
      expect(await recordsOf(result)).toEqual(samples.map((value, i) => [i, value]))
    },
  )

  it('of type bigint are summed exactly', async () => {
    const result = await run(
      jobs.bigSum,
      input('a9007199254740993', 'b-5', 'a9007199254740993', `b${2n ** 80n}`),
      SPILLING,
    )
    expect(await recordsOf(result)).toEqual([
      ['a', 18014398509481986n],
      ['b', 2n ** 80n - 5n],
    ])
  })

  it('and keys may be five megabytes long', async () => {
    const size = 5 << 20
    const result = await run(jobs.large, input('1', '2'), {
      workers: 1,
      params: { size },
      tuning: { collectorBytes: 1 },
    })
    expect(await recordsOf(result)).toEqual([
      ['key 1 ', [size, size]],
      ['key 2 ', [size, size]],
      ['small', [5, 1]],
      ['small', [5, 1]],
    ])
  })

  it('can be left unread, and read in part', async () => {
    const path = input('a1', 'b2', 'a3', 'c4', 'b5')
    expect(linesOf((await run(jobs.reading, path, { params: { how: 'none' } })).output)).toEqual([
      'a\t-1',
      'b\t-1',
      'c\t-1',
    ])
    expect(linesOf((await run(jobs.reading, path, { params: { how: 'first' } })).output)).toEqual([
      'a\t1',
      'b\t2',
      'c\t4',
    ])
  })

  it.each(['twice', 'kept'])('cannot be read %s', async (how) => {
    const error = await failure(run(jobs.reading, input('a1', 'a2', 'b1'), { params: { how } }))
    expect(error.code).toBe('VALUES_READ_TWICE')
    expect(error.where).toMatchObject({ key: how === 'twice' ? 'a' : 'b' })
  })
})

describe('partition', () => {
  it('decides which part a key goes to', async () => {
    const result = await run(jobs.byLength, input('a', 'bb', 'ccc', 'dddd', 'ee'), { ...SPILLING, partitions: 3 })
    const parts = snapshot(result.output)
    expect(Object.values(parts)).toEqual(['', '3\t1\n', '1\t1\n4\t1\n', '2\t2\n'])
  })

  it.each([-1, 3])('must not return %i of 3', async (wrong) => {
    const error = await failure(run(jobs.byLength, input('a'), { partitions: 3, params: { wrong } }))
    expect(error.code).toBe('JOB_INVALID')
    expect(error.message).toContain(`partition() returned ${wrong}`)
  })
})

describe('order', () => {
  it('sorts the values of a key, across spills', async () => {
    const random = new Random(3)
    const events = random.times(
      2000,
      () => [random.pick(['ann', 'an', 'bob']), random.below(500), random.pick(['x', 'y'])] as const,
    )
    const { output } = await run(jobs.latestFirst, input(...events.map((event) => event.join(' '))), {
      ...SPILLING,
      partitions: 2,
    })
    const expected = ['an', 'ann', 'bob'].map((user) => {
      const own = events.filter(([name]) => name === user)
      const sorted = own.toSorted((a, b) => b[1] - a[1] || (a[2] < b[2] ? -1 : Number(a[2] > b[2])))
      return `${user}\t${sorted.map(([, time, what]) => `${what}@${time}`).join(' ')}`
    })
    expect(linesOf(output).sort()).toEqual(expected)
  })

  it.each([
    ['string', 'b a ab \u00e9 aa', 'a aa ab b \u00e9'],
    ['bigint', '10 -3 9 -20 0', '-20 -3 0 9 10'],
    ['boolean', '7 3 9 1', '3 1 7 9'],
    ['bytes', 'b a ab aa', 'a aa ab b'],
  ])('may be by a %s', async (type, given, expected) => {
    const { output } = await run(jobs.orderTypes, input(...given.split(' ')), { params: { type } })
    expect(linesOf(output)).toEqual([`all\t${expected}`])
  })
})

describe('params', () => {
  it('reach define and the functions', async () => {
    const path = input('1', '2')
    expect(linesOf((await run(jobs.withParams, path, { params: { factor: 2.5 } })).output)).toEqual(['n\t7.5'])
    expect(linesOf((await run(jobs.withParams, path, { params: { factor: 1, label: 'x' } })).output)).toEqual(['x\t3'])
    expect(linesOf((await run(jobs.withParams, path, { params: { factor: 1, skip: true } })).output)).toEqual([])
  })

  it.each([
    [{}, 'PARAM_MISSING'],
    [{ factor: 'x' }, 'PARAM_INVALID'],
    [{ factor: 1, lable: 'x' }, 'PARAM_UNKNOWN'],
    [{ factor: 1, skip: 'yes' }, 'PARAM_INVALID'],
  ])('%j are refused with %s', async (params, code) => {
    expect((await failure(run(jobs.withParams, input('1'), { params: params as never }))).code).toBe(code)
  })
})

describe('setup, teardown and side files', () => {
  it('give each worker its own state', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'stop.txt': 'the\na', 'in/a.txt': 'the cat\n'.repeat(500) })
    const params = { log: join(folder, 'log'), stop: join(folder, 'stop.txt') }
    const { output, counters } = await run(jobs.withState, join(folder, 'in'), { ...SPILLING, params })
    expect(linesOf(output)).toEqual(['cat\t500'])
    expect(counters).toEqual({ stopped: 500 })
    const lines = readFileSync(params.log, 'utf8').trim().split('\n').map(Number)
    expect(lines.length).toBeLessThanOrEqual(2)
    expect(lines.reduce((a, b) => a + b)).toBe(500)
  })

  it('a missing side file is an input that does not exist', async () => {
    const params = { log: 'log', stop: join(temporaryFolder(), 'stop.txt') }
    const error = await failure(run(jobs.withState, input('a'), { params }))
    expect(error.code).toBe('INPUT_NOT_FOUND')
    expect(error.message).toContain('stop.txt')
  })
})

describe('counters', () => {
  it('are summed over all tasks', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `l${i % 10}`)
    const { counters } = await run(jobs.withCounters, input(...lines), { ...SPILLING, partitions: 3 })
    expect(counters).toEqual({ lines: 1000, letters: 2000, groups: 10, values: 1000 })
  })
})

describe('named outputs', () => {
  it('are folders beside the parts', async () => {
    const { output, stages } = await run(jobs.evenAndOdd, input('1', '2', '3', '4', '3'), { partitions: 1 })
    expect(snapshot(output)).toEqual({
      _SUCCESS: '',
      'odd/part-r-00000.jsonl': '{"key":1,"value":{"times":1}}\n{"key":3,"value":{"times":2}}\n',
      'part-r-00000.tsv': '2\t1\n4\t1\n',
    })
    expect(stages.at(-1)!.recordsOut).toBe(4)
  })

  it('have formats of their own', async () => {
    const { output } = await run(jobs.evenAndOdd, input('1', '3'), { params: { rest: 'as-text' } })
    const part = readFileSync(join(output, 'as-text/part-r-00000.txt.gz'))
    expect(gunzipSync(part).toString()).toBe('1\n3\n')
  })

  it('work in a map without a reduce', async () => {
    const { output } = await run(jobs.mapOnly, input('a', '!b', 'c'))
    expect(snapshot(output)).toEqual({ _SUCCESS: '', 'loud/part-m-00000.txt': '!b\n', 'part-m-00000.txt': 'A\nC\n' })
  })

  it('must exist, and belong to the last step', async () => {
    const error = await failure(run(jobs.evenAndOdd, input('1'), { params: { rest: 'ood' } }))
    expect(error).toMatchObject({ code: 'OUTPUT_UNKNOWN', hint: 'Did you mean "odd"?' })
    expect((await failure(run(jobs.namedInEarlyStep, input('1')))).code).toBe('JOB_INVALID')
  })
})

describe('a map without a reduce', () => {
  it('writes its parts in input order', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`)
    const { output } = await run(jobs.mapOnly, input(...lines), SPILLING)
    expect(linesOf(output)).toEqual(lines.map((line) => line.toUpperCase()))
  })
})

describe('steps', () => {
  it('feed one another', async () => {
    const path = input('a b c d', 'a b c', 'e f', 'a')
    for (const config of [{ partitions: 1 }, { partitions: 4 }, SPILLING]) {
      const { output, stages } = await run(jobs.chain, path, config)
      // Once: d, e, f. Twice: b, c. Three times: a.
      expect(linesOf(output)).toEqual(['1x\t3', '2x\t2'])
      expect(stages.map(({ name }) => name)).toEqual(['map 1', 'reduce 1 + map 2', 'reduce 2 + map 3', 'reduce'])
    }
  })

  it('sort what several native aggregates gave by the first number of it', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'team,name,points\nred,ann,3\nblue,bob,9\nred,cy,5\ngreen,dee,\n' })
    const result = await run(jobs.bestTeams, folder, { partitions: 3 })
    expect(await recordsOf(result)).toEqual([
      ['blue', { from: 'bob', total: 9 }],
      ['red', { from: 'ann', total: 8 }],
    ])
  })

  it('pass records on if they have no map', async () => {
    const { output } = await run(jobs.passOn, input('aa', 'b', 'ccc', 'dd', 'ee'), { partitions: 1 })
    expect(linesOf(output)).toEqual(['1\t1', '2\t3', '3\t1'])
  })
})

describe('emitting what the codec does not take', () => {
  it.each([
    ['key', 'string', 'number'],
    ['number key', 'number', 'NaN'],
    ['tuple', 'tuple(string, number)', 'an array'],
    ['value', 'number', 'string'],
    ['missing', 'number', 'undefined'],
    ['bigint', 'bigint', 'number'],
    ['order', 'order', 'undefined'],
    ['reduce', 'string', 'number'],
  ])('%s: EMIT_TYPE says %s was expected and %s came', async (what, codec, type) => {
    const error = await failure(run(jobs.emitting, input('x'), { params: { what } }))
    expect(error.code).toBe('EMIT_TYPE')
    expect(error.params).toMatchObject({ codec, type })
  })
})

describe('a function that returns a promise', () => {
  it.each(['map', 'combine', 'reduce'])('is refused: %s', async (who) => {
    const error = await failure(run(jobs.promising, input('x'), { params: { who } }))
    expect(error.code).toBe('JOB_INVALID')
    expect(error.message).toContain(`${who}() returned a promise`)
  })
})

describe('a function that throws', () => {
  it.each(['setup', 'map', 'combine', 'partition', 'reduce', 'teardown'])(
    'is a USER_ERROR that names it: %s',
    async (who) => {
      const error = await failure(run(jobs.throwing, input('good', 'bad'), { params: { who } }))
      expect(error.code).toBe('USER_ERROR')
      expect(error.message).toContain(`${who} went wrong`)
      expect(error.userStack).toMatch(/function_jobs\.ts:\d+/)
    },
  )

  it('is reported with file and offset of the record, or the key of the group', async () => {
    const path = input('good', 'bad')
    expect((await failure(run(jobs.throwing, path, { params: { who: 'map' } }))).where).toMatchObject({
      job: 'throwing',
      stage: 'map',
      task: 's0-m00000',
      file: path,
      offset: 5,
    })
    expect((await failure(run(jobs.throwing, path, { params: { who: 'reduce' } }))).where).toMatchObject({
      key: 'bad',
      stage: 'reduce',
    })
  })

  it('may throw anything', async () => {
    const error = await failure(run(jobs.throwing, input('bad'), { params: { who: 'map', what: 'text' } }))
    expect(error.message).toContain('just text')
  })
})
