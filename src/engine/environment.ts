/** What a task finds around it: the plan, its budget, the user's functions, a way to report progress and to be stopped. */
import { RunjobError, userError, type Where } from '../base/errors.js'
import type { JobFunctions, TaskContext } from '../plan/functions.js'
import type { Quarantine } from './bad_records.js'
import type { TaskClock } from './clock.js'
import type { Counters } from './counters.js'
import type { TaskSpec, WorkerInit } from './task.js'

export interface TaskEnvironment extends Omit<WorkerInit, 'shared'> {
  task: TaskSpec
  attempt: number
  functions: JobFunctions
  context: TaskContext
  /** Where the current record is, for errors; functions fill it in only when they are asked. */
  where: () => Where
  clock: TaskClock
  counters: Counters
  /** Takes bad records in; null where the first one ends the task. */
  quarantine: Quarantine | null
  /** @throws INTERRUPTED */
  checkStop(): void
  shouldStop(): boolean
  /** Adds to this task's progress. */
  progress(bytes: number, records: number, spillBytes: number): void
  /** A call of a user's function; what it throws becomes USER_ERROR with their stack and the place. */
  guard<A extends unknown[]>(role: string, use: (...args: A) => unknown): (...args: A) => void
  /** Sets the file that `ctx.inputPath` names. */
  enterFile(path: string): void
  /** What `ctx.write` does; a task that ends in an exchange has no named outputs. */
  writeNamed: (output: string, key: unknown, value: unknown) => void
}

const NO_FUNCTIONS: JobFunctions = {
  setup: null,
  teardown: null,
  find: (ref) => {
    throw new RunjobError('INTERNAL', { detail: `the plan has no module, but asks for ${ref.role}` })
  },
}

export function noFunctions(): JobFunctions {
  return NO_FUNCTIONS
}

export function interrupted(): RunjobError {
  return new RunjobError('INTERRUPTED')
}

/**
 * Wraps a call of a user's function: what it throws, or returns where it must not, becomes an error that says so. Made once and called for
 * every record, so that a record costs no closure.
 */
export function guarded<A extends unknown[]>(
  role: string,
  where: () => Where,
  use: (...args: A) => unknown,
): (...args: A) => void {
  return (...args) => {
    let result: unknown
    try {
      result = use(...args)
    } catch (error) {
      throw userError(error, role, where())
    }
    if (result !== undefined) refusePromise(result, role, where)
  }
}

function refusePromise(result: unknown, role: string, where: () => Where): void {
  if (typeof (result as { then?: unknown } | null)?.then !== 'function')
    return // Nobody will wait for it: an unhandled rejection would end the worker with a worse message.
  ;(result as Promise<unknown>).then(undefined, () => {})
  throw new RunjobError(
    'JOB_INVALID',
    {
      problem: `${role}() returned a promise; it must be synchronous. Load what it needs in setup(), which may be asynchronous`,
    },
    { where: where() },
  )
}
