/** The source of a function as a tree. */
import { require } from './packages.js'

/** Of the tree that acorn makes (https://github.com/estree/estree). */
export interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string'
}

/** Where the text begins for the positions of its nodes. */
export const TEXT_START = 2

/**
 * Null for a function without source, such as a bound one, and for a method that uses private names.
 *
 * @param text as `toString` of a function gives it
 */
export function parseFunction(text: string): Node | null {
  const { parseExpressionAt } = require('acorn') as typeof import('acorn')
  const parse = (source: string) =>
    parseExpressionAt(source, 0, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Node
  try {
    return parse(` (${text}\n)`)
  } catch {
    try {
      const { properties } = parse(`({${text}\n})`) as unknown as { properties: { value: Node }[] }
      return properties[0]!.value
    } catch {
      return null
    }
  }
}
