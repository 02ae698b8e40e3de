/** What the tasks of a stage are. */
import { type InputFile, isWhole } from '../io/input/input_file.js'
import { planSplits, type SplitGroup } from '../io/input/splits.js'
import type { Exchange, Stage } from '../plan/plan.js'
import { inputsInOrder, takesFewer } from '../plan/stages.js'
import type { MergeLimits, Tuning } from './budget.js'
import type { Range } from './ranges.js'
import { isHeld, type MapSpec, type MergeSpec, type ReduceSpec, type RunEntry, type SampleSpec } from './task.js'

const MIB = 2 ** 20

/** A task should see enough records for combining to pay off... */
const NATIVE_SPLIT_BYTES = 8 * MIB
/** ...and each one that ends in a sink makes a part. */
const PART_SPLIT_BYTES = 32 * MIB
/** A user's function is slower. */
const FUNCTION_SPLIT_BYTES = 4 * MIB
const MAX_SPLIT_BYTES = 1024 * MIB
/** If tasks consist of several splits: the last tasks, of one split each, are this small. */
const MAX_LAST_SPLIT_BYTES = 512 * MIB
/** Enough that workers do not wait long for the last task to finish. */
const TASKS_PER_WORKER = 4

/** Of a stage whose splits must not depend on the machine: enough for many workers. */
const FIXED_TASKS = 256

/** What a merge holds of a run in memory: a block (kBlockBytes in native/run/run_file.h) and what the system reads ahead... */
const MERGE_BLOCK_BYTES = 1.5 * MIB
/** ...and, even for a small run, pages of its tree and those that the system maps with them. */
const OPEN_RUN_BYTES = 64 * 1024
/** What it holds beside a run that is in memory already. */
const OPEN_HELD_RUN_BYTES = 16 * 1024

/** Tasks that read files: each input of the stage in turn. */
export function planMapTasks(
  stage: Stage,
  index: number,
  files: InputFile[],
  inputs: Map<string, number[]>,
  workers: number,
  tuning: Tuning,
): MapSpec[] {
  // The work of a user's function must not be lost: its tasks stay small.
  const isGrouped = combinesInMemory(stage) && !usesFunction(stage) && tuning.splitBytes === undefined
  const most = isGrouped ? MAX_LAST_SPLIT_BYTES : MAX_SPLIT_BYTES
  const targets = new Map(
    inputsInOrder(stage).flatMap((together) => {
      const bytes = Math.min(most, splitBytes(stage, together, files, inputs, workers))
      return together.map((i) => [i, bytes] as const)
    }),
  )
  const tasks: MapSpec[] = []
  stage.inputs.forEach((input, i) => {
    if (input.kind !== 'files') return
    const first = tasks.length
    const numbers = inputs.get(input.files) ?? []
    const groups = planSplits(
      numbers.map((n) => files[n]!),
      tuning.splitBytes ?? targets.get(i)!,
    )
    for (const { splits, bytes } of isGrouped ? largeFirst(groups, workers) : groups) {
      const own = splits.map(({ file, start, end }) => ({ file: numbers[file]!, start, end }))
      const number = tasks.length
      const id = taskId('m', index, number)
      tasks.push({ kind: 'map', id, stage: index, input: i, number, inputNumber: number - first, splits: own, bytes })
    }
  })
  return tasks
}

/** About how large each split is of those inputs of a stage that are read together. */
function splitBytes(
  stage: Stage,
  together: readonly number[],
  files: InputFile[],
  inputs: Map<string, number[]>,
  workers: number,
): number {
  const { target, fixedSplits } = stage
  const isFree = target.kind === 'exchange' && !fixedSplits
  const least = usesFunction(stage) ? FUNCTION_SPLIT_BYTES : isFree ? NATIVE_SPLIT_BYTES : PART_SPLIT_BYTES
  // By all that the run reads, so that an input that several stages read has the same splits in each.
  if (fixedSplits) return Math.max(least, Math.ceil(sizeOf(files) / FIXED_TASKS))
  const numbers = together.flatMap((i) => {
    const input = stage.inputs[i]!
    return input.kind === 'files' ? (inputs.get(input.files) ?? []) : []
  })
  const bytes = sizeOf(numbers.map((n) => files[n]!))
  const most = workers * TASKS_PER_WORKER
  if (!isFree) return Math.max(least, Math.ceil(bytes / most))
  const count = Math.round(bytes / least)
  // As many for each worker.
  const even = count > workers ? workers * Math.round(count / workers) : count
  return Math.max(least / 2, Math.ceil(bytes / Math.max(1, Math.min(even, most))))
}

function sizeOf(files: readonly InputFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function usesFunction({ inputs }: Stage): boolean {
  return inputs.some(
    (input) => input.kind === 'files' && input.operators.some(({ op }) => op === 'map' || op === 'elements'),
  )
}

/** Whether the stage's collector is a table, which writes each key of a task once. */
function combinesInMemory({ target }: Stage): boolean {
  return target.kind === 'exchange' && (target.combine?.op === 'aggregate' || takesFewer(target.rows))
}

/**
 * Large tasks, equally many for each worker, from the first three quarters of the splits: the more a table sees, the less it writes. The
 * rest stays small, so that the workers finish at about the same time.
 *
 * Source: Hummel, Schonberg, Flynn, "Factoring", Communications of the ACM 35(8), 1992.
 */
function largeFirst(groups: SplitGroup[], workers: number): SplitGroup[] {
  const share = Math.floor((groups.length * 3) / 4 / workers)
  if (share < 2) return groups
  const tasks: SplitGroup[] = []
  let next = 0
  while (next < share * workers) {
    const task: SplitGroup = { splits: [], bytes: 0 }
    for (const end = Math.min(next + share, share * workers); next < end; next++) {
      const group = groups[next]!
      if (task.bytes > 0 && task.bytes + group.bytes > MAX_SPLIT_BYTES) break
      for (const split of group.splits) {
        const last = task.splits.at(-1)
        if (last?.file === split.file && last.end === split.start)
          task.splits[task.splits.length - 1] = { ...last, end: split.end }
        else task.splits.push(split)
      }
      task.bytes += group.bytes
    }
    tasks.push(task)
  }
  return [...tasks, ...groups.slice(next)]
}

/**
 * Tasks that read the partitions of an exchange. Even an empty partition has one, which writes its (empty) part.
 *
 * @param input index of the input
 * @param first number of the first of them
 */
export function planReduceTasks(
  index: number,
  input: number,
  first: number,
  partitions: number,
  runs: RunEntry[],
): ReduceSpec[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const own = runs.filter((run) => run.partitions[partition]!.records > 0)
    const number = first + partition
    return {
      kind: 'reduce',
      id: taskId('r', index, number),
      stage: index,
      input,
      number,
      inputNumber: partition,
      partition,
      runs: own.map((run) => run.name),
      records: own.reduce((sum, run) => sum + run.partitions[partition]!.records, 0),
      bytes: own.reduce((sum, run) => sum + run.partitions[partition]!.bytes, 0),
    }
  })
}

/** Tasks that read the ranges of an exchange, whose runs have one partition. As planReduceTasks. */
export function planRangeTasks(
  index: number,
  input: number,
  first: number,
  ranges: readonly Range[],
  runs: RunEntry[],
): ReduceSpec[] {
  const [whole] = planReduceTasks(index, input, first, 1, runs) as [ReduceSpec]
  if (ranges.length === 1) return [whole]
  let rowsBefore = 0
  return ranges.map(({ keys, rows }, i) => {
    const bytesBefore = (rows: number) => Math.floor((whole.bytes * rows) / Math.max(1, whole.records))
    const number = first + i
    const bytes = bytesBefore(rowsBefore + rows) - bytesBefore(rowsBefore)
    rowsBefore += rows
    return { ...whole, id: taskId('r', index, number), number, inputNumber: i, range: keys, expected: rows, bytes }
  })
}

/**
 * One pass of merging neighbours, so that equal keys keep the order of the runs. None if one merge can open all runs.
 */
export function planMergeTasks(
  exchange: Exchange,
  index: number,
  pass: number,
  runs: RunEntry[],
  limits: MergeLimits,
): MergeSpec[] {
  const groups = groupNeighbours(runs, limits)
  if (groups.length <= 1) return []
  return groups.map(
    (group, n): MergeSpec => ({
      kind: 'merge',
      id: taskId(`x${pass}-`, index, n),
      stage: index,
      runs: group.map((run) => run.name),
      records: recordsToMerge(exchange, group),
      bytes: group.reduce((sum, run) => sum + run.bytes, 0),
    }),
  )
}

/** As many neighbours as one merge may open; at least two, or merging would never end. */
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

/** What a merge holds of a run in memory: at most the largest partition, because it reads them one after another. */
function openBytes(run: RunEntry): number {
  if (isHeld(run)) return OPEN_HELD_RUN_BYTES
  const blocks = run.partitions.map(({ records, bytes }) =>
    // A record that does not fit into a block has its own block.
    records === 0 ? 0 : Math.min(bytes, MERGE_BLOCK_BYTES + bytes / records),
  )
  return OPEN_RUN_BYTES + blocks.reduce((most, bytes) => Math.max(most, bytes), 0)
}

/** The records of each partition that a `take` asks for, otherwise all. */
function recordsToMerge({ combine }: Exchange, runs: RunEntry[]): number {
  const most = combine?.op === 'take' ? combine.count : Number.POSITIVE_INFINITY
  const counts = runs[0]!.partitions.map((_, p) => runs.reduce((sum, run) => sum + run.partitions[p]!.records, 0))
  return counts.reduce((sum, records) => sum + Math.min(most, records), 0)
}

/** A few places of the input, for range bounds. They do not depend on the number of workers. */
export function planSampleTasks(
  stage: Stage,
  index: number,
  files: InputFile[],
  inputs: Map<string, number[]>,
): SampleSpec[] {
  const samples = 64
  const sampleBytes = 32 * 1024
  return stage.inputs.flatMap((input, i): SampleSpec[] => {
    if (input.kind !== 'files') return []
    const numbers = (inputs.get(input.files) ?? []).filter((n) => files[n]!.sizeBytes > 0)
    const total = numbers.reduce((sum, n) => sum + files[n]!.sizeBytes, 0)
    const splits = []
    let before = 0
    let next = 0
    for (const n of numbers) {
      const file = files[n]!
      const whole = isWhole(file)
      while (next < samples && (next * total) / samples < before + file.sizeBytes) {
        const start = whole ? 0 : Math.floor((next * total) / samples - before)
        splits.push({ file: n, start, end: Math.min(file.sizeBytes, start + sampleBytes) })
        next++
        // Such a file can only be read from its start.
        if (whole) while (next < samples && (next * total) / samples < before + file.sizeBytes) next++
      }
      before += file.sizeBytes
    }
    return splits.length === 0
      ? []
      : [{ kind: 'sample', id: taskId('k', index, i), stage: index, input: i, splits, bytes: 0 }]
  })
}

function taskId(kind: string, stage: number, n: number): string {
  return `s${stage}-${kind}${String(n).padStart(5, '0')}`
}
