/** One task, in a worker: its input, through its operators, into its target. */
import { RunjobError } from '../../base/errors.js'
import { fromNative } from '../../kernels/addon.js'
import type { ExchangeInput, FileInput } from '../../plan/plan.js'
import type { MapSpec, ReduceSpec, StageResult, TaskResult } from '../task.js'
import { linkOperators } from './chain.js'
import { attemptOf, type TaskEnvironment } from './environment.js'
import type { ByteIntake, Intake, SortedIntake } from './intake.js'
import { operatorMeasures } from './measures.js'
import { mergeRuns } from './merge_runs.js'
import { keysOfSides } from './operator/join.js'
import { takesRows } from './pipeline.js'
import { sampleKeys } from './sample_keys.js'
import { readExchange } from './source/exchange.js'
import { readFiles } from './source/files.js'
import { ExchangeTarget } from './target/exchange.js'
import { FolderTarget } from './target/folders.js'
import { PartTarget } from './target/part.js'
import type { Target, Written } from './target/target.js'

/** @param bounds of the target's partitions, if they divide the keys by range */
export async function runTask(env: TaskEnvironment, bounds: Uint8Array[] | null): Promise<TaskResult> {
  const { task } = env
  switch (task.kind) {
    case 'map':
    case 'reduce':
      return runStageTask(env, task, bounds)
    case 'merge':
      return mergeRuns(env, task)
    case 'sample':
      return sampleKeys(env, task)
  }
}

async function runStageTask(
  env: TaskEnvironment,
  task: MapSpec | ReduceSpec,
  bounds: Uint8Array[] | null,
): Promise<StageResult> {
  const target = openTarget(env, task, bounds)
  let chain: Intake | null = null
  try {
    chain = linkOperators(env.plan.stages[task.stage]!.inputs[task.input]!, target, env)
    await readInput(env, task, chain)
    return resultOf(env, task, await target.finish())
  } catch (error) {
    chain?.abort?.()
    await target.abort()
    throw ofNoRow(error, env, task)
  }
}

/** What is wrong with a group or window, or with the condition of a join, where bad rows are skipped. */
function ofNoRow(error: unknown, { badRecords, plan }: TaskEnvironment, task: MapSpec | ReduceSpec): unknown {
  const input = plan.stages[task.stage]!.inputs[task.input]!
  const hasOthers = takesRows(input) && (task.kind === 'reduce' || input.operators.some(({ op }) => op === 'probe'))
  if (badRecords === null || !hasOthers) return error
  const known = fromNative(error)
  return known instanceof RunjobError && known.isBadRecord ? known.withParams({ noRow: true }) : known
}

function openTarget(env: TaskEnvironment, task: MapSpec | ReduceSpec, bounds: Uint8Array[] | null): Target {
  const { target } = env.plan.stages[task.stage]!
  if (target.kind === 'exchange') return new ExchangeTarget(target, env.partitions[task.stage]!, bounds, env)
  return target.partitionBy ? new FolderTarget(target, env) : new PartTarget(target, task, env)
}

async function readInput(env: TaskEnvironment, task: MapSpec | ReduceSpec, chain: Intake): Promise<void> {
  const input = env.plan.stages[task.stage]!.inputs[task.input]!
  if (task.kind === 'map') await readFiles(input as FileInput, task.splits, chain as ByteIntake, env)
  else readExchange(input as ExchangeInput, task, chain as SortedIntake, env)
  chain.end()
}

function resultOf(env: TaskEnvironment, task: MapSpec | ReduceSpec, written: Written): StageResult {
  const { tally } = env
  const { recordsIn, recordsFiltered, recordsDropped, recordsLeftOut, recordsMapped, columns, sample } = tally
  const result: Omit<StageResult, 'kind'> = {
    ...attemptOf(env),
    input: task.input,
    number: task.number,
    recordsIn,
    recordsFiltered,
    recordsDropped,
    recordsLeftOut,
    recordsMapped,
    // Filled in after the functions' pending work is over.
    recordsQuarantined: 0,
    quarantine: null,
    counters: {},
    ...written,
    topAsked: env.top,
    ...(columns ? { columns } : {}),
    ...(sample ? { sample } : {}),
  }
  if (tally.measures)
    result.operators = operatorMeasures(env.plan.stages[task.stage]!, tally.recordsIn, tally.measures, result)
  if (task.kind === 'map') {
    const { boundaries, undecoded, rowGroups, rowGroupsSkipped } = tally
    return { ...result, kind: 'map', boundaries, undecoded, rowGroups, rowGroupsSkipped }
  }
  const lonelyKeys = written.recordsOut === 0 ? keysOfSides(env, task) : null
  const { groups, largestKeys } = tally
  const found = { ...(largestKeys.length > 0 ? { largestKeys } : {}), ...(lonelyKeys ? { lonelyKeys } : {}) }
  return { ...result, kind: 'reduce', groups, ...found }
}
