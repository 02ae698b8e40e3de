/** A worker thread: runs one task at a time for as long as the run lasts. */
import { parentPort } from 'node:worker_threads'
import { RunjobError, toRunjobError, userError } from '../base/errors.js'
import { fromNative, kernels } from '../kernels/index.js'
import { type JobFunctions, type JobModule, registeredJob, type TaskContext } from '../plan/functions.js'
import type { Plan } from '../plan/plan.js'
import { Quarantine, quarantineName } from './bad_records.js'
import { TaskClock } from './clock.js'
import { Counters } from './counters.js'
import { guarded, interrupted, noFunctions, type TaskEnvironment } from './environment.js'
import { runTask } from './run_task.js'
import { SharedProgress } from './shared.js'
import type { FromWorker, TaskResult, TaskSpec, ToWorker, WorkerInit } from './task.js'

const port = parentPort!
// Set by the first message: the thread may have been started before there was a plan.
let init: WorkerInit
let shared: SharedProgress
let sideFiles: Record<string, string>

let functions: JobFunctions | null = null
try {
  // Loaded now, while nothing waits for it.
  void kernels.build
} catch {
  // The first task that needs it fails with the reason.
}
let state: unknown
let stage = 0

port.on('message', (message: ToWorker) => {
  if (message.type === 'begin') begin(message.init)
  else if (message.type === 'end') void end()
  else void run(message.task, message.attempt, message.bounds)
})

function begin(given: WorkerInit): void {
  init = given
  shared = new SharedProgress(init.shared)
  sideFiles = Object.fromEntries(Object.entries(init.plan.sideFiles).map(([name, { path }]) => [name, path]))
}

async function run(task: TaskSpec, attempt: number, bounds: Uint8Array[] | null): Promise<void> {
  try {
    // The next stage needs its memory for other things.
    if (task.stage !== stage) kernels.releaseMemory()
    stage = task.stage
    functions ??= await loadFunctions(init.plan)
    send({ type: 'done', result: await runAttempt(task, attempt, bounds, functions) })
  } catch (error) {
    const where = { job: init.plan.job, stage: init.plan.stages[task.stage]!.name, task: task.id }
    const known = toRunjobError(fromNative(error)).withWhere(where)
    send({ type: 'failed', id: task.id, attempt, error: known.toJSON() })
  }
}

async function runAttempt(
  task: TaskSpec,
  attempt: number,
  bounds: Uint8Array[] | null,
  jobFunctions: JobFunctions,
): Promise<TaskResult> {
  const counters = new Counters()
  const bad = init.badRecords
  // Those of a sample are met again by the task that they belong to.
  const badName = task.kind === 'sample' ? null : quarantineName(task.id, attempt)
  const quarantine = bad && hasMap(task) ? new Quarantine(bad, badName, () => shared.badRecords) : null
  const done = { bytes: 0, records: 0, spillBytes: 0 }
  let inputPath = ''
  let entered = ''
  const context: TaskContext = {
    params: init.plan.params,
    files: sideFiles,
    get inputPath() {
      return inputPath
    },
    task: task.id,
    attempt,
    count(name, by = 1) {
      counters.add(name, by)
    },
    write(output, key, value) {
      env.writeNamed(output, key, value)
    },
    state,
  }
  const env: TaskEnvironment = {
    ...init,
    planHash: init.planHash,
    task,
    attempt,
    functions: jobFunctions,
    context,
    where: () => ({}),
    clock: new TaskClock(),
    counters,
    quarantine,
    shouldStop: () => shared.stopRequested(init.slot),
    checkStop() {
      if (shared.stopRequested(init.slot)) throw interrupted()
    },
    progress(bytes, records, spillBytes) {
      done.bytes += bytes
      done.records += records
      done.spillBytes += spillBytes
      shared.set(init.slot, done.bytes, done.records, done.spillBytes)
    },
    guard(role, use) {
      const call = guarded(role, () => env.where(), use)
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
        problem: `ctx.write("${output}") works in the last step only: this one feeds another`,
      })
    },
  }
  try {
    const result = await runTask(env, bounds)
    result.counters = counters.totals()
    result.recordsQuarantined = quarantine?.count ?? 0
    result.quarantine = quarantine?.finish() ?? null
    return result
  } finally {
    quarantine?.close()
    shared.set(init.slot, 0, 0, 0)
  }
}

/** Whether records of this task go through a map, so that some may turn out to be bad. */
function hasMap({ kind, stage, source }: TaskSpec): boolean {
  if (kind === 'map' || kind === 'sample') return true
  return kind === 'reduce' && init.plan.stages[stage]!.sources[source]!.operators.some(({ op }) => op === 'map')
}

/**
 * The job's functions. Importing its module runs defineJob, which registers the job; a module that also runs the job never finishes
 * importing here (runJob waits for ever in a worker), and need not.
 */
async function loadFunctions(plan: Plan): Promise<JobFunctions> {
  if (plan.module === null) return noFunctions()
  const job = await importJob(plan.module.path, plan.job)
  const found = job.functions(plan.params)
  if (found.setup) {
    try {
      shared.enterFunction(init.slot, 'setup')
      state = await found.setup({ params: plan.params, files: sideFiles })
    } catch (error) {
      throw userError(error, 'setup')
    }
  }
  return found
}

async function importJob(path: string, name: string): Promise<JobModule> {
  process.setSourceMapsEnabled(true)
  shared.enterFunction(init.slot, 'import')
  let resolveRunning = () => {}
  const running = new Promise<void>((resolve) => {
    resolveRunning = resolve
  })
  Object.assign(globalThis, { [Symbol.for('runjob.inWorker')]: resolveRunning })
  try {
    await Promise.race([import(path), running])
  } catch (error) {
    throw userError(error, 'import')
  }
  const job = registeredJob(name)
  if (!job) throw new RunjobError('JOB_LOAD_FAILED', { path, reason: `importing it defines no job named "${name}"` })
  return job
}

async function end(): Promise<void> {
  try {
    if (functions?.teardown) await functions.teardown(state)
  } catch (error) {
    send({ type: 'failed', id: '', attempt: 0, error: userError(error, 'teardown').toJSON() })
  }
  port.close()
}

function send(message: FromWorker): void {
  port.postMessage(message)
}
