/**
 * The frames of lz4 and zstd, one after another: each begins with its magic number, and skippable frames may be in between.
 *
 * Source: LZ4 Frame Format Description 1.6.4; RFC 8878, 3.1.2
 */
import type { ByteReader } from './byte_reader.js'

const SKIPPABLE_MAGIC = 0x184d2a50

/**
 * Reads the magic number of each frame; the caller reads the rest of the frame before it requests the next one.
 *
 * @throws Error if the input ends inside a frame, or continues with something else
 */
export function* frames(input: ByteReader, magic: number): Generator<Buffer> {
  for (let start = input.take(4); start.length > 0; start = input.take(4)) {
    if (start.length < 4) throw new Error('unexpected end of file, or garbage after the last frame')
    if ((start.readUInt32LE() & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      if (!input.skip(input.takeAll(4).readUInt32LE())) throw new Error('unexpected end of file')
      continue
    }
    if (start.readUInt32LE() !== magic) throw new Error('there is no frame where one should begin')
    yield start
  }
}
