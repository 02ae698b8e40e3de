/** Parts of JSON by their path, and values as JSON: what random expressions hardly meet. */
import { describe, expect, it } from 'vitest'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import { expressionText } from '../../../dist/src/dataset/expression/text.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Column, Type } from '../../../dist/src/plan/type.js'
import { parseType } from '../../../dist/src/plan/type_text.js'
import { interpret } from '../../helpers/interpreter/interpreter.js'
import { Failure, type Value } from '../../helpers/interpreter/value.js'
import { evaluateRows } from '../../helpers/native.js'
import { Random } from '../../helpers/random.js'

const COLUMNS: Column[] = [{ name: 's', type: 'string', nullable: true }]
const column = (name: string): Untyped => ({ kind: 'column', name })
const getAt = (path: unknown): Untyped => ({
  kind: 'call',
  fn: 'getJsonObject',
  args: [column('s'), { kind: 'literal', value: path }],
})

function found(path: string, texts: (string | null)[]): Value[] {
  const expression = resolve(getAt(path), COLUMNS)
  const rows = texts.map((text): Value[] => [text])
  const native = evaluateRows([expression], rows, COLUMNS).map(([value]) => value!)
  expect(native).toEqual(rows.map((row) => interpret(expression, row, COLUMNS)))
  return native
}

describe('getJsonObject()', () => {
  it('takes the first of equal names that has a value, and no other place of a list', () => {
    expect(
      found('$.a[1].b', ['{"a":[1,{"b":""}]}', '{"a":[{"b":1}]}', '{"a":{"b":1}}', '{"a":null,"a":[0,{"b":2}]}']),
    ).toEqual(['', null, null, '2'])
  })

  it('decodes names and texts, and keeps numbers and the order of fields', () => {
    expect(
      found("$['a.b']", ['{"\\u0061.b":"x\\ty\\ud83d\\ude00"}', '{"a.b": [1.50 , -0, 1E5, "\\u00e9\\/"]}']),
    ).toEqual(['x\ty😀', '[1.50,-0,1E5,"é/"]'])
    expect(found('$', [' { "b" : 1 , "a" : " x " } tail', '"text"', 'true', ''])).toEqual([
      '{"b":1,"a":" x "}',
      'text',
      'true',
      null,
    ])
  })

  it('finds nothing in what is no JSON, wherever it breaks', () => {
    const broken = [
      '{"a":1',
      '{"a":1,}',
      '{"a":01}',
      '{"a":1 "b":2}',
      '{"a":"\n"}',
      '{"a":"\\x"}',
      "{'a':1}",
      '{a:1}',
      '[1,]',
      '{"a":NaN}',
    ]
    expect(found('$.a', broken)).toEqual(broken.map(() => null))
    const deep = '['.repeat(100_000)
    expect(evaluateRows([resolve(getAt('$[0]'), COLUMNS)], [[deep], [deep + ']'.repeat(100_000)]], COLUMNS)).toEqual([
      [null],
      [deep.slice(1) + ']'.repeat(99_999)],
    ])
  })

  it('wants a path that is one, and known', () => {
    for (const path of [
      '',
      'a',
      '$.',
      '$a',
      '$.a[*]',
      '$..a',
      '$[-1]',
      '$[1',
      "$['a",
      '$.a b[x]',
      '$.*',
      '$[9999999999]',
    ]) {
      expect(() => resolve(getAt(path), COLUMNS), path).toThrow(/no path in JSON/)
    }
    const computed: Untyped = { kind: 'call', fn: 'getJsonObject', args: [column('s'), column('s')] }
    expect(() => resolve(computed, COLUMNS)).toThrow(/must be a literal/)
  })
})

describe('fromJson()', () => {
  type Outcome = Value | { error: string }

  /** What text is as that type, and null where it is not. */
  function readAs(type: string | Type, texts: (string | null)[]): Outcome[] {
    const like: Untyped = {
      kind: 'literal',
      value: null,
      type: typeof type === 'string' ? parseType(type, Error) : type,
    }
    const reading = (fn: string) => resolve({ kind: 'call', fn, args: [column('s'), like] }, COLUMNS)
    const outcomes = texts.map((text): Outcome => {
      try {
        const [[value]] = evaluateRows([reading('fromJson')], [[text]], COLUMNS) as [[Value]]
        expect(interpret(reading('fromJson'), [text], COLUMNS)).toEqual(value)
        return value
      } catch (error) {
        const { code, message } = error as Error & { code: string }
        expect(code, message).toBe('ARGUMENT_INVALID')
        expect(() => interpret(reading('fromJson'), [text], COLUMNS), message).toThrow(Failure)
        return { error: message }
      }
    })
    const tried = evaluateRows(
      [reading('tryFromJson')],
      texts.map((text) => [text]),
      COLUMNS,
    )
    const isValue = (one: Outcome): one is Value => one === null || Array.isArray(one)
    expect(tried).toEqual(outcomes.map((one) => [isValue(one) ? one : null]))
    return outcomes
  }

  it('takes the fields of the type, by name, and gives null for those that are missing', () => {
    const texts = [
      '{"b":"x","z":[{}],"a":9007199254740993}',
      '{"a":null,"A":1}',
      '{}',
      'null',
      ' ',
      ' {"a":1,"a":2} ',
      null,
    ]
    expect(readAs('struct<a:bigint,b:string>', texts)).toEqual([
      [9007199254740993n, 'x'],
      [null, null],
      [null, null],
      null,
      null,
      [2n, null],
      null,
    ])
  })

  it('reads lists, structs in them, and every type that JSON lines have', () => {
    expect(readAs('array<struct<n:int,tags:array<string>>>', ['[]', '[{"n":1,"tags":["a",null]},null,{}]'])).toEqual([
      [],
      [[1, ['a', null]], null, [null, null]],
    ])
    const every =
      'struct<b:boolean,d:double,m:decimal(5,2),w:decimal(38,0),s:string,x:binary,dt:date,ts:timestamp,tn:timestamp_ntz>'
    expect(
      readAs(every, [
        '{"b":true,"d":-0.0,"m":1.005,"w":"99999999999999999999999999999999999999","s":{"k": 1.50},"x":"AQL/"}',
        '{"b":false,"d":"NaN","s":"more than \\u0074welve bytes","dt":"2024-01-31","ts":1706704496,"tn":"2024-01-31 12:34:56"}',
      ]),
    ).toEqual([
      [true, -0, 101n, 10n ** 38n - 1n, '{"k": 1.50}', Buffer.from([1, 2, 255]), null, null, null],
      [false, Number.NaN, null, null, 'more than twelve bytes', null, 19753, 1706704496000000n, 1706704496000000n],
    ])
  })

  it.each<[string, string, string]>([
    ['struct<a:int>', '{"a":1', '{"a":1\': a comma or a closing bracket is missing at byte 7'],
    ['struct<a:int>', '{"a":1} {"a":2}', '{"a":1} {"a":2}\': more follows the value at byte 9'],
    ['struct<a:int>', '[{"a":1}]', 'fromJson(): "$" is struct<a:int>, and here it is [{"a":1}]'],
    ['array<int>', '{}', 'fromJson(): "$" is array<int>, and here it is {}'],
    ['array<struct<a:int>>', '[{"a":1},{"a":"1"}]', 'fromJson(): "$[].a" is int, and here it is "1"'],
    ['struct<a:struct<b:bigint>>', '{"a":{"b":1.0}}', 'fromJson(): "$.a.b" is bigint, and here it is 1.0'],
    ['struct<a:double>', '{"a":9007199254740993}', '"$.a" is double, and here it is 9007199254740993, which no double'],
  ])('as %s refuses %s', (type, text, problem) => {
    expect(readAs(type, [text])).toEqual([{ error: expect.stringContaining(problem) }])
  })

  it('wants a value where the type has no null', () => {
    const type: Type = { type: 'struct', fields: [{ name: 'a', type: 'integer', nullable: false }] }
    expect(readAs(type, ['{"a":0}', '{"b":1}', '{"a":null}', 'null'])).toEqual([
      [0],
      { error: expect.stringContaining('"$.a" has no value here, and is not nullable') },
      { error: expect.stringContaining('"$.a" has no value here, and is not nullable') },
      null,
    ])
  })

  it('is the inverse of toJson(), row by row, whatever was left out of the batch', () => {
    const random = new Random(4)
    const columns: Column[] = [
      { name: 'keep', type: 'boolean', nullable: false },
      { name: 'x', type: parseType('array<struct<p:string,q:array<double>>>', Error), nullable: true },
    ]
    const text = () => random.pick([null, '', 'short', 'a text of more than twelve bytes', 'é"\\\n'])
    const list = (one: () => Value): Value => (random.below(5) === 0 ? null : random.times(random.below(4), one))
    const rows = random.times(3000, () => {
      const one = () => (random.below(6) === 0 ? null : [text(), list(() => random.pick([null, 0, 1.5, -1e300]))])
      return [random.below(3) > 0, list(one)] as Value[]
    })
    const like: Untyped = { kind: 'literal', value: null, type: columns[1]!.type }
    const json: Untyped = { kind: 'call', fn: 'toJson', args: [column('x')] }
    const back = resolve({ kind: 'call', fn: 'fromJson', args: [json, like] }, columns)
    const keep = resolve(column('keep'), columns)
    expect(evaluateRows([back], rows, columns, keep)).toEqual(rows.filter(([kept]) => kept).map(([, x]) => [x]))
  })

  it('reads structs and lists, of which it shows the type', () => {
    expect(() => readAs('int', ['1'])).toThrow(/reads a struct or a list, not int/)
    const wrong: Untyped = {
      kind: 'call',
      fn: 'fromJson',
      args: [column('q'), { kind: 'literal', value: null, type: parseType('array<int>', Error) }],
    }
    expect(expressionText(wrong)).toBe('fromJson(q as array<int>)')
  })
})

describe('toJson()', () => {
  it('leaves out fields that are null, and keeps what text cannot show otherwise', () => {
    const columns: Column[] = [
      {
        name: 'x',
        type: parseType('struct<a:int,b:double,c:array<string>,t:timestamp,d:decimal(5,2)>', Error),
        nullable: true,
      },
    ]
    const expression = resolve({ kind: 'call', fn: 'toJson', args: [column('x')] }, columns)
    const rows: Value[][] = [
      [[1, 1.5, ['a"b', null], 1n, 150n]],
      [[null, Number.NaN, [], 1_000n, null]],
      [[null, null, null, null, null]],
      [null],
    ]
    expect(evaluateRows([expression], rows, columns)).toEqual([
      ['{"a":1,"b":1.5,"c":["a\\"b",null],"t":"1970-01-01T00:00:00.000001Z","d":1.50}'],
      ['{"b":"NaN","c":[],"t":"1970-01-01T00:00:00.001Z"}'],
      ['{}'],
      [null],
    ])
  })

  it('takes structs and lists', () => {
    expect(() => resolve({ kind: 'call', fn: 'toJson', args: [column('s')] }, COLUMNS)).toThrow(
      /a struct or a list, not string/,
    )
  })
})
