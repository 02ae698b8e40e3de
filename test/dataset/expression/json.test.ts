/** Parts of JSON by their path, and values as JSON: what random expressions hardly meet. */
import { describe, expect, it } from 'vitest'
import { resolve } from '../../../dist/src/dataset/expression/resolve.js'
import type { Untyped } from '../../../dist/src/dataset/expression/untyped.js'
import type { Column } from '../../../dist/src/plan/type.js'
import { parseType } from '../../../dist/src/plan/type_text.js'
import { interpret } from '../../helpers/interpreter/interpreter.js'
import type { Value } from '../../helpers/interpreter/value.js'
import { evaluateRows } from '../../helpers/native.js'

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
