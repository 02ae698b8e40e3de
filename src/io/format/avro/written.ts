/**
 * Headers of the Avro files that runs write: their schemas are those that Spark writes.
 *
 * Source: https://spark.apache.org/docs/latest/sql-data-sources-avro.html
 */
import { kernels } from '../../../kernels/addon.js'
import type { AvroCodec } from '../../../kernels/kernels.js'
import type { ParquetCodec } from '../../../plan/plan.js'
import type { Column, Type } from '../../../plan/type.js'

const CODECS: Readonly<Record<ParquetCodec, AvroCodec>> = {
  none: 'null',
  gzip: 'deflate',
  snappy: 'snappy',
  zstd: 'zstandard',
}

/** What Avro calls a compression. */
export function avroCodec(codec: ParquetCodec): AvroCodec {
  return CODECS[codec]
}

/** The same columns give the same bytes: what ends a block follows from the rest of the header. */
export function writtenHeader(columns: readonly Column[], codec: ParquetCodec): Uint8Array {
  const schema = JSON.stringify(recordOf(columns, 'topLevelRecord', null))
  const entries: [string, string][] = [
    ['avro.codec', avroCodec(codec)],
    ['avro.schema', schema],
  ]
  const start = Buffer.concat([
    Buffer.from('Obj\u0001'),
    longBytes(entries.length),
    ...entries.flat().map((text) => Buffer.concat([longBytes(Buffer.byteLength(text)), Buffer.from(text)])),
    longBytes(0),
  ])
  const sync = Buffer.alloc(16)
  sync.writeBigUInt64LE(kernels.xxh64(start, 0n), 0)
  sync.writeBigUInt64LE(kernels.xxh64(start, 1n), 8)
  return Buffer.concat([start, sync])
}

/** A name that Avro does not take; null: there is none. */
export function unwritableName(columns: readonly Column[]): string | null {
  for (const { name, type } of columns) {
    if (!/^[A-Za-z_]\w*$/.test(name)) return name
    const inside = unwritableName(fieldsIn(type))
    if (inside !== null) return inside
  }
  return null
}

function fieldsIn(type: Type): readonly Column[] {
  if (typeof type === 'string' || type.type === 'decimal') return []
  return type.type === 'array' ? fieldsIn(type.element) : type.fields
}

function longBytes(value: number): Buffer {
  const bytes: number[] = []
  let rest = 2 * value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** Names of records must differ, so each is in the namespace of the one around it. */
function recordOf(fields: readonly Column[], name: string, namespace: string | null): object {
  const own = namespace === null ? name : `${namespace}.${name}`
  return {
    type: 'record',
    name,
    ...(namespace === null ? {} : { namespace }),
    fields: fields.map(({ name, type, nullable }) => ({ name, type: typeOf(type, nullable, name, own) })),
  }
}

/** @param name that a record in it has */
function typeOf(type: Type, nullable: boolean, name: string, namespace: string): unknown {
  const own = valueType(type, name, namespace)
  return nullable ? ['null', own] : own
}

function valueType(type: Type, name: string, namespace: string): unknown {
  if (typeof type === 'object') {
    switch (type.type) {
      case 'decimal':
        return { type: 'bytes', logicalType: 'decimal', precision: type.precision, scale: type.scale }
      case 'array':
        return { type: 'array', items: typeOf(type.element, type.containsNull, name, namespace) }
      case 'struct':
        return recordOf(type.fields, name, namespace)
    }
  }
  switch (type) {
    case 'integer':
      return 'int'
    case 'binary':
      return 'bytes'
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'timestamp':
      return { type: 'long', logicalType: 'timestamp-micros' }
    case 'timestamp_ntz':
      return { type: 'long', logicalType: 'local-timestamp-micros' }
    default:
      return type
  }
}
