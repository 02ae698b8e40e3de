/** Folders of rows that a program keeps from one action to the next: their names, and what killed processes left of them. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockHolder } from './lock.js'

/** Start of their names, below the folder for temporary files. */
export const KEPT = 'runjob-cache-'

/** A folder is there for a moment before its lock. */
const LOCKED_AFTER_MS = 60_000

export function isKept(path: string): boolean {
  return path.startsWith(join(tmpdir(), KEPT))
}

/** Removes those whose processes have ended. What cannot be removed stays: it is someone else's. */
export function removeForgotten(): void {
  for (const name of namesIn(tmpdir())) {
    if (!name.startsWith(KEPT)) continue
    const path = join(tmpdir(), name)
    try {
      const isNew = Date.now() - statSync(path).mtimeMs < LOCKED_AFTER_MS
      if (!isNew && lockHolder(path) === null) rmSync(path, { recursive: true, force: true })
    } catch {
      // Another user's, or gone by now.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
