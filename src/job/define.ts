/**
 * A job: inputs, a map, a reduce, an output; or a chain of such steps.
 */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type JobFunctions, type JobModule, registerJob, type TaskContext } from '../plan/functions.js'
import type { ParamValue } from '../plan/plan.js'
import type { Codec, OrderKey } from './codecs.js'
import type { Input, Output } from './formats.js'
import { jobFunctions } from './functions.js'
import type { NativeMapper, NativeRekey } from './mappers.js'
import { type ParamSpec, type Params, resolveParams } from './params.js'
import type { NativeReducer } from './reducers.js'
import { checkJob } from './validate.js'

export type Emit<K, V> = (key: K, value: V) => void
export type Context = TaskContext

export type MapFn<R, K, V> = (record: R, emit: Emit<K, V>, ctx: Context) => void
/** `values` can be read once; it never holds the whole group in memory. */
export type ReduceFn<K, V, OutK, OutV> = (key: K, values: Iterable<V>, emit: Emit<OutK, OutV>, ctx: Context) => void

/** What happens between a map and its reduce. */
export interface Shuffle<K, V> {
  /** Type of the keys that map emits; `string()` if not given. */
  key?: Codec<K>
  /** Type of the values that map emits; `number()` if not given. */
  value?: Codec<V>
  /** Merges values of one key early, on the map side: it may run any number of times. A native reducer combines by itself. */
  combine?: NativeReducer<V> | ReduceFn<K, V, K, V>
  /**
   * `hash` (default): equal keys meet in one part, parts are in no order. `range`: the parts, one after another, are in key
   * order. Or a function: key, number of partitions -> partition.
   */
  partition?: 'hash' | 'range' | ((key: K, partitions: number) => number)
  /** Secondary sort: values of a key reach reduce in this order instead of input order. */
  order?: (value: V, key: K) => OrderKey
  /** Sort keys from large to small. */
  sort?: 'ascending' | 'descending'
  /** Number of partitions, and so of parts; by default from the size of the input. */
  partitions?: number
}

/** One map and its reduce. */
export interface MapReduce<R, K, V, OutK, OutV> extends Shuffle<K, V> {
  map: NativeMapper<K> | MapFn<R, K, V>
  /** Absent: the map's output is written as it comes, in input order. */
  reduce?: NativeReducer<OutV> | ReduceFn<K, V, OutK, OutV>
  /** Types of what reduce emits, if not those of what map emits. */
  outKey?: Codec<OutK>
  outValue?: Codec<OutV>
}

/**
 * A later step of a chain: its map takes `[key, value]` of the step before. Without `map`, records go on as they are.
 */
export interface Step<R, K, V, OutK, OutV> extends Shuffle<K, V> {
  map?: NativeMapper<K> | NativeRekey | MapFn<R, K, V>
  reduce?: NativeReducer<OutV> | ReduceFn<K, V, OutK, OutV>
  outKey?: Codec<OutK>
  outValue?: Codec<OutV>
}

/** Parts that every shape of job shares. */
export interface JobParts {
  /** Runs once in each worker before its first task; what it returns is `ctx.state`. May be asynchronous. */
  setup?: (ctx: Pick<Context, 'params' | 'files'>) => unknown
  /** Runs once in each worker after its last task. */
  teardown?: (state: unknown) => unknown
  /** Read-only files that functions need, by name; their content belongs to the job's identity. */
  files?: Record<string, string>
  /** `tsv()` by default; `text()` where records are bare keys. */
  output?: Output
  /** Further outputs by name, written with `ctx.write(name, key, value)` into a folder of that name. */
  outputs?: Record<string, Output>
}

export interface OneInput<R> {
  input: Input<R>
}

/** Several inputs, each with a map of its own. */
export interface SeveralInputs {
  inputs: Record<string, Input<unknown>>
}

export type JobBody<R, K, V, OutK, OutV> = JobParts &
  (
    | (OneInput<R> & MapReduce<R, K, V, OutK, OutV>)
    | (SeveralInputs &
        Omit<MapReduce<never, K, V, OutK, OutV>, 'map'> & { map: Record<string, NativeMapper<K> | MapFn<never, K, V>> })
    | ((OneInput<R> | SeveralInputs) & { steps: readonly AnyStep[] })
  )

/** A step of any types: what `step()` makes of one. */
export interface AnyStep {
  readonly step: object
}

/** The same parts, for code that runs jobs: one shape, no type parameters. */
export interface AnyBody extends JobParts {
  input?: Input<unknown>
  inputs?: Record<string, Input<unknown>>
  steps?: readonly AnyStep[]
}

export interface JobHead {
  name: string
  description?: string
  /** Command lines to show in its help. */
  examples?: readonly string[]
  /** `top`: the records with the largest number are shown at the end of a run. */
  summary?: 'top'
  /** Names of the inputs, in the order of the command line's arguments, where there are several. */
  inputNames?: readonly string[]
}

/**
 * A job, ready to run. `OutK` and `OutV` are the types of its output's records, `R` is that of its input's, `K` and `V` are those of
 * what its map emits.
 */
export interface Job<
  P = Record<string, ParamValue>,
  OutK = unknown,
  OutV = unknown,
  R = unknown,
  K = unknown,
  V = unknown,
> extends JobModule {
  readonly name: string
  readonly description: string
  readonly examples: readonly string[]
  readonly summary: 'top' | null
  readonly inputNames: readonly string[]
  readonly params: Record<string, ParamSpec>
  /** The body for these values. @throws PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID, JOB_INVALID */
  body(params: Record<string, ParamValue | undefined>): AnyBody
  /** URL of the module that defines it; null where there is none (a REPL). */
  readonly definedIn: string | null
  readonly types?: { params: P; key: OutK; value: OutV; record: R; emitted: [key: K, value: V] }
}

export type AnyJob = Job<never>

/**
 * Defines a job. Give the body itself, or, for a job with parameters, `params` and a function `define` from their values to the
 * body.
 *
 * @throws JOB_INVALID
 *
 * @example
 * export default defineJob({
 *   name: 'lengths',
 *   input: text(),
 *   key: number(),
 *   map: (line, emit) => emit(line.length, 1),
 *   reduce: sum(),
 * })
 */
export function defineJob<const P extends Record<string, ParamSpec>, R, K = string, V = number, OutK = K, OutV = V>(
  job: JobHead & { params: P; define: (params: Params<P>) => JobBody<R, K, V, OutK, OutV> },
): Job<Partial<Params<P>>, OutK, OutV, R, K, V>
export function defineJob<R, K = string, V = number, OutK = K, OutV = V>(
  job: JobHead & JobBody<R, K, V, OutK, OutV>,
): Job<Record<string, never>, OutK, OutV, R, K, V>
export function defineJob(
  job: JobHead & (AnyBody | { params: Record<string, ParamSpec>; define: (params: never) => unknown }),
): Job<never> {
  const params = 'define' in job ? job.params : {}
  const body = (values: Record<string, ParamValue | undefined>): AnyBody => {
    const resolved = resolveParams(params, values)
    return checkJob(job.name, 'define' in job ? (job.define as (params: unknown) => AnyBody)(resolved) : job)
  }
  if (!('define' in job)) checkJob(job.name, job)
  const inputNames = job.inputNames ?? ('inputs' in job && job.inputs ? Object.keys(job.inputs) : ['input'])
  const defined: Job<never> = {
    name: job.name,
    description: job.description ?? '',
    examples: job.examples ?? [],
    summary: job.summary ?? null,
    inputNames,
    params,
    body,
    functions: (values): JobFunctions => jobFunctions(body(values)),
    definedIn: callerUrl(),
  }
  registerJob(job.name, defined)
  return defined
}

/** URL of the module that called defineJob: workers import it. */
function callerUrl(): string | null {
  const { prepareStackTrace } = Error
  try {
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName())
    // Node names ES modules by URL; tools that load modules their own way (vitest, CommonJS) by path.
    const urls = (new Error().stack as unknown as (string | null)[]).map((file) =>
      file && isAbsolute(file) ? pathToFileURL(file).href : file,
    )
    const caller = urls.find((url) => url !== import.meta.url)
    return caller?.startsWith('file:') ? caller : null
  } finally {
    Error.prepareStackTrace = prepareStackTrace
  }
}

/**
 * A typed body, for a job whose `define` returns one: the types of its functions follow from its own input and codecs.
 *
 * @example
 * define: (params) => mapReduce({ input: text(), map: (line, emit) => emit(line, params.weight), reduce: sum() })
 */
export function mapReduce<R, K = string, V = number, OutK = K, OutV = V>(
  body: JobBody<R, K, V, OutK, OutV>,
): JobBody<R, K, V, OutK, OutV> {
  return body
}

/** One step of a chain; the first one's records are `input`'s, those of a later one `[key, value]` of the step before. */
export function step<R, K = string, V = number, OutK = K, OutV = V>(step: Step<R, K, V, OutK, OutV>): AnyStep {
  return { step }
}
