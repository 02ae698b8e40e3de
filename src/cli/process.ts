/** The process of the command: what it gives to the commands, and how it ends. */
import { exitCodeFor, RunjobError } from '../base/errors.js'
import { packageVersion } from '../base/packages.js'
import type { AnyJob } from '../job/define.js'
import { builtinJobs, loadJob } from '../job/load.js'
import { type Host, runCommand } from './commands.js'
import { renderError } from './report_error.js'
import { createColors } from './terminal.js'

const host: Host = {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  version: packageVersion,
  loadJob: loadOrTell,
  builtinJobs,
  runJob: async (job, options, command) => {
    const { COMMAND, runJob } = await import('../run.js')
    return runJob(job, { ...options, [COMMAND]: command })
  },
  chdir: (folder) => process.chdir(folder),
  explainJob: async (job, options) => (await import('../run.js')).explainJob(job, options),
}

/** A module may end the process, or wait for ever, while it is imported: nobody is to take that for success. */
async function loadOrTell(nameOrPath: string): Promise<AnyJob> {
  const tell = () => {
    const reason = 'while it was imported it ended the process, or waited for what never came'
    const error = new RunjobError('JOB_LOAD_FAILED', { path: nameOrPath, reason })
    process.stderr.write(renderError(error, createColors(false)))
    process.exitCode = exitCodeFor(error)
  }
  process.once('exit', tell)
  // The stacks of its errors are to lead to what its author wrote.
  if (/[./]/.test(nameOrPath)) process.setSourceMapsEnabled(true)
  try {
    return await loadJob(nameOrPath, process.cwd())
  } finally {
    process.off('exit', tell)
  }
}

process.on('uncaughtException', (error) => {
  process.stderr.write(renderError(error, createColors(false)))
  process.exit(1)
})

// Set, not exit(): what stands in the pipes is written before the process ends.
process.exitCode = await runCommand(process.argv.slice(2), host)
