/**
 * Who may import whom. A folder knows only the folders to its left:
 *
 *     base -> kernels -> plan -> io -> engine | job -> run.ts -> cli | testing
 */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const src = join(root, 'src')

/** Layers of equal rank do not know each other. */
const RANKS: Record<string, number> = {
  base: 0,
  kernels: 1,
  plan: 2,
  io: 3,
  engine: 4,
  job: 4,
  'run.ts': 5,
  cli: 6,
  testing: 6,
  'index.ts': 6,
}

interface Import {
  /** What stands between the quotes. */
  specifier: string
  /** Gone once the types are stripped. */
  isType: boolean
}

test('every import under src points to a layer further left', () => {
  const wrong: string[] = []
  for (const { from, to } of sourceArrows()) {
    const [own, other] = [layerOf(from), layerOf(to)]
    expect(RANKS, `${from} belongs to no layer`).toHaveProperty([own])
    if (own !== other && !(RANKS[other]! < RANKS[own]!)) wrong.push(`${from} imports ${to}`)
  }
  expect(wrong).toEqual([])
})

test('no modules import each other in a circle', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to, isType } of sourceArrows()) {
    if (!isType) graph.set(from, [...(graph.get(from) ?? []), to])
  }
  expect(findCircle(graph)).toEqual([])
})

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
      .map(({ specifier }) => specifier)
      .filter((name) => name !== 'runjob' && !name.startsWith('node:') && !builtinModules.includes(name))
      .map((name) => `${relative(root, path)} imports ${name}`),
  )
  expect(foreign).toEqual([])
})

test('only addon*.cc and addon*.h know Node-API', () => {
  const native = join(root, 'native')
  const knowing = readdirSync(native)
    .filter((name) => /\.(cc|h|c)$/.test(name) && !name.startsWith('addon'))
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
  expect(parseImports(code)).toEqual([
    { specifier: './a.js', isType: false },
    { specifier: './b.js', isType: true },
    { specifier: './c.js', isType: true },
    { specifier: './e.js', isType: false },
    { specifier: './g.js', isType: false },
    { specifier: './h.js', isType: true },
    { specifier: './i.js', isType: false },
    { specifier: './j.js', isType: false },
    { specifier: './k.js', isType: false },
  ])
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
function sourceArrows(): { from: string; to: string; isType: boolean }[] {
  return sourceFiles(src).flatMap((path) =>
    importsOf(path)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, isType }) => ({
        from: relative(src, path),
        to: relative(src, resolve(dirname(path), specifier)).replace(/\.js$/, '.ts'),
        isType,
      })),
  )
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

function importsOf(path: string): Import[] {
  return parseImports(readFileSync(path, 'utf8'))
}

/** Static imports, re-exports, dynamic imports, and modules that threads are started with. */
function parseImports(source: string): Import[] {
  const pattern =
    /^\s*(?:import|export)\s+(?<what>(?:type\s+)?(?:[\w*$]+|\{[^}]*\})[^'"`]*?)\s+from\s+'(?<from>[^']+)'|^\s*import\s+'(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)|\bnew Worker\(new URL\('(?<worker>[^']+)'/gm
  return [...withoutComments(source).matchAll(pattern)].map(({ groups = {} }) => {
    const { what, from, bare, dynamic, worker } = groups
    return { specifier: (from ?? bare ?? dynamic ?? worker)!, isType: what !== undefined && isTypeOnly(what) }
  })
}

function isTypeOnly(what: string): boolean {
  if (what.startsWith('type ')) return true
  const names = /^\{([^}]*)\}$/
    .exec(what.trim())?.[1]
    ?.split(',')
    .map((name) => name.trim())
  return names?.every((name) => name === '' || name.startsWith('type ')) ?? false
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
