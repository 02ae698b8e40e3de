/** Jobs for avro_output.test.ts: records as Avro. */
import { avro, count, defineJob, double, json, jsonl, list, long, nullable, number, string, struct, sum } from 'runjob'

/** Without a schema: the columns have the names of csv(). */
export const counted = defineJob({
  name: 'avro-counted',
  input: jsonl<{ word: string }>(),
  map: ({ word }, emit) => emit(word, 1),
  value: number(),
  reduce: sum(),
  output: avro(),
})

export const typed = defineJob({
  name: 'avro-typed',
  input: jsonl<{ word: string; tags: string[]; x: number | null }>(),
  map: ({ word, tags, x }, emit) => emit(word, { tags, x }),
  key: string(),
  value: json(),
  output: avro({ schema: { word: string(), more: struct({ tags: list(string()), x: nullable(double()) }) } }),
})

export const named = defineJob({
  name: 'avro-named',
  input: jsonl<{ word: string }>(),
  map: ({ word }, emit) => emit(word, 1),
  value: number(),
  reduce: count(),
  output: avro({ schema: { 'the word': string(), n: long() } }),
})
