/** What `emit` writes into the batches that native code takes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEmitter } from '../../dist/src/engine/emitter.js'
import type { BytesColumn } from '../../dist/src/kernels/kernels.js'

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

describe('the emitter', () => {
  // All of ASCII, two and three bytes and their ends, pairs of surrogates, and halves of them.
  const unit = fc.constantFrom(
    ...['a', 'xyz', '\0', '\x7f', '\x80', 'é', '\u07ff', '\u0800', '€', '\ud7ff', '\ue000', '\uffff', '😀'],
    ...['\ud83d', '\ude00', '\udfff'],
  )
  const text = fc.oneof(fc.string({ unit, maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 8 }))

  it('writes text as UTF-8, short or long, with U+FFFD for half a surrogate pair', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 30 }), (pairs) => {
        const expected = pairs.map(([key, value]) => [Buffer.from(key), Buffer.from(value)])
        expect(emitted(pairs)).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('hands over batches without losing a record between two', () => {
    const pairs = Array.from({ length: 20_000 }, (_, i): [string, string] => [`é${i}`, 'x'.repeat(i % 300)])
    expect(emitted(pairs).map(([key, value]) => [key.toString(), value.toString()])).toEqual(pairs)
  })
})
