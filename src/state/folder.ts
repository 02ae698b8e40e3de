/** The state folder of a run: its layout, and how it is cleared. */
import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeTree } from '../base/files.js'
import { recoverOutput } from '../io/output/commit.js'
import { JOURNAL } from '../io/output/journal.js'
import { QUARANTINE } from '../io/output/names.js'
import { stateDirOf } from '../io/output/place.js'
import { isKept } from './kept.js'

/** Paths in a state folder. */
export interface StateFolder {
  path: string
  runs: string
  /** Files of attempts that do not count yet. */
  attempts: string
  parts: string
  /** Bad records of each attempt. */
  quarantine: string
  /** The list of all of them, written where a run fails. */
  badRecords: string
  /** The job's bundled module. */
  module: string
  /** This run's copies of standard input and pipes. */
  copies: string
}

/** Start of the name of a folder of copies; what makes it this run's follows. */
const COPIES = 'stdin-'
/** Runs of this process so far. */
let runs = 0

/**
 * The state folder as one run sees it.
 *
 * @param output from resolveOutput
 */
export function stateFolderOf(output: string): StateFolder {
  const path = stateDirOf(output)
  return {
    path,
    runs: join(path, 'runs'),
    attempts: join(path, 'attempts'),
    parts: join(path, 'output'),
    quarantine: join(path, 'quarantine'),
    badRecords: join(path, QUARANTINE),
    module: join(path, 'job.mjs'),
    copies: join(path, `${COPIES}${process.pid}-${runs++}`),
  }
}

/** Whether any of these files is a copy of standard input or a pipe, or has rows that a program keeps: no later run can read it again. */
export function holdsCopies(files: readonly { path: string }[], stateDir: string): boolean {
  return files.some(({ path }) => path.startsWith(join(stateDir, COPIES)) || isKept(path))
}

/** Removes what earlier runs left, except locks and this run's copies. */
export function clearEarlier({ path, copies }: StateFolder): void {
  clear(path, (name) => join(path, name) === copies)
}

/** Removes a state folder. The locks go last: until then no other run begins here. */
export function removeState(path: string): void {
  clear(path, () => false)
  removeTree(path)
}

/** Removes the copies of a run that did not begin, and the folder if nothing else is in it. */
export function removeCopies({ path, copies }: StateFolder): void {
  try {
    removeTree(copies)
    rmdirSync(path)
  } catch {
    // It was never made, or an earlier run left something there. What the run failed with matters more.
  }
}

/** Removes what a run left that none can continue. A commit that was cut off is finished or undone. */
export function forgetRun(output: string): void {
  // The old output may be in the state folder.
  recoverOutput(output)
  removeState(stateDirOf(output))
}

/** The journal goes last: it names the run that committed. */
function clear(path: string, isKept: (name: string) => boolean): void {
  const names = readdirSync(path).filter((name) => !/^\.?lock/.test(name) && name !== JOURNAL && !isKept(name))
  for (const name of [...names, JOURNAL]) removeTree(join(path, name))
}
