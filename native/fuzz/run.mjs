#!/usr/bin/env node
// Fuzzes the native part: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer.
//   npm run fuzz -- [--seconds 60] [target…; default: all]
//
// A target is a .cc file of this folder; corpus/<target>/ has its seed inputs. New inputs are kept in
// build-fuzz/corpus/<target>/ for the next time, and inputs that break something in build-fuzz/broken/: run
// build-fuzz/<target> with one to reproduce it. As many run at a time as there are cores. Skipped, visibly, without clang++ and libFuzzer.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compilePrograms, inTurn, root } from '../testing/kernels.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const build = join(root, 'build-fuzz')
const compiler = process.env.CLANGXX ?? 'clang++'
const flags = [
  '-fsanitize=fuzzer-no-link,address,undefined',
  '-fno-sanitize=null,object-size',
  '-fno-sanitize-recover=undefined',
]

const known = readdirSync(folder)
  .filter((name) => name.endsWith('.cc'))
  .map((name) => name.slice(0, -'.cc'.length))

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '60' } },
  allowPositionals: true,
})
const targets = positionals.length > 0 ? positionals : known
const unknown = targets.find((name) => !known.includes(name))
if (unknown !== undefined || !(Number(values.seconds) > 0)) {
  console.error(
    unknown === undefined ? '--seconds takes a number' : `no target ${unknown}; targets: ${known.join(', ')}`,
  )
  process.exit(2)
}
const program = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
const probe = ['-fsanitize=fuzzer,address,undefined', '-x', 'c++', '-', '-o', '/dev/null']
if (spawnSync(compiler, probe, { input: program }).status !== 0) {
  console.log(`fuzzing SKIPPED: ${compiler} is missing, or has no libFuzzer (Debian: clang and libclang-rt-…-dev)`)
  process.exit(0)
}

mkdirSync(join(build, 'broken'), { recursive: true })
const sources = targets.map((name) => `fuzz/${name}.cc`)
await compilePrograms(sources, build, compiler, flags, ['-fsanitize=fuzzer,address,undefined'])

const failed = []
await inTurn(targets, fuzz)
if (failed.length > 0) {
  console.error(`\nbroken: ${failed.join(', ')}; the inputs are in build-fuzz/broken/`)
  process.exit(1)
}

async function fuzz(name) {
  const kept = join(build, 'corpus', name)
  mkdirSync(kept, { recursive: true })
  const log = []
  const started = Date.now()
  const options = [
    `-max_total_time=${values.seconds}`,
    '-timeout=25',
    '-rss_limit_mb=4096',
    '-max_len=4096',
    '-print_final_stats=1',
  ]
  const child = spawn(
    join(build, name),
    [...options, `-artifact_prefix=${join(build, 'broken', `${name}-`)}`, kept, join(folder, 'corpus', name)],
    {
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
    },
  )
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const text = log.join('')
  const runs = /number_of_executed_units: (\d+)/.exec(text)?.[1] ?? '?'
  console.log(
    `${name}: ${code === 0 ? 'ok' : 'BROKEN'}, ${runs} runs in ${Math.round((Date.now() - started) / 1000)} s`,
  )
  if (code === 0) return
  console.error(text.slice(-8000))
  failed.push(name)
}
