/** A worker thread: runs one task at a time until the run is over, or of several runs, one after the other. */

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { RunjobError, toRunjobError, userError } from '../../base/errors.js'
import { fromNative, kernels } from '../../kernels/addon.js'
import { setUserFunctions } from '../../kernels/udf.js'
import type { JobFunctions, TaskContext } from '../../plan/functions.js'
import type { Plan } from '../../plan/plan.js'
import { placeOf } from '../../plan/stages.js'
import { quarantineName } from '../bad_records.js'
import { SharedState } from '../shared.js'
import type { FromWorker, TaskResult, TaskSpec, ToWorker, WorkerInit } from '../task.js'
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

const port = parentPort!
// Set by a message: the thread may start before there is a plan.
let init: WorkerInit
let shared: SharedState
let sideFiles: Record<string, string>

let functions: JobFunctions | null = null
try {
  // Loaded now, while no task waits for it.
  void kernels.build
} catch {
  // The first task that needs it fails with the reason.
}
let state: unknown
let stage = 0

port.on('message', (message: ToWorker) => {
  if (message.type === 'begin') begin(message.init)
  else if (message.type === 'rest') rest()
  else if (message.type === 'end') void end()
  else void run(message.task, message.attempt, message.bounds)
})

function begin(given: WorkerInit): void {
  init = given
  shared = new SharedState(init.shared)
  sideFiles = Object.fromEntries(Object.entries(init.plan.sideFiles).map(([name, { path }]) => [name, path]))
}

/** Nothing of a run may be seen by the next one, or take memory until then. */
function rest(): void {
  functions = null
  stage = 0
  forgetStage()
}

function forgetStage(): void {
  closeTables()
  kernels.releaseMemory()
}

async function run(task: TaskSpec, attempt: number, bounds: Uint8Array[] | null): Promise<void> {
  try {
    // The next stage needs its memory for other things.
    if (task.stage !== stage) forgetStage()
    stage = task.stage
    functions ??= await loadFunctions(init.plan)
    send({ type: 'done', result: await runAttempt(task, attempt, bounds, functions) })
  } catch (error) {
    const { name, inputs } = init.plan.stages[task.stage]!
    const known = toRunjobError(fromNative(error)).withWhere({ ...placeOf(init.plan), stage: name, task: task.id })
    const input = 'input' in task ? inputs[task.input] : undefined
    if (inputs.length > 1 && input?.kind === 'files') known.withWhere({ input: input.files })
    send({ type: 'failed', error: known.toJSON() })
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
  // The task that a sample's bad records belong to finds them again.
  const badName = task.kind === 'sample' ? null : quarantineName(task.id, attempt)
  const quarantine = bad && mayHaveBad(task) ? new Quarantine(bad, badName, () => shared.badRecords) : null
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
    files: sideFiles,
    get inputPath() {
      return inputPath
    },
    task: task.id,
    attempt,
    ...checkedCalls(gate, {
      count: (name, by) => counters.add(name, by),
      write: (output, key, value) => env.writeNamed(output, key, value),
    }),
    state,
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
function mayHaveBad(task: TaskSpec): boolean {
  if (task.kind === 'map' || task.kind === 'sample') return true
  if (task.kind === 'merge') return false
  const input = init.plan.stages[task.stage]!.inputs[task.input]!
  return takesRows(input) || input.operators.some(({ op }) => op === 'map' || op === 'elements')
}

/** The user's functions, from the module that workers import. */
async function loadFunctions({ module, params, job }: Plan): Promise<JobFunctions> {
  if (module === null) return noFunctions()
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
      state = await found.setup({ params, files: sideFiles })
    } catch (error) {
      throw userError(error, 'setup')
    }
  }
  return found
}

async function end(): Promise<void> {
  try {
    if (functions?.teardown) await functions.teardown(state)
  } catch (error) {
    send({ type: 'failed', error: userError(error, 'teardown').toJSON() })
  }
  send({ type: 'ended' })
  // Not closed: work that functions left pending may still fail.
  port.unref()
}

function send(message: FromWorker): void {
  port.postMessage(message)
}
