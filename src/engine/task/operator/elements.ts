/** Elements of a collection, as a map or a reduce of the task. */
import { RunjobError } from '../../../base/errors.js'
import type { ReduceFunction } from '../../../plan/functions.js'
import type { ElementsFrom, ElementsInto, ElementsOperator } from '../../../plan/plan.js'
import { folded, grouped, joined } from '../elements/groups.js'
import { type ElementsMap, type Group, mapOf, reduceOf } from '../elements/pipe.js'
import type { Surroundings } from '../elements/receiver.js'
import { receiverOf } from '../elements/receivers.js'
import type { Change, Find } from '../elements/steps.js'
import type { TaskEnvironment } from '../environment.js'
import type { RecordIntake } from '../intake.js'

/** Whether it takes keys with their values. */
export function isOfGroups({ from: { kind } }: ElementsOperator): boolean {
  return kind === 'groups' || kind === 'folded' || kind === 'joined'
}

/**
 * @param next what takes the elements
 * @param change of elements between two steps; null: none
 */
export function elementsMap(
  { from, steps, into }: ElementsOperator,
  next: RecordIntake,
  env: TaskEnvironment,
  change: Change | null,
): ElementsMap {
  const find = findIn(env)
  return mapOf(steps, find, receiverOf(limited(into, env), find), surroundings(next, env), elementOf(from), change)
}

export function elementsReduce(
  { from, steps, into }: ElementsOperator,
  next: RecordIntake,
  env: TaskEnvironment,
): ReduceFunction {
  const find = findIn(env)
  return reduceOf(steps, find, receiverOf(into, find), surroundings(next, env), groupOf(from, find, env))
}

/** Of a sample of keys, which is read before, no number counts. */
function surroundings(next: RecordIntake, { task, quarantine, context }: TaskEnvironment): Surroundings {
  return {
    emit: next.emit,
    ctx: context,
    number: 'inputNumber' in task ? task.inputNumber : 0,
    isEnough: () => next.done ?? false,
    mayDiscard: quarantine !== null,
  }
}

function limited(into: ElementsInto, { task }: TaskEnvironment): ElementsInto {
  if (into.kind !== 'values' || task.kind !== 'map' || task.rowsNeeded === undefined) return into
  return { ...into, most: Math.min(into.most ?? task.rowsNeeded, task.rowsNeeded) }
}

export function findIn({ functions }: TaskEnvironment): Find {
  return functions.find as Find
}

/** What an element is of a record: of an exchange, a key and a value. */
function elementOf({ kind }: ElementsFrom): (record: unknown) => unknown {
  let number = 0
  switch (kind) {
    case 'records':
      return (record) => record
    case 'keys':
      return (record) => (record as [unknown, unknown])[0]
    case 'values':
      return (record) => (record as [unknown, unknown])[1]
    case 'numbered':
      return (record) => [(record as [unknown, unknown])[1], number++]
    default:
      throw new RunjobError('INTERNAL', { detail: `no elements of ${kind} by themselves` })
  }
}

function groupOf(from: ElementsFrom, find: Find, { budget }: TaskEnvironment): Group {
  switch (from.kind) {
    case 'groups':
      return grouped
    case 'folded':
      return folded(from.fold, find)
    case 'joined':
      return joined(from.how, budget.joinGroupBytes)
    default:
      throw new RunjobError('INTERNAL', { detail: `no groups of ${from.kind}` })
  }
}
