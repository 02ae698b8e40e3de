/** Short names for people. */
import type { Input, Operator, Plan } from './plan.js'
import { stageFilling } from './stages.js'

/** Of an input's operators. */
export function operatorNames(plan: Pick<Plan, 'stages'>, input: Input): string[] {
  return input.operators.map((operator) =>
    operator.op === 'rows' && input.kind === 'exchange'
      ? `rows of ${plan.stages[stageFilling(plan, input.exchange)]!.name}`
      : operatorName(operator),
  )
}

function operatorName(operator: Operator): string {
  switch (operator.op) {
    case 'join':
    case 'mergeJoin':
    case 'probe':
    case 'hashJoin':
      return `${operator.type} join`
    default:
      return operator.op
  }
}
