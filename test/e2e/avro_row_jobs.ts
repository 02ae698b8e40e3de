/** Jobs for avro.test.ts: maps of rows of Avro. */
import { avro, count, defineJob, long, nullable, number, string, sum } from 'runjob'

const SCHEMA = { id: long(), name: nullable(string()) }

/** Each row as it came, in the order of the file. */
export const rows = defineJob({
  name: 'avro-rows',
  input: avro({ schema: SCHEMA }),
  key: number(),
  value: string(),
  map: (row, emit) => {
    if (row.name === 'throws') throw new Error('this name throws')
    emit(row.id, row.name ?? '')
  },
})

/** Reads one column. */
export const total = defineJob({
  name: 'avro-total',
  input: avro({ schema: SCHEMA }),
  value: number(),
  map: (row, emit) => emit('all', row.id),
  reduce: sum(),
})

export const misspelt = defineJob({
  name: 'avro-misspelt',
  input: avro({ schema: { id: long(), nmae: nullable(string()) } }),
  map: (row, emit) => emit(row.nmae ?? '', row.id),
  value: number(),
  reduce: count(),
})

export const ids = defineJob({
  name: 'avro-ids',
  input: avro({ schema: { id: long() } }),
  value: number(),
  map: (row, emit) => emit('all', row.id),
  reduce: sum(),
})
