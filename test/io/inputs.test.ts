import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { compressionOf, expandInputs, spoolStdin } from '../../dist/src/io/inputs.js'
import { code, temporaryFolder, writeFiles } from './folder.js'

function folderWith(...names: string[]): string {
  const folder = temporaryFolder()
  writeFiles(folder, Object.fromEntries(names.map((name) => [name, name])))
  return folder
}

/** Relative paths of what the patterns stand for. */
function expand(folder: string, ...patterns: string[]): string[] {
  return expandInputs(patterns, folder).map((file) => relative(folder, file.path))
}

describe('paths', () => {
  test('a file is described by its absolute path, size, time and compression', () => {
    const folder = folderWith('a.csv.gz')
    utimesSync(join(folder, 'a.csv.gz'), 1000, 1000.5)
    expect(expandInputs(['a.csv.gz'], folder)).toEqual([
      { path: join(folder, 'a.csv.gz'), sizeBytes: 8, mtimeMs: 1_000_500, compression: 'gzip' },
    ])
  })

  test('a folder stands for all files below it, by the bytes of their paths', () => {
    const folder = folderWith('d/b', 'd/a/2', 'd/a/10', 'd/a-b', 'd/Z', 'd/\u{1F600}', 'd/\uFF5E', 'd/ä')
    // By UTF-16 units the emoji would come before the wide tilde.
    expect(expand(folder, 'd')).toEqual(['d/Z', 'd/a-b', 'd/a/10', 'd/a/2', 'd/b', 'd/ä', 'd/\uFF5E', 'd/\u{1F600}'])
  })

  test('several patterns keep their order, and a file named twice is read twice', () => {
    const folder = folderWith('b', 'a', 'd/x')
    expect(expand(folder, 'b', 'd', 'a', 'b')).toEqual(['b', 'd/x', 'a', 'b'])
  })

  test('below a folder, names with _ or . in front are skipped; a path as such is taken', () => {
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

  test.skipIf(process.getuid?.() === 0)('what may not be read is INPUT_UNREADABLE', () => {
    const folder = folderWith('a', 'd/b/c')
    chmodSync(join(folder, 'a'), 0)
    chmodSync(join(folder, 'd/b'), 0)
    for (const name of ['a', 'd', 'd/**/*']) {
      expect(() => expand(folder, name)).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
    }
    chmodSync(join(folder, 'd/b'), 0o700)
  })

  test('what is no regular file is refused by name and passed over in a folder', async () => {
    const folder = folderWith('d/a')
    const server = createServer().listen(join(folder, 'd/socket'))
    await once(server, 'listening')
    expect(() => expand(folder, 'd/socket')).toThrow(expect.objectContaining(code('INPUT_UNREADABLE')))
    expect(expand(folder, 'd')).toEqual(['d/a'])
    server.close()
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

  test('what is written out in front of a glob may start with _', () => {
    expect(expand(folderWith(...names), '_x/*.csv')).toEqual(['_x/7.csv'])
  })

  test('an absolute glob works', () => {
    const folder = folderWith(...names)
    expect(expand('/', join(folder, 'a/*.txt'))).toEqual([relative('/', join(folder, 'a/2.txt'))])
  })

  test('a folder in front of a glob may have glob characters in its name', () => {
    expect(expand(folderWith('x[1]/a.csv', 'x1/b.csv'), 'x[1]/*.csv')).toEqual(['x[1]/a.csv'])
  })

  test.each(['*.none', 'nowhere/*.csv', '**/_5.csv'])('%s matches nothing: INPUT_EMPTY', (pattern) => {
    expect(() => expand(folderWith(...names), pattern)).toThrow(expect.objectContaining(code('INPUT_EMPTY')))
  })
})

describe('symbolic links', () => {
  test('are followed, and what has two ways is read once, by its own name', () => {
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

  test('that lead in circles end', () => {
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

test('compression goes by the name', () => {
  expect(['a.gz', 'a.GZ', 'a.csv.zst', 'a.zstd', 'a.csv', 'gz', 'a.gzip'].map(compressionOf)).toEqual([
    'gzip',
    'gzip',
    'zstd',
    'zstd',
    'none',
    'none',
    'none',
  ])
})

describe('standard input', () => {
  test('is written to a file', async () => {
    const path = join(temporaryFolder(), 'stdin')
    await spoolStdin(Readable.from(['some ', 'text']), path)
    expect(readFileSync(path, 'utf8')).toBe('some text')
  })

  test('that is given up leaves no file behind', async () => {
    const folder = temporaryFolder()
    const abort = new AbortController()
    const stdin = new PassThrough()
    stdin.write('partial')
    const spooled = spoolStdin(stdin, join(folder, 'stdin'), abort.signal)
    setTimeout(() => abort.abort(), 10)
    await expect(spooled).rejects.toMatchObject(code('INTERRUPTED'))
    expect(() => readFileSync(join(folder, 'stdin'))).toThrow()
  })

  test('that cannot be kept is an error in our words', async () => {
    const path = join(temporaryFolder(), 'missing', 'stdin')
    await expect(spoolStdin(Readable.from(['x']), path)).rejects.toMatchObject(code('FILE_IO'))
  })
})
