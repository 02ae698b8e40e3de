/**
 * CSV of any dialect, one character at a time: what every reader must read from the same bytes. Slow, short and obvious, and written from
 * the docstrings of csv(), not from the native reader.
 *
 * Text is bytes, one character each ('latin1').
 */

export interface Dialect {
  delimiter: string
  quote: string | null
  escape?: string | null
  comment?: string | null
  missing?: string[]
  trim?: boolean
}

export interface ReadOptions {
  /** Of the file; 0: any number of fields. */
  columns?: number
  leastColumns?: number
  raggedRows?: 'error' | 'fill' | 'drop'
  /** No record starts at or after this offset. */
  limit?: number
  skipBom?: boolean
  keepBad?: boolean
}

export interface Row {
  start: number
  fields: string[]
}

export interface Parsed {
  rows: Row[]
  /** Where the next row starts. */
  position: number
  error?: { code: string; offset: number }
  /** With `keepBad`. */
  bad: { code: string; offset: number }[]
  dropped: number
}

export function readCsv(data: string, dialect: Dialect, options: ReadOptions = {}): Parsed {
  const { columns = 0, leastColumns = 0, raggedRows = 'error' } = options
  const parsed: Parsed = { rows: [], position: 0, bad: [], dropped: 0 }
  let { limit = Infinity } = options
  let at = 0
  if (options.skipBom && data.startsWith('\xef\xbb\xbf') && limit > 0) {
    // The mark belongs to the first row: a limit inside the mark does not separate them.
    at = 3
    limit = Math.max(limit, 4)
  }
  while (at < data.length && at < limit) {
    const start = at
    const record = readRecord(data, start, dialect)
    let code = record.code
    const { length } = record.fields
    if (code === undefined && !record.blank && columns > 0 && raggedRows !== 'fill') {
      if (length < leastColumns) code = 'CSV_SHORT_ROW'
      else if (record.fields.slice(columns).some((field) => field !== '')) code = 'CSV_LONG_ROW'
    }
    at = record.end
    const isRagged = code === 'CSV_SHORT_ROW' || code === 'CSV_LONG_ROW'
    if (isRagged && raggedRows === 'drop') {
      parsed.dropped++
    } else if (code !== undefined && options.keepBad) {
      parsed.bad.push({ code, offset: start })
    } else if (code !== undefined) {
      return { ...parsed, position: start, error: { code, offset: start } }
    } else if (!record.blank) {
      const fields = columns === 0 ? record.fields : Array.from({ length: columns }, (_, c) => record.fields[c] ?? '')
      parsed.rows.push({ start, fields })
    }
  }
  return { ...parsed, position: at }
}

interface ReadRecord {
  fields: string[]
  /** Where the next one starts; after a bad one, that is after its first line. */
  end: number
  blank: boolean
  code?: string
}

function readRecord(data: string, start: number, dialect: Dialect): ReadRecord {
  const { delimiter, quote, escape: escaper = null, comment = null, missing = [], trim = false } = dialect
  const lineEnd = data.indexOf('\n', start) < 0 ? data.length : data.indexOf('\n', start) + 1
  const isBlank = (c: string | undefined) =>
    (c === ' ' || c === '\t') && c !== delimiter && c !== quote && c !== escaper
  if (comment !== null && data[start] === comment) return { fields: [], end: lineEnd, blank: true }
  const bad = (code: string): ReadRecord => ({ fields: [], end: lineEnd, blank: false, code })

  const fields: string[] = []
  for (let at = start; ; at++) {
    if (trim) while (isBlank(data[at])) at++
    let raw = ''
    const isQuoted = quote !== null && data[at] === quote
    if (isQuoted) {
      for (at++; ; ) {
        if (at >= data.length || (data[at] === escaper && at + 1 >= data.length)) return bad('CSV_UNCLOSED_QUOTE')
        if (data[at] === quote && data[at + 1] !== quote) break
        const size = data[at] === quote || data[at] === escaper ? 2 : 1
        raw += data.slice(at, at + size)
        at += size
      }
      at++
      if (trim) while (isBlank(data[at])) at++
      if (data[at] === '\r' && (data[at + 1] === '\n' || at + 1 === data.length)) at++
      if (at < data.length && data[at] !== delimiter && data[at] !== '\n') return bad('CSV_BAD_QUOTE')
    } else {
      while (at < data.length && data[at] !== delimiter && data[at] !== '\n') {
        const size = data[at] !== escaper ? 1 : data.startsWith('\r\n', at + 1) ? 3 : 2
        raw += data.slice(at, at + size)
        at = Math.min(at + size, data.length)
      }
      if (data[at] !== delimiter && raw.endsWith('\r')) raw = raw.slice(0, -1)
    }
    const text = undone(raw, isQuoted ? quote : null, escaper, trim && !isQuoted ? isBlank : () => false)
    const given = trim && !isQuoted ? withoutBlanksBehind(raw, escaper, isBlank) : raw
    fields.push(missing.includes(text) || missing.includes(given) ? '' : text)
    if (data[at] === delimiter) continue
    const end = Math.min(at + 1, data.length)
    const line = data.slice(start, end).replace(/\n$/, '').replace(/\r$/, '')
    return { fields, end, blank: line === '' || (trim && fields.length === 1 && [...line].every(isBlank)) }
  }
}

/** Escapes and doubled quotes undone, blanks at the end left out unless they are escaped. */
function undone(
  raw: string,
  quote: string | null,
  escaper: string | null,
  isBlank: (c: string | undefined) => boolean,
): string {
  let text = ''
  let kept = 0
  for (let i = 0; i < raw.length; i++) {
    const skips = (raw[i] === escaper || raw[i] === quote) && i + 1 < raw.length
    const isEscaped = raw[i] === escaper
    if (skips) i++
    text += raw[i]
    if (isEscaped || !isBlank(raw[i])) kept = text.length
  }
  return text.slice(0, kept)
}

function withoutBlanksBehind(raw: string, escaper: string | null, isBlank: (c: string | undefined) => boolean): string {
  let kept = 0
  for (let i = 0; i < raw.length; i++) {
    const isEscaped = raw[i] === escaper
    if (isEscaped) i++
    if (isEscaped || !isBlank(raw[i])) kept = Math.min(i + 1, raw.length)
  }
  return raw.slice(0, kept)
}

export interface NumberSpelling {
  decimal?: '.' | ','
  thousands?: string | null
}

const SEPARATORS: Record<string, string> = {
  '.': '\\.',
  ',': ',',
  _: '_',
  "'": "(?:'|\xe2\x80\x99)",
  ' ': '(?: |\xc2\xa0|\xe2\x80\xaf|\xe2\x80\x89)',
}

/** The number of a field: NaN if it is empty; undefined if it is none. */
export function readNumber(text: string, { decimal = '.', thousands = null }: NumberSpelling = {}): number | undefined {
  if (text === '') return Number.NaN
  const separator = thousands === null ? null : SEPARATORS[thousands]!
  const whole = separator === null ? '\\d+' : `(?:\\d{1,3}(?:${separator}\\d{3})+|\\d+)`
  const point = decimal === '.' ? '\\.' : ','
  const match = new RegExp(
    `^[ \\t-\\r]*([+-]?)(?:(${whole})(?:${point}(\\d*))?|${point}(\\d+))([eE][+-]?\\d+)?[ \\t-\\r]*$`,
  ).exec(text)
  if (!match) return undefined
  const [, sign = '', digits = '', fraction = '', onlyFraction = '', exponent = ''] = match
  return Number(`${sign}${digits.replace(/[^\d]/g, '') || '0'}.${fraction || onlyFraction || '0'}${exponent}`)
}
