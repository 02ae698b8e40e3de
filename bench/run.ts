/** The benchmark: runjob and its alternatives. See bench/README.md. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeCharts } from './chart.js'
import { formatRow } from './measure/report.js'
import type { BenchmarkResult, RowResult } from './measure/result.js'
import { type RowOptions, runRow } from './measure/run_row.js'
import { findTools } from './measure/tools.js'
import { PYTHON_ENGINES } from './rows/row.js'
import { rows, rowsNamed } from './rows/rows.js'

const PEERS = ['duckdb', 'polars', 'gnu', 'node', ...PYTHON_ENGINES]

const HELP = `npm run bench -- [options]
  --scale <x>     size of the inputs; 1 is what the targets are for (default: 0.1)
  --only <a,b>    rows by name, or by the start of it (all: ${rows.map((row) => row.name).join(', ')})
  --skip <a,b>    rows to leave out, likewise
  --peers <a,b>   ${PEERS.join(', ')} (default: all that are there)
  --runs <n>      trials of each contestant, in turn (default: 5)
  --workers <n>   threads for each (default: the number of cores)
  --memory <MB>   memory for each, where the row does not say (default: 4000)
  --timeout <s>   how long a trial may take (default: 1200)
  --json <file>   write what was measured
  --svg <folder>  draw it, a picture for each family of rows
  --smoke         every row at scale 0.001, once: are the answers right?`

const { values } = parseArgs({
  options: {
    scale: { type: 'string' },
    only: { type: 'string' },
    skip: { type: 'string' },
    peers: { type: 'string' },
    runs: { type: 'string' },
    workers: { type: 'string' },
    memory: { type: 'string', default: '4000' },
    timeout: { type: 'string', default: '1200' },
    json: { type: 'string' },
    svg: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'dist/src/cli/main.cjs')
if (!existsSync(cli)) fail('runjob is not built: npm run build')

const dataFolder = resolve(process.env.RUNJOB_BENCH_DATA ?? join(root, 'bench/.data'))
const trialFolder = join(dataFolder, `trial-${process.pid}`)
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())

const options: RowOptions = {
  dataFolder,
  trialFolder,
  scale: positive('scale', values.scale ?? (values.smoke ? '0.001' : '0.1')),
  runs: positive('runs', values.runs ?? (values.smoke ? '1' : '5')),
  workers: positive('workers', values.workers ?? String(availableParallelism())),
  memoryBytes: positive('memory', values.memory) * 1e6,
  timeoutMs: positive('timeout', values.timeout) * 1000,
  tools: wantedTools(),
  cli,
  log: (text) => process.stderr.write(`${text}\n`),
  signal: interrupt.signal,
}

const result: BenchmarkResult = {
  version: 1,
  date: new Date().toISOString(),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
  },
  tools: options.tools,
  options: {
    scale: options.scale,
    runs: options.runs,
    workers: options.workers,
    memoryBytes: options.memoryBytes,
  },
  rows: [],
}

for (const [name, tool] of Object.entries(options.tools)) {
  console.log('version' in tool ? `${name} ${tool.version}` : `${name} is skipped: ${tool.missing}`)
}
const notRun: string[] = []
for (const row of wantedRows()) {
  if (interrupt.signal.aborted) break
  let found: RowResult
  try {
    found = await runRow(row, options)
  } catch (error) {
    // Such as a disk that is full of inputs: other rows may still be measured.
    console.error(`${row.name} could not be run: ${(error as Error).stack}`)
    notRun.push(row.name)
    continue
  }
  if (interrupt.signal.aborted) break
  result.rows.push(found)
  console.log(`\n${formatRow(found)}`)
  // After each row, so that a later failure does not lose hours of measuring.
  if (values.json) writeWhole(values.json, `${JSON.stringify(result, null, 2)}\n`)
}
if (values.svg) await writeCharts(result, values.svg)
rmSync(trialFolder, { recursive: true, force: true })

const bad = result.rows.filter(isBad)
if (interrupt.signal.aborted) process.exitCode = 130
else if (bad.length + notRun.length > 0) {
  fail(`wrong or failed: ${[...bad.map((row) => row.name), ...notRun].join(', ')}`)
}

/** A kill in the middle leaves what was there. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text)
  renameSync(`${path}.tmp`, path)
}

/** A wrong answer from anyone, or none from runjob. A failing peer is shown, but is not our mistake. */
function isBad(row: RowResult): boolean {
  return row.contestants.some(({ status, tool }) => status === 'wrong' || (status === 'failed' && tool === 'runjob'))
}

function wantedTools(): RowOptions['tools'] {
  const tools: RowOptions['tools'] = findTools()
  const wanted = values.peers?.split(',')
  for (const name of wanted ?? []) if (!(name in tools)) fail(`No peer "${name}". Peers: ${PEERS.join(', ')}.`)
  for (const name of Object.keys(tools)) {
    if (wanted && name !== 'runjob' && !wanted.includes(name)) tools[name] = { missing: 'not asked for' }
  }
  return tools
}

function wantedRows() {
  try {
    const left = new Set(values.skip === undefined ? [] : rowsNamed(values.skip))
    return rowsNamed(values.only).filter((row) => !left.has(row))
  } catch (error) {
    fail((error as Error).message)
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0) || !Number.isFinite(value)) fail(`--${name} ${text}: a number above 0 is expected`)
  return value
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
