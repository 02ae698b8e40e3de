/** What a user's map does with its row, judged by its source. */
import { require } from '../../../base/packages.js'

/** Of the tree that acorn makes (https://github.com/estree/estree). */
interface Node {
  readonly type: string
  readonly [part: string]: unknown
}

/**
 * Whether all that a map does with its first argument is to read properties by name: `row.city`, `row[column]`, `const { city } = row`.
 * Then it cannot see which of them the object has.
 *
 * Says no wherever the row might be seen in another way: to be wrong in that direction costs time only.
 */
export function readsFieldsOnly(map: (...args: never[]) => unknown): boolean {
  // Functions that a sloppy function calls can read its arguments.
  if (Object.hasOwn(map, 'arguments')) return false
  const fn = parsed(Function.prototype.toString.call(map))
  const [row, ...params] = (fn?.params ?? []) as Node[]
  if (!row || (row.type !== 'Identifier' && !isFlatPattern(row))) return false
  const others = [...params, fn!.body as Node]
  return others.every((node) => readsOnly(node, row.name as string | undefined, true))
}

/** A function's tree; null for one without source, such as a bound one, and for a method that uses private names. */
function parsed(text: string): Node | null {
  const { parseExpressionAt } = require('acorn') as typeof import('acorn')
  const parse = (source: string) =>
    parseExpressionAt(source, 0, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Node
  try {
    return parse(`(${text}\n)`)
  } catch {
    try {
      const { properties } = parse(`({${text}\n})`) as unknown as { properties: { value: Node }[] }
      return properties[0]!.value
    } catch {
      return null
    }
  }
}

/**
 * Whether nothing below `node` gets hold of the variable `row` but to read a property. `arguments` and `eval` are other ways to it.
 *
 * @param isRead the value of `node` is read there; else something is put in its place, or it is called and `this` is the row
 */
function readsOnly(node: Node, row: string | undefined, isRead: boolean): boolean {
  const isRow = (part: unknown) => (part as Node | null)?.type === 'Identifier' && (part as Node).name === row
  if (node.type === 'Identifier') return !isRow(node) && node.name !== 'arguments' && node.name !== 'eval'
  if (node.type === 'VariableDeclarator' && isRow(node.init)) return isFlatPattern(node.id as Node)
  if (node.type === 'MemberExpression' && isRow(node.object)) {
    const property = node.property as Node
    return isRead && isName(property, node.computed === true) && (!node.computed || readsOnly(property, row, true))
  }
  for (const part of Object.keys(node)) {
    // A name that is not a variable.
    if ((part === 'property' || part === 'key') && !node.computed) continue
    const isPartRead = readsPart(node, part, isRead)
    for (const child of [node[part]].flat()) {
      if (isNode(child) && !readsOnly(child, row, isPartRead)) return false
    }
  }
  return true
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string'
}

function readsPart(node: Node, part: string, isRead: boolean): boolean {
  switch (node.type) {
    case 'CallExpression':
      return part !== 'callee'
    case 'TaggedTemplateExpression':
      return part !== 'tag'
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'ForInStatement':
    case 'ForOfStatement':
      return part !== 'left'
    case 'ArrayPattern':
    case 'ObjectPattern':
    case 'RestElement':
    case 'UpdateExpression':
      return false
    case 'UnaryExpression':
      return node.operator !== 'delete'
    // `row?.city` and `{ city: row.city }` are read or not like the whole.
    case 'ChainExpression':
    case 'Property':
      return isRead
    default:
      return true
  }
}

/** `city, price: p`: no rest, no default, nothing nested. */
function isFlatPattern(node: Node): boolean {
  if (node.type !== 'ObjectPattern') return false
  return (node.properties as Node[]).every(
    ({ type, computed, key, value }) =>
      type === 'Property' && !computed && isName(key as Node, false) && (value as Node).type === 'Identifier',
  )
}

/** `city` or `"unit price"`, or, in brackets, `name` or `params.name`; but nothing that every object has. */
function isName(node: Node, computed: boolean): boolean {
  if (node.type === 'Literal') return typeof node.value === 'string' && !(node.value in Object.prototype)
  if (!computed) return node.type === 'Identifier' && !((node.name as string) in Object.prototype)
  return (
    node.type === 'Identifier' ||
    (node.type === 'MemberExpression' && !node.computed && isName(node.object as Node, true))
  )
}
