/** Formats that Node itself decompresses. */
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import type { Compressed } from './compressed.js'

/** All members of a file, one after another. */
export function gzip(file: Compressed): AsyncGenerator<Uint8Array> {
  return members(file, (options) => zlib.createGunzip(options), copies, isPadding)
}

/** Since Node 22.15 and 23.8. */
export function nodeZstd(file: Compressed): AsyncGenerator<Uint8Array> {
  const { createZstdDecompress } = zlib as unknown as { createZstdDecompress: typeof zlib.createGunzip }
  return members(file, createZstdDecompress, withEndMark, () => false)
}

async function* members(
  { sizeBytes, open, chunkBytes }: Compressed,
  create: (options: zlib.ZlibOptions) => zlib.Gunzip,
  prepare: (chunks: Iterable<Uint8Array>) => Iterable<Uint8Array>,
  isEnd: (rest: Iterable<Uint8Array>) => boolean,
): AsyncGenerator<Uint8Array> {
  let consumedBytes = 0
  while (consumedBytes < sizeBytes && !(consumedBytes > 0 && isEnd(open(consumedBytes)))) {
    const decompressor = create({ chunkSize: chunkBytes })
    const input = Readable.from(prepare(open(consumedBytes)), { objectMode: false })
    input.on('error', (error: Error) => decompressor.destroy(error))
    input.pipe(decompressor)
    try {
      yield* decompressor as AsyncIterable<Buffer>
    } finally {
      input.destroy()
      decompressor.destroy()
    }
    // A decompressor stops at the end of a member if no other follows, and zstd's at the end of each frame: continue after it.
    consumedBytes += decompressor.bytesWritten
    if (decompressor.bytesWritten === 0) throw new Error('garbage follows the compressed data')
    if (consumedBytes > sizeBytes) throw new Error('unexpected end of file')
  }
}

/** Copies chunks, because a stream reads ahead, and a chunk is only valid until the next one is requested. */
function* copies(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/**
 * Node's zstd accepts a frame that is cut off. So one extra byte is written together with the last ones: a decompressor at the end of its
 * frame leaves the byte unread, any other consumes it, and so shows that the frame is cut off.
 */
function* withEndMark(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let held: Buffer | undefined
  for (const chunk of copies(chunks)) {
    if (held) yield held
    held = chunk as Buffer
  }
  if (held) yield Buffer.concat([held, Buffer.of(0)])
}

/** Zeros that fill a block of tape or disk; gzip skips them as well. */
function isPadding(rest: Iterable<Uint8Array>): boolean {
  for (const chunk of rest) if (chunk.some((byte) => byte !== 0)) return false
  return true
}
