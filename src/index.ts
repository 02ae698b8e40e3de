/** The public surface of runjob. */
export { type ErrorKind, RunjobError } from './base/errors.js'
export { bigint, bytes, type Codec, descending, json, number, type OrderKey, string, tuple } from './job/codecs.js'
export {
  type AnyJob,
  type Context,
  defineJob,
  type Emit,
  type Job,
  type MapFn,
  mapReduce,
  type ReduceFn,
  step,
} from './job/define.js'
export { csv, type Input, jsonl, type Output, type Row, text, tsv } from './job/formats.js'
export { byValue, fields, grep, lines, type NativeMapper, words } from './job/mappers.js'
export type { ParamSpec, Params } from './job/params.js'
export {
  type Aggregate,
  aggregate,
  count,
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
} from './job/reducers.js'
export type { Plan } from './plan/plan.js'
export {
  explainJob,
  type Progress,
  type ResumedStage,
  type RunOptions,
  type RunResult,
  runJob,
  type StageReport,
  type TaskProfile,
} from './run.js'
