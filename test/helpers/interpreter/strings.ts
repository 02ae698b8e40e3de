/** Functions of text. Positions count code points. */
import { fail } from './value.js'

export function substring(text: string, from: number, length: number): string {
  const points = [...text]
  const start = from > 0 ? from - 1 : from < 0 ? points.length + from : 0
  return points.slice(Math.max(0, start), Math.max(0, start + length)).join('')
}

export function pad(text: string, length: number, padding: string, isLeft: boolean): string {
  const points = [...text]
  if (length <= points.length) return points.slice(0, Math.max(0, length)).join('')
  const fill = [...padding]
  if (fill.length === 0) return text
  const missing = Array.from({ length: length - points.length }, (_, i) => fill[i % fill.length]).join('')
  return isLeft ? missing + text : text + missing
}

export function trim(text: string, characters: string, atStart: boolean, atEnd: boolean): string {
  const set = new Set(characters)
  const points = [...text]
  let [start, end] = [0, points.length]
  while (atStart && start < end && set.has(points[start]!)) start++
  while (atEnd && start < end && set.has(points[end - 1]!)) end--
  return points.slice(start, end).join('')
}

export function locate(part: string, text: string, from: number): number {
  if (from < 1) return 0
  if (part === '') return 1
  const points = [...text]
  const skipped = points.slice(0, from - 1).join('').length
  const at = text.indexOf(part, skipped)
  return from > points.length || at < 0 ? 0 : [...text.slice(0, at)].length + 1
}

export function substringIndex(text: string, separator: string, count: number): string {
  if (separator === '' || count === 0) return ''
  const points = [...text]
  const width = [...separator].length
  const isAt = (i: number) => points.slice(i, i + width).join('') === separator
  const places = points.map((_, i) => i).filter(isAt)
  if (count > 0) return places.length < count ? text : points.slice(0, places[count - 1]).join('')
  return places.length < -count ? text : points.slice(places.at(count)! + width).join('')
}

/** Characters whose form as the first of a word is neither upper nor lower case. */
const TITLES = new Map<string, string>()
for (const [title, ...others] of ['ǅǄǆ', 'ǈǇǉ', 'ǋǊǌ', 'ǲǱǳ'].map((three) => [...three])) {
  for (const one of [title!, ...others]) TITLES.set(one, title!)
}

function titleOf(point: string): string {
  if (point === '') return ''
  const known = TITLES.get(point)
  if (known !== undefined) return known
  if (point === 'ŉ') return 'ʼN'
  // Georgian has capitals, but no words with one at the start.
  if (/[\u10d0-\u10ff]/.test(point)) return point
  const upper = [...point.toUpperCase()]
  // ᾳ has a capital of its own, ᾼ, though its upper case is two letters.
  if (upper.length === 2 && upper[1] === 'Ι') {
    const capital = GREEK.get(point)
    if (capital !== undefined) return capital
  }
  return upper[0]! + upper.slice(1).join('').toLowerCase()
}

/** Lower case to the capitals of letters with an iota beneath. */
const GREEK = new Map<string, string>()
for (let point = 0x1f80; point <= 0x1ffc; point++) {
  const capital = String.fromCodePoint(point)
  const lower = capital.toLowerCase()
  if (/\p{Lt}/u.test(capital) && lower !== capital) {
    GREEK.set(lower, capital)
    GREEK.set(capital, capital)
  }
}

export function initcap(text: string): string {
  return text
    .split(' ')
    .map((word) => {
      const [first = ''] = word
      // All of it in lower case: a final sigma is one by what stands before it.
      return titleOf(first) + word.toLowerCase().slice(first.toLowerCase().length)
    })
    .join(' ')
}

export function like(text: string, pattern: string, mark: string): boolean {
  let source = ''
  const points = [...pattern]
  for (let i = 0; i < points.length; i++) {
    let point = points[i]!
    if (point === mark) {
      point = points[++i] ?? fail('ARGUMENT_INVALID')
      if (point !== '_' && point !== '%' && point !== mark) fail('ARGUMENT_INVALID')
      source += quoted(point)
    } else source += point === '_' ? '.' : point === '%' ? '.*' : quoted(point)
  }
  return new RegExp(`^${source}$`, 'su').test(text)
}

function quoted(point: string): string {
  return point.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
}

/** As Java splits: a match of nothing at the start cuts off nothing, and empty parts at the end stay. */
export function split(text: string, pattern: string, limit: number): string[] {
  const points = [...text]
  if (pattern === '' && points.length > 0) {
    const count = limit > 0 ? Math.min(limit, points.length) : points.length
    return [...points.slice(0, count - 1), points.slice(count - 1).join('')]
  }
  const parts: string[] = []
  let from = 0
  for (const match of text.matchAll(new RegExp(pattern, 'gu'))) {
    if (limit > 0 && parts.length === limit - 1) break
    const end = match.index + match[0].length
    if (end === 0) continue
    parts.push(text.slice(from, match.index))
    from = end
  }
  return [...parts, text.slice(from)]
}

export function unhex(text: string): Uint8Array | null {
  if (!/^[0-9a-f]*$/i.test(text)) return null
  return Buffer.from(text.length % 2 === 1 ? `0${text}` : text, 'hex')
}

export function unbase64(text: string): Uint8Array {
  const bare = text.replace(/[ \t\r\n]/g, '')
  const body = bare.replace(/={1,2}$/, '')
  const padded = body.length + (bare.length - body.length)
  if (!/^[A-Za-z0-9+/]*$/.test(body) || body.length % 4 === 1 || (bare !== body && padded % 4 !== 0)) {
    return fail('ARGUMENT_INVALID')
  }
  return Buffer.from(body, 'base64')
}
