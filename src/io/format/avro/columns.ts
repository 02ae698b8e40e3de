/** The columns of Avro files. */
import type { Column, Type } from '../../../plan/type.js'
import { type InputFile, nameOf } from '../../input/input_file.js'
import { type FileColumns, uniteColumns } from '../parquet/unite.js'
import { type AvroHeader, readHeader } from './container.js'
import { unsupported } from './failure.js'
import type { AvroNode, Logical } from './schema.js'

/** Deeper lists and structs are no columns. */
const MAX_DEPTH = 32

/** Columns, and what is in them. Types have names, so a short schema may say more than memory can hold: each record has the one before twice. */
const MAX_COLUMNS = 100_000

/**
 * The columns that an Avro file has.
 *
 * @throws what readHeader throws; AVRO_UNSUPPORTED for a column of a type that there is none for
 */
export async function readAvroSchema(file: InputFile): Promise<Column[]> {
  const header = await readHeader(file)
  const columns = new Columns(header.name)
  return header.record.fields.map(({ name, node }) => columns.column(name, name, node, []))
}

/**
 * The columns of files that are read as one.
 *
 * @throws SCHEMA_CONFLICT; and what readAvroSchema throws
 */
export async function readAvroSchemas(files: readonly InputFile[]): Promise<Column[]> {
  const all: FileColumns[] = []
  for (const file of files) all.push({ name: nameOf(file), columns: await readAvroSchema(file) })
  return uniteColumns(all)
}

/** @throws AVRO_UNSUPPORTED */
export function columnOf(header: AvroHeader, name: string, node: AvroNode): Column {
  return new Columns(header.name).column(name, name, node, [])
}

/** The types of values of a union that are not null. */
export function valuesOf(node: AvroNode): AvroNode[] {
  return (node.kind === 'union' ? node.branches : [node]).filter(({ kind }) => kind !== 'null')
}

class Columns {
  readonly #file: string
  #count = 0

  constructor(file: string) {
    this.#file = file
  }

  /** @param above the lists and structs that it is in */
  column(name: string, path: string, node: AvroNode, above: readonly AvroNode[]): Column {
    if (++this.#count > MAX_COLUMNS) throw unsupported(this.#file, `has more than ${MAX_COLUMNS} columns in all`)
    const values = valuesOf(node)
    const nullable = node.kind === 'null' || (node.kind === 'union' && values.length < node.branches.length)
    return { name, type: this.#typeOfAny(values, path, above), nullable }
  }

  /** Unions of several types are read where one of them holds the values of all, as Spark reads them. */
  #typeOfAny(values: readonly AvroNode[], path: string, above: readonly AvroNode[]): Type {
    const [only] = values
    if (!only) throw unsupported(this.#file, 'is null in all rows, and has no other type', path)
    if (values.length === 1) return this.#type(only, path, above)
    const plain = values.every((value) => !('logical' in value))
    const kinds = new Set(values.map(({ kind }) => kind))
    const isOf = (...all: string[]) => plain && [...kinds].every((kind) => all.includes(kind))
    if (isOf('int', 'long')) return 'long'
    if (isOf('float', 'double')) return 'double'
    throw unsupported(this.#file, `is a union of ${[...kinds].join(' and ')}`, path)
  }

  #type(node: AvroNode, path: string, above: readonly AvroNode[]): Type {
    if (above.includes(node)) throw unsupported(this.#file, 'has values that are in themselves', path)
    if (above.length > MAX_DEPTH) throw unsupported(this.#file, `is nested more than ${MAX_DEPTH} deep`, path)
    const inside = [...above, node]
    switch (node.kind) {
      case 'boolean':
      case 'string':
        return node.kind
      case 'float':
      case 'double':
        return 'double'
      case 'enum':
        return 'string'
      case 'int':
        return this.#logical(node.logical, path) ?? 'integer'
      case 'long':
        return this.#logical(node.logical, path) ?? 'long'
      case 'bytes':
        return this.#logical(node.logical, path) ?? 'binary'
      case 'fixed':
        if (node.size === 0) throw unsupported(this.#file, 'has values without bytes', path)
        return this.#logical(node.logical, path) ?? 'binary'
      case 'array': {
        const { type, nullable } = this.column('', `${path}[]`, node.item, inside)
        return { type: 'array', element: type, containsNull: nullable }
      }
      case 'record': {
        if (node.fields.length === 0) throw unsupported(this.#file, 'is a record without fields', path)
        const fields = node.fields.map((field) => this.column(field.name, `${path}.${field.name}`, field.node, inside))
        return { type: 'struct', fields }
      }
      default:
        throw unsupported(this.#file, `is a ${node.kind} in a union`, path)
    }
  }

  #logical(logical: Logical | undefined, path: string): Type | null {
    switch (logical?.kind) {
      case 'date':
        return 'date'
      case 'time':
        return 'long'
      case 'timestamp':
        return 'timestamp'
      case 'local-timestamp':
        return 'timestamp_ntz'
      case 'decimal': {
        const { precision, scale } = logical
        if (precision > 38) throw unsupported(this.#file, `is a decimal of ${precision} digits; 38 are possible`, path)
        return { type: 'decimal', precision, scale }
      }
      default:
        return null
    }
  }
}
