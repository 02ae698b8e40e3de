/** What native code must know to read columns of an Avro file: native/avro/layout.h. */
import { RunjobError } from '../../../base/errors.js'
import { ProgramWriter } from '../../../kernels/program.js'
import { type Column, sameType, type Type } from '../../../plan/type.js'
import { canHold, conflict } from '../parquet/unite.js'
import { columnOf, valuesOf } from './columns.js'
import type { AvroHeader } from './container.js'
import type { AvroNode, AvroRecord, Logical } from './schema.js'

const WIRES = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
  'fixed',
  'enum',
  'array',
  'union',
  'record',
] as const satisfies readonly AvroNode['kind'][]

const SKIPPED = 0
const READ = 1

const NULL = 0
const LEAF = 1
const LIST = 2
const STRUCT = 3
const UNION = 4

const SAME = 0
const MILLIS = 1
const NANOS = 2
const DECIMAL = 3

/**
 * Reads rows of these columns, in this order, from a file that may have others.
 *
 * @param columns by name; what the file lacks is null. Types may be wider than the file's.
 * @throws COLUMN_UNKNOWN for one that the file lacks, and that is not nullable; SCHEMA_CONFLICT, AVRO_UNSUPPORTED
 */
export function avroLayout(header: AvroHeader, columns: readonly Column[]): Uint8Array {
  const { record, name: path } = header
  const writer = new LayoutWriter()
  for (const column of columns) {
    const found = record.fields.find(({ name }) => name === column.name)
    if (found) {
      if (canRead(column.type, header, column.name, found.node)) continue
      throw conflict(column.name, path, columnOf(header, column.name, found.node).type, null, column.type)
    }
    if (column.nullable) continue
    const known = record.fields.map(({ name }) => name)
    throw new RunjobError('COLUMN_UNKNOWN', { name: column.name, columns: known }, { where: { file: path } })
  }
  return writer.layout(record, columns)
}

/** A declared schema may ask for a little more than what values can always be widened to. */
function canRead(type: Type, header: AvroHeader, path: string, node: AvroNode): boolean {
  const values = valuesOf(node)
  // Whatever it is asked for as: all of it is null.
  if (values.length === 0) return true
  const [value] = values as [AvroNode]
  if (values.length === 1 && typeof type === 'object') {
    if (type.type === 'array' && value.kind === 'array') return canRead(type.element, header, `${path}[]`, value.item)
    if (type.type === 'struct' && value.kind === 'record') return canReadFields(type.fields, header, path, value)
  }
  const own = columnOf(header, path, node).type
  const isTime = (one: Type) => one === 'timestamp' || one === 'timestamp_ntz'
  if (sameType(type, own) || canHold(type, own) || (isTime(type) && isTime(own))) return true
  // Old writers do not say that bytes are text.
  return type === 'string' && own === 'binary' && value.kind === 'bytes'
}

function canReadFields(wanted: readonly Column[], header: AvroHeader, path: string, { fields }: AvroRecord): boolean {
  const isThere = ({ name }: Column) => fields.some((field) => field.name === name)
  const canReadField = ({ name, type, nullable }: Column) => {
    const found = fields.find((field) => field.name === name)
    return found ? canRead(type, header, `${path}.${name}`, found.node) : nullable
  }
  return wanted.some(isThere) && wanted.every(canReadField)
}

class LayoutWriter {
  readonly #writer = new ProgramWriter()
  readonly #nodes: AvroNode[] = []

  layout(record: AvroRecord, columns: readonly Column[]): Uint8Array {
    this.#writer.schema(columns)
    this.#record(record, columns)
    // Each may name more of them.
    for (let i = 0; i < this.#nodes.length; i++) for (const child of childrenOf(this.#nodes[i]!)) this.#numberOf(child)
    this.#writer.count(this.#nodes.length)
    for (const node of this.#nodes) this.#node(node)
    return this.#writer.take()
  }

  #record({ fields }: AvroRecord, wanted: readonly Column[]): void {
    this.#writer.count(fields.length)
    for (const { name, node } of fields) {
      const index = wanted.findIndex((column) => column.name === name)
      if (index < 0) {
        this.#writer.byte(SKIPPED).count(this.#numberOf(node))
        continue
      }
      this.#writer.byte(READ).count(index)
      this.#value(node, wanted[index]!.type)
    }
  }

  #value(node: AvroNode, type: Type): void {
    switch (node.kind) {
      case 'null':
        this.#writer.byte(NULL)
        return
      case 'union':
        this.#writer.byte(UNION).count(node.branches.length)
        for (const branch of node.branches) this.#value(branch, type)
        return
      case 'array':
        this.#writer.byte(LIST)
        this.#value(node.item, elementOf(type))
        return
      case 'record':
        this.#writer.byte(STRUCT)
        this.#record(node, fieldsOf(type))
        return
      default:
        this.#leaf(node)
    }
  }

  #leaf(node: Exclude<AvroNode, { kind: 'null' | 'union' | 'array' | 'record' }>): void {
    const logical = 'logical' in node ? node.logical : undefined
    const { precision, scale } = logical?.kind === 'decimal' ? logical : { precision: 0, scale: 0 }
    this.#writer.byte(LEAF).byte(WIRES.indexOf(node.kind)).byte(readAs(logical)).byte(precision).byte(scale)
    if (node.kind === 'fixed') this.#writer.count(node.size)
    if (node.kind !== 'enum') return
    this.#writer.count(node.symbols.length)
    for (const symbol of node.symbols) this.#writer.text(symbol)
  }

  #node(node: AvroNode): void {
    this.#writer.byte(WIRES.indexOf(node.kind))
    if (node.kind === 'fixed') this.#writer.count(node.size)
    const children = childrenOf(node)
    if (node.kind === 'union' || node.kind === 'record') this.#writer.count(children.length)
    for (const child of children) this.#writer.count(this.#numberOf(child))
  }

  #numberOf(node: AvroNode): number {
    const known = this.#nodes.indexOf(node)
    return known >= 0 ? known : this.#nodes.push(node) - 1
  }
}

function readAs(logical: Logical | undefined): number {
  if (logical?.kind === 'decimal') return DECIMAL
  const unit = logical && 'unit' in logical ? logical.unit : 'micros'
  return unit === 'millis' ? MILLIS : unit === 'nanos' ? NANOS : SAME
}

function childrenOf(node: AvroNode): readonly AvroNode[] {
  switch (node.kind) {
    case 'array':
      return [node.item]
    case 'union':
      return node.branches
    case 'record':
      return node.fields.map((field) => field.node)
    default:
      return []
  }
}

function elementOf(type: Type): Type {
  return typeof type === 'object' && type.type === 'array' ? type.element : 'boolean'
}

function fieldsOf(type: Type): readonly Column[] {
  return typeof type === 'object' && type.type === 'struct' ? type.fields : []
}
