/** What a plan says of its operators after it ran; which keys make a partition too large. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import type { AnyFrame } from '../../dist/src/dataset/frame.js'
import {
  broadcast,
  count,
  csv,
  defineDataset,
  int,
  type Progress,
  parquet,
  rank,
  read,
  runDataset,
  string,
  sum,
  Window,
} from '../../dist/src/index.js'
import { TUNING } from '../../dist/src/run/options.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { checkPage } from '../helpers/page.js'
import { failure, runjob } from '../helpers/run.js'

const SALES = `city,n\n${Array.from({ length: 100 }, (_, i) => `${['Oslo', 'Rome', 'Bergen'][i % 3]},${i}\n`).join('')}`
const CITIES = 'city,country\nOslo,NO\nBergen,NO\n'
const sales = csv({ schema: { city: string(), n: int() } })
const cities = csv({ schema: { city: string(), country: string() } })

/** Without times, which differ. */
const untimed = (plan: string) => plan.replace(/(, |: )?[\d.,]+ m?s(?=\)|$)/gm, '')

describe('an analysed plan', () => {
  it('says how many rows each operator took and gave', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES, 'cities.csv': CITIES })
    const frame = read(sales, join(folder, 'sales.csv'))
      .filter((c) => c.n.ge(10))
      .join(broadcast(read(cities, join(folder, 'cities.csv'))), 'city')
      .groupBy('country')
      .agg({ n: count(), total: sum('n') })
      .orderBy('country')
    const plan = await frame.explain({ analyze: true, workers: 1 })
    const stages = plan.slice(plan.indexOf('data frame\n'))
    // Bytes on disk are not what it is about.
    expect(
      untimed(stages)
        .replaceAll(/, \d+ spills? of [\d.]+ \w+/g, '')
        .replaceAll(`${folder}/`, ''),
    ).toMatchInlineSnapshot(`
      "data frame
      └─ output: jsonl (1 row, 37 B)
         └─ stage output: 1 task
            └─ rows (1 row, about 9 expected)
               └─ exchange: by range, sorted by country (1 row, 28 B)
                  └─ stage sort 3: 1 task
                     └─ groups (1 row, about 9 expected)
                        └─ exchange: 1 partition, grouped by country, n = count(), total = sum(cast(n as bigint)) (60 rows in, 1 out, 10 B)
                           └─ stage group 2: 1 task
                              └─ project n, country (60 rows, about 34 expected)
                                 └─ inner join with one table on city = right.city (90 rows in, 60 out, about 34 expected)
                                    ├─ filter n >= 10 (100 rows in, 90 out, about 34 expected)
                                    │  └─ scan city, n (100 rows, about 100 expected)
                                    │     └─ sales.csv: csv, 1 file, 863 B
                                    └─ exchange: 1 partition, in input order (2 rows, 32 B)
                                       └─ stage broadcast 1: 1 task
                                          └─ project right.city = city, country (2 rows, about 4 expected)
                                             └─ scan city, country (2 rows, about 4 expected)
                                                └─ cities.csv: csv, 1 file, 31 B"
    `)
  })

  it('is that of what was read from standard input, whether it runs or not', async () => {
    const folder = temporaryFolder()
    const query = ['query', 'read(csv(), "-").groupBy("city").count()', '--explain']
    const options = { cwd: folder, stdin: SALES }
    for (const more of [[], ['--analyze']]) {
      const ran = await runjob([...query, ...more, '--quiet'], options)
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(ran.stdout).toContain('read csv -: city, n\n')
      expect(ran.stdout).toContain(`-: csv, 1 file, ${SALES.length} B\n`)
    }
    const json = await runjob([...query, '--analyze', '--json', '--quiet'], options)
    expect(JSON.parse(json.stdout).stages.map(({ recordsIn }: { recordsIn: number }) => recordsIn)).toEqual([100, 3])
    expect(readdirSync(folder)).toEqual([])
  })

  it('tells which row groups of Parquet files were left out, from the command as well', async () => {
    const folder = temporaryFolder()
    const columnData = [{ name: 'k', data: Array.from({ length: 400 }, (_, i) => i), type: 'INT32' as const }]
    const rows = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 100 }))
    writeFiles(folder, { 'rows.parquet': rows })
    const args = ['query', 'df.filter(c => c.k.ge(150))', 'rows.parquet', '--explain', '--analyze', '--quiet']
    const { code, stdout, stderr } = await runjob(args, { cwd: folder })
    expect([code, stderr]).toEqual([0, ''])
    expect(untimed(stdout)).toContain('filter k >= 150 (300 rows in, 250 out, about 250 expected)')
    expect(stdout).toContain('(3 of 4 row groups read)')
  })

  it('leaves no output, and nothing in the place of one', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES })
    const { code, stdout } = await runjob(
      ['query', 'df.limit(3)', 'sales.csv', '-o', 'out', '--explain', '--analyze', '--json', '-q'],
      { cwd: folder },
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      plan: { job: 'query' },
      stages: [{ name: 'limit 1', recordsOut: 3 }, { recordsOut: 3 }],
    })
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  it('counts the records of a job stage by stage', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'in.txt': 'a b a\nb a\n' })
    const { stdout } = await runjob(['wordcount', 'in.txt', '--explain', '--analyze', '-q'], { cwd: folder })
    expect(stdout).toContain('exchange: 1 partition by hash of the key, combined (5 records, ')
    expect(stdout).toMatch(/output: tsv \(2 records, /)
  })

  it('needs --explain, and says what failed if the run fails', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': `${SALES}Oslo,x\n` })
    const alone = await runjob(['query', 'df', 'sales.csv', '--analyze'], { cwd: folder })
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('"--analyze": it goes with --explain')])
    expect(await failure(read(sales, join(folder, 'sales.csv')).explain({ analyze: true }))).toMatchObject({
      code: 'CELL_INVALID',
    })
    expect(await failure(read(sales, join(folder, 'sales.csv')).explain({ analyse: true }))).toMatchObject({
      code: 'OPTION_INVALID',
    })
  })

  it('comes with a profile', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES })
    const args = ['query', 'df.limit(1)', 'sales.csv', '--profile', 'profile', '--explain', '--analyze']
    expect(await runjob(args, { cwd: folder })).toMatchObject({ code: 0 })
    expect(existsSync(join(folder, 'profile/profile.html'))).toBe(true)
  })

  it('is in the profile of a run, too', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES })
    const args = ['query', 'df.filter(c => c.city.eq("Oslo"))', 'sales.csv', '-o', 'out', '--profile', 'profile', '-q']
    expect(await runjob(args, { cwd: folder })).toMatchObject({ code: 0 })
    const { stages, tasks } = JSON.parse(readFileSync(join(folder, 'profile/profile.json'), 'utf8'))
    const flow = [
      { op: 'scan', rowsIn: 100, rowsOut: 100 },
      { op: 'filter', rowsIn: 100, rowsOut: 34 },
      { op: 'sink', rowsIn: 34, rowsOut: 34 },
    ]
    expect(stages[0].inputs[0].operators).toMatchObject(flow)
    expect(tasks[0].operators).toMatchObject(flow)
    const page = checkPage(readFileSync(join(folder, 'profile/profile.html'), 'utf8'))
    expect(page.cards).toHaveLength(1)
    expect(page.cards[0]!.map((text) => text.replace(/ [\d.]+ m?s$/, '')).slice(1)).toEqual([
      `sales.csv: csv, 1 file, ${SALES.length} B`,
      'scan city, n 100 rows',
      "filter city = 'Oslo' 100 rows in, 34 out",
      expect.stringMatching(/^output: jsonl 34 rows /),
    ])
  })
})

describe('the picture of a plan', () => {
  const pageOf = (folder: string, name: string) => checkPage(readFileSync(join(folder, name), 'utf8'))

  it('has all that the tree has, for frames, jobs and collections, before they run and after', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES, 'cities.csv': CITIES, 'in.txt': 'a b a\nb a\n' })
    const join = "df.join(read(csv(), 'cities.csv'), 'city').groupBy('country').count().orderBy('country')"
    for (const command of [
      ['query', `${join}.union(${join})`, 'sales.csv'],
      ['wordcount', 'in.txt'],
      ['query', "read.text('in.txt').flatMap(line => line.split(' ')).map(w => [w, 1]).reduceByKey((a, b) => a + b)"],
    ]) {
      const explained = [...command, '--explain', '--quiet', '--profile', 'profile']
      const { code, stdout, stderr } = await runjob(explained, { cwd: folder })
      expect([code, stderr]).toEqual([0, ''])
      const plan = pageOf(folder, 'profile/plan.html')
      expect(await runjob([...explained, '--analyze'], { cwd: folder })).toMatchObject({ code: 0 })
      const profile = pageOf(folder, 'profile/profile.html')
      const tree = stdout.slice(stdout.lastIndexOf('\n\n') + 1)
      const lines = [...tree.matchAll(/─ (.*?)(?:, as above)?$/gm)].map(([, line]) => line!)
      expect(lines.length).toBeGreaterThan(5)
      for (const line of lines) {
        const text = line.replace(/^stage /, '').replace(/ \((?:about|at most) [\d,]+ rows?\)$|, about [\d.]+ \w+$/, '')
        for (const page of [plan, profile])
          expect(
            page.cards.flat().some((shown) => shown.startsWith(text)),
            text,
          ).toBe(true)
      }
    }
  })

  it('is written without a run, and nothing else', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'sales.csv': SALES })
    const args = ['query', 'df.limit(1)', 'sales.csv', '--explain', '--profile', 'plan', '-o', 'out']
    expect(await runjob(args, { cwd: folder })).toMatchObject({ code: 0 })
    expect(readdirSync(folder).sort()).toEqual(['plan', 'sales.csv'])
    expect(readdirSync(join(folder, 'plan'))).toEqual(['plan.html'])
  })
})

describe('expected rows', () => {
  const data = [
    { name: 'k', data: Array.from({ length: 900 }, (_, i) => i), type: 'INT32' as const },
    { name: 'g', data: Array.from({ length: 900 }, (_, i) => i % 3), type: 'INT32' as const },
  ]
  const lake = () => {
    const folder = temporaryFolder()
    writeFiles(folder, {
      'rows.parquet': new Uint8Array(parquetWriteBuffer({ columnData: data })),
      'cities.csv': CITIES,
      'sales.csv': SALES,
    })
    return folder
  }
  const operatorsOf = (plan: string) =>
    plan.slice(plan.indexOf('data frame\n')).match(/(?<=─ )(scan|filter|project|groups|limit|inner|rows|left|top).*/g)

  it('are in the plan: those of Parquet as they are, guesses of filters, and bounds of groups', async () => {
    const rows = read(parquet({ schema: { k: int(), g: int() } }), join(lake(), 'rows.parquet'))
    const grouped = rows
      .filter((c) => c.k.ge(300))
      .groupBy('g')
      .agg({ n: count() })
    expect(operatorsOf(await grouped.explain())).toEqual([
      'groups (about 150 rows)',
      'filter k >= 300 (about 600 rows)',
      'scan k, g (900 rows)',
    ])
    expect(operatorsOf(untimed(await grouped.explain({ analyze: true })))).toEqual([
      'groups (3 rows, about 150 expected)',
      'filter k >= 300 (900 rows in, 600 out, about 600 expected)',
      'scan k, g (900 rows, 900 expected)',
    ])
    expect(operatorsOf(await rows.groupBy('g').count().explain())?.[0]).toBe('groups (at most 900 rows)')
    const one = rows.agg({ n: count() }).explain()
    expect(operatorsOf(await one)).toEqual(['groups (1 row)', 'scan k (900 rows)'])
    const first = rows.filter((c) => c.k.eq(5).and(c.k.add(1).eq(6)).and(c.k.eq(c.g))).limit(7)
    expect(operatorsOf(await first.explain())?.[0]).toBe('limit 7 (about 1 row)')
    const all = rows.union(rows).orderBy('k').limit(2000)
    expect(operatorsOf(await all.explain())).toEqual([
      'limit 2,000 (1,800 rows)',
      'rows',
      'scan k, g (900 rows)',
      'scan k, g (900 rows)',
    ])
  })

  it('of text are known where a join has counted its lines, and nothing is read for them', async () => {
    const folder = lake()
    const all = read(sales, join(folder, 'sales.csv'))
    expect(operatorsOf(await all.filter((c) => c.n.ge(10)).explain())).toEqual(['filter n >= 10', 'scan city, n'])
    const joined = all.join(read(cities, join(folder, 'cities.csv')), 'city')
    expect(operatorsOf(await joined.explain())).toContain('scan city, n (about 100 rows)')
    writeFiles(folder, { 'more.csv.gz': gzipSync(SALES) })
    const packed = read(sales, join(folder, 'more.csv.gz')).join(read(cities, join(folder, 'cities.csv')), 'city')
    expect(operatorsOf(await packed.explain())).toContain('scan city, n')
  })

  it('are not known where a file is damaged, which is no error before it is read', async () => {
    const folder = lake()
    const whole = readFileSync(join(folder, 'rows.parquet'))
    writeFiles(folder, { 'lake/a.parquet': whole, 'lake/b.parquet': whole.subarray(0, -9) })
    const some = read(parquet({ schema: { k: int(), g: int() } }), `${folder}/lake/`).limit(1)
    expect(operatorsOf(await some.explain())).toContain('scan k, g')
    expect(await some.explain({ analyze: true, workers: 1 })).toContain('scan k, g (')
  })

  it('are in the JSON of an analysed plan, in the order of its operators', async () => {
    const args = ['query', 'df.filter(c => c.k.lt(9))', 'rows.parquet', '--explain', '--analyze', '--json', '-q']
    const { stdout } = await runjob(args, { cwd: lake() })
    const { plan, stages, estimates } = JSON.parse(stdout)
    expect(plan.stages[0].inputs[0].operators.map(({ op }: { op: string }) => op)).toEqual(['scan', 'filter'])
    expect(stages[0].inputs[0].operators.map(({ rowsOut }: { rowsOut: number }) => rowsOut)).toEqual([900, 9, 9])
    expect(estimates).toEqual([
      [
        [
          { rows: 900, kind: 'exact' },
          { rows: 75, kind: 'guess' },
        ],
      ],
    ])
  })
})

describe('a skewed key', () => {
  /** Half of these rows have the key "x". */
  const COUNT = 240_000
  const rows = () => Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? `x,${i}\n` : `k${i},${i}\n`)).join('')

  it('is named for sorts and joins of data frames, with its column', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'rows.csv': `city,n\n${rows()}`, 'few.csv': 'city,country\nx,NO\nk1,NO\n' })
    const all = read(sales, join(folder, 'rows.csv'))
    const options = { partitions: 6, [TUNING]: { joins: 'merge' as const } }
    const skewed = async (name: string, frame: AnyFrame) =>
      (await runDataset(defineDataset({ name, build: () => frame }), { ...options, output: join(folder, name) })).skewed
    expect(await skewed('sorted', all.orderBy('city'))).toEqual([
      { stage: 'output', key: 'city = "x"', records: COUNT / 2, of: COUNT },
    ])
    expect(await skewed('joined', all.join(read(cities, join(folder, 'few.csv')), 'city'))).toEqual([
      // Rows of other cities are dropped before.
      { stage: 'output', key: 'city = "x"', records: COUNT / 2 + 1, of: COUNT / 2 + 3 },
    ])
    expect(await skewed('grouped', all.groupBy('city').agg({ n: count() }))).toEqual([])
  })

  it('is named for joins by partition and windows, of which a sample says about how often it comes, and with its side', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'rows.csv': `city,n\n${rows()}`, 'few.csv': 'city,country\nx,NO\nk1,NO\n' })
    const [all, few] = [read(sales, join(folder, 'rows.csv')), read(cities, join(folder, 'few.csv'))]
    const skewed = async (name: string, frame: AnyFrame, workers: number) => {
      const options = { partitions: 6, workers, mode: 'overwrite' as const, [TUNING]: { joins: 'hash' as const } }
      const dataset = defineDataset({ name, build: () => frame })
      return (await runDataset(dataset, { ...options, output: join(folder, name) })).skewed
    }
    const half = { stage: 'output', key: 'city = "x"', of: COUNT, isEstimate: true }
    for (const [name, frame, side] of [
      ['left', all.join(few, 'city', 'full'), { side: 'left' }],
      ['right', few.join(all, 'city', 'full'), { side: 'right' }],
      ['window', all.withColumn('r', rank().over(Window.partitionBy('city').orderBy('n'))), {}],
    ] as const) {
      const [found, ...more] = await skewed(name, frame, 2)
      expect(more).toEqual([])
      expect(found).toMatchObject({ ...half, ...side })
      expect(Math.abs(found!.records / (COUNT / 2) - 1)).toBeLessThan(0.05)
      expect(await skewed(name, frame, 1)).toEqual([found])
    }
  })

  it('is named in the summary of a job whose reduce reads all values, and not where they are combined', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'rows.csv': `city,n\n${rows()}`, 'few.csv': 'city,country\nx,NO\n' })
    const summaryOf = async (...args: string[]) => {
      const { code, stderr } = await runjob([...args, '--partitions', '4', '-o', args[0]!], { cwd: folder })
      expect(code).toBe(0)
      return stderr
    }
    const joined = await summaryOf('join', '--left', 'rows.csv', '--right', 'few.csv', '--on', 'city')
    expect(joined).toContain('  skewed       key x has 120,001 of 240,001 records in stage reduce\n')
    expect(await summaryOf('stats', 'rows.csv', '--by', 'city', '--of', 'n')).not.toContain('skewed')
  })
})

it('progress says what a stage does', async () => {
  const folder = temporaryFolder()
  writeFiles(folder, { 'lake/sales.csv': SALES, 'cities.csv': CITIES })
  const input = read(sales, `${folder}/lake/`)
  const frame = input
    .filter((c) => c.n.ge(10))
    .join(read(cities, join(folder, 'cities.csv')), 'city')
    .groupBy('country')
    .agg({ n: count() })
    .orderBy('n')
    .unionByName(input.select((c) => ({ country: c.city, n: c.n.cast('long') })))
  const seen = new Set<string>()
  await frame.collect({ onProgress: ({ stage, does }: Progress) => seen.add(`${stage}: ${does}`) })
  expect([...seen]).toEqual([
    'broadcast 1: scan cities.csv',
    'group 2: scan lake/, filter, inner join, group',
    'sort 3: groups, sort',
    'output: rows of sort 3 and scan lake/, output',
  ])
})
