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
  /** Runs a user's function; what it throws becomes USER_ERROR with their stack and the place. */
  guard<T>(role: string, call: () => T): T
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

/** Wraps what a user's function threw, or returned where it must not. */
export function guarded<T>(role: string, where: () => Where, call: () => T): T {
  let result: T
  try {
    result = call()
  } catch (error) {
    throw userError(error, role, where())
  }
  if (typeof (result as { then?: unknown } | undefined | null)?.then === 'function') {
    // Nobody will wait for it: an unhandled rejection would end the worker with a worse message.
    ;(result as unknown as Promise<unknown>).then(undefined, () => {})
    throw new RunjobError(
      'JOB_INVALID',
      {
        problem: `${role}() returned a promise; it must be synchronous. Load what it needs in setup(), which may be asynchronous`,
      },
      { where: where() },
    )
  }
  return result
}
