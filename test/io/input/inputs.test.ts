import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { runJob } from 'runjob'
import { describe, expect, test } from 'vitest'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { findInputs, inspectFile, isPiped, type Piped, type SearchOptions } from '../../../dist/src/io/input/inputs.js'
import { spool } from '../../../dist/src/io/input/spool.js'
import type { TextRules } from '../../../dist/src/io/input/text_form.js'
import { outputsIn } from '../../../dist/src/io/output/earlier.js'
import { code, PLAIN, temporaryFolder, writeFiles } from '../folder.js'

function folderWith(...names: string[]): string {
  const folder = temporaryFolder()
  writeFiles(folder, Object.fromEntries(names.map((name) => [name, name])))
  return folder
}

function expandInputs(patterns: readonly string[], cwd: string, rules: TextRules, options?: SearchOptions) {
  const { files, passedOver } = findInputs(patterns, cwd, options)
  return { files: files.map((found) => (isPiped(found) ? found : inspectFile(found.path, rules))), passedOver }
}

/** Relative paths of the files that the patterns match. */
function expand(folder: string, ...patterns: string[]): string[] {
  return expandInputs(patterns, folder, PLAIN).files.map((file) => relative(folder, (file as InputFile).path))
}

describe('paths', () => {
  test('a file is described by its absolute path, size, time and compression', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'a.csv')
    writeFiles(folder, { 'a.csv': gzipSync('a') })
    utimesSync(path, 1000, 1000.5)
    expect(expandInputs(['a.csv'], folder, PLAIN).files).toMatchObject([
      { path, sizeBytes: 21, mtimeMs: 1_000_500, compression: 'gzip', rules: PLAIN },
    ])
  })

  test('a folder stands for all files below it, by the bytes of their paths', () => {
    const folder = folderWith('d/b', 'd/a/2', 'd/a/10', 'd/a-b', 'd/Z', 'd/\u{1F600}', 'd/\uFF5E', 'd/ä')
    // By UTF-16 units the emoji would sort before the wide tilde.
    expect(expand(folder, 'd')).toEqual(['d/Z', 'd/a-b', 'd/a/10', 'd/a/2', 'd/b', 'd/ä', 'd/\uFF5E', 'd/\u{1F600}'])
  })

  test('several patterns keep their order, and a file named twice is read twice', () => {
    const folder = folderWith('b', 'a', 'd/x')
    expect(expand(folder, 'b', 'd', 'a', 'b')).toEqual(['b', 'd/x', 'a', 'b'])
  })

  test('in a folder, names that start with _ or . are skipped; a path itself is read', () => {
    const folder = folderWith('d/_SUCCESS', 'd/.hidden', 'd/part', 'd/_tmp/x', 'd/.git/y', 'd/e/_z')
    expect(expand(folder, 'd')).toEqual(['d/part'])
    expect(expand(folder, 'd/_SUCCESS', 'd/_tmp', 'd/.git')).toEqual(['d/_SUCCESS', 'd/_tmp/x', 'd/.git/y'])
  })

  test('spaces, Unicode and glob characters in names are just characters', () => {
    const names = ['my file.txt', 'größe.txt', 'a[1].txt', 'b*.txt', '{c,d}.txt', 'e?.txt', '!f.txt', 'x(1)/y [2].txt']
    const folder = folderWith(...names)
    for (const name of names) expect(expand(folder, name)).toEqual([name])
    expect(expand(folder, 'x(1)')).toEqual(['x(1)/y [2].txt'])
  })

  test('./, .., trailing slashes and absolute paths work', () => {
    const folder = folderWith('d/a')
    expect(expand(folder, './d/', 'd/../d/a', join(folder, 'd'))).toEqual(['d/a', 'd/a', 'd/a'])
  })

  test.each(['missing', 'missing/deeper', 'd/a/not-a-folder'])('%s is INPUT_NOT_FOUND', (name) => {
    expect(() => expand(folderWith('d/a'), name)).toThrow(expect.objectContaining(code('INPUT_NOT_FOUND')))
  })

  test('a folder without input files is INPUT_EMPTY', () => {
    const folder = folderWith('d/_SUCCESS')
    mkdirSync(join(folder, 'e'))
    for (const name of ['d', 'e'])
      expect(() => expand(folder, name)).toThrow(expect.objectContaining(code('INPUT_EMPTY')))
  })

  test.skipIf(process.getuid?.() === 0)('a file that may not be read is INPUT_UNREADABLE', () => {
    const folder = folderWith('a', 'd/b/c')
    chmodSync(join(folder, 'a'), 0)
    chmodSync(join(folder, 'd/b'), 0)
    for (const name of ['a', 'd', 'd/**/*']) {
      expect(() => expand(folder, name)).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
    }
    chmodSync(join(folder, 'd/b'), 0o700)
  })

  test('anything but a regular file is refused by name and skipped in a folder', async () => {
    const folder = folderWith('d/a')
    const server = createServer().listen(join(folder, 'd/socket'))
    await once(server, 'listening')
    expect(() => expand(folder, 'd/socket')).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
    expect(expand(folder, 'd')).toEqual(['d/a'])
    expect(expandInputs(['d', 'd/*'], folder, PLAIN).passedOver).toMatchObject({ hidden: 0, special: 1, links: 0 })
    server.close()
  })

  test('a file that has content but no size, and a pipe, must be copied', () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', [join(folder, 'fifo')])
    const found = expandInputs(['/proc/version', join(folder, 'fifo'), '/dev/null'], '/', PLAIN).files
    expect(found.map((file) => (file as Piped).pipe)).toEqual(['/proc/version', join(folder, 'fifo'), '/dev/null'])
    expect(() => expandInputs(['/dev/zero'], '/', PLAIN)).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
  })

  test('a name that is not UTF-8 is INPUT_UNREADABLE, for a file and for a folder', () => {
    const name = Buffer.from([0x64, 0xe9])
    const file = folderWith('in/a.txt')
    writeFileSync(Buffer.concat([Buffer.from(`${file}/in/`), name]), 'x')
    const folder = folderWith('in/a.txt')
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/in/`), name]))
    for (const place of [file, folder]) {
      for (const pattern of ['in', 'in/**/*']) {
        expect(() => expand(place, pattern)).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
      }
      expect(expand(place, 'in/*.txt')).toEqual(['in/a.txt'])
    }
  })
})

describe('what is skipped', () => {
  const folder = () =>
    folderWith('d/a', 'd/_b', 'd/.c', 'd/_e/1', 'd/_e/2', 'd/f/_g', 'd/f/h', 'd/f/_i.txt', 'd/f/j.txt', 'd/.state/s')
  const find = (pattern: string, options: Partial<SearchOptions> = {}) => {
    const place = folder()
    const own = (options.own ?? []).map((path) => join(place, path))
    const found = expandInputs([pattern], place, PLAIN, { allFiles: false, outputsIn, ...options, own })
    const { outputs, ...others } = found.passedOver
    expect(outputs).toBe(0)
    return { files: found.files.map((file) => relative(place, (file as InputFile).path)), ...others }
  }

  test('is counted: names that start with _ or ., a folder once', () => {
    expect(find('d')).toEqual({ files: ['d/a', 'd/f/h', 'd/f/j.txt'], hidden: 6, special: 0, links: 0 })
    expect(find('d/**/*')).toEqual(find('d'))
  })

  test('is counted if it would have matched', () => {
    expect(find('d/*/*.txt')).toMatchObject({ files: ['d/f/j.txt'], hidden: 1 })
    expect(find('d/f/h*')).toMatchObject({ files: ['d/f/h'], hidden: 0 })
    expect(find('d/*')).toMatchObject({ files: ['d/a', 'd/f/h', 'd/f/j.txt'], hidden: 6 })
  })

  test('is read with all files, except what the run itself writes', () => {
    const all = ['d/.c', 'd/_b', 'd/_e/1', 'd/_e/2', 'd/a', 'd/f/_g', 'd/f/_i.txt', 'd/f/h', 'd/f/j.txt']
    const options = { allFiles: true, own: ['d/.state'] }
    expect(find('d', options)).toEqual({ files: all, hidden: 0, special: 0, links: 0 })
    expect(find('d/**', options).files).toEqual(all)
    expect(find('d/*/*.txt', options).files).toEqual(['d/f/_i.txt', 'd/f/j.txt'])
  })

  test('links to files that are read are counted', () => {
    const place = folderWith('d/a', 'd/e/b')
    symlinkSync('a', join(place, 'd/c'))
    symlinkSync('..', join(place, 'd/e/up'))
    expect(expandInputs(['d'], place, PLAIN).passedOver).toMatchObject({ hidden: 0, special: 0, links: 2 })
  })

  test('outputs of earlier runs in a folder are counted, and read if they are named, matched or asked for', async () => {
    const place = folderWith('d/a.txt', 'd/mine/part-r-00000.tsv', 'd/mine/notes', 'd/mine/_SUCCESS', 'd/new.tsv')
    const input = join(place, 'd/a.txt')
    await runJob('wordcount', { input, output: join(place, 'd/e/counts') })
    await runJob('wordcount', { input, output: join(place, 'd/one.tsv'), singleFile: true })
    const files = (options: Partial<SearchOptions>, ...patterns: string[]) => {
      const found = expandInputs(patterns, place, PLAIN, { allFiles: false, own: [], outputsIn, ...options })
      return [found.files.map((file) => relative(place, (file as InputFile).path)), found.passedOver.outputs]
    }
    // Files that no run wrote are read, whatever their names.
    const own = ['d/a.txt', 'd/mine/notes', 'd/mine/part-r-00000.tsv', 'd/new.tsv']
    const part = 'd/e/counts/part-r-00000.tsv'
    expect(files({}, 'd')).toEqual([own, 2])
    expect(files({}, 'd/e/counts')).toEqual([[part], 0])
    expect(files({}, 'd/e/*')).toEqual([[part], 0])
    expect(files({}, 'd/**/*.tsv')).toEqual([[part, 'd/mine/part-r-00000.tsv', 'd/new.tsv', 'd/one.tsv'], 0])
    const all = ['d/.one.tsv.success', 'd/a.txt', 'd/e/counts/_SUCCESS', part, 'd/mine/_SUCCESS', ...own.slice(1)]
    expect(files({ allFiles: true, outputsIn: null }, 'd')).toEqual([[...all, 'd/one.tsv'], 0])
    expect(() => files({}, 'd/e')).toThrow(/without input files: 1 written by earlier runs/)
    // A file that was changed since belongs to the user.
    writeFileSync(join(place, 'd/one.tsv'), 'changed')
    expect(files({}, 'd')).toEqual([[...own, 'd/one.tsv'], 1])
  })

  test('is named if nothing is left', () => {
    const place = folderWith('d/_SUCCESS', 'd/.x')
    const wanted = { ...code('INPUT_EMPTY'), params: expect.objectContaining({ hidden: 2 }) }
    expect(() => expand(place, 'd')).toThrow(expect.objectContaining(wanted))
    expect(() => expand(place, 'd/*')).toThrow(/2 with names that start with "_" or "\."/)
  })
})

describe('globs', () => {
  const names = ['a/1.csv', 'a/2.csv', 'a/2.txt', 'b/3.csv', 'b/c/4.csv', 'b/_5.csv', 'b/.6.csv', '_x/7.csv']

  test.each([
    ['*/*.csv', ['a/1.csv', 'a/2.csv', 'b/3.csv']],
    ['**/*.csv', ['a/1.csv', 'a/2.csv', 'b/3.csv', 'b/c/4.csv']],
    ['a/*', ['a/1.csv', 'a/2.csv', 'a/2.txt']],
    ['b/{3,c/4}.csv', ['b/3.csv', 'b/c/4.csv']],
    ['a/[2-9].*', ['a/2.csv', 'a/2.txt']],
    ['?/?.csv', ['a/1.csv', 'a/2.csv', 'b/3.csv']],
    ['./a/*.txt', ['a/2.txt']],
    ['a/../b/*.csv', ['b/3.csv']],
    ['a/@(1|2).csv', ['a/1.csv', 'a/2.csv']],
  ])('%s', (pattern, expected) => {
    expect(expand(folderWith(...names), pattern)).toEqual(expected)
  })

  test('a folder that matches stands for all files below it, once', () => {
    const folder = folderWith(...names)
    expect(expand(folder, 'b/*')).toEqual(['b/3.csv', 'b/c/4.csv'])
    expect(expand(folder, '*')).toEqual(['a/1.csv', 'a/2.csv', 'a/2.txt', 'b/3.csv', 'b/c/4.csv'])
    expect(expand(folder, '**')).toEqual(expand(folder, '*'))
  })

  test('the literal part before a glob may start with _', () => {
    expect(expand(folderWith(...names), '_x/*.csv')).toEqual(['_x/7.csv'])
  })

  test('an absolute glob works', () => {
    const folder = folderWith(...names)
    expect(expand('/', join(folder, 'a/*.txt'))).toEqual([relative('/', join(folder, 'a/2.txt'))])
  })

  test('a folder before a glob may have glob characters in its name', () => {
    expect(expand(folderWith('x[1]/a.csv', 'x1/b.csv'), 'x[1]/*.csv')).toEqual(['x[1]/a.csv'])
  })

  test.each(['*.none', 'nowhere/*.csv', '**/_5.csv'])('%s matches nothing: INPUT_EMPTY', (pattern) => {
    expect(() => expand(folderWith(...names), pattern)).toThrow(expect.objectContaining(code('INPUT_EMPTY')))
  })
})

describe('symbolic links', () => {
  test('are followed, and a file with two paths is read once, by its own name', () => {
    const folder = folderWith('d/z/file', 'other/more')
    symlinkSync('z', join(folder, 'd/a'))
    symlinkSync('z/file', join(folder, 'd/b'))
    symlinkSync('../other', join(folder, 'd/o'))
    symlinkSync('../other/more', join(folder, 'd/p'))
    expect(expand(folder, 'd')).toEqual(['d/o/more', 'd/z/file'])
    expect(expand(folder, 'd/*')).toEqual(['d/o/more', 'd/z/file'])
    expect(expand(folder, 'd/**/*')).toEqual(['d/o/more', 'd/z/file'])
    expect(expand(folder, 'd/a', 'd/b')).toEqual(['d/a/file', 'd/b'])
  })

  test('that are circular end', () => {
    const folder = folderWith('d/a', 'd/e/b')
    symlinkSync('.', join(folder, 'd/self'))
    symlinkSync('..', join(folder, 'd/e/up'))
    symlinkSync('../../d', join(folder, 'd/e/again'))
    expect(expand(folder, 'd')).toEqual(['d/a', 'd/e/b'])
    expect(expand(folder, '**/*')).toEqual(['d/a', 'd/e/b'])
  })

  test('that lead nowhere are an error: their data would be missing', () => {
    const folder = folderWith('d/a')
    symlinkSync('nowhere', join(folder, 'd/broken'))
    for (const pattern of ['d', 'd/broken', 'd/*']) {
      expect(() => expand(folder, pattern)).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
    }
  })
})

describe('standard input', () => {
  test('is written to a file', async () => {
    const path = join(temporaryFolder(), 'stdin')
    await spool(Readable.from(['some ', 'text']), path)
    expect(readFileSync(path, 'utf8')).toBe('some text')
  })

  test('that is aborted leaves no file', async () => {
    const folder = temporaryFolder()
    const abort = new AbortController()
    const stdin = new PassThrough()
    stdin.write('partial')
    const spooled = spool(stdin, join(folder, 'stdin'), abort.signal)
    setTimeout(() => abort.abort(), 10)
    await expect(spooled).rejects.toMatchObject(code('INTERRUPTED'))
    expect(() => readFileSync(join(folder, 'stdin'))).toThrow()
  })

  test('that cannot be stored is an error in our words', async () => {
    const path = join(temporaryFolder(), 'missing', 'stdin')
    await expect(spool(Readable.from(['x']), path)).rejects.toMatchObject(code('FILE_IO'))
  })
})
