/** An output that is one file. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type RunOptions, runJob } from 'runjob'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'
import { whenJoining } from '../helpers/joining.js'
import { Random } from '../helpers/random.js'
import { failure } from '../helpers/run.js'
import { formatted, outputJobs } from './output_jobs.js'

function prepare() {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'b a\nb', 'more.txt': 'c', 'sales.csv': 'city,n\nOslo,1\nRome,2\nBergen,x\n' })
  const output = join(folder, 'out.tsv')
  const count = (more: Partial<RunOptions> = {}) =>
    runJob('wordcount', { input: join(folder, 'in.txt'), output, singleFile: true, ...more })
  return { folder, output, count, text: () => readFileSync(output, 'utf8') }
}

async function read(result: { read(): AsyncIterable<unknown> }): Promise<unknown[]> {
  const records: unknown[] = []
  for await (const record of result.read()) records.push(record)
  return records
}

const hidden = '.out.tsv.success'

describe('a single file', () => {
  it('holds all parts in order, and only its record is left beside it', async () => {
    const { folder, count, text } = prepare()
    const result = await count({ partitions: 3 })
    expect(text().split('\n').sort().join('\n')).toBe('\na\t1\nb\t2')
    expect(readdirSync(folder).sort()).toEqual([hidden, 'in.txt', 'more.txt', 'out.tsv', 'sales.csv'])
    expect((await read(result)).sort()).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  it('has one header row, compressed too, and is the same bytes each time', async () => {
    const { folder, output } = prepare()
    const options = { input: join(folder, 'sales.csv'), params: { by: 'city', of: 'n' }, maxBad: 1, partitions: 4 }
    const csv = join(folder, 'a/stats.csv')
    await runJob('stats', { ...options, output: csv, singleFile: true })
    const rows = readFileSync(csv, 'utf8')
    expect(rows.split('\n').filter((line) => line.startsWith('city,'))).toHaveLength(1)
    expect(rows.startsWith('city,count,sum,min,mean,max\n')).toBe(true)
    const gz = join(folder, 'stats.csv.gz')
    const result = await runJob('stats', { ...options, output: gz, singleFile: true, compress: 'gzip' })
    expect(gunzipSync(readFileSync(gz)).toString()).toBe(rows)
    expect((await read(result)).length).toBe(2)
    await runJob('stats', { ...options, output: csv, singleFile: true, mode: 'overwrite', workers: 3 })
    expect(readFileSync(csv, 'utf8')).toBe(rows)
    expect(existsSync(output)).toBe(false)
  })

  it('lists bad records in a file beside it, which is removed when there are none', async () => {
    const { folder } = prepare()
    const output = join(folder, 'stats.csv')
    const options = { output, params: { by: 'city', of: 'n' }, maxBad: 1, singleFile: true }
    const result = await runJob('stats', { ...options, input: join(folder, 'sales.csv') })
    expect(result.quarantine).toBe(`${output}.quarantine.jsonl`)
    expect(readFileSync(result.quarantine!, 'utf8').split('\n')).toHaveLength(2)
    writeFiles(folder, { 'good.csv': 'city,n\nOslo,1\n' })
    await runJob('stats', { ...options, input: join(folder, 'good.csv'), mode: 'overwrite' })
    expect(existsSync(`${output}.quarantine.jsonl`)).toBe(false)
    // A file of someone else's stays.
    writeFileSync(`${output}.quarantine.jsonl`, 'mine')
    const again = runJob('stats', { ...options, input: join(folder, 'sales.csv'), mode: 'overwrite' })
    expect((await failure(again)).code).toBe('OUTPUT_EXISTS')
    expect(readFileSync(`${output}.quarantine.jsonl`, 'utf8')).toBe('mine')
  })

  it.each(Object.keys(formatted))('%s: read() gives typed records', async (name) => {
    const { folder } = prepare()
    const output = join(folder, 'one')
    const result = await runJob(outputJobs[name]!, { input: join(folder, 'more.txt'), output, singleFile: true })
    const byKey = (a: unknown, b: unknown) => (String((a as unknown[])[0]) < String((b as unknown[])[0]) ? -1 : 1)
    expect((await read(result)).sort(byKey)).toEqual([...formatted[name]!.records].sort(byKey))
  })

  it('that exists is refused, replaced, kept or appended to, by mode', async () => {
    const { folder, output, count, text } = prepare()
    const more = join(folder, 'more.txt')
    await count()
    expect((await failure(count())).code).toBe('OUTPUT_EXISTS')
    expect((await count({ mode: 'ignore' })).skipped).toBe(true)
    await count({ input: more, mode: 'append' })
    expect(text()).toBe('a\t1\nb\t2\nc\t1\n')
    await count({ input: more, mode: 'append' })
    expect(text()).toBe('a\t1\nb\t2\nc\t1\nc\t1\n')
    await count({ input: more, mode: 'overwrite' })
    expect(text()).toBe('c\t1\n')
    expect((await failure(count({ mode: 'append', format: 'csv' }))).code).toBe('OUTPUT_DIFFERENT')
    expect(readdirSync(folder).sort()).toEqual([hidden, 'in.txt', 'more.txt', 'out.tsv', 'sales.csv'])
    expect(existsSync(output)).toBe(true)
  })

  it('that no run wrote, or that was changed since, is neither replaced nor appended to', async () => {
    const { folder, output, count, text } = prepare()
    writeFileSync(output, 'precious\n')
    for (const mode of ['overwrite', 'append'] as const) {
      expect((await failure(count({ mode }))).code).toBe('OUTPUT_UNSAFE')
    }
    expect((await failure(count({ mode: 'ignore' }))).code).toBe('OUTPUT_EXISTS')
    expect(text()).toBe('precious\n')
    const other = join(folder, 'other')
    await count({ output: other })
    appendFileSync(other, 'a note\n')
    expect((await failure(count({ output: other, mode: 'overwrite' }))).code).toBe('OUTPUT_UNSAFE')
    writeFileSync(other, 'a\t1\nb\t2\n')
    utimesSync(other, 1, 1)
    expect((await failure(count({ output: other, mode: 'overwrite' }))).code).toBe('OUTPUT_UNSAFE')
  })

  it('may take the place of an empty file, not of a folder, a device or an input', async () => {
    const { folder, output, count, text } = prepare()
    writeFileSync(output, '')
    await count()
    expect(text()).toBe('a\t1\nb\t2\n')
    mkdirSync(join(folder, 'dir'))
    symlinkSync('/dev/null', join(folder, 'null'))
    for (const name of ['dir', 'null']) {
      const error = await failure(count({ output: join(folder, name), mode: 'overwrite' }))
      expect(error.code).toBe('OUTPUT_NOT_A_FILE')
    }
    const input = join(folder, 'in.txt')
    expect((await failure(count({ output: input, mode: 'overwrite' }))).code).toBe('OUTPUT_UNSAFE')
    expect((await failure(count({ singleFile: false, mode: 'overwrite' }))).code).toBe('OUTPUT_NOT_A_FOLDER')
  })

  it('whose name says that it is compressed is compressed', async () => {
    const { folder, count } = prepare()
    for (const [name, compress] of [
      ['a.gz', undefined],
      ['a.zst', 'gzip'],
    ] as const) {
      const error = await failure(count({ output: join(folder, name), ...(compress ? { compress } : {}) }))
      expect(error.code).toBe('OPTION_INVALID')
    }
  })

  it.each(['error', 'append'] as const)(
    'is not touched by a run that is stopped while it is put together, and the same call goes on: mode %s',
    async (mode) => {
      const { folder } = prepare()
      const random = new Random(5)
      const lines = random.times(60_000, () => `${random.below(1e9)} ${'x'.repeat(80)}`)
      writeFiles(folder, { 'large.txt': `${lines.join('\n')}\n`, 'old.txt': 'old\n' })
      const output = join(folder, 'sorted.txt')
      const sort = (more: Partial<RunOptions> = {}) =>
        runJob('sort', { input: join(folder, 'large.txt'), output, singleFile: true, mode, partitions: 4, ...more })
      if (mode === 'append') await sort({ input: join(folder, 'old.txt'), mode: 'error' })
      const controller = new AbortController()
      whenJoining(output, () => controller.abort())
      const error = await failure(sort({ signal: controller.signal }))
      expect(error.code).toBe('INTERRUPTED')
      expect(existsSync(output) ? readFileSync(output, 'utf8') : null).toBe(mode === 'append' ? 'old\n' : null)
      const { resumedTasks } = await sort()
      expect(resumedTasks).toBeGreaterThan(4)
      const right = [...(mode === 'append' ? ['old'] : []), ...lines.sort()]
      expect(readFileSync(output, 'utf8')).toBe(`${right.join('\n')}\n`)
      expect(readdirSync(folder).filter((name) => name.endsWith('.runjob'))).toEqual([])
    },
  )

  it('of no records is empty but for its header', async () => {
    const { folder } = prepare()
    writeFiles(folder, { 'none.csv': 'city,n\n' })
    const output = join(folder, 'stats.csv')
    await runJob('stats', {
      input: join(folder, 'none.csv'),
      output,
      params: { by: 'city', of: 'n' },
      singleFile: true,
    })
    expect(readFileSync(output, 'utf8')).toBe('city,count,sum,min,mean,max\n')
  })
})

describe('what a run asks of its output', () => {
  it('a format in place of the job’s own, with a header row where it has one', async () => {
    const { count, text } = prepare()
    await count({ format: 'csv' })
    expect(text()).toBe('key,value\na,1\nb,2\n')
    await count({ format: 'jsonl', mode: 'overwrite' })
    expect(text()).toBe('{"key":"a","value":1}\n{"key":"b","value":2}\n')
    expect((await failure(count({ format: 'text', mode: 'overwrite' }))).code).toBe('OPTION_INVALID')
  })

  it('nothing is appended to a folder in another format', async () => {
    const { folder, count } = prepare()
    const output = join(folder, 'out')
    const csv = (params: Record<string, string>) =>
      runJob('stats', {
        input: join(folder, 'sales.csv'),
        output: join(folder, 'stats'),
        params,
        maxBad: 1,
        mode: 'append',
      })
    await count({ output, singleFile: false })
    for (const more of [{ format: 'csv' }, { compress: 'gzip' }] as const) {
      const error = await failure(count({ output, singleFile: false, mode: 'append', ...more }))
      expect(error.code).toBe('OUTPUT_DIFFERENT')
    }
    await csv({ by: 'city', of: 'n' })
    expect((await failure(csv({ by: 'n', of: 'n' }))).code).toBe('OUTPUT_DIFFERENT')
    await csv({ by: 'city', of: 'n' })
  })

  it('each part is compressed as its name says, by the job’s choice or the run’s', async () => {
    const { folder, count } = prepare()
    const output = join(folder, 'out')
    const result = await count({ output, singleFile: false, compress: 'gzip' })
    expect(readdirSync(output).sort()).toEqual(['_SUCCESS', 'part-r-00000.tsv.gz'])
    expect(await read(result)).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  it.skipIf(!('zstd' in process.versions))('zstd is read back', async () => {
    const { folder, count } = prepare()
    const result = await count({ output: join(folder, 'out.zst'), compress: 'zstd' })
    expect((await read(result)).length).toBe(2)
  })

  it('standard output is for the command', async () => {
    const { count } = prepare()
    expect(await failure(count({ output: '-' }))).toMatchObject({ code: 'OPTION_INVALID', hint: /read\(\)/ })
  })
})
