// The command `runjob` with the sizes that tests use:   RUNJOB_TUNING='{"splitBytes":…}' node tuned_runjob.mjs <job> …
import { runCommand } from '../../dist/src/cli/commands.js'
import * as names from '../../dist/src/index.js'
import { loadRunnable } from '../../dist/src/run/load.js'
import { TUNING } from '../../dist/src/run/options.js'
import { evaluateQuery } from '../../dist/src/run/query.js'
import { runAny } from '../../dist/src/run/run.js'

const tuning = JSON.parse(process.env.RUNJOB_TUNING ?? '{}')

process.exitCode = await runCommand(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
  loadJob: (nameOrPath) => loadRunnable(nameOrPath, process.cwd()),
  evaluate: (expression, paths) => evaluateQuery(expression, paths, names, process.cwd()),
  runJob: (job, options) => runAny(job, { ...options, [TUNING]: tuning }),
})
