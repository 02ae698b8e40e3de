import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { clearEarlier, holdsCopies, removeCopies, stateFolderOf } from '../../dist/src/state/folder.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'

function setUp() {
  const output = join(temporaryFolder(), 'out')
  const folder = stateFolderOf(output)
  return { output, folder, copies: basename(folder.copies) }
}

test('clearing the state of earlier runs keeps locks, and the copies of this run', () => {
  const { folder, copies } = setUp()
  writeFiles(folder.path, {
    lock: '',
    '.lock-1': '',
    'lock.2': '',
    [`${copies}/0`]: '',
    'stdin-1/0': '',
    'runs/a': '',
    'commit.json': '{}',
  })
  clearEarlier(folder)
  expect(readdirSync(folder.path).sort()).toEqual(['.lock-1', 'lock', 'lock.2', copies])
})

test('copies are removed with the folder, unless something else is in it', () => {
  const { folder, copies } = setUp()
  removeCopies(folder)
  writeFiles(folder.path, { [`${copies}/0`]: '' })
  removeCopies(folder)
  expect(existsSync(folder.path)).toBe(false)
  writeFiles(folder.path, { [`${copies}/0`]: '', 'state.mdb': '' })
  removeCopies(folder)
  expect(readdirSync(folder.path)).toEqual(['state.mdb'])
})

test('a run that is refused leaves the copies of another run of its process', () => {
  const { output, folder, copies } = setUp()
  writeFiles(folder.path, { [`${copies}/0`]: '' })
  removeCopies(stateFolderOf(output))
  expect(readdirSync(folder.path)).toEqual([copies])
})

test('copies of any process are distinguished from other files', () => {
  const { folder } = setUp()
  expect(holdsCopies([{ path: '/data/a' }, { path: join(folder.path, 'stdin-1/0') }], folder.path)).toBe(true)
  expect(holdsCopies([{ path: '/data/stdin-1/0' }], folder.path)).toBe(false)
})
