/** A worker thread: runs one task at a time until the run is over. */

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { RunjobError, toRunjobError, userError } from '../../base/errors.js'
import { importModule } from '../../base/packages.js'
import { fromNative, kernels } from '../../kernels/addon.js'
import {
  definitionsIn,
  type JobFunctions,
  type JobModule,
  type JobShape,
  type TaskContext,
} from '../../plan/functions.js'
import type { Plan } from '../../plan/plan.js'
import { placeOf } from '../../plan/stages.js'
import { quarantineName } from '../bad_records.js'
import { SharedState } from '../shared.js'
import type { FromWorker, TaskResult, TaskSpec, ToWorker, WorkerInit } from '../task.js'
import { checkedCalls, type Gate, guarded } from './calls.js'
import { TaskClock } from './clock.js'
import { Counters } from './counters.js'
import { interrupted, newTally, noFunctions, type TaskEnvironment } from './environment.js'
import { closeTables } from './operator/table.js'
import { takesRows } from './pipeline.js'
import { Quarantine } from './quarantine.js'
import { runTask } from './run_task.js'

const SETTLE_MS = 1000

const port = parentPort!
// Set by the first message: the thread may start before there is a plan.
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
  else if (message.type === 'end') void end()
  else void run(message.task, message.attempt, message.bounds)
})

function begin(given: WorkerInit): void {
  init = given
  shared = new SharedState(init.shared)
  sideFiles = Object.fromEntries(Object.entries(init.plan.sideFiles).map(([name, { path }]) => [name, path]))
}

async function run(task: TaskSpec, attempt: number, bounds: Uint8Array[] | null): Promise<void> {
  try {
    // The next stage needs its memory for other things.
    if (task.stage !== stage) {
      closeTables()
      kernels.releaseMemory()
    }
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
  return takesRows(input) || input.operators.some(({ op }) => op === 'map')
}

/**
 * The job's functions. Importing its module runs defineJob, which registers the job; a module that also runs the job never finishes
 * importing here (runJob waits for ever in a worker), and need not.
 */
async function loadFunctions(plan: Plan): Promise<JobFunctions> {
  if (plan.module === null) return noFunctions()
  const job = await importJob(plan.module, plan)
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

/** @throws JOB_LOAD_FAILED; JOB_INVALID if it is not certain that the job found is the job to run */
async function importJob({ path }: { path: string }, plan: Plan): Promise<JobModule> {
  process.setSourceMapsEnabled(true)
  shared.enterFunction(init.slot, 'import')
  const { job: name } = plan
  const url = pathToFileURL(path).href
  let runs = false
  const running = new Promise<void>((resolve) => {
    const stop = () => {
      runs = true
      resolve()
    }
    Object.assign(globalThis, { [Symbol.for('runjob.inWorker')]: stop })
  })
  try {
    await Promise.race([importModule(url), running])
  } catch (error) {
    throw userError(error, 'import')
  }
  const found = definitionsIn(url, name)
  const help =
    'Workers import the module of a job up to its first runJob(). Define the job there once, and pass what varies as params.'
  if (!found) {
    const reason = runs ? `it runs a job before it defines "${name}"` : `importing it defines no job named "${name}"`
    throw new RunjobError('JOB_LOAD_FAILED', { path, reason, help })
  }
  const invalid = (problem: string) => new RunjobError('JOB_INVALID', { job: name, problem, help })
  if (found.count > 1)
    throw invalid(`its module defines ${found.count} jobs of this name, and workers cannot tell which one to run`)
  const { shape, earlier } = init.identity!
  if (runs && earlier > 0)
    throw invalid('its module runs another job of this name before it, and workers find that one')
  const other = found.job.shape(plan.params)
  const part = Object.keys({ ...shape, ...other }).find((one) => !isSame(shape[one], other[one]))
  if (part === undefined) return found.job
  throw invalid(`workers find another job than the given one: its ${part} ${difference(shape[part], other[part])}`)
}

const SHOWN_LENGTH = 60

type Part = JobShape[string] | undefined

function isSame(given: Part, found: Part): boolean {
  if (given && 'source' in given && given.source === null) return found !== undefined && 'source' in found
  return given !== undefined && found !== undefined && textOf(given) === textOf(found)
}

function difference(given: Part, found: Part): string {
  if (given === undefined) return 'was not given'
  if (found === undefined) return 'is missing'
  const [before, now] = [textOf(given), textOf(found)]
  return Math.max(before.length, now.length) > SHOWN_LENGTH ? 'differs' : `is ${now}, and was ${before}`
}

function textOf(part: JobShape[string]): string {
  return 'text' in part ? part.text : (part.source ?? 'a function')
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
