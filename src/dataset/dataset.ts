/** A dataset: a data frame, or several, with a name and parameters, ready to run. */
import { copyOf, describe, isPlainObject, safely } from '../base/schema.js'
import { outputNameProblem } from '../io/output/names.js'
import type { ParamSpec } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'
import type { FrameSchema } from '../plan/typed.js'
import { type DataFrame, isDataFrame } from './frame.js'

export interface DatasetOutput {
  /** A folder in the output; empty: the output itself, and the only one. */
  name: string
  frame: DataFrame<FrameSchema>
}

/** A dataset, ready to run. `R` is the type of its rows; of several outputs, the types by name. */
export interface Dataset<P = Record<string, ParamValue>, R = unknown> {
  readonly name: string
  readonly description: string
  readonly examples: readonly string[]
  readonly params: Record<string, ParamSpec>
  /** None: a dataset names the files that it reads. */
  readonly inputNames: readonly []
  readonly summary: null
  /**
   * What it writes for these values, in the order of its definition.
   *
   * @throws PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID, DATASET_INVALID
   */
  outputs(params: Record<string, ParamValue | undefined>): DatasetOutput[]
  readonly types?: { params: P; row: R }
}

export type AnyDataset = Dataset<never>

// Not by class: a program may hold the package twice, as ES modules and for require().
export function isDataset(value: unknown): value is AnyDataset {
  if (value === null || typeof value !== 'object') return false
  return safely(() => {
    const { outputs, name, params } = value as Partial<AnyDataset>
    return typeof outputs === 'function' && typeof name === 'string' && typeof params === 'object'
  }, false)
}

/**
 * A data frame, or several by name, as outputs.
 *
 * @param what begins a sentence that says who must give them
 */
export function outputsOf(made: unknown, what: string, fail: (problem: string) => never): DatasetOutput[] {
  if (isDataFrame(made)) return [{ name: '', frame: made }]
  if (!isPlainObject(made)) fail(`${what} a data frame, or several by name, not ${describe(made)}`)
  const frames = Object.entries(copyOf(made, fail) as Record<string, unknown>)
  if (frames.length === 0) fail(`${what} a data frame, or several by name, not an empty object`)
  return frames.map(([name, frame]) => {
    const problem = outputNameProblem(name)
    if (problem !== null) fail(problem)
    if (isDataFrame(frame)) return { name, frame }
    return fail(`${what} data frames, but the output ${JSON.stringify(name)} is ${describe(frame)}`)
  })
}
