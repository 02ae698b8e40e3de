/** Files that survive a crash, and the operating system's errors in our words. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { RunjobError } from './errors.js'

/**
 * Replaces a file: readers see the old content or the new one, never half.
 *
 * @param flush whether that also holds after a power cut, which takes the disk's time
 * @throws DISK_FULL, OUTPUT_UNWRITABLE, FILE_IO
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, flush = true): void {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`)
  try {
    const fd = openSync(temporary, 'w')
    try {
      writeFileSync(fd, data)
      if (flush) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw fileError(error, path, 'write')
  }
  if (flush) fsyncDir(folder)
}

/** Writes all of `bytes`; a single write may write less. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at)
}

const COPY_BYTES = 1 << 20

/** Writes the content of several files, one after another, into one. */
export function concatFiles(path: string, parts: readonly string[]): void {
  const buffer = Buffer.allocUnsafe(COPY_BYTES)
  try {
    const into = openSync(path, 'w')
    try {
      for (const part of parts) {
        const from = openSync(part, 'r')
        try {
          for (let n = readSync(from, buffer); n > 0; n = readSync(from, buffer))
            writeFully(into, buffer.subarray(0, n))
        } finally {
          closeSync(from)
        }
      }
    } finally {
      closeSync(into)
    }
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** Makes the content of a file durable. */
export function fsyncFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } catch (error) {
    throw fileError(error, path, 'write')
  } finally {
    closeSync(fd)
  }
}

/** Makes the names in a folder durable: a power cut may undo a rename. */
export function fsyncDir(path: string): void {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    // Windows opens no folders; its renames are journalled.
    if (process.platform === 'win32') return
    throw fileError(error, path, 'write')
  }
  try {
    fsyncSync(fd)
  } catch (error) {
    // Some network and FUSE filesystems cannot do this for folders.
    if (!hasErrno(error, 'EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR', 'ENOSYS')) throw fileError(error, path, 'write')
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes a folder, and missing ones above it; fine if it exists. Node's recursive mkdir reports ENOENT on a read-only disk, and never
 * returns if a folder cannot hold others, such as /proc.
 *
 * @throws DISK_FULL, OUTPUT_UNWRITABLE, FILE_IO
 */
export function makeFolder(path: string): void {
  let error = makeOne(path)
  if (hasErrno(error, 'ENOENT')) {
    // The folder above is missing, or was a moment ago, while another process makes the same folders.
    makeFolder(dirname(path))
    error = makeOne(path)
  }
  if (error !== null) throw fileError(error, path, 'write')
}

/** @returns why the folder could not be made; null if it exists now, whoever made it */
function makeOne(path: string): unknown {
  try {
    mkdirSync(path)
    return null
  } catch (error) {
    return isFolder(path) ? null : error
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Removes a file, or a folder with its content; fine if there is none. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    throw fileError(error, path, 'write')
  }
}

/** What all files below a folder take on the disk; those that go away meanwhile count nothing. */
export function bytesBelow(dir: string): number {
  let bytes = 0
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    try {
      // A file with holes takes less than its size.
      bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error
    }
  }
  return bytes
}

export function hasErrno(error: unknown, ...codes: string[]): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code
  return code !== undefined && codes.includes(code)
}

/** The error that Node would throw for this system call. */
export function systemError(errno: number, syscall: string): Error {
  const [code, reason] = getSystemErrorMap().get(-errno) ?? ['EIO', `unknown error ${errno}`]
  return Object.assign(new Error(`${code}: ${reason}, ${syscall}`), { errno: -errno, code, syscall })
}

/** @throws FILE_IO, OUTPUT_UNWRITABLE if TMPDIR is not a folder or not writable */
export function temporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix))
  } catch (error) {
    throw fileError(error, `The folder for temporary files, ${tmpdir()} (TMPDIR),`, 'write')
  }
}

/**
 * A failed file operation as a RunjobError. Anything but an error of the operating system is returned unchanged.
 *
 * @param use `read` an input, or `write` anything of ours
 */
export function fileError(error: unknown, path: string, use: 'read' | 'write'): unknown {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException
  if (error instanceof RunjobError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error
  // "EACCES: permission denied, open '/x'": our message names the path.
  const reason = /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? code
  const params = { path, reason: `${reason} (${code})`, errno: code }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new RunjobError('DISK_FULL', { path, errno: code }, { cause: error })
    case 'ENOENT':
      if (use === 'read') return new RunjobError('INPUT_NOT_FOUND', { path, cwd: process.cwd() }, { cause: error })
      break
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new RunjobError(use === 'read' ? 'INPUT_UNREADABLE' : 'OUTPUT_UNWRITABLE', params, { cause: error })
  }
  return new RunjobError('FILE_IO', params, { cause: error })
}
