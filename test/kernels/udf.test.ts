/** Functions of the user's in native expressions: what they get against rows, and answers that no host should give. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { fromNative, kernels } from '../../dist/src/kernels/addon.js'
import { pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import { setUserFunctions, udfHost } from '../../dist/src/kernels/udf.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'
import { ROW_COLUMNS, randomRow } from './random_row.js'

const functions = new Map<string, (...args: never[]) => unknown>()
beforeEach(() => {
  kernels.setUdfHost(udfHost)
  setUserFunctions(
    (id) => functions.get(id),
    () => {},
  )
})
afterAll(() => kernels.setUdfHost(udfHost))

function calling(fn: (...args: never[]) => unknown, type: Type, args: readonly Column[]): Expression {
  const id = String(functions.size + 1)
  functions.set(id, fn)
  const udf = { function: id, name: `f${id}`, marks: [] }
  return {
    op: 'call',
    fn: 'udf',
    udf,
    args: args.map((column) => ({ op: 'column', ...column })),
    type,
    nullable: true,
  }
}

function run(columns: readonly Column[], rows: readonly Row[], value: Expression, where?: Expression): Row[] {
  const pipeline = kernels.createPipeline(
    pipelineProgram({
      source: { kind: 'batches', columns: [...columns] },
      operators: [
        ...(where ? [{ op: 'filter' as const, where }] : []),
        { op: 'project', columns: [{ name: 'x', value }] },
      ],
      end: { kind: 'rows' },
    }),
    null,
    { memoryBytes: 1 << 20 },
  )
  try {
    pipeline.addRows(encodeRows(rows, columns))
    pipeline.finish()
    return decodeRows(pipeline.takeOutput(), [{ name: 'x', type: value.type, nullable: true }])
  } catch (error) {
    throw fromNative(error)
  } finally {
    pipeline.close()
  }
}

const shown = (value: unknown) =>
  value === null ? null : JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? [...part] : part))

describe('a function', () => {
  it.each([1, 2, 3])('gets the values that rows have, seed %i', (seed) => {
    const random = new Random(seed)
    const rows = random.times(5000, () => randomRow(random))
    const numbered = rows.map((row, i) => ({ ...row, number: i }))
    const columns: Column[] = [...ROW_COLUMNS, { name: 'number', type: 'integer', nullable: true }]
    const every = 1 + random.below(5)
    const where = calling((n: number) => n % every === 0, 'boolean', columns.slice(-1))
    for (const column of ROW_COLUMNS) {
      const got = run(columns, numbered, calling(shown, 'string', [column]), where)
      const kept = rows.filter((_, i) => i % every === 0)
      expect(got.map(({ x }) => x)).toEqual(kept.map((row) => shown(row[column.name])))
    }
  })

  it.each([4, 5, 6])('gives lists and structs of values of every type, seed %i', (seed) => {
    const random = new Random(seed)
    const all: Type = { type: 'struct', fields: ROW_COLUMNS }
    const columns: Column[] = [
      { name: 'all', type: all, nullable: true },
      { name: 'many', type: { type: 'array', element: all, containsNull: true }, nullable: true },
      { name: 'text', type: 'string', nullable: true },
      { name: 'number', type: 'integer', nullable: true },
    ]
    const maybe = <T>(make: () => T) => (random.below(5) === 0 ? null : make())
    const rows = random.times(3000, (number) => ({
      all: maybe(() => randomRow(random)),
      many: maybe(() => random.times(random.below(4), () => maybe(() => randomRow(random)))),
      text: random.pick(['a', 'b', 'more than twelve bytes', null]),
      number,
    }))
    const every = 1 + random.below(5)
    const where = calling((n: number) => n % every === 0, 'boolean', columns.slice(-1))
    const kept = rows.filter((_, i) => i % every === 0)
    const same = (x: unknown) => x
    for (const column of columns.slice(0, 2)) {
      const got = run(columns, rows, calling(same, column.type, [column]), where)
      expect(got).toEqual(kept.map((row) => ({ x: row[column.name as 'all' | 'many'] })))
    }
    const words: Type = { type: 'array', element: 'string', containsNull: false }
    const twice = (text: string | null) => (text === null ? null : [text, text])
    expect(run(columns, rows, calling(twice, words, [columns[2]!]), where)).toEqual(
      kept.map(({ text }) => ({ x: twice(text) })),
    )
  })

  it('gets texts that are too large for one block in several', () => {
    const column: Column = { name: 'text', type: 'string', nullable: true }
    const rows = Array.from({ length: 40 }, (_, i) => ({ text: 'ab'[i % 2]!.repeat(i === 7 ? 20 << 20 : 1 << 20) }))
    let calls = 0
    const value = calling((text: string) => ++calls && text.length, 'integer', [column])
    expect(run([column], rows, value).map(({ x }) => x)).toEqual(rows.map(({ text }) => text.length))
    expect(calls).toBe(40)
  })

  it('fails with the row at fault', () => {
    const column: Column = { name: 'n', type: 'integer', nullable: true }
    const value = calling((n: number) => (n === 3 ? {} : n), 'integer', [column])
    const rows = [1, 2, 3].map((n) => ({ n }))
    expect(() => run([column], rows, value)).toThrow(/gives an object, and is declared as int/)
  })
})

describe('an answer that is not as it should be', () => {
  const column: Column = { name: 'n', type: 'integer', nullable: true }
  const rows = [1, 2, 3].map((n) => ({ n }))
  const numbers = new Float64Array(3)
  const ANSWERS: [Type, unknown][] = [
    ['integer', null],
    ['integer', undefined],
    ['integer', {}],
    ['integer', { numbers: [1, 2, 3] }],
    ['integer', { numbers: new Float64Array(2) }],
    ['integer', { numbers: new Float32Array(3) }],
    ['integer', { wide: new BigInt64Array(3) }],
    ['integer', { numbers, nulls: new Uint8Array(2) }],
    ['long', { wide: new BigInt64Array(2) }],
    ['string', { numbers }],
    ['string', { bytes: Buffer.from('abc') }],
    ['string', { bytes: Buffer.from('abc'), ends: Uint32Array.of(1, 2, 4) }],
    ['string', { bytes: Buffer.from('abc'), ends: Uint32Array.of(2, 1, 3) }],
    ['string', { bytes: 'abc', ends: Uint32Array.of(1, 2, 3) }],
    [{ type: 'array', element: 'integer', containsNull: true }, { numbers }],
    ['integer', { row: -1, code: 'USER_ERROR', detail: '{}' }],
    ['integer', { row: 0, code: 1, detail: '{}' }],
  ]
  it.each(ANSWERS)('is refused: %s, %o', (type, answer) => {
    const value = calling((n: number) => n, type, [column])
    kernels.setUdfHost((() => answer) as unknown as typeof udfHost)
    expect(() => run([column], rows, value)).toThrow(/must be/)
  })

  it.each([Number.NaN, 0.5, 2 ** 40])('is refused where a number does not fit: %d', (number) => {
    const value = calling((n: number) => n, 'integer', [column])
    kernels.setUdfHost(() => ({ name: 'f', numbers: Float64Array.of(1, number, 1) }))
    expect(() => run([column], rows, value)).toThrow('The function f gives what is no int.')
  })
})
