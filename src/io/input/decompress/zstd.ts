/**
 * Zstandard for Node before 22.15, which has none: a package decodes frame by frame. It does not verify checksums, and does not always
 * notice that a frame is cut off, so frames are parsed here, which takes only a few sizes.
 *
 * Source: RFC 8878, 3.1
 */
import { require } from '../../../base/packages.js'
import { ByteReader } from './byte_reader.js'
import type { Compressed } from './compressed.js'
import { frames } from './frames.js'
import { loadXxhash } from './xxhash.js'

const MAGIC = 0xfd2fb528
/** The default of zstd itself. */
const MAX_WINDOW_BYTES = 2 ** 27
/** The size of the longest header: with fewer bytes the decoder reads nothing. */
const DECODER_BYTES = 18
const DICTIONARY_BYTES = [0, 1, 2, 4]
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

export async function* zstd(file: Compressed): AsyncGenerator<Uint8Array> {
  const { Decompress } = require('fzstd') as typeof import('fzstd')
  const { create64 } = await loadXxhash()
  const input = new ByteReader(file.open(0))
  const take = (count: number): Buffer => input.takeAll(count)
  for (const magic of frames(input, MAGIC)) {
    const descriptor = take(1)
    const flags = descriptor[0]!
    const isSingle = (flags & 32) !== 0
    const hasSum = (flags & 4) !== 0
    if ((flags & 8) !== 0) throw new Error('its version is unknown')
    const window = take(isSingle ? 0 : 1)
    const dictionary = take(DICTIONARY_BYTES[flags & 3]!)
    if (dictionary.some((byte) => byte !== 0)) throw new Error('it needs a dictionary')
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!
    const size = take(sizeBytes)
    const contentBytes = contentSize(size)
    if (windowBytes(window[0], contentBytes) > MAX_WINDOW_BYTES) throw new Error('its window is larger than 128 MiB')

    const decoded: Uint8Array[] = []
    const decoder = new Decompress((content) => decoded.push(content))
    const sum = create64()
    let total = 0
    const header = Buffer.concat([magic, descriptor, window, dictionary, size])
    let pushed = header.length
    decoder.push(header)
    for (let isLast = false; !isLast; ) {
      const head = take(3)
      const word = head.readUIntLE(0, 3)
      const type = (word >> 1) & 3
      isLast = (word & 1) === 1
      if (type === RESERVED_BLOCK) throw new Error('a block is damaged')
      const block = take(type === RLE_BLOCK ? 1 : word >> 3)
      pushed += head.length + block.length
      // From fewer bytes the decoder would return nothing. It takes bytes that it does not need for the start of the next frame.
      const padding = Buffer.alloc(isLast ? Math.max(0, DECODER_BYTES - pushed) : 0)
      decoder.push(Buffer.concat([head, block, padding]))
      for (const content of decoded.splice(0)) {
        total += content.length
        if (hasSum) sum.update(content)
        yield content
      }
    }
    if (hasSum) {
      const expected = take(4)
      if (expected.readUInt32LE() !== Number(sum.digest() & 0xffffffffn)) throw new Error('a checksum is wrong')
    }
    if (contentBytes !== null && contentBytes !== total) throw new Error('the size of a frame is wrong')
  }
}

/** null: the frame does not say. */
function contentSize(size: Buffer): number | null {
  switch (size.length) {
    case 0:
      return null
    case 1:
      return size[0]!
    case 2:
      return size.readUInt16LE() + 256
    case 4:
      return size.readUInt32LE()
    default:
      return Number(size.readBigUInt64LE())
  }
}

function windowBytes(descriptor: number | undefined, contentBytes: number | null): number {
  if (descriptor === undefined) return contentBytes ?? 0
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
