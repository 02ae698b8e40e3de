/**
 * Runs a plan on this machine: stage by stage, task by task, attempt by attempt. The main thread plans, hands out and keeps the books; it
 * touches no record.
 */
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { concatFiles } from '../base/files.js'
import type { InputFile } from '../io/inputs.js'
import { PARTITIONS, tasksFact } from '../io/run_status.js'
import { isIntact, type WrittenFile } from '../io/written_file.js'
import type { Exchange, ExchangeSource, Plan, Stage } from '../plan/plan.js'
import { checkStages, recordsToRead } from './accounting.js'
import { type BadRecordsInit, overLimit } from './bad_records.js'
import { type Checkpoint, type FinishedStage, NO_CHECKPOINT, stageFact } from './checkpoint.js'
import { DamagedRuns, isWhole, requireRuns } from './damage.js'
import {
  inputBytes,
  type MergeLimits,
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
import {
  type Progress,
  type ResumedStage,
  type StageReport,
  stageReport,
  type TaskProfile,
  taskProfile,
} from './report.js'
import { Scheduler } from './scheduler.js'
import { SharedProgress } from './shared.js'
import { type PartEntry, type RunEntry, stageOf, type TaskResult, type TaskSpec, writerOf } from './task.js'

/** How often the same task may run again because what it wrote was damaged. */
const MAX_REDOS = 3

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
  attemptsDir: string
  partsDir: string
  /** Leave run files where they are. */
  keepRuns: boolean
  /** Attempts of a task beyond the first. */
  retries: number
  taskTimeoutMs: number | null
  speculate: boolean
  tuning: Tuning
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
  onNote?: ((note: string) => void) | undefined
  /** Called for each stage of which an earlier run has done something. */
  onResume?: ((done: ResumedStage) => void) | undefined
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
  /** Tasks that ran again because the runs they had written were damaged. */
  redoneTasks: number
}

/**
 * One run of a plan. Making it starts a first worker thread, unless one was started ahead: it comes up while the caller opens the job's
 * state.
 */
export class PlanRun {
  readonly #options: RunPlanOptions
  readonly #partitions: number[]
  readonly #mergeLimits: MergeLimits
  readonly #shared: SharedProgress
  readonly #pool: WorkerPool
  readonly #scheduler: Scheduler
  #checkpoint: Checkpoint = NO_CHECKPOINT
  #finished = new Map<string, TaskResult>()
  /** Ids of those finished tasks that an earlier run has done. */
  readonly #recalled = new Set<string>()
  /** Stages of which it was told what an earlier run has done. */
  readonly #told = new Set<number>()
  readonly #stages: (FinishedStage | undefined)[] = []
  readonly #redos = new Map<string, number>()
  /** Ids of those finished tasks whose bad records are counted. */
  readonly #counted = new Set<string>()
  #succeeded = false

  constructor(options: RunPlanOptions) {
    const { plan, files, runsDir, attemptsDir, partsDir } = options
    this.#options = options
    this.#partitions = planPartitions(plan, files, options.partitions)
    const { memoryBytes, workers, tuning } = options
    const budget = planBudget(memoryBytes, workers, usesFunctions(plan), inputBytes(files), tuning)
    this.#mergeLimits = budget.merge
    this.#shared = new SharedProgress(budget.workers)
    this.#pool = new WorkerPool(budget.workers, this.#shared, (slot) => ({
      plan,
      planHash: options.planHash,
      files,
      runsDir,
      attemptsDir,
      budget: budget.worker,
      partitions: this.#partitions,
      top: options.top,
      slot,
      shared: this.#shared.buffer,
      badRecords: options.badRecords,
    }))
    this.#scheduler = new Scheduler({
      plan,
      pool: this.#pool,
      shared: this.#shared,
      runsDir,
      attemptsDir,
      partsDir,
      retries: options.retries,
      taskTimeoutMs: options.taskTimeoutMs,
      speculate: options.speculate,
      onProgress: options.onProgress,
      badRecordsDir: options.badRecords?.dir ?? null,
      onFinished: (task, result, isCertain) => {
        this.#remember(task, result)
        if (isCertain) this.#countBadRecords(result)
      },
    })
    this.#pool.warm()
  }

  /**
   * Runs all stages that the checkpoint does not have yet. Call once.
   *
   * @throws what a task failed with for good; ACCOUNTING_MISMATCH; INTERRUPTED
   */
  async run(checkpoint: Checkpoint): Promise<PlanResult> {
    this.#checkpoint = checkpoint
    const { plan, signal, keepRuns } = this.#options
    const onAbort = () => this.#abort()
    signal?.addEventListener('abort', onAbort)
    try {
      this.#checkStop()
      await this.#recall()
      if (checkpoint.get(PARTITIONS) === undefined) checkpoint.put(PARTITIONS, this.#partitions)
      for (const index of plan.stages.keys()) {
        const { results } = await this.#finishStage(index)
        if (!keepRuns) this.#removeRunsBefore(index, results)
      }
      const stages = this.#stages as FinishedStage[]
      checkStages(plan, stages)
      rmSync(this.#options.attemptsDir, { recursive: true, force: true })
      this.#succeeded = true
      return this.#resultOf(stages)
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
    if (this.#succeeded) await this.#pool.close(this.#options.taskTimeoutMs)
    else {
      this.#shared.requestStop()
      await this.#pool.abort()
    }
  }

  #resultOf(stages: FinishedStage[]): PlanResult {
    const result: PlanResult = {
      tasks: [],
      stages: stages.map(({ report }) => report),
      counters: Object.create(null),
      top: mergeTop(stages.at(-1)!.results, this.#options.top),
      parts: stages.at(-1)!.results.flatMap((task) => task.parts),
      quarantine: stages.flatMap(({ results }) => results.flatMap((task) => task.quarantine?.name ?? [])),
      resumedTasks: 0,
      redoneTasks: [...this.#redos.values()].reduce((sum, times) => sum + times, 0),
    }
    for (const { report, results } of stages) {
      for (const task of results) {
        result.tasks.push(taskProfile(report.name, task))
        if (this.#recalled.has(task.id)) result.resumedTasks++
        for (const [name, by] of Object.entries(task.counters)) {
          result.counters[name] = (result.counters[name] ?? 0) + by
        }
      }
    }
    return result
  }

  /** The results of a stage; tasks that are not finished are run. */
  async #finishStage(index: number): Promise<FinishedStage> {
    const known = this.#stages[index]
    if (known) {
      this.#tellResumed(index, known.results)
      this.#checkBadRecordsOf(known.results)
      return known
    }
    const started = performance.now()
    const stage = this.#options.plan.stages[index]!
    const source = stage.sources[0]!
    const done =
      source.kind === 'exchange'
        ? await this.#runReduceStage(index, source)
        : { results: await this.#runMapStage(stage, index), passes: [] }
    const finished = { report: stageReport(stage.name, done.results, performance.now() - started), ...done }
    this.#checkBadRecordsOf(done.results)
    this.#stages[index] = finished
    this.#checkpoint.put(stageFact(index), finished)
    return finished
  }

  /** Tells, once for each stage, what an earlier run has done of it. */
  #tellResumed(index: number, tasks: readonly { id: string }[]): void {
    const tasksDone = tasks.filter(({ id }) => this.#recalled.has(id)).length
    if (tasksDone === 0 || this.#told.has(index)) return
    this.#told.add(index)
    this.#options.onResume?.({ stage: this.#options.plan.stages[index]!.name, tasksDone, tasks: tasks.length })
  }

  /** @throws TOO_MANY_BAD_RECORDS; `records`: of a stage that is over, null before */
  #checkBadRecords(bad: number, records: number | null): void {
    const { badRecords } = this.#options
    const over = badRecords && overLimit(badRecords.limit, bad, records, badRecords.path)
    if (over) throw over
  }

  /** A stage is over. @throws TOO_MANY_BAD_RECORDS */
  #checkBadRecordsOf(results: TaskResult[]): void {
    const sum = (of: (task: TaskResult) => number) => results.reduce((total, task) => total + of(task), 0)
    for (const result of results) this.#countBadRecords(result)
    this.#checkBadRecords(
      sum((task) => task.recordsQuarantined),
      sum((task) => task.recordsMapped),
    )
  }

  /** A task is done, and where it began is certain. */
  #countBadRecords({ id, recordsQuarantined }: TaskResult): void {
    if (recordsQuarantined === 0 || this.#counted.has(id)) return
    this.#counted.add(id)
    this.#shared.addBadRecords(recordsQuarantined)
    this.#checkBadRecords(this.#shared.badRecords, null)
  }

  /** What is known of the bad records of a run that fails because of them. */
  #gatherBadRecords(badRecords: BadRecordsInit): void {
    const names = [...this.#finished.values()].flatMap((task) => task.quarantine?.name ?? [])
    const { overLimitIn } = this.#scheduler
    if (overLimitIn !== null) names.push(overLimitIn)
    concatFiles(
      badRecords.path,
      names.sort().map((name) => join(badRecords.dir, name)),
    )
  }

  async #runMapStage(stage: Stage, index: number): Promise<TaskResult[]> {
    const tasks = this.#mapTasks(stage, index)
    this.#tellResumed(index, tasks)
    const bounds = await this.#bounds(stage, index)
    // A guess of where a CSV record starts may be wrong, and what a task then finds in the data means nothing.
    const mayFail = (task: TaskSpec): boolean => {
      const source = stage.sources[task.source]!
      if (task.kind !== 'map' || source.kind !== 'files') return false
      const { format } = source
      return format.kind === 'csv' && format.quote !== null && task.pieces[0]!.start > 0
    }
    const known = (task: TaskSpec) => this.#finished.get(task.id)
    for (const task of tasks) {
      const result = known(task)
      if (result && !mayFail(task)) this.#countBadRecords(result)
    }
    const results = await this.#scheduler.run({ stage: index, tasks, bounds, known, mayFail })
    return this.#verifyGuesses(index, tasks, results, bounds, mayFail)
  }

  /** Splits follow from the number of workers; a run that goes on from another keeps to that one's, whatever its own number. */
  #mapTasks(stage: Stage, index: number): TaskSpec[] {
    const { files, inputs, tuning } = this.#options
    const checkpoint = this.#checkpoint
    const known = checkpoint.get<TaskSpec[]>(tasksFact(index))
    if (known) return known
    const tasks = planMapTasks(stage, index, files, inputs, this.#pool.size, tuning)
    checkpoint.put(tasksFact(index), tasks)
    return tasks
  }

  /**
   * Every record of a file belongs to one task: where a task's last record ends, the next task's first must start. Where it does not, the
   * next task's guess was wrong; it runs again from where it should have started.
   */
  async #verifyGuesses(
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
          if (result) this.#scheduler.removeRuns(result)
          const pieces = [{ ...task.pieces[0]!, recordStart: expected }]
          const known = () => undefined
          const again = await this.#scheduler.run({ stage: index, tasks: [{ ...task, pieces }], bounds, known })
          result = again[0]!
        } else {
          this.#countBadRecords(result)
        }
      }
      verified.push(result!)
    }
    return verified
  }

  /**
   * Where runs are damaged, or were removed when the stage that read them was over, the tasks that wrote them run again first: to finish
   * the stage before may take the same there.
   */
  async #runReduceStage(index: number, source: ExchangeSource): Promise<Omit<FinishedStage, 'report'>> {
    for (;;) {
      const before = await this.#finishStage(source.stage)
      try {
        return await this.#readExchange(index, source, before)
      } catch (error) {
        if (!(error instanceof DamagedRuns)) throw error
        this.#redo(error)
      }
    }
  }

  /** @throws DamagedRuns */
  async #readExchange(
    index: number,
    source: ExchangeSource,
    before: FinishedStage,
  ): Promise<Omit<FinishedStage, 'report'>> {
    const { runsDir } = this.#options
    const { runs, passes } = await this.#mergeToFew(source.stage, before)
    const tasks = planReduceTasks(index, this.#partitions[source.stage]!, runs)
    this.#tellResumed(index, tasks)
    // A partition of which other records were written since it was read is read again.
    const known = (task: TaskSpec): TaskResult | undefined => {
      const result = this.#finished.get(task.id)
      const records = task.kind === 'reduce' ? recordsToRead(source, task.records) : -1
      return result?.recordsIn === records ? result : undefined
    }
    for (const task of tasks) {
      const result = known(task)
      if (result) this.#countBadRecords(result)
    }
    requireRuns(
      tasks.filter((task) => !known(task)),
      runs,
      runsDir,
    )
    // The longest first: what starts last should be short.
    const results = await this.#scheduler.run({
      stage: index,
      tasks: tasks.toSorted((a, b) => b.bytes - a.bytes),
      known,
    })
    return { results: results.map((result) => result!).sort((a, b) => (a.id < b.id ? -1 : 1)), passes }
  }

  /** Merges in passes until one merge can open all runs. */
  async #mergeToFew(from: number, { results }: FinishedStage): Promise<{ runs: RunEntry[]; passes: TaskResult[][] }> {
    const { plan, runsDir } = this.#options
    const exchange = plan.stages[from]!.target as Exchange
    const passes: TaskResult[][] = []
    for (let runs = results.flatMap((result) => result.runs); ; ) {
      const tasks = planMergeTasks(exchange, from, passes.length, runs, this.#mergeLimits)
      if (tasks.length === 0) return { runs, passes }
      const known = (task: TaskSpec): TaskResult | undefined => {
        const result = this.#finished.get(task.id)
        const names = task.kind === 'merge' ? task.runs : []
        const isSame = result?.merged.length === names.length && names.every((name, i) => name === result.merged[i])
        return isSame && result.runs.every((run) => isWhole(run, runsDir)) ? result : undefined
      }
      requireRuns(
        tasks.filter((task) => !known(task)),
        runs,
        runsDir,
      )
      const merged = (await this.#scheduler.run({ stage: from, tasks, known })) as TaskResult[]
      passes.push(merged)
      runs = merged.flatMap((result) => result.runs)
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
    const tasks = planSampleTasks(stage, index, files, inputs)
    const results = await this.#scheduler.run({ stage: index, tasks, known: () => undefined })
    const bounds = rangeBounds(
      results.flatMap((result) => result!.keys),
      partitions,
      target.descending,
    )
    checkpoint.put(`bounds ${index}`, bounds)
    return bounds
  }

  #remember(task: TaskSpec, result: TaskResult): void {
    if (task.kind === 'sample') return
    this.#checkpoint.finishTask(result.id, result.attempt, result)
    this.#finished.set(task.id, result)
    this.#recalled.delete(task.id)
  }

  /** Takes over what an earlier run finished: whole stages, whose runs may be gone, and tasks whose files are still there. */
  async #recall(): Promise<void> {
    const checkpoint = this.#checkpoint
    const { plan, runsDir } = this.#options
    this.#finished = checkpoint.finishedTasks<TaskResult>()
    const damaged = await this.#findDamaged()
    const stages = plan.stages.map((_, index) => checkpoint.get<FinishedStage>(stageFact(index)))
    const last = stages.findLastIndex((stage) => stage?.results.every(({ id }) => !damaged.has(id)))
    for (let index = 0; index <= last; index++) this.#stages[index] = stages[index]
    const gone: string[] = []
    for (const [id, result] of this.#finished) {
      this.#scheduler.knowAttempt(id, result.attempt)
      // Runs of a stage that has been read are not needed any more; its bad records are.
      const isNeeded = stageOf(id) > last
      if (damaged.has(id) || (isNeeded && !result.runs.every((run) => isWhole(run, runsDir)))) gone.push(id)
    }
    this.#forget(gone)
    for (const id of this.#finished.keys()) this.#recalled.add(id)
  }

  /**
   * Finished tasks whose output is no longer what they wrote: the files are read to their end. Runs are verified when they are used.
   *
   * @throws INTERRUPTED
   */
  async #findDamaged(): Promise<Set<string>> {
    const { partsDir, top, badRecords, onNote } = this.#options
    const damaged = new Set<string>()
    const verify = async (id: string, path: string, written: WrittenFile): Promise<void> => {
      if (await isIntact(path, written, () => this.#checkStop())) return
      damaged.add(id)
      onNote?.(`${basename(path)}, which an earlier run wrote, is damaged or gone: ${id} will run again`)
    }
    for (const { id, parts, topAsked, quarantine } of this.#finished.values()) {
      for (const part of parts) await verify(id, join(partsDir, part.name), part)
      if (parts.length > 0 && topAsked < top) damaged.add(id)
      if (quarantine && badRecords) await verify(id, join(badRecords.dir, quarantine.name), quarantine)
      else if (quarantine) damaged.add(id)
    }
    return damaged
  }

  /** @throws INTERRUPTED */
  #checkStop(): void {
    if (this.#options.signal?.aborted) throw new RunjobError('INTERRUPTED')
  }

  /**
   * Has the tasks that wrote damaged runs run again.
   *
   * @throws what the damage is, where writing them again did not help
   */
  #redo({ runs, error }: DamagedRuns): void {
    const writers = [...new Set(runs.map(writerOf))]
    for (const id of writers) {
      // Bounded, because a disk that damages all it holds would keep us here for ever.
      const times = (this.#redos.get(id) ?? 0) + 1
      if (times > MAX_REDOS) throw new RunjobError(error.code, { ...error.params, redos: MAX_REDOS }, error)
      this.#redos.set(id, times)
    }
    const rest = writers.length > 3 ? ` and ${writers.length - 3} more` : ''
    const names = writers.slice(0, 3).join(', ') + rest
    this.#options.onNote?.(`runs are damaged or gone: ${names} will run again`)
    this.#forget(writers)
  }

  /** Forgets that tasks are finished: they, and the merges that read what they wrote. */
  #forget(tasks: readonly string[]): void {
    if (tasks.length === 0) return
    const forgotten = new Set(tasks)
    // In the order of their passes, so that a merge of merges is found too.
    const merges = [...this.#finished.values()].filter(({ merged }) => merged.length > 0)
    for (const { id, merged } of merges.sort((a, b) => (a.id < b.id ? -1 : 1))) {
      if (merged.some((run) => forgotten.has(writerOf(run)))) forgotten.add(id)
    }
    for (const id of forgotten) {
      const result = this.#finished.get(id)
      if (result) this.#scheduler.removeRuns(result)
      if (result && this.#counted.delete(id)) this.#shared.addBadRecords(-result.recordsQuarantined)
      this.#finished.delete(id)
      this.#recalled.delete(id)
    }
    const stages = [...new Set(tasks.map(stageOf))]
    for (const index of stages) this.#stages[index] = undefined
    this.#checkpoint.forget([...forgotten], stages.map(stageFact))
  }

  /** All that this stage has read, and what is left of attempts that do not count. A run that is resumed may have runs of later stages. */
  #removeRunsBefore(stage: number, results: TaskResult[]): void {
    const { runsDir } = this.#options
    const names = new Set(results.flatMap(({ runs }) => runs.map((run) => run.name)))
    for (const name of readdirSync(runsDir)) {
      if (stageOf(name) <= stage && !names.has(name)) rmSync(join(runsDir, name), { force: true })
    }
  }

  #abort(): void {
    this.#scheduler.stop()
    this.#shared.requestStop()
    void this.#pool.abort()
  }
}

function mergeTop(results: TaskResult[], count: number): { key: string; number: number }[] {
  return results
    .flatMap((task) => task.top)
    .sort((a, b) => b.number - a.number || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .slice(0, count)
}
