/** Programs of pipelines: schemas, expressions and operators as bytes, as native/column/program.h reads them. */
import type { CallExpression, Expression, LiteralExpression } from '../plan/expression.js'
import type { Column, SimpleType, Type } from '../plan/type.js'
import { callNumber } from './udf.js'

const SIMPLE: Record<SimpleType, number> = {
  boolean: 0,
  integer: 1,
  long: 2,
  double: 3,
  string: 5,
  binary: 6,
  date: 7,
  timestamp: 8,
  timestamp_ntz: 9,
}
const DECIMAL = 4
const LIST = 10
const STRUCT = 11

/** Little endian. */
export class ProgramWriter {
  #bytes = Buffer.alloc(256)
  #size = 0

  #reserve(size: number): number {
    const at = this.#size
    this.#size += size
    if (this.#size > this.#bytes.length) {
      const larger = Buffer.alloc(2 * this.#size)
      this.#bytes.copy(larger)
      this.#bytes = larger
    }
    return at
  }

  byte(value: number): this {
    const at = this.#reserve(1)
    this.#bytes.writeUInt8(value, at)
    return this
  }

  flag(value: boolean): this {
    return this.byte(value ? 1 : 0)
  }

  count(value: number): this {
    const at = this.#reserve(4)
    this.#bytes.writeUInt32LE(value, at)
    return this
  }

  long(value: bigint): this {
    const at = this.#reserve(8)
    this.#bytes.writeBigInt64LE(value, at)
    return this
  }

  #integer(value: number): this {
    const at = this.#reserve(4)
    this.#bytes.writeInt32LE(value, at)
    return this
  }

  double(value: number): this {
    const at = this.#reserve(8)
    this.#bytes.writeDoubleLE(value, at)
    return this
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value))
  }

  /** After their number. */
  bytes(bytes: Uint8Array): this {
    this.count(bytes.length)
    const at = this.#reserve(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  type(type: Type): this {
    if (typeof type === 'string') return this.byte(SIMPLE[type])
    switch (type.type) {
      case 'decimal':
        return this.byte(DECIMAL).byte(type.precision).byte(type.scale)
      case 'array':
        return this.byte(LIST).field({ name: '', type: type.element, nullable: type.containsNull })
      case 'struct':
        return this.byte(STRUCT).schema(type.fields)
    }
  }

  field({ name, type, nullable }: Column): this {
    return this.text(name).type(type).flag(nullable)
  }

  schema(columns: readonly Column[]): this {
    this.count(columns.length)
    for (const column of columns) this.field(column)
    return this
  }

  /** @param columns of the rows that it is evaluated on */
  expression(expression: Expression, columns: readonly Column[]): this {
    switch (expression.op) {
      case 'column':
        return this.byte(0).count(columns.findIndex(({ name }) => name === expression.name))
      case 'literal':
        return this.byte(1).#literal(expression)
      case 'call':
        if (expression.udf !== undefined) return this.#udf(expression, columns)
        this.byte(2).text(expression.fn).type(expression.type).flag(expression.nullable).count(expression.args.length)
        for (const arg of expression.args) this.expression(arg, columns)
        return this
    }
  }

  #udf(expression: CallExpression, columns: readonly Column[]): this {
    const { args, type, udf } = expression
    this.byte(3).count(callNumber(expression)).type(type).count(args.length)
    const isExact = (i: number) => udf!.marks.some(([name, ...rest]) => name === String(i) && rest.length === 0)
    for (const [i, arg] of args.entries()) this.flag(isExact(i)).expression(arg, columns)
    return this
  }

  #literal({ value, type }: LiteralExpression): this {
    this.type(type).flag(value === null)
    if (value === null) return this
    if (typeof type === 'object') return this.wide(BigInt(value))
    switch (type) {
      case 'boolean':
        return this.flag(value as boolean)
      case 'integer':
      case 'date':
        return this.#integer(value as number)
      case 'long':
      case 'timestamp':
      case 'timestamp_ntz':
        return this.long(BigInt(value))
      case 'double':
        return this.double(Number(value))
      case 'string':
        return this.text(value as string)
      case 'binary':
        return this.bytes(Buffer.from(value as string, 'base64'))
    }
  }

  /** 128 bits. */
  wide(value: bigint): this {
    return this.long(BigInt.asIntN(64, value)).long(value >> 64n)
  }

  take(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#size))
  }
}
