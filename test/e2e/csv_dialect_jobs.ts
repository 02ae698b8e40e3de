import { csv, csvOptions, csvParams, defineJob, json, jsonl, mapReduce, string } from 'runjob'

/** Rows as they come, in input order, of any dialect. */
export const dialectRows = defineJob({
  name: 'dialect-rows',
  params: { ...csvParams },
  define: (params) =>
    mapReduce({
      input: csv(csvOptions(params)),
      key: string(),
      value: json<(string | undefined)[]>(),
      map: (row: Record<string, string>, emit) => emit(row.id ?? '', [row.note, row.amount]),
      output: jsonl(),
    }),
})
