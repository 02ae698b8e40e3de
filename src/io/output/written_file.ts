/** Files that a later run takes over if they are unchanged. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Hasher } from '../../kernels/addon.js'
import { kernels } from '../../kernels/addon.js'

const READ_BYTES = 1 << 20

/** The properties of a file when it is closed. */
export interface WrittenFile {
  bytes: number
  /** XXH64 of all of them, in hexadecimal digits. */
  checksum: string
}

export function checksumText(hasher: Pick<Hasher, 'digest'>): string {
  return hasher.digest().toString(16)
}

/** Whether the file exists with the size that it had when it was written. */
export function hasSize(path: string, bytes: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === bytes
}

/**
 * Whether a file holds what was written into it; false if it cannot be read.
 *
 * @param checkStop called about once per MiB; what it throws passes through. In between the event loop runs.
 */
export async function isIntact(path: string, written: WrittenFile, checkStop: () => void): Promise<boolean> {
  if (!hasSize(path, written.bytes)) return false
  const hasher = kernels.createHasher()
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, written.bytes))
  let fd = -1
  try {
    fd = openSync(path, 'r')
    for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
      hasher.add(buffer.subarray(0, size))
      await setImmediate()
      checkStop()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    return false
  } finally {
    if (fd >= 0) closeSync(fd)
  }
  return checksumText(hasher) === written.checksum
}
