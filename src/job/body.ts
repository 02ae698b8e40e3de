/** What a job consists of, as its author writes it down. */
import type { AnyStep, Chain, ChainStart, Steps } from './chain.js'
import type { Input, Output } from './formats.js'
import type { Context, Inputs, MapReduce, Maps, RecordOf, Reduce } from './map_reduce.js'

export interface JobHead {
  name: string
  description?: string
  /** Command lines for its help. */
  examples?: readonly string[]
  /** `top`: the run ends by showing the records with the largest numbers. */
  summary?: 'top'
  /** Names of several inputs, in the order of the command line's arguments. */
  inputNames?: readonly string[]
}

/** Parts that all shapes of jobs share. */
export interface JobParts {
  /** Runs once in each worker, before its first task; its result is `ctx.state`. May be async. */
  setup?: (ctx: Pick<Context, 'params' | 'files'>) => unknown
  /** Runs once in each worker, after its last task. */
  teardown?: (state: unknown) => unknown
  /** Read-only files that functions need, by name; their content is part of the job's identity. */
  files?: Record<string, string>
  /** Default: `tsv()`, or `text()` if records are keys only. */
  output?: Output
  /** Further outputs by name, written with `ctx.write(name, key, value)` into a folder of that name. */
  outputs?: Record<string, Output>
}

/** One input, one map, and what follows it. */
interface OneInput<R, K, V, OutK, OutV> extends JobParts, MapReduce<R, K, V, OutK, OutV> {
  input: Input<R>
  inputs?: never
  steps?: never
  params?: never
  define?: never
}

/** Several inputs, each with a map of its own. */
interface SeveralInputs<N extends string, I extends Inputs<N>, K, V, OutK, OutV>
  extends JobParts,
    Reduce<RecordOf<I[N]>, K, V, OutK, OutV> {
  inputs: I & Inputs<N>
  map: Maps<N, I, K, V>
  input?: never
  steps?: never
  params?: never
  define?: never
}

/** What a chain has in its steps. */
export type NoStep = { readonly [Name in keyof MapReduce<unknown, unknown, unknown, unknown, unknown>]?: never }

/** A chain of steps over one input. */
interface Chained<R, OutK, OutV, N extends string, I extends Inputs<N>> extends JobParts, NoStep {
  input: Input<R>
  // The same for one input and for several, because the compiler cannot tell the two apart before it checks functions.
  steps: Steps<OutK, OutV> | ((chain: ChainStart<R, N, I>) => Chain<OutK, OutV>)
  inputs?: never
  params?: never
  define?: never
}

/** A chain whose first step has a map for each of several inputs. */
interface ChainedInputs<R, OutK, OutV, N extends string, I extends Inputs<N>> extends JobParts, NoStep {
  inputs: I & Inputs<N>
  steps: Steps<OutK, OutV> | ((chain: ChainStart<R, N, I>) => Chain<OutK, OutV>)
  input?: never
  params?: never
  define?: never
}

export type JobBody<R, K, V, OutK, OutV, N extends string = string, I extends Inputs<N> = Inputs<N>> =
  | OneInput<R, K, V, OutK, OutV>
  | SeveralInputs<N, I, K, V, OutK, OutV>
  | Chained<R, OutK, OutV, N, I>
  | ChainedInputs<R, OutK, OutV, N, I>

/** The same parts for code that runs jobs: one shape, without type parameters. */
export interface AnyBody extends JobParts {
  input?: Input<unknown>
  inputs?: Inputs
  steps?: readonly AnyStep[]
}
