// The command `runjob` with the sizes that tests use:   RUNJOB_TUNING='{"splitBytes":…}' node tuned_runjob.mjs <job> …
import { runCommand } from '../../dist/src/cli/commands.js'
import { host } from '../../dist/src/cli/process.js'
import { TUNING } from '../../dist/src/run/options.js'

const tuning = JSON.parse(process.env.RUNJOB_TUNING ?? '{}')

process.exitCode = await runCommand(process.argv.slice(2), {
  ...host,
  runJob: (job, options, ...rest) => host.runJob(job, { ...options, [TUNING]: tuning }, ...rest),
  prepareJob: (job, options) => host.prepareJob(job, { ...options, [TUNING]: tuning }),
})
