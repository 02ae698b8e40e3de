// The command `runjob` with the sizes that tests use:   RUNJOB_TUNING='{"splitBytes":…}' node tuned_runjob.mjs <job> …
import { runCommand } from '../../dist/src/cli/commands.js'
import { loadJob } from '../../dist/src/job/load.js'
import { runJob, TUNING } from '../../dist/src/run.js'

const tuning = JSON.parse(process.env.RUNJOB_TUNING ?? '{}')

process.exitCode = await runCommand(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  loadJob: (nameOrPath) => loadJob(nameOrPath, process.cwd()),
  runJob: (job, options) => runJob(job, { ...options, [TUNING]: tuning }),
})
