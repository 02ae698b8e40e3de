import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { bytes } from './helpers.js'

test('XXH64 matches its specification', () => {
  // Source: the test vectors of the reference implementation and of its ports.
  expect(kernels.xxh64(bytes(''), 0n)).toBe(0xef46db3751d8e999n)
  expect(kernels.xxh64(bytes('a'), 0n)).toBe(0xd24ec4f1a98c6e5bn)
  expect(kernels.xxh64(bytes('abc'), 0n)).toBe(0x44bc2cf5ad770999n)
  expect(kernels.xxh64(bytes('Nobody inspects the spammish repetition'), 0n)).toBe(0xfbcea83c8a378bf1n)
})

test('a hasher gives the XXH64 of all its pieces, however they are cut, also in between', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (pieces) => {
      const hasher = kernels.createHasher()
      pieces.forEach((piece, i) => {
        hasher.add(piece)
        expect(hasher.digest()).toBe(kernels.xxh64(Buffer.concat(pieces.slice(0, i + 1)), 0n))
      })
    }),
    { numRuns: 1000 },
  )
})
