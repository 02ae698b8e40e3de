/** Random queries: as a data frame and as SQL for DuckDB, where both are meant to have the same answer. */
import type { Random } from '../random.js'
import { COMPARISONS, condition, expression, literal, ofKind } from './expressions.js'
import { type Any, api, type Column, column, type Kind, TABLES } from './tables.js'

export interface RandomQuery {
  frame: Any
  sql: string
  columns: Column[]
  /** The order of the rows is part of the answer. */
  isOrdered: boolean
  /** The rows are in the order of `id`, each with another. */
  isById: boolean
}

type Frames = Record<string, Any>

const STEPS = {
  filter: [4, filtered],
  compute: [3, computed],
  select: [2, selected],
  rename: [1, renamed],
  group: [3, grouped],
  inOrder: [2, groupedInOrder],
  window: [3, windowed],
  join: [3, joined],
  condition: [2, joinedByCondition],
  cross: [1, crossed],
  itself: [2, joinedWithItself],
  top: [2, sorted],
  limit: [1, limited],
  distinct: [1, distinct],
  firstOf: [1, withoutDuplicates],
  union: [2, united],
  sets: [2, intersectedOrExcepted],
  pivot: [1, pivoted],
  byName: [1, unitedByName],
  fill: [1, filled],
  dropNulls: [1, withoutNulls],
} as const satisfies Record<
  string,
  readonly [number, (random: Random, query: RandomQuery, frames: Frames) => RandomQuery]
>

const CHOICES = Object.values(STEPS).flatMap(([weight, step]) => Array.from({ length: weight }, () => step))

export function randomQuery(random: Random, frames: Frames): RandomQuery {
  let query: RandomQuery = {
    frame: frames.t,
    sql: 'SELECT * FROM t',
    columns: TABLES.t!,
    isOrdered: false,
    isById: true,
  }
  for (let steps = 1 + random.below(5); steps > 0; steps--) query = random.pick(CHOICES)(random, query, frames)
  return query
}

function filtered(random: Random, query: RandomQuery): RandomQuery {
  const { js, sql } = condition(random, query.columns, 2)
  return { ...query, frame: query.frame.filter(js), sql: `SELECT * FROM (${query.sql}) WHERE ${sql}` }
}

const KINDS: Kind[] = ['int', 'long', 'double', 'string', 'boolean', 'decimal', 'date', 'timestamp']

/** A new column, or another instead of one. */
function computed(random: Random, query: RandomQuery): RandomQuery {
  const { frame, columns } = query
  const kind = random.pick(KINDS)
  const { js, sql, most, isExact } = expression(random, columns, kind, 3)
  const replaced = random.below(3) === 0 ? random.pick(columns).name : null
  const name = replaced ?? newName(columns, 'c')
  const made = column(name, kind, most, isExact)
  return {
    ...query,
    frame: frame.withColumn(name, js),
    sql:
      replaced === null
        ? `SELECT *, ${sql} AS ${name} FROM (${query.sql})`
        : `SELECT * REPLACE (${sql} AS "${name}") FROM (${query.sql})`,
    columns: replaced === null ? [...columns, made] : columns.map((one) => (one.name === name ? made : one)),
    isById: query.isById && name !== 'id',
  }
}

function newName(columns: readonly Column[], letter: string): string {
  let i = columns.length
  while (columns.some(({ name }) => name === `${letter}${i}`)) i++
  return `${letter}${i}`
}

function selected(random: Random, query: RandomQuery): RandomQuery {
  const kept = query.columns.filter(() => random.below(2) === 0)
  if (kept.length === 0) return query
  const names = kept.map(({ name }) => name)
  const { frame, columns } = query
  return {
    ...query,
    frame: random.below(2) === 0 ? frame.select(...names) : frame.drop(...missing(columns, kept)),
    sql: `SELECT ${list(names)} FROM (${query.sql})`,
    columns: kept,
    isById: query.isById && names.includes('id'),
  }
}

function missing(columns: readonly Column[], kept: readonly Column[]): string[] {
  return columns.filter((one) => !kept.includes(one)).map(({ name }) => name)
}

function renamed(random: Random, query: RandomQuery): RandomQuery {
  const from = random.pick(query.columns).name
  const to = newName(query.columns, 'm')
  return {
    ...query,
    frame: query.frame.withColumnRenamed(from, to),
    sql: `SELECT * RENAME ("${from}" AS ${to}) FROM (${query.sql})`,
    columns: query.columns.map((one) => (one.name === from ? { ...one, name: to } : one)),
    isById: query.isById && from !== 'id',
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

function grouped(random: Random, query: RandomQuery): RandomQuery {
  const { columns } = query
  let { frame, sql } = query
  let by = columns.filter(() => random.below(columns.length) === 0).slice(0, 3)
  if (random.below(4) === 0) {
    // By an expression.
    const kind = random.pick(KINDS)
    const key = expression(random, columns, kind, 2)
    const name = newName(columns, 'e')
    const names = by.map((one) => one.name)
    frame = frame.groupBy(...names, key.js.as(name))
    sql = `SELECT *, ${key.sql} AS ${name} FROM (${sql})`
    by = [...by, column(name, kind, key.most, key.isExact)]
  } else {
    frame = by.length === 0 ? frame : frame.groupBy(...by.map(({ name }) => name))
  }
  const { values, texts, given } = aggregates(random, columns)
  const names = by.map(({ name }) => name)
  return {
    frame: frame.agg(values),
    sql: `SELECT ${[...names.map((name) => `"${name}"`), ...texts].join(', ')} FROM (${sql})${names.length === 0 ? '' : ` GROUP BY ${list(names)}`}`,
    columns: [...by, ...given],
    isOrdered: false,
    isById: false,
  }
}

/** In the order of rows nothing changes. The names are new. */
function aggregates(random: Random, columns: readonly Column[]) {
  const values: Record<string, Any> = {}
  const texts: string[] = []
  const given: Column[] = []
  let i = 0
  const add = (kind: Kind, js: Any, text: string, most = 1e12, isExact = true) => {
    while (columns.some(({ name }) => name === `g${i}`)) i++
    const name = `g${i++}`
    values[name] = js
    texts.push(`${text} AS ${name}`)
    given.push(column(name, kind, most, isExact))
  }
  add('long', api.count(), 'count(*)')
  for (const { name, kind, most, isExact } of columns) {
    if (random.below(3) > 0) continue
    switch (random.pick(['sum', 'sum', 'avg', 'min', 'max', 'count', 'countDistinct', 'median'])) {
      case 'sum':
        // No sum reaches what JavaScript has no number for.
        if (kind === 'int' || kind === 'long') {
          if (most <= 1e10) add('long', api.sum(name), `CAST(sum("${name}") AS BIGINT)`, most * 1e5)
        } else if (kind === 'decimal') {
          if (most <= 1e10) add('decimal', api.sum(name), `sum("${name}")`, most * 1e5)
        } else if (kind === 'double' && isExact) {
          add('double', api.sum(name), `sum("${name}")`, most * 1e5)
        }
        break
      case 'avg':
        if (kind === 'int' || (kind === 'double' && isExact))
          add('double', api.avg(name), `avg("${name}")`, most, false)
        break
      case 'min':
        add(kind, api.min(name), `min("${name}")`, most, isExact)
        break
      case 'max':
        add(kind, api.max(name), `max("${name}")`, most, isExact)
        break
      case 'median':
        if (kind === 'int' || (kind === 'double' && isExact))
          add('double', api.median(name), `median("${name}")`, most, false)
        break
      case 'count':
        add('long', api.count(name), `count("${name}")`)
        break
      default:
        add('long', api.countDistinct(name), `count(DISTINCT "${name}")`)
    }
  }
  return { values, texts, given }
}

/** Aggregates for which the order of the input counts. */
function groupedInOrder(random: Random, query: RandomQuery): RandomQuery {
  if (!query.isById) return query
  const { frame, columns } = query
  const key = random.pick(columns)
  const values: Record<string, Any> = {}
  const texts: string[] = []
  const given: Column[] = [key]
  for (const { name, kind, most, isExact } of columns.filter(() => random.below(3) === 0)) {
    const made = `${random.pick(['first', 'last', 'list'])}_${name}`
    if (made.startsWith('list')) {
      values[made] = api.collectList(api.col(name))
      texts.push(`coalesce(list("${name}" ORDER BY id) FILTER ("${name}" IS NOT NULL), []) AS ${made}`)
      continue
    }
    const fn = made.split('_')[0]!
    values[made] = api[fn](name)
    texts.push(`${fn}("${name}" ORDER BY id) AS ${made}`)
    given.push(column(made, kind, most, isExact))
  }
  const lists = Object.keys(values).filter((name) => name.startsWith('list'))
  if (given.length === 1 && lists.length === 0) return query
  let answer = frame.groupBy(key.name).agg(values)
  const asText = lists.map((name) => {
    const from = columns.find((one) => name === `list_${one.name}`)!
    // Of a list as a text DuckDB and Spark make different ones: its length, and its ends, which show the order.
    const [size, first] = [`${name}_size`, `${name}_first`]
    answer = answer
      .withColumn(size, api.size(name))
      .withColumn(first, api.when(api.col(size).gt(0), api.col(name).getItem(0)).otherwise(null))
    given.push(column(size, 'int'), column(first, from.kind, from.most, from.isExact))
    return `len(${name})::INTEGER AS ${size}, ${name}[1] AS ${first}`
  })
  if (lists.length > 0) answer = answer.drop(...lists)
  const inner = `SELECT ${[`"${key.name}"`, ...texts].join(', ')} FROM (${query.sql}) GROUP BY "${key.name}"`
  const kept = given.filter(({ name }) => !name.startsWith('list_')).map(({ name }) => `"${name}"`)
  // In the order of `withColumn`: plain columns first, as they were named, then those of lists.
  const plain = given.filter(({ name }) => !name.startsWith('list_'))
  const made = given.filter(({ name }) => name.startsWith('list_'))
  return {
    frame: answer,
    sql: `SELECT ${[...kept, ...asText].join(', ')} FROM (${inner})`,
    columns: [...plain, ...made],
    isOrdered: false,
    isById: false,
  }
}

/**
 * Windows over an order by one column, in which peers go together; or by one column and all others, in which rows that are equal are equal in
 * all they have.
 */
function windowed(random: Random, query: RandomQuery): RandomQuery {
  const { columns } = query
  const { frame, sql } = query
  const by = columns.filter(() => random.below(columns.length) === 0).slice(0, 2)
  const key = random.pick(columns)
  const isPlain = random.below(2) === 0
  const others = isPlain ? [] : columns.filter((one) => one !== key)
  const [isDown, isFirst] = [random.below(2) === 0, random.below(2) === 0]
  const order = api.col(key.name)[`${isDown ? 'desc' : 'asc'}Nulls${isFirst ? 'First' : 'Last'}`]()
  const orderText = [
    `"${key.name}" ${isDown ? 'DESC' : 'ASC'} NULLS ${isFirst ? 'FIRST' : 'LAST'}`,
    ...others.map(({ name }) => `"${name}" ASC NULLS FIRST`),
  ].join(', ')
  const whole = api.Window.partitionBy(...by.map(({ name }) => name))
  const window = whole.orderBy(order, ...others.map(({ name }) => name))
  const parts = by.length === 0 ? '' : `PARTITION BY ${list(by.map(({ name }) => name))}`
  const over = (more: string) => `OVER (${parts} ORDER BY ${orderText}${more})`
  const values: Record<string, Any> = {}
  const texts: string[] = []
  const given: Column[] = []
  const add = (kind: Kind, js: Any, text: string, most = 1e12, isExact = true) => {
    const name = newName([...columns, ...given], 'w')
    values[name] = js
    texts.push(`${text} AS ${name}`)
    given.push(column(name, kind, most, isExact))
  }
  const aggregated = (spec: Any, text: string) => {
    const { values: all, texts: calls, given: made } = aggregates(random, columns)
    for (const [i, { name, kind, most, isExact }] of made.entries()) {
      if (calls[i]!.includes('DISTINCT')) continue
      const call = calls[i]!.replace(/ AS \w+$/, '')
      const cast = /^CAST\((.*) AS BIGINT\)$/.exec(call)
      add(kind, all[name].over(spec), cast ? `CAST(${cast[1]} ${text} AS BIGINT)` : `${call} ${text}`, most, isExact)
    }
  }
  for (let count = 1 + random.below(3); count > 0; count--) {
    switch (random.below(7)) {
      case 0: {
        const [js, text, kind] = random.pick([
          ['rank', 'rank', 'int'],
          ['denseRank', 'dense_rank', 'int'],
          ['percentRank', 'percent_rank', 'double'],
          ['cumeDist', 'cume_dist', 'double'],
        ] as const)
        const call = `${text}() ${over('')}`
        add(kind, api[js]().over(window), kind === 'int' ? `CAST(${call} AS INTEGER)` : call, 1e5, false)
        break
      }
      case 1: {
        if (isPlain) break
        const parts = random.pick([1, 2, 7, 1000])
        const call = random.below(2) === 0 ? 'row_number()' : `ntile(${parts})`
        const js = call === 'row_number()' ? api.rowNumber() : api.ntile(parts)
        add('int', js.over(window), `CAST(${call} ${over('')} AS INTEGER)`, 1e5)
        break
      }
      case 2: {
        if (isPlain) break
        const { name, kind, most, isExact } = random.pick(columns)
        const by = random.pick([1, 2, 60])
        const fn = random.pick(['lag', 'lead'])
        add(kind, api[fn](name, by).over(window), `${fn}("${name}", ${by}) ${over('')}`, most, isExact)
        break
      }
      case 3:
        aggregated(whole, `OVER (${parts})`)
        break
      case 4:
        aggregated(window, over(''))
        break
      case 5: {
        if (isPlain) break
        const ends = [random.below(9) - 4, random.pick([random.below(9) - 4, 1000])].sort((a, b) => a - b)
        const text = ends.map((by) => (by < 0 ? `${-by} PRECEDING` : `${by} FOLLOWING`)).join(' AND ')
        const spec = window.rowsBetween(...ends)
        aggregated(spec, over(` ROWS BETWEEN ${text}`))
        const { name, kind, most, isExact } = random.pick(columns)
        const fn = random.pick(['first', 'last', 'nth'])
        const js = fn === 'nth' ? api.nthValue(name, 2) : api[fn](name)
        const call = fn === 'nth' ? `nth_value("${name}", 2)` : `${fn}_value("${name}")`
        add(kind, js.over(spec), `${call} ${over(` ROWS BETWEEN ${text}`)}`, most, isExact)
        break
      }
      default: {
        const isDay = key.kind === 'date'
        if (!isPlain || (key.kind !== 'int' && key.kind !== 'double' && !isDay)) break
        const ends = [random.below(60) - 30, random.below(60) - 30].sort((a, b) => a - b)
        const text = ends
          .map(
            (by) => `${isDay ? `INTERVAL ${Math.abs(by)} DAYS` : Math.abs(by)} ${by < 0 ? 'PRECEDING' : 'FOLLOWING'}`,
          )
          .join(' AND ')
        aggregated(window.rangeBetween(...ends), over(` RANGE BETWEEN ${text}`))
      }
    }
  }
  if (given.length === 0) return query
  return {
    frame: frame.withColumns(values),
    sql: `SELECT *, ${texts.join(', ')} FROM (${sql})`,
    columns: [...columns, ...given],
    isOrdered: false,
    isById: false,
  }
}

const TYPES = ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const

/** By a key, or by two. */
function joined(random: Random, query: RandomQuery, frames: Frames): RandomQuery {
  const { frame, sql, columns } = query
  if (columns.some(({ name }) => name.startsWith('r_'))) return query
  const keys = new Map<string, string>()
  for (const one of TABLES.r!.filter(() => random.below(2) === 0).slice(0, 2)) {
    const free = ofKind(columns, one.kind).filter(({ name }) => ![...keys.values()].includes(name))
    if (free.length > 0) keys.set(one.name, random.pick(free).name)
  }
  if (keys.size === 0) return query
  const type = random.pick(TYPES)
  const right = TABLES.r!.map((one) => ({ ...one, name: keys.get(one.name) ?? `r_${one.name}` }))
  let other = frames.r
  for (const [i, { name }] of right.entries()) other = other.withColumnRenamed(TABLES.r![i]!.name, name)
  if (random.below(3) === 0 && type !== 'right' && type !== 'full') other = api.broadcast(other)
  const names = right.map(({ name }, i) => `${TABLES.r![i]!.name} AS "${name}"`).join(', ')
  const using = [...keys.values()]
  const rest = right.filter(({ name }) => !using.includes(name))
  const isHalf = type === 'semi' || type === 'anti'
  const bounded = columns.map((one) => {
    const match = right.find(({ name }) => name === one.name)
    return match ? { ...one, most: Math.max(one.most, match.most) } : one
  })
  return {
    frame: frame.join(other, using, type),
    sql: `SELECT * FROM (${sql}) ${type.toUpperCase()} JOIN (SELECT ${names} FROM r) USING (${list(using)})`,
    columns: isHalf ? columns : [...bounded, ...rest],
    isOrdered: false,
    isById: false,
  }
}

/** By keys and more, or by a comparison alone. */
function joinedByCondition(random: Random, query: RandomQuery, frames: Frames): RandomQuery {
  const { frame, sql, columns } = query
  if (columns.some(({ name }) => name.startsWith('r_'))) return query
  const right = TABLES.r!.map((one) => ({ ...one, name: `r_${one.name}` }))
  let other = frames.r
  for (const { name } of TABLES.r!) other = other.withColumnRenamed(name, `r_${name}`)
  const type = random.pick(TYPES)
  const on: ((l: Any, r: Any) => Any)[] = []
  const where: string[] = []
  const comparing = (left: string, right: string, [method, sign]: readonly [string, string]) => {
    on.push((l, r) => l[left][method](r[right]))
    where.push(`l."${left}" ${sign} r."${right}"`)
  }
  const pairs = right.flatMap((one) => ofKind(columns, one.kind).map(({ name }) => [name, one.name] as const))
  if (pairs.length === 0) return query
  const [left, key] = random.pick(pairs)
  // Without an equality each row meets each other: only a few do.
  const isFew = random.below(3) === 0
  comparing(
    left,
    key,
    isFew ? random.pick(COMPARISONS) : random.below(4) === 0 ? ['eqNullSafe', 'IS NOT DISTINCT FROM'] : ['eq', '='],
  )
  for (let more = random.below(3); more > 0; more--) {
    if (random.below(2) === 0) {
      const [left, right] = random.pick(pairs)
      comparing(left, right, random.pick(COMPARISONS))
    } else {
      const one = random.pick([
        ...columns.map((one) => ({ ...one, side: 'l' })),
        ...right.map((one) => ({ ...one, side: 'r' })),
      ])
      const value = literal(random, one.kind)
      const [method, sign] = random.pick(COMPARISONS)
      on.push((l, r) => (one.side === 'l' ? l : r)[one.name][method](value.js))
      where.push(`${one.side}."${one.name}" ${sign} ${value.sql}`)
    }
  }
  let from = sql
  let few = frame
  if (isFew) {
    const { js, sql: text } = condition(random, columns, 1)
    few = frame.filter(js)
    from = `SELECT * FROM (${sql}) WHERE ${text}`
    other = other.filter(api.col('r_k').lt(4))
  }
  const isHalf = type === 'semi' || type === 'anti'
  const renamed = right.map(({ name }, i) => `${TABLES.r![i]!.name} AS ${name}`).join(', ')
  const r = `SELECT ${renamed} FROM r${isFew ? ' WHERE k < 4' : ''}`
  return {
    frame: few.join(other, (l: Any, r: Any) => on.map((one) => one(l, r)).reduce((all, one) => all.and(one)), type),
    sql: `SELECT ${isHalf ? 'l.*' : 'l.*, r.*'} FROM (${from}) l ${type.toUpperCase()} JOIN (${r}) r ON ${where.join(' AND ')}`,
    columns: isHalf ? columns : [...columns, ...right],
    isOrdered: false,
    isById: false,
  }
}

function crossed(random: Random, query: RandomQuery, frames: Frames): RandomQuery {
  const { frame, sql, columns } = query
  if (columns.some(({ name }) => name === 'k' || name === 'w')) return query
  const bound = random.below(3)
  return {
    frame: frame.crossJoin(frames.r.filter(api.col('k').eq(bound)).select('k', 'w')),
    sql: `SELECT * FROM (${sql}) CROSS JOIN (SELECT k, w FROM r WHERE k = ${bound})`,
    columns: [...columns, ...TABLES.r!.filter(({ name }) => name === 'k' || name === 'w')],
    isOrdered: false,
    isById: false,
  }
}

/** With groups of its own rows, which the engine computes once. */
function joinedWithItself(random: Random, query: RandomQuery): RandomQuery {
  const { frame, sql, columns } = query
  const key = random.pick(columns)
  const { values, texts, given } = aggregates(random, columns)
  const type = random.pick(['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)
  const isHalf = type === 'semi' || type === 'anti'
  return {
    frame: frame.join(frame.groupBy(key.name).agg(values), key.name, type),
    sql: `SELECT * FROM (${sql}) ${type.toUpperCase()} JOIN
      (SELECT "${key.name}", ${texts.join(', ')} FROM (${sql}) GROUP BY 1) USING ("${key.name}")`,
    columns: isHalf ? columns : [...columns, ...given],
    isOrdered: false,
    isById: false,
  }
}

/** By some columns, and then by all others, so that equal rows alone have no order. */
function sorted(random: Random, query: RandomQuery): RandomQuery {
  const { frame, columns } = query
  const isBy = columns.map(() => random.below(3) === 0)
  const keys = [...columns.filter((_, i) => isBy[i]), ...columns.filter((_, i) => !isBy[i])].map(({ name }) => ({
    name,
    isDown: random.below(2) === 0,
    isFirst: random.below(2) === 0,
  }))
  const order = keys.map(({ name, isDown, isFirst }) =>
    api.col(name)[`${isDown ? 'desc' : 'asc'}Nulls${isFirst ? 'First' : 'Last'}`](),
  )
  const by = keys.map(
    ({ name, isDown, isFirst }) => `"${name}" ${isDown ? 'DESC' : 'ASC'} NULLS ${isFirst ? 'FIRST' : 'LAST'}`,
  )
  const count = random.pick([null, 0, 1, 7, 50, 100_000])
  const all = frame.orderBy(...order)
  return {
    frame: count === null ? all : all.limit(count),
    sql: `SELECT * FROM (${query.sql}) ORDER BY ${by.join(', ')}${count === null ? '' : ` LIMIT ${count}`}`,
    columns,
    isOrdered: true,
    isById: false,
  }
}

/** The first rows, in the order of the input. */
function limited(random: Random, query: RandomQuery): RandomQuery {
  if (!query.isById) return query
  const count = random.pick([0, 1, 10, 150, 1000])
  return {
    ...query,
    frame: query.frame.limit(count),
    sql: `SELECT * FROM (${query.sql}) ORDER BY id LIMIT ${count}`,
    isOrdered: true,
  }
}

function distinct(_: Random, query: RandomQuery): RandomQuery {
  return {
    ...query,
    frame: query.frame.distinct(),
    sql: `SELECT DISTINCT * FROM (${query.sql})`,
    isOrdered: false,
    isById: false,
  }
}

function withoutDuplicates(random: Random, query: RandomQuery): RandomQuery {
  if (!query.isById) return query
  const by = [random.pick(query.columns).name, random.pick(query.columns).name]
  return {
    ...query,
    frame: query.frame.dropDuplicates(...new Set(by)),
    sql: `SELECT * FROM (${query.sql}) QUALIFY row_number() OVER (PARTITION BY ${list(by)} ORDER BY id) = 1`,
    isOrdered: false,
    isById: false,
  }
}

function united(random: Random, query: RandomQuery): RandomQuery {
  const { js, sql } = condition(random, query.columns, 1)
  return {
    ...query,
    frame: query.frame.union(query.frame.filter(js)),
    sql: `SELECT * FROM (${query.sql}) UNION ALL SELECT * FROM (${query.sql}) WHERE ${sql}`,
    isOrdered: false,
    isById: false,
  }
}

/** With some of its own rows: those that are left out, or not. */
function intersectedOrExcepted(random: Random, query: RandomQuery): RandomQuery {
  const narrow = random.below(2) === 0 ? query : selected(random, query)
  const { js, sql } = condition(random, narrow.columns, 1)
  const op = random.pick(['intersect', 'except'])
  const all = random.below(2) === 0
  const few = narrow.frame.filter(js)
  // Twice, so that there are equal rows.
  const doubled = narrow.frame.union(narrow.frame)
  return {
    ...narrow,
    frame: doubled[all ? `${op}All` : op](few),
    sql: `(SELECT * FROM (${narrow.sql}) UNION ALL SELECT * FROM (${narrow.sql})) ${op.toUpperCase()}${all ? ' ALL' : ''} SELECT * FROM (${narrow.sql}) WHERE ${sql}`,
    isOrdered: false,
    isById: false,
  }
}

/** What a group lacks is missing, where DuckDB would count 0. */
function pivoted(random: Random, query: RandomQuery): RandomQuery {
  const { frame, sql, columns } = query
  const by = columns.filter(() => random.below(columns.length) === 0).slice(0, 2)
  const texts = ofKind(columns, 'string').filter((one) => !by.includes(one))
  if (texts.length === 0) return query
  const [pivot, value] = [random.pick(texts), random.pick(columns)]
  const fn = random.pick(['min', 'max'])
  const options = random.pick([['a', 'b'], ['x y'], ["it's", 'none', 'ab']])
  const made = options.map((option) => ({ ...value, name: option }))
  if (made.some(({ name }) => by.some((one) => one.name === name))) return query
  const calls = options.map(
    (option) => `${fn}("${value.name}") FILTER ("${pivot.name}" = '${option.replaceAll("'", "''")}') AS "${option}"`,
  )
  const names = by.map(({ name }) => name)
  return {
    frame: frame
      .groupBy(...names)
      .pivot(pivot.name, options)
      .agg({ r: api[fn](value.name) }),
    sql: `SELECT ${[...names.map((name) => `"${name}"`), ...calls].join(', ')} FROM (${sql})${names.length === 0 ? '' : ` GROUP BY ${list(names)}`}`,
    columns: [...by, ...made],
    isOrdered: false,
    isById: false,
  }
}

/** Columns of one side alone are null in the rows of the other. */
function unitedByName(random: Random, query: RandomQuery): RandomQuery {
  const other = selected(random, query)
  const added = computed(random, other)
  const extra = added.columns.filter(({ name }) => query.columns.every((one) => one.name !== name))
  if (added.columns.length === other.columns.length) return query
  // A column that was left out may have come back as another one.
  if (extra.length === 0) return query
  return {
    frame: query.frame.unionByName(added.frame, { allowMissing: true }),
    sql: `SELECT * FROM (${query.sql}) UNION ALL BY NAME SELECT * FROM (${added.sql})`,
    columns: [...query.columns, ...extra],
    isOrdered: false,
    isById: false,
  }
}

/** NaN is missing, too. */
function filled(random: Random, query: RandomQuery): RandomQuery {
  const columns = query.columns.filter(
    ({ kind, name }) => kind !== 'date' && kind !== 'timestamp' && kind !== 'boolean' && name !== 'id',
  )
  if (columns.length === 0) return query
  const { name, kind } = random.pick(columns)
  const value = kind === 'string' ? 'none' : random.below(9)
  const one = `"${name}"`
  const isMissing = kind === 'double' ? `${one} IS NULL OR isnan(${one})` : `${one} IS NULL`
  return {
    ...query,
    frame: query.frame.na.fill({ [name]: value }),
    sql: `SELECT * REPLACE (CASE WHEN ${isMissing} THEN ${kind === 'string' ? `'${value}'` : value} ELSE ${one} END AS ${one}) FROM (${query.sql})`,
  }
}

function withoutNulls(random: Random, query: RandomQuery): RandomQuery {
  const some = query.columns.filter(() => random.below(3) === 0)
  const columns = some.length === 0 ? query.columns : some
  const how = random.pick(['any', 'all'] as const)
  const there = columns.map(({ name, kind }) =>
    kind === 'double' ? `("${name}" IS NOT NULL AND NOT isnan("${name}"))` : `"${name}" IS NOT NULL`,
  )
  return {
    ...query,
    frame: query.frame.na.drop({ how, columns: columns.map(({ name }) => name) }),
    sql: `SELECT * FROM (${query.sql}) WHERE ${there.join(how === 'any' ? ' AND ' : ' OR ')}`,
  }
}
