/**
 * Who may import whom. A folder knows only the folders to its left:
 *
 *     base -> plan -> kernels -> io -> state -> engine | job | collection | dataset -> run -> cli | testing
 *
 * and in the native part
 *
 *     base -> record | state | compress -> column | text | aggregate | run -> json -> function | csv | parquet | avro | collect | operator -> pipeline -> addon
 */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const src = join(root, 'src')
const native = join(root, 'native')

/** Layers of equal rank do not know each other, but for data frames, whose rows become elements of collections. */
const KNOWN = 'dataset -> collection'
const RANKS: Record<string, number> = {
  base: 0,
  plan: 1,
  kernels: 2,
  io: 3,
  state: 4,
  engine: 5,
  job: 5,
  collection: 5,
  dataset: 5,
  run: 6,
  cli: 7,
  testing: 7,
  'index.ts': 7,
}

const NATIVE_RANKS: Record<string, number> = {
  base: 0,
  record: 1,
  state: 1,
  compress: 1,
  column: 2,
  text: 2,
  aggregate: 2,
  run: 2,
  json: 3,
  function: 4,
  csv: 4,
  parquet: 4,
  avro: 4,
  collect: 4,
  operator: 4,
  pipeline: 5,
  addon: 6,
  testing: 6,
  fuzz: 7,
}

test('every import under src points to a layer further left', () => {
  const wrong: string[] = []
  for (const { from, to } of sourceArrows()) {
    const [own, other] = [layerOf(from), layerOf(to)]
    expect(RANKS, `${from} belongs to no layer`).toHaveProperty([own])
    if (own !== other && `${own} -> ${other}` !== KNOWN && !(RANKS[other]! < RANKS[own]!))
      wrong.push(`${from} imports ${to}`)
  }
  expect(wrong).toEqual([])
})

test('no modules import each other in a circle, not even for types', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of sourceArrows()) graph.set(from, [...(graph.get(from) ?? []), to])
  expect(findCircle(graph)).toEqual([])
})

/** What the two wings of the engine, the main thread in `engine` and the workers in `engine/task`, both know. */
const SHARED_BY_WINGS = ['bad_records', 'counts', 'shared', 'task', 'top', 'work_times'].map(
  (name) => `engine/${name}.ts`,
)

test('the main thread and the workers of the engine share data, and import nothing of each other', () => {
  const wrong = sourceArrows()
    .filter(({ from, to }) => from.startsWith('engine/') && to.startsWith('engine/') && !SHARED_BY_WINGS.includes(to))
    .filter(({ from, to }) => SHARED_BY_WINGS.includes(from) || isTask(from) !== isTask(to))
    .map(({ from, to }) => `${from} imports ${to}`)
  // Where the main thread starts the others, and where it does without them.
  const known = ['engine/pool.ts imports engine/task/executor.ts', 'engine/thread.ts imports engine/task/worker.ts']
  expect([...new Set(wrong)]).toEqual(known)
})

function isTask(path: string): boolean {
  return path.startsWith('engine/task/')
}

test('the public entry only re-exports', () => {
  const code = withoutComments(readFileSync(join(src, 'index.ts'), 'utf8'))
  const rest = code.replace(/export\s+(?:type\s+)?(?:\{[^}]*\}|\*)\s*from\s*'[^']+'/g, '').trim()
  expect(rest).toBe('')
})

test('src imports nothing from outside src but packages', () => {
  const outside = sourceArrows().filter(({ to }) => to.startsWith('..'))
  expect(outside).toEqual([])
})

test('ready-made jobs import what a user would: runjob and Node', () => {
  const foreign = sourceFiles(join(root, 'jobs')).flatMap((path) =>
    importsOf(path)
      .filter((name) => name !== 'runjob' && !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name) => `${relative(root, path)} imports ${name}`),
  )
  expect(foreign).toEqual([])
})

test('every include under native is written from there and points to a layer further left', () => {
  const files = nativeFiles()
  const wrong: string[] = []
  for (const { from, to } of nativeArrows()) {
    const [own, other] = [layerOf(from), layerOf(to)]
    expect(NATIVE_RANKS, `${from} belongs to no layer`).toHaveProperty([own])
    if (!files.includes(to)) wrong.push(`${from} includes ${to}, which is not there`)
    else if (own !== other && !(NATIVE_RANKS[other]! < NATIVE_RANKS[own]!)) wrong.push(`${from} includes ${to}`)
  }
  expect(wrong).toEqual([])
})

test('no native files include each other in a circle', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of nativeArrows()) graph.set(from, [...(graph.get(from) ?? []), to])
  expect(findCircle(graph)).toEqual([])
})

test('only native/addon knows Node-API', () => {
  const knowing = nativeFiles()
    .filter((name) => !name.startsWith('addon/'))
    .filter((name) => /#include\s*[<"](napi|node_api|js_native_api)/.test(readFileSync(join(native, name), 'utf8')))
  expect(knowing).toEqual([])
})

test('the reader of imports sees every form of them', () => {
  const code = `
    import { a } from './a.js'
    import type { B } from './b.js'
    import { type C, type D } from './c.js'
    import {
      e,
      type F,
    } from './e.js'
    export * from './g.js'
    export type { H } from './h.js'
    import './i.js'
    const j = await import('./j.js')
    const k = new Worker(new URL('./k.js', import.meta.url))
    // import { no } from './comment.js'
  `
  expect(parseImports(code)).toEqual(['a', 'b', 'c', 'e', 'g', 'h', 'i', 'j', 'k'].map((name) => `./${name}.js`))
})

test('a circle is found, whatever leads to it', () => {
  const graph = new Map([
    ['start', ['a']],
    ['a', ['b', 'leaf']],
    ['b', ['c']],
    ['c', ['a']],
  ])
  expect(findCircle(graph)).toEqual(['a', 'b', 'c', 'a'])
  expect(
    findCircle(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['c']],
      ]),
    ),
  ).toEqual([])
})

/** Imports of one file of src by another; paths are relative to src. */
function sourceArrows(): { from: string; to: string }[] {
  return sourceFiles(src).flatMap((path) =>
    importsOf(path)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({
        from: relative(src, path),
        to: relative(src, resolve(dirname(path), specifier)).replace(/\.c?js$/, '.ts'),
      })),
  )
}

/** Includes of one file of native by another; paths are relative to native. */
function nativeArrows(): { from: string; to: string }[] {
  return nativeFiles().flatMap((from) =>
    [...readFileSync(join(native, from), 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)].map(([, to]) => ({
      from,
      to: to!,
    })),
  )
}

function nativeFiles(): string[] {
  return readdirSync(native, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
}

function layerOf(path: string): string {
  return path.split('/', 1)[0]!
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(folder, name))
}

function importsOf(path: string): string[] {
  return parseImports(readFileSync(path, 'utf8'))
}

/** What stands between the quotes of static imports, re-exports, dynamic imports, and modules that threads are started with. */
function parseImports(source: string): string[] {
  const pattern =
    /^\s*(?:import|export)\s+(?:type\s+)?(?:[\w*$]+|\{[^}]*\})[^'"`]*?\s+from\s+'(?<from>[^']+)'|^\s*import\s+'(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)|\bnew Worker\(new URL\('(?<worker>[^']+)'/gm
  return [...withoutComments(source).matchAll(pattern)].map(
    ({ groups: { from, bare, dynamic, worker } = {} }) => (from ?? bare ?? dynamic ?? worker)!,
  )
}

/** Good for our own sources: a comment starts its line or follows code and a blank. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}

/** The modules of a circle, the first one again at the end; empty if there is none. */
function findCircle(graph: ReadonlyMap<string, string[]>): string[] {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (name: string): string[] => {
    const start = path.indexOf(name)
    if (start >= 0) return [...path.slice(start), name]
    if (done.has(name)) return []
    path.push(name)
    for (const next of graph.get(name) ?? []) {
      const circle = visit(next)
      if (circle.length > 0) return circle
    }
    path.pop()
    done.add(name)
    return []
  }
  for (const name of graph.keys()) {
    const circle = visit(name)
    if (circle.length > 0) return circle
  }
  return []
}
