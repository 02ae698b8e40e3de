/** What rules ask of resolved expressions, and how they change them. */
import type { Expression } from '../plan/expression.js'

/** Names of the columns that an expression reads. */
export function columnsIn(expression: Expression, found: Set<string> = new Set()): Set<string> {
  if (expression.op === 'column') found.add(expression.name)
  if (expression.op === 'call') for (const arg of expression.args) columnsIn(arg, found)
  return found
}

/** The expression with each column replaced, if there is something for its name. */
export function substituted(expression: Expression, by: (name: string) => Expression | undefined): Expression {
  switch (expression.op) {
    case 'column':
      return by(expression.name) ?? expression
    case 'literal':
      return expression
    case 'call':
      return { ...expression, args: expression.args.map((arg) => substituted(arg, by)) }
  }
}

export function renamed(expression: Expression, names: ReadonlyMap<string, string>): Expression {
  if (expression.op === 'column') {
    const name = names.get(expression.name)
    return name === undefined ? expression : { ...expression, name }
  }
  return expression.op === 'call'
    ? { ...expression, args: expression.args.map((arg) => renamed(arg, names)) }
    : expression
}

/** a and b and c, as a list. */
export function conjuncts(expression: Expression): Expression[] {
  return expression.op === 'call' && expression.fn === 'and' ? expression.args.flatMap(conjuncts) : [expression]
}

/** a or b or c, as a list. */
export function disjuncts(expression: Expression): Expression[] {
  return expression.op === 'call' && expression.fn === 'or' ? expression.args.flatMap(disjuncts) : [expression]
}

/** All of them; null if there is none. */
export function allOf(conditions: readonly Expression[]): Expression | null {
  return conditions.length === 0 ? null : joinedBy('and', conditions)
}

/** One of them, of which there is one at least. */
export function anyOf(conditions: readonly Expression[]): Expression {
  return joinedBy('or', conditions)
}

function joinedBy(fn: 'and' | 'or', conditions: readonly Expression[]): Expression {
  return conditions.reduce((left, right) => ({
    op: 'call',
    fn,
    args: [left, right],
    type: 'boolean',
    nullable: isTrueOrNull(left) || isTrueOrNull(right),
  }))
}

function isTrueOrNull(expression: Expression): boolean {
  return expression.op === 'literal' ? expression.value === null : expression.nullable
}
