/**
 * Keys that make one partition of an exchange far larger than the others, so that one task works on it while other workers wait.
 *
 * A partition is looked at if it has at least 100,000 records and twice as many as the others on average. Its key is named if at least half of
 * its records have it. Records that are combined, or grouped, before they are written do not count: there a frequent key costs nothing.
 */
import type { Exchange, ExchangeInput, Plan } from '../plan/plan.js'
import { exchangeOf } from '../plan/stages.js'
import { stopsEarly } from './accounting.js'
import type { FinishedStage } from './checkpoint.js'
import type { ReduceSpec } from './task.js'

const LEAST_RECORDS = 100_000

export interface SkewedKey {
  /** The stage that reads it. */
  stage: string
  /** As text. */
  key: string
  records: number
  /** All records that the stage reads from the same exchange. */
  of: number
}

/** The tasks, of one input, of which those with too many records are to find their largest key. */
export function watchingKeys(plan: Plan, tasks: readonly ReduceSpec[]): ReduceSpec[] {
  return tasks.map((task) => {
    const input = plan.stages[task.stage]!.inputs[task.input] as ExchangeInput
    const isWatched = mayBeSkewed(exchangeOf(plan, input.exchange)) && !stopsEarly(input) && isLarge(task, tasks)
    return isWatched && input.operators[0]?.op !== 'take' ? { ...task, watchKeys: true } : task
  })
}

function mayBeSkewed({ combine, rows }: Exchange): boolean {
  return combine === null && rows?.kind !== 'groups' && !(rows?.kind === 'rows' && rows.by)
}

function isLarge(task: ReduceSpec, tasks: readonly ReduceSpec[]): boolean {
  const own = sizeOf(task)
  const others = tasks.reduce((sum, other) => sum + sizeOf(other), 0) - own
  return tasks.length > 1 && own >= LEAST_RECORDS && own * (tasks.length - 1) >= 2 * others
}

function sizeOf({ expected, records }: ReduceSpec): number {
  return expected ?? records
}

export function skewedKeys(plan: Plan, stages: readonly FinishedStage[]): SkewedKey[] {
  return stages.flatMap(({ results }, index) => {
    const stage = plan.stages[index]!
    return results.flatMap((task): SkewedKey[] => {
      if (task.kind !== 'reduce' || !task.largestKey) return []
      const { text, records } = task.largestKey
      if (2 * records < task.recordsIn) return []
      const of = results.filter(({ input }) => input === task.input).reduce((sum, other) => sum + other.recordsIn, 0)
      return [{ stage: stage.name, key: text, records, of }]
    })
  })
}
