/** A key of any type, for people. */
export function printable(key: unknown): string {
  const text = typeof key === 'string' ? key : String(key)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
