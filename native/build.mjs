#!/usr/bin/env node
// Builds the addon.   node native/build.mjs [--if-missing] [--sanitize]
//
//   (no flag)      compiles what has changed into build/Release/runjob.node
//   --if-missing   npm's install script: does nothing if a prebuild, or an earlier build, loads on this machine
//   --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer, into build-asan/runjob.node (see sanitize.mjs)
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ifMissing = process.argv.includes('--if-missing')
const sanitize = process.argv.includes('--sanitize')

if (ifMissing && process.env.npm_config_build_from_source !== 'true' && loads()) process.exit(0)

const configuration = sanitize ? ['--debug'] : ['--release']
// `configure` and `build`, not `rebuild`: make then compiles only what has changed.
nodeGyp('configure', ...configuration, ...nodeHeaders())
nodeGyp('build', ...configuration, '--jobs', String(availableParallelism()))

if (sanitize) {
  // Out of build/: node-gyp-build would load it from build/Debug, and a plain Node process dies of that.
  mkdirSync(join(root, 'build-asan'), { recursive: true })
  renameSync(join(root, 'build/Debug/runjob.node'), join(root, 'build-asan/runjob.node'))
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

/** The headers that came with this Node, so that nothing is downloaded. */
function nodeHeaders() {
  const prefix = dirname(dirname(realpathSync(process.execPath)))
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

function nodeGyp(command, ...args) {
  const script = require.resolve('node-gyp/bin/node-gyp.js')
  const result = spawnSync(process.execPath, [script, command, ...args], { cwd: root, stdio: 'inherit' })
  if (result.status === 0) return
  // node-gyp has said why, at length; this says what to do.
  console.error(`
runjob: the native addon could not be built (node-gyp ${command}${result.error ? `: ${result.error.message}` : ''}).

  Building needs a C++20 compiler (gcc 11 or newer, clang 14 or newer), make, and Python 3:
    Debian, Ubuntu   apt-get install g++ make python3
    Fedora, RHEL     dnf install gcc-c++ make python3
    Alpine           apk add g++ make python3 linux-headers
    macOS            xcode-select --install
  Without network access it also needs Node's own headers, in <prefix>/include/node.

  Then: npm rebuild runjob`)
  // A build that failed half-way must not be taken for a good one.
  if (!sanitize) rmSync(join(root, 'build/Release/runjob.node'), { force: true })
  process.exit(1)
}
