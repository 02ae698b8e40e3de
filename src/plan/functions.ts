/**
 * How a back end finds a user's functions: it imports the job's module in each worker and asks its default export.
 * Functions are never sent from thread to thread as text.
 */
import type { FunctionRef, ParamValue } from './plan.js'

/** What the engine hands to a user's functions beside the record. */
export interface TaskContext {
  readonly params: Record<string, ParamValue>
  /** Paths of the job's side files, by name. */
  readonly files: Record<string, string>
  /** The input file being mapped; empty in a reduce. */
  readonly inputPath: string
  /** Task and attempt, for logs. */
  readonly task: string
  readonly attempt: number
  /** Adds to a counter; counters of committed attempts are summed into the result. */
  count(name: string, by?: number): void
  /** Writes a record to one of the job's named outputs. */
  write(output: string, key: unknown, value?: unknown): void
  /** What `setup` returned in this worker. */
  readonly state: unknown
}

export type Emit = (key: unknown, value: unknown) => void
export type MapFunction = (record: unknown, emit: Emit, ctx: TaskContext) => unknown
export type ReduceFunction = (key: unknown, values: Iterable<unknown>, emit: Emit, ctx: TaskContext) => unknown
export type PartitionFunction = (key: unknown, partitions: number) => number
export type OrderFunction = (value: unknown, key: unknown) => unknown

export interface JobFunctions {
  setup: ((ctx: Pick<TaskContext, 'params' | 'files'>) => unknown) | null
  teardown: ((state: unknown) => unknown) | null
  find(ref: FunctionRef): unknown
}

/** The default export of a job's module, as far as a back end knows it. */
export interface JobModule {
  functions(params: Record<string, ParamValue>): JobFunctions
}

/**
 * Jobs defined in this thread, by name. A worker imports the job's module and then looks here, so a job may be any constant of its
 * module, exported or not. Kept on globalThis: the module may have loaded a second copy of this package.
 */
const REGISTRY = Symbol.for('runjob.jobs')
const shared = globalThis as { [REGISTRY]?: Map<string, JobModule> }
const registry = shared[REGISTRY] ?? new Map<string, JobModule>()
shared[REGISTRY] = registry

export function registerJob(name: string, job: JobModule): void {
  registry.set(name, job)
}

export function registeredJob(name: string): JobModule | undefined {
  return registry.get(name)
}
