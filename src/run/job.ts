/** What a run of a job needs to know before its first task. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { RunjobError, toRunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import { isPlainObject, unknownHelp } from '../base/schema.js'
import { Columns, readColumns } from '../io/format/csv/columns.js'
import { checkDeclared } from '../io/format/declared.js'
import { nameOf } from '../io/input/input_file.js'
import { isOfText, textRules } from '../io/input/text_form.js'
import type { AnyBody } from '../job/body.js'
import { declaredRows } from '../job/declared.js'
import type { AnyJob } from '../job/define.js'
import { comparableShape } from '../job/functions.js'
import { lowerJob } from '../job/lower.js'
import { canRank } from '../plan/codec.js'
import { isBinary } from '../plan/columns.js'
import { callsFunctions, earlierDefinitions } from '../plan/functions.js'
import { resolveParams } from '../plan/params.js'
import type { CsvFormat, Format, Plan, Sink } from '../plan/plan.js'
import { mainSinkOf } from '../plan/stages.js'
import { listInputs } from './inputs.js'
import { codeOf, type JobCode, moduleOf, sideFilePaths } from './load.js'
import { type InputPaths, missing, type Settings } from './options.js'
import type { Prepared, RunInputs } from './prepared.js'
import { requireOwnName } from './sink.js'
import type { Copies } from './stdin.js'

/** @throws OPTION_INVALID, PARAM_MISSING, JOB_INVALID; and what listInputs and lowerJob throw */
export async function prepareJob(job: AnyJob, settings: Settings, copies: Copies): Promise<Prepared> {
  const params = resolveParams(job.params, settings.params)
  const body = encoded(job.body(params), settings.encoding)
  const { input: given } = settings
  if (given === null) throw missing('input')
  refusePartitions(job.name, settings)
  checkNames(job, given)
  const sources = job.inputNames.map((name) => {
    const { input } = body.inputs?.[name] ?? body.input!
    return { name, paths: pathsOf(given, job, name), rules: textRules(input) }
  })
  const inputs = await listInputs(sources, settings, copies)
  await checkSchemas(job, body, inputs)
  const columnsOf = (input: string, format: CsvFormat) => readColumnsOf(input, format, inputs, job, settings)
  const lowered = await lowerJob({ job: job.name, body, columnsOf, output: settings.choice })
  if (settings.choice.singleFile && isBinary(mainSinkOf(lowered).format)) requireOwnName(settings.output)
  if (settings.top > 0) requireNumbers(job, mainSinkOf(lowered), settings.top)
  const code = callsFunctions(lowered.stages) ? await codeOf(job) : null
  const plan: Plan = {
    ...lowered,
    module: code && moduleOf(code, settings.folder),
    params,
    sideFiles: sideFiles(job, body, settings.cwd),
  }
  const identity = code && {
    shape: comparableShape(job.shape(params), textOf(code)),
    earlier: earlierDefinitions(job),
  }
  return { plan, logical: null, first: [], estimates: null, code, identity, inPlace: null, ...inputs }
}

/** The job with this encoding in all its formats. */
function encoded(body: AnyBody, encoding: string | null): AnyBody {
  if (encoding === null) return body
  const convert = <I extends { input: Format }>(given: I): I => {
    return isOfText(given.input) ? { ...given, input: { ...given.input, encoding } } : given
  }
  const { input, inputs } = body
  return {
    ...body,
    ...(input ? { input: convert(input) } : {}),
    ...(inputs
      ? { inputs: Object.fromEntries(Object.entries(inputs).map(([name, one]) => [name, convert(one)])) }
      : {}),
  } as AnyBody
}

/** @throws COLUMN_UNKNOWN for a declared column that no file has */
async function checkSchemas(job: AnyJob, body: AnyBody, { files, inputs }: RunInputs): Promise<void> {
  for (const name of job.inputNames) {
    const input = body.inputs?.[name] ?? body.input!
    const own = (inputs.get(name) ?? []).map((n) => files[n]!)
    await checkDeclared(declaredRows(input)?.columns ?? [], input.input, own)
  }
}

/** The columns of an input: those of its first file that is not empty. */
async function readColumnsOf(
  input: string,
  format: CsvFormat,
  { files, inputs }: RunInputs,
  job: AnyJob,
  settings: Settings,
): Promise<Columns> {
  if (format.columns && !format.header) return new Columns(format.columns, null)
  const own = inputs.get(input)?.map((n) => files[n]!) ?? []
  const first = own.find((file) => file.sizeBytes > 0)
  const where = inputs.size > 1 ? { input } : {}
  if (!first) {
    const path = own[0] ? nameOf(own[0]) : pathsOf(settings.input!, job, input)[0]!
    throw new RunjobError('HEADER_MISSING', { path, reason: 'it is empty' }, { where: { ...where, file: path } })
  }
  try {
    return await readColumns(first, format)
  } catch (error) {
    throw toRunjobError(error).withWhere(where)
  }
}

/** @throws OPTION_INVALID, JOB_INVALID if the records have no number to rank them by */
function requireNumbers(job: AnyJob, { record }: Sink, top: number): void {
  if (canRank(record)) return
  if (job.summary === 'top') {
    throw new RunjobError('JOB_INVALID', {
      job: job.name,
      problem: "summary: 'top' shows the records with the largest numbers, but its records are not text with a number",
    })
  }
  throw new RunjobError('OPTION_INVALID', {
    name: 'top',
    value: top,
    problem: `records of ${job.name} are not text with a number, so there are no largest ones`,
    help: 'To see some records, write to standard output: -o - | head.',
  })
}

function textOf({ module }: JobCode): string {
  return 'text' in module ? module.text : readFileSync(module.path, 'utf8')
}

function sideFiles(job: AnyJob, body: AnyBody, cwd: string): Plan['sideFiles'] {
  return Object.fromEntries(
    Object.entries(sideFilePaths(job, body, cwd)).map(([name, path]) => {
      try {
        return [name, { path, hash: createHash('sha256').update(readFileSync(path)).digest('hex') }]
      } catch (error) {
        throw fileError(error, path, 'read')
      }
    }),
  )
}

/** The paths given for one input. @throws PARAM_MISSING */
export function pathsOf(input: InputPaths, job: AnyJob, name: string): string[] {
  const own =
    typeof input === 'string' || Array.isArray(input) ? input : (input as Record<string, string | string[]>)[name]
  if (own === undefined || own.length === 0)
    throw new RunjobError('PARAM_MISSING', { name, describe: `an input of ${job.name}` })
  return typeof own === 'string' ? [own] : [...own]
}

/** @throws OPTION_INVALID for inputs that the job does not have */
export function checkNames({ name, inputNames }: AnyJob, input: InputPaths): void {
  if (inputNames.length > 1 && (typeof input === 'string' || Array.isArray(input))) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'input',
      value: input,
      problem: `${name} has the inputs ${inputNames.join(' and ')}: pass an object with a path for each`,
    })
  }
  const names = isPlainObject(input) ? Object.keys(input) : []
  const unknown = names.find((given) => !inputNames.includes(given))
  if (unknown !== undefined) {
    const problem = `${name} has no input "${unknown}"${unknownHelp(unknown, inputNames)}`
    throw new RunjobError('OPTION_INVALID', { name: 'input', problem })
  }
}

/** @throws OPTION_INVALID for folders of values, which rows with columns have */
function refusePartitions(job: string, { partitionBy, mode }: Settings): void {
  const name = partitionBy.length > 0 ? 'partitionBy' : mode === 'overwritePartitions' ? 'mode' : null
  if (name === null) return
  throw new RunjobError('OPTION_INVALID', {
    name,
    value: name === 'mode' ? mode : partitionBy.join(','),
    problem: `${job} is a job: its records have no columns that folders could be named after`,
    help: 'Datasets and queries write folders such as year=2024.',
  })
}
