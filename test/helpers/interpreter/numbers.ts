/** Arithmetic of whole numbers, doubles and decimals. */
import type { DecimalType, Type } from '../../../dist/src/plan/type.js'
import {
  digitsOf,
  divideRounded,
  fail,
  fits,
  floorDivide,
  inInt,
  inLong,
  isDecimal,
  power10,
  rescale,
  type Value,
} from './value.js'

type Num = number | bigint

function checked(value: bigint, type: Type): Num {
  if (type === 'integer') return inInt(value) ? Number(value) : fail('ARITHMETIC_OVERFLOW')
  return inLong(value) ? value : fail('ARITHMETIC_OVERFLOW')
}

export function operate(fn: string, a: Num, b: Num, types: [Type, Type], type: Type): Value {
  if (isDecimal(types[0]) && isDecimal(types[1])) {
    return decimals(fn, a as bigint, b as bigint, types[0], types[1], type)
  }
  if (types[0] === 'double') return doubles(fn, a as number, b as number)
  return checked(whole(fn, BigInt(a), BigInt(b)), type)
}

function whole(fn: string, a: bigint, b: bigint): bigint {
  switch (fn) {
    case 'add':
      return a + b
    case 'subtract':
      return a - b
    case 'multiply':
      return a * b
  }
  if (b === 0n) fail('DIVIDE_BY_ZERO')
  if (fn === 'div') return a / b
  const rest = a % b
  return fn === 'pmod' && rest < 0n ? (rest + b) % b : rest
}

function doubles(fn: string, a: number, b: number): number {
  switch (fn) {
    case 'add':
      return a + b
    case 'subtract':
      return a - b
    case 'multiply':
      return a * b
  }
  if (b === 0) fail('DIVIDE_BY_ZERO')
  if (fn === 'divide') return a / b
  const rest = a % b
  return fn === 'pmod' && rest < 0 ? (rest + b) % b : rest
}

function decimals(fn: string, a: bigint, b: bigint, left: DecimalType, right: DecimalType, type: Type): Value {
  const scale = Math.max(left.scale, right.scale)
  const [x, y] = [rescale(a, left.scale, scale), rescale(b, right.scale, scale)]
  if (['divide', 'div', 'mod', 'pmod'].includes(fn) && b === 0n) fail('DIVIDE_BY_ZERO')
  if (fn === 'div') return checked(x / y, 'long')
  const result = type as DecimalType
  const of = (unscaled: bigint, from: number) => {
    const value = rescale(unscaled, from, result.scale)
    return fits(value, result) ? value : fail('ARITHMETIC_OVERFLOW')
  }
  switch (fn) {
    case 'add':
      return of(x + y, scale)
    case 'subtract':
      return of(x - y, scale)
    case 'multiply':
      return of(a * b, left.scale + right.scale)
    case 'divide': {
      const quotient = divideRounded(x * power10(result.scale), y)
      return fits(quotient, result) ? quotient : fail('ARITHMETIC_OVERFLOW')
    }
  }
  const rest = x % y
  return of(fn === 'pmod' && rest < 0n ? (rest + y) % y : rest, scale)
}

export function negate(value: Num, type: Type): Value {
  if (type === 'double') return -Number(value)
  return isDecimal(type) ? -BigInt(value) : checked(-BigInt(value), type)
}

export function abs(value: Num, type: Type): Value {
  if (type === 'double') return Math.abs(Number(value))
  if (isDecimal(type)) return (value as bigint) < 0n ? -(value as bigint) : value
  return value < 0 ? checked(-BigInt(value), type) : value
}

export function round(value: Num, digits: number, from: Type, to: Type, halfEven: boolean): Value {
  const at = (unscaled: bigint, scale: number) => {
    // What has fewer digits stays; what is rounded far to the left is zero.
    if (digits >= scale) return { unscaled, scale }
    const shift = scale - digits
    return { unscaled: shift > 400 ? 0n : divideRounded(unscaled, power10(shift), halfEven), scale: digits }
  }
  if (from === 'double') {
    const x = Number(value)
    if (!Number.isFinite(x)) return x
    const { unscaled, scale } = digitsOf(x)
    const out = at(unscaled, scale)
    return Number(`${out.unscaled}e${-out.scale}`)
  }
  if (isDecimal(from)) {
    const out = at(value as bigint, from.scale)
    const type = to as DecimalType
    const unscaled = out.scale < 0 ? out.unscaled * power10(-out.scale) : rescale(out.unscaled, out.scale, type.scale)
    return fits(unscaled, type) ? unscaled : fail('ARITHMETIC_OVERFLOW')
  }
  const out = at(BigInt(value), 0)
  return checked(out.unscaled * power10(-out.scale), from)
}

export function floor(value: Num, from: Type, to: Type, isCeil: boolean): Value {
  if (isDecimal(from)) {
    const step = power10(from.scale)
    const out = isCeil ? -floorDivide(-(value as bigint), step) : floorDivide(value as bigint, step)
    return fits(out, to as DecimalType) ? out : fail('ARITHMETIC_OVERFLOW')
  }
  const x = isCeil ? Math.ceil(Number(value)) : Math.floor(Number(value))
  return Number.isFinite(x) ? checked(BigInt(x), 'long') : fail('ARITHMETIC_OVERFLOW')
}
