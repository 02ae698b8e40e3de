/** Outputs: all or nothing, and readable again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { linesOf, snapshot, temporaryFolder, writeFiles } from '../helpers/folder.js'
import { failure, run } from '../helpers/run.js'
import { formatted, outputJobs } from './output_jobs.js'

function prepare(): { input: string; more: string; output: string; folder: string } {
  const folder = temporaryFolder()
  writeFiles(folder, { 'in.txt': 'b a\nb', 'more.txt': 'c' })
  return { folder, input: join(folder, 'in.txt'), more: join(folder, 'more.txt'), output: join(folder, 'out') }
}

const FIRST = { _SUCCESS: '', 'part-r-00000.tsv': 'a\t1\nb\t2\n' }

describe('an output', () => {
  it('is a folder of parts with an empty _SUCCESS, and nothing else is left', async () => {
    const { folder, input, output } = prepare()
    await run('wordcount', input, { output })
    expect(snapshot(output)).toEqual(FIRST)
    expect(readdirSync(folder).sort()).toEqual(['in.txt', 'more.txt', 'out'])
  })

  it('may be in folders that do not exist yet, and in an empty one that does', async () => {
    const { folder, input } = prepare()
    await run('wordcount', input, { output: join(folder, 'x/y/z') })
    expect(snapshot(join(folder, 'x'))).toEqual({
      'y/z/_SUCCESS': '',
      'y/z/part-r-00000.tsv': FIRST['part-r-00000.tsv'],
    })
    mkdirSync(join(folder, 'empty'))
    await run('wordcount', input, { output: join(folder, 'empty') })
    expect(snapshot(join(folder, 'empty'))).toEqual(FIRST)
  })

  it('can be the input of the next job', async () => {
    const { input, output } = prepare()
    await run('wordcount', input, { output })
    expect(linesOf((await run('sort', output, { params: { reverse: true } })).output)).toEqual(['b\t2', 'a\t1'])
  })
})

describe('an output that exists', () => {
  it('is an error, and stays unchanged', async () => {
    const { input, more, output } = prepare()
    await run('wordcount', input, { output })
    expect((await failure(run('wordcount', more, { output }))).code).toBe('OUTPUT_EXISTS')
    expect((await failure(run('wordcount', more, { output, mode: 'error' }))).code).toBe('OUTPUT_EXISTS')
    expect(snapshot(output)).toEqual(FIRST)
  })

  it('is replaced by mode overwrite', async () => {
    const { folder, input, more, output } = prepare()
    await run('wordcount', input, { output, partitions: 3 })
    await run('wordcount', more, { output, mode: 'overwrite' })
    expect(snapshot(output)).toEqual({ _SUCCESS: '', 'part-r-00000.tsv': 'c\t1\n' })
    expect(readdirSync(folder).sort()).toEqual(['in.txt', 'more.txt', 'out'])
  })

  it('is kept by mode ignore, without a run', async () => {
    const { input, more, output } = prepare()
    await run('wordcount', input, { output, mode: 'ignore' })
    const second = await run('wordcount', more, { output, mode: 'ignore' })
    expect(second.skipped).toBe(true)
    expect(second.stages).toEqual([])
    expect(snapshot(output)).toEqual(FIRST)
    const read: unknown[] = []
    for await (const record of second.read()) read.push(record)
    expect(read).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  it('grows by mode append', async () => {
    const { input, more, output } = prepare()
    await run('wordcount', input, { output, partitions: 2, mode: 'append' })
    const before = snapshot(output)
    await run('wordcount', more, { output, mode: 'append' })
    expect(snapshot(output)).toEqual({ ...before, 'part-r-00002.tsv': 'c\t1\n' })
  })

  it('grows each time, even by the same run with its state kept', async () => {
    const { input, output } = prepare()
    for (const _ of [1, 2]) await run('wordcount', input, { output, mode: 'append', keepState: true })
    const part = FIRST['part-r-00000.tsv']
    expect(snapshot(output)).toEqual({ _SUCCESS: '', 'part-r-00000.tsv': part, 'part-r-00001.tsv': part })
  })

  it('is refused if it is a file, holds the input, or holds files that no job wrote', async () => {
    const { folder, input, output } = prepare()
    writeFileSync(output, 'precious')
    expect((await failure(run('wordcount', input, { output }))).code).toBe('OUTPUT_NOT_A_FOLDER')
    expect((await failure(run('wordcount', input, { output: folder, mode: 'overwrite' }))).code).toBe('OUTPUT_UNSAFE')
    mkdirSync(join(folder, 'photos'))
    writeFileSync(join(folder, 'photos/cat.jpg'), 'precious')
    expect((await failure(run('wordcount', input, { output: join(folder, 'photos'), mode: 'overwrite' }))).code).toBe(
      'OUTPUT_UNSAFE',
    )
    expect(readFileSync(output, 'utf8') + readFileSync(join(folder, 'photos/cat.jpg'), 'utf8')).toBe('preciousprecious')
  })

  it('survives a job that fails', async () => {
    const { folder, input, output } = prepare()
    await run('wordcount', input, { output })
    writeFiles(folder, { 'bad.gz': 'no gzip' })
    expect((await failure(run('wordcount', join(folder, 'bad.gz'), { output, mode: 'overwrite' }))).code).toBe(
      'GZIP_CORRUPT',
    )
    expect(snapshot(output)).toEqual(FIRST)
  })
})

describe('a failed job', () => {
  it('leaves no output, and its state goes with the next success', async () => {
    const { folder, output } = prepare()
    // A file that is cut off is found when it is read; a file that is not gzip at all, before the run begins.
    writeFiles(folder, { 'x.gz': gzipSync('some words').subarray(0, -6) })
    await failure(run('wordcount', join(folder, 'x.gz'), { output }))
    expect(existsSync(output)).toBe(false)
    expect((await failure(run('wordcount', join(folder, 'in.txt'), { output }))).code).toBe('STATE_MISMATCH')
    const { runJob } = await import('runjob')
    await runJob('wordcount', { input: join(folder, 'in.txt'), output, fresh: true })
    expect(snapshot(output)).toEqual(FIRST)
    expect(readdirSync(folder).sort()).toEqual(['in.txt', 'more.txt', 'out', 'x.gz'])
  })
})

describe('formats', () => {
  it.each(Object.keys(formatted))('%s: lines are written as documented', async (name) => {
    const { input } = prepare()
    const { output } = await run(outputJobs[name]!, input, { partitions: 1 })
    const part = readdirSync(output).find((file) => file.startsWith('part-'))!
    const bytes = readFileSync(join(output, part))
    const { file, lines } = formatted[name]!
    expect(part).toBe(file)
    expect((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()).toBe(lines)
  })

  it.each(Object.keys(formatted))('%s: read() gives typed records', async (name) => {
    const { input } = prepare()
    const result = await run(outputJobs[name]!, input, { partitions: 3 })
    const records: [unknown, unknown][] = []
    for await (const record of result.read()) records.push(record)
    const byKey = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
    expect(records.sort(byKey)).toEqual([...formatted[name]!.records].sort(byKey))
  })
})
