/** The process of the command: what it gives to the commands, and how it ends. */
import { readFileSync } from 'node:fs'
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
  version: () => JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version,
  loadJob: (nameOrPath) => loadJob(nameOrPath, process.cwd()),
  builtinJobs,
  runJob: async (job, options, command) => {
    const { COMMAND, runJob } = await import('../run.js')
    return runJob(job, { ...options, [COMMAND]: command })
  },
  chdir: (folder) => process.chdir(folder),
  explainJob: async (job, options) => (await import('../run.js')).explainJob(job, options),
}

process.on('uncaughtException', (error) => {
  process.stderr.write(renderError(error, createColors(false)))
  process.exit(1)
})

// Set, not exit(): what stands in the pipes is written before the process ends.
process.exitCode = await runCommand(process.argv.slice(2), host)
