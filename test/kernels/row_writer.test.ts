/** Rows that JavaScript writes are read as they were. */
import { expect, test } from 'vitest'
import { encodeRows, RowWriter, rowForm } from '../../dist/src/kernels/row_writer.js'
import { dateText, decodeRows, type Row, timeText } from '../../dist/src/kernels/rows.js'
import type { Column } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'

const seed = Number(process.env.SEED ?? 7)
const COLUMNS: Column[] = [
  { name: 'long', type: 'long', nullable: true },
  { name: 'wide', type: { type: 'decimal', precision: 38, scale: 3 }, nullable: true },
  { name: 'date', type: 'date', nullable: false },
  { name: 'local', type: 'timestamp_ntz', nullable: false },
  { name: 'list', type: { type: 'array', element: 'double', containsNull: true }, nullable: true },
  { name: 'text', type: 'string', nullable: false },
]

test(`values of any size come out as they went in, seed ${seed}`, () => {
  const random = new Random(seed)
  const rows = random.times(3000, (): Row => {
    const digits = `${1 + random.below(9)}${random.times(random.below(34), () => random.below(10)).join('')}`
    const micros = BigInt(random.below(2 ** 31) - 2 ** 30) * BigInt(1 + random.below(2 ** 24))
    return {
      long: random.below(3) === 0 ? null : random.below(2 ** 31) * random.below(2 ** 20) - 2 ** 50,
      wide: random.below(4) === 0 ? null : `${random.below(2) === 0 ? '-' : ''}${digits}.${100 + random.below(900)}`,
      date: dateText(random.below(12_000_000) - 4_000_000),
      local: timeText(micros),
      list: random.pick([null, [], [null, -0, Number.NaN], random.times(random.below(20), () => random.below(9) / 7)]),
      text: random.pick(['', 'a', 'é', '😀', 'x'.repeat(random.below(3000))]),
    }
  })
  expect(decodeRows(encodeRows(rows, COLUMNS), COLUMNS)).toEqual(rows)
})

test('numbers become decimals through their shortest text, and nothing is cut off', () => {
  const columns: Column[] = [{ name: 'x', type: { type: 'decimal', precision: 7, scale: 2 }, nullable: false }]
  const writer = new RowWriter(rowForm(columns, (problem) => new RangeError(problem)))
  const accepted = [0.1, 1.005e2, 1e4, 12345n, '99999.99', '-0', '1.500', 1e-2, '+7']
  for (const x of accepted) writer.add({ x })
  for (const x of [1e5, 0.001, '1e', '', ' 1', '1.505', Number.POSITIVE_INFINITY, true, 100_000n]) {
    expect(() => writer.add([x]), String(x)).toThrow(RangeError)
  }
  const found = decodeRows(writer.take(), columns).map(({ x }) => x)
  expect(found).toEqual(['0.10', '100.50', '10000.00', '12345.00', '99999.99', '0.00', '1.50', '0.01', '7.00'])
})

test('a row that is taken back leaves nothing', () => {
  const columns: Column[] = [
    { name: 'a', type: 'string', nullable: true },
    { name: 'b', type: 'integer', nullable: true },
  ]
  const writer = new RowWriter(rowForm(columns, (problem) => new RangeError(problem)))
  writer.add({ a: 'kept' })
  const { size } = writer
  writer.add(['long enough to be seen', 1])
  writer.cutTo(size)
  expect(() => writer.add({ a: 'half', b: 'no' })).toThrow('the field "b" is "no"')
  writer.add([null, 2])
  expect(decodeRows(writer.take(), columns)).toEqual([
    { a: 'kept', b: null },
    { a: null, b: 2 },
  ])
})
