/**
 * How a back end finds a user's functions: each worker imports the job's module and looks the job up by its name, in the registry
 * that defineJob() fills. Functions are never sent from thread to thread as text.
 */
import type { FunctionId } from './expression.js'
import type { FunctionIdentity } from './made.js'
import type { Input, ParamValue, Stage } from './plan.js'

/** What the engine passes to a user's functions besides the record. */
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
  /** The result of `setup` in this worker. */
  readonly state: unknown
}

export type Emit = (key: unknown, value: unknown) => void
/** One that a task has for itself may keep something from call to call, and emit the rest at the end of its records. */
interface Ending {
  end?(emit: Emit, ctx: TaskContext): void
  /** Whether it needs no more records. */
  readonly isFull?: boolean
}
export interface MapFunction extends Ending {
  (record: unknown, emit: Emit, ctx: TaskContext): unknown
}
export interface ReduceFunction extends Ending {
  (key: unknown, values: Iterable<unknown>, emit: Emit, ctx: TaskContext): unknown
}
export type PartitionFunction = (key: unknown, partitions: number) => number
export type OrderFunction = (value: unknown, key: unknown) => unknown

export interface JobFunctions {
  setup: ((ctx: Pick<TaskContext, 'params' | 'files'>) => unknown) | null
  teardown: ((state: unknown) => unknown) | null
  find(id: FunctionId): unknown
}

/** The part of a job that a back end knows. */
export interface JobModule {
  /** URL of the module that defines it; null if there is none. */
  readonly definedIn: string | null
  functions(params: Record<string, ParamValue>): JobFunctions
  /** Its parts for these values, so that workers can check that they have found the same job. */
  shape(params: Record<string, ParamValue>): JobShape
}

/** Each part as text; for a function its source, or null if that cannot be compared. */
export type JobShape = Readonly<Record<string, { text: string } | { source: string | null }>>

/** Identifies the job that a worker must run. */
export interface JobIdentity {
  shape: JobShape
  /** How many jobs of this name its module defined before. */
  earlier: number
}

/** Identifies the functions of a data frame's plan. */
export interface FunctionsIdentity {
  functions: FunctionIdentity[]
  /** Whether the program's own script made some: it changes what functions see until it begins its first action. */
  isScript: boolean
}

/** What workers must find in the module that they import. */
export type Identity = JobIdentity | FunctionsIdentity

/** Jobs of one name in one module: how many, and the last of them. */
interface Definitions {
  count: number
  job: JobModule
}

/**
 * Jobs defined in this thread, by name and module. A worker imports the job's module and looks here, so a job may be any constant of its
 * module, exported or not. Kept on globalThis, because the module may load a second copy of this package.
 */
const REGISTRY = Symbol.for('runjob.jobs')
interface Registry {
  byName: Map<string, Map<string | null, Definitions>>
  earlier: WeakMap<JobModule, number>
}
const shared = globalThis as { [REGISTRY]?: Registry }
const registry: Registry = shared[REGISTRY] ?? { byName: new Map(), earlier: new WeakMap() }
shared[REGISTRY] = registry

export function registerJob(name: string, job: JobModule): void {
  const byModule = registry.byName.get(name) ?? new Map<string | null, Definitions>()
  registry.byName.set(name, byModule)
  const count = byModule.get(job.definedIn)?.count ?? 0
  byModule.set(job.definedIn, { count: count + 1, job })
  registry.earlier.set(job, count)
}

/** How many jobs of this name its module defined before this one. */
export function earlierDefinitions(job: JobModule): number {
  return registry.earlier.get(job) ?? 0
}

/**
 * The jobs of this name that importing a module has defined.
 *
 * @param module its URL: if it defines such a job itself, jobs of the modules that it imports do not count
 */
export function definitionsIn(module: string, name: string): Definitions | undefined {
  const byModule = registry.byName.get(name)
  const own = byModule?.get(module)
  if (own || !byModule) return own
  const others = [...byModule.values()]
  return others[0] && { job: others[0].job, count: others.reduce((sum, { count }) => sum + count, 0) }
}

/** Whether workers need the job's module. */
export function callsFunctions(stages: readonly Stage[]): boolean {
  return stages.some(({ inputs, target }) => {
    if (inputs.some(inputCalls)) return true
    if (target.kind !== 'exchange') return false
    return target.partition !== null || target.order !== null || target.combine?.op === 'combine'
  })
}

function inputCalls({ operators }: Input): boolean {
  return operators.some((operator) => 'fn' in operator)
}
