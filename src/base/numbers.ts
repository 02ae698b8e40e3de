/** Decimal numbers in text, and whether a double can hold them. See docs/values.md for the rules. */

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const WHOLE = /^[+-]?0*(\d*?)(?:\.0*)?$/

/** Parses a decimal number and nothing else; NaN for other text that JavaScript accepts: blanks, `0x10`, `Infinity`, ''. */
export function parseDecimal(text: string): number {
  return DECIMAL.test(text) ? Number(text) : Number.NaN
}

/**
 * Whether a double holds the value of a decimal. Fractions may be rounded; a whole number must equal the double, or consist of the digits
 * with which the double is written.
 *
 * @param text a decimal
 * @param x the double nearest to it
 */
export function isHeld(text: string, x: number): boolean {
  if (Number.isSafeInteger(x)) return true
  if (!Number.isFinite(x)) return false
  const digits = WHOLE.exec(text)?.[1]
  if (digits === undefined) return true
  return BigInt(digits) === BigInt(Math.abs(x)) || significant(digits) === shortest(x)
}

/** The digits with which a double is written, without a point. */
function shortest(x: number): string {
  return Math.abs(x)
    .toExponential()
    .replace(/e.*|\./g, '')
}

function significant(digits: string): string {
  return digits.replace(/0+$/, '')
}
