/** Windows of time, in a select(), withColumn() or groupBy(): rows without a time are left out, and windows that overlap make rows. */
import { type Expression, isNullable } from '../plan/expression.js'
import type { StructType } from '../plan/type.js'
import { explodedBy } from './analyze_explode.js'
import { resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import { type TimeWindow, timeWindow } from './expression/time_window.js'
import { partsOf, treeKey, type Untyped, type UntypedCall, withParts } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { explode, filter, type Logical } from './logical.js'
import { freshName } from './names.js'

/** Of one row: each is a row of its own. */
const MOST_WINDOWS = 100_000

/**
 * The input without rows that have no time, and with a row for each window, if they overlap; and the trees, in which such windows have become
 * a column of that.
 *
 * @throws DATASET_INVALID
 */
export function withTimeWindows(
  trees: readonly Untyped[],
  input: Logical,
  what: string,
): { from: Logical; trees: readonly Untyped[] } {
  const found = new Map<string, UntypedCall>()
  for (const tree of trees) collect(tree, found)
  if (found.size === 0) return { from: input, trees }
  let from = input
  for (const { args } of found.values()) from = withTime(args[0]!, from)
  const sliding = [...found].filter(([, tree]) => isSliding(tree))
  if (sliding.length === 0) return { from, trees }
  const [[key, tree], second] = sliding as [[string, UntypedCall], [string, UntypedCall]?]
  const other = second?.[1] ?? trees.map(explodedBy).find((one) => one !== null)
  if (other) {
    throw invalid(
      `${what}: both ${expressionText(tree)} and ${expressionText(other)} make rows`,
      'Make a column of one of them before, with withColumn().',
    )
  }
  const name = freshName(
    'window',
    input.columns.map((column) => column.name),
  )
  return { from: withWindows(tree, name, from), trees: trees.map((one) => replaced(one, key, name)) }
}

function collect(tree: Untyped, found: Map<string, UntypedCall>): void {
  if (isTimeWindow(tree)) found.set(treeKey(tree), tree)
  else for (const part of partsOf(tree)) collect(part, found)
}

function isTimeWindow(tree: Untyped): tree is UntypedCall {
  return tree.kind === 'call' && tree.fn === 'window'
}

function isSliding({ args: [, length, slide] }: UntypedCall): boolean {
  return slide !== undefined && treeKey(length!) !== treeKey(slide)
}

function withTime(time: Untyped, input: Logical): Logical {
  const isThere: Untyped = { kind: 'call', fn: 'isNotNull', args: [time] }
  return isNullable(resolve(time, input.columns)) ? filter(input, resolve(isThere, input.columns), true) : input
}

function withWindows(tree: UntypedCall, name: string, input: Logical): Logical {
  const { time, parts, type } = windowsOf(tree, input)
  const { length, slide, offset } = parts
  const most = Number((length + slide - 1n) / slide)
  if (most > MOST_WINDOWS) {
    throw invalid(
      `${expressionText(tree)}: a time would be in ${most} windows`,
      `It may be in ${MOST_WINDOWS}: take a longer slide, or shorter windows.`,
    )
  }
  const numbers = [length, slide, offset].map((micros): Expression => {
    return { op: 'literal', value: String(micros), type: 'long' }
  })
  return explode({
    input,
    list: {
      op: 'call',
      fn: 'windows',
      args: [time, ...numbers],
      type: { type: 'array', element: type, containsNull: false },
      nullable: isNullable(time),
    },
    outer: false,
    most,
    keep: input.columns.map((column) => column.name),
    position: null,
    element: { name, type, nullable: false },
  })
}

/** @returns time in microseconds */
function windowsOf(tree: UntypedCall, { columns }: Logical): { time: Expression; parts: TimeWindow; type: StructType } {
  const [t, ...texts] = tree.args as [Untyped, ...Untyped[]]
  const [length, slide, offset] = texts.map((text) => (text.kind === 'literal' ? String(text.value) : ''))
  // One that does not overlap says what is wrong with its time.
  const { type } = resolve({ ...tree, args: [t, texts[0]!] }, columns)
  const time = resolve({ kind: 'call', fn: 'unixMicros', args: [t] }, columns)
  return { time, parts: timeWindow(length!, slide, offset), type: type as StructType }
}

function replaced(tree: Untyped, key: string, name: string): Untyped {
  if (isTimeWindow(tree) && treeKey(tree) === key) return { kind: 'column', name }
  return withParts(tree, (part) => replaced(part, key, name))
}
