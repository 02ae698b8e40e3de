/** Merges runs of a stage into one. */
import { join } from 'node:path'
import { kernels } from '../../kernels/addon.js'
import type { Cursor } from '../../kernels/kernels.js'
import { aggregateSpecs } from '../../kernels/layout.js'
import type { Exchange } from '../../plan/plan.js'
import { type MergeResult, type MergeSpec, runName } from '../task.js'
import { attemptOf, type TaskEnvironment } from './environment.js'
import { runEntry } from './target/exchange.js'

export function mergeRuns(env: TaskEnvironment, task: MergeSpec): MergeResult {
  const exchange = env.plan.stages[task.stage]!.target as Exchange
  const { descending } = exchange
  const partitions = env.partitions[task.stage]!
  const paths = task.runs.map((run) => join(env.runsDir, run))
  const name = runName(task.id, env.attempt, 0)
  const writer = kernels.createRunWriter(join(env.runsDir, name), partitions, task.bytes)
  let recordsIn = 0
  let recordsOut = 0
  try {
    for (let partition = 0; partition < partitions; partition++) {
      env.checkStop()
      const merged = combined(kernels.openRuns(paths, partition, { descending }), exchange)
      env.clock.time('merge', () => merged.writeTo(writer, partition))
      recordsIn += merged.runRecords
      recordsOut += merged.recordsOut
      merged.close()
    }
    const meta = JSON.stringify({ task: task.id, attempt: env.attempt, spill: 0, plan: env.planHash })
    const run = runEntry(name, writer.finish(meta))
    return {
      ...attemptOf(env),
      kind: 'merge',
      recordsIn,
      recordsOut,
      recordsCombined: recordsIn - recordsOut,
      bytesOut: run.bytes,
      runs: [run],
      merged: task.runs,
    }
  } catch (error) {
    writer.abort()
    throw error
  }
}

/** Combines while merging, so that the result is as if one collector had held all records. */
function combined(cursor: Cursor, { combine, record }: Exchange): Cursor {
  switch (combine?.op) {
    case 'aggregate':
      return cursor.aggregate(aggregateSpecs(combine.aggregates, record.value), false)
    case 'take':
      return cursor.take(combine.count)
    default:
      return cursor
  }
}
