/** The folder of a run whose output is only printed, or handed to the program. */
import { rmSync } from 'node:fs'
import { RunjobError } from '../base/errors.js'
import { temporaryFolder } from '../base/files.js'

/** Folders in use. One listener for all: a program may have many runs at a time. */
const folders = new Set<string>()

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** Removed at the end, even after a forced one. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = temporaryFolder('runjob-')
  if (folders.size === 0) process.once('exit', removeAll)
  folders.add(folder)
  try {
    return await use(folder)
  } catch (error) {
    throw error instanceof RunjobError ? error.withParams({ state: null }) : error
  } finally {
    folders.delete(folder)
    if (folders.size === 0) process.off('exit', removeAll)
    rmSync(folder, { recursive: true, force: true })
  }
}
