// Compiles the native part without Node-API for programs that test it: build-fuzz/ and build-threads/.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const native = dirname(dirname(fileURLToPath(import.meta.url)))
/** The package's folder. */
export const root = dirname(native)
const PARALLEL = 2
/** RUNJOB_WERROR: a warning is an error, as in .ci/run. */
const warnings = ['-Wall', '-Wextra', '-Wshadow', ...(process.env.RUNJOB_WERROR ? ['-Werror'] : [])]

/** @returns paths of the object files */
export function compileKernels(build, compiler, flags) {
  const sources = filesOf(native).filter((name) => /\.cc?$/.test(name) && !/^(addon|fuzz|testing)\b/.test(name))
  return inTurn(sources, (name) => compile(join(native, name), build, compiler, flags))
}

/**
 * Compiles one file, if it or any header has changed.
 *
 * @returns path of the object file
 */
export async function compile(source, build, compiler, flags) {
  const object = join(build, 'objects', `${relative(native, source)}.o`)
  if (existsSync(object) && changed(object) > Math.max(changed(source), ...headers().map(changed))) return object
  mkdirSync(dirname(object), { recursive: true })
  const isC = source.endsWith('.c')
  const language = isC ? ['-x', 'c', '-w'] : ['-std=c++20', ...warnings]
  // LMDB reads pages of its map at any alignment: undefined, but not ours.
  const own = isC ? flags.map((flag) => flag.replace(',undefined', '')) : flags
  const includes = ['-I', native, '-isystem', liblmdb()]
  await run(compiler, [
    ...language,
    '-O1',
    '-g',
    '-fno-omit-frame-pointer',
    ...own,
    ...includes,
    '-c',
    source,
    '-o',
    object,
  ])
  return object
}

/** Results in order, with limited concurrency. */
export async function inTurn(items, work) {
  const results = []
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const at = next++
      results[at] = await work(items[at])
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, lane))
  return results
}

/** Runs a command that must succeed. */
export function run(command, args) {
  return new Promise((resolve) => {
    spawn(command, args, { stdio: 'inherit' }).on('close', (code) => {
      if (code === 0) return resolve()
      console.error(`failed: ${command} ${args.join(' ')}`)
      process.exit(1)
    })
  })
}

let found
function liblmdb() {
  const paths = join(native, 'paths.mjs')
  found ??= execFileSync(process.execPath, [paths, 'liblmdb'], { cwd: root, encoding: 'utf8' }).trim()
  return found
}

function headers() {
  return filesOf(native)
    .filter((name) => name.endsWith('.h'))
    .map((name) => join(native, name))
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

function changed(path) {
  return statSync(path).mtimeMs
}
