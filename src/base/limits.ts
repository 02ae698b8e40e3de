/** What this machine, or the container around the process, allows us to use. */
import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'

/** Bytes of memory that the process may use: RAM, or less if a cgroup (v1 or v2) says so. */
export function availableMemoryBytes(root = '/'): number {
  let bytes = totalmem()
  for (const group of cgroupFolders(root, 'memory')) {
    for (const file of ['memory.max', 'memory.limit_in_bytes']) {
      const limit = Number(readText(join(group, file)))
      // "max" is NaN; v1 says "no limit" with a number close to 2^63; an absent file reads as 0.
      if (limit > 0 && limit < bytes) bytes = limit
    }
  }
  return bytes
}

/** The share of it that a run uses by default. */
export const DEFAULT_MEMORY_SHARE = 0.6

/**
 * Threads that can run at once: the CPUs that the process may be scheduled on, or fewer if a cgroup grants less CPU time.
 * A fraction of a CPU counts as a whole one.
 */
export function availableCores(root = '/'): number {
  let cores = availableParallelism()
  for (const group of cgroupFolders(root, 'cpu')) {
    // v2: "quota period" or "max period".
    const [quota, period] = readText(join(group, 'cpu.max')).split(' ').map(Number)
    cores = Math.min(cores, quotaCores(quota, period))
    const v1Quota = Number(readText(join(group, 'cpu.cfs_quota_us')))
    const v1Period = Number(readText(join(group, 'cpu.cfs_period_us')))
    cores = Math.min(cores, quotaCores(v1Quota, v1Period))
  }
  return Math.max(1, cores)
}

function quotaCores(quota: number | undefined, period: number | undefined): number {
  return quota && period && quota > 0 && period > 0 ? Math.ceil(quota / period) : Number.POSITIVE_INFINITY
}

// The folders with the limits of our cgroup and of all groups above it: the tightest limit counts. In a container the path
// in /proc may be the host's; then only the mount's root exists, and it is our own group.
function cgroupFolders(root: string, controller: string): string[] {
  const folders: string[] = []
  for (const line of readText(join(root, 'proc/self/cgroup')).split('\n')) {
    // "0::/path" in v2, "4:cpu,cpuacct:/path" in v1.
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (!match) continue
    const [, controllers = '', path = ''] = match
    if (controllers !== '' && !controllers.split(',').includes(controller)) continue
    const mounts = controllers === '' ? ['', 'unified'] : [controllers, controller]
    for (const mount of new Set(mounts)) {
      const parts = path.split('/').filter((part) => part !== '' && part !== '..')
      for (let depth = parts.length; depth >= 0; depth--) {
        folders.push(join(root, 'sys/fs/cgroup', mount, ...parts.slice(0, depth)))
      }
    }
  }
  return folders
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}
