/** One record per key: the results of aggregates, or only the key. */
import { aggregateSpecs } from '../../../kernels/layout.js'
import type { OperatorOf, RecordSpec } from '../../../plan/plan.js'
import { type SortedIntake, through } from '../intake.js'

/** @param takes what the collector took; its states are in the runs */
export function aggregate(operator: OperatorOf<'aggregate'>, takes: RecordSpec, next: SortedIntake): SortedIntake {
  const aggregates = aggregateSpecs(operator.aggregates, takes.value)
  return through(next, (cursor) => cursor.aggregate(aggregates, true))
}
