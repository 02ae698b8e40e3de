/** Fields of structs, by their names as properties. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DataFrame, int, jsonl, list, max, nullable, read, string, struct, sum, type Untyped } from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../helpers/folder.js'
import { failure } from '../helpers/run.js'

/** Names that expressions, objects and programs use for something else. */
const NAMES = [
  ...['eq', 'as', 'isNull', 'getField', 'getItem', 'constructor', 'toString', 'hasOwnProperty'],
  ...[
    'name',
    'key',
    'of',
    'names',
    'sort',
    'then',
    'toJSON',
    'length',
    'query',
    'schema',
    'input',
    'columnType',
    'nodeType',
  ],
]
const METHODS = new Set(NAMES.slice(0, 8))

function fileOf(rows: readonly object[]): string {
  const path = join(temporaryFolder(), 'a.jsonl')
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return path
}

const SCHEMA = {
  id: int(),
  address: nullable(struct({ city: string(), at: struct({ x: int(), y: nullable(int()) }) })),
  items: list(struct({ price: int() })),
}
const ROWS = [
  { id: 1, address: { city: 'London', at: { x: 3, y: null } }, items: [{ price: 5 }, { price: 7 }] },
  { id: 2, address: null, items: [] },
  { id: 3, address: { city: 'Paris', at: { x: 4, y: 9 } }, items: [{ price: 2 }] },
]

describe('fields of structs', () => {
  it.each(['declared', 'found'])('are properties of columns, in a frame whose schema is %s', async (how) => {
    const path = fileOf(ROWS)
    // biome-ignore lint/suspicious/noExplicitAny: the types are those of types.test.ts
    const frame = (how === 'declared' ? read(jsonl({ schema: SCHEMA }), path) : read.json(path)) as any
    // biome-ignore lint/suspicious/noExplicitAny: likewise
    type Columns = any
    const chosen = frame.select((c: Columns) => [
      c.id,
      c.address.city,
      c.address.at.y,
      c.items.getItem(0).price.as('p'),
    ])
    expect(await chosen.collect()).toEqual([
      { id: 1, city: 'London', y: null, p: 5 },
      { id: 2, city: null, y: null, p: null },
      { id: 3, city: 'Paris', y: 9, p: 2 },
    ])
    const made = frame
      .filter((c: Columns) => c.address.at.x.ge(3))
      .withColumn('x', (c: Columns) => c.address.at.x.add(1))
      .orderBy((c: Columns) => c.address.city.desc())
    expect(await made.select('id', 'x').collect()).toEqual([
      { id: 3, x: 5 },
      { id: 1, x: 4 },
    ])
    const grouped = frame.agg((c: Columns) => ({ most: max(c.address.at.x), prices: sum(c.items.getItem(0).price) }))
    expect(await grouped.first()).toEqual({ most: 4, prices: 7 })
    const joined = frame.join(frame, (l: Columns, r: Columns) => l.address.at.x.lt(r.address.at.x), { suffix: '2' })
    expect(await joined.select('id', 'id2').collect()).toEqual([{ id: 1, id2: 3 }])
  })

  it('may have any name', async () => {
    const value = Object.fromEntries(NAMES.map((name, i) => [name, i]))
    const fields = Object.fromEntries(NAMES.map((name) => [name, int()]))
    const path = fileOf([{ s: value }])
    const plain = NAMES.filter((name) => !METHODS.has(name))
    for (const frame of [read(jsonl({ schema: { s: struct(fields) } }), path) as DataFrame<Untyped>, read.json(path)]) {
      const got = frame.select((c) => NAMES.map((name) => c.s.getField(name).as(`got ${name}`)))
      expect(await got.first()).toEqual(Object.fromEntries(NAMES.map((name, i) => [`got ${name}`, i])))
      const byProperty = frame.select((c) => plain.map((name) => c.s[name].add(0).as(`got ${name}`)))
      expect(await byProperty.first()).toEqual(Object.fromEntries(plain.map((name) => [`got ${name}`, value[name]])))
      for (const name of METHODS) expect(() => frame.select((c) => ({ got: c.s[name] })), name).toThrow()
    }
  })

  it('that no struct has are refused where the schema is known, with the name that may be meant', async () => {
    const path = fileOf(ROWS)
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript refuses it
    const wrong = (c: any) => c.address.citty.eq('x')
    const declared = read(jsonl({ schema: SCHEMA }), path)
    expect(() => declared.filter(wrong)).toThrow(
      expect.objectContaining({ code: 'DATASET_INVALID', hint: expect.stringContaining('Did you mean "city"?') }),
    )
    const found = await failure(read.json(path).filter(wrong).count())
    expect([found.code, found.message, found.hint]).toEqual([
      'DATASET_INVALID',
      expect.stringContaining('address.citty'),
      expect.stringContaining('Did you mean "city"?'),
    ])
    const none = await failure(
      read
        .json(path)
        .filter((c) => c.id.city.eq('x'))
        .count(),
    )
    expect(none.message).toContain('has no field city')
  })
})
