/** How the package's code is loaded, with what V8 compiled of it and without. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const folder = mkdtempSync(join(tmpdir(), 'runjob-library-'))
const copy = join(folder, 'package')
const cjs = join(copy, 'dist/src/cjs')
const main = join(copy, 'dist/src/cli/main.cjs')
const caches = readdirSync(join(root, 'dist/src/cjs')).filter((name) => name.endsWith('.cache'))

beforeAll(() => {
  mkdirSync(copy)
  for (const name of ['package.json', 'compile.mjs', 'dist'])
    cpSync(join(root, name), join(copy, name), { recursive: true })
  for (const name of ['build', 'node_modules']) symlinkSync(join(root, name), join(copy, name))
  writeFileSync(join(folder, 'in.txt'), 'one fish two fish\n')
})
beforeEach(() => {
  for (const name of caches) cpSync(join(root, 'dist/src/cjs', name), join(cjs, name))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function expectWordCount(...nodeOptions: string[]): void {
  const args = [...nodeOptions, main, 'wordcount', 'in.txt', '-o', 'counts', '--mode', 'overwrite', '--quiet']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  expect(readFileSync(join(folder, 'counts/part-r-00000.tsv'), 'utf8')).toBe('fish\t2\none\t1\ntwo\t1\n')
}

function damage(change: (content: Buffer) => Buffer): void {
  for (const name of caches) writeFileSync(join(cjs, name), change(readFileSync(join(cjs, name))))
}

test('a build leaves a cache for each kind of thread', () => {
  const ofNode = `${process.version}-${process.platform}-${process.arch}`
  expect(caches.sort()).toEqual([`main-${ofNode}.cache`, `worker-${ofNode}.cache`])
})

describe('jobs run the same', () => {
  test('with the caches', () => expectWordCount())

  test('without them', () => {
    for (const name of caches) rmSync(join(cjs, name))
    expectWordCount()
  })

  test.each<[string, (content: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['of three bytes', (content) => content.subarray(0, 3)],
    ['cut in the middle', (content) => content.subarray(0, content.length / 2)],
    ['zeros', (content) => Buffer.alloc(content.length)],
    ['noise', (content) => Buffer.alloc(content.length, 'noise')],
    ['changed in one bit', (content) => flip(content, content.length / 3)],
    ['changed in its checksum', (content) => flip(content, content.length - 1)],
  ])('with caches that are %s', (_, change) => {
    damage(change)
    expectWordCount()
  })

  test('with Node.js options for which V8 compiles other code', () => expectWordCount('--no-opt', '--stack-size=900'))
})

test('a cache of other code is not used', () => {
  const code = readFileSync(join(cjs, 'code.cjs'), 'utf8')
  try {
    // As long as before, which is all that V8 checks.
    writeFileSync(join(cjs, 'code.cjs'), code.replace('`output goes to', '`OUTPUT GOES TO'))
    const { stderr } = spawnSync(process.execPath, [main, 'wordcount', 'in.txt'], { cwd: folder, encoding: 'utf8' })
    expect(stderr).toContain('OUTPUT GOES TO')
  } finally {
    writeFileSync(join(cjs, 'code.cjs'), code)
  }
})

test('compiling again replaces the caches', () => {
  damage(() => Buffer.alloc(0))
  writeFileSync(join(cjs, 'main-v1.0.0-linux-x64.cache'), '')
  execFileSync(process.execPath, [join(copy, 'compile.mjs')], { stdio: 'pipe' })
  expect(
    readdirSync(cjs)
      .filter((name) => name.endsWith('.cache'))
      .sort(),
  ).toEqual(caches)
  for (const name of caches) expect(readFileSync(join(cjs, name)).length).toBeGreaterThan(100_000)
  expectWordCount()
})

test('in a world of its own, as test runners make them, the code is of that world', () => {
  const script = `
    const vm = require('node:vm')
    const { readFileSync } = require('node:fs')
    const { createRequire } = require('node:module')
    const world = vm.createContext({ process, console, Buffer, URL, TextEncoder, TextDecoder, AbortController, AbortSignal })
    const modules = new Map()
    // What Jest does.
    const load = (path) => {
      if (!modules.has(path)) {
        const module = { exports: {} }
        modules.set(path, module)
        const own = createRequire(path)
        const inWorld = (name) => (/^[./]/.test(name) && /cjs$/.test(name) ? load(own.resolve(name)) : own(name))
        module.require = inWorld
        const wrapper = vm.runInContext('(function (exports, require, module, __filename, __dirname) {' + readFileSync(path, 'utf8') + '\\n})', world, { filename: path })
        wrapper(module.exports, inWorld, module, path, require('node:path').dirname(path))
      }
      return modules.get(path).exports
    }
    const { RunjobError } = load(${JSON.stringify(join(cjs, 'index.cjs'))})
    const error = new RunjobError('INTERRUPTED')
    console.log(error instanceof vm.runInContext('Error', world), error instanceof Error)`
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('true false\n')
})

function flip(content: Buffer, at: number): Buffer {
  const place = Math.floor(at)
  content[place]! ^= 1
  return content
}
