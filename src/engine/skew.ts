/**
 * Keys that make one partition of an exchange far larger than the others, so that one task works on it while other workers wait.
 *
 * A partition is looked at if it has at least 100,000 records and twice as many as the others on average. Its key is named if at least half of
 * its records have it. Records that are combined, or grouped, before they are written do not count: there a frequent key costs nothing. Where
 * records are not sorted by the key, as for joins by partition and windows, a sample says about how many have it. A key whose records several tasks
 * share is no such key (ranges.ts).
 */
import type { Exchange, ExchangeInput, Input, Plan } from '../plan/plan.js'
import { exchangeOf, partitionedJoinOf, stageFilling } from '../plan/stages.js'
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
  /** `records` follows from a sample. */
  isEstimate?: true
  /** Of a join by partition: whose records these are. */
  side?: 'left' | 'right'
}

/** The tasks, of one input, of which those with too many records are to find their largest key. */
export function watchingKeys(plan: Plan, tasks: readonly ReduceSpec[]): ReduceSpec[] {
  return tasks.map((task) => {
    const input = plan.stages[task.stage]!.inputs[task.input] as ExchangeInput
    const all = tasks.reduce((sum, other) => sum + sizeOf(other), 0)
    const isWatched =
      mayBeSkewed(exchangeOf(plan, input.exchange)) &&
      !stopsEarly(input) &&
      task.range?.share === undefined &&
      isLarge(sizeOf(task), all, tasks.length)
    return isWatched && input.operators[0]?.op !== 'take' ? { ...task, watchKeys: true } : task
  })
}

function mayBeSkewed({ combine, rows }: Exchange): boolean {
  return combine === null && rows?.kind !== 'groups'
}

/** @param records of one partition, `of` all of so many */
export function isLarge(records: number, of: number, partitions: number): boolean {
  return partitions > 1 && records >= LEAST_RECORDS && records * (partitions - 1) >= 2 * (of - records)
}

function sizeOf({ expected, records }: ReduceSpec): number {
  return expected ?? records
}

export function skewedKeys(plan: Plan, stages: readonly FinishedStage[]): SkewedKey[] {
  return stages.flatMap(({ results }, index) => {
    const stage = plan.stages[index]!
    return results.flatMap((task): SkewedKey[] => {
      const found = task.kind === 'reduce' ? (task.largestKeys ?? []) : []
      return found
        .filter(({ records, of }) => 2 * records >= of)
        .map(({ exchange, text, records, isEstimate }) => {
          const from = stages[stageFilling(plan, exchange)]!.results
          const of = from.reduce((sum, { recordsOut }) => sum + recordsOut, 0)
          const side = sideOf(stage.inputs[task.input]!, exchange)
          return { stage: stage.name, key: text, records, of, ...(isEstimate && { isEstimate }), ...(side && { side }) }
        })
    })
  })
}

/** Of a join by partition. Its sides may have changed places. */
function sideOf({ operators }: Input, exchange: string): 'left' | 'right' | null {
  const join = partitionedJoinOf(operators, exchange)
  if (!join) return null
  return (join.build === exchange) === (join.isSwapped === true) ? 'left' : 'right'
}
