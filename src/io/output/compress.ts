/** Synchronous compressors. */
import zlib from 'node:zlib'
import { RunjobError } from '../../base/errors.js'
import { require } from '../../base/packages.js'
import type { OutputCompression } from '../../plan/plan.js'

/** Compresses blocks; the results, in order, are the file. */
export interface BlockCompressor {
  begin(): Uint8Array
  block(bytes: Uint8Array): Uint8Array
  end(): Uint8Array
}

// One gzip member (RFC 1952) of independently compressed deflate blocks, each ended by a sync flush, so that they can simply
// be concatenated (as `pigz --independent` does). zlib's streams would work as well, but only asynchronously: a user's
// function that emits a million records in one call would pile them up in memory.
class GzipMember implements BlockCompressor {
  #crc = 0
  #totalBytes = 0

  begin(): Uint8Array {
    // Magic, deflate, no flags, no time, no extra flags, unknown system: the same bytes on every machine and day.
    return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)
  }

  block(bytes: Uint8Array): Uint8Array {
    this.#crc = zlib.crc32(bytes, this.#crc)
    this.#totalBytes += bytes.length
    return zlib.deflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
  }

  end(): Uint8Array {
    const trailer = Buffer.alloc(10)
    // An empty final block, then checksum and size.
    trailer.writeUInt16LE(3, 0)
    trailer.writeUInt32LE(this.#crc, 2)
    trailer.writeUInt32LE(this.#totalBytes % 2 ** 32, 6)
    return trailer
  }
}

/** Every block is a separate frame (RFC 8878, 3.1): frames can be concatenated. An empty file is an empty frame. */
function zstdCompressor(): BlockCompressor {
  const compress = zstdCompress()
  const nothing = new Uint8Array(0)
  let isEmpty = true
  return {
    begin: () => nothing,
    block(bytes) {
      isEmpty = false
      return compress(bytes)
    },
    end: () => (isEmpty ? compress(nothing) : nothing),
  }
}

/** Node's own since 22.15; before that, an optional package that users install, because compiling it takes minutes. */
export function zstdCompress(): (bytes: Uint8Array) => Uint8Array {
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Uint8Array }
  if (zstdCompressSync) return zstdCompressSync
  try {
    return require('zstd-napi').compress
  } catch (error) {
    throw new RunjobError('CODEC_MISSING', { compression: 'zstd', use: 'write' }, { cause: error })
  }
}

/**
 * null: nothing is compressed.
 *
 * @throws CODEC_MISSING if nothing here writes zstd
 */
export function compressorOf(compress: OutputCompression | null): BlockCompressor | null {
  if (compress === null) return null
  return compress === 'zstd' ? zstdCompressor() : new GzipMember()
}

/** @throws CODEC_MISSING if zstd cannot be written here */
export function requireCompressor(compress: OutputCompression | null): void {
  if (compress === 'zstd') zstdCompressor()
}

/** A few bytes as a whole file, to put before parts: a header row. */
export function compressed(bytes: Uint8Array, compress: OutputCompression | null): Uint8Array {
  const compressor = compressorOf(compress)
  if (compressor === null) return bytes
  return Buffer.concat([compressor.begin(), compressor.block(bytes), compressor.end()])
}
