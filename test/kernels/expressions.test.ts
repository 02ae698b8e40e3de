/** Functions of expressions in native code, by value: nulls, errors with their row, branches not taken. Meaning against Spark: test/dataset. */
import { describe, expect, it } from 'vitest'
import { fromNative, kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import type { Expression, LiteralExpression } from '../../dist/src/plan/expression.js'
import type { Column, Type } from '../../dist/src/plan/type.js'

const decimal = (precision: number, scale: number): Type => ({ type: 'decimal', precision, scale })

const COLUMNS: Column[] = (
  [
    ['a', 'integer'],
    ['b', 'integer'],
    ['l', 'long'],
    ['x', 'double'],
    ['y', 'double'],
    ['m', decimal(12, 2)],
    ['w', decimal(38, 4)],
    ['s', 'string'],
    ['t', 'string'],
    ['p', 'boolean'],
    ['q', 'boolean'],
    ['d', 'date'],
    ['ts', 'timestamp'],
    ['list', { type: 'array', element: 'integer', containsNull: true }],
  ] as [string, Type][]
).map(([name, type]) => ({ name, type, nullable: true }))

const col = (name: string): Expression => ({
  op: 'column',
  name,
  type: COLUMNS.find((column) => column.name === name)!.type,
  nullable: true,
})
const lit = (value: LiteralExpression['value'], type: Type): Expression => ({ op: 'literal', value, type })
const call = (fn: string, type: Type, ...args: Expression[]): Expression => ({
  op: 'call',
  fn,
  args,
  type,
  nullable: true,
})
const typeOf = (expression: Expression): Type => expression.type

function evaluate(expression: Expression, rows: Row[]): unknown[] {
  const column = { name: 'value', type: typeOf(expression), nullable: true }
  const program = pipelineProgram({
    source: { kind: 'batches', columns: COLUMNS },
    operators: [{ op: 'project', columns: [{ name: 'value', value: expression }] }],
    end: { kind: 'rows' },
  })
  const whole = rows.map((row) => Object.fromEntries(COLUMNS.map(({ name }) => [name, row[name] ?? null])))
  try {
    const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
    pipeline.addRows(encodeRows(whole, COLUMNS))
    pipeline.finish()
    return decodeRows(pipeline.takeOutput(), [column]).map(({ value }) => value)
  } catch (error) {
    throw fromNative(error)
  }
}

/** Code and detail of the error that it gives. */
function failureOf(expression: Expression, rows: Row[]): string {
  try {
    return `no error: ${JSON.stringify(evaluate(expression, rows))}`
  } catch (error) {
    const { code, params } = error as { code: string; params: { detail: string } }
    return `${code}: ${params.detail}`
  }
}

/** Days since 1970-01-01 as YYYY-MM-DD. */
function dayText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10)
}

describe('arithmetic', () => {
  it('is exact, null where an operand is, and an error where the type is too small', () => {
    const sum = call('add', 'integer', col('a'), col('b'))
    expect(evaluate(sum, [{ a: 1, b: 2 }, { a: 1 }, { b: 2 }, { a: -(2 ** 31), b: 2 ** 31 - 1 }])).toEqual([
      3,
      null,
      null,
      -1,
    ])
    expect(failureOf(sum, [{ a: 2 ** 31 - 1, b: 1 }])).toBe('ARITHMETIC_OVERFLOW: 2147483647 + 1')
    expect(
      evaluate(call('tryAdd', 'integer', col('a'), col('b')), [
        { a: 2 ** 31 - 1, b: 1 },
        { a: 1, b: 1 },
      ]),
    ).toEqual([null, 2])
    expect(failureOf(call('divide', 'double', col('x'), col('y')), [{ x: 1, y: 0 }])).toBe('DIVIDE_BY_ZERO: 1.0 / 0.0')
    expect(
      evaluate(call('divide', 'double', col('x'), col('y')), [
        { x: null, y: 0 },
        { x: 3, y: 2 },
      ]),
    ).toEqual([null, 1.5])
    expect(
      evaluate(call('mod', 'integer', col('a'), col('b')), [
        { a: -7, b: 3 },
        { a: -(2 ** 31), b: -1 },
      ]),
    ).toEqual([-1, 0])
    expect(
      evaluate(call('pmod', 'integer', col('a'), col('b')), [
        { a: -7, b: 3 },
        { a: -7, b: -3 },
      ]),
    ).toEqual([2, -1])
  })

  it('of decimals rounds half away from zero to the scale of the result', () => {
    const rows = [{ m: '1.25', w: '3.0000' }, { m: '-9999999999.99', w: '0.0001' }, { m: '0.01' }]
    expect(evaluate(call('multiply', decimal(38, 6), col('m'), col('w')), rows)).toEqual([
      '3.750000',
      '-999999.999999',
      null,
    ])
    expect(evaluate(call('add', decimal(13, 2), col('m'), col('m')), rows)).toEqual(['2.50', '-19999999999.98', '0.02'])
    expect(evaluate(call('divide', decimal(38, 6), col('m'), col('w')), rows)).toEqual([
      '0.416667',
      '-99999999999900.000000',
      null,
    ])
    expect(evaluate(call('div', 'long', col('m'), col('w')), rows)).toEqual([0, -99999999999900, null])
    expect(evaluate(call('subtract', decimal(13, 2), lit('100', decimal(1, 0)), col('m')), rows)).toEqual([
      '98.75',
      '10000000099.99',
      '99.99',
    ])
    const square = call('multiply', decimal(38, 6), col('w'), col('w'))
    expect(failureOf(square, [{ w: '9999999999999999999999999999999999.9999' }])).toMatch(
      /^ARITHMETIC_OVERFLOW: .* does not fit decimal/,
    )
    expect(evaluate(square, [{ w: '1234567890123456.5' }])).toEqual(['1524157875323882961438811507392.250000'])
  })
})

describe('conditions', () => {
  const safe = call('gt', 'boolean', call('div', 'long', col('l'), call('cast', 'long', col('a'))), lit('1', 'long'))

  it('compare by value, NaN as the largest', () => {
    const rows = [{ x: Number.NaN, y: Infinity }, { x: -0, y: 0 }, { x: Number.NaN, y: Number.NaN }, { x: 1 }]
    expect(evaluate(call('gt', 'boolean', col('x'), col('y')), rows)).toEqual([true, false, false, null])
    expect(evaluate(call('eq', 'boolean', col('x'), col('y')), rows)).toEqual([false, true, true, null])
    expect(evaluate(call('eqNullSafe', 'boolean', col('x'), col('y')), rows)).toEqual([false, true, true, false])
    const texts = [
      { s: 'b', t: 'a long text that is elsewhere' },
      { s: '\u{ffff}', t: '\u{10000}' },
    ]
    expect(evaluate(call('lt', 'boolean', col('s'), col('t')), texts)).toEqual([false, true])
  })

  it('do not ask what is decided', () => {
    const zero = call('eq', 'boolean', col('a'), lit(0, 'integer'))
    const rows = [{ a: 0, l: 1 }, { a: 1, l: 5 }, { l: 5 }]
    expect(evaluate(call('or', 'boolean', zero, safe), rows)).toEqual([true, true, null])
    expect(failureOf(call('or', 'boolean', safe, zero), rows)).toBe('DIVIDE_BY_ZERO: 1 div 0')
    expect(evaluate(call('case', 'boolean', zero, lit(true, 'boolean'), safe), rows)).toEqual([true, true, null])
  })

  it('are three-valued', () => {
    const values = [true, false, null]
    const rows = values.flatMap((p) => values.map((q) => ({ p, q })))
    expect(evaluate(call('and', 'boolean', col('p'), col('q')), rows)).toEqual([
      true,
      false,
      null,
      false,
      false,
      false,
      null,
      false,
      null,
    ])
    expect(evaluate(call('or', 'boolean', col('p'), col('q')), rows)).toEqual([
      true,
      true,
      true,
      true,
      false,
      null,
      true,
      null,
      null,
    ])
    expect(evaluate(call('not', 'boolean', col('p')), rows.slice(0, 7))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
      null,
    ])
    const one = call('in', 'boolean', col('a'), lit(1, 'integer'), lit(null, 'integer'))
    expect(evaluate(one, [{ a: 1 }, { a: 2 }, {}])).toEqual([true, null, null])
    expect(
      evaluate(call('in', 'boolean', col('a'), col('b'), lit(3, 'integer')), [
        { a: 1, b: 1 },
        { a: 3 },
        { a: 4, b: 1 },
        { a: 4 },
      ]),
    ).toEqual([true, true, false, null])
  })

  it('choose values', () => {
    const rows = [{ a: 1, b: 2 }, { b: 2 }, {}]
    expect(evaluate(call('coalesce', 'integer', col('a'), col('b'), lit(7, 'integer')), rows)).toEqual([1, 2, 7])
    expect(evaluate(call('greatest', 'integer', col('a'), col('b')), rows)).toEqual([2, 2, null])
    expect(evaluate(call('case', 'integer', call('isNull', 'boolean', col('a')), col('b')), rows)).toEqual([
      null,
      2,
      null,
    ])
  })
})

describe('casts', () => {
  it('say what they cannot cast, or give null', () => {
    const toInt = (fn: string) => call(fn, 'integer', col('s'))
    expect(evaluate(toInt('cast'), [{ s: ' 12 ' }, {}])).toEqual([12, null])
    expect(failureOf(toInt('cast'), [{ s: '1' }, { s: 'x'.repeat(70) }])).toBe(
      `CAST_INVALID: '${'x'.repeat(60)}…' to int`,
    )
    expect(evaluate(toInt('tryCast'), [{ s: '1' }, { s: 'one' }])).toEqual([1, null])
    expect(failureOf(call('cast', decimal(10, 2), col('x')), [{ x: Number.NaN }])).toBe(
      'CAST_INVALID: NaN to decimal(10,2)',
    )
    expect(evaluate(call('cast', decimal(10, 2), col('x')), [{ x: 1.005 }, { x: -2.675 }])).toEqual(['1.01', '-2.68'])
  })

  it('go into lists', () => {
    const texts: Type = { type: 'array', element: 'string', containsNull: true }
    const rows = [{ list: [1, null, -3] }, { list: [] }, {}]
    expect(evaluate(call('cast', texts, col('list')), rows)).toEqual([['1', null, '-3'], [], null])
    expect(evaluate(call('cast', 'string', col('list')), rows)).toEqual(['[1, null, -3]', '[]', null])
  })
})

describe('text', () => {
  it('is counted by characters', () => {
    const rows = [{ s: 'año 😀x' }, { s: '' }, {}]
    expect(evaluate(call('length', 'integer', col('s')), rows)).toEqual([6, 0, null])
    const cut = call('substring', 'string', col('s'), lit(-2, 'integer'), lit(5, 'integer'))
    expect(evaluate(cut, rows)).toEqual(['😀x', '', null])
    expect(evaluate(call('reverse', 'string', col('s')), rows)).toEqual(['x😀 oña', '', null])
    const padded = call('lpad', 'string', col('s'), lit(8, 'integer'), lit('é', 'string'))
    expect(evaluate(padded, rows)).toEqual(['ééaño 😀x', 'éééééééé', null])
  })

  it('is matched by patterns of SQL, and by regular expressions of JavaScript', () => {
    const like = (pattern: string) => call('like', 'boolean', col('s'), lit(pattern, 'string'), lit('\\', 'string'))
    const rows = [{ s: 'a%c' }, { s: 'a😀c' }, { s: 'abcabc' }, {}]
    expect(evaluate(like('a_c'), rows)).toEqual([true, true, false, null])
    expect(evaluate(like('a\\%c'), rows)).toEqual([true, false, false, null])
    expect(evaluate(like('%b%c'), rows)).toEqual([false, false, true, null])
    expect(failureOf(like('a\\bc'), rows)).toMatch(/^ARGUMENT_INVALID: like /)
    expect(evaluate(call('rlike', 'boolean', col('s'), lit('^a.c$', 'string')), rows)).toEqual([
      true,
      true,
      false,
      null,
    ])
    const replaced = call('regexpReplace', 'string', col('s'), lit('(b)(c)', 'string'), lit('$2$1', 'string'))
    expect(evaluate(replaced, rows)).toEqual(['a%c', 'a😀c', 'acbacb', null])
    const pieces: Type = { type: 'array', element: 'string', containsNull: false }
    const split = call('split', pieces, col('s'), lit('b', 'string'), lit(2, 'integer'))
    expect(evaluate(split, rows)).toEqual([['a%c'], ['a😀c'], ['a', 'cabc'], null])
  })

  it('has the case of JavaScript beyond ASCII', () => {
    const rows = [{ s: 'straße Ångström' }, { s: 'plain' }, { s: 'ΑΣ' }]
    expect(evaluate(call('upper', 'string', col('s')), rows)).toEqual(['STRASSE ÅNGSTRÖM', 'PLAIN', 'ΑΣ'])
    expect(evaluate(call('lower', 'string', col('s')), rows)).toEqual(['straße ångström', 'plain', 'ας'])
    expect(evaluate(call('initcap', 'string', col('s')), rows)).toEqual(['Straße Ångström', 'Plain', 'Ας'])
  })

  it('does not grow without end', () => {
    const repeated = call('repeat', 'string', col('s'), lit(2 ** 31 - 1, 'integer'))
    expect(failureOf(repeated, [{ s: 'ab' }])).toBe(
      'ARGUMENT_INVALID: the result of repeat would have 4294967294 bytes',
    )
  })
})

describe('dates', () => {
  it('have parts, and are moved by months', () => {
    const rows = [{ d: '2024-01-31' }, { d: '1969-12-31' }, {}]
    expect(evaluate(call('weekOfYear', 'integer', col('d')), rows)).toEqual([5, 1, null])
    expect(evaluate(call('dayOfWeek', 'integer', col('d')), rows)).toEqual([4, 4, null])
    const later = call('addMonths', 'date', col('d'), lit(1, 'integer'))
    expect(evaluate(later, rows)).toEqual(['2024-02-29', '1970-01-31', null])
    const far = call('dateAdd', 'date', col('d'), lit(2 ** 31 - 1, 'integer'))
    expect(failureOf(far, rows)).toBe('ARITHMETIC_OVERFLOW: dateAdd(2024-01-31, 2147483647) is no date')
  })

  it('have the parts of the calendar, in any year', () => {
    // Every 399 days of 2,400 years: all days of the year, and leap years of each kind.
    const rows = Array.from({ length: 2200 }, (_, i) => ({ d: dayText(-719_528 + 399 * i) }))
    const parts = ['year', 'month', 'dayOfMonth'].map((part) => evaluate(call(part, 'integer', col('d')), rows))
    expect(rows.map((_, i) => parts.map((part) => part[i]))).toEqual(rows.map(({ d }) => d.split('-').map(Number)))
  })

  it('are written and read by formats', () => {
    const format = (pattern: string) => lit(pattern, 'string')
    const rows = [{ ts: new Date('2024-01-31T15:04:05.678Z') }, {}]
    const written = call('dateFormat', 'string', col('ts'), format("EEE d MMM y, hh:mm:ss.SSS a 'o''clock'"))
    expect(evaluate(written, rows)).toEqual(["Wed 31 Jan 2024, 03:04:05.678 PM o'clock", null])
    const read = call('toDate', 'date', col('s'), format('yyyyMMdd'))
    expect(evaluate(read, [{ s: '20240229' }])).toEqual(['2024-02-29'])
    expect(failureOf(read, [{ s: '20230229' }])).toBe("CAST_INVALID: '20230229' to date, by the format 'yyyyMMdd'")
  })
})

describe('lists', () => {
  it('have elements, in order', () => {
    const rows = [{ list: [3, null, 1, 3] }, { list: [] }, {}]
    const list = typeOf(col('list'))
    expect(evaluate(call('size', 'integer', col('list')), rows)).toEqual([4, 0, null])
    expect(evaluate(call('get', 'integer', col('list'), lit(2, 'integer')), rows)).toEqual([1, null, null])
    expect(failureOf(call('element', 'integer', col('list'), lit(2, 'integer')), rows)).toBe(
      'ARGUMENT_INVALID: element 2 of a list of 0',
    )
    expect(evaluate(call('sortArray', list, col('list'), lit(true, 'boolean')), rows)).toEqual([
      [null, 1, 3, 3],
      [],
      null,
    ])
    expect(evaluate(call('arrayDistinct', list, col('list')), rows)).toEqual([[3, null, 1], [], null])
    expect(evaluate(call('arrayContains', 'boolean', col('list'), lit(2, 'integer')), rows)).toEqual([
      null,
      false,
      null,
    ])
  })
})

describe('a program', () => {
  it('has functions that there are, of types that they take', () => {
    expect(failureOf(call('nothing', 'integer'), [])).toBe('BAD_ARGUMENT: there is no function nothing')
    expect(failureOf(call('add', 'integer', col('a'), col('s')), [])).toBe(
      'BAD_ARGUMENT: there is no function add(int, string) that gives int',
    )
  })

  it('is not deeper than the stack', () => {
    let deep: Expression = col('p')
    for (let i = 0; i < 5000; i++) deep = call('not', 'boolean', deep)
    expect(failureOf(deep, [])).toBe('BAD_ARGUMENT: an expression is nested more than 1000 deep')
  })
})
