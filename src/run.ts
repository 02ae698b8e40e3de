/** Running a job: from what the user gave to a committed output. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { RunjobError, toRunjobError } from './base/errors.js'
import { concatFiles, fileError, makeFolder, removeTree, writeFileAtomic } from './base/files.js'
import { availableCores, availableMemoryBytes } from './base/limits.js'
import { packageVersion } from './base/packages.js'
import { parseBytes, parseDuration } from './base/units.js'
import { parseBadLimit } from './engine/bad_records.js'
import { checkDisk, estimateDiskBytes } from './engine/disk.js'
import type { Tuning } from './engine/planner.js'
import type { Progress, ResumedStage, StageReport, TaskProfile } from './engine/report.js'
import { type PlanResult, PlanRun } from './engine/run_plan.js'
import type { PartEntry } from './engine/task.js'
import {
  clearState,
  commitOutput,
  type OutputMode,
  prepareOutput,
  QUARANTINE,
  recoverOutput,
  removeJournal,
  removeState,
  resolveOutput,
  stateDirOf,
} from './io/commit.js'
import { readHeader } from './io/header.js'
import { expandInputs, type InputFile, spoolStdin } from './io/inputs.js'
import { acquireLock, refuseHeld } from './io/lock.js'
import { readOutput } from './io/outputs.js'
import { bytesBelow, COMMITTED, type RunStart, readsStdin, START, type StartCommand } from './io/run_status.js'
import { compareIdentities, JobState, type RunIdentity } from './io/state.js'
import type { AnyBody, AnyJob, Job } from './job/define.js'
import { codeOf, type JobCode, loadJob } from './job/load.js'
import { lowerJob } from './job/lower.js'
import { resolveParams } from './job/params.js'
import { fromNative } from './kernels/index.js'
import type { Format, ParamValue, Plan, Sink } from './plan/plan.js'

export type { Progress, ResumedStage, StageReport, TaskProfile } from './engine/report.js'
export type { OutputMode } from './io/commit.js'

/** Where a job reads: a file, folder or glob, `-` for standard input; several; or by name for a job with several inputs. */
export type InputPaths = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>

/** The command line that a run was started by. */
export const COMMAND: unique symbol = Symbol.for('runjob.command')

export const TUNING: unique symbol = Symbol.for('runjob.tuning')

export interface RunOptions<P = Record<string, ParamValue | undefined>> {
  input: InputPaths
  /** The folder to create. */
  output: string
  /** Values of the job's parameters. */
  params?: P
  /** Threads; by default one a core. */
  workers?: number
  /** Cap on the memory that all workers use together: bytes, or text such as '512MB'. By default 60 % of what there is. */
  memory?: number | string
  /** Number of partitions, where the job does not fix it; by default one for every 64 MiB of input. */
  partitions?: number
  /**
   * Bad records to pass over: a number, or a share such as '0.5%' of all that the map of a step is given. They are listed in the output's
   * `_quarantine.jsonl`. By default the first one ends the run.
   */
  maxBad?: number | string
  /** What to do if the output exists; `error` by default. */
  mode?: OutputMode
  /** Keep the state folder, with its runs, after success. */
  keepState?: boolean
  /** Look whether the disk has about as much room as the run will need, before it begins; true by default. */
  diskCheck?: boolean
  /** Throw away what an earlier, unfinished run left. */
  fresh?: boolean
  /** Further attempts of a task that failed, where that may help; 2 by default, so three attempts in all. */
  retries?: number
  /**
   * Longest time that one attempt of a task may take: milliseconds, or text such as '10min'. A worker that takes longer is ended, and the
   * attempt has failed. No limit by default.
   */
  taskTimeout?: number | string
  /** Start a second attempt of a task that takes much longer for its size than the others, once a worker is idle; the first to finish counts. */
  speculate?: boolean
  /** Find the N records with the largest number, for `top` of the result. */
  top?: number
  /** Tell of every task where its time went. */
  profile?: boolean
  signal?: AbortSignal
  /** Called about ten times a second. What it throws ends the run with USER_ERROR. */
  onProgress?: (progress: Progress) => void
  /** Told, in a sentence, what went wrong and could be helped: a state that cannot be used, runs that were damaged. */
  onNote?: (note: string) => void
  /** Called before a stage goes on of which an earlier run has done something. */
  onResume?: (done: ResumedStage) => void
  /** For the command line. */
  [COMMAND]?: StartCommand
  /** For runjob's own tests. */
  [TUNING]?: Tuning
}

export interface RunReport {
  job: string
  /** Absolute path of the output folder. */
  output: string
  elapsedMs: number
  /** Of the whole process. */
  peakRssBytes: number
  counters: Record<string, number>
  stages: StageReport[]
  /** Tasks that an earlier run had finished. */
  resumedTasks: number
  /** Tasks that ran again because the runs they had written were damaged or gone. */
  redoneTasks: number
  /** Bad records that were passed over, and the file that lists them. */
  recordsQuarantined: number
  quarantine: string | null
  /** Nothing was run: the output was there, and mode is `ignore`; or this run had put it there before it was cut off. */
  skipped: boolean
  top: { key: string; number: number }[]
  /** Every task and where its time went. Only with `profile`. */
  profile?: TaskProfile[]
}

export interface RunResult<K = unknown, V = unknown> extends RunReport {
  /** The output's records, part by part. */
  read(): AsyncIterableIterator<[key: K, value: V]>
}

const DEFAULT_MEMORY_SHARE = 0.6
const DEFAULT_RETRIES = 2

/**
 * Runs a job to its end: on return its output is committed, whole. Running twice gives the same bytes.
 *
 * A job with functions of your own must be defined in a module (exported or not): workers import that module again. Keep what
 * must happen once out of it, or in a module of its own.
 *
 * @param job from defineJob, or a ready-made job's name, or the path of a job's module
 * @throws RunjobError with a permanent `code`, `hint` and `where`; INTERRUPTED after `signal`, with the state kept
 *
 * @example
 * const result = await runJob('wordcount', { input: 'books/', output: 'counts' })
 * for await (const [word, count] of result.read()) console.log(word, count)
 */
export async function runJob<P, K, V>(job: Job<P, K, V> | string, options: RunOptions<P>): Promise<RunResult<K, V>> {
  // A worker imports the module that defines its job; if that module also runs the job, it stops here.
  const inWorker = (globalThis as Record<symbol, unknown>)[Symbol.for('runjob.inWorker')]
  if (typeof inWorker === 'function') {
    inWorker()
    return new Promise(() => {})
  }
  const started = performance.now()
  let prepared: Prepared
  let report: RunReport | undefined
  try {
    prepared = await prepare(job as AnyJob | string, options as RunOptions, true)
    report = await execute(prepared, options as RunOptions, started)
  } catch (error) {
    throw toRunjobError(fromNative(error))
  } finally {
    if (!report || report.skipped) removeSpooled(options.output)
  }
  const { output } = prepared
  const sink = sinkOf(prepared.plan)
  return {
    ...report,
    read: () => readOutput(output, sink.format, sink.record) as AsyncIterableIterator<[K, V]>,
  }
}

/** The plan that runJob would run. Reads no more than the inputs' names and header rows. */
export async function explainJob<P>(job: Job<P, unknown, unknown> | string, options: RunOptions<P>): Promise<Plan> {
  return (await prepare(job as AnyJob | string, options as RunOptions, false)).plan
}

/** Standard input cannot be read again, so a run that reads it continues no other. */
const STDIN = `stdin-${process.pid}`

interface Prepared {
  plan: Plan
  code: JobCode | null
  files: InputFile[]
  inputs: Map<string, number[]>
  output: string
  stateDir: string
}

async function prepare(jobOrName: AnyJob | string, options: RunOptions, forReal: boolean): Promise<Prepared> {
  const cwd = process.cwd()
  checkOptions(options)
  const job = typeof jobOrName === 'string' ? await loadJob(jobOrName, cwd) : jobOrName
  const params = resolveParams(job.params, options.params ?? {})
  const body = job.body(params)
  const output = resolveOutput(options.output, cwd)
  const stateDir = stateDirOf(output)
  const { files, inputs } = await listInputs(job, options, stateDir, forReal)

  const columnsOf = async (input: string, format: Format): Promise<string[]> => {
    if (format.kind !== 'csv') return []
    if (format.columns) return format.columns
    const first = inputs
      .get(input)
      ?.map((n) => files[n]!)
      .find((file) => file.sizeBytes > 0)
    if (!first)
      throw new RunjobError('HEADER_MISSING', { path: pathsOf(options.input, job, input)[0], reason: 'it is empty' })
    return readHeader(first, format)
  }
  const lowered = await lowerJob({ job: job.name, body, columnsOf })
  const code = usesFunctions(lowered.stages) ? await codeOf(job) : null
  const plan: Plan = {
    ...lowered,
    module: code && { path: 'path' in code.module ? code.module.path : join(stateDir, 'job.mjs'), hash: code.hash },
    params,
    sideFiles: sideFiles(body, cwd),
  }
  return { plan, code, files, inputs, output, stateDir }
}

async function execute(prepared: Prepared, options: RunOptions, started: number): Promise<RunReport> {
  const { plan, files, output, stateDir } = prepared
  const mode = options.mode ?? 'error'
  const report = (more: Partial<RunReport>): RunReport => ({
    job: plan.job,
    output,
    elapsedMs: performance.now() - started,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    counters: {},
    stages: [],
    resumedTasks: 0,
    redoneTasks: 0,
    recordsQuarantined: 0,
    quarantine: null,
    skipped: false,
    top: [],
    ...more,
  })
  if (
    prepareOutput(
      output,
      mode,
      files.map((file) => file.path),
    ) === 'skip'
  )
    return report({ skipped: true })

  const lock = acquireLock(stateDir)
  let state: JobState | undefined
  try {
    const planHash = fingerprint(plan)
    const identity = identityOf(prepared, options, planHash)
    const thisRun = sha256(JSON.stringify(identity))
    const committed = recoverOutput(output)
    if (committed !== null) clearState(stateDir, [STDIN])
    if (committed === thisRun && !options.fresh) {
      removeTree(stateDir)
      options.onNote?.('the output was in place already: this run was cut off behind its commit')
      return report({ skipped: true })
    }
    const runsDir = join(stateDir, 'runs')
    const partsDir = join(stateDir, 'output')
    const quarantineDir = join(stateDir, 'quarantine')
    const limit = parseBadLimit(options.maxBad ?? 0)
    const run = new PlanRun({
      plan,
      planHash,
      files,
      inputs: prepared.inputs,
      workers: options.workers ?? availableCores(),
      memoryBytes:
        options.memory === undefined ? availableMemoryBytes() * DEFAULT_MEMORY_SHARE : parseBytes(options.memory),
      partitions: options.partitions ?? null,
      top: options.top ?? 0,
      runsDir,
      attemptsDir: join(stateDir, 'attempts'),
      partsDir,
      keepRuns: options.keepState ?? false,
      retries: options.retries ?? DEFAULT_RETRIES,
      taskTimeoutMs: options.taskTimeout === undefined ? null : parseDuration(options.taskTimeout),
      speculate: options.speculate ?? false,
      tuning: options[TUNING] ?? {},
      badRecords: limit && { limit, dir: quarantineDir, path: join(stateDir, QUARANTINE) },
      signal: options.signal,
      onProgress: options.onProgress,
      onNote: options.onNote,
      onResume: options.onResume,
    })
    let result: PlanResult
    try {
      state = await openState(prepared, options, identity)
      if (options.diskCheck !== false) checkDisk(stateDir, estimateDiskBytes(plan, files), bytesBelow(stateDir))
      state.put(START, { startedAt: new Date().toISOString(), command: options[COMMAND] ?? null } satisfies RunStart)
      makeFolder(runsDir)
      makeFolder(partsDir)
      const { code } = prepared
      if (code && 'text' in code.module) writeFileAtomic(plan.module!.path, code.module.text, false)
      result = await run.run(state)
      keepOnly(partsDir, result.parts)
      if (result.quarantine.length > 0) {
        concatFiles(
          join(partsDir, QUARANTINE),
          result.quarantine.map((name) => join(quarantineDir, name)),
        )
      }
      commitOutput(partsDir, output, mode, thisRun)
      // What is kept of this state is for people to look at: no run continues it.
      if (options.keepState) {
        state.put(COMMITTED, true)
        removeJournal(stateDir)
      }
    } finally {
      await run.end()
      state?.close()
    }
    if (!options.keepState) removeState(stateDir)
    return report({
      counters: { ...result.counters },
      stages: result.stages,
      resumedTasks: result.resumedTasks,
      redoneTasks: result.redoneTasks,
      recordsQuarantined: result.stages.reduce((sum, stage) => sum + stage.recordsQuarantined, 0),
      quarantine: result.quarantine.length > 0 ? join(output, QUARANTINE) : null,
      top: result.top,
      ...(options.profile ? { profile: result.tasks } : {}),
    })
  } catch (error) {
    const failure = toRunjobError(fileError(fromNative(error), output, 'write')).withWhere({ job: plan.job })
    // The list of bad records is for people to look at.
    if (state && readsStdin(files, stateDir) && failure.code !== 'TOO_MANY_BAD_RECORDS') forget(output, stateDir)
    throw failure
  } finally {
    lock.release()
  }
}

function checkOptions(options: RunOptions): void {
  const whole = (name: 'workers' | 'partitions' | 'top' | 'retries', least: number, most: number) => {
    const value = options[name]
    if (value === undefined) return
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RunjobError('OPTION_INVALID', {
        name,
        value,
        problem: `a whole number from ${least} to ${most} is expected`,
      })
    }
  }
  whole('workers', 1, 1024)
  whole('partitions', 1, 65_536)
  whole('top', 0, 1_000_000)
  whole('retries', 0, 1000)
  if (options.mode !== undefined && !['error', 'overwrite', 'ignore', 'append'].includes(options.mode)) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'mode',
      value: options.mode,
      problem: 'expected error, overwrite, ignore or append',
    })
  }
  if (typeof options.output !== 'string' || options.output === '') {
    throw new RunjobError('OPTION_INVALID', {
      name: 'output',
      value: options.output,
      problem: 'the path of a folder is expected',
    })
  }
  if (options.memory !== undefined) parseBytes(options.memory)
  if (options.taskTimeout !== undefined) parseDuration(options.taskTimeout)
  if (options.maxBad !== undefined) parseBadLimit(options.maxBad)
}

function usesFunctions(stages: Plan['stages']): boolean {
  return JSON.stringify(stages).includes('"role":')
}

function pathsOf(input: InputPaths, job: AnyJob, name: string): string[] {
  const own =
    typeof input === 'string' || Array.isArray(input) ? input : (input as Record<string, string | string[]>)[name]
  if (own === undefined || own.length === 0)
    throw new RunjobError('PARAM_MISSING', { name, describe: `an input of ${job.name}` })
  return typeof own === 'string' ? [own] : [...own]
}

/** All input files, numbered, and which of them belong to which input. Standard input becomes a file in the state folder. */
async function listInputs(
  job: AnyJob,
  options: RunOptions,
  stateDir: string,
  forReal: boolean,
): Promise<Pick<Prepared, 'files' | 'inputs'>> {
  const files: InputFile[] = []
  const inputs = new Map<string, number[]>()
  const { input } = options
  if (job.inputNames.length > 1 && (typeof input === 'string' || Array.isArray(input))) {
    throw new RunjobError('OPTION_INVALID', {
      name: 'input',
      value: input,
      problem: `${job.name} has the inputs ${job.inputNames.join(' and ')}: give an object with a path for each`,
    })
  }
  for (const name of job.inputNames) {
    const paths: string[] = []
    for (const path of pathsOf(input, job, name)) {
      if (path !== '-') paths.push(path)
      else if (forReal) paths.push(await spooledStdin(stateDir, options))
    }
    const own = expandInputs(paths, process.cwd())
    inputs.set(
      name,
      own.map((file) => files.push(file) - 1),
    )
  }
  return { files, inputs }
}

/** @throws OUTPUT_BUSY, OUTPUT_EXISTS and what else would refuse the run, before anything is read: that may take hours */
async function spooledStdin(stateDir: string, { output, mode = 'error', signal }: RunOptions): Promise<string> {
  prepareOutput(resolveOutput(output, process.cwd()), mode)
  makeFolder(stateDir)
  refuseHeld(stateDir)
  const path = join(stateDir, STDIN)
  try {
    await spoolStdin(process.stdin, path, signal)
  } catch (error) {
    removeIfEmpty(stateDir)
    throw error
  }
  return path
}

/** Of a run that did not begin, or had nothing to do: the copy of its standard input, and the folder if that is all there was. */
function removeSpooled(output: unknown): void {
  if (typeof output !== 'string') return
  try {
    const stateDir = stateDirOf(resolveOutput(output, process.cwd()))
    rmSync(join(stateDir, STDIN))
    removeIfEmpty(stateDir)
  } catch {
    // There is none. Whatever the run failed with is worth more than this.
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // An earlier run left something there.
  }
}

/** Removes what a run left that none can continue. */
function forget(output: string, stateDir: string): void {
  try {
    // The old output may be in there.
    recoverOutput(output)
    removeState(stateDir)
  } catch {
    // It is the next run's to remove.
  }
}

function sideFiles(body: AnyBody, cwd: string): Plan['sideFiles'] {
  return Object.fromEntries(
    Object.entries(body.files ?? {}).map(([name, file]) => {
      const path = resolve(cwd, file)
      if (!existsSync(path)) throw new RunjobError('INPUT_NOT_FOUND', { path: file, cwd })
      return [name, { path, hash: sha256(readFileSync(path)) }]
    }),
  )
}

/**
 * The state of an earlier, unfinished run of the same job on the same input, or a new one.
 *
 * @throws STATE_MISMATCH, naming what changed
 */
async function openState(
  { output, stateDir }: Prepared,
  options: RunOptions,
  identity: RunIdentity,
): Promise<JobState> {
  if (options.fresh) clearState(stateDir, [STDIN])
  let state = JobState.open(stateDir, options.onNote)
  const found = state.identity()
  if (state.get(COMMITTED) || (found && Object.values(found.manifest).some((read) => readsStdin(read, stateDir)))) {
    state.close()
    clearState(stateDir, [STDIN])
    state = JobState.open(stateDir)
  }
  const before = state.identity()
  if (!before) {
    state.begin(identity)
    return state
  }
  const changes = compareIdentities(before, identity)
  if (changes.length > 0) {
    state.close()
    throw new RunjobError('STATE_MISMATCH', { path: output, changes })
  }
  return state
}

/** What a run must have in common with an earlier one to be the same. */
function identityOf({ plan, files, inputs }: Prepared, options: RunOptions, fingerprint: string): RunIdentity {
  const manifest = Object.fromEntries([...inputs].map(([name, numbers]) => [name, numbers.map((n) => files[n]!)]))
  // Which words there are, and how they are lowered, is what the engine's Unicode says.
  const versions = { runjob: packageVersion(), Unicode: process.versions.unicode ?? null }
  return { plan, fingerprint, versions, options: { partitions: options.partitions ?? null }, manifest }
}

/** Of the whole plan, the code of its functions included, wherever that lies. */
function fingerprint({ module, ...plan }: Plan): string {
  return sha256(JSON.stringify({ ...plan, code: module?.hash ?? null }))
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function sinkOf(plan: Plan): Sink {
  const target = plan.stages.at(-1)!.target
  if (target.kind !== 'sink') throw new RunjobError('INTERNAL', { detail: 'the last stage has no sink' })
  return target
}

/** Part files of attempts that did not count have no place in the output. */
function keepOnly(partsDir: string, parts: PartEntry[]): void {
  const wanted = new Set(parts.map((part) => part.name))
  for (const entry of readdirSync(partsDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !wanted.has(relative(partsDir, path))) rmSync(path)
  }
}
