/** Reads a partition of an exchange. */
import { join } from 'node:path'
import { kernels } from '../../../kernels/addon.js'
import type { Cursor } from '../../../kernels/kernels.js'
import type { Exchange, ExchangeInput } from '../../../plan/plan.js'
import { exchangeOf } from '../../../plan/stages.js'
import type { ReduceSpec } from '../../task.js'
import type { TaskEnvironment } from '../environment.js'
import type { SortedIntake } from '../intake.js'
import { trackLargestKey } from '../largest_key.js'

export function readExchange(
  { exchange }: ExchangeInput,
  task: ReduceSpec,
  intake: SortedIntake,
  env: TaskEnvironment,
): void {
  const from = exchangeOf(env.plan, exchange)
  const cursor = openPartition(from, task, env)
  intake.drain(task.watchKeys ? trackLargestKey(cursor, from) : cursor)
}

/** The records of all runs, in key order. */
export function openPartition(
  { descending }: Exchange,
  { runs, partition, range }: ReduceSpec,
  env: TaskEnvironment,
): Cursor {
  return kernels.openRuns(
    runs.map((run) => join(env.runsDir, run)),
    partition,
    { descending, ...range },
  )
}
