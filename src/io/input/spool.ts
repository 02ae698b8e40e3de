/** Inputs that can only be read once, from start to end: each becomes a file, which can be split and read again. */
import { closeSync, constants, createReadStream, createWriteStream, fstatSync, open, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { RunjobError } from '../../base/errors.js'
import { fileError } from '../../base/files.js'
import { checkSignal } from '../../base/signal.js'

/**
 * Writes a stream to a file.
 *
 * @throws DISK_FULL, INTERRUPTED; the file is removed then
 */
export async function spool(source: Readable, path: string, signal?: AbortSignal): Promise<void> {
  try {
    const file = createWriteStream(path, { flush: true })
    await pipeline(source, file, signal ? { signal } : {})
  } catch (error) {
    rmSync(path, { force: true })
    if (signal?.aborted) throw new RunjobError('INTERRUPTED', {}, { cause: error })
    throw fileError(error, path, 'write')
  }
}

/** @throws INPUT_UNREADABLE for a folder: Node gives a stream without content for it. */
export function standardInput(): Readable {
  try {
    if (fstatSync(0).isDirectory()) throw new RunjobError('INPUT_UNREADABLE', { path: '-', reason: 'it is a folder' })
  } catch (error) {
    throw fileError(error, 'standard input', 'read')
  }
  return process.stdin
}

/**
 * Opens an input without a size: a named pipe, a terminal, a file below /proc.
 *
 * @throws INPUT_UNREADABLE, INTERRUPTED
 */
export async function openPipe(path: string, signal?: AbortSignal): Promise<Readable> {
  // Opening a named pipe blocks until someone writes to it; to stop waiting, this process does.
  const release = (): void => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
    } catch {
      // No one waits there.
    }
  }
  signal?.addEventListener('abort', release, { once: true })
  try {
    checkSignal(signal)
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NOCTTY, 0)
    if (signal?.aborted) closeSync(fd)
    checkSignal(signal)
    if (isatty(fd)) return new ReadStream(fd)
    if (!fstatSync(fd).isFIFO()) return createReadStream('', { fd })
    // Reading a pipe in the thread pool could not be interrupted before data arrives.
    return new Socket({ fd, readable: true, writable: false })
  } catch (error) {
    throw fileError(error, path, 'read')
  } finally {
    signal?.removeEventListener('abort', release)
  }
}
