/** Rows of blocks as objects. Classes and literals are compiled for their columns, so that objects are made as fast as those of a program. */
import { RunjobError } from '../base/errors.js'
import { jsonOf } from '../base/text.js'
import type { Column } from '../plan/type.js'
import { type BlockColumn, isObject } from './block_column.js'
import type { RowBlock } from './row_block.js'
import type { Row } from './rows.js'

export type RowFactory<R extends object = object> = (block: RowBlock, row: number) => R
type RowClass = new (block: RowBlock, row: number) => object
/** Gives a class of rows its prototypes. */
type Shape = (Row: RowClass) => RowClass

/** Plain objects. @throws INT64_UNSAFE, TIMESTAMP_PRECISION for a row with a value that JavaScript does not hold */
export function plainRows(columns: readonly Column[]): RowFactory<Row> {
  // In brackets, __proto__ is a name like any other.
  const fields = columns.map(({ name }, i) => `[${JSON.stringify(name)}]: columns[${i}].value(row)`)
  return new Function(`return ({ columns }, row) => ({ ${fields.join(', ')} })`)()
}

/** Plain objects. What JavaScript does not hold is refused where it is read. */
export function plainRowsRefusingLate(columns: readonly Column[]): RowFactory {
  return refusingLate(columns, plainRows(columns), Object.prototype)
}

/** All columns are own properties, as in an object literal. What JavaScript does not hold is refused where it is read. */
export function wholeRows(columns: readonly Column[], shape: Shape): RowFactory {
  // Declared first: assigning to an absent property would search the prototypes for a setter, and find what shape() has put there.
  const names = columns.map(({ name }) => `[${JSON.stringify(name)}]`)
  const set = names.map((name, i) => `this${name} = columns[${i}].value(row)`)
  const source = `return class { ${names.join('; ')}; constructor({ columns }, row) { ${set.join('; ')} } }`
  const Row = shape(new Function(source)() as RowClass)
  return refusingLate(columns, (block, row) => new Row(block, row), Row.prototype)
}

function refusingLate(columns: readonly Column[], make: RowFactory, prototype: object): RowFactory {
  return (block, row) => {
    try {
      return make(block, row)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const made = Object.create(prototype) as object
      for (const [i, { name }] of columns.entries()) {
        Object.defineProperty(made, name, { ...property(block.columns[i]!, row), enumerable: true, configurable: true })
      }
      return made
    }
  }
}

function property(column: BlockColumn, row: number): PropertyDescriptor {
  try {
    return { value: column.value(row), writable: true }
  } catch (error) {
    if (isRefusal(error)) return { get: () => column.value(row) }
    throw error
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof RunjobError && (error.code === 'INT64_UNSAFE' || error.code === 'TIMESTAMP_PRECISION')
}

/** Properties that collide with no column's name. */
const BLOCK = Symbol('block')
const ROW = Symbol('row')
const MADE = Symbol('made')

/**
 * For functions that do nothing with a row but read columns by their names: a value is made when it is read. One that is an object is made
 * once, as it may be changed.
 */
export function lateRows(columns: readonly Column[], shape: Shape): RowFactory {
  const getters = columns.map(({ name, type }, i) => {
    const value = `this[BLOCK].columns[${i}].value(this[ROW])`
    return `get [${JSON.stringify(name)}]() { return ${isObject(type) ? `(this[MADE] ??= [])[${i}] ??= ${value}` : value} }`
  })
  const isAnyKept = columns.some(({ type }) => isObject(type))
  // Declared first, as above.
  const source = `return class {
    [BLOCK]; [ROW]; ${isAnyKept ? '[MADE];' : ''}
    constructor(block, row) { this[BLOCK] = block; this[ROW] = row }
    ${getters.join('\n')}
  }`
  const Row = shape(new Function('BLOCK', 'ROW', 'MADE', source)(BLOCK, ROW, MADE) as RowClass)
  return (block, row) => new Row(block, row)
}

/** Reading `constructor` of a row gives what it gives of a plain object, unless it is a column. */
export function withoutClass<C extends new (...args: never[]) => object>(Row: C): C {
  const own = Object.getOwnPropertyDescriptor(Row.prototype, 'constructor')
  if (own && 'value' in own) delete (Row.prototype as { constructor?: unknown }).constructor
  return Row
}

/** For rows of lateRows: the same as another factory makes it, with the objects that were read already, as they may have been changed. */
export function wholeRow(columns: readonly Column[], make: RowFactory): (late: unknown) => object {
  return (late) => {
    const { [BLOCK]: block, [ROW]: row, [MADE]: read } = late as LateRow
    const whole = make(block, row)
    read?.forEach((value, i) => {
      Object.defineProperty(whole, columns[i]!.name, { value })
    })
    return whole
  }
}

interface LateRow {
  [BLOCK]: RowBlock
  [ROW]: number
  /** By column, with holes. */
  [MADE]?: unknown[]
}

/** JSON of a row, for people. @param columns those of the block */
export function rowText(columns: readonly Column[], block: RowBlock, row: number): string {
  const values = columns.map(({ name }, i) => [name, shownValue(block.columns[i]!, row)])
  return jsonOf(Object.fromEntries(values))
}

/** As text, if JavaScript does not hold it. */
function shownValue(column: BlockColumn, row: number): unknown {
  try {
    return column.value(row)
  } catch (error) {
    return (error as RunjobError).params.value ?? null
  }
}
