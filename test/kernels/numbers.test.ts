import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FormatOptions, kernels, type Layout } from '../../dist/src/kernels/addon.js'
import { batchOf, binary, bytes, compare, failure, newCollector, prefixOf, type Rec } from './helpers.js'

const double = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.tuple(fc.maxSafeInteger(), fc.nat(18)).map(([n, digits]) => n / 10 ** digits),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => new Float64Array(BigUint64Array.of(bits).buffer)[0]!),
)

describe('numbers', () => {
  test('are written as String(x) writes them', () => {
    fc.assert(
      fc.property(double, (x) => {
        expect(kernels.formatNumber(x)).toBe(String(x))
      }),
      { numRuns: 20_000 },
    )
    const cases = [
      0,
      -0,
      NaN,
      Infinity,
      -Infinity,
      1e21,
      1e-7,
      1e-6,
      123456789012345680000,
      5e-324,
      2 ** 53,
      -(2 ** 53),
      0.1,
    ]
    expect(cases.map((x) => kernels.formatNumber(x))).toEqual(cases.map(String))
    for (let e = -330; e < 310; e++) {
      for (const x of [Number(`1e${e}`), Number(`-1.5e${e}`)]) expect(kernels.formatNumber(x)).toBe(String(x))
    }
  })

  test('are read as Number(text) reads them; anything but a decimal that a double holds is refused', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 30 })
    const decimal = fc
      .tuple(
        fc.constantFrom('', '+', '-'),
        digits,
        fc.constantFrom('', '.'),
        digits,
        fc.constantFrom('', 'e', 'E', 'e-', 'e+'),
        fc.nat(400),
      )
      .map(([sign, whole, point, part, e, exponent]) => `${sign}${whole}${point}${part}${e}${e && exponent}`)
    const text = fc.oneof(
      decimal,
      decimal.map((text) => ` ${text}\t`),
      decimal.map((text) => `\r\n${text}\v\f`),
      double.map(String),
      fc.string({ unit: fc.constantFrom(...'0123456789.eE+- x_,'), maxLength: 12 }),
      fc.constantFrom(
        '',
        ' ',
        '.',
        '+',
        '-',
        'e5',
        '1e',
        '1e+',
        '0x10',
        'Infinity',
        '1_000',
        '1,5',
        '1.2.3',
        '--1',
        '١',
        '1\0',
      ),
      // Halfway between two doubles, and one digit away from it.
      fc.constantFrom(
        '9007199254740993',
        '9007199254740992.999999999999999999',
        '1.7976931348623158e308',
        '1.8e308',
        '2.5e-324',
        '-9007199254740993.000',
        '123456789012345680000',
        '123456789012345678900',
        '1'.repeat(310),
      ),
    )
    fc.assert(
      fc.property(text, (text) => {
        const isDecimal = /^[ \t-\r]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t-\r]*$/.test(text)
        expect(kernels.parseNumber(Buffer.from(text))).toBe(isDecimal && isHeld(text) ? Number(text) : undefined)
      }),
      { numRuns: 20_000 },
    )
  })
})

/** A whole number in digits equals its double, or has the digits with which the double is written. */
function isHeld(text: string): boolean {
  const x = Math.abs(Number(text))
  const [, digits] = /^[ \t-\r+-]*0*(\d*)\.?0*[ \t-\r]*$/.exec(text) ?? []
  if (!Number.isFinite(x) || digits === undefined) return Number.isFinite(x)
  const written = x.toExponential().replace(/e.*/, '').replace('.', '').padEnd(digits.length, '0')
  return BigInt(digits) === BigInt(x) || digits === written
}

/** 8 bytes whose memcmp order is the order of numbers: src/plan/codec.ts. */
function numberKey(x: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  view.setBigUint64(0, bits >> 63n ? bits ^ 0xffff_ffff_ffff_ffffn : bits | (1n << 63n))
  return binary(new Uint8Array(view.buffer))
}

describe('format', () => {
  const layouts: Layout[] = [
    [],
    ['number'],
    ['bytes'],
    ['bytes', 'bytes'],
    ['bytes', 'number', 'bytes'],
    ['number', 'number'],
  ]
  const text = fc.oneof(
    fc.constantFrom('', 'word', ',', '"', 'a"b', ';', '\t', '\n', '\r', '\\', 'a\\tb', ' x ', '\0', 'é'.repeat(50)),
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text).toString('latin1')),
  )

  /** The file's text, by the rules in native/operator/format.h. */
  function oracleFormat(records: Rec[], options: FormatOptions, keyParts: Map<string, string[]>): string {
    const delimiter = options.kind === 'csv' ? (options.delimiter ?? ',') : '\t'
    const field = (text: string, raw: boolean) => {
      if (raw) return text
      if (options.kind === 'csv') {
        const special = [delimiter, '"', '\r', '\n'].some((c) => text.includes(c))
        return special || text.startsWith('\xef\xbb\xbf') ? `"${text.replaceAll('"', '""')}"` : text
      }
      if (options.kind === 'tsv' && options.escape !== false) {
        return text.replace(/[\\\t\n\r]/g, (c) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[c]!)
      }
      return text
    }
    const lines = records.map(({ key, values }) => {
      const keys = keyParts.get(key)!.map((part) => field(part, false))
      const fields = values.map((value, i) =>
        typeof value === 'string' ? field(value, options.raw?.[i] === true) : Number.isNaN(value) ? '' : String(value),
      )
      const line = (options.valuesOnly ? fields : [...keys, ...fields]).join(delimiter)
      // An empty CSV line would be no record.
      return options.kind === 'csv' && line === '' ? '""\n' : `${line}\n`
    })
    return lines.join('')
  }

  const problem = fc.constantFrom(...layouts).chain((layout) => {
    const values = fc.tuple(...layout.map((kind) => (kind === 'number' ? double : text)))
    return fc.record({
      layout: fc.constant(layout),
      rows: fc.array(fc.tuple(fc.array(text, { minLength: 1, maxLength: 3 }), double, values), { maxLength: 30 }),
      kind: fc.constantFrom('tsv' as const, 'csv' as const),
      key: fc.constantFrom('bytes' as const, 'number' as const, 'tuple' as const),
      raw: fc.tuple(...layout.map(() => fc.boolean())),
      escape: fc.boolean(),
      delimiter: fc.constantFrom(',', ';'),
      valuesOnly: layout.length === 0 ? fc.constant(false) : fc.boolean(),
      want: fc.integer({ min: 1, max: 500 }),
    })
  })

  test('writes TSV and CSV like plain JavaScript, in pieces of any size', () => {
    fc.assert(
      fc.property(problem, ({ rows, want, ...rest }) => {
        const { layout, key } = rest
        const parts = new Map<string, string[]>()
        const records = rows.map(([texts, number, values]): Rec => {
          const x = Number.isNaN(number) ? 0 : number === 0 ? 0 : number
          const encoded = { bytes: texts[0]!, number: numberKey(x), tuple: texts.map(prefixOf).join('') }[key]
          parts.set(encoded, { bytes: [texts[0]!], number: [String(x)], tuple: texts }[key])
          return { key: encoded, values: values as Rec['values'] }
        })
        const options: FormatOptions = rest
        const collector = newCollector({ layout })
        collector.add(batchOf(records, layout), records.length)
        const cursor = collector.sorted()
        const pieces: string[] = []
        for (let piece = cursor.format(options, want); piece.length > 0; piece = cursor.format(options, want)) {
          pieces.push(binary(piece))
        }
        const sorted = records.map((record) => record).sort((a, b) => compare(a.key, b.key))
        expect(pieces.join('')).toBe(oracleFormat(sorted, options, parts))
        // Every piece but the last has the requested size.
        for (const piece of pieces.slice(0, -1)) expect(piece.length).toBeGreaterThanOrEqual(want)
        expect(cursor.recordsOut).toBe(records.length)
        cursor.close()
        collector.close()
      }),
      { numRuns: 1500 },
    )
  })

  test('writes keys as lines of text', () => {
    const collector = newCollector()
    const keys = ['b', 'a\tb', '', 'ü'].map((key) => ({ key: Buffer.from(key).toString('latin1'), values: [] }))
    collector.add(batchOf(keys, []), 4)
    const text = collector.sorted().format({ kind: 'text', key: 'bytes', layout: [] }, 1000)
    expect(Buffer.from(text).toString()).toBe('\na\tb\nb\nü\n')
  })

  test('refuses values that do not match the layout', () => {
    const collector = newCollector({ layout: ['bytes'] })
    collector.add(batchOf([{ key: 'k', values: ['short'] }], ['bytes']), 1)
    const cursor = collector.sorted()
    expect(failure(() => cursor.format({ kind: 'tsv', key: 'bytes', layout: ['number'] }, 10))?.code).toBe(
      'RUN_CORRUPT',
    )
    expect(failure(() => cursor.format({ kind: 'tsv', key: 'bytes', layout: ['bytes'] }, 10))?.code).toBe(
      'BAD_ARGUMENT',
    )
  })

  test('refuses keys that are not numbers', () => {
    const collector = newCollector()
    collector.add({ keys: { bytes: bytes('1234567'), ends: Uint32Array.of(7) }, columns: [] }, 1)
    const cursor = collector.sorted()
    expect(failure(() => cursor.format({ kind: 'tsv', key: 'number', layout: [] }, 10))?.code).toBe('RUN_CORRUPT')
  })
})
