/** CSV rows as objects. */
import type { BlockText, FieldSource } from '../../../io/format/csv/block.js'
import type { Columns } from '../../../io/format/csv/columns.js'
import { withoutClass } from '../../../kernels/row_objects.js'
import type { MapFunction } from '../../../plan/functions.js'

/** A row whose fields are in `source` from `first` on. */
export type RowClass = new (source: FieldSource, first: number) => object

/**
 * The class of a file's rows: every column is an own property of the object, as in an object literal. Reading another one throws
 * COLUMN_UNKNOWN or COLUMN_AMBIGUOUS.
 *
 * The class is compiled for its columns: objects that always get the same properties in the same order are created as fast as literals.
 */
export function rowClass(columns: Columns): RowClass {
  const { names, positions } = columns
  const quoted = names.map((name) => JSON.stringify(name))
  // Declared first: assigning to an absent property would search the prototypes for a setter, and ask the proxy. In brackets, because a
  // field must not be called "constructor"; this keeps the order.
  const fields = quoted.map((name) => (name === '"constructor"' ? `[${name}]` : name))
  const set = quoted.map((name, c) => `this[${name}] = source.field(first + ${positions[c]})`)
  const source = `return class { ${fields.join('; ')}; constructor(source, first) { ${set.join('; ')} } }`
  return withColumns(new Function(source)() as RowClass, columns)
}

/** Properties that collide with no column's name. Not private fields: initialising those takes as long as cutting out a field. */
const SOURCE = Symbol('source')
const FIRST = Symbol('first')

/**
 * The same for rows whose columns are only read by name (fields_only.ts): a field is cut out of its block when it is read. The map cannot
 * notice that fields are not own properties.
 */
export function lateRowClass(columns: Columns): RowClass {
  class LateRow {
    [SOURCE]: FieldSource;
    [FIRST]: number
    constructor(source: FieldSource, first: number) {
      this[SOURCE] = source
      this[FIRST] = first
    }
  }
  const Row = withColumns(LateRow, columns)
  columns.names.forEach((name, c) => {
    const position = columns.positions[c]!
    Object.defineProperty(Row.prototype, name, {
      get(this: LateRow) {
        return this[SOURCE].field(this[FIRST] + position)
      },
    })
  })
  return Row
}

/** Properties that the language and test tools read from any object, without the user's code. */
const PROBES = new Set([
  'then',
  'toJSON',
  'asymmetricMatch',
  '$$typeof',
  'nodeType',
  'nodeName',
  'tagName',
  '_isMockFunction',
])

/** Rows look like plain objects; their prototype chain ends in a proxy that refuses unknown columns. Own properties never reach it. */
export function withColumns<C extends new (...args: never[]) => object>(Row: C, columns: Columns): C {
  const end = new Proxy(
    {},
    {
      get(target, name, row: Record<string, string>) {
        if (typeof name !== 'string' || name in target) return Reflect.get(target, name, row)
        if (PROBES.has(name) || name.startsWith('@@')) return undefined
        return row[columns.ownName(name)]
      },
    },
  )
  Object.setPrototypeOf(Row.prototype, end)
  return withoutClass(Row)
}

const known = new WeakMap<MapFunction, Map<string, RowClass>>()

/**
 * The class of a map's rows, whatever file with these columns they are of: in a thread it gets objects of one class. An error gets the place of the
 * record.
 *
 * @param isLate whether the map only reads columns by name
 */
export function rowClassFor(map: MapFunction, columns: Columns, isLate: boolean): RowClass {
  const classes = known.get(map) ?? new Map<string, RowClass>()
  const key = `${isLate} ${columns.key}`
  const Row = classes.get(key) ?? (isLate ? lateRowClass : rowClass)(columns.withoutFile())
  known.set(map, classes.set(key, Row))
  return Row
}

/** Row r of a block: the reader gives each row the fields of all columns. */
export type RowFactory = (block: BlockText, r: number) => object

export function createRows(Row: RowClass): RowFactory {
  return (block, r) => new Row(block, r === 0 ? 0 : block.rowEnds[r - 1]!)
}
