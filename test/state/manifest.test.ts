import { expect, test } from 'vitest'
import type { InputFile } from '../../dist/src/io/input/input_file.js'
import { compareManifests } from '../../dist/src/state/manifest.js'

const a: InputFile = { path: '/d/a', sizeBytes: 5, mtimeMs: 1000, compression: 'none' }
const b: InputFile = { path: '/d/b', sizeBytes: 6, mtimeMs: 2000, compression: 'none' }

test('the same files are no change', () => {
  expect(compareManifests({ input: [a, b] }, { input: [{ ...a }, { ...b }] })).toEqual([])
  expect(compareManifests({}, {})).toEqual([])
})

test.each<[string, InputFile[], InputFile[], string[]]>([
  ['a new file', [a], [a, b], ['input /d/b is new']],
  ['a missing file', [a, b], [b], ['input /d/a is gone']],
  ['another size', [a], [{ ...a, sizeBytes: 7 }], ['input /d/a had 5 bytes and now has 7']],
  ['another time', [a], [{ ...a, mtimeMs: 1001 }], ['input /d/a was written to']],
  ['another order', [a, b], [b, a], ['the inputs are in another order']],
  ['a file twice', [a], [a, a], ['an input was given more or fewer times']],
])('%s is named', (_, before, now, changes) => {
  expect(compareManifests({ input: before }, { input: now })).toEqual(changes)
})

test('every input of a job is compared', () => {
  expect(compareManifests({ left: [a], right: [b] }, { left: [a] })).toEqual(['input /d/b is gone'])
})

test('a file of several inputs is named once', () => {
  expect(compareManifests({ left: [a], right: [a] }, { left: [b], right: [b] })).toEqual([
    'input /d/b is new',
    'input /d/a is gone',
  ])
})

test('a long list of changes is cut', () => {
  const many = Array.from({ length: 1000 }, (_, i) => ({ ...a, path: `/d/${i}` }))
  const changes = compareManifests({ input: [] }, { input: many })
  expect(changes.length).toBe(21)
  expect(changes.at(-1)).toBe('980 more files changed')
})
