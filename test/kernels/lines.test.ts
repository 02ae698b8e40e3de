import { isAscii } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kernels } from '../../dist/src/kernels/addon.js'
import { binary, bytes, compare, drain, newCollector, pushAll } from './helpers.js'
import { column, scanLines } from './scans.js'

/** Long s and the Kelvin sign. */
const FOLDING = ['\xc5\xbf', '\xe2\x84\xaa']
const piece = fc.oneof(
  fc.constantFrom(...FOLDING, 's', 'K', 'ask', '\xe2\x84', '\xc5'),
  fc.constantFrom('\n', '\r\n', '\n\n', 'a', 'b', 'ab', 'AB', 'aB', '\r', '\0', '\xff', '\xef\xbb\xbf', 'aab', 'abab'),
  fc.string({ unit: fc.constantFrom(...'abAB\n'), maxLength: 200 }),
  fc.uint8Array({ maxLength: 6 }).map(binary),
)
const text = fc.array(piece, { maxLength: 40, size: 'max' }).map((pieces) => pieces.join(''))
const cuts = fc.array(fc.nat(500), { maxLength: 5 })
const limit = fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(400) })

/** Lines that start before the limit, without their newlines; and where the next one starts. */
function oracleLines(data: string, limit: number): { lines: string[]; position: number } {
  const lines: string[] = []
  let position = 0
  while (position < data.length && position < limit) {
    const newline = data.indexOf('\n', position)
    const end = newline < 0 ? data.length : newline
    lines.push(data.slice(position, end))
    position = newline < 0 ? end : end + 1
  }
  return { lines, position }
}

function nativeLines(data: string, cuts: number[], limit: number) {
  const collector = newCollector()
  const mapper = kernels.createMapper({ op: 'lines' }, collector)
  const answers = pushAll(mapper, bytes(data), cuts, limit, (done) => done)
  const { position, recordsIn, recordsOut } = mapper
  const options = { byteCount: Math.max(1 << 16, data.length) }
  const lines = drain(collector, [], options).map((record) => record.key)
  return { lines, position, recordsIn, recordsOut, done: answers.at(-1) }
}

describe('the lines mapper', () => {
  test('gives the bytes between newlines, with any chunks', () => {
    fc.assert(
      fc.property(text, cuts, limit, (data, cuts, limit) => {
        const { lines, position } = oracleLines(data, limit)
        const want = {
          lines: lines.sort(compare),
          position,
          recordsIn: lines.length,
          recordsOut: lines.length,
          done: true,
        }
        expect(nativeLines(data, cuts, limit)).toEqual(want)
      }),
      { numRuns: 1000 },
    )
  })

  test('takes lines longer than any buffer', () => {
    const data = `${'x'.repeat(3_000_000)}\n${'y'.repeat(5_000_000)}`
    const cuts = Array.from({ length: 7 }, (_, i) => (i + 1) * 1_000_000)
    expect(nativeLines(data, cuts, Infinity).lines).toEqual(data.split('\n'))
  })
})

describe('lines as a column', () => {
  const VALUE = [column('value', 'string', false)]
  /** Letters of one to four bytes, and what is none, between ASCII of any length. */
  const wide = fc.oneof(
    text,
    fc.string({ unit: 'grapheme', maxLength: 40 }).map((one) => binary(Buffer.from(one))),
  )
  const decode = (line: string) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(line))

  test('are valid UTF-8, without the byte-order mark of the file and carriage returns at line ends', () => {
    fc.assert(
      fc.property(fc.array(wide, { maxLength: 10 }), fc.integer({ min: 1, max: 300 }), (texts, chunkBytes) => {
        const data = texts.join('')
        const { lines } = oracleLines(data, Infinity)
        const expected = lines.map((line, i) => (i === 0 ? line.replace(/^\xef\xbb\xbf/, '') : line))
        const { rows, error } = scanLines(bytes(data), VALUE, { chunkBytes })
        expect(error).toBe(null)
        expect(rows).toEqual(expected.map((line) => ({ value: decode(line.replace(/\r$/, '')) })))
      }),
      { numRuns: 1000 },
    )
  })
})

interface FilterOptions {
  literal: string
  invert: boolean
  ignoreCase: boolean
}

function nativeFilter(data: string, cuts: number[], limit: number, options: FilterOptions) {
  const filter = kernels.createLineFilter({ ...options, literal: bytes(options.literal) })
  const answers = pushAll(filter, bytes(data), cuts, limit, (answer) => answer.done)
  const { position, recordsIn, recordsOut } = filter
  return { output: answers.map((answer) => binary(answer.output)).join(''), position, recordsIn, recordsOut }
}

function oracleFilter(data: string, limit: number, { literal, invert, ignoreCase }: FilterOptions) {
  // Simple case folding: two letters beyond ASCII are letters of ASCII in another case.
  const folded = (text: string) =>
    text
      .replaceAll('\xc5\xbf', 's')
      .replaceAll('\xe2\x84\xaa', 'k')
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const fold = (text: string) => (ignoreCase ? folded(text) : text)
  const { lines, position } = oracleLines(data, limit)
  const kept = lines.filter((line) => fold(line).includes(fold(literal)) !== invert)
  const output = kept.map((line) => `${line}\n`).join('')
  return { output, position, recordsIn: lines.length, recordsOut: kept.length }
}

describe('the line filter', () => {
  const options = fc
    .record({
      literal: fc.oneof(fc.string({ unit: fc.constantFrom(...'abABsSkK'), maxLength: 6 }), piece),
      invert: fc.boolean(),
      ignoreCase: fc.boolean(),
    })
    .filter(({ literal, ignoreCase }) => !ignoreCase || isAscii(bytes(literal)))

  test('passes on the lines with the literal, or without it, with any chunks', () => {
    fc.assert(
      fc.property(text, cuts, limit, options, (data, cuts, limit, options) => {
        expect(nativeFilter(data, cuts, limit, options)).toEqual(oracleFilter(data, limit, options))
      }),
      { numRuns: 3000 },
    )
  })

  test('passes on the same wherever the chunk ends', () => {
    fc.assert(
      fc.property(text, options, (data, options) => {
        const want = oracleFilter(data, Infinity, options)
        for (let cut = 0; cut <= data.length; cut++) {
          expect(nativeFilter(data, [cut], Infinity, options)).toEqual(want)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('finds long and periodic literals in long text', () => {
    const data = `${'ab'.repeat(40_000)}\n${'ab'.repeat(20_000)}aab${'ab'.repeat(20_000)}\n${'a'.repeat(100_000)}\n`
    for (const literal of [
      'aab',
      'ab'.repeat(1000),
      `${'a'.repeat(5000)}b`,
      `b${'a'.repeat(5000)}`,
      'a'.repeat(70_000),
    ]) {
      const options = { literal, invert: false, ignoreCase: false }
      expect(nativeFilter(data, [33_333, 77_777], Infinity, options)).toEqual(oracleFilter(data, Infinity, options))
    }
  })
})
