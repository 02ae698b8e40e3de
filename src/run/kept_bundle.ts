/**
 * Keeps bundles of users' modules for later processes, because esbuild takes longer to start than many runs take. Nothing here fails: without
 * the folder, everything works. What might be bundled in another way next time is not kept.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'
import { hasErrno, makeFolder } from '../base/files.js'
import { packageVersion, require } from '../base/packages.js'
import { safely } from '../base/schema.js'

/** The code of a module and all that is bundled with it. */
export interface Bundle {
  module: { text: string }
  hash: string
  /** Hashes of its files, by path from the module's folder. */
  sources: Record<string, string>
}

interface Entry {
  bundle: Bundle
  /** What its files import by relative path, as absolute paths. */
  imports: string[]
  /** Hash of everything that the bundle follows from. */
  state: string
  /** Two builds agreed. One alone may have begun before a change and ended after it. */
  isSure: boolean
}

const MOST_ENTRIES = 64
const MOST_ENTRY_BYTES = 4 * 2 ** 20
/** A larger folder takes too long to list. */
const MOST_NAMES = 10_000
/** What esbuild reads in the folder of a file and those above it. */
const SETTINGS = ['tsconfig.json', 'jsconfig.json', 'package.json']

/** It is not known what else the bundle depends on. */
class NotSure extends Error {}

export class KeptBundle {
  readonly #module: string
  readonly #outside: Set<string>
  /** null: nothing is kept. */
  readonly #file: string | null
  /** As they are written. */
  readonly #specifiers = new Set<string>()
  readonly #imports = new Set<string>()
  #found: Entry | undefined
  #isSure = true

  /**
   * @param module its absolute path
   * @param outside what every bundle leaves outside: places by name
   */
  constructor(module: string, outside: Readonly<Record<string, string>>) {
    this.#module = module
    this.#outside = new Set([...Object.keys(outside), ...Object.values(outside)])
    this.#file = process.env.RUNJOB_CACHE === 'off' ? null : safely(() => fileOf(module, Object.values(outside)), null)
  }

  /** The bundle, if it would be the same now. */
  read(): Bundle | undefined {
    const file = this.#file
    if (file === null) return undefined
    this.#found = safely(() => JSON.parse(readOwn(file)) as Entry, undefined)
    if (!this.#found?.isSure) return undefined
    const { bundle, imports, state } = this.#found
    return safely(() => stateOf(this.#module, bundle, imports) === state, false) ? bundle : undefined
  }

  /** Watches a build. */
  readonly plugin: Plugin = {
    name: 'kept-bundle',
    setup: (build) => {
      build.onResolve({ filter: /./ }, ({ path, kind, namespace, resolveDir }) => {
        this.#specifiers.add(path)
        if (kind === 'entry-point' || this.#outside.has(path)) return undefined
        if (RELATIVE.test(path) && namespace === 'file') this.#imports.add(resolve(resolveDir, path))
        // Names with this prefix are Node's, whatever is installed. What another one means may depend on anything.
        else if (!path.startsWith('node:')) this.#isSure = false
        return undefined
      })
    },
  }

  /** Keeps what was built. */
  write(bundle: Bundle, { inputs }: Metafile): void {
    const file = this.#file
    const imported = Object.values(inputs).flatMap((input) => input.imports)
    // Others are patterns, which new files may match.
    const areNames = imported.every(
      ({ path, original }) => this.#specifiers.has(original ?? path) || this.#outside.has(path),
    )
    const areFiles = Object.keys(inputs).every((name) => Object.hasOwn(bundle.sources, name))
    if (file === null || !this.#isSure || !areNames || !areFiles) return
    safely(() => {
      const imports = [...this.#imports].sort()
      const entry: Entry = { bundle, imports, state: stateOf(this.#module, bundle, imports), isSure: true }
      const isSure = JSON.stringify({ ...this.#found, isSure: true }) === JSON.stringify(entry)
      writeOwn(file, JSON.stringify({ ...entry, isSure }))
    }, undefined)
  }
}

/** Without what file systems or esbuild might take for something else. */
const RELATIVE = /^\.\.?(?:\/[\w./ @+~-]*)?$/

/** Named after the module and what bundles it. */
function fileOf(module: string, outside: readonly string[]): string {
  const { mtimeMs, size } = statSync(new URL('../index.js', import.meta.url))
  const { version } = require('esbuild/package.json') as { version: string }
  const { NODE_PATH, ESBUILD_BINARY_PATH } = process.env
  const code = [packageVersion(), mtimeMs, size, version, process.version, process.platform]
  const name = hashOf(JSON.stringify([module, outside, code, NODE_PATH, ESBUILD_BINARY_PATH]))
  return join(cacheFolder(), 'runjob', 'bundles', `${name}.json`)
}

function cacheFolder(): string {
  const { XDG_CACHE_HOME = '', LOCALAPPDATA } = process.env
  if (isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME
  if (process.platform === 'win32') return LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache')
}

/** Whether nobody else can have put code into it. */
function isOwn({ uid, mode }: Stats): boolean {
  const { getuid } = process
  return getuid === undefined || (uid === getuid() && (mode & 0o022) === 0)
}

/** @throws NotSure */
function checkOwn(folder: string): void {
  const found = lstatSync(folder)
  if (!found.isDirectory() || !isOwn(found)) throw new NotSure()
}

/** @throws NotSure, or if there is no file */
function readOwn(path: string): string {
  checkOwn(dirname(path))
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const found = fstatSync(fd)
    if (!found.isFile() || !isOwn(found)) throw new NotSure()
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** @throws if it cannot be written */
function writeOwn(path: string, text: string): void {
  if (text.length > MOST_ENTRY_BYTES) return
  const folder = dirname(path)
  makeFolder(dirname(folder))
  safely(() => mkdirSync(folder, { mode: 0o700 }), undefined)
  checkOwn(folder)
  const temporary = `${path}.${process.pid}-${process.hrtime.bigint()}`
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  removeOldest(folder)
}

function removeOldest(folder: string): void {
  const names = readdirSync(folder)
  if (names.length <= MOST_ENTRIES) return
  const files = names.map((name) => ({ path: join(folder, name), mtimeMs: statSync(join(folder, name)).mtimeMs }))
  files.sort((a, b) => b.mtimeMs - a.mtimeMs)
  for (const { path } of files.slice(MOST_ENTRIES)) rmSync(path, { force: true })
}

/**
 * All that a bundle follows from: its text, its files, what might be found in their place, and the settings of their folders.
 *
 * @throws NotSure
 */
function stateOf(module: string, { module: { text }, sources }: Bundle, imports: readonly string[]): string {
  const state: unknown[] = [hashOf(text)]
  const folders = new Set<string>()
  for (const name of Object.keys(sources)) {
    const path = resolve(dirname(module), name)
    checkPlain(path)
    const content = readFileSync(path)
    // Its map is read, too.
    if (content.includes('sourceMappingURL=')) throw new NotSure()
    state.push(path, hashOf(content))
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder)
  }
  const names: Names = new Map()
  for (const path of imports) state.push(path, candidates(path, names))
  for (const folder of folders) for (const name of SETTINGS) addSettings(join(folder, name), state)
  return hashOf(JSON.stringify(state))
}

/** @throws NotSure if a link on the way might lead to another place */
function checkPlain(path: string): void {
  if (realpathSync.native(path) !== path) throw new NotSure()
}

type Names = Map<string, Dirent[] | null>

/** What an import may mean: files of its name with any ending, and of a folder of its name the index. */
function candidates(path: string, names: Names): string[] {
  const base = basename(path).toLowerCase()
  const [stem = ''] = base.split('.')
  const found = named(stem, dirname(path), names)
  const folders = found.filter((entry) => entry.isDirectory() && entry.name.toLowerCase() === base)
  const inside = folders.flatMap(({ name }) => {
    const folder = join(dirname(path), name)
    // It says itself which of its files it means.
    if (named('package', folder, names).length > 0) throw new NotSure()
    return named('index', folder, names)
  })
  return [...found, ...inside].map((entry) => `${entry.isFile() ? 'file' : 'folder'} ${entry.name}`)
}

/** In lower case, because not all file systems know the difference. */
function named(stem: string, folder: string, names: Names): Dirent[] {
  if (!names.has(folder)) names.set(folder, list(folder))
  const isNamed = (name: string) => name === stem || name.startsWith(`${stem}.`)
  const found = (names.get(folder) ?? []).filter(({ name }) => isNamed(name.toLowerCase()))
  if (!found.every((entry) => entry.isFile() || entry.isDirectory())) throw new NotSure()
  return found
}

/** null: there is no such folder. */
function list(folder: string): Dirent[] | null {
  try {
    const names = readdirSync(folder, { withFileTypes: true })
    checkPlain(folder)
    if (names.length > MOST_NAMES) throw new NotSure()
    return names.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** A file of settings, and those that it extends. */
function addSettings(path: string, state: unknown[]): void {
  const content = contentOf(path)
  state.push(path, content === null ? null : hashOf(content))
  const extended = content === null || path.endsWith('package.json') ? [] : extendedBy(content)
  if (extended.length > 0) checkPlain(path)
  for (const name of extended) {
    const base = resolve(dirname(path), name)
    if (state.includes(base)) continue
    addSettings(base, state)
    if (!base.endsWith('.json')) addSettings(`${base}.json`, state)
  }
}

/** @throws NotSure if it may be more than relative paths */
function extendedBy(content: string): string[] {
  if (content.includes('\\')) throw new NotSure()
  return [...content.matchAll(/"extends"(?:\s*:\s*"(\.\.?\/[^"]*)")?/g)].map(([, path]) => {
    if (path === undefined) throw new NotSure()
    return path
  })
}

/** null: there is no such file. */
function contentOf(path: string): string | null {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? null : readFileSync(path, 'utf8')
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
