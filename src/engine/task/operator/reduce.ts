/** A user's reduce: called once for each key, with its values. */
import type { ReduceFunction } from '../../../plan/functions.js'
import type { RecordSpec } from '../../../plan/plan.js'
import type { TaskEnvironment } from '../environment.js'
import { closeDrained, type RecordIntake, type SortedIntake } from '../intake.js'
import { printable } from '../printable.js'
import { forEachGroup, RecordReader, watched } from '../record_reader.js'

export function reduce(
  call: ReduceFunction,
  { takes, prefixGrouping }: { takes: RecordSpec; prefixGrouping: boolean },
  next: RecordIntake,
  env: TaskEnvironment,
): SortedIntake {
  const { context, clock, tally } = env
  const { emit, undo } = next
  const reduceGroup = env.guard('reduce', call, (key: unknown, values: Iterable<unknown>) => {
    env.where = () => ({ key: printable(key) })
    return call(key, values, emit, context)
  })
  // No group is left out: what it gives may be passed on.
  const keepGroup = (key: unknown, values: Iterable<unknown>): void => {
    undo.beginRecord()
    reduceGroup(key, values)
    undo.keepRecord()
  }
  const useGroup = env.quarantine === null ? reduceGroup : keepGroup
  const finish = call.end && env.guard('reduce', call.end, () => call.end!(emit, context))
  return {
    drain(cursor) {
      const reader = new RecordReader(cursor, { record: takes, prefixGrouping, ...watched(env) })
      tally.groups += clock.time('reduce', () => forEachGroup(reader, useGroup))
      closeDrained(cursor, env)
    },
    end() {
      env.where = () => ({ stage: env.plan.stages[env.task.stage]!.name })
      finish?.()
      next.end()
    },
  }
}
