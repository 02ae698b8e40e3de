/** Decompresses whole input files: all members, streams or frames, verified to the last byte. */
import zlib from 'node:zlib'
import { type ErrorCode, RunjobError } from '../../../base/errors.js'
import type { Compression } from '../content.js'
import { type InputFile, nameOf } from '../input_file.js'
import { bzip2 } from './bzip2.js'
import type { Compressed } from './compressed.js'
import { lz4 } from './lz4.js'
import { snappy } from './snappy.js'
import { xz } from './xz.js'
import { gzip, nodeZstd } from './zlib.js'
import { zstd } from './zstd.js'

const CODECS: Record<
  Exclude<Compression, 'none'>,
  { decompress: (file: Compressed) => AsyncGenerator<Uint8Array>; code: ErrorCode }
> = {
  gzip: { decompress: gzip, code: 'GZIP_CORRUPT' },
  zstd: { decompress: 'createZstdDecompress' in zlib ? nodeZstd : zstd, code: 'ZSTD_CORRUPT' },
  bzip2: { decompress: bzip2, code: 'BZIP2_CORRUPT' },
  xz: { decompress: xz, code: 'XZ_CORRUPT' },
  lz4: { decompress: lz4, code: 'LZ4_CORRUPT' },
  snappy: { decompress: snappy, code: 'SNAPPY_CORRUPT' },
}

/** @throws GZIP_CORRUPT and the like; what `open` throws */
export async function* decompressedBytes(
  file: InputFile,
  open: Compressed['open'],
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  const { decompress } = CODECS[file.compression as keyof typeof CODECS]
  try {
    yield* decompress({ sizeBytes: file.sizeBytes, open, chunkBytes })
  } catch (error) {
    throw error instanceof RunjobError ? error : corrupt(file, (error as Error).message, { cause: error })
  }
}

/** The error for a file that is not what its name or its beginning promises. */
export function corrupt(file: InputFile, reason: string, more: { hint?: string; cause?: unknown } = {}): RunjobError {
  const { code } = CODECS[file.compression as keyof typeof CODECS]
  const path = nameOf(file)
  return new RunjobError(code, { path, reason, hint: more.hint }, { cause: more.cause, where: { file: path } })
}
