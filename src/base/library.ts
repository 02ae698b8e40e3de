/**
 * Loads the package's code. It is one file, code.cjs; a module in it runs when it is first needed. V8 keeps what it compiled of it in a file
 * (compile.mjs), so that threads need not compile it again. Without a file that fits, they only start more slowly.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInThisContext, Script } from 'node:vm'
import { crc32 } from 'node:zlib'

const CODE = join(import.meta.dirname, 'code.cjs')
const require = module.require.bind(module)

/** Modules by path in src, such as `base/errors`. */
type Modules = Record<string, () => unknown>

/** Where what this kind of thread compiles is kept: other versions of V8 cannot read it, so they look elsewhere. */
let cachePath = ''

/** The code; undefined if it is not loaded, or not by this module. */
let script: Script | undefined

let modules: Modules | undefined

export function load(name: string): unknown {
  modules ??= loadCode(name === 'engine/task/worker' ? 'worker' : 'main')
  return modules[name]!()
}

/** `import()` does not work in code that comes out of a cache, nor in functions that it makes. */
export function importModule(url: string): Promise<unknown> {
  return import(url)
}

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<unknown>

/** @param parts names of its parameters, and its body */
export function asyncFunction(...parts: string[]): (...values: unknown[]) => Promise<unknown> {
  return new AsyncFunction(...parts)
}

function loadCode(kind: 'main' | 'worker'): Modules {
  cachePath = join(import.meta.dirname, `${kind}-${process.version}-${process.platform}-${process.arch}.cache`)
  // A test runner may run this in a world of its own, in which the code has to be, too.
  const isOwnWorld = runInThisContext('Object') !== Object
  if (isOwnWorld) return require(CODE)
  script = compile()
  const exports = {}
  script.runInThisContext()(exports, require, { exports, require }, CODE, import.meta.dirname)
  return exports
}

function compile(): Script {
  const code = readFileSync(CODE)
  // It is ASCII: so V8 has one byte per character, too.
  return new Script(`(function (exports, require, module, __filename, __dirname) {${code.toString('latin1')}\n})`, {
    filename: CODE,
    cachedData: readCache(code),
  })
}

const CHECKSUM_BYTES = 4

/** V8 refuses a cache of other flags or of less code, but it crashes if one is damaged, and would run what was compiled of other code. */
function readCache(code: Buffer): Buffer | undefined {
  let file: Buffer
  try {
    file = readFileSync(cachePath)
  } catch {
    return undefined
  }
  const cache = file.subarray(0, -CHECKSUM_BYTES)
  const isIntact = file.length > CHECKSUM_BYTES && file.readUInt32LE(cache.length) === checksum(cache, code)
  return isIntact ? cache : undefined
}

/** Keeps what V8 has compiled so far, for threads of this kind. */
export function writeCache(): void {
  const cache = script!.createCachedData()
  const file = Buffer.alloc(cache.length + CHECKSUM_BYTES)
  file.set(cache)
  file.writeUInt32LE(checksum(cache, readFileSync(CODE)), cache.length)
  // By rename: no thread reads half of it.
  writeFileSync(`${cachePath}.part`, file)
  renameSync(`${cachePath}.part`, cachePath)
}

function checksum(cache: Buffer, code: Buffer): number {
  return crc32(cache, crc32(code))
}
