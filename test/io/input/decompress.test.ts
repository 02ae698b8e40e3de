/** Every compression: read whole, whatever the file's name and structure, and never in part. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { forEachChunk } from '../../../dist/src/io/input/chunks.js'
import { decompressedBytes } from '../../../dist/src/io/input/decompress/decompress.js'
import type { InputFile } from '../../../dist/src/io/input/input_file.js'
import { inspectFile } from '../../../dist/src/io/input/inputs.js'
import { Random } from '../../helpers/random.js'
import { code, inputFile, PLAIN, temporaryFolder, writeFiles } from '../folder.js'

const text = Array.from(
  { length: 12_000 },
  (_, i) => `${i} ${['naïve', 'über', 'plain', 'some'][i % 4]} ${i % 97}\n`,
).join('')

/**
 * The text above, written by gzip 1.12, bzip2 1.0.8 (-1: two blocks), xz 5.4.1 (-9; blocks: --check=crc32 --block-size=50KiB),
 * zstd 1.5 (-19; unchecked: from a pipe, --no-check), lz4 1.9.4 (-9; linked: -B4 -BD -BX --content-size) and snappy 7.4.3.
 */
const FILES: Record<string, string> = {
  'text.gz': 'GZIP_CORRUPT',
  'text.bz2': 'BZIP2_CORRUPT',
  'text.xz': 'XZ_CORRUPT',
  'blocks.xz': 'XZ_CORRUPT',
  'text.zst': 'ZSTD_CORRUPT',
  'unchecked.zst': 'ZSTD_CORRUPT',
  'text.lz4': 'LZ4_CORRUPT',
  'linked.lz4': 'LZ4_CORRUPT',
  'text.sz': 'SNAPPY_CORRUPT',
}
const names = Object.keys(FILES)
const packed = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`compressed/${name}`, import.meta.url)))

/** The decompressed content of such a file, as a run reads it. */
async function read(content: Uint8Array, chunkBytes = 64 << 10, wanted = Number.POSITIVE_INFINITY): Promise<string> {
  const path = join(temporaryFolder(), 'file')
  writeFiles(join(path, '..'), { file: content })
  return readFile(inspectFile(path, PLAIN) as InputFile, chunkBytes, wanted)
}

async function readFile(file: InputFile, chunkBytes = 64 << 10, wanted = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  let lasts = 0
  await forEachChunk(file, 0, file.sizeBytes, { chunkBytes }, (chunk, last) => {
    chunks.push(Buffer.from(chunk))
    size += chunk.length
    if (last) lasts++
    return size >= wanted
  })
  if (wanted === Number.POSITIVE_INFINITY) expect(lasts).toBe(1)
  return Buffer.concat(chunks).toString()
}

/** Pieces of random sizes in one reused buffer, like those from disk. */
function* pieces(content: Uint8Array, random: Random, most: number): Generator<Uint8Array> {
  const buffer = new Uint8Array(most)
  for (let at = 0; at < content.length; ) {
    const piece = content.subarray(at, at + 1 + random.below(most))
    buffer.fill(0xaa)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
    at += piece.length
  }
}

describe.each(names)('%s', (name) => {
  const content = packed(name)

  test.each([1000, 65_536, 1 << 20])('is read whole under any name, in chunks of %i bytes', async (chunkBytes) => {
    expect(await read(content, chunkBytes)).toBe(text)
  })

  test('is the same however disk and reader cut it', async () => {
    const seed = Date.now() % 1_000_000
    const random = new Random(seed)
    const twice = Buffer.concat([content, content])
    const file = inputFile(join(temporaryFolder(), name), twice)
    const whole = `${text}${text}`
    for (const most of [20, 3000, 40_000]) {
      const chunkBytes = 1 + random.below(most)
      const outcome: Buffer[] = []
      const open = (start: number) => pieces(twice.subarray(start), random, most)
      for await (const chunk of decompressedBytes(file, open, Math.max(chunkBytes, 64))) {
        outcome.push(Buffer.from(chunk))
      }
      expect(Buffer.concat(outcome).toString() === whole, `seed ${seed}, pieces of up to ${most} bytes`).toBe(true)
    }
  })

  test('several of them, one after another, are read whole', async () => {
    expect(await read(Buffer.concat([content, content, content]))).toBe(text.repeat(3))
  })

  test('the reader may stop early, and start again', async () => {
    const some = await read(content, 1000, 10)
    expect(some.length).toBeGreaterThanOrEqual(10)
    expect(text.startsWith(some)).toBe(true)
    expect(await read(content)).toBe(text)
  })

  test('cut off anywhere it is an error, and never a short answer', async () => {
    const random = new Random(7)
    const cuts = [1, 2, 3, 4, 5, 8, 12, ...random.times(12, () => 1 + random.below(content.length - 1))]
    for (const cut of cuts) {
      const file = inputFile(join(temporaryFolder(), name), content.subarray(0, content.length - cut))
      await expect(readFile(file), `without its last ${cut} bytes`).rejects.toMatchObject(code(FILES[name]!))
      const second = inputFile(join(temporaryFolder(), name), Buffer.concat([content, content.subarray(0, -cut)]))
      await expect(readFile(second), `a second one without its last ${cut} bytes`).rejects.toMatchObject(
        code(FILES[name]!),
      )
    }
  })

  test('with garbage after it, it is an error', async () => {
    for (const garbage of ['x', 'garbage', 'a line\n'.repeat(1000)]) {
      const file = inputFile(join(temporaryFolder(), name), Buffer.concat([content, Buffer.from(garbage)]))
      await expect(readFile(file), garbage).rejects.toMatchObject(code(FILES[name]!))
    }
  })

  // Without a checksum it cannot be noticed.
  test.skipIf(name.startsWith('unchecked'))('with a flipped bit it is an error, or the same', async () => {
    const random = new Random(11)
    for (let i = 0; i < 25; i++) {
      const damaged = Buffer.from(content)
      const at = random.below(damaged.length)
      damaged[at]! ^= 1 << random.below(8)
      const file = inputFile(join(temporaryFolder(), name), damaged)
      const outcome = await readFile(file).catch((error: { code?: string }) => error.code)
      expect([text, FILES[name]], `a bit of byte ${at}`).toContain(outcome)
    }
  })

  test('that is something else by its content is an error, and nothing at all is nothing', () => {
    for (const [content, said] of [
      ['plain text\n', 'its content is plain text'],
      ['\0\0\0\0', 'its content does not'],
    ] as const) {
      const folder = temporaryFolder()
      writeFiles(folder, { [name]: content })
      const hint = expect.stringContaining('Call it what it is')
      const wrong = expect.objectContaining({ ...code(FILES[name]!), message: expect.stringContaining(said), hint })
      expect(() => inspectFile(join(folder, name), PLAIN)).toThrow(wrong)
    }
    const folder = temporaryFolder()
    writeFiles(folder, { [name]: '' })
    expect(inspectFile(join(folder, name), PLAIN)).toMatchObject({ sizeBytes: 0, compression: 'none' })
  })
})

const skippable = (bytes: number): Buffer => {
  const frame = Buffer.alloc(8 + bytes, 'x')
  frame.writeUInt32LE(0x184d2a53)
  frame.writeUInt32LE(bytes, 4)
  return frame
}

test.each(['text.zst', 'unchecked.zst', 'text.lz4', 'linked.lz4'])(
  'frames to be skipped are skipped wherever they stand among those of %s',
  async (name) => {
    const content = packed(name)
    const parts = [skippable(4), skippable(0), content, skippable(1000), content, skippable(3)]
    expect(await read(Buffer.concat(parts))).toBe(text.repeat(2))
    const cut = Buffer.concat([content, skippable(1000).subarray(0, 500)])
    const file = inputFile(join(temporaryFolder(), name), cut)
    await expect(readFile(file)).rejects.toMatchObject(code(FILES[name]!))
  },
)

test('streams, members and frames without content are empty', async () => {
  const empty: Record<string, string> = {
    gz: 'H4sIAAAAAAAAAwMAAAAAAAAAAAA=',
    bz2: 'QlpoORdyRThQkAAAAAA=',
    xz: '/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=',
    zst: 'KLUv/SQAAQAAmenYUQ==',
    lz4: 'BCJNGGRApwAAAAAFXcwC',
    sz: '/wYAAHNOYVBwWQ==',
  }
  for (const [ending, base64] of Object.entries(empty)) {
    const nothing = Buffer.from(base64, 'base64')
    expect(await read(nothing), ending).toBe('')
    expect(await read(Buffer.concat([nothing, packed(`text.${ending}`), nothing])), ending).toBe(text)
  }
})

describe('a file of few bytes', () => {
  /** A frame with one uncompressed block, as zstd writes it from a pipe with --no-check. */
  const smallFrame = (content: string): Buffer => {
    const head = Buffer.alloc(3)
    head.writeUIntLE((content.length << 3) | 1, 0, 3)
    return Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), head, Buffer.from(content)])
  }

  test('is read whole from zstd, with a checksum and without, one frame after another', async () => {
    // `printf 'a b\na\n' | zstd`
    const checked = Buffer.from('28b52ffd0458310000612062 0a610a15c581d8'.replace(' ', ''), 'hex')
    expect(await read(checked)).toBe('a b\na\n')
    for (let length = 0; length < 24; length++) {
      const content = 'abcdefghijklmnopqrstuvw\n'.slice(-length, length === 0 ? 0 : undefined)
      expect(await read(smallFrame(content))).toBe(content)
      expect(await read(Buffer.concat([smallFrame(content), checked, smallFrame(content)]))).toBe(
        `${content}a b\na\n${content}`,
      )
    }
  })
})
