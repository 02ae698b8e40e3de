import { jsonOf } from '../../base/text.js'

/** A key of any type, or a row, for people. */
export function printable(key: unknown): string {
  const isNested = Array.isArray(key) ? key.some(Array.isArray) : typeof key === 'object' && key !== null
  return shortened(isNested && !(key instanceof Date) ? jsonOf(key) : String(key))
}

export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
