/** What a user's map does with its row, judged by its source. */
import { isNode, type Node, parseFunction } from '../../../base/syntax.js'

/** Names of properties that are read; `any`: also others, known only when the map runs. */
export interface FieldsRead {
  readonly names: Set<string>
  any: boolean
}

/**
 * The properties of its first argument that a map reads, if it does nothing else with it: `row.city`, `row[column]`,
 * `const { city } = row`. Then it cannot see which of them the object has.
 *
 * Null wherever the row might be seen in another way: to be wrong in that direction costs time only.
 */
export function fieldsRead(map: (...args: never[]) => unknown): FieldsRead | null {
  // Functions that a sloppy function calls can read its arguments.
  if (Object.hasOwn(map, 'arguments')) return null
  const fn = parseFunction(Function.prototype.toString.call(map))
  const [row, ...params] = (fn?.params ?? []) as Node[]
  const read: FieldsRead = { names: new Set(), any: false }
  if (!row || (row.type !== 'Identifier' && !readsPattern(row, read))) return null
  const others = [...params, fn!.body as Node]
  return others.every((node) => readsOnly(node, row.name as string | undefined, true, read)) ? read : null
}

/**
 * Whether nothing below `node` gets hold of the variable `row` but to read a property. `arguments` and `eval` are other ways to it.
 *
 * @param isRead the value of `node` is read there; else something is put in its place, or it is called and `this` is the row
 */
function readsOnly(node: Node, row: string | undefined, isRead: boolean, read: FieldsRead): boolean {
  const isRow = (part: unknown) => (part as Node | null)?.type === 'Identifier' && (part as Node).name === row
  if (node.type === 'Identifier') return !isRow(node) && node.name !== 'arguments' && node.name !== 'eval'
  if (node.type === 'VariableDeclarator' && isRow(node.init)) return readsPattern(node.id as Node, read)
  if (node.type === 'MemberExpression' && isRow(node.object)) {
    const property = node.property as Node
    return (
      isRead &&
      readsName(property, node.computed === true, read) &&
      (!node.computed || readsOnly(property, row, true, read))
    )
  }
  for (const part of Object.keys(node)) {
    // A name that is not a variable.
    if ((part === 'property' || part === 'key') && !node.computed) continue
    const isPartRead = readsPart(node, part, isRead)
    for (const child of [node[part]].flat()) {
      if (isNode(child) && !readsOnly(child, row, isPartRead, read)) return false
    }
  }
  return true
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

/** Such as `city, price: p`: no rest, no default, nothing nested. */
function readsPattern(node: Node, read: FieldsRead): boolean {
  if (node.type !== 'ObjectPattern') return false
  return (node.properties as Node[]).every(
    ({ type, computed, key, value }) =>
      type === 'Property' && !computed && readsName(key as Node, false, read) && (value as Node).type === 'Identifier',
  )
}

function readsName(node: Node, computed: boolean, read: FieldsRead): boolean {
  if (!isName(node, computed)) return false
  if (node.type === 'Literal') read.names.add(node.value as string)
  else if (computed) read.any = true
  else read.names.add(node.name as string)
  return true
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
