import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { ensureLowercaseTable } from '../../dist/src/kernels/unicode.js'
import { binary, bytes, compare, drain, newCollector, pushAll, readAll, utf8 } from './helpers.js'

beforeAll(ensureLowercaseTable)

interface Words {
  words: string[]
  position: number
  recordsIn: number
  recordsOut: number
}

function nativeWords(data: Uint8Array, cuts: number[], lowercase: boolean, limit = Infinity): Words {
  const collector = newCollector()
  const mapper = kernels.createMapper({ op: 'words', lowercase }, collector)
  pushAll(mapper, data, cuts, limit, (done) => done)
  const words = drain(collector, []).map((record) => record.key)
  const { position, recordsIn, recordsOut } = mapper
  return { words, position, recordsIn, recordsOut }
}

/** The promise, in JavaScript: split(/\s+/) of every line, lower-cased line by line. */
function oracleWords(data: Uint8Array, lowercase: boolean, limit = Infinity): Words {
  const words: string[] = []
  let position = 0
  let recordsIn = 0
  const all = Buffer.from(data)
  while (position < data.length && position < limit) {
    const newline = all.indexOf(10, position)
    const end = newline < 0 ? data.length : newline
    const line = all.toString('utf8', position, end)
    words.push(...(lowercase ? line.toLowerCase() : line).split(/\s+/).filter(Boolean).map(utf8))
    position = newline < 0 ? end : end + 1
    recordsIn++
  }
  return { words: words.sort(compare), position, recordsIn, recordsOut: words.length }
}

// Pieces that matter: letters whose case changes their length or depends on their neighbours, characters between
// those, white space of every length, and bytes that are not UTF-8.
const interesting = [
  ...['a', 'B', 'word', 'WORD', 'x'.repeat(40), 'Y'.repeat(70), '0', '.', "'", '-', ':'],
  ...['Σ', 'σ', 'ς', 'ΑΣ', 'ΟΔΥΣΣΕΥΣ', '\u0301', '\u00ad', '\u{E0100}', '\u{E0001}', '\u{1D165}', 'ʰ', '𝐀'],
  ...[
    'İ',
    'I',
    'ı',
    'i̇',
    'K',
    'Å',
    'Ⱥ',
    'Ⱦ',
    'ß',
    'ẞ',
    'Ǆ',
    'ǅ',
    'É',
    'ж',
    'Ж',
    '漢',
    '가',
    '𐐀',
    '𞤀',
    '😀',
    'ﬁ',
    'Ⴀ',
    'Ꭰ',
  ],
  ...[' ', '\t', '\v', '\f', '\r', '\n', '\n', '\u00a0', '\u1680', '\u2003', '\u2028', '\u2029', '\u202f', '\u205f'],
  ...['\u3000', '\ufeff', '\u0085', '\u180e', '\u200b', '\0', '\x7f', '\x1c'],
].map(utf8)
const invalid = [
  ...['\x80', '\xbf', '\xc0\x80', '\xc3', '\xce', '\xe2\x80', '\xe2', '\xef\xbb', '\xf0\x9f', '\xf0\x9f\x98', '\xf0'],
  ...['\xff', '\xfe', '\xed\xa0\x80', '\xed\xbf\xbf', '\xe0\x80\x80', '\xf4\x90\x80\x80', '\xf5', '\xf0\x80\x80\x80'],
]
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...interesting) },
  { weight: 2, arbitrary: fc.constantFrom(...invalid) },
  { weight: 2, arbitrary: fc.constantFrom(' ', 'the', 'The', 'quick ', 'LAZY\n') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }).map(utf8) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map(binary) },
)
const data = fc.array(piece, { maxLength: 60, size: 'max' }).map((pieces) => bytes(pieces.join('')))
const cuts = fc.array(fc.nat(400), { maxLength: 5 })

describe('words', () => {
  test('a sequence that is cut off at the end of the input is replaced like one in the middle', () => {
    const data = Buffer.from([0x61, 0x20, 0xe1, 0xba, 0x9e, 0x20, 0x00, 0xe0, 0x00, 0x80])
    expect(nativeWords(data, [], false)).toEqual(oracleWords(data, false))
    expect(nativeWords(data, [], true)).toEqual(oracleWords(data, true))
  })

  test('are those of line.toLowerCase().split(/\\s+/), for any bytes and chunks', () => {
    fc.assert(
      fc.property(data, cuts, fc.boolean(), (data, cuts, lowercase) => {
        expect(nativeWords(data, cuts, lowercase)).toEqual(oracleWords(data, lowercase))
      }),
      { numRuns: 2000 },
    )
  })

  test('are the same wherever the chunk ends', () => {
    fc.assert(
      fc.property(data, fc.boolean(), (data, lowercase) => {
        const want = oracleWords(data, lowercase)
        for (let cut = 0; cut <= data.length; cut++) expect(nativeWords(data, [cut], lowercase)).toEqual(want)
        expect(nativeWords(data, [...data.keys()], lowercase)).toEqual(want)
      }),
      { numRuns: 40 },
    )
  })

  test('of lines that start at the limit or later are left to the next split', () => {
    fc.assert(
      fc.property(data, cuts, fc.nat(300), (data, cuts, limit) => {
        const first = nativeWords(data, cuts, true, limit)
        expect(first).toEqual(oracleWords(data, true, limit))
        const second = nativeWords(data.subarray(first.position), cuts, true)
        const all = oracleWords(data, true)
        expect([...first.words, ...second.words].sort(compare)).toEqual(all.words)
        expect(first.recordsIn + second.recordsIn).toBe(all.recordsIn)
      }),
      { numRuns: 500 },
    )
  })

  test('of every code point alone, between letters, and around a sigma', () => {
    const lines: string[] = []
    for (let c = 0; c < 0x110000; c++) {
      if (c >= 0xd800 && c < 0xe000) continue
      // Ideographs and unassigned planes: a sample is enough.
      if ((c >= 0x20000 && c < 0xe0000 && c % 251) || (c >= 0xe0200 && c % 251)) continue
      const x = String.fromCodePoint(c)
      lines.push(`${x} A${x}B Α${x}Σ Σ${x}Α ΑΣ${x} ΑΣ${x}Α`)
    }
    const data = Buffer.from(lines.join('\n'))
    const got = countWords(data)
    const want = new Map<string, number>()
    for (const line of lines.join('\n').split('\n')) {
      for (const word of line.toLowerCase().split(/\s+/)) if (word) want.set(word, (want.get(word) ?? 0) + 1)
    }
    expect(got.size).toBe(want.size)
    const wrong = [...want].filter(([word, count]) => got.get(utf8(word)) !== count).map(([word]) => word)
    expect(wrong.slice(0, 10)).toEqual([])
  })

  test('of characters, whole and broken, on the border of two blocks of 64 bytes', () => {
    const units = ['\0', 'a', '\x80', '\xbf', '\xc3', '\xc0', '\xe0', '\xe2', '\xf0']
    const sequences = units.flatMap((a) => units.flatMap((b) => units.flatMap((c) => units.map((d) => a + b + c + d))))
    const lines = sequences.flatMap((sequence) =>
      // Two blocks a line, the newline counted.
      Array.from({ length: 5 }, (_, i) => `${'x'.repeat(60 + i)}${sequence}`.padEnd(127, 'y')),
    )
    const data = bytes(lines.join('\n'))
    const want = new Map<string, number>()
    for (const line of lines) {
      const words = bytes(line).toString('utf8').toLowerCase().split(/\s+/)
      for (const word of words.map(utf8)) want.set(word, (want.get(word) ?? 0) + 1)
    }
    const got = countWords(data)
    const wrong = [...want].filter(([word, count]) => got.get(word) !== count).map(([word]) => word)
    expect(wrong.slice(0, 3)).toEqual([])
    expect(got.size).toBe(want.size)
  })

  test('longer than every buffer come out whole', () => {
    const long = 'Aé'.repeat(1_500_000)
    const data = Buffer.from(`x ${long} y\n${long}`)
    const cuts = Array.from({ length: 9 }, (_, i) => (i + 1) * 1_000_003)
    expect(nativeWordCounts(data, cuts)).toEqual({ x: 1, y: 1, [long.toLowerCase()]: 2 })
  })
})

function countWords(data: Uint8Array, cuts: number[] = []): Map<string, number> {
  const collector = newCollector({ mode: 'hash', aggregates: [{ fn: 'count', column: -1, kind: 'number' }] })
  pushAll(kernels.createMapper({ op: 'words', lowercase: true }, collector), data, cuts, Infinity, (done) => done)
  const cursor = collector.sorted().finalize([{ fn: 'count', column: -1, kind: 'number' }])
  const options = { room: 10_000, byteCount: 1 << 23 }
  const counts = new Map(readAll(cursor, ['number'], options).map(({ key, values }) => [key, values[0] as number]))
  cursor.close()
  collector.close()
  return counts
}

function nativeWordCounts(data: Uint8Array, cuts: number[]): Record<string, number> {
  return Object.fromEntries(
    [...countWords(data, cuts)].map(([word, count]) => [Buffer.from(word, 'latin1').toString('utf8'), count]),
  )
}
