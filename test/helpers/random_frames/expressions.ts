/** Random expressions of a kind, over some columns, in both languages. None of them fails: overflow, division by zero and casts that do not fit have tests of their own. */
import { same } from '../../udf/functions.js'
import type { Random } from '../random.js'
import { type Any, api, type Column, type Kind, randomValue, SQL_TYPES } from './tables.js'

export interface Expression {
  js: Any
  sql: string
  /** As in Column. */
  most: number
  isExact: boolean
}

type Columns = readonly Column[]

const MOST_INT = 2 ** 31 - 1
/** Of longs and of whole doubles. */
const MOST_WHOLE = 2 ** 53

export function ofKind(columns: Columns, kind: Kind): Column[] {
  return columns.filter((column) => column.kind === kind)
}

/** @param depth bounds the size */
export function expression(random: Random, columns: Columns, kind: Kind, depth: number): Expression {
  if (depth > 0 && kind !== 'decimal' && random.below(25) === 0)
    return byFunction(expression(random, columns, kind, depth - 1), kind)
  const own = ofKind(columns, kind)
  if (depth === 0 || random.below(3) === 0) {
    if (own.length > 0 && random.below(4) > 0) {
      const { name, most, isExact } = random.pick(own)
      return { js: api.col(name), sql: `"${name}"`, most, isExact }
    }
    return literal(random, kind)
  }
  if (random.below(3) === 0) return choice(random, columns, kind, depth)
  return FAMILIES[kind](random, columns, depth)
}

/** The same value, by way of a function of JavaScript, if a number holds it. */
function byFunction(made: Expression, kind: Exclude<Kind, 'decimal'>): Expression {
  return kind === 'long' && made.most >= MOST_WHOLE ? made : { ...made, js: (same[kind] as Any)(made.js) }
}

/** Of one kind, and of no other. */
function choice(random: Random, columns: Columns, kind: Kind, depth: number): Expression {
  const sub = () => expression(random, columns, kind, depth - 1)
  const [left, right] = [sub(), sub()]
  const both = { most: Math.max(left.most, right.most), isExact: left.isExact && right.isExact }
  switch (random.below(kind === 'boolean' ? 4 : 6)) {
    case 0: {
      const when = condition(random, columns, depth - 1)
      return {
        ...both,
        js: api.when(when.js, left.js).otherwise(right.js),
        sql: `(CASE WHEN ${when.sql} THEN ${left.sql} ELSE ${right.sql} END)`,
      }
    }
    case 1: {
      const when = condition(random, columns, depth - 1)
      return { ...left, js: api.when(when.js, left.js), sql: `(CASE WHEN ${when.sql} THEN ${left.sql} END)` }
    }
    case 2:
      return { ...both, js: api.coalesce(left.js, right.js), sql: `coalesce(${left.sql}, ${right.sql})` }
    case 3:
      return { ...left, js: api.nullIf(left.js, right.js), sql: `nullif(${left.sql}, ${right.sql})` }
    case 4:
      return { ...both, js: api.greatest(left.js, right.js), sql: `greatest(${left.sql}, ${right.sql})` }
    default:
      return { ...both, js: api.least(left.js, right.js), sql: `least(${left.sql}, ${right.sql})` }
  }
}

type Family = (random: Random, columns: Columns, depth: number) => Expression

const FAMILIES: Record<Kind, Family> = {
  int(random, columns, depth) {
    const sub = (of: Kind = 'int') => expression(random, columns, of, depth - 1)
    switch (random.below(7)) {
      case 0: {
        const { js, sql } = sub('string')
        return int(api.length(js), `length(${sql})`)
      }
      case 1: {
        const { js, sql } = sub('date')
        const part = random.pick(['year', 'quarter', 'month', 'dayOfMonth', 'dayOfYear', 'weekOfYear'])
        return int(api[part](js), `CAST(${part === 'weekOfYear' ? 'week' : part}(${sql}) AS INTEGER)`)
      }
      case 2: {
        const { js, sql } = sub('timestamp')
        const part = random.pick(['hour', 'minute', 'second'])
        return int(api[part](js), `CAST(${part}(${sql}) AS INTEGER)`)
      }
      case 3: {
        const [end, start] = [sub('date'), sub('date')]
        return int(api.dateDiff(end.js, start.js), `CAST(${end.sql} - ${start.sql} AS INTEGER)`)
      }
      case 4: {
        // DuckDB rounds where Spark cuts off.
        const from = random.pick<Kind>(['long', 'double', 'decimal', 'boolean'])
        const { js, sql } = sub(from)
        const cut = from === 'double' || from === 'decimal' ? `trunc(${sql})` : sql
        return int(js.tryCast('int'), `TRY_CAST(${cut} AS INTEGER)`, MOST_INT)
      }
      case 5: {
        const { js, sql } = sub()
        const by = 1 + random.below(9)
        return random.below(2) === 0
          ? int(api.mod(js, by), `(${sql} % ${by})`)
          : int(api.pmod(js, by), `(((${sql} % ${by}) + ${by}) % ${by})`)
      }
      default:
        return arithmetic(random, sub(), sub(), MOST_INT)
    }
  },
  long(random, columns, depth) {
    const sub = (of: Kind) => expression(random, columns, of, depth - 1)
    switch (random.below(4)) {
      case 0: {
        const { js, sql, most } = sub('int')
        return { js: js.cast('bigint'), sql: `CAST(${sql} AS BIGINT)`, most, isExact: true }
      }
      case 1: {
        const { js, sql, most } = sub('double')
        const fn = random.pick(['floor', 'ceil'])
        if (most > MOST_WHOLE) return literal(random, 'long')
        // NaN and infinities have no whole part.
        return {
          js: api[fn](api.when(js.between(-most, most), js)),
          sql: `CAST(${fn}(CASE WHEN ${sql} BETWEEN -${most} AND ${most} THEN ${sql} END) AS BIGINT)`,
          most: most + 1,
          isExact: true,
        }
      }
      default:
        return arithmetic(random, sub('long'), sub('long'), MOST_WHOLE)
    }
  },
  double(random, columns, depth) {
    const sub = (of: Kind = 'double') => expression(random, columns, of, depth - 1)
    switch (random.below(4)) {
      case 0: {
        const [left, right] = [sub(), sub()]
        return {
          js: left.js.div(api.nullIf(right.js, api.lit(0).cast('double'))),
          sql: `(${left.sql} / nullif(${right.sql}, 0::DOUBLE))`,
          // A quarter is the least of exact numbers; others are not bounded.
          most: left.isExact && right.isExact ? left.most * 4 : Number.POSITIVE_INFINITY,
          isExact: false,
        }
      }
      case 1: {
        const { js, sql, most } = sub(random.pick<Kind>(['int', 'long', 'decimal']))
        return { js: js.cast('double'), sql: `CAST(${sql} AS DOUBLE)`, most, isExact: false }
      }
      default:
        return arithmetic(random, sub(), sub(), Number.POSITIVE_INFINITY)
    }
  },
  decimal(random, columns, depth) {
    const sub = (of: Kind) => expression(random, columns, of, depth - 1)
    if (random.below(4) === 0) {
      const { js, sql } = sub('int')
      return { js: js.tryCast('decimal(10,2)'), sql: `TRY_CAST(${sql} AS DECIMAL(10,2))`, most: 1e8, isExact: true }
    }
    const [left, right] = [sub('decimal'), sub('decimal')]
    const [method, sign] = random.pick([
      ['add', '+'],
      ['sub', '-'],
    ] as const)
    return {
      js: left.js[method](right.js),
      sql: `(${left.sql} ${sign} ${right.sql})`,
      most: left.most + right.most,
      isExact: true,
    }
  },
  string(random, columns, depth) {
    const inner = expression(random, columns, 'string', depth - 1)
    const { js, sql } = inner
    switch (random.below(10)) {
      case 0:
        return text(api.upper(js), `upper(${sql})`)
      case 1:
        return text(api.lower(js), `lower(${sql})`)
      case 2: {
        const other = expression(random, columns, 'string', depth - 1)
        return text(api.concat(js, other.js), `(${sql} || ${other.sql})`)
      }
      case 3:
        return text(api.trim(js), `trim(${sql})`)
      case 4:
        return text(api.replace(js, 'a', 'oo'), `replace(${sql}, 'a', 'oo')`)
      case 5: {
        const [width, pad] = [random.below(9), random.pick(['*', 'ab'])]
        return text(api.lpad(js, width, pad), `lpad(${sql}, ${width}, '${pad}')`)
      }
      case 6: {
        const from = random.pick<Kind>(['int', 'long', 'boolean', 'date', 'decimal'])
        const value = expression(random, columns, from, depth - 1)
        return text(value.js.cast('string'), `CAST(${value.sql} AS VARCHAR)`)
      }
      case 7:
        return text(api.splitPart(js, ' ', 2), `split_part(${sql}, ' ', 2)`)
      case 8: {
        const from = 1 + random.below(4)
        return text(js.substr(from, 3), `substring(${sql}, ${from}, 3)`)
      }
      default:
        return text(js.substr(1, 2), `substring(${sql}, 1, 2)`)
    }
  },
  boolean: (random, columns, depth) => condition(random, columns, depth),
  date(random, columns, depth) {
    const sub = (of: Kind) => expression(random, columns, of, depth - 1)
    switch (random.below(4)) {
      case 0: {
        const { js, sql } = sub('timestamp')
        return text(js.cast('date'), `CAST(${sql} AS DATE)`)
      }
      case 1: {
        const { js, sql } = sub('date')
        return text(api.lastDay(js), `last_day(${sql})`)
      }
      case 2: {
        const { js, sql } = sub('date')
        const unit = random.pick(['year', 'quarter', 'month', 'week'])
        return text(api.trunc(js, unit), `CAST(date_trunc('${unit}', ${sql}) AS DATE)`)
      }
      default: {
        const { js, sql } = sub('date')
        const days = random.below(400)
        return text(api.dateAdd(js, days), `CAST(${sql} + ${days} AS DATE)`)
      }
    }
  },
  timestamp(random, columns, depth) {
    const sub = (of: Kind) => expression(random, columns, of, depth - 1)
    if (random.below(2) === 0) {
      const { js, sql } = sub('date')
      return text(js.cast('timestamp'), `CAST(${sql} AS TIMESTAMP)`)
    }
    const { js, sql } = sub('timestamp')
    const unit = random.pick(['year', 'month', 'week', 'day', 'hour', 'minute', 'second'])
    return text(api.dateTrunc(unit, js), `date_trunc('${unit}', ${sql})::TIMESTAMP`)
  },
}

function int(js: Any, sql: string, most = 100_000): Expression {
  return { js, sql, most, isExact: true }
}

function text(js: Any, sql: string): Expression {
  return { js, sql, most: 0, isExact: true }
}

/** What stays within the bound. */
function arithmetic(random: Random, left: Expression, right: Expression, bound: number): Expression {
  const sum = left.most + right.most
  const product = left.most * right.most
  if (sum > bound) return left
  const isExact = left.isExact && right.isExact
  if (product < bound && random.below(3) === 0) {
    // Products of quarters are sixteenths.
    return {
      js: left.js.mul(right.js),
      sql: `(${left.sql} * ${right.sql})`,
      most: product,
      isExact: isExact && bound < Number.POSITIVE_INFINITY,
    }
  }
  const [method, sign] = random.pick([
    ['add', '+'],
    ['sub', '-'],
  ] as const)
  return { js: left.js[method](right.js), sql: `(${left.sql} ${sign} ${right.sql})`, most: sum, isExact }
}

export function condition(random: Random, columns: Columns, depth: number): Expression {
  if (depth > 1 && random.below(3) > 0) {
    const [left, right] = [condition(random, columns, depth - 1), condition(random, columns, depth - 1)]
    const isAnd = random.below(2) === 0
    return text(
      isAnd ? left.js.and(right.js) : left.js.or(right.js),
      `(${left.sql} ${isAnd ? 'AND' : 'OR'} ${right.sql})`,
    )
  }
  const { kind } = random.pick(columns)
  const left = expression(random, columns, kind, Math.max(0, depth - 1))
  switch (random.below(9)) {
    case 0:
      return random.below(2) === 0
        ? text(left.js.isNull(), `(${left.sql} IS NULL)`)
        : text(left.js.isNotNull(), `(${left.sql} IS NOT NULL)`)
    case 1: {
      const inner = condition(random, columns, 1)
      return text(inner.js.not(), `(NOT ${inner.sql})`)
    }
    case 2:
      if (kind === 'string') return ofText(random, left)
      break
    case 3: {
      const options = random.times(1 + random.below(4), () => literal(random, kind))
      return text(
        left.js.isIn(...options.map(({ js }) => js)),
        `(${left.sql} IN (${options.map(({ sql }) => sql).join(', ')}))`,
      )
    }
    case 4: {
      const [low, high] = [literal(random, kind), literal(random, kind)]
      return text(left.js.between(low.js, high.js), `(${left.sql} BETWEEN ${low.sql} AND ${high.sql})`)
    }
    case 5: {
      const right = expression(random, columns, kind, 0)
      return text(left.js.eqNullSafe(right.js), `(${left.sql} IS NOT DISTINCT FROM ${right.sql})`)
    }
  }
  const right = random.below(2) === 0 ? literal(random, kind) : expression(random, columns, kind, 0)
  const [method, sign] = random.pick(COMPARISONS)
  return text(left.js[method](right.js), `(${left.sql} ${sign} ${right.sql})`)
}

export const COMPARISONS = [
  ['eq', '='],
  ['ne', '<>'],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
] as const

function ofText(random: Random, { js, sql }: Expression): Expression {
  switch (random.below(4)) {
    case 0: {
      const part = random.pick(['a', 'é', '', 'a text'])
      return text(js.startsWith(part), `starts_with(${sql}, '${part}')`)
    }
    case 1: {
      const part = random.pick(['b', 'É', '', 'off'])
      return text(js.endsWith(part), `ends_with(${sql}, '${part}')`)
    }
    case 2: {
      const part = random.pick(['x', 't', ',', ' '])
      return text(js.contains(part), `contains(${sql}, '${part}')`)
    }
    default: {
      const pattern = random.pick(['a%', '%b', '_', '%é%', '%', '__%', 'a%o%', '%on%off'])
      return text(js.like(pattern), `(${sql} LIKE '${pattern}')`)
    }
  }
}

export function literal(random: Random, kind: Kind): Expression {
  if (kind === 'double' && random.below(20) === 0) {
    const value = random.pick([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    return { js: api.lit(value), sql: `'${value}'::DOUBLE`, most: Number.POSITIVE_INFINITY, isExact: true }
  }
  const value = randomValue(random, kind)
  const quoted = `'${String(value).replaceAll("'", "''")}'`
  const most = 1000
  const cast = `CAST(${typeof value === 'number' ? value : quoted} AS ${SQL_TYPES[kind]})`
  switch (kind) {
    case 'int':
      return { js: api.lit(value), sql: cast, most, isExact: true }
    case 'long':
      return { js: api.lit(value).cast('bigint'), sql: cast, most, isExact: true }
    case 'double':
      return { js: api.lit(value).cast('double'), sql: cast, most, isExact: true }
    case 'decimal':
      return {
        js: api.lit(String(value)).cast('decimal(10,2)'),
        sql: `CAST(${quoted} AS DECIMAL(10,2))`,
        most,
        isExact: true,
      }
    case 'string':
    case 'boolean':
      return text(api.lit(value), kind === 'boolean' ? String(value) : quoted)
    case 'date':
      return text(api.lit(value).cast('date'), `DATE ${quoted}`)
    case 'timestamp':
      return text(api.lit(value).cast('timestamp'), `TIMESTAMP '${String(value).slice(0, -1)}'`)
  }
}
