/** The outputs of a dataset: data frames by name, or one collection. */
import { copyOf, describe, isPlainObject } from '../base/schema.js'
import { isCollection } from '../collection/collection.js'
import type { Ending, Query } from '../collection/query.js'
import { outputNameProblem } from '../io/output/names.js'
import type { FrameSchema } from '../plan/typed.js'
import { type Frame, isDataFrame } from './frame.js'
import { isFrameWriter } from './writer.js'

export interface DatasetOutput {
  /** A folder in the output; empty: the output itself, and the only one. */
  name: string
  frame: Frame<FrameSchema>
  /** null: as the run says. */
  partitionBy: readonly string[] | null
}

/** The only output. */
export interface CollectionOutput {
  collection: Query
  /** null: as the run says. */
  ending: Ending | null
}

export function isCollectionOutput(made: readonly DatasetOutput[] | CollectionOutput): made is CollectionOutput {
  return 'collection' in made
}

/** null: it is no data frame. */
function outputOf(name: string, made: unknown, fail: (problem: string) => never): DatasetOutput | null {
  if (isDataFrame(made)) return { name, frame: made, partitionBy: null }
  if (!isFrameWriter(made)) return null
  const { mode, partitionBy } = made.choice
  if (mode !== null) fail(`write.mode('${mode}') is for a frame that is written by itself; a run has its own, --mode`)
  return {
    name,
    frame: made.frame as Frame<FrameSchema>,
    partitionBy: partitionBy.length === 0 ? null : partitionBy,
  }
}

/**
 * A data frame, or several by name, or a collection, as outputs.
 *
 * @param what begins a sentence that says who must give them
 */
export function outputsOf(
  made: unknown,
  what: string,
  fail: (problem: string) => never,
): DatasetOutput[] | CollectionOutput {
  if (isCollection(made)) return { collection: made.query, ending: null }
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
    if (isCollection(frame))
      fail(`the output ${JSON.stringify(name)} is a collection, which can only be the whole output`)
    return fail(`${what} data frames, but the output ${JSON.stringify(name)} is ${describe(frame)}`)
  })
}
