/** What a file is, by its first bytes. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compressionOf, refuseForeign } from '../../../dist/src/io/input/content.js'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../../dist/src/io/input/inputs.js'
import { textForm } from '../../../dist/src/io/input/text_form.js'
import { code, PLAIN, temporaryFolder, writeFiles } from '../folder.js'

const bytes = (...parts: (number | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))

describe('a compression', () => {
  test.each<[string, Buffer, string]>([
    ['gzip', gzipSync('a'), 'gzip'],
    ['zstd', bytes(0x28, 0xb5, 0x2f, 0xfd, 'x'), 'zstd'],
    ['bzip2', bytes('BZh91AY&SY'), 'bzip2'],
    ['bzip2 of nothing', bytes('BZh1', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90), 'bzip2'],
    ['xz', bytes(0xfd, '7zXZ', 0), 'xz'],
    ['lz4', bytes(4, 0x22, 0x4d, 0x18), 'lz4'],
    ['lz4 after a frame to be skipped', bytes(0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x', 4, 0x22, 0x4d, 0x18), 'lz4'],
    ['snappy', bytes(0xff, 6, 0, 0, 'sNaPpY'), 'snappy'],
    ['text that begins like bzip2', bytes('BZh91 is a name\n'), 'none'],
    ['text', bytes('hello\n'), 'none'],
    ['nothing', bytes(), 'none'],
    ['the first two bytes of gzip', bytes(0x1f, 0x8b), 'none'],
  ])('is known by its content: %s', (_, head, expected) => {
    expect(compressionOf(head)).toBe(expected)
  })
})

describe('content that is not read', () => {
  const refusal = (head: Buffer, path = '/x') => {
    try {
      refuseForeign(path, head, 'none')
      return null
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test.each<[string, Buffer]>([
    ['zip', bytes('PK', 3, 4)],
    ['an empty zip', bytes('PK', 5, 6)],
    ['7z', bytes('7z', 0xbc, 0xaf, 0x27, 0x1c)],
    ['rar', bytes('Rar!', 0x1a, 7, 0)],
    ['compress', bytes(0x1f, 0x9d, 0x90)],
    ['lz4 of old', bytes(2, 0x21, 0x4c, 0x18)],
    ['lzip', bytes('LZIP', 1)],
    ['lzop', bytes(0x89, 'LZO', 0)],
  ])('is INPUT_COMPRESSED: %s', (_, head) => {
    expect(refusal(head)).toBe('INPUT_COMPRESSED')
  })

  test.each<[string, Buffer]>([
    ['Parquet', bytes('PAR1', 0x15, 0)],
    ['Avro', bytes('Obj', 1, 4, 0)],
    ['ORC', bytes('ORC', 8, 0)],
    ['SQLite', bytes('SQLite format 3', 0)],
    ['PDF', Buffer.from([...Buffer.from('%PDF-1.4\n%'), 0xe2, 0xe3, 0xcf, 0xd3])],
    ['PNG', Buffer.from([0x89, ...Buffer.from('PNG\r\n'), 0x1a, 10, 0])],
    ['JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0])],
    ['ELF', bytes(0x7f, 'ELF', 2, 1, 1, 0)],
    ['HDF5', Buffer.from([0x89, ...Buffer.from('HDF\r\n'), 0x1a, 10])],
  ])('is INPUT_BINARY: %s', (_, head) => {
    expect(refusal(head)).toBe('INPUT_BINARY')
  })

  test.each([
    'PAR1,ORC\n1,2\n',
    'Obj: a\n',
    'ORCHID\n',
    'MZ is a name\n',
    '%PDF- is how they begin\n',
    'GIF8\n',
    'LZIP\n',
    'PK\n',
  ])('is not text that begins like it: %j', (text) => expect(refusal(Buffer.from(text))).toBe(null))

  test('a spreadsheet and a zip archive are told apart by name', () => {
    expect(refusal(bytes('PK', 3, 4), '/x.xlsx')).toBe('INPUT_BINARY')
  })

  test('a format without a magic number goes by the name, unless it is text', () => {
    expect(refusal(Buffer.from([0x5d, 0, 0, 0x80]), '/a.lzma')).toBe('INPUT_COMPRESSED')
    expect(refusal(Buffer.from([0x0b, 0x80, 0xff]), '/a.br')).toBe('INPUT_COMPRESSED')
    expect(refusal(Buffer.from('bonjour'), '/lang.br')).toBe(null)
  })

  test('every kind of tar is recognised by the checksum of its header', () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'a.txt': 'a' })
    for (const format of ['v7', 'ustar', 'gnu', 'pax']) {
      execFileSync('tar', [`--format=${format}`, '-cf', join(folder, 'out'), '-C', folder, 'a.txt'])
      const failing = () => inspectFile(join(folder, 'out'), PLAIN)
      expect(failing, format).toThrow(expect.objectContaining(code('INPUT_COMPRESSED')))
    }
  })

  test('is read unchanged if the encoding is given', () => {
    const head = bytes('PK', 3, 4)
    for (const rules of [
      { ...PLAIN, encoding: 'utf-8' },
      { ...PLAIN, exact: true, encoding: 'utf-8' },
    ]) {
      expect(textForm('/x', head, () => head, rules, 'none')).toMatchObject({ encoding: null })
    }
  })
})

describe('the form of text', () => {
  const form = (content: Buffer | string, rules: Partial<typeof PLAIN> = {}) => {
    const folder = temporaryFolder()
    writeFiles(folder, { a: content })
    return (inspectFile(join(folder, 'a'), { ...PLAIN, ...rules }) as InputFile).form
  }
  const wide = (text: string, big = false) => {
    const bytes = Buffer.from(text, 'utf16le')
    return big ? bytes.swap16() : bytes
  }

  test('UTF-16 is recognised by its byte-order mark', () => {
    expect(form(wide('\ufeffhello\n'))).toMatchObject({ encoding: 'utf-16le' })
    expect(form(wide('\ufeffпривет\n', true))).toMatchObject({ encoding: 'utf-16be' })
    expect(form('\ufeffhello\n')).toMatchObject({ encoding: null })
  })

  test.each<[string, Buffer]>([
    ['Latin script', wide('hello world\n')],
    ['two letters', wide('ab')],
    ['Latin script, big-endian', wide('hello world\n', true)],
    ['Cyrillic', wide('привет мир и весь остальной мир\n'.repeat(3))],
    ['Greek, big-endian', wide('γειά σου κόσμε και όλοι οι άλλοι\n'.repeat(3), true)],
    ['UTF-32', Buffer.from([...'hello\n'].flatMap((c) => [c.charCodeAt(0), 0, 0, 0]))],
    ['UTF-32 with its mark', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
  ])('without one it is TEXT_ENCODING: %s', (_, content) => {
    expect(() => form(content)).toThrow(expect.objectContaining(code('TEXT_ENCODING')))
    expect(form(content.subarray(4), { encoding: 'utf-8' })).toMatchObject({ encoding: null })
  })

  test.each<[string, Buffer]>([
    ['a zero in a word', Buffer.from('ab\0c d')],
    ['names that end in zeros', Buffer.from('first\0second\0third one\0')],
    ['a line end where its upper bytes would be', Buffer.from('a\0b\n')],
    ['zeros and bytes that are no UTF-8', Buffer.from([0x61, 0, 0x62, 0x20, 0xff, 0xfe, 0x20, 0xe4, 0xb8])],
  ])('zeros alone are no other encoding: %s', (_, content) => {
    expect(form(content)).toMatchObject({ encoding: null })
  })

  test('a given encoding takes precedence over a guess, and a byte-order mark over both', () => {
    expect(form('abc', { encoding: 'latin1' })).toMatchObject({ encoding: 'windows-1252' })
    expect(form(wide('\ufeffabc'), { encoding: 'latin1' })).toMatchObject({ encoding: 'utf-16le' })
    expect(form('\ufeffabc', { encoding: 'latin1' })).toMatchObject({ encoding: null })
  })

  test('bytes that are not UTF-8 are noticed, a character that is cut off is not', () => {
    expect(form(Buffer.from('caf\xe9\n', 'latin1'))).toMatchObject({ isForeign: true })
    expect(form('ä'.repeat(5000))).toMatchObject({ isForeign: false })
    expect(form(`a${'ä'.repeat(5000)}`)).toMatchObject({ isForeign: false })
    expect(form(Buffer.from('caf\xe9\n', 'latin1'), { encoding: 'utf-8' })).toMatchObject({ isForeign: false })
  })

  test('bytes that are invalid in the given or marked encoding are noticed, a character that is cut off is not', () => {
    expect(form('city\nOslo\n', { encoding: 'utf-16le' })).toMatchObject({ isForeign: false })
    expect(form('city\nRome,\n', { encoding: 'utf-16le' })).toMatchObject({ isForeign: true })
    expect(form('é中文\n', { encoding: 'shift_jis' })).toMatchObject({ isForeign: true })
    expect(form(wide('\ufeffhello\n').subarray(0, -1))).toMatchObject({ isForeign: true })
    expect(form(wide('\ufeffhello\n'))).toMatchObject({ isForeign: false })
    expect(form(Buffer.from('caf\xe9\n', 'latin1'), { encoding: 'latin1' })).toMatchObject({ isForeign: false })
    const long = Buffer.concat([Buffer.from('a'), Buffer.alloc(100_000, Buffer.from([0x95, 0x5c]))])
    expect(form(long, { encoding: 'shift_jis' })).toMatchObject({ isForeign: false })
  })

  const csv = { csv: { delimiter: ',', quote: '"' } }
  test.each<[string, string, Partial<typeof PLAIN>, boolean]>([
    ['there are some, and no LF', 'a\rb\r', {}, true],
    ['one at the very end', 'a\r', {}, true],
    ['CRLF', 'a\r\nb\r\n', {}, false],
    ['LF, and one of them', 'a\rb\nc\n', {}, false],
    ['none at all', 'a b c', {}, false],
    ['the first line is long', `${'x'.repeat(10_000)}\rb\r`, {}, true],
    ['the first line is long and ends in CRLF', `${'x'.repeat(10_000)}\r\nb\r\n`, {}, false],
    ['LF far behind', `${'a\r'.repeat(10_000)}\n`, {}, false],
    ['LF between quotes only', 'a,b\r"x\ny",1\r', csv, true],
    ['LF between quotes only, with quotes inside', 'a,b\r"x ""\n"" y",1\r', csv, true],
    ['LF after quotes', 'a,b\r"x",1\n', csv, false],
    ['a quote inside a field opens nothing', 'a,b\r5" x,1\n', csv, false],
  ])('carriage returns alone end lines where %s: %j', (_, content, rules, expected) => {
    expect(form(content, rules)).toMatchObject({ carriageReturns: expected })
  })
})
