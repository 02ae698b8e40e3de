/** The first records of a partition. */
import type { OperatorOf } from '../../../plan/plan.js'
import { type SortedIntake, through } from '../intake.js'

export function take({ count }: OperatorOf<'take'>, next: SortedIntake): SortedIntake {
  return through(next, (cursor) => cursor.take(count))
}
