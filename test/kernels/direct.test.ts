import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/index.js'
import { temporaryFolder } from '../io/folder.js'

test('misfit leads to the next address that is aligned', () => {
  const memory = Buffer.allocUnsafeSlow(3 * 4096)
  const misfit = kernels.misfit(memory, 4096)
  expect(misfit).toBeLessThan(4096)
  expect(kernels.misfit(memory.subarray(misfit), 4096)).toBe(0)
  expect(kernels.misfit(memory.subarray(misfit + 1), 4096)).toBe(4095)
  expect(kernels.misfit(memory.subarray(misfit + 1), 1)).toBe(0)
})

test('pages that are written past the page cache, and what follows them through it, are one file', () => {
  const path = join(temporaryFolder(), 'file')
  const memory = Buffer.alloc(3 * 4096, 'x')
  const misfit = kernels.misfit(memory, 4096)
  const fd = openSync(path, 'w')
  // Not every filesystem can; the bytes are the same.
  kernels.setDirect(fd, true)
  writeSync(fd, memory, misfit, 4096)
  expect(kernels.setDirect(fd, false)).toBe(false)
  writeSync(fd, 'y')
  closeSync(fd)
  expect(readFileSync(path, 'latin1')).toBe(`${'x'.repeat(4096)}y`)
})

test('what is no file is never written past the page cache', () => {
  const fd = openSync(devNull, 'w')
  expect(kernels.setDirect(fd, true)).toBe(false)
  closeSync(fd)
  expect(kernels.setDirect(2 ** 31 - 1, true)).toBe(false)
})
