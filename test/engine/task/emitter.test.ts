/** What `emit` writes into the batches that native code takes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEmitter, type Emitter } from '../../../dist/src/engine/task/emitter.js'
import type { BytesColumn } from '../../../dist/src/kernels/kernels.js'

const part = ({ bytes, ends }: BytesColumn, i: number) => Buffer.from(bytes.slice(i === 0 ? 0 : ends[i - 1]!, ends[i]!))

let flushed: [key: Buffer, value: Buffer][] = []
const emitter = createEmitter({
  record: { key: 'string', value: 'string' },
  flush({ keys, columns }, count) {
    for (let i = 0; i < count; i++) flushed.push([part(keys, i), part(columns[0] as BytesColumn, i)])
  },
})

/** Keys and values, as bytes, after all of them went through the emitter. */
function emitted(pairs: [string, string][]): [Buffer, Buffer][] {
  flushed = []
  for (const [key, value] of pairs) emitter.emit(key, value)
  emitter.flush()
  return flushed
}

let numbered: [key: string, value: number][] = []
const counts = createEmitter({
  record: { key: 'string', value: 'number' },
  flush({ keys, columns }, count) {
    for (let i = 0; i < count; i++) numbered.push([part(keys, i).toString(), (columns[0] as Float64Array)[i]!])
  },
})

/** The same for text with a number. */
function counted(pairs: [string, number][]): [string, number][] {
  numbered = []
  for (const [key, value] of pairs) counts.emit(key, value)
  counts.flush()
  return numbered
}

describe('the emitter', () => {
  // All of ASCII, two and three bytes and their ends, and pairs of surrogates.
  const unit = fc.constantFrom(
    ...['a', 'xyz', '\0', '\x7f', '\x80', 'é', '\u07ff', '\u0800', '€', '\ud7ff', '\ue000', '\uffff', '😀'],
  )
  const text = fc.oneof(fc.string({ unit, maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 8 }))

  it('writes text as UTF-8, short or long', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 30 }), (pairs) => {
        const expected = pairs.map(([key, value]) => [Buffer.from(key), Buffer.from(value)])
        expect(emitted(pairs)).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it.each(['\ud83d', '\ude00', 'a\udfff', `${'x'.repeat(100)}\ud83d`])('refuses half a surrogate pair: %j', (half) => {
    expect(() => emitter.emit(half, 'a')).toThrow(expect.objectContaining({ code: 'EMIT_TYPE' }))
    expect(() => emitter.emit('a', half)).toThrow(expect.objectContaining({ code: 'EMIT_TYPE' }))
    expect(() => counts.emit(half, 1)).toThrow(expect.objectContaining({ code: 'EMIT_TYPE' }))
    expect(emitted([])).toEqual([])
  })

  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

  it('writes the same keys beside numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, finite), { maxLength: 30 }), (pairs) => {
        expect(counted(pairs)).toEqual(pairs.map(([key, value]) => [Buffer.from(key).toString(), value]))
      }),
      { numRuns: 1000 },
    )
    const long = Array.from({ length: 20_000 }, (_, i): [string, number] => [`é${'x'.repeat(i % 300)}${i}`, i])
    expect(counted(long)).toEqual(long)
    const longerThanBuffer: [string, number] = ['y'.repeat(3 << 20), 1]
    expect(counted([['a', 0], longerThanBuffer, ['b', 2]])).toEqual([['a', 0], longerThanBuffer, ['b', 2]])
  })

  it('refuses other types, and leaves nothing of them in the next record', () => {
    const refused = (emit: Emitter['emit'], key: unknown, value: unknown) =>
      expect(() => emit(key, value)).toThrow(expect.objectContaining({ code: 'EMIT_TYPE' }))
    refused(counts.emit, 'lost', '1')
    counts.emit('a', 1)
    refused(counts.emit, 2, 2)
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      refused(counts.emit, 'lost', value)
    }
    expect(counted([['b', 2]])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    flushed = []
    refused(emitter.emit, 'lost', 1)
    emitter.emit('a', 'one')
    refused(emitter.emit, 'lost', null)
    emitter.emit('b', 'two')
    emitter.flush()
    expect(flushed.map((pair) => pair.map(String))).toEqual([
      ['a', 'one'],
      ['b', 'two'],
    ])
  })

  it('passes on batches without losing a record between two', () => {
    const pairs = Array.from({ length: 20_000 }, (_, i): [string, string] => [`é${i}`, 'x'.repeat(i % 300)])
    expect(emitted(pairs).map(([key, value]) => [key.toString(), value.toString()])).toEqual(pairs)
  })
})
