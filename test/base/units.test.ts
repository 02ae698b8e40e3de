import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, parseBytes, parseDuration } from '../../dist/src/base/units.js'

test.each([
  ['512MB', 512e6],
  ['512mb', 512e6],
  ['2GiB', 2 * 2 ** 30],
  ['2gib', 2 * 2 ** 30],
  ['1.5g', 1.5 * 2 ** 30],
  ['1.5 GB', 1.5e9],
  [' 10k ', 10 * 1024],
  ['10kb', 10_000],
  ['1t', 2 ** 40],
  ['.5m', 2 ** 19],
  ['1000', 1000],
  ['1000B', 1000],
  [4096, 4096],
  [10.7, 10],
])('%j is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes)
})

test.each(['', 'MB', '12 apples', '1e6', '-5MB', '5ib', '1,5g', '0', '0.1', '99999999t', Number.NaN, -1, Infinity])(
  '%j is not a size',
  (text) => {
    expect(() => parseBytes(text, 'memory')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  },
)

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  [' 10 min ', 600_000],
  ['10m', 600_000],
  ['1.5h', 5_400_000],
  ['2D', 172_800_000],
  [250, 250],
  [0.5, 1],
])('%j is %d milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '10', 's', '1e3s', '-5s', '0s', '25d', 0, -1, Number.NaN, Infinity])('%j is not a duration', (text) => {
  expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 KB'],
  [1234, '1.23 KB'],
  [12_345, '12.3 KB'],
  [99_949, '99.9 KB'],
  [99_950, '100 KB'],
  [999_499, '999 KB'],
  [999_500, '1.00 MB'],
  [45_600_000_000, '45.6 GB'],
  [1e15, '1.00 PB'],
  [5e19, '50000 PB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0, '0 ms'],
  [87.4, '87 ms'],
  [999.4, '999 ms'],
  [999.5, '1.0 s'],
  [4210, '4.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [187_000, '3 min 07 s'],
  [3_599_400, '59 min 59 s'],
  [3_599_600, '1 h 00 min'],
  [7_500_000, '2 h 05 min'],
  [360_000_000, '100 h 00 min'],
])('%d ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567, '1,234,567'],
  [-123_456, '-123,456'],
])('%d is shown as %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})
