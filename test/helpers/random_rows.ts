/** Random columns of all types, and rows of them. */
import type { Row } from '../../dist/src/kernels/rows.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import type { Random } from './random.js'

const SIMPLE = [
  'boolean',
  'integer',
  'long',
  'double',
  'string',
  'binary',
  'date',
  'timestamp',
  'timestamp_ntz',
] as const satisfies readonly Type[]

export function randomColumns(random: Random): Column[] {
  return Array.from({ length: 1 + random.below(6) }, (_, i) => ({
    name: random.pick(['c', 'größe ', 'a.b']) + i,
    type: randomType(random, 2),
    nullable: random.below(3) > 0,
  }))
}

function randomType(random: Random, depth: number): Type {
  const kind = random.below(depth > 0 ? 9 : 6)
  if (kind < 5) return random.pick(SIMPLE)
  if (kind === 5) {
    const precision = random.pick([1, 9, 18, 19, 28, 38])
    return { type: 'decimal', precision, scale: random.below(precision + 1) }
  }
  if (kind === 6) return { type: 'array', element: randomType(random, depth - 1), containsNull: random.below(2) === 0 }
  const fields = Array.from({ length: 1 + random.below(3) }, (_, i) => ({
    name: `f${i}`,
    type: randomType(random, depth - 1),
    nullable: random.below(2) === 0,
  }))
  return { type: 'struct', fields }
}

/** Columns differ in how many values they have, and in their order. */
export function randomRows(random: Random, columns: readonly Column[], count: number): Row[] {
  const makers = columns.map((column) => [column.name, fieldMaker(random, column, count)] as const)
  return Array.from({ length: count }, (_, i) => Object.fromEntries(makers.map(([name, make]) => [name, make(i)])))
}

function fieldMaker(random: Random, { type, nullable }: Column, rows: number): (row: number) => unknown {
  const make = valueMaker(random, type, rows)
  if (!nullable) return make
  const one = random.pick([2, 10, 1000])
  // Stretches of nulls are pages of nothing else.
  const width = random.pick([1, 50, 30_000])
  return (row) => (random.below(one) === 0 || Math.floor(row / width) % 5 === 3 ? null : make(row))
}

function valueMaker(random: Random, type: Type, rows: number): (row: number) => unknown {
  const values = random.pick([1, 3, 300, 1_000_000])
  const isSorted = random.below(3) === 0
  const number = (row: number) => (isSorted ? Math.floor((row * values) / rows) : random.below(values))
  if (typeof type === 'object') {
    switch (type.type) {
      case 'decimal': {
        const { precision, scale } = type
        const most = 10n ** BigInt(precision) - 1n
        return (row) => {
          const sign = random.below(2) === 0 ? 1n : -1n
          return decimalText(sign * (values === 3 ? most : BigInt(number(row)) % (most + 1n)), scale)
        }
      }
      case 'array': {
        const make = fieldMaker(random, { name: '', type: type.element, nullable: type.containsNull }, rows)
        const longest = random.pick([2, 5, 40])
        return (row) => Array.from({ length: random.below(longest) }, () => make(row))
      }
      case 'struct': {
        const makers = type.fields.map((field) => [field.name, fieldMaker(random, field, rows)] as const)
        return (row) => Object.fromEntries(makers.map(([name, make]) => [name, make(row)]))
      }
    }
  }
  const text = (row: number) => {
    const n = number(row)
    return n % 97 === 0 ? 'é€😀'.repeat(n % 40) + n : n % 11 === 0 ? '' : `text ${n}`
  }
  switch (type) {
    case 'boolean':
      return (row) => number(row) % 2 === 0
    case 'integer':
      return (row) => random.pick([number(row), 0 - number(row), 2 ** 31 - 1, -(2 ** 31)])
    case 'long':
      return (row) => random.pick([number(row), 0 - number(row), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
    case 'double':
      return (row) => random.pick([number(row) / 8, -0, 0, Number.NaN, -1e300, number(row)])
    case 'string':
      return text
    case 'binary':
      return (row) => new Uint8Array(Buffer.from(`${text(row)}\xff`, 'latin1'))
    case 'date':
      return (row) => new Date(Date.UTC(2000, 0, 1 + (number(row) % 10_000))).toISOString().slice(0, 10)
    case 'timestamp':
      return (row) => new Date(1_600_000_000_000 - number(row) * 977_777)
    case 'timestamp_ntz':
      return (row) => new Date(1_600_000_000_000 + number(row) * 977_777).toISOString().slice(0, -1)
  }
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  return `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(digits.length - scale)}` : ''}`
}
