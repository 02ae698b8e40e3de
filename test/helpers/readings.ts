/**
 * Reads files in plain TypeScript: slow, short and obvious. It uses nothing of runjob, so that both can be compared.
 *
 * Bytes are strings in which each character is one byte; they become text at the very end.
 */

/** A record that cannot be read, and where it starts. */
export interface Bad {
  code: string
  file: string
  offset: number
}

export interface Found<R> {
  record: R
  file: string
  offset: number
}

export interface Reading<R> {
  found: Found<R>[]
  bad: Bad[]
}

/** Content by path, in the order in which it is read. */
export type Contents = Readonly<Record<string, Buffer>>

/** As the options of csv(). */
export interface Dialect {
  delimiter?: string
  quote?: string | null
  escape?: string | null
  comment?: string | null
  skip?: number
  columns?: readonly string[]
  header?: boolean
  missing?: readonly string[]
  trim?: boolean
  raggedRows?: 'error' | 'fill' | 'drop'
}

const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

/**
 * The bytes of a file whose lines end in carriage returns alone, with LFs for them. It is such a file if it has carriage returns and no LF;
 * in CSV an LF may be inside quotes.
 */
function withLineFeeds(content: Buffer, { delimiter = ',', quote = null }: Dialect = { quote: null }): string {
  const bytes = content.toString('latin1')
  const first = bytes.indexOf('\r')
  if (first < 0 || bytes[first + 1] === '\n') return bytes
  let isQuoted = false
  for (const [i, byte] of [...bytes].entries()) {
    if (isQuoted) isQuoted = byte !== quote
    else if (byte === '\n') return bytes
    else if (byte === quote) isQuoted = [quote, delimiter, '\r', '\n'].includes(bytes[i - 1] ?? '\n')
  }
  return bytes.replaceAll('\r', '\n')
}

/** The text between the line ends of a file, with the CRs before LFs. */
export function exactLines(files: Contents): Found<string>[] {
  return Object.entries(files).flatMap(([file, content]) => {
    const lines = withLineFeeds(content).split('\n')
    if (lines.at(-1) === '') lines.pop()
    let offset = 0
    return lines.map((record) => {
      const found = { record, file, offset }
      offset += record.length + 1
      return found
    })
  })
}

/** Lines as text: without the CR of a CRLF, without the byte-order mark that a file starts with. */
export function readLines(files: Contents): Reading<string> {
  const found = Object.entries(files).flatMap(([file, content]) => {
    // A byte-order mark alone is not a line.
    if (content.toString('latin1') === '\xef\xbb\xbf') return []
    return exactLines({ [file]: content }).map(({ record, offset }) => {
      const endsInLf = offset + record.length < content.length
      const bytes = endsInLf ? record.replace(/\r$/, '') : record
      return { record: textOf(offset === 0 ? bytes.replace(/^\xef\xbb\xbf/, '') : bytes), file, offset }
    })
  })
  return { found, bad: [] }
}

/** One JSON value per line; lines of white space are skipped. */
export function readJsonLines(files: Contents): Reading<unknown> {
  const reading: Reading<unknown> = { found: [], bad: [] }
  for (const { record, file, offset } of readLines(files).found) {
    if (record.trim() === '') continue
    try {
      const value = JSON.parse(record)
      if (holdsItsNumbers(record)) reading.found.push({ record: value, file, offset })
      else reading.bad.push({ code: 'NUMBER_TOO_LARGE', file, offset })
    } catch {
      reading.bad.push({ code: 'JSONL_BAD_RECORD', file, offset })
    }
  }
  return reading
}

/** Whether doubles hold all numbers of a valid JSON text: finite ones, and whole ones exactly or with the same digits. */
function holdsItsNumbers(json: string): boolean {
  const numbers = json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? []
  return numbers.every((text) => {
    const number = Number(text)
    const [, whole] = /^(-?\d+)(?:\.0*)?$/.exec(text) ?? []
    if (!Number.isFinite(number) || whole === undefined) return Number.isFinite(number)
    const digits = number.toExponential().replaceAll(/^-|\.|e.*/g, '')
    return BigInt(number) === BigInt(whole) || digits === whole.replaceAll(/^-|0+$/g, '')
  })
}

interface RawRow {
  fields: string[]
  offset: number
}

/** Rows of one file, by the rules of RFC 4180; after a bad row, reading continues on the line after the one in which it starts. */
function rawRows(bytes: string, dialect: Dialect): { rows: RawRow[]; bad: Omit<Bad, 'file'>[] } {
  const { delimiter = ',', quote = '"', escape: escaping = null, comment = null, skip = 0, trim = false } = dialect
  const rows: RawRow[] = []
  const bad: Omit<Bad, 'file'>[] = []
  const lineAfter = (at: number) => (bytes.indexOf('\n', at) < 0 ? bytes.length : bytes.indexOf('\n', at) + 1)
  const endsLine = (i: number) => i >= bytes.length || bytes[i] === '\n'
  const endsRow = (i: number) => endsLine(i) || (bytes[i] === '\r' && endsLine(i + 1))
  const isSpace = (i: number) => (bytes[i] === ' ' || bytes[i] === '\t') && bytes[i] !== delimiter
  let at = bytes.startsWith('\xef\xbb\xbf') ? 3 : 0
  for (let line = 0; line < skip; line++) at = lineAfter(at)
  while (at < bytes.length) {
    const offset = at
    if (comment !== null && bytes[at] === comment) {
      at = lineAfter(at)
      continue
    }
    const fields: string[] = []
    let fault: string | undefined
    for (;;) {
      let field = ''
      while (trim && isSpace(at)) at++
      if (quote !== null && bytes[at] === quote) {
        for (at++; ; at++) {
          if (bytes[at] === escaping && at + 1 < bytes.length) at++
          else if (bytes[at] === quote && bytes[++at] !== quote) break
          if (at >= bytes.length) fault = 'CSV_UNCLOSED_QUOTE'
          if (fault) break
          field += bytes[at]
        }
        while (trim && isSpace(at)) at++
        if (!fault && !endsRow(at) && bytes[at] !== delimiter) fault = 'CSV_BAD_QUOTE'
      } else {
        let kept = 0
        for (; !endsRow(at) && bytes[at] !== delimiter; at++) {
          // A carriage return that ends the file is always a line end.
          const isEscaped = bytes[at] === escaping && at + 1 < bytes.length && bytes.slice(at + 1) !== '\r'
          if (isEscaped) at++
          // Of a CRLF, both.
          if (isEscaped && bytes[at] === '\r' && bytes[at + 1] === '\n') field += bytes[at++]
          field += bytes[at]
          if (isEscaped || !isSpace(at)) kept = field.length
        }
        if (trim) field = field.slice(0, kept)
      }
      fields.push(field)
      if (fault || endsRow(at)) break
      at++
    }
    if (fault) {
      bad.push({ code: fault, offset })
      at = lineAfter(offset)
      continue
    }
    if (bytes[at] === '\r') at++
    const row = bytes.slice(offset, at)
    at++
    const blanks = [' ', '\t'].filter((blank) => trim && blank !== delimiter)
    const isBlank = [...row.replace(/\r$/, '')].every((character) => blanks.includes(character))
    if (!isBlank) rows.push({ fields, offset })
  }
  return { rows, bad }
}

/** A name that identifies a column; other columns go by number. */
function isClear(name: string, names: readonly string[]): boolean {
  return name !== '' && names.indexOf(name) === names.lastIndexOf(name)
}

export interface Table extends Reading<string[]> {
  /** Of each file. */
  columns: Record<string, string[]>
  /** Anything else that is wrong with a file. */
  refused?: Omit<Bad, 'offset'>
}

/** Rows of all files, each with as many fields as its file has columns. */
export function readCsv(files: Contents, dialect: Dialect = {}): Table {
  const { columns: wanted, raggedRows = 'error', missing = [] } = dialect
  const hasHeader = dialect.header ?? wanted === undefined
  const table: Table = { found: [], bad: [], columns: {} }
  for (const [file, content] of Object.entries(files)) {
    if (content.length === 0) continue
    const { rows, bad } = rawRows(withLineFeeds(content, { quote: '"', ...dialect }), dialect)
    const all = rows.map(({ fields, offset }) => ({ fields: fields.map(textOf), offset }))
    const meant = (field: string) => (missing.includes(field) ? '' : field)
    const header = hasHeader ? all.shift()?.fields : (wanted ?? all[0]?.fields.map(() => ''))
    if (!header) {
      table.refused ??= { code: bad[0]?.code ?? 'HEADER_MISSING', file }
      continue
    }
    const own = header.map((name, i) => (isClear(name, header) ? name : `#${i + 1}`))
    // Lines that end in delimiters: the last columns may have no name.
    const leastWidth = header.findLastIndex((name) => name !== '') + 1 || header.length
    const names = hasHeader && wanted ? [...wanted] : own
    const places = names.map((name) => own.indexOf(name))
    if (places.includes(-1)) table.refused ??= { code: 'COLUMN_UNKNOWN', file }
    table.columns[file] = names
    const faults: Bad[] = bad.map((fault) => ({ ...fault, file }))
    for (const { fields, offset } of all) {
      const isShort = fields.length < leastWidth
      const isLong = fields.slice(header.length).some((field) => meant(field) !== '')
      if ((isShort || isLong) && raggedRows === 'drop') continue
      if ((isShort || isLong) && raggedRows === 'error') {
        faults.push({ code: isShort ? 'CSV_SHORT_ROW' : 'CSV_LONG_ROW', file, offset })
        continue
      }
      const record = places.map((place) => meant(fields[place] ?? ''))
      table.found.push({ record, file, offset })
    }
    table.bad.push(...faults.sort((a, b) => a.offset - b.offset))
  }
  if (Object.keys(table.columns).length === 0)
    table.refused ??= { code: 'HEADER_MISSING', file: Object.keys(files)[0] ?? '' }
  return table
}
