/** Window functions: which rows each is about, and what it reads. */
import { RunjobError } from '../base/errors.js'
import {
  type Expression,
  isNullable,
  type LiteralExpression,
  type NamedExpression,
  type SortKey,
} from '../plan/expression.js'
import type { FrameEnd, GroupFn, GroupValue, WindowFn, WindowFrame, WindowValue } from '../plan/plan.js'
import { type Column, markOf, type Type, typeText } from '../plan/type.js'
import { groupValue } from './analyze_aggregate.js'
import { parseDuration } from './expression/duration.js'
import { literalOf } from './expression/literal.js'
import { DAY_MICROS } from './expression/parse.js'
import { resolve } from './expression/resolve.js'
import { expressionText } from './expression/text.js'
import { partsOf, type Untyped, type UntypedFrame, type UntypedWindow, withParts } from './expression/untyped.js'
import { invalid } from './invalid.js'
import { type Logical, project, unchanged, type WindowNode, window } from './logical.js'
import { freshName } from './names.js'
import { ORDERED } from './rules/drop_sorts.js'

/**
 * @param make what is made of the trees, in which window functions have become columns of `from`: the input with the results of these
 * @throws DATASET_INVALID, COLUMN_UNKNOWN
 */
export function withWindows<T>(
  trees: readonly { name: string; value: Untyped }[],
  input: Logical,
  make: (from: Logical, trees: readonly Untyped[]) => T,
): T {
  const values = trees.map(({ value }) => value)
  if (!values.some(hasWindow)) return make(input, values)
  const windows = new Windows(input)
  const replaced = trees.map(({ name, value }) => windows.replaced(value, name))
  try {
    return make(windows.over(), replaced)
  } catch (error) {
    // The names of their results are not for people.
    if (!(error instanceof RunjobError) || error.code !== 'COLUMN_UNKNOWN') throw error
    throw error.withParams({ columns: input.columns.map(({ name }) => name) })
  }
}

function hasWindow(tree: Untyped): boolean {
  return tree.kind === 'window' || partsOf(tree).some(hasWindow)
}

/** Those that go through the same rows in the same order. */
interface Shared extends Pick<WindowNode, 'partition' | 'order'> {
  values: WindowValue[]
}

class Windows {
  readonly #input: Logical
  /** What partitions and orders are made of, where it is no column. */
  readonly #keys: NamedExpression[] = []
  readonly #all: Shared[] = []

  constructor(input: Logical) {
    this.#input = input
  }

  /** The input with all results. Its rows are in the order of the last window. */
  over(): Logical {
    const { columns } = this.#input
    const from = this.#keys.length === 0 ? this.#input : project(this.#input, [...unchanged(columns), ...this.#keys])
    return this.#all.reduce<Logical>((below, shared) => window({ input: below, ...shared }), from)
  }

  /** @param name wanted for a result that is the whole */
  replaced(tree: Untyped, name: string | null = null): Untyped {
    switch (tree.kind) {
      case 'window':
        return { kind: 'column', name: this.#result(tree, name) }
      case 'alias':
        return this.replaced(tree.arg, name)
      default:
        return withParts(tree, (part) => this.replaced(part))
    }
  }

  /** Name of the column that has its result. */
  #result(tree: UntypedWindow, wanted: string | null): string {
    const partition = tree.partition.map((key) => this.#key(key))
    const order = tree.order.map(
      ({ value, descending, nullsFirst }): SortKey => ({ column: this.#key(value), descending, nullsFirst }),
    )
    const value = this.#value(tree, order)
    const shared = this.#sharedBy(partition, order, value)
    const known = shared.values.find(
      (other) => JSON.stringify(other) === JSON.stringify({ ...value, column: other.column }),
    )
    if (known) return known.column.name
    shared.values.push({ ...value, column: { ...value.column, name: this.#fresh(wanted ?? shortText(tree)) } })
    return shared.values.at(-1)!.column.name
  }

  /** Whole partitions may be in any order, so these need no sort of their own, unless their order shows. */
  #sharedBy(partition: string[], order: SortKey[], { fn, frame }: WindowValue): Shared {
    const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
    const isWhole = frame !== null && frame.start === null && frame.end === null && !ORDERED.has(fn as GroupFn)
    const mayJoin = (other: Shared) =>
      isSame(other.partition, partition) &&
      (isSame(other.order, order) || (order.length === 0 && isWhole && fn !== 'nthValue'))
    const known = this.#all.find(mayJoin)
    if (known) return known
    const made: Shared = { partition, order, values: [] }
    this.#all.push(made)
    return made
  }

  #key(tree: Untyped): string {
    const value = resolve(tree, this.#input.columns)
    if (value.op === 'column') return value.name
    const known = this.#keys.find((key) => JSON.stringify(key.value) === JSON.stringify(value))
    if (known) return known.name
    const name = this.#fresh(expressionText(tree))
    this.#keys.push({ name, value })
    return name
  }

  #fresh(wanted: string): string {
    const results = this.#all.flatMap(({ values }) => values.map(({ column }) => column.name))
    const names = [...this.#input.columns, ...this.#keys].map(({ name }) => name)
    return freshName(wanted, [...names, ...results])
  }

  #value(tree: UntypedWindow, order: readonly SortKey[]): WindowValue {
    const { fn, args, frame: asked } = tree
    const name = expressionText(tree)
    const { columns } = this.#input
    const given = (type: Type, nullable: boolean, like: Expression | null = null): WindowValue => ({
      column: { name, type, nullable, ...(like && markOf(like)) },
      fn: fn as WindowFn,
      args: args.map((arg) => resolve(arg, columns)),
      frame: null,
    })
    if (fn === 'countDistinct') {
      throw invalid(
        `${name}: different values are not counted in windows`,
        'Count them by groupBy() and agg(), and join the result; or take size(…) of collectSet(…).over(…).',
      )
    }
    switch (fn) {
      case 'rowNumber':
      case 'rank':
      case 'denseRank':
      case 'ntile':
      case 'percentRank':
      case 'cumeDist':
        requireOrder(name, order, asked)
        return given(fn === 'percentRank' || fn === 'cumeDist' ? 'double' : 'integer', false)
      case 'lag':
      case 'lead': {
        requireOrder(name, order, asked)
        const [value, distance, other] = args
        const read = resolve(value!, columns)
        const rest = other === undefined ? [] : [resolve(asType(other, read.type), columns)]
        const isFull = !isNullable(read) && rest.length > 0 && !isNullable(rest[0]!)
        return { ...given(read.type, !isFull, read), args: [read, resolve(distance!, columns), ...rest] }
      }
      case 'nthValue': {
        const read = resolve(args[0]!, columns)
        return { ...given(read.type, true, read), frame: this.#frame(name, asked, order) }
      }
      default: {
        const aggregate: GroupValue = groupValue({ name, fn, args, ascending: tree.ascending }, columns, false)
        return { ...aggregate, fn: aggregate.fn as WindowFn, frame: this.#frame(name, asked, order) }
      }
    }
  }

  #frame(what: string, asked: UntypedFrame | null, order: readonly SortKey[]): WindowFrame {
    // As in Spark: what has come so far, if there is an order.
    if (asked === null) return { unit: 'range', start: null, end: order.length === 0 ? null : 0 }
    const { unit } = asked
    const [start, end] = [asked.start, asked.end].map((by): FrameEnd => {
      if (typeof by === 'number' && (unit === 'rows' || by === 0 || !Number.isFinite(by))) {
        return Number.isFinite(by) ? by : null
      }
      return this.#distance(what, by, order)
    }) as [FrameEnd, FrameEnd]
    const frame: WindowFrame = { unit, start, end }
    if (isBackwards(frame))
      throw invalid(`${what}: the frame ends before it starts`, 'Give its earlier end first: (-1, 1).')
    return frame
  }

  /** In terms of the one column that the window is ordered by. */
  #distance(what: string, by: number | string, order: readonly SortKey[]): LiteralExpression {
    const [key, another] = order
    if (key === undefined || another !== undefined) {
      throw invalid(
        `${what}: a distance by range needs an order by one column, not ${order.length}`,
        'Order by that column alone, or count rows: rowsBetween().',
      )
    }
    const type = this.#typeOf(key.column)
    const shown = JSON.stringify(by)
    const wrong = (hint: string) =>
      invalid(`${what}: ${shown} is no distance of ${key.column}, which is of type ${typeText(type)}`, hint)
    if (typeof by === 'string') {
      if (type !== 'date' && type !== 'timestamp' && type !== 'timestamp_ntz') throw wrong('Give a number.')
      const micros = parseDuration(by)
      if (type !== 'date') return { op: 'literal', value: String(micros), type: 'long' }
      if (micros % DAY_MICROS !== 0n) throw wrong('Dates are whole days apart.')
      return { op: 'literal', value: String(micros / DAY_MICROS), type: 'long' }
    }
    if (type === 'timestamp' || type === 'timestamp_ntz') throw wrong("Give a length of time, such as '-1 day'.")
    if (type === 'integer' || type === 'long' || type === 'date') {
      if (!Number.isSafeInteger(by)) throw wrong('Give a whole number.')
      return { op: 'literal', value: String(by), type: 'long' }
    }
    const literal =
      type === 'double' || (typeof type === 'object' && type.type === 'decimal') ? literalOf(by, type) : null
    if (literal) return literal
    throw wrong('Order by a number, a date or a timestamp; or count rows: rowsBetween().')
  }

  #typeOf(name: string): Type {
    const column: Column | undefined = this.#input.columns.find((one) => one.name === name)
    return column?.type ?? this.#keys.find((key) => key.name === name)!.value.type
  }
}

function asType(tree: Untyped, type: Type): Untyped {
  return tree.kind === 'literal' ? { ...tree, type } : { kind: 'cast', arg: tree, to: type, try: false }
}

/** Without its window. */
function shortText({ fn, args }: UntypedWindow): string {
  return expressionText({ kind: 'call', fn, args })
}

function requireOrder(what: string, order: readonly SortKey[], frame: UntypedFrame | null): void {
  if (order.length === 0) {
    throw invalid(`${what} needs an order`, "Say which row comes first: Window.partitionBy('city').orderBy('day').")
  }
  if (frame !== null) {
    throw invalid(
      `${what} takes no frame: it is about the whole partition`,
      'Leave out rowsBetween() and rangeBetween().',
    )
  }
}

/** Literals have the type of the order, where integers and decimals are whole numbers. */
function isBackwards({ start, end }: WindowFrame): boolean {
  if (start === null || end === null) return false
  const value = (by: number | LiteralExpression) => (typeof by === 'number' ? by : by.value) as number | string
  const isDouble = [start, end].some((by) => typeof by === 'object' && by.type === 'double')
  if (isDouble) return Number(value(start)) > Number(value(end))
  return BigInt(value(start)) > BigInt(value(end))
}
