import { constants } from 'node:buffer'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findLineStart, LineDecoder } from '../../../dist/src/io/input/lines.js'
import { code, inputFile, temporaryFolder } from '../folder.js'

interface Options {
  exact?: boolean
  atFileStart?: boolean
  maxRecordBytes?: number
  limit?: number
}

/** Lines and their offsets from chunks, and the position at the end. */
function decode(chunks: Uint8Array[], options: Options = {}) {
  const lines: string[] = []
  const starts: number[] = []
  const { limit = Number.POSITIVE_INFINITY, exact = false, atFileStart = true, maxRecordBytes } = options
  const decoder = new LineDecoder({
    exact,
    atFileStart,
    ...(maxRecordBytes === undefined ? {} : { maxRecordBytes }),
    onLine: (line) => {
      lines.push(line)
      starts.push(decoder.lineStart())
    },
  })
  for (const [i, chunk] of chunks.entries()) {
    // As if the buffer is reused: what the decoder keeps must be a copy.
    const reused = Uint8Array.from(chunk)
    const done = decoder.push(reused, limit, i === chunks.length - 1)
    reused.fill(0x2a)
    if (done) break
  }
  expect(decoder.recordsIn).toBe(lines.length)
  return { lines, starts, position: decoder.position }
}

/** What the decoder should do, line by line. */
function oracle(bytes: Buffer, { exact = false, atFileStart = true, limit = Number.POSITIVE_INFINITY }: Options = {}) {
  const lines: string[] = []
  const starts: number[] = []
  let at = 0
  while (at < bytes.length && at < limit) {
    const newline = bytes.indexOf(10, at)
    const end = newline < 0 ? bytes.length : newline
    let line = bytes.subarray(at, end)
    if (at === 0 && atFileStart && !exact && line.indexOf('\uFEFF') === 0) line = line.subarray(3)
    if (newline >= 0 && !exact && line.at(-1) === 13) line = line.subarray(0, -1)
    // A file with only a byte-order mark has no lines.
    if (!(newline < 0 && line.length === 0)) {
      lines.push(line.toString())
      starts.push(at)
    }
    at = end + 1
  }
  return { lines, starts, position: Math.min(at, bytes.length) }
}

function cut(bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...chunks, bytes.subarray(at)]
}

test('lines end in LF or CRLF, and the last may lack it', () => {
  expect(decode([Buffer.from('a\r\nb\n\n\r\nc\rd\ne\r')]).lines).toEqual(['a', 'b', '', '', 'c\rd', 'e\r'])
})

test('exact lines are the bytes between newlines', () => {
  expect(decode([Buffer.from('\uFEFFa\r\nb\n')], { exact: true }).lines).toEqual(['\uFEFFa\r', 'b'])
})

test('a byte-order mark is dropped at the start of the file only', () => {
  const bytes = Buffer.from('\uFEFFa\n\uFEFFb\n')
  expect(decode([bytes]).lines).toEqual(['a', '\uFEFFb'])
  expect(decode([bytes], { atFileStart: false }).lines).toEqual(['\uFEFFa', '\uFEFFb'])
})

test('an empty input has no lines', () => {
  expect(decode([Buffer.alloc(0)])).toEqual({ lines: [], starts: [], position: 0 })
})

test('for any bytes, chunks, limit and options, lines equal those decoded one by one', () => {
  const byte = fc.oneof(
    { arbitrary: fc.constantFrom(10, 13, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xef, 0xbb, 0xbf), weight: 5 },
    { arbitrary: fc.integer({ min: 0, max: 255 }), weight: 1 },
  )
  const bytes = fc.array(byte, { maxLength: 60 }).map((values) => Buffer.from(values))
  const bom = fc.boolean()
  fc.assert(
    fc.property(
      bytes,
      bom,
      fc.array(fc.nat(10), { maxLength: 20 }),
      fc.option(fc.nat(70), { nil: Number.POSITIVE_INFINITY }),
      fc.boolean(),
      fc.boolean(),
      (tail, withBom, sizes, limit, exact, atFileStart) => {
        const whole = withBom ? Buffer.concat([Buffer.from('\uFEFF'), tail]) : tail
        const options = { limit, exact, atFileStart }
        expect(decode(cut(whole, sizes), options)).toEqual(oracle(whole, options))
      },
    ),
    { numRuns: 3000 },
  )
})

test('long and short lines in large chunks, ASCII and not, come out the same', () => {
  const parts: string[] = []
  let seed = 12_345
  for (let i = 0; i < 3000; i++) {
    seed = (seed * 1103515245 + 12_345) % 2 ** 31
    const word = seed % 7 === 0 ? 'é漢😀' : 'word '
    parts.push(`${word.repeat(seed % 50 === 0 ? 30_000 : seed % 20)}${seed % 3 ? '\n' : '\r\n'}`)
  }
  const whole = Buffer.from(parts.join(''))
  const sizes = Array.from({ length: Math.floor(whole.length / 300_000) }, () => 300_000)
  for (const limit of [Number.POSITIVE_INFINITY, Math.floor(whole.length / 2)]) {
    expect(decode(cut(whole, sizes), { limit })).toEqual(oracle(whole, { limit }))
  }
})

describe('limits', () => {
  test('a split reads every line that starts before its end, and the next one the rest', () => {
    const whole = Buffer.from('first\nsecond\nthird\n\nlast')
    for (let at = 1; at < whole.length; at++) {
      const file = inputFile(join(temporaryFolder(), 'a'), whole)
      const start = findLineStart(file, at)
      const before = decode([whole], { limit: at })
      const after = decode([whole.subarray(start)], { atFileStart: false })
      expect([...before.lines, ...after.lines]).toEqual(['first', 'second', 'third', '', 'last'])
      expect(before.position).toBe(start)
    }
  })

  test('a line start is found across many chunks, and not after the last line', () => {
    const folder = temporaryFolder()
    const long = `${'x'.repeat(300_000)}\ny`
    const file = inputFile(join(folder, 'a'), long)
    expect(findLineStart(file, 0)).toBe(0)
    expect(findLineStart(file, 1)).toBe(300_001)
    expect(findLineStart(file, 300_001)).toBe(300_001)
    expect(findLineStart(file, 300_002)).toBe(300_002)
    const endless = inputFile(join(folder, 'b'), 'x'.repeat(300_000))
    expect(findLineStart(endless, 5)).toBe(300_000)
  })
})

describe('large records', () => {
  test('a line over many chunks is joined once, not again and again', () => {
    const chunk = new Uint8Array(1 << 20).fill(0x78)
    const decoder = new LineDecoder({ exact: false, atFileStart: true, onLine: (line) => lengths.push(line.length) })
    const lengths: number[] = []
    const started = performance.now()
    for (let i = 0; i < 64; i++) decoder.push(chunk, Number.POSITIVE_INFINITY, false)
    decoder.push(Buffer.from('\nshort\n'), Number.POSITIVE_INFINITY, true)
    expect(lengths).toEqual([64 << 20, 5])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('a line over the limit is RECORD_TOO_LARGE, with its offset, in any place', () => {
    const line = 'x'.repeat(101)
    for (const chunks of [[`ok\n${line}\n`], ['ok\n', line.slice(0, 60), `${line.slice(60)}\n`], [`ok\n${line}`]]) {
      const bytes = chunks.map((chunk) => Buffer.from(chunk))
      expect(() => decode(bytes, { maxRecordBytes: 100 })).toThrow(
        expect.objectContaining({ ...code('RECORD_TOO_LARGE'), where: { offset: 3 } }),
      )
    }
    expect(decode([Buffer.from(`${'x'.repeat(100)}\n`)], { maxRecordBytes: 100 }).lines.length).toBe(1)
    expect(
      decode([Buffer.from('x'.repeat(60)), Buffer.from(`${'x'.repeat(40)}\n`)], { maxRecordBytes: 100 }).lines,
    ).toEqual(['x'.repeat(100)])
  })

  test('a line longer than any string is too large even without a limit', () => {
    const decoder = new LineDecoder({ exact: false, atFileStart: true, onLine: () => {} })
    const chunk = new Uint8Array(1 << 26)
    expect(() => {
      for (let bytes = 0; bytes <= constants.MAX_STRING_LENGTH + chunk.length; bytes += chunk.length) {
        decoder.push(chunk, Number.POSITIVE_INFINITY, false)
      }
    }).toThrow(expect.objectContaining(code('RECORD_TOO_LARGE')))
  })
})

test('where a line starts is known when its function throws', () => {
  const whole = Buffer.from('\uFEFFéa\r\n\nboom\nc\n')
  for (const chunks of [[whole], cut(whole, [9, 2, 1])]) {
    const decoder = new LineDecoder({
      exact: false,
      atFileStart: true,
      onLine: (line) => {
        if (line === 'boom') throw new Error(line)
      },
    })
    let thrown = false
    for (const [i, chunk] of chunks.entries()) {
      try {
        decoder.push(chunk, Number.POSITIVE_INFINITY, i === chunks.length - 1)
      } catch {
        thrown = true
        expect(decoder.lineStart()).toBe(whole.indexOf('boom'))
        break
      }
    }
    expect(thrown).toBe(true)
  }
})
