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

test('whole numbers up to 2^53 are written as bigints are', () => {
  const columns: Column[] = [{ name: 'x', type: 'long', nullable: false }]
  const numbers = [0, -0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 1 - 2 ** 53]
  const asNumbers = encodeRows(
    numbers.map((x) => ({ x })),
    columns,
  )
  const asBigints = encodeRows(
    numbers.map((x) => ({ x: BigInt(x) })),
    columns,
  )
  expect(Buffer.from(asNumbers)).toEqual(Buffer.from(asBigints))
})

test('fields may have any name, and only those of the object itself count', () => {
  const columns = ['__proto__', 'toString', 'constructor', 'a"b', '', '\u2028'].map((name): Column => {
    return { name, type: 'integer', nullable: true }
  })
  const full = Object.fromEntries(columns.map(({ name }, i) => [name, i]))
  const bare = Object.assign(Object.create(null) as object, full)
  const none = Object.fromEntries(columns.map(({ name }) => [name, null]))
  expect(decodeRows(encodeRows([full, {}, bare], columns), columns)).toEqual([full, none, full])
})

test('what is no row is refused, and the first wrong field of one is named', () => {
  const columns: Column[] = [
    { name: 'a', type: 'integer', nullable: true },
    { name: 'b', type: 'string', nullable: false },
  ]
  const writer = new RowWriter(rowForm(columns, (problem) => new RangeError(problem)))
  class Row {
    a = 1
    b = 'x'
  }
  const refused: [row: unknown, problem: string][] = [
    [new Row(), 'an element is an object of a class, not an object with the fields a, b'],
    [new Map(), 'an element is a Map'],
    [null, 'an element is null'],
    [() => 1, 'an element is a function'],
    [{ a: 'x', b: 1, c: 1 }, 'the field "a" is "x", and is declared as int'],
    [{ a: 1, b: 1, c: 1 }, 'the field "b" is 1'],
    [{ a: 1 }, 'the field "b" is null, and is declared as string, which is not nullable'],
    [{ a: 1, b: 'x', c: 1 }, 'an element has the field "c", but there is no such column: a, b'],
    [[1], 'an element is a list of 1, but there are 2 columns: a, b'],
    [[undefined, 'x'], 'the field "a" is undefined'],
    [{ a: 1, b: '\ud800' }, 'the field "b" is'],
  ]
  for (const [row, problem] of refused) expect(() => writer.add(row), problem).toThrow(problem)
  for (const row of [{ b: 'x', c: undefined }, { a: undefined, b: 'x' }, new Proxy({ b: 'x' }, {}), [null, 'x']]) {
    writer.add(row)
  }
  expect(decodeRows(writer.take(), columns)).toEqual(Array(4).fill({ a: null, b: 'x' }))
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
