/** Rows as a table for people. */
import { shown } from '../base/text.js'
import { formatCount } from '../base/units.js'
import { type Column, type Type, typeText } from '../plan/type.js'

export interface TableOptions {
  /** Columns of the terminal; Infinity: nothing is cut. */
  width: number
  /** Rows there are; null: more than are shown, but nobody counted. */
  total: number | null
}

/** A column that is cut still shows so much. */
const LEAST_WIDTH = 8
const CUT = '…'

/**
 * A header of names and types, then a line for each row: numbers right aligned, a missing value as `null`. Cells and columns for which there
 * is no room end in `…`; a last line says how many rows and columns there are, if not all are shown.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly Readonly<Record<string, unknown>>[],
  { width, total }: TableOptions,
): string {
  const all = columns.map((column) => cellsOf(column, rows))
  const kept = fitted(all, width)
  const isCut = kept.length < all.length
  const shownCells = isCut ? [...kept, { lines: Array(rows.length + 2).fill(CUT), width: 1, isNumber: false }] : kept
  const rule = (left: string, middle: string, right: string) =>
    left + shownCells.map((cells) => '─'.repeat(cells.width + 2)).join(middle) + right
  const line = (row: number) =>
    `│${shownCells.map((cells) => ` ${padded(cells.lines[row]!, cells.width, cells.isNumber)} `).join('│')}│`
  const lines = [rule('┌', '┬', '┐'), line(0), line(1), rule('├', '┼', '┤')]
  for (let row = 0; row < rows.length; row++) lines.push(line(row + 2))
  lines.push(rule('└', '┴', '┘'))
  const notes: string[] = []
  if (total === null) notes.push(firstRows(rows.length))
  else if (total > rows.length) notes.push(`${formatCount(rows.length)} of ${formatCount(total)} rows`)
  else notes.push(`${formatCount(total)} row${total === 1 ? '' : 's'}`)
  if (isCut) notes.push(`${kept.length} of ${all.length} columns`)
  return `${[...lines, notes.join(', ')].join('\n')}\n`
}

function firstRows(count: number): string {
  if (count === 0) return 'no rows shown, though there are some'
  return count === 1 ? 'first row' : `first ${formatCount(count)} rows`
}

/** The texts of one column: its name, its type, its values. */
interface Cells {
  lines: string[]
  width: number
  isNumber: boolean
}

function cellsOf({ name, type }: Column, rows: readonly Readonly<Record<string, unknown>>[]): Cells {
  const lines = [shown(name), typeText(type), ...rows.map((row) => cellText(row[name], type))]
  return { lines, width: Math.max(...lines.map(textWidth)), isNumber: isNumeric(type) }
}

/** Cuts the widest columns, then leaves out the last ones. */
function fitted(all: readonly Cells[], width: number): Cells[] {
  const kept = all.map((cells) => ({ ...cells }))
  // Each cell has a border and two blanks; the last one another border.
  const needed = (isCut: boolean) => kept.reduce((sum, cells) => sum + cells.width + 3, 1) + (isCut ? 4 : 0)
  const excess = () => needed(kept.length < all.length) - width
  while (excess() > 0) {
    const widest = kept.reduce((a, b) => (b.width > a.width ? b : a))
    if (widest.width > LEAST_WIDTH) {
      const next = Math.max(0, ...kept.map((cells) => cells.width).filter((own) => own < widest.width))
      widest.width = Math.max(LEAST_WIDTH, widest.width - excess(), Math.min(next, widest.width - 1))
    } else if (kept.length > 1) {
      kept.pop()
    } else {
      break
    }
  }
  return kept
}

function padded(text: string, width: number, isNumber: boolean): string {
  const own = clipped(text, width)
  const blanks = ' '.repeat(Math.max(0, width - textWidth(own)))
  return isNumber ? blanks + own : own + blanks
}

function clipped(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const segment of charactersOf(text)) {
    used += textWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept + CUT
}

function isNumeric(type: Type): boolean {
  if (typeof type !== 'string') return type.type === 'decimal'
  return type === 'integer' || type === 'long' || type === 'double'
}

function cellText(value: unknown, type: Type): string {
  if (value === null || value === undefined) return 'null'
  if (typeof type !== 'string') {
    if (type.type === 'array') return `[${(value as unknown[]).map((one) => cellText(one, type.element)).join(', ')}]`
    if (type.type === 'struct') {
      const fields = value as Record<string, unknown>
      return `{${type.fields.map(({ name, type: own }) => `${name}: ${cellText(fields[name], own)}`).join(', ')}}`
    }
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return shown(String(value))
}

let segmenter: Intl.Segmenter | undefined

/** As people count them. */
function charactersOf(text: string): string[] {
  // Most tables are plain text, and making this takes milliseconds.
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

/** Characters that take two columns of a terminal: East Asian wide ones, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u

/** Columns of a terminal that a text takes. */
function textWidth(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain text needs no closer look
  if (/^[\x00-\x7f]*$/.test(text)) return text.length
  let width = 0
  for (const segment of charactersOf(text)) width += WIDE.test(segment) ? 2 : 1
  return width
}
