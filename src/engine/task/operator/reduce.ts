/** A user's reduce: called once for each key, with its values. */
import type { ReduceFunction } from '../../../plan/functions.js'
import type { OperatorOf, RecordSpec } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import { closeDrained, type RecordIntake, type SortedIntake } from '../intake.js'
import { printable } from '../printable.js'
import { forEachGroup, RecordReader, watched } from '../record_reader.js'

export function reduce(
  { fn }: OperatorOf<'reduce'>,
  { takes, prefixGrouping }: { takes: RecordSpec; prefixGrouping: boolean },
  next: RecordIntake,
  env: TaskEnvironment,
): SortedIntake {
  const call = env.functions.find(fn) as ReduceFunction
  const { context, clock, tally } = env
  const { emit } = next
  const reduceGroup = env.guard('reduce', call, (key: unknown, values: Iterable<unknown>) => {
    env.where = () => ({ key: printable(key) })
    return call(key, values, emit, context)
  })
  return {
    drain(cursor) {
      const reader = new RecordReader(cursor, { record: takes, prefixGrouping, ...watched(env) })
      tally.groups += clock.time('reduce', () => forEachGroup(reader, reduceGroup))
      closeDrained(cursor, env)
    },
    end: () => next.end(),
  }
}
