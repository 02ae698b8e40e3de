/** Compares joins with a plain one, for any order of columns, columns of the sides, and keys. */
import { describe, expect, it } from 'vitest'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { csvField, Random } from '../helpers/random.js'
import { CONFIGS, failure, run } from '../helpers/run.js'
import { after, descending, formats, keyTwice, orders, threeSides, unevenKeys } from './join_jobs.js'

type Row = Record<string, string>
type Type = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
const TYPES: Type[] = ['inner', 'left', 'right', 'full', 'semi', 'anti']

interface Side {
  keys: string[]
  /** The other columns, in the order of the first file. */
  columns: string[]
  rows: Row[]
  folder: string
}

/** A line of one empty field would be blank without its quotes. */
const toCsv = (fields: string[]): string => fields.map((field) => csvField(field)).join(',') || '""'

/** Lines of the output but the header, in no order. */
function joined(left: Side, right: Side, type: Type): string[] {
  const keyOf = (side: Side, row: Row) => side.keys.map((name) => row[name]!)
  const othersOf = (side: Side, row: Row | undefined) => side.columns.map((name) => row?.[name] ?? '')
  const isMatch = (a: Row, b: Row) => {
    const key = keyOf(left, a)
    return key.every((part) => part !== '') && JSON.stringify(key) === JSON.stringify(keyOf(right, b))
  }
  const lines: string[] = []
  const give = (key: string[], a: Row | undefined, b: Row | undefined) =>
    lines.push(toCsv([...key, ...othersOf(left, a), ...(type === 'semi' || type === 'anti' ? [] : othersOf(right, b))]))
  for (const row of left.rows) {
    const matches = right.rows.filter((other) => isMatch(row, other))
    if (type === 'semi' ? matches.length > 0 : type === 'anti' && matches.length === 0)
      give(keyOf(left, row), row, undefined)
    else if (type === 'semi' || type === 'anti') continue
    else if (matches.length > 0) for (const match of matches) give(keyOf(left, row), row, match)
    else if (type === 'left' || type === 'full') give(keyOf(left, row), row, undefined)
  }
  for (const row of type === 'right' || type === 'full' ? right.rows : []) {
    if (!left.rows.some((other) => isMatch(other, row))) give(keyOf(right, row), undefined, row)
  }
  return lines.sort()
}

const KEYS = ['', 'a', 'b', 'B', 'a,b', '"', 'é', 'zero\0byte', '10', '9', ' a']
const FIELDS = ['', 'x', 'a,b', 'say "hi"', 'two\nlines', 'ü', '\r', '7']

function randomSide(random: Random, keys: string[], columns: string[]): Side {
  const folder = temporaryFolder()
  const rows: Row[] = []
  for (let f = 0; f < 3; f++) {
    // The first file decides the order of the output.
    const header = [...keys, ...columns]
    if (f > 0) header.sort(() => random.next() - 0.5)
    const own = random.times(f === 0 ? 4 : random.below(12), () =>
      Object.fromEntries(header.map((name) => [name, random.pick(keys.includes(name) ? KEYS : FIELDS)])),
    )
    // A row of one empty field is a blank line unless it has quotes.
    const text = [header, ...own.map((row) => header.map((name) => row[name]!))]
      .map((fields) => `${toCsv(fields)}\n`)
      .join('')
    writeFiles(folder, { [`${f}.csv`]: text })
    rows.push(...own)
  }
  return { keys, columns, rows, folder }
}

async function outputOf(left: Side, right: Side, type: Type, config = {}) {
  const on = left.keys.map((key, i) => `${key}=${right.keys[i]}`).join(',')
  const { output } = await run('join', { left: left.folder, right: right.folder }, { ...config, params: { on, type } })
  const text = linesOf(output)
  return { header: text[0], lines: rowsOf(text.slice(1)) }
}

/** Records that span lines, unchanged, in no order. */
function rowsOf(lines: string[]): string[] {
  const rows: string[] = []
  let open = ''
  for (const line of lines) {
    open += open === '' ? line : `\n${line}`
    if ((open.match(/"/g)?.length ?? 0) % 2 === 0) {
      rows.push(open)
      open = ''
    }
  }
  return rows.sort()
}

describe('random tables', () => {
  const shapes = [
    { keys: [['id'], ['id']], columns: [['u', 'v'], ['w']] },
    { keys: [['id'], ['key']], columns: [[], ['w', 'x']] },
    { keys: [['id'], ['id']], columns: [['u'], []] },
    { keys: [['id'], ['id']], columns: [[], []] },
    {
      keys: [
        ['a', 'b'],
        ['b', 'c'],
      ],
      columns: [['v'], ['w']],
    },
  ]
  it.each(TYPES.flatMap((type) => shapes.map((shape, seed) => ({ type, shape, seed: seed + 1 }))))(
    'are joined as the plain join does: $type, shape $seed',
    async ({ type, shape, seed }) => {
      const random = new Random(seed)
      const [left, right] = shape.keys.map((keys, i) => randomSide(random, keys, shape.columns[i]!)) as [Side, Side]
      const config = random.pick(Object.values(CONFIGS))
      const { header, lines } = await outputOf(left, right, type, config)
      const columns = type === 'semi' || type === 'anti' ? left.columns : [...left.columns, ...right.columns]
      expect(header).toBe(toCsv([...left.keys, ...columns]))
      expect(lines).toEqual(joined(left, right, type))
    },
  )
})

function side(files: Record<string, string>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

const linesFrom = async (left: Record<string, string>, right: Record<string, string>, params: Record<string, string>) =>
  linesOf((await run('join', { left: side(left), right: side(right) }, { params })).output)

describe('the job join', () => {
  it('finds columns by name in every file, and gives them in the order of the first', async () => {
    const left = { '1.csv': 'id,v,u\n1,a,b\n', '2.csv': 'u,id,v\nb2,2,a2\n' }
    const lines = await linesFrom(left, { '1.csv': 'id,w\n1,x\n2,y\n' }, { on: 'id' })
    expect(lines).toEqual(['id,v,u,w', '1,a,b,x', '2,a2,b2,y'])
  })

  it('takes sides that have only the key', async () => {
    const ids = { '1.csv': 'id\n1\n2\n' }
    const table = { '1.csv': 'id,w\n1,x\n3,z\n' }
    expect(await linesFrom(ids, table, { on: 'id' })).toEqual(['id,w', '1,x'])
    expect(await linesFrom(table, ids, { on: 'id' })).toEqual(['id,w', '1,x'])
    expect(await linesFrom(table, ids, { on: 'id', type: 'full' })).toEqual(['id,w', '1,x', '2,', '3,z'])
    expect(await linesFrom(ids, ids, { on: 'id', type: 'left' })).toEqual(['id', '1', '2'])
  })

  it('prefixes columns of the right side that share a name with their input', async () => {
    const left = { '1.csv': 'id,x,right_x,key\n1,a,b,c\n' }
    const right = { '1.csv': 'x,key,right_key,id\nd,1,e,f\n' }
    expect(await linesFrom(left, right, { on: 'id=key' })).toEqual([
      'id,x,right_x,key,right_right_x,right_key,right_id',
      '1,a,b,c,d,e,f',
    ])
  })

  it('knows columns without a name by number, and refuses them by name', async () => {
    const left = { '1.csv': 'id,x,x,\n1,a,b,c\n', '2.csv': 'id,x,x,\n2,d,e,f\n' }
    const right = { '1.csv': 'id,w\n1,y\n2,z\n' }
    expect(await linesFrom(left, right, { on: 'id' })).toEqual(['id,#2,#3,#4,w', '1,a,b,c,y', '2,d,e,f,z'])
    expect(await linesFrom(left, right, { on: '#1=id' })).toEqual(['id,#2,#3,#4,w', '1,a,b,c,y', '2,d,e,f,z'])
    const inputs = { left: side(left), right: side(right) }
    expect((await failure(run('join', inputs, { params: { on: 'x=w' } }))).code).toBe('COLUMN_AMBIGUOUS')
    const named = { left: side({ ...left, '2.csv': 'id,x,y,z\n2,d,e,f\n' }), right: inputs.right }
    const error = await failure(run('join', named, { params: { on: 'id' } }))
    expect(error.code).toBe('COLUMN_UNKNOWN')
    expect(error.where.file).toMatch(/2\.csv$/)
  })

  it.each(['left', 'right'] as const)('refuses any file of the %s side that lacks a column', async (which) => {
    for (const files of [
      { '1.csv': 'id,w\n1,x\n', '2.csv': 'key,w\n1,x\n' },
      { '1.csv': 'id,w\n1,x\n', '2.csv': 'id,v\n1,x\n' },
    ]) {
      const good = side({ '1.csv': 'id,u\n1,x\n' })
      const inputs = which === 'left' ? { left: side(files), right: good } : { left: good, right: side(files) }
      const error = await failure(run('join', inputs, { params: { on: 'id' } }))
      expect(error.code).toBe('COLUMN_UNKNOWN')
      expect(error.where.file).toMatch(/2\.csv$/)
    }
    const bad = side({ '1.csv': 'key\n1\n' })
    const good = side({ '1.csv': 'id\n1\n' })
    const inputs = which === 'left' ? { left: bad, right: good } : { left: good, right: bad }
    expect((await failure(run('join', inputs, { params: { on: 'id' } }))).where.file).toMatch(/1\.csv$/)
  })

  it('refuses columns that the first file of a side does not have, unless they are named', async () => {
    const left = side({ '1.csv': 'id,v\n1,a\n', '2.csv': 'more,v,id\nx,b,2\n' })
    const right = side({ '1.csv': 'id,w\n1,x\n2,y\n' })
    const error = await failure(run('join', { left, right }, { params: { on: 'id' } }))
    expect(error.code).toBe('COLUMN_EXTRA')
    expect(error.where.file).toMatch(/2\.csv$/)
    const named = { on: 'id', leftColumns: 'id,v', rightColumns: 'id,w', header: true }
    const { output } = await run('join', { left, right }, { params: named })
    expect(linesOf(output)).toEqual(['id,v,w', '1,a,x', '2,b,y'])
  })

  it.each(['id,id', 'id,#1', 'id=id,id=w'])('refuses a key with a column twice: %s', async (on) => {
    const inputs = { left: side({ '1.csv': 'id,w\n1,x\n' }), right: side({ '1.csv': 'id,w\n1,x\n' }) }
    const error = await failure(run('join', inputs, { params: { on } }))
    expect(error.code).toBe('JOB_INVALID')
  })
})

describe('a join in a job of one’s own', () => {
  it('has inputs and keys of any name', async () => {
    const input = {
      orders: side({ '1.csv': 'order,customer,name\n1,c1,pen\n2,c2,ink\n3,,cap\n' }),
      customers: side({ '1.csv': 'name,id\nAda,c1\nBob,c3\nNobody,\n' }),
    }
    expect(linesOf((await run(orders, input)).output)).toEqual(['customer,order,name,customers_name', 'c1,1,pen,Ada'])
    expect(linesOf((await run(orders, input, { params: { type: 'full' } })).output)).toEqual([
      'customer,order,name,customers_name',
      ',,,Nobody',
      ',3,cap,',
      'c1,1,pen,Ada',
      'c2,2,ink,',
      'c3,,,Bob',
    ])
  })

  it.each([
    ['tsv', 'a\tb\tx,\\ty\tz "q"\n'],
    ['semicolons', 'id;part;v;w\na;b;x,\ty;"z ""q"""\n'],
    ['jsonl', '{"key":["a","b"],"v":"x,\\ty","w":"z \\"q\\""}\n'],
  ])('writes %s, and is read back as it was joined', async (format, text) => {
    const left = side({ '1.csv': 'id,v,part\na,"x,\ty",b\n' })
    const right = side({ '1.csv': 'part,w,id\nb,"z ""q""",a\n' })
    const result = await run(formats, { left, right }, { params: { format } })
    expect(`${linesOf(result.output).join('\n')}\n`).toBe(text)
    const records: unknown[] = []
    for await (const record of result.read()) records.push(record)
    expect(records).toEqual([
      [
        ['a', 'b'],
        ['x,\ty', 'z "q"'],
      ],
    ])
  })

  it('gives the next map the key and the texts of the other columns', async () => {
    const left = side({ '1.csv': 'id,day,kind\nk,2025-06-24,"tri,g"\nm,d,"a ""b"""\nn,"two\nlines",\n' })
    const right = side({ '1.csv': 'id,lib,year\nk,libs,2042\nn,,é\n' })
    const recordsOf = async (type: string) => {
      const records: unknown[] = []
      for await (const record of (await run(after, { left, right }, { params: { type } })).read()) records.push(record)
      return records
    }
    expect(await recordsOf('left')).toEqual([
      ['k', ['2025-06-24', 'tri,g', 'libs', '2042']],
      ['m', ['d', 'a "b"', '', '']],
      ['n', ['two\nlines', '', '', 'é']],
    ])
    expect(await recordsOf('anti')).toEqual([['m', ['d', 'a "b"']]])
  })

  it.each([
    ['descending order', descending, ['left', 'right']],
    ['three inputs', threeSides, ['left', 'right', 'other']],
    ['keys of different sizes', unevenKeys, ['left', 'right']],
  ])('refuses %s', async (_, job, names) => {
    const input = Object.fromEntries(names.map((name) => [name, side({ '1.csv': 'id,part\n1,2\n' })]))
    expect((await failure(run(job, input))).code).toBe('JOB_INVALID')
  })

  it('refuses a key that names one column twice', async () => {
    const input = { left: side({ '1.csv': 'a,b\n1,2\n' }), right: side({ '1.csv': 'a,b\n1,2\n' }) }
    for (const key of ['a|a', 'a|#1', 'b|a|b']) {
      expect((await failure(run(keyTwice, input, { params: { key } }))).code).toBe('JOB_INVALID')
    }
  })
})
