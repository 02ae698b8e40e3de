/** The journal of a commit, written before the output moves and removed last: after a crash the commit is finished or undone. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { RunjobError } from '../../base/errors.js'
import { hasErrno, removeTree, writeFileAtomic } from '../../base/files.js'
import type { OutputForm } from './form.js'

/** In the state folder. */
export const JOURNAL = 'commit.json'

export interface Journal {
  /** What becomes the output; relative to the state folder, which may have moved since. */
  from: string
  /** The run that commits. */
  run: string
  /** If the output is one file: its record. */
  file?: FileFacts
}

/** Kept beside an output that is one file: to recognize it, and to append only records of its form. */
export interface FileFacts {
  /** What its records look like: `.tsv.gz` and the header row. */
  form: OutputForm
  /** There is a list of bad records beside it. */
  hasQuarantine: boolean
}

/** @param from what becomes the output, below the state folder */
export function writeJournal(state: string, from: string, run: string, file?: FileFacts): void {
  const journal: Journal = { from: relative(state, from), run, ...(file ? { file } : {}) }
  writeFileAtomic(join(state, JOURNAL), JSON.stringify(journal))
}

/** @throws STATE_CORRUPT */
export function readJournal(state: string): Journal | undefined {
  const path = join(state, JOURNAL)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Journal
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw new RunjobError('STATE_CORRUPT', { path, reason: (error as Error).message }, { cause: error })
  }
}

export function removeJournal(state: string): void {
  removeTree(join(state, JOURNAL))
}
