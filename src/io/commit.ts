/**
 * The output transaction.
 *
 * A run writes into its state folder, a hidden sibling of the output (`.counts.runjob` beside `counts`), so that a rename
 * never crosses a filesystem. Commit makes everything durable, puts an empty `_SUCCESS` beside the parts and renames the
 * folder into place: readers see the old output or the new one. (The marker is empty because two runs of the same job must
 * give the same bytes.)
 *
 * Where an output exists already there are two renames, the old one away and the new one in, and between them no output.
 * A journal written before them lets recoverOutput() finish, or undo, what a crash left behind. Appending builds the whole
 * new folder first, with hard links to the old files, and then replaces like overwriting does. The journal goes last of all
 * that the run has written: a run that was cut off in between, and is started again, must not append what it has appended.
 *
 * Order for a run: resolveOutput, prepareOutput, acquireLock, recoverOutput, the run itself, commitOutput, removal of the
 * state folder.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { RunjobError } from '../base/errors.js'
import {
  concatFiles,
  fileError,
  fsyncDir,
  fsyncFile,
  hasErrno,
  makeFolder,
  removeTree,
  writeFileAtomic,
} from '../base/files.js'
import { isHiddenName } from './inputs.js'
import { PART_NAME } from './outputs.js'

export type OutputMode = 'error' | 'overwrite' | 'ignore' | 'append'

export const SUCCESS = '_SUCCESS'
/** In an output: the bad records that were passed over, one JSON object a line. */
export const QUARANTINE = '_quarantine.jsonl'
const JOURNAL = 'commit.json'
/** In the state folder: the output that is being replaced, and the union that append builds. */
const REPLACED = 'replaced'
const UNION = 'union'

interface Journal {
  /** Folder that becomes the output; relative to the state folder, which may have been moved meanwhile. */
  from: string
  /** The run that commits. */
  run: string
}

/**
 * Absolute path of an output; where the path is a symbolic link to a folder, the folder.
 *
 * @throws OUTPUT_UNWRITABLE where no such path can be, such as below a file
 */
export function resolveOutput(output: string, cwd: string): string {
  const path = resolve(cwd, output)
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats?.isSymbolicLink() && existsSync(path) ? realpathSync(path) : path
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** The folder that holds the state of runs into this output. */
export function stateDirOf(output: string): string {
  return join(dirname(output), `.${basename(output)}.runjob`)
}

/**
 * Checks, before any work, that a run may write to this output. Creates nothing.
 *
 * @param output from resolveOutput
 * @param inputs absolute paths of the input files
 * @returns `skip` if mode is `ignore` and the output is finished
 * @throws OUTPUT_UNSAFE, OUTPUT_NOT_A_FOLDER, OUTPUT_EXISTS
 */
export function prepareOutput(output: string, mode: OutputMode, inputs: readonly string[] = []): 'run' | 'skip' {
  refuseUnsafe(output, inputs)
  const stats = lstatSync(output, { throwIfNoEntry: false })
  if (!stats) return 'run'
  if (!stats.isDirectory()) throw new RunjobError('OUTPUT_NOT_A_FOLDER', { path: output })
  if (isEmptyFolder(output)) return 'run'
  switch (mode) {
    case 'ignore':
      if (existsSync(join(output, SUCCESS))) return 'skip'
      throw new RunjobError('OUTPUT_EXISTS', { path: output })
    case 'error':
      throw new RunjobError('OUTPUT_EXISTS', { path: output })
    case 'overwrite': {
      // Never empty a folder that somebody named by mistake.
      const foreign = findForeign(output)
      if (foreign) throw unsafe(output, `it would be replaced, but holds ${foreign}, which no job wrote`)
      return 'run'
    }
    case 'append':
      return 'run'
  }
}

/**
 * Makes a folder of finished parts the output. When this returns, a power cut cannot take it back.
 *
 * @param from below the state folder of `output`; gone afterwards
 * @param run what tells this run from others; recoverOutput gives it back
 * @throws OUTPUT_EXISTS if something else appeared there meanwhile; DISK_FULL, OUTPUT_UNWRITABLE
 */
export function commitOutput(from: string, output: string, mode: OutputMode, run: string): void {
  const state = stateDirOf(output)
  try {
    makeFolder(dirname(output))
    const exists = existsSync(output) && !isEmptyFolder(output)
    if (!exists || mode === 'error' || mode === 'ignore') {
      finishFolder(from)
      if (mode === 'append') writeJournal(state, from, run)
      renameInto(from, output)
      return
    }
    const next = mode === 'append' ? buildUnion(output, from, state) : from
    finishFolder(next)
    writeJournal(state, next, run)
    renameSync(output, join(state, REPLACED))
    try {
      renameInto(next, output)
    } catch (error) {
      putBack(output, state)
      throw error
    }
    removeTree(join(state, REPLACED))
    removeTree(from)
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/**
 * Cleans up after a crash during a commit. Call it with the lock held, before a run, and clearState() where a run had committed.
 *
 * @returns the run whose output is in place now, all work done; null if there was nothing to do, or the commit had not begun
 *   to show and will be made again
 */
export function recoverOutput(output: string): string | null {
  const state = stateDirOf(output)
  const journal = readJournal(join(state, JOURNAL))
  if (!journal) return null
  const next = join(state, journal.from)
  try {
    if (existsSync(join(state, REPLACED))) {
      if (existsSync(next)) renameInto(next, output)
      // Both are gone only if somebody took them away: what was there before is better than nothing.
      if (!existsSync(output)) renameInto(join(state, REPLACED), output)
    } else if (existsSync(next)) {
      rmSync(join(state, JOURNAL))
      return null
    }
    removeTree(join(state, REPLACED))
    return journal.run
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/**
 * Removes all that runs left in a state folder but their locks, and the names in `keep`. The journal goes last: while it is
 * there, the run that was committed is known.
 */
export function clearState(stateDir: string, keep: readonly string[] = []): void {
  const names = readdirSync(stateDir).filter(
    (name) => !/^\.?lock/.test(name) && name !== JOURNAL && !keep.includes(name),
  )
  for (const name of [...names, JOURNAL]) removeTree(join(stateDir, name))
}

/** Removes a state folder. The locks go last: until then nobody else begins here. */
export function removeState(stateDir: string): void {
  clearState(stateDir)
  removeTree(stateDir)
}

/** For a state that is kept, once it says itself that its run has committed. */
export function removeJournal(stateDir: string): void {
  removeTree(join(stateDir, JOURNAL))
}

function refuseUnsafe(output: string, inputs: readonly string[]): void {
  const real = realPathOf(output)
  for (const [folder, name] of [
    [homedir(), 'your home folder'],
    [process.cwd(), 'the current folder'],
  ] as const) {
    if (isInside(realPathOf(folder), real)) throw unsafe(output, `it is or contains ${name}`)
  }
  for (const input of inputs) {
    if (isInside(realPathOf(input), real)) throw unsafe(output, `it is or contains the input ${input}`)
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

// Of what does not exist: the real path of the deepest folder that does, and the rest as it is.
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const above = dirname(path)
    if (above === path || !hasErrno(error, 'ENOENT', 'ENOTDIR')) return path
    return join(realPathOf(above), basename(path))
  }
}

/** Something in an output, or in a named output inside it, that no run put there. */
function findForeign(folder: string, isNamedOutput = false): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry
    if (entry.isFile() && (PART_NAME.test(name) || isHiddenName(name))) continue
    if (!entry.isDirectory() || isNamedOutput) return name
    const foreign = findForeign(join(folder, name), true)
    if (foreign) return `${name}/${foreign}`
  }
  return undefined
}

/** Marks a folder as finished, and makes it and all below it durable. */
function finishFolder(folder: string): void {
  writeFileSync(join(folder, SUCCESS), '')
  syncFolder(folder)
}

function syncFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) syncFolder(path)
    else fsyncFile(path)
  }
  fsyncDir(folder)
}

// Renaming a folder over another works if that one is empty.
function renameInto(from: string, output: string): void {
  try {
    renameSync(from, output)
  } catch (error) {
    if (hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw new RunjobError('OUTPUT_EXISTS', { path: output })
    throw error
  }
  fsyncDir(dirname(output))
  fsyncDir(dirname(from))
}

/** Takes back a replacement that got half-way: nothing may come between a reader and the old output for long. */
function putBack(output: string, state: string): void {
  if (existsSync(output)) return
  try {
    renameSync(join(state, REPLACED), output)
    rmSync(join(state, JOURNAL))
  } catch {
    // The next run finds the journal and goes on from there.
  }
}

function writeJournal(state: string, next: string, run: string): void {
  writeFileAtomic(join(state, JOURNAL), JSON.stringify({ from: relative(state, next), run } satisfies Journal))
}

function readJournal(path: string): Journal | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Journal
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw new RunjobError('STATE_CORRUPT', { path, reason: (error as Error).message }, { cause: error })
  }
}

/** Old files and new parts in one folder; the numbers of the new parts go on after the old ones'. */
function buildUnion(output: string, from: string, state: string): string {
  const union = join(state, UNION)
  removeTree(union)
  linkTree(output, union)
  appendParts(from, union)
  return union
}

function appendParts(from: string, into: string): void {
  makeFolder(into)
  const numbers = readdirSync(into).map((name) => Number(PART_NAME.exec(name)?.[1] ?? -1))
  const first = numbers.reduce((last, number) => Math.max(last, number), -1) + 1
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    if (entry.isDirectory()) appendParts(path, join(into, entry.name))
    else if (entry.name === QUARANTINE) appendQuarantine(path, join(into, QUARANTINE))
    else if (entry.name !== SUCCESS) linkFile(path, join(into, renumber(entry.name, first)))
  }
}

// The old list is linked from the old output: it stays as it is, and a new file takes its place.
function appendQuarantine(from: string, into: string): void {
  const both = `${into}.both`
  concatFiles(both, existsSync(into) ? [into, from] : [from])
  renameSync(both, into)
}

function renumber(name: string, first: number): string {
  const digits = PART_NAME.exec(name)?.[1]
  if (digits === undefined) return name
  return name.replace(digits, (Number(digits) + first).toString().padStart(digits.length, '0'))
}

function linkTree(from: string, into: string): void {
  makeFolder(into)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    if (entry.isDirectory()) linkTree(path, join(into, entry.name))
    else if (entry.name !== SUCCESS) linkFile(path, join(into, entry.name))
  }
}

function linkFile(from: string, into: string): void {
  try {
    linkSync(from, into)
  } catch (error) {
    // Not every filesystem has links.
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS', 'EXDEV')) throw error
    copyFileSync(from, into, constants.COPYFILE_FICLONE)
  }
}

function isEmptyFolder(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0
}

function unsafe(path: string, reason: string): RunjobError {
  return new RunjobError('OUTPUT_UNSAFE', { path, reason })
}
