/** Conversions between types. */
import {
  parseBoolean,
  parseDate,
  parseDecimal,
  parseDouble,
  parseInteger,
  parseLong,
  parseTimestamp,
} from '../../../dist/src/dataset/expression/parse.js'
import { type DecimalType, sameType, type Type } from '../../../dist/src/plan/type.js'
import { DAY, dateText, splitMicros, timeText } from './calendar.js'
import {
  decimalText,
  digitsOf,
  doubleText,
  fail,
  fieldsOf,
  fits,
  floorDivide,
  inInt,
  inLong,
  isDecimal,
  power10,
  rescale,
  type Value,
} from './value.js'

/** @param isTry what does not fit is null; inside a list or a struct the element */
export function cast(value: Value, from: Type, to: Type, isTry: boolean): Value {
  if (value === null) return null
  try {
    return convert(value, from, to, isTry)
  } catch (error) {
    if (isTry && (error as { code?: string }).code === 'CAST_INVALID') return null
    throw error
  }
}

function invalid(): never {
  return fail('CAST_INVALID')
}

function convert(value: Exclude<Value, null>, from: Type, to: Type, isTry: boolean): Value {
  if (sameType(from, to)) return value
  if (Array.isArray(value)) {
    if (to === 'string') return nestedText(value, from)
    const [source, target] = [fieldsOf(from), fieldsOf(to)]
    return value.map((one, i) => cast(one, (source[i] ?? source[0]!).type, (target[i] ?? target[0]!).type, isTry))
  }
  if (to === 'string') return textOf(value, from)
  if (typeof value === 'string') return fromText(value, to)
  if (isDecimal(to)) return toDecimal(value, from, to)
  switch (to) {
    case 'boolean':
      return typeof value === 'boolean' ? value : value !== 0 && value !== 0n
    case 'integer': {
      const whole = toWhole(value, from)
      return inInt(whole) ? Number(whole) : invalid()
    }
    case 'long': {
      const whole = toWhole(value, from)
      return inLong(whole) ? whole : invalid()
    }
    case 'double':
      return toDouble(value, from)
    case 'date':
      return splitMicros(value as bigint).days
    case 'timestamp':
    case 'timestamp_ntz': {
      const micros = toMicros(value, from)
      return inLong(micros) ? micros : invalid()
    }
  }
  return fail(`no cast to ${JSON.stringify(to)}`)
}

function toWhole(value: Exclude<Value, null>, from: Type): bigint {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : invalid()
  if (typeof value === 'bigint') {
    if (isDecimal(from)) return value / power10(from.scale)
    return from === 'timestamp' ? floorDivide(value, 1_000_000n) : value
  }
  return BigInt(value as boolean)
}

function toDouble(value: Exclude<Value, null>, from: Type): number {
  if (isDecimal(from)) return Number(decimalText(value as bigint, from.scale))
  return from === 'timestamp' ? Number(value) / 1e6 : Number(value)
}

function toDecimal(value: Exclude<Value, null>, from: Type, to: DecimalType): bigint {
  let parts: { unscaled: bigint; scale: number }
  if (isDecimal(from)) parts = { unscaled: value as bigint, scale: from.scale }
  else if (from === 'timestamp') parts = { unscaled: value as bigint, scale: 6 }
  else if (from === 'double') parts = Number.isFinite(value as number) ? digitsOf(value as number) : invalid()
  else parts = { unscaled: BigInt(value as number), scale: 0 }
  const unscaled = rescale(parts.unscaled, parts.scale, to.scale)
  return fits(unscaled, to) ? unscaled : invalid()
}

function toMicros(value: Exclude<Value, null>, from: Type): bigint {
  if (from === 'date') return BigInt(value as number) * DAY
  if (from === 'double') {
    const micros = (value as number) * 1e6
    return Number.isFinite(micros) ? BigInt(Math.trunc(micros)) : invalid()
  }
  if (isDecimal(from)) return ((value as bigint) * 1_000_000n) / power10(from.scale)
  if (from === 'integer' || from === 'long') return BigInt(value as bigint) * 1_000_000n
  return value as bigint
}

function fromText(text: string, to: Type): Value {
  if (isDecimal(to)) return parseDecimal(text, to.precision, to.scale) ?? invalid()
  switch (to) {
    case 'boolean':
      return parseBoolean(text) ?? invalid()
    case 'integer':
      return parseInteger(text) ?? invalid()
    case 'long':
      return parseLong(text) ?? invalid()
    case 'double':
      return parseDouble(text) ?? invalid()
    case 'date':
      return parseDate(text) ?? invalid()
    case 'timestamp':
      return parseTimestamp(text) ?? invalid()
    case 'timestamp_ntz':
      return parseTimestamp(text, false) ?? invalid()
    case 'binary':
      return Buffer.from(text)
  }
  return fail(`no cast from text to ${JSON.stringify(to)}`)
}

function textOf(value: Exclude<Value, null>, type: Type): string {
  if (isDecimal(type)) return decimalText(value as bigint, type.scale)
  switch (type) {
    case 'double':
      return doubleText(value as number)
    case 'date':
      return dateText(value as number)
    case 'timestamp':
    case 'timestamp_ntz':
      return timeText(value as bigint)
    case 'binary':
      try {
        return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(value as Uint8Array)
      } catch {
        return invalid()
      }
  }
  return String(value)
}

function nestedText(values: Value[], type: Type): string {
  const fields = fieldsOf(type)
  const texts = values.map((value, i) =>
    value === null ? 'null' : (convert(value, (fields[i] ?? fields[0]!).type, 'string', false) as string),
  )
  const isList = typeof type === 'object' && type.type === 'array'
  return isList ? `[${texts.join(', ')}]` : `{${texts.join(', ')}}`
}
