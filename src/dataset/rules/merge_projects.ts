/** A projection of a projection is one, unless that would compute something twice; one that changes nothing goes. */
import type { Expression } from '../../plan/expression.js'
import { inputsOfNode, type Logical, type ProjectNode, project, withInputs } from '../logical.js'
import { substituted } from '../tree.js'

export function mergeProjects(node: Logical): Logical {
  const made = withInputs(node, inputsOfNode(node).map(mergeProjects))
  if (made.kind !== 'project') return made
  const merged = made.input.kind === 'project' ? merge(made, made.input) : made
  return isUnchanged(merged) ? merged.input : merged
}

function merge(outer: ProjectNode, inner: ProjectNode): ProjectNode {
  const values = new Map(inner.values.map(({ name, value }) => [name, value]))
  const uses = new Map<string, number>()
  const isTwice = outer.values.some(({ value }) => countUses(value, uses, values))
  if (isTwice) return outer
  const merged = project(
    inner.input,
    outer.values.map(({ name, value }) => ({ name, value: substituted(value, (column) => values.get(column)) })),
  )
  return merged.input.kind === 'project' ? merge(merged, merged.input) : merged
}

/** Whether a value that is computed is used a second time. */
function countUses(
  expression: Expression,
  uses: Map<string, number>,
  values: ReadonlyMap<string, Expression>,
): boolean {
  if (expression.op === 'literal') return false
  if (expression.op === 'call') return expression.args.some((arg) => countUses(arg, uses, values))
  if (values.get(expression.name)?.op !== 'call') return false
  const count = (uses.get(expression.name) ?? 0) + 1
  uses.set(expression.name, count)
  return count > 1
}

function isUnchanged({ input, values }: ProjectNode): boolean {
  return (
    values.length === input.columns.length &&
    values.every(
      ({ name, value }, i) => value.op === 'column' && value.name === name && input.columns[i]!.name === name,
    )
  )
}
