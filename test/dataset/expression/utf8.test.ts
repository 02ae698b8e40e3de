/** Text is UTF-8: bytes that are not do not become text in silence. */
import { expect, it } from 'vitest'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Column, Type } from '../../../dist/src/plan/type.js'
import { evaluateRows } from '../../helpers/native.js'

const COLUMNS: Column[] = [{ name: 'x', type: 'binary', nullable: true }]

const evaluated = (hex: string, isTry: boolean) => {
  const tree: Untyped = { kind: 'cast', arg: { kind: 'column', name: 'x' }, to: 'string', try: isTry }
  return evaluateRows([resolve(tree, COLUMNS)], [[Buffer.from(hex, 'hex')]], COLUMNS)[0]![0]
}

it.each([
  ['', ''],
  ['41c3a9', 'Aé'],
  ['efbfbd', '\ufffd'],
  ['f09f9880', '😀'],
])('%s is %j', (hex, text) => {
  expect(evaluated(hex, false)).toBe(text)
})

it.each(['ff', '41c3', 'eda080', 'c080', 'f09f98', 'efbf'])('%s is no text', (hex) => {
  expect(() => evaluated(hex, false)).toThrow('CAST_INVALID')
  expect(evaluated(hex, true)).toBe(null)
})

it('is asked of each list of bytes', () => {
  const type: Type = { type: 'array', element: 'binary', containsNull: true }
  const tree: Untyped = { kind: 'cast', arg: { kind: 'column', name: 'a' }, to: 'string', try: false }
  expect(() => resolve(tree, [{ name: 'a', type, nullable: true }])).toThrow('array<binary> cannot become string')
})
