/** Where in a line Tab completes names of columns. */
import { expect, test } from 'vitest'
import { placeIn } from '../../dist/src/cli/shell/place.js'

test.each([
  ["df.select('am", 'am', ['df']],
  ['df.select("a", "', '', ['df']],
  ['const x = df.filter(c => c.am', 'am', ['df']],
  ['await df.filter(c => c.price.gt(1).and(c.', '', ['c.price.gt(1)', 'df']],
  ["df.groupBy('a').agg({ x: sum('b", 'b', ["df.groupBy('a')"]],
  ["df.join(other.select('k), (') , (l, r) => l.id.eq(r.i", 'i', ['l.id', 'df']],
  ['df.select(c => [c.a, c.b', 'b', ['df']],
])('%s', (line, typed, receivers) => {
  expect(placeIn(line)).toEqual({ typed, receivers })
})

test.each(['df.', 'df.sel', 'c.a', 'const a = 1', 'df.filter(c => c', 'df.filter(c => x.a', 'Math.max(1, Math.'])(
  'none in %s',
  (line) => {
    expect(placeIn(line)).toBeNull()
  },
)
