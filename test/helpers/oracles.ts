/** The right answer of each ready-made job, in plain TypeScript: slow, short and obvious. */

/** Content of the input files, in their order. */
export type Files = readonly Buffer[]

const byBytes = (a: Buffer, b: Buffer): number => Buffer.compare(a, b)
const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Lines as on disk, without their newlines. */
function linesIn(files: Files): Buffer[] {
  return files.flatMap((file) => {
    const lines: Buffer[] = []
    for (let at = 0; at < file.length; ) {
      const newline = file.indexOf(10, at)
      const end = newline < 0 ? file.length : newline
      lines.push(file.subarray(at, end))
      at = end + 1
    }
    return lines
  })
}

/** Lines as `text()` gives them: no carriage return before the newline, no byte-order mark. */
function textLines(file: Buffer): string[] {
  const text = file.toString('utf8').replace(/^\ufeff/, '')
  const lines = text.split('\n')
  return lines.flatMap((line, i) => {
    if (i < lines.length - 1) return [line.replace(/\r$/, '')]
    return line === '' ? [] : [line]
  })
}

function counts<T>(items: Iterable<T>): Map<T, number> {
  const counted = new Map<T, number>()
  for (const item of items) counted.set(item, (counted.get(item) ?? 0) + 1)
  return counted
}

export function wordcount(files: Files, lowercase = true): string[] {
  const words = files.flatMap((file) =>
    textLines(file).flatMap((line) => (lowercase ? line.toLowerCase() : line).split(/\s+/).filter(Boolean)),
  )
  return [...counts(words)].sort(([a], [b]) => byText(a, b)).map(([word, count]) => `${word}\t${count}`)
}

export function grep(files: Files, matches: (line: string) => boolean): Buffer {
  return withNewlines(linesIn(files).filter((line) => matches(line.toString('utf8'))))
}

export function sort(files: Files, { reverse = false, unique = false } = {}): Buffer {
  const lines = linesIn(files).sort(byBytes)
  const kept = unique ? lines.filter((line, i) => i === 0 || !line.equals(lines[i - 1]!)) : lines
  return withNewlines(reverse ? kept.toReversed() : kept)
}

export function top(files: Files, n: number): Buffer {
  const counted = counts(linesIn(files).map((line) => line.toString('latin1')))
  const best = [...counted].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, n)
  return withNewlines(best.map(([line, count]) => Buffer.from(`${line}\t${count}`, 'latin1')))
}

function withNewlines(lines: Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
}

/** RFC 4180, character by character. Blank lines are not rows. */
export function parseCsv(file: Buffer, delimiter = ','): string[][] {
  const text = file.toString('utf8').replace(/^\ufeff/, '')
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let isQuoted = false
  let isBlank = true
  const endRow = () => {
    if (!isBlank) rows.push([...row, field])
    row = []
    field = ''
    isBlank = true
  }
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (isQuoted) {
      if (c !== '"') field += c
      else if (text[i + 1] === '"') field += text[i++]
      else isQuoted = false
    } else if (c === '\n') {
      endRow()
    } else if (c === '\r' && text[i + 1] === '\n') {
      endRow()
      i++
    } else {
      isBlank = false
      if (c === '"') isQuoted = true
      else if (c === delimiter) {
        row.push(field)
        field = ''
      } else field += c
    }
  }
  endRow()
  return rows
}

export function formatCsv(fields: readonly string[]): string {
  return fields.map((field) => (/["\r\n,]|^\ufeff/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')
}

/** Rows as objects; names come from each file's first row. */
export function csvRows(files: Files): Record<string, string>[] {
  return files.flatMap((file) => {
    const [header = [], ...rows] = parseCsv(file)
    return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]!])))
  })
}

/** Amounts must be few and dyadic: then their sum is exact in any order. Keys must hold no byte 0. */
export function stats(files: Files, by: string | string[], of: string | string[]): string[] {
  const groups = new Map<string, Record<string, string>[]>()
  for (const row of csvRows(files)) {
    const key = [by].flat().map((name) => row[name]!)
    groups.set(key.join('\0'), [...(groups.get(key.join('\0')) ?? []), row])
  }
  return [...groups]
    .sort(([a], [b]) => byText(a, b))
    .map(([key, rows]) => {
      const answers = [of].flat().flatMap((name) => {
        const amounts = rows.flatMap((row) => (row[name] === '' ? [] : Number(row[name])))
        const sum = amounts.reduce((total, amount) => total + amount, 0)
        const rest =
          amounts.length === 0 ? ['', '', ''] : [Math.min(...amounts), sum / amounts.length, Math.max(...amounts)]
        return [amounts.length, sum, ...rest]
      })
      return formatCsv([...key.split('\0'), ...answers.map(String)])
    })
}

/** @param files by name, in the order in which they are read */
export function invertedIndex(files: Record<string, Buffer>): string[] {
  const index = new Map<string, Set<string>>()
  for (const [name, content] of Object.entries(files)) {
    for (const line of textLines(content)) {
      for (const word of line.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
        index.set(word, (index.get(word) ?? new Set()).add(name))
      }
    }
  }
  return [...index].sort(([a], [b]) => byText(a, b)).map(([word, names]) => `${word}\t${[...names].sort().join(' ')}`)
}

export function join(left: Files, right: Files, on: string, type: 'inner' | 'left'): string[] {
  const [leftRows, rightRows] = [csvRows(left), csvRows(right)]
  const others = (row: Record<string, string>) => Object.keys(row).filter((name) => name !== on)
  const missing = others(rightRows[0]!).map(() => '')
  const joined: { key: string; line: string }[] = []
  for (const row of leftRows) {
    const key = row[on]!
    const rest = others(row).map((name) => row[name]!)
    const matches = rightRows
      .filter((other) => other[on] === key)
      .map((other) => others(other).map((name) => other[name]!))
    if (matches.length === 0 && type === 'left') matches.push(missing)
    for (const match of matches) joined.push({ key, line: formatCsv([key, ...rest, ...match]) })
  }
  return joined.sort((a, b) => byText(a.key, b.key)).map(({ line }) => line)
}

export function sessions(files: Files, gap: number): string[] {
  const times = new Map<string, number[]>()
  for (const { user, time } of csvRows(files)) times.set(user!, [...(times.get(user!) ?? []), Number(time)])
  return [...times]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([user, all]) => {
      const found: { end: number; events: number; start: number }[] = []
      for (const time of all.sort((a, b) => a - b)) {
        const last = found.at(-1)
        if (last && time - last.end <= gap) Object.assign(last, { end: time, events: last.events + 1 })
        else found.push({ end: time, events: 1, start: time })
      }
      return found.map((session) => `${user}\t${JSON.stringify(session)}`)
    })
}

export function pagerank(files: Files, rounds: number): Map<string, number> {
  const links = new Map<string, string[]>()
  for (const file of files) {
    for (const line of textLines(file)) {
      const [from, to] = line.trim().split(/\s+/)
      if (!from || !to) continue
      links.set(from, [...(links.get(from) ?? []), to])
      if (!links.has(to)) links.set(to, [])
    }
  }
  let ranks = new Map([...links.keys()].map((page) => [page, 1]))
  for (let round = 0; round < rounds; round++) {
    const received = new Map([...links.keys()].map((page) => [page, 0]))
    for (const [page, targets] of links) {
      for (const to of targets) received.set(to, received.get(to)! + ranks.get(page)! / targets.length)
    }
    ranks = new Map([...received].map(([page, rank]) => [page, 0.15 + 0.85 * rank]))
  }
  return ranks
}
