import { once } from 'node:events'
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { RunjobError } from '../../dist/src/base/errors.js'
import { fileError, fsyncDir, fsyncFile, makeFolder, removeTree, writeFileAtomic } from '../../dist/src/base/files.js'
import { temporaryFolder, writeFiles } from '../io/folder.js'

test('an atomic write replaces the file and leaves nothing else behind', () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a.json': 'old' })
  writeFileAtomic(join(folder, 'a.json'), 'new')
  expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('new')
  expect(readdirSync(folder)).toEqual(['a.json'])
})

test('an atomic write that fails leaves the old file and nothing else', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'a', 'b'), { recursive: true })
  expect(() => writeFileAtomic(join(folder, 'a'), 'x')).toThrow(RunjobError)
  expect(readdirSync(folder)).toEqual(['a'])
})

test('files and folders can be made durable', () => {
  const folder = temporaryFolder()
  writeFiles(folder, { a: 'x' })
  fsyncFile(join(folder, 'a'))
  fsyncDir(folder)
  expect(() => fsyncDir(join(folder, 'missing'))).toThrow()
})

test('removing a missing tree is fine', () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'a/b/c': 'x' })
  removeTree(join(folder, 'a'))
  removeTree(join(folder, 'a'))
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['ENOSPC', 'write', 'DISK_FULL'],
  ['EDQUOT', 'write', 'DISK_FULL'],
  ['EACCES', 'read', 'INPUT_UNREADABLE'],
  ['EACCES', 'write', 'OUTPUT_UNWRITABLE'],
  ['EROFS', 'write', 'OUTPUT_UNWRITABLE'],
  ['ENOENT', 'read', 'INPUT_NOT_FOUND'],
  ['ENOENT', 'write', 'FILE_IO'],
  ['EIO', 'read', 'FILE_IO'],
  ['EMFILE', 'read', 'FILE_IO'],
] as const)('%s on %s is %s', (errno, use, expected) => {
  const error = Object.assign(new Error(`${errno}: it failed, open '/x'`), { code: errno })
  expect(fileError(error, '/x', use)).toMatchObject({ code: expected, cause: error })
})

test("the system's reason is in the message", () => {
  try {
    openSync('/nowhere/at/all', 'w')
  } catch (error) {
    expect((fileError(error, '/nowhere/at/all', 'write') as Error).message).toBe(
      '/nowhere/at/all cannot be used: no such file or directory (ENOENT).',
    )
  }
})

test('anything but a system error is returned unchanged', () => {
  for (const error of [
    new TypeError('x'),
    new RunjobError('DISK_FULL'),
    Object.assign(new Error(), { code: 'ERR_X' }),
  ]) {
    expect(fileError(error, '/x', 'read')).toBe(error)
  }
  expect(fileError(undefined, '/x', 'read')).toBeUndefined()
})

test('a folder is made with those above it, or fails at once', () => {
  const folder = temporaryFolder()
  makeFolder(join(folder, 'a/b/c'))
  makeFolder(join(folder, 'a/b/c'))
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['c'])
  writeFiles(folder, { file: 'x' })
  expect(() => makeFolder(join(folder, 'file'))).toThrow(RunjobError)
  expect(() => makeFolder(join(folder, 'file/below'))).toThrow(RunjobError)
  // Nobody can make folders here: mkdir with `recursive` tries for ever.
  if (process.platform === 'linux') expect(() => makeFolder('/proc/a')).toThrow(RunjobError)
})

test('threads that make folders at the same time do not disturb each other', async () => {
  const folder = temporaryFolder()
  const threads = 4
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { folder, thread, threads, arrived, files } = workerData
    import(files).then(({ makeFolder }) => {
      for (let round = 0; round < 300; round++) {
        // All at the same moment.
        Atomics.add(arrived, 0, 1)
        while (Atomics.load(arrived, 0) < threads * (round + 1));
        makeFolder(folder + '/' + round + '/a/b/' + thread)
      }
    })`
  const arrived = new Int32Array(new SharedArrayBuffer(4))
  const files = new URL('../../dist/src/base/files.js', import.meta.url).href
  const workers = Array.from(
    { length: threads },
    (_, thread) => new Worker(program, { eval: true, workerData: { folder, thread, threads, arrived, files } }),
  )
  const failed = Promise.race(workers.map((worker) => once(worker, 'error').then(([error]) => Promise.reject(error))))
  try {
    await Promise.race([failed, Promise.all(workers.map((worker) => once(worker, 'exit')))])
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  expect(readdirSync(join(folder, '299/a/b')).sort()).toEqual(['0', '1', '2', '3'])
})
