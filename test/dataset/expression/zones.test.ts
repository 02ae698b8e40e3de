/** Offsets in the text of an instant: the same that native code knows (text_time.cc). */
import { expect, it } from 'vitest'
import { parseTimestamp } from '../../../dist/src/dataset/expression/parse.js'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import type { Column } from '../../../dist/src/plan/type.js'
import { evaluateRows } from '../../helpers/native.js'

const COLUMNS: Column[] = [{ name: 's', type: 'string', nullable: true }]

it.each([
  ['-121', null],
  ['+1:2:3', null],
  ['+123', null],
  ['+12345', null],
  ['+1:', null],
  ['+1:60', null],
  ['+19', null],
  ['+5', 5 * 60],
  ['-0530', -330],
  ['+5:30', 330],
  ['+05:3', 303],
  ['UTC+01:00:00', 60],
])('of %s are %s minutes', (zone, minutes) => {
  const text = `1970-01-01 00:00:00${zone}`
  const expected = minutes === null ? null : BigInt(-minutes) * 60_000_000n
  expect(parseTimestamp(text)).toBe(expected)
  const cast = resolve({ kind: 'cast', arg: { kind: 'column', name: 's' }, to: 'timestamp', try: true }, COLUMNS)
  expect(evaluateRows([cast], [[text]], COLUMNS)).toEqual([[expected]])
})
