/** A function of the user's that a node calls twice with the same arguments is called once, in a projection before. */
import type { CallExpression, Expression } from '../../plan/expression.js'
import { markOf } from '../../plan/type.js'
import { expressionText } from '../expression/text.js'
import {
  aggregate,
  columnNamed,
  columnOf,
  filter,
  inputsOfNode,
  type Logical,
  project,
  unchanged,
  withInputs,
} from '../logical.js'
import { freshName } from '../names.js'
import { allOf, columnsIn, conjuncts } from '../tree.js'

export function shareCalls(node: Logical): Logical {
  return sharedIn(withInputs(node, inputsOfNode(node).map(shareCalls)))
}

/** Of one node, call by call. */
function sharedIn(node: Logical): Logical {
  switch (node.kind) {
    case 'project': {
      const call = repeatedCall(node.values.map(({ value }) => value))
      if (call === null) return node
      const { replace, before } = sharing(call, node.input)
      const values = node.values.map(({ name, value }) => ({ name, value: replace(value) }))
      return sharedIn(project(before(values.map(({ value }) => value)), values))
    }
    case 'aggregate': {
      const call = repeatedCall(node.values.flatMap(({ args }) => args))
      if (call === null) return node
      const { replace, before } = sharing(call, node.input)
      const values = node.values.map((value) => ({ ...value, args: value.args.map(replace) }))
      const by = node.by.map((name) => columnOf(columnNamed(node.input.columns, name)))
      return sharedIn(aggregate(before([...by, ...values.flatMap(({ args }) => args)]), node.by, values))
    }
    case 'filter': {
      const all = conjuncts(node.where)
      const call = repeatedCall(all, true)
      if (call === null) return node
      // Conditions before the first call keep rows from it.
      const first = all.findIndex((one) => callsIn(one).some((other) => isSame(other, call)))
      const protects = allOf(all.slice(0, first))
      const { replace, before } = sharing(call, protects === null ? node.input : filter(node.input, protects))
      const rest = all.slice(first).map(replace)
      const called = before([...node.columns.map(columnOf), ...rest])
      return project(sharedIn(filter(called, allOf(rest)!)), unchanged(node.columns))
    }
  }
  return node
}

/**
 * A call that occurs more than once, and once where it is made for all rows: a branch may never be taken.
 *
 * @param inOrder the expressions are conditions, of which each is asked about rows that those before it let through
 */
function repeatedCall(expressions: readonly Expression[], inOrder = false): CallExpression | null {
  const found = new Map<string, { call: CallExpression; times: number; isCertain: boolean }>()
  const visit = (expression: Expression, isCertain: boolean): void => {
    if (expression.op !== 'call') return
    if (expression.udf !== undefined) {
      const key = JSON.stringify(expression)
      const known = found.get(key)
      if (known === undefined) found.set(key, { call: expression, times: 1, isCertain })
      else {
        known.times++
        if (!inOrder) known.isCertain ||= isCertain
      }
    }
    const isBranching = BRANCHING.has(expression.fn)
    for (const [i, arg] of expression.args.entries()) visit(arg, isCertain && (i === 0 || !isBranching))
  }
  for (const one of expressions) visit(one, true)
  return [...found.values()].find(({ times, isCertain }) => times > 1 && isCertain)?.call ?? null
}

/** Functions that do not evaluate all their arguments. */
const BRANCHING: ReadonlySet<string> = new Set(['and', 'or', 'case', 'coalesce'])

function sharing(call: CallExpression, input: Logical) {
  const name = freshName(
    // As a column it is no call any more.
    expressionText(call).replace(/^udf /, ''),
    input.columns.map((column) => column.name),
  )
  const column = columnOf({ name, type: call.type, nullable: call.nullable, ...markOf(call) })
  const replace = (expression: Expression): Expression => {
    if (expression.op !== 'call') return expression
    if (isSame(expression, call)) return column
    const args = expression.args.map(replace)
    return args.every((arg, i) => arg === expression.args[i]) ? expression : { ...expression, args }
  }
  /** The input with the call as a column, and the columns that these expressions need. */
  const before = (needing: readonly Expression[]): Logical => {
    const needed = new Set(needing.flatMap((one) => [...columnsIn(one)]))
    const kept = unchanged(input.columns.filter((one) => needed.has(one.name)))
    return sharedIn(project(input, [...kept, { name, value: call }]))
  }
  return { replace, before }
}

function callsIn(expression: Expression): CallExpression[] {
  if (expression.op !== 'call') return []
  return [...(expression.udf === undefined ? [] : [expression]), ...expression.args.flatMap(callsIn)]
}

function isSame(expression: CallExpression, call: CallExpression): boolean {
  return expression.udf !== undefined && JSON.stringify(expression) === JSON.stringify(call)
}
