/** Names become columns, literals take the type of what they stand beside, and what has no meaning is refused with its place. */
import { describe, expect, it } from 'vitest'
import { outputName, resolve } from '../../../dist/src/dataset/expression/resolve.js'
import { expressionText } from '../../../dist/src/dataset/expression/text.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Column } from '../../../dist/src/plan/type.js'
import { typeText } from '../../../dist/src/plan/type.js'
import { parseType } from '../../../dist/src/plan/type_text.js'

const column = (name: string, type: string, nullable = true): Column => ({
  name,
  type: parseType(type, Error),
  nullable,
})

const COLUMNS = [
  column('id', 'bigint', false),
  column('qty', 'int'),
  column('price', 'decimal(10,2)'),
  column('rate', 'double'),
  column('name', 'string'),
  column('paid', 'boolean'),
  column('day', 'date'),
  column('at', 'timestamp'),
  column('tags', 'array<string>'),
  column('address', 'struct<city:string,zip:int>'),
  column('a.b', 'int'),
]

const col = (name: string): Untyped => ({ kind: 'column', name })
const lit = (value: unknown): Untyped => ({ kind: 'literal', value })
const call = (fn: string, ...args: (Untyped | string)[]): Untyped => ({
  kind: 'call',
  fn,
  args: args.map((arg) => (typeof arg === 'string' ? col(arg) : arg)),
})

/** Text and type of what an expression resolves to. */
function resolved(tree: Untyped): string {
  const expression = resolve(tree, COLUMNS)
  return `${expressionText(expression)}: ${typeText(expression.type)}`
}

function refusal(tree: Untyped): { code: string; message: string; hint: string } {
  try {
    resolve(tree, COLUMNS)
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string }
    return { code, message, hint }
  }
  throw new Error(`${expressionText(tree)} is not refused`)
}

describe('a literal', () => {
  it.each([
    [call('eq', 'day', lit('2024-01-31')), "day = date'2024-01-31': boolean"],
    [call('gt', 'at', lit('2024-01-31')), "at > timestamp'2024-01-31 00:00:00': boolean"],
    [call('gt', 'at', lit(new Date(0))), "at > timestamp'1970-01-01 00:00:00': boolean"],
    [call('eq', 'price', lit(0.81)), 'price = 0.81: boolean'],
    [call('eq', 'price', lit('0.815')), 'cast(price as decimal(11,3)) = 0.815: boolean'],
    [call('eq', 'qty', lit('7')), 'qty = 7: boolean'],
    [call('eq', 'qty', lit(1.5)), 'cast(qty as double) = 1.5: boolean'],
    [call('eq', 'qty', lit(3_000_000_000)), 'cast(qty as bigint) = 3000000000: boolean'],
    [call('eq', 'id', lit(-9223372036854775808n)), 'id = -9223372036854775808: boolean'],
    [call('eq', 'rate', lit(2)), 'rate = 2: boolean'],
    [call('eq', 'name', lit(null)), 'name = null: boolean'],
    [call('multiply', 'price', lit(2)), 'price * 2: decimal(12,2)'],
    [call('multiply', 'price', lit(0.19)), 'price * 0.19: decimal(13,4)'],
    [call('multiply', 'price', lit(Number.NaN)), 'cast(price as double) * NaN: double'],
    [call('add', 'qty', lit(-2147483648)), 'qty + -2147483648: int'],
    [call('in', 'day', lit('2024-01-31'), lit(null)), "day in (date'2024-01-31', null): boolean"],
    [call('currentDate'), 'currentDate(): date'],
    [lit([1, 2.5]), 'array(1, 2.5): array<double>'],
  ])('takes the type of what it stands beside: %#', (tree, text) => {
    expect(resolved(tree)).toBe(text)
  })

  it.each([
    [call('eq', 'day', lit('2024-02-30')), "day = '2024-02-30': '2024-02-30' is not of type date."],
    [call('eq', 'qty', lit('7.0')), "qty = '7.0': '7.0' is not of type int."],
    [call('eq', 'paid', lit(1)), 'paid = 1: compares boolean and int.'],
    [call('eq', 'price', lit('x')), "price = 'x': 'x' is not of type decimal(10,2)."],
    [call('eq', 'price', lit(`0.${'1'.repeat(39)}`)), /has more than 38 digits/],
    [lit('\ud800'), "'\\ud800': the text has half of a surrogate pair."],
    [lit(null), 'null: null has no type here.'],
    [lit(new Date(Number.NaN)), "timestamp'invalid': the Date is invalid."],
  ])('of another type is refused: %#', (tree, message) => {
    expect(refusal(tree)).toMatchObject({
      code: 'DATASET_INVALID',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
  })
})

describe('types', () => {
  it.each([
    [call('add', 'qty', 'id'), 'cast(qty as bigint) + id: bigint'],
    [call('divide', 'qty', 'qty'), 'cast(qty as double) / cast(qty as double): double'],
    [call('divide', 'price', 'qty'), 'price / cast(qty as decimal(10,0)): decimal(21,13)'],
    [call('add', 'day', lit(1)), 'dateAdd(day, 1): date'],
    [call('concat', 'name', 'qty'), 'concat(name, cast(qty as string)): string'],
    [call('lt', 'day', 'at'), 'cast(day as timestamp) < at: boolean'],
    [
      call('coalesce', 'qty', 'price'),
      'coalesce(cast(qty as decimal(12,2)), cast(price as decimal(12,2))): decimal(12,2)',
    ],
    [call('case', 'paid', 'qty', lit(0.5)), 'case when paid then cast(qty as double) else 0.5 end: double'],
    [call('round', 'price', lit(1)), 'round(price, 1): decimal(10,1)'],
    [call('year', 'at'), 'year(cast(at as date)): int'],
    [
      call('struct', 'qty', { kind: 'alias', arg: col('name'), name: 'n' }),
      'struct(qty, name): struct<qty:int,n:string>',
    ],
    [call('get', 'tags', lit(0)), 'get(tags, 0): string'],
  ])('follow from the arguments: %#', (tree, text) => {
    expect(resolved(tree)).toBe(text)
  })

  it('say what may be null', () => {
    const nullable = (tree: Untyped) => {
      const expression = resolve(tree, COLUMNS)
      return expression.op === 'literal' ? expression.value === null : expression.nullable
    }
    expect(nullable(call('add', 'id', lit(1)))).toBe(false)
    expect(nullable(call('add', 'id', 'qty'))).toBe(true)
    expect(nullable(call('isNull', 'qty'))).toBe(false)
    expect(nullable(call('coalesce', 'qty', lit(0)))).toBe(false)
    expect(nullable(call('case', 'paid', 'id'))).toBe(true)
    expect(nullable(call('tryDivide', 'id', 'id'))).toBe(true)
    expect(nullable({ kind: 'cast', arg: col('id'), to: 'integer', try: true })).toBe(true)
  })
})

describe('names', () => {
  it('with dots are columns of that very name, or fields', () => {
    expect(resolved(col('a.b'))).toBe('a.b: int')
    expect(resolved(col('address.city'))).toBe('address.city: string')
    expect(outputName(col('address.city'), COLUMNS)).toBe('city')
    expect(outputName(col('a.b'), COLUMNS)).toBe('a.b')
    expect(outputName(call('add', 'qty', lit(1)), COLUMNS)).toBe('qty + 1')
  })

  it('that are wrong come with a suggestion', () => {
    expect(refusal(call('add', 'qyt', lit(1)))).toMatchObject({ code: 'COLUMN_UNKNOWN', hint: 'Did you mean "qty"?' })
    expect(refusal(col('address.town'))).toMatchObject({
      message: 'address.town: has no field town.',
      hint: 'Fields: city, zip.',
    })
    expect(refusal(call('lengt', 'name'))).toMatchObject({
      message: 'lengt(name): there is no function lengt.',
      hint: 'Did you mean length?',
    })
  })
})

describe('what has no meaning', () => {
  it('is shown in part if it is long', () => {
    const { message } = refusal(call('in', 'day', ...Array.from({ length: 1000 }, (_, i) => lit(i))))
    expect(message).toMatch(/^day in \(0, 1, 2, .*…: compares date and int\.$/)
    expect(message.length).toBeLessThan(300)
  })

  it.each([
    [call('add', 'paid', 'qty'), 'paid + qty: takes numbers, not boolean and int.'],
    [call('gt', call('multiply', 'name', 'name'), lit(1)), 'name * name: takes numbers, not string and string.'],
    [call('and', 'qty', 'paid'), 'qty and paid: a is int, and must be boolean.'],
    [call('if', 'name', lit(1), lit(2)), 'if(name, 1, 2): a condition is boolean, not string.'],
    [
      call('substring', 'name'),
      'substring(name): substring takes (s: string, from: int, length: int = 2147483647), not 1 arguments.',
    ],
    [call('eq', 'price', 'name'), 'price = name: compares a decimal with text.'],
    [call('rlike', 'name', lit('(')), /^name rlike '\(': the regular expression is not valid/],
    [
      call('rlike', 'name', 'name'),
      'name rlike name: the regular expression must be a literal, not computed for each row.',
    ],
    [call('dateFormat', 'at', lit('yyyy-QQ')), "dateFormat(at, 'yyyy-QQ'): the format has QQ, which is not supported."],
    [
      { kind: 'cast', arg: col('day'), to: 'integer', try: false } satisfies Untyped,
      'cast(day as int): date cannot become int.',
    ],
  ])('is refused with the part that is wrong: %#', (tree, message) => {
    const { code, message: text } = refusal(tree)
    expect(code).toBe('DATASET_INVALID')
    if (typeof message === 'string') expect(text).toBe(message)
    else expect(text).toMatch(message)
  })
})
