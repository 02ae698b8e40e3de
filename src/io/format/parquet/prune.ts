/** Rows that need not be read, because a filter after the scan lets none of them pass. */
import { type CallExpression, columnNames, type Expression, type LiteralExpression } from '../../../plan/expression.js'
import { type Column, sameType, type Type } from '../../../plan/type.js'
import type { InputFile } from '../../input/input_file.js'
import { BloomFilter } from './bloom.js'
import type { ParquetFooter } from './footer.js'
import { readOffsetIndex, readZones, type Zone } from './page_index.js'
import { type Bound, plainBytes } from './plain.js'
import { allRows, intersect, type RowRange, unite } from './ranges.js'
import type { RowGroup } from './row_groups.js'
import { type Leaf, parquetColumns } from './schema.js'
import { type ColumnStatistics, StatisticsReader } from './statistics.js'

/** A column of the scan that is a leaf of the file. */
interface Known {
  leaf: Leaf
  reader: StatisticsReader
  /** Whether it may be compared with literals of the column's type. */
  isSame: boolean
}

/** What is known of the rows of a row group. */
interface Evidence {
  rows: number
  /** All rows, zone by zone; null: nothing is known. */
  zones: (name: string) => readonly Zone[] | null
  /** Whether the column certainly has no such value. */
  lacks: (name: string, literal: LiteralExpression) => boolean
}

/** `in` with more values asks no Bloom filter. */
const MOST_ASKED = 64

/** Finds the rows of a file's row groups that may pass. */
export class Pruner {
  readonly #file: InputFile
  readonly #footer: ParquetFooter
  readonly #known = new Map<string, Known>()
  /** Columns of the scan in which a null is a fault, whatever the filters say. null: one that the file lacks. */
  readonly #required: (Known | null)[] = []
  readonly #filters: readonly Expression[]

  /** @param filters of the rows of a scan with these columns; a row must pass all of them */
  constructor(file: InputFile, footer: ParquetFooter, columns: readonly Column[], filters: readonly Expression[]) {
    this.#file = file
    this.#footer = footer
    this.#filters = filters.flatMap(conjunctsOf)
    if (filters.length === 0) return
    const own = parquetColumns(footer)
    for (const column of columns) {
      const found = own.find(({ name }) => name === column.name)
      if (found?.node.kind === 'leaf') {
        const { leaf } = found.node
        const reader = new StatisticsReader(footer, leaf, column)
        this.#known.set(column.name, { leaf, reader, isSame: sameType(leaf.type, column.type) })
      }
      if (!column.nullable && (!found || found.nullable)) this.#required.push(this.#known.get(column.name) ?? null)
    }
  }

  /** The rows of the group that may pass; where nothing is known, all. */
  rowsOf(group: RowGroup): RowRange[] {
    const all = allRows(group.rows)
    if (this.#filters.length === 0 || this.#mayBeAtFault(group)) return all
    const whole = this.#wholeGroup(group)
    const byGroup = this.#rows({ rows: group.rows, zones: whole, lacks: () => false })
    if (byGroup.length === 0) return []
    const lacks = this.#bloomFilters(group)
    const byValue = this.#rows({ rows: group.rows, zones: whole, lacks })
    if (byValue.length === 0) return []
    const zones = this.#pages(group)
    return zones.size === 0
      ? byValue
      : this.#rows({ rows: group.rows, zones: (name) => zones.get(name) ?? whole(name), lacks })
  }

  #mayBeAtFault(group: RowGroup): boolean {
    return this.#required.some((known) => known?.reader.ofChunk(group.columns[known.leaf.index]!).nulls !== 0)
  }

  #wholeGroup({ rows, columns }: RowGroup): Evidence['zones'] {
    const asked = new Map<string, Zone[]>()
    return (name) => {
      const known = this.#known.get(name)
      if (!known) return null
      const zones = asked.get(name) ?? [
        { range: { start: 0, end: rows }, statistics: known.reader.ofChunk(columns[known.leaf.index]!) },
      ]
      asked.set(name, zones)
      return zones
    }
  }

  /** What the page indexes say of columns that filters read. */
  #pages({ rows, columns }: RowGroup): Map<string, Zone[]> {
    const zones = new Map<string, Zone[]>()
    for (const name of new Set(this.#filters.flatMap(columnNames))) {
      const known = this.#known.get(name)
      const chunk = columns[known?.leaf.index ?? -1]
      if (!known || !chunk?.columnIndex) continue
      const places = readOffsetIndex(this.#file, chunk, rows)
      const own = places && readZones(this.#file, chunk, places, rows, known.leaf.maxDefinition > 0, known.reader)
      if (own) zones.set(name, own)
    }
    return zones
  }

  /** Asks the Bloom filters for all values that filters compare with. */
  #bloomFilters({ columns }: RowGroup): Evidence['lacks'] {
    // By column, because two columns may be compared with one literal.
    const lacking = new Map<string, Set<LiteralExpression>>()
    for (const { name, literals } of this.#filters.flatMap(equalities)) {
      const known = this.#known.get(name)
      const chunk = columns[known?.leaf.index ?? -1]
      if (!known?.isSame || !chunk?.bloomFilter || literals.length > MOST_ASKED) continue
      const filter = BloomFilter.open(this.#file, chunk, this.#footer.endOfPages)
      for (const literal of filter ? literals : []) {
        const value = sameType(literal.type, known.leaf.type) ? boundOf(literal) : null
        const bytes = value === null ? null : plainBytes(known.leaf, value)
        if (bytes && filter!.lacks(bytes)) lacking.set(name, (lacking.get(name) ?? new Set()).add(literal))
      }
    }
    return (name, literal) => lacking.get(name)?.has(literal) ?? false
  }

  #rows(evidence: Evidence): RowRange[] {
    let rows = allRows(evidence.rows)
    for (const filter of this.#filters) {
      rows = intersect(rows, this.#passing(filter, evidence))
      // Whatever follows is only asked of rows that pass this, and an error in it must be the same.
      if (rows.length === 0 || !cannotFail(filter)) break
    }
    return rows
  }

  #passing(expression: Expression, evidence: Evidence): RowRange[] {
    const all = allRows(evidence.rows)
    if (expression.op !== 'call') return all
    const { fn, args } = expression
    switch (fn) {
      case 'and':
      case 'or': {
        if (!args.every(cannotFail)) return all
        const both = fn === 'and' ? intersect : unite
        return args.map((arg) => this.#passing(arg, evidence)).reduce(both)
      }
      case 'isNull':
        return this.#where(args[0]!, evidence, ({ nulls }) => nulls !== 0)
      case 'isNotNull':
        return this.#where(args[0]!, evidence, ({ nulls }, rows) => nulls !== rows)
      case 'in': {
        const [value, ...options] = args
        return options.map((option) => this.#compared('eq', value!, option, evidence)).reduce(unite, [])
      }
      default:
        return fn in MIRRORED ? this.#comparison(expression, evidence) : all
    }
  }

  #comparison({ fn, args: [a, b] }: CallExpression, evidence: Evidence): RowRange[] {
    return a!.op === 'literal' ? this.#compared(MIRRORED[fn]!, b!, a!, evidence) : this.#compared(fn, a!, b!, evidence)
  }

  #compared(fn: string, column: Expression, literal: Expression, evidence: Evidence): RowRange[] {
    if (literal.op !== 'literal' || column.op !== 'column' || !sameType(literal.type, column.type))
      return allRows(evidence.rows)
    if (fn === 'eq' && evidence.lacks(column.name, literal)) return []
    return this.#where(column, evidence, (statistics, rows) => mayCompare(fn, statistics, rows, literal))
  }

  /** The zones for which a condition holds; all rows, if nothing is known of the expression's values. */
  #where(
    expression: Expression,
    { rows, zones }: Evidence,
    mayPass: (statistics: ColumnStatistics, rows: number) => boolean,
  ): RowRange[] {
    const known = expression.op === 'column' ? zones(expression.name) : null
    if (!known) return allRows(rows)
    const passing = known.filter(({ range, statistics }) => mayPass(statistics, range.end - range.start))
    return unite(
      passing.map(({ range }) => range),
      [],
    )
  }
}

function mayCompare(fn: string, statistics: ColumnStatistics, rows: number, literal: LiteralExpression): boolean {
  // Null equals nothing.
  if (literal.value === null || statistics.nulls === rows) return false
  const value = boundOf(literal)
  if (value === null) return true
  const { least } = statistics
  // NaN is the largest double, and no statistics count it.
  const greatest = literal.type === 'double' ? null : statistics.greatest
  switch (fn) {
    case 'eq':
      return !isBelow(value, least) && !isBelow(statistics.greatest, value)
    case 'lt':
      return least === null || isBelow(least, value)
    case 'le':
      return !isBelow(value, least)
    case 'gt':
      return greatest === null || isBelow(value, greatest)
    case 'ge':
      return !isBelow(greatest, value)
    default:
      return true
  }
}

/** Columns that an expression compares with literals. */
function equalities(expression: Expression): { name: string; literals: LiteralExpression[] }[] {
  if (expression.op !== 'call') return []
  const { fn, args } = expression
  if (fn === 'and' || fn === 'or') return args.flatMap(equalities)
  if (fn !== 'eq' && fn !== 'in') return []
  const names = args.flatMap((arg) => (arg.op === 'column' ? [arg.name] : []))
  const literals = args.flatMap((arg) => (arg.op === 'literal' ? [arg] : []))
  return names.length === 1 ? [{ name: names[0]!, literals }] : []
}

/** Comparisons, and what they are with their sides changed. */
const MIRRORED: Record<string, string> = { eq: 'eq', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' }
const SAFE = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'eqNullSafe',
  'isNull',
  'isNotNull',
  'isNaN',
  'in',
  'and',
  'or',
  'not',
])

function cannotFail(expression: Expression): boolean {
  return expression.op !== 'call' || (SAFE.has(expression.fn) && expression.args.every(cannotFail))
}

function conjunctsOf(expression: Expression): Expression[] {
  return expression.op === 'call' && expression.fn === 'and' ? expression.args.flatMap(conjunctsOf) : [expression]
}

/** null: it is null, or nothing is known of it. */
function boundOf({ value, type }: LiteralExpression): Bound | null {
  if (value === null) return null
  if (typeof type === 'object') return isDecimal(type) ? BigInt(value as string) : null
  switch (type) {
    case 'boolean':
    case 'integer':
    case 'date':
      return value as boolean | number
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return BigInt(value as string)
    case 'double': {
      const number = Number(value)
      return Number.isNaN(number) ? null : number
    }
    case 'string':
      return Buffer.from(value as string)
    case 'binary':
      return Buffer.from(value as string, 'base64')
  }
}

function isDecimal(type: Type): boolean {
  return typeof type === 'object' && type.type === 'decimal'
}

/** Whether both are known and a < b. */
function isBelow(a: Bound | null, b: Bound | null): boolean {
  if (a === null || b === null || typeof a !== typeof b) return false
  return Buffer.isBuffer(a) ? Buffer.compare(a, b as Buffer) < 0 : a < b
}
