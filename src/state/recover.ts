/** Commits that were cut off, finished or undone before anyone looks at the output. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { recoverOutput } from '../io/output/commit.js'
import { readJournal } from '../io/output/journal.js'
import { stateDirOf } from '../io/output/place.js'
import { acquireLock } from './lock.js'

/**
 * @param use gets the run whose output is in place now; null if none is, or if its commit will be made again. The output is locked until it
 *   returns
 * @returns what `use` returns; null if there was no such commit
 * @throws OUTPUT_BUSY, STATE_CORRUPT
 */
export function recovered<T>(output: string, use: (committed: string | null) => T): T | null {
  const state = stateDirOf(output)
  if (!readJournal(state)) return null
  const lock = acquireLock(state)
  try {
    return use(recoverOutput(output))
  } finally {
    lock.release()
  }
}

/** For an input: between the two renames of a commit there is no output. The folders above it may be the output, too. */
export function recoverMissing(path: string, cwd: string): void {
  let missing = resolve(cwd, path)
  if (existsSync(missing)) return
  while (!existsSync(dirname(missing))) missing = dirname(missing)
  recovered(missing, () => null)
}
