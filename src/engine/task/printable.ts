/** A key of any type, or a row, for people. */
export function printable(key: unknown): string {
  const isObject = typeof key === 'object' && key !== null && !Array.isArray(key) && !(key instanceof Date)
  const text = isObject
    ? JSON.stringify(key, (_, part) => (typeof part === 'bigint' ? String(part) : part))
    : String(key)
  return shortened(text)
}

export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
