/**
 * The columns of a Parquet file, and how they are made of its leaves.
 *
 * Source: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md, with its rules for old files
 */
import type { Column, DecimalType, Type } from '../../../plan/type.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { corrupt, type ParquetFooter, readFooter, type SchemaElement, unsupported } from './footer.js'
import { BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED, FLOAT, INT32, INT64, INT96, READ_AS } from './physical.js'
import { type FileColumns, uniteColumns } from './unite.js'

type ReadAs = keyof typeof READ_AS

/** A column of values as the file has it. */
export interface Leaf {
  /** Names from the root on, with dots. */
  path: string
  /** Its place among the columns of a row group. */
  index: number
  physical: number
  length: number
  maxDefinition: number
  maxRepetition: number
  readAs: number
  type: Type
}

/** How values are put together from levels. */
export type ParquetNode =
  | { kind: 'leaf'; leaf: Leaf }
  /** Not null from this definition level on. */
  | { kind: 'struct'; definition: number; fields: ParquetColumn[] }
  /** It has an element from `entry` on; an element that continues a list has the repetition level `repetition`. */
  | { kind: 'list'; definition: number; entry: number; repetition: number; element: ParquetColumn }

export interface ParquetColumn extends Column {
  node: ParquetNode
}

/**
 * The columns that a Parquet file has.
 *
 * @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED
 */
export async function readParquetSchema(file: InputFile): Promise<Column[]> {
  return parquetColumns(readFooter(file)).map(({ name, type, nullable }) => ({ name, type, nullable }))
}

/**
 * The columns of files that are read as one.
 *
 * @throws SCHEMA_CONFLICT; and what readParquetSchema throws
 */
export async function readParquetSchemas(files: readonly InputFile[]): Promise<Column[]> {
  const all: FileColumns[] = []
  for (const file of files) all.push({ name: nameOf(file), columns: await readParquetSchema(file) })
  return uniteColumns(all)
}

/** @throws PARQUET_CORRUPT, PARQUET_UNSUPPORTED */
export function parquetColumns(footer: ParquetFooter): ParquetColumn[] {
  return new SchemaReader(footer).columns()
}

const REQUIRED = 0
const REPEATED = 2
const MAX_DEPTH = 32

/** A node of the schema's tree. */
interface Branch {
  element: SchemaElement
  path: string
  children: Branch[]
  /** Of a leaf. */
  index: number
}

interface Levels {
  definition: number
  repetition: number
}

class SchemaReader {
  readonly #name: string
  readonly #elements: readonly SchemaElement[]
  #next = 0
  #leaves = 0

  constructor({ name, schema }: ParquetFooter) {
    this.#name = name
    this.#elements = schema
  }

  columns(): ParquetColumn[] {
    const root = this.#branch('', 0)
    if (this.#next !== this.#elements.length) throw corrupt(this.#name, 'its schema is not one tree')
    const columns = root.children.map((child) => this.#column(child, { definition: 0, repetition: 0 }))
    const twice = columns.find(({ name }, i) => columns.findIndex((other) => other.name === name) !== i)
    if (twice) throw unsupported(this.#name, 'is there more than once', twice.name)
    return columns
  }

  #branch(above: string, depth: number): Branch {
    const element = this.#elements[this.#next++]
    if (!element) throw corrupt(this.#name, 'its schema ends too early')
    if (depth > MAX_DEPTH) throw unsupported(this.#name, `is nested more than ${MAX_DEPTH} deep`, above)
    const path = depth === 0 ? '' : above === '' ? element.name : `${above}.${element.name}`
    const isLeaf = element.physical !== null
    if (isLeaf && (depth === 0 || element.children > 0)) throw corrupt(this.#name, 'its schema is not a tree', path)
    const index = isLeaf ? this.#leaves++ : -1
    // Never more than there are elements.
    const children: Branch[] = []
    while (children.length < element.children) children.push(this.#branch(path, depth + 1))
    return { element, path, children, index }
  }

  #column(branch: Branch, above: Levels): ParquetColumn {
    const { element } = branch
    if (element.repetition !== REPEATED) return this.#value(branch, above)
    // A repeated field without an annotation: a list that is never null.
    return this.#list(element.name, false, above.definition, branch, above)
  }

  /** What a field is if its being repeated is left out of account. */
  #value(branch: Branch, above: Levels): ParquetColumn {
    const { element, children, path } = branch
    const { name } = element
    const nullable = element.repetition !== REQUIRED && element.repetition !== REPEATED
    const levels = { ...above, definition: above.definition + (nullable ? 1 : 0) }
    if (element.physical !== null) {
      const leaf = this.#leaf(branch, levels)
      return { name, nullable, type: leaf.type, node: { kind: 'leaf', leaf } }
    }
    if (isVariant(element)) throw unsupported(this.#name, 'is a variant', path)
    if (children.length === 0) throw unsupported(this.#name, 'is a group without fields', path)
    const [only] = children
    if (isMap(element)) {
      const fields = only!.children
      if (children.length > 1 || only!.element.repetition !== REPEATED || fields.length < 1 || fields.length > 2)
        throw corrupt(this.#name, 'a map is not a repeated group of a key and a value', path)
      if (fields.some((field) => field.element.repetition === REPEATED))
        throw corrupt(this.#name, 'the keys or values of a map are repeated', path)
      if (fields[0]!.element.repetition !== REQUIRED) throw corrupt(this.#name, 'the keys of a map may be null', path)
      return this.#list(name, nullable, levels.definition, fields.length === 1 ? null : only!, levels, only!)
    }
    if (isList(element)) {
      if (children.length > 1 || only!.element.repetition !== REPEATED)
        throw corrupt(this.#name, 'a list is not one repeated field', path)
      return this.#list(name, nullable, levels.definition, isElement(only!, name) ? only! : null, levels, only!)
    }
    const fields = children.map((child) => this.#column(child, levels))
    const type: Type = { type: 'struct', fields: fields.map(plain) }
    return { name, nullable, type, node: { kind: 'struct', definition: levels.definition, fields } }
  }

  /**
   * @param definition from which on the list is not null
   * @param element the repeated field, if that is the element; null: its only child is
   */
  #list(
    name: string,
    nullable: boolean,
    definition: number,
    element: Branch | null,
    above: Levels,
    repeated: Branch = element!,
  ): ParquetColumn {
    const levels = { definition: above.definition + 1, repetition: above.repetition + 1 }
    const inner = element ? this.#value(element, levels) : this.#column(repeated.children[0]!, levels)
    const type: Type = { type: 'array', element: inner.type, containsNull: inner.nullable }
    const node: ParquetNode = {
      kind: 'list',
      definition,
      entry: levels.definition,
      repetition: levels.repetition,
      element: inner,
    }
    return { name, nullable, type, node }
  }

  #leaf({ element, path, index }: Branch, { definition, repetition }: Levels): Leaf {
    const physical = element.physical!
    if (physical === FIXED && element.length === 0) throw corrupt(this.#name, 'its values have no bytes', path)
    const [type, readAs] = this.#typeOf(element, path)
    return {
      path,
      index,
      physical,
      length: element.length,
      maxDefinition: definition,
      maxRepetition: repetition,
      readAs: READ_AS[readAs],
      type,
    }
  }

  #typeOf(element: SchemaElement, path: string): [Type, ReadAs] {
    const { length } = element
    const physical = element.physical!
    const wrong = (what: string) => corrupt(this.#name, `${what} cannot be stored in its type`, path)
    const kind = kindOf(element)
    switch (kind.kind) {
      case 'decimal': {
        if (physical === BOOLEAN || physical === INT96 || physical === FLOAT || physical === DOUBLE)
          throw wrong('a decimal')
        return [this.#decimal(kind, path), 'decimal']
      }
      case 'date':
        if (physical !== INT32) throw wrong('a date')
        return ['date', 'same']
      case 'time':
        if (physical !== (kind.unit === 'millis' ? INT32 : INT64)) throw wrong('a time of day')
        return ['long', kind.unit === 'micros' ? 'same' : kind.unit]
      case 'timestamp':
        if (physical !== INT64) throw wrong('a timestamp')
        return [kind.isUtc ? 'timestamp' : 'timestamp_ntz', kind.unit === 'micros' ? 'same' : kind.unit]
      case 'integer':
        if (physical !== INT32 && physical !== INT64) throw wrong('an integer')
        if (kind.isSigned || (physical === INT32 && kind.bits < 32)) break
        return physical === INT32 ? ['long', 'unsigned'] : [{ type: 'decimal', precision: 20, scale: 0 }, 'unsigned']
      case 'string':
        if (physical !== BYTE_ARRAY) throw wrong('text')
        return ['string', 'same']
      case 'half':
        if (physical !== FIXED || length !== 2) throw wrong('a number of two bytes')
        return ['double', 'half']
      case 'variant':
        throw unsupported(this.#name, 'is a variant', path)
      case 'plain':
        break
    }
    return PLAIN[physical]!
  }

  #decimal({ precision, scale }: { precision: number; scale: number }, path: string): DecimalType {
    if (!Number.isInteger(precision) || !Number.isInteger(scale) || precision < 1 || scale < 0)
      throw corrupt(this.#name, 'the digits of a decimal are wrong', path)
    if (precision > 38) throw unsupported(this.#name, `is a decimal of ${precision} digits; 38 are possible`, path)
    if (scale > precision) throw unsupported(this.#name, `is a decimal with more fractional digits than digits`, path)
    return { type: 'decimal', precision, scale }
  }
}

const PLAIN: Record<number, [Type, ReadAs]> = {
  [BOOLEAN]: ['boolean', 'same'],
  [INT32]: ['integer', 'same'],
  [INT64]: ['long', 'same'],
  [INT96]: ['timestamp', 'int96'],
  [FLOAT]: ['double', 'float'],
  [DOUBLE]: ['double', 'same'],
  [BYTE_ARRAY]: ['binary', 'same'],
  [FIXED]: ['binary', 'same'],
}

type Unit = 'millis' | 'micros' | 'nanos'

type Kind =
  | { kind: 'plain' | 'string' | 'date' | 'half' | 'variant' }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'time'; unit: Unit }
  | { kind: 'timestamp'; unit: Unit; isUtc: boolean }
  | { kind: 'integer'; bits: number; isSigned: boolean }

/** What the annotation says; the older kind of annotation where there is no newer one. */
function kindOf({ logical, converted, scale, precision }: SchemaElement): Kind {
  const params = logical?.params
  switch (logical?.id) {
    case 1:
    case 4:
    case 12:
      return { kind: 'string' }
    case 5:
      return { kind: 'decimal', scale: Number(params![1] ?? 0), precision: Number(params![2] ?? 0) }
    case 6:
      return { kind: 'date' }
    case 7:
      return { kind: 'time', unit: unitOf(params![2]) }
    case 8:
      return { kind: 'timestamp', unit: unitOf(params![2]), isUtc: params![1] === true }
    case 10:
      return { kind: 'integer', bits: Number(params![1] ?? 0), isSigned: params![2] === true }
    case 15:
      return { kind: 'half' }
    case 16:
      return { kind: 'variant' }
  }
  switch (converted) {
    case 0:
    case 4:
    case 19:
      return { kind: 'string' }
    case 5:
      return { kind: 'decimal', scale, precision }
    case 6:
      return { kind: 'date' }
    case 7:
      return { kind: 'time', unit: 'millis' }
    case 8:
      return { kind: 'time', unit: 'micros' }
    case 9:
      return { kind: 'timestamp', unit: 'millis', isUtc: true }
    case 10:
      return { kind: 'timestamp', unit: 'micros', isUtc: true }
    case 11:
    case 12:
    case 13:
    case 14:
      return { kind: 'integer', bits: 8 << (converted - 11), isSigned: false }
  }
  return { kind: 'plain' }
}

function unitOf(unit: unknown): Unit {
  const member = unit as Record<string, unknown> | undefined
  return member?.[1] !== undefined ? 'millis' : member?.[3] !== undefined ? 'nanos' : 'micros'
}

function isList({ logical, converted }: SchemaElement): boolean {
  return logical ? logical.id === 3 : converted === 3
}

/** In old files MAP_KEY_VALUE may mean a map, or be on the repeated group in one, as it should. */
function isMap({ logical, converted, repetition }: SchemaElement): boolean {
  return logical ? logical.id === 2 : converted === 1 || (converted === 2 && repetition !== REPEATED)
}

function isVariant({ logical }: SchemaElement): boolean {
  return logical?.id === 16
}

/** Whether the repeated field of a list is its element, and not a group around it. */
function isElement({ element, children }: Branch, list: string): boolean {
  if (element.physical !== null || children.length > 1) return true
  if (element.name === 'array' || element.name === `${list}_tuple`) return true
  return isList(element) || isMap(element) || children[0]?.element.repetition === REPEATED
}

function plain({ name, type, nullable }: ParquetColumn): Column {
  return { name, type, nullable }
}
