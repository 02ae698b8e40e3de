/** Values of the interpreter, their order, and their text. */
import type { Column, DecimalType, Type } from '../../../dist/src/plan/type.js'

/**
 * null; a boolean; a number for an integer, a double and a date (days); a bigint for a long, a timestamp (microseconds) and a decimal
 * (unscaled); text; bytes; for a list and a struct an array.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | Value[]

/** What evaluation of a row ends with, by its code. */
export class Failure extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export function fail(code: string): never {
  throw new Failure(code)
}

export function isDecimal(type: Type): type is DecimalType {
  return typeof type === 'object' && type.type === 'decimal'
}

export function fieldsOf(type: Type): Column[] {
  if (typeof type === 'object' && type.type === 'struct') return type.fields
  if (typeof type === 'object' && type.type === 'array') {
    return [{ name: '', type: type.element, nullable: type.containsNull }]
  }
  return []
}

/** Negative, zero or positive. Nulls first; NaN last. */
export function compare(a: Value, b: Value, type: Type): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (Array.isArray(a)) {
    const other = b as Value[]
    const fields = fieldsOf(type)
    for (let i = 0; i < Math.min(a.length, other.length); i++) {
      const order = compare(a[i]!, other[i]!, (fields[i] ?? fields[0]!).type)
      if (order !== 0) return order
    }
    return a.length - other.length
  }
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a < b! ? -1 : a > b! ? 1 : 0
}

/** As Java writes a double: 1.0, 1.0E10. */
export function doubleText(x: number): string {
  if (!Number.isFinite(x)) return String(x)
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0'
  const sign = x < 0 ? '-' : ''
  // Two digits at least, and the two that are nearest: 4.9E-324.
  const two = Math.abs(x).toExponential(1)
  const text = Number(two) === Math.abs(x) ? two : Math.abs(x).toExponential()
  const [mantissa = '', exponent = ''] = text.split('e')
  const digits = mantissa.replace('.', '').replace(/(?<=.)0$/, '')
  const power = Number(exponent)
  if (power < -3 || power >= 7) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${power}`
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`
  return `${sign}${digits.slice(0, power + 1).padEnd(power + 1, '0')}.${digits.slice(power + 1) || '0'}`
}

export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function inInt(value: bigint): boolean {
  return BigInt.asIntN(32, value) === value
}

export function inLong(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient
}

/** Rounds half away from zero, or half to even. */
export function divideRounded(value: bigint, by: bigint, halfEven = false): bigint {
  const negative = value < 0n !== by < 0n
  const [n, d] = [value < 0n ? -value : value, by < 0n ? -by : by]
  let quotient = n / d
  const twice = 2n * (n % d)
  if (twice > d || (twice === d && (!halfEven || quotient % 2n === 1n))) quotient++
  return negative ? -quotient : quotient
}

export function power10(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

/** With another scale. */
export function rescale(unscaled: bigint, from: number, to: number, halfEven = false): bigint {
  return to >= from ? unscaled * power10(to - from) : divideRounded(unscaled, power10(from - to), halfEven)
}

export function fits(unscaled: bigint, { precision }: DecimalType): boolean {
  return unscaled < power10(precision) && unscaled > -power10(precision)
}

/** The digits that a double's text has. */
export function digitsOf(x: number): { unscaled: bigint; scale: number } {
  const [mantissa = '', exponent = '0'] = String(x).split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const unscaled = BigInt(whole + fraction)
  const scale = fraction.length - Number(exponent)
  return scale < 0 ? { unscaled: unscaled * power10(-scale), scale: 0 } : { unscaled, scale }
}
