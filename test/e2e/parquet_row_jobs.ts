/** Jobs for parquet_jobs.test.ts: maps of rows of Parquet. */
import { count, defineJob, int, jsonl, long, nullable, number, parquet, string, sum } from 'runjob'
import { FLAT, NESTED, shown } from './typed_row_jobs.js'

const HEAD = { key: string(), value: string() }

export const whole = defineJob({
  ...HEAD,
  name: 'whole-parquet',
  input: parquet({ schema: FLAT }),
  map: (row, emit) => emit(String(row.id), shown({ ...row, at: row.at?.toISOString() ?? null })),
})

/** Reads columns by their names only. */
export const named = defineJob({
  ...HEAD,
  name: 'named-parquet',
  input: parquet({ schema: FLAT }),
  map: (row, emit) => emit(String(row.id), shown([row.name, row.exact, row.price, row.at, row.bytes])),
})

export const nested = defineJob({
  ...HEAD,
  name: 'nested-parquet',
  input: parquet({ schema: NESTED }),
  map: (row, emit) => emit(String(row.id), shown([row.tags, row.place])),
})

const SALES = { region: string(), amount: nullable(long()), year: int() }

/** Does not read the year. */
export const sales = defineJob({
  name: 'parquet-sales',
  input: parquet({ schema: SALES }),
  value: number(),
  map: (row, emit) => {
    if (row.region === 'throws') throw new Error('this region throws')
    emit(row.region, row.amount ?? 0)
  },
  reduce: sum(),
})

export const rows = defineJob({
  name: 'parquet-rows',
  input: parquet({ schema: SALES }),
  map: (_, emit) => emit('rows', 1),
  reduce: count(),
})

export const ranged = defineJob({
  name: 'parquet-ranged',
  input: parquet({ schema: { id: int() } }),
  map: ({ id }, emit) => emit(String(id).padStart(8, '0'), 1),
  reduce: sum(),
  partition: 'range',
  partitions: 3,
})

export const misspelt = defineJob({
  name: 'parquet-misspelt',
  input: parquet({ schema: { region: string(), amuont: nullable(long()) } }),
  map: (row, emit) => emit(row.region, Number(row.amuont)),
})

export const twoInputs = defineJob({
  name: 'parquet-two-inputs',
  inputs: { sales: parquet({ schema: SALES }), names: jsonl<{ region: string }>() },
  value: number(),
  map: {
    sales: (row, emit) => emit(row.region, Number(row.amount)),
    names: (row, emit) => emit(row.region, 1000),
  },
  reduce: sum(),
})
