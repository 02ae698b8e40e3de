/** Turns the inputs that the user named into the files to read, in a fixed order. */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { isatty } from 'node:tty'
import type { FileSystemAdapter } from 'tinyglobby'
import { RunjobError } from '../../base/errors.js'
import { fileError, hasErrno } from '../../base/files.js'
import { require } from '../../base/packages.js'
import { compressionOf, compressionOfName, HEAD_BYTES, isText, refuseForeign } from './content.js'
import { corrupt } from './decompress/decompress.js'
import { checksumOf, type FileStats, type InputFile, readAt } from './input_file.js'
import { SAMPLE_BYTES, type TextRules, textForm } from './text_form.js'

/** An input without a size, which can be read once: a pipe, a terminal, a file below /proc. The caller copies it: see spool.ts. */
export interface Piped {
  pipe: string
  /** Equal for two names of the same pipe. */
  id: string
}

/** What is in folders and globs, but is not read. */
export interface PassedOver {
  /** Names that start with `_` or `.`: a folder with its content counts once. */
  hidden: number
  /** Pipes, sockets and devices. */
  special: number
  /** Symbolic links to files that are read under another name. */
  links: number
  /** Outputs of earlier runs: a folder counts once, like a file. */
  outputs: number
}

export const NOTHING_PASSED_OVER: Readonly<PassedOver> = { hidden: 0, special: 0, links: 0, outputs: 0 }

/** A file that has not been opened yet. */
export interface FoundFile {
  path: string
  /** Below which it was found: the folder that was named, or the part of a glob without wildcards; null: the file itself was named. */
  base: string | null
}

export interface FoundInputs {
  files: (FoundFile | Piped)[]
  passedOver: PassedOver
}

export interface SearchOptions {
  /** Also names that start with `_` or `.`. */
  allFiles: boolean
  /** Paths to leave out: where the run itself writes. */
  own: readonly string[]
  /** Names in a folder that are outputs of earlier runs; null: read these, too. */
  outputsIn: ((folder: string, entries: readonly Dirent[]) => ReadonlySet<string>) | null
}

/**
 * Lists the input files.
 *
 * A pattern is a path or a glob; an existing path wins, so names with glob characters need no quoting. A folder, named or
 * matched, stands for all files below it. In folders and globs, names that start with `_` or `.` are skipped, and so is
 * everything that is not a regular file. Symbolic links are followed, and a file that can be reached in several ways is
 * read once per pattern. In a folder, outputs of earlier runs are skipped as well: counting the words of a folder twice
 * should not count the counts. Order: by pattern, then by the bytes of the path.
 *
 * Standard input is `-`.
 *
 * @throws INPUT_NOT_FOUND, INPUT_EMPTY, INPUT_UNREADABLE
 */
export function findInputs(
  patterns: readonly string[],
  cwd: string,
  options: SearchOptions = { allFiles: false, own: [], outputsIn: null },
): FoundInputs {
  const crawl = new Crawl(options)
  const files = patterns.flatMap((pattern) => expandPattern(pattern, cwd, crawl))
  return { files, passedOver: crawl.passedOver }
}

export function isPiped(found: FoundFile | InputFile | Piped): found is Piped {
  return 'pipe' in found
}

/** Whether a name found in a folder is not an input: `_SUCCESS`, `.git`, `_temporary`; but `_day=7` holds a column. */
export function isHiddenName(name: string): boolean {
  return (name.startsWith('_') && !name.includes('=')) || name.startsWith('.')
}

/** One buffer for all files: allocating one for each small file would take as long as reading it. */
const HEAD = Buffer.allocUnsafe(HEAD_BYTES)

/**
 * A regular file as it is now: its compression, encoding and line ends. Opening it also checks permissions, which must not fail hours into
 * a job.
 *
 * @param name its name for people, if that is not its path
 * @throws INPUT_UNREADABLE, INPUT_COMPRESSED, INPUT_BINARY, TEXT_ENCODING; GZIP_CORRUPT and the like if its name promises a compression that
 *   it does not have
 */
export function inspectFile(path: string, rules: TextRules, name?: string): InputFile | Piped {
  const fd = openFile(path)
  try {
    const stats = fstatSync(fd)
    const read = readAt(fd, 0, HEAD_BYTES, HEAD)
    // Below /proc and /sys, sizes mean nothing.
    if (read.length < Math.min(stats.size, HEAD_BYTES) || (stats.size === 0 && read.length > 0)) {
      return { pipe: path, id: idOf(stats) }
    }
    // It may have grown meanwhile.
    const head = read.subarray(0, stats.size)
    const compression = compressionOf(head)
    const file: InputFile = {
      path,
      sizeBytes: stats.size,
      mtimeMs: stats.mtimeMs,
      compression,
      mark: { inode: stats.ino, checksum: checksumOf(fd, stats.size, head) },
      rules,
      ...(name === undefined ? {} : { name }),
    }
    if (compression !== 'none') return file
    const shown = name ?? path
    const promised = compressionOfName(shown)
    // An empty file holds nothing, whatever its name.
    if (promised !== 'none' && head.length > 0) {
      refuseForeign(shown, head, 'none')
      const reason = `its name says ${promised}, its content ${isText(head) ? 'is plain text' : 'does not'}`
      const hint = `Call it what it is, or read it through a pipe: cat ${shown} | runjob <job> -`
      throw corrupt({ ...file, compression: promised }, reason, { hint })
    }
    const more = () => (stats.size > HEAD_BYTES ? readAt(fd, 0, Math.min(SAMPLE_BYTES, stats.size)) : head)
    return { ...file, form: textForm(shown, head, more, rules, 'none') }
  } catch (error) {
    throw fileError(error, path, 'read')
  } finally {
    closeSync(fd)
  }
}

function idOf({ ino, dev }: FileStats & { dev: number }): string {
  return `${dev}:${ino}`
}

/** Loaded when a folder or a glob is given: single files need no search. */
function tinyglobby(): typeof import('tinyglobby') {
  return require('tinyglobby')
}

function expandPattern(pattern: string, cwd: string, crawl: Crawl): (FoundFile | Piped)[] {
  if (pattern === '-') return [STANDARD_INPUT]
  const path = resolve(cwd, pattern)
  const stats = statOrUndefined(path)
  if (stats === undefined) {
    if (isLink(path)) throw unreadable(path, 'the symbolic link leads nowhere')
    if (!tinyglobby().isDynamicPattern(pattern)) throw new RunjobError('INPUT_NOT_FOUND', { path: pattern, cwd })
    return filesBelow(splitGlob(pattern, cwd).base, findGlob(pattern, cwd, crawl), pattern, true, crawl)
  }
  if (stats.isDirectory()) return filesBelow(path, listFolder(path, crawl), pattern, false, crawl)
  if (stats.isFile()) return [{ path, base: null }]
  if (isStandardInput(path)) return [STANDARD_INPUT]
  // A device without an end is not an input; the two that have one are terminals and /dev/null.
  if (stats.isFIFO() || (stats.isCharacterDevice() && (isTerminal(path) || path === '/dev/null'))) {
    return [{ pipe: path, id: idOf(stats) }]
  }
  throw unreadable(path, 'it is a device or a socket')
}

const STANDARD_INPUT: Piped = { pipe: '-', id: '-' }

/** Under these names, a pipe, a socket or a terminal is the same as `-`. */
function isStandardInput(path: string): boolean {
  return ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0', `/proc/${process.pid}/fd/0`].includes(path)
}

function isTerminal(path: string): boolean {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const answer = isatty(fd)
    closeSync(fd)
    return answer
  } catch {
    return false
  }
}

function findGlob(pattern: string, cwd: string, crawl: Crawl): string[] {
  const { base, rest } = splitGlob(pattern, cwd)
  const files: string[] = []
  let folder: string | undefined
  for (const match of crawl.glob(rest, base)) {
    if (!match.endsWith('/')) files.push(match)
    // The content of a folder that was taken as a whole is already listed.
    else if (folder === undefined || !match.startsWith(folder)) {
      folder = match
      files.push(...listFolder(match.slice(0, -1), crawl))
    }
  }
  return crawl.onceEach(files)
}

// A glob is searched below its longest leading part that exists literally.
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
  return crawl.onceEach(crawl.below(path).filter((match) => !match.endsWith('/')))
}

/**
 * One search of the disk. Shows folders to the glob library with symbolic links resolved, and keeps the first error, which the library would
 * swallow together with the files after it. What must not be read is shown as a file and left out of the matches: so it is counted where it
 * would have been read.
 */
class Crawl {
  readonly passedOver: PassedOver = { ...NOTHING_PASSED_OVER }
  readonly #options: SearchOptions
  /** Whether this lists a folder. A glob reads everything that it matches. */
  #isListing = false
  #error: unknown
  #sawLinks = false
  /** Path by which a folder was reached -> its real path. */
  readonly #realPaths = new Map<string, string>()
  /** What must not be read, and why. */
  readonly #skipped = new Map<string, 'hidden' | 'special' | 'outputs'>()
  readonly #counted = new Set<string>()

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** Everything below a folder. */
  below(folder: string): string[] {
    this.#isListing = true
    try {
      return this.glob('**/*', folder)
    } finally {
      this.#isListing = false
    }
  }

  /** Absolute paths below `base`, sorted by their bytes; paths of folders end in a slash. */
  glob(pattern: string, base: string): string[] {
    const fs = { readdirSync: (path: string) => this.#readFolder(path) } as unknown as FileSystemAdapter
    const options = { cwd: base, fs, onlyFiles: false, expandDirectories: false, dot: true }
    const matches = tinyglobby().globSync(pattern, options)
    if (this.#error !== undefined) throw this.#error
    return matches
      .map((match) => resolve(base, match) + (match.endsWith('/') ? '/' : ''))
      .filter((path) => !this.#passOver(path))
      .sort(compareBytes)
  }

  #passOver(path: string): boolean {
    const why = this.#skipped.get(path)
    if (why === undefined || (why === 'outputs' && !this.#isListing)) return false
    // A folder may be visited more than once.
    if (!this.#counted.has(path)) this.passedOver[why]++
    this.#counted.add(path)
    return true
  }

  /** Leaves out paths that lead to the same file. A path without symbolic links is kept before one with. */
  onceEach(paths: string[]): string[] {
    const distinct = [...new Set(paths)]
    if (!this.#sawLinks) return distinct.sort(compareBytes)
    const kept = new Map<string, string>()
    for (const path of distinct.sort(compareBytes)) {
      const realFolder = this.#realPath(dirname(path))
      const real = isLink(path) ? realpathSync(path) : join(realFolder, basename(path))
      if (kept.has(real)) this.passedOver.links++
      if (!kept.has(real) || path === real) kept.set(real, path)
    }
    return [...kept.values()].sort(compareBytes)
  }

  #readFolder(path: string): Entry[] {
    const folder = resolve(path)
    try {
      const entries = readdirSync(folder, { withFileTypes: true })
      const outputs = this.#isListing ? this.#options.outputsIn?.(folder, entries) : undefined
      return entries.flatMap((entry) => this.#show(folder, entry, outputs?.has(entry.name) ?? false) ?? [])
    } catch (error) {
      if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) this.#error ??= fileError(error, folder, 'read')
      // A folder that does not exist, or no longer exists, holds no files; one whose name is not a valid string may.
      else if (folder.includes('\uFFFD')) this.#error ??= unreadable(folder, 'its name is not valid UTF-8')
      return []
    }
  }

  #show(folder: string, entry: Dirent, isOutput: boolean): Entry | undefined {
    const path = join(folder, entry.name)
    const { allFiles, own } = this.#options
    // A run's own state is never its input.
    if (own.includes(path)) return undefined
    if (!allFiles && isHiddenName(entry.name)) {
      return this.#skip(path, entry, 'hidden')
    }
    let stats: { isFile(): boolean; isDirectory(): boolean } = entry
    if (entry.isSymbolicLink()) {
      this.#sawLinks = true
      const target = statOrUndefined(path)
      if (!target) throw unreadable(path, 'the symbolic link leads nowhere')
      if (target.isDirectory() && this.#isLoop(folder, path)) {
        this.passedOver.links++
        return undefined
      }
      stats = target
    }
    if (!stats.isFile() && !stats.isDirectory()) {
      return this.#skip(path, entry, 'special')
    }
    if (isOutput) return this.#skip(path, entry, 'outputs')
    return new Entry(entry.name, stats.isFile(), stats.isDirectory())
  }

  #skip(path: string, { name }: Dirent, why: 'hidden' | 'special' | 'outputs'): Entry {
    this.#skipped.set(path, why)
    return new Entry(name, true, false)
  }

  // A link to one of the folders above, on the path by which it was reached, would never end.
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

/** A folder's entry, with the methods that the glob library calls. */
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

function filesBelow(base: string, paths: string[], pattern: string, glob: boolean, { passedOver }: Crawl): FoundFile[] {
  if (paths.length === 0) throw new RunjobError('INPUT_EMPTY', { path: pattern, glob, ...passedOver })
  return paths.map((path) => ({ path, base }))
}

/** Opens without blocking, in case it is a pipe after all. */
function openFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    // Names on disk are bytes; a name that is not UTF-8 cannot be a string, and so cannot be opened.
    if (hasErrno(error, 'ENOENT') && path.includes('\uFFFD')) throw unreadable(path, 'its name is not valid UTF-8')
    throw fileError(error, path, 'read')
  }
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

// By UTF-8 bytes, that is, by code point; JavaScript's own order is by UTF-16 unit.
function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
