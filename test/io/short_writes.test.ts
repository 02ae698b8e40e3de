import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openPart } from '../../dist/src/io/sinks.js'
import { temporaryFolder } from './folder.js'

/** Most that one write takes. */
const most = vi.hoisted(() => ({ bytes: 0 }))

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>()
  const writeSync = (fd: number, bytes: Uint8Array, at: number, length: number): number =>
    fs.writeSync(fd, bytes, at, Math.min(length, most.bytes))
  return { ...fs, writeSync }
})

test.each([1000, 4096, 65_000, 2 ** 19])('a part is whole where a write takes %i bytes at most', async (bytes) => {
  most.bytes = bytes
  const content = Buffer.from(Array.from({ length: 3 * 2 ** 18 }, (_, i) => i * 7919).join(' '))
  const path = join(temporaryFolder(), 'part')
  const part = openPart(path, { gzip: false })
  part.write(content)
  expect(await part.close()).toMatchObject({ bytes: content.length })
  expect(readFileSync(path).equals(content)).toBe(true)
})
