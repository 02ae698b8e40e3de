/** Doubles as exact fractions, for oracles of sums. */

/** Times 2^1074, which makes any finite double a whole number. */
const UNIT_BITS = 1074n

/** A finite double, times 2^1074. */
export function exactly(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const biased = (bits >> 52n) & 0x7ffn
  const fraction = bits & ((1n << 52n) - 1n)
  const size = biased === 0n ? fraction : (fraction | (1n << 52n)) << (biased - 1n)
  return bits >> 63n ? -size : size
}

/** The double nearest to the fraction, half to even. `units`: how many times the numerator was multiplied by 2^1074. */
export function rounded(numerator: bigint, denominator: bigint, units = 1n): number {
  if (numerator === 0n) return 0
  const size = numerator < 0n ? -numerator : numerator
  const all = denominator << (UNIT_BITS * units)
  // 2^exponent <= size / all < 2^(exponent + 2)
  const exponent = BigInt(size.toString(2).length - all.toString(2).length) - 1n
  const lowest = exponent - 53n < -UNIT_BITS ? -UNIT_BITS : exponent - 53n
  const scaled = lowest < 0n ? size << -lowest : size
  const divisor = lowest < 0n ? all : all << lowest
  let bits = scaled / divisor
  let rest = scaled % divisor
  let place = lowest
  let width = divisor
  while (bits >= 1n << 53n) {
    rest += (bits & 1n) * width
    width *= 2n
    bits >>= 1n
    place++
  }
  if (rest * 2n > width || (rest * 2n === width && bits & 1n)) bits++
  const value = timesPower(Number(bits), Number(place))
  return numerator < 0n ? -value : value
}

/** x * 2^exponent, where the result is exact or infinite. */
function timesPower(x: number, exponent: number): number {
  if (exponent > 1000) return x * 2 ** 1000 * 2 ** (exponent - 1000)
  if (exponent < -1000) return x * 2 ** -74 * 2 ** (exponent + 74)
  return x * 2 ** exponent
}
