/** How many rows files have at most: what fits in memory must not be guessed too low. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { csv, jsonl, text } from 'runjob'
import { expect, it } from 'vitest'
import { MAX_SMALL_BYTES, MAX_SMALL_ROWS } from '../../dist/src/dataset/rules/choose_join.js'
import { sizeOf } from '../../dist/src/run/sizes.js'
import { temporaryFolder } from '../helpers/folder.js'

function file(content: string | Uint8Array, more: object = {}) {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  const sizeBytes = Buffer.byteLength(content)
  return { path, sizeBytes, mtimeMs: 0, compression: 'none' as const, ...more }
}

it('counts the ends of lines, and the starts of objects', async () => {
  expect(await sizeOf(csv().input, [file('a,b\n1,2\n3,4')])).toEqual({ bytes: 11, rows: 3, counted: 'nearly' })
  const carriageReturns = { form: { encoding: null, carriageReturns: true, array: false, isForeign: false } }
  expect(await sizeOf(text().input, [file('a\rb\rc\r', carriageReturns)])).toEqual({
    bytes: 6,
    rows: 4,
    counted: 'nearly',
  })
  expect(await sizeOf(jsonl().input, [file('[{"a":1},{"a":2}]')])).toEqual({ bytes: 17, rows: 3, counted: 'nearly' })
  expect(await sizeOf(csv().input, [file('a\n'), file('b\n')])).toEqual({ bytes: 4, rows: 4, counted: 'nearly' })
})

it('is not small with many rows, with many bytes, or compressed unless it is short', async () => {
  expect((await sizeOf(csv().input, [file('\n'.repeat(2 ** 23))])).rows).toBeGreaterThan(MAX_SMALL_ROWS)
  const large = { ...file('a\n'), sizeBytes: MAX_SMALL_BYTES + 1 }
  expect(await sizeOf(csv().input, [large])).toEqual({ bytes: large.sizeBytes, rows: Number.POSITIVE_INFINITY })
  const gzip = gzipSync('a\n'.repeat(1000))
  const size = await sizeOf(csv().input, [file(gzip, { compression: 'gzip' })])
  expect(size).toEqual({ bytes: gzip.length * 50, rows: gzip.length * 2 })
  const long = { ...file('x'), compression: 'gzip', sizeBytes: 1e7 } as const
  expect((await sizeOf(csv().input, [long])).rows).toBe(Number.POSITIVE_INFINITY)
})
