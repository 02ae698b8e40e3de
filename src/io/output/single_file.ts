/**
 * An output that is one file: the parts one after another, with one header row.
 *
 * It is built in the state folder and renamed into place: a reader sees the old file or the new one. A hidden file beside it
 * (`.counts.tsv.success` for `counts.tsv`) does what `_SUCCESS` does in a folder: it records the size and time that the file had when a run
 * wrote it, and what its rows look like. A file without such a record, or changed since, counts as not written by a run, and is not
 * replaced. Bad records are listed in `counts.tsv.quarantine.jsonl`.
 *
 * A journal written before the rename lets recoverFile() finish what a crash interrupted: the list, and the record of the file.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { RunjobError } from '../../base/errors.js'
import {
  concatFiles,
  fileError,
  fsyncDir,
  hasErrno,
  makeFolder,
  writeFileAtomic,
  writeFully,
} from '../../base/files.js'
import { joinedBlocks } from '../format/avro/join.js'
import { joinedPieces, type Piece } from '../format/parquet/join.js'
import { type OutputForm, requireSameForm } from './form.js'
import { type FileFacts, type Journal, readJournal, removeJournal, writeJournal } from './journal.js'
import { outputOfSuccess, quarantinePathOf, successPathOf } from './names.js'
import { type OutputMode, refuseUnsafe, stateDirOf, unsafe } from './place.js'

/** In the state folder: the file, its list of bad records and the record of it, until they are put into place. */
const JOINED = 'joined'
const JOINED_LIST = 'joined.quarantine'
const JOINED_RECORD = 'joined.record'
const COPY_BYTES = 1 << 20
const NEWLINE = 10

/** The record of a file that a run wrote. */
interface WrittenRecord extends FileFacts {
  bytes: number
  mtimeMs: number
}

/** When a run wrote this file, and its size; null if no run did, or if it was changed since. */
export function finishedFile(output: string): { committedAt: Date; bytes: number } | null {
  const stats = lstatSync(output, { throwIfNoEntry: false })
  if (!stats?.isFile() || !factsOf(output, stats)) return null
  return { committedAt: stats.mtime, bytes: stats.size }
}

/** The names in a folder of files that runs wrote, and of their lists of bad records. */
export function filesOfRuns(folder: string, names: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const name of names) {
    const written = outputOfSuccess(name)
    if (written === null) continue
    const output = join(folder, written)
    const stats = lstatSync(output, { throwIfNoEntry: false })
    const facts = stats?.isFile() ? factsOf(output, stats) : null
    if (facts) found.add(written)
    if (facts?.hasQuarantine) found.add(basename(quarantinePathOf(output)))
  }
  return found
}

/**
 * Checks, before any work, that a run may write this file. Creates nothing.
 *
 * @returns `skip` if mode is `ignore` and the file exists
 * @throws OUTPUT_UNSAFE, OUTPUT_NOT_A_FILE, OUTPUT_EXISTS, OUTPUT_DIFFERENT
 */
export function checkFile(
  output: string,
  mode: OutputMode,
  inputs: readonly string[],
  { form, mayHaveBad }: { form: OutputForm | null; mayHaveBad: boolean },
): 'run' | 'skip' {
  refuseUnsafe(output, inputs)
  const stats = lstatSync(output, { throwIfNoEntry: false })
  const facts = stats?.isFile() ? factsOf(output, stats) : null
  const list = quarantinePathOf(output)
  if (mayHaveBad && !facts?.hasQuarantine && existsSync(list)) throw new RunjobError('OUTPUT_EXISTS', { path: list })
  if (!stats || isFree(stats)) return 'run'
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a folder' : 'not a file that can be replaced'
    const help = stats.isDirectory() ? {} : { help: 'Choose another path; -o - writes to standard output.' }
    throw new RunjobError('OUTPUT_NOT_A_FILE', { path: output, what, ...help })
  }
  if (mode === 'error' || (mode === 'ignore' && !facts)) throw new RunjobError('OUTPUT_EXISTS', { path: output })
  if (mode === 'ignore') return 'skip'
  if (!facts) throw unsafe(output, 'no run wrote this file, or it was changed since')
  if (mode === 'append' && form) requireSameForm(output, facts.form, form)
  return 'run'
}

/** An empty file may always be replaced, like an empty folder. */
function isFree(stats: Stats): boolean {
  return stats.isFile() && stats.size === 0
}

/** Parts that become one file. */
export interface JoinedBytes {
  /** Paths, in order. */
  parts: readonly string[]
  /** Before all parts. */
  header: Uint8Array
  /** Parts of text end with a line end; bytes are whatever they are; those of Parquet get one footer, those of Avro one header. */
  content: 'text' | 'bytes' | 'parquet' | 'avro'
}

export interface JoinedFile extends JoinedBytes {
  /** Files that list bad records, in order. */
  quarantine: readonly string[]
  form: OutputForm
}

/**
 * Joins parts into one file and makes it the output. The parts stay unchanged: if the run is cut off here, the next one joins them again.
 *
 * @param checkStop called between blocks; what it throws passes through
 * @throws OUTPUT_EXISTS if something else appeared there meanwhile; DISK_FULL, OUTPUT_UNWRITABLE, INTERRUPTED
 */
export async function commitFile(
  joined: JoinedFile,
  output: string,
  mode: OutputMode,
  run: string,
  checkStop: () => void,
): Promise<void> {
  const state = stateDirOf(output)
  const from = join(state, JOINED)
  const list = join(state, JOINED_LIST)
  try {
    makeFolder(dirname(output))
    const stats = lstatSync(output, { throwIfNoEntry: false })
    const replaces = stats !== undefined && (isFree(stats) || mode === 'overwrite' || mode === 'append')
    const old = stats !== undefined && !isFree(stats) && mode === 'append' ? factsOf(output, stats) : null
    const parts = old ? [output, ...joined.parts] : joined.parts
    const header = old && joined.content !== 'avro' ? EMPTY : joined.header
    await joinParts(from, { ...joined, parts, header }, checkStop)
    rmSync(list, { force: true })
    const lists = old?.hasQuarantine ? [quarantinePathOf(output), ...joined.quarantine] : joined.quarantine
    if (lists.length > 0) concatFiles(list, lists)
    writeJournal(state, from, run, { form: joined.form, hasQuarantine: lists.length > 0 })
    if (replaces) renameSync(from, output)
    else putNew(from, output)
    fsyncDir(dirname(output))
    finishFile(output, { form: joined.form, hasQuarantine: lists.length > 0 })
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/**
 * Cleans up after a crash during the commit of a file.
 *
 * @returns the run whose output is in place now; null if nothing of the commit was visible yet and it will be made again
 */
export function recoverFile(output: string, journal: Journal): string | null {
  const state = stateDirOf(output)
  const from = join(state, journal.from)
  try {
    if (!isInPlace(from, output)) {
      removeJournal(state)
      return null
    }
    rmSync(from, { force: true })
    if (existsSync(output)) finishFile(output, journal.file!)
    return journal.run
  } catch (error) {
    throw fileError(error, output, 'write')
  }
}

/** The record of a file that a run wrote, even if that run was cut off after its rename. */
function factsOf(output: string, stats: Stats): FileFacts | null {
  const journal = readJournal(stateDirOf(output))
  if (journal?.file && isInPlace(join(stateDirOf(output), journal.from), output)) return journal.file
  try {
    const record = JSON.parse(readFileSync(successPathOf(output), 'utf8')) as WrittenRecord
    return record.bytes === stats.size && record.mtimeMs === stats.mtimeMs ? record : null
  } catch (error) {
    if (error instanceof SyntaxError || hasErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw fileError(error, successPathOf(output), 'read')
  }
}

/** A renamed file is gone from its old place; a linked one is in both places for a moment. */
function isInPlace(from: string, output: string): boolean {
  const source = lstatSync(from, { throwIfNoEntry: false })
  if (!source) return true
  const stats = lstatSync(output, { throwIfNoEntry: false })
  return stats !== undefined && stats.ino === source.ino && stats.dev === source.dev
}

/** A link, unlike a rename, never replaces a file. */
function putNew(from: string, output: string): void {
  try {
    linkSync(from, output)
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) throw new RunjobError('OUTPUT_EXISTS', { path: output })
    // Some filesystems have no links.
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS')) throw error
    if (existsSync(output)) throw new RunjobError('OUTPUT_EXISTS', { path: output })
    renameSync(from, output)
    return
  }
  rmSync(from)
}

/** Puts the list of bad records beside the file, or removes the old list, and writes the file's record. */
function finishFile(output: string, facts: FileFacts): void {
  const list = join(stateDirOf(output), JOINED_LIST)
  if (existsSync(list)) renameSync(list, quarantinePathOf(output))
  else if (!facts.hasQuarantine && hadQuarantine(output)) rmSync(quarantinePathOf(output), { force: true })
  const { size, mtimeMs } = lstatSync(output)
  const record: WrittenRecord = { bytes: size, mtimeMs, ...facts }
  // Through the state folder, which is removed with anything that a crash leaves there.
  const written = join(stateDirOf(output), JOINED_RECORD)
  writeFileAtomic(written, `${JSON.stringify(record)}\n`)
  renameSync(written, successPathOf(output))
  fsyncDir(dirname(output))
}

/** Whether the old file had a list that a run wrote. */
function hadQuarantine(output: string): boolean {
  try {
    return (JSON.parse(readFileSync(successPathOf(output), 'utf8')) as WrittenRecord).hasQuarantine
  } catch {
    return false
  }
}

const EMPTY = new Uint8Array()

async function joinParts(path: string, joined: JoinedBytes, checkStop: () => void): Promise<void> {
  rmSync(path, { force: true })
  const { parts, header } = joined
  const isAlone = parts.length === 1 && header.length === 0
  const isLinked = isAlone && linkOrCopy(parts[0]!, path)
  const fd = openSync(path, isLinked ? 'r' : 'a')
  try {
    if (!isAlone) {
      await forEachBlock(joined, checkStop, (block) => {
        writeFully(fd, block)
        return true
      })
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A single part is the file. It is copied or linked, because the state must still have it unchanged. */
function linkOrCopy(from: string, path: string): boolean {
  try {
    linkSync(from, path)
    return true
  } catch (error) {
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS')) throw error
    copyFileSync(from, path)
    return false
  }
}

/**
 * Passes on the bytes of parts as one file, and lets other events run in between.
 *
 * @param take false: no more is wanted
 */
export async function forEachBlock(
  joined: JoinedBytes,
  checkStop: () => void,
  take: (block: Uint8Array) => Promise<boolean> | boolean,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(COPY_BYTES)
  for (const piece of piecesOf(joined)) {
    if (piece instanceof Uint8Array) {
      if (piece.length > 0 && !(await take(piece))) return
      continue
    }
    const { path, end } = piece
    const fd = openSync(path, 'r')
    try {
      let last = NEWLINE
      let at = piece.start
      for (;;) {
        const size = readSync(fd, buffer, 0, Math.min(COPY_BYTES, end - at), at)
        if (size === 0) break
        at += size
        last = buffer[size - 1]!
        if (!(await take(buffer.subarray(0, size)))) return
        await setImmediate()
        checkStop()
      }
      // Otherwise the next part would continue its last line.
      if (joined.content === 'text' && last !== NEWLINE) {
        throw new RunjobError('INTERNAL', { detail: `${basename(path)} does not end with a line end` })
      }
    } finally {
      closeSync(fd)
    }
  }
}

function piecesOf({ parts, header, content }: JoinedBytes): Iterable<Piece | Uint8Array> {
  if (content === 'parquet') return joinedPieces(parts)
  if (content === 'avro') return joinedBlocks(parts, header)
  return [header, ...parts.map((path) => ({ path, start: 0, end: Number.POSITIVE_INFINITY }))]
}
