/** The commands: run a job, manage an unfinished run, list the ready-made jobs, show help. */
import { exitCodeFor, RunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import { formatBytes } from '../base/units.js'
import { resolveOutput } from '../io/output/place.js'
import { cleanState, readStatus } from '../state/status.js'
import { generalHelp, jobHelp, jobList } from './help.js'
import type { Host, Streams } from './host.js'
import { createSharedCommand, parseOptions, splitCommandName, usageError } from './options.js'
import { renderError, renderErrorJson } from './report_error.js'
import { runJobCommand } from './run_job.js'
import { commandToResume, renderStatus } from './state_commands.js'
import { openDataOutput, openTerminal } from './terminal.js'

/** Commands about an output; any other first word is a job. */
const stateCommands = ['status', 'resume', 'clean'] as const
type StateCommand = (typeof stateCommands)[number]

/**
 * Runs a command line. Never throws: failures are reported on standard error and, if JSON was asked for, on standard
 * output.
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
    // Checked in the raw words, because parsing may have failed. With `-o -`, standard output is for records.
    if (argv.includes('--json') && !asksForRecords(argv))
      await streams.data.write(renderErrorJson(error)).catch(() => {})
    return exitCodeFor(error)
  }
}

async function dispatch(argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { data } = streams
  const { name, rest } = splitCommandName(argv)
  if (stateCommands.includes(name as StateCommand)) return lookAfter(name as StateCommand, rest, host, streams)
  if (name === 'query') return (await import('./query.js')).runQueryCommand(rest, host, streams)
  if (name === 'shell') return (await import('./shell.js')).runShellCommand(rest, host, streams)
  if (name === 'schema') return (await import('./schema.js')).printSchemaCommand(rest, host, streams)
  if (name !== null && name !== 'list' && name !== 'help') return runJobCommand(name, rest, host, streams)

  const { shared, operands } = parseOptions(createSharedCommand(), null, rest)
  const [operand] = operands
  if (shared.version) return data.write(`${host.version()}\n`)
  if (name === 'help' && operand !== undefined) return data.write(jobHelp(await host.loadJob(operand), operand, data))
  if (name === 'help' || shared.help || argv.length === 0) return data.write(generalHelp(data))
  if (name === null) throw usageError('<job>', '', 'the name of a job is missing')
  if (operand !== undefined) throw usageError('list', operand, 'it takes no arguments')
  return data.write(jobList(host.builtinJobs(), data.colors))
}

/** `status`, `resume` and `clean`, each for one output. */
async function lookAfter(name: StateCommand, argv: readonly string[], host: Host, streams: Streams): Promise<void> {
  const { data, terminal } = streams
  const { name: output, rest } = splitCommandName(argv)
  const { shared, operands } = parseOptions(createSharedCommand(), null, rest)
  if (shared.version) return data.write(`${host.version()}\n`)
  if (shared.help) return data.write(generalHelp(data))
  if (output === null) throw usageError(name, '', 'the output folder is missing')
  if (name !== 'resume' && operands[0] !== undefined) throw usageError(name, operands[0], 'only one output is expected')

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

/** Whether the words contain `-o -`. */
function asksForRecords(argv: readonly string[]): boolean {
  return argv.some(
    (word, i) => word === '-o-' || word === '--output=-' || (/^(-o|--output)$/.test(word) && argv[i + 1] === '-'),
  )
}
