/**
 * The books of a run: no record is lost in silence.
 *
 * Counts that must agree come from different hands: what an emitter gave, what the collector took in, what the writer of a run put into
 * each partition, what the merge read out of the runs, what each part was given. A task is checked when it ends, all stages together
 * before the commit, results of earlier runs included.
 */
import { RunjobError } from '../base/errors.js'
import type { ExchangeSource, Plan, Source, Stage } from '../plan/plan.js'
import type { FinishedStage } from './checkpoint.js'
import type { TaskResult, TaskSpec } from './task.js'

/** @throws ACCOUNTING_MISMATCH */
export function expectCount(what: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new RunjobError('ACCOUNTING_MISMATCH', { detail: `${what}: ${actual} records, not ${expected}` })
  }
}

/**
 * Whether one attempt's counts agree with each other and with its task.
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
    case 'reduce':
      expectCount(
        `${task.id} read from runs`,
        result.recordsIn,
        recordsToRead(stage.sources[task.source]!, task.records),
      )
      break
    case 'map':
      break
  }
  checkResult(stage, task.kind === 'merge', result)
}

/**
 * Whether what each stage read is what the one before it wrote, and the parts hold what the last one emitted.
 *
 * @throws ACCOUNTING_MISMATCH
 */
export function checkStages(plan: Plan, stages: FinishedStage[]): void {
  for (const [index, { results, passes }] of stages.entries()) {
    const stage = plan.stages[index]!
    for (const result of results) checkResult(stage, false, result)
    const [source] = stage.sources
    if (source?.kind !== 'exchange') continue
    const from = plan.stages[source.stage]!
    // Where the first records of each partition are taken the others are left unread, in any number.
    const takes = source.group.op === 'take'
    let written = stages[source.stage]!.results
    for (const pass of passes) {
      for (const result of pass) checkResult(from, true, result)
      if (!takes) expectCount(`merges of stage ${from.name}`, sum(pass, recordsRead), sum(written, recordsSpilled))
      written = pass
    }
    if (!takes) expectCount(`stage ${stage.name}`, sum(results, recordsRead), sum(written, recordsSpilled))
  }
}

/** How many records a reduce task reads of a partition that has so many. */
export function recordsToRead(source: Source, records: number): number {
  const group = (source as ExchangeSource).group
  return group.op === 'take' ? Math.min(group.count, records) : records
}

function checkResult(stage: Stage, isMerge: boolean, result: TaskResult): void {
  const { id, recordsIn, recordsOut, recordsFiltered, recordsQuarantined, recordsCombined } = result
  if (isMerge) expectCount(`${id} merged`, recordsOut + recordsCombined, recordsIn)
  else if (isOneToOne(stage, stage.sources[result.source]!)) {
    expectCount(`${id} passed on`, recordsOut + recordsFiltered + recordsQuarantined, recordsIn)
  }
  for (const run of result.runs) {
    const inPartitions = run.partitions.reduce((total, { records }) => total + records, 0)
    expectCount(`partitions of ${run.name}`, inPartitions, run.records)
  }
  if (stage.target.kind === 'exchange') {
    const combined = isMerge ? 0 : recordsCombined
    expectCount(`runs of ${id}`, recordsSpilled(result) + combined, recordsOut)
    if (stage.target.combine === null) expectCount(`combined by ${id}`, recordsCombined, 0)
  } else {
    const inParts = result.parts.reduce((total, { records }) => total + records, 0)
    expectCount(`parts of ${id}`, inParts, recordsOut)
  }
}

/** Whether each record that is read is passed on, filtered or put aside, and nothing else comes out. */
function isOneToOne(stage: Stage, source: Source): boolean {
  if (source.kind === 'files') {
    return ['lines', 'fields', 'grep'].includes(source.operators[0]!.op)
  }
  if (source.group.op !== 'records' && source.group.op !== 'take') return false
  return stage.target.kind === 'sink' || source.operators[0]?.op === 'byNumber'
}

function recordsSpilled({ runs }: TaskResult): number {
  return runs.reduce((total, run) => total + run.records, 0)
}

function recordsRead({ recordsIn }: TaskResult): number {
  return recordsIn
}

function sum(results: TaskResult[], of: (result: TaskResult) => number): number {
  return results.reduce((total, result) => total + of(result), 0)
}
