/**
 * Schemas of Avro files.
 *
 * Source: https://avro.apache.org/docs/1.12.0/specification/#schema-declaration
 */
import type { RunjobError } from '../../../base/errors.js'
import { corrupt, unsupported } from './failure.js'

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
type Primitive = (typeof PRIMITIVES)[number]

/** What an annotation says, if its type can have it; others do not count. */
export type Logical =
  | { kind: 'date' }
  | { kind: 'time' | 'timestamp' | 'local-timestamp'; unit: 'millis' | 'micros' | 'nanos' }
  | { kind: 'decimal'; precision: number; scale: number }

export type AvroNode =
  | { kind: Primitive; logical?: Logical }
  | { kind: 'fixed'; size: number; logical?: Logical }
  | { kind: 'enum'; symbols: string[] }
  | { kind: 'array'; item: AvroNode }
  | { kind: 'union'; branches: AvroNode[] }
  | AvroRecord

/** May be in itself. */
export interface AvroRecord {
  kind: 'record'
  fields: { name: string; node: AvroNode }[]
}

/** No schema that anyone wrote is nested so deep. */
const MAX_DEPTH = 200

/**
 * @param name of the file
 * @throws AVRO_CORRUPT; AVRO_UNSUPPORTED if its values are no records
 */
export function parseSchema(name: string, text: string): AvroRecord {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw corrupt(name, 'its schema is not JSON')
  }
  const node = new SchemaParser(name).parse(json, '', 0)
  if (node.kind === 'record') return node
  throw unsupported(name, `has values of type ${node.kind}, and only records have columns`)
}

type Json = Readonly<Record<string, unknown>>

class SchemaParser {
  readonly #file: string
  /** By their full names. */
  readonly #named = new Map<string, AvroNode>()

  constructor(file: string) {
    this.#file = file
  }

  /** @param namespace around it */
  parse(json: unknown, namespace: string, depth: number): AvroNode {
    if (depth > MAX_DEPTH) throw this.#wrong(`it is nested more than ${MAX_DEPTH} deep`)
    if (typeof json === 'string') return this.#reference(json, namespace)
    if (Array.isArray(json))
      return { kind: 'union', branches: json.map((branch) => this.parse(branch, namespace, depth + 1)) }
    if (typeof json !== 'object' || json === null) throw this.#wrong(`a type is ${JSON.stringify(json)}`)
    return this.#declared(json as Json, namespace, depth)
  }

  #declared(json: Json, namespace: string, depth: number): AvroNode {
    const { type } = json
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, namespace, depth)
      case 'enum': {
        const symbols = this.#list(json, 'symbols')
        if (!symbols.every((symbol) => typeof symbol === 'string')) throw this.#wrong('a symbol of an enum is no text')
        return this.#define(json, namespace, { kind: 'enum', symbols: symbols as string[] })
      }
      case 'fixed': {
        const { size } = json
        if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > 2 ** 30)
          throw this.#wrong(`a fixed type has the size ${JSON.stringify(size)}`)
        return this.#define(json, namespace, annotated({ kind: 'fixed', size: size as number }, json))
      }
      case 'array':
        return { kind: 'array', item: this.parse(json.items, namespace, depth + 1) }
      case 'map':
        // On disk a map is a list of records.
        return {
          kind: 'array',
          item: {
            kind: 'record',
            fields: [
              { name: 'key', node: { kind: 'string' } },
              { name: 'value', node: this.parse(json.values, namespace, depth + 1) },
            ],
          },
        }
      default: {
        const node = this.parse(type, namespace, depth + 1)
        return isPrimitive(node.kind) && node.kind === type ? annotated(node, json) : node
      }
    }
  }

  #record(json: Json, namespace: string, depth: number): AvroRecord {
    const record: AvroRecord = { kind: 'record', fields: [] }
    this.#define(json, namespace, record)
    const [, own] = this.#nameOf(json, namespace)
    for (const field of this.#list(json, 'fields')) {
      const { name, type } = (field ?? {}) as { name?: unknown; type?: unknown }
      if (typeof name !== 'string' || name === '') throw this.#wrong('a field has no name')
      if (record.fields.some((other) => other.name === name)) throw this.#wrong(`two fields have the name "${name}"`)
      record.fields.push({ name, node: this.parse(type, own, depth + 1) })
    }
    return record
  }

  #define<N extends AvroNode>(json: Json, namespace: string, node: N): N {
    const [name] = this.#nameOf(json, namespace)
    if (this.#named.has(name)) throw this.#wrong(`two types have the name "${name}"`)
    this.#named.set(name, node)
    return node
  }

  /** The full name, and the namespace that it is in. */
  #nameOf({ name, namespace: given }: Json, around: string): [name: string, namespace: string] {
    if (typeof name !== 'string' || name === '') throw this.#wrong('a type has no name')
    const dot = name.lastIndexOf('.')
    if (dot >= 0) return [name, name.slice(0, dot)]
    const namespace = typeof given === 'string' ? given : around
    return [namespace === '' ? name : `${namespace}.${name}`, namespace]
  }

  #reference(name: string, namespace: string): AvroNode {
    if (isPrimitive(name)) return { kind: name }
    const found = this.#named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`)
    // Some writers leave out the namespace of what has none.
    const node = found ?? this.#named.get(name)
    if (!node) throw this.#wrong(`no type has the name "${name}"`)
    return node
  }

  #list(json: Json, property: string): readonly unknown[] {
    const list = json[property]
    if (!Array.isArray(list)) throw this.#wrong(`a type has no ${property}`)
    return list
  }

  #wrong(problem: string): RunjobError {
    return corrupt(this.#file, `its schema is wrong: ${problem}`)
  }
}

function isPrimitive(name: string): name is Primitive {
  return (PRIMITIVES as readonly string[]).includes(name)
}

function annotated<N extends AvroNode>(node: N, json: Json): N {
  const logical = logicalOf(node, json)
  return logical ? { ...node, logical } : node
}

/** Annotations that are unknown, or do not fit, are to be ignored. */
function logicalOf(node: AvroNode, { logicalType, precision, scale = 0 }: Json): Logical | null {
  if (typeof logicalType !== 'string') return null
  if (logicalType === 'decimal' && (node.kind === 'bytes' || node.kind === 'fixed')) {
    const [p, s] = [precision, scale] as [number, number]
    const fits = Number.isInteger(p) && Number.isInteger(s) && p >= 1 && s >= 0 && s <= p
    const most = node.kind === 'fixed' ? digitsIn(node.size) : Number.POSITIVE_INFINITY
    return fits && p <= most ? { kind: 'decimal', precision: p, scale: s } : null
  }
  if (logicalType === 'date' && node.kind === 'int') return { kind: 'date' }
  const [, kind, unit] = /^(time|timestamp|local-timestamp)-(millis|micros|nanos)$/.exec(logicalType) ?? []
  if (kind === undefined) return null
  if (kind === 'time' && unit === 'nanos') return null
  const stored = kind === 'time' && unit === 'millis' ? 'int' : 'long'
  return node.kind === stored ? ({ kind, unit } as Logical) : null
}

/** Of the decimals that so many bytes can hold. */
function digitsIn(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log10(2) * (8 * bytes - 1))
}
