/** What jobs are written with: all that the ready-made jobs import, so that these start without the code of data frames. */
export { type ErrorKind, RunjobError } from '../base/errors.js'
export type { CsvOptions } from '../io/format/csv/options.js'
export { type Chain, step } from './chain.js'
export { bigint, bytes, type Codec, descending, json, number, type OrderKey, string, tuple } from './codecs.js'
export { type CsvParams, columnNames, columnPairs, csvOptions, csvParams, refuseCsvParams } from './csv_params.js'
export { type AnyJob, defineJob, type Job, mapReduce } from './define.js'
export { avro, csv, type Input, jsonl, type Output, parquet, type Row, text, tsv } from './formats.js'
export type { Context, Emit, MapFn, Nothing, ReduceFn } from './map_reduce.js'
export { byValue, fields, grep, lines, type NativeMapper, words } from './mappers.js'
export {
  type Aggregate,
  aggregate,
  avg,
  count,
  countDistinct,
  distinct,
  first,
  join,
  last,
  max,
  mean,
  min,
  type NativeReducer,
  sorted,
  sum,
  take,
  topK,
  unique,
} from './reducers.js'
