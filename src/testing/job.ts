/** Runs a whole job on a few records, from memory to memory. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { temporaryFolder } from '../base/files.js'
import { checkedOptions, describe, isPlainObject, requireArguments, type Schema, unknownHelp } from '../base/schema.js'
import { csvQuoter } from '../io/format/csv/quote.js'
import { readOutput } from '../io/output/read_back.js'
import { type AnyJob, type Job, requireJob } from '../job/define.js'
import type { Inputs } from '../job/map_reduce.js'
import type { Format, ParamValue } from '../plan/plan.js'
import { explainJob } from '../run/explain.js'
import { RUN_OPTIONS, type RunOptions } from '../run/options.js'
import type { RunReport } from '../run/report.js'
import { runJob } from '../run/run.js'
import { columnsOfRecords, rowFields } from './records.js'

/** What one input holds: a file's content, or records. */
type Content<R> = string | Uint8Array | readonly R[]

/** Content of a job's input, or of its several inputs by name. */
export type JobInput<R> = Content<R> | Readonly<Record<string, Content<unknown>>>

export type JobOptions<P = unknown> = Pick<RunOptions<P>, 'params' | 'workers' | 'memory' | 'partitions' | 'signal'>

const { params, workers, memory, partitions, signal } = RUN_OPTIONS
const OPTIONS: Schema<JobOptions> = { params, workers, memory, partitions, signal }

export interface JobOutcome<K, V> extends Pick<RunReport, 'counters' | 'stages'> {
  /** The output's records, part by part. */
  records: [key: K, value: V][]
  /** Records of the named outputs. */
  outputs: Record<string, [key: unknown, value: unknown][]>
}

/**
 * Runs a job as runJob() does, workers included, on the given input, and returns its output. Files go to a temporary folder, which is
 * removed before this returns.
 *
 * Define the job in its own module, as for runJob(): a worker that imports a test file would start its tests.
 *
 * @param input the content of a file, or records: lines for `text()`, objects for `csv()`, values for `jsonl()`; with a schema only content
 * @throws what runJob() throws
 */
export function runInMemory<P, K, V, R>(
  job: Job<P, K, V, R>,
  input: JobInput<NoInfer<R>>,
  options?: JobOptions<P>,
): Promise<JobOutcome<K, V>>
export async function runInMemory(...args: unknown[]): Promise<JobOutcome<unknown, unknown>> {
  requireArguments('runInMemory', 3, args, 'OPTION_INVALID')
  const [job, input, given = {}] = args as [AnyJob, JobInput<unknown>, JobOptions | undefined]
  requireJob(job)
  const options = checkedOptions(OPTIONS, given)
  const folder = temporaryFolder('runjob-testing-')
  try {
    const body = job.body((options.params ?? {}) as Record<string, ParamValue | undefined>)
    const paths = writeInputs(folder, body.inputs ?? { input: body.input! }, input)
    const all = { ...options, input: paths, output: join(folder, 'output') } as RunOptions<never>
    const plan = await explainJob(job, all)
    const result = await runJob(job, all)
    const records: [unknown, unknown][] = []
    for await (const record of result.read()) records.push(record)
    const sink = plan.stages.at(-1)!.target
    const outputs: JobOutcome<unknown, unknown>['outputs'] = {}
    for (const [name, named] of Object.entries(sink.kind === 'sink' ? sink.named : {})) {
      outputs[name] = []
      const dir = join(result.output, name)
      if (!existsSync(dir)) continue
      for await (const record of readOutput(dir, named.format, named.record)) outputs[name].push(record)
    }
    return { records, outputs, counters: result.counters, stages: result.stages }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeInputs(folder: string, inputs: Inputs, input: JobInput<unknown>): Record<string, string> {
  const names = Object.keys(inputs)
  const byName = isContent(input) ? { [names[0]!]: input } : input
  if (!isPlainObject(byName)) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'input',
      given: describe(input),
      problem: 'text, bytes, an array of records, or an object of these by input name, is expected',
    })
  }
  const unknown = Object.keys(byName).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const problem = `the job has no input "${unknown}"${unknownHelp(unknown, names)}`
    throw new RunjobError('OPTION_INVALID', { name: 'input', problem })
  }
  return Object.fromEntries(
    names.map((name) => {
      const content = byName[name]
      if (content === undefined || (isContent(input) && names.length > 1)) {
        const problem = `the job has the inputs ${names.join(' and ')}: pass an object with the content of each`
        throw new RunjobError('OPTION_INVALID', { name: 'input', value: '', problem })
      }
      const path = join(folder, name)
      mkdirSync(path)
      const isFile = typeof content === 'string' || content instanceof Uint8Array
      writeFileSync(join(path, 'records'), isFile ? content : fileOf(inputs[name]!, content))
      return [name, path]
    }),
  )
}

function isContent(input: JobInput<unknown>): input is Content<unknown> {
  return typeof input === 'string' || input instanceof Uint8Array || Array.isArray(input)
}

/** Records as a file of the format that the job reads. */
function fileOf({ input: format, schema }: Inputs[string], records: readonly unknown[]): string {
  if (schema !== undefined) throw notWritable('with a schema, the input is the content of a file: text or bytes')
  switch (format.kind) {
    case 'text':
      return records.map((record) => `${oneLine(record)}\n`).join('')
    case 'jsonl':
      return records.map((record) => `${JSON.stringify(record)}\n`).join('')
    case 'csv': {
      const columns = columnsOfRecords(format, records)
      const rows = records.map((record) => rowFields(columns, record))
      if (format.header) rows.unshift(columns)
      return rows.map((row) => `${row.map((field) => csvField(format, field)).join(format.delimiter)}\n`).join('')
    }
    case 'parquet':
    case 'avro':
      throw notWritable(`${format.kind}() is read with a schema`)
  }
}

function oneLine(record: unknown): string {
  if (typeof record === 'string' && !record.includes('\n')) return record
  throw notWritable('a record of text() is a string without line ends')
}

function csvField({ delimiter, quote }: Extract<Format, { kind: 'csv' }>, text: string): string {
  // An empty field alone in its line must be a row.
  if (quote !== null) return text === '' ? quote + quote : csvQuoter(delimiter, quote)(text)
  if (text.includes('\n') || text.includes('\r') || text.includes(delimiter)) {
    throw notWritable('without quotes a field cannot hold delimiters or line ends')
  }
  return text
}

function notWritable(problem: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name: 'input', value: '', problem })
}
