/** The types of results of decimal arithmetic, as Spark's. */
import type { DecimalType, Type } from '../../plan/type.js'

const MAX_PRECISION = 38
/** Digits after the point that are kept when the ones before it leave too little room. */
const MIN_SCALE = 6

export function decimalType(precision: number, scale: number): DecimalType {
  return { type: 'decimal', precision, scale }
}

export function isDecimal(type: Type): type is DecimalType {
  return typeof type === 'object' && type.type === 'decimal'
}

/** Cut to 38 digits, of the scale first. */
function bounded(precision: number, scale: number): DecimalType {
  if (precision <= MAX_PRECISION) return decimalType(precision, scale)
  const kept = Math.max(MAX_PRECISION - (precision - scale), Math.min(scale, MIN_SCALE))
  return decimalType(MAX_PRECISION, kept)
}

export type DecimalOperation = 'add' | 'subtract' | 'multiply' | 'divide' | 'mod' | 'pmod'

export function decimalResult(operation: DecimalOperation, a: DecimalType, b: DecimalType): DecimalType {
  const whole = (type: DecimalType) => type.precision - type.scale
  const scale = Math.max(a.scale, b.scale)
  switch (operation) {
    case 'add':
    case 'subtract':
      return bounded(Math.max(whole(a), whole(b)) + scale + 1, scale)
    case 'multiply':
      return bounded(a.precision + b.precision + 1, a.scale + b.scale)
    case 'divide': {
      const quotient = Math.max(MIN_SCALE, a.scale + b.precision + 1)
      return bounded(whole(a) + b.scale + quotient, quotient)
    }
    case 'mod':
    case 'pmod':
      return bounded(Math.min(whole(a), whole(b)) + scale, scale)
  }
}

/** The type that has all values of both; null if it would need more than 38 digits. */
export function widerDecimal(a: DecimalType, b: DecimalType): DecimalType | null {
  const scale = Math.max(a.scale, b.scale)
  const precision = Math.max(a.precision - a.scale, b.precision - b.scale) + scale
  return precision <= MAX_PRECISION ? decimalType(precision, scale) : null
}

/** Of `round` to that many digits: rounding may carry into one more digit. */
export function roundedDecimal({ precision, scale }: DecimalType, digits: number): DecimalType {
  const whole = precision - scale + 1
  if (digits < 0) return decimalType(Math.min(MAX_PRECISION, Math.max(whole, 1 - digits)), 0)
  const kept = Math.min(scale, digits)
  return decimalType(Math.min(MAX_PRECISION, whole + kept), kept)
}

/** The decimals that have all values of a whole type; those of a literal are its own digits. */
export const INTEGER_DECIMAL = decimalType(10, 0)
export const LONG_DECIMAL = decimalType(20, 0)
