/** Seeded random data. The same seed gives the same data on every machine. */

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A number from 0 to 1, exclusive. Source: mulberry32 by Tommy Ettinger, public domain. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to `end`, exclusive. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }

  times<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i))
  }
}

const WORDS = [
  ...['the', 'The', 'THE', 'a', 'of', 'cat', 'Dog', 'x', 'tab\\t', '"quoted"', "it's", '-', '0', '00', '1e3'],
  ...['été', 'Été', 'ÉTÉ', 'straße', 'STRASSE', 'ΟΔΟΣ', 'οδος', 'İstanbul', 'ﬁn', '中文', '😀', '𝔘', 'e\u0301'],
]
const SPACES = [' ', '  ', '\t', ' \t ', '\v', '\f', '\u00a0', '\u2003', '\u3000', '\ufeff', '\r']
const LINE_ENDS = ['\n', '\n', '\n', '\r\n', '\n\n', '\n \n']
/** Bytes that are not UTF-8: a stray continuation, a cut sequence, an overlong slash, a surrogate, a byte that never occurs. */
const BROKEN = ['\x80', '\xe4\xb8', '\xc0\xaf', '\xed\xa0\x80', '\xff', '\xf0\x9f\x98'].map((bytes) =>
  Buffer.from(bytes, 'latin1'),
)

/** Dirty text: Unicode, invalid UTF-8, NULs, CRLF, empty lines, often without a newline at its end. */
export function randomText(seed: number, lineCount: number): Buffer {
  const random = new Random(seed)
  const parts: Buffer[] = []
  for (let line = 0; line < lineCount; line++) {
    for (let word = random.below(9); word > 0; word--) {
      const roll = random.below(40)
      if (roll === 0) parts.push(random.pick(BROKEN))
      else if (roll === 1) parts.push(Buffer.from('nul\0nul'))
      else if (roll < 15) parts.push(Buffer.from(`w${random.below(300)}`))
      else parts.push(Buffer.from(random.pick(WORDS)))
      parts.push(Buffer.from(random.below(4) === 0 ? random.pick(SPACES) : ' '))
    }
    if (line < lineCount - 1 || random.below(2) === 0) parts.push(Buffer.from(random.pick(LINE_ENDS)))
  }
  return Buffer.concat(parts)
}

const NAMES = [
  'Oslo',
  'Rome',
  'New York',
  'a,b',
  'say "hi"',
  'two\nlines',
  'three\r\nlines',
  'Zürich',
  '中',
  '',
  ' pad ',
]

/** One field as CSV: in quotes if it needs them, and sometimes if it does not. */
export function csvField(text: string, always = false): string {
  return always || /["\r\n,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows `id,name,amount` with a header. Amounts are multiples of 1/4, so sums have one right answer, or empty. */
export function randomCsv(seed: number, rowCount: number): Buffer {
  const random = new Random(seed)
  const end = random.pick(['\n', '\r\n'])
  const rows = random.times(rowCount, () => {
    const amount = random.below(10) === 0 ? '' : String((random.below(4000) - 2000) / 4)
    const id = `k${random.below(40)}`
    return [id, random.pick(NAMES), amount].map((text) => csvField(text, random.below(5) === 0)).join(',')
  })
  return Buffer.from(['id,name,amount', ...rows].join(end) + (random.below(2) === 0 ? end : ''))
}
