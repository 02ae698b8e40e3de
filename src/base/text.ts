/** Text shown to people. */

// Control and format characters (zero-width, direction, byte-order mark), line and paragraph separators, and spaces that look like the
// usual one.
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f\u3000\ufffe\uffff]|\p{Cs}/gu
const ESCAPES: Record<string, string> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\0': '\\0' }

/** The text with invisible characters, and those that control a terminal, as JavaScript escapes: `\r`, `\x1b`, `\u200b`. */
export function shown(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0)!
    const hex = code.toString(16)
    return (
      ESCAPES[character] ??
      (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${code > 0xffff ? `{${hex}}` : hex.padStart(4, '0')}`)
    )
  })
}

/** JSON, for people and other threads: bigints are text. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))
}
