#!/usr/bin/env node
// Runs tests on an addon built with AddressSanitizer and UndefinedBehaviorSanitizer.
//   node native/sanitize.mjs [--all | arguments of `vitest run`; default: test/kernels]
//
//   --all   all tests that run jobs as well
import { execFileSync, spawnSync } from 'node:child_process'
import { platform } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const KERNELS = ['test/kernels']
const ALL = [...KERNELS, 'test/e2e', 'test/jobs', 'test/job', 'test/engine', 'test/run.test.ts']
const given = process.argv.slice(2)
const tests = given[0] === '--all' ? [...ALL, ...given.slice(1)] : given.length > 0 ? given : KERNELS

const build = spawnSync(process.execPath, [join(root, 'native/build.mjs'), '--sanitize'], { stdio: 'inherit' })
if (build.status !== 0) process.exit(1)

// node itself is not instrumented, so the runtime must be loaded before anything else.
const compiler = process.env.CXX ?? (platform() === 'darwin' ? 'clang++' : 'g++')
const library = platform() === 'darwin' ? 'libclang_rt.asan_osx_dynamic.dylib' : 'libasan.so'
const runtime = execFileSync(compiler, [`-print-file-name=${library}`], { encoding: 'utf8' }).trim()

// Instrumented code takes several times as long.
const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--testTimeout=600000', ...tests]
const result = spawnSync(process.execPath, vitest, {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    [platform() === 'darwin' ? 'DYLD_INSERT_LIBRARIES' : 'LD_PRELOAD']: runtime,
    // Node frees little at exit, so leaks cannot be recognised. Signal stacks and fake stacks conflict with V8.
    ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=0:use_sigaltstack=0:halt_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    RUNJOB_ADDON: join(root, 'build-asan/build/Debug/runjob.node'),
  },
})
process.exit(result.status ?? 1)
