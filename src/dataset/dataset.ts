/** A dataset: a data frame with a name and parameters, ready to run. */
import { safely } from '../base/schema.js'
import type { ParamSpec } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'
import type { FrameSchema } from '../plan/typed.js'
import type { DataFrame } from './frame.js'

/** A dataset, ready to run. `R` is the type of its rows. */
export interface Dataset<P = Record<string, ParamValue>, R = unknown> {
  readonly name: string
  readonly description: string
  readonly examples: readonly string[]
  readonly params: Record<string, ParamSpec>
  /** None: a dataset names the files that it reads. */
  readonly inputNames: readonly []
  readonly summary: null
  /**
   * The data frame for these values.
   *
   * @throws PARAM_UNKNOWN, PARAM_MISSING, PARAM_INVALID, DATASET_INVALID
   */
  frame(params: Record<string, ParamValue | undefined>): DataFrame<FrameSchema>
  readonly types?: { params: P; row: R }
}

export type AnyDataset = Dataset<never>

// Not by class: a program may hold the package twice, as ES modules and for require().
export function isDataset(value: unknown): value is AnyDataset {
  if (value === null || typeof value !== 'object') return false
  return safely(() => {
    const { frame, name, params } = value as Partial<AnyDataset>
    return typeof frame === 'function' && typeof name === 'string' && typeof params === 'object'
  }, false)
}
