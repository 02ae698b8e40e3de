/** Types of columns, for schemas and casts. `string()` is the codec of that name (job/codecs.ts). */
import { describe, isOneOf, isPart, isPlainObject, maker, requirePartOptions } from '../base/schema.js'
import { type Column, EXACT, markOf, type Type } from '../plan/type.js'
import type {
  AnyType,
  Binary,
  Bool,
  ColumnType,
  DateType,
  Decimal,
  Double,
  FrameSchema,
  Int,
  List,
  Long,
  Nullable,
  Struct,
  Timestamp,
  TimestampNtz,
} from '../plan/typed.js'
import { isExpression } from '../plan/typed.js'
import { invalid } from './invalid.js'
import { parseType } from './type_text.js'

/** A maker of types, whose mistakes are a dataset's. */
function typeMaker<F extends (...args: never[]) => object>(name: string, most: number, make: F): F {
  return maker(name, most, make, 'DATASET_INVALID')
}

interface LongMaker {
  (): Long
  (options: { readonly js: 'bigint' }): Long<bigint>
}

interface TimestampMaker {
  (): Timestamp
  (options: { readonly js: 'micros' }): Timestamp<bigint>
}

/** Marks what is in JavaScript as it is declared. */
function exact({ js }: { js?: string }): Pick<Column, typeof EXACT> {
  return js === undefined ? {} : { [EXACT]: true }
}

/** true or false. */
export const boolean = typeMaker('boolean', 0, (): Bool => ({ columnType: 'boolean' }))
/** A whole number of 32 bits. */
export const int = typeMaker('int', 0, (): Int => ({ columnType: 'integer' }))
/**
 * A whole number of 64 bits.
 *
 * @param options.js `bigint`: so it is in JavaScript, and so is what is computed of it; default: a number, INT64_UNSAFE beyond 2^53
 */
export const long: LongMaker = typeMaker('long', 1, (options: { js?: 'bigint' } = {}): Long<never> => {
  requirePartOptions('long', { js: isOneOf('bigint') }, options, 'DATASET_INVALID')
  return { columnType: 'long', ...exact(options) }
})
/** A floating-point number of 64 bits; NaN is a value. */
export const double = typeMaker('double', 0, (): Double => ({ columnType: 'double' }))
/** Bytes. */
export const binary = typeMaker('binary', 0, (): Binary => ({ columnType: 'binary' }))
/** A day, such as 2024-01-31. */
export const date = typeMaker('date', 0, (): DateType => ({ columnType: 'date' }))
/**
 * An instant, to the microsecond.
 *
 * @param options.js `micros`: in JavaScript a bigint, the microseconds since 1970-01-01 UTC; default: a Date, TIMESTAMP_PRECISION if it has
 *   parts of milliseconds
 */
export const timestamp: TimestampMaker = typeMaker(
  'timestamp',
  1,
  (options: { js?: 'micros' } = {}): Timestamp<never> => {
    requirePartOptions('timestamp', { js: isOneOf('micros') }, options, 'DATASET_INVALID')
    return { columnType: 'timestamp', ...exact(options) }
  },
)
/** A date and a time of day to the microsecond, without a zone. */
export const timestampNtz = typeMaker('timestampNtz', 0, (): TimestampNtz => ({ columnType: 'timestamp_ntz' }))

/**
 * An exact number.
 *
 * @param precision how many digits it has, at most 38
 * @param scale how many of them are fractional
 * @throws DATASET_INVALID
 */
export const decimal = typeMaker('decimal', 2, (precision: number = 10, scale: number = 0): Decimal => {
  const isDecimal = Number.isInteger(precision) && precision >= 1 && precision <= 38
  if (!isDecimal)
    throw invalid(`decimal(): the precision must be a whole number from 1 to 38, not ${describe(precision)}`)
  if (!(Number.isInteger(scale) && scale >= 0 && scale <= precision)) {
    throw invalid(
      `decimal(): the scale must be a whole number from 0 to the precision, ${precision}, not ${describe(scale)}`,
    )
  }
  return { columnType: { type: 'decimal', precision, scale } }
})

/** A type whose values may be missing, which is null. */
export const nullable = typeMaker('nullable', 1, <X extends ColumnType>(type: X): Nullable<X> => {
  markedTypeOf(type, 'nullable()')
  return { nullable: type }
})

/** Lists of values of one type. */
export const list = typeMaker('list', 1, <X extends AnyType>(element: X): List<X> => {
  const { type, nullable, ...mark } = columnOf('', element, 'list()')
  return { columnType: { type: 'array', element: type, containsNull: nullable, ...markOf(mark) } }
})

/** Several values, each with a name and a type of its own. */
export const struct = typeMaker('struct', 1, <F extends FrameSchema>(fields: F): Struct<F> => {
  return { columnType: { type: 'struct', fields: columnsOf(fields, 'struct()') } }
})

/**
 * A type as it is given: an object such as `decimal(10, 2)`, or Spark's text `'decimal(10,2)'`. It may have a mark.
 *
 * @throws DATASET_INVALID
 */
export function markedTypeOf(given: unknown, where: string): Pick<Column, 'type' | typeof EXACT> {
  return columnOf('', given, where)
}

/** @throws DATASET_INVALID unless it is a plain object of types */
export function columnsOf(schema: unknown, where: string): Column[] {
  if (!isPlainObject(schema) || isPart(schema)) {
    throw invalid(`${where}: a plain object of types is expected, such as { id: long() }, not ${describe(schema)}`)
  }
  const columns = Object.entries(schema).map(([name, type]) =>
    columnOf(name, type, `${where}: the type of ${JSON.stringify(name)}`),
  )
  if (columns.length === 0) throw invalid(`${where}: it needs at least one name with its type, such as { id: long() }`)
  return columns
}

function columnOf(name: string, given: unknown, where: string): Column {
  if (typeof given === 'string') return { name, type: parseType(given), nullable: true }
  if (given !== null && typeof given === 'object' && !isExpression(given)) {
    const { columnType, nullable } = given as { columnType?: Type; nullable?: unknown }
    if (columnType !== undefined) return { name, type: columnType, nullable: false, ...markOf(given) }
    if (nullable !== undefined) return { ...columnOf(name, nullable, where), nullable: true }
  }
  throw invalid(`${where} must be a type such as long() or nullable(string()), not ${describe(given)}`)
}
