/**
 * Runs a plan on this machine: stage by stage, task by task, attempt by attempt. The main thread plans, hands out tasks and checks counts; it
 * touches no record, unless the run is small (small.ts).
 */

import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { RunjobError } from '../base/errors.js'
import { concatFiles } from '../base/files.js'
import { now } from '../base/now.js'
import { checkSignal } from '../base/signal.js'
import type { InputFile } from '../io/input/input_file.js'
import { hasGuessedStarts } from '../io/input/splits.js'
import { isIntact, type WrittenFile } from '../io/output/written_file.js'
import { checkPlan } from '../plan/check.js'
import type { Identity } from '../plan/functions.js'
import type { Exchange, Plan, Stage } from '../plan/plan.js'
import {
  buildsOf,
  fillsRanges,
  hasElements,
  inputsInOrder,
  readsRowsAlone,
  sideFiltersIn,
  stageFilling,
  stagesAfter,
  stagesBefore,
  writesFolders,
} from '../plan/stages.js'
import { boundsFact, PARTITIONS, rangesFact, stageFact, tasksFact } from '../state/facts.js'
import { checkStages, hasReadAll, recordsToRead, stopsEarly } from './accounting.js'
import { type BadRecordsInit, overLimit } from './bad_records.js'
import { type Budget, planBudget, type Tuning } from './budget.js'
import { type Checkpoint, type FinishedStage, LazyCheckpoint, NO_CHECKPOINT } from './checkpoint.js'
import { checkColumnUses } from './column_uses.js'
import { addCount } from './counts.js'
import { DamagedRuns, requireRuns } from './damage.js'
import { type RecordFlow, recordFlow } from './flow.js'
import { inputBytes, needsSample, planPartitions, rangeBounds } from './partitions.js'
import { WorkerPool } from './pool.js'
import { type Range, rangesOf } from './ranges.js'
import {
  type Progress,
  type ResumedStage,
  type StageReport,
  stageReport,
  type TaskProfile,
  taskProfile,
} from './report.js'
import { Runs } from './runs.js'
import { Scheduler } from './scheduler.js'
import { SharedState } from './shared.js'
import { type SkewedKey, skewedKeys, watchingKeys } from './skew.js'
import { quickMs } from './small.js'
import { type Builds, sideOf, TablePlan } from './tables.js'
import {
  isHeld,
  type MapResult,
  type MapSpec,
  type MergeResult,
  type MergeSpec,
  type PartEntry,
  type ReduceResult,
  type ReduceSpec,
  type RunEntry,
  runsOf,
  type StageResult,
  type TaskResult,
  type TaskSpec,
} from './task.js'
import { planMapTasks, planMergeTasks, planRangeTasks, planReduceTasks, planSampleTasks } from './tasks.js'
import { bySize, type TopRecord } from './top.js'

/** How often a task may run again because its runs were damaged. */
const MAX_REDOS = 3

export interface RunPlanOptions {
  plan: Plan
  planHash: string
  /** Of the job whose functions workers need; null if they need none. */
  identity: Identity | null
  files: InputFile[]
  /** Input name -> indexes into `files`. */
  inputs: Map<string, number[]>
  workers: number
  memoryBytes: number
  partitions: number | null
  top: number
  /** Measure each operator of rows. */
  profile: boolean
  runsDir: string
  attemptsDir: string
  partsDir: string
  /** All runs are files, and stay. */
  keepRuns: boolean
  /** Retries of a task. */
  retries: number
  taskTimeoutMs: number | null
  speculate: boolean
  tuning: Tuning
  /** null: the first bad record ends the run. */
  badRecords: BadRecordsInit | null
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
  onNote?: ((note: string) => void) | undefined
  /** Called for each stage that an earlier run has begun. */
  onResume?: ((done: ResumedStage) => void) | undefined
}

export interface PlanResult {
  tasks: TaskProfile[]
  stages: StageReport[]
  counters: Record<string, number>
  top: TopRecord[]
  parts: PartEntry[]
  /** Files of bad records, in input order. */
  quarantine: string[]
  flow: RecordFlow
  skewed: SkewedKey[]
  /** Tasks that an earlier run had finished. */
  resumedTasks: number
  /** Tasks that ran again because the runs they wrote were damaged. */
  redoneTasks: number
}

/**
 * One run of a plan. Creating it starts a first worker thread, unless one was started ahead: it starts up while the caller opens the state.
 */
export class PlanRun {
  readonly #options: RunPlanOptions
  readonly #partitions: number[]
  readonly #budget: Budget
  readonly #shared: SharedState
  readonly #pool: WorkerPool
  readonly #scheduler: Scheduler
  /** Tasks of each stage that read files, numbered among themselves. */
  readonly #planned: readonly MapSpec[][]
  readonly #runs: Runs
  #checkpoint = new LazyCheckpoint(NO_CHECKPOINT)
  #finished = new Map<string, TaskResult>()
  /** Ids of finished tasks from an earlier run. */
  readonly #recalled = new Set<string>()
  /** Notes about tables: a stage that runs again has the same. */
  readonly #notes = new Set<string>()
  /** Stages already reported through onResume. */
  readonly #told = new Set<number>()
  readonly #stages: (FinishedStage | undefined)[] = []
  /** Stages that the checkpoint has. */
  readonly #kept = new Set<number>()
  readonly #redos = new Map<string, number>()
  /** Ids of finished tasks whose bad records are counted. */
  readonly #counted = new Set<string>()
  #succeeded = false
  /** It takes so long that nothing may be only in memory. */
  #isLong = false
  #saving: Promise<void> | null = null

  constructor(options: RunPlanOptions) {
    const { plan, files, runsDir, attemptsDir, partsDir } = options
    checkPlan(plan)
    this.#options = options
    this.#partitions = planPartitions(plan, files, options.partitions)
    const { memoryBytes, workers } = options
    const tuning = options.keepRuns ? { ...options.tuning, heldBytes: 0 } : options.tuning
    const budget = planBudget(memoryBytes, workers, usesHeap(plan), inputBytes(files), tuning)
    this.#budget = budget
    this.#shared = new SharedState(budget.workers)
    this.#runs = new Runs(runsDir, budget.heldBytes, tuning.holdMs)
    const runId = String(process.hrtime.bigint())
    this.#pool = new WorkerPool(
      budget.workers,
      this.#shared,
      quickMs({ ...options, partitions: this.#partitions }),
      (slot) => ({
        plan,
        planHash: options.planHash,
        identity: options.identity,
        files,
        runId,
        runsDir,
        attemptsDir,
        budget: budget.worker,
        partitions: this.#partitions,
        top: options.top,
        profile: options.profile,
        slot,
        shared: this.#shared.buffer,
        badRecords: options.badRecords,
      }),
    )
    this.#scheduler = new Scheduler({
      plan,
      pool: this.#pool,
      shared: this.#shared,
      runs: this.#runs,
      attemptsDir,
      partsDir,
      retries: options.retries,
      taskTimeoutMs: options.taskTimeoutMs,
      speculate: options.speculate,
      onProgress: options.onProgress,
      badRecordsDir: options.badRecords?.dir ?? null,
      onFinished: (task, result, isCertain) => {
        this.#remember(task, result)
        if (isCertain && (result.kind === 'map' || result.kind === 'reduce')) this.#countBadRecords(result)
      },
    })
    this.#planned = plan.stages.map((stage, index) =>
      planMapTasks(stage, index, files, options.inputs, this.#pool.size, tuning),
    )
    this.#pool.warm(Math.max(1, ...this.#planned.map((tasks) => tasks.length)))
  }

  /**
   * Runs all stages that the checkpoint does not have yet. Call once.
   *
   * @throws the final error of a task; ACCOUNTING_MISMATCH; INTERRUPTED
   */
  async run(checkpoint: Checkpoint): Promise<PlanResult> {
    this.#checkpoint = new LazyCheckpoint(checkpoint)
    const { plan, signal, keepRuns } = this.#options
    const onAbort = () => this.#abort()
    signal?.addEventListener('abort', onAbort)
    const stopWaiting = this.#runs.onLong(() => {
      this.#isLong = true
      void this.#save()
    })
    try {
      checkSignal(this.#options.signal)
      await this.#recall()
      if (checkpoint.get(PARTITIONS) === undefined) this.#checkpoint.put(PARTITIONS, this.#partitions)
      // Finishing one stage may reopen another.
      do {
        for (const index of plan.stages.keys()) {
          await this.#finishStage(index)
          if (!keepRuns) this.#removeUnneededRuns()
        }
      } while (plan.stages.some((_, index) => !this.#isFinished(index)))
      const stages = this.#stages as FinishedStage[]
      checkStages(plan, stages)
      this.#pool.checkStray()
      rmSync(this.#options.attemptsDir, { recursive: true, force: true })
      this.#succeeded = true
      return this.#resultOf(stages)
    } catch (error) {
      const { badRecords } = this.#options
      const isOver = error instanceof RunjobError && error.code === 'TOO_MANY_BAD_RECORDS'
      if (badRecords && isOver) this.#gatherBadRecords(badRecords)
      await this.#save()
      throw error
    } finally {
      stopWaiting()
      signal?.removeEventListener('abort', onAbort)
      await this.#saving
    }
  }

  /** Ends the workers: gently after success, at once otherwise. Call it in any case. Those without functions may still be ending afterwards. */
  async end(): Promise<void> {
    try {
      if (this.#succeeded && this.#options.plan.module === null) this.#pool.release()
      else if (this.#succeeded) await this.#pool.close(this.#options.taskTimeoutMs)
      else {
        this.#shared.requestStop()
        await this.#pool.abort()
      }
    } finally {
      this.#runs.close()
    }
  }

  #reportOf({ name, inputs }: Stage, results: StageResult[], elapsedMs: number): StageReport {
    return stageReport(name, results, elapsedMs, this.#options.profile ? inputs.length : null)
  }

  #resultOf(stages: FinishedStage[]): PlanResult {
    const { plan, top, files } = this.#options
    const results = stages.flatMap((stage) => stage.results)
    const result: PlanResult = {
      tasks: [],
      stages: stages.map(({ report }) => report),
      counters: Object.create(null),
      top: mergeTop(results, top),
      parts: results.flatMap((task) => task.parts),
      quarantine: results.flatMap((task) => task.quarantine?.name ?? []),
      flow: recordFlow(plan, stages, files),
      skewed: skewedKeys(plan, stages),
      resumedTasks: 0,
      redoneTasks: [...this.#redos.values()].reduce((sum, times) => sum + times, 0),
    }
    for (const task of results) {
      result.tasks.push(taskProfile(plan.stages[task.stage]!.name, task))
      if (this.#recalled.has(task.id)) result.resumedTasks++
      for (const [name, by] of Object.entries(task.counters)) {
        result.counters[name] = addCount(name, result.counters[name] ?? 0, by)
      }
    }
    return result
  }

  #isFinished(index: number): boolean {
    return this.#stages[index] !== undefined
  }

  #unfinish(index: number): void {
    this.#stages[index] = undefined
    this.#kept.delete(index)
  }

  /**
   * Runs the tasks of a stage that are not done. If runs that it reads are damaged, or were removed after all their readers finished, the
   * tasks that wrote them run again first, which may require the same of the stages before.
   */
  async #finishStage(index: number): Promise<void> {
    const known = this.#stages[index]
    if (known) {
      this.#tellResumed(index, known.results)
      this.#checkBadRecordsOf(known.results)
      return
    }
    const { plan } = this.#options
    const stage = plan.stages[index]!
    const started = now()
    for (;;) {
      for (const before of stagesBefore(plan, stage)) await this.#finishStage(before)
      try {
        const done = await this.#runStage(stage, index)
        const finished = { report: this.#reportOf(stage, done.results, now() - started), ...done }
        this.#checkBadRecordsOf(done.results)
        checkColumnUses(done.results.flatMap(({ columns }) => (columns ? [columns] : [])))
        this.#stages[index] = finished
        if (done.results.every(isOnDisk)) this.#keepStage(index)
        this.#reopenReaders(index, finished)
        return
      } catch (error) {
        if (!(error instanceof DamagedRuns)) throw error
        this.#redo(error)
      }
    }
  }

  async #runStage(stage: Stage, index: number): Promise<Omit<FinishedStage, 'report'>> {
    const passes: FinishedStage['passes'] = {}
    const builds = await this.#builds(stage, passes)
    const tables = new TablePlan(this.#options.plan, stage, builds, this.#budget.worker, this.#budget.workers)
    for (const note of tables.notes) this.#tell(note)
    const runs = [...builds.values()].flat()
    const results: StageResult[] = []
    const read = async (inputs: readonly number[], other: RunEntry[]) => {
      if (inputs.length === 0) return
      const sided = withOtherSide(stage, other, this.#options.tuning)
      const prepare = <Spec extends MapSpec | ReduceSpec>(tasks: Spec[]) => sided(tables.for(tasks))
      results.push(...(await this.#readFiles(stage, index, inputs, [...runs, ...other], prepare)))
      results.push(...(await this.#readExchanges(stage, index, inputs, [...runs, ...other], prepare, passes)))
    }
    // The rows of a side by whose keys the other one is filtered come first.
    const [first, filtered] = inputsInOrder(stage)
    await read(first, [])
    await read(filtered, results.flatMap(runsOf))
    return { results: results.sort((a, b) => a.number - b.number), passes }
  }

  /** @param passes gets the merges that it took */
  async #readExchanges(
    stage: Stage,
    index: number,
    inputs: readonly number[],
    runs: readonly RunEntry[],
    prepare: Prepare,
    passes: FinishedStage['passes'],
  ): Promise<ReduceResult[]> {
    const { plan } = this.#options
    const files = stage.inputs.some(({ kind }) => kind === 'files') ? this.#mapTasks(stage, index) : []
    const tasks: ReduceSpec[] = []
    const all = [...runs]
    for (const i of inputs) {
      const input = stage.inputs[i]!
      if (input.kind !== 'exchange') continue
      const before = stageFilling(plan, input.exchange)
      const few = await this.#mergeToFew(before, this.#stages[before]!)
      passes[input.exchange] = few.passes
      const first = files.filter((task) => task.input < i).length + this.#readersBefore(stage, i)
      const own = fillsRanges(plan.stages[before]!)
        ? planRangeTasks(index, i, first, this.#ranges(before), few.runs)
        : planReduceTasks(index, i, first, this.#partitions[before]!, few.runs)
      tasks.push(...prepare(watchingKeys(plan, own)))
      all.push(...few.runs)
    }
    return tasks.length > 0 ? await this.#readPartitions(stage, index, tasks, all) : []
  }

  #tell(note: string): void {
    if (!this.#notes.has(note)) this.#options.onNote?.(note)
    this.#notes.add(note)
  }

  /** The runs of exchanges that a stage's tasks make tables of. @param passes gets the merges that they took */
  async #builds({ inputs }: Stage, passes: FinishedStage['passes']): Promise<Builds> {
    const builds: Builds = new Map()
    for (const exchange of buildsOf(inputs.flatMap(({ operators }) => operators))) {
      const before = stageFilling(this.#options.plan, exchange)
      const few = await this.#mergeToFew(before, this.#stages[before]!)
      passes[exchange] = few.passes
      builds.set(exchange, few.runs)
    }
    return builds
  }

  /** After a stage was written again: stages that read another number of records from it read it again where it differs. */
  #reopenReaders(index: number, finished: FinishedStage): void {
    const { plan } = this.#options
    for (const reader of stagesAfter(plan, index)) {
      const known = this.#stages[reader]
      if (!known) continue
      const isOver = plan.stages[reader]!.inputs.every(
        (input, i) =>
          input.kind === 'files' ||
          stageFilling(plan, input.exchange) !== index ||
          hasReadAll(plan, reader, i, known, finished),
      )
      if (isOver) continue
      this.#unfinish(reader)
      this.#checkpoint.forget([], [stageFact(reader)])
    }
  }

  /** Reports, once for each stage, what an earlier run has done. */
  #tellResumed(index: number, tasks: readonly { id: string }[]): void {
    const tasksDone = tasks.filter(({ id }) => this.#recalled.has(id)).length
    if (tasksDone === 0 || this.#told.has(index)) return
    this.#told.add(index)
    this.#options.onResume?.({ stage: this.#options.plan.stages[index]!.name, tasksDone, tasks: tasks.length })
  }

  /** @param records of a stage that is over; null before. @throws TOO_MANY_BAD_RECORDS */
  #checkBadRecords(bad: number, records: number | null): void {
    const { badRecords } = this.#options
    const over = badRecords && overLimit(badRecords.limit, bad, records, badRecords.path)
    if (over) throw over
  }

  /** A stage is over. @throws TOO_MANY_BAD_RECORDS */
  #checkBadRecordsOf(results: StageResult[]): void {
    const sum = (of: (task: StageResult) => number) => results.reduce((total, task) => total + of(task), 0)
    for (const result of results) this.#countBadRecords(result)
    this.#checkBadRecords(
      sum((task) => task.recordsQuarantined),
      sum((task) => task.recordsMapped),
    )
  }

  /** A task is done, and its start is certain. */
  #countBadRecords({ id, recordsQuarantined }: StageResult): void {
    if (recordsQuarantined === 0 || this.#counted.has(id)) return
    this.#counted.add(id)
    this.#shared.addBadRecords(recordsQuarantined)
    this.#checkBadRecords(this.#shared.badRecords, null)
  }

  /** The known bad records of a run that fails because of them. */
  #gatherBadRecords(badRecords: BadRecordsInit): void {
    const names = [...this.#finished.values()].flatMap((task) => ('quarantine' in task && task.quarantine?.name) || [])
    const { overLimitIn } = this.#scheduler
    if (overLimitIn !== null) names.push(overLimitIn)
    concatFiles(
      badRecords.path,
      names.sort().map((name) => join(badRecords.dir, name)),
    )
  }

  /** @param inputs of which those that are files are read */
  async #readFiles(
    stage: Stage,
    index: number,
    inputs: readonly number[],
    runs: readonly RunEntry[],
    prepare: Prepare,
  ): Promise<MapResult[]> {
    if (!inputs.some((input) => stage.inputs[input]!.kind === 'files')) return []
    const all = this.#mapTasks(stage, index)
    this.#tellResumed(index, all)
    const tasks = prepare(all.filter(({ input }) => inputs.includes(input)))
    const bounds = await this.#bounds(stage, index)
    // The guess of a CSV record's start may be wrong, and then the task's errors in the data mean nothing.
    const mayFail = (task: MapSpec): boolean => {
      const input = stage.inputs[task.input]!
      return input.kind === 'files' && hasGuessedStarts(input.format) && task.splits[0]!.start > 0
    }
    const known = (task: MapSpec) => this.#finished.get(task.id) as MapResult | undefined
    for (const task of tasks) {
      const result = known(task)
      if (result && !mayFail(task)) this.#countBadRecords(result)
    }
    requireRuns(
      tasks.filter((task) => !known(task)),
      runs,
      this.#runs,
    )
    const limit = limitOf(stage)
    const verified: MapResult[] = []
    // Waves, of a task for each worker to begin with, until there are enough rows. All tasks at once if all rows are needed.
    let wave = limit === null ? tasks.length : this.#pool.size
    for (let at = 0; at < tasks.length; at += wave, wave *= 2) {
      const some = tasks.slice(at, at + wave)
      // What fails after the rows that are needed does not matter.
      const isOptional = (task: MapSpec) => mayFail(task) || (limit !== null && task.number > 0)
      const results = await this.#scheduler.run({ stage: index, tasks: some, bounds, known, mayFail: isOptional })
      await this.#verify(index, some, results, bounds, mayFail, verified, limit)
      if (limit !== null && sumOf(verified, ({ recordsOut }) => recordsOut) >= limit) break
    }
    return verified
  }

  /** Splits follow from the number of workers. A resumed run keeps the splits it began with, whatever its own number. */
  #mapTasks(stage: Stage, index: number): MapSpec[] {
    const checkpoint = this.#checkpoint
    const known = checkpoint.get<MapSpec[]>(tasksFact(index))
    if (known) return known
    const tasks = this.#planned[index]!.map((task) => ({
      ...task,
      number: task.number + this.#readersBefore(stage, task.input),
    }))
    checkpoint.put(tasksFact(index), tasks)
    return tasks
  }

  /** Tasks for the exchanges that a stage reads before an input. */
  #readersBefore({ inputs }: Stage, end: number): number {
    const { plan } = this.#options
    return inputs
      .slice(0, end)
      .flatMap((input) => (input.kind === 'exchange' ? stageFilling(plan, input.exchange) : []))
      .reduce((sum, before) => sum + this.#readersOf(before), 0)
  }

  #readersOf(index: number): number {
    const isRanged = fillsRanges(this.#options.plan.stages[index]!)
    return isRanged ? this.#ranges(index).length : this.#partitions[index]!
  }

  /** Of a finished stage's exchange. */
  #ranges(index: number): Range[] {
    const checkpoint = this.#checkpoint
    const known = checkpoint.get<Range[]>(rangesFact(index))
    if (known) return known
    const exchange = this.#options.plan.stages[index]!.target as Exchange
    const asked = exchange.partitions ?? this.#options.partitions
    const { rangeBytes } = this.#budget
    const shareBytes = this.#shareBytes(index, exchange.id, asked)
    const ranges = rangesOf(this.#stages[index]!.results, { asked, rangeBytes, shareBytes })
    checkpoint.put(rangesFact(index), ranges)
    return ranges
  }

  /** From how many bytes on several tasks may read the rows of one key; null: each key has one reader. */
  #shareBytes(index: number, exchange: string, asked: number | null): number | null {
    const { plan } = this.#options
    const readers = stagesAfter(plan, index).map((reader) => plan.stages[reader]!)
    if (readers.some(writesFolders)) return this.#budget.worker.fileBytes
    return asked === null && readers.every((reader) => readsRowsAlone(reader, exchange))
      ? this.#budget.rangeBytes
      : null
  }

  /**
   * Every record of a file belongs to one task: where a task's last record ends, the next task's first record must start. If not, the next
   * task's guess was wrong, and it runs again from the right place.
   *
   * @param verified gets the results, up to the one that completes the rows of `limit`
   */
  async #verify(
    index: number,
    tasks: MapSpec[],
    results: (MapResult | null)[],
    bounds: Uint8Array[] | null,
    isGuess: (task: MapSpec) => boolean,
    verified: MapResult[],
    limit: number | null,
  ): Promise<void> {
    let rows = sumOf(verified, ({ recordsOut }) => recordsOut)
    for (const [i, task] of tasks.entries()) {
      if (limit !== null && rows >= limit) return
      let result: MapResult | null = results[i]!
      const known = () => undefined
      // What is wrong behind the rows that are needed does not matter, in whichever task it is.
      const needed = limit === null ? task : { ...task, rowsNeeded: limit - rows }
      if (isGuess(task)) {
        const expected = verified.at(-1)!.boundaries.at(-1)!.end
        if (result === null || result.boundaries[0]!.start !== expected) {
          if (result) this.#scheduler.removeRuns(result)
          const splits = [{ ...task.splits[0]!, recordStart: expected }]
          const again = await this.#scheduler.run({ stage: index, tasks: [{ ...needed, splits }], bounds, known })
          result = again[0]!
        } else if (limit === null) {
          this.#countBadRecords(result)
        }
      }
      // It may have met bad rows behind those that are needed.
      const isLast = limit !== null && rows > 0 && rows + (result?.recordsOut ?? 0) >= limit
      if (isLast && result !== null && result.recordsQuarantined > 0) {
        this.#scheduler.removeRuns(result)
        result = null
      }
      // It failed, and is needed after all.
      if (result === null) result = (await this.#scheduler.run({ stage: index, tasks: [needed], bounds, known }))[0]!
      if (limit !== null) this.#countBadRecords(result)
      verified.push(result)
      rows += result.recordsOut
    }
  }

  /** @throws DamagedRuns */
  async #readPartitions(
    { inputs }: Stage,
    index: number,
    tasks: ReduceSpec[],
    runs: RunEntry[],
  ): Promise<ReduceResult[]> {
    this.#tellResumed(index, tasks)
    // A partition that was written again with other records is read again.
    const known = (task: ReduceSpec): ReduceResult | undefined => {
      const result = this.#finished.get(task.id) as ReduceResult | undefined
      if (!result || task.range || stopsEarly(inputs[task.input]!)) return result
      return result.recordsIn === recordsToRead(inputs[task.input]!, task.records) ? result : undefined
    }
    for (const task of tasks) {
      const result = known(task)
      if (result) this.#countBadRecords(result)
    }
    requireRuns(
      tasks.filter((task) => !known(task)),
      runs,
      this.#runs,
    )
    // The longest first, because the last one to start should be short.
    const results = await this.#scheduler.run({
      stage: index,
      tasks: tasks.toSorted((a, b) => b.bytes - a.bytes),
      known,
    })
    return results.map((result) => result!).sort((a, b) => a.number - b.number)
  }

  /** Merges in passes until one merge can open all runs. */
  async #mergeToFew(from: number, { results }: FinishedStage): Promise<{ runs: RunEntry[]; passes: MergeResult[][] }> {
    const { plan } = this.#options
    const exchange = plan.stages[from]!.target as Exchange
    const passes: MergeResult[][] = []
    for (let runs = results.flatMap((result) => result.runs); ; ) {
      const tasks = planMergeTasks(exchange, from, passes.length, runs, this.#budget.merge)
      if (tasks.length === 0) return { runs, passes }
      const known = (task: MergeSpec): MergeResult | undefined => {
        const result = this.#finished.get(task.id) as MergeResult | undefined
        const { runs: names } = task
        const isSame = result?.merged.length === names.length && names.every((name, i) => name === result.merged[i])
        return isSame && result.runs.every((run) => this.#runs.isWhole(run)) ? result : undefined
      }
      requireRuns(
        tasks.filter((task) => !known(task)),
        runs,
        this.#runs,
      )
      const merged = (await this.#scheduler.run({ stage: from, tasks, known })).map((result) => result!)
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
    const known = checkpoint.get<Uint8Array[]>(boundsFact(index))
    if (known) return known
    const tasks = planSampleTasks(stage, index, files, inputs)
    const results = await this.#scheduler.run({ stage: index, tasks, known: () => undefined })
    const bounds = rangeBounds(
      results.flatMap((result) => result!.keys),
      partitions,
      target.descending,
    )
    checkpoint.put(boundsFact(index), bounds)
    return bounds
  }

  #remember(task: TaskSpec, result: TaskResult): void {
    if (task.kind === 'sample') return
    this.#finished.set(task.id, result)
    this.#recalled.delete(task.id)
    // Another process would not find what is in memory.
    if (!isOnDisk(result)) {
      if (this.#isLong) void this.#save()
      return
    }
    this.#checkpoint.finishTask(result)
    this.#checkpoint.flush()
  }

  /** Moves what is in memory to files, so that another run can continue this one. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveHeld().finally(() => {
      this.#saving = null
    })
    return this.#saving
  }

  async #saveHeld(): Promise<void> {
    const isWanted = (task: TaskResult) => this.#finished.get(task.id) === task && this.#isNeeded(task.stage)
    const next = () => [...this.#finished.values()].find((task) => !isOnDisk(task) && isWanted(task))
    for (let task = next(); task && !this.#succeeded; task = next()) {
      try {
        for (const run of runsOf(task)) if (isHeld(run)) await this.#runs.save(run)
        if (isWanted(task)) this.#keepSaved(task)
      } catch {
        // This run can go on without files. If it does not, another one has more to do.
        if (isWanted(task)) return
      }
      // It was forgotten, or read by all, in the meantime.
      if (!isWanted(task)) this.#scheduler.removeRuns(task)
    }
  }

  #keepSaved(task: TaskResult): void {
    this.#checkpoint.finishTask(task)
    if (this.#stages[task.stage]?.results.every(isOnDisk)) this.#keepStage(task.stage)
    this.#checkpoint.flush()
  }

  /** Takes over what an earlier run finished: whole stages, whose runs may be gone, and tasks whose files still exist. */
  async #recall(): Promise<void> {
    const checkpoint = this.#checkpoint
    const { plan } = this.#options
    this.#finished = checkpoint.finishedTasks<TaskResult>()
    const damaged = await this.#findDamaged()
    for (const index of plan.stages.keys()) {
      this.#stages[index] = checkpoint.get<FinishedStage>(stageFact(index))
      if (this.#isFinished(index)) this.#kept.add(index)
    }
    const gone: string[] = []
    for (const [id, result] of this.#finished) {
      this.#scheduler.knowAttempt(id, result.attempt)
      // The runs of a finished stage may have been read and removed; otherwise they are checked when they are read.
      const isNeeded = !this.#isFinished(result.stage)
      if (damaged.has(id) || (isNeeded && !runsOf(result).every((run) => this.#runs.isWhole(run)))) gone.push(id)
    }
    this.#forget(gone)
    for (const id of this.#finished.keys()) this.#recalled.add(id)
  }

  /**
   * Finds finished tasks whose output is no longer what they wrote: reads the files to their end. Runs are verified when they are read.
   *
   * @throws INTERRUPTED
   */
  async #findDamaged(): Promise<Set<string>> {
    const { partsDir, top, badRecords, onNote } = this.#options
    const damaged = new Set<string>()
    const verify = async (id: string, path: string, written: WrittenFile): Promise<void> => {
      if (await isIntact(path, written, () => checkSignal(this.#options.signal))) return
      damaged.add(id)
      onNote?.(`${basename(path)}, which an earlier run wrote, is damaged or missing: ${id} will run again`)
    }
    for (const result of this.#finished.values()) {
      if (result.kind !== 'map' && result.kind !== 'reduce') continue
      const { id, parts, topAsked, quarantine } = result
      for (const part of parts) await verify(id, join(partsDir, part.name), part)
      if (parts.length > 0 && topAsked < top) damaged.add(id)
      if (quarantine && badRecords) await verify(id, join(badRecords.dir, quarantine.name), quarantine)
      else if (quarantine) damaged.add(id)
    }
    return damaged
  }

  /**
   * Makes the tasks that wrote damaged runs run again.
   *
   * @throws the damage, if writing the runs again did not help
   */
  #redo({ runs, error }: DamagedRuns): void {
    const writerOf = new Map(
      [...this.#finished.values()].flatMap((task) => runsOf(task).map(({ name }) => [name, task.id])),
    )
    const writers = [...new Set(runs.flatMap((run) => writerOf.get(run) ?? []))]
    if (writers.length === 0) throw error
    for (const id of writers) {
      // Bounded, because a disk that damages everything would make this endless.
      const times = (this.#redos.get(id) ?? 0) + 1
      if (times > MAX_REDOS) throw new RunjobError(error.code, { ...error.params, redos: MAX_REDOS }, error)
      this.#redos.set(id, times)
    }
    const rest = writers.length > 3 ? ` and ${writers.length - 3} more` : ''
    this.#options.onNote?.(`runs are damaged or missing: ${writers.slice(0, 3).join(', ')}${rest} will run again`)
    this.#forget(writers)
  }

  /** Forgets finished tasks, and the merges that read what they wrote. */
  #forget(ids: readonly string[]): void {
    if (ids.length === 0) return
    const forgotten = new Set<TaskResult>()
    const add = (task: TaskResult): void => {
      forgotten.add(task)
      const names = new Set(runsOf(task).map(({ name }) => name))
      for (const other of this.#finished.values()) {
        const isReader = other.kind === 'merge' && other.merged.some((name) => names.has(name))
        if (isReader && !forgotten.has(other)) add(other)
      }
    }
    for (const id of ids) add(this.#finished.get(id)!)
    for (const task of forgotten) {
      this.#scheduler.removeRuns(task)
      const bad = 'recordsQuarantined' in task ? task.recordsQuarantined : 0
      if (this.#counted.delete(task.id)) this.#shared.addBadRecords(-bad)
      this.#finished.delete(task.id)
      this.#recalled.delete(task.id)
    }
    const stages = [...new Set([...forgotten].map(({ stage }) => stage))]
    for (const index of stages) this.#unfinish(index)
    this.#checkpoint.forget(
      [...forgotten].map(({ id }) => id),
      stages.map(stageFact),
    )
  }

  /**
   * Removes runs that no unfinished stage will read, and those of attempts that do not count. Files stay until the state has the stages that
   * have read them: another run would run these again.
   */
  #removeUnneededRuns(): void {
    const isNeeded = (task: TaskResult) =>
      this.#isNeeded(task.stage) || (isOnDisk(task) && !this.#areReadersKept(task.stage))
    const needed = [...this.#finished.values()].filter(isNeeded).flatMap(runsOf)
    const names = new Set(needed.map(({ name }) => name))
    for (const name of this.#runs.names()) if (!names.has(name)) this.#runs.remove(name)
  }

  /** Whether an unfinished stage will read the runs of this one. */
  #isNeeded(stage: number): boolean {
    const readers = stagesAfter(this.#options.plan, stage)
    return !this.#isFinished(stage) || readers.some((reader) => !this.#isFinished(reader))
  }

  #areReadersKept(stage: number): boolean {
    return stagesAfter(this.#options.plan, stage).every((reader) => this.#kept.has(reader))
  }

  /** Another run will not run this stage again, nor those before it whose runs only such stages read, wherever these are. */
  #keepStage(index: number): void {
    const { plan } = this.#options
    const finished = this.#stages[index]!
    for (const result of finished.results) if (!isOnDisk(result)) this.#checkpoint.finishTask(result)
    this.#checkpoint.put(stageFact(index), finished)
    this.#kept.add(index)
    for (const before of stagesBefore(plan, plan.stages[index]!)) {
      if (!this.#kept.has(before) && !this.#isNeeded(before) && this.#areReadersKept(before)) this.#keepStage(before)
    }
    this.#checkpoint.flush()
  }

  #abort(): void {
    this.#scheduler.stop()
    this.#shared.requestStop()
    void this.#pool.abort()
  }
}

/** Gives tasks what they need besides their input. */
type Prepare = <Spec extends MapSpec | ReduceSpec>(tasks: Spec[]) => Spec[]

/** @param runs of all rows of the other side */
function withOtherSide({ inputs, target }: Stage, runs: readonly RunEntry[], tuning: Tuning): Prepare {
  return (tasks) =>
    tasks.map((task) => {
      if (sideFiltersIn(inputs[task.input]!.operators).length === 0) return task
      const own = target.kind === 'exchange' && target.rows?.kind === 'sides' ? target.rows.sideOf[task.input] : 0
      return { ...task, otherSide: sideOf(own === 0 ? 1 : 0, runs, tuning) }
    })
}

/** Whether records come to JavaScript. */
function usesHeap({ module, stages }: Plan): boolean {
  return module !== null || stages.some(({ inputs }) => inputs.some(({ operators }) => hasElements(operators)))
}

/** Whether another process finds all that a task has written. */
function isOnDisk(task: TaskResult): boolean {
  return !runsOf(task).some(isHeld)
}

/** How many rows are enough for a stage: its tasks only gather the first ones. null: all are needed. */
function limitOf({ inputs, target }: Stage): number | null {
  if (target.kind !== 'exchange') return null
  if (target.rows && (target.rows.kind !== 'rows' || target.rows.keys.length > 0)) return null
  const counts = inputs.map(({ operators }) => {
    const last = operators.at(-1)!
    const count =
      last.op === 'limit' ? last.count : 'into' in last && last.into.kind === 'values' ? last.into.most : null
    return count ?? Number.POSITIVE_INFINITY
  })
  const most = Math.max(...counts)
  return Number.isFinite(most) ? most : null
}

function sumOf<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0)
}

function mergeTop(results: StageResult[], count: number): TopRecord[] {
  return results
    .flatMap((task) => task.top)
    .sort(bySize)
    .slice(0, count)
}
