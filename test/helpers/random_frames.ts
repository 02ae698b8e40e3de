/** Random tables and random queries over them: as a data frame and as SQL for DuckDB, where both are meant to have the same answer. */
import * as runjob from '../../dist/src/index.js'
import type { Random } from './random.js'

// The columns of a random query are unknown to the compiler.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any

const { lit } = runjob as Any

export type ColumnKind = 'int' | 'long' | 'double' | 'decimal' | 'string' | 'boolean' | 'date' | 'timestamp'

export interface TableColumn {
  name: string
  kind: ColumnKind
}

export const TABLES: Record<string, TableColumn[]> = {
  t: [
    { name: 'id', kind: 'long' },
    { name: 'a', kind: 'int' },
    { name: 'b', kind: 'int' },
    { name: 'x', kind: 'double' },
    { name: 'd', kind: 'decimal' },
    { name: 's', kind: 'string' },
    { name: 'u', kind: 'string' },
    { name: 'f', kind: 'boolean' },
    { name: 'day', kind: 'date' },
    { name: 'ts', kind: 'timestamp' },
  ],
  r: [
    { name: 'k', kind: 'int' },
    { name: 'name', kind: 'string' },
    { name: 'w', kind: 'double' },
    { name: 'since', kind: 'date' },
  ],
}

export const SQL_TYPES: Record<ColumnKind, string> = {
  int: 'INTEGER',
  long: 'BIGINT',
  double: 'DOUBLE',
  decimal: 'DECIMAL(10,2)',
  string: 'VARCHAR',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
}

/** Values that JSON has, one in eight missing. Doubles are quarters, so that sums are exact in any order. */
export function randomRow(random: Random, columns: readonly TableColumn[], i: number): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, kind }) => [name, name === 'id' ? i : randomValue(random, kind)]))
}

const TEXTS = ['', 'a', 'A', 'b', 'ab', 'x y', 'été', 'ÉTÉ', '中文', '%', '_', '😀', "it's", '"q"', 'a,b', 'z\tz']

function randomValue(random: Random, kind: ColumnKind): unknown {
  if (random.below(8) === 0) return null
  const two = (n: number) => String(n).padStart(2, '0')
  const day = () => `${1969 + random.below(60)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`
  switch (kind) {
    case 'int':
      return random.pick([random.below(10), random.below(2000) - 1000])
    case 'long':
      return random.below(1e9)
    case 'double':
      return (random.below(4000) - 2000) / 4
    case 'decimal':
      return (random.below(200_000) - 100_000) / 100
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

export function schemaOf(columns: readonly TableColumn[]): Any {
  const { long, int, double, decimal, string, boolean, date, timestamp, nullable } = runjob as Any
  const types = { long, int, double, decimal: () => decimal(10, 2), string, boolean, date, timestamp }
  return Object.fromEntries(columns.map(({ name, kind }) => [name, nullable((types as Any)[kind]())]))
}

/** A query in both languages. */
export interface RandomQuery {
  frame: Any
  sql: string
  columns: TableColumn[]
  /** The order of the rows is part of the answer. */
  ordered: boolean
}

interface Part {
  js: Any
  sql: string
}

export function randomQuery(random: Random, frames: Record<string, Any>): RandomQuery {
  let query: RandomQuery = { frame: frames.t, sql: 'SELECT * FROM t', columns: TABLES.t!, ordered: false }
  for (let steps = 1 + random.below(4); steps > 0; steps--) query = withStep(random, query, frames)
  return query
}

function withStep(random: Random, query: RandomQuery, frames: Record<string, Any>): RandomQuery {
  const { frame, columns } = query
  const from = `(${query.sql})`
  switch (
    random.pick(['filter', 'filter', 'compute', 'group', 'group', 'join', 'top', 'distinct', 'union', 'select'])
  ) {
    case 'filter': {
      const { js, sql } = condition(random, columns, 2)
      return { ...query, frame: frame.filter(js), sql: `SELECT * FROM ${from} WHERE ${sql}` }
    }
    case 'compute': {
      const kind = random.pick<ColumnKind>(['int', 'long', 'double', 'string', 'boolean', 'decimal', 'date'])
      const name = `c${columns.length}`
      const { js, sql } = expression(random, columns, kind, 2)
      const added = { name, kind }
      return {
        ...query,
        frame: frame.withColumn(name, js),
        sql: `SELECT *, ${sql} AS ${name} FROM ${from}`,
        columns: [...columns, added],
      }
    }
    case 'select': {
      const kept = columns.filter(() => random.below(2) === 0)
      if (kept.length === 0) return query
      const names = kept.map(({ name }) => name)
      return {
        ...query,
        frame: frame.select(...names),
        sql: `SELECT ${names.join(', ')} FROM ${from}`,
        columns: kept,
        ordered: query.ordered,
      }
    }
    case 'group':
      return grouped(random, query)
    case 'join':
      return joined(random, query, frames)
    case 'top': {
      const keys = columns.map(({ name }) => ({ name, desc: random.below(2) === 0, first: random.below(2) === 0 }))
      const order = keys.map(({ name, desc, first }) => {
        const key = (runjob as Any).col(name)
        return desc
          ? first
            ? key.descNullsFirst()
            : key.descNullsLast()
          : first
            ? key.ascNullsFirst()
            : key.ascNullsLast()
      })
      const sql = keys.map(
        ({ name, desc, first }) => `${name} ${desc ? 'DESC' : 'ASC'} NULLS ${first ? 'FIRST' : 'LAST'}`,
      )
      const count = random.pick([null, 1, 7, 50])
      const sorted = frame.orderBy(...order)
      return {
        frame: count === null ? sorted : sorted.limit(count),
        sql: `SELECT * FROM ${from} ORDER BY ${sql.join(', ')}${count === null ? '' : ` LIMIT ${count}`}`,
        columns,
        ordered: true,
      }
    }
    case 'distinct':
      return { frame: frame.distinct(), sql: `SELECT DISTINCT * FROM ${from}`, columns, ordered: false }
    default: {
      const { js, sql } = condition(random, columns, 1)
      return {
        frame: frame.union(frame.filter(js)),
        sql: `SELECT * FROM ${from} UNION ALL SELECT * FROM ${from} WHERE ${sql}`,
        columns,
        ordered: false,
      }
    }
  }
}

function grouped(random: Random, { frame, sql, columns }: RandomQuery): RandomQuery {
  const api = runjob as Any
  const groupable = columns.filter(({ kind }) => kind !== 'double' && kind !== 'timestamp')
  const by = groupable.filter(() => random.below(groupable.length) === 0).slice(0, 3)
  const values: Record<string, Any> = { n: api.count() }
  const selected = ['count(*) AS n']
  const given: TableColumn[] = [{ name: 'n', kind: 'long' }]
  const add = (name: string, kind: ColumnKind, js: Any, text: string) => {
    values[name] = js
    selected.push(`${text} AS ${name}`)
    given.push({ name, kind })
  }
  for (const [i, { name, kind }] of columns.entries()) {
    if (random.below(3) > 0) continue
    switch (random.pick(['sum', 'avg', 'min', 'max', 'count', 'countDistinct'])) {
      case 'sum':
        if (kind === 'int' || kind === 'double' || kind === 'long') {
          add(`g${i}`, kind === 'double' ? 'double' : 'long', api.sum(name), `sum(${name})`)
        }
        break
      case 'avg':
        if (kind === 'int' || kind === 'double') add(`g${i}`, 'double', api.avg(name), `avg(${name})`)
        break
      case 'min':
        if (kind !== 'boolean') add(`g${i}`, kind, api.min(name), `min(${name})`)
        break
      case 'max':
        if (kind !== 'boolean') add(`g${i}`, kind, api.max(name), `max(${name})`)
        break
      case 'count':
        add(`g${i}`, 'long', api.count(name), `count(${name})`)
        break
      default:
        add(`g${i}`, 'long', api.countDistinct(name), `count(DISTINCT ${name})`)
    }
  }
  const names = by.map(({ name }) => name)
  // A name of a grouping column may be one of the values.
  if (names.some((name) => name in values)) return { frame, sql, columns, ordered: false }
  const group = names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`
  return {
    frame: names.length === 0 ? frame.agg(values) : frame.groupBy(...names).agg(values),
    sql: `SELECT ${[...names, ...selected].join(', ')} FROM (${sql})${group}`,
    columns: [...by, ...given],
    ordered: false,
  }
}

function joined(random: Random, query: RandomQuery, frames: Record<string, Any>): RandomQuery {
  const { frame, sql, columns } = query
  const ints = columns.filter(({ kind }) => kind === 'int')
  if (ints.length === 0 || columns.some(({ name }) => name.startsWith('r_'))) return query
  const key = random.pick(ints).name
  const type = random.pick(['inner', 'left', 'right', 'full', 'semi', 'anti'])
  const right = TABLES.r!.map(({ name, kind }) => ({ name: name === 'k' ? key : `r_${name}`, kind }))
  let other = frames.r
  for (const [i, { name }] of right.entries()) other = other.withColumnRenamed(TABLES.r![i]!.name, name)
  if (random.below(3) === 0 && type !== 'right' && type !== 'full') other = (runjob as Any).broadcast(other)
  const renamed = `(SELECT ${right.map(({ name }, i) => `${TABLES.r![i]!.name} AS ${name}`).join(', ')} FROM r)`
  const rest = right.filter(({ name }) => name !== key)
  const isHalf = type === 'semi' || type === 'anti'
  // DuckDB's ANTI JOIN keeps rows with a null key, as ours does.
  if (random.below(3) === 0) {
    // Names must differ where a condition keeps all columns.
    const other = frames.r.withColumnRenamed('k', 'r_k').withColumnRenamed('name', 'r_name').select('r_k', 'r_name')
    const residual = random.pick([true, false])
    const on = (l: Any, r: Any) => (residual ? l[key].eq(r.r_k).and(r.r_name.ne(lit('a'))) : l[key].eq(r.r_k))
    const where = `l.${key} = r.r_k${residual ? " AND r.r_name <> 'a'" : ''}`
    const list = isHalf ? 'l.*' : 'l.*, r.*'
    const kept: TableColumn[] = isHalf
      ? []
      : [
          { name: 'r_k', kind: 'int' },
          { name: 'r_name', kind: 'string' },
        ]
    return {
      frame: frame.join(other, on, type),
      sql: `SELECT ${list} FROM (${sql}) l ${type.toUpperCase()} JOIN (SELECT k AS r_k, name AS r_name FROM r) r ON ${where}`,
      columns: [...columns, ...kept],
      ordered: false,
    }
  }
  const text = `SELECT * FROM (${sql}) ${type.toUpperCase()} JOIN ${renamed} USING (${key})`
  return {
    frame: frame.join(other, key, type),
    sql: text,
    columns: isHalf ? columns : [...columns, ...rest],
    ordered: false,
  }
}

function ofKind(columns: readonly TableColumn[], kind: ColumnKind): TableColumn[] {
  return columns.filter((column) => column.kind === kind)
}

/** Depth bounds the size, so that products of ints stay ints. */
function expression(random: Random, columns: readonly TableColumn[], kind: ColumnKind, depth: number): Part {
  const api = runjob as Any
  const own = ofKind(columns, kind)
  if (depth === 0 || random.below(3) === 0) {
    if (own.length > 0 && random.below(4) > 0) {
      const { name } = random.pick(own)
      return { js: api.col(name), sql: name }
    }
    return literal(random, kind)
  }
  const sub = (of: ColumnKind = kind) => expression(random, columns, of, depth - 1)
  const choice = random.below(4)
  if (choice === 0) {
    const [when, then, otherwise] = [condition(random, columns, depth - 1), sub(), sub()]
    return {
      js: api.when(when.js, then.js).otherwise(otherwise.js),
      sql: `(CASE WHEN ${when.sql} THEN ${then.sql} ELSE ${otherwise.sql} END)`,
    }
  }
  if (choice === 1) {
    const [left, right] = [sub(), sub()]
    return { js: api.coalesce(left.js, right.js), sql: `coalesce(${left.sql}, ${right.sql})` }
  }
  switch (kind) {
    case 'int':
    case 'double': {
      const [left, right] = [sub(), sub()]
      const [method, sign] = random.pick([
        ['add', '+'],
        ['sub', '-'],
        ['mul', '*'],
      ] as const)
      if (kind === 'double' && random.below(4) === 0) {
        const divisor = api.when(right.js.ne(lit(0)), right.js)
        return { js: left.js.div(divisor.otherwise(null)), sql: `(${left.sql} / nullif(${right.sql}, 0))` }
      }
      // Products of results of aggregates could be too large.
      if (method === 'mul' && kind === 'int' && depth > 1)
        return { js: left.js.add(right.js), sql: `(${left.sql} + ${right.sql})` }
      return { js: left.js[method](right.js), sql: `(${left.sql} ${sign} ${right.sql})` }
    }
    case 'string': {
      const inner = sub()
      switch (random.below(4)) {
        case 0:
          return { js: api.upper(inner.js), sql: `upper(${inner.sql})` }
        case 1:
          return { js: api.lower(inner.js), sql: `lower(${inner.sql})` }
        case 2: {
          const other = sub()
          return { js: api.concat(inner.js, other.js), sql: `(${inner.sql} || ${other.sql})` }
        }
        default:
          return { js: inner.js.substr(1, 2), sql: `substring(${inner.sql}, 1, 2)` }
      }
    }
    case 'boolean':
      return condition(random, columns, depth)
    case 'date': {
      const [inner, days] = [sub(), random.below(400)]
      return { js: api.dateAdd(inner.js, days), sql: `CAST(${inner.sql} + ${days} AS DATE)` }
    }
    case 'long': {
      const part = random.pick(['year', 'month', 'length'])
      const inner = sub(part === 'length' ? 'string' : 'date')
      return { js: api[part](inner.js).cast('bigint'), sql: `CAST(${part}(${inner.sql}) AS BIGINT)` }
    }
    default:
      return sub()
  }
}

function condition(random: Random, columns: readonly TableColumn[], depth: number): Part {
  if (depth > 1 && random.below(3) > 0) {
    const [left, right] = [condition(random, columns, depth - 1), condition(random, columns, depth - 1)]
    const isAnd = random.below(2) === 0
    return {
      js: isAnd ? left.js.and(right.js) : left.js.or(right.js),
      sql: `(${left.sql} ${isAnd ? 'AND' : 'OR'} ${right.sql})`,
    }
  }
  const { kind } = random.pick(columns)
  const left = expression(random, columns, kind, Math.max(0, depth - 1))
  switch (random.below(6)) {
    case 0:
      return { js: left.js.isNull(), sql: `(${left.sql} IS NULL)` }
    case 1: {
      const inner = condition(random, columns, 1)
      return { js: inner.js.not(), sql: `(NOT ${inner.sql})` }
    }
    case 2:
      if (kind === 'string') {
        const pattern = random.pick(['a%', '%b', '_', '%é%', '%'])
        return { js: left.js.like(pattern), sql: `(${left.sql} LIKE '${pattern}')` }
      }
      break
    case 3: {
      const options = [literal(random, kind), literal(random, kind)]
      return {
        js: left.js.isIn(...options.map(({ js }) => js)),
        sql: `(${left.sql} IN (${options.map(({ sql }) => sql).join(', ')}))`,
      }
    }
  }
  const right = random.below(2) === 0 ? literal(random, kind) : expression(random, columns, kind, 0)
  const [method, sign] = random.pick([
    ['eq', '='],
    ['ne', '<>'],
    ['lt', '<'],
    ['le', '<='],
    ['gt', '>'],
    ['ge', '>='],
  ] as const)
  return { js: left.js[method](right.js), sql: `(${left.sql} ${sign} ${right.sql})` }
}

function literal(random: Random, kind: ColumnKind): Part {
  let value = randomValue(random, kind)
  while (value === null) value = randomValue(random, kind)
  const text = `'${String(value).replaceAll("'", "''")}'`
  switch (kind) {
    case 'int':
      return { js: lit(value), sql: `CAST(${value} AS INTEGER)` }
    case 'long':
      return { js: lit(value).cast('bigint'), sql: `CAST(${value} AS BIGINT)` }
    case 'double':
      return { js: lit(value).cast('double'), sql: `CAST(${value} AS DOUBLE)` }
    case 'decimal':
      return { js: lit(String(value)).cast('decimal(10,2)'), sql: `CAST(${text} AS DECIMAL(10,2))` }
    case 'string':
    case 'boolean':
      return { js: lit(value), sql: kind === 'boolean' ? String(value) : text }
    case 'date':
      return { js: lit(value).cast('date'), sql: `DATE ${text}` }
    case 'timestamp':
      return { js: lit(value).cast('timestamp'), sql: `TIMESTAMP '${String(value).slice(0, -1)}'` }
  }
}

/** A row as text, equal for equal values of both systems. */
export function canonical(row: Record<string, unknown>, columns: readonly TableColumn[]): string {
  return columns.map(({ name, kind }) => canonicalValue(row[name], kind)).join(' | ')
}

function canonicalValue(value: unknown, kind: ColumnKind): string {
  if (value === null || value === undefined) return 'null'
  if (kind === 'string') return JSON.stringify(value)
  if (kind === 'timestamp') {
    const text = value instanceof Date ? value.toISOString() : `${String(value).replace(' ', 'T')}Z`
    return new Date(text).toISOString()
  }
  if (kind === 'int' || kind === 'long' || kind === 'double' || kind === 'decimal') {
    return String(Number(Number(value).toPrecision(12)) + 0)
  }
  return String(value)
}
