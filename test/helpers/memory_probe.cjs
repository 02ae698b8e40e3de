// Required by the process of a measured run: joins a cgroup, and tells the peak of its resident memory at the end. That is
// VmHWM, not resourceUsage(): a process begins with the peak of the one that it was forked from.
const { readFileSync, writeFileSync } = require('node:fs')
const { isMainThread } = require('node:worker_threads')

if (isMainThread) {
  const group = process.env.RUNJOB_TEST_CGROUP
  if (group) writeFileSync(`${group}/cgroup.procs`, String(process.pid))
  process.on('exit', () => console.error(readFileSync('/proc/self/status', 'utf8')))
}
