/** The tables of random queries, their values, and what these look like when both systems have answered. */
import * as runjob from '../../../dist/src/index.js'
import type { Random } from '../random.js'

// The columns of a random query are unknown to the compiler.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Any = any

export const api = runjob as Any

export type Kind = 'int' | 'long' | 'double' | 'decimal' | 'string' | 'boolean' | 'date' | 'timestamp'

export interface Column {
  name: string
  kind: Kind
  /** No number in it is larger: overflow is a test of its own. */
  most: number
  /** Sums of its numbers are exact, in whatever order. */
  isExact: boolean
}

export function column(name: string, kind: Kind, most = 1e9, isExact = true): Column {
  return { name, kind, most, isExact }
}

export const TABLES: Record<string, Column[]> = {
  t: [
    column('id', 'long', 10_000),
    column('a', 'int', 1000),
    column('b', 'int', 1000),
    column('x', 'double', 500),
    column('d', 'decimal', 1000),
    column('s', 'string'),
    column('u', 'string'),
    column('f', 'boolean'),
    column('day', 'date'),
    column('ts', 'timestamp'),
  ],
  r: [
    column('k', 'int', 1000),
    column('name', 'string'),
    column('w', 'double', 500),
    column('since', 'date'),
    column('dw', 'decimal', 1000),
  ],
}

export const SQL_TYPES: Record<Kind, string> = {
  int: 'INTEGER',
  long: 'BIGINT',
  double: 'DOUBLE',
  decimal: 'DECIMAL(10,2)',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
}

/** Values that JSON has, one in eight missing. `id` counts the rows, so it is their order. */
export function randomRow(random: Random, columns: readonly Column[], i: number): Record<string, unknown> {
  return Object.fromEntries(
    columns.map(({ name, kind }) => [
      name,
      name === 'id' ? i : random.below(8) === 0 ? null : randomValue(random, kind),
    ]),
  )
}

const TEXTS = [
  ...[
    '',
    'a',
    'A',
    'b',
    'ab',
    'x y',
    'été',
    'ÉTÉ',
    '中文',
    '%',
    '_',
    '😀',
    "it's",
    '"q"',
    'a,b',
    'z\tz',
    ' pad ',
    '\\',
    'a\nb',
  ],
  // Longer than what fits inside of a view.
  'thirteen long',
  'a text that goes on and on',
  'a text that goes on and off',
]

/** Doubles are quarters, so that sums are exact in any order. Few different values as well as many: keys must meet. */
export function randomValue(random: Random, kind: Kind): string | number | boolean {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = () =>
    random.below(3) === 0
      ? `2024-02-${two(25 + random.below(5))}`
      : `${1969 + random.below(60)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`
  switch (kind) {
    case 'int':
      return random.pick([random.below(10), random.below(2000) - 1000])
    case 'long':
      return random.pick([random.below(10), random.below(1000)])
    case 'double':
      return random.pick([random.below(8) / 4, (random.below(4000) - 2000) / 4, -0.0])
    case 'decimal':
      return random.pick([random.below(300) / 100, (random.below(200_000) - 100_000) / 100])
    case 'string':
      return random.pick(TEXTS)
    case 'boolean':
      return random.below(2) === 0
    case 'date':
      return day()
    case 'timestamp':
      return `${day()}T${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}.${String(random.below(1000)).padStart(3, '0')}Z`
  }
}

export function schemaOf(columns: readonly Column[]): Any {
  const types = { ...api, decimal: () => api.decimal(10, 2) }
  return Object.fromEntries(columns.map(({ name, kind }) => [name, api.nullable(types[kind]())]))
}

/** A row as text, equal for equal values of both systems. */
export function canonical(row: Record<string, unknown>, columns: readonly Column[]): string {
  return columns.map(({ name, kind }) => canonicalValue(row[name], kind)).join(' | ')
}

function canonicalValue(value: unknown, kind: Kind): string {
  if (value === null || value === undefined) return 'null'
  switch (kind) {
    case 'string':
      return JSON.stringify(value)
    case 'timestamp': {
      const text = value instanceof Date ? value.toISOString() : String(value).replace(/ (.*)$/, 'T$1Z')
      return new Date(text).toISOString()
    }
    case 'double':
      // -0.0 is 0.0.
      return String(Number(Number(value).toPrecision(12)) + 0)
    case 'decimal':
      return /\./.test(String(value)) ? String(value).replace(/\.?0+$/, '') : String(value)
    default:
      return String(value)
  }
}
