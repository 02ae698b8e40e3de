/** `runjob shell`: a session for questions about files, one after another. */
import { shellHelp } from './help.js'
import type { Host, Streams } from './host.js'
import { createSharedCommand, parseOptions, type SharedOptions, usageError } from './options.js'
import { STDOUT, toRunOptions } from './run_job.js'

export async function runShellCommand(argv: readonly string[], host: Host, { data }: Streams): Promise<void> {
  const { shared: options, operands: paths } = parseOptions(createSharedCommand(), null, argv)
  if (options.version) return data.write(`${host.version()}\n`)
  if (options.help) return data.write(shellHelp(data))
  refuseOutputs(options)
  if (paths.includes(''))
    throw usageError('<input>', '', 'a file, a folder or a glob is expected, but the name is empty')
  if (host.stdout.isTTY !== true || !host.isInteractive) {
    throw usageError('shell', '', 'it needs a terminal; a script is a module, or one expression for `runjob query`')
  }
  const invocation = { options: { ...options, output: STDOUT }, params: {}, input: null }
  await host.openShell(paths, toRunOptions(invocation, STDOUT))
}

/** Each cell decides what becomes of its rows. */
function refuseOutputs(options: SharedOptions): void {
  for (const name of ['output', 'format', 'explain', 'json', 'profile', 'top'] as const) {
    if (options[name] !== undefined) {
      throw usageError(`--${name}`, '', 'it belongs to a single run: in the shell, call methods of a data frame')
    }
  }
}
