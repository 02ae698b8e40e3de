/** `--max-bad`: what is skipped, what is listed, and when it is too much. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { Random } from '../helpers/random.js'
import { CONFIGS, type Config, failure, run, runjob } from '../helpers/run.js'
import { adding, chained, chainedReduce, flooding, hardReduce, picky, rows, sifting } from './bad_record_jobs.js'
import { readingJson } from './error_jobs.js'

const QUARANTINE = '_quarantine.jsonl'

interface Entry {
  file: string
  offset: number
  code: string
  reason: string
  excerpt: string
}

function entriesOf(path: string): Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Entry)
}

const quarantineOf = (output: string) => entriesOf(join(output, QUARANTINE))

/** Lines, some of them bad, in one file each. */
function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

/** A table with bad rows of each kind, their places, and what remains without them. */
function table(seed: number, rowCount: number, bad: readonly string[]) {
  const random = new Random(seed)
  const header = 'city,n\n'
  let all = header
  let clean = header
  const offsets: number[] = []
  for (let i = 0; i < rowCount; i++) {
    if (random.below(20) === 0) {
      offsets.push(all.length)
      all += `${random.pick(bad)}\n`
    }
    const row =
      random.below(6) === 0
        ? `"c,${random.below(9)}\n",${random.below(100)}\n`
        : `c${random.below(30)},${random.below(100)}\n`
    all += row
    clean += row
  }
  return { all, clean, offsets }
}

const BAD_ROWS = ['alone', 'Oslo,twelve', '"Oslo"x,3', 'Rome,1e']

describe.each(Object.entries(CONFIGS))('a run that skips bad records (%s)', (_, config) => {
  const params = { by: 'city', of: 'n' }

  it('gives what it would give without them, and lists them in input order: native columns of CSV', async () => {
    const tables = [1, 2].map((seed) => table(seed, 1500, BAD_ROWS))
    const files = (of: 'all' | 'clean') =>
      folderOf({ 'a.csv': tables[0]![of], 'b.csv': '', 'c.csv.gz': gzipSync(tables[1]![of]), 'd.csv': tables[0]![of] })
    const folder = files('all')
    const dirty = await run('stats', folder, { ...config, params, maxBad: '50%' })
    const clean = await run('stats', files('clean'), { ...config, params })
    expect(linesOf(dirty.output)).toEqual(linesOf(clean.output))
    const places = [0, 1, 0].flatMap((t, i) =>
      tables[t]!.offsets.map((offset) => [join(folder, ['a.csv', 'c.csv.gz', 'd.csv'][i]!), offset]),
    )
    const entries = quarantineOf(dirty.output)
    expect(entries.map(({ file, offset }) => [file, offset])).toEqual(places)
    expect(dirty.recordsQuarantined).toBe(places.length)
    expect(dirty.quarantine).toBe(join(dirty.output, QUARANTINE))
    expect(dirty.stages[0]).toMatchObject({ recordsQuarantined: places.length, recordsIn: 4500 + places.length })
    expect(entries.find(({ code }) => code === 'CSV_BAD_NUMBER')).toMatchObject({
      reason: expect.stringContaining('column 2 is not a number'),
      excerpt: expect.stringMatching(/^(Oslo,twelve|Rome,1e)$/),
    })
    expect(existsSync(join(clean.output, QUARANTINE))).toBe(false)
  })

  it('gives what it would give without them: CSV, JSON lines and text through functions', async () => {
    const { all, clean, offsets } = table(3, 800, BAD_ROWS)
    const dirty = await run(rows, folderOf({ 'a.csv': all }), { ...config, maxBad: 1000 })
    expect(linesOf(dirty.output)).toEqual(linesOf((await run(rows, folderOf({ 'a.csv': clean }), config)).output))
    const entries = quarantineOf(dirty.output)
    expect(entries.map(({ offset }) => offset)).toEqual(offsets)
    expect(new Set(entries.map(({ code }) => code))).toEqual(new Set(['CSV_BAD_QUOTE', 'CSV_SHORT_ROW', 'USER_ERROR']))
    for (const { code, excerpt } of entries) if (code !== 'CSV_BAD_QUOTE') expect(all).toContain(`\n${excerpt}\n`)

    const jsons = Array.from({ length: 300 }, (_, i) =>
      i % 50 === 7 ? `{"key": ${i}` : `{"key":"k${i % 4}","n":${i}}`,
    )
    const added = await run(adding, folderOf({ 'a.jsonl': jsons.join('\n') }), { ...config, maxBad: 6 })
    expect(quarantineOf(added.output).map(({ excerpt }) => excerpt)).toEqual(
      jsons.filter((line) => !line.endsWith('}')),
    )
    expect(added.stages[0]).toMatchObject({ recordsIn: 300, recordsOut: 294, recordsQuarantined: 6 })
  })

  it('undoes what a map emitted, counted and wrote for a record before it threw', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => (i % 40 === 11 ? `x${i} bad y` : `x${i % 3} ok`))
    const { output, counters } = await run(picky, folderOf({ a: lines.join('\n') }), { ...config, maxBad: 10 })
    expect(linesOf(output)).toEqual(['ok\t390', 'x0\t131', 'x1\t130', 'x2\t129'])
    expect(counters).toEqual({ words: 780 })
    expect(quarantineOf(output).map(({ reason }) => reason)[0]).toContain('a bad word')

    const flooded = await run(flooding, folderOf({ a: 'a\nbad\nb\nbad\nbad\n' }), { ...config, maxBad: 3 })
    expect(linesOf(flooded.output).map((line) => line.replace('\t', ' '))).toEqual(
      ['a', 'b'].flatMap((key) => [0, 1, 2, 3, 4, 5, 6].map((n) => `${key}${n} 10000`)),
    )

    const sifted = await run(sifting, folderOf({ a: 'one\nbad\nthree\nbad\n' }), { ...config, maxBad: 2 })
    expect(linesOf(sifted.output)).toEqual(['one\t3', 'three\t5'])
    expect(Object.keys(snapshot(sifted.output))).toEqual([
      '_SUCCESS',
      QUARANTINE,
      'long/part-m-00000.tsv',
      'part-m-00000.tsv',
    ])
  })
})

describe('a later step', () => {
  // Each good word n times, for n of 1 to 9; 5 bad ones.
  const words = Array.from({ length: 45 }, (_, i) => Array(1 + (i % 9)).fill(`w${i}`)).flat()
  const bad = ['bad-a', 'bad-b', 'bad-b', 'bad-c', 'bad-d', 'bad-e']
  const lines = [...words, ...bad].map((_, i, all) => all[(i * 17) % all.length]).join('\n')

  it.each(Object.entries(CONFIGS))('skips records for which its map throws (%s)', async (_, config) => {
    const folder = folderOf({ a: lines })
    for (const [job, times] of [
      [chained, 1],
      [chainedReduce, 2],
    ] as const) {
      const { output, counters, recordsQuarantined, stages } = await run(job, folder, {
        ...config,
        partitions: 3,
        maxBad: 5 * times,
      })
      expect(linesOf(output).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${n}\t${5 * times}`))
      expect(counters).toEqual({ words: 45 * times })
      expect(recordsQuarantined).toBe(5 * times)
      expect(stages[1]).toMatchObject({ name: 'reduce 1 + map 2', recordsQuarantined: 5 * times })
      const entries = quarantineOf(output) as unknown as {
        stage: string
        partition: number
        key: string
        excerpt: string
      }[]
      // By partition, then by key.
      const place = ({ partition, key }: { partition: number; key: string }) => `${partition} ${key}`
      expect(entries.map(place)).toEqual(entries.map(place).toSorted())
      for (const key of ['bad-a', 'bad-b', 'bad-c', 'bad-d', 'bad-e'].flatMap((key) =>
        [key, `${key}!`].slice(0, times),
      )) {
        expect(entries).toContainEqual({
          stage: 'reduce 1 + map 2',
          partition: expect.toSatisfy((partition: number) => partition >= 0 && partition < 3),
          key,
          code: 'USER_ERROR',
          reason: expect.stringContaining(`a bad word: ${key}`),
          excerpt: JSON.stringify([key, key.startsWith('bad-b') ? 2 : 1]),
        })
      }
    }
  })

  it('counts against the limit with the steps before, and a share is one of the records that the step was given', async () => {
    const folder = folderOf({ a: lines })
    const output = join(temporaryFolder(), 'out')
    const options = { workers: 1, partitions: 2, output }
    const error = await failure(run(chained, folder, { ...options, maxBad: 4 }))
    expect(error).toMatchObject({ code: 'TOO_MANY_BAD_RECORDS', message: expect.stringContaining('5 bad records') })
    expect(entriesOf(join(output, '../.out.runjob', QUARANTINE))).toHaveLength(5)
    expect((await failure(run(chained, folder, { ...options, maxBad: '9%' }))).message).toContain('5 bad records of 50')
    const resumed = await run(chained, folder, { ...options, maxBad: '10%' })
    expect(resumed.resumedTasks).toBe(3)
    expect([resumed.recordsQuarantined, quarantineOf(output).length]).toEqual([5, 5])
  })

  it('whose list was damaged meanwhile repeats that part', async () => {
    const folder = folderOf({ a: lines })
    const output = join(temporaryFolder(), 'out')
    const options = { workers: 1, partitions: 2, output }
    await failure(run(chained, folder, { ...options, maxBad: '9%' }))
    const lists = join(output, '../.out.runjob/quarantine')
    const list = join(lists, readdirSync(lists)[0]!)
    writeFileSync(list, readFileSync(list, 'utf8').replace('USER_ERROR', 'USER_ERRAR'))
    const resumed = await run(chained, folder, { ...options, maxBad: '10%' })
    expect(resumed.resumedTasks).toBe(2)
    expect(quarantineOf(output).map(({ code }) => code)).toEqual(Array(5).fill('USER_ERROR'))
  })

  it('ends the run if a reduce throws: a group is not a record', async () => {
    const folder = folderOf({ a: 'ok\nbad\nok' })
    const error = await failure(run(hardReduce, folder, { maxBad: 100 }))
    expect(error).toMatchObject({ code: 'USER_ERROR', where: { stage: 'reduce', key: 'bad' } })
  })
})

describe('the limit', () => {
  const lines = (bad: number, good: number) => `${'bad\n'.repeat(bad)}${'ok\n'.repeat(good)}`
  const small: Config = { workers: 3, tuning: { splitBytes: 40 } }

  it.each([
    ['a number', 7, 7, 8],
    ['a share', '10%', 10, 11],
  ])('is exact, whatever the splits: %s', async (_, maxBad, most, tooMany) => {
    const folder = folderOf({ a: lines(most, 100 - most), b: lines(tooMany, 100 - tooMany) })
    for (const config of [small, { workers: 1 }]) {
      expect((await run(picky, join(folder, 'a'), { ...config, maxBad })).recordsQuarantined).toBe(most)
      const output = join(temporaryFolder(), 'out')
      const error = await failure(run(picky, join(folder, 'b'), { ...config, maxBad, output }))
      expect(error.code).toBe('TOO_MANY_BAD_RECORDS')
      expect(error.message).toContain(`${tooMany} bad records`)
      expect(error.message).toContain(`--max-bad ${maxBad} `)
      const list = join(output, '../.out.runjob', QUARANTINE)
      expect(error.hint).toContain(list)
      expect(entriesOf(list).length).toBeGreaterThanOrEqual(config.workers === 1 ? tooMany : 1)
      expect(existsSync(output)).toBe(false)
    }
  })

  it('can be raised: the run continues from its finished tasks, and counts these too', async () => {
    const folder = folderOf({ a: lines(12, 300) })
    const output = join(temporaryFolder(), 'out')
    const options = { workers: 2, tuning: { splitBytes: 40 }, output }
    expect((await failure(run(picky, folder, { ...options, maxBad: 11 }))).code).toBe('TOO_MANY_BAD_RECORDS')
    expect((await failure(run(picky, folder, { ...options, maxBad: '3.8%' }))).message).toContain(
      '12 bad records of 312',
    )
    expect((await failure(run(picky, folder, options))).code).toBe('USER_ERROR')
    const resumed = await run(picky, folder, { ...options, maxBad: 12 })
    expect(resumed.resumedTasks).toBeGreaterThan(5)
    expect(resumed.recordsQuarantined).toBe(12)
    expect(quarantineOf(output).map(({ offset }) => offset)).toEqual(Array.from({ length: 12 }, (_, i) => 4 * i))
  })

  it('of none stops at the first, with file, offset, excerpt and the stack of the user’s function', async () => {
    const folder = folderOf({ a: 'ok\nbad\n', 'b.csv': 'city,n\nOslo,x\n' })
    const error = await failure(run(picky, join(folder, 'a')))
    expect(error).toMatchObject({ code: 'USER_ERROR', where: { file: join(folder, 'a'), offset: 3 } })
    expect(error.userStack).toContain('bad_record_jobs.ts')
    const number = await failure(run('stats', join(folder, 'b.csv'), { params: { by: 'city', of: 'n' } }))
    expect(number).toMatchObject({
      code: 'CSV_BAD_NUMBER',
      where: { offset: 7 },
      message: expect.stringContaining('"x"'),
    })
    expect((await failure(run(picky, join(folder, 'a'), { maxBad: 0 }))).code).toBe('USER_ERROR')
  })

  it.each(['-1', 'x', '1.5', '101%', '%', ''])('cannot be %j', async (maxBad) => {
    expect((await failure(run(picky, folderOf({ a: '' }), { maxBad }))).code).toBe('OPTION_INVALID')
  })
})

it('a CSV task that guessed a wrong start counts only what it finds from the right one', async () => {
  // Inside the long quoted fields there is text that looks like bad rows.
  const field = `"${'not,a\nrow\nat,all,x\n'.repeat(40)}"`
  const folder = folderOf({ 'a.csv': `city,n\n${`${field},1\n`.repeat(30)}bad\n` })
  const { output, recordsQuarantined } = await run('stats', folder, {
    workers: 3,
    maxBad: 1,
    tuning: { splitBytes: 700 },
    params: { by: 'city', of: 'n' },
  })
  expect(recordsQuarantined).toBe(1)
  expect(quarantineOf(output)[0]).toMatchObject({ code: 'CSV_SHORT_ROW', excerpt: 'bad' })
})

it.each([1, 3])(
  'bad elements of a JSON array are listed with their place in the file, with %i workers',
  async (workers) => {
    const array = '[\n  {"n": 1},\n  {"n": },\n  {"n":\n    3},\n  nope, {"n": 5}\n]\n'
    const folder = folderOf({ 'a.json': array, 'b.json': '[{"n": 7}]\n' })
    const { output, recordsRead, recordsQuarantined } = await run(readingJson, folder, { workers, maxBad: 2 })
    expect(linesOf(output)).toEqual(['n\t16'])
    expect({ recordsRead, recordsQuarantined }).toEqual({ recordsRead: 6, recordsQuarantined: 2 })
    const places = quarantineOf(output).map(({ code, file, offset }) => [code, file, offset])
    const file = join(folder, 'a.json')
    // An element begins after the previous one's comma.
    expect(places).toEqual([
      ['JSONL_BAD_RECORD', file, array.indexOf('{"n": }') - 3],
      ['JSONL_BAD_RECORD', file, array.indexOf('nope') - 3],
    ])
    const error = await failure(run(readingJson, folder, { workers, maxBad: 1 }))
    expect(error.code).toBe('TOO_MANY_BAD_RECORDS')
  },
)

it('JSON that spans lines is not JSON lines, and the hint says what to do', async () => {
  const folder = folderOf({ 'a.json': '{\n  "n": 1\n}\n{\n  "n": 2\n}\n' })
  const error = await failure(run(readingJson, folder))
  expect(error).toMatchObject({ code: 'JSONL_BAD_RECORD', where: { offset: 0 } })
  expect(error.hint).toContain('Its value seems to span several lines.')
  expect(error.hint).toContain('jq -c .')
})

it('a record that is too long is skipped, and shown by its beginning', async () => {
  const long = 'x'.repeat(14 << 20)
  const folder = folderOf({ 'a.txt': `one ok\n${long}\ntwo\n`, 'b.csv': `city,n\nOslo,1\n"${long}\nRome,2\n` })
  const text = await run(picky, join(folder, 'a.txt'), { memory: '48MB', maxBad: 1 })
  expect(linesOf(text.output)).toEqual(['ok\t1', 'one\t1', 'two\t1'])
  const table = await run('stats', join(folder, 'b.csv'), {
    memory: '48MB',
    maxBad: 1,
    params: { by: 'city', of: 'n' },
  })
  expect(linesOf(table.output).slice(1)).toEqual(['Oslo,1,1,1,1,1', 'Rome,1,2,2,2,2'])
  for (const { output } of [text, table]) {
    expect(quarantineOf(output)).toMatchObject([
      { code: 'RECORD_TOO_LARGE', excerpt: expect.stringMatching(/^"?x{199,200}$/) },
    ])
  }
})

describe('a line that is too long for native code', () => {
  const long = 'x'.repeat(20 << 20)
  const text = `one two\n${long} three\nfour\n${long}`
  const jobs: [name: string, params: Record<string, string | number>, lines: string[]][] = [
    ['wordcount', {}, ['four\t1', 'one\t1', 'three\t1', 'two\t1']],
    ['sort', {}, ['four', 'one two']],
    ['distinct', {}, ['four', 'one two']],
    ['top', { n: 5 }, ['four\t1', 'one two\t1']],
    ['grep', { pattern: 'o' }, ['one two', 'four']],
    ['grep', { pattern: 'o$' }, ['one two']],
  ]

  it.each(jobs)('is skipped, and listed by its beginning: %s %j', async (job, params, lines) => {
    const folder = folderOf({ 'a.txt': text, 'b.txt.gz': gzipSync(text, { level: 1 }) })
    const places = (file: string) => [
      [join(folder, file), 8],
      [join(folder, file), text.lastIndexOf('\n') + 1],
    ]
    for (const [file, config] of [
      ['b.txt.gz', { workers: 1, memory: '48MB' }],
      ['a.txt', { workers: 2, memory: '101MB', tuning: { splitBytes: 3 << 20 } }],
    ] as const) {
      const { output, stages } = await run(job, join(folder, file), { ...config, params, maxBad: 2 })
      const beginnings = linesOf(output).map((line) => line.slice(0, 40))
      expect(beginnings.sort()).toEqual(lines.toSorted())
      const entries = quarantineOf(output)
      expect(entries.map(({ file, offset }) => [file, offset])).toEqual(places(file))
      for (const { code, excerpt } of entries) expect([code, excerpt]).toEqual(['RECORD_TOO_LARGE', long.slice(0, 200)])
      expect(stages[0]).toMatchObject({ recordsIn: 4, recordsQuarantined: 2 })
    }
    const output = join(temporaryFolder(), 'out')
    const tooMany = run(job, join(folder, 'a.txt'), { workers: 1, memory: '48MB', params, maxBad: 1, output })
    expect((await failure(tooMany)).code).toBe('TOO_MANY_BAD_RECORDS')
    const none = await failure(run(job, join(folder, 'a.txt'), { workers: 1, memory: '48MB', params }))
    expect(none).toMatchObject({ code: 'RECORD_TOO_LARGE', where: { file: join(folder, 'a.txt'), offset: 8 } })
  })
})

it('appending adds to the list, and the command line says so', async () => {
  const folder = folderOf({ a: 'Oslo,x\n', b: 'Rome,y\nRome,1\n' })
  const command = (input: string) =>
    runjob(
      [
        'stats',
        input,
        '--columns',
        'city,n',
        '--by',
        'city',
        '--of',
        'n',
        '-o',
        'out',
        '--mode',
        'append',
        '--max-bad',
        '1',
      ],
      {
        cwd: folder,
      },
    )
  const { code, stderr } = await command('a')
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/bad records +1, listed in .*_quarantine\.jsonl/),
  })
  expect((await command('b')).code).toBe(0)
  expect(quarantineOf(join(folder, 'out')).map(({ excerpt }) => excerpt)).toEqual(['Oslo,x', 'Rome,y'])
})
