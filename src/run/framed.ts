/** Runs of ready-made jobs that are runs of data frames. */
import { RunjobError } from '../base/errors.js'
import type { DatasetOutput } from '../dataset/outputs.js'
import { findInputs, isPiped } from '../io/input/inputs.js'
import { outputsIn } from '../io/output/earlier.js'
import { refuseUnsafe } from '../io/output/place.js'
import { csvOptions, refuseCsvParams } from '../job/csv_params.js'
import type { AnyJob } from '../job/define.js'
import { resolveParams } from '../plan/params.js'
import { recoverMissing } from '../state/recover.js'
import { checkNames, pathsOf } from './job.js'
import { kindOfName } from './kind.js'
import type { Settings } from './options.js'
import type { Prepared } from './prepared.js'
import { framesOf, type Table, type TableKind } from './ready_made.js'
import { formatOfName } from './sink.js'
import type { Copies } from './stdin.js'

/**
 * @returns null: the job runs itself
 * @throws what resolveParams and findInputs throw; OPTION_INVALID for an input of several kinds
 */
export async function prepareFramed(job: AnyJob, settings: Settings, copies: Copies): Promise<Prepared | null> {
  const frames = framesOf(job)
  const { input, choice, output, top } = settings
  if (frames === null || input === null) return null
  checkNames(job, input)
  const params = resolveParams(job.params, settings.params)
  const paths = job.inputNames.map((name) => pathsOf(input, job, name))
  const kinds = paths.map((own) => kindOf(own, settings))
  if (!frames.isFramed(params, kinds)) return null
  paths.forEach((own, i) => {
    if (kinds[i] === 'several') refuseSeveral(own)
  })
  if (top > 0) {
    const problem = 'these records have no number to be sorted by'
    throw new RunjobError('OPTION_INVALID', { name: 'top', value: top, problem, help: 'Leave it out.' })
  }
  // Loaded only for data frames.
  const { read: reader } = await import('../dataset/read.js')
  const { prepareDataset } = await import('./dataset.js')
  if (!kinds.includes('csv')) refuseCsvParams(params, 'it is for CSV, which no input is')
  const refuseOwn = (input: string | undefined) => {
    const names = Object.entries(params).filter(([name]) => input !== undefined && name.startsWith(input))
    refuseCsvParams(Object.fromEntries(names), `it is for CSV, which ${input} is not`, input)
  }
  const tables = kinds.map((kind, i): Table => {
    const input = job.inputNames.length > 1 ? job.inputNames[i] : undefined
    const own = paths[i]!
    if (kind !== 'csv') refuseOwn(input)
    if (kind === 'parquet') return { kind, read: () => reader.parquet(own) }
    if (kind === 'avro') return { kind, read: () => reader.avro(own) }
    if (kind === 'jsonl') return { kind, read: () => reader.json(own) }
    return { kind, read: (schema) => reader.csv(own, { ...csvOptions(params, input), ...(schema && { schema }) }) }
  })
  const frame = frames.frameOf(params, tables)
  const format = choice.format ?? formatOfName(output) ?? 'csv'
  const { name, description, examples } = job
  const outputs: DatasetOutput[] = [{ name: '', frame, partitionBy: null }]
  const prepared = await prepareDataset(
    { name, description, examples, params: job.params, inputNames: [], summary: null, outputs: () => outputs },
    { ...settings, input: null, choice: { ...choice, format } },
    copies,
  )
  // As for all runs of jobs.
  const read = prepared.files.map(({ path }) => path)
  if (prepared.inPlace !== null) refuseUnsafe(output, read)
  return prepared
}

/** By the names of files; all others are CSV, or lines. */
function kindOf(paths: readonly string[], settings: Settings): TableKind {
  const [kind = 'csv', ...others] = new Set(paths.flatMap((path) => kindsBelow(path, settings)))
  if (others.length > 0) return 'several'
  // With an encoding, the bytes of Parquet and Avro are text.
  return (kind === 'parquet' || kind === 'avro') && settings.encoding !== null ? 'csv' : kind
}

function refuseSeveral(paths: readonly string[]): never {
  throw new RunjobError('OPTION_INVALID', {
    name: '<input>',
    value: paths.join(', '),
    problem: 'it has files of several kinds',
    help: 'Name those of one kind by a glob in quotes, such as "logs/*.jsonl".',
  })
}

function kindsBelow(path: string, { cwd, allFiles, folder }: Settings): TableKind[] {
  const known = path === '-' ? undefined : kindOfName(path)
  if (path === '-' || known !== undefined) return [tableKind(known)]
  recoverMissing(path, cwd)
  const { files } = findInputs([path], cwd, { allFiles, own: [folder.path], outputsIn: allFiles ? null : outputsIn })
  return files.map((file) => tableKind(isPiped(file) ? undefined : kindOfName(file.path)))
}

function tableKind(kind: ReturnType<typeof kindOfName>): TableKind {
  return kind === 'jsonl' || kind === 'parquet' || kind === 'avro' ? kind : 'csv'
}
