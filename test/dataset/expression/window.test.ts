/** Windows of time begin at 1970-01-01 UTC, or at an offset, and have no end that belongs to them. */
import { expect, it } from 'vitest'
import { parseTimestamp } from '../../../dist/src/dataset/expression/parse.js'
import { outputName, resolve } from '../../../dist/src/dataset/expression/resolve.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Expression } from '../../../dist/src/plan/expression.js'
import { type Column, type Type, typeText } from '../../../dist/src/plan/type.js'
import { timeText } from '../../helpers/interpreter/calendar.js'
import { interpret } from '../../helpers/interpreter/interpreter.js'
import type { Value } from '../../helpers/interpreter/value.js'
import { evaluateRows } from '../../helpers/native.js'
import { Random } from '../../helpers/random.js'

const COLUMNS: Column[] = [{ name: 't', type: 'timestamp', nullable: true }]

const windowOf = (...lengths: string[]): Untyped => ({
  kind: 'call',
  fn: 'window',
  args: [{ kind: 'column', name: 't' }, ...lengths.map((value): Untyped => ({ kind: 'literal', value }))],
})

const shown = (value: Value) => (value as bigint[] | null)?.map(timeText).join(' to ') ?? null

it.each([
  [['1 day'], '2024-01-31 12:34:56.789', '2024-01-31 00:00:00 to 2024-02-01 00:00:00'],
  [['1 day'], '1969-12-31 23:59:59.999999', '1969-12-31 00:00:00 to 1970-01-01 00:00:00'],
  [['1 week'], '1970-01-01', '1970-01-01 00:00:00 to 1970-01-08 00:00:00'],
  [['7 days', '7 days', '4 days'], '1969-12-25 13:00:00', '1969-12-22 00:00:00 to 1969-12-29 00:00:00'],
  [['1 hour', '1 hour', '-15 minutes'], '1900-01-01', '1899-12-31 23:45:00 to 1900-01-01 00:45:00'],
  [['1 day 2 hours'], '1900-01-01', '1899-12-31 06:00:00 to 1900-01-01 08:00:00'],
])('%j has %s in %s', (lengths, time, expected) => {
  const expression = resolve(windowOf(...lengths), COLUMNS)
  expect(typeText(expression.type)).toBe('struct<start:timestamp,end:timestamp>')
  const rows = [[parseTimestamp(time)], [null]]
  expect(rows.map((row) => shown(interpret(expression, row, COLUMNS)))).toEqual([expected, null])
  expect(evaluateRows([expression], rows, COLUMNS).map(([value]) => shown(value!))).toEqual([expected, null])
})

/** All starts around a time, one by one. */
function windowsOf(time: bigint, length: bigint, slide: bigint, offset: bigint): Value {
  const windows: Value[] = []
  const around = ((time - offset) / slide) * slide + offset
  const reach = length / slide + 2n
  for (let i = -reach; i <= reach; i++) {
    const start = around + i * slide
    if (start <= time && time < start + length) windows.push([start, start + length])
  }
  return windows
}

it('windows that overlap are all that an instant is in', () => {
  const window: Type = {
    type: 'struct',
    fields: ['start', 'end'].map((name): Column => ({ name, type: 'timestamp', nullable: false })),
  }
  const random = new Random(5)
  for (let round = 0; round < 300; round++) {
    const length = BigInt(1 + random.below(50))
    const slide = BigInt(1 + random.below(Number(length)))
    const offset = BigInt(random.below(2 * Number(slide) - 1)) - slide + 1n
    const rows: Value[][] = random.times(20, () => [random.below(9) === 0 ? null : BigInt(random.below(400) - 200)])
    const expression: Expression = {
      op: 'call',
      fn: 'windows',
      args: [
        { op: 'column', name: 'm', type: 'long', nullable: true },
        ...[length, slide, offset].map((value): Expression => ({ op: 'literal', value: `${value}`, type: 'long' })),
      ],
      type: { type: 'array', element: window, containsNull: false },
      nullable: true,
    }
    const found = evaluateRows([expression], rows, [{ name: 'm', type: 'long', nullable: true }])
    const expected = rows.map(([time]) => [time === null ? null : windowsOf(time as bigint, length, slide, offset)])
    expect(found, `length ${length}, slide ${slide}, offset ${offset}`).toEqual(expected)
  }
})

it('is called window', () => {
  expect(outputName(windowOf('1 day'), COLUMNS)).toBe('window')
})

it.each([
  [['1 month'], /not the same length/],
  [['0 seconds'], /above zero/],
  [['-1 day'], /above zero/],
  [['x'], /not a length of time/],
  [['1 day', '6 hours'], /overlap/],
  [['1 hour', '2 hours'], /at most its length/],
  [['1 day', '0 seconds'], /above zero/],
  [['1 day', '6 hours', '7 hours'], /its slide/],
  [['1 hour', '1 hour', '90 minutes'], /below its length/],
  [['1 parsec'], /unknown unit/],
])('of %j is refused', (lengths, message) => {
  expect(() => resolve(windowOf(...lengths), COLUMNS)).toThrow(message)
})
