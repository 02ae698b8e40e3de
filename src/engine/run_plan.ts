/**
 * Runs a plan on this machine: stage by stage, task by task, attempt by attempt. The main thread plans, hands out and keeps the books; it
 * touches no record.
 */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RunjobError, toRunjobError } from '../base/errors.js'
import { concatFiles } from '../base/files.js'
import type { InputFile } from '../io/inputs.js'
import type { Exchange, Plan, Stage } from '../plan/plan.js'
import { type BadRecordsInit, overLimit, quarantineName } from './bad_records.js'
import type { WorkTimes } from './clock.js'
import {
  needsSample,
  planBudget,
  planMapTasks,
  planMergeTasks,
  planPartitions,
  planReduceTasks,
  planSampleTasks,
  rangeBounds,
  type Tuning,
  usesFunctions,
} from './planner.js'
import { WorkerPool } from './pool.js'
import { SharedProgress } from './shared.js'
import type { PartEntry, RunEntry, TaskResult, TaskSpec } from './task.js'

/** Attempts of one task, the first included. */
const MAX_ATTEMPTS = 3
const PROGRESS_INTERVAL_MS = 100

/** Where finished tasks are remembered, so that a later run can go on from them. */
export interface Checkpoint {
  finishedTasks<Result>(): Map<string, Result>
  /** One transaction: afterwards the task is done, before it is not. */
  finishTask(id: string, attempt: number, result: unknown): void
  get<T>(name: string): T | undefined
  put(name: string, value: unknown): void
}

/** In a checkpoint: partitions of each stage's exchange; `tasks 0`: the tasks of stage 0; `stage 0`: all that is left of it. */
const PARTITIONS = 'partitions'

/** Before run() has been given one. */
const NO_CHECKPOINT: Checkpoint = {
  finishedTasks: () => new Map(),
  finishTask: () => {},
  get: () => undefined,
  put: () => {},
}

/** A stage that is over: what is left of it are its runs or parts. */
interface FinishedStage {
  report: StageReport
  results: TaskResult[]
}

export interface Progress {
  stage: string
  stageIndex: number
  stageCount: number
  tasksDone: number
  tasks: number
  bytesDone: number
  bytes: number
  records: number
  spillBytes: number
  elapsedMs: number
}

/** What an earlier run has done of a stage. */
export interface ResumedStage {
  stage: string
  tasksDone: number
  tasks: number
}

export interface StageReport {
  name: string
  tasks: number
  recordsIn: number
  recordsOut: number
  bytesIn: number
  bytesOut: number
  spills: number
  spillBytes: number
  /** Bad records that were passed over; they count as recordsIn. */
  recordsQuarantined: number
  elapsedMs: number
}

export interface RunPlanOptions {
  plan: Plan
  planHash: string
  files: InputFile[]
  /** Input name -> indexes into `files`. */
  inputs: Map<string, number[]>
  workers: number
  memoryBytes: number
  partitions: number | null
  top: number
  runsDir: string
  partsDir: string
  /** Leave run files where they are. */
  keepRuns: boolean
  tuning: Tuning
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
  /** Called for each stage of which an earlier run has done something. */
  onResume?: ((done: ResumedStage) => void) | undefined
}

/** One task of a run, for `--profile`. */
export interface TaskProfile {
  stage: string
  task: string
  attempt: number
  worker: number
  /** Milliseconds since the epoch. */
  startedAt: number
  elapsedMs: number
  /** Milliseconds by kind of work; they add up to `elapsedMs`. */
  times: WorkTimes
  recordsIn: number
  recordsOut: number
  /** Records in the runs it wrote: fewer than `recordsOut` where combining paid. */
  recordsSpilled: number
  bytesIn: number
  bytesOut: number
  spillBytes: number
}

export interface PlanResult {
  tasks: TaskProfile[]
  stages: StageReport[]
  counters: Record<string, number>
  top: { key: string; number: number }[]
  parts: PartEntry[]
  /** Files of bad records, in the order of the input. */
  quarantine: string[]
  /** Tasks that an earlier run had finished. */
  resumedTasks: number
}

/**
 * One run of a plan. Making it starts a first worker thread, which takes as long to come up as the caller needs to open the job's state.
 */
export class PlanRun {
  readonly #options: RunPlanOptions
  readonly #partitions: number[]
  readonly #shared: SharedProgress
  readonly #pool: WorkerPool
  #checkpoint: Checkpoint = NO_CHECKPOINT
  #finished = new Map<string, TaskResult>()
  /** Index of the last stage whose results are all there, -1 if none is. */
  #lastFinished = -1
  readonly #started = performance.now()
  #aborted = false
  #succeeded = false
  #resumed = 0
  /** Quarantine file of the attempt that went over the limit. */
  #overLimitIn: string | null = null

  constructor(options: RunPlanOptions) {
    const { plan, files } = options
    this.#options = options
    this.#partitions = planPartitions(plan, files, options.partitions)
    const budget = planBudget(options.memoryBytes, options.workers, usesFunctions(plan), options.tuning)
    this.#shared = new SharedProgress(budget.workers)
    this.#pool = new WorkerPool(budget.workers, (slot) => ({
      plan,
      planHash: options.planHash,
      files,
      runsDir: options.runsDir,
      partsDir: options.partsDir,
      budget: budget.worker,
      partitions: this.#partitions,
      top: options.top,
      slot,
      shared: this.#shared.buffer,
      badRecords: options.badRecords,
    }))
    this.#pool.warm()
  }

  /**
   * Runs all stages that the checkpoint does not have yet. Call once.
   *
   * @throws what a task failed with for good; INTERRUPTED
   */
  async run(checkpoint: Checkpoint): Promise<PlanResult> {
    this.#checkpoint = checkpoint
    this.#finished = usableTasks(checkpoint, this.#options)
    this.#lastFinished = lastFinishedStage(checkpoint, this.#options)
    const { plan, signal } = this.#options
    if (checkpoint.get(PARTITIONS) === undefined) checkpoint.put(PARTITIONS, this.#partitions)
    const onAbort = () => this.#abort()
    signal?.addEventListener('abort', onAbort)
    try {
      if (signal?.aborted) throw new RunjobError('INTERRUPTED')
      const result: PlanResult = {
        tasks: [],
        stages: [],
        counters: Object.create(null),
        top: [],
        parts: [],
        quarantine: [],
        resumedTasks: 0,
      }
      let runs: RunEntry[] = []
      for (const [index, stage] of plan.stages.entries()) {
        const { report, results } = await this.#runStageOnce(stage, index, runs)
        runs = results.flatMap((task) => task.runs)
        if (!this.#options.keepRuns) this.#removeRunsBut(runs)
        result.stages.push(report)
        result.tasks.push(...results.map((task) => taskProfile(stage.name, task)))
        result.quarantine.push(...results.flatMap((task) => task.quarantine?.name ?? []))
        result.parts = results.flatMap((task) => task.parts)
        for (const task of results) {
          for (const [name, by] of Object.entries(task.counters))
            result.counters[name] = (result.counters[name] ?? 0) + by
        }
        result.top = mergeTop(results, this.#options.top)
      }
      result.resumedTasks = this.#resumed
      this.#succeeded = true
      return result
    } catch (error) {
      const { badRecords } = this.#options
      const isOver = error instanceof RunjobError && error.code === 'TOO_MANY_BAD_RECORDS'
      if (badRecords && isOver) this.#gatherBadRecords(badRecords)
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Ends the workers: gently after success, at once otherwise. Call it in any case. */
  async end(): Promise<void> {
    if (this.#succeeded) await this.#pool.close()
    else {
      this.#shared.requestStop()
      await this.#pool.abort()
    }
  }

  /** A stage that an earlier run finished is not run again: the runs that it read may be gone. */
  async #runStageOnce(stage: Stage, index: number, runsIn: RunEntry[]): Promise<FinishedStage> {
    const checkpoint = this.#checkpoint
    const known = index <= this.#lastFinished ? checkpoint.get<FinishedStage>(`stage ${index}`) : undefined
    if (known) {
      const tasks = known.results.length
      this.#resumed += tasks
      this.#options.onResume?.({ stage: stage.name, tasksDone: tasks, tasks })
      return known
    }
    const finished = await this.#runStage(stage, index, runsIn)
    checkpoint.put(`stage ${index}`, finished)
    return finished
  }

  async #runStage(stage: Stage, index: number, runsIn: RunEntry[]): Promise<FinishedStage> {
    const started = performance.now()
    const reader = stage.sources[0]!
    const results =
      reader.kind === 'files' ? await this.#runMapStage(stage, index) : await this.#runReduceStage(stage, index, runsIn)
    const sum = (of: (task: TaskResult) => number) => results.reduce((total, task) => total + of(task), 0)
    const report: StageReport = {
      name: stage.name,
      tasks: results.length,
      recordsIn: sum((task) => task.recordsIn),
      recordsOut: sum((task) => task.recordsOut),
      bytesIn: sum((task) => task.bytesIn),
      bytesOut: sum((task) => task.bytesOut),
      spills: sum((task) => task.runs.length),
      spillBytes: sum((task) => task.runs.reduce((bytes, run) => bytes + run.fileBytes, 0)),
      recordsQuarantined: sum((task) => task.recordsQuarantined),
      elapsedMs: performance.now() - started,
    }
    this.#checkBadRecords(report.recordsQuarantined, report.recordsIn)
    return { report, results }
  }

  /** @throws TOO_MANY_BAD_RECORDS; `records`: of a stage that is over, null before */
  #checkBadRecords(bad: number, records: number | null): void {
    const { badRecords } = this.#options
    const over = badRecords && overLimit(badRecords.limit, bad, records, badRecords.path)
    if (over) throw over
  }

  /** A task is done, and where it began is certain. */
  #countBadRecords({ recordsQuarantined }: TaskResult): void {
    if (recordsQuarantined === 0) return
    this.#shared.addBadRecords(recordsQuarantined)
    this.#checkBadRecords(this.#shared.badRecords, null)
  }

  /** What is known of the bad records of a run that fails because of them. */
  #gatherBadRecords(badRecords: BadRecordsInit): void {
    const names = [...this.#finished.values()].flatMap((task) => task.quarantine?.name ?? [])
    if (this.#overLimitIn !== null) names.push(this.#overLimitIn)
    concatFiles(
      badRecords.path,
      names.sort().map((name) => join(badRecords.dir, name)),
    )
  }

  async #runMapStage(stage: Stage, index: number): Promise<TaskResult[]> {
    const tasks = this.#mapTasks(stage, index)
    const bounds = await this.#bounds(stage, index)
    // A guess of where a CSV record starts may be wrong, and what a task then finds in the data means nothing.
    const isGuess = (task: TaskSpec): boolean => {
      const source = stage.sources[task.source]!
      if (task.kind !== 'map' || source.kind !== 'files') return false
      const { format } = source
      return format.kind === 'csv' && format.quote !== null && task.pieces[0]!.start > 0
    }
    const results = await this.#runTasks(stage, index, tasks, bounds, isGuess)
    return this.#verifyGuesses(stage, index, tasks, results, bounds, isGuess)
  }

  /** Splits follow from the number of workers; a run that goes on from another keeps to that one's, whatever its own number. */
  #mapTasks(stage: Stage, index: number): TaskSpec[] {
    const { files, inputs, tuning } = this.#options
    const checkpoint = this.#checkpoint
    const known = checkpoint.get<TaskSpec[]>(`tasks ${index}`)
    if (known) return known
    const tasks = planMapTasks(stage, index, files, inputs, this.#pool.size, tuning)
    checkpoint.put(`tasks ${index}`, tasks)
    return tasks
  }

  /**
   * Every record of a file belongs to one task: where a task's last record ends, the next task's first must start. Where it does not, the
   * next task's guess was wrong; it runs again from where it should have started.
   */
  async #verifyGuesses(
    stage: Stage,
    index: number,
    tasks: TaskSpec[],
    results: (TaskResult | null)[],
    bounds: Uint8Array[] | null,
    isGuess: (task: TaskSpec) => boolean,
  ): Promise<TaskResult[]> {
    const verified: TaskResult[] = []
    for (const [i, task] of tasks.entries()) {
      let result = results[i]!
      if (task.kind === 'map' && isGuess(task)) {
        const expected = verified.at(-1)!.boundaries.at(-1)!.end
        if (result === null || result.boundaries[0]!.start !== expected) {
          if (result) this.#removeRuns(result)
          const pieces = [{ ...task.pieces[0]!, recordStart: expected }]
          const attempt = (result?.attempt ?? 0) + MAX_ATTEMPTS
          const again = await this.#runTasks(stage, index, [{ ...task, pieces }], bounds, () => false, attempt)
          result = again[0]!
        } else {
          this.#countBadRecords(result)
        }
      }
      verified.push(result!)
    }
    return verified
  }

  async #runReduceStage(stage: Stage, index: number, runsIn: RunEntry[]): Promise<TaskResult[]> {
    const source = stage.sources[0]!
    const from = source.kind === 'exchange' ? source.stage : 0
    const runs = await this.#mergeToFew(from, runsIn)
    const tasks = planReduceTasks(index, source, this.#partitions[from]!, runs)
    // The longest first: what starts last should be short.
    const results = await this.#runTasks(
      stage,
      index,
      tasks.toSorted((a, b) => b.bytes - a.bytes),
      null,
      () => false,
    )
    return results.map((result) => result!).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Merges in passes until one merge can open all runs. */
  async #mergeToFew(index: number, runs: RunEntry[]): Promise<RunEntry[]> {
    const stage = this.#options.plan.stages[index]!
    for (let current = runs, pass = 0; ; pass++) {
      const tasks = planMergeTasks(index, pass, current, this.#options.tuning)
      if (tasks.length === 0) return current
      const results = await this.#runTasks(stage, index, tasks, null, () => false)
      current = results.flatMap((result) => result!.runs)
    }
  }

  async #bounds(stage: Stage, index: number): Promise<Uint8Array[] | null> {
    const { files, inputs } = this.#options
    const checkpoint = this.#checkpoint
    const target = stage.target as Exchange
    const partitions = this.#partitions[index]!
    if (target.kind !== 'exchange' || !needsSample(target, partitions)) return null
    const known = checkpoint.get<Uint8Array[]>(`bounds ${index}`)
    if (known) return known
    const results = await this.#runTasks(stage, index, planSampleTasks(stage, index, files, inputs), null, () => false)
    const bounds = rangeBounds(
      results.flatMap((result) => result!.keys),
      partitions,
      target.descending,
    )
    checkpoint.put(`bounds ${index}`, bounds)
    return bounds
  }

  /**
   * Runs tasks on all workers. A result is null where the task's data, or a function that saw it, was at fault and `mayFail` allowed that.
   * Results are in the order of the tasks.
   */
  async #runTasks(
    stage: Stage,
    index: number,
    tasks: TaskSpec[],
    bounds: Uint8Array[] | null,
    mayFail: (task: TaskSpec) => boolean,
    firstAttempt = 0,
  ): Promise<(TaskResult | null)[]> {
    const results: (TaskResult | null)[] = tasks.map((task) => {
      const result = firstAttempt === 0 ? this.#finished.get(task.id) : undefined
      if (result) this.#resumed++
      return result ?? null
    })
    const waiting = tasks.flatMap((_, i) => (results[i] ? [] : [i]))
    if (waiting.length < tasks.length) {
      const tasksDone = tasks.length - waiting.length
      this.#options.onResume?.({ stage: stage.name, tasksDone, tasks: tasks.length })
    }
    const totalBytes = tasks.reduce((sum, task) => sum + task.bytes, 0)
    let done = { tasks: tasks.length - waiting.length, bytes: 0, records: 0, spillBytes: 0 }
    for (const [i, result] of results.entries()) {
      if (result && !mayFail(tasks[i]!)) this.#countBadRecords(result)
      if (result) done = { ...done, bytes: done.bytes + tasks[i]!.bytes, records: done.records + result.recordsIn }
    }
    const report = () => {
      const live = this.#shared.totals()
      this.#options.onProgress?.({
        stage: stage.name,
        stageIndex: index,
        stageCount: this.#options.plan.stages.length,
        tasksDone: done.tasks,
        tasks: tasks.length,
        bytesDone: Math.min(totalBytes, done.bytes + live.bytes),
        bytes: totalBytes,
        records: done.records + live.records,
        spillBytes: done.spillBytes + live.spillBytes,
        elapsedMs: performance.now() - this.#started,
      })
    }
    const timer = setInterval(report, PROGRESS_INTERVAL_MS)
    const lane = async (): Promise<void> => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        const task = tasks[i]!
        const result = await this.#runAttempts(task, bounds, mayFail(task), firstAttempt)
        results[i] = result
        done.tasks++
        done.bytes += task.bytes
        if (!result) continue
        done.records += result.recordsIn
        done.spillBytes += result.runs.reduce((sum, run) => sum + run.fileBytes, 0)
        if (task.kind !== 'sample') this.#checkpoint.finishTask(result.id, result.attempt, result)
        this.#finished.set(task.id, result)
        if (!mayFail(task)) this.#countBadRecords(result)
      }
    }
    try {
      await Promise.all(Array.from({ length: Math.min(this.#pool.size, waiting.length) }, lane))
    } catch (error) {
      // The other lanes still run: nobody starts another task, and end() waits for those that have.
      waiting.length = 0
      throw error
    } finally {
      clearInterval(timer)
    }
    report()
    return results
  }

  async #runAttempts(
    task: TaskSpec,
    bounds: Uint8Array[] | null,
    mayFail: boolean,
    first: number,
  ): Promise<TaskResult | null> {
    for (let attempt = first; ; attempt++) {
      try {
        return await this.#pool.run(task, attempt, bounds)
      } catch (caught) {
        const error = toRunjobError(caught)
        const isOver = error.code === 'TOO_MANY_BAD_RECORDS' && !mayFail
        if (isOver) this.#overLimitIn ??= quarantineName(task.id, attempt)
        this.#removeAttempt(task, attempt, isOver)
        if (this.#aborted) throw new RunjobError('INTERRUPTED')
        if (mayFail && (error.kind === 'data' || error.kind === 'user')) return null
        if (!error.retryable || attempt - first + 1 >= MAX_ATTEMPTS) throw error.withWhere({ task: task.id })
      }
    }
  }

  #removeRunsBut(wanted: RunEntry[]): void {
    const names = new Set(wanted.map((run) => run.name))
    for (const name of readdirSync(this.#options.runsDir)) {
      if (!names.has(name)) rmSync(join(this.#options.runsDir, name), { force: true })
    }
  }

  #removeRuns(result: TaskResult): void {
    for (const run of result.runs) rmSync(join(this.#options.runsDir, run.name), { force: true })
  }

  /** Runs of an attempt that failed; its thread may have died in the middle of writing one. */
  #removeAttempt(task: TaskSpec, attempt: number, keepBadRecords: boolean): void {
    const { runsDir, badRecords } = this.#options
    if (badRecords && !keepBadRecords) rmSync(join(badRecords.dir, quarantineName(task.id, attempt)), { force: true })
    for (const name of readdirSync(runsDir)) {
      if (name.startsWith(`${task.id}-a${attempt}-`)) rmSync(join(runsDir, name), { force: true })
    }
  }

  #abort(): void {
    this.#aborted = true
    this.#shared.requestStop()
    void this.#pool.abort()
  }
}

/** Finished tasks of an earlier run whose files are still there. */
function usableTasks(checkpoint: Checkpoint, options: RunPlanOptions): Map<string, TaskResult> {
  const tasks = checkpoint.finishedTasks<TaskResult>()
  for (const [id, result] of tasks) if (!isWhole(result, options)) tasks.delete(id)
  return tasks
}

function lastFinishedStage(checkpoint: Checkpoint, options: RunPlanOptions): number {
  return options.plan.stages.findLastIndex((_, index) => {
    const finished = checkpoint.get<FinishedStage>(`stage ${index}`)
    return finished?.results.every((result) => isWhole(result, options)) ?? false
  })
}

function isWhole(task: TaskResult, { runsDir, partsDir, top, badRecords }: RunPlanOptions): boolean {
  const { runs, parts, topAsked, quarantine } = task
  return (
    (quarantine === null ||
      (badRecords !== null && sizeOf(join(badRecords.dir, quarantine.name)) === quarantine.bytes)) &&
    (parts.length === 0 || topAsked >= top) &&
    runs.every((run) => sizeOf(join(runsDir, run.name)) === run.fileBytes) &&
    parts.every((part) => sizeOf(join(partsDir, part.name)) === part.bytes)
  )
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1
}

function taskProfile(stage: string, task: TaskResult): TaskProfile {
  return {
    stage,
    task: task.id,
    attempt: task.attempt,
    worker: task.worker,
    startedAt: task.startedAt,
    elapsedMs: Object.values(task.times).reduce((sum, ms) => sum + ms, 0),
    times: task.times,
    recordsIn: task.recordsIn,
    recordsOut: task.recordsOut,
    recordsSpilled: task.runs.reduce((sum, run) => sum + run.records, 0),
    bytesIn: task.bytesIn,
    bytesOut: task.bytesOut,
    spillBytes: task.runs.reduce((sum, run) => sum + run.fileBytes, 0),
  }
}

function mergeTop(results: TaskResult[], count: number): { key: string; number: number }[] {
  return results
    .flatMap((task) => task.top)
    .sort((a, b) => b.number - a.number || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .slice(0, count)
}
