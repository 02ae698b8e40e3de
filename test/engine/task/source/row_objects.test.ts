/** A row is an object like any other, and its errors name missing columns. */
import assert from 'node:assert'
import { inspect } from 'node:util'
import { runInMemory, runMap } from 'runjob/testing'
import { describe, expect, it } from 'vitest'
import { lateRowClass, rowClass } from '../../../../dist/src/engine/task/source/rows.js'
import { Columns } from '../../../../dist/src/io/format/csv/columns.js'
import { temporaryFolder, writeFiles } from '../../../helpers/folder.js'
import { Random } from '../../../helpers/random.js'
import { failure, run } from '../../../helpers/run.js'
import { asking, counted, objects, reading, views, viewsOf } from './row_jobs.js'

type Row = Record<string, string>

const classes = { 'all fields at once': rowClass, 'each field when it is read': lateRowClass }

function rowOf(header: string[], fields: string[], classOf = rowClass, expected: string[] | null = null): Row {
  const Row = classOf(new Columns(header, expected, 'data.csv'))
  return new Row({ field: (i) => fields[i - 5]! }, 5) as Row
}

const oslo = (classOf = rowClass): Row => rowOf(['city', 'price'], ['Oslo', '12'], classOf)

function thrown(read: () => unknown): { code: string; message: string; where: object } {
  try {
    read()
  } catch (error) {
    return error as ReturnType<typeof thrown>
  }
  throw new Error('it did not throw')
}

/** Names with a meaning in JavaScript, or that look like something else. */
const ODD_NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON', 'then', 'length'],
  ...['2019', '0', '-1', '01', 'unit price', 'naïve', '😀', '"', '\\', '`', '{x}', 'a\nb', '\u2028', 'this', 'source'],
  ...['first', 'undefined', 'nodeType', '#1x', 'a;b', '*/', '//', '</script>'],
]

describe.each(Object.entries(classes))('a row with %s', (_, classOf) => {
  it('has every column under its name, whatever the name', () => {
    const row = rowOf(
      ODD_NAMES,
      ODD_NAMES.map((_, i) => `field ${i}`),
      classOf,
    )
    for (const [i, name] of ODD_NAMES.entries()) expect(row[name], name).toBe(`field ${i}`)
    expect(row['#3']).toBe('field 2')
  })

  it('throws if a missing column is read, and names the file', () => {
    const row = oslo(classOf)
    const error = thrown(() => row.prise)
    expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', where: { file: 'data.csv' }, hint: 'Did you mean "price"?' })
    expect(error.message).toBe('No column "prise". Columns: city, price.')
    for (const name of ['', '0', '#0', '#3', '#x', 'Price', 'price ']) {
      expect(thrown(() => row[name]).code, name).toBe('COLUMN_UNKNOWN')
    }
  })

  it('is read by number if a name occurs twice or is missing', () => {
    const row = rowOf(['id', 'x', '', 'x', 'y'], ['1', '2', '3', '4', '5'], classOf)
    expect([row.id, row['#2'], row['#3'], row['#4'], row.y, row['#5']]).toEqual(['1', '2', '3', '4', '5', '5'])
    const error = thrown(() => row.x)
    expect(error.code).toBe('COLUMN_AMBIGUOUS')
    expect(error.message).toBe('Several columns have the name "x": #2, #4.')
    expect(thrown(() => row[''])).toMatchObject({ code: 'COLUMN_AMBIGUOUS' })
  })

  it('is read by another sign if a column has a number’s name', () => {
    const row = rowOf(['#2', '', 'x', '#2x'], ['1', '2', '3', '4'], classOf)
    expect([row['#2'], row['##2'], row.x, row['#3'], row['#2x']]).toEqual(['1', '2', '3', '3', '4'])
  })

  it('has the columns that the job names, in any order, and no others', () => {
    const row = rowOf(['a', 'b', 'c'], ['1', '2', '3'], classOf, ['c', 'a'])
    expect([row.c, row.a]).toEqual(['3', '1'])
    expect(thrown(() => row.b).message).toBe('No column "b". Columns: c, a.')
  })

  it('lets promises, JSON and test tools read properties that plain objects do not have either', async () => {
    const row = oslo(classOf)
    expect(await row).toBe(row)
    expect([row.then, row.toJSON, row.asymmetricMatch, row.$$typeof, row['@@iterator']]).toEqual(
      Array(5).fill(undefined),
    )
    expect(row.constructor).toBe(Object)
    expect(`${row.toString()} ${Object.hasOwn(row, 'nothing')}`).toBe('[object Object] false')
  })
})

describe('a row that a map passes on', () => {
  it('looks like an object literal', () => {
    const row = oslo()
    const literal = { city: 'Oslo', price: '12' }
    expect(row).toEqual(literal)
    expect(row).toStrictEqual(literal)
    assert.deepEqual(row, literal)
    assert.deepStrictEqual({ ...row }, literal)
    expect(inspect(row)).toBe(inspect(literal))
    expect(viewsOf(row)).toEqual(viewsOf(literal))
    expect(() => expect(row).toEqual({ city: 'Rome', price: '12' })).toThrow(/Oslo/)
    row.city = 'Bergen'
    row.added = 'x'
    expect({ ...row }).toEqual({ city: 'Bergen', price: '12', added: 'x' })
  })

  it('has own properties for odd names too, in the order that JavaScript gives them', () => {
    const row = rowOf(
      ODD_NAMES,
      ODD_NAMES.map((_, i) => `${i}`),
    )
    const literal = Object.fromEntries(ODD_NAMES.map((name, i) => [name, `${i}`]))
    expect(Object.entries(row)).toEqual(Object.entries(literal))
    expect(Object.keys(row).slice(0, 3)).toEqual(['0', '2019', '__proto__'])
    expect(JSON.stringify(row)).toBe(JSON.stringify(literal))
  })

  it('has columns without a name under their numbers', () => {
    const row = rowOf(['id', 'x', '', 'x'], ['1', '2', '3', '4'])
    expect(row).toEqual({ id: '1', '#2': '2', '#3': '3', '#4': '4' })
  })

  it('is the same in a run and in a test of the map', async () => {
    const fields = { city: 'Oslo', price: '12', '2019': 'a "b"', note: 'é,\n' }
    const { records } = await runInMemory(views, [fields])
    const [pair] = await runMap(views, [fields])
    expect(records[0]).toEqual(pair)
    expect(pair![1]).toEqual({ ...viewsOf(fields), byName: Object.values(fields) })
  })

  it('has a thousand columns as well', () => {
    const names = Array.from({ length: 2000 }, (_, i) => `c${i}`)
    const row = rowOf(
      names,
      names.map((_, i) => `${i}`),
    )
    expect(row).toEqual(Object.fromEntries(names.map((name, i) => [name, `${i}`])))
  })
})

function table(files: Record<string, string>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

const valuesOf = async (job: typeof reading, input: string, params: Record<string, string | boolean>) => {
  const result = await run(job, input, { params, workers: 1 })
  const values: unknown[] = []
  for await (const [, value] of result.read()) values.push(value)
  return values
}

describe.each([true, false])('columns in files with different orders (late fields: %s)', (late) => {
  it('are found by name in each', async () => {
    const input = table({ '1.csv': 'a,b\n1,2\n', '2.csv': 'b,more,a\n4,x,3\n', '3.csv': 'b,"a"\r\n6,5\r\n' })
    expect(await valuesOf(reading, input, { column: 'a', late })).toEqual(['1', '3', '5'])
    expect(await valuesOf(reading, input, { column: 'a', columns: 'b|a', late })).toEqual(['1', '3', '5'])
  })

  it('are found in a file that is large enough to look through the map for', async () => {
    const rows = Array.from({ length: 1200 }, (_, i) => `${'x'.repeat(1000)},${i}\n`).join('')
    const values = await valuesOf(reading, table({ '1.csv': `b,a\n${rows}` }), { column: 'a', late })
    expect(values).toEqual(Array.from({ length: 1200 }, (_, i) => String(i)))
    const unknown = run(reading, table({ '1.csv': `b,c\n${rows}` }), { params: { column: 'a', late } })
    expect((await failure(unknown)).code).toBe('COLUMN_UNKNOWN')
  })

  it.each([
    ['first', { '1.csv': 'b\n1\n', '2.csv': 'a,b\n1,2\n' }, '1.csv'],
    ['last', { '1.csv': 'a,b\n1,2\n', '2.csv': 'b\n1\n' }, '2.csv'],
  ])('are missed in the %s file that lacks one', async (_, files, name) => {
    for (const columns of ['', 'a|b']) {
      const error = await failure(run(reading, table(files), { params: { column: 'a', columns, late } }))
      expect(error.code).toBe('COLUMN_UNKNOWN')
      expect(error.where.file).toMatch(new RegExp(`${name}$`))
    }
  })

  it('are missed in the file of the record, though all files have the same ones', async () => {
    const input = table({ '1.csv': 'a,column\n1,a\n', '2.csv': 'a,column\n2,b\n', '3.csv': 'a,column\n3,a\n' })
    const error = await failure(run(asking, input, { params: { late }, workers: 1 }))
    expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', message: 'No column "b". Columns: a, column.' })
    expect(error.where.file).toMatch(/2\.csv$/)
  })

  it('have numbers if there is neither header nor names', async () => {
    const input = table({ '1.csv': 'a,1\nb,2\n' })
    expect(await valuesOf(reading, input, { column: '#1', header: false, late })).toEqual(['a', 'b'])
    const error = await failure(run(reading, input, { params: { column: 'a', header: false, late } }))
    expect(error.message).toBe('No column "a". Columns: #1, #2.')
  })

  it('are refused by a name that two share, and only then', async () => {
    const input = table({ '1.csv': 'id,x,x\n1,2,3\n' })
    expect(await valuesOf(reading, input, { column: 'id', late })).toEqual(['1'])
    expect(await valuesOf(reading, input, { column: '#3', late })).toEqual(['3'])
    expect((await failure(run(reading, input, { params: { column: 'x', late } }))).code).toBe('COLUMN_AMBIGUOUS')
  })

  it('that no file has are an error even with bad records allowed', async () => {
    const input = table({ '1.csv': 'a\n1\n' })
    expect((await failure(run(reading, input, { params: { column: 'b', late }, maxBad: 5 }))).code).toBe(
      'COLUMN_UNKNOWN',
    )
  })
})

describe('rows of all tasks of a thread', () => {
  it.each(Object.entries(counted))('have one class, of %s', async (_, job) => {
    const input = table({ '1.csv': 'a\n1\n2\n', '2.csv': 'a\n3\n', '3.csv': 'a\n4\n' })
    const result = await run(job, input, { workers: 1, tuning: { splitBytes: 1 } })
    const counts: unknown[] = []
    for await (const [, count] of result.read()) counts.push(count)
    expect(counts).toEqual([1, 1, 1, 1])
  })
})

describe('random tables in several files', () => {
  it.each([1, 2, 3, 4])('give the same rows for any order of columns (seed %i)', async (seed) => {
    const random = new Random(seed)
    const names = ['id', 'x', 'unit price', '2019', '__proto__', 'é']
    const files: Record<string, string> = {}
    const expected: Row[] = []
    for (let f = 0; f < 4; f++) {
      const order = [...names, ...(random.below(2) ? ['more'] : [])].sort(() => random.next() - 0.5)
      const rows = random.times(random.below(5), () =>
        Object.fromEntries(order.map((name) => [name, `${random.below(100)}`])),
      )
      files[`${f}.csv`] = [order, ...rows.map((row) => order.map((name) => row[name]!))]
        .map((row) => `${row.join(',')}\n`)
        .join('')
      for (const row of rows) expected.push(Object.fromEntries(names.map((name) => [name, row[name]!])))
    }
    const result = await run(objects, table(files), { params: { columns: names.join('|') }, workers: 1 })
    const read: unknown[] = []
    for await (const [, value] of result.read()) read.push(value)
    expect(read.map((row) => JSON.stringify(row))).toEqual(expected.map((row) => JSON.stringify(sorted(row))))
  })
})

/** JSON values are written with their properties in order. */
function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('runMap', () => {
  it.each([
    [['Oslo'], 'an object'],
    ['Oslo', 'an object'],
    [null, 'an object'],
    [{ column: 1 }, '"column" is 1'],
    [{ column: undefined }, '"column" is undefined'],
  ])('refuses %j for a row', async (record, problem) => {
    const error = await failure(runMap(reading, [record] as never[], { params: { column: 'column' } }))
    expect(error.code).toBe('OPTION_INVALID')
    expect(error.message).toContain(problem)
  })

  it('gives rows that lack what the map reads, and refuses those that lack what the job names', async () => {
    const params = { column: 'prise', late: false }
    const row = { city: 'Oslo', price: '12' }
    const error = await failure(runMap(reading, [row] as never[], { params, inputPath: 'x.csv' }))
    expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', where: { file: 'x.csv' } })
    const named = { ...params, column: 'city', columns: 'city|prise' }
    expect((await failure(runMap(reading, [row] as never[], { params: named }))).message).toContain(
      'lacks the column "prise"',
    )
    const some = { ...params, column: 'city', columns: 'city' }
    expect(await runMap(reading, [row] as never[], { params: some })).toEqual([['city', 'Oslo']])
  })
})
