/** Rows of the elements of lists, against plain TypeScript: elements of all types, nulls, long lists, rows that a filter left out. */
import { expect, it } from 'vitest'
import { kernels, type Pipeline } from '../../dist/src/kernels/addon.js'
import { type PipelineOperator, pipelineProgram } from '../../dist/src/kernels/pipeline_program.js'
import { encodeRows } from '../../dist/src/kernels/row_writer.js'
import { decodeRows, type Row } from '../../dist/src/kernels/rows.js'
import { exploded } from '../../dist/src/plan/columns.js'
import type { Expression } from '../../dist/src/plan/expression.js'
import type { OperatorOf } from '../../dist/src/plan/plan.js'
import type { Column, Type } from '../../dist/src/plan/type.js'
import { Random } from '../helpers/random.js'

const column = (name: string, type: Type): Column => ({ name, type, nullable: true })
const read = (own: Column): Expression => ({ op: 'column', ...own })

const PAIR: Type = { type: 'struct', fields: [column('n', 'integer'), column('s', 'string')] }
const ELEMENTS: Record<string, { type: Type; values: unknown[] }> = {
  integer: { type: 'integer', values: [0, -1, 2 ** 31 - 1] },
  boolean: { type: 'boolean', values: [true, false] },
  string: { type: 'string', values: ['', 'short', 'longer than a view of twelve bytes'] },
  decimal: { type: { type: 'decimal', precision: 38, scale: 1 }, values: ['1.5', '-12345678901234567890123456789.0'] },
  struct: {
    type: PAIR,
    values: [
      { n: 1, s: 'x' },
      { n: null, s: 'a text that is not short' },
    ],
  },
  list: { type: { type: 'array', element: 'string', containsNull: true }, values: [[], ['a', null], ['b'.repeat(20)]] },
}

function operatorOf(list: Column, how: Partial<OperatorOf<'explode'>>): OperatorOf<'explode'> {
  const { element } = list.type as { element: Type }
  const names = { position: null, element: column('item', element) }
  return { op: 'explode', list: read(list), outer: false, most: 0, keep: ['id', 's'], ...names, ...how }
}

function open(columns: Column[], operators: PipelineOperator[]): Pipeline {
  const program = pipelineProgram({ source: { kind: 'batches', columns }, operators, end: { kind: 'rows' } })
  return kernels.createPipeline(program, null, { memoryBytes: 1 << 20 })
}

function run(columns: Column[], operators: PipelineOperator[], rows: Row[], result: Column[]): Row[] {
  const pipeline = open(columns, operators)
  pipeline.addRows(encodeRows(rows, columns))
  pipeline.finish()
  return decodeRows(pipeline.takeOutput(), result) as Row[]
}

function expected(rows: Row[], outer: boolean, position: boolean): Row[] {
  return rows.flatMap(({ id, s, list }) => {
    const made = ((list ?? []) as unknown[]).map((item, pos) => ({ pos: pos as number | null, item }))
    if (made.length === 0 && outer) made.push({ pos: null, item: null })
    return made.map(({ pos, item }) => ({ id, s, ...(position ? { pos } : {}), item }))
  })
}

it.each(Object.entries(ELEMENTS))('elements of type %s are what the list has, in order', (_, { type, values }) => {
  const list = column('list', { type: 'array', element: type, containsNull: true })
  const columns = [column('id', 'integer'), column('s', 'string'), list]
  for (const seed of [1, 2, 3, 4]) {
    const random = new Random(seed)
    const longest = random.pick([3, 40])
    const rows = random.times(random.pick([1, 500, 3000]), (id): Row => {
      const elements = random.times(random.below(longest), () => (random.below(5) === 0 ? null : random.pick(values)))
      const s = random.pick([null, 'a', 'a text of more bytes than a view holds'])
      return { id, s, list: random.below(6) === 0 ? null : elements }
    })
    for (const outer of [false, true]) {
      for (const position of [null, column('pos', 'integer')]) {
        const operator = operatorOf(list, { outer, position })
        const found = run(columns, [operator], rows, exploded(columns, operator))
        expect(found, `seed ${seed}`).toEqual(expected(rows, outer, position !== null))
      }
    }
    const where: Expression = {
      op: 'call',
      fn: 'ge',
      args: [read(columns[0]!), { op: 'literal', value: 100, type: 'integer' }],
      type: 'boolean',
      nullable: true,
    }
    const operator = operatorOf(list, { outer: true })
    const kept = rows.filter(({ id }) => (id as number) >= 100)
    expect(run(columns, [{ op: 'filter', where }, operator], rows, exploded(columns, operator))).toEqual(
      expected(kept, true, false),
    )
  }
})

it('a list may have more elements than row numbers have bits, and only the first are needed', () => {
  const list = column('list', { type: 'array', element: 'integer', containsNull: true })
  const columns = [column('id', 'integer'), column('s', 'string'), list]
  const rows: Row[] = [{ id: 1, s: null, list: Array.from({ length: 200_000 }, (_, i) => i) }]
  const operator = operatorOf(list, {})
  const result = exploded(columns, operator)
  expect(run(columns, [operator], rows, result)).toEqual(expected(rows, false, false))
  const first = run(columns, [operator, { op: 'limit', count: 5000 }], [...rows, ...rows], result)
  expect(first).toEqual(expected(rows, false, false).slice(0, 5000))
})

it('long texts beside many elements leave in batches that memory has room for', () => {
  const list = column('list', { type: 'array', element: 'integer', containsNull: true })
  const columns = [column('id', 'integer'), column('s', 'string'), list]
  const text = 'x'.repeat(1_000_000)
  const operator = operatorOf(list, {})
  const program = pipelineProgram({
    source: { kind: 'batches', columns },
    operators: [operator],
    end: { kind: 'text', format: { kind: 'jsonl' } },
  })
  let [most, total] = [0, 0]
  const pipeline: Pipeline = kernels.createPipeline(program, null, {
    memoryBytes: 1 << 20,
    onFull() {
      const { length } = pipeline.takeOutput()
      most = Math.max(most, length)
      total += length
    },
  })
  pipeline.addRows(encodeRows([{ id: 1, s: text, list: Array.from({ length: 300 }, (_, i) => i) }], columns))
  pipeline.finish()
  total += pipeline.takeOutput().length
  expect(total).toBeGreaterThan(300_000_000)
  expect(most).toBeLessThan(12_000_000)
})

it('a row that it makes and that is at fault is noted with its values', () => {
  const list = column('list', { type: 'array', element: 'integer', containsNull: true })
  const columns = [column('id', 'integer'), column('s', 'string'), list]
  const operator = operatorOf(list, {})
  const item = read(operator.element)
  const rest: Expression = { op: 'call', fn: 'mod', args: [item, item], type: 'integer', nullable: true }
  const program = pipelineProgram({
    source: { kind: 'batches', columns },
    operators: [operator, { op: 'project', columns: [{ name: 'q', value: rest }] }],
    end: { kind: 'rows' },
  })
  const rows: Row[] = [
    { id: 1, s: 'a', list: [3, 0, null] },
    { id: 2, s: 'b', list: [0] },
  ]
  const pipeline = kernels.createPipeline(program, null, { memoryBytes: 1 << 20, keepBad: true })
  pipeline.addRows(encodeRows(rows, columns))
  pipeline.finish()
  expect(pipeline.takeBad().map(({ excerpt }) => excerpt)).toEqual([
    '{"id":1,"s":"a","item":0}',
    '{"id":2,"s":"b","item":0}',
  ])
  expect(pipeline.rowsOut).toBe(2)
})
