/** Rows of the elements of lists: names and types of columns, what is refused, and what goes past them. */
import {
  array,
  col,
  count,
  explode,
  explodeOuter,
  int,
  jsonl,
  list,
  long,
  nullable,
  posexplode,
  posexplodeOuter,
  read,
  rowNumber,
  string,
  struct,
  sum,
  Window,
} from 'runjob'
import { describe, expect, it } from 'vitest'
import { columns, failureOf, logical, optimised, stages } from './frames.js'

// biome-ignore lint/suspicious/noExplicitAny: what the compiler would refuse
type Any = any

const lists = read(
  jsonl({
    schema: {
      id: long(),
      tags: list(string()),
      marks: nullable(list(nullable(int()))),
      lines: list(struct({ sku: string(), qty: int() })),
    },
  }),
  'lists',
)

describe('explode()', () => {
  it('makes a column of the elements, as null as these are', () => {
    expect(columns(lists.select('id', explode('tags')))).toBe('id: bigint, col: string')
    expect(columns(lists.select('id', explode('marks').as('mark')))).toBe('id: bigint, mark: int?')
    expect(columns(lists.select((c) => ({ id: c.id, line: explode(c.lines) })))).toBe(
      'id: bigint, line: struct<sku:string,qty:int>',
    )
    expect(columns(lists.select('id', explodeOuter('tags')))).toBe('id: bigint, col: string?')
    expect(columns(lists.select('id', ...posexplode('tags')))).toBe('id: bigint, pos: int, col: string')
    expect(columns(lists.select('id', ...posexplodeOuter('tags')))).toBe('id: bigint, pos: int?, col: string?')
  })

  it('adds a column, replaces its list, and names what it makes', () => {
    expect(columns(lists.withColumn('tags', explode('tags')).select('id', 'tags'))).toBe('id: bigint, tags: string')
    const [place, tag] = posexplode('tags')
    expect(columns(lists.withColumns({ place, tag }).select('place', 'tag'))).toBe('place: int, tag: string')
    expect(columns(lists.withColumn('line', explode('lines')).select((c) => [c.line.getField('sku')]))).toBe(
      'sku: string',
    )
  })

  it('is known to the compiler', () => {
    const made = lists.withColumn('tag', (c) => explode(c.tags)).select('id', 'tag', ...posexplode('lines'))
    const rows: () => Promise<{ id: number; tag: string; pos: number; col: unknown }[]> = () => made.collect()
    const typed = lists
      .withColumn('line', (c) => explode(c.lines))
      .select((c) => ({ sku: c.line.sku, qty: c.line.qty }))
    const more: () => Promise<{ sku: string; qty: number }[]> = () => typed.collect()
    expect([rows, more]).toHaveLength(2)
  })

  it('takes one list a select, whole', () => {
    expect(failureOf(() => lists.select('id', explode('tags'), explode('marks')))).toBe(
      'DATASET_INVALID: select(): both explode(tags) and explode(marks) make rows. ' +
        'Explode one list, and the other in a withColumn() after that: each element of the one meets each of the other.',
    )
    expect(failureOf(() => lists.select(explode('tags').as('a'), explode('tags').as('b')))).toContain(
      'both explode(tags)',
    )
    expect(failureOf(() => lists.select(...posexplode('tags'), explodeOuter('tags').as('c')))).toContain('make rows')
    expect(failureOf(() => lists.select(explode('id')))).toContain(
      'DATASET_INVALID: explode(id) needs a list, not bigint.',
    )
    expect(failureOf(() => lists.select(explode('tag' as Any)))).toContain('COLUMN_UNKNOWN: No column "tag"')
    expect(failureOf(() => lists.select('id', (explode('marks') as Any).add(1)))).toContain(
      'DATASET_INVALID: explode(marks): makes rows, which is not possible here. Make a column of it before',
    )
    expect(failureOf(() => lists.filter((explode('marks') as Any).gt(1)))).toContain('makes rows')
    expect(failureOf(() => lists.groupBy(explode('tags') as Any).count())).toContain('makes rows')
    expect(failureOf(() => lists.orderBy(explode('tags')))).toContain('makes rows')
    expect(failureOf(() => lists.agg({ n: sum(explode('marks') as Any) }))).toContain('makes rows')
    expect(failureOf(() => (explode as Any)('tags', 'marks'))).toContain('explode')
    expect(failureOf(() => (explode as Any)(1))).toContain('explode() needs a column or an expression, not 1')
    const numbered = rowNumber().over(Window.orderBy('id'))
    expect(failureOf(() => lists.select(explode('tags'), numbered.as('n')))).toContain(
      'a window function is about rows',
    )
  })
})

describe('the optimizer', () => {
  it('drops the list, and the place that no one asks for', () => {
    const made = lists.withColumns({ place: posexplode('tags')[0], tag: posexplode('tags')[1] })
    expect(optimised(made.select('id', 'tag'))).toMatchInlineSnapshot(`
      "project id, col as tag
      └─ explode tags as col
         └─ read jsonl lists: id, tags"
    `)
    expect(optimised(made.agg({ n: count() }))).toMatchInlineSnapshot(`
      "aggregate count() as n
      └─ project id
         └─ explode tags as col
            └─ read jsonl lists: id, tags"
    `)
  })

  it('filters rows before their elements, unless the condition may fail', () => {
    const made = lists.withColumn('tag', explode('tags'))
    expect(optimised(made.filter((c) => c.id.gt(1).and(c.tag.eq('x'))).select('id'))).toMatchInlineSnapshot(`
      "project id
      └─ filter col = 'x'
         └─ explode tags as col
            └─ filter id > 1
               └─ read jsonl lists: id, tags"
    `)
    expect(optimised(made.filter((c) => c.id.add(1).gt(1)).select('id'))).toMatchInlineSnapshot(`
      "project id
      └─ filter (id + 1) > 1
         └─ explode tags as col
            └─ read jsonl lists: id, tags"
    `)
    const failing = lists.withColumn('n', explode(array(col('id').add(1)))).filter(col('id').gt(1))
    expect(optimised(failing.select('n'))).toMatchInlineSnapshot(`
      "project col as n
      └─ filter id > 1
         └─ explode array(id + 1) as col
            └─ read jsonl lists: id"
    `)
  })

  it('explodes on the way, without an exchange', () => {
    expect(stages(lists.select('id', explodeOuter('tags')).limit(3))).toMatchInlineSnapshot(`
      "limit 1: lists scan explode limit -> 1 by hash, rows (id: bigint, col: string?) in order of input
      output: <limit 1> rows limit -> sink (id: bigint, col: string?)"
    `)
    expect(logical(lists.select('id', explodeOuter('tags')))).toMatchInlineSnapshot(`
      "project id, col
      └─ explode tags as col, also without elements
         └─ read jsonl lists: id, tags, marks, lines"
    `)
  })
})
