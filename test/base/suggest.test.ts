import { expect, test } from 'vitest'
import { didYouMean } from '../../dist/src/base/suggest.js'

const jobs = ['wordcount', 'grep', 'sort', 'top', 'join']

test.each([
  ['wordcuont', 'wordcount'],
  ['WordCount', 'wordcount'],
  ['wrdcount', 'wordcount'],
  ['grpe', 'grep'],
  ['greb', 'grep'],
  ['tp', 'top'],
])('%s is taken for %s', (name, expected) => {
  expect(didYouMean(name, jobs)).toBe(expected)
})

test.each(['histogram', '', 'xy', 'words'])('%j is like none of them', (name) => {
  expect(didYouMean(name, jobs)).toBeUndefined()
})

test('the first of equally close names wins', () => {
  expect(didYouMean('cat', ['bat', 'hat'])).toBe('bat')
})

test('there may be no names', () => {
  expect(didYouMean('x', [])).toBeUndefined()
})
