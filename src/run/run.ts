/** Runs a job: from options to a committed output. */

import { isDeepStrictEqual } from 'node:util'
import { RunjobError, toRunjobError } from '../base/errors.js'
import { bytesBelow, fileError, makeFolder, removeTree, writeFileAtomic } from '../base/files.js'
import { now } from '../base/now.js'
import { requireArguments } from '../base/schema.js'
import { isDataset } from '../dataset/dataset.js'
import { checkDisk, estimateDiskBytes } from '../engine/disk.js'
import { type PlanResult, PlanRun } from '../engine/run_plan.js'
import { recoverOutput } from '../io/output/commit.js'
import { removeJournal } from '../io/output/journal.js'
import { readOutput } from '../io/output/read_back.js'
import type { Job } from '../job/define.js'
import { fromNative } from '../kernels/addon.js'
import { isBinary } from '../plan/columns.js'
import { noteAction } from '../plan/made.js'
import { mainSinkOf, placeOf } from '../plan/stages.js'
import { COMMITTED, type RunStart, START, type StartCommand } from '../state/facts.js'
import { clearEarlier, forgetRun, holdsCopies, removeCopies, removeState } from '../state/folder.js'
import { acquireLock } from '../state/lock.js'
import { compareIdentities, JobState, type RunIdentity } from '../state/state.js'
import { identityOf, nameOfRun } from './identity.js'
import { type RunOptions, readOptions, type Settings } from './options.js'
import { checkSink, putInPlace, tellBadRecords } from './output.js'
import { prepare, runnableOf } from './prepare.js'
import type { Prepared } from './prepared.js'
import { type CommittedResult, type RunReport, type RunResult, reportOf, reportOfDone } from './report.js'
import { Copies } from './stdin.js'

/**
 * Runs a job to its end: on return its output is committed, whole. Running twice gives the same bytes.
 *
 * A job with functions of your own must be defined in a module (exported or not): workers import that module again. Put code
 * that must run once elsewhere.
 *
 * @param job from defineJob, or a ready-made job's name, or the path of a job's module
 * @throws RunjobError with a permanent `code`, `hint` and `where`; INTERRUPTED after `signal`, with the state kept
 *
 * @example
 * const result = await runJob('wordcount', { input: 'books/', output: 'counts' })
 * for await (const [word, count] of result.read()) console.log(word, count)
 */
export function runJob<P, K, V>(job: Job<P, K, V> | string, options: RunOptions<P>): Promise<RunResult<K, V>>
export async function runJob(...args: unknown[]): Promise<RunResult> {
  if (isInWorker()) return new Promise(() => {})
  requireArguments('runJob', 2, args, 'OPTION_INVALID')
  return runAny(args[0], args[1])
}

/** A worker imports the module that defines its job; if that module also runs the job, it stops there. */
export function isInWorker(): boolean {
  const inWorker = (globalThis as Record<symbol, unknown>)[Symbol.for('runjob.inWorker')]
  if (typeof inWorker === 'function') inWorker()
  return typeof inWorker === 'function'
}

/** Runs a job or a dataset. Only the records of a job can be read back by `read`. */
export async function runAny(given: unknown, options: unknown): Promise<RunResult> {
  const startedMs = now()
  noteAction()
  const settings = readOptions(options)
  let report: RunReport | undefined
  try {
    const found = await runnableOf(given, settings)
    // Loaded only for datasets: jobs start without their code.
    if (isDataset(found) && (await import('./in_place.js')).wasDoneInPlace(found, settings)) {
      settings.onNote(DONE_BEFORE)
      report = reportOfDone(found, settings, startedMs)
      return { ...report, read: () => refuseRead() }
    }
    const prepared = await prepare(found, settings, new Copies(settings))
    await settings.onPrepared?.(prepared)
    // As asked for, because a plan does not say what JavaScript gets.
    settings.onColumns?.(prepared.logical?.[0]?.asked.columns ?? [])
    const result = await runPrepared(prepared, settings)
    report = reportOf(prepared, settings, startedMs, result)
    return {
      ...report,
      read: () => {
        const { format, record, compress } = mainSinkOf(prepared.plan)
        if (prepared.logical === null && !isBinary(format)) return readOutput(settings.output, format, record, compress)
        return refuseRead()
      },
    }
  } catch (error) {
    throw toRunjobError(fromNative(error))
  } finally {
    if (!report || report.skipped) removeCopies(settings.folder)
  }
}

const DONE_BEFORE = 'the output was in place already: this run was cut off after its commit'

function refuseRead(): never {
  throw new RunjobError('DATASET_INVALID', {
    problem: 'read() is for the records of a job, in formats of text',
    hint: 'Read the output of a dataset, or Parquet, as a data frame: read(parquet(), path).',
  })
}

/** @returns null: nothing to do */
async function runPrepared(prepared: Prepared, settings: Settings): Promise<CommittedResult | null> {
  const { plan } = prepared
  const { folder } = settings
  if ((await checkSink(prepared, settings)) === 'skip') return null
  const lock = acquireLock(folder.path)
  try {
    const identity = identityOf(prepared, settings)
    if (wasCommitted(nameOfRun(prepared, identity), settings)) {
      removeTree(folder.path)
      settings.onNote(DONE_BEFORE)
      return null
    }
    const result = await runPlan(prepared, settings, identity)
    if (!settings.keepState) removeState(folder.path)
    for (const note of result.flow.notes) settings.onNote(note)
    return result
  } catch (error) {
    throw withoutList(inOurWords(error, settings), settings).withWhere(placeOf(plan))
  } finally {
    lock.release()
  }
}

/** Finishes or undoes a commit that was cut off. Returns whether it was this run's, and is done. */
function wasCommitted(run: string, { output, folder, fresh }: Settings): boolean {
  const committed = recoverOutput(output)
  if (committed !== null) clearEarlier(folder)
  return committed !== null && !fresh && committed === run
}

/** From the first task to the commit. */
async function runPlan(prepared: Prepared, settings: Settings, identity: RunIdentity): Promise<CommittedResult> {
  // Starts the first worker, which comes up while the state is opened.
  const run = startPlan(prepared, settings, identity)
  let state: JobState | undefined
  let isOver = false
  try {
    let result: PlanResult
    try {
      state = openState(settings, identity)
      makeReady(prepared, settings, state)
      result = await run.run(state)
    } finally {
      // Before the commit: a teardown may fail, or a late error come in.
      await run.end()
    }
    const changed = await putInPlace(prepared, settings, result, nameOfRun(prepared, identity))
    // A kept state is for people: no run continues it.
    if (settings.keepState) {
      state.put(COMMITTED, true)
      removeJournal(settings.folder.path)
    }
    return { ...result, changed }
  } catch (error) {
    isOver = state !== undefined && cannotGoOn(inOurWords(error, settings), prepared, settings)
    throw error
  } finally {
    state?.close()
    if (isOver) forget(settings)
  }
}

function startPlan({ plan, identity, files, inputs }: Prepared, settings: Settings, run: RunIdentity): PlanRun {
  const { folder, badLimit } = settings
  return new PlanRun({
    plan,
    planHash: run.fingerprint,
    identity,
    files,
    inputs,
    workers: settings.workers,
    memoryBytes: settings.memoryBytes,
    partitions: settings.partitions,
    top: settings.top,
    profile: settings.profile,
    runsDir: folder.runs,
    attemptsDir: folder.attempts,
    partsDir: folder.parts,
    keepRuns: settings.keepState,
    retries: settings.retries,
    taskTimeoutMs: settings.taskTimeoutMs,
    speculate: settings.speculate,
    tuning: settings.tuning,
    badRecords: badLimit && { limit: badLimit, dir: folder.quarantine, path: folder.badRecords },
    signal: settings.signal,
    onProgress: settings.onProgress,
    onNote: settings.onNote,
    onResume: settings.onResume,
  })
}

/**
 * The state of an earlier, unfinished run of the same job on the same input, or a new one.
 *
 * @throws STATE_MISMATCH, naming what changed
 */
function openState(settings: Settings, identity: RunIdentity): JobState {
  const { folder, fresh, onNote, output, command } = settings
  if (fresh) clearEarlier(folder)
  let state = JobState.open(folder.path, onNote)
  const found = state.identity()
  const readCopies = found && Object.values(found.manifest).some((files) => holdsCopies(files, folder.path))
  if (state.get(COMMITTED) || readCopies) {
    state.close()
    clearEarlier(folder)
    state = JobState.open(folder.path)
  }
  const before = state.identity()
  if (!before) {
    state.begin(identity)
    return state
  }
  const changes = compareIdentities(before, identity)
  if (changes.length > 0) {
    const earlier = state.get<RunStart>(START)?.command ?? null
    state.close()
    throw new RunjobError('STATE_MISMATCH', { path: output, changes, command: command && sameness(command, earlier) })
  }
  return state
}

/** Whether the command that an unfinished run had is this one: `runjob resume` repeats that. */
function sameness(command: StartCommand, earlier: StartCommand | null): 'same' | 'other' {
  return isDeepStrictEqual(command, earlier) ? 'same' : 'other'
}

/** @throws DISK_TOO_SMALL */
function makeReady({ plan, code, files }: Prepared, { folder, diskCheck, command }: Settings, state: JobState): void {
  if (diskCheck) checkDisk(folder.path, estimateDiskBytes(plan, files), bytesBelow(folder.path))
  state.put(START, { startedAt: new Date().toISOString(), command } satisfies RunStart)
  makeFolder(folder.runs)
  makeFolder(folder.parts)
  if (code && 'text' in code.module) writeFileAtomic(folder.module, code.module.text, false)
}

/** Whether later runs must not continue this one. */
function cannotGoOn({ code, params }: RunjobError, { files }: Prepared, { folder }: Settings): boolean {
  // Finished tasks may lack what came late.
  if (code === 'EMIT_LATE' || params.late === true) return true
  // Copies cannot be read again. The list of bad records stays for people.
  return holdsCopies(files, folder.path) && code !== 'TOO_MANY_BAD_RECORDS'
}

function forget({ output }: Settings): void {
  try {
    forgetRun(output)
  } catch {
    // The next run removes it.
  }
}

/** Where nothing stays on disk, the first bad records are told. */
function withoutList(error: RunjobError, { onRecords, folder, onNote }: Settings): RunjobError {
  if (error.code !== 'TOO_MANY_BAD_RECORDS' || onRecords === null) return error
  tellBadRecords([folder.badRecords], onNote)
  return error.withParams({ path: null })
}

function inOurWords(error: unknown, { output }: Settings): RunjobError {
  return toRunjobError(fileError(fromNative(error), output, 'write'))
}
