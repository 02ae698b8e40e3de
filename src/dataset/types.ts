/** Types of columns, for schemas and casts. `string()` is the codec of that name (job/codecs.ts). */
import { describe, isOneOf, maker, requirePartOptions } from '../base/schema.js'
import { columnOf, columnsOf } from '../plan/declared.js'
import { type Column, EXACT, markOf } from '../plan/type.js'
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
import { invalid } from './invalid.js'

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
  columnOf('', type, 'nullable()', invalid)
  return { nullable: type }
})

/** Lists of values of one type. */
export const list = typeMaker('list', 1, <X extends AnyType>(element: X): List<X> => {
  const { type, nullable, ...mark } = columnOf('', element, 'list()', invalid)
  return { columnType: { type: 'array', element: type, containsNull: nullable, ...markOf(mark) } }
})

/** Several values, each with a name and a type of its own. */
export const struct = typeMaker('struct', 1, <F extends FrameSchema>(fields: F): Struct<F> => {
  return { columnType: { type: 'struct', fields: columnsOf(fields, 'struct()', invalid) } }
})
