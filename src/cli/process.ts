/** The process of the command: what it provides to the commands, and how it ends. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { exitCodeFor, RunjobError } from '../base/errors.js'
import { load, packageVersion } from '../base/packages.js'
import { builtinJobs, loadRunnable, type Runnable } from '../run/load.js'
import { runCommand } from './commands.js'
import type { Host } from './host.js'
import { renderError } from './report_error.js'
import { createColors, wantsColor } from './terminal.js'

export const host: Host = {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  version: packageVersion,
  loadJob: loadOrTell,
  builtinJobs,
  runJob: async (job, options, command, printer, onExplained) => {
    const { runAny } = await import('../run/run.js')
    const { COLUMNS, COMMAND, RECORDS } = await import('../run/options.js')
    const all = {
      ...options,
      [COMMAND]: command,
      ...(printer ? { [RECORDS]: printer.onRecords } : {}),
      ...(printer?.onColumns ? { [COLUMNS]: printer.onColumns } : {}),
    }
    return runAny(job, onExplained ? (await import('../run/explained.js')).explaining(all, onExplained) : all)
  },
  evaluate: async (expression, paths, options, ofRows) => {
    const { evaluateQuery } = await import('../run/query.js')
    return evaluateQuery(expression, paths, load('index') as Record<string, unknown>, process.cwd(), options, ofRows)
  },
  get isInteractive() {
    return process.stdin.isTTY === true
  },
  openShell: async (paths, run) => {
    const { openSession } = await import('./shell/session.js')
    await openSession({
      paths,
      names: load('index') as Record<string, unknown>,
      cwd: process.cwd(),
      run,
      input: process.stdin,
      output: process.stdout,
      useColors: wantsColor(process.stdout, process.env),
      history: process.env.RUNJOB_HISTORY ?? join(homedir(), '.runjob_history'),
    })
  },
  schemaText: async (path) => (await import('../run/schema.js')).schemaText(path, process.cwd()),
  chdir: (folder) => process.chdir(folder),
  explainJob: async (job, options) => (await import('../run/explained.js')).explainOnly(job, options),
  describePlan: async (...plan) => (await import('../run/describe.js')).describePlan(...plan),
}

/** A module may end the process, or wait for ever, while it is imported: this must not look like success. */
async function loadOrTell(nameOrPath: string): Promise<Runnable> {
  const tell = () => {
    const reason = 'importing it ended the process, or never finished'
    const error = new RunjobError('JOB_LOAD_FAILED', { path: nameOrPath, reason })
    process.stderr.write(renderError(error, createColors(false)))
    process.exitCode = exitCodeFor(error)
  }
  process.once('exit', tell)
  // Stacks of its errors should lead to the source that its author wrote.
  if (/[./]/.test(nameOrPath)) process.setSourceMapsEnabled(true)
  try {
    return await loadRunnable(nameOrPath, process.cwd())
  } finally {
    process.off('exit', tell)
  }
}

/** @param argv what follows the command's name */
export async function main(argv: readonly string[]): Promise<void> {
  process.on('uncaughtException', (error) => {
    process.stderr.write(renderError(error, createColors(false)))
    process.exit(1)
  })
  // Set instead of exit(): data in the pipes is written before the process ends.
  process.exitCode = await runCommand(argv, host)
}
