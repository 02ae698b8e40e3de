/** Evaluates expressions in native code, on values of the interpreter: rows go in and come out as bytes (native/column/rows.h). */
import { kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { type Expression, isNullable } from '../../dist/src/plan/expression.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { fieldsOf, isDecimal, type Value } from './interpreter/value.js'

export type Row = readonly Value[]

/**
 * @param where of type boolean: only rows for which it is true count
 * @throws what the addon throws: an error with `code`
 */
export function evaluateRows(
  expressions: readonly Expression[],
  rows: readonly Row[],
  columns: readonly Column[],
  where: Expression | null = null,
): Value[][] {
  const named = expressions.map((value, i) => ({ name: `e${i}`, value }))
  const program = pipelineProgram({
    source: { kind: 'batches', columns },
    operators: [...(where === null ? [] : [{ op: 'filter', where } as const]), { op: 'project', columns: named }],
    end: { kind: 'rows' },
  })
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 24 })
  try {
    pipeline.addRows(encode(rows, columns))
    pipeline.finish()
    return decode(
      pipeline.takeOutput(),
      named.map(({ name, value }) => ({ name, type: value.type, nullable: isNullable(value) })),
    )
  } finally {
    pipeline.close()
  }
}

function encode(rows: readonly Row[], columns: readonly Column[]): Uint8Array {
  const parts: Buffer[] = []
  for (const row of rows) {
    const body: Buffer[] = []
    write(row, columns, body)
    const bytes = Buffer.concat(body)
    parts.push(count(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function write(values: readonly Value[], columns: readonly Column[], out: Buffer[]): void {
  const nulls = Buffer.alloc(Math.ceil(columns.length / 8))
  for (const [i, value] of values.entries()) if (value === null) nulls[i >> 3]! |= 1 << (i & 7)
  out.push(nulls)
  for (const [i, value] of values.entries()) if (value !== null) writeValue(value, columns[i]!.type, out)
}

function wide(value: bigint): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigInt64LE(BigInt.asIntN(64, value))
  bytes.writeBigInt64LE(value >> 64n, 8)
  return bytes
}

function writeValue(value: Exclude<Value, null>, type: Type, out: Buffer[]): void {
  if (Array.isArray(value)) {
    const fields = fieldsOf(type)
    const isList = typeof type === 'object' && type.type === 'array'
    if (isList) out.push(count(value.length))
    write(value, isList ? value.map(() => fields[0]!) : fields, out)
    return
  }
  if (typeof value === 'bigint') {
    out.push(isDecimal(type) && type.precision > 18 ? wide(value) : wide(value).subarray(0, 8))
    return
  }
  if (typeof value === 'boolean') out.push(Buffer.of(value ? 1 : 0))
  else if (typeof value === 'number') {
    const bytes = Buffer.alloc(type === 'double' ? 8 : 4)
    if (type === 'double') bytes.writeDoubleLE(value)
    else bytes.writeInt32LE(value)
    out.push(bytes)
  } else {
    const bytes = Buffer.from(value as string)
    out.push(count(bytes.length), bytes)
  }
}

function decode(bytes: Uint8Array, columns: readonly Column[]): Value[][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = { buffer, at: 0 }
  const rows: Value[][] = []
  while (reader.at < buffer.length) {
    reader.at += 4
    rows.push(read(reader, columns))
  }
  return rows
}

interface Reader {
  buffer: Buffer
  at: number
}

function skip(reader: Reader, size: number): number {
  reader.at += size
  return reader.at - size
}

function read(reader: Reader, columns: readonly Column[]): Value[] {
  const nulls = skip(reader, Math.ceil(columns.length / 8))
  const isNull = (i: number) => ((reader.buffer[nulls + (i >> 3)]! >> (i & 7)) & 1) === 1
  return columns.map(({ type }, i) => (isNull(i) ? null : readValue(reader, type)))
}

function readValue(reader: Reader, type: Type): Value {
  const { buffer } = reader
  if (isDecimal(type)) {
    const low = buffer.readBigInt64LE(skip(reader, 8))
    if (type.precision <= 18) return low
    return (buffer.readBigInt64LE(skip(reader, 8)) << 64n) | BigInt.asUintN(64, low)
  }
  if (typeof type === 'object') {
    if (type.type === 'struct') return read(reader, type.fields)
    const length = buffer.readUInt32LE(skip(reader, 4))
    return read(
      reader,
      Array.from({ length }, () => fieldsOf(type)[0]!),
    )
  }
  switch (type) {
    case 'boolean':
      return buffer[skip(reader, 1)] === 1
    case 'integer':
    case 'date':
      return buffer.readInt32LE(skip(reader, 4))
    case 'double':
      return buffer.readDoubleLE(skip(reader, 8))
    case 'long':
    case 'timestamp':
    case 'timestamp_ntz':
      return buffer.readBigInt64LE(skip(reader, 8))
  }
  const size = buffer.readUInt32LE(skip(reader, 4))
  const bytes = buffer.subarray(skip(reader, size), reader.at)
  return type === 'string' ? bytes.toString() : bytes
}
