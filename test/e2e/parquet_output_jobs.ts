/** Jobs for parquet_jobs.test.ts that write Parquet. */
import {
  aggregate,
  bigint,
  binary,
  bytes,
  count,
  csv,
  date,
  decimal,
  defineJob,
  double,
  int,
  json,
  jsonl,
  list,
  long,
  max,
  nullable,
  number,
  parquet,
  string,
  struct,
  sum,
  tuple,
} from 'runjob'

interface Row {
  id: number
  at: string
  wide: string
  tags: string[]
  x: number | null
}

/** A column for each field of its records. */
export const typed = defineJob({
  name: 'typed',
  input: jsonl<Row>(),
  key: tuple(number(), string()),
  value: tuple(bigint(), json<Pick<Row, 'tags' | 'x'>>(), bytes()),
  output: parquet({
    schema: {
      id: int(),
      at: date(),
      wide: decimal(38, 0),
      more: struct({ tags: list(string()), x: nullable(double()) }),
      raw: binary(),
    },
  }),
  map: (row, emit) => {
    emit([row.id, row.at], [BigInt(row.wide), { tags: row.tags, x: row.x }, Buffer.from(row.at)])
  },
})

/** Native aggregates. */
export const totals = defineJob({
  name: 'totals',
  input: csv({ schema: { region: string(), amount: nullable(double()) } }),
  value: json<{ amount: number | null }>(),
  map: (row, emit) => emit(row.region, { amount: row.amount }),
  reduce: aggregate({ n: count(), total: sum('amount'), most: max('amount') }),
  output: parquet({ schema: { region: string(), n: long(), total: double(), most: nullable(double()) } }),
})

/** Emits values that are not those of its column. */
export const misfits = defineJob({
  name: 'misfits',
  input: jsonl<number | null>(),
  map: (value, emit) => emit('k', value as number),
  output: parquet({ schema: { k: string(), n: int() } }),
})

/** Columns of its own. */
export const own = defineJob({
  name: 'own',
  input: jsonl<{ k: string; n: number | null }>(),
  map: ({ k, n }, emit) => emit(k, n as number),
  output: parquet(),
})
