/** What a run of a data frame needs to know before its first task. */
import { sep } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { analyze, type ReadColumns } from '../dataset/analyze.js'
import type { AnyDataset } from '../dataset/dataset.js'
import { inputsOfNode, type Logical, type ReadNode } from '../dataset/logical.js'
import { lowerFrames } from '../dataset/lower.js'
import { arrange, pushDown } from '../dataset/optimize.js'
import type { DatasetOutput } from '../dataset/outputs.js'
import { partitioned } from '../dataset/partitions.js'
import { functionsOf, hasJoin, type ReadQuery } from '../dataset/query.js'
import type { Size } from '../dataset/rules/cardinality.js'
import { pruneFolders } from '../dataset/rules/prune_folders.js'
import { type Source, sourcesOf } from '../dataset/sources.js'
import { asksForTime } from '../dataset/time.js'
import type { InputFile } from '../io/input/input_file.js'
import { checkEncoding } from '../io/input/text_form.js'
import { numbered } from '../plan/function_ids.js'
import { resolveParams } from '../plan/params.js'
import type { Input, Plan, Stage } from '../plan/plan.js'
import { JobState } from '../state/state.js'
import { codeOfFunctions } from './functions.js'
import { nameInPlace } from './in_place.js'
import { runInputs, SourceFiles } from './inputs.js'
import { moduleOf } from './load.js'
import type { Settings } from './options.js'
import type { FolderCount, Prepared, RunInputs } from './prepared.js'
import { sinkOf } from './sink.js'
import { sizeOf } from './sizes.js'
import { encoded, encodedRules, SourceReader } from './source_reader.js'
import type { Copies } from './stdin.js'

/**
 * @throws OPTION_INVALID, PARAM_MISSING, DATASET_INVALID, COLUMN_UNKNOWN, SCHEMA_CONFLICT; and what SourceReader throws
 */
export async function prepareDataset(dataset: AnyDataset, settings: Settings, copies: Copies): Promise<Prepared> {
  const { name } = dataset
  refuseForJobs(name, settings)
  const params = resolveParams(dataset.params, settings.params)
  const outputs = dataset.outputs(params)
  if (outputs.some(({ name }) => name !== '')) requireFolder(name, outputs, settings)
  const partitions = outputs.map((output) => (settings.onColumns ? [] : (output.partitionBy ?? settings.partitionBy)))
  checkPartitions(partitions, settings)
  const { encoding } = settings
  if (encoding !== null) checkEncoding(encoding, 'encoding')
  const queries = outputs.map(({ frame }) => frame.query)
  const reads = readersOf(sourcesOf(queries), settings, copies)
  const files = reads.map((reader) => reader.files)
  const inPlace = nameInPlace({ dataset: name, params, outputs, files }, settings)
  const columns = new Map<ReadQuery, ReadColumns>()
  for (const reader of reads) {
    for (const read of reader.source.reads) columns.set(read, await reader.columnsOf(read))
  }
  const asked = queries.map((query, i) => {
    const plan = analyze(query, columns)
    const by = partitions[i]!
    return by.length === 0 ? plan : partitioned(plan, by, settings.emptyAsNull)
  })
  const now = asked.some(asksForTime) ? timeOf(settings) : null
  const readerOf = (read: ReadQuery) => reads.find(({ source }) => source.reads.includes(read))!
  const pushed = asked.map((plan) =>
    pruneFolders(
      pushDown(plan, now ?? 0n, settings.badLimit !== null),
      (read) => readerOf(read).folders,
      (read, kept) => readerOf(read).nameOf(kept),
    ),
  )
  for (const { source, files } of pushed.flatMap(readsIn)) readerOf(source).use(files)
  const sizes = new Map<ReadQuery, Size>()
  // Only joins ask for them.
  for (const reader of queries.some(hasJoin) ? reads : []) {
    const size = await sizeOf(reader.source.format, await reader.open())
    for (const read of reader.source.reads) sizes.set(read, size)
  }
  const { joins } = settings.tuning
  const logical = outputs.map(({ name: output }, i) => {
    return { output, asked: asked[i]!, optimized: arrange(pushed[i]!, { sizes, joins }) }
  })
  const sinks = logical.map(({ output, optimized }, i) => ({
    plan: optimized,
    sink: sinkOf(output, optimized.columns, partitions[i]!, settings),
  }))
  const lowered = lowerFrames(
    sinks,
    reads.map(({ source }) => source),
  )
  const { stages, functions } = numbered(lowered, queries.flatMap(functionsOf))
  const found = functions.size === 0 ? null : await codeOfFunctions(functions)
  const plan: Plan = {
    version: 2,
    job: name,
    module: found && moduleOf(found.code, settings.folder),
    params,
    sideFiles: {},
    stages: stages.map((stage) => encodedStage(stage, encoding)),
    ...(now === null ? {} : { now: String(now) }),
  }
  const { code, identity } = found ?? { code: null, identity: null }
  return { plan, logical, code, identity, inPlace, ...(await inputsOf(reads)) }
}

/** What is read in the same way, but with other schemas, is found and opened once. */
function readersOf(sources: readonly Source[], settings: Settings, copies: Copies): SourceReader[] {
  const listed = new Map<string, SourceFiles>()
  return sources.map((source) => {
    const { paths } = source
    const rules = encodedRules(source.format, settings)
    const key = JSON.stringify([paths, rules])
    const files = listed.get(key) ?? new SourceFiles({ paths, rules }, settings, copies)
    listed.set(key, files)
    return new SourceReader(source, files, settings)
  })
}

async function inputsOf(reads: readonly SourceReader[]): Promise<RunInputs> {
  const named = new Map<string, InputFile[]>()
  for (const reader of reads) for (const [name, files] of await reader.inputs()) named.set(name, files)
  const listed = [...new Set(reads.map(({ files }) => files))]
  const counts = listed.flatMap((own) => SourceReader.folderCount(reads.filter(({ files }) => files === own)) ?? [])
  const sum = (of: keyof FolderCount) => counts.reduce((total, count) => total + count[of], 0)
  const folders = counts.length === 0 ? null : { read: sum('read'), found: sum('found') }
  return {
    ...runInputs(named, listed),
    folders,
  }
}

/** The time at which this run began, or the one that it continues. */
function timeOf({ folder, fresh }: Settings): bigint {
  const begun = fresh ? null : JobState.peek(folder.path)?.identity()?.plan.now
  return begun ? BigInt(begun) : BigInt(Date.now()) * 1000n
}

function readsIn(node: Logical): ReadNode[] {
  return node.kind === 'read' ? [node] : inputsOfNode(node).flatMap(readsIn)
}

function encodedStage(stage: Stage, encoding: string | null): Stage {
  const convert = (input: Input): Input =>
    input.kind === 'files' ? { ...input, format: encoded(input.format, encoding) } : input
  return encoding === null ? stage : { ...stage, inputs: stage.inputs.map(convert) }
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
