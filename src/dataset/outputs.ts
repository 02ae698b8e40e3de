/** The outputs of a dataset: data frames by name. */
import { copyOf, describe, isPlainObject } from '../base/schema.js'
import { outputNameProblem } from '../io/output/names.js'
import type { FrameSchema } from '../plan/typed.js'
import { type DataFrame, isDataFrame } from './frame.js'
import { isFrameWriter } from './writer.js'

export interface DatasetOutput {
  /** A folder in the output; empty: the output itself, and the only one. */
  name: string
  frame: DataFrame<FrameSchema>
  /** null: as the run says. */
  partitionBy: readonly string[] | null
}

/** null: it is no data frame. */
function outputOf(name: string, made: unknown, fail: (problem: string) => never): DatasetOutput | null {
  if (isDataFrame(made)) return { name, frame: made, partitionBy: null }
  if (!isFrameWriter(made)) return null
  const { mode, partitionBy } = made.choice
  if (mode !== null) fail(`write.mode('${mode}') is for a frame that is written by itself; a run has its own, --mode`)
  return {
    name,
    frame: made.frame as DataFrame<FrameSchema>,
    partitionBy: partitionBy.length === 0 ? null : partitionBy,
  }
}

/**
 * A data frame, or several by name, as outputs.
 *
 * @param what begins a sentence that says who must give them
 */
export function outputsOf(made: unknown, what: string, fail: (problem: string) => never): DatasetOutput[] {
  const only = outputOf('', made, fail)
  if (only) return [only]
  if (!isPlainObject(made)) fail(`${what} a data frame, or several by name, not ${describe(made)}`)
  const frames = Object.entries(copyOf(made, fail) as Record<string, unknown>)
  if (frames.length === 0) fail(`${what} a data frame, or several by name, not an empty object`)
  return frames.map(([name, frame]) => {
    const problem = outputNameProblem(name)
    if (problem !== null) fail(problem)
    const output = outputOf(name, frame, fail)
    if (output) return output
    return fail(`${what} data frames, but the output ${JSON.stringify(name)} is ${describe(frame)}`)
  })
}
