/** Chains of steps: a list, or a builder that carries the types of each step to the next. */
import { RunjobError, userError } from '../base/errors.js'
import { describe, requireArguments } from '../base/schema.js'
import type { Inputs, MapFn, Maps, Reduce, Step } from './map_reduce.js'
import type { NativeMapper } from './mappers.js'

/** A step of any types. */
export interface AnyStep {
  readonly step: object
}

/** The result of `step()`, for a step that writes `OutK` and `OutV`. */
export interface TypedStep<OutK, OutV> extends AnyStep {
  readonly types?: { key: OutK; value: OutV }
}

/** A list of steps; the last one determines what the chain writes. */
export type Steps<OutK, OutV> = readonly [...AnyStep[], TypedStep<OutK, OutV>] | readonly AnyStep[]

/** The first step of a chain over several inputs, without their types. */
// biome-ignore-start lint/suspicious/noExplicitAny: of any inputs
interface StepOfSeveral<K, V, OutK, OutV> extends Reduce<any, K, V, OutK, OutV> {
  map: { readonly [input: string]: NativeMapper<K> | MapFn<any, K, V> }
}
// biome-ignore-end lint/suspicious/noExplicitAny: of any inputs

/**
 * One step of a chain. The first step reads the records of `input`, a later one `[key, value]` of the step before. Declare their types on the
 * functions' parameters, or use `steps: (chain) => …`, where `chain` knows them.
 */
export function step<R, K = string, V = number, OutK = K, OutV = V>(
  step: Step<R, K, V, OutK, OutV> | StepOfSeveral<K, V, OutK, OutV>,
): TypedStep<OutK, OutV>
export function step(...args: object[]): AnyStep {
  requireArguments('step', 1, args)
  return { step: args[0]! }
}

/** A chain that writes `K` and `V` so far. */
export interface Chain<K, V> {
  /** Adds a step, which reads `[key, value]` of the step before. */
  step<K2 = string, V2 = number, OutK = K2, OutV = V2>(
    step: Step<[key: K, value: V], K2, V2, OutK, OutV>,
  ): Chain<OutK, OutV>
}

interface FirstStep<R, K, V, OutK, OutV, N extends string, I extends Inputs<N>> extends Reduce<R, K, V, OutK, OutV> {
  map: NativeMapper<K> | MapFn<R, K, V> | Maps<N, I, K, V>
}

/** A chain without a step: the first one reads the job's input, or has a map for each of its inputs. */
export interface ChainStart<R, N extends string, I extends Inputs<N>> {
  step<K = string, V = number, OutK = K, OutV = V>(step: FirstStep<R, K, V, OutK, OutV, N, I>): Chain<OutK, OutV>
}

class Builder {
  readonly steps: readonly AnyStep[]
  constructor(steps: readonly AnyStep[]) {
    this.steps = steps
  }
  step(...args: object[]): Builder {
    return new Builder([...this.steps, step(...(args as [never]))])
  }
}

/**
 * The body with its chain as a list.
 *
 * @throws JOB_INVALID if the function does not return a chain
 */
export function stepsOf<Body extends { steps?: unknown }>(job: string, body: Body): Body {
  const steps = body?.steps
  if (typeof steps !== 'function') return body
  let chain: unknown
  try {
    chain = steps(new Builder([]))
  } catch (error) {
    throw userError(error, 'steps', { job })
  }
  if (chain instanceof Builder) return { ...body, steps: chain.steps }
  const problem = `steps: (chain) => … must return the chain with its steps, not ${describe(chain)}`
  throw new RunjobError('JOB_INVALID', { job, problem })
}
