/** Data that Node decompresses: what is damaged is told from memory that ran out. */

import { syncBuiltinESMExports } from 'node:module'
import zlib, { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { inflate } from '../../../dist/src/io/format/avro/blocks.js'
import { unlessDamaged } from '../../../dist/src/io/format/damage.js'
import { decompressPage } from '../../../dist/src/io/format/parquet/codec.js'
import { Random } from '../../helpers/random.js'

const GZIP = 2
const BROTLI = 4
const usual = { ...zlib }

afterEach(() => {
  Object.assign(zlib, { inflateRawSync: usual.inflateRawSync, gunzipSync: usual.gunzipSync })
  syncBuiltinESMExports()
})

const text = Buffer.from('a text that repeats '.repeat(200))

test('damaged bytes of any kind are damage', () => {
  const random = new Random(5)
  const packed = { raw: deflateRawSync(text), gzip: gzipSync(text), brotli: brotliCompressSync(text) }
  const undone = {
    raw: (bytes: Uint8Array) => inflate(bytes, text.length),
    gzip: (bytes: Uint8Array) => decompressPage(GZIP, bytes, text.length),
    brotli: (bytes: Uint8Array) => decompressPage(BROTLI, bytes, text.length),
  }
  for (const kind of ['raw', 'gzip', 'brotli'] as const) {
    const bytes = packed[kind]
    expect(Buffer.from(undone[kind](bytes)!)).toEqual(text)
    for (let cut = 0; cut < bytes.length; cut++)
      expect(undone[kind](bytes.subarray(0, cut)), `${kind}, ${cut} bytes`).toBeNull()
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(bytes)
      damaged[random.below(bytes.length)]! ^= 1 << random.below(8)
      // No error but one of damage; a flag of a header may have changed nothing.
      undone[kind](damaged)
    }
  }
  expect(inflate(packed.raw, text.length - 1)).toBeNull()
  expect(decompressPage(GZIP, packed.gzip, text.length - 1)).toBeNull()
  expect(decompressPage(GZIP, packed.gzip, text.length + 1)).toBeNull()
})

test('memory that ran out is no damage', () => {
  const failing = (error: Error) => () => {
    throw error
  }
  const noMemory = [
    Object.assign(new Error('insufficient memory'), { code: 'Z_MEM_ERROR' }),
    Object.assign(new Error('Decompression failed'), { code: 'ERR__ERROR_ALLOC_RING_BUFFER_1' }),
    new RangeError('Array buffer allocation failed'),
  ]
  for (const error of noMemory) {
    Object.assign(zlib, { inflateRawSync: failing(error), gunzipSync: failing(error) })
    syncBuiltinESMExports()
    for (const decompress of [() => inflate(text, 10), () => decompressPage(GZIP, text, 10)]) {
      expect(decompress).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY', cause: error }))
    }
  }
  const other = new TypeError('a mistake of ours')
  expect(() => unlessDamaged(failing(other))).toThrow(other)
})
