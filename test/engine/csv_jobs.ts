import { csv, defineJob, json, jsonl, string } from 'runjob'

/** Rows as they come, in input order. */
export const rows = defineJob({
  name: 'rows',
  input: csv<'id' | 'note' | 'amount'>(),
  key: string(),
  value: json<string[]>(),
  map: (row, emit) => emit(row.id, [row.note, row.amount]),
  output: jsonl(),
})

/** Accepts nothing but what the file really holds. */
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
