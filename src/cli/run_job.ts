/** The command that runs a job. */
import { existsSync } from 'node:fs'
import { basename, join, resolve, sep } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { checkSignal } from '../base/signal.js'
import { formatCount } from '../base/units.js'
import type { StageReport } from '../engine/report.js'
import { resolveOutput, stateDirOf } from '../io/output/place.js'
import type { Explained } from '../run/explained.js'
import type { Runnable } from '../run/load.js'
import type { RunnableOptions } from '../run/options.js'
import type { RunReport } from '../run/report.js'
import { inTemporaryFolder } from '../run/temporary.js'
import type { StartCommand } from '../state/facts.js'
import { type Invocation, parseInvocation } from './arguments.js'
import { jobHelp } from './help.js'
import type { Host, Printer, Streams } from './host.js'
import { type SharedOptions, usageError } from './options.js'
import { ProgressDisplay } from './progress.js'
import { inFlags, resumeHint } from './report_error.js'
import { watchSignals } from './signals.js'
import { renderReportJson, renderSummary, renderTopLines } from './summary.js'
import { type OutputStream, printable } from './terminal.js'

/** The value of --output for standard output. */
export const STDOUT = '-'

/** How many records the summary of a job with `summary: 'top'` shows. */
const summaryTop = 10

/** Runs a job by name, or shows its help or plan, as its command line says. */
export async function runJobCommand(
  name: string,
  argv: readonly string[],
  host: Host,
  streams: Streams,
): Promise<void> {
  const job = await host.loadJob(name)
  try {
    await runJobOf(job, name, argv, host, streams)
  } catch (error) {
    throw inFlags(error, job)
  }
}

async function runJobOf(
  job: Runnable,
  name: string,
  argv: readonly string[],
  host: Host,
  streams: Streams,
): Promise<void> {
  const { data } = streams
  const invocation = parseInvocation(job, argv)
  const { options } = invocation
  if (options.version) return data.write(`${host.version()}\n`)
  if (options.help) return data.write(jobHelp(job, name, data))
  return runParsed(job, invocation, [name, ...argv], host, streams)
}

/**
 * @param words the command line
 * @param printer for standard output; by default records are written as they come
 */
export async function runParsed(
  job: Runnable,
  invocation: Invocation,
  words: string[],
  host: Host,
  streams: Streams,
  printer?: Printer,
): Promise<void> {
  const { data, terminal } = streams
  const { options } = invocation
  const output = options.output ?? defaultOutput(job.name)
  const runOptions = toRunOptions(invocation, output)
  const toStdout = options.output === STDOUT
  if (options.profile !== undefined && !toStdout) refuseInside(options.profile, output, host.cwd)
  if (options.explain) {
    // Standard output gets the bytes of a single file.
    const asFile = { ...runOptions, output: defaultOutput(job.name), singleFile: true }
    return explain(job, options, toStdout ? asFile : runOptions, words, host, streams)
  }
  if (options.analyze) throw usageError('--analyze', '', 'it goes with --explain')
  if (toStdout) refuseBeside(options, host.stdout)

  const quiet = options.quiet === true
  const forPeople = !quiet && !options.json && printer === undefined
  if (options.top === undefined && job.summary === 'top' && !options.quiet && !toStdout) runOptions.top = summaryTop
  if (options.profile !== undefined) runOptions.profile = true
  const progress = new ProgressDisplay(terminal, options.quiet || !options.progress ? 'off' : 'bars')
  if (options.output === undefined && !options.quiet)
    progress.note(`output goes to ${output} (use -o to choose another)`)

  const command = { argv: words, cwd: host.cwd }
  let explained: Explained | undefined
  const keep = (known: Explained) => {
    explained = known
  }
  const onExplained = options.profile === undefined ? undefined : keep
  const run = (options: RunnableOptions, printer?: Printer) =>
    interruptibly(job, options, command, host, progress, quiet, toStdout, printer, onExplained)
  const lines: Printer = { onRecords: data.writeBytes, end: async () => {} }
  const toPrint = printer ?? lines
  const report = toStdout
    ? await inTemporaryFolder((folder) => run({ ...runOptions, output: join(folder, 'output') }, toPrint))
    : await run(runOptions)
  if (toStdout) await toPrint.end()
  if (options.profile !== undefined) {
    const { writeProfile } = await import('./profile/write.js')
    writeProfile(resolve(host.cwd, options.profile), report, explained, runOptions)
  }
  if (options.json) await data.write(renderReportJson(report))
  else if (options.top !== undefined) await data.write(renderTopLines(report.top))
  // After the data, so that a terminal which shows both ends with the summary.
  if (forPeople) terminal.write(renderSummary(report, options.top === undefined, terminal.colors))
}

/** Prints the plan; with `--analyze` after it ran, into a folder that is removed. */
async function explain(
  job: Runnable,
  { analyze, json, profile, progress, quiet = false }: SharedOptions,
  planned: RunnableOptions,
  words: string[],
  host: Host,
  { data, terminal }: Streams,
): Promise<void> {
  let runs: readonly StageReport[] | undefined
  let explained: Explained | undefined
  if (!analyze) {
    const onNote = (note: string) => {
      if (!quiet) terminal.write(`${note}\n`)
    }
    // What it copies must not stay.
    const { signal, dispose } = watchSignals(
      host.signals,
      () => {},
      () => {},
    )
    try {
      explained = await host.explainJob(job, { ...planned, onNote, signal })
    } finally {
      dispose()
    }
    checkSignal(signal)
    if (profile !== undefined) {
      const { writePlan } = await import('./profile/write.js')
      writePlan(resolve(host.cwd, profile), explained, planned)
    }
  } else {
    const display = new ProgressDisplay(terminal, quiet || !progress ? 'off' : 'bars')
    const report = await inTemporaryFolder((folder) => {
      const options = { ...planned, output: join(folder, basename(planned.output)), profile: true }
      const keep = (known: Explained) => {
        explained = known
      }
      return interruptibly(job, options, { argv: words, cwd: host.cwd }, host, display, quiet, true, undefined, keep)
    })
    if (profile !== undefined) {
      const { writeProfile } = await import('./profile/write.js')
      writeProfile(resolve(host.cwd, profile), report, explained!, planned)
    }
    runs = report.stages
  }
  if (!json) return data.write(`${await host.describePlan(explained!, planned, runs)}\n`)
  const { prepared, estimates } = explained!
  const { plan } = prepared
  return data.write(`${JSON.stringify(runs ? { plan, stages: runs, estimates } : plan)}\n`)
}

/**
 * Runs the job until it is done or a signal stops it.
 *
 * @param isTemporary its folder is removed in any case
 */
async function interruptibly(
  job: Runnable,
  options: RunnableOptions,
  command: StartCommand,
  host: Host,
  progress: ProgressDisplay,
  quiet: boolean,
  isTemporary: boolean,
  printer?: Printer,
  onExplained?: (explained: Explained) => void,
): Promise<RunReport> {
  const state = stateDirOf(resolveOutput(options.output, host.cwd))
  const isKept = () => !isTemporary && existsSync(state)
  const fresh = options.fresh === true
  const watch = watchSignals(
    host.signals,
    () => {
      if (!quiet) progress.note('stopping (once more to stop at once)')
    },
    () => progress.note(isKept() ? resumeHint(state, fresh) : 'stopped'),
  )
  try {
    const report = await host.runJob(
      job,
      {
        ...options,
        signal: watch.signal,
        onProgress: (report) => progress.report(report),
        onNote: (note) => {
          if (!quiet) progress.note(note)
        },
        onResume: ({ stage, tasksDone, tasks }) => {
          const done = `${formatCount(tasksDone)} of ${formatCount(tasks)} ${printable(stage)} tasks done`
          if (!quiet) progress.note(`resuming: ${done}`)
        },
      },
      command,
      printer,
      onExplained,
    )
    progress.stop('done')
    return report
  } catch (error) {
    progress.stop('failed')
    // If an interrupted run fails, the interruption is the reason.
    if (!watch.signal.aborted) throw error
    throw new RunjobError('INTERRUPTED', { state: isKept() ? state : null, fresh }, { cause: error })
  } finally {
    watch.dispose()
  }
}

/** Refuses what cannot be combined with records on standard output. @throws OPTION_INVALID */
function refuseBeside(options: SharedOptions, stdout: OutputStream): void {
  const refuse = (name: string, problem: string) => {
    throw new RunjobError('OPTION_INVALID', { name, value: '', problem: `with -o - ${problem}` })
  }
  if (options.json) refuse('--json', 'standard output is for the records; let -o name a folder, or leave out --json')
  if (options.top !== undefined) refuse('--top', 'all records are printed; let the program that reads them sort or cut')
  if (options.mode !== undefined) refuse('--mode', 'there is no output that may exist already')
  if (options.keepState) refuse('--keep-state', 'the state is in a temporary folder, which is removed at the end')
  if (stdout.isTTY && (options.gzip || options.zstd)) {
    refuse(options.gzip ? '--gzip' : '--zstd', 'compressed data would go to a terminal: redirect it to a file')
  }
  if (stdout.isTTY && (options.format === 'parquet' || options.format === 'avro')) {
    refuse('--format', `${options.format} would go to a terminal: redirect it to a file`)
  }
}

/** A profile in the output would keep the next run from replacing it. @throws OPTION_INVALID */
function refuseInside(profile: string, output: string, cwd: string): void {
  const path = resolve(cwd, profile)
  const folder = resolve(cwd, output)
  if (path !== folder && !path.startsWith(folder + sep)) return
  throw new RunjobError('OPTION_INVALID', {
    name: '--profile',
    value: profile,
    problem: `it is in the output ${output}, which may only hold the job's own files`,
    help: 'Choose a folder of its own for the profile.',
  })
}

export function toRunOptions({ options, params, input }: Invocation, output: string): RunnableOptions {
  if (options.gzip && options.zstd) throw usageError('--zstd', '', 'an output is compressed once: use --gzip or --zstd')
  const compress = options.gzip ? 'gzip' : options.zstd ? 'zstd' : undefined
  const known = {
    compress,
    singleFile: options.singleFile,
    format: options.format,
    partitionBy: options.partitionBy,
    emptyAsNull: options.emptyAsNull,
    workers: options.workers,
    memory: options.memory,
    partitions: options.partitions,
    maxBad: options.maxBad,
    mode: options.mode,
    retries: options.retries,
    taskTimeout: options.taskTimeout,
    speculate: options.speculate,
    top: options.top,
    keepState: options.keepState,
    fresh: options.fresh,
    allFiles: options.allFiles,
    encoding: options.encoding,
  }
  const given = Object.entries(known)
  const unchecked = options.diskCheck ? {} : { diskCheck: false }
  return {
    ...(input === null ? {} : { input }),
    output,
    params,
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    ...unchecked,
  }
}

/** In the current folder. A job's name may hold any character; a folder's name should not. */
function defaultOutput(jobName: string): string {
  return `${jobName.replace(/[^\w.-]+/g, '-')}-output`
}
