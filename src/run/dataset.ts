/** What a run of a data frame needs to know before its first task. */
import { sep } from 'node:path'
import { RunjobError } from '../base/errors.js'
import type { AnyDataset } from '../dataset/dataset.js'
import { type DatasetOutput, isCollectionOutput } from '../dataset/outputs.js'
import { resolveParams } from '../plan/params.js'
import type { Plan } from '../plan/plan.js'
import { type PlannedFrame, planFrames } from './frames.js'
import { withFunctions } from './functions.js'
import { nameInPlace } from './in_place.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'
import { sinkOf } from './sink.js'
import type { Copies } from './stdin.js'

/**
 * @throws OPTION_INVALID, PARAM_MISSING, DATASET_INVALID, COLUMN_UNKNOWN, SCHEMA_CONFLICT; and what planFrames throws
 */
export async function prepareDataset(dataset: AnyDataset, settings: Settings, copies: Copies): Promise<Prepared> {
  const { name } = dataset
  refuseForJobs(name, settings)
  const params = resolveParams(dataset.params, settings.params)
  const outputs = dataset.outputs(params)
  // Loaded only for collections.
  if (isCollectionOutput(outputs)) {
    return (await import('./collection.js')).prepareCollection(name, params, outputs, settings, copies)
  }
  if (outputs.some(({ name }) => name !== '')) requireFolder(name, outputs, settings)
  refuseUnused(name, outputs, settings)
  const partitions = outputs.map((output) => (settings.onColumns ? [] : (output.partitionBy ?? settings.partitionBy)))
  checkPartitions(partitions, settings)
  const frames = outputs.map(({ name, frame: { query } }, i): PlannedFrame => {
    const by = partitions[i]!
    return { name, query, by, sink: (columns) => sinkOf(name, columns, by, settings) }
  })
  const { stages, made, now, logical, first, estimates, inputs, files } = await planFrames(frames, settings, copies)
  const { called, code, identity } = await withFunctions(stages, made, settings)
  const plan: Plan = { version: 2, job: name, params, sideFiles: {}, ...called, ...now }
  const inPlace = nameInPlace({ dataset: name, params, outputs, files }, settings)
  return { plan, logical, first, estimates, code, identity, inPlace, ...inputs }
}

/** @throws OPTION_INVALID where there is no folder for named outputs */
function requireFolder(dataset: string, outputs: readonly DatasetOutput[], { choice, onRecords }: Settings): void {
  if (!choice.singleFile) return
  throw new RunjobError('OPTION_INVALID', {
    name: 'output',
    ...(onRecords ? { value: '-' } : {}),
    problem: `${dataset} has named outputs, which need a folder: ${outputs.map(({ name }) => name).join(', ')}`,
    help: `Let -o name a folder${onRecords ? '' : ', and leave out --single-file'}.`,
  })
}

/** @throws OPTION_INVALID for columns of folders that no output takes, because each has its own */
function refuseUnused(dataset: string, outputs: readonly DatasetOutput[], { partitionBy, onColumns }: Settings): void {
  const own = outputs.map((output) => output.partitionBy?.join(', '))
  const asked = partitionBy.join(', ')
  if (asked === '' || onColumns || own.some((by) => by === undefined || by === asked)) return
  throw new RunjobError('OPTION_INVALID', {
    name: 'partitionBy',
    value: asked,
    problem: `${dataset} says itself by which columns: ${[...new Set(own)].join('; ')}`,
    help: 'Leave it out, or leave write.partitionBy() out of the dataset.',
  })
}

/** @throws OPTION_INVALID for folders where there is one file, or folders in folders of the same column */
function checkPartitions(
  partitions: readonly (readonly string[])[],
  { choice, onRecords, output, mode }: Settings,
): void {
  const by = partitions.flat()
  const refuse = (name: string, value: string, problem: string, help: string) => {
    throw new RunjobError('OPTION_INVALID', { name, value, problem, help })
  }
  if (mode === 'overwritePartitions' && partitions.some((one) => one.length === 0)) {
    refuse('mode', mode, 'an output has no partitions', 'Say by which columns: partitionBy, or --partition-by.')
  }
  if (by.length === 0) return
  if (choice.singleFile) {
    const value = onRecords ? '-' : output
    refuse('output', value, `rows by ${by.join(', ')} go into folders`, 'Let it name a folder, without --single-file.')
  }
  const nested = output.split(sep).find((folder) => by.some((name) => folder.startsWith(`${name}=`)))
  if (nested === undefined) return
  const name = nested.slice(0, nested.indexOf('='))
  refuse(
    'output',
    output,
    `rows by ${name} would go into ${nested}/${name}=…, where two folders say what ${name} is`,
    `Name the folder above ${nested}, or leave ${name} out of the partitions.`,
  )
}

/** @throws OPTION_INVALID for options that only jobs have */
function refuseForJobs(dataset: string, { input, top }: Settings): void {
  const refuse = (name: string, value: unknown, problem: string, help: string) => {
    throw new RunjobError('OPTION_INVALID', { name, value, problem, help })
  }
  if (input !== null) {
    refuse('input', input, `${dataset} is a dataset, and names the files that it reads`, 'Give paths as parameters.')
  }
  if (top > 0) refuse('top', top, `${dataset} is a dataset`, 'Sort and cut its rows: .orderBy(…).limit(n).')
}
