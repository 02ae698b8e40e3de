/** What defineJob refuses, and in which words. Most of it the type checker refuses too: users of JavaScript have none. */
import { describe, expect, it } from 'vitest'
import {
  byValue,
  count,
  csv,
  defineJob,
  fields,
  grep,
  lines,
  mean,
  step,
  sum,
  take,
  text,
  topK,
  tsv,
  unique,
  words,
} from '../../dist/src/index.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'

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
    ['order is for a reduce of your own', { ...plain, reduce: count(), order: (): number => 1 }],
    ['partitions must be a whole number', { ...plain, partitions: 0 }],
    ['take(n): n must be', { ...plain, reduce: take(0) }],
    ['output name "../x" must be', { ...plain, outputs: { '../x': text() } }],
    ['would look like a part file', { ...plain, outputs: { 'part-r-00000.tsv': text() } }],
  ])('wants %s', (problem, body) => {
    expect(() => define(body)).toThrow(expect.objectContaining({ code: 'JOB_INVALID' }))
    expect(() => define(body)).toThrow(problem)
  })
})

describe('a job that cannot be planned', () => {
  it.each([
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
  ])('is refused: %s', async (problem, body) => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.csv': 'a,b\n1,2\n' })
    const error = await failure(run(define(body) as never, folder))
    expect(error.code).toBe('JOB_INVALID')
    expect(error.message).toContain(problem)
  })
})
