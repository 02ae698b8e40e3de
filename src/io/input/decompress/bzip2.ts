import { require } from '../../../base/packages.js'
import type { Compressed } from './compressed.js'

/** Undocumented parts of seek-bzip, which its own loop uses: with them a file is decoded block by block. */
interface Bunzip {
  reader: { read(bits: number): number }
  streamCRC: number
  /** Begins a block; false at the end of a stream. */
  _init_block(): boolean
  /** Decodes it into the output. */
  _read_bunzip(): void
  _start_bunzip(input: ByteInput, output: ByteOutput): void
}

type BunzipClass = new (input: ByteInput, output: ByteOutput) => Bunzip

/** A file of bzip2: one stream after another, as pbzip2 writes them. Blocks and streams are verified by their checksums. */
export async function* bzip2(file: Compressed): AsyncGenerator<Uint8Array> {
  const Bunzip = require('seek-bzip') as BunzipClass
  const input = new ByteInput(file.open(0))
  const output = new ByteOutput()
  const decoder = new Bunzip(input, output)
  for (;;) {
    if (decoder._init_block()) {
      decoder._read_bunzip()
      yield output.take()
      continue
    }
    if (decoder.reader.read(32) >>> 0 !== decoder.streamCRC) throw new Error('the checksum of a stream is wrong')
    if (input.eof()) return
    decoder._start_bunzip(input, output)
  }
}

class ByteInput {
  readonly #chunks: Iterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]()
  }

  readByte(): number {
    // The decoder would continue with made-up bits.
    if (this.eof()) throw new Error('unexpected end of file')
    return this.#chunk[this.#at++]!
  }

  eof(): boolean {
    while (this.#at === this.#chunk.length) {
      const next = this.#chunks.next()
      if (next.done) return true
      this.#chunk = next.value
      this.#at = 0
    }
    return false
  }

  read(buffer: Uint8Array, offset: number, length: number): number {
    let count = 0
    for (; count < length && !this.eof(); count++) buffer[offset + count] = this.readByte()
    return count
  }
}

class ByteOutput {
  #bytes = Buffer.allocUnsafe(1 << 20)
  #filled = 0

  writeByte(byte: number): void {
    if (this.#filled === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, this.#bytes])
    this.#bytes[this.#filled++] = byte
  }

  /** A copy of what was written since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#filled))
    this.#filled = 0
    return taken
  }
}
