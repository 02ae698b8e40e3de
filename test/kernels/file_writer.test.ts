import { closeSync, openSync, readFileSync } from 'node:fs'
import { constants, devNull } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { temporaryFolder } from '../io/folder.js'

const content = Buffer.from(Array.from({ length: 5 * 2 ** 17 }, (_, i) => i * 7919).join(' '))

function write(pieces: Iterable<Uint8Array>): { path: string; bytes: number; digest: bigint } {
  const path = join(temporaryFolder(), 'file')
  const fd = openSync(path, 'w')
  const writer = kernels.createFileWriter(fd)
  for (const piece of pieces) expect(writer.write(piece)).toBe(0)
  expect(writer.finish()).toBe(0)
  const { bytes } = writer
  const digest = writer.digest()
  writer.close()
  closeSync(fd)
  return { path, bytes, digest }
}

describe('a file writer', () => {
  test.each([0, 1, 4095, 4096, 2 ** 20 - 1])('writes a file that ends %i bytes after three buffers', (more) => {
    const all = content.subarray(0, 3 * 2 ** 20 + more)
    const { path, bytes, digest } = write([all])
    expect(bytes).toBe(all.length)
    expect(digest).toBe(kernels.xxh64(all, 0n))
    expect(readFileSync(path).equals(all)).toBe(true)
  })

  test('writes pieces of any size, and copies each', () => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(2 ** 17), fc.nat(3 * 2 ** 20)), { maxLength: 12 })
    fc.assert(
      fc.property(sizes, (sizes) => {
        const buffer = Buffer.alloc(3 * 2 ** 20)
        let all = 0
        function* pieces() {
          for (const size of sizes) {
            const n = Math.min(size, content.length - all)
            content.copy(buffer, 0, all, all + n)
            yield buffer.subarray(0, n)
            buffer.fill(0, 0, n)
            all += n
          }
        }
        const { path, bytes } = write(pieces())
        expect(bytes).toBe(all)
        expect(readFileSync(path).equals(content.subarray(0, all))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('keeps writing to its file when the descriptor is closed', () => {
    const path = join(temporaryFolder(), 'file')
    const fd = openSync(path, 'w')
    const writer = kernels.createFileWriter(fd)
    closeSync(fd)
    expect(writer.write(content)).toBe(0)
    expect(writer.finish()).toBe(0)
    writer.close()
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  test.each([1, 2 ** 20, 3 * 2 ** 20])('says why %i bytes cannot be written, then and later', (size) => {
    const fd = openSync('/dev/full', 'w')
    const writer = kernels.createFileWriter(fd)
    writer.write(content.subarray(0, size))
    expect(writer.finish()).toBe(constants.errno.ENOSPC)
    if (size >= 2 ** 20) expect(writer.finish()).toBe(constants.errno.ENOSPC)
    writer.close()
    closeSync(fd)
  })

  test('says that there is no such file', () => {
    const writer = kernels.createFileWriter(2 ** 31 - 1)
    expect(writer.write(content)).toBe(constants.errno.EBADF)
    expect(writer.finish()).toBe(constants.errno.EBADF)
    writer.close()
  })

  test('that is closed, or finished, refuses further calls', () => {
    const fd = openSync(devNull, 'w')
    const writer = kernels.createFileWriter(fd)
    expect(writer.finish()).toBe(0)
    expect(() => writer.write(content)).toThrow('finished')
    writer.close()
    writer.close()
    expect(() => writer.finish()).toThrow('closed')
    expect(() => writer.bytes).toThrow('closed')
    expect(() => writer.digest()).toThrow('closed')
    closeSync(fd)
  })

  test('that is dropped half-way ends on its own', () => {
    const fd = openSync(join(temporaryFolder(), 'file'), 'w')
    for (let i = 0; i < 50; i++) kernels.createFileWriter(fd).write(content.subarray(0, 2 ** 20 + i))
    closeSync(fd)
  })
})
