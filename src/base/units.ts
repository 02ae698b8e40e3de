/** Sizes, durations and counts: parsed from text, and formatted for people. */
import { RunjobError } from './errors.js'

const UNIT_POWERS = ['', 'k', 'm', 'g', 't']
const BYTES = /^(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(b|ib)?$/i

/**
 * A number of bytes from text such as '512MB', '2GiB', '1.5g' or '1000000'; case does not matter.
 *
 * KB, MB, GB and TB are powers of 1000; KiB, MiB, … and the letters alone (k, m, g, t) powers of 1024, as in GNU tools.
 * Fractions of a byte are cut off.
 *
 * @param name the option that the value came from, for the error
 * @throws OPTION_INVALID
 */
export function parseBytes(value: string | number, name = 'memory'): number {
  const invalid = (problem: string) => new RunjobError('OPTION_INVALID', { name, value, problem })
  let bytes: number
  if (typeof value === 'number') {
    bytes = Math.floor(value)
  } else {
    const match = BYTES.exec(value.trim())
    if (!match) throw invalid('a size is expected, such as 512MB or 2GiB')
    const [, digits = '', letter = '', suffix = ''] = match
    if (letter === '' && suffix.length === 2) throw invalid('a size is expected, such as 512MB or 2GiB')
    const base = suffix.length === 1 ? 1000 : 1024
    bytes = Math.floor(Number(digits) * base ** UNIT_POWERS.indexOf(letter.toLowerCase()))
  }
  if (!(bytes > 0)) throw invalid('it must be more than 0')
  if (!Number.isSafeInteger(bytes)) throw invalid('it is too large')
  return bytes
}

/** Any run takes more: a smaller number is one with its unit forgotten. */
const LEAST_MEMORY_BYTES = 16_000_000

/**
 * A memory limit, in the syntax of parseBytes.
 *
 * @throws OPTION_INVALID
 */
export function parseMemory(value: string | number, name = 'memory'): number {
  const bytes = parseBytes(value, name)
  if (bytes >= LEAST_MEMORY_BYTES) return bytes
  const isMegabytes = /^\d{1,5}$/.test(String(value).trim()) && bytes * 1_000_000 >= LEAST_MEMORY_BYTES
  const problem = `that is ${formatBytes(bytes)}, and a run needs at least 16 MB${isMegabytes ? `; did you mean ${bytes}MB?` : ''}`
  throw new RunjobError('OPTION_INVALID', { name, value, problem })
}

const DURATION = /^(\d+(?:\.\d*)?|\.\d+)\s*(ms|s|min|m|h|d)$/i
const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
/** The limit of a timer. */
const MAX_DURATION_MS = 2 ** 31 - 1

/**
 * A number of milliseconds from text such as '500ms', '30s', '10min', '1.5h' or '1d', or from a number of them.
 *
 * @param name the option that the value came from, for the error
 * @throws OPTION_INVALID
 */
export function parseDuration(value: string | number, name = 'taskTimeout'): number {
  const invalid = (problem: string) => new RunjobError('OPTION_INVALID', { name, value, problem })
  const match = typeof value === 'string' ? DURATION.exec(value.trim()) : null
  if (typeof value === 'string' && !match) throw invalid('a duration with its unit is expected, such as 30s or 10min')
  const ms = Math.ceil(match ? Number(match[1]) * UNIT_MS[match[2]!.toLowerCase()]! : Number(value))
  if (!(ms > 0)) throw invalid('it must be more than 0')
  if (ms > MAX_DURATION_MS) throw invalid('it is too long: the limit is 24 days')
  return ms
}

const DECIMAL_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** Bytes with three digits and a decimal unit: 999 B, 1.23 MB, 45.6 GB. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 and up would be shown as 1000.
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.5) && unit < DECIMAL_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${DECIMAL_UNITS[unit]}`
}

/** A duration in at most two units: 87 ms, 4.2 s, 3 min 07 s, 2 h 05 min. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  const minutes = Math.round(ms / 60_000)
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

/** A whole number with a comma between thousands: 1,234,567. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

function pad(n: number): string {
  return n.toString().padStart(2, '0')
}
