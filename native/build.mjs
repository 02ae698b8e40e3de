#!/usr/bin/env node
// Builds the addon.   node native/build.mjs [--if-missing] [--sanitize] [--faults]
//
//   (no flag)      compiles what has changed into build/Release/runjob.node
//   --if-missing   npm's install script: does nothing if a prebuild, or an earlier build, loads on this machine
//   --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer, into build-asan/ (see sanitize.mjs)
//   --faults       not the addon but testing/faults.c, which makes system calls fail for tests, into build-faults/
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ifMissing = process.argv.includes('--if-missing')
const sanitize = process.argv.includes('--sanitize')

if (ifMissing && process.env.npm_config_build_from_source !== 'true' && loads()) process.exit(0)

if (process.argv.includes('--faults')) {
  buildFaults()
  process.exit(0)
}

const folder = sanitize ? sanitizerFolder() : root
const configuration = sanitize ? ['--debug'] : ['--release']
// `configure` and `build`, not `rebuild`: make then compiles only what has changed.
nodeGyp('configure', ...configuration, ...nodeHeaders())
nodeGyp('build', ...configuration, '--jobs', String(availableParallelism()))

/**
 * node-gyp builds in the folder of binding.gyp, so the sanitizer build has a copy of the sources: it does not disturb another
 * build, and no other process loads its addon by accident, which would crash.
 */
function sanitizerFolder() {
  const copy = join(root, 'build-asan')
  rmSync(join(copy, 'native'), { recursive: true, force: true })
  for (const name of ['binding.gyp', 'package.json', 'native']) {
    cpSync(join(root, name), join(copy, name), { recursive: true, preserveTimestamps: true })
  }
  return copy
}

function loads() {
  try {
    // Really loaded: a prebuild may need a newer C library than this machine has.
    require('node-gyp-build')(root)
    return true
  } catch {
    return false
  }
}

function buildFaults() {
  const target = join(root, 'build-faults/faults.so')
  mkdirSync(dirname(target), { recursive: true })
  // Exceptions: its operator new throws.
  const flags = ['-std=gnu17', '-O1', '-g', '-Wall', '-Wextra', '-Wshadow', '-fexceptions', '-shared', '-fPIC']
  const compiler = process.env.CC ?? 'cc'
  execFileSync(compiler, [...flags, join(root, 'native/testing/faults.c'), '-o', target, '-ldl'], { stdio: 'inherit' })
}

/** The headers that came with this Node, so that nothing is downloaded. */
function nodeHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

function nodeGyp(command, ...args) {
  const script = require.resolve('node-gyp/bin/node-gyp.js')
  // RUNJOB_WERROR: a warning is an error, as in .ci/run. Not for those who install: another compiler may warn of other things.
  const env = sanitize && process.env.RUNJOB_WERROR ? { ...process.env, CXXFLAGS: '-Werror' } : process.env
  const result = spawnSync(process.execPath, [script, command, ...args], { cwd: folder, stdio: 'inherit', env })
  if (result.status === 0) return
  // node-gyp has explained why, at length; this says what to do.
  console.error(`
runjob: the native addon could not be built (node-gyp ${command}${result.error ? `: ${result.error.message}` : ''}).

  Building needs a C++20 compiler (gcc 11 or newer, clang 14 or newer), make, and Python 3:
    Debian, Ubuntu   apt-get install g++ make python3
    Fedora, RHEL     dnf install gcc-c++ make python3
    Alpine           apk add g++ make python3 linux-headers
    macOS            xcode-select --install
  Without network access it also needs Node's own headers, in <prefix>/include/node.

  Then: npm rebuild runjob`)
  process.exit(1)
}
