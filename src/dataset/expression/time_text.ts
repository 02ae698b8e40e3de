/** Dates and times as text: 2024-01-31, 2024-01-31 12:34:56.5. */
import { DAY_MICROS } from './parse.js'

export function dateText(days: number): string {
  // Beyond what Date knows the calendar repeats every 400 years, 146,097 days.
  const cycles = Math.floor(days / 146_097)
  const date = new Date((days - 146_097 * cycles) * 86_400_000)
  const year = date.getUTCFullYear() + 400 * cycles
  const digits = String(Math.abs(year)).padStart(4, '0')
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  return `${sign}${digits}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`
}

export function timestampText(micros: bigint): string {
  const inDay = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS
  const days = Number((micros - inDay) / DAY_MICROS)
  const seconds = Number(inDay / 1_000_000n)
  const fraction = String(inDay % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(pad).join(':')
  return `${dateText(days)} ${time}${fraction && `.${fraction}`}`
}

function pad(part: number): string {
  return String(part).padStart(2, '0')
}
