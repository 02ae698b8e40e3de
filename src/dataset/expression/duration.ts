/** Lengths of time as text: `1 day`, `90 minutes`, `1 day 2 hours`. */
import { refuse } from './fault.js'

const MICROS: Record<string, bigint> = {
  microsecond: 1n,
  millisecond: 1000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
  week: 604_800_000_000n,
}

const KNOWN = `Write it like '1 day', '90 minutes' or '-15 minutes', of ${Object.keys(MICROS).join('s, ')}s.`

/** @returns microseconds */
export function parseDuration(text: string): bigint {
  const parts = [...text.matchAll(/\s*([+-]?\d+)\s+([a-z]+)\s*/gi)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    return refuse(`'${text}' is not a length of time`, KNOWN)
  }
  let micros = 0n
  for (const [, count, unit] of parts) {
    const name = unit!.toLowerCase().replace(/s$/, '')
    if (name === 'month' || name === 'year') refuse(`'${text}' is not the same length of time everywhere`, KNOWN)
    micros += BigInt(count!) * (MICROS[name] ?? refuse(`'${text}' has an unknown unit of time`, KNOWN))
  }
  return micros
}
