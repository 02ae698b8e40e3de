/** What a run of a collection needs to know before its first task. */
import { RunjobError } from '../base/errors.js'
import { type Ending, functionsIn, nodesOf } from '../collection/query.js'
import type { CollectionOutput } from '../dataset/outputs.js'
import { fileCompression } from '../job/output.js'
import type { ParamValue, Plan } from '../plan/plan.js'
import { planFrames } from './frames.js'
import { withFunctions } from './functions.js'
import { nameInPlace } from './in_place.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'
import type { Copies } from './stdin.js'

/** @throws what planFrames throws; OPTION_INVALID for what only rows with columns have; FUNCTION_NOT_FOUND */
export async function prepareCollection(
  name: string,
  params: Record<string, ParamValue>,
  output: CollectionOutput,
  settings: Settings,
  copies: Copies,
): Promise<Prepared> {
  const { choice } = settings
  const { collection } = output
  const ending = output.ending ?? endingOf(name, settings)
  const sink = { name: '', compress: fileCompression(choice.compress), singleFile: choice.singleFile ?? false }
  const planned = await planFrames({ query: collection, ending, sink }, settings, copies)
  const made = [...nodesOf(collection), ending].flatMap(functionsIn)
  const { called, code, identity } = await withFunctions(planned.stages, [...planned.made, ...made], settings)
  const plan: Plan = { version: 2, job: name, params, sideFiles: {}, ...called, ...planned.now }
  const inPlace = nameInPlace({ dataset: name, params, outputs: output, files: planned.files }, settings)
  const { logical, first, estimates } = planned
  return { plan, logical, first, estimates, code, identity, inPlace, ...planned.inputs }
}

/** @throws OPTION_INVALID */
function endingOf(dataset: string, { choice: { format = 'jsonl' }, partitionBy, mode }: Settings): Ending {
  const refuse = (name: string, value: string): never => {
    throw new RunjobError('OPTION_INVALID', {
      name,
      value,
      problem: `${dataset} is a collection, whose elements have no columns`,
      help: 'Write it as text or jsonl.',
    })
  }
  if (partitionBy.length > 0) refuse('partitionBy', partitionBy.join(','))
  if (mode === 'overwritePartitions') refuse('mode', mode)
  if (format !== 'text' && format !== 'jsonl') return refuse('format', format)
  return { kind: 'write', format: format === 'text' ? 'text' : 'json' }
}
