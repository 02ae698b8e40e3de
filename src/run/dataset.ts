/** What a run of a data frame needs to know before its first task. */
import { dirname, resolve, sep } from 'node:path'
import { RunjobError, toRunjobError } from '../base/errors.js'
import { analyze } from '../dataset/analyze.js'
import type { AnyDataset, DatasetOutput } from '../dataset/dataset.js'
import { lowerFrames } from '../dataset/lower.js'
import { optimize } from '../dataset/optimize.js'
import { hasJoin, type ReadQuery } from '../dataset/query.js'
import type { Size } from '../dataset/rules/choose_broadcast.js'
import { type Source, sourcesOf } from '../dataset/sources.js'
import { asksForTime } from '../dataset/time.js'
import { inferColumns } from '../io/format/infer/columns.js'
import { readParquetSchemas } from '../io/format/parquet/schema.js'
import { uniteColumns } from '../io/format/parquet/unite.js'
import { type InputFile, nameOf } from '../io/input/input_file.js'
import { checkEncoding, textRules } from '../io/input/text_form.js'
import { callsFunctions } from '../plan/functions.js'
import { resolveParams } from '../plan/params.js'
import type { Format, Input, Plan, Stage } from '../plan/plan.js'
import type { Column } from '../plan/type.js'
import { JobState } from '../state/state.js'
import { listInputs, type RunInputs } from './inputs.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'
import { sinkOf } from './sink.js'
import { sizeOf } from './sizes.js'
import type { Copies } from './stdin.js'

/**
 * @param copies null: nothing will run
 * @throws OPTION_INVALID, PARAM_MISSING, DATASET_INVALID, COLUMN_UNKNOWN, SCHEMA_CONFLICT; and what listInputs throws
 */
export async function prepareDataset(
  dataset: AnyDataset,
  settings: Settings,
  copies: Copies | null,
): Promise<Prepared> {
  const { name } = dataset
  refuseForJobs(name, settings)
  const params = resolveParams(dataset.params, settings.params)
  const outputs = dataset.outputs(params)
  if (outputs.some(({ name }) => name !== '')) requireFolder(name, outputs, settings)
  const { encoding } = settings
  if (encoding !== null) checkEncoding(encoding, 'encoding')
  const queries = outputs.map(({ frame }) => frame.query)
  const sources = sourcesOf(queries)
  const asSaid = sources.map(({ name, paths, format }) => ({
    name,
    paths,
    rules: textRules(encoded(format, encoding)),
  }))
  const inputs = await listInputs(asSaid, settings, copies)
  for (const source of sources) refusePartitions(source, inputs, settings.cwd)
  const columns = new Map<ReadQuery, readonly Column[]>()
  for (const source of sources) {
    for (const read of source.reads) {
      if (read.schema === null) columns.set(read, await columnsOf(source, inputs, encoding))
    }
  }
  const sizes = new Map<ReadQuery, Size>()
  // Only joins ask for them.
  for (const source of queries.some(hasJoin) ? sources : []) {
    const size = await sizeOf(source.format, filesOf(source, inputs))
    for (const read of size === null ? [] : source.reads) sizes.set(read, size!)
  }
  const asked = queries.map((query) => analyze(query, columns))
  const now = asked.some(asksForTime) ? timeOf(settings) : null
  const { broadcastBytes } = settings.tuning
  const logical = outputs.map(({ name: output }, i) => {
    const optimized = optimize(asked[i]!, { sizes, broadcastBytes, now: now ?? 0n })
    return { output, asked: asked[i]!, optimized }
  })
  const sinks = logical.map(({ output, optimized }) => ({
    plan: optimized,
    sink: sinkOf(output, optimized.columns, settings),
  }))
  const stages = lowerFrames(sinks, sources)
  if (callsFunctions(stages)) throw new RunjobError('INTERNAL', { detail: 'a data frame calls a function' })
  const plan: Plan = {
    version: 2,
    job: name,
    module: null,
    params,
    sideFiles: {},
    stages: stages.map((stage) => encodedStage(stage, encoding)),
    ...(now === null ? {} : { now: String(now) }),
  }
  return { plan, logical, code: null, identity: null, ...inputs }
}

/** The time at which this run began, or the one that it continues. */
function timeOf({ folder, fresh }: Settings): bigint {
  const begun = fresh ? null : JobState.peek(folder.path)?.identity()?.plan.now
  return begun ? BigInt(begun) : BigInt(Date.now()) * 1000n
}

function filesOf({ name }: Source, { files, inputs }: RunInputs): InputFile[] {
  return inputs.get(name)!.map((n) => files[n]!)
}

/** Folders such as `day=2026-01-31` below the one that is read hold a column, which would be lost. @throws DATASET_INVALID */
function refusePartitions(source: Source, inputs: RunInputs, cwd: string): void {
  for (const path of source.paths) {
    const root = resolve(cwd, path) + sep
    for (const file of filesOf(source, inputs)) {
      if (!file.path.startsWith(root)) continue
      const folder = dirname(file.path.slice(root.length))
        .split(sep)
        .find((name) => /^[^=]+=/.test(name))
      if (folder === undefined) continue
      throw new RunjobError('DATASET_INVALID', {
        problem: `${path} has the partition folder ${folder}, whose column is not read yet`,
        hint: `To read the files without it, use a glob: "${path.replace(/\/$/, '')}/**".`,
      })
    }
  }
}

/**
 * The columns of what is read without a schema: of Parquet and CSV those of all files, of JSON lines those that the first part of the first
 * file shows.
 */
async function columnsOf(source: Source, inputs: RunInputs, encoding: string | null): Promise<Column[]> {
  const own = filesOf(source, inputs)
  const filled = own.filter((file) => file.sizeBytes > 0)
  const [first] = filled
  const format = encoded(source.format, encoding)
  if (!first) throw withoutColumns(own[0] ? nameOf(own[0]) : source.name, format)
  try {
    if (format.kind === 'parquet') return await readParquetSchemas(filled)
    if (format.kind !== 'csv') return await inferColumns(first, format)
    const headers = filled.map(async (file) => ({ name: nameOf(file), columns: await inferColumns(file, format) }))
    // A file that lacks a column which is needed is refused when it is read.
    return uniteColumns(await Promise.all(headers))
  } catch (error) {
    throw toRunjobError(error).withWhere({ file: nameOf(first) })
  }
}

function withoutColumns(path: string, { kind }: Format): RunjobError {
  const where = { file: path }
  if (kind === 'csv') return new RunjobError('HEADER_MISSING', { path, reason: 'it is empty' }, { where })
  const hint = `Declare them: ${kind}({ schema: { … } }).`
  return new RunjobError(
    'DATASET_INVALID',
    { problem: `${path} is empty, so its columns are not known`, hint },
    { where },
  )
}

function encoded(format: Format, encoding: string | null): Format {
  return encoding === null || format.kind === 'parquet' ? format : { ...format, encoding }
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
