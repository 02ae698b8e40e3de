/** Runs that a task finds damaged or missing. */
import { existsSync } from 'node:fs'
import { RunjobError } from '../base/errors.js'
import type { Runs } from './runs.js'
import { type RunEntry, runsReadBy, type TaskSpec } from './task.js'

/** Reading again would not help: the task that wrote the run must run again. RUN_IO may be temporary. */
const LASTING = ['RUN_CORRUPT', 'RUN_MISSING', 'RUN_VERSION']

/** Thrown inside the engine: the tasks that read these runs cannot continue until they have been written again. */
export class DamagedRuns extends Error {
  readonly runs: string[]
  /** The error for the user if writing them again does not help. */
  readonly error: RunjobError

  constructor(runs: string[], error: RunjobError) {
    super(error.message)
    this.runs = runs
    this.error = error
  }
}

/**
 * The run that a task failed to read, if that was its error.
 *
 * @param isFinal no retry is left: then any error of a run counts as damage
 */
export function damagedRun(error: RunjobError, task: TaskSpec, runs: Runs, isFinal: boolean): string | undefined {
  if (!LASTING.includes(error.code) && !(error.code === 'RUN_IO' && isFinal)) return undefined
  // The kernels' details begin with the path. A merge also writes a run, which is not among these.
  const detail = String(error.params.detail)
  return runsReadBy(task).find((run) => {
    const path = runs.pathOf(run)
    return detail === path || detail.startsWith(`${path}: `)
  })
}

/**
 * Finds all runs that are obviously missing, before tasks fail on each of them.
 *
 * @throws DamagedRuns
 */
export function requireRuns(tasks: TaskSpec[], entries: readonly RunEntry[], runs: Runs): void {
  const wanted = new Set(tasks.flatMap(runsReadBy))
  const damaged = entries.filter(({ name }) => wanted.has(name)).filter((run) => !runs.isWhole(run))
  const [first] = damaged
  if (!first) return
  const path = runs.pathOf(first.name)
  throw new DamagedRuns(
    damaged.map((run) => run.name),
    existsSync(path)
      ? new RunjobError('RUN_CORRUPT', { detail: `${path}: its size is not what was written` })
      : new RunjobError('RUN_MISSING', { detail: path }),
  )
}
