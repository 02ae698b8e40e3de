/** Collections whose elements are kept; shares of collections; sorts by ranges. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineDataset, read, runDataset } from 'runjob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, textOf } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'
import * as made from './to_df_functions.js'

const write = (text: string) => writeFileSync(join(made.folder, 'in.txt'), text)

beforeAll(() => {
  mkdirSync(made.folder, { recursive: true })
  write('a\nb\nc\n')
})
afterAll(() => rmSync(made.folder, { recursive: true, force: true }))

describe('a cached collection', () => {
  it('is computed once, whatever its elements, and again once it is forgotten', async () => {
    const { kept, ofKept } = made
    const expected = await kept.collect()
    expect(kept.cache()).toBe(kept)
    expect(await kept.count({ workers: 1 })).toBe(expected.length)
    write('x\n')
    try {
      expect(await kept.collect()).toEqual(expected)
      expect(await ofKept.lengths.countByKey()).toEqual(
        new Map([
          ['\0', 3],
          ['a', 1],
          ['b', 1],
          ['c', 1],
        ]),
      )
      expect(await ofKept.frame.filter((c) => c.word.eq('NaN')).count()).toBe(3)
      expect(kept.unpersist()).toBe(kept)
      expect(await kept.first()).toBe('x')
      expect(await ofKept.frame.count()).toBe(9)
    } finally {
      kept.unpersist()
      write('a\nb\nc\n')
    }
  })

  it('may be made of a cached data frame', async () => {
    const path = join(made.folder, 'names.csv')
    writeFileSync(path, 'word,name\na,Ann\n')
    made.keptFrame.cache()
    try {
      expect(await made.ofKeptFrame.collect()).toEqual(['a'])
      writeFileSync(path, 'word,name\nb,Bob\n')
      expect(await made.ofKeptFrame.collect()).toEqual(['a'])
    } finally {
      made.keptFrame.unpersist()
    }
    expect(await made.ofKeptFrame.collect()).toEqual(['b'])
  })

  it('with bad records to skip is computed each time', async () => {
    made.kept.persist()
    try {
      expect(await made.kept.count({ maxBad: 1 })).toBe(27)
      write('a\n')
      expect(await made.kept.count({ maxBad: 1 })).toBe(9)
    } finally {
      made.kept.unpersist()
      write('a\nb\nc\n')
    }
  })

  it('is none of a dataset', async () => {
    const dataset = defineDataset({ name: 'd', build: () => read.text('x').lines().cache() })
    expect(await failure(runDataset(dataset, { output: join(temporaryFolder(), 'out') }))).toMatchObject({
      code: 'COLLECTION_INVALID',
      message: expect.stringContaining('cache() is for the actions of a program'),
    })
  })

  it('may read what its elements replace', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'out')
    await read.text(join(made.folder, 'in.txt')).lines().write.text(path)
    const lines = read.text(path).lines().cache()
    expect(await lines.count()).toBe(3)
    await lines.write.mode('overwrite').text(path)
    expect(textOf(path)).toBe('a\nb\nc\n')
    lines.unpersist()
    expect(readdirSync(folder)).toEqual(['out'])
  })
})

describe('a share of a collection', () => {
  it('is the same for any number of workers, and of about that size', async () => {
    const { share, shares } = made
    const found = await share.collect({ workers: 1 })
    expect(found.length).toBeGreaterThan(5600)
    expect(found.length).toBeLessThan(6400)
    expect(await share.collect({ workers: 3 })).toEqual(found)
    expect(await share.count()).toBe(found.length)
    expect(await shares.other.collect()).not.toEqual(found)
    const again = await shares.again.count()
    expect(again / found.length).toBeGreaterThan(0.45)
    expect(again / found.length).toBeLessThan(0.55)
    expect([await shares.none.count(), await shares.all.count()]).toEqual([0, 60_000])
  })

  it('is the same wherever it is used', async () => {
    const { share, shares } = made
    const found = await share.collect()
    expect(await shares.twice.collect()).toEqual([...found, ...found])
    const keys = (await shares.joined.collect()).map(([key]) => key)
    expect(new Set(keys)).toEqual(new Set(found))
    const ofBoth = await shares.ofBoth.collect()
    expect(ofBoth.slice(0, found.length)).toEqual(found)
    expect(ofBoth.slice(found.length)).not.toEqual(found)
  })

  it('is from nothing to all', () => {
    expect(() => made.range.sample(1.5)).toThrow('sample() needs a fraction from 0 to 1, not 1.5')
    expect(() => made.range.sample(Number.NaN)).toThrow('sample() needs a fraction from 0 to 1, not NaN')
    expect(() => made.range.sample(0.5, 0.5)).toThrow('sample() needs a whole number as seed, not 0.5')
  })
})

it('elements that functions made are sorted by several tasks, and equal ones stay in order', async () => {
  const pairs = Array.from({ length: 60_000 }, (_, i) => [i % 20_000, i] as const)
  const keyOf = (n: number) => `${(n * 7919) % 1000}`
  const expected = pairs.toSorted(([a], [b]) => (keyOf(a) < keyOf(b) ? 1 : Number(keyOf(a) !== keyOf(b)) * -1))
  const folder = join(temporaryFolder(), 'out')
  await made.sortedAgain.write.json(folder, { partitions: 3 })
  expect(readdirSync(folder).filter((name) => name.startsWith('part-'))).toHaveLength(3)
  expect(linesOf(folder).map((line) => JSON.parse(line))).toEqual(expected)
  expect(await made.sortedAgain.take(2)).toEqual(expected.slice(0, 2))
})
