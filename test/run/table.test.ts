import { expect, test } from 'vitest'
import type { Column } from '../../dist/src/plan/type.js'
import { renderTable } from '../../dist/src/run/table.js'

const columns: Column[] = [
  { name: 'path', type: 'string', nullable: false },
  { name: 'n', type: 'long', nullable: true },
]

test('a table has names and types, numbers to the right, and missing values as null', () => {
  const rows = [
    { path: '/a', n: 12 },
    { path: '/längere/pfade', n: null },
  ]
  expect(renderTable(columns, rows, { width: 80, total: 2 })).toBe(
    [
      '┌────────────────┬────────┐',
      '│ path           │      n │',
      '│ string         │ bigint │',
      '├────────────────┼────────┤',
      '│ /a             │     12 │',
      '│ /längere/pfade │   null │',
      '└────────────────┴────────┘',
      '2 rows',
      '',
    ].join('\n'),
  )
})

test('rows that are not shown are counted', () => {
  const rows = [{ path: '/a', n: 1 }]
  expect(renderTable(columns, rows, { width: 80, total: 1234 })).toMatch(/\n1 of 1,234 rows\n$/)
  expect(renderTable(columns, rows, { width: 80, total: null })).toMatch(/\nfirst row\n$/)
  expect(renderTable(columns, [], { width: 80, total: 0 })).toMatch(/\n0 rows\n$/)
})

test('no line is wider than the terminal: long cells end in …, and columns without room are left out', () => {
  const many = Array.from({ length: 12 }, (_, i): Column => ({ name: `column${i}`, type: 'string', nullable: false }))
  const row = Object.fromEntries(many.map(({ name }) => [name, `${name} has a long text`]))
  const text = renderTable(many, [row], { width: 50, total: 1 })
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(50)
  expect(text).toContain('…')
  expect(text).toMatch(/\n1 row, 4 of 12 columns\n$/)
  expect(renderTable(many, [row], { width: Number.POSITIVE_INFINITY, total: 1 })).not.toContain('…')
})

test('values of every type are readable, and none can control the terminal', () => {
  const types: Column[] = [
    { name: 's', type: 'string', nullable: true },
    { name: 't', type: 'timestamp', nullable: true },
    { name: 'b', type: 'binary', nullable: true },
    { name: 'l', type: { type: 'array', element: 'integer', containsNull: true }, nullable: true },
    { name: 'o', type: { type: 'struct', fields: [{ name: 'x', type: 'double', nullable: true }] }, nullable: true },
    { name: 'm', type: { type: 'decimal', precision: 5, scale: 2 }, nullable: true },
  ]
  const row = {
    s: 'a\n\u001b[31m',
    t: new Date(0),
    b: new Uint8Array([1, 255]),
    l: [1, null],
    o: { x: 1.5 },
    m: '1.20',
  }
  const line = renderTable(types, [row], { width: 200, total: 1 }).split('\n')[4]
  expect(line).toBe(
    '│ a\\n\\x1b[31m │ 1970-01-01T00:00:00.000Z │ 01ff   │ [1, null]  │ {x: 1.5}         │         1.20 │',
  )
})

test('wide characters take two columns', () => {
  const text = renderTable([columns[0]!], [{ path: '日本' }, { path: 'ab' }], { width: 80, total: 2 })
  expect(text.split('\n')[4]).toBe('│ 日本   │')
  expect(text.split('\n')[5]).toBe('│ ab     │')
})
