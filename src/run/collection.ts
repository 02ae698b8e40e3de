/** What a run of a collection needs to know before its first task. */
import { RunjobError } from '../base/errors.js'
import { lowerCollection, type RowsInput } from '../collection/lower.js'
import { type Ending, functionsIn, nodesOf, type RowsQuery } from '../collection/query.js'
import type { AnyFrame } from '../dataset/frame.js'
import type { CollectionOutput } from '../dataset/outputs.js'
import { fileCompression } from '../job/output.js'
import type { ParamValue, Plan, Stage } from '../plan/plan.js'
import { type Column, marksOf } from '../plan/type.js'
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
  const nodes = nodesOf(collection)
  const reads = nodes.filter((node) => node.kind === 'rows')
  const frames = reads.map(({ frame }, i) => ({ name: `rows ${i + 1}`, frame: frame as AnyFrame, by: [] }))
  const planned = await planFrames(frames, settings, copies, ({ name }) => {
    return { name, format: { kind: 'rows' }, compress: null, singleFile: false }
  })
  // What would be the output of a data frame goes on here.
  const [outputs, before] = split(planned.stages, ({ target }) => target.kind === 'sink')
  const rowsOf = (read: RowsQuery): RowsInput[] => {
    const i = reads.indexOf(read)
    return rowsInputs(read, outputs[i]!, planned.logical[i]!.asked.columns)
  }
  const sink = { name: '', compress: fileCompression(choice.compress), singleFile: choice.singleFile ?? false }
  const lowered = lowerCollection(collection, ending, sink, rowsOf)
  const made = [...nodes, ending].flatMap(functionsIn)
  const { called, code, identity } = await withFunctions([...before, ...lowered], [...planned.made, ...made], settings)
  const plan: Plan = { version: 2, job: name, params, sideFiles: {}, ...called, ...planned.now }
  const inPlace = nameInPlace({ dataset: name, params, outputs: output, files: planned.files }, settings)
  const { logical, first } = planned
  // What collections do is their functions' business.
  const estimates = async () => {
    const all = await planned.estimates()
    return all.filter((_, i) => planned.stages[i]!.target.kind !== 'sink')
  }
  return { plan, logical, first, estimates, code, identity, inPlace, ...planned.inputs }
}

function split<T>(list: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((one) => !isFirst(one))]
}

/** How the rows of a data frame come into the plan: as they would come into the output. */
function rowsInputs({ areLines }: RowsQuery, { inputs }: Stage, columns: readonly Column[]): RowsInput[] {
  const rows = { columns: [...columns], exact: marksOf(columns) }
  return inputs.map((input) => {
    // Lines of text need no columns.
    if (areLines) return { input: { ...input, operators: [] }, rows: undefined }
    return { input, rows }
  })
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
