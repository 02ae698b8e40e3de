/** The proleptic Gregorian calendar, and times in UTC. */
import { fail, floorDivide } from './value.js'

export interface Civil {
  year: number
  /** From 1. */
  month: number
  day: number
}

export const DAY = 86_400_000_000n

/** Source: H. Hinnant, chrono-compatible low-level date algorithms. */
export function civilOf(days: number): Civil {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const doe = z - era * 146_097
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365)
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100))
  const mp = Math.floor((5 * doy + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 }
}

export function daysOf({ year, month, day }: Civil): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yoe = y - era * 400
  const doy = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719_468
}

export function monthLength(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

export function isDay({ year, month, day }: Civil): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= monthLength(year, month)
}

/** Days that a column can hold. */
export function checkDays(days: number, code = 'ARITHMETIC_OVERFLOW'): number {
  return days >= -(2 ** 31) && days < 2 ** 31 ? days : fail(code)
}

/** 0 is Monday. */
export function weekday(days: number): number {
  return (((days + 3) % 7) + 7) % 7
}

export function addMonths(days: number, months: number): number {
  const { year, month, day } = civilOf(days)
  const count = year * 12 + month - 1 + months
  const [y, m] = [Math.floor(count / 12), (((count % 12) + 12) % 12) + 1]
  return checkDays(daysOf({ year: y, month: m, day: Math.min(day, monthLength(y, m)) }))
}

/** Of ISO 8601. */
export function weekOfYear(days: number): number {
  const thursday = days - weekday(days) + 3
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1
}

export function dayOfYear(days: number): number {
  return days - daysOf({ year: civilOf(days).year, month: 1, day: 1 }) + 1
}

export function splitMicros(micros: bigint): { days: number; inDay: bigint } {
  const days = floorDivide(micros, DAY)
  return { days: Number(days), inDay: micros - days * DAY }
}

function yearText(year: number): string {
  const digits = String(Math.abs(year)).padStart(4, '0')
  return `${year < 0 ? '-' : year > 9999 ? '+' : ''}${digits}`
}

function two(n: number | bigint): string {
  return String(n).padStart(2, '0')
}

export function dateText(days: number): string {
  const { year, month, day } = civilOf(days)
  return `${yearText(year)}-${two(month)}-${two(day)}`
}

export function timeText(micros: bigint): string {
  const { days, inDay } = splitMicros(micros)
  const seconds = inDay / 1_000_000n
  const fraction = String(inDay % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(':')
  return `${dateText(days)} ${clock}${fraction === '' ? '' : `.${fraction}`}`
}

export function truncDays(days: number, unit: string): number {
  const { year, month } = civilOf(days)
  switch (unit.toLowerCase()) {
    case 'year':
    case 'yyyy':
    case 'yy':
      return daysOf({ year, month: 1, day: 1 })
    case 'quarter':
      return daysOf({ year, month: month - ((month - 1) % 3), day: 1 })
    case 'month':
    case 'mon':
    case 'mm':
      return daysOf({ year, month, day: 1 })
    case 'week':
      return days - weekday(days)
  }
  return fail('ARGUMENT_INVALID')
}

const UNIT_MICROS: Record<string, bigint> = {
  day: DAY,
  dd: DAY,
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
  millisecond: 1000n,
  microsecond: 1n,
}

export function truncMicros(micros: bigint, unit: string): bigint {
  const size = UNIT_MICROS[unit.toLowerCase()]
  if (size !== undefined) return floorDivide(micros, size) * size
  return BigInt(truncDays(splitMicros(micros).days, unit)) * DAY
}

/** As Spark counts: whole if both are the same day of a month, or both its last. */
export function monthsBetween(end: bigint, start: bigint, rounded: boolean): number {
  const [a, b] = [splitMicros(end), splitMicros(start)]
  const [x, y] = [civilOf(a.days), civilOf(b.days)]
  const months = (x.year - y.year) * 12 + (x.month - y.month)
  const isLast = (c: Civil) => c.day === monthLength(c.year, c.month)
  if (x.day === y.day || (isLast(x) && isLast(y))) return months
  const seconds = (c: Civil, inDay: bigint) => c.day * 86_400 + Number(inDay / 1_000_000n)
  const difference = months + (seconds(x, a.inDay) - seconds(y, b.inDay)) / (31 * 86_400)
  return rounded ? Math.round(difference * 1e8) / 1e8 : difference
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')

/** Runs of one letter, quoted text, and what is between them. */
function* tokens(pattern: string): Generator<{ letter: string; count: number } | { text: string }> {
  for (const [token] of pattern.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|./gs)) {
    if (token.startsWith("'")) yield { text: token === "''" ? "'" : token.slice(1, -1).replaceAll("''", "'") }
    else if (/[A-Za-z]/.test(token)) yield { letter: token[0]!, count: token.length }
    else yield { text: token }
  }
}

/** By a format of Java. */
export function formatTime(micros: bigint, pattern: string): string {
  const { days, inDay } = splitMicros(micros)
  const { year, month, day } = civilOf(days)
  const seconds = Number(inDay / 1_000_000n)
  const hour = Math.floor(seconds / 3600)
  let out = ''
  for (const token of tokens(pattern)) {
    if ('text' in token) {
      out += token.text
      continue
    }
    const { letter, count } = token
    const padded = (n: number) => String(n).padStart(count, '0')
    switch (letter) {
      case 'y': {
        if (count === 2) out += two(Math.abs(year) % 100)
        else {
          const sign = year < 0 ? '-' : count > 3 && Math.abs(year) >= 10 ** count ? '+' : ''
          out += sign + padded(Math.abs(year))
        }
        break
      }
      case 'M':
        out += count < 3 ? padded(month) : count === 3 ? MONTHS[month - 1]!.slice(0, 3) : MONTHS[month - 1]!
        break
      case 'd':
        out += padded(day)
        break
      case 'D':
        out += padded(dayOfYear(days))
        break
      case 'H':
        out += padded(hour)
        break
      case 'h':
        out += padded(hour % 12 === 0 ? 12 : hour % 12)
        break
      case 'm':
        out += padded(Math.floor(seconds / 60) % 60)
        break
      case 's':
        out += padded(seconds % 60)
        break
      case 'S':
        out += String(inDay % 1_000_000n)
          .padStart(6, '0')
          .padEnd(9, '0')
          .slice(0, count)
        break
      case 'a':
        out += hour < 12 ? 'AM' : 'PM'
        break
      case 'E': {
        const name = WEEKDAYS[weekday(days)]!
        out += count < 4 ? name.slice(0, 3) : name
        break
      }
      default:
        fail('ARGUMENT_INVALID')
    }
  }
  return out
}

function monthOf(name: string): number {
  return MONTHS.findIndex((one) => one.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase()) + 1
}

/** By a format of Java; null if the text is another. Microseconds. */
export function parseTime(text: string, pattern: string): bigint | null {
  const parts: Record<string, number> = {}
  let source = ''
  const letters: string[] = []
  const all = [...tokens(pattern)]
  for (const token of all) {
    if ('text' in token) {
      source += token.text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
      continue
    }
    const { letter, count } = token
    letters.push(letter + count)
    if (letter === 'a') source += '(AM|PM)'
    else if (letter === 'M' && count === 3) source += `(${MONTHS.map((name) => name.slice(0, 3)).join('|')})`
    else if (letter === 'M' && count === 4) source += `(${MONTHS.join('|')})`
    else if (letter === 'S') source += `(\\d{1,${count}})`
    else if (letter === 'y' && count === 2) source += '(\\d\\d)'
    else if (letter === 'y' && count >= 4) source += `(\\d{${count}}|\\+\\d{${count + 1},10}|-\\d{${count},10})`
    else if (letter === 'y') source += `(-?\\d{${count},10})`
    else source += count === 1 ? '(\\d{1,2})' : `(\\d{${count}})`
  }
  const match = new RegExp(`^${source}$`, 'iu').exec(text)
  if (match === null) return null
  for (const [i, letter] of letters.entries()) {
    const group = match[i + 1]!
    if (letter[0] === 'a') parts.a = group.toUpperCase() === 'PM' ? 12 : 0
    else if (letter === 'M3') parts.M = monthOf(group)
    else if (letter === 'M4') parts.M = monthOf(group)
    else if (letter === 'y2') parts.y = 2000 + Number(group)
    else if (letter[0] === 'S') parts.S = Number(group.padEnd(9, '0').slice(0, 6))
    else parts[letter[0]!] = Number(group)
  }
  const { y: year = 1970, M: month = 1, d: day = 1, m: minute = 0, s: second = 0, S: fraction = 0 } = parts
  let hour = parts.H ?? 0
  if (parts.h !== undefined) {
    if (parts.h < 1 || parts.h > 12) return null
    hour = (parts.h % 12) + (parts.a ?? 0)
  }
  if (!isDay({ year, month, day }) || hour > 23 || minute > 59 || second > 59) return null
  const seconds = (hour * 60 + minute) * 60 + second
  return BigInt(daysOf({ year, month, day })) * DAY + BigInt(seconds) * 1_000_000n + BigInt(fraction)
}
