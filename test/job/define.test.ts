/** What defineJob refuses, and in which words. Most of it the type checker refuses too: users of JavaScript have none. */
import { describe, expect, it } from 'vitest'
import {
  aggregate,
  bigint,
  byValue,
  type Chain,
  count,
  csv,
  defineJob,
  fields,
  first,
  grep,
  join,
  json,
  lines,
  mean,
  step,
  string,
  sum,
  take,
  text,
  topK,
  tsv,
  unique,
  words,
} from '../../dist/src/index.js'

const define = (body: object) => defineJob({ name: 'wrong', ...body } as never)

const map = () => {}
const reduce = () => {}
const plain = { input: text(), map, reduce }

describe('defineJob', () => {
  it.each([
    ['a name', { ...plain, name: '' }],
    ['either `input`', { map, reduce }],
    ['either `input`', { ...plain, inputs: { a: text() } }],
    ['must be a format that can be read', { ...plain, input: tsv() }],
    ['must be a format that can be read', { ...plain, input: 'books/' }],
    ['delimiter must be one byte', { ...plain, input: csv({ delimiter: '::' }) }],
    ['delimiter must be one byte', { ...plain, input: csv({ delimiter: '→' }) }],
    ['quote must be one byte', { ...plain, input: csv({ quote: '' }) }],
    ['`steps` is empty', { input: text(), steps: [] }],
    ['must return the chain with its steps, not undefined', { input: text(), steps: () => {} }],
    ['not an async function', { input: text(), steps: async (chain: unknown) => chain }],
    ['`steps` is empty', { input: text(), steps: (chain: unknown) => chain }],
    [
      'step 2: ',
      { input: text(), steps: (chain: Chain<1, 1>) => chain.step({ map, reduce }).step({ reducer: sum() } as never) },
    ],
    ['map must be a function or a native mapper', { ...plain, map: 'words' }],
    ['input "b" has no map', { inputs: { a: text(), b: text() }, map: { a: map }, reduce }],
    ['byValue() is for a later step', { ...plain, map: byValue() }],
    [
      'are for the first step',
      { input: text(), steps: [step({ map, reduce }), step({ map: words() as never, reduce })] },
    ],
    ['each step of a chain needs a reduce', { input: text(), steps: [step({ map, reduce }), step({ map })] }],
    [
      'byValue() goes with take()',
      { input: text(), steps: [step({ map, reduce }), step({ map: byValue(), reduce: unique() })] },
    ],
    ['reduce must be a function or a native reducer', { ...plain, reduce: 'sum' }],
    ['combine without reduce', { input: text(), map, combine: sum() }],
    ['a native combine must be', { ...plain, combine: mean() }],
    ['a native combine must be', { ...plain, reduce: sum(), combine: sum() }],
    ['combine and order cannot go together', { ...plain, combine: sum(), order: (): number => 1 }],
    ['order needs a reduce of your own', { ...plain, reduce: count(), order: (): number => 1 }],
    ['partitions must be a whole number', { ...plain, partitions: 0 }],
    ['take(n): n must be', { ...plain, reduce: take(0) }],
    ['output name "../x" must be', { ...plain, outputs: { '../x': text() } }],
    ['would look like a part file', { ...plain, outputs: { 'part-r-00000.tsv': text() } }],
    ['its output csv() names the column "a" twice', { ...plain, output: csv({ columns: ['a', 'a'] }) }],
    ['its output "x" names 3 columns', { ...plain, outputs: { x: csv({ columns: ['a', 'b', 'c'] }) } }],
    ['its output "x" names the column "a" twice', { ...plain, outputs: { x: csv({ columns: ['a', 'a'] }) } }],
    ['words() reads text() input', { input: csv(), map: words(), reduce: sum() }],
    ['fields() reads csv() input', { input: text(), map: fields({ key: 'a' }), reduce: unique() }],
    ['grep() takes no reduce', { input: text(), map: grep('x'), reduce: unique() }],
    ['lines() needs a reduce', { input: text(), map: lines() }],
    ['words() with a reduce of your own', { input: text(), map: words(), reduce }],
    ['has no values', { input: text(), map: words(), reduce: topK(3) }],
    ['fields() needs a native aggregate', { input: csv(), map: fields({ key: 'a' }), reduce }],
    ['fields() needs the column', { input: csv(), map: fields({ key: 'a' }), reduce: sum() }],
    [
      'sorts by a number',
      { input: text(), steps: [step({ map: lines(), reduce: unique() }), step({ map: byValue(), reduce: take(1) })] },
    ],
    ['sum() needs numbers, not "string"', { ...plain, value: string(), reduce: sum() }],
    ['first({ ignoreNulls }) is for data frames', { ...plain, reduce: first('n', { ignoreNulls: true }) }],
    ['topK() takes numbers or text', { ...plain, value: json(), reduce: topK(3) }],
    ['name the column of every aggregate, or of none', { ...plain, reduce: aggregate({ a: sum(), b: sum('n') }) }],
    ['words() has no values', { input: text(), map: words(), value: bigint(), reduce: sum() }],
    ['not json()', { input: csv(), map: fields({ key: 'a' }), reduce: first('b', { as: json() }) }],
    ['join() needs two csv() inputs', { ...plain, reduce: join() }],
    [
      'join() needs keys with the same number of columns',
      {
        inputs: { a: csv(), b: csv() },
        map: { a: fields({ key: 'k' }), b: fields({ key: ['k', 'l'] }) },
        reduce: join(),
      },
    ],
  ])('wants %s', (problem, body) => {
    expect(() => define(body)).toThrow(expect.objectContaining({ code: 'JOB_INVALID' }))
    expect(() => define(body)).toThrow(problem)
  })
})
