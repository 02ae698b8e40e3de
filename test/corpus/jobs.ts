/** Jobs with a map function that show what it gets. Workers import this module. */
import { basename } from 'node:path'
import { csv, defineJob, json, jsonl, mapReduce, string, text } from 'runjob'

export const ownLines = defineJob({
  name: 'own-lines',
  input: text(),
  value: string(),
  map: (line, emit, ctx) => emit(basename(ctx.inputPath), line),
  output: jsonl(),
})

export const ownValues = defineJob({
  name: 'own-values',
  input: jsonl(),
  value: json<unknown[]>(),
  map: (value, emit, ctx) => emit(basename(ctx.inputPath), [value]),
  output: jsonl(),
})

export const ownRows = defineJob({
  name: 'own-rows',
  params: { dialect: { type: 'string', default: '{}', describe: 'Options of csv(), as JSON' } },
  define: ({ dialect }) =>
    mapReduce({
      input: csv<string>(JSON.parse(dialect)),
      value: json<Record<string, string>>(),
      map: (row, emit, ctx) => emit(basename(ctx.inputPath), row),
      output: jsonl(),
    }),
})
