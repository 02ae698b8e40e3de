import { csv, defineJob, json, jsonl, string } from 'runjob'

/** Rows, unchanged, in input order. */
export const rows = defineJob({
  name: 'rows',
  input: csv<'id' | 'note' | 'amount'>(),
  key: string(),
  value: json<string[]>(),
  map: (row, emit) => emit(row.id, [row.note, row.amount]),
  output: jsonl(),
})

/** Accepts only what the file really holds. */
export const strictRows = defineJob({
  name: 'strict-rows',
  input: csv<'id' | 'note' | 'amount'>(),
  key: string(),
  value: string(),
  map(row, emit, ctx) {
    if (!row.id.startsWith('real')) throw new Error(`no such id: ${row.id}`)
    ctx.count('rows')
    emit(row.id, row.amount)
  },
  reduce(id, amounts, emit) {
    emit(id, [...amounts].join(' '))
  },
})

/** Rows that a map keeps: each record has the fields of its row and, as JSON, the row of `KEPT_ROWS` calls before. */
export const KEPT_ROWS = 3000
const kept: object[] = []
export const keptRows = defineJob({
  name: 'kept-rows',
  input: csv<'id' | 'note' | 'amount'>(),
  key: string(),
  value: json<string[]>(),
  map(row, emit) {
    kept.push(row)
    const earlier = kept.length > KEPT_ROWS ? JSON.stringify(kept[kept.length - 1 - KEPT_ROWS]) : ''
    emit(row.id, [row.note, row.amount, earlier])
  },
  output: jsonl(),
})
