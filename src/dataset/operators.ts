/**
 * Operators of JavaScript in a function of columns. An expression is an object, so `c.a || c.b` is `c.a`, `!c.a` is false, and `c.a === 1` is
 * false, for all rows and in silence. Those that ask an object for a value throw (Expr); the others show in the source only.
 */
import { isNode, type Node, parseFunction, TEXT_START } from '../base/syntax.js'
import { invalid } from './invalid.js'

/** What the source must have, or it needs no closer look. */
const SUSPECT = /\|\||&&|\?|!|==|\b(?:if|while|for)\b/

const INSTEAD: Readonly<Record<string, string>> = {
  '||': 'a.or(b), or coalesce(a, b)',
  '&&': 'a.and(b)',
  '??': 'coalesce(a, b)',
  '!': 'a.not()',
  '===': 'a.eq(b)',
  '==': 'a.eq(b)',
  '!==': 'a.ne(b)',
  '!=': 'a.ne(b)',
  '?': 'when(a, b).otherwise(c)',
}

/**
 * @param source of a function that gets columns, or objects of them, as arguments
 * @throws DATASET_INVALID for an operator between expressions
 */
export function refuseOperators(source: string, what: string): void {
  if (!SUSPECT.test(source)) return
  const fn = parseFunction(source)
  if (fn === null) return
  const scope = new Scope()
  for (const parameter of fn.params as Node[]) scope.addColumns(parameter)
  const found = scope.misusedIn(fn.body as Node)
  if (found === null) return
  const text = source.slice(found.node.start - TEXT_START, found.node.end - TEXT_START)
  throw invalid(
    `${what}: ${found.operator} of JavaScript does not see the values of a column: ${text}`,
    `Write ${INSTEAD[found.operator]}. For JavaScript on values, make a function: udf((a, b) => …, boolean())(c.a, c.b).`,
  )
}

interface Misuse {
  operator: string
  node: { start: number; end: number }
}

/** The variables of a function that hold columns, and those that hold expressions. */
class Scope {
  readonly #columns = new Set<string>()
  readonly #expressions = new Set<string>()

  /** A parameter: `c`, or `{ price, qty }`. */
  addColumns(pattern: Node): void {
    if (pattern.type === 'Identifier') this.#columns.add(pattern.name as string)
    if (pattern.type !== 'ObjectPattern') return
    for (const { value } of pattern.properties as Node[]) {
      if (isNode(value) && value.type === 'Identifier') this.#expressions.add(value.name as string)
    }
  }

  /** The first operator, in the order of the source, that is used on an expression. */
  misusedIn(node: Node): Misuse | null {
    const operator = this.#operatorOf(node)
    if (operator !== null) return { operator, node: node as unknown as Misuse['node'] }
    for (const part of Object.values(node).flat()) {
      const found = isNode(part) ? this.misusedIn(part) : null
      if (found !== null) return found
    }
    if (node.type === 'VariableDeclarator') this.#declare(node.id as Node, node.init as Node | null)
    return null
  }

  #declare(id: Node, init: Node | null): void {
    if (init === null) return
    if (init.type === 'Identifier' && this.#columns.has(init.name as string)) this.addColumns(id)
    else if (id.type === 'Identifier' && this.#isExpression(init)) this.#expressions.add(id.name as string)
  }

  /** The operator with which a node asks whether an expression is true, or equal to something. */
  #operatorOf(node: Node): string | null {
    switch (node.type) {
      case 'LogicalExpression':
        return this.#isExpression(node.left as Node) ? (node.operator as string) : null
      case 'UnaryExpression':
        return node.operator === '!' && this.#isExpression(node.argument as Node) ? '!' : null
      case 'BinaryExpression':
        return /^[!=]==?$/.test(node.operator as string) &&
          [node.left, node.right].some((side) => this.#isExpression(side as Node))
          ? (node.operator as string)
          : null
      case 'ConditionalExpression':
      case 'IfStatement':
      case 'WhileStatement':
        return this.#isExpression(node.test as Node) ? '?' : null
      default:
        return null
    }
  }

  #isExpression(node: Node): boolean {
    switch (node.type) {
      case 'Identifier':
        return this.#expressions.has(node.name as string)
      case 'ChainExpression':
        return this.#isExpression(node.expression as Node)
      case 'MemberExpression': {
        const object = node.object as Node
        const isColumn = object.type === 'Identifier' && this.#columns.has(object.name as string)
        return isColumn || this.#isExpression(object)
      }
      case 'CallExpression': {
        const callee = node.callee as Node
        if (callee.type === 'Identifier' ? callee.name === 'col' : this.#isExpression(callee)) return true
        // Of the package, or the user's own, such as what udf() makes.
        return (node.arguments as Node[]).some((argument) => this.#isExpression(argument))
      }
      case 'ConditionalExpression':
        return [node.consequent, node.alternate].some((branch) => this.#isExpression(branch as Node))
      default:
        return false
    }
  }
}
