/** Values from text and as text, against JavaScript's own numbers, BigInt and Date. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Type } from '../../dist/src/plan/type.js'
import { column, scanCsv, textOf } from './scans.js'

/** Reads each text as a value; undefined: it is none. */
function values(texts: readonly string[], type: Type): unknown[] {
  const lines = texts.map((text) => `"${text.replaceAll('"', '""')}",x\n`)
  const { rows, bad, error } = scanCsv(lines.join(''), [column('v', type), column('x', 'string')], { keepBad: true })
  expect(error).toBe(null)
  const wrong = new Set(bad.map(({ offset }) => offset))
  const found: unknown[] = []
  let offset = 0
  let row = 0
  for (const line of lines) {
    found.push(wrong.has(offset) ? undefined : rows[row++]!.v)
    offset += Buffer.byteLength(line)
  }
  return found
}

const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.tuple(fc.maxSafeInteger(), fc.nat(18)).map(([n, digits]) => n / 10 ** digits),
)

const DAY = 86_400_000

describe('doubles', () => {
  it('are the nearest to any decimal text', () => {
    const text = fc.oneof(
      double.map(String),
      double.map((x) => x.toExponential()),
      double.map((x) => x.toPrecision(30)),
      fc
        .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(10 ** 6), fc.integer({ min: -340, max: 260 }))
        .map(([whole, fraction, exponent]) => `${whole}.${fraction}e${exponent}`),
    )
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 50 }), (texts) => {
        expect(values(texts, 'double')).toEqual(texts.map(Number))
      }),
    )
  })

  it('are written as JavaScript writes them, and read back', () => {
    fc.assert(
      fc.property(double, (x) => {
        const line = `{"v":${JSON.stringify(x)}}\n`
        expect(textOf(line, [column('v', 'double')], { kind: 'text', format: { kind: 'jsonl' } })).toBe(line)
      }),
    )
  })
})

describe('decimals', () => {
  const type: Type = { type: 'decimal', precision: 38, scale: 6 }

  /** Rounds half up, by BigInt. */
  function expected(digits: bigint, exponent: number): string | undefined {
    const shift = exponent + 6
    const size = digits < 0n ? -digits : digits
    const divisor = 10n ** BigInt(Math.max(0, -shift))
    const unscaled = shift >= 0 ? size * 10n ** BigInt(shift) : (2n * size + divisor) / (2n * divisor)
    if (unscaled >= 10n ** 38n) return undefined
    const text = String(unscaled).padStart(7, '0')
    return `${digits < 0n && unscaled > 0n ? '-' : ''}${text.slice(0, -6)}.${text.slice(-6)}`
  }

  it('are exact, and rounded half up beyond their scale', () => {
    const digits = fc.oneof(fc.bigInt({ min: -(10n ** 45n), max: 10n ** 45n }), fc.bigInt({ min: -1000n, max: 1000n }))
    const one = fc.tuple(digits, fc.integer({ min: -50, max: 40 }), fc.nat(3))
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 50 }), (numbers) => {
        const texts = numbers.map(([whole, exponent, zeros]) => {
          const text = String(whole < 0n ? -whole : whole)
          const sign = `${whole < 0n ? '-' : ''}${'0'.repeat(zeros)}`
          // With a point where the exponent allows one.
          return exponent < 0 && -exponent < text.length
            ? `${sign}${text.slice(0, exponent)}.${text.slice(exponent)}`
            : `${sign}${text}e${exponent}`
        })
        expect(values(texts, type)).toEqual(numbers.map(([whole, exponent]) => expected(whole, exponent)))
      }),
    )
  })

  it('are the same written short or long', () => {
    const answers: Record<string, string | undefined> = {
      ...{ '1': '1.00', '-1.5': '-1.50', '999.99': '999.99', '.5': '0.50', '5.': '5.00', '-.5': '-0.50', '+7': '7.00' },
      ...{
        '-0.00': '0.00',
        ' 1 ': '1.00',
        '00000000000000000000001': '1.00',
        '12.345': '12.35',
        '1.0050000000': '1.01',
      },
      ...{
        '1e2': '100.00',
        '1000': undefined,
        '-1000.00': undefined,
        '999.995': undefined,
        '123456789012345678': undefined,
      },
      ...{ '.': undefined, '-': undefined, '-.': undefined, '1..2': undefined, '1-2': undefined, '--1': undefined },
    }
    const texts = Object.keys(answers)
    expect(values(texts, { type: 'decimal', precision: 5, scale: 2 })).toEqual(texts.map((text) => answers[text]))
    const long = ['99999999999999.9999', '100000000000000', '-99999999999999.99995']
    expect(values(long, { type: 'decimal', precision: 18, scale: 4 })).toEqual([long[0], undefined, undefined])
  })
})

describe('whole numbers', () => {
  it('have the range of their type', () => {
    const whole = fc.oneof(
      fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
      fc.constantFrom(2n ** 31n, -(2n ** 31n), -(2n ** 31n) - 1n, 2n ** 63n, -(2n ** 63n) - 1n, 10n ** 30n),
    )
    fc.assert(
      fc.property(fc.array(whole, { minLength: 1, maxLength: 50 }), (numbers) => {
        const texts = numbers.map(String)
        const inRange = (bits: number) => (n: bigint) => (BigInt.asIntN(bits, n) === n ? Number(n) : undefined)
        expect(values(texts, 'integer')).toEqual(numbers.map(inRange(32)))
        expect(values(texts, 'long')).toEqual(numbers.map(inRange(64)))
      }),
    )
  })

  it('have nothing around them but blanks and controls', () => {
    const good = ['+7', ' 7', '\t7\n', '\u00007', '0007']
    const wrong = ['+-7', '--7', '7.', '7e0', '0x7', ' ', '+', '\u00a07', '٧']
    expect(values(good, 'long')).toEqual(good.map(() => 7))
    expect(values(wrong, 'long')).toEqual(wrong.map(() => undefined))
  })
})

describe('dates and times', () => {
  it('are those of the calendar, on every day of 10,000 years', () => {
    const first = Date.parse('0001-01-01T00:00:00Z') / DAY
    const days = Array.from({ length: 11_000 }, (_, i) => first + i * 331)
    const texts = days.map((day) => new Date(day * DAY).toISOString().slice(0, 10))
    expect(values(texts, 'date')).toEqual(texts)
    expect(values(texts, 'timestamp')).toEqual(texts.map((text) => new Date(`${text}T00:00:00Z`)))
    const lines = texts.map((text) => `{"v":"${text}"}\n`).join('')
    expect(textOf(lines, [column('v', 'date')], { kind: 'text', format: { kind: 'jsonl' } })).toBe(lines)
  })

  it('of a month are its own', () => {
    const texts: string[] = []
    for (const year of [1900, 2000, 2023, 2024]) {
      for (let month = 0; month <= 13; month++) {
        for (const day of [0, 1, 28, 29, 30, 31, 32]) texts.push(`${year}-${month}-${day}`)
      }
    }
    const expected = texts.map((text) => {
      const [year, month, day] = text.split('-').map(Number) as [number, number, number]
      const date = new Date(Date.UTC(year, month - 1, day))
      const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
      return isReal ? date.toISOString().slice(0, 10) : undefined
    })
    expect(values(texts, 'date')).toEqual(expected)
  })

  it('have zones, and as many digits as they need', () => {
    const millis = fc.integer({ min: Date.parse('0001-01-02'), max: Date.parse('9999-12-30') })
    const offset = fc.integer({ min: -18 * 60, max: 18 * 60 })
    fc.assert(
      fc.property(fc.array(fc.tuple(millis, offset), { minLength: 1, maxLength: 50 }), (times) => {
        const texts = times.map(([time, minutes]) => {
          const local = new Date(time + minutes * 60_000).toISOString().slice(0, -1)
          const size = Math.abs(minutes)
          const zone = `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
          return `${local}${zone}`
        })
        expect(values(texts, 'timestamp')).toEqual(times.map(([time]) => new Date(time)))
        expect(values(texts, 'timestamp_ntz')).toEqual(texts.map((text) => text.slice(0, -6)))
        const lines = times.map(([time]) => `{"v":"${new Date(time).toISOString()}"}\n`).join('')
        expect(textOf(lines, [column('v', 'timestamp')], { kind: 'text', format: { kind: 'jsonl' } })).toBe(lines)
      }),
    )
  })

  it.each<[string, string | undefined]>([
    ['2024', '2024-01-01T00:00:00.000'],
    ['2024-02', '2024-02-01T00:00:00.000'],
    ['2024-1-5 6:7', '2024-01-05T06:07:00.000'],
    ['2024-01-31T12', '2024-01-31T12:00:00.000'],
    ['2024-01-31T12:34:56.123456789Z', '2024-01-31T12:34:56.123456'],
    ['2024-01-31T12:34:56.', '2024-01-31T12:34:56.000'],
    ['2024-01-31 12:34:56 UTC+2', '2024-01-31T12:34:56.000'],
    ['2024-01-31T', undefined],
    ['2024-01-31 12:34+02:00', undefined],
    ['2024-01-31 12:34:56 Mars/Base', undefined],
    ['2024-01-31T12:34:56z', undefined],
    ['2024-01-31T23:59:60', undefined],
    ['24-01-01', undefined],
    ['12:34:56', undefined],
    ['now', undefined],
  ])('%s', (text, value) => {
    expect(values([text], 'timestamp_ntz')).toEqual([value])
  })
})
