import { availableParallelism, totalmem } from 'node:os'
import { describe, expect, test } from 'vitest'
import { availableCores, availableMemoryBytes } from '../../dist/src/base/limits.js'
import { temporaryFolder, writeFiles } from '../io/folder.js'

/** A made-up /proc and /sys. */
function fakeRoot(files: Record<string, string>): string {
  const root = temporaryFolder()
  writeFiles(root, files)
  return root
}

test('this machine has memory and at least one core', () => {
  expect(availableMemoryBytes()).toBeGreaterThan(2 ** 20)
  expect(availableCores()).toBeGreaterThanOrEqual(1)
})

test('without cgroups the machine itself is the limit', () => {
  const root = fakeRoot({})
  expect(availableMemoryBytes(root)).toBe(totalmem())
  expect(availableCores(root)).toBe(availableParallelism())
})

describe('cgroup v2', () => {
  test('the tightest limit on the way to the root counts', () => {
    const root = fakeRoot({
      'proc/self/cgroup': '0::/a/b\n',
      'sys/fs/cgroup/a/memory.max': '1000000\n',
      'sys/fs/cgroup/a/b/memory.max': '2000000\n',
      'sys/fs/cgroup/a/b/cpu.max': '50000 100000\n',
    })
    expect(availableMemoryBytes(root)).toBe(1_000_000)
    expect(availableCores(root)).toBe(1)
  })

  test('"max" is no limit', () => {
    const root = fakeRoot({
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': 'max\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
    })
    expect(availableMemoryBytes(root)).toBe(totalmem())
    expect(availableCores(root)).toBe(availableParallelism())
  })

  test("in a container, where the host's path does not exist, the root of the mount counts", () => {
    const root = fakeRoot({ 'proc/self/cgroup': '0::/host/path\n', 'sys/fs/cgroup/memory.max': '3000000\n' })
    expect(availableMemoryBytes(root)).toBe(3_000_000)
  })
})

test('cgroup v1 limits are read from their own controllers', () => {
  const root = fakeRoot({
    'proc/self/cgroup': '7:pids:/p\n4:memory:/m\n3:cpu,cpuacct:/c\n',
    'sys/fs/cgroup/memory/m/memory.limit_in_bytes': '4000000\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us': '100000\n',
    'sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  })
  expect(availableMemoryBytes(root)).toBe(4_000_000)
  expect(availableCores(root)).toBe(1)
})
