/** Reads any number of bytes from chunks of any size. */
export class ByteReader {
  readonly #chunks: Iterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(chunks: Iterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.iterator]()
  }

  /** A copy of the next `count` bytes; fewer at the end of the input. */
  take(count: number): Buffer {
    const taken = Buffer.allocUnsafe(Math.min(count, MAX_TAKE_BYTES))
    if (count > MAX_TAKE_BYTES) throw new RangeError(`${count} bytes in one piece are too many`)
    let filled = 0
    while (filled < count && this.#fill()) {
      const part = this.#rest.subarray(0, count - filled)
      taken.set(part, filled)
      filled += part.length
      this.#rest = this.#rest.subarray(part.length)
    }
    return taken.subarray(0, filled)
  }

  /** The same, but exactly `count` bytes. @throws Error if the input ends first */
  takeAll(count: number): Buffer {
    const bytes = this.take(count)
    if (bytes.length < count) throw new Error('unexpected end of file')
    return bytes
  }

  /** Skips bytes; false if the input ends first. */
  skip(count: number): boolean {
    for (let left = count; left > 0; ) {
      if (!this.#fill()) return false
      const part = Math.min(left, this.#rest.length)
      this.#rest = this.#rest.subarray(part)
      left -= part
    }
    return true
  }

  #fill(): boolean {
    while (this.#rest.length === 0) {
      const next = this.#chunks.next()
      if (next.done) return false
      this.#rest = next.value
    }
    return true
  }
}

/** Larger than any block of any format. */
const MAX_TAKE_BYTES = 16 << 20
