#!/usr/bin/env node
// Puts build/Release/runjob.node, stripped, where node-gyp-build looks for prebuilds. One binary serves all Node versions
// (Node-API); the C library is in the name on Linux, since a glibc build does not load on musl.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'build/Release/runjob.node')
const folder = join(root, 'prebuilds', `${platform()}-${arch()}`)
const target = join(folder, ['node.napi', ...libc(), 'node'].join('.'))

mkdirSync(folder, { recursive: true })
copyFileSync(source, target)
// Local symbols and debug information; what the dynamic loader needs stays.
execFileSync('strip', platform() === 'darwin' ? ['-x', '-S', target] : ['--strip-unneeded', target])
console.log(`${target} ${Math.ceil(statSync(target).size / 1024)} KiB`)

function libc() {
  if (platform() !== 'linux') return []
  return [process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl']
}
