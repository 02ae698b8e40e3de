/**
 * LZ4 frames: a package decodes the blocks, which are joined here, because the package only takes whole frames.
 *
 * Source: LZ4 Frame Format Description 1.6.4, https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
import { require } from '../../../base/packages.js'
import { ByteReader } from './byte_reader.js'
import type { Compressed } from './compressed.js'
import { frames } from './frames.js'
import { loadXxhash } from './xxhash.js'

const MAGIC = 0x184d2204
/** How far back a block may refer to earlier blocks. */
const WINDOW_BYTES = 64 << 10
const PREFIX_BYTES = 4

export async function* lz4(file: Compressed): AsyncGenerator<Uint8Array> {
  const { uncompressSync } = require('lz4-napi') as typeof import('lz4-napi')
  const { create32, h32Raw } = await loadXxhash()
  const input = new ByteReader(file.open(0))
  const take = (count: number): Buffer => input.takeAll(count)
  for (const _ of frames(input, MAGIC)) {
    const start = take(2)
    const flags = start[0]!
    const hasDictionary = (flags & 1) !== 0
    const hasContentSum = (flags & 4) !== 0
    const hasContentSize = (flags & 8) !== 0
    const hasBlockSum = (flags & 16) !== 0
    const isLinked = (flags & 32) === 0
    const maxBytes = 1 << (8 + 2 * (start[1]! >> 4))
    const rest = take((hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0))
    const headerSum = take(1)[0]!
    if ((h32Raw(Buffer.concat([start, rest])) >>> 8) % 256 !== headerSum) throw new Error('a header is damaged')
    if (flags >> 6 !== 1 || maxBytes < 1 << 16 || maxBytes > 1 << 22) throw new Error('its version is unknown')
    if (hasDictionary) throw new Error('it needs a dictionary')

    const sum = create32()
    let window: Buffer = Buffer.alloc(0)
    let total = 0
    for (let size = take(4).readUInt32LE(); size !== 0; size = take(4).readUInt32LE()) {
      const bytes = size & 0x7fffffff
      if (bytes > maxBytes) throw new Error('a block is damaged')
      const block = take(bytes)
      if (hasBlockSum && take(4).readUInt32LE() !== h32Raw(block)) throw new Error('the checksum of a block is wrong')
      let content: Buffer = block
      if (size >>> 31 === 0) {
        const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + bytes)
        prefixed.writeUInt32LE(maxBytes)
        block.copy(prefixed, PREFIX_BYTES)
        content = uncompressSync(prefixed, isLinked && window.length > 0 ? window : undefined)
      }
      if (isLinked) window = Buffer.concat([window, content]).subarray(-WINDOW_BYTES)
      if (hasContentSum) sum.update(content)
      total += content.length
      yield content
    }
    if (hasContentSum && take(4).readUInt32LE() !== sum.digest()) throw new Error('the checksum of a frame is wrong')
    if (hasContentSize && rest.readBigUInt64LE() !== BigInt(total)) throw new Error('the size of a frame is wrong')
  }
}
