#!/usr/bin/env node
// Joins tsc's output of src/ and jobs/ into one file, so that a process or a thread loads two files, not a hundred.
//
//   dist/src/cjs/code.cjs      all modules of src/; each runs when it is first needed
//   dist/src/cjs/library.cjs   loads it (src/base/library.ts)
//   dist/src/cjs/*.cache       what V8 compiled of it (compile.mjs)
//   dist/src/**/*.cjs          the files that start processes and threads, and the package for require()
//   dist/src/**/*.js           the package for import, and all other modules, which tests import: they hand on names
//   dist/jobs/**/*.cjs         the ready-made jobs, and what they ask of data frames
//
// Run this whenever tsc has written to dist/src (bench/ compiles some of src/, too).
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const src = join(root, 'src')
const dist = join(root, 'dist/src')

/** Files that start processes and threads. */
const STARTED = ['cli/main', 'engine/task/worker', 'state/dump']
/** The package's exports. */
const EXPORTS = ['index', 'testing/index']
/** What the ready-made jobs import instead of `runjob`. */
const JOBS = 'job/index'
const LIBRARY = 'base/library'
/** Packages that every run needs are part of the code. */
const BUNDLED = ['commander', 'node-gyp-build', 'picocolors']

/** Modules of Node that take a millisecond or two to load, and what is used of them: only a call of these functions loads them. */
const LATE = {
  'node:child_process': ['spawn', 'spawnSync'],
  'node:crypto': ['createHash', 'randomBytes'],
  'node:fs/promises': ['open', 'readFile'],
  'node:module': ['createRequire', 'findSourceMap', 'isBuiltin'],
  'node:v8': ['deserialize', 'serialize'],
}

/** Modules that other files load. */
const OUTSIDE = ['cli/process', JOBS, ...EXPORTS]
/** Names of all modules but these. */
const INTERNALS = 'internals'

const modules = modulesIn(src).filter((name) => name !== LIBRARY && name !== 'cli/main')
const internal = modules.filter((name) => !OUTSIDE.includes(name) && !STARTED.includes(name))
const options = {
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  bundle: true,
  sourcemap: true,
  sourcesContent: false,
}
const names = await exportsOf(modules)

rmSync(join(dist, 'cjs'), { recursive: true, force: true })
await buildCode()
await buildLibrary()
await buildMain()
for (const name of STARTED) rmSync(join(dist, `${name}.js`), { force: true })
for (const name of ['engine/task/worker', 'state/dump'])
  write(`${name}.cjs`, `require('${libraryFrom(name)}').load('${name}')\n`)
for (const name of modules) if (!STARTED.includes(name)) write(`${name}.js`, asModule(name))
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
  if (name.endsWith('.js.map')) rmSync(join(dist, name))
for (const name of EXPORTS) write(`cjs/${name}.cjs`, asCommonJs(name))
writeDeclarations()
for (const name of modulesIn(join(root, 'jobs'))) await buildJob(name, name.startsWith('frames/') ? 'index' : JOBS)
execFileSync(process.execPath, [join(root, 'compile.mjs')], { stdio: 'inherit' })
if (readdirSync(join(dist, 'cjs')).filter((name) => name.endsWith('.cache')).length !== 2) process.exit(1)

async function buildCode() {
  const { metafile } = await build({
    ...options,
    // Nothing imports them at once, so that they run only when they are asked for.
    stdin: {
      contents: [
        ...STARTED.slice(1).map((name) => `exports['${name}'] = () => require('./${name}.ts')\n`),
        ...[...OUTSIDE, INTERNALS].map((name) => `exports['${name}'] = () => require('names:${name}').modules\n`),
      ].join(''),
      resolveDir: src,
    },
    outfile: join(dist, 'cjs/code.cjs'),
    metafile: true,
    plugins: [namesOfModules(), lateModules(), packagesOutside()],
    banner: {
      js: `const __moduleUrl = require('node:url').pathToFileURL(__filename).href;`,
    },
    define: { 'import.meta.url': '__moduleUrl' },
  })
  const used = new Set(Object.keys(metafile.inputs).flatMap((path) => path.match(/node_modules\/([^/]+)\//)?.[1] ?? []))
  const licences = [...used].sort().map((name) => {
    const folder = join(root, 'node_modules', name)
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  write('cjs/LICENSES', `code.cjs contains code of these packages.\n\n${licences.join('\n\n')}`)
}

function lateModules() {
  return {
    name: 'late',
    setup(build) {
      build.onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
        Object.hasOwn(LATE, path) && namespace !== 'late' ? { path, namespace: 'late' } : undefined,
      )
      build.onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({
        contents: LATE[path]
          .map((name) => `export const ${name} = (...args) => require('${path}').${name}(...args)\n`)
          .join(''),
      }))
    },
  }
}

function packagesOutside() {
  return {
    name: 'packages-outside',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === 'entry-point' || BUNDLED.includes(path.split('/', 1)[0]) ? undefined : { path, external: true },
      )
    },
  }
}

/**
 * The names of a module in an object, or for tests those of all modules. It is made when it is asked for: esbuild's own objects would be
 * made in each thread, with a function for each name.
 */
function namesOfModules() {
  const objectOf = (name, i) => `{ ${list(name, (one) => `${one}: m${i}_${one}`)} }`
  const importOf = (name, i) => `import { ${list(name, (one) => `${one} as m${i}_${one}`)} } from './${name}.js'\n`
  const contentsOf = (name) => {
    if (name !== INTERNALS) return `${importOf(name, 0)}export const modules = ${objectOf(name, 0)}\n`
    const objects = internal.map((one, i) => `'${one}': ${objectOf(one, i)},\n`)
    return `${internal.map(importOf).join('')}export const modules = {\n${objects.join('')}}\n`
  }
  return {
    name: 'names',
    setup(build) {
      build.onResolve({ filter: /^names:/ }, ({ path }) => ({ path: path.slice(6), namespace: 'names' }))
      build.onLoad({ filter: /./, namespace: 'names' }, ({ path }) => ({ contents: contentsOf(path), resolveDir: src }))
    },
  }
}

function list(name, write) {
  return names.get(name).map(write).join(', ')
}

async function buildLibrary() {
  await build({
    ...options,
    entryPoints: [join(src, `${LIBRARY}.ts`)],
    outfile: join(dist, 'cjs/library.cjs'),
    define: { 'import.meta.dirname': '__dirname' },
  })
  rmSync(join(dist, `${LIBRARY}.js`), { force: true })
}

/** What the command does before it loads the code, in a file of its own. */
async function buildMain() {
  const outfile = join(dist, 'cli/main.cjs')
  await build({
    ...options,
    entryPoints: [join(src, 'cli/main.ts')],
    outfile,
    plugins: [
      {
        name: 'the-rest-is-in-the-library',
        setup(build) {
          build.onResolve({ filter: /library\.cjs$/ }, ({ path }) => ({ path, external: true }))
          build.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) =>
            kind === 'dynamic-import'
              ? { path: relative(src, join(resolveDir, path)).replace(/\.js$/, ''), namespace: 'library' }
              : undefined,
          )
          build.onLoad({ filter: /./, namespace: 'library' }, ({ path }) => ({
            contents: `module.exports = require('${libraryFrom('cli/main')}').load('${path}')`,
          }))
        },
      },
    ],
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': '__moduleUrl' },
  })
  // npm does this only when it first links the command.
  chmodSync(outfile, 0o755)
}

/** A ready-made job. Its functions are found by its file, so it is not part of the code. */
async function buildJob(name, entry) {
  const outfile = join(root, `dist/jobs/${name}.cjs`)
  const library = relative(dirname(outfile), join(dist, 'cjs/library.cjs'))
  await build({
    ...options,
    entryPoints: [join(root, `jobs/${name}.ts`)],
    outfile,
    plugins: [
      {
        name: 'runjob',
        setup(build) {
          build.onResolve({ filter: /library\.cjs$/ }, ({ path }) => ({ path, external: true }))
          build.onResolve({ filter: /^runjob$/ }, ({ path }) => ({ path, namespace: 'runjob' }))
          build.onLoad({ filter: /./, namespace: 'runjob' }, () => ({
            contents: `export const { ${names.get(entry).join(', ')} } = require('${library}').load('${entry}')`,
          }))
        },
      },
    ],
  })
  for (const ending of ['js', 'js.map']) rmSync(join(root, `dist/jobs/${name}.${ending}`), { force: true })
}

function writeDeclarations() {
  const pending = EXPORTS.map((name) => `${name}.d.ts`)
  const seen = new Set(pending)
  for (const name of pending) {
    const text = readFileSync(join(dist, name), 'utf8')
    const declarations = text.replace(
      /(from |import\(|declare module )(['"])(\.{1,2}\/[^'"]+)\.js\2/g,
      (_, before, quote, path) => {
        const imported = join(dirname(name), `${path}.d.ts`)
        if (!seen.has(imported)) pending.push(imported)
        seen.add(imported)
        return `${before}${quote}${path}.cjs${quote}`
      },
    )
    write(`cjs/${name.replace(/\.d\.ts$/, '.d.cts')}`, declarations)
  }
}

/** An ES module that hands on a module's names. */
function asModule(name) {
  const exported = names.get(name).join(', ')
  if (exported === '') return 'export {}\n'
  return `import { createRequire } from 'node:module'

export const { ${exported} } = createRequire(import.meta.url)('${libraryFrom(name)}').${loading(name)}
`
}

function asCommonJs(name) {
  const lines = names.get(name).map((one) => `exports.${one} = names.${one}\n`)
  return `'use strict'
Object.defineProperty(exports, '__esModule', { value: true })
const names = require('${libraryFrom(`cjs/${name}`)}').load('${name}')
${lines.join('')}`
}

function loading(name) {
  return OUTSIDE.includes(name) ? `load('${name}')` : `load('${INTERNALS}')['${name}']`
}

function libraryFrom(name) {
  const path = relative(dirname(name), 'cjs/library.cjs')
  return path.startsWith('.') ? path : `./${path}`
}

/** The names that modules export, by module. */
async function exportsOf(modules) {
  const { metafile } = await build({
    ...options,
    format: 'esm',
    bundle: true,
    splitting: true,
    packages: 'external',
    entryPoints: modules.map((name) => join(src, `${name}.ts`)),
    outdir: dist,
    outbase: src,
    write: false,
    metafile: true,
  })
  const outputs = Object.entries(metafile.outputs)
  return new Map(
    outputs.map(([path, { exports }]) => [relative(dist, join(process.cwd(), path)).slice(0, -3), exports]),
  )
}

function modulesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace(/\.ts$/, '').replaceAll('\\', '/'))
    .sort()
}

function write(name, content) {
  mkdirSync(dirname(join(dist, name)), { recursive: true })
  writeFileSync(join(dist, name), content)
}
