/**
 * Structs of Thrift's compact protocol with their types, so that they can be written again: of files that a run has written itself.
 *
 * Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** A struct: its fields by number. */
export type ThriftStruct = Map<number, ThriftField>

interface ThriftField {
  type: number
  value: ThriftValue
}

type ThriftValue = boolean | bigint | Buffer | ThriftList | ThriftStruct

interface ThriftList {
  element: number
  values: ThriftValue[]
}

const TRUE = 1
const FALSE = 2
const I16 = 4
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12
const LONG_LIST = 15

/** @throws RangeError, Error if these are not bytes of a struct */
export function readTree(bytes: Buffer): ThriftStruct {
  return new TreeReader(bytes).struct()
}

export function writeTree(struct: ThriftStruct): Buffer {
  const writer = new TreeWriter()
  writer.struct(struct)
  return Buffer.concat(writer.pieces)
}

/** A number that the struct has; adds to it if it is there. */
export function shift(struct: ThriftStruct, field: number, by: number): void {
  const found = struct.get(field)
  if (found) found.value = (found.value as bigint) + BigInt(by)
}

export function numberOf(struct: ThriftStruct, field: number): number | null {
  const found = struct.get(field)
  return found ? Number(found.value) : null
}

export function structOf(struct: ThriftStruct, field: number): ThriftStruct {
  return struct.get(field)!.value as ThriftStruct
}

/** The structs of a list. */
export function structsOf(struct: ThriftStruct, field: number): ThriftStruct[] {
  return (struct.get(field)!.value as ThriftList).values as ThriftStruct[]
}

class TreeReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  struct(): ThriftStruct {
    const fields: ThriftStruct = new Map()
    for (let id = 0; ; ) {
      const byte = this.#bytes.readUInt8(this.#at++)
      const type = byte & 15
      if (type === 0) return fields
      id = byte >> 4 === 0 ? Number(this.#signed()) : id + (byte >> 4)
      fields.set(id, { type, value: type === TRUE || type === FALSE ? type === TRUE : this.#value(type) })
    }
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case TRUE:
      case FALSE:
        return this.#bytes.readUInt8(this.#at++) === TRUE
      case I16:
      case I16 + 1:
      case I64:
        return this.#signed()
      case BINARY: {
        const size = Number(this.#varint())
        const start = this.#at
        this.#at += size
        if (this.#at > this.#bytes.length) throw new Error('it ends too early')
        return this.#bytes.subarray(start, this.#at)
      }
      case LIST: {
        const byte = this.#bytes.readUInt8(this.#at++)
        const count = byte >> 4 === LONG_LIST ? Number(this.#varint()) : byte >> 4
        return { element: byte & 15, values: Array.from({ length: count }, () => this.#value(byte & 15)) }
      }
      case STRUCT:
        return this.struct()
      default:
        throw new Error(`it has a field of type ${type}`)
    }
  }

  #varint(): bigint {
    let value = 0n
    for (let bits = 0n; ; bits += 7n) {
      const byte = this.#bytes.readUInt8(this.#at++)
      value |= BigInt(byte & 0x7f) << bits
      if (byte < 0x80) return value
    }
  }

  #signed(): bigint {
    const value = this.#varint()
    return (value >> 1n) ^ -(value & 1n)
  }
}

class TreeWriter {
  readonly pieces: Buffer[] = []

  struct(fields: ThriftStruct): void {
    let last = 0
    for (const [id, { type, value }] of fields) {
      const isBoolean = type === TRUE || type === FALSE
      const written = isBoolean ? (value ? TRUE : FALSE) : type
      const step = id - last
      if (step > 0 && step < 16) this.#byte((step << 4) | written)
      else {
        this.#byte(written)
        this.#signed(BigInt(id))
      }
      if (!isBoolean) this.#value(type, value)
      last = id
    }
    this.#byte(0)
  }

  #value(type: number, value: ThriftValue): void {
    switch (type) {
      case TRUE:
      case FALSE:
        this.#byte(value ? TRUE : FALSE)
        return
      case BINARY:
        this.#varint(BigInt((value as Buffer).length))
        this.pieces.push(value as Buffer)
        return
      case LIST: {
        const { element, values } = value as ThriftList
        this.#byte((Math.min(LONG_LIST, values.length) << 4) | element)
        if (values.length >= LONG_LIST) this.#varint(BigInt(values.length))
        for (const one of values) this.#value(element, one)
        return
      }
      case STRUCT:
        this.struct(value as ThriftStruct)
        return
      default:
        this.#signed(value as bigint)
    }
  }

  #byte(byte: number): void {
    this.pieces.push(Buffer.of(byte))
  }

  #varint(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    this.pieces.push(Buffer.from(bytes))
  }

  #signed(value: bigint): void {
    this.#varint(value >= 0n ? value << 1n : (-value << 1n) - 1n)
  }
}
