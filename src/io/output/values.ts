/** Values of any type, for the program that runs a collection: after the length of each, as u32, its bytes (plan/any.ts). */
import { decodeAny, encodeAny } from '../../plan/any.js'

const LENGTH_BYTES = 4

/** A Formatter. */
export class ValuesFormatter {
  readonly header: Uint8Array = new Uint8Array()
  bytes = 0
  #buffer = Buffer.allocUnsafeSlow(1 << 16)

  add(value: unknown): void {
    const encoded = encodeAny(value, 'exact', 'element')
    const end = this.bytes + LENGTH_BYTES + encoded.length
    if (end > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#buffer.length))
      this.#buffer.copy(grown, 0, 0, this.bytes)
      this.#buffer = grown
    }
    this.#buffer.writeUInt32LE(encoded.length, this.bytes)
    this.#buffer.set(encoded, this.bytes + LENGTH_BYTES)
    this.bytes = end
  }

  cutTo(bytes: number): void {
    this.bytes = bytes
  }

  take(): Uint8Array {
    const taken = new Uint8Array(this.#buffer.subarray(0, this.bytes))
    this.bytes = 0
    return taken
  }
}

/** Values from blocks of their bytes, which may end anywhere. */
export class ValuesDecoder {
  #rest: Uint8Array = new Uint8Array()

  push(bytes: Uint8Array): unknown[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    const values: unknown[] = []
    let at = 0
    while (at + LENGTH_BYTES <= all.length) {
      const end = at + LENGTH_BYTES + view.getUint32(at, true)
      if (end > all.length) break
      values.push(decodeAny(all.subarray(at + LENGTH_BYTES, end)))
      at = end
    }
    // Copied, because a block is valid only until the next one.
    this.#rest = new Uint8Array(all.subarray(at))
    return values
  }
}
