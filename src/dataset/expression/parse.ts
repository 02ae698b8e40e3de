/** Values from text, as Spark's casts read them. Each is null where the text is not of the type, or too large for it. */

const BLANKS = /^[\0-\x20\x7f]+|[\0-\x20\x7f]+$/g

function trimmed(text: string): string {
  return text.replace(BLANKS, '')
}

const LONG_MAX = 2n ** 63n - 1n

function inRange(value: bigint, max: bigint): boolean {
  return value >= -max - 1n && value <= max
}

export function parseBoolean(text: string): boolean | null {
  const word = trimmed(text).toLowerCase()
  if (['t', 'true', 'y', 'yes', '1'].includes(word)) return true
  return ['f', 'false', 'n', 'no', '0'].includes(word) ? false : null
}

export function parseInteger(text: string): number | null {
  const value = parseWhole(text)
  return value !== null && inRange(value, 2n ** 31n - 1n) ? Number(value) : null
}

export function parseLong(text: string): bigint | null {
  const value = parseWhole(text)
  return value !== null && inRange(value, LONG_MAX) ? value : null
}

function parseWhole(text: string): bigint | null {
  const digits = trimmed(text)
  return /^[+-]?\d+$/.test(digits) ? BigInt(digits.replace('+', '')) : null
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i

/** Too large: infinite. */
export function parseDouble(text: string): number | null {
  const word = trimmed(text)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(word)
  if (special) {
    if (special[2]!.toLowerCase() === 'nan') return NaN
    return special[1] === '-' ? -Infinity : Infinity
  }
  const number = NUMBER.exec(word)?.[0]
  if (number === undefined || !/^[df]?$/i.test(word.slice(number.length))) return null
  return Number(number)
}

/** Unscaled. Digits beyond the scale are rounded half up. */
export function parseDecimal(text: string, precision: number, scale: number): bigint | null {
  const parts = decimalParts(text)
  if (parts === null) return null
  const shift = parts.scale - scale
  // As many digits as a decimal can have, and one to round by: 1e-400 is zero, 1e400 too large.
  if (parts.unscaled === 0n || shift > 400) return 0n
  if (-shift > 400) return null
  const value = shift > 0 ? divideHalfUp(parts.unscaled, 10n ** BigInt(shift)) : parts.unscaled * 10n ** BigInt(-shift)
  return fitsDecimal(value, precision) ? value : null
}

/** All digits of a number. */
export function decimalParts(text: string): { unscaled: bigint; scale: number } | null {
  const word = trimmed(text)
  if (NUMBER.exec(word)?.[0] !== word) return null
  const [mantissa = '', exponent = '0'] = word.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('+', '').split('.')
  const scale = fraction.length - Number(exponent)
  if (!Number.isSafeInteger(scale)) return null
  const digits = BigInt(`${whole.replace('-', '')}${fraction}`)
  return { unscaled: whole.startsWith('-') ? -digits : digits, scale }
}

export function fitsDecimal(unscaled: bigint, precision: number): boolean {
  const limit = 10n ** BigInt(precision)
  return unscaled < limit && unscaled > -limit
}

export function divideHalfUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  const rest = 2n * (value % by)
  if ((rest < 0n ? -rest : rest) < (by < 0n ? -by : by)) return quotient
  return value < 0n === by < 0n ? quotient + 1n : quotient - 1n
}

/** Days since 1970-01-01. */
export function parseDate(text: string): number | null {
  const match = /^([+-]?\d{4,7})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T].*)?)?)?$/s.exec(trimmed(text))
  if (!match) return null
  return daysOf(Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1))
}

const TIME = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?(.*)$/s
const TIMESTAMP_YEARS = /^([+-]?\d{4,6})(?:-(\d{1,2})(?:-(\d{1,2})(?:[ T](.+))?)?)?$/s

/**
 * Microseconds since 1970-01-01 UTC; without a zone: UTC.
 *
 * @param zones whether a zone counts; otherwise the text is a time without one, and a zone is passed over
 */
export function parseTimestamp(text: string, zones = true): bigint | null {
  const match = TIMESTAMP_YEARS.exec(trimmed(text))
  if (!match) return null
  const days = daysOf(Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1))
  if (days === null) return null
  let micros = BigInt(days) * DAY_MICROS
  if (match[4] !== undefined) {
    const time = TIME.exec(match[4])
    if (!time) return null
    const [hour, minute, second] = [Number(time[1]), Number(time[2] ?? 0), Number(time[3] ?? 0)]
    const offset = zoneSeconds(time[5]!.trim())
    if (hour > 23 || minute > 59 || second > 59 || offset === null) return null
    micros += BigInt((hour * 60 + minute) * 60 + second - (zones ? offset : 0)) * 1_000_000n
    micros += BigInt((time[4] ?? '').slice(0, 6).padEnd(6, '0'))
  }
  return inRange(micros, LONG_MAX) ? micros : null
}

/** Only what is the same all the year round: `Z`, `UTC`, `+5:30`. Names of places are for Spark alone. */
function zoneSeconds(zone: string): number | null {
  if (/^(?:Z|UTC|GMT|UT|)$/.test(zone)) return 0
  const [, sign, offset] = /^(?:UTC|GMT|UT)?([+-])([\d:]+)$/.exec(zone) ?? []
  if (offset === undefined) return null
  // h, hh, hhmm, hhmmss; or h:m and h:mm:ss, with one digit or two.
  const match =
    /^(\d{1,2})$/.exec(offset) ??
    /^(\d\d)(\d\d)(\d\d)?$/.exec(offset) ??
    /^(\d{1,2}):(\d{1,2})$/.exec(offset) ??
    /^(\d{1,2}):(\d\d):(\d\d)$/.exec(offset)
  if (match === null) return null
  const [hours, minutes, seconds] = match.slice(1).map((digits) => Number(digits ?? 0)) as [number, number?, number?]
  const total = hours * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)
  if ((minutes ?? 0) > 59 || (seconds ?? 0) > 59 || total > 18 * 3600) return null
  return sign === '-' ? -total : total
}

export const DAY_MICROS = 86_400_000_000n

/** Days since 1970-01-01; null if there is no such day, or too far away. */
function daysOf(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1) return null
  const date = new Date(0)
  // Beyond what Date knows the calendar repeats every 400 years.
  const cycles = Math.floor((year - 2000) / 400)
  date.setUTCFullYear(year - 400 * cycles, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  const days = date.getTime() / 86_400_000 + cycles * 146_097
  return inRange(BigInt(days), 2n ** 31n - 1n) ? days : null
}
