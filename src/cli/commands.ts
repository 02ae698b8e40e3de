/** The commands: run a job, look after a run that stopped, list the ready-made jobs, help. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { exitCodeFor, RunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import { formatBytes, formatCount } from '../base/units.js'
import { resolveOutput, stateDirOf } from '../io/commit.js'
import { cleanState, readStatus, type StartCommand } from '../io/run_status.js'
import type { AnyJob } from '../job/define.js'
import type { Plan } from '../plan/plan.js'
import type { RunOptions, RunReport } from '../run.js'
import { type Invocation, parseInvocation } from './arguments.js'
import { generalHelp, jobHelp, jobList } from './help.js'
import { createSharedCommand, parseOptions, splitCommandName } from './options.js'
import { writeProfile } from './profile.js'
import { ProgressDisplay } from './progress.js'
import { renderError, renderErrorJson, resumeHint } from './report_error.js'
import { type SignalSource, watchSignals } from './signals.js'
import { commandToResume, renderStatus } from './state_commands.js'
import { renderReportJson, renderSummary, renderTopLines } from './summary.js'
import {
  type DataOutput,
  type Environment,
  type OutputStream,
  openDataOutput,
  openTerminal,
  printable,
  type Terminal,
} from './terminal.js'

/** All that the command line touches of the world. */
export interface Host {
  readonly cwd: string
  readonly env: Environment
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly signals: SignalSource
  version(): string
  /** @throws JOB_NOT_FOUND, JOB_LOAD_FAILED, JOB_INVALID */
  loadJob(nameOrPath: string): Promise<AnyJob>
  builtinJobs(): Promise<AnyJob[]>
  /** @param command the line that asks for it, to be kept with the run's state */
  runJob(job: AnyJob, options: RunOptions, command: StartCommand): Promise<RunReport>
  explainJob(job: AnyJob, options: RunOptions): Promise<Plan>
  chdir(folder: string): void
}

interface Streams {
  data: DataOutput
  terminal: Terminal
}

/** Commands about an output; all other first words are jobs. */
const stateCommands = ['status', 'resume', 'clean'] as const
type StateCommand = (typeof stateCommands)[number]

/** How many records the summary of a job with `summary: 'top'` shows. */
const summaryTop = 10

/**
 * Does what the command line says. Never throws: failures are told on standard error, and on standard output as well if
 * JSON was asked for.
 *
 * @returns the process's exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted
 */
export async function runCommand(argv: readonly string[], host: Host): Promise<number> {
  const streams = { data: openDataOutput(host.stdout, host.env), terminal: openTerminal(host.stderr, host.env) }
  try {
    await dispatch(argv, host, streams)
    return 0
  } catch (error) {
    streams.terminal.write(renderError(error, streams.terminal.colors))
    // Looked for in the raw words: they may be what was wrong.
    if (argv.includes('--json')) await streams.data.write(renderErrorJson(error)).catch(() => {})
    return exitCodeFor(error)
  }
}

async function dispatch(argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { data } = streams
  const { name, rest } = splitCommandName(argv)
  if (stateCommands.includes(name as StateCommand)) return lookAfter(name as StateCommand, rest, host, streams)
  if (name !== null && name !== 'list' && name !== 'help') return runOne(name, rest, host, streams)

  const { shared, operands } = parseOptions(createSharedCommand(), null, rest)
  const [operand] = operands
  if (shared.version) return data.write(`${host.version()}\n`)
  if (name === 'help' && operand !== undefined) return data.write(jobHelp(await host.loadJob(operand), operand, data))
  if (name === 'help' || shared.help || argv.length === 0) return data.write(generalHelp(data))
  if (name === null) throw usageError('<job>', '', 'the name of a job is missing')
  if (operand !== undefined) throw usageError('list', operand, 'it takes no arguments')
  return data.write(jobList(await host.builtinJobs(), data.colors))
}

/** `status`, `resume` and `clean`, each of one output. */
async function lookAfter(name: StateCommand, argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { data, terminal } = streams
  const { name: output, rest } = splitCommandName(argv)
  const { shared, operands } = parseOptions(createSharedCommand(), null, rest)
  if (shared.version) return data.write(`${host.version()}\n`)
  if (shared.help) return data.write(generalHelp(data))
  if (output === null) throw usageError(name, '', 'the output folder is missing')
  if (name !== 'resume' && operands[0] !== undefined) throw usageError(name, operands[0], 'one output at a time')

  const path = resolveOutput(output, host.cwd)
  if (name === 'clean') {
    const bytes = cleanState(path)
    if (shared.json) await data.write(`${JSON.stringify({ output: path, freedBytes: bytes })}\n`)
    else if (!shared.quiet) terminal.write(`freed ${formatBytes(bytes)}\n`)
    return
  }
  const status = await readStatus(path)
  if (name === 'status') {
    if (!status.finished && !status.unfinished) throw new RunjobError('STATE_NOT_FOUND', { path, output: true })
    return data.write(shared.json ? `${JSON.stringify(status)}\n` : renderStatus(status, data.colors))
  }
  const command = commandToResume(status, rest)
  try {
    host.chdir(command.cwd)
  } catch (error) {
    throw fileError(error, command.cwd, 'read')
  }
  return dispatch(command.argv, { ...host, cwd: command.cwd }, streams)
}

async function runOne(name: string, argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { data, terminal } = streams
  const job = await host.loadJob(name)
  const invocation = parseInvocation(job, argv)
  const { options } = invocation
  if (options.version) return data.write(`${host.version()}\n`)
  if (options.help) return data.write(jobHelp(job, name, data))

  const output = options.output ?? defaultOutput(job.name)
  const runOptions = toRunOptions(invocation, output)
  if (options.explain) {
    const plan = await host.explainJob(job, runOptions)
    return data.write(`${JSON.stringify(plan, null, options.json ? 0 : 2)}\n`)
  }

  const forPeople = !options.quiet && !options.json
  if (options.top === undefined && job.summary === 'top' && !options.quiet) runOptions.top = summaryTop
  if (options.profile !== undefined) runOptions.profile = true
  const progress = new ProgressDisplay(terminal, options.quiet || !options.progress ? 'off' : 'bars')
  if (options.output === undefined && !options.quiet) progress.note(`output goes to ${output} (choose another with -o)`)

  const command = { argv: [name, ...argv], cwd: host.cwd }
  const report = await interruptibly(job, runOptions, command, host, progress, options.quiet === true)
  if (options.profile !== undefined) writeProfile(resolve(host.cwd, options.profile), report)
  if (options.json) await data.write(renderReportJson(report))
  else if (options.top !== undefined) await data.write(renderTopLines(report.top))
  // After the data: on a terminal that shows both, the summary is the end.
  if (forPeople) terminal.write(renderSummary(report, options.top === undefined, terminal.colors))
}

/** Runs the job until it is done or a signal stops it. */
async function interruptibly(
  job: AnyJob,
  options: RunOptions,
  command: StartCommand,
  host: Host,
  progress: ProgressDisplay,
  quiet: boolean,
): Promise<RunReport> {
  const state = stateDirOf(resolve(host.cwd, options.output))
  const fresh = options.fresh === true
  const watch = watchSignals(
    host.signals,
    () => {
      if (!quiet) progress.note('stopping (once more to stop at once)')
    },
    () => progress.note(existsSync(state) ? resumeHint(state, fresh) : 'stopped'),
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
    )
    progress.stop('done')
    return report
  } catch (error) {
    progress.stop('failed')
    // Whatever an interrupted run failed with, the interruption is why.
    if (!watch.signal.aborted) throw error
    throw new RunjobError('INTERRUPTED', { state: existsSync(state) ? state : null, fresh }, { cause: error })
  } finally {
    watch.dispose()
  }
}

function toRunOptions({ options, params, input }: Invocation, output: string): RunOptions {
  const { workers, memory, partitions, maxBad, mode, retries, taskTimeout, speculate, top, keepState, fresh } = options
  const known = { workers, memory, partitions, maxBad, mode, retries, taskTimeout, speculate, top, keepState, fresh }
  const given = Object.entries(known)
  const unchecked = options.diskCheck ? {} : { diskCheck: false }
  return {
    input,
    output,
    params,
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    ...unchecked,
  }
}

/** In the current folder. The name of a job may hold anything; the name of a folder should not. */
function defaultOutput(jobName: string): string {
  return `${jobName.replace(/[^\w.-]+/g, '-')}-output`
}

function usageError(name: string, value: string, problem: string): RunjobError {
  return new RunjobError('OPTION_INVALID', { name, value, problem, help: 'See runjob --help and runjob list.' })
}
