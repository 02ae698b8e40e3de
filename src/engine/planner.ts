/** How much memory a worker gets, how many partitions a stage has, what its tasks are. */
import type { InputFile } from '../io/inputs.js'
import { planSplits, type TaskInput } from '../io/splits.js'
import type { Exchange, Plan, Stage } from '../plan/plan.js'
import type { RunEntry, TaskSpec, WorkerBudget } from './task.js'

const MIB = 2 ** 20

/** Least memory that a worker can do anything useful with. */
const MIN_WORKER_BYTES = 48 * MIB
/** Read and write buffers, LMDB's dirty pages, merge blocks. */
const BUFFER_BYTES = 12 * MIB
/** A worker that runs no function of the user's needs no more heap than this. */
export const NATIVE_HEAP_BYTES = 32 * MIB

/** Memory costs time when it is touched for the first time, so a collector that combines nothing takes no more than this... */
const MIN_ENOUGH_BYTES = 128 * MIB
/** ...or such a share of the input, because a merge of many more runs than that costs time, too. */
const ENOUGH_SHARES = 16

/** A task should see enough records for combining to pay. A user's function is slower: its tasks are spread earlier. */
const MIN_NATIVE_SPLIT_BYTES = 32 * MIB
const MIN_FUNCTION_SPLIT_BYTES = 4 * MIB
const MAX_SPLIT_BYTES = 1024 * MIB
/** Where tasks are made of several splits: the last ones, a split each, are as small as this. */
const MAX_LAST_SPLIT_BYTES = 512 * MIB
/** Enough that the last task to finish does not leave the others waiting for long. */
const TASKS_PER_WORKER = 4

/** Input bytes behind one partition. Fixed, because the number of parts must not depend on the machine. */
const PARTITION_BYTES = 64 * MIB
const MAX_PARTITIONS = 256
/** Text usually shrinks to a quarter. */
const COMPRESSION_RATIO = 4

/** Runs that one merge opens at a time, however small they are. */
const MAX_MERGE_RUNS = 256
/** What a merge has in memory of a run: a block (kBlockBytes in native/run_file.h) and what the system reads ahead of it... */
const MERGE_BLOCK_BYTES = 1.5 * MIB
/** ...and, however small the run is, pages of its tree and those that the system maps with them. */
const OPEN_RUN_BYTES = 64 * 1024

/** Other sizes than those above, so that tests see many splits, spills and merges of little data. */
export interface Tuning {
  splitBytes?: number
  collectorBytes?: number
  mergeRuns?: number
}

/** How much one merge may open. */
export interface MergeLimits {
  runs: number
  /** Of their blocks in memory. */
  bytes: number
}

export interface Budget {
  workers: number
  worker: WorkerBudget
  merge: MergeLimits
}

/** Splits the memory cap once. Where it is too small for all workers, fewer start. */
export function planBudget(
  memoryBytes: number,
  workers: number,
  hasUserFunctions: boolean,
  inputBytes: number,
  tuning: Tuning,
): Budget {
  const count = Math.max(1, Math.min(workers, Math.floor(memoryBytes / MIN_WORKER_BYTES)))
  const perWorker = Math.max(MIN_WORKER_BYTES, Math.floor(memoryBytes / count))
  const heapBytes = hasUserFunctions ? Math.max(NATIVE_HEAP_BYTES, Math.floor(perWorker * 0.4)) : NATIVE_HEAP_BYTES
  const native = Math.max(4 * MIB, perWorker - (hasUserFunctions ? heapBytes : 0) - BUFFER_BYTES)
  // The collector may overshoot by what one block of input adds before anyone looks.
  const collectorBytes = tuning.collectorBytes ?? Math.floor(native * 0.75)
  return {
    workers: count,
    worker: {
      heapBytes,
      collectorBytes,
      enoughBytes: Math.min(collectorBytes, Math.max(MIN_ENOUGH_BYTES, Math.ceil(inputBytes / ENOUGH_SHARES))),
      joinGroupBytes: Math.floor(native / 2),
      maxRecordBytes: Math.floor(native / 3),
    },
    // What the collector leaves: a reduce may read runs and collect for the next exchange.
    merge: { runs: tuning.mergeRuns ?? MAX_MERGE_RUNS, bytes: Math.floor(native / 4) },
  }
}

export function usesFunctions(plan: Plan): boolean {
  return plan.module !== null
}

/** As it will be when it is decompressed, roughly. */
export function inputBytes(files: readonly InputFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes * (file.compression === 'none' ? 1 : COMPRESSION_RATIO), 0)
}

/** Partitions of each stage's exchange, 0 where it ends in a sink. From the size of the input alone. */
export function planPartitions(plan: Plan, files: InputFile[], asked: number | null): number[] {
  const bySize = Math.max(1, Math.min(MAX_PARTITIONS, Math.floor(inputBytes(files) / PARTITION_BYTES)))
  return plan.stages.map(({ target }) => (target.kind === 'exchange' ? (target.partitions ?? asked ?? bySize) : 0))
}

/** Tasks that read files: each source of the stage in turn. */
export function planMapTasks(
  stage: Stage,
  index: number,
  files: InputFile[],
  inputs: Map<string, number[]>,
  workers: number,
  tuning: Tuning,
): TaskSpec[] {
  const total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const usesFunction = stage.sources.some((source) => source.kind === 'files' && source.operators[0]!.op === 'map')
  const least = usesFunction ? MIN_FUNCTION_SPLIT_BYTES : MIN_NATIVE_SPLIT_BYTES
  // What a function has done is not to be lost: its tasks stay small.
  const isGrouped = combinesInMemory(stage) && !usesFunction && tuning.splitBytes === undefined
  const most = isGrouped ? MAX_LAST_SPLIT_BYTES : MAX_SPLIT_BYTES
  const target = tuning.splitBytes ?? clamp(Math.ceil(total / (workers * TASKS_PER_WORKER)), least, most)
  const tasks: TaskSpec[] = []
  stage.sources.forEach((source, s) => {
    if (source.kind !== 'files') return
    const numbers = inputs.get(source.input) ?? []
    const splits = planSplits(
      numbers.map((n) => files[n]!),
      target,
    )
    for (const { pieces, bytes } of isGrouped ? largeFirst(splits, workers) : splits) {
      const own = pieces.map(({ file, start, end }) => ({ file: numbers[file]!, start, end }))
      tasks.push({ id: taskId('m', index, tasks.length), stage: index, source: s, kind: 'map', pieces: own, bytes })
    }
  })
  return tasks
}

/** Whether the stage's collector is a table, which writes a key once, however many records of the task have it. */
function combinesInMemory({ target }: Stage): boolean {
  return target.kind === 'exchange' && (target.combine?.kind === 'aggregate' || target.combine?.kind === 'distinct')
}

/**
 * Large tasks, as many for each worker, from the first three quarters of the splits: the more a table sees, the less it writes. The rest
 * stays small, so that the workers end at about the same time.
 *
 * Source: Hummel, Schonberg, Flynn, "Factoring", Communications of the ACM 35(8), 1992.
 */
function largeFirst(splits: TaskInput[], workers: number): TaskInput[] {
  const share = Math.floor((splits.length * 3) / 4 / workers)
  if (share < 2) return splits
  const tasks: TaskInput[] = []
  let next = 0
  while (next < share * workers) {
    const task: TaskInput = { pieces: [], bytes: 0 }
    for (const end = Math.min(next + share, share * workers); next < end; next++) {
      const split = splits[next]!
      if (task.bytes > 0 && task.bytes + split.bytes > MAX_SPLIT_BYTES) break
      for (const piece of split.pieces) {
        const last = task.pieces.at(-1)
        if (last?.file === piece.file && last.end === piece.start)
          task.pieces[task.pieces.length - 1] = { ...last, end: piece.end }
        else task.pieces.push(piece)
      }
      task.bytes += split.bytes
    }
    tasks.push(task)
  }
  return [...tasks, ...splits.slice(next)]
}

/** Tasks that read the partitions of an exchange. Every partition has one, also an empty one: it writes its (empty) part. */
export function planReduceTasks(index: number, partitions: number, runs: RunEntry[]): TaskSpec[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const own = runs.filter((run) => run.partitions[partition]!.records > 0)
    return {
      id: taskId('r', index, partition),
      stage: index,
      source: 0,
      kind: 'reduce' as const,
      partition,
      runs: own.map((run) => run.name),
      records: own.reduce((sum, run) => sum + run.partitions[partition]!.records, 0),
      bytes: own.reduce((sum, run) => sum + run.partitions[partition]!.bytes, 0),
    }
  })
}

/**
 * One pass of merging neighbours, so that equal keys keep the order of the runs. None where one merge can open all runs.
 */
export function planMergeTasks(
  exchange: Exchange,
  index: number,
  pass: number,
  runs: RunEntry[],
  limits: MergeLimits,
): TaskSpec[] {
  const groups = groupNeighbours(runs, limits)
  if (groups.length <= 1) return []
  return groups.map(
    (group, n): TaskSpec => ({
      id: taskId(`x${pass}-`, index, n),
      stage: index,
      source: 0,
      kind: 'merge',
      runs: group.map((run) => run.name),
      records: recordsToMerge(exchange, group),
      bytes: group.reduce((sum, run) => sum + run.bytes, 0),
    }),
  )
}

/** As many neighbours as one merge may open; at least two, or there would be no end of merging. */
function groupNeighbours(runs: RunEntry[], limits: MergeLimits): RunEntry[][] {
  const groups: RunEntry[][] = []
  let bytes = 0
  for (const run of runs) {
    const more = openBytes(run)
    const group = groups.at(-1)
    const fits = group && group.length < limits.runs && bytes + more <= limits.bytes
    if (group && (fits || group.length < 2)) {
      group.push(run)
      bytes += more
    } else {
      groups.push([run])
      bytes = more
    }
  }
  return groups
}

/** What a merge has in memory of a run: at most the largest partition, because it reads one after another. */
function openBytes({ partitions }: RunEntry): number {
  const held = partitions.map(({ records, bytes }) =>
    // A record that does not fit into a block has one of its own.
    records === 0 ? 0 : Math.min(bytes, MERGE_BLOCK_BYTES + bytes / records),
  )
  return OPEN_RUN_BYTES + held.reduce((most, bytes) => Math.max(most, bytes), 0)
}

/** Of each partition as many as a `take` asks for, else all. */
function recordsToMerge({ combine }: Exchange, runs: RunEntry[]): number {
  const most = combine?.kind === 'take' ? combine.count : Number.POSITIVE_INFINITY
  const counts = runs[0]!.partitions.map((_, p) => runs.reduce((sum, run) => sum + run.partitions[p]!.records, 0))
  return counts.reduce((sum, records) => sum + Math.min(most, records), 0)
}

/** A few places of the input, for range bounds. The same places whatever the number of workers. */
export function planSampleTasks(
  stage: Stage,
  index: number,
  files: InputFile[],
  inputs: Map<string, number[]>,
): TaskSpec[] {
  const samples = 64
  const sampleBytes = 32 * 1024
  return stage.sources.flatMap((source, s): TaskSpec[] => {
    if (source.kind !== 'files') return []
    const numbers = (inputs.get(source.input) ?? []).filter((n) => files[n]!.sizeBytes > 0)
    const total = numbers.reduce((sum, n) => sum + files[n]!.sizeBytes, 0)
    const pieces = []
    let before = 0
    let next = 0
    for (const n of numbers) {
      const file = files[n]!
      const compressed = file.compression !== 'none'
      while (next < samples && (next * total) / samples < before + file.sizeBytes) {
        const start = compressed ? 0 : Math.floor((next * total) / samples - before)
        pieces.push({ file: n, start, end: Math.min(file.sizeBytes, start + sampleBytes) })
        next++
        // A compressed file can only be read from its start.
        if (compressed) while (next < samples && (next * total) / samples < before + file.sizeBytes) next++
      }
      before += file.sizeBytes
    }
    return pieces.length === 0
      ? []
      : [{ id: taskId('k', index, s), stage: index, source: s, kind: 'sample', pieces, bytes: 0 }]
  })
}

/** `partitions - 1` keys that cut the sample into equal shares; fewer keys than that repeat, and leave partitions empty. */
export function rangeBounds(keys: Uint8Array[], partitions: number, descending: boolean): Uint8Array[] {
  const ordered = keys.toSorted((a, b) => Buffer.compare(a, b) * (descending ? -1 : 1))
  if (ordered.length === 0) return Array.from({ length: partitions - 1 }, () => new Uint8Array())
  return Array.from({ length: partitions - 1 }, (_, i) => ordered[Math.floor(((i + 1) * ordered.length) / partitions)]!)
}

export function needsSample(target: Exchange, partitions: number): boolean {
  return target.partitionBy === 'range' && partitions > 1
}

function taskId(kind: string, stage: number, n: number): string {
  return `s${stage}-${kind}${String(n).padStart(5, '0')}`
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
