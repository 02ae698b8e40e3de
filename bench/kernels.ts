/** Each native kernel alone: GB/s and ns per record, next to its portable twin and the speed of memory. See bench/README.md. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Bench } from 'tinybench'
import { kernels } from '../src/kernels/addon.js'
import { copyCase, type KernelCase, kernelCases } from './kernel_cases.js'

const HELP = `npm run bench:kernels -- [options]
  --size <MB>     input of each kernel (default: 32)
  --time <ms>     how long each is measured (default: 1000)
  --only <text>   kernels whose name has this text in it
  --once          1 MB, once: are the counts right?
  --json          one JSON document on standard output`

interface Measured {
  name: string
  gbPerSecond: number
  nsPerRecord: number
}

interface Report {
  simd: string
  compiler: string
  kernels: Measured[]
}

const { values } = parseArgs({
  options: {
    size: { type: 'string' },
    time: { type: 'string', default: '1000' },
    only: { type: 'string', default: '' },
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const report = await measureAll()
if (values.json) console.log(JSON.stringify(report, null, 2))
else printReport(report, measurePortable())

async function measureAll(): Promise<Report> {
  const { simd, compiler } = kernels.build
  // This addon cannot do it: nothing to compare with.
  if (process.env.RUNJOB_SIMD !== undefined && process.env.RUNJOB_SIMD !== simd) return { simd, compiler, kernels: [] }
  const byteCount = Number(values.size ?? (values.once ? 1 : 32)) * 1e6
  if (!(byteCount > 0)) throw new Error(`--size ${values.size}: a number above 0 is expected`)
  const folder = mkdtempSync(join(tmpdir(), 'runjob-kernels-'))
  try {
    const cases = [copyCase(byteCount), ...kernelCases(byteCount, folder)]
    const measured: Measured[] = []
    for (const one of cases) if (one.name.includes(values.only)) measured.push(await measure(one))
    return { simd, compiler, kernels: measured }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @throws Error if a run does not see all records */
async function measure({ name, bytes, records, before, run, after }: KernelCase): Promise<Measured> {
  const bench = new Bench({
    time: values.once ? 0 : Number(values.time),
    iterations: values.once ? 1 : 5,
    warmup: !values.once,
  })
  let seen = records
  const hooks = { ...(before && { beforeEach: before }), ...(after && { afterEach: after }) }
  bench.add(
    name,
    () => {
      seen = run()
      if (seen !== records) throw new Error(`${name}: ${seen} records instead of ${records}`)
    },
    hooks,
  )
  await bench.run()
  const { result } = bench.tasks[0]!
  if (result.state === 'errored') throw result.error
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
  const milliseconds = result.latency.p50
  return { name, gbPerSecond: bytes / milliseconds / 1e6, nsPerRecord: (milliseconds * 1e6) / records }
}

/** The same in a process whose addon uses no SIMD; null if it uses none anyway. */
function measurePortable(): Report | null {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--json']
  const env = { ...process.env, RUNJOB_SIMD: 'portable' }
  const portable: Report = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  return portable.simd === report.simd ? null : portable
}

function printReport(report: Report, portable: Report | null): void {
  console.log(
    `one thread, ${report.compiler}, ${report.simd}${portable ? '' : '; no other SIMD level to compare with'}`,
  )
  console.log(line('', 'GB/s', 'ns/record', portable ? portable.simd : '', portable ? '×' : ''))
  report.kernels.forEach(({ name, gbPerSecond, nsPerRecord }, i) => {
    const twin = portable?.kernels[i]?.gbPerSecond
    console.log(
      line(
        name,
        gbPerSecond.toPrecision(3),
        nsPerRecord < 1e5 ? nsPerRecord.toFixed(1) : '',
        twin?.toPrecision(3) ?? '',
        twin ? (gbPerSecond / twin).toFixed(2) : '',
      ),
    )
  })
}

function line(name: string, ...cells: string[]): string {
  return `${name.padEnd(26)}${cells.map((cell) => cell.padStart(11)).join('')}`.trimEnd()
}
