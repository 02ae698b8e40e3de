/** The environment of a task: the plan, its budget, the user's functions, progress and the stop flag. */
import { RunjobError, type Where } from '../../base/errors.js'
import type { JobFunctions, TaskContext } from '../../plan/functions.js'
import type { MapResult, ReduceResult, TaskSpec, WorkerInit } from '../task.js'
import type { Gate } from './calls.js'
import type { TaskClock } from './clock.js'
import type { Counters } from './counters.js'
import type { PipelineMeasures } from './measures.js'
import type { Quarantine } from './quarantine.js'

type MapCounts =
  | 'recordsIn'
  | 'recordsOut'
  | 'recordsFiltered'
  | 'recordsDropped'
  | 'recordsLeftOut'
  | 'recordsMapped'
  | 'boundaries'
  | 'undecoded'
  | 'rowGroups'
  | 'rowGroupsSkipped'
  | 'columns'
  | 'sample'

/** The counts of a task's source and operators. */
export interface Tally extends Pick<MapResult, MapCounts>, Required<Pick<ReduceResult, 'groups' | 'largestKeys'>> {
  /** With `profile`, of a task that handles rows. */
  measures?: PipelineMeasures
}

export function newTally(): Tally {
  return {
    recordsIn: 0,
    recordsOut: 0,
    recordsFiltered: 0,
    recordsDropped: 0,
    recordsLeftOut: 0,
    recordsMapped: 0,
    groups: 0,
    largestKeys: [],
    boundaries: [],
    undecoded: [],
    rowGroups: 0,
    rowGroupsSkipped: 0,
  }
}

export interface TaskEnvironment extends Omit<WorkerInit, 'shared'> {
  task: TaskSpec
  attempt: number
  startedAt: number
  functions: JobFunctions
  context: TaskContext
  /** The current record's place, for errors; computed on demand. */
  where: () => Where
  clock: TaskClock
  tally: Tally
  counters: Counters
  /** Of this attempt: late calls of its functions are refused for ever. */
  gate: Gate
  /** Takes bad records; null if the first one ends the task. */
  quarantine: Quarantine | null
  /** @throws INTERRUPTED */
  checkStop(): void
  shouldStop(): boolean
  /** Adds to this task's progress. */
  progress(bytes: number, records: number, spillBytes: number): void
  /** A call of a user's function; what it throws becomes USER_ERROR with the user's stack and the place. */
  guard<A extends unknown[]>(
    role: string,
    fn: { readonly length: number },
    use: (...args: A) => unknown,
  ): (...args: A) => void
  /** Sets the file that `ctx.inputPath` names. */
  enterFile(path: string): void
  /** Implements `ctx.write`; a task that ends in an exchange has no named outputs. */
  writeNamed: (output: string, key: unknown, value: unknown) => void
}

/** The common part of every result. Call it last, because it holds the times. */
export function attemptOf({ task, attempt, slot, startedAt, clock }: TaskEnvironment) {
  const { id, stage, bytes } = task
  return { id, stage, attempt, bytesIn: bytes, worker: slot, startedAt, times: clock.times() }
}

const NO_FUNCTIONS: JobFunctions = {
  setup: null,
  teardown: null,
  find: (id) => {
    throw new RunjobError('INTERNAL', { detail: `the plan has no module, but calls ${id}` })
  },
}

export function noFunctions(): JobFunctions {
  return NO_FUNCTIONS
}

export function interrupted(): RunjobError {
  return new RunjobError('INTERRUPTED')
}
