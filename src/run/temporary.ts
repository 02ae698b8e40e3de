/** Folders of what is only for this process: a run whose output is printed, or handed to the program; rows that are kept. */
import { rmSync } from 'node:fs'
import { RunjobError } from '../base/errors.js'
import { temporaryFolder } from '../base/files.js'

/** Folders in use. One listener for all: a program may have many runs at a time. */
const folders = new Set<string>()

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

export interface TemporaryFolder {
  path: string
  remove(): void
}

/** Removed at the end of the process at the latest, even after a forced one. */
export function openTemporaryFolder(prefix: string): TemporaryFolder {
  const path = temporaryFolder(prefix)
  if (folders.size === 0) process.once('exit', removeAll)
  folders.add(path)
  return {
    path,
    remove() {
      folders.delete(path)
      if (folders.size === 0) process.off('exit', removeAll)
      rmSync(path, { recursive: true, force: true })
    },
  }
}

export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = openTemporaryFolder('runjob-')
  try {
    return await use(folder.path)
  } catch (error) {
    throw error instanceof RunjobError ? error.withParams({ state: null }) : error
  } finally {
    folder.remove()
  }
}
