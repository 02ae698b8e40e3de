/**
 * Of all rows, those for which a condition is likely to hold: a guess, for what costs time and nothing else.
 *
 * Source: where nothing is known of the values, the shares are those of Selinger et al., Access Path Selection (1979), table 1.
 */
import type { CallExpression, ColumnExpression, Expression, LiteralExpression } from '../../plan/expression.js'
import { sameType } from '../../plan/type.js'
import { conjuncts } from '../tree.js'

/** What files say of the values of a column. */
export interface ColumnValues {
  /** Stored for a value, with all that makes them fewer; absent: unknown. */
  bits?: number
  /** Of whole numbers, dates, times and decimals; null, or absent: unknown. */
  least?: bigint | null
  greatest?: bigint | null
}

type ValuesOf = (column: string) => ColumnValues | null

const EQUAL = 1 / 10
const BEYOND = 1 / 3
/** Values are not spread evenly, and the greatest of them may be a mark: what bounds say counts down to this part of the guess without them. */
const LEAST_OF_GUESS = 1 / 4

export function shareOf(where: Expression, valuesOf: ValuesOf): number {
  const bounds = new Map<string, Bounds>()
  let share = 1
  for (const condition of conjuncts(where)) {
    const compared = comparison(condition)
    if (compared === null) share *= shareOfOne(condition, valuesOf)
    else {
      const known = bounds.get(compared.name) ?? new Bounds()
      known.add(compared)
      bounds.set(compared.name, known)
    }
  }
  for (const [name, known] of bounds) share *= known.share(valuesOf(name))
  return share
}

function shareOfOne(where: Expression, valuesOf: ValuesOf): number {
  if (where.op !== 'call') return 1
  const { fn, args } = where
  switch (fn) {
    case 'or': {
      const [a, b] = [shareOf(args[0]!, valuesOf), shareOf(args[1]!, valuesOf)]
      return a + b - a * b
    }
    case 'not':
      return 1 - shareOf(args[0]!, valuesOf)
    case 'eq':
    case 'eqNullSafe':
      return equalShare(where, valuesOf)
    case 'ne':
      return 1 - equalShare(where, valuesOf)
    case 'in':
      return Math.min(1 / 2, (args.length - 1) * equalShare(where, valuesOf))
    case 'isNull':
    case 'like':
    case 'rlike':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return EQUAL
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return BEYOND
    default:
      return 1
  }
}

/** A column of few values is stored in few bits: of three values, which take two, one is likely to be in a quarter of the rows. */
function equalShare({ args }: CallExpression, valuesOf: ValuesOf): number {
  const column = args.find((arg): arg is ColumnExpression => arg.op === 'column')
  const bits = column && args.some(({ op }) => op === 'literal') ? valuesOf(column.name)?.bits : undefined
  return bits === undefined ? EQUAL : Math.max(EQUAL, 2 ** -bits)
}

interface Comparison {
  name: string
  /** Of column and value, in this order. */
  fn: 'lt' | 'le' | 'gt' | 'ge'
  /** null: of a type whose values have no distances. */
  value: bigint | null
}

const MIRRORED = { lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' } as const

function comparison(where: Expression): Comparison | null {
  if (where.op !== 'call' || !(where.fn in MIRRORED)) return null
  const fn = where.fn as keyof typeof MIRRORED
  const [a, b] = where.args as [Expression, Expression]
  if (a.op === 'column' && b.op === 'literal') return { name: a.name, fn, value: numberOf(b, a) }
  if (a.op === 'literal' && b.op === 'column') return { name: b.name, fn: MIRRORED[fn], value: numberOf(a, b) }
  return null
}

function numberOf({ type, value }: LiteralExpression, column: ColumnExpression): bigint | null {
  const isWhole = typeof type === 'object' ? type.type === 'decimal' : WHOLE.has(type)
  return isWhole && value !== null && sameType(type, column.type) ? BigInt(value as number | string) : null
}

const WHOLE: ReadonlySet<string> = new Set(['integer', 'long', 'date', 'timestamp', 'timestamp_ntz'])

/** What comparisons leave of the values of a column. */
class Bounds {
  #guess = 1
  #least: bigint | null = null
  #greatest: bigint | null = null

  add({ fn, value }: Comparison): void {
    this.#guess *= BEYOND
    if (value === null) return
    if (fn === 'gt' || fn === 'ge') {
      const least = fn === 'gt' ? value + 1n : value
      if (this.#least === null || least > this.#least) this.#least = least
    } else {
      const greatest = fn === 'lt' ? value - 1n : value
      if (this.#greatest === null || greatest < this.#greatest) this.#greatest = greatest
    }
  }

  share(values: ColumnValues | null): number {
    const [least, greatest] = [values?.least ?? null, values?.greatest ?? null]
    if (least === null || greatest === null || (this.#least === null && this.#greatest === null)) return this.#guess
    const from = this.#least !== null && this.#least > least ? this.#least : least
    const to = this.#greatest !== null && this.#greatest < greatest ? this.#greatest : greatest
    const spread = to < from ? 0 : Number(to - from + 1n) / Number(greatest - least + 1n)
    return Math.max(spread, this.#guess * LEAST_OF_GUESS)
  }
}
