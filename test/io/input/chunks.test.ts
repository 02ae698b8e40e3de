import { appendFileSync, renameSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type ChunkOptions,
  forEachChunk,
  openChunks,
  readChunks,
  readRange,
} from '../../../dist/src/io/input/chunks.js'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../../dist/src/io/input/inputs.js'
import { findLineStart, LineDecoder } from '../../../dist/src/io/input/lines.js'
import { code, inputFile, PLAIN, temporaryFolder } from '../folder.js'

const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join('')
const { zstdCompressSync } = zlib as { zstdCompressSync?: (data: string) => Buffer }

/** All bytes that a consumer gets until it has `wanted` of them, and whether the last chunk said that it was the last. */
async function collect(
  file: InputFile,
  start: number,
  end: number,
  wanted = Number.POSITIVE_INFINITY,
  options: ChunkOptions = {},
): Promise<{ bytes: Buffer; lasts: boolean[] }> {
  const chunks: Buffer[] = []
  const lasts: boolean[] = []
  let total = 0
  await forEachChunk(file, start, end, options, (chunk, last) => {
    chunks.push(Buffer.from(chunk))
    lasts.push(last)
    total += chunk.length
    return total >= wanted
  })
  return { bytes: Buffer.concat(chunks), lasts }
}

describe('a plain file', () => {
  test.each([1, 7, 100, 65_536, 1 << 20])(
    'arrives whole in chunks of %i bytes, the last one marked',
    async (chunkBytes) => {
      const content = text.slice(0, chunkBytes < 100 ? 500 : text.length)
      const file = inputFile(join(temporaryFolder(), 'a'), content)
      const { bytes, lasts } = await collect(file, 0, file.sizeBytes, undefined, { chunkBytes })
      expect(bytes.toString()).toBe(content)
      expect(lasts.filter(Boolean).length).toBe(1)
      expect(lasts.at(-1)).toBe(true)
    },
  )

  test('is read beyond the end of the range, as long as the consumer asks', async () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    const { bytes } = await collect(file, 1000, 2000, 150_000)
    expect(bytes.length).toBeGreaterThanOrEqual(150_000)
    expect(bytes.toString()).toBe(text.slice(1000, 1000 + bytes.length))
    const little = await collect(file, 1000, 2000, 1001)
    expect(little.bytes.length).toBeLessThan(20_000)
  })

  test('that is empty is one empty last chunk', async () => {
    const file = inputFile(join(temporaryFolder(), 'a'), '')
    expect(await collect(file, 0, 0)).toEqual({ bytes: Buffer.alloc(0), lasts: [true] })
  })

  test('chunks share one buffer with 64 readable bytes after them', () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    const chunks = openChunks(file, 0, file.sizeBytes, { chunkBytes: 1000 })
    const first = chunks.next()!
    const second = chunks.next()!
    expect(second.buffer).toBe(first.buffer)
    expect(second.byteOffset + second.length + 64).toBeLessThanOrEqual(second.buffer.byteLength)
    chunks.close()
    chunks.close()
  })

  test('a range of it can be read at once', () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    expect(Buffer.from(readRange(file, 10, 20)).toString()).toBe(text.slice(10, 30))
    expect(Buffer.from(readRange(file, text.length - 5, 100)).toString()).toBe(text.slice(-5))
    expect(readRange(file, text.length, 100).length).toBe(0)
  })

  test('can be streamed', async () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    let read = ''
    for await (const { chunk } of readChunks(file, { chunkBytes: 4000 })) read += Buffer.from(chunk).toString()
    expect(read).toBe(text)
  })

  test('a request to stop is INTERRUPTED', async () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    let asked = 0
    const options = { chunkBytes: 1000, shouldStop: () => ++asked > 3 }
    await expect(collect(file, 0, file.sizeBytes, undefined, options)).rejects.toMatchObject(code('INTERRUPTED'))
  })

  test('the consumer may throw', async () => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    const thrown = new Error('mine')
    const failing = forEachChunk(file, 0, 10, {}, () => {
      throw thrown
    })
    await expect(failing).rejects.toBe(thrown)
  })
})

test('lines that end in CR are the same wherever a range begins, and in any chunks', async () => {
  const text = 'ab\rc\r\rd\u00e9\r\n\r\nlonger\r'
  const file = { ...inputFile(join(temporaryFolder(), 'a'), text), form: CARRIAGE_RETURNS }
  const { sizeBytes } = file
  for (let cut = 0; cut <= sizeBytes; cut++) {
    for (const chunkBytes of [1, 2, 3, 5, 100]) {
      const found: string[] = []
      for (const [from, to] of [
        [0, cut],
        [cut, sizeBytes],
      ] as const) {
        const start = findLineStart(file, from)
        if (start >= to) continue
        const decoder = new LineDecoder({
          exact: false,
          atFileStart: start === 0,
          onLine: (line) => found.push(line),
        })
        await forEachChunk(file, start, to, { chunkBytes }, (chunk, last) =>
          decoder.push(chunk, to < sizeBytes ? to - start : Number.POSITIVE_INFINITY, last),
        )
      }
      expect(found, `cut at ${cut}, chunks of ${chunkBytes} bytes`).toEqual(text.split(/\r\n?/).slice(0, -1))
    }
  }
})

const CARRIAGE_RETURNS = { encoding: null, carriageReturns: true, array: false, isForeign: false }

describe('a file that is written to', () => {
  test.each(['a', 'a.gz'])('and only grew is read up to its old size (%s)', async (name) => {
    const path = join(temporaryFolder(), name)
    writeFileSync(path, name === 'a' ? text : zlib.gzipSync(text))
    const file = inspectFile(path, PLAIN) as InputFile
    appendFileSync(path, 'more')
    let grown = false
    let read = ''
    await forEachChunk(file, 0, file.sizeBytes, { chunkBytes: 10_000 }, (chunk) => {
      read += Buffer.from(chunk).toString()
      if (!grown) appendFileSync(path, 'and more')
      grown = true
      return false
    })
    expect(read).toBe(text)
  })

  const others: [string, (path: string) => void][] = [
    ['was written anew, and is longer', (path) => writeFileSync(path, `x${text}more`)],
    ['has another end, and is longer', (path) => writeFileSync(path, `${text.slice(0, -2)}x\nmore`)],
    ['is another file of the same beginning and end', (path) => replace(path, `${text}more`)],
    ['is shorter', (path) => truncateSync(path, text.length - 1)],
    ['has another time', (path) => utimesSync(path, 1, 1)],
  ]

  test.each(others)('and %s is INPUT_CHANGED', async (_, change) => {
    const path = join(temporaryFolder(), 'a')
    writeFileSync(path, text)
    const file = inspectFile(path, PLAIN) as InputFile
    change(path)
    await expect(collect(file, 0, file.sizeBytes)).rejects.toMatchObject(code('INPUT_CHANGED'))
  })

  function replace(path: string, content: string): void {
    writeFileSync(`${path}.new`, content)
    renameSync(`${path}.new`, path)
  }
})

describe('a file that changed since it was listed, known only by size and time', () => {
  const changes: [string, (path: string) => void][] = [
    ['grew', (path) => appendFileSync(path, 'more')],
    ['shrank', (path) => truncateSync(path, 10)],
    ['was rewritten', (path) => utimesSync(path, 1, 1)],
    ['was removed', (path) => unlinkSync(path)],
  ]

  test.each(changes)('and %s is INPUT_CHANGED', async (_, change) => {
    for (const name of ['a', 'a.gz']) {
      const content = name === 'a' ? text : zlib.gzipSync(text)
      const file = inputFile(join(temporaryFolder(), name), content)
      change(file.path)
      await expect(collect(file, 0, file.sizeBytes)).rejects.toMatchObject({
        ...code('INPUT_CHANGED'),
        where: { file: file.path },
      })
    }
  })

  test.each(changes.slice(0, 3))('and %s while it is read is INPUT_CHANGED', async (_, change) => {
    const file = inputFile(join(temporaryFolder(), 'a'), text)
    let once = false
    const reading = forEachChunk(file, 0, file.sizeBytes, { chunkBytes: 1000 }, () => {
      if (!once) change(file.path)
      once = true
      return false
    })
    await expect(reading).rejects.toMatchObject(code('INPUT_CHANGED'))
  })
})

describe('gzip', () => {
  const packed = zlib.gzipSync(text)

  test.each<[string, Buffer, string]>([
    ['one member', packed, text],
    ['several members', Buffer.concat([packed, zlib.gzipSync(''), packed]), text + text],
    ['zeros after it, as on tapes', Buffer.concat([packed, Buffer.alloc(1000)]), text],
    ['nothing in it', zlib.gzipSync(''), ''],
    ['no bytes at all', Buffer.alloc(0), ''],
  ])('%s is read whole', async (_, content, expected) => {
    const file = inputFile(join(temporaryFolder(), 'a.gz'), content)
    const { bytes, lasts } = await collect(file, 0, file.sizeBytes, undefined, { chunkBytes: 10_000 })
    expect(bytes.toString()).toBe(expected)
    expect(lasts.filter(Boolean).length).toBe(1)
    expect(lasts.at(-1)).toBe(true)
  })

  const flipped = Buffer.from(packed)
  flipped[flipped.length - 6]! ^= 1
  test.each<[string, Buffer]>([
    ['cut off', packed.subarray(0, packed.length - 9)],
    ['cut off in its header', packed.subarray(0, 3)],
    ['with a wrong checksum', flipped],
    ['that is no gzip', Buffer.from('plain text')],
    ['with garbage after it', Buffer.concat([packed, Buffer.from('garbage')])],
    ['with garbage behind zeros', Buffer.concat([packed, Buffer.alloc(100), Buffer.from('garbage')])],
  ])('a file %s is GZIP_CORRUPT', async (_, content) => {
    const file = inputFile(join(temporaryFolder(), 'a.gz'), content)
    await expect(collect(file, 0, file.sizeBytes)).rejects.toMatchObject({
      ...code('GZIP_CORRUPT'),
      where: { file: file.path },
    })
  })

  test('the consumer may stop early, or be stopped', async () => {
    const file = inputFile(join(temporaryFolder(), 'a.gz'), packed)
    const { bytes } = await collect(file, 0, file.sizeBytes, 100, { chunkBytes: 1000 })
    expect(bytes.length).toBe(1000)
    const stopped = collect(file, 0, file.sizeBytes, undefined, { shouldStop: () => true })
    await expect(stopped).rejects.toMatchObject(code('INTERRUPTED'))
  })
})

describe('zstd', () => {
  test.runIf(zstdCompressSync)('one frame and several are read whole', async () => {
    const packed = zstdCompressSync!(text)
    for (const frames of [1, 2, 5]) {
      const file = inputFile(join(temporaryFolder(), 'a.zst'), Buffer.concat(Array(frames).fill(packed)))
      const { bytes, lasts } = await collect(file, 0, file.sizeBytes)
      expect(bytes.toString()).toBe(text.repeat(frames))
      expect(lasts.filter(Boolean).length).toBe(1)
    }
  })

  test.runIf(zstdCompressSync)('a file that is cut off, or is something else, is ZSTD_CORRUPT', async () => {
    const packed = zstdCompressSync!(text)
    const bad = [
      ...[1, 2, 3, 10, packed.length - 5].map((cut) => packed.subarray(0, packed.length - cut)),
      Buffer.concat([packed, packed.subarray(0, 20)]),
      Buffer.concat([packed, Buffer.from('garbage')]),
      Buffer.from('plain text'),
    ]
    for (const content of bad) {
      const file = inputFile(join(temporaryFolder(), 'a.zst'), content)
      await expect(collect(file, 0, file.sizeBytes)).rejects.toMatchObject(code('ZSTD_CORRUPT'))
    }
  })
})

test('a folder in place of a file is an error in our words', async () => {
  const folder = temporaryFolder()
  const file = { ...inputFile(folder), path: folder }
  await expect(collect(file, 0, file.sizeBytes)).rejects.toMatchObject(code('FILE_IO'))
  writeFileSync(join(folder, 'x'), '')
})
