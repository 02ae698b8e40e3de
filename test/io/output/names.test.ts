import { expect, test } from 'vitest'
import { partName, partsAmong } from '../../../dist/src/io/output/names.js'

test('parts are named by kind, number and format', () => {
  expect(partName('r', 0, { kind: 'text' }, null)).toBe('part-r-00000.txt')
  expect(partName('m', 12, { kind: 'tsv', escape: true }, 'gzip')).toBe('part-m-00012.tsv.gz')
  expect(partName('r', 123_456, { kind: 'csv', delimiter: ',', header: null }, null)).toBe('part-r-123456.csv')
  expect(partName('r', 7, { kind: 'jsonl' }, null)).toBe('part-r-00007.jsonl')
  expect(partName('r', 7, { kind: 'jsonl' }, 'gzip', 12)).toBe('part-r-00007_00012.jsonl.gz')
})

test('parts are in the order of their numbers', () => {
  const names = ['part-r-123456.csv', '_SUCCESS', 'part-r-00010.csv', 'part-r-00009.csv', 'named', 'part-r-1.csv']
  expect(partsAmong(names)).toEqual(['part-r-00009.csv', 'part-r-00010.csv', 'part-r-123456.csv'])
  const several = ['part-r-00001_00002.csv', 'part-r-00002.csv', 'part-r-00001.csv', 'part-r-00001_00001.csv']
  const inOrder = ['part-r-00001.csv', 'part-r-00001_00001.csv', 'part-r-00001_00002.csv', 'part-r-00002.csv']
  expect(partsAmong(several)).toEqual(inOrder)
  // As inputs, files are read in the order of their names.
  expect(several.toSorted()).toEqual(inOrder)
})
