/** What stands where an output is, or is to be: the output, a run at work, what an unfinished run left. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { hasErrno } from '../base/files.js'
import { recoverOutput, removeState, SUCCESS, stateDirOf } from './commit.js'
import { acquireLock, lockHolder } from './lock.js'
import { PART_NAME } from './outputs.js'
import type { StateView } from './state.js'

/** In the state of a run: how it was started; and whether its output is in place, so that no run continues it. */
export const START = 'start'
export const COMMITTED = 'committed'
/** What the engine keeps there of its plans: the partitions of each stage's exchange, and the tasks of a stage that reads files. */
export const PARTITIONS = 'partitions'
export function tasksFact(stage: number): string {
  return `tasks ${stage}`
}

/** A command line, and the folder in which it was given. */
export interface StartCommand {
  argv: string[]
  cwd: string
}

/** Kept in the state: of the latest run that worked on it. */
export interface RunStart {
  startedAt: string
  /** null: a program called runJob(). */
  command: StartCommand | null
}

export interface FinishedOutput {
  /** ISO 8601. */
  committedAt: string
  parts: number
  /** Of all that is in it. */
  bytes: number
}

export interface UnfinishedRun {
  /** The state folder, and what it takes. */
  dir: string
  bytes: number
  /** The process at work on it. */
  running: { pid: number; started: string } | null
  /** Why nothing of it can be used: the machine was restarted, the state is damaged. */
  unusable: string | null
  job: string | null
  start: RunStart | null
  /** It reads standard input, which was spooled and cannot be read again. */
  readsStdin: boolean
  /** Stages in order; `tasks` is null as long as nobody knows. */
  stages: { name: string; tasksDone: number; tasks: number | null }[]
}

export interface OutputStatus {
  output: string
  finished: FinishedOutput | null
  unfinished: UnfinishedRun | null
}

/** @param output from resolveOutput */
export async function readStatus(output: string): Promise<OutputStatus> {
  return { output, finished: finishedOutput(output), unfinished: await unfinishedRun(stateDirOf(output)) }
}

/**
 * Removes what an unfinished run left. An output that it was just putting into place is put there, or left as it was.
 *
 * @returns bytes freed
 * @throws STATE_NOT_FOUND, OUTPUT_BUSY
 */
export function cleanState(output: string): number {
  const dir = stateDirOf(output)
  if (!existsSync(dir)) throw new RunjobError('STATE_NOT_FOUND', { path: output })
  const lock = acquireLock(dir)
  try {
    // The old output may be in there.
    recoverOutput(output)
    const bytes = bytesBelow(dir)
    removeState(dir)
    return bytes
  } finally {
    lock.release()
  }
}

function finishedOutput(output: string): FinishedOutput | null {
  const success = statSync(join(output, SUCCESS), { throwIfNoEntry: false })
  if (!success) return null
  const parts = readdirSync(output).filter((name) => PART_NAME.test(name)).length
  return { committedAt: success.mtime.toISOString(), parts, bytes: bytesBelow(output) }
}

async function unfinishedRun(dir: string): Promise<UnfinishedRun | null> {
  if (!existsSync(dir)) return null
  const found: UnfinishedRun = {
    dir,
    bytes: bytesBelow(dir),
    running: lockHolder(dir),
    unusable: null,
    job: null,
    start: null,
    readsStdin: false,
    stages: [],
  }
  const { JobState } = await import('./state.js')
  try {
    const state = JobState.peek(dir)
    if (state === null) found.unusable = JobState.exists(dir) ? 'the machine was restarted since' : 'it had only begun'
    else if (state.get(COMMITTED)) return null
    else readTasks(state, found)
  } catch (error) {
    if (!(error instanceof RunjobError && error.code === 'STATE_CORRUPT')) throw error
    found.unusable = error.message
  }
  return found
}

/** Whether a run's inputs have standard input among them, which was spooled into its state folder: it cannot be read again. */
export function readsStdin(files: readonly { path: string }[], stateDir: string): boolean {
  return files.some(({ path }) => dirname(path) === stateDir)
}

function readTasks(state: StateView, into: UnfinishedRun): void {
  const identity = state.identity()
  if (!identity) {
    into.unusable = 'it had only begun'
    return
  }
  into.job = identity.plan.job
  into.start = state.get<RunStart>(START) ?? null
  into.readsStdin = Object.values(identity.manifest).some((files) => readsStdin(files, into.dir))
  const partitions = state.get<number[]>(PARTITIONS)
  const done = [...state.finishedTasks().keys()]
  into.stages = identity.plan.stages.map((stage, i) => {
    const [source] = stage.sources
    const tasks =
      source?.kind === 'exchange'
        ? (partitions?.[source.stage] ?? null)
        : (state.get<unknown[]>(tasksFact(i))?.length ?? null)
    // Merges between stages and samples of keys are not counted: nobody knows beforehand how many there will be.
    const ofStage = new RegExp(`^s${i}-[mr]\\d`)
    return { name: stage.name, tasksDone: done.filter((id) => ofStage.test(id)).length, tasks }
  })
}

/** What all files take on the disk; those that go away meanwhile count nothing. */
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
