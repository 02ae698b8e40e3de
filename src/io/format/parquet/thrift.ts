/** Structs as Thrift's compact protocol has them. Nothing is believed: they may hold anything. */

/** A struct, by the numbers of its fields. */
export type Thrift = Record<`field_${number}`, unknown>

/**
 * Reads the struct at the start of `bytes`.
 *
 * @returns it, and how many bytes it has
 * @throws Error that says why it cannot be read
 */
export async function readStruct(bytes: Buffer): Promise<{ struct: Thrift; size: number }> {
  const { deserializeTCompactProtocol } = await import('hyparquet/src/thrift.js')
  const reader = { view: new BoundedView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 }
  const struct = deserializeTCompactProtocol(reader) as Thrift
  return { struct, size: reader.offset }
}

/** No number has more bytes; others would be read for hours, because they would become ever longer. */
const MAX_CONTINUED = 32

/** Throws where too many bytes in a row say that a number goes on. Text is not read byte by byte. */
class BoundedView extends DataView<ArrayBufferLike> {
  #continued = 0

  override getUint8(at: number): number {
    const byte = super.getUint8(at)
    this.#continued = byte < 0x80 ? 0 : this.#continued + 1
    if (this.#continued > MAX_CONTINUED) throw new Error('a number does not end')
    return byte
  }
}
