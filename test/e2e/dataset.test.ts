/** Datasets and queries as a user runs them: from the shell, and from code. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  coalesce,
  col,
  count,
  csv,
  decimal,
  defineDataset,
  int,
  jsonl,
  lit,
  long,
  nullable,
  read,
  runDataset,
  runJob,
  string,
  sum,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { linesOf, temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { failure, runjob, tunedRunjob } from '../helpers/run.js'

const INDEX = new URL('../../dist/src/index.js', import.meta.url).href
const TUNED_MAIN = fileURLToPath(new URL('../soak/tuned_runjob.mjs', import.meta.url))

const SALES = 'city,qty,price\nRome,3,1.50\nOslo,5,2.25\nRome,7,3\n,1,\n'
const LOG = '{"path":"/a","status":200}\n{"path":"/b","status":500}\n{"path":"/a","status":404}\n'

const sales = csv({ schema: { city: nullable(string()), qty: int(), price: nullable(decimal(10, 2)) } })

const MODULE = `
import { col, count, csv, decimal, defineDataset, int, nullable, string, sum } from ${JSON.stringify(INDEX)}
const sales = csv({ schema: { city: nullable(string()), qty: int(), price: nullable(decimal(10, 2)) } })
export default defineDataset({
  name: 'sales-by-city',
  description: 'Sales by city.',
  params: { dir: { type: 'string', required: true, describe: 'data' }, least: { type: 'integer', default: 0, describe: 'least quantity' } },
  build: ({ read, params }) =>
    read(sales, params.dir + '/sales.csv')
      .filter(c => c.qty.ge(params.least))
      .groupBy('city')
      .agg({ n: count(), total: sum('price') })
      .orderBy(c => c.n.desc(), 'city'),
})`
const BY_CITY =
  '{"city":"Rome","n":2,"total":4.50}\n{"city":null,"n":1,"total":null}\n{"city":"Oslo","n":1,"total":2.25}\n'

function prepare(files: Record<string, string | Uint8Array> = {}) {
  const folder = temporaryFolder()
  writeFiles(folder, { 'sales.csv': SALES, 'log.jsonl': LOG, 'q.mjs': MODULE, ...files })
  return { folder, runIn: (...args: string[]) => runjob(args, { cwd: folder }) }
}

describe('a dataset', () => {
  it('runs like a job: parameters are flags, the output is a folder of parts', async () => {
    const { folder, runIn } = prepare()
    const ran = await runIn('q.mjs', '--dir', '.', '-o', 'out', '--format', 'jsonl')
    expect(ran).toMatchObject({ code: 0, stdout: '' })
    expect(textOf(join(folder, 'out'))).toBe(BY_CITY)
    expect(existsSync(join(folder, 'out/_SUCCESS'))).toBe(true)
    expect(readdirSync(folder)).not.toContain('.out.runjob')
    const again = await runIn('q.mjs', '--dir', '.', '-o', 'out')
    expect(again).toMatchObject({ code: 1 })
    expect(again.stderr).toContain('OUTPUT_EXISTS')
    expect((await runIn('q.mjs', '--dir', '.', '--least', '5', '-o', 'out', '--mode', 'overwrite', '-q')).code).toBe(0)
    expect(linesOf(join(folder, 'out'))).toEqual([
      '{"city":"Oslo","n":1,"total":2.25}',
      '{"city":"Rome","n":1,"total":3.00}',
    ])
  })

  it('writes what is asked for: csv and tsv with a header, one file, compressed, standard output', async () => {
    const { folder, runIn } = prepare()
    const args = ['q.mjs', '--dir', '.', '--quiet']
    expect((await runIn(...args, '-o', '-', '--format', 'csv')).stdout).toBe(
      'city,n,total\nRome,2,4.50\n,1,\nOslo,1,2.25\n',
    )
    expect((await runIn(...args, '-o', '-', '--format', 'tsv')).stdout).toBe(
      'city\tn\ttotal\nRome\t2\t4.50\n\t1\t\nOslo\t1\t2.25\n',
    )
    expect((await runIn(...args, '-o', 'one.jsonl', '--single-file')).code).toBe(0)
    expect((await runIn(...args, '-o', 'zipped', '--gzip')).code).toBe(0)
    expect(textOf(join(folder, 'zipped'))).toBe(BY_CITY)
    expect((await runIn(...args, '-o', '-', '--format', 'text')).stderr).toContain(
      'text holds one column of type string',
    )
  })

  it('appends rows of the same columns, and no others', async () => {
    const { folder, runIn } = prepare()
    for (const format of ['jsonl', 'csv', 'tsv']) {
      const append = (expression: string) =>
        runIn('query', expression, 'sales.csv', '-o', format, '--format', format, '--mode', 'append', '-q')
      expect((await append('df.limit(1)')).code, format).toBe(0)
      expect((await append('df.limit(2)')).stderr, format).toBe('')
      expect(linesOf(join(folder, format)).length).toBe(format === 'jsonl' ? 3 : 5)
      expect((await append('df.select("qty")')).stderr).toContain('OUTPUT_DIFFERENT')
    }
  })

  it('explains itself, and shows its help', async () => {
    const { runIn } = prepare()
    const explained = await runIn('q.mjs', '--dir', '.', '--explain')
    expect(explained.stdout).toMatch(
      /as asked\n {2}sort by n descending, city\n[\s\S]*optimized\n[\s\S]*scan city, qty, price/,
    )
    const plan = JSON.parse((await runIn('q.mjs', '--dir', '.', '--explain', '--json')).stdout)
    expect(plan).toMatchObject({ job: 'sales-by-city', module: null, params: { dir: '.', least: 0 } })
    const help = await runIn('q.mjs', '--help')
    expect(help.stdout).toContain('Usage: runjob q.mjs [options]')
    expect(help.stdout).toContain('--least <n>')
    const report = JSON.parse((await runIn('q.mjs', '--dir', '.', '-o', 'out', '--json')).stdout)
    expect(report).toMatchObject({ job: 'sales-by-city', recordsRead: 4, recordsWritten: 3 })
  })

  it('refuses wrong usage with exit code 2, and other mistakes with 1', async () => {
    const { runIn } = prepare({ 'frame.mjs': `export default 5`, 'wrong.mjs': MODULE.replace("'city')", "'town')") })
    const wrong = async (code: string, exit: number, ...args: string[]) => {
      const ran = await runIn(...args)
      expect(ran.stderr).toMatch(new RegExp(`^error ${code}: `, 'm'))
      expect(ran.code).toBe(exit)
    }
    await wrong('PARAM_MISSING', 2, 'q.mjs', '-o', 'out')
    await wrong('PARAM_UNKNOWN', 2, 'q.mjs', '--dir', '.', '--most', '3')
    await wrong('PARAM_INVALID', 2, 'q.mjs', '--dir', '.', '--least', 'x')
    await wrong('OPTION_INVALID', 2, 'q.mjs', 'sales.csv', '--dir', '.')
    await wrong('OPTION_INVALID', 2, 'q.mjs', '--dir', '.', '--top', '3')
    await wrong('OPTION_INVALID', 2, 'q.mjs', '--dir', '.', '--format', 'orc')
    await wrong('INPUT_NOT_FOUND', 1, 'q.mjs', '--dir', 'nowhere')
    await wrong('JOB_LOAD_FAILED', 1, 'frame.mjs', '-o', 'out')
    await wrong('COLUMN_UNKNOWN', 1, 'wrong.mjs', '--dir', '.')
  })

  it('runs from code, with the options of a job, several at a time', async () => {
    const { folder } = prepare()
    const dataset = defineDataset({
      name: 'cities',
      params: { least: { type: 'integer', default: 0, describe: 'least quantity' } },
      build: ({ read, params }) =>
        read(sales, join(folder, 'sales.csv'))
          .filter((c) => c.qty.ge(params.least))
          .select('city', 'qty'),
    })
    const [all, some] = await Promise.all([
      runDataset(dataset, { output: join(folder, 'all'), workers: 2 }),
      runDataset(dataset, { output: join(folder, 'some'), params: { least: 5 }, format: 'csv' }),
    ])
    expect(all).toMatchObject({ job: 'cities', recordsRead: 4, recordsWritten: 4 })
    expect(some.recordsWritten).toBe(2)
    expect(textOf(join(folder, 'some'))).toBe('city,qty\nOslo,5\nRome,7\n')
    expect((await failure(runDataset({} as never, { output: 'out' }))).code).toBe('DATASET_INVALID')
    expect((await failure(runJob(dataset as never, { input: 'x', output: join(folder, 'out') }))).code).toBe(
      'OPTION_INVALID',
    )
  })

  it('is refused where it is defined, in words that say what is wrong', () => {
    const define = (dataset: unknown) => () => defineDataset(dataset as never)
    expect(define(undefined)).toThrow('defineDataset() takes a plain object, not undefined')
    expect(define({ name: 'a' })).toThrow('dataset a: build is missing')
    expect(define({ name: 'a', build: () => 5, inputs: [] })).toThrow('dataset a: unknown property "inputs"')
    expect(define({ build: () => 5 })).toThrow('a dataset needs a name')
    const built = (made: unknown) => () => defineDataset({ name: 'a', build: () => made as never }).outputs({})
    expect(built(5)).toThrow('dataset a: build() must return a data frame, or several by name, not 5')
    expect(built({})).toThrow('not an empty object')
    expect(built({ b: read.text('x').collect })).toThrow('the output "b" is a function')
    expect(built({ b: read.text('x').groupBy('value') })).toThrow('the output "b" is an object of a class')
    expect(built({ 'part-m-00001.csv': read.text('x') })).toThrow('would look like a part file')
    expect(built({ '../b': read.text('x') })).toThrow('must be letters, digits')
    expect(define({ name: 'a', build: () => 5, params: { 'no-x': { type: 'string' } } })).toThrow('parameter "no-x"')
  })
})

describe('runjob query', () => {
  it('writes parts whose concatenation is the answer', async () => {
    const { folder, runIn } = prepare()
    const query = 'df.filter(c => c.city.isNotNull()).groupBy("city").agg({ n: count() }).orderBy(c => c.n.desc())'
    expect(await runIn('query', query, 'sales.csv', '-o', 'out', '--format', 'jsonl', '--quiet')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    })
    expect(textOf(join(folder, 'out'))).toBe('{"city":"Rome","n":2}\n{"city":"Oslo","n":1}\n')
  })

  it('prints JSON lines in a pipe, or what --format says', async () => {
    const { runIn } = prepare()
    expect(await runIn('query', 'df.limit(1)', 'log.jsonl', '--no-progress')).toEqual({
      code: 0,
      stdout: '{"path":"/a","status":200}\n',
      stderr: '',
    })
    expect((await runIn('query', 'df.select("path")', 'log.jsonl', '--format', 'text')).stdout).toBe('/a\n/b\n/a\n')
  })

  it('reads files by their ending, compressed or not, and others by their content', async () => {
    const { runIn } = prepare({
      'a.tsv': 'x\ty\n1\t2\n',
      'a.csv.gz': gzipSync('x\n1\n'),
      'notes.txt': 'one\ntwo\n',
      events: '{"x":1}\n',
      lines: 'one\n',
      'folder/1.csv': 'x\n1\n',
      'folder/2.csv': 'x\n2\n',
    })
    const rows = async (path: string, query = 'df') => (await runIn('query', query, path)).stdout
    expect(await rows('a.tsv')).toBe('{"x":"1","y":"2"}\n')
    expect(await rows('a.csv.gz')).toBe('{"x":"1"}\n')
    expect(await rows('notes.txt')).toBe('{"value":"one"}\n{"value":"two"}\n')
    expect(await rows('events')).toBe('{"x":1}\n')
    expect(await rows('lines')).toBe('{"value":"one"}\n')
    expect(await rows('folder')).toBe('{"x":"1"}\n{"x":"2"}\n')
    expect(await rows('folder/*.csv', 'df.agg({ n: count() })')).toBe('{"n":2}\n')
    const two = await runIn('query', 'df.join(inputs[1], "x", "semi")', 'folder/1.csv', 'folder/1.csv')
    expect(two.stdout).toBe('{"x":"1"}\n')
  })

  it('takes the columns of all headers; what a file lacks is null, and a note says so', async () => {
    const { runIn } = prepare({ 'in/1.csv': 'a,b\n1,x\n', 'in/2.csv': 'b,a\ny,2\n', 'in/3.csv': 'a,b,c\n3,z,!\n' })
    expect((await runIn('query', 'df.select("a", "b")', 'in')).stdout).toBe(
      '{"a":"1","b":"x"}\n{"a":"2","b":"y"}\n{"a":"3","b":"z"}\n',
    )
    const all = await runIn('query', 'df', 'in', '--no-progress')
    expect(all.stdout).toBe('{"a":"1","b":"x","c":null}\n{"a":"2","b":"y","c":null}\n{"a":"3","b":"z","c":"!"}\n')
    expect(all.stderr).toMatch(/what a file lacks is null: \S*1\.csv lacks c/)
    const none = await runIn('query', 'df.select("c")', 'in/1.csv', 'in/3.csv')
    expect(none.stderr).toContain('the query does not read it')
    expect((await runIn('query', 'df.groupBy("c").count()', 'in')).stdout).toBe(
      '{"c":null,"count":2}\n{"c":"!","count":1}\n',
    )
  })

  it('takes TypeScript, and prints the value of an action', async () => {
    const { runIn } = prepare()
    const typed = '(df as DataFrame<any>).filter((c: any) => c.status.ge(500)).select("path")'
    expect((await runIn('query', typed, 'log.jsonl')).stdout).toBe('{"path":"/b"}\n')
    expect((await runIn('query', 'df.count()', 'log.jsonl')).stdout).toBe('3\n')
    expect(
      (await runIn('query', 'read(csv({ schema: { qty: int() } }), "sales.csv").agg({ n: sum("qty") })')).stdout,
    ).toBe('{"n":16}\n')
  })

  it('refuses what it cannot run, with the code of the mistake', async () => {
    const { runIn } = prepare({
      'lake/day=2026-01-31/1.csv': 'a\n1\n',
      'lake/2.csv': 'a\n1\n',
      'mixed/1.csv': 'a\n1\n',
      'mixed/2.jsonl': '{"a":1}\n',
      'empty.jsonl': '',
      'ragged.csv': 'a,b\n1\n',
      'cut.jsonl': '{"a":1}\n{"a":',
      'bad.parquet': 'PAR1PAR1PAR1',
      'empty.csv': '',
      'bad.csv': 'qty\n1\nx\n',
      'bin.csv': 'PAR1\0\0',
    })
    const wrong = async (code: string, exit: number, ...args: string[]) => {
      const ran = await runIn('query', ...args)
      expect(ran.stderr, args.join(' ')).toMatch(new RegExp(`^error ${code}: `, 'm'))
      expect([ran.code, ran.stdout]).toEqual([exit, ''])
    }
    await wrong('OPTION_INVALID', 2)
    await wrong('OPTION_INVALID', 2, ' ', 'sales.csv')
    await wrong('OPTION_INVALID', 2, 'df', '-')
    await wrong('OPTION_INVALID', 2, 'df', 'mixed')
    await wrong('PARAM_UNKNOWN', 2, 'df', 'sales.csv', '--wat')
    await wrong('DATASET_INVALID', 1, 'df.', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df')
    await wrong('DATASET_INVALID', 1, 'df.pivot("city")', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df.groupBy("city")', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df', 'empty.jsonl')
    await wrong('DATASET_INVALID', 1, 'df', 'lake')
    await wrong('CSV_SHORT_ROW', 1, 'df', 'ragged.csv')
    await wrong('JSONL_BAD_RECORD', 1, 'df', 'cut.jsonl')
    await wrong('PARQUET_CORRUPT', 1, 'df', 'bad.parquet')
    await wrong('DATASET_INVALID', 1, 'df.count()', 'sales.csv', '-o', 'out')
    await wrong('DATASET_INVALID', 1, 'df.filter(c => c.qty.add(1))', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df.filter(col("city").eq("Rome") || col("city").eq("Oslo"))', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df.filter(c => c.city.eq("Rome") || c.city.eq("Oslo"))', 'sales.csv')
    await wrong('DATASET_INVALID', 1, 'df.join(inputs[1], "city")', 'sales.csv', 'sales.csv')
    await wrong('COLUMN_UNKNOWN', 1, 'df.select("town")', 'sales.csv')
    await wrong('INPUT_NOT_FOUND', 1, 'df', 'nowhere.csv')
    await wrong('HEADER_MISSING', 1, 'df', 'empty.csv')
    await wrong('INPUT_BINARY', 1, 'df', 'bin.csv')
    await wrong('CELL_INVALID', 1, 'read(csv({ schema: { qty: int() } }), "bad.csv")')
    await wrong('CAST_INVALID', 1, 'df.select(c => [c.qty.cast("int").as("n")])', 'bad.csv')
    await wrong('DIVIDE_BY_ZERO', 1, 'df.select(c => [c.status.div(lit(0)).as("n")])', 'log.jsonl')
    await wrong(
      'ARITHMETIC_OVERFLOW',
      1,
      'df.select(c => [c.status.mul(lit(9e18).cast("bigint")).as("n")])',
      'log.jsonl',
    )
  })
})

it('runjob schema prints the schema of a file', async () => {
  const { runIn } = prepare({ 'odd.csv': 'id,zip code,note\n1,00123,\n2,04567,x\n' })
  const text = (await runIn('schema', 'odd.csv')).stdout
  expect(text).toMatch(/^csv\(\{ schema: \{\n {2}id: /)
  expect(text).toContain('"zip code": ')
  expect(text).toContain('string()')
  const printed = await runIn('query', `read(${text.trim()}, 'odd.csv').count()`)
  expect(printed.stdout).toBe('2\n')
  expect((await runIn('schema')).code).toBe(2)
})

describe('actions', () => {
  it('give rows as values of JavaScript', async () => {
    const { folder } = prepare()
    const frame = read(sales, join(folder, 'sales.csv'))
    const first = { city: 'Rome', qty: 3, price: '1.50' }
    expect(await frame.first()).toEqual(first)
    expect(await frame.take(2)).toEqual([first, { city: 'Oslo', qty: 5, price: '2.25' }])
    expect((await frame.collect()).at(-1)).toEqual({ city: null, qty: 1, price: null })
    expect(await frame.count()).toBe(4)
    expect(await frame.isEmpty()).toBe(false)
    expect(await frame.filter(col('qty').gt(99)).first()).toBeNull()
    expect(await frame.filter(col('qty').gt(99)).isEmpty()).toBe(true)
    const counts = await Promise.all([1, 4, 6].map((least) => frame.filter((c) => c.qty.ge(least)).count()))
    expect(counts).toEqual([4, 2, 1])
  })

  it('give every row of more bytes than are read at once', async () => {
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, text: 'x'.repeat(id % 41) }))
    const { folder } = prepare({ 'many.csv': `id,text\n${rows.map(({ id, text }) => `${id},${text}\n`).join('')}` })
    const frame = read(csv({ schema: { id: long(), text: nullable(string()) } }), join(folder, 'many.csv'))
    const given = await frame.select((c) => ({ id: c.id, text: coalesce(c.text, lit('')) })).collect()
    expect(given).toHaveLength(rows.length)
    expect(given.findIndex(({ id, text }, i) => id !== i || text !== rows[i]!.text)).toBe(-1)
  })

  it('take options of a run, and refuse others', async () => {
    const { folder } = prepare()
    const frame = read(sales, join(folder, 'sales.csv'))
    expect(await frame.count({ workers: 1, memory: '64MB' })).toBe(4)
    expect((await failure(frame.count({ output: 'x' }))).code).toBe('OPTION_INVALID')
    expect((await failure(frame.collect({ signal: AbortSignal.abort() }))).code).toBe('INTERRUPTED')
  })

  it('skip bad rows where they may, and name the place of one where they may not', async () => {
    const { folder } = prepare({ 'bad.csv': 'qty\n1\nx\n2\n' })
    const frame = read(csv({ schema: { qty: long() } }), join(folder, 'bad.csv'))
    expect(await frame.collect({ maxBad: 1 })).toEqual([{ qty: 1 }, { qty: 2 }])
    const error = await failure(frame.collect())
    expect(error).toMatchObject({ code: 'CELL_INVALID', where: { file: join(folder, 'bad.csv'), offset: 6 } })
  })
})

describe('the same bytes come from', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `{"k":"key ${(i * 7919) % 977}","n":${i}}\n`)

  it('any number of workers, little memory and small splits', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in/1.jsonl': rows.slice(0, 9000).join(''), 'in/2.jsonl': rows.slice(9000).join('') })
    const table = jsonl({ schema: { k: string(), n: long() } })
    const dataset = defineDataset({
      name: 'keys',
      build: ({ read }) => {
        const all = read(table, join(folder, 'in'))
        const counts = all.groupBy('k').agg({ c: count(), s: sum('n') })
        return all.join(counts, 'k').orderBy(col('c').desc(), 'n')
      },
    })
    const configs = [
      { workers: 1 },
      { workers: 2, [TUNING]: { splitBytes: 40_000 } },
      { workers: 8, memory: '48MB', [TUNING]: { splitBytes: 10_000, collectorBytes: 1, mergeRuns: 2 } },
    ]
    const texts: string[] = []
    for (const [i, config] of configs.entries()) {
      await runDataset(dataset, { output: join(folder, `out${i}`), ...config })
      texts.push(textOf(join(folder, `out${i}`)))
    }
    expect(texts[0]!.split('\n').length).toBe(20_001)
    expect(texts[1]).toBe(texts[0])
    expect(texts[2]).toBe(texts[0])
  })

  it('a run that was killed, and continues', async () => {
    const { folder } = prepare({ 'big.jsonl': rows.join(''), 'small.csv': 'a\n1\n' })
    const args = [
      'query',
      'df.groupBy("k").agg({ c: count(), s: sum("n") }).orderBy(c => c.s.desc())',
      'big.jsonl',
      '-o',
    ]
    const tuning = { splitBytes: 20_000, heldBytes: 0 }
    // As the command prints it.
    const printed = await tunedRunjob(['query', 'df.limit(1)', 'small.csv', '-q'], tuning, { cwd: folder })
    expect(printed).toMatchObject({ code: 0, stdout: '{"a":"1"}\n' })
    expect((await tunedRunjob([...args, 'whole', '-q'], tuning, { cwd: folder })).code).toBe(0)
    const env = { ...process.env, RUNJOB_TUNING: JSON.stringify(tuning) }
    const child = spawn(process.execPath, [TUNED_MAIN, ...args, 'out', '-q', '--workers', '1'], { cwd: folder, env })
    const ended = new Promise((resolve) => child.on('close', resolve))
    const runs = join(folder, '.out.runjob/runs')
    while (child.exitCode === null && !(existsSync(runs) && readdirSync(runs).length > 3)) await sleep(1)
    child.kill('SIGKILL')
    await ended
    expect(existsSync(join(folder, 'out'))).toBe(false)
    const resumed = await tunedRunjob([...args, 'out', '--no-progress'], tuning, { cwd: folder })
    expect(resumed).toMatchObject({ code: 0 })
    expect(resumed.stderr).toContain('resuming: ')
    expect(textOf(join(folder, 'out'))).toBe(textOf(join(folder, 'whole')))
  })
})
