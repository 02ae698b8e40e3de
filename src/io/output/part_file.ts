/** Writers of part files. */
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileError, makeFolder, systemError } from '../../base/files.js'
import { type FileWriter, kernels } from '../../kernels/addon.js'
import type { OutputCompression } from '../../plan/plan.js'
import { type BlockCompressor, compressorOf } from './compress.js'
import { checksumText, type WrittenFile } from './written_file.js'

/** Its bytes on disk depend only on the bytes written, not on how they were cut. */
export interface PartWriter {
  /** Takes a copy, or writes at once: the caller may reuse its buffer. */
  write(bytes: Uint8Array): void
  /** Flushes the file to disk. */
  close(): Promise<WrittenFile>
  /** Removes the file. */
  abort(): Promise<void>
}

/**
 * Creates a part file, its folder included. Its content can be appended to that of another part, compressed or not: readers take gzip
 * members and zstd frames one after another.
 *
 * @param isTemporary this process reads it, and no other: it need not be on disk
 * @throws CODEC_MISSING; DISK_FULL, OUTPUT_UNWRITABLE, FILE_IO, as do write and close
 */
export function openPart(path: string, compress: OutputCompression | null, isTemporary = false): PartWriter {
  const compressor = compressorOf(compress)
  const file = new PartFile(path, isTemporary)
  return compressor === null ? file : new BlockPart(file, compressor)
}

/** Bytes to compress at a time. */
const COMPRESS_BLOCK_BYTES = 1 << 20

class PartFile implements PartWriter {
  readonly #path: string
  readonly #isTemporary: boolean
  #fd = -1
  readonly #writer: FileWriter

  constructor(path: string, isTemporary: boolean) {
    this.#path = path
    this.#isTemporary = isTemporary
    try {
      makeFolder(dirname(path))
      this.#fd = openSync(path, 'w')
    } catch (error) {
      throw fileError(error, path, 'write')
    }
    this.#writer = kernels.createFileWriter(this.#fd)
  }

  write(bytes: Uint8Array): void {
    this.#check(this.#writer.write(bytes))
  }

  async close(): Promise<WrittenFile> {
    this.#check(this.#writer.finish())
    try {
      if (!this.#isTemporary) fsyncSync(this.#fd)
    } catch (error) {
      throw fileError(error, this.#path, 'write')
    }
    const written = { bytes: this.#writer.bytes, checksum: checksumText(this.#writer) }
    this.#release()
    return written
  }

  async abort(): Promise<void> {
    this.#release()
    rmSync(this.#path, { force: true })
  }

  #release(): void {
    this.#writer.close()
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #check(errno: number): void {
    if (errno !== 0) throw fileError(systemError(errno, 'write'), this.#path, 'write')
  }
}

class BlockPart implements PartWriter {
  readonly #file: PartFile
  readonly #compressor: BlockCompressor
  readonly #block = Buffer.allocUnsafeSlow(COMPRESS_BLOCK_BYTES)
  #filled = 0

  constructor(file: PartFile, compressor: BlockCompressor) {
    this.#file = file
    this.#compressor = compressor
    file.write(compressor.begin())
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.subarray(at, at + COMPRESS_BLOCK_BYTES - this.#filled)
      this.#block.set(taken, this.#filled)
      this.#filled += taken.length
      at += taken.length
      if (this.#filled === COMPRESS_BLOCK_BYTES) this.#flush()
    }
  }

  async close(): Promise<WrittenFile> {
    this.#flush()
    this.#file.write(this.#compressor.end())
    return this.#file.close()
  }

  abort(): Promise<void> {
    return this.#file.abort()
  }

  #flush(): void {
    if (this.#filled === 0) return
    this.#file.write(this.#compressor.block(this.#block.subarray(0, this.#filled)))
    this.#filled = 0
  }
}
