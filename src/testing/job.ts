/** A whole job on a few records, in and out of memory. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { readOutput } from '../io/outputs.js'
import type { Job } from '../job/define.js'
import type { Format, ParamValue } from '../plan/plan.js'
import { explainJob, type RunOptions, type RunReport, runJob } from '../run.js'

/** What one input holds: a file's content, or records. */
type Content<R> = string | Uint8Array | readonly R[]

/** Content of a job's input, or by name of its several inputs. */
export type JobInput<R> = Content<R> | Readonly<Record<string, Content<unknown>>>

export type JobOptions<P = unknown> = Pick<RunOptions<P>, 'params' | 'workers' | 'memory' | 'partitions' | 'signal'>

export interface JobOutcome<K, V> extends Pick<RunReport, 'counters' | 'stages'> {
  /** The output's records, part by part. */
  records: [key: K, value: V][]
  /** Records of the named outputs. */
  outputs: Record<string, [key: unknown, value: unknown][]>
}

/**
 * Runs a job as runJob() does, workers included, on input given here, and gives its output back. Files go to a temporary folder that is
 * removed before this returns.
 *
 * The job must be defined in a module of its own, as for runJob(): a worker that imported a test file would start its tests.
 *
 * @param input the content of a file, or records: lines for `text()`, objects for `csv()`, values for `jsonl()`
 * @throws what runJob() throws
 */
export async function runInMemory<P, K, V, R>(
  job: Job<P, K, V, R>,
  input: JobInput<NoInfer<R>>,
  options: JobOptions<P> = {},
): Promise<JobOutcome<K, V>> {
  const folder = mkdtempSync(join(tmpdir(), 'runjob-testing-'))
  try {
    const body = job.body((options.params ?? {}) as Record<string, ParamValue | undefined>)
    const formats = Object.fromEntries(
      Object.entries(body.inputs ?? { input: body.input! }).map(([name, { input: format }]) => [name, format]),
    )
    const paths = writeInputs(folder, formats, input)
    const all: RunOptions<P> = { ...options, input: paths, output: join(folder, 'output') }
    const plan = await explainJob(job, all)
    const result = await runJob(job, all)
    const records: [K, V][] = []
    for await (const record of result.read()) records.push(record)
    const sink = plan.stages.at(-1)!.target
    const outputs: JobOutcome<K, V>['outputs'] = {}
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

function writeInputs(
  folder: string,
  formats: Record<string, Format>,
  input: JobInput<unknown>,
): Record<string, string> {
  const names = Object.keys(formats)
  const byName = isContent(input) ? { [names[0]!]: input } : input
  return Object.fromEntries(
    names.map((name) => {
      const content = byName[name]
      if (content === undefined || (isContent(input) && names.length > 1)) {
        const problem = `the job has the inputs ${names.join(' and ')}: give an object with the content of each`
        throw new RunjobError('OPTION_INVALID', { name: 'input', value: '', problem })
      }
      const path = join(folder, name)
      mkdirSync(path)
      const isFile = typeof content === 'string' || content instanceof Uint8Array
      writeFileSync(join(path, 'records'), isFile ? content : fileOf(formats[name]!, content))
      return [name, path]
    }),
  )
}

function isContent(input: JobInput<unknown>): input is Content<unknown> {
  return typeof input === 'string' || input instanceof Uint8Array || Array.isArray(input)
}

/** Records as a file of the format that the job reads. */
function fileOf(format: Format, records: readonly unknown[]): string {
  switch (format.kind) {
    case 'text':
      return records.map((record) => `${oneLine(record)}\n`).join('')
    case 'jsonl':
      return records.map((record) => `${JSON.stringify(record)}\n`).join('')
    case 'csv': {
      const columns = format.columns ?? [...new Set(records.flatMap((record) => Object.keys(record as object)))]
      const rows = records.map((record) => columns.map((name) => (record as Record<string, unknown>)[name] ?? ''))
      if (format.columns === null) rows.unshift(columns)
      return rows
        .map((row) => `${row.map((field) => csvField(format, String(field))).join(format.delimiter)}\n`)
        .join('')
    }
  }
}

function oneLine(record: unknown): string {
  if (typeof record === 'string' && !record.includes('\n')) return record
  throw notWritable('a record of text() is a string without line ends')
}

function csvField({ delimiter, quote }: Extract<Format, { kind: 'csv' }>, text: string): string {
  const special = text === '' || text.includes('\n') || text.includes('\r') || text.includes(delimiter)
  if (quote === null) {
    if (special && text !== '') throw notWritable('without quotes a field cannot hold delimiters or line ends')
    return text
  }
  return special || text.includes(quote) ? quote + text.replaceAll(quote, quote + quote) + quote : text
}

function notWritable(problem: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name: 'input', value: '', problem })
}
