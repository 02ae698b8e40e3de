/** Text files as data frames: what users have on their disks, and what is wrong with it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import {
  csv,
  type DataFrame,
  date,
  decimal,
  defineDataset,
  double,
  jsonl,
  list,
  long,
  nullable,
  read,
  runDataset,
  string,
  struct,
  timestamp,
} from '../../dist/src/index.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, runjob } from '../helpers/run.js'

function folderOf(files: Record<string, string | Uint8Array>) {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return { folder, at: (name: string) => join(folder, name) }
}

const refused = (frame: DataFrame<never>) => failure(frame.collect())

it('columns of CSV are found by name, in each file by its own header', async () => {
  const { folder } = folderOf({
    'a.csv': 'id,name,price\r\n1,"Smith, ""Bob""",1.5\r\n2,,\r\n',
    'b.csv.gz': gzipSync('\uFEFFprice,unused,id,name\n2.25,x,3,Ann\n'),
  })
  const rows = await read(
    csv({ schema: { name: nullable(string()), price: nullable(decimal(8, 2)), id: long() } }),
    folder,
  ).collect()
  expect(rows).toEqual([
    { name: 'Smith, "Bob"', price: '1.50', id: 1 },
    { name: null, price: null, id: 2 },
    { name: 'Ann', price: '2.25', id: 3 },
  ])
})

it('without a header row, the schema names the columns in their order', async () => {
  const { at } = folderOf({ 'a.csv': '1,2024-01-31,x\n2,2024-02-01,y\n' })
  const format = csv({ header: false, schema: { id: long(), day: date(), note: string() } })
  expect(await read(format, at('a.csv')).select('note', 'id').collect()).toEqual([
    { note: 'x', id: 1 },
    { note: 'y', id: 2 },
  ])
  const numbered = csv({ header: false, schema: { '#2': date() } })
  expect(await read(numbered, at('a.csv')).collect()).toEqual([{ '#2': '2024-01-31' }, { '#2': '2024-02-01' }])
  const tooFew = csv({ header: false, schema: { id: long(), day: date() } })
  expect((await refused(read(tooFew, at('a.csv')) as never)).code).toBe('CSV_LONG_ROW')
})

it('JSON lines are read by their keys, arrays of JSON like lines, and what is not asked for is passed over', async () => {
  const line = { at: '2024-01-31T12:34:56.789Z', request: { path: '/a', tags: ['x', null] }, more: [{ deep: {} }] }
  const { folder } = folderOf({
    'a.jsonl': `${JSON.stringify(line)}\n\n{}\n`,
    'b.json': JSON.stringify([line], null, 2),
  })
  const request = struct({ tags: nullable(list(nullable(string()))), path: nullable(string()) })
  const rows = await read(
    jsonl({ schema: { request: nullable(request), at: nullable(timestamp()) } }),
    folder,
  ).collect()
  const row = { request: { tags: ['x', null], path: '/a' }, at: new Date(line.at) }
  expect(rows).toEqual([row, { request: null, at: null }, row])
})

it('JSON lines without a schema have the types of the first ones, and a value that differs later is an error', async () => {
  const first = `${JSON.stringify({ n: 1, s: 'x'.repeat(1000) })}\n`.repeat(2000)
  const { at } = folderOf({ 'a.jsonl': `${first}{"n":"late","s":"y"}\n` })
  expect(await failure(read.json(at('a.jsonl')).collect())).toMatchObject({
    code: 'CELL_INVALID',
    message: expect.stringContaining('column "n" is bigint, and here it is "late"'),
    where: { file: at('a.jsonl'), offset: first.length },
  })
})

it('a column that a file lacks is refused by name', async () => {
  const { folder, at } = folderOf({ 'a.csv': 'id,name\n1,x\n', 'b.csv': 'id,nam\n1,x\n' })
  const frame = read(csv({ schema: { id: long(), name: string() } }), folder)
  expect(await failure(frame.collect())).toMatchObject({ code: 'COLUMN_UNKNOWN', where: { file: at('b.csv') } })
  // Unless nobody reads it.
  expect(await frame.select('id').collect()).toEqual([{ id: 1 }, { id: 1 }])
})

it('bad records of all kinds are put aside with their place, whether the file or the query is at fault', async () => {
  const rows = Array.from({ length: 5000 }, (_, n) => (n % 1000 === 500 ? 'x' : n % 1000 === 700 ? 0 : n + 1))
  const content = `n,s\n${rows.map((n) => `${n},s\n`).join('')}1,2,3\n`
  const { folder, at } = folderOf({ 'a.csv': content })
  const query = 'read(csv({ schema: { n: long(), s: string() } }), "a.csv").select(lit(10).div(col("n")).as("d"))'
  const ran = await runjob(['query', query, '-o', 'out', '--max-bad', '20', '--quiet'], { cwd: folder })
  expect(ran).toMatchObject({ code: 0 })
  const bad = readFileSync(at('out/_quarantine.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { code: string; offset: number; excerpt: string })
  expect(bad.map(({ code }) => code)).toEqual([
    ...Array.from({ length: 5 }, () => ['CELL_INVALID', 'DIVIDE_BY_ZERO']).flat(),
    'CSV_LONG_ROW',
  ])
  for (const { offset, excerpt } of bad) expect(content.slice(offset, offset + excerpt.length)).toBe(excerpt)
  const stopped = await runjob(['query', query, '--max-bad', '10'], { cwd: folder })
  expect(stopped.code).toBe(1)
  expect(stopped.stderr).toContain('TOO_MANY_BAD_RECORDS')
})

it('a file that is not UTF-8 is read, and named', async () => {
  const line = (n: number) => Buffer.concat([Buffer.from(`${n},caf`), Buffer.of(0xe9), Buffer.from('\n')])
  // The first bytes do not show it.
  const ascii = Buffer.from(`n,s\n${'1,coffee\n'.repeat(20_000)}`)
  const { folder } = folderOf({ 'a.csv': Buffer.concat([ascii, line(2)]) })
  const ran = await runjob(['query', 'df.filter(c => c.n.eq("2"))', 'a.csv', '-o', 'out'], { cwd: folder })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('a.csv has bytes that are not UTF-8')
  expect(readFileSync(join(folder, 'out/part-m-00000.jsonl'), 'utf8')).toBe('{"n":"2","s":"caf\uFFFD"}\n')
})

it('what is written as JSON lines or CSV is read back as it was', async () => {
  const text = [
    '{"l":9007199254740993,"m":12345678901234567.89,"x":0.1,"s":"a,\\"b\\"\\n","d":"2024-01-31","t":"2024-01-31T02:00:00.123456Z"}',
    '{"l":null,"m":null,"x":null,"s":null,"d":null,"t":null}',
    '{"l":-1,"m":-0.01,"x":"Infinity","s":"é","d":"0001-01-01","t":"1969-12-31T23:59:59.999Z"}',
  ]
  const { folder, at } = folderOf({ 'a.jsonl': `${text.join('\n')}\n` })
  const schema =
    '{ l: nullable(long()), m: nullable(decimal(20, 2)), x: nullable(double()), s: nullable(string()), d: nullable(date()), t: nullable(timestamp()) }'
  const steps = [
    [`read(jsonl({ schema: ${schema} }), "a.jsonl")`, 'csv'],
    [`read(csv({ schema: ${schema} }), "csv")`, 'jsonl'],
  ] as const
  for (const [query, format] of steps) {
    const ran = await runjob(['query', query, '-o', format, '--format', format, '--quiet'], { cwd: folder })
    expect(ran).toMatchObject({ code: 0 })
  }
  expect(readFileSync(at('jsonl/part-m-00000.jsonl'), 'utf8')).toBe(`${text.join('\n')}\n`)
  expect(await read(csv({ schema: { x: nullable(double()) } }), at('csv')).collect()).toEqual([
    { x: 0.1 },
    { x: null },
    { x: Number.POSITIVE_INFINITY },
  ])
})

it('too many bad records of a printed query are told, for there is no file that lists them', async () => {
  const { folder } = folderOf({ 'a.csv': 'n\n1\nx\ny\nz\n' })
  const query = 'df.select(c => [c.n.cast("int").as("n")])'
  const ran = await runjob(['query', query, 'a.csv', '--max-bad', '2', '--no-progress'], { cwd: folder })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('error TOO_MANY_BAD_RECORDS: ')
  expect(ran.stderr).toMatch(/bad record: .*CAST_INVALID.*"x"/)
  expect(ran.stderr).toContain('hint: Fix them, or allow more. With -o the output comes with a list of them')
})

it('JSON lines without a schema have the columns of all files, of types that hold both, or two files are named', async () => {
  const { folder, at } = folderOf({
    'in/a.jsonl': '{"n":1,"x":null,"deep":{"a":1}}\n',
    'in/b.jsonl': '{"n":2.5,"x":"text","deep":{"b":[1]}}\n{"late":true}\n',
    'clash/a.jsonl': '{"n":1,"deep":[{"a":1}]}\n',
    'clash/b.jsonl': '{"n":2,"deep":[{"a":"x"}]}\n',
  })
  expect(await read.json(at('in')).collect()).toEqual([
    { n: 1, x: null, deep: { a: 1, b: null }, late: null },
    { n: 2.5, x: 'text', deep: { a: null, b: [1] }, late: null },
    { n: null, x: null, deep: null, late: true },
  ])
  const error = await failure(read.json(at('clash')).collect())
  expect(error.code).toBe('SCHEMA_CONFLICT')
  expect(error.message).toContain(join(folder, 'clash/a.jsonl'))
  expect(error.message).toContain(join(folder, 'clash/b.jsonl'))
  const declared = jsonl({ schema: { n: long() } })
  expect(await read(declared, at('clash')).collect()).toEqual([{ n: 1 }, { n: 2 }])
})

it('files of other formats in a folder are refused by their names, unless they are named themselves', async () => {
  const { at } = folderOf({ 'in/a.csv': 'x\n1\n', 'in/b.jsonl': '{"x":1}\n', 'in/c.log': 'x\n2\n' })
  for (const path of [at('in'), at('in/*')]) {
    const error = await failure(read.csv(path).collect())
    expect(error.message).toContain(`is read as csv, but ${at('in/b.jsonl')} has the name of jsonl`)
    expect(error.hint).toContain('glob in quotes')
  }
  expect((await failure(read.json(at('in')).collect())).message).toContain('is read as jsonl')
  expect((await failure(read.parquet(at('in')).collect())).message).toContain('is read as parquet')
  expect(await read.csv([at('in/a.csv'), at('in/c.log')]).collect()).toEqual([{ x: '1' }, { x: '2' }])
  expect(await read.json(at('in/b.jsonl')).collect()).toEqual([{ x: 1 }])
})

it('what is read with two schemas is found, opened and counted once', async () => {
  const { folder, at } = folderOf({ 'lake/y=1/a.csv': 'k,n\na,1\n', 'lake/y=2/a.csv': 'k,n\nb,2\n' })
  const frames = {
    keys: read(csv({ schema: { k: string() } }), at('lake')),
    first: read(csv({ schema: { k: string(), n: long(), y: string() } }), at('lake')).filter((c) => c.y.eq('1')),
  }
  const report = await runDataset(defineDataset({ name: 'two', build: () => frames }), { output: at('out') })
  expect(report).toMatchObject({ inputFiles: 2, folders: { read: 2, found: 2 } })
  const both = 'read(csv({ schema: { k: string() } }), "-").union(read(csv(), "-").select("n"))'
  const ran = await runjob(['query', both], { cwd: folder, stdin: 'k,n\na,1\nb,2\n' })
  expect(ran).toMatchObject({ code: 0, stdout: '{"k":"a"}\n{"k":"b"}\n{"k":"1"}\n{"k":"2"}\n' })
})

it('the schema of a text that does not exist is an error', async () => {
  const { folder } = folderOf({ 'there.txt': 'a\n' })
  expect(await runjob(['schema', 'there.txt'], { cwd: folder })).toMatchObject({ code: 0, stdout: 'text()\n' })
  const missing = await runjob(['schema', 'missing.txt'], { cwd: folder })
  expect(missing).toMatchObject({ stdout: '' })
  expect(missing.stderr).toContain('error INPUT_NOT_FOUND')
})

it('the kind of a folder does not depend on outputs of earlier runs in it', async () => {
  const { folder } = folderOf({ 'in/a.csv': 'k\na\n' })
  expect(await runjob(['query', 'df', 'in/a.csv', '-o', 'in/out', '-q'], { cwd: folder })).toMatchObject({ code: 0 })
  expect((await runjob(['query', 'df', 'in', '-q'], { cwd: folder })).stdout).toBe('{"k":"a"}\n')
  expect((await runjob(['schema', 'in'], { cwd: folder })).stdout).toContain('csv({ schema: {')
})

it('a file that shows no columns is an error, of its schema and of a query', async () => {
  const { folder } = folderOf({
    'empty.jsonl': '',
    'blank.jsonl': '\n\n',
    'objects.jsonl': '{}\n{}\n',
    'a.parquet': '',
  })
  for (const [name, why] of [
    ['empty.jsonl', 'is empty'],
    ['a.parquet', 'is empty'],
    ['blank.jsonl', 'has no row with a column'],
    ['objects.jsonl', 'has no row with a column'],
  ]) {
    for (const command of [
      ['schema', name!],
      ['query', 'df', name!],
    ]) {
      const ran = await runjob(command, { cwd: folder })
      expect(ran, command.join(' ')).toMatchObject({ code: 1, stdout: '' })
      expect(ran.stderr).toContain(`${name} ${why}, so its columns are not known`)
    }
  }
})

it('the schema of a folder says of which file it is', async () => {
  const { folder, at } = folderOf({ 'in/a.csv': '', 'in/b.csv': 'k,n\nx,1\n', 'in/c.csv': 'k\nx\n' })
  expect((await runjob(['schema', 'in'], { cwd: folder })).stdout).toBe(
    `// ${at('in/b.csv')}, one of 3 files\ncsv({ schema: {\n  k: nullable(string()),\n  n: nullable(long()),\n} })\n`,
  )
})
