// Compiles programs that test the native part without Node-API, with the kernels that they use: build-fuzz/ and build-threads/.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const native = dirname(dirname(fileURLToPath(import.meta.url)))
/** The package's folder. */
export const root = dirname(native)
/** RUNJOB_WERROR: a warning is an error, as in .ci/run. */
const warnings = ['-Wall', '-Wextra', '-Wshadow', ...(process.env.RUNJOB_WERROR ? ['-Werror'] : [])]

/**
 * Compiles programs, each with the sources that it reaches.
 *
 * @param names paths of their sources in native/
 * @param linking flags of the linker alone
 * @returns paths of the programs, which are in `build`
 */
export async function compilePrograms(names, build, compiler, flags, linking = flags) {
  const sources = names.map(reached)
  const all = [...new Set(sources.flat())]
  const objects = await inTurn(all, (source) => compile(source, build, compiler, flags))
  return inTurn(names, async (name) => {
    const program = join(build, basename(name, '.cc'))
    const own = sources[names.indexOf(name)].map((source) => objects[all.indexOf(source)])
    await run(compiler, [...linking, ...own, '-pthread', '-o', program])
    return program
  })
}

/**
 * The sources of a program: each file that implements a header which one of them includes. That is the header's namesake, or else a file
 * of the header's folder that has no namesake, such as one of many functions.
 */
function reached(program) {
  const sources = filesOf(native).filter((name) => /\.cc?$/.test(name))
  // No program is part of another one.
  const bare = sources.filter(
    (name) => !/^(fuzz|testing)\//.test(name) && !existsSync(join(native, name.replace(/\.cc?$/, '.h'))),
  )
  const found = new Set([program, 'base/liblmdb.c'])
  for (const name of found) {
    const isHeader = name.endsWith('.h')
    const own = isHeader ? [name.replace(/\.h$/, '.cc'), name.replace(/\.h$/, '.c')] : []
    const shared = isHeader
      ? bare.filter((file) => dirname(file) === dirname(name) && included(file).includes(name))
      : []
    for (const next of [...included(name), ...own, ...shared]) if (existsSync(join(native, next))) found.add(next)
  }
  return [...found].filter((name) => sources.includes(name))
}

const inclusions = new Map()
function included(name) {
  if (!inclusions.has(name)) {
    const text = readFileSync(join(native, name), 'utf8')
    inclusions.set(
      name,
      [...text.matchAll(/^#include "(.+)"/gm)].map((match) => match[1]),
    )
  }
  return inclusions.get(name)
}

/**
 * Compiles one file, if it or any header has changed.
 *
 * @returns path of the object file
 */
async function compile(name, build, compiler, flags) {
  const source = join(native, name)
  const object = join(build, 'objects', `${name}.o`)
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
    '-g1',
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
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return results
}

/** Runs a command that must succeed. */
function run(command, args) {
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
