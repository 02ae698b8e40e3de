#!/usr/bin/env node
// Joins what tsc has made of src/ into a few files, so that a process or a thread loads a handful of them and not sixty.
//
//   dist/src/chunks/   the code, each module of src/ once, divided by who needs it
//   entries            what is started or imported from outside: they load their chunks
//   all other modules  names alone, handed on from the chunks: tests find there what ships
//
// Whatever makes tsc write there (bench/ compiles some of src/, too) is to run this afterwards.
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const src = join(root, 'src')
const dist = join(root, 'dist/src')

/** Processes, threads, and the package's exports: what does something when it is loaded, or is loaded by its name. */
const ENTRIES = ['cli/main', 'cli/process', 'engine/worker', 'io/state_dump', 'index', 'testing/index']
const INTERNALS = 'chunks/internals'

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
  // As deep as the modules themselves: what they look up beside them is where it was.
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
// npm does that only when it links the command for the first time.
chmodSync(join(dist, 'cli/main.js'), 0o755)
for (const name of internal) {
  writeFileSync(join(dist, `${name}.js`), stub(name))
  rmSync(join(dist, `${name}.js.map`), { force: true })
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

/** Everything under one roof: no two modules may export the same name. */
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
