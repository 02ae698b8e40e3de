/** What does not depend on a row is computed when the plan is built; a filter that always holds goes. */
import type { Expression } from '../../plan/expression.js'
import { fold } from '../expression/fold.js'
import {
  aggregate,
  explode,
  filter,
  inputsOfNode,
  join,
  type Logical,
  project,
  window,
  withInputs,
} from '../logical.js'

/** @param now the time of the plan: microseconds since 1970-01-01 UTC */
export function foldConstants(node: Logical, now: bigint): Logical {
  const inputs = inputsOfNode(node).map((input) => foldConstants(input, now))
  const made = withInputs(node, inputs)
  switch (made.kind) {
    case 'filter': {
      const where = fold(made.where, now)
      return isTrue(where) ? made.input : where === made.where ? made : filter(made.input, where, made.leftOut)
    }
    case 'project':
      return project(
        made.input,
        made.values.map(({ name, value }) => ({ name, value: fold(value, now) })),
      )
    case 'explode':
      return explode({ ...made, list: fold(made.list, now) })
    case 'aggregate':
      return aggregate(
        made.input,
        made.by,
        made.values.map((value) => ({ ...value, args: value.args.map((arg) => fold(arg, now)) })),
      )
    case 'window':
      return window({
        ...made,
        values: made.values.map((value) => ({ ...value, args: value.args.map((arg) => fold(arg, now)) })),
      })
    case 'join': {
      if (made.residual === null) return made
      const residual = fold(made.residual, now)
      return join({ ...made, residual: isTrue(residual) ? null : residual })
    }
  }
  return made
}

function isTrue(where: Expression): boolean {
  return where.op === 'literal' && where.value === true
}
