/** Runs tasks of one run, one at a time: in a worker thread (worker.ts), or in the main thread if they are small (pool.ts). */

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { RunjobError, toRunjobError, userError } from '../../base/errors.js'
import { fromNative, kernels } from '../../kernels/addon.js'
import { setUserFunctions } from '../../kernels/udf.js'
import type { JobFunctions, TaskContext } from '../../plan/functions.js'
import type { Plan } from '../../plan/plan.js'
import { placeOf } from '../../plan/stages.js'
import { quarantineName } from '../bad_records.js'
import type { SharedState } from '../shared.js'
import type { Answer, FromWorker, TaskResult, TaskSpec, WorkerInit } from '../task.js'
import { checkedCalls, type Gate, guarded } from './calls.js'
import { TaskClock } from './clock.js'
import { Counters } from './counters.js'
import { interrupted, newTally, noFunctions, type TaskEnvironment } from './environment.js'
import { findFunctions } from './find_functions.js'
import { findJob } from './find_job.js'
import { importCode } from './import_code.js'
import { closeTables } from './operator/table.js'
import { takesRows } from './pipeline.js'
import { Quarantine } from './quarantine.js'
import { runTask } from './run_task.js'

const SETTLE_MS = 1000

export interface ExecutorOptions {
  init: WorkerInit
  shared: SharedState
  /** Whether the task must end now, with INTERRUPTED. */
  mustStop: () => boolean
  /** Takes what is known before, or after, the answer. */
  send: (message: FromWorker) => void
}

export class Executor {
  readonly #options: ExecutorOptions
  readonly #sideFiles: Record<string, string>
  #functions: JobFunctions | null = null
  #state: unknown
  #stage = 0

  constructor(options: ExecutorOptions) {
    this.#options = options
    const { sideFiles } = options.init.plan
    this.#sideFiles = Object.fromEntries(Object.entries(sideFiles).map(([name, { path }]) => [name, path]))
  }

  async run(task: TaskSpec, attempt: number, bounds: Uint8Array[] | null): Promise<Answer> {
    const { plan } = this.#options.init
    try {
      // The next stage needs its memory for other things.
      if (task.stage !== this.#stage) releaseMemory()
      this.#stage = task.stage
      this.#functions ??= await this.#loadFunctions(plan)
      return { type: 'done', result: await this.#runAttempt(task, attempt, bounds, this.#functions) }
    } catch (error) {
      const { name, inputs } = plan.stages[task.stage]!
      const known = toRunjobError(fromNative(error)).withWhere({ ...placeOf(plan), stage: name, task: task.id })
      const input = 'input' in task ? inputs[task.input] : undefined
      if (inputs.length > 1 && input?.kind === 'files') known.withWhere({ input: input.files })
      return { type: 'failed', error: known.toJSON() }
    }
  }

  async #runAttempt(
    task: TaskSpec,
    attempt: number,
    bounds: Uint8Array[] | null,
    jobFunctions: JobFunctions,
  ): Promise<TaskResult> {
    const { init, shared, mustStop, send } = this.#options
    const counters = new Counters()
    const bad = init.badRecords
    // The task that a sample's bad records belong to finds them again.
    const badName = task.kind === 'sample' ? null : quarantineName(task.id, attempt)
    const quarantine = bad && mayHaveBad(task, init.plan) ? new Quarantine(bad, badName, () => shared.badRecords) : null
    const done = { bytes: 0, records: 0, spillBytes: 0 }
    let inputPath = ''
    let entered = ''
    const late: { error: RunjobError | null } = { error: null }
    const gate: Gate = {
      isOpen: false,
      onLate(error) {
        if (late.error) return
        late.error = error.withWhere(placeOf(init.plan))
        send({ type: 'stray', error: error.toJSON() })
      },
    }
    const context: TaskContext = {
      params: init.plan.params,
      files: this.#sideFiles,
      get inputPath() {
        return inputPath
      },
      task: task.id,
      attempt,
      ...checkedCalls(gate, {
        count: (name, by) => counters.add(name, by),
        write: (output, key, value) => env.writeNamed(output, key, value),
      }),
      state: this.#state,
    }
    const env: TaskEnvironment = {
      ...init,
      task,
      attempt,
      startedAt: Date.now(),
      functions: jobFunctions,
      context,
      where: () => ({}),
      clock: new TaskClock(),
      tally: newTally(),
      counters,
      gate,
      quarantine,
      shouldStop: mustStop,
      checkStop() {
        if (mustStop()) throw interrupted()
      },
      progress(bytes, records, spillBytes) {
        done.bytes += bytes
        done.records += records
        done.spillBytes += spillBytes
        shared.set(init.slot, done.bytes, done.records, done.spillBytes)
      },
      guard(role, fn, use) {
        const call = guarded(role, fn, gate, () => env.where(), use)
        return (...args) => {
          if (role !== entered) {
            entered = role
            shared.enterFunction(init.slot, role)
          }
          call(...args)
        }
      },
      enterFile(path) {
        inputPath = path
      },
      writeNamed(output) {
        throw new RunjobError('JOB_INVALID', {
          problem: `ctx.write("${output}") works where records are written: in the reduce of the last step, or in a map without reduce`,
        })
      },
    }
    try {
      const before = pendingWork()
      const result = await runTask(env, bounds)
      if (init.plan.module !== null) await settled(before, () => late.error !== null)
      if (late.error) throw late.error
      if (result.kind !== 'map' && result.kind !== 'reduce') return result
      return {
        ...result,
        counters: counters.totals(),
        recordsQuarantined: quarantine?.count ?? 0,
        quarantine: quarantine?.finish() ?? null,
      }
    } finally {
      quarantine?.close()
      shared.set(init.slot, 0, 0, 0)
    }
  }

  /** The user's functions, from the module that workers import. */
  async #loadFunctions({ module, params, job }: Plan): Promise<JobFunctions> {
    if (module === null) return noFunctions()
    const { init, shared } = this.#options
    shared.enterFunction(init.slot, 'import')
    const code = await importCode(module.path)
    const identity = init.identity!
    if ('functions' in identity) {
      const found = await findFunctions(code, identity, params)
      setUserFunctions(found.find, (name) => shared.enterFunction(init.slot, name))
      return found
    }
    const found = findJob(code, job, identity, params).functions(params)
    if (found.setup) {
      try {
        shared.enterFunction(init.slot, 'setup')
        this.#state = await found.setup({ params, files: this.#sideFiles })
      } catch (error) {
        throw userError(error, 'setup')
      }
    }
    return found
  }

  /** Call last: runs the job's teardown. */
  async end(): Promise<void> {
    releaseMemory()
    try {
      if (this.#functions?.teardown) await this.#functions.teardown(this.#state)
    } catch (error) {
      this.#options.send({ type: 'failed', error: userError(error, 'teardown').toJSON() })
    }
  }
}

function releaseMemory(): void {
  closeTables()
  kernels.releaseMemory()
}

/** How many things the event loop waits for: timers, sockets, files. */
function pendingWork(): number {
  return process.getActiveResourcesInfo().length
}

/**
 * Waits for what the functions of a task left pending, so that its effects come before the task counts: promises get a turn of the event
 * loop, timers and the like up to a second.
 */
async function settled(before: number, isKnown: () => boolean): Promise<void> {
  const end = Date.now() + SETTLE_MS
  await turn()
  while (pendingWork() > before && !isKnown() && Date.now() < end) await sleep(5)
}

/** Whether records of this task come from files, go through a map, or are rows, so that some may be bad. */
function mayHaveBad(task: TaskSpec, plan: Plan): boolean {
  if (task.kind === 'map' || task.kind === 'sample') return true
  if (task.kind === 'merge') return false
  const input = plan.stages[task.stage]!.inputs[task.input]!
  return takesRows(input) || input.operators.some(({ op }) => op === 'map' || op === 'elements')
}
