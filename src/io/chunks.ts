/**
 * The bytes of an input file, a chunk at a time.
 *
 * Plain files are read with synchronous reads into one buffer: a worker thread has nothing else to do, and a promise per
 * chunk would cost more than the read. Compressed files come from zlib's streams.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { RunjobError } from '../base/errors.js'
import { fileError } from '../base/files.js'
import type { InputFile } from './inputs.js'

const DEFAULT_CHUNK_BYTES = 1 << 20
/** Bytes behind a chunk that may be read (their content means nothing): kernels load whole vectors. */
const PADDING_BYTES = 64
/**
 * A read into memory that lies just behind the source's place, modulo the size of a page, takes four times as long on some
 * processors: each load waits for a store that seems to be to the same address. Page-cached files start at a page, and
 * large buffers 16 bytes behind one. So the bytes of a page go to the same place of a page, plus this.
 */
const PAGE_BYTES = 4096
const READ_SHIFT_BYTES = 48
/** First read beyond a range's end: most records that cross it are short. */
const OVERSHOOT_BYTES = 16 << 10

export interface ChunkOptions {
  chunkBytes?: number
  /** Asked before every chunk. */
  shouldStop?: () => boolean
}

/** Chunks of a plain file. Close it. */
export interface Chunks {
  /** The next bytes, valid until the next call; null at the end of the file. Goes on beyond the range for as long as asked. */
  next(): Uint8Array | null
  /** Whether the last chunk ended with the file. */
  readonly atEnd: boolean
  close(): void
}

export interface InputChunk {
  chunk: Uint8Array
  /** The input ends with this chunk. */
  last: boolean
}

/**
 * Takes a chunk, and whether the input ends with it; the chunk is valid during the call. Returns true once it wants no
 * more.
 */
export type ChunkConsumer = (chunk: Uint8Array, last: boolean) => boolean

/**
 * Feeds a consumer from `start` until it is done, beyond `end` if it asks for more: whoever takes records that start
 * before `end` reads the last one to its end. The consumer sees `last` exactly once unless it is done before; an empty
 * input is one empty last chunk. Runs without awaiting for a plain file. A compressed file is read whole: `start` must be
 * 0, and `end` is not looked at.
 *
 * @throws INTERRUPTED, INPUT_CHANGED, INPUT_UNREADABLE, GZIP_CORRUPT, ZSTD_CORRUPT, ZSTD_UNSUPPORTED
 */
export async function forEachChunk(
  file: InputFile,
  start: number,
  end: number,
  options: ChunkOptions,
  push: ChunkConsumer,
): Promise<void> {
  if (file.compression !== 'none') {
    for await (const { chunk, last } of decompressedChunks(file, options)) if (push(chunk, last)) return
    return
  }
  const chunks = openChunks(file, start, end, options)
  try {
    for (;;) {
      const chunk = chunks.next() ?? EMPTY
      if (push(chunk, chunks.atEnd) || chunks.atEnd) return
    }
  } finally {
    chunks.close()
  }
}

/** All of a file, plain or compressed, for whoever takes its time; a chunk is valid until the next is asked for. */
export async function* readChunks(file: InputFile, options: ChunkOptions = {}): AsyncGenerator<InputChunk> {
  if (file.compression !== 'none') return yield* decompressedChunks(file, options)
  const chunks = openChunks(file, 0, file.sizeBytes, options)
  try {
    do yield { chunk: chunks.next() ?? EMPTY, last: chunks.atEnd }
    while (!chunks.atEnd)
  } finally {
    chunks.close()
  }
}

/** Opens a plain file for reading from `start` on; reads are sized so that little beyond `end` is read in vain. */
export function openChunks(file: InputFile, start: number, end: number, options: ChunkOptions = {}): Chunks {
  return new PlainChunks(file, start, end, options)
}

/** Reads `length` bytes of a plain file at `start`, fewer at its end. */
export function readRange(file: InputFile, start: number, length: number): Uint8Array {
  const chunks = openChunks(file, start, start + length, { chunkBytes: length })
  try {
    return chunks.next() ?? EMPTY
  } finally {
    chunks.close()
  }
}

const EMPTY = new Uint8Array(0)

class PlainChunks implements Chunks {
  readonly #file: InputFile
  readonly #end: number
  readonly #shouldStop: (() => boolean) | undefined
  readonly #chunkBytes: number
  readonly #buffer: Uint8Array
  #fd: number
  #position: number
  #overshoot = OVERSHOOT_BYTES

  constructor(file: InputFile, start: number, end: number, options: ChunkOptions) {
    this.#file = file
    this.#end = end
    this.#position = start
    this.#shouldStop = options.shouldStop
    this.#fd = openInput(file)
    const chunkBytes = Math.min(options.chunkBytes ?? DEFAULT_CHUNK_BYTES, Math.max(0, file.sizeBytes - start))
    this.#chunkBytes = chunkBytes
    this.#buffer = new Uint8Array(READ_SHIFT_BYTES + PAGE_BYTES + chunkBytes + PADDING_BYTES)
  }

  get atEnd(): boolean {
    return this.#position >= this.#file.sizeBytes
  }

  next(): Uint8Array | null {
    stopIfAsked(this.#shouldStop)
    if (this.atEnd) return null
    const want = Math.min(this.#wanted(), this.#chunkBytes, this.#file.sizeBytes - this.#position)
    const first = READ_SHIFT_BYTES + (this.#position % PAGE_BYTES)
    let filled = 0
    while (filled < want) {
      const count = this.#read(first + filled, want - filled, this.#position + filled)
      if (count === 0) throw changed(this.#file, 'it became shorter')
      filled += count
    }
    this.#position += filled
    // A range that was read while somebody wrote into the file is neither the old content nor the new.
    if (this.atEnd || this.#position >= this.#end) checkUnchanged(this.#file, fstatSync(this.#fd))
    return this.#buffer.subarray(first, first + filled)
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #wanted(): number {
    const left = this.#end - this.#position
    if (left > 0) return left + OVERSHOOT_BYTES
    this.#overshoot *= 4
    return this.#overshoot
  }

  #read(at: number, length: number, position: number): number {
    try {
      return readSync(this.#fd, this.#buffer, at, length, position)
    } catch (error) {
      throw fileError(error, this.#file.path, 'read')
    }
  }
}

async function* decompressedChunks(file: InputFile, options: ChunkOptions): AsyncGenerator<InputChunk> {
  // The stream does not say which chunk is the last: hold each one back until the next is there.
  let held: Uint8Array = EMPTY
  let consumedBytes = 0
  while (consumedBytes < file.sizeBytes && !(consumedBytes > 0 && isGzipPadding(file, consumedBytes))) {
    stopIfAsked(options.shouldStop)
    const decompressor = createDecompressor(file, options.chunkBytes ?? DEFAULT_CHUNK_BYTES)
    const source = createReadStream('', { fd: openInput(file), start: consumedBytes, highWaterMark: 256 << 10 })
    const input = file.compression === 'zstd' ? Readable.from(withEndMark(source), { objectMode: false }) : source
    input.on('error', (error: Error) => decompressor.destroy(fileError(error, file.path, 'read') as Error))
    input.pipe(decompressor)
    try {
      for await (const chunk of decompressor as AsyncIterable<Buffer>) {
        stopIfAsked(options.shouldStop)
        if (held.length > 0) yield { chunk: held, last: false }
        held = chunk
      }
    } catch (error) {
      throw decompressionError(file, error)
    } finally {
      input.destroy()
      source.destroy()
      decompressor.destroy()
    }
    // Node's zstd stops at the end of the first frame if others follow: go on behind it.
    consumedBytes += decompressor.bytesWritten
    if (decompressor.bytesWritten === 0) throw corrupt(file, 'there is garbage behind the compressed data')
    if (consumedBytes > file.sizeBytes) throw corrupt(file, 'unexpected end of file')
  }
  checkUnchanged(file, statSync(file.path))
  yield { chunk: held, last: true }
}

// Node's zstd takes a frame that was cut off for a whole one. So one byte more is written together with the last ones:
// a decompressor that was at the end of its frame leaves it alone, one that was not takes it and gives itself away.
async function* withEndMark(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer | undefined
  for await (const chunk of source) {
    if (held) yield held
    held = chunk
  }
  if (held) yield Buffer.concat([held, Buffer.of(0)])
}

// Zeros to the end of a block of tape or disk; gzip passes over them as well.
function isGzipPadding(file: InputFile, start: number): boolean {
  if (file.compression !== 'gzip') return false
  const chunks = openChunks(file, start, file.sizeBytes)
  try {
    for (let chunk = chunks.next(); chunk; chunk = chunks.next()) if (chunk.some((byte) => byte !== 0)) return false
    return true
  } finally {
    chunks.close()
  }
}

type Decompressor = zlib.Gunzip

function createDecompressor(file: InputFile, chunkSize: number): Decompressor {
  if (file.compression === 'gzip') return zlib.createGunzip({ chunkSize })
  // Node 22.15 and 23.8 brought zstd.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: { chunkSize: number }) => Decompressor }
  if (!createZstdDecompress) throw new RunjobError('ZSTD_UNSUPPORTED', { path: file.path })
  return createZstdDecompress({ chunkSize })
}

function decompressionError(file: InputFile, error: unknown): unknown {
  if (error instanceof RunjobError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code !== undefined && /^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) return corrupt(file, message, error)
  return fileError(error, file.path, 'read')
}

function corrupt(file: InputFile, reason: string, cause?: unknown): RunjobError {
  const code = file.compression === 'gzip' ? 'GZIP_CORRUPT' : 'ZSTD_CORRUPT'
  return new RunjobError(code, { path: file.path, reason }, { cause, where: { file: file.path } })
}

function openInput(file: InputFile): number {
  let fd: number
  try {
    fd = openSync(file.path, 'r')
  } catch (error) {
    const known = fileError(error, file.path, 'read')
    // It was there when the inputs were listed.
    if (known instanceof RunjobError && known.code === 'INPUT_NOT_FOUND') throw changed(file, 'it was removed')
    throw known
  }
  try {
    checkUnchanged(file, fstatSync(fd))
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}

function checkUnchanged(file: InputFile, now: { size: number; mtimeMs: number }): void {
  if (now.size !== file.sizeBytes) throw changed(file, `its size was ${file.sizeBytes} and is ${now.size} bytes`)
  if (now.mtimeMs !== file.mtimeMs) throw changed(file, 'it was written to')
}

function changed(file: InputFile, reason: string): RunjobError {
  return new RunjobError('INPUT_CHANGED', { path: file.path, reason }, { where: { file: file.path } })
}

function stopIfAsked(shouldStop: (() => boolean) | undefined): void {
  if (shouldStop?.()) throw new RunjobError('INTERRUPTED')
}
