#!/usr/bin/env node
// Joins tsc's output of src/ into a few files, so that a process or a thread loads a handful of files, not sixty.
//
//   dist/src/chunks/   the code, each module of src/ once, divided by who needs it
//   entries            files that are started or imported from outside: they load their chunks
//   all other modules  re-export names from the chunks, so that tests import what ships
//   cjs/               the package for require(), which cannot load ES modules in Node 20: code in one file, and declarations
//
// Run this whenever tsc has written to dist/src (bench/ compiles some of src/, too).
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const src = join(root, 'src')
const dist = join(root, 'dist/src')

/** Processes, threads, and the package's exports: files that act when they are loaded, or are loaded by name. */
const ENTRIES = ['cli/main', 'cli/process', 'engine/task/worker', 'state/dump', 'index', 'testing/index']
const INTERNALS = 'chunks/internals'
/** The package's exports, as ES modules and for require(). */
const EXPORTS = ['index', 'testing/index']

const modules = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace(/\.ts$/, '').replaceAll('\\', '/'))
  .sort()
const internal = modules.filter((name) => !ENTRIES.includes(name))

const options = { format: 'esm', platform: 'node', target: 'node20', logLevel: 'warning' }
const names = await exportsOf(internal)

rmSync(join(dist, 'chunks'), { recursive: true, force: true })
await build({
  ...options,
  entryPoints: Object.fromEntries([...ENTRIES.map((name) => [name, join(src, `${name}.ts`)]), [INTERNALS, INTERNALS]]),
  outdir: dist,
  bundle: true,
  splitting: true,
  packages: 'external',
  // As deep as the modules themselves, so that relative paths in them still work.
  chunkNames: 'chunks/[hash]',
  sourcemap: true,
  sourcesContent: false,
  plugins: [
    {
      name: 'internals',
      setup(build) {
        build.onResolve({ filter: new RegExp(`^${INTERNALS}$`) }, ({ path }) => ({ path, namespace: INTERNALS }))
        build.onLoad({ filter: /./, namespace: INTERNALS }, () => ({ contents: internals(), resolveDir: src }))
      },
    },
  ],
})
// npm does this only when it first links the command.
chmodSync(join(dist, 'cli/main.js'), 0o755)
for (const name of internal) {
  writeFileSync(join(dist, `${name}.js`), stub(name))
  rmSync(join(dist, `${name}.js.map`), { force: true })
}

rmSync(join(dist, 'cjs'), { recursive: true, force: true })
await buildCommonJs()

/**
 * Both exports of the package must share their state in memory, so their code is in one file. Workers run the ES modules, however the main
 * thread loaded the package.
 */
async function buildCommonJs() {
  const exported = await exportsOf(EXPORTS)
  await build({
    ...options,
    format: 'cjs',
    stdin: {
      contents: EXPORTS.map((name) => `export * as ${part(name)} from './${name}.js'\n`).join(''),
      resolveDir: src,
    },
    // As deep as the chunks, for the same reason.
    outfile: join(dist, 'cjs/library.cjs'),
    bundle: true,
    packages: 'external',
    sourcemap: true,
    sourcesContent: false,
    banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': '__moduleUrl' },
  })
  for (const name of EXPORTS) {
    const library = `./${relative(dirname(name), 'library.cjs')}`.replace('./..', '..')
    const lines = exported.get(name).map((e) => `exports.${e} = ${part(name)}.${e}\n`)
    const head = `'use strict'\nObject.defineProperty(exports, '__esModule', { value: true })\n`
    write(`cjs/${name}.cjs`, `${head}const { ${part(name)} } = require('${library}')\n${lines.join('')}`)
  }
  const pending = EXPORTS.map((name) => `${name}.d.ts`)
  const seen = new Set(pending)
  for (const name of pending) {
    const text = readFileSync(join(dist, name), 'utf8')
    const declarations = text.replace(/(from |import\()(['"])(\.{1,2}\/[^'"]+)\.js\2/g, (_, before, quote, path) => {
      const imported = join(dirname(name), `${path}.d.ts`)
      if (!seen.has(imported)) pending.push(imported)
      seen.add(imported)
      return `${before}${quote}${path}.cjs${quote}`
    })
    write(`cjs/${name.replace(/\.d\.ts$/, '.d.cts')}`, declarations)
  }
}

/** `index`, `testing`. */
function part(name) {
  return name.split('/', 1)[0]
}

function write(name, content) {
  mkdirSync(dirname(join(dist, name)), { recursive: true })
  writeFileSync(join(dist, name), content)
}

/** The names that modules export, by module. */
async function exportsOf(modules) {
  const { metafile } = await build({
    ...options,
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

/** Re-exports everything under unique names, because modules may export the same name. */
function internals() {
  return internal
    .map((name) => `export { ${list(name, (e) => `${e} as ${unique(name, e)}`)} } from './${name}.js'\n`)
    .join('')
}

function stub(name) {
  const from = relative(dirname(name), INTERNALS)
  return `export { ${list(name, (e) => `${unique(name, e)} as ${e}`)} } from '${from.startsWith('.') ? from : `./${from}`}.js'\n`
}

function list(name, rename) {
  return names.get(name).map(rename).join(', ')
}

function unique(name, exported) {
  return `${name.replaceAll('/', '$')}$${exported}`
}
