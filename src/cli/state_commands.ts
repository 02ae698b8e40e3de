/** `runjob status`, `resume` and `clean`: show and manage the unfinished run of an output. */
import { RunjobError } from '../base/errors.js'
import { formatBytes, formatCount } from '../base/units.js'
import type { StartCommand } from '../state/facts.js'
import type { OutputStatus, UnfinishedRun } from '../state/status.js'
import { createSharedCommand, parseOptions, toResume } from './options.js'
import { type Colors, printable } from './terminal.js'

/** The words of a command, quoted for a shell. */
function shellLine(argv: readonly string[]): string {
  return ['runjob', ...argv]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

/** For people: one fact per line. */
export function renderStatus(status: OutputStatus, colors: Colors): string {
  const { output, finished, unfinished } = status
  const facts: [string, string][] = [['output', printable(output)]]
  if (finished) {
    const { committedAt, parts, bytes } = finished
    facts.push([
      'finished',
      `${committedAt}, ${formatCount(parts)} part${parts === 1 ? '' : 's'}, ${formatBytes(bytes)}`,
    ])
  }
  if (unfinished) facts.push(...unfinishedFacts(unfinished))
  const width = Math.max(...facts.map(([name]) => name.length))
  return facts.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${value}\n`).join('')
}

function unfinishedFacts({ dir, bytes, running, unusable, job, start, stages }: UnfinishedRun): [string, string][] {
  const facts: [string, string][] = [['unfinished', job === null ? 'a run' : `a run of ${printable(job)}`]]
  if (start?.command)
    facts.push(['command', `${printable(shellLine(start.command.argv))} (in ${printable(start.command.cwd)})`])
  if (start) facts.push(['started', start.startedAt])
  facts.push(['running', running ? `process ${running.pid}` : 'no'])
  for (const { name, tasksDone, tasks } of stages) {
    facts.push([name, tasks === null ? 'not started' : `${formatCount(tasksDone)} of ${formatCount(tasks)} tasks done`])
  }
  if (unusable !== null && !running) facts.push(['unusable', unusable])
  facts.push(['on disk', `${formatBytes(bytes)} in ${printable(dir)}`])
  return facts
}

/**
 * The command that `runjob resume OUT [options]` runs: that of the run that stopped, with the options given now.
 *
 * @throws STATE_NOT_FOUND, STATE_NOT_RESUMABLE, OUTPUT_BUSY, OPTION_INVALID
 */
export function commandToResume({ output, unfinished }: OutputStatus, more: readonly string[]): StartCommand {
  if (!unfinished) throw new RunjobError('STATE_NOT_FOUND', { path: output })
  if (unfinished.running) throw new RunjobError('OUTPUT_BUSY', { path: output, ...unfinished.running })
  if (unfinished.unusable !== null) throw notResumable(output, unfinished.unusable)
  const command = unfinished.start?.command
  if (!command) throw notResumable(output, 'a program started it')
  if (unfinished.readsStdin) throw notResumable(output, 'it read standard input, which cannot be read again')
  const { shared, operands } = parseOptions(createSharedCommand(), null, more)
  const refused = shared.output !== undefined ? '--output' : shared.mode !== undefined ? '--mode' : operands[0]
  if (refused !== undefined) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'resume',
      value: refused,
      problem: 'the job, its parameters, inputs and output cannot change: they are those of the run that stopped',
    })
  }
  return { cwd: command.cwd, argv: toResume(command.argv, more) }
}

function notResumable(path: string, reason: string): RunjobError {
  return new RunjobError('STATE_NOT_RESUMABLE', { path, reason })
}
