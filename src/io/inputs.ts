/** What the user named as input -> the files that are read, in a fixed order. */
import {
  accessSync,
  constants,
  createWriteStream,
  lstatSync,
  readdirSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FileSystemAdapter } from 'tinyglobby'
import { RunjobError } from '../base/errors.js'
import { fileError, hasErrno } from '../base/files.js'
import { require } from '../base/packages.js'

export type Compression = 'none' | 'gzip' | 'zstd'

export interface InputFile {
  /** Absolute; symbolic links are not resolved. */
  path: string
  /** As it lies on disk: compressed. */
  sizeBytes: number
  mtimeMs: number
  /** By the name's ending: .gz, .zst. */
  compression: Compression
}

/**
 * Lists the input files.
 *
 * A pattern is a path or a glob; an existing path wins, so names with glob characters need no quoting. A folder, named or
 * matched, stands for all files below it. Below folders and globs, names that start with `_` or `.` are skipped and
 * everything that is not a regular file is passed over; symbolic links are followed, and what can be reached in several
 * ways is read once per pattern. Order: by pattern, then by the bytes of the path.
 *
 * Standard input (`-`) is the caller's to replace by a file: see spoolStdin.
 *
 * @throws INPUT_NOT_FOUND, INPUT_EMPTY, INPUT_UNREADABLE
 */
export function expandInputs(patterns: readonly string[], cwd: string): InputFile[] {
  return patterns.flatMap((pattern) => expandPattern(pattern, cwd))
}

/**
 * Writes standard input to a file: only a file can be split among workers, and read again when a task is retried.
 *
 * @throws DISK_FULL, INTERRUPTED; the file is removed then
 */
export async function spoolStdin(stdin: Readable, path: string, signal?: AbortSignal): Promise<void> {
  try {
    const file = createWriteStream(path, { flush: true })
    await pipeline(stdin, file, signal ? { signal } : {})
  } catch (error) {
    rmSync(path, { force: true })
    if (signal?.aborted) throw new RunjobError('INTERRUPTED', {}, { cause: error })
    throw fileError(error, path, 'write')
  }
}

/** How a file of this name is compressed. */
export function compressionOf(path: string): Compression {
  if (/\.gz$/i.test(path)) return 'gzip'
  if (/\.zstd?$/i.test(path)) return 'zstd'
  return 'none'
}

/** Whether a name found below a folder is no input: `_SUCCESS`, `.git`, `_temporary`. */
export function isHiddenName(name: string): boolean {
  return name.startsWith('_') || name.startsWith('.')
}

/** Loaded when a folder or a glob is given: a file needs no search. */
function tinyglobby(): typeof import('tinyglobby') {
  return require('tinyglobby')
}

function expandPattern(pattern: string, cwd: string): InputFile[] {
  const path = resolve(cwd, pattern)
  const stats = statOrUndefined(path)
  if (stats === undefined) {
    if (isLink(path)) throw unreadable(path, 'the symbolic link leads nowhere')
    if (!tinyglobby().isDynamicPattern(pattern)) throw new RunjobError('INPUT_NOT_FOUND', { path: pattern, cwd })
    const files = expandGlob(pattern, cwd)
    if (files.length === 0) throw new RunjobError('INPUT_EMPTY', { path: pattern, glob: true })
    return files
  }
  if (stats.isDirectory()) {
    const files = inputFiles(listFolder(path, new Crawl()))
    if (files.length === 0) throw new RunjobError('INPUT_EMPTY', { path: pattern, glob: false })
    return files
  }
  if (!stats.isFile()) throw unreadable(path, 'it is not a regular file; pipe it into standard input (-) instead')
  return [inputFile(path, stats)]
}

function expandGlob(pattern: string, cwd: string): InputFile[] {
  const { base, rest } = splitGlob(pattern, cwd)
  const crawl = new Crawl()
  const files: string[] = []
  let folder: string | undefined
  for (const match of crawl.glob(rest, base)) {
    if (!match.endsWith('/')) files.push(match)
    // What lies below a folder that was taken as a whole is there already.
    else if (folder === undefined || !match.startsWith(folder)) {
      folder = match
      files.push(...listFolder(match.slice(0, -1), crawl))
    }
  }
  return inputFiles(crawl.onceEach(files))
}

// A glob is searched below its longest leading part that exists as it is written.
function splitGlob(pattern: string, cwd: string): { base: string; rest: string } {
  const parts = pattern.split('/')
  let base = pattern.startsWith('/') ? '/' : cwd
  let at = 0
  for (; at < parts.length - 1; at++) {
    const next = join(base, parts[at]!)
    if (!statOrUndefined(next)?.isDirectory()) break
    base = next
  }
  return { base, rest: parts.slice(at).join('/') }
}

function listFolder(path: string, crawl: Crawl): string[] {
  return crawl.onceEach(crawl.glob('**/*', path).filter((match) => !match.endsWith('/')))
}

/**
 * One search of the disk. Shows the glob library folders without hidden names and with symbolic links resolved, and keeps
 * the first error, which the library would swallow together with the files behind it.
 */
class Crawl {
  #error: unknown
  #sawLinks = false
  /** Folder as it was reached -> its real path. */
  readonly #realPaths = new Map<string, string>()

  /** Absolute paths below `base`, sorted by their bytes; those of folders end in a slash. */
  glob(pattern: string, base: string): string[] {
    const fs = { readdirSync: (path: string) => this.#readFolder(path) } as unknown as FileSystemAdapter
    const matches = tinyglobby().globSync(pattern, { cwd: base, fs, onlyFiles: false, expandDirectories: false })
    if (this.#error !== undefined) throw this.#error
    return matches.map((match) => resolve(base, match) + (match.endsWith('/') ? '/' : '')).sort(compareBytes)
  }

  /** Leaves out paths that lead to the same file. A path without symbolic links is kept before one with. */
  onceEach(paths: string[]): string[] {
    const distinct = [...new Set(paths)]
    if (!this.#sawLinks) return distinct.sort(compareBytes)
    const kept = new Map<string, string>()
    for (const path of distinct.sort(compareBytes)) {
      const realFolder = this.#realPath(dirname(path))
      const real = isLink(path) ? realpathSync(path) : join(realFolder, basename(path))
      if (!kept.has(real) || path === real) kept.set(real, path)
    }
    return [...kept.values()].sort(compareBytes)
  }

  #readFolder(path: string): Entry[] {
    const folder = resolve(path)
    const entries: Entry[] = []
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (isHiddenName(entry.name)) continue
        if (!entry.isSymbolicLink()) {
          entries.push(new Entry(entry.name, entry.isFile(), entry.isDirectory()))
          continue
        }
        this.#sawLinks = true
        const link = join(folder, entry.name)
        const stats = statOrUndefined(link)
        if (!stats) throw unreadable(link, 'the symbolic link leads nowhere')
        if (!stats.isDirectory() || !this.#isLoop(folder, link)) {
          entries.push(new Entry(entry.name, stats.isFile(), stats.isDirectory()))
        }
      }
    } catch (error) {
      // A folder that does not exist, or not any more, holds no files.
      if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) this.#error ??= fileError(error, folder, 'read')
      return []
    }
    return entries
  }

  // A link to a folder that we are inside of, as it was reached, would never end.
  #isLoop(folder: string, link: string): boolean {
    const target = realpathSync(link)
    for (let above = folder; ; above = dirname(above)) {
      if (this.#realPath(above) === target) return true
      if (above === dirname(above)) return false
    }
  }

  #realPath(folder: string): string {
    const real = this.#realPaths.get(folder) ?? realpathSync(folder)
    this.#realPaths.set(folder, real)
    return real
  }
}

/** A folder's entry, as far as the glob library asks. */
class Entry {
  readonly name: string
  readonly #file: boolean
  readonly #folder: boolean

  constructor(name: string, file: boolean, folder: boolean) {
    this.name = name
    this.#file = file
    this.#folder = folder
  }

  isFile = () => this.#file
  isDirectory = () => this.#folder
  isSymbolicLink = () => false
}

function inputFiles(paths: string[]): InputFile[] {
  return paths.map((path) => {
    const stats = statOrUndefined(path)
    if (stats) return inputFile(path, stats)
    // Names on disk are bytes; one that is no UTF-8 cannot be written as a string and so not be opened.
    if (path.includes('\uFFFD')) throw unreadable(path, 'its name is not valid UTF-8')
    throw new RunjobError('INPUT_NOT_FOUND', { path, cwd: process.cwd() })
  })
}

// Asks for read permission now: hours into a job is too late.
function inputFile(path: string, stats: Stats): InputFile {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw fileError(error, path, 'read')
  }
  return { path, sizeBytes: stats.size, mtimeMs: stats.mtimeMs, compression: compressionOf(path) }
}

function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw fileError(error, path, 'read')
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

function unreadable(path: string, reason: string): RunjobError {
  return new RunjobError('INPUT_UNREADABLE', { path, reason })
}

// By UTF-8 bytes, that is by code point; JavaScript's own order is by UTF-16 unit.
function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
