/** Inputs of all kinds. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { reading } from '../engine/task/source/row_jobs.js'
import { linesOf, partsOf, temporaryFolder, textOf, writeFiles } from '../helpers/folder.js'
import * as oracle from '../helpers/oracles.js'
import { randomText } from '../helpers/random.js'
import { failure, run, runjob } from '../helpers/run.js'
import { mapAndReduce } from '../job/function_jobs.js'
import { growing, lengths } from './input_jobs.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))

/** Words of these files, counted by the job. */
async function words(input: string | string[]): Promise<string[]> {
  return linesOf((await run('wordcount', input, { workers: 2 })).output)
}

function folderOf(files: Record<string, string | Uint8Array>): string {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

describe('what is named as input', () => {
  it('may be a file, a folder, a glob, or several of these', async () => {
    const folder = folderOf({ 'a.txt': 'a', 'b.log': 'b', 'sub/deep/c.txt': 'c', 'sub/d.log': 'd' })
    expect(await words(join(folder, 'a.txt'))).toEqual(['a\t1'])
    expect(await words(folder)).toEqual(['a\t1', 'b\t1', 'c\t1', 'd\t1'])
    expect(await words(join(folder, '**/*.log'))).toEqual(['b\t1', 'd\t1'])
    expect(await words([join(folder, 'sub'), join(folder, 'a.txt')])).toEqual(['a\t1', 'c\t1', 'd\t1'])
  })

  it('is read as often as it is named', async () => {
    const folder = folderOf({ 'a.txt': 'a' })
    expect(await words([folder, join(folder, 'a.txt')])).toEqual(['a\t2'])
  })

  it('may have any name', async () => {
    const folder = folderOf({
      'two words.txt': 'a',
      'ünï/中文 😀.txt': 'a',
      'quote\'".txt': 'a',
      '[x]{y}*.txt': 'a',
      '-dash': 'a',
    })
    expect(await words(folder)).toEqual(['a\t5'])
    expect(await words([join(folder, 'two words.txt'), join(folder, '[x]{y}*.txt'), join(folder, 'ünï')])).toEqual([
      'a\t3',
    ])
  })

  it('skips names that start with _ or . in a folder, but reads such a file if it is named', async () => {
    const folder = folderOf({ a: 'a', _SUCCESS: 'b', '.hidden': 'c', '_tmp/d': 'd', '.git/e': 'e' })
    expect(await words(folder)).toEqual(['a\t1'])
    expect(await words(join(folder, '.hidden'))).toEqual(['c\t1'])
  })

  it('follows symbolic links, each file once, and out of loops', async () => {
    const folder = folderOf({ 'in/a': 'a', 'elsewhere/b': 'b' })
    symlinkSync(join(folder, 'in/a'), join(folder, 'in/a-again'))
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'in/there'))
    symlinkSync(join(folder, 'in'), join(folder, 'in/loop'))
    expect(await words(join(folder, 'in'))).toEqual(['a\t1', 'b\t1'])
  })

  it('may be a thousand tiny files', async () => {
    const folder = folderOf(
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i % 10}/${i}`, `w${i % 7} all`])),
    )
    const { output, stages } = await run('wordcount', folder, { workers: 2 })
    expect(linesOf(output)[0]).toBe('all\t1000')
    expect(stages[0]).toMatchObject({ recordsIn: 1000 })
    expect(stages[0]!.tasks).toBeLessThan(20)
  })

  it('may be standard input', async () => {
    const folder = temporaryFolder()
    const stdin = randomText(11, 500)
    const { code, stderr } = await runjob(['sort', '-', '-o', 'out', '--workers', '2'], { cwd: folder, stdin })
    expect({ code, stderr: stderr.includes('error') }).toEqual({ code: 0, stderr: false })
    expect(Buffer.concat(partsOf(join(folder, 'out')))).toEqual(oracle.sort([stdin]))
    const second = await runjob(['wordcount', '-', 'more.txt', '-o', 'out2'], { cwd: folder, stdin: '' })
    expect(second.stderr).toContain('INPUT_NOT_FOUND')
    expect((await runjob(['wordcount', '-', '-o', 'out2', '--quiet'], { cwd: folder, stdin: '' })).code).toBe(0)
    expect(textOf(join(folder, 'out2'))).toBe('')
  })

  it('may be standard input, which leaves nothing when the run is refused, fails or has nothing to do', async () => {
    const folder = temporaryFolder()
    const count = (...more: string[]) => runjob(['wordcount', '-', ...more, '--quiet'], { cwd: folder, stdin: 'a b\n' })
    writeFiles(folder, { 'out/_SUCCESS': '', 'out/part-r-00000.tsv': 'a\t1\n', file: '' })
    expect((await count('-o', 'out')).stderr).toContain('error OUTPUT_EXISTS')
    expect((await count('-o', 'out', '--mode', 'ignore')).code).toBe(0)
    expect((await count('-o', 'file/out')).stderr).toContain('error OUTPUT_UNWRITABLE')
    expect((await count('-o', 'n'.repeat(250))).stderr).toContain('error OUTPUT_UNWRITABLE')
    const stats = ['stats', '-', '--by', 'a', '--of', 'b', '-o', 'new']
    const failed = await runjob(stats, { cwd: folder, stdin: 'a,b\n1,x\n' })
    expect(failed.stderr).toContain('error CSV_BAD_NUMBER')
    expect(readdirSync(folder).sort()).toEqual(['file', 'out'])
  })

  it('may be standard input, whose counts are appended', async () => {
    const folder = temporaryFolder()
    for (const stdin of ['a b\n', 'b c\n']) {
      const { code, stderr } = await runjob(['wordcount', '-', '-o', 'out', '--mode', 'append', '-q'], {
        cwd: folder,
        stdin,
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    }
    expect(textOf(join(folder, 'out'))).toBe('a\t1\nb\t1\nb\t1\nc\t1\n')
  })

  it('of standard input does not discard the state of an unfinished run that reads files', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'bad.csv': 'a,b\n1,x\n' })
    const stats = (input: string) => ['stats', input, '--by', 'a', '--of', 'b', '-o', 'new']
    expect((await runjob(stats('bad.csv'), { cwd: folder })).stderr).toContain('error CSV_BAD_NUMBER')
    const other = await runjob(stats('-'), { cwd: folder, stdin: 'a,b\n1,2\n' })
    expect(other.stderr).toContain('error STATE_MISMATCH')
    expect(readdirSync(folder).sort()).toEqual(['.new.runjob', 'bad.csv'])
  })

  it('may be a named pipe, or one that the shell makes', async () => {
    const folder = folderOf({ 'in.txt': 'b a\nb\n' })
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const writer = spawn('sh', ['-c', `cat in.txt > fifo`], { cwd: folder })
    expect(await words(fifo)).toEqual(['a\t1', 'b\t2'])
    expect(writer.exitCode ?? 0).toBe(0)
    const line = `"${process.execPath}" "${MAIN}" wordcount <(cat in.txt) <(echo b) -o - -q`
    const shell = spawnSync('bash', ['-c', line], { cwd: folder, encoding: 'utf8' })
    expect(shell).toMatchObject({ status: 0, stdout: 'a\t1\nb\t3\n', stderr: '' })
    expect(readdirSync(folder).sort()).toEqual(['fifo', 'in.txt'])
  })

  it('may grow while it is read, and is read up to its old size', async () => {
    for (const tuning of [{}, { splitBytes: 1000 }]) {
      const folder = folderOf({ 'in.log': `grow\n${'line\n'.repeat(1000)}` })
      const { output, recordsRead } = await run(growing, folder, { workers: 2, tuning })
      expect(recordsRead).toBe(1001)
      expect(linesOf(output).sort()).toEqual(['grow\t1', 'line\t1000'])
      expect(readFileSync(join(folder, 'in.log'), 'utf8')).toContain('late\n')
    }
  })

  it('may have an option’s name', async () => {
    const folder = folderOf({ '-rf.csv': 'city,n\nOslo,1\n', '--mode': 'b a\n' })
    const stats = (...words: string[]) =>
      runjob(['stats', '--by', 'city', '--of', 'n', '-q', ...words], { cwd: folder })
    for (const words of [['./-rf.csv'], ['--', '-rf.csv'], ['*.csv']]) {
      expect(await stats('-o', '-', ...words)).toMatchObject({
        code: 0,
        stdout: 'city,count,sum,min,mean,max\nOslo,1,1,1,1,1\n',
      })
    }
    expect((await runjob(['wordcount', '-o', '-', '-q', '--', '--mode'], { cwd: folder })).stdout).toBe('a\t1\nb\t1\n')
    expect((await stats('-rf.csv', '-o', '-')).code).toBe(2)
    expect(await words(join(folder, '--mode'))).toEqual(['a\t1', 'b\t1'])
  })

  it('must exist and hold files', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'empty/_hidden'), { recursive: true })
    expect((await failure(words(join(folder, 'nothing')))).code).toBe('INPUT_NOT_FOUND')
    expect((await failure(words(join(folder, 'empty')))).code).toBe('INPUT_EMPTY')
    expect((await failure(words(join(folder, '*.txt')))).code).toBe('INPUT_EMPTY')
    symlinkSync('nowhere', join(folder, 'dangling'))
    expect((await failure(words(join(folder, 'dangling')))).code).toBe('INPUT_UNREADABLE')
  })
})

describe('what a file may hold', () => {
  it('nothing at all', async () => {
    const folder = folderOf({ a: '', b: '' })
    for (const job of ['wordcount', 'sort', 'distinct']) expect(textOf((await run(job, folder)).output)).toBe('')
    expect(textOf((await run('grep', folder, { params: { pattern: 'x' } })).output)).toBe('')
    expect(textOf((await run('top', folder, { params: { n: 3 } })).output)).toBe('')
  })

  it('CRLF, a byte-order mark, NULs, bytes that are not UTF-8, and no newline at its end', async () => {
    const folder = folderOf({
      a: '\ufeffone two\r\nTWO\r\n\r\n',
      b: Buffer.from([0x61, 0, 0x62, 0x20, 0xff, 0xfe, 0x20, 0xe4, 0xb8]),
    })
    expect(await words(folder)).toEqual(['a\0b\t1', 'one\t1', 'two\t2', '\ufffd\t1', '\ufffd\ufffd\t1'].sort())
    const sorted = Buffer.concat(partsOf((await run('sort', folder)).output))
    expect(sorted.toString('latin1')).toBe('\r\nTWO\r\na\0b \xff\xfe \xe4\xb8\n\xef\xbb\xbfone two\r\n')
  })

  it('bytes that are not UTF-8 far into a file, which are kept, or replaced with a note', async () => {
    const plain = 'plain text\n'.repeat(100_000)
    const folder = folderOf({ 'a.txt': plain, 'b.txt': Buffer.from(`${plain}caf\xe9\n\xff\n`, 'latin1') })
    const config = { workers: 2, tuning: { splitBytes: 300_000 } }
    const note = `${join(folder, 'b.txt')} has bytes that are not UTF-8 in the line at offset 1,100,000: they were read as U+FFFD`
    for (const job of ['wordcount', mapAndReduce]) {
      const { notes, output } = await run(job, folder, config)
      expect(notes).toEqual([expect.stringContaining(note)])
      expect(linesOf(output)).toContain('caf\ufffd\t1')
    }
    for (const [job, params] of [['sort'], ['distinct'], ['grep', { pattern: 'caf' }]] as const) {
      const { notes, output } = await run(job, folder, { ...config, ...(params ? { params } : {}) })
      expect(notes).toEqual([])
      expect(Buffer.concat(partsOf(output)).toString('latin1')).toContain('caf\xe9\n')
    }
    // If the first bytes show it, the note comes at the start.
    const early = folderOf({ 'a.txt': Buffer.from('caf\xe9\n', 'latin1') })
    expect((await run('wordcount', early)).notes).toEqual([])
  })

  it('rows with bytes that are not UTF-8, in compressed files too', async () => {
    const rows = Buffer.from(`city,n\n${'Oslo,1\n'.repeat(2000)}M\xfcnchen,2\n`, 'latin1')
    const folder = folderOf({ 'a.csv': rows, 'b.csv.gz': gzipSync(rows) })
    const { notes } = await run(reading, folder, { params: { column: 'city' } })
    expect(notes).toEqual([
      expect.stringMatching(/a\.csv \(and 1 more\) has bytes that are not UTF-8 .* offset 14,007/),
    ])
    const stats = await run('stats', folder, { params: { by: 'city', of: 'n' } })
    expect(stats.notes).toEqual([])
    expect(Buffer.concat(partsOf(stats.output)).toString('latin1')).toContain('M\xfcnchen,2,4,2,2,2\n')
  })

  it('CSV with a byte-order mark, CRLF and empty lines', async () => {
    const folder = folderOf({ 'a.csv': '\ufeffcity,n\r\n"Oslo",1\r\n\r\nRome,"2"\r\nOslo,3' })
    const { output } = await run('stats', folder, { params: { by: 'city', of: 'n' } })
    expect(linesOf(output)).toEqual(['city,count,sum,min,mean,max', 'Oslo,2,4,1,2,3', 'Rome,1,2,2,2,2'])
  })

  it('CSV columns in another order in each file', async () => {
    const folder = folderOf({ '1.csv': 'city,n\nOslo,1\n', '2.csv': 'x,n,city\n0,5,Oslo\n', '3.csv': '' })
    const { output } = await run('stats', folder, { params: { by: 'city', of: 'n' } })
    expect(linesOf(output)).toEqual(['city,count,sum,min,mean,max', 'Oslo,2,6,1,3,5'])
  })

  it('a line, a field, a value and a key of 10 MB, in functions', { timeout: 60_000 }, async () => {
    const long = 'x'.repeat(10_000_000)
    const folder = folderOf({
      'a.txt': `b\n${long}\n`,
      'a.csv': `city,n\nOslo,1\n${long},2\n`,
      'a.jsonl': `"b"\n"${long}"\n`,
    })
    const config = { workers: 2, tuning: { splitBytes: 1 << 20 } }
    for (const kind of ['text', 'csv', 'jsonl']) {
      const name = kind === 'text' ? 'a.txt' : `a.${kind}`
      const { output } = await run(lengths, join(folder, name), { ...config, params: { kind } })
      const [one, other] = linesOf(output).sort()
      const small = kind === 'csv' ? 'Oslo' : 'b'
      expect([`${small}\t${small.length}`, `${long}\t10000000`].sort()).toEqual([one, other])
    }
  })

  it('a line of 200 MB', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder()
    const size = 200_000_000
    const line = Buffer.alloc(size, 'x')
    line.fill(' middle ', size / 2, size / 2 + 8)
    writeFileSync(join(folder, 'long'), Buffer.concat([Buffer.from('b\n'), line, Buffer.from('\na\n')]))
    const options = { workers: 2, tuning: { splitBytes: 64 << 20 } }

    const counts = linesOf((await run('wordcount', folder, { ...options, partitions: 1 })).output)
    const lengths = [1, 1, 'middle'.length, size / 2 - ' middle '.length, size / 2]
    expect(counts.map((counted) => [counted.length, counted.slice(-2)])).toEqual(lengths.map((n) => [n + 2, '\t1']))

    const sorted = Buffer.concat(partsOf((await run('sort', folder, options)).output))
    expect(sorted.length).toBe(size + 5)
    expect(sorted.subarray(0, 4).toString()).toBe('a\nb\n')
    expect(sorted.subarray(4, 4 + size).equals(line)).toBe(true)

    const found = partsOf((await run('grep', folder, { ...options, params: { pattern: 'middle' } })).output)
    expect(Buffer.concat(found).subarray(0, size).equals(line)).toBe(true)
  })
})

describe('gzip', () => {
  const text = randomText(5, 2000)

  it('is read by its content: members one after another, padded with zeros, or empty', async () => {
    const half = text.indexOf(10, text.length / 2) + 1
    const folder = folderOf({
      'one.gz': gzipSync(text),
      'two.gz': Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half)), Buffer.alloc(512)]),
      'empty.gz': gzipSync(''),
      'nothing.gz': '',
      plain: text,
    })
    const { output } = await run('wordcount', folder, { workers: 2, tuning: { splitBytes: 10_000 } })
    expect(linesOf(output)).toEqual(oracle.wordcount([text, text, text]))
  })

  it.each([
    ['cut off', (gzip: Buffer) => gzip.subarray(0, -20)],
    ['damaged', (gzip: Buffer) => Buffer.from(gzip).fill(0x55, 200, 220)],
    ['not gzip at all', () => text],
    ['followed by garbage', (gzip: Buffer) => Buffer.concat([gzip, Buffer.from('garbage')])],
  ])('that is %s stops the job and is named', async (_, spoil) => {
    const folder = folderOf({ 'good.txt': 'fine', 'bad.gz': spoil(gzipSync(text)) })
    const error = await failure(words(folder))
    expect(error.code).toBe('GZIP_CORRUPT')
    expect(error.where.file).toBe(join(folder, 'bad.gz'))
  })
})
