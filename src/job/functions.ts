/** A job's functions, as the workers look them up. */
import { RunjobError } from '../base/errors.js'
import type { JobFunctions, ReduceFunction } from '../plan/functions.js'
import type { FunctionRef } from '../plan/plan.js'
import type { AnyBody } from './define.js'
import { mapFor, type NormalStep, normalSteps } from './steps.js'

export function jobFunctions(body: AnyBody): JobFunctions {
  const steps = normalSteps(body)
  return {
    setup: body.setup ?? null,
    teardown: body.teardown ?? null,
    find(ref) {
      const step = steps[ref.step]
      const found = step && findIn(step, ref)
      if (typeof found !== 'function') {
        throw new RunjobError('INTERNAL', { problem: `step ${ref.step} has no function for ${ref.role}` })
      }
      return found
    },
  }
}

function findIn(step: NormalStep, ref: FunctionRef): unknown {
  switch (ref.role) {
    case 'map':
      return mapFor(step, ref.input ?? '')
    case 'reduce':
      return isBigintSum(step) ? sumBigints : step.reduce
    case 'combine':
      return isBigintSum(step) ? sumBigints : step.combine
    case 'partition':
      return step.partition
    case 'order':
      return step.order
  }
}

/** `sum()` over the codec bigint: of any size, so in JavaScript. */
export function isBigintSum(step: NormalStep): boolean {
  const { reduce } = step
  return (
    step.value === 'bigint' &&
    reduce !== null &&
    typeof reduce !== 'function' &&
    reduce.reducer === 'aggregate' &&
    reduce.columns.fn === 'sum'
  )
}

const sumBigints: ReduceFunction = (key, values, emit) => {
  let total = 0n
  for (const value of values) total += value as bigint
  emit(key, total)
}
