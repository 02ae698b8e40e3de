import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AS_ARRAY, decodeAny, encodeAny } from '../../dist/src/plan/any.js'
import { compareAny, sameKey } from '../collection/oracle.js'

type Encode = (value: unknown) => Buffer
const exact: Encode = (value) => Buffer.from(encodeAny(value, 'exact'))
const asKey: Encode = (value) => Buffer.from(encodeAny(value, 'key'))

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    '',
    '\0',
    'a\0',
    'a\0b',
  ),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u0001', '\u00ff', '\uffff', '😀'), maxLength: 4 }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => new Uint8Array(bytes)),
)
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'ab', '', '\0', '__proto__', 'constructor'), tie('value'), { maxKeys: 3 }),
  ),
})).value

describe('values of any type', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(anything, (value) => {
        // toStrictEqual() takes a property `constructor` for a class.
        expect(isDeepStrictEqual(decodeAny(exact(value)), plain(value))).toBe(true)
      }),
      { numRuns: 1000 },
    )
    for (const value of [
      -0,
      Number.NaN,
      2n ** 200n,
      'a\ud800',
      ['\udc00', 'b'],
      new Date(Number.NaN),
      { a: { b: [-0] } },
    ]) {
      expect(decodeAny(exact(value))).toStrictEqual(value)
    }
  })

  it('sort as keys by type, then by value, and equal ones are the same bytes', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const order = Math.sign(Buffer.compare(asKey(a), asKey(b)))
        expect(order).toBe(Math.sign(compareAny(a, b)))
        expect(order === 0).toBe(sameKey(a, b))
      }),
      { numRuns: 3000 },
    )
    expect(asKey(-0)).toEqual(asKey(0))
    expect(asKey([{ b: -0, a: 1 }])).toEqual(asKey([{ a: 1, b: 0 }]))
    expect(asKey(1)).not.toEqual(asKey('1'))
    expect(asKey(1)).not.toEqual(asKey(1n))
  })

  it('leave out properties that are undefined, and take what says so as an array', () => {
    expect(decodeAny(exact({ a: undefined, b: 1 }))).toStrictEqual({ b: 1 })
    const passing = { [AS_ARRAY]: true, *[Symbol.iterator]() { yield* [1, 2] } } // biome-ignore format: short
    expect(decodeAny(exact(['k', passing]))).toStrictEqual(['k', [1, 2]])
    const buffer = Buffer.from('ab')
    expect(decodeAny(exact(buffer))).toStrictEqual(new Uint8Array(buffer))
  })

  it('are refused if they cannot come out again, with the place', () => {
    class Point {
      x = 1
    }
    const loop: unknown[] = []
    loop.push(loop)
    const cases: [unknown, string][] = [
      [undefined, 'a collection cannot hold undefined'],
      [[1, [undefined]], '[1][0]: a collection cannot hold undefined'],
      [{ a: [() => 1] }, '.a[0]: a collection cannot hold a function'],
      [{ p: new Point() }, '.p: a collection cannot hold an object of a class'],
      [new Map(), 'a collection cannot hold a Map'],
      [[new Set()], '[0]: a collection cannot hold a Set'],
      [Promise.resolve(1), 'a collection cannot hold a promise'],
      [Symbol('s'), 'a collection cannot hold a symbol'],
      [/x/, 'a collection cannot hold /x/'],
      [Array(2), '[0]: a collection cannot hold undefined'],
      [loop, 'it holds itself, or is nested too deeply'],
    ]
    for (const [value, problem] of cases) {
      expect(() => exact(value)).toThrow(problem)
      // The next one is not in its place.
      expect(decodeAny(exact([1]))).toStrictEqual([1])
    }
    expect(() => asKey('a\ud800')).toThrow('a key cannot hold text with half a surrogate pair')
    expect(() => exact({ '\ud800': 1 })).toThrow('named by text with half a surrogate pair')
  })
})

/** Dictionaries of fast-check may have no prototype. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return value
  const object = {}
  for (const [name, part] of Object.entries(value)) {
    Object.defineProperty(object, name, { value: plain(part), enumerable: true, writable: true, configurable: true })
  }
  return object
}
