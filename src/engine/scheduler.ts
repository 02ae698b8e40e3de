/** Runs tasks on all workers: attempt by attempt, with each result checked and recorded. */

import { renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RunjobError, toRunjobError, userError } from '../base/errors.js'
import { makeFolder } from '../base/files.js'
import { now } from '../base/now.js'
import { stageText } from '../plan/names.js'
import type { Plan } from '../plan/plan.js'
import { checkTask } from './accounting.js'
import { quarantineName } from './bad_records.js'
import { DamagedRuns, damagedRun } from './damage.js'
import { NotQuick, type WorkerPool } from './pool.js'
import { type Progress, spillBytes } from './report.js'
import type { Runs } from './runs.js'
import type { SharedState } from './shared.js'
import { Stragglers, type Watched } from './stragglers.js'
import { attemptName, type ResultOf, runsOf, type StageResult, type TaskResult, type TaskSpec } from './task.js'

const PROGRESS_INTERVAL_MS = 100

export interface SchedulerOptions {
  plan: Plan
  pool: WorkerPool
  shared: SharedState
  runs: Runs
  attemptsDir: string
  partsDir: string
  /** Retries of a task. */
  retries: number
  taskTimeoutMs: number | null
  speculate: boolean
  onProgress?: ((progress: Progress) => void) | undefined
  /** Folder of the attempts' bad records, if they are skipped. */
  badRecordsDir: string | null
  /** The result counts: its files are in place. Not certain: the task may turn out to have started at the wrong place. */
  onFinished: (task: TaskSpec, result: TaskResult, isCertain: boolean) => void
}

/** Independent tasks. */
export interface TaskSet<Spec extends TaskSpec> {
  stage: number
  tasks: Spec[]
  bounds?: Uint8Array[] | null
  /** The result that a task has already. */
  known: (task: Spec) => ResultOf<Spec> | undefined
  /** Whether a task may fail because of its data, or of a function that saw it: then its result is null. */
  mayFail?: (task: Spec) => boolean
}

export class Scheduler {
  readonly #options: SchedulerOptions
  /** Number of each task's next attempt: no two attempts of a task ever write the same files. */
  readonly #nextAttempt = new Map<string, number>()
  readonly #started = now()
  #stopped = false
  #overLimitIn: string | null = null

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  /** File with the bad records of the attempt that exceeded the limit. */
  get overLimitIn(): string | null {
    return this.#overLimitIn
  }

  /** After this, tasks only fail with INTERRUPTED. */
  stop(): void {
    this.#stopped = true
  }

  /** Makes known an attempt of an earlier run. */
  knowAttempt(task: string, attempt: number): void {
    this.#nextAttempt.set(task, Math.max(attempt + 1, this.#nextAttempt.get(task) ?? 0))
  }

  /**
   * Results in the order of the tasks; null for a task that failed and was allowed to.
   *
   * @throws DamagedRuns after all tasks that can still finish; the final error of a task; USER_ERROR from `onProgress`
   */
  async run<Spec extends TaskSpec>(set: TaskSet<Spec>): Promise<(ResultOf<Spec> | null)[]> {
    const { tasks, mayFail } = set
    const { pool, speculate, onFinished } = this.#options
    const results = tasks.map((task) => set.known(task) ?? null)
    const waiting = tasks.flatMap((_, i) => (results[i] ? [] : [i]))
    const damage: DamagedRuns[] = []
    const stragglers = new Stragglers()
    const progress = new SetProgress(set, results, this.#options, this.#started)

    const runOne = async (i: number): Promise<void> => {
      const task = tasks[i]!
      const isGuess = mayFail?.(task) ?? false
      const watched = stragglers.watch(task)
      try {
        const result = await this.#runWatched(watched, set.bounds ?? null, isGuess)
        if (result) {
          checkTask(this.#options.plan, task, result)
          if (result.kind === 'map' || result.kind === 'reduce') this.#adoptParts(result)
          onFinished(task, result, !isGuess)
        }
        results[i] = result as ResultOf<Spec> | null
        progress.finished(task, result)
      } catch (error) {
        if (!(error instanceof DamagedRuns)) throw error
        damage.push(error)
        waiting.length = 0
      } finally {
        stragglers.ended(watched)
      }
    }
    const lane = async (): Promise<void> => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) await runOne(i)
      if (!speculate) return
      for (let next = await stragglers.next(); next; next = await stragglers.next())
        await this.#runCopy(next, set.bounds ?? null)
    }
    const lanes = waiting.length === 0 ? 0 : speculate ? pool.size : Math.min(pool.size, waiting.length)
    try {
      await Promise.race([Promise.all(Array.from({ length: lanes }, lane)), progress.start()])
    } catch (error) {
      // The other lanes still run: they start no further task, and the pool waits for those that are running.
      waiting.length = 0
      stragglers.close()
      throw error
    } finally {
      progress.stop()
    }
    const [first] = damage
    if (first) throw new DamagedRuns([...new Set(damage.flatMap(({ runs }) => runs))], first.error)
    progress.report()
    return results
  }

  /** Removes the runs of a task whose result no longer counts. */
  removeRuns(result: TaskResult): void {
    for (const { name } of runsOf(result)) this.#options.runs.remove(name)
  }

  /** The task's result, from its own attempts or from a faster copy. */
  async #runWatched(watched: Watched, bounds: Uint8Array[] | null, mayFail: boolean): Promise<TaskResult | null> {
    const result = await Promise.race([this.#runAttempts(watched, bounds, mayFail), watched.copied])
    watched.over = true
    // The losing attempt is cleaned up, and its worker is free, before this lane takes another task.
    const { id } = watched.task
    const loser = result?.attempt === watched.copyAttempt ? watched.attempt : watched.copyAttempt
    if (loser !== null && loser !== result?.attempt) {
      await this.#options.pool.cancel(id, loser)
      this.#removeAttempt(id, loser)
    }
    return result
  }

  async #runAttempts(watched: Watched, bounds: Uint8Array[] | null, mayFail: boolean): Promise<TaskResult | null> {
    const { task } = watched
    const { pool, retries, taskTimeoutMs, runs } = this.#options
    let before: RunjobError | null = null
    for (let left = retries; ; left--) {
      const attempt = this.#takeAttempt(task.id)
      watched.attempt = attempt
      try {
        return await pool.run(task, attempt, bounds, taskTimeoutMs)
      } catch (caught) {
        // The copy won: the lane that started it cleans up.
        if (watched.over) return null
        const error = toRunjobError(caught)
        const isOver = error.code === 'TOO_MANY_BAD_RECORDS' && !mayFail
        if (isOver) this.#overLimitIn ??= quarantineName(task.id, attempt)
        this.#removeAttempt(task.id, attempt)
        if (this.#stopped) throw new RunjobError('INTERRUPTED')
        if (caught instanceof NotQuick) {
          // This was not its fault.
          left++
          continue
        }
        if (mayFail && (error.kind === 'data' || error.kind === 'user')) return null
        const isFinal = !error.retryable || left === 0 || isSameRecord(before, error)
        const run = damagedRun(error, task, runs, isFinal)
        if (run !== undefined) throw new DamagedRuns([run], error.withWhere({ task: task.id }))
        if (isFinal) throw error.withWhere({ task: task.id })
        before = error
      }
    }
  }

  /** A second attempt of a task that another lane waits for. If it fails, that lane's attempts decide. */
  async #runCopy(watched: Watched, bounds: Uint8Array[] | null): Promise<void> {
    const { task } = watched
    const attempt = this.#takeAttempt(task.id)
    watched.copyAttempt = attempt
    try {
      const result = await this.#options.pool.run(task, attempt, bounds, this.#options.taskTimeoutMs)
      if (!watched.over) watched.copyFinished(result)
    } catch {
      this.#removeAttempt(task.id, attempt)
    }
  }

  #takeAttempt(task: string): number {
    const attempt = this.#nextAttempt.get(task) ?? 0
    this.#nextAttempt.set(task, attempt + 1)
    return attempt
  }

  /** Parts get their final names only now, so that no other attempt of the task can touch them. */
  #adoptParts({ id, attempt, parts }: StageResult): void {
    const { attemptsDir, partsDir } = this.#options
    const own = join(attemptsDir, attemptName(id, attempt))
    for (const { name } of parts) {
      makeFolder(dirname(join(partsDir, name)))
      renameSync(join(own, name), join(partsDir, name))
    }
    if (parts.length > 0) rmSync(own, { recursive: true, force: true })
  }

  /** Removes the runs and files of a failed attempt, whose thread may have died while it wrote them. */
  #removeAttempt(task: string, attempt: number): void {
    const { runs, attemptsDir, badRecordsDir } = this.#options
    const name = attemptName(task, attempt)
    for (const run of runs.names()) {
      if (run.startsWith(`${name}-`)) runs.remove(run)
    }
    rmSync(join(attemptsDir, name), { recursive: true, force: true })
    const bad = quarantineName(task, attempt)
    if (badRecordsDir !== null && bad !== this.#overLimitIn) rmSync(join(badRecordsDir, bad), { force: true })
  }
}

/** A user's function that fails twice on the same record will always fail on it. */
function isSameRecord(before: RunjobError | null, error: RunjobError): boolean {
  if (before?.code !== 'USER_ERROR' || error.code !== 'USER_ERROR') return false
  const [a, b] = [before.where, error.where]
  const isPlace = a.key !== undefined || a.offset !== undefined
  return isPlace && a.file === b.file && a.offset === b.offset && a.line === b.line && a.key === b.key
}

function doesOf(plan: Plan, { stage, tasks: [first] }: Pick<TaskSet<TaskSpec>, 'stage' | 'tasks'>): string {
  if (first?.kind === 'merge') return `merge runs of ${plan.stages[stage]!.name}`
  if (first?.kind === 'sample') return `take a sample for ${plan.stages[stage]!.name}`
  return stageText(plan, stage)
}

/** Reports the progress of a set of tasks, ten times a second and at the end. */
class SetProgress {
  readonly #set: Pick<TaskSet<TaskSpec>, 'stage' | 'tasks'>
  readonly #options: SchedulerOptions
  readonly #started: number
  readonly #totalBytes: number
  readonly #does: string
  readonly #done = { tasks: 0, bytes: 0, records: 0, spillBytes: 0 }
  #timer: NodeJS.Timeout | undefined
  #fail: (error: unknown) => void = () => {}

  constructor(
    set: Pick<TaskSet<TaskSpec>, 'stage' | 'tasks'>,
    results: (TaskResult | null)[],
    options: SchedulerOptions,
    started: number,
  ) {
    this.#set = set
    this.#options = options
    this.#started = started
    this.#does = doesOf(options.plan, set)
    this.#totalBytes = set.tasks.reduce((sum, task) => sum + task.bytes, 0)
    for (const [i, result] of results.entries()) {
      if (!result) continue
      this.#done.tasks++
      this.#done.bytes += set.tasks[i]!.bytes
      this.#done.records += result.recordsIn
    }
  }

  /** Rejects with what the listener throws, which would be lost otherwise. Never resolves. */
  start(): Promise<never> {
    return new Promise((_, reject) => {
      this.#fail = reject
      this.#timer = setInterval(() => {
        try {
          this.report()
        } catch (error) {
          reject(error)
        }
      }, PROGRESS_INTERVAL_MS)
    })
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  finished(task: TaskSpec, result: TaskResult | null): void {
    this.#done.tasks++
    this.#done.bytes += task.bytes
    if (!result) return
    this.#done.records += result.recordsIn
    this.#done.spillBytes += spillBytes(result)
  }

  /** @throws USER_ERROR */
  report(): void {
    const { plan, shared, onProgress } = this.#options
    if (!onProgress) return
    const live = shared.totals()
    const progress: Progress = {
      stage: plan.stages[this.#set.stage]!.name,
      does: this.#does,
      stageIndex: this.#set.stage,
      stageCount: plan.stages.length,
      tasksDone: this.#done.tasks,
      tasks: this.#set.tasks.length,
      bytesDone: Math.min(this.#totalBytes, this.#done.bytes + live.bytes),
      bytes: this.#totalBytes,
      records: this.#done.records + live.records,
      spillBytes: this.#done.spillBytes + live.spillBytes,
      elapsedMs: now() - this.#started,
    }
    try {
      // Typed to return nothing, which an async function satisfies.
      const returned = onProgress(progress) as unknown
      if (returned instanceof Promise) returned.catch((error) => this.#fail(userError(error, 'onProgress')))
    } catch (error) {
      throw userError(error, 'onProgress')
    }
  }
}
