/** Fields of TSV, in which tabs, line ends and backslashes are escaped. */

const SPECIAL = /[\\\t\n\r]/
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
const UNESCAPES = Object.fromEntries(Object.entries(ESCAPES).map(([text, pair]) => [pair, text]))

export function escapeTsv(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (special) => ESCAPES[special]!) : text
}

export function unescapeTsv(field: string): string {
  return field.includes('\\') ? field.replace(/\\[\\tnr]/g, (pair) => UNESCAPES[pair]!) : field
}
