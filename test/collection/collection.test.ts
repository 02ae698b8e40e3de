/** Methods of collections: what they give, and what they refuse. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineDataset, read, runDataset } from 'runjob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder, textOf } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'
import * as made from './functions.js'

const { plain, failing, bad, skewed } = made

beforeAll(() => {
  mkdirSync(made.folder, { recursive: true })
  write('1\n2\n3\n4\n5\n')
  writeFileSync(join(made.folder, 'rows.csv'), 'id,city,big\n1,Rome,9007199254740993\n2,,7\n3,Oslo,\n4,Oslo,0\n')
})
afterAll(() => rmSync(made.folder, { recursive: true, force: true }))

function write(text: string): void {
  writeFileSync(join(made.folder, 'in.txt'), text)
}

/** With other lines, for a test. */
async function withLines<T>(text: string, use: () => Promise<T>): Promise<T> {
  write(text)
  try {
    return await use()
  } finally {
    write('1\n2\n3\n4\n5\n')
  }
}

describe('elements', () => {
  it('count the words of a folder, in the order of the words', async () => {
    await withLines('b a b\nc b\n', async () => {
      expect(await made.words.collect()).toEqual([
        ['a', 1],
        ['b', 3],
        ['c', 1],
      ])
    })
  })

  it('are taken, counted and folded', async () => {
    expect(await plain.numbers.take(2)).toEqual([1, 2])
    expect(await plain.numbers.take(0)).toEqual([])
    expect(await plain.numbers.take(9)).toEqual([1, 2, 3, 4, 5])
    expect(await plain.numbers.first()).toBe(1)
    expect(await plain.numbers.count()).toBe(5)
    expect(await plain.pairs.countByKey()).toEqual(
      new Map([
        [0, 1],
        [1, 2],
        [2, 2],
      ]),
    )
    // What is wrong behind them does not matter.
    expect(await failing.map!.take(3)).toEqual([1, 2, 3])
    const long = Array.from({ length: 2_000_000 }, (_, i) => `${i + 10}\n`).join('')
    await withLines(long, async () => {
      const { length, 0: first } = await failing.late!.take(5, { workers: 1 })
      expect([length, first]).toEqual([5, 10])
    })
    await expect(plain.numbers.take(-1)).rejects.toThrow('take(): the count must be a whole number')
  })

  it('are folded by a function that is made now, too', async () => {
    expect(await plain.numbers.reduce((a, b) => a + b)).toBe(15)
    expect(await plain.lines.reduce((a, b) => `${a}${b}`)).toBe('12345')
    expect(await failure(plain.numbers.reduce(() => undefined as never))).toMatchObject({ code: 'COLLECTION_INVALID' })
    const thrown = await failure(
      plain.numbers.reduce(() => {
        throw new Error('no')
      }),
    )
    expect(thrown).toMatchObject({ code: 'USER_ERROR', message: 'The function of reduce() failed: no' })
  })

  it('reach foreach() in order, which waits for promises', async () => {
    const seen: number[] = []
    await plain.numbers.foreach(async (n) => {
      await new Promise((resolve) => setTimeout(resolve, 6 - n))
      seen.push(n)
    })
    expect(seen).toEqual([1, 2, 3, 4, 5])
    const error = await failure(plain.numbers.foreach(() => Promise.reject(new Error('no'))))
    expect(error).toMatchObject({ code: 'USER_ERROR', message: 'The function of foreach() failed: no' })
  })

  it('are none', async () => {
    await withLines('', async () => {
      expect(await plain.numbers.collect()).toEqual([])
      expect(await plain.numbers.count()).toBe(0)
      expect(await plain.numbers.first()).toBeNull()
      expect(await made.sums.collect()).toEqual([])
      expect(await made.sides.join.collect()).toEqual([])
      expect(await plain.numbers.distinct().zipWithIndex().sortByKey().collect()).toEqual([])
      expect(await failure(plain.numbers.reduce(made.sum))).toMatchObject({
        code: 'COLLECTION_EMPTY',
        message: 'reduce() of a collection without elements has no answer.',
      })
    })
  })

  it('come of rows, as rows have their values, and of data frames with operators', async () => {
    expect(await made.rows.collect()).toEqual([
      { id: 1, city: 'Rome', big: 9007199254740993n },
      { id: 2, city: null, big: 7n },
      { id: 3, city: 'Oslo', big: null },
      { id: 4, city: 'Oslo', big: 0n },
    ])
    expect(await made.cities.collect()).toEqual(['null: 1', 'Oslo: 2'])
    expect(await read.text(join(made.folder, 'in.txt')).rows().first()).toEqual({ value: '1' })
  })

  it('are grouped with values that pass by once', async () => {
    expect(await made.groups.collect()).toEqual([
      [0, [3]],
      [1, [1, 4]],
      [2, [2, 5]],
    ])
    expect(await made.skippedGroups.collect()).toEqual([1])
    expect(await failure(failing.readTwice!.collect())).toMatchObject({ code: 'VALUES_READ_TWICE' })
    expect(await failure(failing.leftTwice!.collect())).toMatchObject({ code: 'VALUES_READ_TWICE' })
  })

  it('meet in joins', async () => {
    expect(await made.sides.join.collect()).toEqual([
      [0, [3, 3]],
      [1, [1, 5]],
      [1, [4, 5]],
      [2, [2, 7]],
      [2, [5, 7]],
    ])
    expect((await made.sides.left.collect())[0]).toEqual([0, [3, null]])
    expect(await made.sides.group.collect()).toEqual([
      [0, [[3], [3]]],
      [1, [[1, 4], [5]]],
      [2, [[2, 5], [7]]],
    ])
  })

  it('are in several parts, each in the order of its keys, if these are asked for', async () => {
    const whole = { sums: made.sums, groups: made.groups, ...made.sides }
    for (const [name, collection] of Object.entries(whole)) {
      const expected = await (collection as typeof made.sums).collect()
      const found = await (collection as typeof made.sums).collect({ partitions: 3, workers: 2 })
      expect(
        found.toSorted(([a], [b]) => a - b),
        name,
      ).toEqual(expected)
    }
    const numbers = Array.from({ length: 500 }, (_, i) => (i * 7919) % 500)
    await withLines(`${numbers.join('\n')}\n`, async () => {
      const sorted = numbers.toSorted((a, b) => a - b)
      expect(await made.sorted.up.collect({ partitions: 3 })).toEqual(sorted)
      expect(await made.sorted.down.collect({ partitions: 3 })).toEqual(sorted.toReversed())
    })
  })

  it('come in batches of 4,096, which do not depend on workers', async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `${i}\n`).join('')
    await withLines(text, async () => {
      for (const workers of [1, 3]) expect(await made.batches.collect({ workers })).toEqual([4096, 4096, 1808])
    })
  })

  it('do not share variables: each worker has its own', async () => {
    const counts = await made.accumulating.collect({ workers: 1 })
    expect(counts).toEqual([1, 2, 3, 4, 5])
    expect(await made.accumulating.collect({ workers: 1 })).toEqual(counts)
  })
})

describe('what is refused', () => {
  const places = { file: join(made.folder, 'in.txt'), offset: 6 }
  it.each([
    ['map', 'USER_ERROR', 'The function of map() failed: no good', places],
    ['filter', 'USER_ERROR', 'The function of filter() failed: no good', places],
    ['generator', 'USER_ERROR', 'The function of flatMap() failed: no good', places],
    ['reduceByKey', 'USER_ERROR', 'The function of reduceByKey() failed: no good', {}],
    ['sortBy', 'USER_ERROR', 'The function of sortBy() failed: no good', places],
    ['afterGroups', 'USER_ERROR', 'The function of map() failed: no good', { key: '1' }],
    ['promise', 'COLLECTION_INVALID', 'map(): the function returned a promise', {}],
    ['nothing', 'COLLECTION_INVALID', 'map(): the function returned undefined', {}],
    ['truthy', 'COLLECTION_INVALID', 'filter(): the function returned 1, not true or false', {}],
    ['text', 'COLLECTION_INVALID', 'flatMap(): the function must return a list, not "1"', {}],
    ['noList', 'COLLECTION_INVALID', 'flatMap(): the function must return a list, not 1', {}],
    ['noPair', 'COLLECTION_INVALID', 'reduceByKey() needs pairs [key, value], not 1', {}],
    ['noValue', 'COLLECTION_INVALID', 'reduceByKey(): the value of a pair is undefined', {}],
    ['noPairValues', 'COLLECTION_INVALID', 'mapValues() needs pairs [key, value], not 1', {}],
    ['object', 'COLLECTION_INVALID', 'element: a collection cannot hold a Map', {}],
    ['key', 'COLLECTION_INVALID', 'key: a collection cannot hold a function', {}],
  ])('%s: %s', async (name, code, message, where) => {
    const text = name === 'reduceByKey' ? '1\n4\n7\n1\n' : '1\n2\n3\n4\n5\n'
    await withLines(text, async () => {
      const error = await failure(failing[name]!.collect())
      expect(error).toMatchObject({ code, where })
      expect(error.message).toContain(message)
      if (code === 'USER_ERROR') expect(error.userStack).toContain('functions.ts')
    })
  })

  it('arguments that are none', () => {
    const { lines, numbers } = plain
    expect(() => numbers.map(3 as never)).toThrow('map() needs a function')
    expect(() => numbers.map(async (n) => n)).toThrow('map() needs a function that is neither async')
    expect(() => lines.flatMap((async () => []) as never)).toThrow('flatMap() needs a function that is not async')
    expect(() => numbers.union([1] as never)).toThrow('union() needs another collection, not an array')
    expect(() => made.sums.join(3 as never)).toThrow('join() needs another collection, not 3')
    expect(() => made.sums.sortByKey('asc' as never)).toThrow('sortByKey(): ascending must be true or false, not "asc"')
    expect(() => made.sums.aggregateByKey((() => 1) as never, made.sum as never, made.sum as never)).toThrow(
      'aggregateByKey(): the first argument: a collection cannot hold a function',
    )
    expect(() => numbers.write.mode('replace' as never)).toThrow('write.mode() takes one of error, overwrite')
  })

  it('a file that is not there', async () => {
    const error = await failure(read.text(join(made.folder, 'none.txt')).lines().collect())
    expect(error).toMatchObject({ code: 'INPUT_NOT_FOUND' })
    await expect(plain.lines.collect({ worker: 1 } as never)).rejects.toThrow(
      'there is no such option; did you mean "workers"?',
    )
  })
})

describe('records at fault', () => {
  const options = { maxBad: 1, workers: 1 } as const

  it('are left out with all that they gave, if so many may be', async () => {
    const notes: string[] = []
    const onNote = (note: string) => notes.push(note)
    expect(await bad.lines.collect({ ...options, onNote })).toEqual([1, 2, 3, 5])
    expect(notes.join()).toContain('The function of map() failed: no good')
    expect(await bad.pieces.collect(options)).toEqual([['k', 2 * (1 + 2 + 3 + 5)]])
    expect(await bad.counted.count(options)).toBe(4)
    expect(await bad.counted.take(4, options)).toEqual([1, 2, 3, 5])
    expect(await bad.counted.reduce(made.sum, options)).toBe(11)
  })

  it('are too many', async () => {
    const error = await withLines('4\n4\n1\n', () => failure(bad.lines.collect(options)))
    expect(error).toMatchObject({ code: 'TOO_MANY_BAD_RECORDS' })
  })

  it('are no values of a fold, which belong to many records', async () => {
    const error = await withLines('1\n4\n7\n1\n', () => failure(failing.reduceByKey!.collect(options)))
    expect(error).toMatchObject({ code: 'USER_ERROR', params: { noRow: true } })
  })
})

describe('much', () => {
  const count = 200_000
  const text = Array.from({ length: count }, (_, i) => `${i % 7 === 0 ? 'line' : i % 1000}\n`).join('')
  const expected = () => {
    const sums = new Map<string, number>()
    for (const line of text.trimEnd().split('\n')) {
      const key = line.length > 3 ? 'many' : line
      sums.set(key, (sums.get(key) ?? 0) + line.length)
    }
    return [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  it('runs in little memory, with one key that half of the elements have', async () => {
    await withLines(text, async () => {
      for (const workers of [1, 4]) {
        const options = { workers, memory: '48MB', [TUNING]: { splitBytes: 200_000 } }
        expect(await skewed.sums.collect(options)).toEqual(expected())
        expect(await skewed.lengths.collect(options)).toEqual(expected())
      }
    })
  })

  it('may have more keys than are folded at once, short ones and long ones', async () => {
    const keys = Array.from({ length: 150_000 }, (_, i) => (i % 10 === 0 ? `${'ü'.repeat(60)}${i}` : `k${i}`))
    const lines = [...keys, ...keys.toReversed()].map((key, i) => (i % 5 === 4 ? `${key}\n` : `${key} `))
    await withLines(`${lines.join('').trimEnd()}\n`, async () => {
      const counts = await made.words.collect({ workers: 2, memory: '100MB' })
      expect(counts.length).toBe(keys.length)
      expect(new Map(counts)).toEqual(new Map(keys.map((key) => [key, 2])))
    })
  })

  it('is refused if the right side of a join has too much of one key', async () => {
    const error = await withLines(`${'x'.repeat(100)}\n`.repeat(40_000), () =>
      failure(skewed.join.take(1, { memory: '48MB', workers: 1 })),
    )
    expect(error).toMatchObject({ code: 'JOIN_GROUP_TOO_LARGE', where: { key: 'k' } })
  })

  it('is folded in parts that do not depend on workers', { timeout: 120_000 }, async () => {
    // One worker would take larger parts than four.
    const long = Array.from({ length: 24_000 }, (_, i) => `${'x'.repeat((i * 7919) % 2011)}\n`).join('')
    await withLines(long, async () => {
      const sums = await made.fractions.collect({ workers: 1 })
      expect(await made.fractions.collect({ workers: 4 })).toEqual(sums)
      const sum = await made.fractionSum.reduce(made.sum, { workers: 1 })
      expect(await made.fractionSum.reduce(made.sum, { workers: 4, memory: '200MB' })).toBe(sum)
    })
  })
})

describe('the output', () => {
  it('is lines of text or JSON', async () => {
    const folder = temporaryFolder()
    await plain.numbers.write.text(join(folder, 'text'))
    expect(textOf(join(folder, 'text'))).toBe('1\n2\n3\n4\n5\n')
    await made.groups.write.json(join(folder, 'json'))
    expect(textOf(join(folder, 'json'))).toBe('[0,[3]]\n[1,[1,4]]\n[2,[2,5]]\n')
    expect(existsSync(join(folder, 'json/part-r-00000.jsonl'))).toBe(true)
    expect(await failure(plain.lines.write.text(join(folder, 'text')))).toMatchObject({ code: 'OUTPUT_EXISTS' })
    await plain.lines.write.mode('append').text(join(folder, 'text'))
    expect(linesOf(join(folder, 'text'))).toHaveLength(10)
    await made.groups.write.mode('append').json(join(folder, 'json'))
    expect(linesOf(join(folder, 'json'))).toHaveLength(6)
    await plain.lines.write.mode('overwrite').text(join(folder, 'one.txt'), { singleFile: true })
    expect(readFileSync(join(folder, 'one.txt'), 'utf8')).toBe('1\n2\n3\n4\n5\n')
    const refused = await failure(made.groups.write.text(join(folder, 'no')))
    expect(refused.message).toBe('write.text() takes text, numbers and booleans, not an array.')
    const odd = await failure(plain.numbers.write.json('x', { format: 'csv' }))
    expect(odd).toMatchObject({ code: 'OPTION_INVALID' })
  })

  it('is that of a dataset', async () => {
    const folder = temporaryFolder()
    const dataset = defineDataset({ name: 'words', build: () => made.counted })
    const { counters, recordsWritten } = await runDataset(dataset, { output: join(folder, 'out') })
    expect({ counters, recordsWritten }).toEqual({ counters: { even: 2 }, recordsWritten: 2 })
    expect(textOf(join(folder, 'out'))).toBe('2\n4\n')
    await runDataset(dataset, { output: join(folder, 'text'), format: 'text' })
    expect(textOf(join(folder, 'text'))).toBe('2\n4\n')
    expect(await failure(runDataset(dataset, { output: join(folder, 'csv'), format: 'csv' }))).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('words is a collection, whose elements have no columns'),
    })
    const several = defineDataset({ name: 'several', build: () => ({ a: made.counted }) as never })
    expect(await failure(runDataset(several, { output: join(folder, 'no') }))).toMatchObject({
      code: 'DATASET_INVALID',
    })
  })
})
