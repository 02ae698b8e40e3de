/** Two revisions of runjob against each other: npm run bench:compare -- OLD NEW [options]. See bench/README.md. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatRow } from './measure/report.js'
import { runRow } from './measure/run_row.js'
import { medianInterval } from './measure/statistics.js'
import { findTools } from './measure/tools.js'
import type { Contestant, Row } from './rows/row.js'
import { rowsNamed } from './rows/rows.js'

const HELP = `npm run bench:compare -- OLD NEW [options]
OLD, NEW: revisions, as git names them; . is the working tree, as it is built
  --scale <x>     size of the inputs (default: 0.1)
  --only <a,b>    rows by name, or by the start of it (default: all)
  --runs <n>      trials of each revision, in turn (default: 11)
  --workers <n>   threads (default: the number of cores)
  --memory <MB>   where the row does not say (default: 4000)`

/** A change of fewer percent is none that matters. */
const LEAST_CHANGE = 0.02

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '0.1' },
    only: { type: 'string' },
    runs: { type: 'string', default: '11' },
    workers: { type: 'string', default: String(availableParallelism()) },
    memory: { type: 'string', default: '4000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const [old, fresh] = positionals
if (values.help || old === undefined || fresh === undefined || positionals.length > 2) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const dataFolder = resolve(process.env.RUNJOB_BENCH_DATA ?? join(root, 'bench/.data'))
const log = (text: string) => process.stderr.write(`${text}\n`)
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())

const builds = [old, fresh].map((revision) => ({ revision, cli: join(buildOf(revision), 'dist/src/cli/main.cjs') }))
const trialFolder = join(dataFolder, `trial-${process.pid}`)
const moved: string[] = []
let isBad = false
for (const row of wantedRows()) {
  for (const contestant of row.contestants.filter(({ tool }) => tool === 'runjob')) {
    if (interrupt.signal.aborted) process.exit(130)
    await compare(row, contestant)
  }
}
rmSync(trialFolder, { recursive: true, force: true })
console.log(`\n${moved.length === 0 ? 'no row moved beyond the noise' : moved.join('\n')}`)
process.exitCode = isBad ? 1 : 0

function wantedRows(): readonly Row[] {
  try {
    return rowsNamed(values.only)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}

async function compare(row: Row, contestant: Contestant): Promise<void> {
  const name = contestant.name === 'runjob' ? row.name : `${row.name}, ${contestant.name}`
  const contestants = builds.map(({ revision, cli }) => ({
    ...contestant,
    name: revision,
    command: (trial: Parameters<Contestant['command']>[0]) => contestant.command({ ...trial, cli }),
  }))
  const result = await runRow(
    { ...row, name, contestants, targets: [] },
    {
      dataFolder,
      trialFolder,
      scale: Number(values.scale),
      runs: Number(values.runs),
      workers: Number(values.workers),
      memoryBytes: Number(values.memory) * 1e6,
      timeoutMs: 1_200_000,
      tools: findTools(),
      cli: builds[0]!.cli,
      log,
      signal: interrupt.signal,
    },
  )
  console.log(`\n${formatRow(result)}`)
  isBad ||= result.contestants.some(({ status }) => status === 'wrong' || status === 'failed')
  const [before, after] = result.contestants.map(({ seconds }) => seconds)
  const pairs = Math.min(before!.length, after!.length)
  const interval = medianInterval(Array.from({ length: pairs }, (_, i) => after![i]! / before![i]!))
  if (!interval) return
  const { low, median, high } = interval
  const isSure = low > 1 || high < 1
  if (isSure && Math.abs(median - 1) >= LEAST_CHANGE) {
    moved.push(
      `${name}: ${median < 1 ? 'faster' : 'SLOWER'}, ${median.toFixed(3)} × the time (${low.toFixed(3)}..${high.toFixed(3)})`,
    )
  }
}

/** The folder of a revision, built. It is kept for the next comparison. */
function buildOf(revision: string): string {
  if (revision === '.') return root
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`)
  const folder = join(dataFolder, 'revisions', commit)
  if (existsSync(join(folder, 'dist/src/cli/main.cjs'))) return folder
  log(`building ${revision} in ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // Not a worktree: nothing of it stays in the repository.
  execFileSync('bash', ['-c', `git archive ${commit} | tar -x -C "$0"`, folder], { cwd: root })
  for (const args of [['ci'], ['run', 'build']]) execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2] })
  return folder
}
