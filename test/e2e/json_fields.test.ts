/** A map that only reads fields of JSON lines by name gives what it would give of whole objects. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { failure, run } from '../helpers/run.js'
import { byName, whole } from './json_field_jobs.js'

const LINES = [
  (i: number) => `{"path":"/a/${i}","ms":${i / 8},"user":{"name":"ü${i}"},"other":[1,2,{"path":"inner"}]}`,
  (i: number) => `{"user":null, "ms" : -${i}, "path":"\\u00e9 \\"${i}\\"","ms":${i}}\r`,
  (i: number) => `{"user":{"name":"😀ü${i}"},"other":"дом","path":"/é/${i}","ms":${i}}`,
  (i: number) => `{"path":"東京 ${i}","agent":"${'x'.repeat(i % 200)}"}`,
  () => '',
  () => '[1,2]',
]
const BAD = [
  () => '{"path":"/a","ms":1',
  () => '{"path":"/throws","ms":1}\r',
  () => '{"path":"/a","other":9007199254740993}',
  () => 'null',
]

/** Of more than a megabyte: a map's source is not looked at for less. */
function text(seed: number, bad: readonly (() => string)[]): string {
  const random = new Random(seed)
  return random
    .times(20_000, (i) => (bad.length > 0 && random.below(50) === 0 ? random.pick(bad)() : random.pick(LINES)(i)))
    .join('\n')
}

const read = (job: typeof byName, content: string, maxBad?: string) => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'requests.jsonl': content })
  const options = { workers: 1, tuning: { splitBytes: 2 ** 30 }, ...(maxBad === undefined ? {} : { maxBad }) }
  return run(job, join(folder, 'requests.jsonl'), options)
}

it.each([1, 2])('in the records, and in those that are bad (seed %i)', async (seed) => {
  const content = text(seed, BAD)
  expect(content.length).toBeGreaterThan(1 << 20)
  const [fields, objects] = [await read(byName, content, '10%'), await read(whole, content, '10%')]
  expect(linesOf(fields.output)).toEqual(linesOf(objects.output))
  expect(fields.recordsRead).toBe(objects.recordsRead)
  const entries = (output: string) => {
    const lines = readFileSync(join(output, '_quarantine.jsonl'), 'utf8').trim().split('\n')
    return lines.map((line) => ({ ...JSON.parse(line), file: '' }))
  }
  expect(entries(fields.output).length).toBeGreaterThan(200)
  expect(entries(fields.output)).toEqual(entries(objects.output))
})

it.each(BAD.map((bad) => [bad()]))('in the error of %j', async (bad) => {
  const content = `${text(3, [])}\n${bad}\n`
  const [fields, objects] = [await failure(read(byName, content)), await failure(read(whole, content))]
  expect(fields.code).toBe(objects.code)
  expect(fields.where.offset).toBe(objects.where.offset)
  expect(fields.where.offset).toBe(Buffer.byteLength(content) - Buffer.byteLength(bad) - 1)
})
