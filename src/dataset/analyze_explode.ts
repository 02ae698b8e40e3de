/** Rows of the elements of a list: in a select() or withColumn(), one list may become rows. */
import { markOf, typeText } from '../plan/type.js'
import { resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import { partsOf, treeKey, type Untyped, type UntypedExplode } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { explode, type Logical } from './logical.js'
import { freshName } from './names.js'

/**
 * The input with a row for each element, and the trees, in which the element and its place have become columns of that.
 *
 * @throws DATASET_INVALID
 */
export function withExploded(
  trees: readonly Untyped[],
  input: Logical,
  what: string,
): { from: Logical; trees: readonly Untyped[] } {
  const made = trees.flatMap((tree) => explodedBy(tree) ?? [])
  const [first] = made
  if (first === undefined) return { from: input, trees }
  requireOne(made, what)
  if (trees.some(hasWindow)) {
    throw invalid(
      `${what}: ${expressionText(first)} makes rows, and a window function is about rows`,
      'Make columns of one after the other, with two withColumn().',
    )
  }
  const list = resolve(first.list, input.columns)
  const { type } = list
  if (typeof type !== 'object' || type.type !== 'array') {
    throw invalid(`${expressionText(first)} needs a list, not ${typeText(type)}`)
  }
  const names = input.columns.map(({ name }) => name)
  const position = made.some(({ part }) => part === 'position') ? freshName('pos', names) : null
  const element = freshName('col', names)
  const from = explode({
    input,
    list,
    outer: first.outer,
    most: 0,
    keep: names,
    position: position === null ? null : { name: position, type: 'integer', nullable: first.outer },
    element: { name: element, type: type.element, nullable: first.outer || type.containsNull, ...markOf(type) },
  })
  const replaced = trees.map((tree): Untyped => {
    const own = explodedBy(tree)
    return own === null ? tree : { kind: 'column', name: own.part === 'position' ? position! : element }
  })
  return { from, trees: replaced }
}

/** What a whole column is made of; null: not of elements. */
export function explodedBy(tree: Untyped): UntypedExplode | null {
  if (tree.kind === 'alias') return explodedBy(tree.arg)
  return tree.kind === 'explode' ? tree : null
}

/** A list has one element a row, and one place of it. */
function requireOne(made: readonly UntypedExplode[], what: string): void {
  const [first, second, third] = made
  const isSame = (a: UntypedExplode, b: UntypedExplode) => a.outer === b.outer && treeKey(a.list) === treeKey(b.list)
  if (second === undefined) return
  if (third === undefined && isSame(first!, second) && first!.part !== second.part) return
  throw invalid(
    `${what}: both ${expressionText(first!)} and ${expressionText(third ?? second)} make rows`,
    'Explode one list, and the other in a withColumn() after that: each element of the one meets each of the other.',
  )
}

function hasWindow(tree: Untyped): boolean {
  return tree.kind === 'window' || partsOf(tree).some(hasWindow)
}
