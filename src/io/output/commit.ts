/**
 * The output transaction.
 *
 * A run writes into its state folder, a hidden sibling of the output (`.counts.runjob` beside `counts`), so that a rename
 * never crosses a filesystem. Commit makes everything durable, puts an empty `_SUCCESS` beside the parts and renames the
 * folder into place: readers see the old output or the new one. (The marker is empty because two runs of the same job must
 * give the same bytes.)
 *
 * If an output exists, there are two renames, the old one away and the new one in, and no output between them. A journal
 * written before them lets recoverOutput() finish or undo what a crash interrupted. Appending, and replacing only some folders in it, first
 * builds the whole new folder, with hard links to the old files, and then replaces the old one, as overwriting does. The journal is the last of
 * the run's files to be removed: if the run is cut off in between and started again, it must not append twice.
 *
 * Order for a run: resolveOutput, checkOutput, acquireLock, recoverOutput, the run itself, commitOutput, removal of the
 * state folder.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { RunjobError } from '../../base/errors.js'
import { concatFiles, fileError, fsyncDir, fsyncFile, hasErrno, makeFolder, removeTree } from '../../base/files.js'
import { isHiddenName } from '../input/inputs.js'
import { type OutputForm, requireFormOfParts, requireNoOthers, requireNoParts } from './form.js'
import { readJournal, removeJournal, writeJournal } from './journal.js'
import { isPartitionFolder, PART_NAME, partNumber, partsAmong, QUARANTINE, SUCCESS } from './names.js'
import { type OutputMode, refuseUnsafe, stateDirOf, unsafe } from './place.js'
import { recoverFile } from './single_file.js'

/** In the state folder: the output that is being replaced, and the union that append builds. */
const REPLACED = 'replaced'
const UNION = 'union'

/** By name of the output, '' for the job's own. */
export type OutputForms = Readonly<Record<string, OutputForm>>

/**
 * Checks, before any work, that a run may write to this output. Creates nothing.
 *
 * @param output from resolveOutput
 * @param inputs absolute paths of the input files
 * @param forms of the outputs that the run will write; null: not known yet, as before standard input is read
 * @returns `skip` if mode is `ignore` and the output is finished
 * @throws OUTPUT_UNSAFE, OUTPUT_NOT_A_FOLDER, OUTPUT_EXISTS, OUTPUT_DIFFERENT
 */
export function checkOutput(
  output: string,
  mode: OutputMode,
  inputs: readonly string[] = [],
  forms: OutputForms | null = null,
): 'run' | 'skip' {
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
      // Never empty a folder that was named by mistake.
      const foreign = findForeign(output)
      if (foreign) throw unsafe(output, `it would be replaced, but holds ${foreign}, which no job wrote`)
      return 'run'
    }
    case 'overwritePartitions':
    case 'append':
      if (mode === 'overwritePartitions') {
        const foreign = findForeign(output)
        if (foreign)
          throw unsafe(output, `folders in it would be replaced, but it holds ${foreign}, which no job wrote`)
      }
      if (forms === null) return 'run'
      if (Object.hasOwn(forms, '')) requireNoOthers(output, Object.keys(forms))
      else requireNoParts(output, Object.keys(forms))
      for (const [name, form] of Object.entries(forms)) requireFormOfParts(join(output, name), form)
      return 'run'
  }
}

/** Folders of values, by path in the output, sorted: those that stood in for old ones, and those that are new. */
export interface ChangedFolders {
  replaced: string[]
  added: string[]
}

/**
 * Makes a folder of finished parts the output. When this returns, a power cut cannot undo it.
 *
 * @param from below the state folder of `output`; gone afterwards
 * @param run identifies this run; recoverOutput returns it
 * @returns of `overwritePartitions`; null: of other modes
 * @throws OUTPUT_EXISTS if something else appeared there meanwhile; DISK_FULL, OUTPUT_UNWRITABLE
 */
export function commitOutput(from: string, output: string, mode: OutputMode, run: string): ChangedFolders | null {
  const state = stateDirOf(output)
  try {
    const changed = mode === 'overwritePartitions' ? changedFolders(from, output) : null
    makeFolder(dirname(output))
    const exists = existsSync(output) && !isEmptyFolder(output)
    if (!exists || mode === 'error' || mode === 'ignore') {
      finishFolder(from)
      if (mode === 'append' || mode === 'overwritePartitions') writeJournal(state, from, run)
      renameInto(from, output)
      return changed
    }
    const next = mode === 'overwrite' ? from : buildUnion(output, from, state, changed?.replaced ?? [])
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
    return changed
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/**
 * Cleans up after a crash during a commit. Call it with the lock held, before a run, and clear the state if a run had committed.
 *
 * @returns the run whose output is in place now, all work done; null if there was nothing to do, or if nothing of the commit
 *   was visible yet and it will be made again
 */
export function recoverOutput(output: string): string | null {
  const state = stateDirOf(output)
  const journal = readJournal(state)
  if (!journal) return null
  if (journal.file) return recoverFile(output, journal)
  const next = join(state, journal.from)
  try {
    if (existsSync(join(state, REPLACED))) {
      if (existsSync(next)) renameInto(next, output)
      // Both are gone only if someone removed them: the old output is better than nothing.
      if (!existsSync(output)) renameInto(join(state, REPLACED), output)
    } else if (existsSync(next)) {
      removeJournal(state)
      return null
    }
    removeTree(join(state, REPLACED))
    return journal.run
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/** Whether a folder is a finished output, with nothing in it that no run wrote. */
export function isOutput(folder: string): boolean {
  return existsSync(join(folder, SUCCESS)) && findForeign(folder) === undefined
}

/** Something in an output, or in a named output inside it, that no run put there. */
function findForeign(folder: string, isNamedOutput = false): string | undefined {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const { name } = entry
    if (entry.isFile() && (PART_NAME.test(name) || isHiddenName(name))) continue
    if (!entry.isDirectory() || (isNamedOutput && !isPartitionFolder(name))) return name
    const foreign = findForeign(join(folder, name), true)
    if (foreign) return `${name}/${foreign}`
  }
  return undefined
}

/** Marks a folder as finished, and makes it durable with all its content. */
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

/** Undoes half a replacement, so that readers soon have the old output again. */
function putBack(output: string, state: string): void {
  if (existsSync(output)) return
  try {
    renameSync(join(state, REPLACED), output)
    removeJournal(state)
  } catch {
    // The next run finds the journal and continues from there.
  }
}

/** Old files and new parts in one folder; the numbers of the new parts follow those of the old ones. */
function buildUnion(output: string, from: string, state: string, replaced: readonly string[]): string {
  const union = join(state, UNION)
  removeTree(union)
  linkTree(output, union)
  for (const folder of replaced) removeTree(join(union, folder))
  appendParts(from, union)
  return union
}

/** Of the innermost folders of values among new parts: which the output has, too, and which it has not. */
function changedFolders(from: string, output: string): ChangedFolders {
  const folders = innermostFolders(from)
  const isOld = (folder: string) => existsSync(join(output, folder))
  return { replaced: folders.filter(isOld), added: folders.filter((folder) => !isOld(folder)) }
}

/** Paths of the folders of values that have parts, below an output; sorted. */
export function innermostFolders(output: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(output, folder), { withFileTypes: true }).flatMap((entry) => {
      if (!entry.isDirectory()) return []
      const path = join(folder, entry.name)
      const isInnermost = isPartitionFolder(entry.name) && partsAmong(readdirSync(join(output, path))).length > 0
      return isInnermost ? [path] : below(path)
    })
  return below('').sort()
}

function appendParts(from: string, into: string): void {
  makeFolder(into)
  const first = readdirSync(into).reduce((last, name) => Math.max(last, partNumber(name)), -1) + 1
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name)
    if (entry.isDirectory()) appendParts(path, join(into, entry.name))
    else if (entry.name === QUARANTINE) appendQuarantine(path, join(into, QUARANTINE))
    else if (entry.name !== SUCCESS) linkFile(path, join(into, renumber(entry.name, first)))
  }
}

// The old list is linked from the old output: it stays unchanged, and a new file replaces it.
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
    // Some filesystems have no links.
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS', 'EXDEV')) throw error
    copyFileSync(from, into, constants.COPYFILE_FICLONE)
  }
}

function isEmptyFolder(path: string): boolean {
  return lstatSync(path).isDirectory() && readdirSync(path).length === 0
}
