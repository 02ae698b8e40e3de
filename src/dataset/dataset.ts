/** A dataset: a data frame, or several, with a name and parameters, ready to run. */
import { safely } from '../base/schema.js'
import type { ParamSpec } from '../plan/params.js'
import type { ParamValue } from '../plan/plan.js'
import type { CollectionOutput, DatasetOutput } from './outputs.js'

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
  outputs(params: Record<string, ParamValue | undefined>): DatasetOutput[] | CollectionOutput
  readonly types?: { params: P; row: R }
}

export type AnyDataset = Dataset<never>

// Not by class: a program may hold two copies of the package.
export function isDataset(value: unknown): value is AnyDataset {
  if (value === null || typeof value !== 'object') return false
  return safely(() => {
    const { outputs, name, params } = value as Partial<AnyDataset>
    return typeof outputs === 'function' && typeof name === 'string' && typeof params === 'object'
  }, false)
}
