/** Maps that provably only read fields of their row by name. */
import { describe, expect, it } from 'vitest'
import { fieldsRead } from '../../../../dist/src/engine/task/source/fields_only.js'

/** As in a module, which is strict. */
function asFunction(source: string): (...args: never[]) => unknown {
  return new Function(`'use strict'; const user = 'u', emit = 0, helper = 0, count = {}; return (${source}\n)`)()
}

const READS = [
  '(row, emit) => emit(row.city, Number(row.price))',
  'row => row.city',
  'function map(row, emit) { emit(row.city, 1) }',
  'function (row) { return row.city === "x" && row.price >= 2 }',
  '{ map(row, emit) { emit(row.city + row.price, 1) } }.map',
  '({ city, price: p }, emit) => emit(city, p)',
  "({ city, 'unit price': p, }, emit) => emit(city, p)",
  '(row) => { const { city, price } = row; emit(city, price) }',
  '(row) => { const { city } = row; let { price: p } = row; return city + p }',
  '(row) => row[user] ?? ""',
  '(row, emit, ctx) => emit(row[ctx.params], 1)',
  '(row) => row["unit price"].trim() + row?.city',
  '(row) => { count[row.city] = (count[row.city] ?? 0) + 1 }',
  '(row) => { const [a, b] = row.city.split("-"); emit(a, b) }',
  '(row) => { for (const part of row.city.split(" ")) emit(part, 1) }',
  '(r$, emit) => emit(r$.city)',
  '(ряд, emit) => emit(ряд.город)',
  '(row, emit) => emit(row.city) // the end',
  '(row) => { const rows = 1, arrow = 2; return rows + arrow + row.city }',
  '({ city }) => city',
]

const MAY_DO_MORE = [
  '(row) => helper(row)',
  '(row) => ({ ...row })',
  '(row) => { const { city, ...rest } = row; return rest }',
  '({ city, ...rest }) => rest',
  '({ city = "x" }) => city',
  '({ [user]: u }) => u',
  '(row = {}) => row.city',
  '(...rows) => rows[0].city',
  '([row]) => row.city',
  '(row) => { const same = row; return same.city }',
  '(row) => { let other; other = { city: other } = row; return other }',
  '(row) => Object.keys(row)',
  '(row) => "city" in row',
  '(row) => { for (const name in row) emit(name) }',
  '(row) => JSON.stringify({ row })',
  '(row) => [row]',
  '(row) => row',
  '(row) => row.valueOf()',
  '(row) => row.hasOwnProperty',
  '(row) => row.constructor',
  '(row) => row.city()',
  '(row) => row.city?.()',
  '(row) => row.city`x`',
  '(row) => { row.city = "x" }',
  '(row) => { row.n += 1 }',
  '(row) => { row.n ??= 1 }',
  '(row) => { row.n++ }',
  '(row) => { --row.n }',
  '(row) => { delete row.n }',
  '(row) => { [row.f] = [helper]; (row.f)() }',
  '(row) => { [row.f] /* so */ = [helper]; (row.f)() }',
  '(row) => { ({ f: row.f } = { f: helper }); (row.f)() }',
  '(row) => { [[row.f]] = [[helper]]; (row.f)() }',
  '(row) => { for (row.f of [helper]) (row.f)() }',
  '(row) => { row.f /* so */ = helper }',
  '(row) => { delete /* so */ row.f }',
  '(row) => row[helper()]',
  '(row) => row["__proto__"]',
  '(row) => ((row) => row)(row.city)',
  'function (row) { return arguments[0] }',
  '(row) => eval("row")',
  '(row) => r\\u006fw',
  '(row) => { return row // .city\n}',
  '(row) => (row?.5:1)',
  'function (row) {}.bind(null)',
  '() => 1',
]

describe('a map', () => {
  it.each(READS)('reads fields only: %s', (source) => {
    const isMethod = source.endsWith('.map')
    expect(fieldsRead(asFunction(isMethod ? `(${source.slice(0, -4)}).map` : source))).not.toBeNull()
  })

  it.each(MAY_DO_MORE)('may do more: %s', (source) => {
    expect(fieldsRead(asFunction(source))).toBeNull()
  })

  it('may do more if it is not strict: functions that it calls can read its arguments', () => {
    expect(fieldsRead(new Function('row', 'return row.city') as () => void)).toBeNull()
  })

  it.each([
    ['(row) => row.city + row["unit price"] + row.city', ['city', 'unit price'], false],
    ['({ city, price: p }, emit) => emit(city, p)', ['city', 'price'], false],
    ['(row) => { const { user: { id } } = { user: row.a }; return id }', ['a'], false],
    ['(row) => row.user.name + row.tags[0].city', ['user', 'tags'], false],
    ['(row) => row[user] + row.city', ['city'], true],
    ['(row, emit, ctx) => emit(row[ctx.params], 1)', [], true],
    ['(row) => 1', [], false],
  ])('reads these: %s', (source, names, any) => {
    const read = fieldsRead(asFunction(source))
    expect([...read!.names]).toEqual(names)
    expect(read!.any).toBe(any)
  })
})
