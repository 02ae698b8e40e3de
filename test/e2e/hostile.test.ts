/** Inputs that are damaged, huge, misshapen or meant to do harm: a right answer or a clear error, within the memory given. */

import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { defineJob, text, tsv } from 'runjob'
import { describe, expect, it } from 'vitest'
import { availableCores } from '../../dist/src/base/limits.js'
import { linesOf, snapshot, temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import { baseBytes, measured } from '../helpers/measured.js'
import { CONFIGS, failure, run } from '../helpers/run.js'
import { asCsv, asJson, asTsv, gnawing, leaving, wide } from './hostile_jobs.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const MB = 1_000_000
const BASE_BYTES = baseBytes(availableCores())

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

const stats = { by: 'city', of: 'n' }

describe('CSV', () => {
  it.each(Object.entries(CONFIGS))('with a quote that never ends is refused with its place (%s)', async (_, config) => {
    const before = 'Oslo,1\n'.repeat(900)
    const folder = folderOf({ 'a.csv': `city,n\n${before}"Rome,1\n${'Bonn,2\n'.repeat(900)}` })
    const error = await failure(run('stats', join(folder, 'a.csv'), { ...config, params: stats }))
    expect(error).toMatchObject({
      code: 'CSV_UNCLOSED_QUOTE',
      where: { file: join(folder, 'a.csv'), offset: 7 + before.length },
    })
    const { output } = await run('stats', join(folder, 'a.csv'), { ...config, params: stats, maxBad: 1 })
    expect(linesOf(output).slice(1)).toEqual(['Bonn,900,1800,2,2,2', 'Oslo,900,900,1,1,1'])
  })

  it('with a stray quote early in a large file takes no more memory than it is given', {
    timeout: 120_000,
  }, async () => {
    const folder = folderOf({ 'a.csv': `city,n\n"Oslo,1\n${'Rome,2\n'.repeat(20 * MB)}` })
    const argv = [
      'stats',
      join(folder, 'a.csv'),
      '--by',
      'city',
      '--of',
      'n',
      '-o',
      join(folder, 'out'),
      '--memory',
      '128MB',
    ]
    const { outcome, peakBytes, where } = await measured(argv)
    expect(outcome).toBe('RECORD_TOO_LARGE')
    expect(where).toMatchObject({ offset: 7 })
    expect(peakBytes).toBeLessThan(128 * MB + BASE_BYTES)
  })

  it('of 10 000 columns is read, natively and by functions', async () => {
    const columns = Array.from({ length: 10_000 }, (_, i) => `c${i}`)
    const rows = Array.from({ length: 40 }, (_, r) =>
      columns.map((_, c) => (c === 0 ? `k${r % 2}` : c === 9999 ? r : '')),
    )
    const folder = folderOf({ 'a.csv': [columns, ...rows].map((row) => row.join(',')).join('\n') })
    const native = await run('stats', folder, { params: { by: 'c0', of: 'c9999' } })
    expect(linesOf(native.output).slice(1)).toEqual(['k0,20,380,0,19,38', 'k1,20,400,1,20,39'])
    expect(linesOf((await run(wide, folder)).output)).toHaveLength(40)
  })

  it('with NULs, and columns with the names of object properties, is content like any other', async () => {
    const folder = folderOf({ 'a.csv': 'city,n,__proto__,constructor\nO\0slo,1,x,y\n\0,2,x,y\n"\0",3,x,y\n' })
    const { output } = await run('stats', folder, { params: stats })
    expect(linesOf(output).slice(1)).toEqual(['\0,2,5,2,2.5,3', 'O\0slo,1,1,1,1,1'])
    const byProto = await run('stats', folder, { params: { by: '__proto__', of: 'n' } })
    expect(linesOf(byProto.output).slice(1)).toEqual(['x,3,6,1,2,3'])
  })
})

describe('gzip', () => {
  it('that decompresses to a thousand times its size is read as a stream', { timeout: 120_000 }, async () => {
    const folder = folderOf({
      'lines.gz': gzipSync(Buffer.alloc(100 * MB, 'a\n')),
      'zeros.gz': gzipSync(Buffer.alloc(100 * MB)),
    })
    const counted = await measured([
      'wordcount',
      join(folder, 'lines.gz'),
      '-o',
      join(folder, 'a'),
      '--memory',
      '128MB',
    ])
    expect(counted.outcome).toBe('ok')
    expect(textOf(join(folder, 'a'))).toBe(`a\t${50 * MB}\n`)
    const zeros = await measured(['sort', join(folder, 'zeros.gz'), '-o', join(folder, 'b'), '--memory', '128MB'])
    expect(zeros.outcome).toBe('RECORD_TOO_LARGE')
    for (const { peakBytes } of [counted, zeros]) expect(peakBytes).toBeLessThan(128 * MB + BASE_BYTES)
  })

  it('that is cut off is refused, and one of several members is read whole', async () => {
    const members = Buffer.concat(['a\n', '', 'b\na\n'].map((part) => gzipSync(part)))
    const folder = folderOf({ 'whole.gz': members, 'cut.gz': members.subarray(0, -5) })
    expect(linesOf((await run('wordcount', join(folder, 'whole.gz'))).output)).toEqual(['a\t2', 'b\t1'])
    expect((await failure(run('wordcount', join(folder, 'cut.gz'), { maxBad: '100%' }))).code).toBe('GZIP_CORRUPT')
  })
})

describe('one line of 300 MB, with 256 MB of memory', { timeout: 120_000 }, () => {
  const words = () => Buffer.alloc(300 * MB, 'word ')
  const oneWord = () => Buffer.alloc(300 * MB, 'x')
  const row = () => Buffer.concat([Buffer.from('user,time,page\n'), oneWord()])

  it.each([
    { what: 'words of it are counted', job: ['wordcount'], make: words, expected: 'ok', offset: 0 },
    { what: 'sorting refuses it', job: ['sort'], make: oneWord, expected: 'RECORD_TOO_LARGE', offset: 0 },
    { what: 'searching refuses it', job: ['grep', 'needle'], make: oneWord, expected: 'RECORD_TOO_LARGE', offset: 0 },
    { what: 'matching refuses it', job: ['grep', 'ne+dle'], make: oneWord, expected: 'RECORD_TOO_LARGE', offset: 0 },
    { what: 'a function never sees it', job: ['sessions'], make: row, expected: 'RECORD_TOO_LARGE', offset: 15 },
  ])('$what, within the limit', async ({ job, make, expected, offset }) => {
    const folder = folderOf({ 'in.txt': make() })
    const { outcome, peakBytes, where } = await measured([
      ...job,
      join(folder, 'in.txt'),
      '-o',
      join(folder, 'out'),
      '--memory',
      '256MB',
    ])
    expect(outcome).toBe(expected)
    if (expected !== 'ok') expect(where).toMatchObject({ file: join(folder, 'in.txt'), offset })
    expect(peakBytes).toBeLessThan(256 * MB + BASE_BYTES)
  })
})

describe('outputs', () => {
  it.each(['../evil', 'a/b', '..', '.', '/tmp/evil', '__proto__', '', 'part-r-00000', 'a\0b'])(
    'cannot be named %j: nothing is written outside the output folder',
    async (name) => {
      expect(() => defineJob({ name: 'x', input: text(), outputs: { [name]: tsv() }, map: () => {} })).toThrow(
        name === '__proto__' ? /./ : 'output name',
      )
    },
  )

  it('that a function names at run time must be the job’s own; its counters may have any name', async () => {
    for (const name of ['../evil', '__proto__', 'constructor', 'inside/../../evil']) {
      const folder = folderOf({ 'in/a': name })
      const error = await failure(run(leaving, join(folder, 'in'), { output: join(folder, 'out') }))
      expect(['OUTPUT_UNKNOWN', 'JOB_INVALID']).toContain(error.code)
      expect(readdirSync(folder).sort()).toEqual(['.out.runjob', 'in'])
    }
    const { counters } = await run(leaving, folderOf({ a: '\n\n' }))
    expect(Object.entries(counters)).toEqual([
      ['constructor', 2],
      ['__proto__', 2],
    ])
  })

  it('keep tabs, line ends and backslashes in keys and values, and read them back', async () => {
    const nasty = [
      'tab\there',
      'new\nline',
      'cr\rlf\r\n',
      'back\\slash',
      '\\t',
      '\\\\n',
      '"quoted", "twice"',
      ' ',
      '\u2028',
      '\\',
      '',
    ]
    const pairs = nasty.flatMap((key) => nasty.map((value): [string, string] => [key, value]))
    const folder = folderOf({ 'in.jsonl': pairs.map((pair) => JSON.stringify(pair)).join('\n') })
    for (const job of [asTsv, asCsv, asJson]) {
      const { read, output } = await run(job, folder)
      const got: unknown[] = []
      for await (const record of read()) got.push(record)
      expect(got, job.name).toEqual(pairs)
      if (job !== asCsv) expect(linesOf(output)).toHaveLength(pairs.length)
    }
  })
})

describe('files', () => {
  const gnawedAt = (how: string) => {
    const input = join(folderOf({ a: `first\n${'next\n'.repeat(MB)}` }), 'a')
    return { input, ran: run(gnawing, input, { params: { how }, workers: 1, tuning: { splitBytes: 100 * MB } }) }
  }

  it('that shrink while they are read stop the run', async () => {
    const { input, ran } = gnawedAt('shrink')
    expect(await failure(ran)).toMatchObject({ code: 'INPUT_CHANGED', where: { file: input } })
  })

  it('that grow while they are read are read up to the size that they had', async () => {
    const { ran } = gnawedAt('grow')
    expect(linesOf((await ran).output)).toEqual([`lines\t${MB + 1}`])
  })

  it('behind circular links are found once, or refused', async () => {
    const folder = folderOf({ 'in/a': 'a', 'in/deep/b': 'b' })
    symlinkSync('..', join(folder, 'in/deep/up'))
    symlinkSync('../../in', join(folder, 'in/deep/around'))
    expect(linesOf((await run('wordcount', join(folder, 'in'))).output)).toEqual(['a\t1', 'b\t1'])
    symlinkSync('itself', join(folder, 'in/itself'))
    const error = await failure(run('wordcount', join(folder, 'in')))
    expect(error).toMatchObject({ code: 'INPUT_UNREADABLE', message: expect.stringContaining('itself') })
  })

  it('that may not be read are named before anything runs', (context) => {
    const isRoot = process.getuid?.() === 0
    const folder = folderOf({ 'in/a': 'a', 'in/secret': 'b' })
    chmodSync(join(folder, 'in/secret'), 0)
    const nobody = 65_534
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'work'))
    if (isRoot) chownSync(join(folder, 'work'), nobody, nobody)
    const argv = [MAIN, 'wordcount', '../in', '-o', 'out']
    const as = isRoot ? { uid: nobody, gid: nobody } : {}
    const { status, stderr } = spawnSync(process.execPath, argv, { cwd: join(folder, 'work'), encoding: 'utf8', ...as })
    if (status === null || /Cannot find module|ERR_MODULE/.test(stderr))
      context.skip('another user cannot start Node here')
    expect(stderr).toMatch(/^error INPUT_UNREADABLE: .*in\/secret/)
    expect(status).toBe(1)
    expect(existsSync(join(folder, 'work/out'))).toBe(false)
    expect(snapshot(join(folder, 'work'))).toEqual({})
  })
})
