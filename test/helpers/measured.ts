/** Runs of the command whose memory is measured, and limited where the system allows. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NodeOptions, type Tuning, tunedRunjob } from './run.js'

const PROBE = fileURLToPath(new URL('./memory_probe.cjs', import.meta.url))

/** What Node.js, the addon and the threads take on top of --memory. Generous: docs/internals/memory.md has the measured values. */
export function baseBytes(workers: number): number {
  return 100_000_000 + workers * 25_000_000
}

export interface Measured {
  /** `ok`, the code of the error, or `killed`. */
  outcome: string
  /** Of resident memory; 0 if the system does not report it. */
  peakBytes: number
  where?: unknown
}

/** One run of the command. `limitBytes`: in a separate cgroup; see canLimitMemory(). */
export async function measured(
  argv: readonly string[],
  { tuning = {}, limitBytes }: { tuning?: Tuning; limitBytes?: number } = {},
): Promise<Measured> {
  const probed = existsSync('/proc/self/status')
  const group = limitBytes === undefined ? undefined : makeGroup(limitBytes)
  try {
    const env: NonNullable<NodeOptions['env']> = {
      ...(probed ? { NODE_OPTIONS: `--require ${PROBE}` } : {}),
      ...(group ? { RUNJOB_TEST_CGROUP: group } : {}),
    }
    const { code, stdout, stderr } = await tunedRunjob([...argv, '--json'], tuning, { env })
    const peaks = [...stderr.matchAll(/VmHWM:\s+(\d+) kB/g)].map(([, kilobytes]) => Number(kilobytes) * 1024)
    const peakBytes = Math.max(0, ...peaks)
    if (code === null) return { outcome: 'killed', peakBytes }
    const { error } = JSON.parse(stdout)
    return { outcome: error?.code ?? 'ok', peakBytes, where: error?.where }
  } finally {
    if (group) rmdirSync(group)
  }
}

/** Whether this process may make memory cgroups, of version 1 or 2, below its own. */
export function canLimitMemory(): boolean {
  const group = makeGroup(1e9)
  if (group) rmdirSync(group)
  return group !== undefined
}

let groups = 0

function makeGroup(limitBytes: number): string | undefined {
  for (const own of ownGroups()) {
    const group = join(own, `runjob-test-${process.pid}-${groups++}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    for (const file of ['memory.max', 'memory.limit_in_bytes']) {
      if (!existsSync(join(group, file))) continue
      writeFileSync(join(group, file), String(Math.round(limitBytes)))
      return group
    }
    rmdirSync(group)
  }
  return undefined
}

/** Folders of the memory cgroup that this process is in: "4:memory:/path" in version 1, "0::/path" in version 2. */
function ownGroups(): string[] {
  if (!existsSync('/proc/self/cgroup')) return []
  return readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^\d+:(memory)?:(\/.*)$/.exec(line)
      if (!match) return []
      const root = match[1] ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup'
      return [join(root, match[2]!), root]
    })
    .filter((folder) => existsSync(folder))
}
