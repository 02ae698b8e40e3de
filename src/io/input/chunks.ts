/**
 * The text of an input file, one chunk at a time: lines of UTF-8, whatever the file's compression, encoding and line ends.
 *
 * Plain files are read with synchronous reads into one buffer: a worker thread has nothing else to do, and a promise per
 * chunk would cost more than the read. Other files are read from start to end.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { RunjobError } from '../../base/errors.js'
import { fileError } from '../../base/files.js'
import { HEAD_BYTES } from './content.js'
import { decompressedBytes } from './decompress/decompress.js'
import { type FileStats, type InputFile, isWhole, nameOf, tailChecksum } from './input_file.js'
import { SAMPLE_BYTES, type TextForm, takesBytes, textForm } from './text_form.js'
import { endLinesInPlace, Transcoder } from './transcode.js'

const DEFAULT_CHUNK_BYTES = 1 << 20
/** For compressed files. */
const RAW_CHUNK_BYTES = 256 << 10
/** Readable bytes after a chunk, with any content: kernels load whole vectors. */
const PADDING_BYTES = 64
/**
 * A read into memory just after the source's address, modulo the size of a page, takes four times as long on some
 * processors: each load waits for a store that seems to be to the same address. Page-cached files start at a page, and
 * large buffers 16 bytes after one. So the bytes of a page go to the same offset in a page, plus this.
 */
const PAGE_BYTES = 4096
const READ_SHIFT_BYTES = 48
/** First read beyond a range's end: most records that cross it are short. */
const OVERSHOOT_BYTES = 16 << 10

export interface ChunkOptions {
  chunkBytes?: number
  /** Called before every chunk. */
  shouldStop?: () => boolean
  /** For a file that is read as a whole: called with its bytes on disk as they are read. */
  onBytes?: (bytes: number) => void
}

/** Chunks of a plain file. Close it. */
export interface Chunks {
  /** The next bytes, valid until the next call; null at the end of the file. Continues beyond the range if asked. */
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
 * Feeds a consumer from `start` until it is done, beyond `end` if it asks for more: a consumer of records that start
 * before `end` reads the last one to its end. The consumer sees `last` exactly once unless it is done before; an empty
 * input is one empty last chunk. Does not await for a plain file. A file that is compressed, or whose text must be
 * converted, is read whole, whatever `end` is; `start` counts its converted text.
 *
 * @throws INTERRUPTED, INPUT_CHANGED, INPUT_UNREADABLE; what textForm() and decompressedBytes() throw; JSON_ARRAY_INVALID
 */
export async function forEachChunk(
  file: InputFile,
  start: number,
  end: number,
  options: ChunkOptions,
  push: ChunkConsumer,
): Promise<void> {
  if (isWhole(file)) {
    let before = start
    for await (const { chunk, last } of wholeChunks(file, options)) {
      const rest = chunk.subarray(Math.min(before, chunk.length))
      before -= chunk.length - rest.length
      if ((rest.length > 0 || last) && push(rest, last)) return
    }
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

/** All of a file, plain or compressed, for readers that can await; a chunk is valid until the next one is requested. */
export async function* readChunks(file: InputFile, options: ChunkOptions = {}): AsyncGenerator<InputChunk> {
  if (isWhole(file)) return yield* wholeChunks(file, options)
  const chunks = openChunks(file, 0, file.sizeBytes, options)
  try {
    do yield { chunk: chunks.next() ?? EMPTY, last: chunks.atEnd }
    while (!chunks.atEnd)
  } finally {
    chunks.close()
  }
}

/** Opens a plain file for reading from `start` on; the size of reads avoids reading much beyond `end`. */
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
    const chunk = this.#buffer.subarray(first, first + filled)
    if (this.#file.form?.carriageReturns) endLinesInPlace(chunk, this.#following())
    // A range that was read while the file was written is neither the old content nor the new.
    if (this.atEnd || this.#position >= this.#end) checkUnchanged(this.#file, this.#fd)
    return chunk
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

  /** The byte after the chunk; -1 at the end. */
  #following(): number {
    if (this.atEnd) return -1
    const byte = Buffer.alloc(1)
    return readSync(this.#fd, byte, 0, 1, this.#position) === 1 ? byte[0]! : -1
  }

  #read(at: number, length: number, position: number): number {
    try {
      return readSync(this.#fd, this.#buffer, at, length, position)
    } catch (error) {
      throw fileError(error, nameOf(this.#file), 'read')
    }
  }
}

/** The text of a file that can only be read as a whole. */
async function* wholeChunks(file: InputFile, options: ChunkOptions): AsyncGenerator<InputChunk> {
  const compressed = file.compression !== 'none'
  const onBytes = onceEach(options.onBytes)
  const open = (start: number) => rawChunks(file, start, { ...options, chunkBytes: RAW_CHUNK_BYTES }, onBytes)
  const { form, chunks } = compressed
    ? await sampledChunks(file, decompressedBytes(file, open, options.chunkBytes ?? DEFAULT_CHUNK_BYTES))
    : { form: file.form, chunks: rawChunks(file, 0, options, onBytes) }
  const transcoder = form && new Transcoder(nameOf(file), form)
  // The source does not say which chunk is the last: hold each chunk back until the next one arrives.
  let held: Uint8Array | undefined
  for await (const chunk of chunks) {
    stopIfAsked(options.shouldStop)
    if (held && held.length > 0) yield { chunk: transcoder ? transcoder.push(held, false) : held, last: false }
    held = compressed ? chunk : Uint8Array.from(chunk)
  }
  const last = held ?? EMPTY
  yield { chunk: transcoder ? transcoder.push(last, true) : last, last: true }
}

/** Inspects the first decompressed bytes, which tell how to read the text; then yields all bytes. */
async function sampledChunks(
  file: InputFile,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ form: TextForm | undefined; chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array> }> {
  if (!file.rules || takesBytes(file.rules)) return { form: undefined, chunks: bytes }
  const iterator = bytes[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let size = 0
  while (size < SAMPLE_BYTES) {
    const next = await iterator.next()
    if (next.done) break
    first.push(next.value)
    size += next.value.length
  }
  const sample = Buffer.concat(first).subarray(0, SAMPLE_BYTES)
  let form: TextForm
  try {
    form = textForm(nameOf(file), sample.subarray(0, HEAD_BYTES), () => sample, file.rules, file.compression)
  } catch (error) {
    await iterator.return?.()
    throw error
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* first
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return { form, chunks: all() }
}

/** The bytes on disk; a chunk is valid until the next one is requested. */
function* rawChunks(
  file: InputFile,
  start: number,
  options: ChunkOptions,
  onBytes: (end: number) => void,
): Generator<Uint8Array> {
  const { form: _, ...raw } = file
  const chunks = new PlainChunks(raw, start, file.sizeBytes, options)
  try {
    let end = start
    for (let chunk = chunks.next(); chunk; chunk = chunks.next()) {
      end += chunk.length
      onBytes(end)
      yield chunk
    }
  } finally {
    chunks.close()
  }
}

/** Reports bytes when they are first read: a decompressor may start again where a member ends. */
function onceEach(tell: ((bytes: number) => void) | undefined): (end: number) => void {
  let reached = 0
  return (end) => {
    if (end > reached) tell?.(end - reached)
    reached = Math.max(reached, end)
  }
}

/**
 * Opens a file that is as it was when it was listed.
 *
 * @throws INPUT_CHANGED, INPUT_UNREADABLE
 */
export function openInput(file: InputFile): number {
  let fd: number
  try {
    fd = openSync(file.path, 'r')
  } catch (error) {
    const known = fileError(error, file.path, 'read')
    // It existed when the inputs were listed.
    if (known instanceof RunjobError && known.code === 'INPUT_NOT_FOUND') throw changed(file, 'it was removed')
    throw known
  }
  try {
    checkUnchanged(file, fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}

/**
 * A file that only grew is read up to its old size; after any other change it is another file.
 *
 * @throws INPUT_CHANGED
 */
export function checkUnchanged(file: InputFile, fd: number): void {
  const now: FileStats = fstatSync(fd)
  const isLonger = now.size > file.sizeBytes
  if (now.size === file.sizeBytes && now.mtimeMs === file.mtimeMs) return
  if (isLonger && file.mark && now.ino === file.mark.inode && tailChecksum(fd, file.sizeBytes) === file.mark.checksum)
    return
  if (now.size === file.sizeBytes) throw changed(file, 'it was written to')
  throw changed(file, `its size was ${file.sizeBytes} bytes and is now ${now.size}`)
}

function changed(file: InputFile, reason: string): RunjobError {
  return new RunjobError('INPUT_CHANGED', { path: nameOf(file), reason }, { where: { file: nameOf(file) } })
}

function stopIfAsked(shouldStop: (() => boolean) | undefined): void {
  if (shouldStop?.()) throw new RunjobError('INTERRUPTED')
}
