/** Text and numbers as HTML. Its tags are closed as in XML, so that tools for either can read a page. */
import { printable } from '../terminal.js'

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** For an element's content and for a quoted attribute, whatever a user has named so. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!)
}

/** A share of a whole, for the width of a shape that has no fixed size. */
export function percent(part: number, whole: number): string {
  return `${whole > 0 ? Math.round((part / whole) * 1e4) / 1e2 : 0}%`
}
