/** Runs that turn out to be damaged or gone when a task wants to read them. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { hasSize } from '../io/written_file.js'
import type { RunEntry, TaskSpec } from './task.js'

/** Reading these again gives the same; the task that wrote the run has to run again. RUN_IO may pass by itself. */
const LASTING = ['RUN_CORRUPT', 'RUN_MISSING', 'RUN_VERSION']

/** Thrown inside the engine: no task of these can go on until the runs have been written again. */
export class DamagedRuns extends Error {
  readonly runs: string[]
  /** What to tell the user if writing them again does not help. */
  readonly error: RunjobError

  constructor(runs: string[], error: RunjobError) {
    super(error.message)
    this.runs = runs
    this.error = error
  }
}

/**
 * The run that a task failed to read, if that is what it failed with.
 *
 * @param isFinal no further attempt is left: whatever is wrong with a run counts as damage then
 */
export function damagedRun(error: RunjobError, task: TaskSpec, runsDir: string, isFinal: boolean): string | undefined {
  if (task.kind !== 'reduce' && task.kind !== 'merge') return undefined
  if (!LASTING.includes(error.code) && !(error.code === 'RUN_IO' && isFinal)) return undefined
  // The kernels' words begin with the path. A merge also writes a run: that one is not among these.
  const detail = String(error.params.detail)
  return task.runs.find((run) => {
    const path = join(runsDir, run)
    return detail === path || detail.startsWith(`${path}: `)
  })
}

/**
 * Looks for runs that are plainly not there, before a task trips over each of them.
 *
 * @throws DamagedRuns
 */
export function requireRuns(tasks: TaskSpec[], runs: RunEntry[], runsDir: string): void {
  const wanted = new Set(tasks.flatMap((task) => (task.kind === 'reduce' || task.kind === 'merge' ? task.runs : [])))
  const damaged = runs.filter(({ name }) => wanted.has(name)).filter((run) => !isWhole(run, runsDir))
  const [first] = damaged
  if (!first) return
  const path = join(runsDir, first.name)
  const isMissing = statSync(path, { throwIfNoEntry: false }) === undefined
  throw new DamagedRuns(
    damaged.map((run) => run.name),
    isMissing
      ? new RunjobError('RUN_MISSING', { detail: path })
      : new RunjobError('RUN_CORRUPT', { detail: `${path}: its size is not what was written` }),
  )
}

export function isWhole({ name, fileBytes }: RunEntry, runsDir: string): boolean {
  return hasSize(join(runsDir, name), fileBytes)
}
