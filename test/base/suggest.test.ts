import { expect, test } from 'vitest'
import { didYouMean, likeness } from '../../dist/src/base/suggest.js'

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

test.each(['histogram', '', 'xy', 'words', 'q'])('%j resembles none of them', (name) => {
  expect(didYouMean(name, jobs)).toBeUndefined()
})

test('the first of equally close names wins', () => {
  expect(didYouMean('cat', ['bat', 'hat'])).toBe('bat')
})

test('there may be no names', () => {
  expect(didYouMean('x', [])).toBeUndefined()
})

test.each([
  ['caf\u00e9', 'cafe\u0301', /accent/],
  ['price', 'price\r', /invisible/],
  ['price', '\ufeffprice', /invisible/],
  ['unit price', 'unit\u00a0price', /characters|invisible/],
  ['unitprice', 'unit price', /white space/],
  ['ﬁrst', 'first', /different characters/],
])('%j and %j look alike, and the difference is explained', (name, other, reason) => {
  expect(didYouMean(name, ['x', other])).toBe(other)
  expect(likeness(name, other)).toMatch(reason)
  expect(likeness(other, name)).toMatch(reason)
})

test('visible differences are not explained', () => {
  expect(likeness('pric', 'price')).toBeNull()
  expect(likeness('price', 'price')).toBeNull()
})
