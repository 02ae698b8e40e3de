/** Compression that native code leaves to Node. */
import { brotliDecompressSync, constants, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import { zstdCompress } from '../../output/compress.js'
import { unlessDamaged } from '../damage.js'

const GZIP = 2
const BROTLI = 4
const ZSTD = 6
/** Of Avro: Parquet has no such number. */
const DEFLATE = 8

/** @throws CODEC_MISSING if nothing here writes zstd */
export function compressPage(codec: number, page: Uint8Array): Uint8Array {
  switch (codec) {
    case GZIP:
      return gzipSync(page)
    case DEFLATE:
      return deflateRawSync(page)
    case ZSTD:
      return zstdCompress()(page)
    default:
      throw new Error('unknown codec')
  }
}

/**
 * Decompresses a page to exactly `size` bytes; null if it is damaged.
 *
 * @throws OUT_OF_MEMORY
 */
export function decompressPage(codec: number, bytes: Uint8Array, size: number): Uint8Array | null {
  const page = unlessDamaged(() => decompress(codec, bytes, size))
  return page?.length === size ? page : null
}

function decompress(codec: number, bytes: Uint8Array, size: number): Uint8Array {
  // Not a byte more than is promised, whatever the page would become.
  const limits = { maxOutputLength: Math.max(1, size) }
  switch (codec) {
    case GZIP:
      return gunzipSync(bytes, limits)
    case BROTLI:
      return brotliDecompressSync(bytes, { ...limits, finishFlush: constants.BROTLI_OPERATION_FINISH })
    default:
      throw new Error('unknown codec')
  }
}
