/** All readers of CSV find columns by name: files with their columns in any order give the same as one file. */
import { describe, expect, it } from 'vitest'
import { reading } from '../engine/task/source/row_jobs.js'
import { linesOf, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { csvField, Random } from '../helpers/random.js'
import { type Config, failure, run } from '../helpers/run.js'

const NAMES = ['user', 'time', 'price', 'note']
const NOTES = ['', 'x', 'a,b', 'say "hi"', 'ü']

type Row = Record<string, string>

const csvOf = (header: string[], rows: Row[]): string =>
  [header, ...rows.map((row) => header.map((name) => row[name]!))]
    .map((fields) => `${fields.map((field) => csvField(field)).join(',')}\n`)
    .join('')

function folderOf(files: Record<string, string>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

/** The same rows: in one file, and in several, each with its own order of columns and extra columns between them. */
function tables(seed: number): { one: string; several: string } {
  const random = new Random(seed)
  const files: Record<string, string> = {}
  const all: Row[] = []
  for (let f = 0; f < 5; f++) {
    const rows = random.times(1 + random.below(30), (i) => ({
      user: random.pick(['ada', 'bob', 'eve']),
      time: String(f * 100_000 + i * random.below(3000)),
      price: random.pick(['', '1.5', '20', '-3']),
      note: random.pick(NOTES),
    }))
    // A join gives columns in the order of the first file.
    const order = f === 0 ? NAMES : [...NAMES].sort(() => random.next() - 0.5)
    files[`${f}.csv`] = csvOf(order, rows)
    all.push(...rows)
  }
  return { one: folderOf({ 'all.csv': csvOf(NAMES, all) }), several: folderOf(files) }
}

const OTHER = 'user,city\nada,Oslo\nbob,Rome\nbob,Bonn\n'

const READERS: Record<string, (input: string, config: Config) => Promise<{ output: string }>> = {
  stats: (input, config) => run('stats', input, { ...config, params: { by: 'user', of: 'price' } }),
  sessions: (input, config) => run('sessions', input, { ...config, params: { gap: 2000 } }),
  'join, left': (left, config) =>
    run('join', { left, right: folderOf({ 'o.csv': OTHER }) }, { ...config, params: { on: 'user' } }),
  'join, right': (right, config) =>
    run('join', { left: folderOf({ 'o.csv': OTHER }), right }, { ...config, params: { on: 'user', type: 'full' } }),
  'a map that reads fields': (input, config) => run(reading, input, { ...config, params: { column: 'note' } }),
  'a map that hands rows on': (input, config) =>
    run(reading, input, { ...config, params: { column: 'note', late: false, columns: 'price|note' } }),
}

describe.each(Object.entries(READERS))('%s', (_, read) => {
  it.each([1, 2, 3])('gives the same whatever the order of columns in each file (seed %i)', async (seed) => {
    const { one, several } = tables(seed)
    const expected = linesOf((await read(one, { workers: 1 })).output)
    expect(expected.length).toBeGreaterThan(2)
    expect(linesOf((await read(several, { workers: 2 })).output)).toEqual(expected)
  })

  it.each(['first', 'last'])('names the column that the %s file lacks, and the file', async (which) => {
    const good = csvOf(NAMES, [{ user: 'ada', time: '1', price: '2', note: 'x' }])
    const bad = 'name,when\nada,1\n'
    const input = folderOf(which === 'first' ? { '1.csv': bad, '2.csv': good } : { '1.csv': good, '2.csv': bad })
    const error = await failure(read(input, { workers: 1, maxBad: 5 } as Config))
    expect(error.code).toBe('COLUMN_UNKNOWN')
    expect(error.where.file).toMatch(which === 'first' ? /1\.csv$/ : /2\.csv$/)
  })
})

describe('stats', () => {
  it('groups by the column that it sums', async () => {
    const { output } = await run('stats', folderOf({ 'a.csv': 'n\n3\n4\n3\n' }), { params: { by: 'n', of: 'n' } })
    expect(linesOf(output)).toEqual(['n,count,sum,min,mean,max', '3,2,6,3,3,3', '4,1,4,4,4,4'])
  })

  it('takes a name that holds a comma in quotes', async () => {
    const input = folderOf({ 'a.csv': '"a,b",n\nx,2\n' })
    const { output } = await run('stats', input, { params: { by: '"a,b"', of: 'n' } })
    expect(linesOf(output)).toEqual(['"a,b",count,sum,min,mean,max', 'x,1,2,2,2,2'])
  })

  it('names the column that is misspelt, and the known ones', async () => {
    const input = folderOf({ 'a.csv': 'region,product,n\nx,y,2\n' })
    for (const params of [
      { by: 'region,prodct', of: 'n' },
      { by: 'region', of: 'n,prodct' },
    ]) {
      const error = await failure(run('stats', input, { params }))
      expect(error).toMatchObject({ code: 'COLUMN_UNKNOWN', hint: 'Did you mean "product"?' })
      expect(error.message).toContain('region, product, n')
    }
  })
})
