/** Random collections mean what they mean in memory, however they run. */
import { rmSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TUNING } from '../../dist/src/run/options.js'
import { Random } from '../helpers/random.js'
import { CONFIGS } from '../helpers/run.js'
import { chains, input, seed } from './chains.js'
import { expectedOf } from './oracle.js'

const random = new Random(seed)
const WORDS = ['a', 'bb', 'ccc', 'dé', '😀', '\0', '"', '']
const lines = random.times(400, () => random.times(random.below(5), () => random.pick(WORDS)).join(' '))

beforeAll(() => writeFileSync(input, `${lines.join('\n')}\n`))
afterAll(() => rmSync(input, { force: true }))

describe.each(Object.entries(CONFIGS))('%s', (_, { tuning, ...options }) => {
  it.each(chains.map((_, index) => index))(`chain %i of seed ${seed}`, async (index) => {
    const collection = chains[index]!
    const expected = expectedOf(collection.query, lines)
    if (expected === null) return
    const found = await collection.collect({ ...options, ...(tuning ? { [TUNING]: tuning } : {}) })
    if (isDeepStrictEqual(found, expected)) return
    expect(found).toEqual(expected)
    throw new Error('they differ in what toEqual() does not see')
  })
})
