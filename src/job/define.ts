/**
 * A job: inputs, a map, a reduce, an output; or a chain of such steps.
 */
import { callSite } from '../base/caller.js'
import { RunjobError, userError } from '../base/errors.js'
import { copyOf, describe, isThenable, requireArguments, safely } from '../base/schema.js'
import { type JobFunctions, type JobModule, registerJob } from '../plan/functions.js'
import { type GivenParams, type ParamSpec, type Params, resolveParams, type Specs } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'
import type { AnyBody, JobBody, JobHead, JobParts, NoStep } from './body.js'
import { stepsOf } from './chain.js'
import { bodyShape, jobFunctions } from './functions.js'
import type { Inputs } from './map_reduce.js'
import { checkHead } from './schema.js'
import { checkJob } from './validate.js'

type NoBody = { readonly [Name in keyof JobParts | keyof NoStep | 'input' | 'inputs' | 'steps']?: never }

/** A job whose body depends on the values of its parameters. */
interface Parametrized<P extends Record<string, ParamSpec>, Body> extends NoBody {
  params: P & Specs<P>
  define: (params: Params<P>) => Body
}

/**
 * A job, ready to run. `OutK` and `OutV` are the types of its output's records, `R` is the type of its input's records, `K` and `V` are the
 * types that its map emits.
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
  /** URL of the module that defines it; null if there is none (a REPL). */
  readonly definedIn: string | null
  readonly types?: { params: P; key: OutK; value: OutV; record: R; emitted: [key: K, value: V] }
}

export type AnyJob = Job<never>

/**
 * Defines a job. Give the body itself or, for a job with parameters, `params` and a function `define` from their values to the
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
export function defineJob<
  R,
  K = string,
  V = number,
  OutK = K,
  OutV = V,
  const P extends Record<string, ParamSpec> = Record<never, never>,
  N extends string = never,
  I extends Inputs<N> = Inputs<N>,
>(
  job: JobHead & (JobBody<R, K, V, OutK, OutV, N, I> | Parametrized<P, JobBody<R, K, V, OutK, OutV, N, I>>),
): Job<GivenParams<P>, OutK, OutV, R, K, V>
export function defineJob(...args: unknown[]): Job<never> {
  requireArguments('defineJob', 1, args)
  const [given] = args
  const fail = (problem: string): never => {
    const name = safely(() => (given as Partial<JobHead> | undefined)?.name, undefined)
    throw new RunjobError('JOB_INVALID', { ...(typeof name === 'string' && name !== '' ? { job: name } : {}), problem })
  }
  const job = copyOf(given, fail) as JobHead &
    (AnyBody | { params: Record<string, ParamSpec>; define: (params: never) => unknown })
  checkHead(job, fail)
  const { define } = job as { define?: (params: unknown) => AnyBody }
  const params = (define && (job as { params?: Record<string, ParamSpec> }).params) ?? {}
  const inputNames = job.inputNames ?? ('inputs' in job && job.inputs ? Object.keys(job.inputs) : ['input'])
  const body = (values: Record<string, ParamValue | undefined>): AnyBody => {
    const resolved = resolveParams(params, values)
    return checkJob(
      job.name,
      ownBody(job.name, define ? calledDefine(job.name, define, resolved) : bodyOf(job as JobHead & AnyBody)),
      inputNames,
    )
  }
  if (!define) checkJob(job.name, ownBody(job.name, bodyOf(job as JobHead & AnyBody)), inputNames)
  const defined: Job<never> = {
    name: job.name,
    description: job.description ?? '',
    examples: job.examples ?? [],
    summary: job.summary ?? null,
    inputNames,
    params,
    body,
    functions: (values): JobFunctions => jobFunctions(body(values)),
    shape: (values) => bodyShape(body(values)),
    definedIn: callSite().url,
  }
  registerJob(job.name, defined)
  return defined
}

function calledDefine(job: string, define: (params: unknown) => AnyBody, params: unknown): AnyBody {
  try {
    return define(params)
  } catch (error) {
    throw userError(error, 'define', { job })
  }
}

/** A copy of the body that the user cannot change, with its chain as a list. */
function ownBody(job: string, given: AnyBody): AnyBody {
  const copy = (body: AnyBody) =>
    copyOf(body, (problem) => {
      throw new RunjobError('JOB_INVALID', { job, problem })
    })
  return copy(stepsOf(job, copy(given)))
}

/** @throws JOB_INVALID if this is not a job */
export function requireJob(job: unknown): asserts job is AnyJob {
  if (isJob(job)) return
  const problem = `a job from defineJob() is expected, not ${describe(job)}`
  const inside = safely(() => (job as { default?: unknown } | null | undefined)?.default, undefined)
  const help = safely(() => isThenable(job), false)
    ? 'Await it first.'
    : isJob(inside)
      ? 'Pass the default export of that module.'
      : undefined
  throw new RunjobError('JOB_INVALID', { problem, ...(help === undefined ? {} : { help }) })
}

export function isJob(job: unknown): job is AnyJob {
  if (job === null || typeof job !== 'object') return false
  return safely(() => {
    const { functions, body, name } = job as Partial<AnyJob>
    return typeof functions === 'function' && typeof body === 'function' && typeof name === 'string'
  }, false)
}

/** A job without its head. */
function bodyOf({ name, description, examples, summary, inputNames, ...body }: JobHead & AnyBody): AnyBody {
  return body
}

/**
 * A typed body, for a job whose `define` returns one: the types of its functions follow from its own input and codecs.
 *
 * @example
 * define: (params) => mapReduce({ input: text(), map: (line, emit) => emit(line, params.weight), reduce: sum() })
 */
export function mapReduce<
  R,
  K = string,
  V = number,
  OutK = K,
  OutV = V,
  N extends string = never,
  I extends Inputs<N> = Inputs<N>,
>(body: JobBody<R, K, V, OutK, OutV, N, I>): JobBody<R, K, V, OutK, OutV, N, I>
export function mapReduce(...args: unknown[]): unknown {
  requireArguments('mapReduce', 1, args)
  return args[0]
}
