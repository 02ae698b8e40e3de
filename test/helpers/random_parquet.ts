/** Random Parquet files, with all that tells a reader which rows it may leave out; and random filters of their rows. */
import { writeFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import type { Expression, LiteralExpression } from '../../dist/src/plan/expression.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import type { Random } from './random.js'

type SchemaElement = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>[number]

/** Columns in order, in runs, of few values and of many, with nulls and NaN, and with lists that span pages. */
export async function writeRandomParquet(path: string, random: Random, duckdb: DuckDBConnection): Promise<void> {
  if (random.below(2) === 0) await writeWithDuckDB(path, random, duckdb)
  else writeWithPageIndex(path, random)
}

async function writeWithDuckDB(path: string, random: Random, duckdb: DuckDBConnection): Promise<void> {
  const rows = 1 + random.below(9000)
  const seed = random.below(1000)
  const rnd = (salt: number, most: number) => `(hash(i * 31 + ${seed + salt}) % ${most})`
  const codec = random.pick(['snappy', 'zstd', 'uncompressed'])
  const version = random.pick(['v1', 'v2'])
  await duckdb.run(`
    copy (select i::int as ordered, ${rnd(1, 100_000)}::bigint as noise, (i // ${1 + random.below(900)})::int as steps,
      case when ${rnd(2, 10)} = 0 then null when ${rnd(3, 50)} = 0 then 'nan'::double when ${rnd(4, 50)} = 0 then -0.0
        else ${rnd(5, 40)}::double end as number,
      'name ' || lpad((i // 50)::text, 6, '0') as name, 'a longer text with number ' || ${rnd(6, 5000)} as text,
      case when i // 1000 % 2 = 0 then null else 'word ' || ${rnd(7, 7)} end as word,
      (${rnd(8, 30_000)}::int / 100)::decimal(9, 2) as price, (i * 7)::decimal(30, 3) as wide,
      date '2020-01-01' + (i // 20)::int as day, timestamp '2020-01-01' + interval (i) minute as moment, ${rnd(9, 2)} = 0 as flag,
      case when ${rnd(10, 4)} = 0 then null else list_transform(range(${rnd(11, 5)}::int), x -> x + i) end as list,
      {a: i, b: case when ${rnd(12, 3)} = 0 then null else 'b' || i end} as "struct"
      from range(${rows}) t(i)) to '${path}'
      (format parquet, codec ${codec}, parquet_version ${version}, row_group_size ${2048 * (1 + random.below(3))})`)
}

function writeWithPageIndex(path: string, random: Random): void {
  const rows = 1 + random.below(6000)
  const column = (of: (i: number) => unknown) => Array.from({ length: rows }, (_, i) => of(i))
  const width = 1 + random.below(900)
  const maybe = (i: number, value: unknown) => (Math.floor(i / width) % 3 === 0 ? null : value)
  const options = (): Partial<ColumnSource> => ({
    offsetIndex: random.below(5) > 0,
    columnIndex: false,
    bloomFilter: random.below(2) === 0,
  })
  const indexed = (source: ColumnSource): ColumnSource => {
    const asked = options()
    return { ...source, ...asked, columnIndex: asked.offsetIndex === true && random.below(5) > 0 }
  }
  const encoding = random.pick(['PLAIN', 'DELTA_BINARY_PACKED', undefined] as const)
  const columnData: ColumnSource[] = [
    indexed({ name: 'ordered', type: 'INT32', data: column((i) => i), ...(encoding ? { encoding } : {}) }),
    indexed({ name: 'noise', type: 'INT64', data: column(() => BigInt(random.below(100_000))) }),
    indexed({ name: 'steps', type: 'INT32', data: column((i) => maybe(i, Math.floor(i / width))) }),
    indexed({
      name: 'number',
      type: 'DOUBLE',
      data: column(() => random.pick([null, Number.NaN, -0, random.below(40), random.below(40)])),
    }),
    indexed({
      name: 'name',
      type: 'STRING',
      data: column((i) => `name ${String(Math.floor(i / 50)).padStart(6, '0')}`),
    }),
    indexed({ name: 'text', type: 'STRING', data: column(() => `a longer text with number ${random.below(5000)}`) }),
    indexed({ name: 'word', type: 'STRING', data: column((i) => maybe(i, `word ${random.below(7)}`)) }),
    indexed({ name: 'flag', type: 'BOOLEAN', data: column(() => random.below(2) === 0) }),
    indexed({ name: 'list', data: column(() => random.times(random.below(5), () => random.below(100))) }),
    indexed({ name: 'struct', data: column((i) => ({ a: i, b: i % 3 === 0 ? null : i })) }),
  ]
  const bytes = parquetWriteBuffer({
    codec: random.pick(['SNAPPY', 'UNCOMPRESSED']),
    columnData: columnData.map(({ type, ...column }) => column),
    pageSize: 100 + random.below(5000),
    rowGroupSize: random.pick([100_000, 2500, 1000]),
    schema: [
      { name: 'root', num_children: columnData.length },
      ...columnData.flatMap(({ name, type }): SchemaElement[] => {
        const element = (own: string): SchemaElement =>
          type === 'STRING'
            ? { name: own, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }
            : { name: own, type: (type ?? 'INT32') as 'INT32', repetition_type: 'OPTIONAL' }
        if (name === 'struct') {
          return [{ name, num_children: 2, repetition_type: 'OPTIONAL' }, element('a'), element('b')]
        }
        if (name !== 'list') return [element(name)]
        return [
          { name, converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
          { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
          element('element'),
        ]
      }),
    ],
  })
  writeFileSync(path, Buffer.from(bytes))
}

/** One to three filters, as they follow a scan; null: no column can be compared with a literal. */
export function randomFilters(random: Random, columns: readonly Column[], rows: number): Expression[] | null {
  if (columns.every(({ type }) => literalOf(type, random, rows) === null)) return null
  return random.times(1 + random.below(3), () => randomCondition(random, columns, rows, 2))
}

function randomCondition(random: Random, columns: readonly Column[], rows: number, depth: number): Expression {
  const call = (fn: string, args: Expression[], type: Type = 'boolean'): Expression => {
    return { op: 'call', fn, args, type, nullable: true }
  }
  if (depth > 0 && random.below(3) === 0) {
    const sides = random.times(2, () => randomCondition(random, columns, rows, depth - 1))
    return call(random.pick(['and', 'or']), sides)
  }
  const one = random.pick(columns.filter(({ type }) => literalOf(type, random, rows) !== null))
  const column: Expression = { op: 'column', name: one.name, type: one.type, nullable: one.nullable }
  const literal = () => literalOf(one.type, random, rows)!
  switch (random.below(8)) {
    case 0:
      return call(random.pick(['isNull', 'isNotNull']), [column])
    case 1:
      return call('in', [column, ...random.times(1 + random.below(3), literal)])
    case 2:
      // It may fail: 0 divides.
      if (one.type !== 'double') break
      return call('gt', [call('divide', [literal(), column], 'double'), literal()])
    case 3:
      return call(random.pick(['eq', 'lt', 'le', 'gt', 'ge']), [literal(), column])
  }
  return call(random.pick(['eq', 'eq', 'lt', 'le', 'gt', 'ge', 'ne']), [column, literal()])
}

function literalOf(type: Type, random: Random, rows: number): LiteralExpression | null {
  const n = random.below(rows + 10)
  const value = (): LiteralExpression['value'] | undefined => {
    switch (type) {
      case 'integer':
        return random.below(2) === 0 ? n : Math.floor(n / 500)
      case 'long':
        return String(random.below(100_000))
      case 'double':
        return random.pick(['NaN', '0', '-0', '39', String(random.below(45))])
      case 'string':
        return random.pick([
          `name ${String(Math.floor(n / 50)).padStart(6, '0')}`,
          `word ${random.below(8)}`,
          `a longer text with number ${random.below(5000)}`,
        ])
      case 'boolean':
        return random.below(2) === 0
      case 'date':
        return 18_262 + Math.floor(n / 20)
      case 'timestamp':
      case 'timestamp_ntz':
        return String((1_577_836_800n + BigInt(n) * 60n) * 1_000_000n)
      default:
        return typeof type === 'object' && type.type === 'decimal'
          ? String(type.precision > 18 ? n * 7000 : random.below(30_000))
          : undefined
    }
  }
  const found = value()
  if (found === undefined) return null
  return { op: 'literal', value: random.below(30) === 0 ? null : found, type }
}
