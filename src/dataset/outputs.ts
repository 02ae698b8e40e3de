/** The outputs of a dataset: data frames by name. */
import { copyOf, describe, isPlainObject } from '../base/schema.js'
import { outputNameProblem } from '../io/output/names.js'
import type { FrameSchema } from '../plan/typed.js'
import { type DataFrame, isDataFrame } from './frame.js'

export interface DatasetOutput {
  /** A folder in the output; empty: the output itself, and the only one. */
  name: string
  frame: DataFrame<FrameSchema>
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
