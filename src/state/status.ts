/** What is at the place of an output: the output, a running run, the state of an unfinished run. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { bytesBelow } from '../base/files.js'
import { recoverOutput } from '../io/output/commit.js'
import { PART_NAME, SUCCESS } from '../io/output/names.js'
import { stateDirOf } from '../io/output/place.js'
import { finishedFile } from '../io/output/single_file.js'
import { stageFilling } from '../plan/stages.js'
import { COMMITTED, PARTITIONS, type RunStart, START, tasksFact } from './facts.js'
import { holdsCopies, removeState } from './folder.js'
import { acquireLock, lockHolder } from './lock.js'
import type { StateView } from './state.js'

export interface FinishedOutput {
  /** ISO 8601. */
  committedAt: string
  parts: number
  /** Of all its content. */
  bytes: number
}

export interface UnfinishedRun {
  /** The state folder and its size. */
  dir: string
  bytes: number
  /** The process of the run. */
  running: { pid: number; started: string } | null
  /** Why none of it can be used: the machine was restarted, the state is damaged. */
  unusable: string | null
  job: string | null
  start: RunStart | null
  /** It reads standard input, which cannot be read again. */
  readsStdin: boolean
  /** Stages in order; `tasks` is null until it is known. */
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
 * Removes the state of an unfinished run. An interrupted commit is finished or undone first.
 *
 * @returns bytes freed
 * @throws STATE_NOT_FOUND, OUTPUT_BUSY
 */
export function cleanState(output: string): number {
  const dir = stateDirOf(output)
  if (!existsSync(dir)) throw new RunjobError('STATE_NOT_FOUND', { path: output })
  const lock = acquireLock(dir)
  try {
    // The old output may be in the state folder.
    recoverOutput(output)
    const bytes = bytesBelow(dir)
    removeState(dir)
    return bytes
  } finally {
    lock.release()
  }
}

function finishedOutput(output: string): FinishedOutput | null {
  const file = finishedFile(output)
  if (file) return { committedAt: file.committedAt.toISOString(), parts: 1, bytes: file.bytes }
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

function readTasks(state: StateView, into: UnfinishedRun): void {
  const identity = state.identity()
  if (!identity) {
    into.unusable = 'it had only begun'
    return
  }
  into.job = identity.plan.job
  into.start = state.get<RunStart>(START) ?? null
  into.readsStdin = Object.values(identity.manifest).some((files) => holdsCopies(files, into.dir))
  const partitions = state.get<number[]>(PARTITIONS)
  const done = [...state.finishedTasks<{ stage: number; kind: string }>().values()]
  const { plan } = identity
  into.stages = plan.stages.map(({ name, inputs }, i) => {
    const ofFiles = inputs.some(({ kind }) => kind === 'files') ? state.get<unknown[]>(tasksFact(i))?.length : 0
    const ofExchanges = inputs.map((input) =>
      input.kind === 'exchange' ? partitions?.[stageFilling(plan, input.exchange)] : 0,
    )
    const tasks = [ofFiles, ...ofExchanges].reduce<number | null>(
      (sum, count) => (sum === null || count === undefined ? null : sum + count),
      0,
    )
    // Merges between stages and samples of keys are not counted: their number is not known in advance.
    const own = done.filter(({ stage, kind }) => stage === i && (kind === 'map' || kind === 'reduce'))
    return { name, tasksDone: own.length, tasks }
  })
}
