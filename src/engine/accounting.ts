/**
 * The accounting of a run: no record is lost silently.
 *
 * Counts that must agree are taken independently: by the emitter, by the collector, by the writer of a run for each partition, by the merge
 * that reads the runs, and by each part. A task is checked when it ends, all stages together before the commit, results of earlier runs
 * included.
 */
import type { ExchangeInput, Input, Operator, Plan, Stage } from '../plan/plan.js'
import { stageFilling, takesFewer } from '../plan/stages.js'
import type { FinishedStage } from './checkpoint.js'
import { expectCount } from './counts.js'
import type { MergeResult, PartEntry, StageResult, TaskResult, TaskSpec } from './task.js'

/**
 * Checks that one attempt's counts agree with each other and with its task.
 *
 * @throws ACCOUNTING_MISMATCH
 */
export function checkTask(plan: Plan, task: TaskSpec, result: TaskResult): void {
  const stage = plan.stages[task.stage]!
  switch (task.kind) {
    case 'sample':
      return
    case 'merge':
      expectCount(`${task.id} read from runs`, result.recordsIn, task.records)
      break
    case 'reduce': {
      const input = stage.inputs[task.input]!
      // How many records are in a range is known when all are read: checkStages.
      const isPart = stopsEarly(input) || task.range !== undefined
      const read = isPart ? Math.min(result.recordsIn, task.records) : recordsToRead(input, task.records)
      expectCount(`${task.id} read from runs`, result.recordsIn, read)
      break
    }
    case 'map':
      break
  }
  if (result.kind !== 'sample') checkResult(stage, result)
}

/**
 * Checks that each stage read what the stages before it wrote, and that the parts hold what the last stages emitted.
 *
 * @throws ACCOUNTING_MISMATCH
 */
export function checkStages(plan: Plan, stages: FinishedStage[]): void {
  // Of two parts with one name there is only one file.
  const parts = stages.flatMap(({ results }) => results.flatMap((result) => result.parts))
  const files = new Map(parts.map((part) => [part.name, part]))
  expectCount('the files of all parts', sum([...files.values()], recordsOf), sum(parts, recordsOf))
  for (const [index, { results, passes }] of stages.entries()) {
    const stage = plan.stages[index]!
    for (const result of results) checkResult(stage, result)
    for (const [i, input] of stage.inputs.entries()) {
      if (input.kind !== 'exchange') continue
      const before = stageFilling(plan, input.exchange)
      const from = plan.stages[before]!
      for (const result of passes[input.exchange]!.flat()) checkResult(from, result)
      for (const { what, read, written } of readings(plan, index, i, stages[index]!, stages[before]!)) {
        expectCount(what, read, written)
      }
    }
  }
}

/** Whether a stage has read as many records from an input's exchange as are in it now. */
export function hasReadAll(
  plan: Plan,
  index: number,
  input: number,
  reader: FinishedStage,
  writer: FinishedStage,
): boolean {
  return readings(plan, index, input, reader, writer).every(({ read, written }) => read === written)
}

/** Records that one input of a stage read from its exchange, merge by merge, and records written to it. */
function readings(
  plan: Plan,
  index: number,
  i: number,
  reader: FinishedStage,
  writer: FinishedStage,
): { what: string; read: number; written: number }[] {
  const stage = plan.stages[index]!
  const input = stage.inputs[i] as ExchangeInput
  // If only the first records of each partition are taken, any number of others is left unread.
  if (input.operators[0]?.op === 'take' || stopsEarly(input)) return []
  const { name } = plan.stages[stageFilling(plan, input.exchange)]!
  let written = sum(writer.results, recordsSpilled)
  const all = reader.passes[input.exchange]!.map((pass) => {
    const reading = { what: `merges of stage ${name}`, read: sum(pass, recordsRead), written }
    written = sum(pass, recordsSpilled)
    return reading
  })
  const own = reader.results.filter((result) => result.input === i)
  return [...all, { what: `stage ${stage.name}`, read: sum(own, recordsRead), written }]
}

/** How many of a partition's records a reduce task reads. */
export function recordsToRead({ operators: [first] }: Input, records: number): number {
  return first?.op === 'take' ? Math.min(first.count, records) : records
}

/** Whether a task that reads all it needs may have read any number of records: it has enough rows before the end. */
export function stopsEarly({ operators }: Input): boolean {
  return operators.some(({ op }) => op === 'limit')
}

function checkResult(stage: Stage, result: StageResult | MergeResult): void {
  const { id, recordsIn, recordsOut, recordsCombined } = result
  if (result.kind === 'merge') expectCount(`${id} merged`, recordsOut + recordsCombined, recordsIn)
  else if (isOneToOne(stage.inputs[result.input]!, stage.target)) {
    const leftOut = result.recordsFiltered + result.recordsDropped + result.recordsQuarantined
    expectCount(`${id} passed on`, recordsOut + leftOut, recordsIn)
  }
  for (const run of result.runs) {
    const inPartitions = run.partitions.reduce((total, { records }) => total + records, 0)
    expectCount(`partitions of ${run.name}`, inPartitions, run.records)
  }
  if (stage.target.kind === 'exchange') {
    const combined = result.kind === 'merge' ? 0 : recordsCombined
    expectCount(`runs of ${id}`, recordsSpilled(result) + combined, recordsOut)
    if (stage.target.combine === null) expectCount(`combined by ${id}`, recordsCombined, 0)
  } else if (result.kind !== 'merge') {
    expectCount(`parts of ${id}`, sum(result.parts, recordsOf), recordsOut)
  }
}

/** Operators that pass on, filter or quarantine each record that they read, and emit nothing else. */
const ONE_TO_ONE: readonly Operator['op'][] = [
  ...(['lines', 'fields', 'grep', 'take', 'byNumber', 'dropNumber'] as const),
  ...(['scan', 'rows', 'project'] as const),
]

function isOneToOne({ operators }: Input, target: Stage['target']): boolean {
  if (target.kind === 'exchange' && takesFewer(target.rows)) return false
  return operators.every(({ op }) => ONE_TO_ONE.includes(op))
}

function recordsSpilled({ runs }: StageResult | MergeResult): number {
  return runs.reduce((total, run) => total + run.records, 0)
}

function recordsOf({ records }: PartEntry): number {
  return records
}

function recordsRead({ recordsIn }: StageResult | MergeResult): number {
  return recordsIn
}

function sum<T>(results: readonly T[], of: (result: T) => number): number {
  return results.reduce((total, result) => total + of(result), 0)
}
