#!/usr/bin/env node
// Runs threads.cc under ThreadSanitizer.   npm run sanitize:threads [-- rounds of each thread]
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { compilePrograms, root } from './kernels.mjs'

const build = join(root, 'build-threads')
const compiler = process.env.CXX ?? 'g++'
const [program] = await compilePrograms(['testing/threads.cc'], build, compiler, ['-fsanitize=thread'])

// ThreadSanitizer needs its own layout of the address space, which fails if the kernel randomises more than it expects.
const { status: fixed } = spawnSync('setarch', ['--addr-no-randomize', 'true'])
const [command, ...args] = fixed === 0 ? ['setarch', '--addr-no-randomize', program] : [program]
const { status } = spawnSync(command, [...args, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
})
process.exit(status ?? 1)
